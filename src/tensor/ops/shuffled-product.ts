/**
 * Sparse products with rows in several orders at once: y_g = A P_g x, P_0 = 1, P_g of shuffle g; and the same by a factor,
 * y_g = (B B' + diag s) P_g x, whose cells are never made. Groups lie below each other. The shuffled rows are never made
 * either: a walk over A's cells looks them up, and the gradient, dx = sum_g P_g' A' dy_g, takes A's rows in the other order.
 * Symbols: R rows, N columns, K columns of a factor, D columns of x, G groups: one more than there are shuffles.
 */
import * as tf from "@tensorflow/tfjs";
import { ConfigError } from "../../core/errors";
import { withGradient } from "../gradient";
import { attribute, hasKernels, kernel } from "../kernel";
import type { SparseTensor } from "../sparse";
import { gatherRows } from "./rows";
import { sparseProduct } from "./sparse-product";

type Held = Omit<SparseTensor, "back" | "dispose">;

/** A matrix B B' + diag s by its factor. */
export interface FactorTensor {
  /** B [N, K] */
  readonly factor: SparseTensor;
  /** s [N, 1] */
  readonly self: tf.Tensor2D;
}

/**
 * The products with a matrix.
 * @param matrix [R, N]
 * @param x [N, D]
 * @param shuffles permutations [N]: row n of P x is row shuffle[n] of x
 * @returns [G R, D]
 * @throws ConfigError when x has another number of rows, or a shuffle is no permutation of them
 * @example
 * import { holdSparse, initBackend, shuffledProduct, sparseFrom, tf } from "sessionlab";
 * await initBackend();
 * const matrix = holdSparse(sparseFrom(1, 2, [0, 0], [0, 1], [1, 10]));
 * assert.deepEqual(Array.from(shuffledProduct(matrix, tf.tensor2d([[2], [3]]), [Int32Array.of(1, 0)]).dataSync()), [32, 23]);
 * matrix.dispose();
 */
export function shuffledProduct(matrix: SparseTensor, x: tf.Tensor2D, shuffles: readonly Int32Array[] = []): tf.Tensor2D {
  const { rows, columns } = matrix.host;
  if (!hasKernels() || rows !== columns) return stacked(x, shuffles, columns, (one) => sparseProduct(matrix, one));
  const { order, inverse } = ordersOf(x, shuffles, columns);
  return withGradient(
    [x],
    (input) => ({ value: spread(matrix, input, order), keep: [] }),
    (dy) => [collect(matrix.back, dy, inverse)],
  );
}

/** The products with a matrix that is held as its factor. @param x [N, D] @returns [G N, D] @throws as `shuffledProduct` */
export function shuffledFactorProduct({ factor, self }: FactorTensor, x: tf.Tensor2D, shuffles: readonly Int32Array[] = []): tf.Tensor2D {
  const { back } = factor;
  const { rows, columns } = factor.host;
  if (!hasKernels()) {
    const there = { ...back, back: factor, dispose: () => undefined };
    return stacked(x, shuffles, rows, (one) => sparseProduct(factor, sparseProduct(there, one)).add(one.mul(self)) as tf.Tensor2D);
  }
  const { order, inverse } = ordersOf(x, shuffles, rows);
  const groups = shuffles.length + 1;
  return withGradient(
    [x],
    (input) => ({ value: spread(factor, spread(back, input, order), asTheyLie(groups, columns), { self, own: input, place: order }), keep: [] }),
    (dy) => [collect(factor, spread(back, dy, asTheyLie(groups, rows)), inverse, { self, own: dy })],
  );
}

/** The plain way, for the other backends: a product for each order. */
function stacked(x: tf.Tensor2D, shuffles: readonly Int32Array[], rows: number, times: (x: tf.Tensor2D) => tf.Tensor2D): tf.Tensor2D {
  check(x, shuffles, rows);
  return tf.concat([times(x), ...shuffles.map((shuffle) => times(gatherRows(x, shuffle)))]) as tf.Tensor2D;
}

interface Orders {
  /** [G][N] of the rows of x. */
  readonly order: readonly Int32Array[];
  /** Where each row went. */
  readonly inverse: readonly Int32Array[];
}

function ordersOf(x: tf.Tensor2D, shuffles: readonly Int32Array[], rows: number): Orders {
  const inverse = check(x, shuffles, rows);
  const same = Int32Array.from({ length: rows }, (_, n) => n);
  return { order: [same, ...shuffles], inverse: [same, ...inverse] };
}

/** @returns the inverse of each shuffle */
function check(x: tf.Tensor2D, shuffles: readonly Int32Array[], rows: number): Int32Array[] {
  if (x.shape[0] !== rows) throw new ConfigError(`Expected a matrix of ${rows} rows, one for each column, found ${x.shape[0]}`);
  return shuffles.map((shuffle) => {
    const inverse = new Int32Array(rows).fill(-1);
    shuffle.forEach((from, n) => (inverse[from] = n));
    if (shuffle.length !== rows || inverse.includes(-1)) throw new ConfigError(`Expected a shuffle that names each of ${rows} rows once, found ${shuffle.length} places; draw it with rng.permutation`);
    return inverse;
  });
}

/** Groups of rows below each other. */
function asTheyLie(groups: number, rows: number): Int32Array[] {
  return Array.from({ length: groups }, (_, g) => Int32Array.from({ length: rows }, (__, n) => g * rows + n));
}

function joined(orders: readonly Int32Array[]): tf.Tensor1D {
  const [first] = orders as [Int32Array];
  const all = new Int32Array(orders.length * first.length);
  orders.forEach((order, g) => all.set(order, g * first.length));
  return tf.tensor1d(all, "int32");
}

function spread({ offsets, column, value }: Held, x: tf.Tensor2D, order: readonly Int32Array[], own?: { readonly self: tf.Tensor2D; readonly own: tf.Tensor2D; readonly place: readonly Int32Array[] }): tf.Tensor2D {
  const beside = own === undefined ? [tf.tensor1d([]), tf.tensor1d([]), tf.tensor1d([], "int32")] : [own.self, own.own, joined(own.place)];
  return kernel("SessionlabSparseSpread", [attribute.float("groups", order.length)], [offsets, column, value, x, joined(order), ...beside])[0] as tf.Tensor2D;
}

function collect({ offsets, column, value }: Held, x: tf.Tensor2D, rows: readonly Int32Array[], own?: { readonly self: tf.Tensor2D; readonly own: tf.Tensor2D }): tf.Tensor2D {
  const beside = own === undefined ? [tf.tensor1d([]), tf.tensor1d([])] : [own.self, own.own];
  return kernel("SessionlabSparseCollect", [attribute.float("groups", rows.length)], [offsets, column, value, x, joined(rows), ...beside])[0] as tf.Tensor2D;
}
