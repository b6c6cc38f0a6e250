/**
 * Rows of unit length, with the closed-form gradient: y = x / |x|;  dx = (dy - y (y . dy)) / |x|.
 * A row shorter than 1e-12 is divided by that, as PyTorch's normalize does.
 */
import * as tf from "@tensorflow/tfjs";
import { withGradient } from "../gradient";
import { hasKernels, kernel } from "../kernel";

const smallest = 1e-12;

/**
 * Each row over its Euclidean length.
 * @param x [N, D]
 * @returns [N, D]
 * @example
 * import { initBackend, normaliseRows, tf } from "sessionlab";
 * await initBackend();
 * assert.deepEqual(Array.from(normaliseRows(tf.tensor2d([[3, 4], [0, 0]])).dataSync(), (v) => Math.round(10 * v)), [6, 8, 0, 0]);
 */
export function normaliseRows(x: tf.Tensor2D): tf.Tensor2D {
  if (!hasKernels()) return normaliseRowsComposed(x);
  return withGradient(
    [x],
    (input) => {
      const [y, inverse] = kernel("SessionlabNormalise", [], [input], 2) as [tf.Tensor2D, tf.Tensor1D];
      return { value: y, keep: [y, inverse] as const };
    },
    (dy, [y, inverse]) => kernel("SessionlabNormaliseGradient", [], [dy, y, inverse]),
  );
}

/** The same by tfjs's operations, for the other backends. */
export function normaliseRowsComposed(x: tf.Tensor2D): tf.Tensor2D {
  return withGradient(
    [x],
    (input) => {
      const inverse = tf.reciprocal(input.square().sum(1, true).sqrt().maximum(smallest)); // [N, 1]
      const y = input.mul(inverse) as tf.Tensor2D;
      return { value: y, keep: [y, inverse] as const };
    },
    (dy, [y, inverse]) => [dy.sub(y.mul(dy.mul(y).sum(1, true))).mul(inverse)],
  );
}

/** The plain twin: automatic gradients; no row may be zero. */
export function normaliseRowsPortable(x: tf.Tensor2D): tf.Tensor2D {
  return x.div(tf.norm(x, "euclidean", 1, true)) as tf.Tensor2D;
}
