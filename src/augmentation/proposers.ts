/**
 * Who proposes counterfactual slates beside a diffusion model: chance, which any good slate must beat, and the recommender
 * itself, as in SCM4SR (SIGIR 2024).
 * Departs: how SCM4SR draws its slates could not be read; here K items are drawn without replacement from the softmax of
 *   scores / temperature (Gumbel-top-k). At temperature 0 they are the K best, which are the logged ones wherever slates
 *   were imputed from the same recommender.
 */
import { resolveOptions, rules } from "../core/options";
import { sessionRange } from "../data/session-steps";
import { sessionCount } from "../data/types";
import { topItems } from "../evaluation/lists";
import { scoresToArray } from "../evaluation/scores";
import { keyedGumbel, noiseKey } from "../response/keyed-noise";
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
        const scores = scoresToArray(model.score(sessionRange(sessions, from, to))).slice();
        if (temperature > 0) for (let at = 0; at < scores.length; at++) scores[at] = scores[at]! / temperature + keyedGumbel(key, from + Math.floor(at / trained), 0, at % trained);
        out.set(topItems(scores, trained, slots), from * slots);
      }
      return Promise.resolve(out);
    },
  };
}
