/**
 * GRU4Rec's losses, as its official code defines them, over scores whose own targets stand on the diagonal:
 * row b's target is column b; the other lanes' targets and the drawn negatives are the other columns, and one that is the
 * same item as the target counts as a negative all the same.
 * Symbols: B lanes, K negatives.
 */
import * as tf from "@tensorflow/tfjs";
import { withGradient } from "../tensor/gradient";
import { attribute, hasKernels, kernel } from "../tensor/kernel";
import { product } from "../tensor/ops/product";

/** What stands in for a probability of 0. */
const smallest = 1e-24;

/**
 * Softmax cross-entropy of the targets.
 * @param scores [B, B + K]
 * @param correction [B + K] subtracted from the scores: what sampling favours; none if not given
 * @returns scalar, the mean over the lanes
 * @example
 * import { crossEntropyLoss, initBackend, tf } from "sessionlab";
 * await initBackend();
 * const loss = crossEntropyLoss(tf.zeros([1, 4])).dataSync()[0]!;
 * assert.ok(Math.abs(loss - Math.log(4)) < 1e-6);
 */
export function crossEntropyLoss(scores: tf.Tensor2D, correction?: Float32Array): tf.Scalar {
  const logits = correction === undefined ? scores : (scores.sub(tf.tensor2d(correction, [1, correction.length])) as tf.Tensor2D);
  return tf.logSoftmax(logits).mul(diagonal(scores.shape)).sum().div(-scores.shape[0]) as tf.Scalar;
}

/**
 * BPR-max: the target against each negative, weighted by the softmax over the negatives, and a penalty of their scores.
 * @param scores [B, B + K]
 * @param options elu: of the scores, 0 leaves them; penalty: the weight of the second term
 * @returns scalar, the mean over the lanes
 * @example
 * import { bprMaxLoss, initBackend, tf } from "sessionlab";
 * await initBackend();
 * const loss = bprMaxLoss(tf.tensor2d([[2, 0]]), { elu: 0, penalty: 0 }).dataSync()[0]!; // one negative, of weight 1
 * assert.ok(Math.abs(loss - Math.log(1 + Math.exp(-2))) < 1e-6);
 */
export function bprMaxLoss(scores: tf.Tensor2D, options: BprMaxOptions): tf.Scalar {
  if (!hasKernels() || scores.shape[1] < 2) return bprMaxLossComposed(scores, options);
  const attributes = [attribute.float("elu", options.elu), attribute.float("penalty", options.penalty)];
  return withGradient(
    [scores],
    (s) => {
      const [loss, gradient] = kernel("SessionlabBprMax", attributes, [s], 2) as [tf.Tensor1D, tf.Tensor2D];
      return { value: loss.mean() as tf.Scalar, keep: [gradient] as const };
    },
    (dy, [gradient]) => [gradient.mul(dy)],
  );
}

/**
 * The same loss from states and the rows that they are scored against, s = h e' + b: the scores never leave the cache.
 * @param states [B, D]
 * @param rows [B + K, D] of the lanes' own targets, then of the negatives
 * @param bias [B + K, 1]
 * @param scale of the sum over the lanes; the mean's 1 / B if not given
 * @returns scalar
 * @example
 * import { bprMaxRowsLoss, initBackend, tf } from "sessionlab";
 * await initBackend();
 * const loss = bprMaxRowsLoss(tf.ones([1, 1]), tf.tensor2d([[1], [0]]), tf.tensor2d([[1], [0]]), { elu: 0, penalty: 0 }); // scores 2 and 0
 * assert.ok(Math.abs(loss.dataSync()[0]! - Math.log(1 + Math.exp(-2))) < 1e-6);
 */
export function bprMaxRowsLoss(states: tf.Tensor2D, rows: tf.Tensor2D, bias: tf.Tensor2D, options: BprMaxOptions, scale = 1 / states.shape[0]): tf.Scalar {
  if (!hasKernels() || rows.shape[0] < 2) {
    const scores = product(states, rows, false, true).add(bias.reshape([1, rows.shape[0]])) as tf.Tensor2D; // [B, B + K]
    return bprMaxLoss(scores, options).mul(scale * states.shape[0]) as tf.Scalar;
  }
  const attributes = [attribute.float("elu", options.elu), attribute.float("penalty", options.penalty), attribute.float("scale", scale)];
  return withGradient(
    [states, rows, bias],
    (h, e, b) => {
      const [loss, ...gradients] = kernel("SessionlabBprMaxRows", attributes, [h, e, b], 4) as [tf.Tensor1D, tf.Tensor2D, tf.Tensor2D, tf.Tensor1D];
      return { value: loss.sum().mul(scale) as tf.Scalar, keep: gradients };
    },
    (dy, kept) => {
      const whole = dy.dataSync()[0] === 1; // as the root of a training's gradients: a pass over the rows is saved
      return kept.map((one, i) => (i === 2 ? one.reshape([-1, 1]) : one.clone())).map((one) => (whole ? one : one.mul(dy)));
    },
  );
}

/** What BPR-max takes. */
export interface BprMaxOptions {
  readonly elu: number;
  readonly penalty: number;
}

/** The same by tfjs's operations, for the other backends. */
export function bprMaxLossComposed(scores: tf.Tensor2D, { elu, penalty }: BprMaxOptions): tf.Scalar {
  const values = (elu === 0 ? scores : tf.relu(scores).add(tf.exp(tf.minimum(scores, 0)).sub(1).mul(elu))) as tf.Tensor2D;
  const own = diagonal(scores.shape); // [B, B + K]
  const others = tf.sub(1, own);
  const target = values.mul(own).sum(1, true); // [B, 1]
  const weights = tf.softmax(values.sub(own.mul(1e9))).mul(others); // [B, B + K] over the negatives
  const won = tf.sigmoid(target.sub(values)).mul(weights).sum(1); // [B]
  const size = values.square().mul(weights).sum(1).mul(penalty);
  return won.add(smallest).log().neg().add(size).mean() as tf.Scalar;
}

/** 1 where a row's target stands. @returns [B, B + K] */
function diagonal([rows, columns]: readonly [number, number]): tf.Tensor2D {
  const ones = new Float32Array(rows * columns);
  for (let row = 0; row < rows; row++) ones[row * columns + row] = 1;
  return tf.tensor2d(ones, [rows, columns]);
}
