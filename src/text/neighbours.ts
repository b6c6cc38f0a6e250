/** The nearest items of an item by the cosine of their vectors: the look that tells whether vectors mean something. */
import { ConfigError } from "../core/errors";

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
export function nearestRows(vectors: Vectors, row: number, k = 10): NearRow[] {
  const { data, shape: [count, dimension] } = vectors;
  if (!Number.isInteger(row) || row < 0 || row >= count) throw new ConfigError(`Expected a row in 0..${count - 1}, found ${row}`);
  return rankedByCosine(vectors, data.subarray(row * dimension, (row + 1) * dimension)).filter((one) => one.row !== row).slice(0, k);
}

/** Rows of vectors: [N, D]. */
interface Vectors {
  readonly data: Float32Array;
  readonly shape: readonly [number, number];
}

/**
 * All rows by the cosine with a vector, the nearest first; of equal ones the first. A vector of no length is as near as one at a right angle.
 * @param vector [D]
 * @param origin [D] from where they are looked at; default zero
 */
export function rankedByCosine({ data, shape: [count, dimension] }: Vectors, vector: Float32Array, origin = new Float64Array(dimension)): NearRow[] {
  const cosines = Float64Array.from({ length: count }, (_, row) => {
    let [dot, one, other] = [0, 0, 0];
    for (let d = 0; d < dimension; d++) {
      const [x, y] = [vector[d]! - origin[d]!, data[row * dimension + d]! - origin[d]!];
      dot += x * y;
      one += x * x;
      other += y * y;
    }
    return dot === 0 ? 0 : dot / Math.sqrt(one * other);
  });
  return Array.from(cosines.keys()).sort((a, b) => cosines[b]! - cosines[a]! || a - b).map((row) => ({ row, cosine: cosines[row]! }));
}
