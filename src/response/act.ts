/** Action, the second step: do(R_t = r), some slates of some sessions replaced by others. Nothing is answered yet. */
import { DataError } from "../core/errors";
import { checkSlates, stepCount, type SlateLog } from "./slate-log";

/** One slate in place of another. */
export interface Intervention {
  /** From 0. */
  readonly session: number;
  /** From 0. */
  readonly step: number;
  /** K items. */
  readonly slate: ArrayLike<number>;
}

/** What is done to a log. */
export interface Action {
  readonly log: SlateLog;
  /** [N] 1 where the slate is set from outside. */
  readonly done: Uint8Array;
  /** [N, K] the slates that are set; those of the log elsewhere. */
  readonly slate: Int32Array;
}

/**
 * do(R_t = r) for a list of slates; an empty list leaves all to the mechanisms.
 * @throws DataError for a step that a session does not have, a slate of another size, items that are unknown or there twice
 * @example
 * import { act } from "sessionlab";
 * const log = { offsets: Uint32Array.of(0, 1), slots: 2, items: 5, slate: Int32Array.of(3, 4), clicked: Uint8Array.of(1, 0) };
 * assert.deepEqual([...act(log, [{ session: 0, step: 0, slate: [3, 1] }]).slate], [3, 1]);
 * assert.throws(() => act(log, [{ session: 0, step: 1, slate: [3, 1] }]), /a step in 0..0 of session 0, found 1/);
 */
export function act(log: SlateLog, interventions: Iterable<Intervention>): Action {
  const { offsets, slots, items } = log;
  const slate = log.slate.slice();
  const done = new Uint8Array(stepCount(log));
  for (const { session, step, slate: set } of interventions) {
    if (!(session in offsets) || session >= offsets.length - 1) throw new DataError(`Expected a session in 0..${offsets.length - 2}, found ${session}`);
    const length = offsets[session + 1]! - offsets[session]!;
    if (!(Number.isInteger(step) && step >= 0 && step < length)) throw new DataError(`Expected a step in 0..${length - 1} of session ${session}, found ${step}; what comes after a session ends is not known`);
    if (set.length !== slots) throw new DataError(`session ${session}, step ${step}: Expected a slate of ${slots} items, found ${set.length}`);
    const chosen = Int32Array.from(set);
    checkSlates(chosen, slots, items, () => `session ${session}, step ${step}`);
    slate.set(chosen, (offsets[session]! + step) * slots);
    done[offsets[session]! + step] = 1;
  }
  return { log, done, slate };
}
