/**
 * Columns that grow while a file is read. Ids are kept once, as bytes, and each event holds a number: a JavaScript
 * string costs more than the event that names it.
 */
import type { CodedColumn } from "./events";

/** Numbers that grow by doubling. */
export class Growing<T extends Int32Array | Float32Array | Float64Array> {
  length = 0;

  /** @param values the first `length` count; replaced as they grow */
  constructor(public values: T, private readonly make: (length: number) => T) {}

  push(value: number): void {
    if (this.length === this.values.length) {
      const larger = this.make(2 * this.length);
      larger.set(this.values);
      this.values = larger;
    }
    this.values[this.length++] = value;
  }

  /** The numbers so far; not a copy. */
  get(): T {
    return this.values.subarray(0, this.length) as T;
  }
}

const float64s = (length: number): Float64Array => new Float64Array(length);
const int32s = (length: number): Int32Array => new Int32Array(length);

export const growingFloats = (): Growing<Float64Array> => new Growing(float64s(1024), float64s);
export const growingInts = (): Growing<Int32Array> => new Growing(int32s(1024), int32s);

/** Ids by number, in order of first appearance: an open hash table over bytes. */
export class IdColumn {
  private readonly codes = growingInts();
  private arena = Buffer.alloc(1 << 16);
  /** Where each id ends in the arena. */
  private readonly ends = growingFloats();
  /** Pairs of a code + 1 (0 is free) and its hash, by hash: side by side, because each is a walk to memory. At most half are taken. */
  private slots = new Int32Array(1 << 13);
  private scratch = Buffer.alloc(1 << 10);

  /** Takes the id of the next event. */
  push(text: string): void {
    const size = Buffer.byteLength(text);
    if (size > this.scratch.length) this.scratch = Buffer.alloc(2 * size);
    this.codes.push(this.codeOf(this.scratch, 0, this.scratch.write(text, 0)));
  }

  pushCode(code: number): void {
    this.codes.push(code);
  }

  /** The number of an id, a new one where it is new. @returns -1 if it holds a NUL byte */
  codeOf(bytes: Uint8Array, from: number, to: number): number {
    let hash = to - from;
    for (let at = from; at < to; at++) {
      const byte = bytes[at]!;
      if (byte === 0) return -1;
      hash = Math.imul(hash ^ byte, 0x01000193);
    }
    hash = Math.imul(hash ^ (hash >>> 15), 0x2c1b3c6d);
    hash ^= hash >>> 13;
    const ends = this.ends.values;
    const slots = this.slots;
    const mask = slots.length - 1;
    let slot = (hash << 1) & mask;
    for (let code = slots[slot]!; code !== 0; slot = (slot + 2) & mask, code = slots[slot]!) {
      if (slots[slot + 1] === hash && this.equals(code > 1 ? ends[code - 2]! : 0, ends[code - 1]!, bytes, from, to)) return code - 1;
    }
    slots[slot + 1] = hash;
    slots[slot] = this.add(bytes, from, to);
    if (4 * this.ends.length > slots.length) this.widen();
    return this.ends.length - 1;
  }

  /** The column as a dictionary and numbers. */
  finish(): CodedColumn {
    const ends = this.ends.get();
    let start = 0;
    const ids = Array.from(ends, (end) => this.arena.toString("utf8", start, (start = end)));
    return { ids, codes: this.codes.get() };
  }

  private equals(start: number, end: number, bytes: Uint8Array, from: number, to: number): boolean {
    if (end - start !== to - from) return false;
    for (let at = from, known = start; at < to; at++, known++) if (this.arena[known] !== bytes[at]) return false;
    return true;
  }

  /** @returns how many ids there are now */
  private add(bytes: Uint8Array, from: number, to: number): number {
    const used = this.ends.length === 0 ? 0 : this.ends.values[this.ends.length - 1]!;
    const needed = used + to - from;
    if (needed > this.arena.length) {
      const larger = Buffer.alloc(2 * needed);
      larger.set(this.arena);
      this.arena = larger;
    }
    this.arena.set(bytes.subarray(from, to), used);
    this.ends.push(needed);
    return this.ends.length;
  }

  private widen(): void {
    const old = this.slots;
    const slots = new Int32Array(2 * old.length);
    const mask = slots.length - 1;
    for (let at = 0; at < old.length; at += 2) {
      if (old[at] === 0) continue;
      let slot = (old[at + 1]! << 1) & mask;
      while (slots[slot] !== 0) slot = (slot + 2) & mask;
      slots[slot] = old[at]!;
      slots[slot + 1] = old[at + 1]!;
    }
    this.slots = slots;
  }
}
