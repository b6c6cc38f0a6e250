/** The placebo of a counterfactual response: made sessions whose new choices are dealt out anew among them. */
import { sessionCount } from "../data/types";
import type { Augmenter } from "./types";

/**
 * Sessions as another augmenter makes them, with the items at their steps permuted over all: the same items as often, no longer
 * after the sessions that led to them.
 * @example
 * import { permutedAugmenter, Rng, type Augmenter } from "sessionlab";
 * const made = { name: "made", sessions: { offsets: Uint32Array.of(0, 2, 4), item: Int32Array.of(0, 1, 0, 2) }, parent: Int32Array.of(0, 0), step: Int32Array.of(1, 1), columns: {}, seed: "1", assumptions: [] };
 * const augmenter: Augmenter = { name: "made", augment: () => Promise.resolve(made) };
 * const train = { role: "train" as const, hash: "demo", items: { ids: ["a", "b", "c"], trained: 3 }, offsets: Uint32Array.of(0, 2), item: Int32Array.of(0, 1) };
 * const { sessions } = await permutedAugmenter(augmenter).augment(train, 2, new Rng(1));
 * assert.deepEqual([sessions.item[0], sessions.item[2], [sessions.item[1]!, sessions.item[3]!].sort()], [0, 0, [1, 2]]);
 */
export function permutedAugmenter(augmenter: Augmenter): Augmenter {
  const name = `${augmenter.name}, permuted responses`;
  return {
    name,
    augment: async (train, amount, rng) => {
      const made = await augmenter.augment(train, amount, rng);
      const { offsets } = made.sessions;
      const item = made.sessions.item.slice();
      const places = Array.from({ length: sessionCount(made.sessions) }, (_, a) => offsets[a]! + made.step[a]!).filter((place, a) => made.step[a]! >= 0 && place < offsets[a + 1]!);
      const order = rng.child("permuted").permutation(places.length);
      places.forEach((place, at) => (item[place] = made.sessions.item[places[order[at]!]!]!));
      return { ...made, name, sessions: { ...made.sessions, item }, assumptions: [...made.assumptions, "the choices at the steps were dealt out anew: they answer nothing"] };
    },
  };
}
