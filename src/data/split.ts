/**
 * Splits: sessions -> training sessions and prediction cases. The default cuts all users at the same moments, so that
 * nothing learnt lies after what is predicted; leave-one-out is there for comparison, with a warning.
 * Items and users are numbered by first appearance: training, then validation, then test, then confirm. So neither the
 * training data nor the validation cases depend on what comes later.
 * Source: Ji et al. (2010.11060) and Hidasi and Czapp (2307.14951) on leaks through time.
 */
import { ConfigError } from "../core/errors";
import { hashOf } from "../core/hash";
import { resolveOptions, rules, type Rule } from "../core/options";
import type { SessionTable } from "./sessions";
import { sessionCount, type Cases, type Items, type Role, type Sessions, type Split, type TrainSessions, type Users } from "./types";

/** A part of a session with fewer events teaches nothing: it is dropped from training, and counted. */
const MIN_TRAIN = 2;

const timeDefaults = {
  /** Shares of the events in the validation, test and confirm periods. confirm: 0 leaves it out. */
  valid: 0.1,
  test: 0.1,
  confirm: 0.1,
  /** The cuts themselves, in unix seconds, ascending: starts of validation, test and (if there are three) confirm. */
  at: undefined as readonly number[] | undefined,
};

/** Options of `splitByTime` and `splitBySession`. */
export type TimeSplitOptions = typeof timeDefaults;

/**
 * For each session where training and the periods of the roles end, one column each: events [0, ends[0][s]) are training,
 * those of role r have their places in [ends[r], ends[r + 1]).
 */
type Ends = readonly Uint32Array[];

/**
 * Global temporal split. Cuts t1 <= t2 <= t3 are quantiles of the event times. Training: the parts of sessions before
 * t1. Validation: each event in [t1, t2) that has an earlier one in its session is a target, and everything earlier
 * in that session is its prefix; test in [t2, t3) and confirm from t3 on likewise.
 * @throws ConfigError if the periods cannot be cut so, or training is empty
 * @example
 * import { eventsFrom, sessionsFrom, splitByTime } from "sessionlab";
 * const events = eventsFrom({ name: "demo", user: ["u", "u", "u", "u", "u"], item: ["a", "b", "c", "a", "d"], time: [1, 2, 3, 4, 5] });
 * const split = splitByTime(sessionsFrom(events), { at: [3, 4, 5] });
 * assert.deepEqual(split.items, { ids: ["a", "b", "c", "d"], trained: 2, titles: undefined });
 * assert.deepEqual(Array.from(split.test.target), [0]);
 */
export function splitByTime(table: SessionTable, given: Partial<TimeSplitOptions> = {}): Split {
  const options = resolveOptions("splitByTime", timeDefaults, given, timeRules);
  const { offsets, time } = table.sessions;
  const cuts = options.at ?? quantiles(time, options);
  const ends = endsOf(table, cuts.length, (s, part) => (part < cuts.length ? lowerBound(time, cuts[part]!, offsets[s]!, offsets[s + 1]!) - offsets[s]! : Infinity));
  return assemble(table, rolesOf(cuts), ends, {
    protocol: "global time",
    words: "training before the first cut; each later event with an earlier one in its session is a case, its prefix is all that is earlier",
    ...periods(cuts, options),
  });
}

/**
 * Whole sessions on one side, by the time of their last event; cuts are quantiles of these times. Every position from
 * the second on is a case. For sessions that are short beside the periods.
 * @throws ConfigError as `splitByTime`
 * @example
 * import { eventsFrom, sessionsFrom, splitBySession } from "sessionlab";
 * const events = eventsFrom({ name: "demo", session: ["1", "1", "2", "2", "3", "3"], item: ["a", "b", "a", "c", "b", "a"], time: [1, 2, 3, 4, 5, 6] });
 * const split = splitBySession(sessionsFrom(events, { by: "given" }), { at: [4, 6] });
 * assert.deepEqual(split.test.target.length, 1);
 */
export function splitBySession(table: SessionTable, given: Partial<TimeSplitOptions> = {}): Split {
  const options = resolveOptions("splitBySession", timeDefaults, given, timeRules);
  const { offsets, time } = table.sessions;
  const last = Float64Array.from({ length: sessionCount(table.sessions) }, (_, s) => time[offsets[s + 1]! - 1]!);
  const cuts = options.at ?? quantiles(last, options);
  const ends = endsOf(table, cuts.length, (s, part) => (last[s]! >= (cuts[part] ?? Infinity) ? 0 : Infinity));
  return assemble(table, rolesOf(cuts), ends, {
    protocol: "whole sessions",
    words: "a session belongs to the period of its last event; each event but the first is a case",
    ...periods(cuts, options),
  });
}

/**
 * Leave-one-out: of each session the last event is the test target, the one before the validation target, the rest
 * training. Sessions of two events are training only. For comparison with the literature: training holds events that
 * come after test targets of other users (`leakageReport` says how many).
 * @example
 * import { eventsFrom, sessionsFrom, splitLeaveOneOut } from "sessionlab";
 * const events = eventsFrom({ name: "demo", user: ["u", "u", "u", "u"], item: ["a", "b", "a", "b"], time: [1, 2, 3, 4] });
 * const { valid, test } = splitLeaveOneOut(sessionsFrom(events));
 * assert.deepEqual([valid.end[0], test.end[0]], [2, 3]);
 */
export function splitLeaveOneOut(table: SessionTable): Split {
  const { offsets } = table.sessions;
  const ends = endsOf(table, 2, (s, part) => {
    const length = offsets[s + 1]! - offsets[s]!;
    return length < 3 ? length : length - 2 + part;
  });
  return assemble(table, ["valid", "test"], ends, {
    protocol: "leave-one-out",
    words: "last event of a session: test target; the one before: validation target; the rest: training",
    warning: "Leave-one-out trains on events that come after its test targets; see leakageReport, and use splitByTime for claims",
  });
}

const shareAbove0: Rule = (value) => (value === 0 ? "a share above 0" : rules.fraction(value));

const timeRules = {
  valid: shareAbove0,
  test: shareAbove0,
  confirm: rules.fraction,
  at: (value: unknown) => {
    if (value === undefined) return undefined;
    const cuts = value as readonly number[];
    const right = (cuts.length === 2 || cuts.length === 3) && cuts.every((cut, k) => Number.isFinite(cut) && (k === 0 || cut >= cuts[k - 1]!));
    return right ? undefined : "two or three ascending times, [validation, test, confirm], in unix seconds";
  },
};

function rolesOf(cuts: readonly number[]): readonly Role[] {
  return (["valid", "test", "confirm"] as const).slice(0, cuts.length);
}

function quantiles(times: Float64Array, { valid, test, confirm }: TimeSplitOptions): number[] {
  const starts = [1 - valid - test - confirm, 1 - test - confirm, ...(confirm > 0 ? [1 - confirm] : [])];
  if (starts[0]! <= 0) throw new ConfigError(`Expected shares that leave something for training, found ${valid} + ${test} + ${confirm}; lower them`);
  const sorted = times.slice().sort();
  // Rounded to 1e-9 first: 1 - .1 - .1 - .1 is .7000000000000001.
  return starts.map((share) => sorted[Math.min(Math.floor(Number((share * sorted.length).toFixed(9))), sorted.length - 1)]!);
}

function periods(cuts: readonly number[], { valid, test, confirm, at }: TimeSplitOptions): Record<string, unknown> {
  return { ...(at === undefined ? { valid, test, confirm } : {}), cuts: cuts.map((cut) => new Date(cut * 1000).toISOString()), cutSeconds: cuts };
}

/** The first position in [from, to) whose time is `limit` or later, else `to`. */
function lowerBound(time: Float64Array, limit: number, from: number, to: number): number {
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (time[middle]! < limit) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** @param end where part 0 (training), 1, ... of a session ends; no further than the session does */
function endsOf({ sessions }: SessionTable, roles: number, end: (session: number, part: number) => number): Ends {
  return Array.from({ length: roles + 1 }, (_, part) => {
    const ends = new Uint32Array(sessionCount(sessions));
    for (let s = 0; s < ends.length; s++) ends[s] = Math.min(end(s, part), sessions.offsets[s + 1]! - sessions.offsets[s]!);
    return ends;
  });
}

function assemble(table: SessionTable, roles: readonly Role[], ends: Ends, protocol: Record<string, unknown>): Split {
  const { sessions, itemIds, titles } = table;
  const lengths = ends[0]!.slice();
  const short = { parts: 0, events: 0 };
  for (let s = 0; s < lengths.length; s++) {
    if (lengths[s]! >= MIN_TRAIN) continue;
    short.parts += lengths[s]! > 0 ? 1 : 0;
    short.events += lengths[s]!;
    lengths[s] = 0;
  }
  const items = new Numbering(itemIds.length);
  const users = table.users === undefined ? undefined : new Numbering(table.users.length);
  const trainColumns = take(sessions, lengths, items, users);
  if (trainColumns.item.length === 0) throw new ConfigError(`Expected training events before the first cut, found none; move the cuts of ${table.name}`);
  const trained = items.order.length;
  const trainedUsers = users?.order.length;
  const pieces = roles.map((role, part) => {
    const columns = takeCases(sessions, ends[part]!, ends[part + 1]!, items, users);
    return { role, columns, seen: items.order.length, seenUsers: users?.order.length };
  });
  const allItems: Items = { ids: items.order.map((i) => itemIds[i]!), trained, titles: titles && items.order.map((i) => titles[i]!) };
  const allUsers: Users | undefined = users && { ids: users.order.map((u) => table.users![u]!), trained: trainedUsers! };
  const identity = (seen: number, seenUsers: number | undefined): { [key: string]: string | number } => ({
    items: JSON.stringify(allItems.ids.slice(0, seen)),
    users: JSON.stringify(allUsers?.ids.slice(0, seenUsers) ?? []),
    trained,
  });
  const { offsets, item, time, user } = trainColumns;
  const train: TrainSessions = { ...trainColumns, role: "train", items: allItems, hash: hashOf({ ...identity(trained, trainedUsers), offsets, item, time, user }) };
  const [valid, test, confirm] = pieces.map(({ role, columns, seen, seenUsers }): Cases => {
    const { offsets, item, time, user } = columns.sessions;
    const { session, end, target } = columns;
    return { ...columns, role, items: allItems, hash: hashOf({ role, ...identity(seen, seenUsers), offsets, item, time, user, session, end, target }) };
  });
  return {
    name: table.name,
    protocol: {
      ...protocol,
      // Kept repeats go unnamed: so it was when there was no choice, and results of then and now are of one protocol.
      sessions: { ...table.options, repeats: table.options.repeats === "keep" ? undefined : table.options.repeats },
      droppedTrainParts: { shorterThan: MIN_TRAIN, ...short },
    },
    items: allItems,
    users: allUsers,
    train,
    valid: valid as Cases<"valid">,
    test: test as Cases<"test">,
    confirm: confirm as Cases<"confirm"> | undefined,
  };
}

/** Dense numbers in order of first appearance. */
class Numbering {
  readonly order: number[] = [];
  private readonly numbers: Int32Array;

  constructor(size: number) {
    this.numbers = new Int32Array(size).fill(-1);
  }

  of(value: number): number {
    if (this.numbers[value]! < 0) this.numbers[value] = this.order.push(value) - 1;
    return this.numbers[value]!;
  }
}

/** The first lengths[s] events of each session, renumbered; sessions of length 0 are left out. */
function take({ offsets, item, time, user }: SessionTable["sessions"], lengths: Uint32Array, items: Numbering, users: Numbering | undefined): Sessions {
  let [kept, events] = [0, 0];
  for (let s = 0; s < lengths.length; s++) {
    kept += lengths[s]! > 0 ? 1 : 0;
    events += lengths[s]!;
  }
  const out = { offsets: new Uint32Array(kept + 1), item: new Int32Array(events), time: new Float64Array(events), user: users && user && new Int32Array(kept) };
  for (let s = 0, k = 0; s < lengths.length; s++) {
    if (lengths[s] === 0) continue;
    const [start, at] = [offsets[s]!, out.offsets[k]!];
    for (let n = 0; n < lengths[s]!; n++) {
      out.item[at + n] = items.of(item[start + n]!);
      out.time[at + n] = time[start + n]!;
    }
    if (out.user !== undefined) out.user[k] = users!.of(user![s]!);
    out.offsets[++k] = at + lengths[s]!;
  }
  return out;
}

/** The cases with targets at [from[s], to[s]), on sessions that end with their last target. */
function takeCases(
  sessions: SessionTable["sessions"],
  from: Uint32Array,
  to: Uint32Array,
  items: Numbering,
  users: Numbering | undefined,
): Pick<Cases, "sessions" | "session" | "end" | "target"> {
  const lengths = new Uint32Array(from.length);
  let count = 0;
  for (let s = 0; s < from.length; s++) {
    const first = Math.max(from[s]!, 1); // the first event of a session has no prefix
    if (to[s]! <= first) continue;
    lengths[s] = to[s]!;
    count += to[s]! - first;
  }
  const kept = take(sessions, lengths, items, users);
  const [session, end, target] = [new Int32Array(count), new Int32Array(count), new Int32Array(count)];
  for (let s = 0, k = 0, c = 0; s < from.length; s++) {
    if (lengths[s] === 0) continue;
    for (let position = Math.max(from[s]!, 1); position < to[s]!; position++, c++) {
      session[c] = k;
      end[c] = position;
      target[c] = kept.item[kept.offsets[k]! + position]!;
    }
    k++;
  }
  return { sessions: kept, session, end, target };
}
