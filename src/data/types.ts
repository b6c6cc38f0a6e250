/**
 * The data types of the whole library. Columns, not objects: a table of sessions is a flat column of items
 * with offsets. Outside ids (a user, an ASIN) are strings; inside ids are dense integers, and -1 is "none".
 */

/** Inside id of padding in batches and of an unknown item: never a row of an embedding table, never ranked. */
export const NONE = -1;

/**
 * The items of a data set: outside ids by inside id. Items seen in training come first, so inside ids
 * 0..trained-1 are what a model learns and ranks; the rest are known by name only (cold).
 */
export interface Items {
  /** [V_all] outside ids. */
  readonly ids: readonly string[];
  /** V: how many of them are seen in training. */
  readonly trained: number;
  /** [V_all], where the data have titles. */
  readonly titles?: readonly string[];
}

/** The users of a split: outside ids by inside id. Users with training events come first, as with items. */
export interface Users {
  /** [U_all] outside ids. */
  readonly ids: readonly string[];
  /** U: how many of them have training events. */
  readonly trained: number;
}

/** Some sessions, one after another in one column. */
export interface Sessions {
  /** [S + 1] where sessions begin: session s is item[offsets[s] .. offsets[s + 1]). */
  readonly offsets: Uint32Array;
  /** [N] inside item ids, in time order; ids of `items.trained` or more were not seen in training. */
  readonly item: Int32Array;
  /** [N] unix seconds, where the data have them. */
  readonly time?: Float64Array;
  /** [S] inside user ids, where the data have them. */
  readonly user?: Int32Array;
}

/** Sessions to learn from: everything before the validation period, and nothing after it. */
export interface TrainSessions extends Sessions {
  readonly role: "train";
  readonly items: Items;
  /** sha256 over the columns: the identity of these data in caches and passports. */
  readonly hash: string;
}

/** What a set of cases may be used for. Only "valid" may choose anything; "confirm" is sealed. */
export type Role = "valid" | "test" | "confirm";

/** Prediction cases: case c is the first end[c] items of a session, and the item that came next. */
export interface Cases<R extends Role = Role> {
  readonly role: R;
  readonly items: Items;
  readonly sessions: Sessions;
  /** [C] index into `sessions`. */
  readonly session: Int32Array;
  /** [C] length of the prefix, >= 1. */
  readonly end: Int32Array;
  /** [C] the item that came next; `items.trained` or more if training never saw it (a miss). */
  readonly target: Int32Array;
  readonly hash: string;
}

/** A data set, cut in time. */
export interface Split {
  readonly name: string;
  /** How it was cut, in words and options: goes into the passport. */
  readonly protocol: Readonly<Record<string, unknown>>;
  readonly items: Items;
  /** Where the data have users: `Sessions.user` points here. */
  readonly users?: Users;
  readonly train: TrainSessions;
  readonly valid: Cases<"valid">;
  readonly test: Cases<"test">;
  readonly confirm?: Cases<"confirm">;
}

/**
 * How many sessions.
 * @example
 * import { sessionCount } from "sessionlab";
 * assert.equal(sessionCount({ offsets: Uint32Array.of(0, 2, 5), item: new Int32Array(5) }), 2);
 */
export function sessionCount(sessions: Sessions): number {
  return sessions.offsets.length - 1;
}

/**
 * The prefixes of cases [from, to) as sessions, the last `maxLength` items of each.
 * @returns sessions of length 1..maxLength, in the order of the cases
 * @example
 * import { prefixes } from "sessionlab";
 * const items = { ids: ["a", "b", "c"], trained: 3 };
 * const sessions = { offsets: Uint32Array.of(0, 3), item: Int32Array.of(0, 1, 2) };
 * const cases = { role: "valid" as const, items, sessions, session: Int32Array.of(0, 0), end: Int32Array.of(1, 2), target: Int32Array.of(1, 2), hash: "" };
 * assert.deepEqual(Array.from(prefixes(cases).item), [0, 0, 1]);
 */
export function prefixes(cases: Cases, from = 0, to = cases.target.length, maxLength = Infinity): Sessions {
  const count = to - from;
  const offsets = new Uint32Array(count + 1);
  for (let c = 0; c < count; c++) offsets[c + 1] = offsets[c]! + Math.min(cases.end[from + c]!, maxLength);
  const item = new Int32Array(offsets[count]!);
  const time = cases.sessions.time === undefined ? undefined : new Float64Array(item.length);
  const user = cases.sessions.user === undefined ? undefined : new Int32Array(count);
  for (let c = 0; c < count; c++) {
    const session = cases.session[from + c]!;
    const stop = cases.sessions.offsets[session]! + cases.end[from + c]!;
    const start = stop - (offsets[c + 1]! - offsets[c]!);
    item.set(cases.sessions.item.subarray(start, stop), offsets[c]!);
    time?.set(cases.sessions.time!.subarray(start, stop), offsets[c]!);
    if (user !== undefined) user[c] = cases.sessions.user![session]!;
  }
  return { offsets, item, time, user };
}
