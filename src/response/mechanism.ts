/**
 * The structural equations of a user who answers slates, tied over steps: the same functions at each one.
 *   u_0 = start(user);  y_t = choice(logits(u_t, R_t), noise_t);  u_{t+1} = advance(u_t, R_t, y_t)
 * with R_t the slate, y_t the clicks. A simulated world has such equations, and `ResponseModel` learns them; abduction,
 * action and prediction know nothing else. Sessions step together: one call a step for all that are still there.
 * Symbols: n sessions at a step, D numbers of a state, K slots, W alternatives: K items, and no click where one is chosen.
 */
import { softplus } from "./softplus";
import { stepCount, type ResponseKind, type SlateLog } from "./slate-log";

/** Who steps: what noise and users are looked up by. */
export interface Steppers {
  /** [n] numbers of the sessions. */
  readonly session: Int32Array;
  /** [n] */
  readonly user?: Int32Array;
  readonly step: number;
}

/** How users answer slates, as functions on columns. */
export interface Mechanism {
  readonly name: string;
  readonly kind: ResponseKind;
  /** V. */
  readonly items: number;
  /** D. */
  readonly stateSize: number;
  /** States before the first slate. @returns [n, D] */
  start(rows: Steppers): Float32Array;
  /**
   * "single": log probabilities of the items and, last, of no click; "multi": log odds of a click on each item.
   * @param slates [n, K]
   * @returns [n, W]
   */
  logits(states: Float32Array, slates: Int32Array, slots: number): Float64Array;
  /** The states after the answer, in place. @param clicked [n, K] */
  advance(states: Float32Array, slates: Int32Array, clicked: Uint8Array, slots: number, rows: Steppers): void;
}

/** W. */
export function widthOf(kind: ResponseKind, slots: number): number {
  return kind === "single" ? slots + 1 : slots;
}

/** One step of those that are still there. */
export interface StepView extends Steppers {
  /** [n] which sessions they are, from 0. */
  readonly index: Int32Array;
  /** [n, D] before the slate; may be changed by nobody but the mechanism. */
  readonly states: Float32Array;
}

/** What is shown and answered at a step: both [n, K]. */
export interface Answered {
  readonly slates: Int32Array;
  readonly clicked: Uint8Array;
}

/** Sessions to walk through. */
export interface Walkers {
  readonly count: number;
  readonly slots: number;
  /** [count] */
  readonly session?: Int32Array;
  readonly user?: Int32Array;
  /** Whether session s has a step t: asked before each. */
  goes(s: number, t: number): boolean;
}

/** Steps all sessions together until none goes on; `visit` shows slates and says what is clicked. */
export function walk(mechanism: Mechanism, { count, slots, session, user, goes }: Walkers, visit: (step: StepView) => Answered): void {
  const size = mechanism.stateSize;
  let index = Int32Array.from({ length: count }, (_, s) => s).filter((s) => goes(s, 0));
  const rowsOf = (chosen: Int32Array, step: number): Steppers => ({
    session: session === undefined ? chosen : chosen.map((s) => session[s]!),
    user: user && chosen.map((s) => user[s]!),
    step,
  });
  let states = index.length === 0 ? new Float32Array(0) : mechanism.start(rowsOf(index, 0));
  for (let step = 0; index.length > 0; step++) {
    const rows = rowsOf(index, step);
    const { slates, clicked } = visit({ ...rows, index, states });
    mechanism.advance(states, slates, clicked, slots, rows);
    const kept = index.filter((s) => goes(s, step + 1));
    if (kept.length < index.length) {
      const next = new Float32Array(kept.length * size);
      for (let from = 0, to = 0; to < kept.length; from++) if (index[from] === kept[to]) next.set(states.subarray(from * size, (from + 1) * size), to++ * size);
      states = next;
    }
    index = kept;
  }
}

/** The walkers of a log: each session as long as it was. */
export function walkersOf(log: SlateLog): Walkers {
  const { offsets, slots, session, user } = log;
  return { count: offsets.length - 1, slots, session, user, goes: (s, t) => offsets[s]! + t < offsets[s + 1]! };
}

/** Steppers of some sessions at one step out of a column of N x width, session by session. */
export function gather<T extends Int32Array | Uint8Array | Float64Array>(column: T, offsets: Uint32Array, index: Int32Array, step: number, width: number): T {
  const out = new (column.constructor as new (length: number) => T)(index.length * width);
  for (let row = 0; row < index.length; row++) {
    const from = (offsets[index[row]!]! + step) * width;
    for (let i = 0; i < width; i++) out[row * width + i] = column[from + i]!;
  }
  return out;
}

/** The other way: writes rows of one step where they belong. */
export function scatter<T extends Int32Array | Uint8Array | Float64Array>(column: T, values: T, offsets: Uint32Array, index: Int32Array, step: number, width: number): void {
  for (let row = 0; row < index.length; row++) {
    const to = (offsets[index[row]!]! + step) * width;
    for (let i = 0; i < width; i++) column[to + i] = values[row * width + i]!;
  }
}

/** Logits at each step of a log, given what was shown and clicked before. @returns [N, W] */
export function logitsOf(mechanism: Mechanism, log: SlateLog): Float64Array {
  const { offsets, slots } = log;
  const width = widthOf(mechanism.kind, slots);
  const all = new Float64Array(stepCount(log) * width);
  walk(mechanism, walkersOf(log), ({ index, step, states }) => {
    const slates = gather(log.slate, offsets, index, step, slots);
    scatter(all, mechanism.logits(states, slates, slots), offsets, index, step, width);
    return { slates, clicked: gather(log.clicked, offsets, index, step, slots) };
  });
  return all;
}

/**
 * How probable the answers of a log are under a mechanism.
 * @returns [N] log probabilities, in nats, a step each
 * @throws DataError as `checkLog`
 * @example
 * import { logLikelihoods, makeWorld, Rng, simulate, randomPolicy, worldMechanism } from "sessionlab";
 * const world = makeWorld({ users: 10, items: 20, steps: 3 }, new Rng(1));
 * const { log } = simulate(world, randomPolicy(), { sessions: 10 }, new Rng(2));
 * assert.ok(logLikelihoods(worldMechanism(world), log).every((value) => value <= 0));
 */
export function logLikelihoods(mechanism: Mechanism, log: SlateLog): Float64Array {
  const { slots, clicked } = log;
  const logits = logitsOf(mechanism, log);
  const width = widthOf(mechanism.kind, slots);
  return Float64Array.from({ length: stepCount(log) }, (_, row) => {
    if (mechanism.kind === "multi") {
      let sum = 0;
      for (let at = row * slots; at < (row + 1) * slots; at++) sum -= softplus(clicked[at] === 1 ? -logits[at]! : logits[at]!);
      return sum;
    }
    const slot = clicked.subarray(row * slots, (row + 1) * slots).indexOf(1);
    return logits[row * width + (slot < 0 ? slots : slot)]!;
  });
}
