/**
 * numpy's .npy files (format 1.0 to 3.0): a magic word, a header that is a Python literal, then the numbers.
 * https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html
 */
import { readFileSync } from "node:fs";
import { DataError } from "../core/errors";

/** How a number of each type is read. */
const readers: Readonly<Record<string, { readonly width: number; readonly read: (view: DataView, at: number, little: boolean) => number }>> = {
  f2: { width: 2, read: (view, at, little) => halfOf(view.getUint16(at, little)) },
  f4: { width: 4, read: (view, at, little) => view.getFloat32(at, little) },
  f8: { width: 8, read: (view, at, little) => view.getFloat64(at, little) },
};

/** A matrix, row-major. */
export interface Matrix {
  readonly shape: readonly [number, number];
  readonly data: Float64Array;
}

/**
 * Reads a matrix of floating-point numbers.
 * @throws DataError naming the file if it is damaged, or holds something else
 */
export function readNpy(file: string): Matrix {
  const bytes = readFileSync(file);
  const fail = (message: string): never => {
    throw new DataError(message, { file });
  };
  const major = bytes[6] ?? 0;
  const start = major === 1 ? 10 : 12;
  if (bytes.length < start || ![1, 2, 3].includes(major)) return fail("Expected an npy file of format 1 to 3, found another; save it again with numpy.save");
  const end = start + (major === 1 ? bytes.readUInt16LE(8) : bytes.readUInt32LE(8));
  const header = bytes.subarray(start, end).toString("utf8");
  const type = /'descr':\s*'([^']*)'/.exec(header)?.[1] ?? "none";
  const order = /'fortran_order':\s*(True|False)/.exec(header)?.[1];
  const sides = /'shape':\s*\(([\d\s,]*)\)/.exec(header)?.[1];
  if (end > bytes.length || order === undefined || sides === undefined) return fail("Expected an npy header, found a damaged one; save it again");
  const shape = sides.split(",").flatMap((side) => (side.trim() === "" ? [] : [Number(side)]));
  if (shape.length !== 2) return fail(`Expected a matrix, a row an item, found the shape (${shape.join(", ")}); reshape it`);
  const kind = readers[type.slice(1)];
  if (kind === undefined || !/^[<>=|]/.test(type)) return fail(`Expected numbers of type float16, float32 or float64, found "${type}"; convert it with astype`);
  const [rows, columns] = shape as [number, number];
  if (bytes.length - end !== rows * columns * kind.width) return fail(`Expected ${rows * columns * kind.width} bytes of numbers for the shape (${rows}, ${columns}), found ${bytes.length - end}; the file is cut or damaged`);
  const view = new DataView(bytes.buffer, bytes.byteOffset + end, bytes.length - end);
  const little = !type.startsWith(">");
  const data = new Float64Array(rows * columns);
  for (let n = 0; n < data.length; n++) {
    const to = order === "True" ? (n % rows) * columns + Math.floor(n / rows) : n; // columns first in Fortran's order
    data[to] = kind.read(view, n * kind.width, little);
  }
  return { shape: [rows, columns], data };
}

/** IEEE 754 binary16. */
function halfOf(bits: number): number {
  const [sign, exponent, fraction] = [bits >> 15 === 0 ? 1 : -1, (bits >> 10) & 31, bits & 1023];
  if (exponent === 31) return fraction === 0 ? sign * Infinity : NaN;
  return sign * (exponent === 0 ? fraction * 2 ** -24 : (1 + fraction / 1024) * 2 ** (exponent - 15));
}
