/**
 * Sessions of a world under a policy, thousands stepping together. All that is drawn is looked up by (session, step,
 * item) under the generator's key: two policies under one generator meet the same users with the same noise (common
 * random numbers), and a session that is run again under other slates is its true counterfactual.
 * Symbols: S sessions, N steps.
 */
import { ConfigError, DataError } from "../core/errors";
import { resolveOptions, rules } from "../core/options";
import type { Rng } from "../core/rng";
import type { Abducted } from "./abduct";
import type { Action } from "./act";
import { keyedUniform, NO_CLICK, noiseKey } from "./keyed-noise";
import { gather, logitsOf, walk, widthOf, type Steppers, type StepView } from "./mechanism";
import { ClickHistories, type PolicyContext, type SlatePolicy } from "./policy";
import { checkSlates, stepCount, type SlateLog } from "./slate-log";
import type { World } from "./world";
import { leaves, longest, worldClicks, worldMechanism } from "./world-mechanism";

const defaults = {
  sessions: 1000,
  /** The number of the first one: others have other noise. */
  first: 0,
};

/** Options of `simulate`. */
export interface SimulateOptions extends Partial<typeof defaults> {
  /** [S] the users of the sessions; by default session n is user n modulo U. */
  readonly user?: Int32Array;
  /** [S] numbers of the sessions, instead of `first` and on. */
  readonly session?: Int32Array;
  /** [S] how many steps each has, whatever the world says of leaving. */
  readonly lengths?: Int32Array;
}

/** What was logged, and what only the world knows. */
export interface Simulation {
  readonly log: SlateLog;
  /** [N] the probability of a click (the mean number of clicks, where several are possible), known before it fell. */
  readonly expected: Float64Array;
}

/**
 * Lets sessions run.
 * @param rng by its seed
 * @throws ConfigError for options that are wrong; DataError for slates of a policy that are none
 * @example
 * import { makeWorld, randomPolicy, Rng, simulate } from "sessionlab";
 * const world = makeWorld({ users: 10, items: 20, steps: 3, abandonment: 0 }, new Rng(1));
 * const { log } = simulate(world, randomPolicy(), { sessions: 4 }, new Rng(2));
 * assert.deepEqual([...log.offsets], [0, 3, 6, 9, 12]);
 */
export function simulate(world: World, policy: SlatePolicy, given: SimulateOptions, rng: Rng): Simulation {
  const { user, session: numbers, lengths, ...rest } = given;
  const options = resolveOptions("simulate", defaults, rest, { sessions: rules.positiveInteger, first: rules.wholeNumber });
  const count = numbers?.length ?? lengths?.length ?? options.sessions;
  const session = numbers ?? Int32Array.from({ length: count }, (_, s) => options.first + s);
  for (const [name, column] of Object.entries({ user, session, lengths })) {
    if (column !== undefined && column.length !== count) throw new ConfigError(`Expected ${count} entries of ${name}, one a session, found ${column.length}`);
  }
  const { users, slots, items } = world.options;
  const owner = user ?? session.map((number) => number % users);
  const key = noiseKey(rng, "world");
  const mechanism = worldMechanism(world, key);
  const limits = lengths ?? session.map((number) => longest(world, key, number));
  const left = new Uint8Array(count);
  const histories = new ClickHistories(count);
  const parts: { index: Int32Array; slates: Int32Array; clicked: Uint8Array; expected: Float64Array }[] = [];
  let before: StepView | undefined;
  walk({ ...mechanism, advance }, { count, slots, session, user: owner, goes: (s, t) => t < limits[s]! && left[s] === 0 }, (view) => {
    before = view;
    const slates = policy.slates({ ...view, history: histories.of(view.index), slots, items });
    if (slates.length !== view.index.length * slots) throw new DataError(`Expected ${slots} items for each of ${view.index.length} sessions of ${policy.name}, found ${slates.length} in all`);
    checkSlates(slates, slots, items, (row) => `${policy.name}, session ${view.session[row]}, step ${view.step}`);
    const logits = mechanism.logits(view.states, slates, slots);
    const clicked = worldClicks(world, key, logits, slates, slots, view);
    histories.add(view.index, slates, clicked, slots);
    parts.push({ index: view.index, slates, clicked, expected: meanClicks(mechanism.kind, logits, slots) });
    return { slates, clicked };
  });
  return assemble(parts, { count, slots, items, user: owner, session });

  function advance(states: Float32Array, slates: Int32Array, clicked: Uint8Array, width: number, rows: Steppers): void {
    mechanism.advance(states, slates, clicked, width, rows);
    if (lengths !== undefined) return;
    before!.index.forEach((s, row) => (left[s] = leaves(world, key, states, row * mechanism.stateSize, rows.session[row]!, rows.step) ? 1 : 0));
  }
}

function meanClicks(kind: "single" | "multi", logits: Float64Array, slots: number): Float64Array {
  const width = widthOf(kind, slots);
  return Float64Array.from({ length: logits.length / width }, (_, row) => {
    if (kind === "single") return 1 - Math.exp(logits[row * width + slots]!);
    let sum = 0;
    for (let at = row * width; at < (row + 1) * width; at++) sum += 1 / (1 + Math.exp(-logits[at]!));
    return sum;
  });
}

function assemble(parts: readonly { index: Int32Array; slates: Int32Array; clicked: Uint8Array; expected: Float64Array }[], { count, slots, items, user, session }: Pick<SlateLog, "slots" | "items"> & { count: number; user: Int32Array; session: Int32Array }): Simulation {
  const offsets = new Uint32Array(count + 1);
  for (const { index } of parts) for (const s of index) offsets[s + 1]!++;
  for (let s = 0; s < count; s++) offsets[s + 1]! += offsets[s]!;
  const steps = offsets[count]!;
  const [slate, clicked, expected] = [new Int32Array(steps * slots), new Uint8Array(steps * slots), new Float64Array(steps)];
  parts.forEach((part, step) =>
    part.index.forEach((s, row) => {
      const to = offsets[s]! + step;
      for (let i = 0; i < slots; i++) {
        slate[to * slots + i] = part.slates[row * slots + i]!;
        clicked[to * slots + i] = part.clicked[row * slots + i]!;
      }
      expected[to] = part.expected[row]!;
    }),
  );
  return { log: { offsets, slots, items, slate, clicked, user, session }, expected };
}

/**
 * What the sessions of an action would truly have been: the same users and noise under the slates that are set, later
 * slates as they were, as many steps as there were; under any coupling.
 * @param rng the one that the log was simulated with
 * @example
 * import { act, makeWorld, randomPolicy, Rng, simulate, worldCounterfactual } from "sessionlab";
 * const world = makeWorld({ users: 10, items: 20 }, new Rng(1));
 * const { log } = simulate(world, randomPolicy(), { sessions: 5 }, new Rng(2));
 * assert.deepEqual(worldCounterfactual(world, act(log, []), new Rng(2)).clicked, log.clicked);
 */
export function worldCounterfactual(world: World, { log, slate }: Action, rng: Rng): SlateLog {
  const { offsets, slots, user, session } = log;
  const lengths = Int32Array.from(offsets.subarray(1), (end, s) => end - offsets[s]!);
  const replay: SlatePolicy = { name: "replay", slates: ({ index, step }: PolicyContext) => gather(slate, offsets, index, step, slots) };
  return simulate(world, replay, { user, session, lengths }, rng).log;
}

/**
 * The noise that a world's log was made with, in the form of `abduct`: what abduction can only draw. With it `predict`
 * gives true counterfactuals, also with a recommender in the loop, if the world's coupling is Gumbel-max.
 * @throws ConfigError for a world of another coupling
 * @example
 * import { act, makeWorld, predict, randomPolicy, Rng, simulate, worldCounterfactual, worldMechanism, worldNoise } from "sessionlab";
 * const world = makeWorld({ users: 10, items: 20, slots: 2 }, new Rng(1));
 * const { log } = simulate(world, randomPolicy(), { sessions: 5 }, new Rng(2));
 * const action = act(log, [{ session: 2, step: 0, slate: [1, 2] }]);
 * const truth = predict(worldMechanism(world), worldNoise(world, log, new Rng(2)), action);
 * assert.deepEqual(truth.log.clicked, worldCounterfactual(world, action, new Rng(2)).clicked);
 */
export function worldNoise(world: World, log: SlateLog, rng: Rng): Abducted {
  if (world.options.coupling !== "gumbel") throw new ConfigError(`Expected a world whose choices are Gumbel-max, found "${world.options.coupling}"; worldCounterfactual knows others`);
  const key = noiseKey(rng, "world");
  const mechanism = worldMechanism(world, key);
  const { offsets, slots, session } = log;
  const width = widthOf(mechanism.kind, slots);
  const noise = new Float64Array(stepCount(log) * width);
  const fresh = mechanism.kind === "single" ? (u: number) => -Math.log(-Math.log(u)) : (u: number) => Math.log(u) - Math.log(1 - u);
  for (let s = 0; s < offsets.length - 1; s++) {
    for (let row = offsets[s]!; row < offsets[s + 1]!; row++) {
      for (let i = 0; i < width; i++) {
        const item = i < slots ? log.slate[row * slots + i]! : NO_CLICK;
        noise[row * width + i] = fresh(keyedUniform(key, session?.[s] ?? s, row - offsets[s]!, item));
      }
    }
  }
  return { log, key, logits: logitsOf(mechanism, log), noise };
}
