/**
 * Events -> sessions: a user's history, a user's history cut at long pauses, or the sessions that the data name.
 * Sorting is stable: events of one time keep the table's canonical order. Repeats are kept. Every step is linear in
 * the events (a session that is not in time order yet costs its own sort).
 */
import { ConfigError, DataError } from "../core/errors";
import { hashOf } from "../core/hash";
import { resolveOptions, rules } from "../core/options";
import type { EventTable } from "./events";
import { sessionCount, type Sessions } from "./types";

const defaults = {
  /** "user": all events of a user; "gap": those, cut at pauses longer than gapSeconds; "given": the data's own. */
  by: "user" as "user" | "gap" | "given",
  gapSeconds: 1800,
  /** Shorter sessions are dropped. */
  minLength: 2,
  /**
   * Items with fewer events than `item` and sessions with fewer than `session` are dropped, again and again until none
   * is left. 0 is off. It looks at all events, those of the test period too, as the literature does.
   */
  kCore: { item: 0, session: 0 } as { readonly item: number; readonly session: number },
};

/** Options of `sessionsFrom`. */
export type SessionOptions = typeof defaults;

/** All sessions of a data set, before any split. */
export interface SessionTable {
  readonly name: string;
  readonly options: Readonly<SessionOptions>;
  /** With times; `user` where the events have users. Items are those of the event table, not re-indexed. */
  readonly sessions: Sessions & { readonly time: Float64Array };
  readonly users?: readonly string[];
  readonly itemIds: readonly string[];
  readonly titles?: readonly string[];
  /** What minLength and kCore took away. */
  readonly dropped: { readonly events: number; readonly sessions: number; readonly items: number };
  readonly hash: string;
}

/**
 * Cuts events into sessions.
 * @throws ConfigError for options that are wrong or that the table cannot serve; DataError if nothing is left
 * @example
 * import { eventsFrom, sessionsFrom } from "sessionlab";
 * const events = eventsFrom({ name: "demo", user: ["u", "u", "u", "u"], item: ["a", "b", "a", "c"], time: [0, 60, 9000, 9060] });
 * assert.deepEqual(Array.from(sessionsFrom(events).sessions.offsets), [0, 4]);
 * assert.deepEqual(Array.from(sessionsFrom(events, { by: "gap" }).sessions.offsets), [0, 2, 4]);
 */
export function sessionsFrom(events: EventTable, given: Partial<SessionOptions> = {}): SessionTable {
  const options = resolveOptions("sessions", defaults, given, {
    by: rules.oneOf("user", "gap", "given"),
    gapSeconds: rules.positive,
    minLength: rules.positiveInteger,
    kCore: (value) => {
      const { item, session, ...others } = value as SessionOptions["kCore"];
      const right = [item, session].every((k) => Number.isInteger(k) && k >= 0) && Object.keys(others).length === 0;
      return right ? undefined : "{ item, session }, integers of 0 or more";
    },
  });
  const groups = options.by === "given" ? events.session : events.user;
  if (groups === undefined) {
    const missing = options.by === "given" ? "given sessions" : "users";
    throw new ConfigError(`Expected ${events.name} to have ${missing} for by: "${options.by}", found none; choose another "by"`);
  }
  const { order, ends } = sortByGroup(groups, events.time);
  const all = cut(order, ends, events, options.by === "gap" ? options.gapSeconds : Infinity);
  const minSession = Math.max(options.minLength, options.kCore.session);
  const sessions = select(all, core(all, events.itemIds.length, options.kCore.item, minSession));
  if (sessions.item.length === 0) {
    throw new DataError(`Expected sessions of ${minSession} events or more, found none; lower minLength or kCore`, { file: events.name });
  }
  const columns = {
    itemIds: events.itemIds,
    users: events.users,
    offsets: sessions.offsets,
    item: sessions.item,
    time: sessions.time,
    user: sessions.user,
  };
  return {
    name: events.name,
    options,
    sessions,
    users: events.users,
    itemIds: events.itemIds,
    titles: events.titles,
    dropped: {
      events: all.item.length - sessions.item.length,
      sessions: sessionCount(all) - sessionCount(sessions),
      items: new Set(all.item).size - new Set(sessions.item).size,
    },
    hash: hashOf(columns),
  };
}

type TimedSessions = SessionTable["sessions"];

/** Stable order by (group, time): a counting sort, then a sort inside the groups that need one. */
function sortByGroup(group: Int32Array, time: Float64Array): { readonly order: Uint32Array; readonly ends: readonly number[] } {
  let groups = 0;
  for (const one of group) groups = Math.max(groups, one + 1);
  const next = new Uint32Array(groups + 1);
  for (const one of group) next[one + 1]!++;
  for (let g = 0; g < groups; g++) next[g + 1]! += next[g]!;
  const ends = Array.from(next.subarray(1));
  const order = new Uint32Array(group.length);
  for (let n = 0; n < group.length; n++) order[next[group[n]!]!++] = n;
  for (let g = 0, start = 0; g < groups; start = ends[g]!, g++) {
    let sorted = true;
    for (let k = start + 1; k < ends[g]!; k++) sorted &&= time[order[k]!]! >= time[order[k - 1]!]!;
    if (!sorted) order.subarray(start, ends[g]!).sort((a, b) => time[a]! - time[b]! || a - b);
  }
  return { order, ends };
}

/** Sessions end where groups end, and where more than `gap` seconds pass. */
function cut(order: Uint32Array, ends: readonly number[], events: EventTable, gap: number): TimedSessions {
  const item = Int32Array.from(order, (n) => events.item[n]!);
  const time = Float64Array.from(order, (n) => events.time[n]!);
  const offsets = [0];
  const users: number[] = [];
  let start = 0;
  for (const end of ends) {
    for (let k = start + 1; k <= end; k++) {
      if (k < end && time[k]! - time[k - 1]! <= gap) continue;
      users.push(events.user?.[order[k - 1]!] ?? -1);
      offsets.push(k);
    }
    start = end;
  }
  return { offsets: Uint32Array.from(offsets), item, time, user: events.user && Int32Array.from(users) };
}

/**
 * The largest part in which each item has minItem events and each session minSession: peels off what is below, and
 * follows only what that touches.
 * @returns [N] 1 where an event stays
 */
function core({ offsets, item }: Sessions, items: number, minItem: number, minSession: number): Uint8Array {
  const stays = new Uint8Array(item.length).fill(1);
  const ofItem = new Uint32Array(items);
  for (const one of item) ofItem[one]!++;
  const sessionOf = new Uint32Array(item.length);
  const length = Uint32Array.from({ length: offsets.length - 1 }, (_, s) => offsets[s + 1]! - offsets[s]!);
  for (const [s, count] of length.entries()) sessionOf.fill(s, offsets[s]!, offsets[s]! + count);
  const positions = byItem(item, ofItem);
  const lowItems = Array.from(ofItem.keys()).filter((i) => ofItem[i]! < minItem);
  const lowSessions = Array.from(length.keys()).filter((s) => length[s]! < minSession);
  const drop = (position: number): void => {
    if (stays[position] === 0) return;
    stays[position] = 0;
    const i = item[position]!;
    const s = sessionOf[position]!;
    if (ofItem[i]!-- === minItem) lowItems.push(i);
    if (length[s]!-- === minSession) lowSessions.push(s);
  };
  while (lowItems.length > 0 || lowSessions.length > 0) {
    const i = lowItems.pop();
    if (i !== undefined) for (let k = positions.offsets[i]!; k < positions.offsets[i + 1]!; k++) drop(positions.at[k]!);
    const s = lowSessions.pop();
    if (s !== undefined) for (let k = offsets[s]!; k < offsets[s + 1]!; k++) drop(k);
  }
  return stays;
}

function byItem(item: Int32Array, counts: Uint32Array): { readonly offsets: Uint32Array; readonly at: Uint32Array } {
  const offsets = new Uint32Array(counts.length + 1);
  for (let i = 0; i < counts.length; i++) offsets[i + 1] = offsets[i]! + counts[i]!;
  const next = offsets.slice();
  const at = new Uint32Array(item.length);
  for (let k = 0; k < item.length; k++) at[next[item[k]!]!++] = k;
  return { offsets, at };
}

/** The sessions over the events that stay; empty ones are gone. */
function select({ offsets, item, time, user }: TimedSessions, stays: Uint8Array): TimedSessions {
  const kept: number[] = [];
  const ends = [0];
  let count = 0;
  for (let s = 0; s + 1 < offsets.length; s++) {
    for (let k = offsets[s]!; k < offsets[s + 1]!; k++) count += stays[k]!;
    if (count === ends.at(-1)) continue;
    kept.push(s);
    ends.push(count);
  }
  return {
    offsets: Uint32Array.from(ends),
    item: item.filter((_, k) => stays[k] === 1),
    time: time.filter((_, k) => stays[k] === 1),
    user: user && Int32Array.from(kept, (s) => user[s]!),
  };
}
