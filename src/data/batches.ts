/**
 * Sessions as padded batches. Padding is on the right and is -1: never a row of a table, never a target.
 * Training walks every transition of every session once an epoch, in windows of `length`; a long session is cut at
 * another place each epoch, so that no transition always stands at a window's start.
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
  /** Windows a batch. */
  readonly batch: number;
  /** Positions a window, at most. */
  readonly length: number;
  /**
   * "all": every place of a window has a target. "last": one window for each transition, with a target at its last
   * place only (expanded prefixes): `length` times the work.
   */
  readonly targets: "all" | "last";
}

/** One epoch of shuffled training batches; each transition of each session is a target once. */
export function trainingBatches(sessions: Sessions, options: WindowOptions, rng: Rng): TrainingBatch[] {
  const windows = options.targets === "all" ? cutWindows(sessions, options.length, rng.child("cuts")) : prefixWindows(sessions, options.length);
  const order = rng.child("order").permutation(windows.length);
  const batches: TrainingBatch[] = [];
  for (let from = 0; from < order.length; from += options.batch) {
    batches.push(fillBatch(sessions, Array.from(order.subarray(from, from + options.batch), (at) => windows[at]!)));
  }
  return batches;
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
  return { input, batch: windows.length, length, places, targets };
}

/**
 * The last `length` known items of each session, padded on the right; items that training never saw are left out.
 * @param trained ids of this or more are unknown
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
