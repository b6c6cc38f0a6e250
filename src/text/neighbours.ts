/** The nearest items of an item by the cosine of their vectors: the look that tells whether vectors mean something. */
import { ConfigError } from "../core/errors";
import { unitRows } from "./encoder";

/** One neighbour. */
export interface NearRow {
  /** Row of the table. */
  readonly row: number;
  /** In [-1, 1]. */
  readonly cosine: number;
}

/**
 * The rows nearest to one, itself left out; of equal ones the first.
 * @param vectors [N, D]
 * @throws ConfigError for a row that is none
 * @example
 * import { nearestRows } from "sessionlab";
 * const vectors = { shape: [3, 2] as const, data: Float32Array.of(1, 0, 0, 1, 2, 1) };
 * assert.deepEqual(nearestRows(vectors, 0, 2).map(({ row }) => row), [2, 1]);
 */
export function nearestRows({ data, shape: [count, dimension] }: { readonly data: Float32Array; readonly shape: readonly [number, number] }, row: number, k = 10): NearRow[] {
  if (!Number.isInteger(row) || row < 0 || row >= count) throw new ConfigError(`Expected a row in 0..${count - 1}, found ${row}`);
  const unit = unitRows(data.slice(), dimension);
  const own = unit.subarray(row * dimension, (row + 1) * dimension);
  const cosines = Float64Array.from({ length: count }, (_, other) => {
    let sum = 0;
    for (let i = 0; i < dimension; i++) sum += own[i]! * unit[other * dimension + i]!;
    return sum;
  });
  const order = Array.from(cosines.keys()).filter((other) => other !== row);
  return order.sort((a, b) => cosines[b]! - cosines[a]! || a - b).slice(0, k).map((other) => ({ row: other, cosine: cosines[other]! }));
}
