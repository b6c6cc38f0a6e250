/**
 * One step of a gated recurrent unit (Cho et al., 2014), with the reset gate before the product:
 *   [r u] = sigmoid([x h] W + b);  c = tanh([x (r h)] W_c + b_c);  h' = u h + (1 - u) c.
 * On native one kernel makes the step and one its gradient. Symbols: B sessions, I inputs, H units.
 * Departs: PyTorch's GRU, and GRU4Rec's code on it, reset after the product: c = tanh(W x + b + r (U h + b_h)).
 */
import * as tf from "@tensorflow/tfjs";
import { withGradient } from "../gradient";
import { attribute, isNative, kernel } from "../kernel";
import { product } from "./product";

/** The weights of a GRU step; the rows of each matrix are the inputs', then the units'. */
export interface GruWeights {
  /** [I + H, 2H] the columns of r, then of u. */
  readonly gates: tf.Tensor2D;
  /** [I + H, H] */
  readonly candidate: tf.Tensor2D;
  /** [2H] */
  readonly gateBias: tf.Tensor1D;
  /** [H] */
  readonly candidateBias: tf.Tensor1D;
}

/**
 * The hidden state after one more input. Gradients reach the input, the state and every weight.
 * @param x [B, I]
 * @param hidden [B, H] the state before
 * @returns [B, H]
 * @example
 * import { gruStep, initBackend, tf } from "sessionlab";
 * await initBackend();
 * const weights = { gates: tf.zeros([3, 4]) as tf.Tensor2D, candidate: tf.zeros([3, 2]) as tf.Tensor2D, gateBias: tf.zeros([4]) as tf.Tensor1D, candidateBias: tf.zeros([2]) as tf.Tensor1D };
 * const next = gruStep(tf.ones([1, 1]), tf.tensor2d([[4, -2]]), weights).dataSync(); // gates of one half, a candidate of 0
 * assert.deepEqual(Array.from(next), [2, -1]);
 */
export function gruStep(x: tf.Tensor2D, hidden: tf.Tensor2D, weights: GruWeights): tf.Tensor2D {
  if (!isNative()) return gruStepPortable(x, hidden, weights);
  const type = [attribute.dtype("T", "float32")];
  return withGradient(
    [x, hidden, weights.gates, weights.candidate, weights.gateBias, weights.candidateBias],
    (...inputs) => {
      const [r, u, c, next] = kernel("GRUBlockCell", type, inputs, 4) as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D, tf.Tensor2D];
      return { value: next, keep: [...inputs, r, u, c] };
    },
    (dy, kept) => {
      const [input, before, r] = [kept[0], kept[1], kept[6]] as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D];
      const [dx, dh, dc, dgates] = kernel("GRUBlockCellGrad", type, [...kept, dy], 4) as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D, tf.Tensor2D]; // dc, dgates before tanh, sigmoid
      const dGates = product(tf.concat([input, before], 1), dgates, true, false);
      const dCandidate = product(tf.concat([input, before.mul(r)], 1), dc, true, false);
      return [dx, dh, dGates, dCandidate, dgates.sum(0), dc.sum(0)];
    },
  );
}

/** The plain twin: tfjs operations with automatic gradients. */
export function gruStepPortable(x: tf.Tensor2D, hidden: tf.Tensor2D, { gates, candidate, gateBias, candidateBias }: GruWeights): tf.Tensor2D {
  const both = tf.sigmoid(tf.matMul(tf.concat([x, hidden], 1), gates).add(gateBias)); // [B, 2H]
  const [r, u] = tf.split(both, 2, 1) as [tf.Tensor2D, tf.Tensor2D];
  const c = tf.tanh(tf.matMul(tf.concat([x, hidden.mul(r)], 1) as tf.Tensor2D, candidate).add(candidateBias));
  return u.mul(hidden).add(tf.sub(1, u).mul(c)) as tf.Tensor2D;
}
