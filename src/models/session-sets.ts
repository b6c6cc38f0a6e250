/**
 * The training sessions as sets of items, and which sessions hold an item: what neighbourhood models look things up in.
 * Sessions are renumbered from the oldest to the most recent, by the time of their last event; without times the order of
 * the data is taken for the order of time.
 */
import { byRecency } from "../data/recent";
import type { TrainSessions } from "../data/types";
import type { SessionRanges, Tables } from "./counting";
import { offsetsOf } from "./sparse";

/** S sessions, V items, N pairs of a session and an item in it. */
export interface SessionSets extends Tables {
  /** [S + 1] */
  readonly sets: Uint32Array;
  /** [N] the distinct items of session s at sets[s] .. sets[s + 1], in order of first appearance. */
  readonly setItems: Uint32Array;
  /** [V + 1] */
  readonly holders: Uint32Array;
  /** [N] the sessions that hold item i at holders[i] .. holders[i + 1], ascending. */
  readonly holderSessions: Uint32Array;
}

/** Two passes over the sessions, linear in the events. @param popularity [V] training counts */
export async function sessionSets(train: TrainSessions, popularity: Uint32Array, ranges: SessionRanges): Promise<SessionSets> {
  const trained = popularity.length;
  const order = byRecency(train);
  const setItems = new Uint32Array(train.item.length);
  const sets = new Uint32Array(train.offsets.length);
  const support = new Uint32Array(trained);
  const seenIn = new Int32Array(trained).fill(-1);
  let filled = 0;
  for await (const [first, last] of ranges()) {
    for (let s = first; s < last; s++) {
      for (const item of train.item.subarray(train.offsets[order[s]!], train.offsets[order[s]! + 1])) {
        if (item < 0 || item >= trained || seenIn[item] === s) continue;
        seenIn[item] = s;
        setItems[filled++] = item;
        support[item]!++;
      }
      sets[s + 1] = filled;
    }
  }
  const holders = offsetsOf(support);
  const next = holders.slice();
  const holderSessions = new Uint32Array(filled);
  for await (const [first, last] of ranges()) {
    for (let s = first; s < last; s++) {
      for (const item of setItems.subarray(sets[s], sets[s + 1])) holderSessions[next[item]!++] = s;
    }
  }
  return { popularity, sets, setItems: setItems.slice(0, filled), holders, holderSessions };
}
