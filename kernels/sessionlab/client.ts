/** A small front end: starts the kernel and talks to it as Jupyter does. For `sessionlab kernel doctor` and the tests. */
import { spawn, type ChildProcess } from "node:child_process";
import { randomBytes, randomUUID } from "node:crypto";
import { once } from "node:events";
import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { createServer, type AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Dealer, Request, Subscriber } from "zeromq";
import type { Connection } from "./connection";
import { root } from "./program";
import { headerOf, Wire, type Message } from "./wire";

export interface StartOptions {
  /** Where the notebook is; default: the checkout. */
  readonly cwd?: string;
  readonly env?: NodeJS.ProcessEnv;
  /** What the kernel's own log says. */
  readonly onLog?: (text: string) => void;
  /** Answers what a cell asks by `prompt()`. */
  readonly onInput?: (question: string) => string;
}

/** What an execute_request led to. */
export interface Execution {
  readonly reply: Readonly<Record<string, unknown>>;
  /** All that was published for it but statuses, in order. */
  readonly outputs: readonly Message[];
}

type Channel = "shell" | "control";

export class KernelClient {
  readonly #wire: Wire;
  readonly #session = randomUUID();
  readonly #shell = new Dealer({ linger: 0 });
  readonly #control = new Dealer({ linger: 0 });
  readonly #stdin = new Dealer({ linger: 0, routingId: this.#session });
  readonly #iopub = new Subscriber({ linger: 0 });
  readonly #replies = new Map<string, (message: Message) => void>();
  readonly #published = new Map<string, { readonly messages: Message[]; idle: () => void }>();
  readonly #folder: string;
  readonly process: ChildProcess;
  /** Everything on iopub, for those who look at all of it. */
  onPublished: (message: Message) => void = () => undefined;

  private constructor(readonly connection: Connection, readonly connectionFile: string, folder: string, { cwd = root, env, onLog, onInput }: StartOptions) {
    this.#wire = new Wire(connection.key);
    this.#folder = folder;
    this.#shell.routingId = this.#session;
    for (const [socket, channel] of [[this.#shell, "shell"], [this.#control, "control"], [this.#stdin, "stdin"], [this.#iopub, "iopub"]] as const) {
      socket.connect(`tcp://${connection.ip}:${connection.ports[channel]}`);
    }
    this.#iopub.subscribe();
    void this.#listen(this.#shell, (message) => this.#onReply(message));
    void this.#listen(this.#control, (message) => this.#onReply(message));
    void this.#listen(this.#iopub, (message) => this.#onPublished(message));
    void this.#listen(this.#stdin, (message) => {
      const value = onInput?.(String(message.content["prompt"])) ?? "";
      void this.#stdin.send(this.#wire.frames(this.#message("input_reply", { value }, message.header)));
    });
    const start = join(root, "kernels", "sessionlab", "start.cjs");
    this.process = spawn(process.execPath, [start, connectionFile], { cwd, env: { ...process.env, ...env }, stdio: ["ignore", "ignore", "pipe"], detached: process.platform !== "win32" });
    this.process.stderr!.on("data", (piece: Buffer) => onLog?.(piece.toString()));
  }

  /** Starts a kernel and waits until it answers. @throws Error when it ends before */
  static async start(options: StartOptions = {}): Promise<KernelClient> {
    const folder = mkdtempSync(join(tmpdir(), "sessionlab-kernel-"));
    const file = join(folder, "connection.json");
    const [shell, iopub, stdin, control, heartbeat] = (await freePorts(5)) as [number, number, number, number, number];
    const connection: Connection = { transport: "tcp", ip: "127.0.0.1", key: randomBytes(16).toString("hex"), ports: { shell, iopub, stdin, control, heartbeat } };
    const ports = { shell_port: shell, iopub_port: iopub, stdin_port: stdin, control_port: control, hb_port: heartbeat };
    writeFileSync(file, JSON.stringify({ transport: "tcp", ip: connection.ip, key: connection.key, signature_scheme: "hmac-sha256", ...ports }), { mode: 0o600 });
    let log = "";
    const client = new KernelClient(connection, file, folder, {
      ...options,
      onLog(text) {
        log += text;
        options.onLog?.(text);
      },
    });
    const ended = new AbortController();
    client.process.once("exit", () => ended.abort());
    try {
      await client.request("kernel_info_request", {}, "shell", ended.signal);
      return client;
    } catch {
      client.#close();
      throw new Error(`Expected a kernel that answers, found one that ended:\n${log}`);
    }
  }

  /** A request's reply. */
  request(type: string, content: object, channel: Channel = "shell", signal?: AbortSignal): Promise<Message> {
    const message = this.#message(type, content);
    return new Promise((resolve, reject) => {
      this.#replies.set(message.header.msg_id, resolve);
      signal?.addEventListener("abort", () => reject(new Error("the kernel ended")));
      void this.send(channel, message);
    });
  }

  /** Runs code; resolves once the reply is there and the kernel is idle again. */
  async execute(code: string, options: object = {}): Promise<Execution> {
    const message = this.#message("execute_request", { code, silent: false, store_history: true, user_expressions: {}, allow_stdin: true, stop_on_error: true, ...options });
    const { msg_id: id } = message.header;
    const messages: Message[] = [];
    const idle = new Promise<void>((resolve) => this.#published.set(id, { messages, idle: resolve }));
    const reply = new Promise<Message>((resolve) => this.#replies.set(id, resolve));
    await this.send("shell", message);
    const [{ content }] = await Promise.all([reply, idle]);
    this.#published.delete(id);
    return { reply: content, outputs: messages };
  }

  /** Sends a message without waiting for anything. */
  send(channel: Channel, message: Message): Promise<void> {
    return this.sendFrames(channel, this.#wire.frames(message));
  }

  sendFrames(channel: Channel, frames: Buffer[]): Promise<void> {
    return (channel === "shell" ? this.#shell : this.#control).send(frames);
  }

  message(type: string, content: object): Message {
    return this.#message(type, content);
  }

  /** Milliseconds until the heartbeat comes back. */
  async heartbeat(): Promise<number> {
    const socket = new Request({ linger: 0, receiveTimeout: 5000 });
    socket.connect(`tcp://${this.connection.ip}:${this.connection.ports.heartbeat}`);
    const start = performance.now();
    await socket.send("ping");
    await socket.receive();
    socket.close();
    return performance.now() - start;
  }

  interrupt(): void {
    this.process.kill("SIGINT");
  }

  /** Asks the kernel to end, and waits for it. @returns its exit code */
  async shutdown(): Promise<number | null> {
    const ended = this.ended();
    await this.send("control", this.#message("shutdown_request", { restart: false }));
    const code = await ended;
    this.#close();
    return code;
  }

  /** Resolves when the process has ended, however it came about. */
  async ended(): Promise<number | null> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return this.process.exitCode;
    const [code] = (await once(this.process, "exit")) as [number | null];
    return code;
  }

  /** Ends the process by force, if it is still there, and closes this side. */
  async kill(): Promise<void> {
    const ended = this.ended();
    this.process.kill("SIGKILL");
    await ended;
    this.#close();
  }

  #close(): void {
    for (const socket of [this.#shell, this.#control, this.#stdin, this.#iopub]) socket.close();
    rmSync(this.#folder, { recursive: true, force: true });
  }

  #message(type: string, content: object, parent: object = {}): Message {
    return { identities: [], header: headerOf(type, this.#session), parent, metadata: {}, content: content as Message["content"], buffers: [] };
  }

  #onReply(message: Message): void {
    const { msg_id: id } = message.parent as { msg_id: string };
    this.#replies.get(id)?.(message);
    this.#replies.delete(id);
  }

  #onPublished(message: Message): void {
    this.onPublished(message);
    const of = this.#published.get((message.parent as { msg_id?: string }).msg_id ?? "");
    if (message.header.msg_type !== "status") of?.messages.push(message);
    else if (message.content["execution_state"] === "idle") of?.idle();
  }

  async #listen(socket: Dealer | Subscriber, receiver: (message: Message) => void): Promise<void> {
    try {
      for await (const frames of socket) receiver(this.#wire.parse(frames as Buffer[]));
    } catch (error) {
      if (!socket.closed) throw error;
    }
  }
}

async function freePorts(count: number): Promise<number[]> {
  const servers = Array.from({ length: count }, () => createServer().listen(0, "127.0.0.1"));
  await Promise.all(servers.map((server) => once(server, "listening")));
  const ports = servers.map((server) => (server.address() as AddressInfo).port);
  await Promise.all(servers.map((server) => once(server.close(), "close")));
  return ports;
}
