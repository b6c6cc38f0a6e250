/** What goes out, in order: messages of the main thread, what cells print, and updates of displays, which are thinned out. */
import { RingReader } from "./ring";
import type { Sockets } from "./sockets";
import type { Outgoing } from "./threads";
import { headerOf, type Header, type Message } from "./wire";

/** Milliseconds that printed text is gathered for, and between two updates of one display. */
const gather = 20;
const updateEvery = 50;
/** How many cells' headers are kept: text may come from one that ended long ago. */
const parentsKept = 1000;

export class Outbox {
  readonly #sockets: Sockets;
  readonly #ring: RingReader;
  readonly #session: string;
  readonly #parents = new Map<number, Header | object>();
  /** The cell that is running: statuses of other requests must not hide it. */
  #running: Header | undefined;
  #timer: NodeJS.Timeout | undefined;
  readonly #updates = new Map<string, { last: number; held?: Outgoing; timer?: NodeJS.Timeout }>();

  constructor(sockets: Sockets, ring: SharedArrayBuffer, session: string) {
    this.#sockets = sockets;
    this.#ring = new RingReader(ring);
    this.#session = session;
  }

  setParent(id: number, header: Header | object): void {
    this.#parents.set(id, header);
    const [oldest] = this.#parents.keys();
    if (this.#parents.size > parentsKept) this.#parents.delete(oldest!);
  }

  /** There is text: it goes out soon, together with what follows. */
  wake(): void {
    if (this.#timer !== undefined) return;
    this.#timer = setTimeout(() => {
      this.#timer = undefined;
      this.drain();
      if (!this.#ring.sleep()) this.wake();
    }, gather);
  }

  /** Sends what was printed, up to a position. */
  drain(until?: number): void {
    for (const { name, parent, text } of this.#ring.take(until)) this.publish("stream", this.#parents.get(parent) ?? {}, { name, text });
  }

  send(message: Outgoing): void {
    this.drain(message.position);
    const { content, type, parent } = message as Outgoing & { content: Record<string, unknown> };
    if (type === "status") {
      if (content["execution_state"] === "idle") this.#releaseAll();
      return this.status(content["execution_state"] as "busy" | "idle", parent as Header);
    }
    if (type === "update_display_data" && this.#hold(message)) return;
    this.#post(message);
  }

  status(state: "busy" | "idle", parent: Header): void {
    this.publish("status", parent, { execution_state: state });
    if (parent.msg_type === "execute_request") this.#running = state === "busy" ? parent : undefined;
    else if (state === "idle" && this.#running !== undefined) this.publish("status", this.#running, { execution_state: "busy" });
  }

  reply(channel: "shell" | "control", to: Message, type: string, content: object): void {
    this.#sockets.send(channel, this.#message(to.identities, type, to.header, content));
  }

  publish(type: string, parent: Header | object, content: object): void {
    this.#sockets.send("iopub", this.#message([Buffer.from(type)], type, parent, content));
  }

  #post({ channel, type, identities, parent, content, metadata, buffers }: Outgoing): void {
    const to = channel === "iopub" ? [Buffer.from(type)] : identities;
    this.#sockets.send(channel, this.#message(to, type, parent, content, metadata, buffers));
  }

  #message(identities: readonly Uint8Array[], type: string, parent: object, content: object, metadata: object = {}, buffers: readonly Uint8Array[] = []): Message {
    return { identities, header: headerOf(type, this.#session), parent, metadata: metadata as Message["metadata"], content: content as Message["content"], buffers };
  }

  /** Keeps an update back if the display was updated just now; the last one always goes out. */
  #hold(message: Outgoing): boolean {
    const id = String((message.content as { transient?: { display_id?: unknown } }).transient?.display_id);
    const display = this.#updates.get(id) ?? { last: -Infinity };
    this.#updates.set(id, display);
    const wait = display.last + updateEvery - performance.now();
    if (wait <= 0 && display.held === undefined) {
      display.last = performance.now();
      return false;
    }
    display.held = message;
    display.timer ??= setTimeout(() => this.#release(id), Math.max(0, wait));
    return true;
  }

  #release(id: string): void {
    const display = this.#updates.get(id)!;
    clearTimeout(display.timer);
    if (display.held !== undefined) this.#post(display.held);
    this.#updates.set(id, { last: performance.now() });
  }

  #releaseAll(): void {
    for (const [id, { held }] of [...this.#updates]) {
      if (held !== undefined) this.#release(id);
      this.#updates.delete(id);
    }
  }
}
