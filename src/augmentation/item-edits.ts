/**
 * Edits of single items, as contrastive session models make their views (CL4SRec, ICDE 2022) and CASR's heuristics
 * sample: items dropped, a part cut out, items masked, a part put in another order.
 * Departs: the recommenders here have no mask token; a masked item is another one, drawn by chance in proportion to its
 *   training count.
 */
import { resolveOptions, rules } from "../core/options";
import type { Rng } from "../core/rng";
import { trainingCounts } from "../evaluation/strata";
import { Collector, drawnSessions, itemsOf } from "./collector";
import type { Augmenter } from "./types";

/** What is done to a session. */
export type ItemEdit = "dropout" | "crop" | "mask" | "reorder";

const names: Readonly<Record<ItemEdit, string>> = { dropout: "item dropout", crop: "cropped sessions", mask: "masked items", reorder: "reordered sessions" };

const defaults = {
  /** Of the items: dropped, kept by a crop, masked, put in another order. */
  share: 0.3,
  /** How often each session may be edited. */
  passes: 20,
};

/** Options of `editAugmenter`. */
export type EditOptions = typeof defaults;

/**
 * An augmenter that edits real sessions; of those that come out as they were nothing is added.
 * @example
 * import { editAugmenter, Rng } from "sessionlab";
 * const items = { ids: ["a", "b", "c", "d"], trained: 4 };
 * const train = { role: "train" as const, hash: "demo", items, offsets: Uint32Array.of(0, 4), item: Int32Array.of(3, 2, 1, 0) };
 * const { sessions, step } = await editAugmenter("crop", { share: 0.5 }).augment(train, 1, new Rng(1));
 * assert.ok("3,2,1,0".includes([...sessions.item].join())); // two neighbours
 * assert.equal(step[0]! >= 0, true);
 */
export function editAugmenter(edit: ItemEdit, given: Partial<EditOptions> = {}): Augmenter {
  const { share, passes } = resolveOptions("editAugmenter", defaults, given, { share: rules.fraction, passes: rules.positiveInteger });
  const name = names[edit];
  return {
    name,
    augment: (train, amount, rng) => {
      const collector = new Collector(train, amount);
      const draw = byCount(trainingCounts(train));
      for (let pass = 0; pass < passes && !collector.full; pass++) {
        const own = rng.child(`pass ${pass}`);
        for (const parent of drawnSessions(train, 2, own.child("order"))) {
          const before = itemsOf(train, parent);
          const items = edits[edit](before, share, own, draw);
          if (items.length < 2 || collector.isCopy({ items, parent })) continue;
          collector.add({ items, parent, step: firstDifference(before, items), columns: { pass } });
        }
      }
      return Promise.resolve(collector.done(name, rng, ["an edited session stands for one that a user might have had"]));
    },
  };
}

type Edit = (items: readonly number[], share: number, rng: Rng, draw: (rng: Rng) => number) => number[];

const edits: Readonly<Record<ItemEdit, Edit>> = {
  dropout: (items, share, rng) => items.filter(() => rng.uniform() >= share),
  crop: (items, share, rng) => {
    const length = Math.max(2, Math.round(share * items.length));
    const from = rng.int(Math.max(1, items.length - length + 1));
    return items.slice(from, from + length);
  },
  mask: (items, share, rng, draw) => items.map((item) => (rng.uniform() < share ? draw(rng) : item)),
  reorder: (items, share, rng) => {
    const length = Math.min(items.length, Math.max(2, Math.round(share * items.length)));
    const from = rng.int(items.length - length + 1);
    return [...items.slice(0, from), ...rng.shuffle(items.slice(from, from + length)), ...items.slice(from + length)];
  },
};

/** The first place at which two sessions differ. */
export function firstDifference(before: readonly number[], after: readonly number[]): number {
  const at = after.findIndex((item, place) => item !== before[place]);
  return at < 0 ? Math.min(before.length, after.length) : at;
}

/** Draws an item in proportion to its count. */
function byCount(counts: Uint32Array): (rng: Rng) => number {
  const events = new Int32Array(counts.reduce((sum, count) => sum + count, 0));
  let at = 0;
  counts.forEach((count, item) => {
    events.fill(item, at, at + count);
    at += count;
  });
  return (rng) => events[rng.int(events.length)]!;
}
