/** a + scale b in one pass over both, without a gradient: for optimisers. */
import type * as tf from "@tensorflow/tfjs";
import { attribute, hasKernels, kernel } from "../kernel";

/** The sum. @param a any shape @param b of the same shape */
export function addScaled(a: tf.Tensor, b: tf.Tensor, scale: number): tf.Tensor {
  return hasKernels() ? kernel("SessionlabAddScaled", [attribute.float("scale", scale)], [a, b])[0]! : addScaledComposed(a, b, scale);
}

/** The same by tfjs's operations, for the other backends. */
export function addScaledComposed(a: tf.Tensor, b: tf.Tensor, scale: number): tf.Tensor {
  return a.add(b.mul(scale));
}
