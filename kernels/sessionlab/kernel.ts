/** The requests of a front end, answered: cells one after the other, questions about code as soon as there is a moment. */
import { writeSync } from "node:fs";
import { StringDecoder } from "node:string_decoder";
import type { MessagePort, Worker } from "node:worker_threads";
import ts from "typescript";
import { Comms } from "./comm";
import { bundleOf, Displays } from "./display";
import { installGlobals, startBackend } from "./globals";
import { History, type HistoryRequest } from "./history";
import { Input } from "./input";
import { completeReply, inspectReply, isCompleteReply } from "./language";
import type { RingWriter, StreamName } from "./ring";
import { LeftScopes, RunningCell, type Runner } from "./running";
import type { Outcome, Session } from "./session";
import { now, type FromServer, type Outgoing, type ToServer } from "./threads";
import { errorContent } from "./trace";
import { protocolVersion, type Message } from "./wire";

type Request = Extract<FromServer, { kind: "request" }>;

/** What the kernel stands on. */
export interface Parts {
  readonly server: Pick<Worker | MessagePort, "postMessage">;
  readonly ring: RingWriter;
  readonly runner: Runner;
  readonly session: Session;
  readonly flags: SharedArrayBuffer;
  readonly answer: SharedArrayBuffer;
  readonly historyFile: string | undefined;
  readonly version: string;
}

/** Milliseconds without a request after which the library's types are read ahead. */
const idleBefore = 1500;

export class Kernel {
  readonly #parts: Parts;
  readonly #displays: Displays;
  readonly #comms: Comms;
  readonly #history: History;
  #count = 0;
  #cells = 0;
  #tail: Promise<void> = Promise.resolve();
  /** Requests that came before this moment are not run: a cell before them failed. */
  #abortBefore = -Infinity;
  #warmUp: NodeJS.Timeout | undefined;

  constructor(parts: Parts) {
    this.#parts = parts;
    const { runner, session } = parts;
    const publish = (cell: RunningCell, type: string, content: object): void => this.#publish(cell, type, content);
    this.#displays = new Displays(publish, () => runner.cell);
    this.#comms = new Comms((type, content, buffers) => this.#send("iopub", type, runner.cell?.request ?? anybody, content, buffers));
    this.#history = new History(parts.historyFile);
    const input = new Input(parts.flags, parts.answer, runner, (cell, prompt, password) => {
      this.#send("stdin", "input_request", cell.request, { prompt, password });
    });
    installGlobals(runner, this.#displays, this.#comms, input);
    session.beforeRun = startBackend;
    this.#redirect("stdout");
    this.#redirect("stderr");
    this.#watchFailures();
    this.#awaitIdle();
  }

  /** The content of a kernel_info_reply. */
  get info(): object {
    return {
      status: "ok",
      protocol_version: protocolVersion,
      implementation: "sessionlab",
      implementation_version: this.#parts.version,
      language_info: {
        name: "typescript",
        version: ts.version,
        mimetype: "text/typescript",
        file_extension: ".ts",
        pygments_lexer: "typescript",
        codemirror_mode: { name: "javascript", mode: "typescript", typescript: true },
        nbconvert_exporter: "script",
      },
      banner: `SessionLab ${this.#parts.version}: TypeScript ${ts.version} on Node ${process.versions.node}; the library is there as "lab"`,
      help_links: [{ text: "TypeScript", url: "https://www.typescriptlang.org/docs/" }, { text: "TensorFlow.js", url: "https://js.tensorflow.org/api/latest/" }],
      debugger: false,
      supported_features: [],
    };
  }

  handle(request: Request): void {
    this.#awaitIdle();
    const { message } = request;
    if (message.header.msg_type === "execute_request") {
      this.#tail = this.#tail.then(() => this.#execute(request)).catch((error: unknown) => log(errorContent(error).evalue)); // in order, whatever each of them awaits
      return;
    }
    this.#status("busy", message);
    try {
      const reply = this.#answer(message);
      if (reply !== undefined) this.#send("shell", message.header.msg_type.replace(/_request$/, "_reply"), message, reply);
    } catch (error) {
      // A question that cannot be answered is no reason to stop.
      const { ename, evalue, traceback } = errorContent(error);
      log(`${message.header.msg_type}: ${evalue}`);
      if (message.header.msg_type.endsWith("_request")) {
        this.#send("shell", message.header.msg_type.replace(/_request$/, "_reply"), message, { status: "error", ename, evalue, traceback });
      }
    } finally {
      this.#status("idle", message);
    }
  }

  #answer({ header, content, buffers }: Message): object | undefined {
    const { session } = this.#parts;
    const code = typeof content["code"] === "string" ? content["code"] : "";
    const cursor = typeof content["cursor_pos"] === "number" ? content["cursor_pos"] : [...code].length;
    switch (header.msg_type) {
      case "complete_request": return completeReply(session, code, cursor);
      case "inspect_request": return inspectReply(session, code, cursor);
      case "is_complete_request": return isCompleteReply(code);
      case "history_request": return { status: "ok", history: this.#history.query(content as HistoryRequest) };
      case "comm_info_request": return { status: "ok", comms: this.#comms.info(content["target_name"]) };
      case "comm_open": case "comm_msg": case "comm_close":
        if (!this.#comms.handle(header.msg_type, content, buffers)) log(`${header.msg_type} for nobody`);
        return undefined;
      default:
        log(`no answer to an unknown message on shell: ${header.msg_type}`);
        return undefined;
    }
  }

  async #execute({ message, received }: Request): Promise<void> {
    const { content } = message;
    if (received < this.#abortBefore) {
      this.#status("busy", message);
      this.#send("shell", "execute_reply", message, { status: "aborted", execution_count: this.#count });
      return this.#status("idle", message);
    }
    const code = typeof content["code"] === "string" ? content["code"] : "";
    const silent = content["silent"] === true;
    const store = !silent && content["store_history"] !== false;
    const cell = new RunningCell(++this.#cells, message, silent, content["allow_stdin"] !== false);
    this.#post({ kind: "parent", id: cell.id, header: message.header });
    this.#status("busy", message);
    if (store) {
      this.#count++;
      if (code.trim() !== "") this.#history.add(this.#count, code);
    }
    const count = this.#count;
    if (!silent) this.#publish(cell, "execute_input", { code, execution_count: count });
    const outcome: Outcome = code.trim() === "" ? { status: "ok", value: undefined } : await this.#parts.session.run(cell, code, `cell-${cell.id}`, store ? `Cell [${count}]` : "Cell");
    cell.progress?.end();
    const reply = outcome.status === "ok" ? await this.#succeed(cell, outcome.value, content["user_expressions"], count) : this.#fail(cell, outcome.error);
    await Promise.allSettled(cell.pending);
    if (outcome.status === "error" && content["stop_on_error"] !== false) this.#abortBefore = now();
    this.#send("shell", "execute_reply", message, { ...reply, execution_count: count });
    this.#status("idle", message);
  }

  async #succeed(cell: RunningCell, value: unknown, expressions: unknown, count: number): Promise<object> {
    if (value !== undefined && value !== null && !cell.silent) {
      const data = await bundleOf(value);
      this.#publish(cell, "execute_result", { execution_count: count, data, metadata: {} });
      this.#history.setOutput(String(data["text/plain"]));
    }
    const results: Record<string, object> = {};
    for (const [name, expression] of Object.entries((expressions ?? {}) as Record<string, unknown>)) results[name] = await this.#evaluate(cell, String(expression));
    return { status: "ok", user_expressions: results, payload: [] };
  }

  #fail(cell: RunningCell, error: unknown): object {
    const content = errorContent(error);
    if (!cell.silent) this.#publish(cell, "error", content);
    return { status: "error", ...content, user_expressions: {}, payload: [] };
  }

  /** One of an execute_request's user_expressions: its value, and nothing else. */
  async #evaluate(of: RunningCell, expression: string): Promise<object> {
    const cell = new RunningCell(++this.#cells, of.request, true, false);
    const outcome = await this.#parts.session.run(cell, `(${expression})`, `expression-${cell.id}`, "Expression");
    if (outcome.status === "ok") return { status: "ok", data: await bundleOf(outcome.value), metadata: {} };
    return { status: "error", ...errorContent(outcome.error) };
  }

  /** What is written to the process's streams goes to the cell that wrote it. */
  #redirect(name: StreamName): void {
    const decoder = new StringDecoder("utf8");
    const { ring, runner } = this.#parts;
    const write = (chunk: string | Uint8Array, encoding?: BufferEncoding | (() => void), done?: () => void): boolean => {
      const text = typeof chunk === "string" ? chunk : decoder.write(Buffer.from(chunk.buffer, chunk.byteOffset, chunk.byteLength));
      const { cell } = runner;
      if (text !== "" && cell?.silent !== true) ring.write(name, cell?.id ?? 0, text);
      const callback = typeof encoding === "function" ? encoding : done;
      if (callback !== undefined) process.nextTick(callback);
      return true;
    };
    process[name].write = write as typeof process.stdout.write;
  }

  /** Errors that nobody awaits: the running cell fails by them; of a cell that has ended, they are printed. */
  #watchFailures(): void {
    const { runner } = this.#parts;
    const late = (error: unknown): void => void process.stderr.write(`Uncaught ${errorContent(error).traceback.join("\n")}\n`);
    process.on("uncaughtException", (error: unknown) => {
      if (error instanceof LeftScopes) return;
      const { cell } = runner;
      if (cell === undefined || cell !== runner.current) return late(error);
      cell.failure ??= { error };
      runner.onInterrupt();
    });
    process.on("unhandledRejection", (reason, promise) => {
      const { cell } = runner;
      if (cell === undefined || cell !== runner.current) {
        if (cell?.interrupted !== true) late(reason); // what an interrupt stops fails, and that was asked for
      } else cell.rejected.set(promise, reason);
    });
    process.on("rejectionHandled", (promise) => runner.current?.rejected.delete(promise));
  }

  /** Reads the library's types while nothing else is to be done, once. */
  #awaitIdle(): void {
    clearTimeout(this.#warmUp);
    this.#warmUp = setTimeout(() => {
      if (this.#parts.runner.current === undefined) this.#parts.session.prepare("lab");
    }, idleBefore).unref();
  }

  #status(state: "busy" | "idle", message: Message): void {
    this.#send("iopub", "status", message, { execution_state: state });
  }

  #publish(cell: RunningCell, type: string, content: object): void {
    if (!cell.silent) this.#send("iopub", type, cell.request, content);
  }

  #send(channel: Outgoing["channel"], type: string, to: RunningCell["request"], content: object, buffers: readonly Uint8Array[] = []): void {
    const message: Outgoing = { kind: "send", channel, type, identities: to.identities, parent: to.header, content, buffers, position: this.#parts.ring.position };
    try {
      this.#post(message);
    } catch {
      this.#post({ ...message, content: JSON.parse(JSON.stringify(content)) as object }); // functions and the like, which threads cannot share
    }
  }

  #post(message: ToServer): void {
    this.#parts.server.postMessage(message);
  }
}

/** Who a message is for that answers no request. */
const anybody: RunningCell["request"] = { header: {}, identities: [] };

/** To the log of whoever started the kernel: not into a notebook. */
function log(line: string): void {
  writeSync(2, `[kernel] ${line}\n`);
}
