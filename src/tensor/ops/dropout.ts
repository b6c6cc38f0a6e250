/**
 * Dropout (Srivastava et al., 2014) with a mask drawn by the seeded Rng, so that the mask, and with it the
 * training, is the same on every backend. The keep-probability is a multiple of 1/256 and is corrected for.
 */
import * as tf from "@tensorflow/tfjs";
import type { Rng } from "../../core/rng";

/**
 * Zeroes each entry with probability `rate` and scales the others, so that the expectation stays.
 * @param rate in [0, 1); 0 returns x itself
 * @returns the shape of x
 * @example
 * import { dropout, initBackend, Rng, tf } from "sessionlab";
 * await initBackend();
 * const mean = dropout(tf.ones([10000]), 0.5, new Rng(1)).mean().dataSync()[0]!;
 * assert.ok(Math.abs(mean - 1) < 0.05);
 */
export function dropout<T extends tf.Tensor>(x: T, rate: number, rng: Rng): T {
  if (rate === 0) return x;
  const scaled = dropoutMask(x.shape, rate, rng);
  return x.mul(scaled) as T;
}

/** The mask itself: 0, or 1 over the keep-probability. */
export function dropoutMask(shape: readonly number[], rate: number, rng: Rng): tf.Tensor {
  const size = shape.reduce((product, side) => product * side, 1);
  const { mask, keep } = rng.mask(size, 1 - rate);
  return tf.tidy(() => tf.tensor(mask, shape as number[], "bool").cast("float32").mul(1 / keep));
}
