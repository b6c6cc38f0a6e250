/**
 * Matrix products with transposed factors. tfjs's wasm backend multiplies seven times as fast when neither factor is
 * transposed (XNNPACK's product; else a plain loop), so there a factor is turned round first.
 */
import * as tf from "@tensorflow/tfjs";

/**
 * A B with either factor transposed: tf.matMul, fast on every backend.
 * @param a [..., M, K], or [..., K, M] where `transposeA`
 * @param b [..., K, N], or [..., N, K] where `transposeB`
 * @returns [..., M, N]
 */
export function product<T extends tf.Tensor>(a: T, b: T, transposeA = false, transposeB = false): T {
  if (tf.getBackend() !== "wasm") return tf.matMul(a, b, transposeA, transposeB) as T;
  return tf.tidy(() => tf.matMul(transposeA ? turned(a) : a, transposeB ? turned(b) : b) as T);
}

/** The last two axes exchanged. */
function turned(x: tf.Tensor): tf.Tensor {
  const axes = x.shape.map((_, axis) => axis);
  return tf.transpose(x, [...axes.slice(0, -2), axes.length - 1, axes.length - 2]);
}
