/**
 * Slates for sessions that were logged without any: at each step what a recommender would have shown after the items
 * before it, its K best, with the item that was chosen among them. That is an assumption, not an observation, and the log
 * carries it in words; so is that nobody ever saw a slate and chose nothing, which such logs do not tell.
 * Departs: P2 does not say how its real sessions came by slates. Where the chosen item is not among the K best it takes
 *   the place of one drawn by chance ("random"; the default, since a fixed place would be learnt) or of the last ("last").
 *   The first item of a session answers no slate: the recommender reads it, the response model's state does not.
 */
import { ConfigError, DataError } from "../core/errors";
import { resolveOptions, rules } from "../core/options";
import type { Rng } from "../core/rng";
import type { Sessions } from "../data/types";
import { topItems } from "../evaluation/lists";
import { keyedUniform, noiseKey } from "./keyed-noise";
import type { ScoringModel } from "./policies";
import type { SlateLog } from "./slate-log";

const defaults = {
  /** K. */
  slots: 10,
  insert: "random" as "random" | "last",
};

/** Prefixes that are scored at a time. */
const scoredAtOnce = 512;

/** Options of `imputeSlates`. */
export type ImputeOptions = Partial<typeof defaults>;

/** A log with what was put into it. */
export interface ImputedLog extends SlateLog {
  /** The share of steps whose chosen item the recommender would not have shown. */
  readonly inserted: number;
  /** Steps left out because their item is unknown to the recommender. */
  readonly unknown: number;
}

/**
 * Makes a log of slates from sessions of chosen items: a step for each item but the first of a session.
 * @param sessions inside ids of the recommender's items
 * @throws DataError where no session has two items; ConfigError for slates longer than the catalogue
 * @example
 * import { imputeSlates, Rng } from "sessionlab";
 * const model = { name: "demo", items: { ids: ["a", "b", "c"], trained: 3 }, score: () => Float32Array.of(3, 2, 1) };
 * const log = imputeSlates({ offsets: Uint32Array.of(0, 2), item: Int32Array.of(0, 2) }, model, { slots: 2 }, new Rng(1));
 * assert.ok(log.slate.includes(2) && log.inserted === 1);
 * assert.match(log.assumptions![0]!, /slates were not logged: the 2 best of demo/);
 */
export function imputeSlates(sessions: Sessions, model: ScoringModel, given: ImputeOptions, rng: Rng): ImputedLog {
  const { slots, insert } = resolveOptions("imputeSlates", defaults, given, { slots: rules.positiveInteger, insert: rules.oneOf("random", "last") });
  const { trained } = model.items;
  if (slots > trained) throw new ConfigError(`Expected slates of at most ${trained} items, as many as ${model.name} ranks, found ${slots}`);
  const key = noiseKey(rng, "places");
  const steps: { readonly session: number; readonly at: number }[] = [];
  const offsets = [0];
  let unknown = 0;
  const session: number[] = [];
  for (let s = 0; s < sessions.offsets.length - 1; s++) {
    const before = steps.length;
    for (let at = sessions.offsets[s]! + 1; at < sessions.offsets[s + 1]!; at++) {
      if (sessions.item[at]! >= trained) unknown++;
      else steps.push({ session: s, at });
    }
    if (steps.length === before) continue;
    offsets.push(steps.length);
    session.push(s);
  }
  if (steps.length === 0) throw new DataError("Expected sessions of two known items or more, found none; there is nothing to answer");
  const slate = new Int32Array(steps.length * slots);
  const clicked = new Uint8Array(slate.length);
  let inserted = 0;
  for (let from = 0; from < steps.length; from += scoredAtOnce) {
    const part = steps.slice(from, from + scoredAtOnce);
    const ends = new Uint32Array(part.length + 1);
    part.forEach(({ session: s, at }, row) => (ends[row + 1] = ends[row]! + at - sessions.offsets[s]!));
    const item = new Int32Array(ends[part.length]!);
    part.forEach(({ session: s, at }, row) => item.set(sessions.item.subarray(sessions.offsets[s]!, at), ends[row]!));
    const scores = model.score({ offsets: ends, item });
    const best = topItems(scores, trained, slots);
    if (!(scores instanceof Float32Array)) scores.dispose();
    slate.set(best, from * slots);
    part.forEach(({ session: s, at }, row) => {
      const [start, chosen] = [(from + row) * slots, sessions.item[at]!];
      let place = best.subarray(row * slots, (row + 1) * slots).indexOf(chosen);
      if (place < 0) {
        inserted++;
        place = insert === "last" ? slots - 1 : Math.floor(slots * keyedUniform(key, s, at, 0));
        slate[start + place] = chosen;
      }
      clicked[start + place] = 1;
    });
  }
  const share = inserted / steps.length;
  return {
    offsets: Uint32Array.from(offsets),
    ...{ slots, items: trained, slate, clicked, unknown, inserted: share },
    user: sessions.user && Int32Array.from(session, (s) => sessions.user![s]!),
    session: Int32Array.from(session),
    assumptions: [
      `slates were not logged: the ${slots} best of ${model.name} stand for them, with the chosen item put in where it was missing (${(100 * share).toFixed(1)} % of the steps)`,
      "every slate was answered: that a user takes nothing is not in the data",
    ],
  };
}
