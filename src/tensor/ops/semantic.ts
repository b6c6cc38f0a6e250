/**
 * What stands between the sparse products of a graph encoder, each in one walk over its rows with a closed-form gradient:
 *   PReLU of rows with a bias;  the mean of a hidden layer, m_g = mean_n tanh(x_n W + b);  a weighed sum, y_g = sum_p beta_gp x_p.
 * Rows lie in G groups of as many each, below each other.
 * Symbols: N rows of all groups, D columns, S hidden units, P tensors.
 */
import * as tf from "@tensorflow/tfjs";
import { withGradient } from "../gradient";
import { attribute, hasKernels, kernel } from "../kernel";
import { linear } from "./linear";

/**
 * PReLU(x + bias): below 0 times the slope.
 * @param x [N, D]
 * @param bias [D]
 * @param slope [1]
 * @returns [N, D]
 * @example
 * import { biasedPrelu, initBackend, tf } from "sessionlab";
 * await initBackend();
 * assert.deepEqual(Array.from(biasedPrelu(tf.tensor2d([[1, -3]]), tf.tensor1d([1, 1]), tf.tensor1d([0.25])).dataSync()), [2, -0.5]);
 */
export function biasedPrelu(x: tf.Tensor2D, bias: tf.Tensor1D, slope: tf.Tensor1D): tf.Tensor2D {
  if (!hasKernels()) return biasedPreluPortable(x, bias, slope);
  return withGradient(
    [x, bias, slope],
    (input, b, s) => ({ value: kernel("SessionlabBiasedPrelu", [], [input, b, s])[0] as tf.Tensor2D, keep: [input, b, s] as const }),
    (dy, kept) => kernel("SessionlabBiasedPreluGradient", [], [dy, ...kept], 3),
  );
}

/** The plain twin. */
export function biasedPreluPortable(x: tf.Tensor2D, bias: tf.Tensor1D, slope: tf.Tensor1D): tf.Tensor2D {
  return tf.prelu(x.add(bias), slope) as tf.Tensor2D;
}

/**
 * The means of a hidden layer over groups of rows.
 * @param x [N, D]
 * @param weight [D, S]
 * @param bias [S]
 * @returns [G, S]
 * @example
 * import { hiddenMeans, initBackend, tf } from "sessionlab";
 * await initBackend();
 * const means = hiddenMeans(tf.tensor2d([[1], [-1], [9]]), tf.ones([1, 1]), tf.zeros([1]), 3).dataSync();
 * assert.ok(Math.abs(means[0]! - Math.tanh(1)) < 1e-6 && means[2]! > 0.999);
 */
export function hiddenMeans(x: tf.Tensor2D, weight: tf.Tensor2D, bias: tf.Tensor1D, groups: number): tf.Tensor2D {
  if (!hasKernels()) return hiddenMeansPortable(x, weight, bias, groups);
  return withGradient(
    [x, weight, bias],
    (input, w, b) => {
      const [means, inner] = kernel("SessionlabHiddenMeans", [attribute.float("groups", groups)], [input, w, b], 2) as [tf.Tensor2D, tf.Tensor2D];
      return { value: means, keep: [input, w, inner] as const };
    },
    (dy, kept) => kernel("SessionlabHiddenMeansGradient", [], [dy, ...kept], 3),
  );
}

/** The plain twin. */
export function hiddenMeansPortable(x: tf.Tensor2D, weight: tf.Tensor2D, bias: tf.Tensor1D, groups: number): tf.Tensor2D {
  const inner = tf.tanh(linear(x, weight, bias)); // [N, S]
  return inner.reshape([groups, x.shape[0] / groups, bias.shape[0]]).mean(1) as tf.Tensor2D;
}

/**
 * The sum of tensors, each weighed by group.
 * @param parts P of [N, D]
 * @param beta [G, P]
 * @returns [N, D]
 * @example
 * import { initBackend, tf, weighedSum } from "sessionlab";
 * await initBackend();
 * const parts = [tf.tensor2d([[1], [1]]), tf.tensor2d([[10], [10]])];
 * assert.deepEqual(Array.from(weighedSum(parts, tf.tensor2d([[2, 1], [0, 3]])).dataSync()), [12, 30]);
 */
export function weighedSum(parts: readonly tf.Tensor2D[], beta: tf.Tensor2D): tf.Tensor2D {
  if (!hasKernels()) return weighedSumPortable(parts, beta);
  const count = attribute.int("N", parts.length);
  return withGradient(
    [beta, ...parts],
    (weights, ...xs) => ({ value: kernel("SessionlabWeighed", [count], [weights, ...xs])[0] as tf.Tensor2D, keep: [weights, ...xs] }),
    (dy, kept) => kernel("SessionlabWeighedGradient", [count], [dy, ...kept], 1 + parts.length),
  );
}

/** The plain twin. */
export function weighedSumPortable(parts: readonly tf.Tensor2D[], beta: tf.Tensor2D): tf.Tensor2D {
  const [groups] = beta.shape;
  const sums = parts.map((part, p) => part.reshape([groups, -1]).mul(beta.slice([0, p], [groups, 1])));
  return tf.addN(sums).reshape(parts[0]!.shape) as tf.Tensor2D;
}
