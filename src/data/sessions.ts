/**
 * Events -> sessions: a user's history, a user's history cut at long pauses or at midnight, or the sessions that the
 * data name. Sorting is stable: events of one time keep the table's canonical order. Every step is linear in the events
 * (a session that is not in time order yet costs its own sort).
 */
import { ConfigError, DataError } from "../core/errors";
import { hashOf } from "../core/hash";
import { resolveOptions, rules } from "../core/options";
import type { EventTable } from "./events";
import { orderByGroup } from "./order";
import { collapseRepeats, countItems, kCore, keepLast, type CoreSizes } from "./session-steps";
import { sessionCount, type Sessions } from "./types";

const defaults = {
  /** "user": all events of a user; "gap": those, cut at pauses longer than gapSeconds; "day": cut at midnight, UTC; "given": the data's own. */
  by: "user" as "user" | "gap" | "day" | "given",
  gapSeconds: 1800,
  /** What happens to events of the item of the event before: "keep" has them all, "collapse" makes one of them. */
  repeats: "keep" as "keep" | "collapse",
  /** Longer sessions keep their last events, before minLength and kCore are looked at; undefined: any length. */
  maxLength: undefined as number | undefined,
  /** Shorter sessions are dropped. */
  minLength: 2,
  /**
   * Items with fewer events than `item` and sessions with fewer than `session` are dropped, again and again until none
   * is left. 0 is off. It looks at all events, those of the test period too, as the literature does.
   */
  kCore: { item: 0, session: 0 } as CoreSizes,
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
  /** What repeats, maxLength, minLength and kCore took away. */
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
    by: rules.oneOf("user", "gap", "day", "given"),
    gapSeconds: rules.positive,
    repeats: rules.oneOf("keep", "collapse"),
    maxLength: (value) => (value === undefined ? undefined : rules.positiveInteger(value)),
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
  const minSession = Math.max(options.minLength, options.kCore.session);
  if (minSession > (options.maxLength ?? Infinity)) {
    throw new ConfigError(`Expected maxLength to be at least the ${minSession} events that a session must have, found ${options.maxLength}; raise it, or lower minLength`);
  }
  const all = cut(groups, events, cutsBetween[options.by](options.gapSeconds));
  const single = options.repeats === "keep" ? all : collapseRepeats(all);
  const last = options.maxLength === undefined ? single : keepLast(single, options.maxLength);
  const sessions = kCore(last, { item: options.kCore.item, session: minSession });
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
      items: differentItems(all.item) - differentItems(sessions.item),
    },
    hash: hashOf(columns),
  };
}

type TimedSessions = SessionTable["sessions"];

const daySeconds = 86400;

/** Whether a session ends between two events of a group that follow each other. */
const cutsBetween: Readonly<Record<SessionOptions["by"], (gapSeconds: number) => (before: number, after: number) => boolean>> = {
  user: () => () => false,
  given: () => () => false,
  gap: (gapSeconds) => (before, after) => after - before > gapSeconds,
  day: () => (before, after) => Math.floor(before / daySeconds) !== Math.floor(after / daySeconds),
};

/** Sessions end where groups end, and where `between` says so. */
function cut(groups: Int32Array, events: EventTable, between: (before: number, after: number) => boolean): TimedSessions {
  const { order, ends } = orderByGroup(groups, events.time);
  const item = new Int32Array(order.length);
  const time = new Float64Array(order.length);
  for (let k = 0; k < order.length; k++) {
    item[k] = events.item[order[k]!]!;
    time[k] = events.time[order[k]!]!;
  }
  const last = new Uint8Array(order.length); // 1 where a session ends
  let count = 0;
  let start = 0;
  for (const end of ends) {
    for (let k = start + 1; k <= end; k++) {
      if (k < end && !between(time[k - 1]!, time[k]!)) continue;
      last[k - 1] = 1;
      count++;
    }
    start = end;
  }
  const offsets = new Uint32Array(count + 1);
  const user = events.user && new Int32Array(count);
  for (let k = 0, s = 0; k < order.length; k++) {
    if (last[k] === 0) continue;
    if (user !== undefined) user[s] = events.user![order[k]!]!;
    offsets[++s] = k + 1;
  }
  return { offsets, item, time, user };
}

function differentItems(item: Int32Array): number {
  let different = 0;
  for (const count of countItems(item)) different += count > 0 ? 1 : 0;
  return different;
}
