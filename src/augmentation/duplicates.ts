/** Real sessions once more: what any augmentation must beat, at the same number of sessions and steps. */
import { Collector, drawnSessions, itemsOf } from "./collector";
import type { Augmenter } from "./types";

/**
 * Draws sessions of two items or more, each once before any twice.
 * @example
 * import { duplicateAugmenter, Rng } from "sessionlab";
 * const items = { ids: ["a", "b"], trained: 2 };
 * const train = { role: "train" as const, hash: "demo", items, offsets: Uint32Array.of(0, 2), item: Int32Array.of(1, 0) };
 * const { sessions } = await duplicateAugmenter().augment(train, 2, new Rng(1));
 * assert.deepEqual([...sessions.item], [1, 0, 1, 0]);
 */
export function duplicateAugmenter(): Augmenter {
  const name = "duplicated real sessions";
  return {
    name,
    augment: (train, amount, rng) => {
      const collector = new Collector(train, amount);
      for (let pass = 0; !collector.full; pass++) {
        const order = drawnSessions(train, 2, rng.child(`pass ${pass}`));
        if (order.length === 0) break;
        for (const parent of order) collector.add({ items: itemsOf(train, parent), parent, step: -1 }, true);
      }
      return Promise.resolve(collector.done(name, rng, ["nothing is new: the sessions are those of the training"]));
    },
  };
}
