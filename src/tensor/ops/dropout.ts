/**
 * Dropout (Srivastava et al., 2014) with a mask drawn by the seeded Rng, so that the mask, and with it the
 * training, is the same on every backend. The keep-probability is a multiple of 1/256 and is corrected for.
 */
import * as tf from "@tensorflow/tfjs";
import type { Rng } from "../../core/rng";
import { withGradient } from "../gradient";
import { attribute, hasKernels, kernel } from "../kernel";

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
  return rate === 0 ? x : masked(x, dropoutMask(x.shape, rate, rng));
}

/** Which entries stay, and what they are multiplied by: 1 over the keep-probability. */
export interface DropoutMask {
  /** Booleans of the shape of what is masked. */
  readonly kept: tf.Tensor;
  readonly scale: number;
}

/** Draws a mask. */
export function dropoutMask(shape: readonly number[], rate: number, rng: Rng): DropoutMask {
  const size = shape.reduce((product, side) => product * side, 1);
  const { mask, keep } = rng.mask(size, 1 - rate);
  return { kept: tf.tensor(mask, shape as number[], "bool"), scale: 1 / keep };
}

/** The entries of x that stay, scaled; the gradient passes where they do. */
export function masked<T extends tf.Tensor>(x: T, { kept, scale }: DropoutMask): T {
  if (!hasKernels()) return x.mul(kept.cast("float32").mul(scale)) as T;
  const apply = (values: tf.Tensor, mask: tf.Tensor): tf.Tensor => kernel("SessionlabMasked", [attribute.float("scale", scale)], [values, mask])[0]!;
  return withGradient(
    [x],
    (input) => ({ value: apply(input, kept) as T, keep: [kept] as const }),
    (dy, [mask]) => [apply(dy, mask)],
  );
}
