/**
 * Softmax cross-entropy over the catalogue, from hidden states: mean_n -log softmax(h_n E^T)[t_n].
 * Symbols: N targets, D dimensions, V items. Logits are made once and overwritten by their gradient's twin:
 *   dL/dlogits = (softmax(logits) - onehot(t)) / N;   dL/dh = dlogits E;   dL/dE = dlogits^T h.
 */
import * as tf from "@tensorflow/tfjs";
import { withGradient } from "../gradient";
import { attribute, isNative, kernel } from "../kernel";

/**
 * The exact softmax loss. Gradients reach both the hidden states and the table.
 * @param hidden [N, D]
 * @param table [V, D]
 * @param targets [N] int32 in [0, V)
 * @returns scalar, nats per target
 * @example
 * import { initBackend, softmaxLoss, tf } from "sessionlab";
 * await initBackend();
 * const loss = softmaxLoss(tf.zeros([2, 3]), tf.zeros([4, 3]), tf.tensor1d([0, 3], "int32"));
 * assert.ok(Math.abs(loss.dataSync()[0]! - Math.log(4)) < 1e-6);
 */
export function softmaxLoss(hidden: tf.Tensor2D, table: tf.Tensor2D, targets: tf.Tensor1D): tf.Scalar {
  const count = targets.shape[0];
  return withGradient(
    [hidden, table],
    (h, e) => {
      const { losses, logitsGradient } = crossEntropy(tf.matMul(h, e, false, true), targets); // [N], [N, V]
      return { value: losses.mean() as tf.Scalar, keep: [h, e, logitsGradient] as const };
    },
    (dy, [h, e, logitsGradient]) => {
      const scale = dy.div(count);
      return [tf.matMul(logitsGradient, e).mul(scale), tf.matMul(logitsGradient, h.mul(scale), true, false)]; // [N, D], [V, D]
    },
  );
}

/** Cross-entropy of each row, and its gradient. @returns losses [N], logitsGradient [N, V] = softmax - onehot */
export function crossEntropy(logits: tf.Tensor2D, targets: tf.Tensor1D): { losses: tf.Tensor1D; logitsGradient: tf.Tensor2D } {
  if (isNative()) {
    const attributes = [attribute.dtype("T", "float32"), attribute.dtype("Tlabels", "int32")];
    const [losses, logitsGradient] = kernel("SparseSoftmaxCrossEntropyWithLogits", attributes, [logits, targets], 2);
    return { losses: losses as tf.Tensor1D, logitsGradient: logitsGradient as tf.Tensor2D };
  }
  return crossEntropyPortable(logits, targets);
}

/** The plain twin of the fused kernel. */
export function crossEntropyPortable(logits: tf.Tensor2D, targets: tf.Tensor1D): { losses: tf.Tensor1D; logitsGradient: tf.Tensor2D } {
  const [rows, items] = logits.shape;
  return tf.tidy(() => {
    const shifted = logits.sub(logits.max(1, true)); // [N, V]
    const exponentials = shifted.exp();
    const sums = exponentials.sum(1, true); // [N, 1]
    const places = tf.stack([tf.range(0, rows, 1, "int32"), targets], 1); // [N, 2]
    const losses = sums.log().squeeze([1]).sub(tf.gatherND(shifted, places)) as tf.Tensor1D;
    const onehot = tf.scatterND(places, tf.ones([rows]), [rows, items]);
    return { losses, logitsGradient: exponentials.div(sums).sub(onehot) as tf.Tensor2D };
  });
}
