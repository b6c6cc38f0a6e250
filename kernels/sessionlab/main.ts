/**
 * The kernel's process: main.js CONNECTION_FILE. The main thread compiles and runs cells; one thread has the sockets, one
 * waits for SIGINT.
 */
import { randomUUID } from "node:crypto";
import { readFileSync, writeSync } from "node:fs";
import { join } from "node:path";
import { Worker } from "node:worker_threads";
import { readConnection, type Connection } from "./connection";
import { inputSize } from "./input";
import { Kernel } from "./kernel";
import { root } from "./program";
import { createRing, RingWriter } from "./ring";
import { Runner } from "./running";
import { Session } from "./session";
import type { FromServer, ServerData, ToServer } from "./threads";

const exit = process.exit.bind(process);

function fail(reason: string): never {
  writeSync(2, `[kernel] ${reason}\n`);
  return exit(1);
}

/** process.exit in a cell ends the cell, not the notebook. */
class ExitError extends Error {
  override readonly name = "Exit";
  constructor(code: number | string | null | undefined) {
    super(`process.exit(${code ?? ""}) ends the cell; the kernel goes on. To end it, shut it down in the front end`);
  }
}

function start(connection: Connection): void {
  const ring = createRing();
  const flags = new SharedArrayBuffer(64);
  const input = new SharedArrayBuffer(inputSize);
  const workerData: ServerData = { connection, ring, flags, input, session: randomUUID(), parentPid: process.ppid };
  const limits = { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 8 };
  const server = new Worker(join(__dirname, "server.js"), { workerData, resourceLimits: limits });
  const runner = new Runner(flags);
  const send = (message: ToServer): void => server.postMessage(message);
  let kernel: Kernel | undefined;
  let bound = false;
  const ready = (): void => {
    if (bound && kernel !== undefined) send({ kind: "ready", info: kernel.info });
  };
  const early: Extract<FromServer, { kind: "request" }>[] = [];

  server.on("message", (message: FromServer) => {
    if (message.kind === "failed") fail(`the sockets could not be bound: ${message.reason}`);
    else if (message.kind === "shutdown") exit(0);
    else if (message.kind === "interrupt") runner.interrupt();
    else if (message.kind === "request") {
      if (kernel === undefined) early.push(message);
      else kernel.handle(message);
    } else {
      bound = true;
      ready();
    }
  });
  server.on("error", (error) => fail(`the socket thread ended: ${error.stack ?? error.message}`));

  watchSignals(flags, runner, send);
  const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
  const session = new Session(runner, process.cwd());
  session.warm();
  const historyFile = process.env["SESSIONLAB_KERNEL_HISTORY"] ?? join(root, ".cache", "kernel", "history.jsonl");
  const wake = (): void => send({ kind: "wake" });
  kernel = new Kernel({ server, ring: new RingWriter(ring, wake), runner, session, flags, answer: input, historyFile: historyFile === "" ? undefined : historyFile, version });
  for (const request of early) kernel.handle(request);
  process.exit = (code) => {
    throw new ExitError(code);
  };
  ready();
}

function watchSignals(flags: SharedArrayBuffer, runner: Runner, send: (message: ToServer) => void): void {
  process.on("SIGTERM", () => send({ kind: "close" }));
  if (process.platform === "win32") return void process.on("SIGINT", () => runner.requestInterrupt());
  const sentinel = new Worker(join(__dirname, "sentinel.js"), { workerData: { flags }, resourceLimits: { maxOldGenerationSizeMb: 8, maxYoungGenerationSizeMb: 1 } });
  sentinel.on("message", () => runner.interrupt());
  sentinel.on("error", (error) => fail(`the thread that waits for SIGINT ended: ${error.message}`));
}

const [file] = process.argv.slice(2);
if (file === undefined) fail("Expected the path of a connection file, found none; start the kernel through Jupyter");
try {
  start(readConnection(file));
} catch (error) {
  fail(error instanceof Error ? (error.message.startsWith("Expected") ? error.message : (error.stack ?? error.message)) : String(error));
}
