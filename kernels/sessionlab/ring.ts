/**
 * What cells print, from the main thread to the socket thread through shared memory: the reader needs no help of the
 * writer, who may be in a loop for hours, and a writer that is faster than the reader waits for it, so that a million
 * lines need no more memory than the ring.
 *
 * A record: its length and stream (1 stdout, 2 stderr), the id of the cell, the text in UTF-8; padded to 8 bytes.
 * Positions only grow, modulo 2^32; the ring's size divides that.
 */
const size = 1 << 20;
const largest = size >> 2;
const head = 16;
/** Places in the control words. */
const at = { written: 0, read: 1, awake: 2 } as const;

export type StreamName = "stdout" | "stderr";

export interface Printed {
  readonly name: StreamName;
  /** The cell that printed. */
  readonly parent: number;
  readonly text: string;
}

export function createRing(): SharedArrayBuffer {
  return new SharedArrayBuffer(head + size);
}

/** The main thread's end. */
export class RingWriter {
  readonly #control: Int32Array;
  readonly #bytes: Buffer;
  readonly #words: Int32Array;
  readonly #wake: () => void;

  /** @param wake tells the reader that there is something */
  constructor(ring: SharedArrayBuffer, wake: () => void) {
    this.#control = new Int32Array(ring, 0, head / 4);
    this.#bytes = Buffer.from(ring, head);
    this.#words = new Int32Array(ring, head);
    this.#wake = wake;
  }

  /** Where the next record will begin. */
  get position(): number {
    return Atomics.load(this.#control, at.written);
  }

  write(name: StreamName, parent: number, text: string): void {
    for (let start = 0; start < text.length; ) {
      let end = Math.min(text.length, start + largest / 4); // a UTF-16 unit takes at most 3 bytes
      if (end < text.length && (text.charCodeAt(end - 1) & 0xfc00) === 0xd800) end--; // both halves of a surrogate pair
      this.#record(name, parent, start === 0 && end === text.length ? text : text.slice(start, end));
      start = end;
    }
  }

  #record(name: StreamName, parent: number, text: string): void {
    const bound = padded(8 + text.length * 3);
    let position = this.position;
    const rest = size - offset(position);
    if (bound > rest) {
      this.#waitFor(rest);
      this.#words[offset(position) >> 2] = 0; // nothing more before the end
      position = this.#advance(position, rest);
    }
    this.#waitFor(bound);
    const begin = offset(position);
    const length = this.#bytes.write(text, begin + 8, "utf8");
    this.#words[begin >> 2] = (length << 2) | (name === "stdout" ? 1 : 2);
    this.#words[(begin >> 2) + 1] = parent;
    this.#advance(position, padded(8 + length));
    if (Atomics.exchange(this.#control, at.awake, 1) === 0) this.#wake();
  }

  #advance(position: number, by: number): number {
    const next = (position + by) | 0;
    Atomics.store(this.#control, at.written, next);
    return next;
  }

  #waitFor(bytes: number): void {
    for (;;) {
      const read = Atomics.load(this.#control, at.read);
      if (size - ((this.position - read) >>> 0) >= bytes) return;
      this.#wake();
      Atomics.wait(this.#control, at.read, read, 1000);
    }
  }
}

/** The socket thread's end. */
export class RingReader {
  readonly #control: Int32Array;
  readonly #bytes: Buffer;
  readonly #words: Int32Array;

  constructor(ring: SharedArrayBuffer) {
    this.#control = new Int32Array(ring, 0, head / 4);
    this.#bytes = Buffer.from(ring, head);
    this.#words = new Int32Array(ring, head);
  }

  /** Takes all records before `until`, by default all there are; neighbours of one cell and stream become one. */
  take(until: number = Atomics.load(this.#control, at.written)): Printed[] {
    const taken: Printed[] = [];
    let texts: string[] = [];
    let open: Omit<Printed, "text"> | undefined;
    const close = (): void => {
      if (open !== undefined) taken.push({ ...open, text: texts.join("") });
      texts = [];
    };
    let position = Atomics.load(this.#control, at.read);
    while (((until - position) | 0) > 0) {
      const begin = offset(position);
      const word = this.#words[begin >> 2]!;
      if (word === 0) {
        position = (position + size - begin) | 0;
        continue;
      }
      const length = word >>> 2;
      const name = (word & 3) === 1 ? "stdout" : "stderr";
      const parent = this.#words[(begin >> 2) + 1]!;
      if (open?.name !== name || open.parent !== parent) {
        close();
        open = { name, parent };
      }
      texts.push(this.#bytes.toString("utf8", begin + 8, begin + 8 + length));
      position = (position + padded(8 + length)) | 0;
    }
    close();
    Atomics.store(this.#control, at.read, position);
    Atomics.notify(this.#control, at.read);
    return taken;
  }

  /** @returns whether the reader may sleep until it is woken */
  sleep(): boolean {
    Atomics.store(this.#control, at.awake, 0);
    return Atomics.load(this.#control, at.written) === Atomics.load(this.#control, at.read);
  }
}

function offset(position: number): number {
  return position & (size - 1);
}

function padded(bytes: number): number {
  return (bytes + 7) & ~7;
}
