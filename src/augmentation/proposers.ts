/**
 * Who proposes counterfactual slates beside a diffusion model: chance, which any good slate must beat, and the recommender
 * itself, as in SCM4SR (SIGIR 2024).
 * Departs: how SCM4SR draws its slates could not be read; here K items are drawn one after the other, without replacement,
 *   in proportion to the softmax of scores / temperature. At temperature 0 they are the K best, which are the logged ones
 *   wherever slates were imputed from the same recommender.
 */
import { resolveOptions, rules } from "../core/options";
import { sessionRange } from "../data/session-steps";
import { sessionCount } from "../data/types";
import { topItems } from "../evaluation/lists";
import { scoresToArray } from "../evaluation/scores";
import { keyedUniform, noiseKey } from "../response/keyed-noise";
import { randomPolicy, type ScoringModel } from "../response/policies";
import type { SlateProposer } from "./types";

/** Sessions that are scored at a time. */
const scoredAtOnce = 512;

/**
 * Slates of items drawn by chance, each as probable as any other.
 * @param items V
 * @example
 * import { randomProposer, Rng } from "sessionlab";
 * const slates = await randomProposer(5).slates({ offsets: Uint32Array.of(0, 1), item: Int32Array.of(3) }, 5, new Rng(1));
 * assert.deepEqual([...slates].sort(), [0, 1, 2, 3, 4]);
 */
export function randomProposer(items: number): SlateProposer {
  return {
    name: "random slates",
    slates: (sessions, slots, rng) => {
      const index = Int32Array.from({ length: sessionCount(sessions) }, (_, row) => row);
      return Promise.resolve(randomPolicy(noiseKey(rng, "slates")).slates({ index, session: index, step: 0, states: new Float32Array(0), history: sessions, slots, items }));
    },
  };
}

const defaults = {
  /** What scores are divided by before items are drawn; 0 takes the K best. */
  temperature: 1,
};

/** Options of `recommenderProposer`. */
export type RecommenderProposerOptions = typeof defaults;

/**
 * Slates that a recommender makes.
 * @example
 * import { recommenderProposer, Rng } from "sessionlab";
 * const model = { name: "demo", items: { ids: ["a", "b", "c"], trained: 3 }, score: () => Float32Array.of(1, 3, 2) };
 * const slates = await recommenderProposer(model, { temperature: 0 }).slates({ offsets: Uint32Array.of(0, 1), item: Int32Array.of(0) }, 2, new Rng(1));
 * assert.deepEqual([...slates], [1, 2]);
 */
export function recommenderProposer(model: ScoringModel, given: Partial<RecommenderProposerOptions> = {}): SlateProposer {
  const { temperature } = resolveOptions("recommenderProposer", defaults, given, { temperature: rules.notNegative });
  const { trained } = model.items;
  return {
    name: `slates of ${model.name}`,
    slates: (sessions, slots, rng) => {
      const count = sessionCount(sessions);
      const key = noiseKey(rng, "slates");
      const out = new Int32Array(count * slots);
      for (let from = 0; from < count; from += scoredAtOnce) {
        const to = Math.min(count, from + scoredAtOnce);
        const scores = scoresToArray(model.score(sessionRange(sessions, from, to)));
        const best = topItems(scores, trained, slots);
        if (temperature === 0) out.set(best, from * slots);
        else for (let row = 0; row < to - from; row++) out.set(drawn(scores.subarray(row * trained, (row + 1) * trained), best.subarray(row * slots, (row + 1) * slots), temperature, (draw) => keyedUniform(key, from + row, 0, draw)), (from + row) * slots);
      }
      return Promise.resolve(out);
    },
  };
}

/** Draws for each slot before the best that is left is taken: where one item has nearly all probability. */
const mostDraws = 100;

/** As many items as `best` has, none twice, in proportion to the softmax. @param scores of one session [V] @param best the K best */
function drawn(scores: Float32Array, best: Int32Array, temperature: number, uniform: (draw: number) => number): Int32Array {
  const sums = new Float64Array(scores.length);
  const most = scores[best[0]!]!;
  let total = 0;
  for (let item = 0; item < sums.length; item++) sums[item] = total += Math.exp((scores[item]! - most) / temperature);
  const chosen = new Set<number>();
  for (let draw = 0; chosen.size < best.length && draw < mostDraws * best.length; draw++) {
    const aim = uniform(draw) * total;
    let [low, high] = [0, sums.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sums[middle]! > aim) high = middle;
      else low = middle + 1;
    }
    chosen.add(low);
  }
  for (const item of best) if (chosen.size < best.length) chosen.add(item);
  return Int32Array.from(chosen);
}
