/** A linear layer with its closed-form gradient: y = x W + b; dx = dy W^T, dW = x^T dy, db = sum(dy). */
import * as tf from "@tensorflow/tfjs";
import { withGradient } from "../gradient";
import { product } from "./product";

/**
 * The layer.
 * @param x [N, D]
 * @param weight [D, E]
 * @param bias [E]
 * @returns [N, E]
 * @example
 * import { initBackend, linear, tf } from "sessionlab";
 * await initBackend();
 * const y = linear(tf.tensor2d([[1, 2]]), tf.tensor2d([[1, 0], [0, 1]]), tf.tensor1d([10, 20]));
 * assert.deepEqual(Array.from(y.dataSync()), [11, 22]);
 */
export function linear(x: tf.Tensor2D, weight: tf.Tensor2D, bias: tf.Tensor1D): tf.Tensor2D {
  return withGradient(
    [x, weight, bias],
    (input, w, b) => ({ value: tf.matMul(input, w).add(b) as tf.Tensor2D, keep: [input, w] as const }),
    (dy, [input, w]) => [product(dy, w, false, true), product(input, dy, true, false), dy.sum(0)],
  );
}
