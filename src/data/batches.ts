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

/**
 * One epoch of shuffled training batches.
 * @param size windows a batch
 * @param length positions a window
 */
export function trainingBatches(sessions: Sessions, size: number, length: number, rng: Rng): TrainingBatch[] {
  const windows = cutWindows(sessions, length, rng.child("cuts"));
  const order = rng.child("order").permutation(windows.start.length);
  const batches: TrainingBatch[] = [];
  for (let from = 0; from < order.length; from += size) batches.push(fillBatch(sessions, windows, order.subarray(from, from + size)));
  return batches;
}

/** [W] the first place of each window in `sessions.item`, and how many transitions it holds (1..length). */
interface Windows {
  readonly start: Uint32Array;
  readonly transitions: Uint32Array;
}

function cutWindows(sessions: Sessions, length: number, rng: Rng): Windows {
  const start: number[] = [];
  const transitions: number[] = [];
  for (let s = 0; s < sessionCount(sessions); s++) {
    const first = sessions.offsets[s]!;
    const total = sessions.offsets[s + 1]! - first - 1;
    let size = total <= length ? total : 1 + rng.int(length);
    for (let done = 0; done < total; done += size, size = length) {
      start.push(first + done);
      transitions.push(Math.min(size, total - done));
    }
  }
  return { start: Uint32Array.from(start), transitions: Uint32Array.from(transitions) };
}

function fillBatch(sessions: Sessions, windows: Windows, rows: Uint32Array): TrainingBatch {
  let length = 1;
  let count = 0;
  for (const row of rows) {
    length = Math.max(length, windows.transitions[row]!);
    count += windows.transitions[row]!;
  }
  const input = new Int32Array(rows.length * length).fill(NONE);
  const places = new Int32Array(count);
  const targets = new Int32Array(count);
  let m = 0;
  rows.forEach((row, b) => {
    const start = windows.start[row]!;
    for (let l = 0; l < windows.transitions[row]!; l++, m++) {
      input[b * length + l] = sessions.item[start + l]!;
      places[m] = b * length + l;
      targets[m] = sessions.item[start + l + 1]!;
    }
  });
  return { input, batch: rows.length, length, places, targets };
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
