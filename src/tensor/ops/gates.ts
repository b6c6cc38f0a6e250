/**
 * The gates of a recurrent unit that resets after the product, as PyTorch's GRUCell and gated graph networks have it:
 *   r = sigmoid(i_r + h_r);  z = sigmoid(i_z + h_z);  n = tanh(i_n + r h_n);  y = n + z (h - n),
 * with [i_r i_z i_n] = x W + b and [h_r h_z h_n] = h U + c made before; the closed-form gradient takes one walk.
 * Symbols: N rows, D units.
 */
import * as tf from "@tensorflow/tfjs";
import { withGradient } from "../gradient";

/**
 * The new state.
 * @param input [N, 3D] from the input: reset, update, new
 * @param state [N, 3D] from the state, in the same order
 * @param hidden [N, D] the state
 * @returns [N, D]
 * @example
 * import { gates, initBackend, tf } from "sessionlab";
 * await initBackend();
 * const next = gates(tf.zeros([1, 3]), tf.zeros([1, 3]), tf.tensor2d([[4]])); // gates of one half, a new state of 0
 * assert.deepEqual(Array.from(next.dataSync()), [2]);
 */
export function gates(input: tf.Tensor2D, state: tf.Tensor2D, hidden: tf.Tensor2D): tf.Tensor2D {
  return withGradient(
    [input, state, hidden],
    (i, s, h) => {
      const { r, z, n, sn } = parts(i, s);
      return { value: n.add(z.mul(h.sub(n))) as tf.Tensor2D, keep: [r, z, n, sn, h] as const };
    },
    (dy, [r, z, n, sn, h]) => {
      const dz = dy.mul(h.sub(n)).mul(z.mul(tf.sub(1, z))); // before the sigmoid
      const dn = dy.mul(tf.sub(1, z)).mul(tf.sub(1, n.square())); // before the tanh
      const dr = dn.mul(sn).mul(r.mul(tf.sub(1, r)));
      return [tf.concat([dr, dz, dn], 1), tf.concat([dr, dz, dn.mul(r)], 1), dy.mul(z)];
    },
  );
}

/** The plain twin: automatic gradients. */
export function gatesPortable(input: tf.Tensor2D, state: tf.Tensor2D, hidden: tf.Tensor2D): tf.Tensor2D {
  const { z, n } = parts(input, state);
  return n.add(z.mul(hidden.sub(n))) as tf.Tensor2D;
}

function parts(input: tf.Tensor2D, state: tf.Tensor2D): Record<"r" | "z" | "n" | "sn", tf.Tensor2D> {
  const [ir, iz, inew] = tf.split(input, 3, 1) as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D];
  const [sr, sz, sn] = tf.split(state, 3, 1) as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D];
  const r = tf.sigmoid(ir.add(sr)) as tf.Tensor2D;
  const z = tf.sigmoid(iz.add(sz)) as tf.Tensor2D;
  return { r, z, n: tf.tanh(inew.add(r.mul(sn))) as tf.Tensor2D, sn };
}
