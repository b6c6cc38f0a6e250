/**
 * Cloze batches (Sun et al., CIKM 2019, section 3.6): some items of a session are hidden, and are the targets. A share of
 * the windows hides its last item alone, which is how the model is used.
 * Symbols: B windows, L positions, M targets.
 */
import type { Rng } from "../core/rng";
import { NONE, sessionCount, type Sessions } from "./types";

/** Inputs and hidden items of a training step. */
export interface ClozeBatch {
  /** [B * L] inside ids; -1 is padding, on the right, or a hidden item. */
  readonly input: Int32Array;
  readonly batch: number;
  readonly length: number;
  /** [B] positions of each window. */
  readonly lengths: Int32Array;
  /** [M] places in `input` (b * L + l) that are hidden. */
  readonly places: Int32Array;
  /** [M] what stood there. */
  readonly targets: Int32Array;
}

/** How items are hidden. */
export interface ClozeOptions {
  /** Windows a batch. */
  readonly batch: number;
  /** Positions a window; a longer session is cut into windows, each of two items or more. */
  readonly maxLength: number;
  /** Share of a window's items that are hidden; one at least is, and one stays. */
  readonly mask: number;
  /** Share of the windows that hide their last item alone. */
  readonly lastShare: number;
}

/**
 * One epoch of shuffled cloze batches: each window of each session once.
 * @example
 * import { clozeBatches, Rng } from "sessionlab";
 * const sessions = { offsets: Uint32Array.of(0, 3), item: Int32Array.of(7, 8, 9) };
 * const [only] = clozeBatches(sessions, { batch: 4, maxLength: 5, mask: 0.2, lastShare: 1 }, new Rng(1));
 * assert.deepEqual([[...only!.input], [...only!.targets]], [[7, 8, -1], [9]]);
 */
export function clozeBatches(sessions: Sessions, { batch, maxLength, mask, lastShare }: ClozeOptions, rng: Rng): ClozeBatch[] {
  const [start, size]: [number[], number[]] = [[], []];
  const cut = rng.child("cuts");
  for (let s = 0; s < sessionCount(sessions); s++) {
    const [first, stop] = [sessions.offsets[s]!, sessions.offsets[s + 1]!];
    let part = stop - first <= maxLength ? stop - first : 1 + cut.int(maxLength);
    for (let at = first; at < stop; at += part, part = maxLength) {
      if (Math.min(part, stop - at) < 2) continue; // one item has nothing to be guessed from
      start.push(at);
      size.push(Math.min(part, stop - at));
    }
  }
  const order = rng.child("order").permutation(start.length);
  const hide = rng.child("mask");
  const batches: ClozeBatch[] = [];
  for (let from = 0; from < order.length; from += batch) {
    const chosen = Array.from(order.subarray(from, from + batch));
    const length = Math.max(...chosen.map((window) => size[window]!));
    const input = new Int32Array(chosen.length * length).fill(NONE);
    const [places, targets]: [number[], number[]] = [[], []];
    chosen.forEach((window, b) => {
      input.set(sessions.item.subarray(start[window]!, start[window]! + size[window]!), b * length);
      for (const l of hidden(size[window]!, mask, lastShare, hide)) {
        places.push(b * length + l);
        targets.push(input[b * length + l]!);
        input[b * length + l] = NONE;
      }
    });
    batches.push({ input, batch: chosen.length, length, lengths: Int32Array.from(chosen, (window) => size[window]!), places: Int32Array.from(places), targets: Int32Array.from(targets) });
  }
  return batches;
}

/** Which positions of a window are hidden. */
function hidden(size: number, mask: number, lastShare: number, rng: Rng): number[] {
  if (rng.uniform() < lastShare) return [size - 1];
  const chosen = Array.from({ length: size }, (_, l) => l).filter(() => rng.uniform() < mask);
  if (chosen.length === 0) return [rng.int(size)];
  if (chosen.length === size) chosen.splice(rng.int(size), 1);
  return chosen;
}
