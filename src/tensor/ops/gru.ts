/**
 * One step of a gated recurrent unit (Cho et al., 2014), with the reset gate before the product:
 *   [r u] = sigmoid([x h] W + b);  c = tanh([x (r h)] W_c + b_c);  h' = u h + (1 - u) c.
 * On a CPU one kernel of src/tensor/native makes the step, and one its gradient, products included.
 * Symbols: B sessions, I inputs, H units.
 * Departs: PyTorch's GRU, and GRU4Rec's code on it, reset after the product: c = tanh(W x + b + r (U h + b_h)).
 */
import * as tf from "@tensorflow/tfjs";
import { withGradient } from "../gradient";
import { attribute, hasKernels, kernel } from "../kernel";

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

/** What a step's gradient may leave out. */
export interface GruOptions {
  /** The state before is not learnt through: its gradient is not made whole, and must not be asked for. */
  readonly fixedState?: boolean;
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
export function gruStep(x: tf.Tensor2D, hidden: tf.Tensor2D, weights: GruWeights, options: GruOptions = {}): tf.Tensor2D {
  if (!hasKernels()) return gruStepPortable(x, hidden, weights);
  const attributes = [attribute.float("state", options.fixedState === true ? 0 : 1)];
  return withGradient(
    [x, hidden, weights.gates, weights.candidate, weights.gateBias, weights.candidateBias],
    (input, before, gateWeights, candidateWeights, gateBias, candidateBias) => {
      const inputs = [input, before, gateWeights, gateBias, candidateWeights, candidateBias];
      const [next, gates, kept, candidate] = kernel("SessionlabGruStep", [], inputs, 4) as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D, tf.Tensor2D];
      return { value: next, keep: [input, before, gateWeights, candidateWeights, gates, kept, candidate] as const };
    },
    (dy, kept) => {
      const [dx, dHidden, dGates, dGateBias, dCandidate, dCandidateBias] = kernel("SessionlabGruStepGradient", attributes, [dy, ...kept], 6) as [tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor, tf.Tensor];
      return [dx, dHidden, dGates, dCandidate, dGateBias, dCandidateBias];
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
