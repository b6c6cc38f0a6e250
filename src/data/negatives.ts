/**
 * Negatives by popularity: items drawn with probability proportional to count^alpha, with replacement (GRU4Rec:
 * Hidasi and Karatzoglou, 2018), by an alias table (Walker, 1977; Vose, 1991): a draw costs the same whatever the catalogue.
 */
import { ConfigError } from "../core/errors";
import type { Rng } from "../core/rng";

/** Draws negatives. */
export interface NegativeSampler {
  /** [V] the probability of each item in one draw. */
  readonly probabilities: Float64Array;
  /** Inside ids, repeats allowed; the same `rng` gives the same ones. @returns [size] */
  draw(rng: Rng, size: number): Int32Array;
  /** Log of how often each of `ids` is expected among `size` draws: the correction of `sampledSoftmaxLoss`. @returns [ids.length] */
  logQ(ids: Int32Array, size: number): Float32Array;
}

/**
 * A sampler over a catalogue.
 * @param counts [V] events of each item in the training split; an item without any is never drawn, unless `alpha` is 0
 * @param alpha 0 is uniform, 1 is popularity
 * @throws ConfigError when alpha is not in [0, 1], or the counts are not numbers of 0 or more with one above 0
 * @example
 * import { negativeSampler, Rng } from "sessionlab";
 * const sampler = negativeSampler(Int32Array.of(9, 0, 1), 0.5); // weights 3, 0, 1
 * assert.deepEqual(Array.from(sampler.probabilities), [0.75, 0, 0.25]);
 * assert.ok(!sampler.draw(new Rng(1), 100).includes(1));
 * assert.ok(Math.abs(sampler.logQ(Int32Array.of(2), 8)[0]! - Math.log(2)) < 1e-6);
 */
export function negativeSampler(counts: ArrayLike<number>, alpha: number): NegativeSampler {
  if (!(alpha >= 0 && alpha <= 1)) throw new ConfigError(`Expected alpha in [0, 1], found ${alpha}; 0 is uniform, 1 is popularity`);
  const weights = Float64Array.from(counts, (count, item) => {
    if (!(count >= 0 && count < Infinity)) throw new ConfigError(`Expected a count of 0 or more, found ${count} for item ${item}`);
    return count ** alpha;
  });
  const total = weights.reduce((a, b) => a + b, 0);
  if (!(total > 0)) throw new ConfigError(`Expected an item with a count above 0, found none among ${weights.length}`);
  const probabilities = weights.map((weight) => weight / total);
  const { share, alias } = aliasTable(probabilities);
  return {
    probabilities,
    draw(rng, size) {
      return Int32Array.from({ length: size }, () => {
        const column = rng.int(share.length);
        return rng.uniform() < share[column]! ? column : alias[column]!;
      });
    },
    logQ: (ids, size) => Float32Array.from(ids, (id) => Math.log(size * probabilities[id]!)),
  };
}

/** Columns of equal height, each cut at `share` between its own item and its alias (Vose's construction). */
export function aliasTable(probabilities: Float64Array): { readonly share: Float64Array; readonly alias: Int32Array } {
  const heights = probabilities.map((p) => p * probabilities.length);
  const share = new Float64Array(heights.length).fill(1);
  const alias = Int32Array.from(heights, (_, i) => i);
  const small: number[] = [];
  const large: number[] = [];
  heights.forEach((height, i) => (height < 1 ? small : large).push(i));
  while (small.length > 0 && large.length > 0) {
    const low = small.pop()!;
    const high = large[large.length - 1]!;
    share[low] = heights[low]!;
    alias[low] = high;
    heights[high]! -= 1 - heights[low]!;
    if (heights[high]! < 1) small.push(large.pop()!);
  }
  // Rounding can leave a low column without a partner: its height is 1 but for the last bits, unless the item has none.
  const donor = heights.findIndex((_, i) => probabilities[i]! > 0);
  for (const i of small) if (probabilities[i] === 0) [share[i], alias[i]] = [0, donor];
  return { share, alias };
}
