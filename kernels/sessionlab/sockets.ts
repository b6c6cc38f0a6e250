/** The five sockets of a kernel, on one thread: bound to the address given, each with a queue of what is to be sent. */
import { Publisher, Reply, Router } from "zeromq";
import { endpoint, type Connection } from "./connection";
import { Wire, WireError, type Message } from "./wire";

/** Sends one after the other: ZeroMQ for Node refuses a send while 512 others wait. */
class SendQueue {
  #tail: Promise<void> = Promise.resolve();
  readonly #socket: { send(frames: Buffer[]): Promise<void> };
  readonly #log: (line: string) => void;

  constructor(socket: { send(frames: Buffer[]): Promise<void> }, log: (line: string) => void) {
    this.#socket = socket;
    this.#log = log;
  }

  send(frames: Buffer[]): void {
    this.#tail = this.#tail
      .then(() => this.#socket.send(frames))
      .catch((error: Error) => this.#log(`a message could not be sent: ${error.message}`)); // its receiver has gone
  }

  flushed(): Promise<void> {
    return this.#tail;
  }
}

export type Receiver = (message: Message) => void;

export class Sockets {
  readonly #wire: Wire;
  readonly #log: (line: string) => void;
  readonly #sockets = {
    shell: new Router({ linger: 1000 }),
    control: new Router({ linger: 1000 }),
    stdin: new Router({ linger: 1000 }),
    iopub: new Publisher({ linger: 1000, sendHighWaterMark: 0 }), // nothing is dropped for a slow reader
    heartbeat: new Reply({ linger: 0 }),
  };
  readonly #queues: Readonly<Record<"shell" | "control" | "stdin" | "iopub", SendQueue>>;

  constructor(connection: Connection, log: (line: string) => void) {
    this.#wire = new Wire(connection.key);
    this.#log = log;
    const { shell, control, stdin, iopub } = this.#sockets;
    const queue = (socket: { send(frames: Buffer[]): Promise<void> }): SendQueue => new SendQueue(socket, log);
    this.#queues = { shell: queue(shell), control: queue(control), stdin: queue(stdin), iopub: queue(iopub) };
  }

  /** @throws what ZeroMQ throws when an address is taken */
  async bind(connection: Connection): Promise<void> {
    for (const channel of ["heartbeat", "iopub", "stdin", "control", "shell"] as const) {
      await this.#sockets[channel].bind(endpoint(connection, channel));
    }
  }

  /** Starts to receive. A message that cannot be read or is not signed by our key is logged and dropped. */
  receive(receivers: Readonly<Record<"shell" | "control" | "stdin", Receiver>>): void {
    void this.#echo();
    for (const channel of ["shell", "control", "stdin"] as const) void this.#listen(channel, receivers[channel]);
  }

  send(channel: "shell" | "control" | "stdin" | "iopub", message: Message): void {
    this.#queues[channel].send(this.#wire.frames(message));
  }

  /** Closes, once all that was queued is with ZeroMQ. */
  async close(): Promise<void> {
    await Promise.all(Object.values(this.#queues).map((queue) => queue.flushed()));
    for (const socket of Object.values(this.#sockets)) socket.close();
  }

  async #listen(channel: "shell" | "control" | "stdin", receiver: Receiver): Promise<void> {
    try {
      for await (const frames of this.#sockets[channel]) {
        try {
          receiver(this.#wire.parse(frames as Buffer[]));
        } catch (error) {
          if (!(error instanceof WireError)) throw error;
          this.#log(`dropped from ${channel}: ${error.message}`);
        }
      }
    } catch (error) {
      if (!this.#sockets[channel].closed) this.#log(`${channel} ended: ${(error as Error).message}`);
    }
  }

  async #echo(): Promise<void> {
    const { heartbeat } = this.#sockets;
    try {
      for await (const frames of heartbeat) await heartbeat.send(frames);
    } catch (error) {
      if (!heartbeat.closed) this.#log(`heartbeat ended: ${(error as Error).message}`);
    }
  }
}
