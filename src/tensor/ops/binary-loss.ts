/**
 * Binary cross-entropy with sampled negatives (SASRec, Eq. 6): for each target the log-odds of the positive go up,
 * those of its negatives down:  mean_n [ softplus(-h_n . e_pos) + sum_k softplus(h_n . e_neg(n,k)) ].
 */
import * as tf from "@tensorflow/tfjs";
import { gatherRows } from "./rows";

/**
 * The binary loss against sampled negatives.
 * @param hidden [N, D]
 * @param table [V, D]
 * @param positives [N] inside ids
 * @param negatives [N * K] inside ids, K for each target, target by target
 * @returns scalar, nats per target
 * @example
 * import { binaryLoss, initBackend, tf } from "sessionlab";
 * await initBackend();
 * const loss = binaryLoss(tf.zeros([1, 2]), tf.zeros([3, 2]), Int32Array.of(0), Int32Array.of(1)).dataSync()[0]!;
 * assert.ok(Math.abs(loss - 2 * Math.log(2)) < 1e-6);
 */
export function binaryLoss(hidden: tf.Tensor2D, table: tf.Tensor2D, positives: Int32Array, negatives: Int32Array): tf.Scalar {
  const [count, width] = hidden.shape;
  const each = negatives.length / count; // K
  const positive = hidden.mul(gatherRows(table, positives)).sum(1); // [N]
  const negative = hidden.expandDims(1).mul(gatherRows(table, negatives).reshape([count, each, width])).sum(2); // [N, K]
  return tf.softplus(positive.neg()).sum().add(tf.softplus(negative).sum()).div(count) as tf.Scalar;
}
