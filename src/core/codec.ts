/**
 * How a value lies in files, for the step cache: JSON, with typed arrays in one file beside it.
 * Everything comes back to the bit, or the writing throws: NaN, infinities and -0 keep their value,
 * a class instance or a function is refused.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ConfigError, DataError } from "./errors";
import { writeFileAtomic } from "./files";

/** Puts a value into an empty folder and takes it out again. */
export interface Codec<T> {
  write(folder: string, value: T): Promise<void> | void;
  read(folder: string): Promise<T> | T;
  /** Called on the value that was computed, once it is written: frees what it holds (a model's tensors). */
  release?(value: T): void;
}

const arrayTypes = {
  Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array, Uint32Array,
  Float32Array, Float64Array, BigInt64Array, BigUint64Array,
} as const;
type ArrayType = keyof typeof arrayTypes;

const tag = "$sessionlab";
type Tagged = { [tag]: ArrayType | "number"; at?: number; length?: number; value?: string };

/**
 * Plain values: JSON, typed arrays, NaN and infinities. Files: value.json and, if there are typed arrays, arrays.bin (little-endian).
 * @example
 * import { mkdtempSync } from "node:fs";
 * import { plainCodec } from "sessionlab";
 * const codec = plainCodec<{ x: Float32Array; loss: number }>();
 * const folder = mkdtempSync("/tmp/codec-");
 * await codec.write(folder, { x: Float32Array.of(1, 2), loss: NaN });
 * assert.deepEqual(await codec.read(folder), { x: Float32Array.of(1, 2), loss: NaN });
 */
export function plainCodec<T>(): Codec<T> {
  return { write: writePlain, read: (folder) => readPlain(folder) as T };
}

function writePlain(folder: string, value: unknown): void {
  const blocks: Uint8Array[] = [];
  let bytes = 0;
  const encode = (one: unknown, path: string): unknown => {
    if (one === null || typeof one === "boolean" || typeof one === "string") return one;
    if (typeof one === "number") return Number.isFinite(one) && !Object.is(one, -0) ? one : { [tag]: "number", value: Object.is(one, -0) ? "-0" : String(one) };
    if (ArrayBuffer.isView(one) && one.constructor.name in arrayTypes) {
      const block = new Uint8Array(one.buffer, one.byteOffset, one.byteLength);
      const at = bytes;
      blocks.push(block, new Uint8Array((8 - (block.length % 8)) % 8));
      bytes += Math.ceil(block.length / 8) * 8;
      return { [tag]: one.constructor.name, at, length: (one as Uint8Array).length };
    }
    if (Array.isArray(one)) return one.map((element, index) => encode(element, `${path}[${index}]`));
    const plain = typeof one === "object" && [Object.prototype, null].includes(Object.getPrototypeOf(one) as object | null);
    if (!plain || tag in (one as object)) {
      const found = typeof one === "object" ? (one as object).constructor?.name ?? "an object" : typeof one;
      throw new ConfigError(`Expected a result of plain values and typed arrays, found ${found} at ${path}; give the step a codec`);
    }
    const entries = Object.entries(one as object).filter(([, element]) => element !== undefined);
    return Object.fromEntries(entries.map(([key, element]) => [key, encode(element, `${path}.${key}`)]));
  };
  const text = JSON.stringify(encode(value, "result"));
  writeFileAtomic(join(folder, "value.json"), text);
  if (bytes > 0) writeFileAtomic(join(folder, "arrays.bin"), Buffer.concat(blocks));
}

function readPlain(folder: string): unknown {
  const arrays = join(folder, "arrays.bin");
  const block = existsSync(arrays) ? readFileSync(arrays) : Buffer.alloc(0);
  return JSON.parse(readFileSync(join(folder, "value.json"), "utf8"), (_, one: unknown) => {
    if (typeof one !== "object" || one === null || !(tag in one)) return one;
    const tagged = one as Tagged;
    if (tagged[tag] === "number") return Number(tagged.value);
    const type = arrayTypes[tagged[tag]];
    const size = type.BYTES_PER_ELEMENT * tagged.length!;
    if (tagged.at! + size > block.length) throw new DataError(`Expected ${size} bytes at ${tagged.at}, found ${block.length} in all`, { file: arrays });
    const copy = new Uint8Array(size);
    copy.set(block.subarray(tagged.at!, tagged.at! + size));
    return new type(copy.buffer);
  });
}
