/** What events and splits hold, in numbers: counts for tables and passports. */
import type { EventTable } from "./events";
import { orderByGroup } from "./order";
import { sessionCount, type Cases, type Sessions, type Split } from "./types";

/** How many events each of some things has. */
export interface EventCounts {
  readonly count: number;
  readonly fewest: number;
  readonly median: number;
  readonly most: number;
}

/** Counts of a table of events. */
export interface EventsDescription {
  readonly events: number;
  readonly items: EventCounts;
  readonly users?: EventCounts;
  /** Sessions that the data name. */
  readonly sessions?: EventCounts;
  /** ISO 8601. */
  readonly from: string;
  readonly to: string;
  /** Share of users' events (of sessions', where there are no users) at the very time of the one before: the order among them is the file's. */
  readonly tieShare: number;
  readonly ratings?: { readonly lowest: number; readonly mean: number; readonly highest: number };
  /** Events by cells of users (sessions, where there are no users) and items: what papers print as density; over 1 is possible where events repeat. */
  readonly density: number;
  /** Share of users' (sessions') events whose item the same one had before. */
  readonly repeatShare: number;
  /** How uneven the items are: the Gini coefficient of their events (0: all the same), and the share of events on the most frequent tenth of them. */
  readonly popularity: { readonly gini: number; readonly topTenthShare: number };
  /** Share of the items that have a title, where the data have titles. */
  readonly titled?: number;
}

/**
 * Counts events.
 * @param events one event at least
 * @example
 * import { describeEvents, eventsFrom } from "sessionlab";
 * const { users, items, from } = describeEvents(eventsFrom({ name: "demo", user: ["u", "u", "v"], item: ["a", "b", "a"], time: [0, 60, 60] }));
 * assert.deepEqual(users, { count: 2, fewest: 1, median: 1.5, most: 2 });
 * assert.deepEqual([items.count, from], [2, "1970-01-01T00:00:00.000Z"]);
 */
export function describeEvents(events: EventTable): EventsDescription {
  const { item, itemIds, user, users, session, sessionIds, time, rating, titles } = events;
  const [from, to] = extremes(time);
  const owner = (user ?? session)!;
  const owners = (users ?? sessionIds)!.length;
  const mean = (rating?.reduce((sum, one) => sum + one, 0) ?? 0) / item.length;
  return {
    events: item.length,
    items: countsOf(item, itemIds.length),
    users: user && countsOf(user, users!.length),
    sessions: session && countsOf(session, sessionIds!.length),
    from: new Date(from * 1000).toISOString(),
    to: new Date(to * 1000).toISOString(),
    tieShare: ties(owner, time) / item.length,
    density: item.length / (owners * itemIds.length),
    repeatShare: repeats(owner, item, itemIds.length) / item.length,
    popularity: popularityOf(item, itemIds.length),
    ratings: rating && { lowest: extremes(rating)[0], mean, highest: extremes(rating)[1] },
    titled: titles && titles.reduce((sum, title) => sum + (title === "" ? 0 : 1), 0) / titles.length,
  };
}

/** A data set as papers print it. */
export interface DescriptionRow {
  readonly data: string;
  /** Users, or sessions where the data name those and no users. */
  readonly sessions: number;
  readonly items: number;
  readonly events: number;
  /** Events of a session on the mean. */
  readonly length: number;
  readonly density: number;
  readonly repeats: number;
  /** Gini coefficient of the items' events. */
  readonly gini: number;
  /** Dates, UTC. */
  readonly from: string;
  readonly to: string;
}

/**
 * One line of the table of data sets that papers print, for a frame of several: `new dfd.DataFrame([describeRow(a), describeRow(b)])`.
 * The pictures to it are `popularityFigure` and `lengthFigure`.
 * @example
 * import { describeRow, eventsFrom } from "sessionlab";
 * const row = describeRow(eventsFrom({ name: "demo", user: ["u", "u", "v"], item: ["a", "b", "a"], time: [0, 60, 86400] }));
 * assert.deepEqual([row.data, row.sessions, row.items, row.events, row.length, row.density], ["demo", 2, 2, 3, 1.5, 0.75]);
 * assert.deepEqual([row.from, row.to], ["1970-01-01", "1970-01-02"]);
 */
export function describeRow(table: EventTable): DescriptionRow {
  const { users, sessions, items, events, density, repeatShare, popularity, from, to } = describeEvents(table);
  const { count } = (users ?? sessions)!;
  return { data: table.name, sessions: count, items: items.count, events, length: events / count, density, repeats: repeatShare, gini: popularity.gini, from: from.slice(0, 10), to: to.slice(0, 10) };
}

function countsOf(codes: Int32Array, size: number): EventCounts {
  const counts = new Uint32Array(size);
  for (const code of codes) counts[code]!++;
  const [fewest, most] = extremes(counts);
  return { count: size, fewest, median: median(counts), most };
}

function extremes(values: Float64Array | Float32Array | Uint32Array): [number, number] {
  let [low, high] = [Infinity, -Infinity];
  for (const value of values) {
    low = Math.min(low, value);
    high = Math.max(high, value);
  }
  return [low, high];
}

/** How many events have the time of the event before them in their group. */
function ties(group: Int32Array, time: Float64Array): number {
  const { order } = orderByGroup(group, time);
  let count = 0;
  for (let k = 1; k < order.length; k++) if (group[order[k]!] === group[order[k - 1]!] && time[order[k]!] === time[order[k - 1]!]) count++;
  return count;
}

/** How many events have an item that their group has in an event before. */
function repeats(group: Int32Array, item: Int32Array, items: number): number {
  const { order } = orderByGroup(group, new Float64Array(group.length));
  const last = new Int32Array(items).fill(-1); // the group that had the item last
  let count = 0;
  for (const n of order) {
    if (last[item[n]!] === group[n]) count++;
    last[item[n]!] = group[n]!;
  }
  return count;
}

/** Gini coefficient: with counts ascending from x_1, sum over i of (2 i - V - 1) x_i, by V times the sum of all. */
function popularityOf(item: Int32Array, items: number): EventsDescription["popularity"] {
  const counts = new Uint32Array(items);
  for (const code of item) counts[code]!++;
  counts.sort();
  const weighted = counts.reduce((sum, count, i) => sum + (2 * (i + 1) - items - 1) * count, 0);
  const top = counts.subarray(items - Math.ceil(items / 10)).reduce((sum, count) => sum + count, 0);
  return { gini: weighted / (items * item.length), topTenthShare: top / item.length };
}

/** Counts of training sessions. */
export interface TrainDescription {
  readonly sessions: number;
  readonly events: number;
  readonly medianLength: number;
  /** Share of events, without the first ones of sessions, whose item came before in the session. */
  readonly repeatShare: number;
}

/** Counts of a set of cases. */
export interface CasesDescription {
  readonly cases: number;
  /** Sessions with a case. */
  readonly sessions: number;
  readonly medianPrefix: number;
  /** Share of targets that training never saw. */
  readonly coldTargetShare: number;
  /** Share of targets that are in their own prefix. */
  readonly repeatShare: number;
}

/** Counts of a split. */
export interface SplitDescription {
  readonly items: { readonly trained: number; readonly cold: number };
  readonly users?: { readonly trained: number; readonly new: number };
  readonly train: TrainDescription;
  readonly valid: CasesDescription;
  readonly test: CasesDescription;
  readonly confirm?: CasesDescription;
}

/**
 * Counts a split. Shares of nothing are NaN.
 * @example
 * import { describeSplit, eventsFrom, sessionsFrom, splitLeaveOneOut } from "sessionlab";
 * const events = eventsFrom({ name: "demo", user: ["u", "u", "u", "u"], item: ["a", "b", "c", "a"], time: [1, 2, 3, 4] });
 * const { train, valid, test } = describeSplit(splitLeaveOneOut(sessionsFrom(events)));
 * assert.deepEqual([train.events, valid.coldTargetShare, test.repeatShare], [2, 1, 1]);
 */
export function describeSplit(split: Split): SplitDescription {
  const { items, users, train } = split;
  const lengths = Uint32Array.from({ length: sessionCount(train) }, (_, s) => train.offsets[s + 1]! - train.offsets[s]!);
  const repeats = repeated(train).reduce((sum, one) => sum + one, 0);
  return {
    items: { trained: items.trained, cold: items.ids.length - items.trained },
    users: users && { trained: users.trained, new: users.ids.length - users.trained },
    train: { sessions: lengths.length, events: train.item.length, medianLength: median(lengths), repeatShare: repeats / (train.item.length - lengths.length) },
    valid: describeCases(split.valid),
    test: describeCases(split.test),
    confirm: split.confirm && describeCases(split.confirm),
  };
}

function describeCases({ sessions, session, end, target, items }: Cases): CasesDescription {
  const cases = target.length;
  const again = repeated(sessions);
  return {
    cases,
    sessions: new Set(session).size,
    medianPrefix: median(Uint32Array.from(end)),
    coldTargetShare: target.reduce((sum, one) => sum + (one >= items.trained ? 1 : 0), 0) / cases,
    repeatShare: session.reduce((sum, s, c) => sum + again[sessions.offsets[s]! + end[c]!]!, 0) / cases,
  };
}

/** [N] 1 where the item came before in its session. */
function repeated({ offsets, item }: Sessions): Uint8Array {
  const again = new Uint8Array(item.length);
  for (let s = 0; s + 1 < offsets.length; s++) {
    const seen = new Set<number>();
    for (let k = offsets[s]!; k < offsets[s + 1]!; k++) {
      if (seen.has(item[k]!)) again[k] = 1;
      seen.add(item[k]!);
    }
  }
  return again;
}

function median(values: Uint32Array): number {
  const sorted = values.slice().sort();
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2;
}
