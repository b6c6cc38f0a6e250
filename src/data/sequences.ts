/**
 * Sessions as flat sequences, without padding, and the expanded prefixes that most session recommenders train on: each
 * transition of each session is a target once an epoch, seen from the items before it (Tan, Xu and Liu, 2016).
 * Symbols: B sequences, P positions of all of them.
 */
import type { Rng } from "../core/rng";
import { NONE, sessionCount, type Sessions } from "./types";

/** Lists of items as sessions, one after another. */
export function sessionsOf(lists: readonly ArrayLike<number>[]): Pick<Sessions, "offsets" | "item"> {
  const offsets = new Uint32Array(lists.length + 1);
  lists.forEach((list, s) => (offsets[s + 1] = offsets[s]! + list.length));
  const item = new Int32Array(offsets[lists.length]!);
  lists.forEach((list, s) => item.set(list, offsets[s]));
  return { offsets, item };
}

/** Sequences of one item or more, one after another. */
export interface Sequences {
  /** [B + 1] where sequences begin: sequence b is item[offsets[b] .. offsets[b + 1]). */
  readonly offsets: Uint32Array;
  /** [P] inside ids that training saw. */
  readonly item: Int32Array;
}

/** Prefixes and what came next. */
export interface PrefixBatch {
  readonly sequences: Sequences;
  /** [B] */
  readonly targets: Int32Array;
}

/**
 * One epoch of shuffled prefixes, in batches.
 * @param batch prefixes a batch; the last batch has what is left
 * @param maxLength of a longer prefix the last items count
 * @example
 * import { prefixBatches, Rng } from "sessionlab";
 * const sessions = { offsets: Uint32Array.of(0, 3), item: Int32Array.of(7, 8, 9) };
 * const [only] = prefixBatches(sessions, { batch: 2, maxLength: 5 }, new Rng(1));
 * assert.deepEqual([...only!.targets].sort(), [8, 9]); // after 7, and after 7 8
 * assert.equal(only!.sequences.item.length, 3);
 */
export function prefixBatches(sessions: Sessions, { batch, maxLength }: { readonly batch: number; readonly maxLength: number }, rng: Rng): PrefixBatch[] {
  let count = 0;
  for (let s = 0; s < sessionCount(sessions); s++) count += Math.max(0, sessions.offsets[s + 1]! - sessions.offsets[s]! - 1);
  const [start, end] = [new Uint32Array(count), new Uint32Array(count)]; // of each prefix; its target stands at its end
  let n = 0;
  for (let s = 0; s < sessionCount(sessions); s++) {
    const first = sessions.offsets[s]!;
    for (let stop = first + 1; stop < sessions.offsets[s + 1]!; stop++, n++) {
      start[n] = Math.max(first, stop - maxLength);
      end[n] = stop;
    }
  }
  const order = rng.permutation(n);
  const batches: PrefixBatch[] = [];
  for (let from = 0; from < n; from += batch) {
    const chosen = order.subarray(from, Math.min(n, from + batch));
    const offsets = new Uint32Array(chosen.length + 1);
    chosen.forEach((at, b) => (offsets[b + 1] = offsets[b]! + end[at]! - start[at]!));
    const item = new Int32Array(offsets[chosen.length]!);
    chosen.forEach((at, b) => item.set(sessions.item.subarray(start[at]!, end[at]!), offsets[b]!));
    batches.push({ sequences: { offsets, item }, targets: Int32Array.from(chosen, (at) => sessions.item[end[at]!]!) });
  }
  return batches;
}

/** The sessions that have a known item, and where each session went. */
export interface KnownSequences {
  readonly sequences: Sequences;
  /** [S] the sequence of each session; -1 where it has no known item. */
  readonly rows: Int32Array;
}

/**
 * The last `maxLength` known items of each session; items that training never saw are left out.
 * @param trained ids of this or more are unknown
 * @example
 * import { knownSequences } from "sessionlab";
 * const { sequences, rows } = knownSequences({ offsets: Uint32Array.of(0, 1, 4), item: Int32Array.of(9, 1, 9, 2) }, 5, 2);
 * assert.deepEqual([...sequences.item], [1, 2]);
 * assert.deepEqual([...rows], [-1, 0]);
 */
export function knownSequences(sessions: Sessions, trained: number, maxLength: number): KnownSequences {
  const rows = new Int32Array(sessionCount(sessions)).fill(NONE);
  const offsets = [0];
  const item: number[] = [];
  rows.forEach((_, s) => {
    const known: number[] = [];
    for (let i = sessions.offsets[s + 1]! - 1; i >= sessions.offsets[s]! && known.length < maxLength; i--) {
      if (sessions.item[i]! < trained) known.push(sessions.item[i]!);
    }
    if (known.length === 0) return;
    rows[s] = offsets.length - 1;
    for (let i = known.length - 1; i >= 0; i--) item.push(known[i]!);
    offsets.push(item.length);
  });
  return { sequences: { offsets: Uint32Array.from(offsets), item: Int32Array.from(item) }, rows };
}

/**
 * The last position of each sequence.
 * @returns [B]
 * @example
 * import { lastPositions } from "sessionlab";
 * assert.deepEqual([...lastPositions(Uint32Array.of(0, 2, 3))], [1, 2]);
 */
export function lastPositions(offsets: Uint32Array): Int32Array {
  return Int32Array.from(offsets.subarray(1), (stop) => stop - 1);
}

/**
 * The sequence of each position.
 * @returns [P]
 * @example
 * import { sequenceOfPositions } from "sessionlab";
 * assert.deepEqual([...sequenceOfPositions(Uint32Array.of(0, 2, 3))], [0, 0, 1]);
 */
export function sequenceOfPositions(offsets: Uint32Array): Int32Array {
  const sequence = new Int32Array(offsets[offsets.length - 1]!);
  for (let b = 0; b < offsets.length - 1; b++) sequence.fill(b, offsets[b]!, offsets[b + 1]!);
  return sequence;
}
