/**
 * The socket thread: passes requests on, answers at once what needs no user code (kernel_info, heartbeat, interrupt,
 * shutdown), publishes what the main thread says and prints, and ends the kernel when whoever started it is gone.
 */
import { writeSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { Outbox } from "./outbox";
import { Sockets } from "./sockets";
import { flag, now, type FromServer, type ServerData, type ToServer } from "./threads";
import type { Message } from "./wire";

const { connection, ring, flags: flagMemory, input: inputMemory, session, parentPid } = workerData as ServerData;
const flags = new Int32Array(flagMemory);
const port = parentPort!;
const tell = (message: FromServer): void => port.postMessage(message);
const log = (line: string): void => void writeSync(2, `[kernel] ${line}\n`);

const sockets = new Sockets(connection, log);
const outbox = new Outbox(sockets, ring, session);
const orphanCheck = 1000;
/** Milliseconds that the main thread has to end by itself. */
const grace = 1500;

let info: object | undefined;
let waiting: { readonly message: Message; readonly channel: "shell" | "control" }[] = [];
let ending = false;

function answer(channel: "shell" | "control", message: Message, type: string, content: object): void {
  outbox.status("busy", message.header);
  outbox.reply(channel, message, type, content);
  outbox.status("idle", message.header);
}

function kernelInfo(channel: "shell" | "control", message: Message): void {
  if (info === undefined) waiting.push({ channel, message }); // the first cell must not wait longer than this reply
  else answer(channel, message, "kernel_info_reply", info);
}

/** Ends the process: the main thread by itself, or else by force. */
async function end(): Promise<void> {
  if (ending) return;
  ending = true;
  setTimeout(() => process.kill(process.pid, "SIGKILL"), grace);
  outbox.drain();
  await sockets.close();
  tell({ kind: "shutdown" });
}

const onControl = (message: Message): void => {
  const type = message.header.msg_type;
  if (type === "kernel_info_request") kernelInfo("control", message);
  else if (type === "interrupt_request") {
    interrupt();
    answer("control", message, "interrupt_reply", { status: "ok" });
  } else if (type === "shutdown_request") {
    const content = { status: "ok", restart: message.content["restart"] === true };
    answer("control", message, "shutdown_reply", content);
    outbox.publish("shutdown_reply", message.header, content);
    void end();
  } else log(`no answer to an unknown message on control: ${type}`);
};

/** Asks the main thread, and where it is in code that only SIGINT ends, sends that. */
function interrupt(): void {
  Atomics.store(flags, flag.interrupt, 1);
  tell({ kind: "interrupt" });
  if (process.platform === "win32") return;
  const insist = (): void => {
    if (Atomics.load(flags, flag.interrupt) === 1 && Atomics.load(flags, flag.interruptible) === 1) process.kill(process.pid, "SIGINT");
  };
  insist();
  setTimeout(insist, 50); // it may have begun just now
}

const onShell = (message: Message): void => {
  const type = message.header.msg_type;
  if (type === "kernel_info_request") kernelInfo("shell", message);
  else if (type === "shutdown_request") onControl(message);
  else tell({ kind: "request", channel: "shell", message, received: now() });
};

/** An answer to a question of a cell, which waits in shared memory: its length, then UTF-8. */
const onStdin = (message: Message): void => {
  if (message.header.msg_type !== "input_reply") return log(`no answer to an unknown message on stdin: ${message.header.msg_type}`);
  const bytes = Buffer.from(inputMemory);
  const { value } = message.content;
  bytes.writeInt32LE(bytes.write(typeof value === "string" ? value : "", 4, "utf8"), 0);
  Atomics.store(flags, flag.input, 1);
  Atomics.notify(flags, flag.input);
};

port.on("message", (message: ToServer) => {
  if (message.kind === "send") outbox.send(message);
  else if (message.kind === "wake") outbox.wake();
  else if (message.kind === "parent") outbox.setParent(message.id, message.header);
  else if (message.kind === "close") void end();
  else {
    info = message.info;
    for (const one of waiting) kernelInfo(one.channel, one.message);
    waiting = [];
  }
});

sockets
  .bind(connection)
  .then(() => {
    outbox.publish("status", {}, { execution_state: "starting" });
    sockets.receive({ shell: onShell, control: onControl, stdin: onStdin });
    tell({ kind: "bound" });
  })
  .catch((error: Error) => tell({ kind: "failed", reason: error.message }));

if (parentPid > 1) {
  setInterval(() => {
    if (process.ppid === parentPid) return;
    log("the process that started this kernel has ended; so does the kernel");
    void end();
  }, orphanCheck).unref();
}
