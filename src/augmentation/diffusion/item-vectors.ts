/**
 * Item vectors as diffusion takes them, with unit variance a coordinate (a unit vector has 1/D, and noise of variance 1 would
 * drown it at once), and whether they have collapsed: jointly learnt under the squared error alone, all items may become one
 * point, whose loss is zero (DreamRec's repository, issue 1).
 * Symbols: V items, D dimensions.
 */
import type { ItemVectors } from "../../models/item-table";

/** Vectors of mean 0 and variance 1 a coordinate, and what they were. */
export interface StandardVectors extends ItemVectors {
  /** [D] */
  readonly mean: Float32Array;
  /** [D]; 1 for a coordinate that never varies. */
  readonly sd: Float32Array;
}

/**
 * Standardises each coordinate.
 * @example
 * import { standardise } from "sessionlab";
 * const { data, mean, sd } = standardise({ shape: [2, 2], data: Float32Array.of(1, 5, 3, 5) });
 * assert.deepEqual([[...data], [...mean], [...sd]], [[-1, 0, 1, 0], [2, 5], [1, 1]]);
 */
export function standardise({ shape, data }: ItemVectors): StandardVectors {
  const [rows, columns] = shape;
  const { mean, variance } = momentsOf(data, rows, columns);
  const sd = Float32Array.from(variance, (one) => (one > 1e-12 ? Math.sqrt(one) : 1));
  return { shape, data: data.map((value, at) => (value - mean[at % columns]!) / sd[at % columns]!), mean: Float32Array.from(mean), sd };
}

function momentsOf(data: Float32Array, rows: number, columns: number): { readonly mean: Float64Array; readonly variance: Float64Array } {
  const [mean, variance] = [new Float64Array(columns), new Float64Array(columns)];
  data.forEach((value, at) => (mean[at % columns]! += value / rows));
  data.forEach((value, at) => (variance[at % columns]! += (value - mean[at % columns]!) ** 2 / rows));
  return { mean, variance };
}

/** How near vectors are to being one. */
export interface Collapse {
  /** Mean cosine over all pairs of items: near 0 for standardised vectors, 1 where all are one. */
  readonly cosine: number;
  /** Mean variance a coordinate, and the least: 1 for standardised vectors. */
  readonly variance: number;
  readonly leastVariance: number;
  /** A mean cosine above .5, or less than a tenth of the unit variance. */
  readonly collapsed: boolean;
}

/**
 * Measures it.
 * @example
 * import { collapseOf } from "sessionlab";
 * assert.equal(collapseOf({ shape: [2, 2], data: Float32Array.of(1, -1, -1, 1) }).collapsed, false);
 * assert.equal(collapseOf({ shape: [2, 2], data: Float32Array.of(2, 1, 2, 1.1) }).collapsed, true);
 */
export function collapseOf({ shape: [rows, columns], data }: ItemVectors): Collapse {
  const { variance } = momentsOf(data, rows, columns);
  const sum = new Float64Array(columns);
  let own = 0;
  for (let row = 0; row < rows; row++) {
    const vector = data.subarray(row * columns, (row + 1) * columns);
    const norm = Math.sqrt(vector.reduce((total, value) => total + value * value, 0));
    if (norm === 0) continue;
    own += 1;
    vector.forEach((value, column) => (sum[column]! += value / norm));
  }
  const cosine = rows < 2 ? 1 : (sum.reduce((total, value) => total + value * value, 0) - own) / (rows * (rows - 1));
  const mean = variance.reduce((total, one) => total + one, 0) / columns;
  return { cosine, variance: mean, leastVariance: Math.min(...variance), collapsed: cosine > 0.5 || mean < 0.1 };
}
