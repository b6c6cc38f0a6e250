/**
 * A gated recurrent unit over sequences of any length, without padding: the sequences are walked from the longest down,
 * and each step takes those that still go on.
 * Symbols: B sequences, P positions of all of them, I inputs, H units.
 */
import * as tf from "@tensorflow/tfjs";
import { gruStep, type GruWeights } from "./gru";
import { gatherRows } from "./rows";

/**
 * The state after each position; each sequence starts from zero.
 * @param x [P, I] the sequences one after another
 * @param offsets [B + 1] sequence b is rows offsets[b] .. offsets[b + 1), one at least
 * @returns [P, H]
 * @example
 * import { gruSequence, initBackend, tf } from "sessionlab";
 * await initBackend();
 * const zeros = (...shape: [number, number]) => tf.zeros(shape) as tf.Tensor2D;
 * const weights = { gates: zeros(2, 2), candidate: tf.tensor2d([[1], [0]]), gateBias: tf.zeros([2]) as tf.Tensor1D, candidateBias: tf.zeros([1]) as tf.Tensor1D };
 * const states = gruSequence(tf.tensor2d([[1], [0], [1]]), Uint32Array.of(0, 2, 3), weights).dataSync();
 * assert.ok(states[0] === states[2] && states[1] === states[0]! / 2); // the second sequence starts afresh; an input of 0 halves the state
 */
export function gruSequence(x: tf.Tensor2D, offsets: Uint32Array, weights: GruWeights): tf.Tensor2D {
  const count = offsets.length - 1;
  const lengths = Array.from({ length: count }, (_, b) => offsets[b + 1]! - offsets[b]!);
  const order = Array.from(lengths.keys()).sort((a, b) => lengths[b]! - lengths[a]! || a - b);
  const packed = new Int32Array(x.shape[0]); // step by step, the longest sequence first
  const places = new Int32Array(x.shape[0]); // where each position went
  const sizes: number[] = []; // sequences that reach each step
  for (let n = 0, t = 0; n < packed.length; t++) {
    const start = n;
    for (const b of order) {
      if (lengths[b]! <= t) break;
      packed[n] = offsets[b]! + t;
      places[offsets[b]! + t] = n++;
    }
    sizes.push(n - start);
  }
  const inputs = gatherRows(x, packed);
  const states: tf.Tensor2D[] = [];
  let h = tf.zeros([count, weights.candidateBias.shape[0]]) as tf.Tensor2D;
  let from = 0;
  for (const size of sizes) {
    if (h.shape[0] > size) h = h.slice([0, 0], [size, -1]);
    h = gruStep(inputs.slice([from, 0], [size, -1]), h, weights);
    states.push(h);
    from += size;
  }
  return gatherRows(states.length === 1 ? states[0]! : (tf.concat(states, 0) as tf.Tensor2D), places);
}
