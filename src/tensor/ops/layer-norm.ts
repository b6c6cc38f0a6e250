/**
 * Layer normalisation over the last axis (Ba, Kiros and Hinton, 2016): y = g * xhat + b,
 * xhat = (x - mean) / sqrt(var + eps), with its closed-form gradient; automatic differentiation triples the cost.
 *   dx = (dy g - mean(dy g) - xhat mean(dy g xhat)) / sqrt(var + eps)
 * On a native CPU a kernel of ours does each direction in one pass.
 */
import * as tf from "@tensorflow/tfjs";
import { withGradient } from "../gradient";
import { attribute, hasKernels, kernel } from "../kernel";

/**
 * The normalisation, row by row.
 * @param x [N, D]
 * @param gain [D]
 * @param bias [D]
 * @returns [N, D]
 * @example
 * import { initBackend, layerNorm, tf } from "sessionlab";
 * await initBackend();
 * const y = layerNorm(tf.tensor2d([[1, 3]]), tf.ones([2]), tf.zeros([2]), 0);
 * assert.deepEqual(Array.from(y.dataSync(), (value) => Math.round(value * 1e4) / 1e4), [-1, 1]);
 */
export function layerNorm(x: tf.Tensor2D, gain: tf.Tensor1D, bias: tf.Tensor1D, epsilon = 1e-6): tf.Tensor2D {
  return hasKernels() ? layerNormKernel(x, gain, bias, epsilon) : layerNormComposed(x, gain, bias, epsilon);
}

function layerNormKernel(x: tf.Tensor2D, gain: tf.Tensor1D, bias: tf.Tensor1D, epsilon: number): tf.Tensor2D {
  return withGradient(
    [x, gain, bias],
    (input, g, b) => {
      const [y, mean, inverse] = kernel("SessionlabLayerNorm", [attribute.float("epsilon", epsilon)], [input, g, b], 3) as [tf.Tensor2D, tf.Tensor, tf.Tensor];
      return { value: y, keep: [input, g, mean, inverse] as const };
    },
    (dy, [input, g, mean, inverse]) => kernel("SessionlabLayerNormGradient", [], [dy, input, g, mean, inverse], 3),
  );
}

/** The same by tfjs's operations, for the other backends. */
export function layerNormComposed(x: tf.Tensor2D, gain: tf.Tensor1D, bias: tf.Tensor1D, epsilon = 1e-6): tf.Tensor2D {
  return withGradient(
    [x, gain, bias],
    (input, g, b) => {
      const centred = input.sub(input.mean(1, true)); // [N, D]
      const inverse = centred.square().mean(1, true).add(epsilon).rsqrt(); // [N, 1]
      const normal = centred.mul(inverse); // [N, D]
      return { value: normal.mul(g).add(b) as tf.Tensor2D, keep: [normal, inverse, g] as const };
    },
    (dy, [normal, inverse, g]) => {
      const scaled = dy.mul(g); // [N, D]
      const along = scaled.mul(normal).mean(1, true); // [N, 1]
      const dx = scaled.sub(scaled.mean(1, true)).sub(normal.mul(along)).mul(inverse);
      return [dx, dy.mul(normal).sum(0), dy.sum(0)];
    },
  );
}

/** The plain twin: tfjs operations with automatic gradients. */
export function layerNormPortable(x: tf.Tensor2D, gain: tf.Tensor1D, bias: tf.Tensor1D, epsilon = 1e-6): tf.Tensor2D {
  const centred = x.sub(x.mean(1, true));
  const variance = centred.square().mean(1, true);
  return centred.div(variance.add(epsilon).sqrt()).mul(gain).add(bias) as tf.Tensor2D;
}
