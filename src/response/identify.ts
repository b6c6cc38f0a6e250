/**
 * Which questions a log can answer. A counterfactual needs utilities of the items on the slate that is set, and these are
 * learnt from slates that showed them (positivity); what was hardly ever shown is refused, with the reason.
 * And how sure an answer is: the share of draws of the noise that agree on it.
 */
import { ConfigError, DataError } from "../core/errors";
import type { Action } from "./act";
import type { Counterfactual } from "./predict";
import { choicesOf, placeOf, stepCount, type SlateLog } from "./slate-log";

/** What a log has shown. */
export interface Support {
  /** [V] how often each item was shown. */
  readonly shown: Uint32Array;
  /** Slates, and how many of them nobody clicked on. */
  readonly slates: number;
  readonly unanswered: number;
  /** K. */
  readonly slots: number;
  /** How many users have sessions; 0 where the log knows none. */
  readonly users: number;
}

/**
 * Counts what a log has shown.
 * @example
 * import { supportOf } from "sessionlab";
 * const log = { offsets: Uint32Array.of(0, 1), slots: 2, items: 3, slate: Int32Array.of(0, 2), clicked: Uint8Array.of(0, 1) };
 * assert.deepEqual([...supportOf(log).shown], [1, 0, 1]);
 */
export function supportOf(log: SlateLog): Support {
  const shown = new Uint32Array(log.items);
  for (const item of log.slate) shown[item]!++;
  const unanswered = choicesOf(log).reduce((count, slot) => count + (slot === log.slots ? 1 : 0), 0);
  return { shown, slates: stepCount(log), unanswered, slots: log.slots, users: log.user === undefined ? 0 : log.user.reduce((most, user) => Math.max(most, user + 1), 0) };
}

/** Whether a question can be answered, and why not. */
export interface Identification {
  readonly identified: boolean;
  /** One for each fault, the first few of a kind. */
  readonly reasons: readonly string[];
}

/** At most so many reasons of one kind. */
const fewReasons = 3;

/**
 * Looks at what is done by an action.
 * @param leastShown how often an item must have been shown
 * @example
 * import { act, identify, supportOf } from "sessionlab";
 * const log = { offsets: Uint32Array.of(0, 1), slots: 2, items: 3, slate: Int32Array.of(0, 2), clicked: Uint8Array.of(0, 1) };
 * const { identified, reasons } = identify(supportOf(log), act(log, [{ session: 0, step: 0, slate: [0, 1] }]), 1);
 * assert.equal(identified, false);
 * assert.match(reasons[0]!, /item 1 was shown 0 times/);
 */
export function identify(support: Support, { log, done, slate }: Action, leastShown = 20): Identification {
  const { offsets, slots, items, user } = log;
  if (items !== support.shown.length) throw new ConfigError(`Expected a log over ${support.shown.length} items, found one over ${items}; take the log's own support`);
  const reasons: string[] = [];
  if (slots !== support.slots) reasons.push(`slates of ${slots} items were asked for, slates of ${support.slots} were logged: how more or fewer are answered is not known`);
  let rare = 0;
  let strange = 0;
  done.forEach((set, row) => {
    if (set === 0) return;
    for (const item of slate.subarray(row * slots, (row + 1) * slots)) {
      if (support.shown[item]! >= leastShown || log.slate.subarray(row * slots, (row + 1) * slots).includes(item)) continue;
      if (rare++ < fewReasons) reasons.push(`${placeOf(offsets, row)}: item ${item} was shown ${support.shown[item]} times in the logs, fewer than ${leastShown}: how users value it is not known`);
    }
  });
  user?.forEach((one, s) => {
    if (one >= support.users && support.users > 0 && strange++ < fewReasons) reasons.push(`session ${s}: user ${one} has no session in the logs: his taste is not known`);
  });
  if (rare > fewReasons) reasons.push(`and ${rare - fewReasons} more items on slates that were hardly shown`);
  if (strange > fewReasons) reasons.push(`and ${strange - fewReasons} more users`);
  return { identified: reasons.length === 0, reasons };
}

/**
 * Throws where a question cannot be answered.
 * @throws DataError with the reasons
 * @example
 * import { act, refuseUnidentified, supportOf } from "sessionlab";
 * const log = { offsets: Uint32Array.of(0, 1), slots: 2, items: 3, slate: Int32Array.of(0, 2), clicked: Uint8Array.of(0, 1) };
 * assert.throws(() => refuseUnidentified(supportOf(log), act(log, [{ session: 0, step: 0, slate: [0, 1] }]), 1), /Expected a question that the logs can answer, found .*item 1/);
 */
export function refuseUnidentified(support: Support, action: Action, leastShown?: number): void {
  const { identified, reasons } = identify(support, action, leastShown);
  if (!identified) throw new DataError(`Expected a question that the logs can answer, found one that they cannot: ${reasons.join("; ")}; ask for items that were shown, or log more`);
}

/**
 * How far draws agree: at each step the share of draws that have its most frequent clicks.
 * @param draws of one action, with other generators
 * @returns [N] in (0, 1]
 * @throws ConfigError without a draw
 * @example
 * import { abduct, act, confidence, makeWorld, predict, randomPolicy, Rng, simulate, worldMechanism } from "sessionlab";
 * const world = makeWorld({ users: 10, items: 20, steps: 2 }, new Rng(1));
 * const { log } = simulate(world, randomPolicy(), { sessions: 3 }, new Rng(2));
 * const mechanism = worldMechanism(world);
 * const draws = [1, 2, 3].map((seed) => predict(mechanism, abduct(mechanism, log, new Rng(seed)), act(log, [])));
 * assert.ok(confidence(draws).every((share) => share === 1)); // nothing was done
 */
export function confidence(draws: readonly Pick<Counterfactual, "log">[]): Float64Array {
  const [first] = draws;
  if (first === undefined) throw new ConfigError("Expected draws of a counterfactual, found none");
  const { slots } = first.log;
  return Float64Array.from({ length: stepCount(first.log) }, (_, row) => {
    const counts = new Map<string, number>();
    for (const { log } of draws) {
      const clicks = Array.from(log.slate.subarray(row * slots, (row + 1) * slots)).filter((_item, i) => log.clicked[row * slots + i] === 1);
      const name = clicks.sort((a, b) => a - b).join();
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    return Math.max(...counts.values()) / draws.length;
  });
}
