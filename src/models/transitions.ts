/**
 * What followed an item in training, as sparse rows, and the score that Markov and sequential rules read off them:
 *   score(j) = (1 - b) r(i, j) / r(i) + b pop(j) / N
 * with i the session's last known item, r(i, j) the weight of "j followed i", r(i) its sum over j, pop(j) the training
 * count and N its sum: linear interpolation (Jelinek and Mercer 1980) with popularity, so that what never followed i is
 * still in order. Where nothing followed i, popularity alone.
 */
import type { TrainSessions } from "../data/types";
import type { SessionRanges, Tables } from "./counting";
import { offsetsOf, sumRows, type SparseRows } from "./sparse";

/** V rows over V items: r(i, j). */
export interface TransitionTables extends Tables, SparseRows {
  /** [1] N */
  readonly events: Uint32Array;
}

/** Which pairs of a session count, and how much. */
export interface TransitionRule {
  /** How far the items of a pair may lie apart. */
  readonly steps: number;
  /** Whether an item that follows itself counts. */
  readonly self: boolean;
  /** What a pair adds, by how far apart its items lie, from 1. */
  weight(distance: number): number;
  /** How many followers an item keeps, those of largest weight; all, if not given. */
  readonly keep?: number;
}

/** Two passes over the pairs. @param popularity [V] training counts */
export async function transitionTables(train: TrainSessions, popularity: Uint32Array, ranges: SessionRanges, { steps, self, weight, keep }: TransitionRule): Promise<TransitionTables> {
  const known = (item: number): boolean => item >= 0 && item < popularity.length;
  const forEachPair = async (visit: (from: number, to: number, distance: number) => void): Promise<void> => {
    for await (const [first, last] of ranges()) {
      for (let s = first; s < last; s++) {
        for (let at = train.offsets[s]! + 1; at < train.offsets[s + 1]!; at++) {
          const to = train.item[at]!;
          if (!known(to)) continue;
          for (let distance = 1; distance <= Math.min(steps, at - train.offsets[s]!); distance++) {
            const from = train.item[at - distance]!;
            if (known(from) && (self || from !== to)) visit(from, to, distance);
          }
        }
      }
    }
  };
  const lengths = new Uint32Array(popularity.length);
  await forEachPair((from) => lengths[from]!++);
  const offsets = offsetsOf(lengths);
  const followers = new Uint32Array(offsets[popularity.length]!); // each item's, in training order
  const distances = new Uint32Array(followers.length);
  const filled = offsets.slice();
  await forEachPair((from, to, distance) => {
    followers[filled[from]!] = to;
    distances[filled[from]!++] = distance;
  });
  const longest = distances.reduce((most, distance) => Math.max(most, distance), 0);
  const weights = Float64Array.from({ length: longest + 1 }, (_, distance) => (distance === 0 ? 0 : weight(distance)));
  const rows = sumRows(
    popularity.length,
    (row, add) => {
      for (let at = offsets[row]!; at < offsets[row + 1]!; at++) {
        if (weights[distances[at]!]! > 0) add(followers[at]!, weights[distances[at]!]!);
      }
    },
    keep === undefined ? undefined : (_row, columns, sums) => largest(columns, sums, keep),
  );
  return { popularity, ...rows, events: Uint32Array.of(popularity.reduce((sum, count) => sum + count, 0)) };
}

/** The columns of the `keep` largest sums, ascending; of equal sums the lower column. */
function largest(columns: readonly number[], sums: Float64Array, keep: number): readonly number[] {
  if (columns.length <= keep) return columns;
  return [...columns].sort((a, b) => sums[b]! - sums[a]! || a - b).slice(0, keep).sort((a, b) => a - b);
}

/**
 * @param backoff b
 * @param last i
 * @param scores [V], zeros: to be filled
 */
export function fillFromTransitions({ popularity, offsets, columns, values, events }: TransitionTables, backoff: number, last: number, scores: Float32Array): void {
  const [from, to] = [offsets[last]!, offsets[last + 1]!];
  let followed = 0;
  for (let at = from; at < to; at++) followed += values[at]!;
  const share = (followed === 0 ? 1 : backoff) / events[0]!;
  if (share > 0) for (let item = 0; item < scores.length; item++) scores[item] = share * popularity[item]!;
  for (let at = from; at < to; at++) {
    const item = columns[at]!;
    scores[item] = ((1 - backoff) * values[at]!) / followed + share * popularity[item]!;
  }
}
