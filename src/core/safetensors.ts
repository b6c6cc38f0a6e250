/**
 * Weights in one file that other tools open: the safetensors format
 * (https://github.com/huggingface/safetensors#format): 8 bytes with the length of the header (little-endian),
 * the header as JSON, the tensors one after another without gaps.
 * Widest elements first, then by name, as the reference writer does: every tensor starts at a multiple of its width.
 */
import { DataError } from "./errors";

/** The element types that are read and written, and the arrays that hold them. */
const arrays = {
  F64: Float64Array,
  I64: BigInt64Array,
  F32: Float32Array,
  I32: Int32Array,
  U32: Uint32Array,
  U8: Uint8Array,
} as const;

/** An element type that is read and written: "F32". */
export type SafetensorsType = keyof typeof arrays;

/** The array of each element type. */
export type SafetensorsArray = Float64Array | BigInt64Array | Float32Array | Int32Array | Uint32Array | Uint8Array;

/** One tensor: `data` is row-major and as long as the product of `shape`; a scalar has the shape []. */
export interface SafetensorsTensor {
  readonly dtype: SafetensorsType;
  readonly shape: readonly number[];
  readonly data: SafetensorsArray;
}

/** What a file holds. */
export interface SafetensorsFile {
  readonly tensors: Readonly<Record<string, SafetensorsTensor>>;
  /** Free text beside the tensors: names and texts only. */
  readonly metadata: Readonly<Record<string, string>>;
}

const metadataKey = "__metadata__";

/**
 * Tensors as the bytes of a safetensors file. The same tensors give the same bytes, whatever the order of the keys.
 * @throws DataError if an array's type or length does not fit its dtype or shape
 * @example
 * import { decodeSafetensors, encodeSafetensors } from "sessionlab";
 * const bytes = encodeSafetensors({ bias: { dtype: "F32", shape: [2], data: Float32Array.of(1, 2) } }, { model: "Demo" });
 * const { tensors, metadata } = decodeSafetensors(bytes);
 * assert.deepEqual(tensors.bias?.data, Float32Array.of(1, 2));
 * assert.equal(metadata.model, "Demo");
 */
export function encodeSafetensors(tensors: Readonly<Record<string, SafetensorsTensor>>, metadata: Readonly<Record<string, string>> = {}): Uint8Array {
  const width = (name: string): number => arrays[tensors[name]!.dtype].BYTES_PER_ELEMENT;
  const names = Object.keys(tensors).sort((a, b) => width(b) - width(a) || (a < b ? -1 : 1));
  const header: Record<string, unknown> = {};
  const texts = Object.entries(metadata).sort(([a], [b]) => (a < b ? -1 : 1));
  if (texts.length > 0) header[metadataKey] = Object.fromEntries(texts);
  let end = 0;
  for (const name of names) {
    const { dtype, shape, data } = tensors[name]!;
    if (name === metadataKey) throw new DataError(`Expected a tensor's name, found "${metadataKey}", which safetensors keeps for itself; rename it`);
    if (!(data instanceof arrays[dtype])) throw new DataError(`Expected "${name}" of type ${dtype} as ${arrays[dtype].name}, found ${data.constructor.name}`);
    if (data.length !== size(shape)) throw new DataError(`Expected ${size(shape)} values for "${name}" of shape [${shape.join(", ")}], found ${data.length}`);
    header[name] = { dtype, shape, data_offsets: [end, end + data.byteLength] };
    end += data.byteLength;
  }
  const json = Buffer.from(JSON.stringify(header));
  const start = 8 + Math.ceil(json.length / 8) * 8;
  const bytes = new Uint8Array(start + end);
  new DataView(bytes.buffer).setBigUint64(0, BigInt(start - 8), true);
  bytes.set(json, 8);
  bytes.fill(0x20, 8 + json.length, start); // the format pads its header with spaces
  let offset = start;
  for (const name of names) {
    const { data } = tensors[name]!;
    bytes.set(new Uint8Array(data.buffer, data.byteOffset, data.byteLength), offset);
    offset += data.byteLength;
  }
  return bytes;
}

/**
 * The tensors in the bytes of a safetensors file, each in an array of its own.
 * @param file the name that an error gives
 * @throws DataError naming the file and what is wrong, if it is cut, damaged or has an element type not listed here
 * @example
 * import { decodeSafetensors } from "sessionlab";
 * assert.throws(() => decodeSafetensors(Uint8Array.of(1, 2, 3), "weights.safetensors"), /weights.safetensors: Expected .* 8 bytes/);
 */
export function decodeSafetensors(bytes: Uint8Array, file?: string): SafetensorsFile {
  const fail = (message: string, cause?: unknown): never => {
    throw new DataError(`${message}; the file is cut or damaged: write it again`, { file }, { cause });
  };
  if (bytes.length < 8) return fail(`Expected at least 8 bytes with the header's length, found ${bytes.length}`);
  const announced = new DataView(bytes.buffer, bytes.byteOffset, 8).getBigUint64(0, true);
  if (announced > BigInt(bytes.length - 8)) return fail(`Expected a header of ${announced} bytes, found ${bytes.length - 8} bytes after its length`);
  const start = 8 + Number(announced);
  const header = parseHeader(bytes.subarray(8, start), fail);

  const metadata: Record<string, string> = {};
  const tensors: Record<string, SafetensorsTensor> = {};
  let covered = 0;
  for (const [name, entry] of inFileOrder(header, fail)) {
    const [from, to] = entry.data_offsets;
    if (from !== covered) return fail(`Expected the data of "${name}" to start at byte ${covered}, found ${from}`);
    if (start + to > bytes.length) return fail(`Expected the data of "${name}" to end by byte ${bytes.length - start}, found ${to}`);
    const ArrayType = arrays[entry.dtype] as (typeof arrays)[SafetensorsType] | undefined;
    if (ArrayType === undefined) {
      throw new DataError(`Expected "${name}" to be one of ${Object.keys(arrays).join(", ")}, found ${String(entry.dtype)}; convert it first`, { file });
    }
    const length = size(entry.shape);
    if (to - from !== length * ArrayType.BYTES_PER_ELEMENT) {
      return fail(`Expected ${length * ArrayType.BYTES_PER_ELEMENT} bytes for "${name}" (${entry.dtype} [${entry.shape.join(", ")}]), found ${to - from}`);
    }
    const own = bytes.slice(start + from, start + to); // a copy starts at an aligned address, a view may not
    tensors[name] = { dtype: entry.dtype, shape: entry.shape, data: new ArrayType(own.buffer, own.byteOffset, length) };
    covered = to;
  }
  if (start + covered !== bytes.length) return fail(`Expected ${covered} bytes of tensors, found ${bytes.length - start}`);
  for (const [key, text] of Object.entries((header[metadataKey] ?? {}) as Record<string, unknown>)) {
    if (typeof text !== "string") return fail(`Expected text under "${key}" of the metadata, found ${JSON.stringify(text)}`);
    metadata[key] = text;
  }
  return { tensors, metadata };
}

interface Entry {
  readonly dtype: SafetensorsType;
  readonly shape: readonly number[];
  readonly data_offsets: readonly [number, number];
}

type Fail = (message: string, cause?: unknown) => never;

function parseHeader(bytes: Uint8Array, fail: Fail): Readonly<Record<string, unknown>> {
  let header: unknown;
  try {
    header = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    return fail("Expected the header to be JSON, found something else", error);
  }
  if (typeof header !== "object" || header === null || Array.isArray(header)) return fail("Expected the header to be a JSON object, found another value");
  return header as Readonly<Record<string, unknown>>;
}

/** The entries of the header by where their data start; those without data first. */
function inFileOrder(header: Readonly<Record<string, unknown>>, fail: Fail): readonly (readonly [string, Entry])[] {
  const entries = Object.entries(header).filter(([name]) => name !== metadataKey) as [string, Entry][];
  for (const [name, entry] of entries) {
    const whole = (value: unknown): boolean => Number.isSafeInteger(value) && (value as number) >= 0;
    const good =
      typeof entry === "object" && entry !== null && typeof entry.dtype === "string" &&
      Array.isArray(entry.shape) && entry.shape.every(whole) &&
      Array.isArray(entry.data_offsets) && entry.data_offsets.length === 2 && entry.data_offsets.every(whole);
    if (!good) return fail(`Expected dtype, shape and data_offsets for "${name}", found ${JSON.stringify(entry)}`);
  }
  return entries.sort(([, a], [, b]) => a.data_offsets[0] - b.data_offsets[0] || a.data_offsets[1] - b.data_offsets[1]);
}

function size(shape: readonly number[]): number {
  return shape.reduce((product, length) => product * length, 1);
}
