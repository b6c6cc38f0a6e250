/**
 * Abduction, the first of Pearl's three steps (Causality, 2nd edition, section 7.1): what the noise of factual sessions may
 * have been, given what was shown and clicked. One draw from its posterior: the choice at each step is that of Gumbel-max
 * (gumbel.ts), states are known from the history, so each step's noise is drawn by itself. Repeat with other generators
 * for the mean over draws.
 * Symbols: N steps, W alternatives.
 */
import type { Rng } from "../core/rng";
import { posteriorGumbel, posteriorLogistic } from "./gumbel";
import { keyedUniform, NO_CLICK, noiseKey } from "./keyed-noise";
import { logitsOf, widthOf, type Mechanism } from "./mechanism";
import { checkLog, choicesOf, type SlateLog } from "./slate-log";

/** A draw of the noise behind a log. */
export interface Abducted {
  readonly log: SlateLog;
  /** What noise that was not observed is looked up by. */
  readonly key: number;
  /** [N, W] the mechanism's, under the factual history. */
  readonly logits: Float64Array;
  /** [N, W] of the items shown and, where one is chosen, of no click. */
  readonly noise: Float64Array;
}

/**
 * Draws the noise of a log from its posterior.
 * @param rng by its seed; the same gives the same draw
 * @throws DataError as `checkLog`, and where the mechanism says that an answer cannot happen
 * @example
 * import { abduct, act, makeWorld, predict, randomPolicy, Rng, simulate, worldMechanism } from "sessionlab";
 * const world = makeWorld({ users: 10, items: 20, steps: 3 }, new Rng(1));
 * const { log } = simulate(world, randomPolicy(), { sessions: 10 }, new Rng(2));
 * const mechanism = worldMechanism(world);
 * const again = predict(mechanism, abduct(mechanism, log, new Rng(3)), act(log, [])); // nothing is done
 * assert.deepEqual(again.log.clicked, log.clicked);
 */
export function abduct(mechanism: Mechanism, log: SlateLog, rng: Rng): Abducted {
  checkLog(log, mechanism.kind);
  const key = noiseKey(rng, "noise");
  const { offsets, slots, slate, session } = log;
  const logits = logitsOf(mechanism, log);
  const width = widthOf(mechanism.kind, slots);
  const owner = Int32Array.from({ length: slate.length / slots }, () => 0);
  for (let s = 0; s < offsets.length - 1; s++) owner.fill(s, offsets[s]!, offsets[s + 1]!);
  const uniform = (row: number, column: number): number => {
    const s = owner[row]!;
    return keyedUniform(key, session?.[s] ?? s, row - offsets[s]!, column < slots ? slate[row * slots + column]! : NO_CLICK);
  };
  const noise = mechanism.kind === "single" ? posteriorGumbel(logits, choicesOf(log), width, uniform) : posteriorLogistic(logits, log.clicked, width, uniform);
  return { log, key, logits, noise };
}
