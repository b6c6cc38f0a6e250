/**
 * The softmax loss against popularity, without further data: what any augmentation for less popular items is held against.
 *   logQ         L = -log softmax(f + a log q)[t], q the items' training frequencies: what is popular needs less score of its own
 *                in training, and scores without the term are used (Menon et al., ICLR 2021; logQ correction, Yi et al., RecSys 2019)
 *   propensity   L = sum_n w_n L_n / N,  w proportional to q[t]^-b, of mean 1 over the batch (inverse propensities, Schnabel et al.,
 *                ICML 2016; b below 1 keeps the variance down, as in Yang et al., RecSys 2018)
 * Symbols: N targets, V items, D dimensions.
 * Departs: the full softmax is corrected, not a sampled one: logQ is a logit adjustment then.
 */
import * as tf from "@tensorflow/tfjs";
import { rules } from "../core/options";
import type { TrainSessions } from "../data/types";
import { trainingCounts } from "../evaluation/strata";
import { softmaxLoss } from "../tensor/ops/softmax-loss";

/** Options of the models that have it. */
export interface Debias {
  /** a; absent is 0. */
  readonly logQ?: number;
  /** b; absent is 0. */
  readonly propensity?: number;
}

/** Their rules, for `resolveOptions`. */
export const debiasRules = { logQ: rules.orAbsent(rules.notNegative), propensity: rules.orAbsent(rules.notNegative) } as const;

/** A loss over the catalogue. */
export type CatalogueLoss = (hidden: tf.Tensor2D, table: tf.Tensor2D, targets: Int32Array) => tf.Scalar;

/**
 * The loss of a training.
 * @param train what frequencies are counted in; an item without events counts as one event
 * @example
 * import { catalogueLoss, initBackend, tf } from "sessionlab";
 * await initBackend();
 * const train = { role: "train", hash: "", items: { ids: ["a", "b"], trained: 2 }, offsets: Uint32Array.of(0, 4), item: Int32Array.of(1, 1, 1, 0) } as const;
 * const loss = catalogueLoss({ logQ: 1 }, train)(tf.zeros([1, 3]), tf.zeros([2, 3]), Int32Array.of(0));
 * assert.ok(Math.abs(loss.dataSync()[0]! - Math.log(4)) < 1e-6); // a is one of four events
 */
export function catalogueLoss({ logQ = 0, propensity = 0 }: Debias, train: TrainSessions): CatalogueLoss {
  if (logQ === 0 && propensity === 0) return softmaxLoss;
  const counts = Float64Array.from(trainingCounts(train), (count) => Math.max(1, count));
  const total = counts.reduce((sum, count) => sum + count, 0);
  const shift = Float32Array.from(counts, (count) => logQ * Math.log(count / total));
  const adjusted = (hidden: tf.Tensor2D, table: tf.Tensor2D): [tf.Tensor2D, tf.Tensor2D] =>
    logQ === 0 ? [hidden, table] : [tf.concat([hidden, tf.ones([hidden.shape[0], 1])], 1), tf.concat([table, tf.tensor2d(shift, [shift.length, 1])], 1)];
  if (propensity === 0) return (hidden, table, targets) => softmaxLoss(...adjusted(hidden, table), targets);
  return (hidden, table, targets) => {
    const raw = Float32Array.from(targets, (target) => counts[target]! ** -propensity);
    const mean = raw.reduce((sum, one) => sum + one, 0) / raw.length;
    return weightedSoftmaxLoss(...adjusted(hidden, table), targets, raw.map((one) => one / mean));
  };
}

/** The softmax loss with a weight for each target, by tfjs's operations. */
function weightedSoftmaxLoss(hidden: tf.Tensor2D, table: tf.Tensor2D, targets: Int32Array, weights: Float32Array): tf.Scalar {
  const logits = tf.matMul(hidden, table, false, true); // [N, V]
  const own = hidden.mul(tf.gather(table, tf.tensor1d(targets, "int32"))).sum(1); // [N]
  return tf.logSumExp(logits, 1).sub(own).mul(tf.tensor1d(weights)).mean() as tf.Scalar;
}
