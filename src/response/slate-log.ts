/**
 * Logged slates and what was clicked on them, in columns. A step is one slate of K items shown at once (an impression);
 * a session is its steps in time order. Without a click a row of `clicked` is all 0.
 * Symbols: S sessions, N steps of all of them, K slots, V items.
 */
import { DataError } from "../core/errors";
import { eventsFrom, type EventTable } from "../data/events";
import type { Sessions } from "../data/types";

/** Sessions of slates with their clicks. */
export interface SlateLog {
  /** [S + 1] where sessions begin: session s has the steps offsets[s] .. offsets[s + 1]. */
  readonly offsets: Uint32Array;
  /** K. */
  readonly slots: number;
  /** V: items are 0 .. V - 1. */
  readonly items: number;
  /** [N, K] items, the first slot first; none twice on a slate. */
  readonly slate: Int32Array;
  /** [N, K] 0 or 1. */
  readonly clicked: Uint8Array;
  /** [S] inside user ids, where they are known. */
  readonly user?: Int32Array;
  /** [S] numbers of the sessions, by which noise is looked up; 0 .. S - 1 if not given. */
  readonly session?: Int32Array;
  /** What was assumed to make the log, in words: it goes with every counterfactual. */
  readonly assumptions?: readonly string[];
}

/** Whether a user answers a slate with one item or none, or each item by itself. */
export type ResponseKind = "single" | "multi";

/**
 * How many steps a log has.
 * @example
 * import { stepCount } from "sessionlab";
 * assert.equal(stepCount({ offsets: Uint32Array.of(0, 2, 5) }), 5);
 */
export function stepCount({ offsets }: Pick<SlateLog, "offsets">): number {
  return offsets[offsets.length - 1] ?? 0;
}

/**
 * Makes sure that a log is one.
 * @param kind "single" allows one click a slate
 * @returns the log
 * @throws DataError naming session and step of the first fault: an item that is unknown or twice on a slate, columns of
 * other lengths, more clicks than allowed; or a log without steps, or without any click
 * @example
 * import { checkLog } from "sessionlab";
 * const log = { offsets: Uint32Array.of(0, 1), slots: 2, items: 5, slate: Int32Array.of(3, 3), clicked: Uint8Array.of(1, 0) };
 * assert.throws(() => checkLog(log, "single"), /session 0, step 0: .* found item 3 twice/);
 */
export function checkLog(log: SlateLog, kind: ResponseKind): SlateLog {
  const { offsets, slots, slate, clicked, items, user, session } = log;
  const steps = stepCount(log);
  const sessions = offsets.length - 1;
  if (steps === 0) throw new DataError("Expected a log with slates, found none; log some sessions first");
  if (!(Number.isInteger(slots) && slots >= 1)) throw new DataError(`Expected slates of one slot or more, found ${slots}`);
  for (const [name, length] of [["slate", slate.length], ["clicked", clicked.length]] as const) {
    if (length !== steps * slots) throw new DataError(`Expected ${steps} x ${slots} entries of ${name}, found ${length}`);
  }
  for (const [name, column] of [["user", user], ["session", session]] as const) {
    if (column !== undefined && column.length !== sessions) throw new DataError(`Expected ${sessions} entries of ${name}, one a session, found ${column.length}`);
  }
  checkSlates(slate, slots, items, (row) => placeOf(offsets, row));
  let all = 0;
  for (let row = 0; row < steps; row++) {
    let clicks = 0;
    for (let at = row * slots; at < (row + 1) * slots; at++) clicks += clicked[at]!;
    if (kind === "single" && clicks > 1) throw new DataError(`${placeOf(offsets, row)}: Expected one click a slate at most, found ${clicks}; take a model of kind "multi"`);
    all += clicks;
  }
  if (all === 0) throw new DataError(`Expected sessions with clicks, found none in ${steps} slates; how slates are answered cannot be learnt from this log`);
  return log;
}

/** Throws for slates with items that are unknown or there twice. @param place words for a row */
export function checkSlates(slate: Int32Array, slots: number, items: number, place: (row: number) => string): void {
  for (let row = 0; row * slots < slate.length; row++) {
    for (let at = row * slots; at < (row + 1) * slots; at++) {
      const item = slate[at]!;
      if (!(item >= 0 && item < items)) throw new DataError(`${place(row)}: Expected items in 0..${items - 1} on a slate, found ${item}; leave unknown items out`);
      for (let before = row * slots; before < at; before++) {
        if (slate[before] === item) throw new DataError(`${place(row)}: Expected each item once on a slate, found item ${item} twice`);
      }
    }
  }
}

/** "session 3, step 2" of a row. */
export function placeOf(offsets: Uint32Array, row: number): string {
  const s = sessionOf(offsets, row);
  return `session ${s}, step ${row - offsets[s]!}`;
}

/** The session of a row, by bisection. */
export function sessionOf(offsets: Uint32Array, row: number): number {
  let [low, high] = [0, offsets.length - 1];
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (offsets[middle]! <= row) low = middle;
    else high = middle;
  }
  return low;
}

/**
 * The slot that was clicked at each step; K where none was.
 * @returns [N]
 * @example
 * import { choicesOf } from "sessionlab";
 * assert.deepEqual([...choicesOf({ slots: 2, clicked: Uint8Array.of(0, 1, 0, 0) })], [1, 2]);
 */
export function choicesOf({ slots, clicked }: Pick<SlateLog, "slots" | "clicked">): Int32Array {
  const choices = new Int32Array(clicked.length / slots).fill(slots);
  for (let at = clicked.length - 1; at >= 0; at--) if (clicked[at] === 1) choices[Math.floor(at / slots)] = at % slots;
  return choices;
}

/**
 * Some sessions of a log, in the order given.
 * @param sessions indices
 * @example
 * import { takeSessions } from "sessionlab";
 * const log = { offsets: Uint32Array.of(0, 1, 2), slots: 1, items: 9, slate: Int32Array.of(4, 7), clicked: Uint8Array.of(1, 0) };
 * assert.deepEqual([...takeSessions(log, [1]).slate], [7]);
 */
export function takeSessions(log: SlateLog, sessions: ArrayLike<number>): SlateLog {
  const { offsets, slots, slate, clicked, user, session } = log;
  const chosen = Int32Array.from(sessions);
  const taken = new Uint32Array(chosen.length + 1);
  chosen.forEach((s, at) => (taken[at + 1] = taken[at]! + offsets[s + 1]! - offsets[s]!));
  const steps = taken[chosen.length]!;
  const out = { slate: new Int32Array(steps * slots), clicked: new Uint8Array(steps * slots) };
  chosen.forEach((s, at) => {
    out.slate.set(slate.subarray(offsets[s]! * slots, offsets[s + 1]! * slots), taken[at]! * slots);
    out.clicked.set(clicked.subarray(offsets[s]! * slots, offsets[s + 1]! * slots), taken[at]! * slots);
  });
  return { ...log, ...out, offsets: taken, user: user && chosen.map((s) => user[s]!), session: chosen.map((s) => session?.[s] ?? s) };
}

/**
 * The clicked items of each session: what session recommenders read.
 * @returns as many sessions as the log has, some of them perhaps empty
 * @example
 * import { clickSessions } from "sessionlab";
 * const log = { offsets: Uint32Array.of(0, 2), slots: 2, items: 9, slate: Int32Array.of(4, 7, 1, 2), clicked: Uint8Array.of(0, 1, 1, 0) };
 * assert.deepEqual([...clickSessions(log).item], [7, 1]);
 */
export function clickSessions({ offsets, slots, slate, clicked, user }: SlateLog): Sessions {
  const ends = new Uint32Array(offsets.length);
  const item: number[] = [];
  for (let s = 0; s < offsets.length - 1; s++) {
    for (let at = offsets[s]! * slots; at < offsets[s + 1]! * slots; at++) if (clicked[at] === 1) item.push(slate[at]!);
    ends[s + 1] = item.length;
  }
  return { offsets: ends, item: Int32Array.from(item), user };
}

/**
 * The clicks as events, for splits and recommenders: item ids are the numbers as text, a second a step, sessions an hour apart.
 * @throws DataError for a log without a click
 * @example
 * import { logEvents, sessionsFrom } from "sessionlab";
 * const log = { offsets: Uint32Array.of(0, 2), slots: 2, items: 9, slate: Int32Array.of(4, 7, 1, 2), clicked: Uint8Array.of(0, 1, 1, 0) };
 * assert.deepEqual(sessionsFrom(logEvents(log, "demo"), { by: "given" }).itemIds.slice(), ["1", "7"]);
 */
export function logEvents(log: SlateLog, name: string): EventTable {
  const { offsets, item } = clickSessions(log);
  if (item.length === 0) throw new DataError(`Expected sessions with clicks, found none in ${stepCount(log)} slates; there are no events`);
  const session = new Array<string>(item.length);
  const time = new Array<number>(item.length);
  for (let s = 0; s < offsets.length - 1; s++) {
    for (let at = offsets[s]!; at < offsets[s + 1]!; at++) {
      session[at] = String(s);
      time[at] = 3600 * s + at - offsets[s]!;
    }
  }
  const user = log.user && session.map((s) => String(log.user![Number(s)]!));
  return eventsFrom({ name, session, item: Array.from(item, String), time, user });
}
