/**
 * GELU (Hendrycks and Gimpel, 2016) in its tanh form, with its closed-form gradient:
 *   gelu(x) = x (1 + t) / 2,  t = tanh(sqrt(2/pi) (x + 0.044715 x^3)).
 */
import * as tf from "@tensorflow/tfjs";
import { withGradient } from "../gradient";
import { hasKernels, kernel } from "../kernel";

const factor = Math.sqrt(2 / Math.PI);

/**
 * The activation, entry by entry.
 * @returns the shape of x
 * @example
 * import { gelu, initBackend, tf } from "sessionlab";
 * await initBackend();
 * assert.ok(Math.abs(gelu(tf.tensor1d([1])).dataSync()[0]! - 0.8412) < 1e-4);
 */
export function gelu<T extends tf.Tensor>(x: T): T {
  if (!hasKernels()) return geluComposed(x);
  return withGradient(
    [x],
    (input) => ({ value: kernel("SessionlabGelu", [], [input])[0] as T, keep: [input] as const }),
    (dy, [input]) => kernel("SessionlabGeluGradient", [], [dy, input]),
  );
}

/** The same by tfjs's operations, for the other backends. */
export function geluComposed<T extends tf.Tensor>(x: T): T {
  return withGradient(
    [x],
    (input) => {
      const square = input.square();
      const t = square.mul(0.044715 * factor).add(factor).mul(input).tanh();
      return { value: t.add(1).mul(input).mul(0.5) as T, keep: [input, square, t] as const };
    },
    (dy, [input, square, t]) => {
      const inner = square.mul(3 * 0.044715 * factor).add(factor).mul(input); // d(argument of tanh)/dx times x
      const slope = t.add(1).add(inner.mul(tf.scalar(1).sub(t.square()))).mul(0.5);
      return [dy.mul(slope)];
    },
  );
}
