/** Comms: channels between a cell and something that runs in the front end, such as a widget. */
import { randomUUID } from "node:crypto";

/** What arrives. */
export interface CommMessage {
  readonly data: Readonly<Record<string, unknown>>;
  readonly buffers: readonly Uint8Array[];
}

type Send = (type: string, content: object, buffers?: readonly Uint8Array[]) => void;

/** One open channel. */
export class Comm {
  onMessage: (message: CommMessage) => void = () => undefined;
  onClose: (message: CommMessage) => void = () => undefined;
  readonly #send: Send;
  readonly #closed: () => void;

  constructor(readonly id: string, readonly target: string, send: Send, closed: () => void) {
    this.#send = send;
    this.#closed = closed;
  }

  send(data: object, buffers: readonly Uint8Array[] = []): void {
    this.#send("comm_msg", { comm_id: this.id, data }, buffers);
  }

  close(data: object = {}): void {
    this.#closed();
    this.#send("comm_close", { comm_id: this.id, data });
  }
}

/** What a target does with a channel that the front end opens. */
export type CommTarget = (comm: Comm, opening: CommMessage) => void;

/** All channels of a kernel: `comms` in cells. */
export class Comms {
  readonly #targets = new Map<string, CommTarget>();
  readonly #open = new Map<string, Comm>();
  readonly #send: Send;

  constructor(send: Send) {
    this.#send = send;
  }

  /** Answers channels that the front end opens under a name. */
  register(target: string, answer: CommTarget): void {
    this.#targets.set(target, answer);
  }

  /** Opens a channel to something in the front end. */
  open(target: string, data: object = {}, metadata: object = {}): Comm {
    const comm = this.#make(randomUUID(), target);
    this.#send("comm_open", { comm_id: comm.id, target_name: target, data, metadata });
    return comm;
  }

  /** For comm_info_request. */
  info(target: unknown): Record<string, { target_name: string }> {
    const open = [...this.#open.values()].filter((comm) => typeof target !== "string" || comm.target === target);
    return Object.fromEntries(open.map((comm) => [comm.id, { target_name: comm.target }]));
  }

  /** @returns whether somebody knows the channel; what a cell's handler throws goes through */
  handle(type: string, content: Readonly<Record<string, unknown>>, buffers: readonly Uint8Array[]): boolean {
    const id = String(content["comm_id"]);
    const message: CommMessage = { data: (content["data"] ?? {}) as CommMessage["data"], buffers };
    if (type === "comm_open") {
      const target = String(content["target_name"]);
      const answer = this.#targets.get(target);
      if (answer === undefined) {
        this.#send("comm_close", { comm_id: id, data: {} }); // as the protocol asks for an unknown target
        return false;
      }
      answer(this.#make(id, target), message);
      return true;
    }
    const comm = this.#open.get(id);
    if (comm === undefined) return false;
    if (type === "comm_msg") comm.onMessage(message);
    else {
      this.#open.delete(id);
      comm.onClose(message);
    }
    return true;
  }

  #make(id: string, target: string): Comm {
    const comm = new Comm(id, target, this.#send, () => void this.#open.delete(id));
    this.#open.set(id, comm);
    return comm;
  }
}
