/** First values of weights. */
import type { Rng } from "../core/rng";

/** Values drawn evenly from [-bound, bound]. */
export function evenly(size: number, bound: number, rng: Rng): Float32Array {
  return Float32Array.from({ length: size }, () => bound * (2 * rng.uniform() - 1));
}
