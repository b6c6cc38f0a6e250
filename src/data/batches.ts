/**
 * Sessions as padded batches. Padding is on the right and is -1: never a row of a table, never a target.
 * Training walks every transition of every session once an epoch, in windows of `length`; a long session is cut at
 * another place each epoch, so that no transition always stands at a window's start. Windows of like length share a
 * batch, so that little of it is padding, and a batch has as many positions whatever their length.
 * Symbols: B windows, L positions, M targets.
 */
import type { Rng } from "../core/rng";
import { NONE, sessionCount, type Sessions } from "./types";

/** Inputs and next-item targets of a training step. */
export interface TrainingBatch {
  /** [B * L] inside ids, padded on the right with -1; L is the longest window of the batch. */
  readonly input: Int32Array;
  readonly batch: number;
  readonly length: number;
  /** [B] where each window begins in the sessions' column of items. */
  readonly starts: Int32Array;
  /** [M] places in `input` (b * L + l) that have a target. */
  readonly places: Int32Array;
  /** [M] the item that follows each place. */
  readonly targets: Int32Array;
}

/** Sessions ready for a forward pass. */
export interface PaddedSessions {
  /** [B * L] inside ids, padded on the right with -1. */
  readonly input: Int32Array;
  readonly batch: number;
  readonly length: number;
  /** [B] place in `input` of each session's last item; an empty session points at its first padding. */
  readonly last: Int32Array;
}

/** How sessions become training windows. */
export interface WindowOptions {
  /** Full windows a batch; of shorter ones, as many as fill the same number of positions. */
  readonly batch: number;
  /** Positions a window, at most. */
  readonly length: number;
  /**
   * "all": every place of a window has a target. "last": one window for each transition, with a target at its last
   * place only (expanded prefixes): `length` times the work.
   */
  readonly targets: "all" | "last";
}

/** Windows that are sorted by length together, in batches: enough to find company, few enough to stay shuffled. */
const poolBatches = 32;

/**
 * One epoch of shuffled training batches; each transition of each session is a target once.
 * @example
 * import { Rng, trainingBatches } from "sessionlab";
 * const sessions = { offsets: Uint32Array.of(0, 3), item: Int32Array.of(7, 8, 9) };
 * const [batch] = trainingBatches(sessions, { batch: 1, length: 5, targets: "all" }, new Rng(1));
 * assert.deepEqual(Array.from(batch!.input), [7, 8]);
 * assert.deepEqual(Array.from(batch!.targets), [8, 9]);
 */
export function trainingBatches(sessions: Sessions, options: WindowOptions, rng: Rng): TrainingBatch[] {
  const { batch, length, targets } = options;
  const windows = targets === "all" ? cutWindows(sessions, length, rng.child("cuts")) : prefixWindows(sessions, length);
  const order = Array.from(rng.child("order").permutation(windows.length), (at) => windows[at]!);
  const groups: Window[][] = [];
  for (let from = 0; from < order.length; from += poolBatches * batch) {
    const pool = order.slice(from, from + poolBatches * batch).sort((a, b) => b.size - a.size);
    for (let at = 0; at < pool.length; ) {
      const size = Math.floor((batch * length) / pool[at]!.size); // the longest comes first
      groups.push(pool.slice(at, at + size));
      at += size;
    }
  }
  return Array.from(rng.child("batches").permutation(groups.length), (at) => fillBatch(sessions, groups[at]!));
}

/** Places start..start+size-1 of `sessions.item` are inputs; those from `firstTarget` on have a target. */
interface Window {
  readonly start: number;
  readonly size: number;
  readonly firstTarget: number;
}

function cutWindows(sessions: Sessions, length: number, rng: Rng): Window[] {
  const windows: Window[] = [];
  for (let s = 0; s < sessionCount(sessions); s++) {
    const first = sessions.offsets[s]!;
    const total = sessions.offsets[s + 1]! - first - 1; // transitions
    let size = total <= length ? total : 1 + rng.int(length);
    for (let done = 0; done < total; done += size, size = length) {
      windows.push({ start: first + done, size: Math.min(size, total - done), firstTarget: 0 });
    }
  }
  return windows;
}

function prefixWindows(sessions: Sessions, length: number): Window[] {
  const windows: Window[] = [];
  for (let s = 0; s < sessionCount(sessions); s++) {
    const first = sessions.offsets[s]!;
    for (let last = first; last < sessions.offsets[s + 1]! - 1; last++) {
      const start = Math.max(first, last - length + 1);
      windows.push({ start, size: last - start + 1, firstTarget: last - start });
    }
  }
  return windows;
}

function fillBatch(sessions: Sessions, windows: readonly Window[]): TrainingBatch {
  const length = windows.reduce((longest, { size }) => Math.max(longest, size), 1);
  const count = windows.reduce((sum, { size, firstTarget }) => sum + size - firstTarget, 0);
  const input = new Int32Array(windows.length * length).fill(NONE);
  const places = new Int32Array(count);
  const targets = new Int32Array(count);
  let m = 0;
  windows.forEach(({ start, size, firstTarget }, b) => {
    input.set(sessions.item.subarray(start, start + size), b * length);
    for (let l = firstTarget; l < size; l++, m++) {
      places[m] = b * length + l;
      targets[m] = sessions.item[start + l + 1]!;
    }
  });
  return { input, batch: windows.length, length, starts: Int32Array.from(windows, ({ start }) => start), places, targets };
}

/**
 * The last `length` known items of each session, padded on the right; items that training never saw are left out.
 * @param trained ids of this or more are unknown
 * @example
 * import { padSessions } from "sessionlab";
 * const { input, last } = padSessions({ offsets: Uint32Array.of(0, 3, 4), item: Int32Array.of(1, 2, 3, 4) }, 10, 2);
 * assert.deepEqual(Array.from(input), [2, 3, 4, -1]);
 * assert.deepEqual(Array.from(last), [1, 2]);
 */
export function padSessions(sessions: Sessions, trained: number, length: number): PaddedSessions {
  const batch = sessionCount(sessions);
  const rows: number[][] = [];
  let longest = 1;
  for (let s = 0; s < batch; s++) {
    const row: number[] = [];
    for (let i = sessions.offsets[s + 1]! - 1; i >= sessions.offsets[s]! && row.length < length; i--) {
      if (sessions.item[i]! < trained) row.push(sessions.item[i]!);
    }
    rows.push(row.reverse());
    longest = Math.max(longest, row.length);
  }
  const input = new Int32Array(batch * longest).fill(NONE);
  rows.forEach((row, b) => input.set(row, b * longest));
  const last = Int32Array.from(rows, (row, b) => b * longest + Math.max(row.length - 1, 0));
  return { input, batch, length: longest, last };
}
