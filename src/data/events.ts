/**
 * A table of events: who met what and when, in columns with dictionaries, in canonical order.
 * Canonical order: users by number where their ids are integers, else by code unit; then time; then the order given.
 */
import { DataError } from "../core/errors";
import { hashOf } from "../core/hash";

/** Events in columns. Inside ids are positions in the dictionaries. */
export interface EventTable {
  /** The data set's name: "ml-100k". */
  readonly name: string;
  /** [U] outside ids; absent where the data are anonymous. */
  readonly users?: readonly string[];
  /** [N] inside user ids. */
  readonly user?: Int32Array;
  /** [V] outside ids. */
  readonly itemIds: readonly string[];
  /** [N] inside item ids. */
  readonly item: Int32Array;
  /** [N] unix seconds. */
  readonly time: Float64Array;
  /** [N] */
  readonly rating?: Float32Array;
  /** [G] outside ids of given sessions, where the data have them. */
  readonly sessionIds?: readonly string[];
  /** [N] inside ids of given sessions. */
  readonly session?: Int32Array;
  /** [V] what is known of the items; a value of one item may be absent. */
  readonly titles?: readonly string[];
  readonly years?: readonly (number | undefined)[];
  readonly genres?: readonly (readonly string[])[];
  /** sha256 over the events (not over titles): the identity of the data. */
  readonly hash: string;
}

/** Events as a user of the library has them: plain columns of one length. */
export interface EventColumns {
  readonly name: string;
  readonly user?: readonly string[];
  readonly item: readonly string[];
  /** Unix seconds. */
  readonly time: readonly number[] | Float64Array;
  readonly rating?: readonly number[] | Float32Array;
  /** Given session ids. */
  readonly session?: readonly string[];
  /** Titles by item id. */
  readonly titles?: ReadonlyMap<string, string>;
}

/**
 * Makes a table of events from plain columns: sorts canonically, builds the dictionaries, hashes.
 * @throws DataError if the columns differ in length or a time is not finite
 * @example
 * import { eventsFrom } from "sessionlab";
 * const events = eventsFrom({ name: "demo", user: ["10", "9", "9"], item: ["b", "a", "b"], time: [5, 7, 6] });
 * assert.deepEqual(events.users, ["9", "10"]);
 * assert.deepEqual(Array.from(events.time), [6, 7, 5]);
 */
export function eventsFrom(columns: EventColumns): EventTable {
  const { name, item, time, rating, titles } = columns;
  const count = item.length;
  for (const [field, column] of Object.entries({ user: columns.user, time, rating, session: columns.session })) {
    if (column !== undefined && column.length !== count) {
      throw new DataError(`Expected ${count} values, as many as items, found ${column.length}; give columns of one length`, { file: name, field });
    }
  }
  for (let n = 0; n < count; n++) {
    if (!Number.isFinite(time[n])) throw new DataError(`Expected unix seconds, found ${time[n]}; drop or mend the row`, { file: name, line: n + 1, field: "time" });
  }
  const users = columns.user === undefined ? undefined : encode(columns.user);
  const items = encode(item);
  const sessions = columns.session === undefined ? undefined : encode(columns.session);
  const order = Uint32Array.from({ length: count }, (_, n) => n);
  order.sort((a, b) => (users === undefined ? 0 : users.codes[a]! - users.codes[b]!) || time[a]! - time[b]! || a - b);
  const table = {
    name,
    users: users?.ids,
    user: users && gather(users.codes, order),
    itemIds: items.ids,
    item: gather(items.codes, order),
    time: Float64Array.from(order, (n) => time[n]!),
    rating: rating && Float32Array.from(order, (n) => rating[n]!),
    sessionIds: sessions?.ids,
    session: sessions && gather(sessions.codes, order),
    titles: titles && items.ids.map((id) => titles.get(id) ?? ""),
  };
  return { ...table, hash: hashEvents(table) };
}

/**
 * The identity of events: sha256 over the dictionaries and columns in their order; names and titles do not count.
 * @returns 64 hexadecimal digits
 * @example
 * import { eventsFrom, hashEvents } from "sessionlab";
 * const table = eventsFrom({ name: "demo", user: ["u", "u"], item: ["a", "b"], time: [1, 2] });
 * assert.equal(hashEvents(table), table.hash);
 */
export function hashEvents(table: Omit<EventTable, "hash">): string {
  const { users, user, itemIds, item, time, rating, sessionIds, session } = table;
  return hashOf({ users, user, itemIds, item, time, rating, sessionIds, session });
}

/** Canonical order of outside ids: integers by value and first, the rest by code unit. */
export function compareIds(a: string, b: string): number {
  const numberA = /^\d{1,15}$/.test(a) ? Number(a) : Infinity;
  const numberB = /^\d{1,15}$/.test(b) ? Number(b) : Infinity;
  if (numberA !== numberB) return numberA - numberB;
  return a < b ? -1 : a > b ? 1 : 0;
}

function encode(values: readonly string[]): { readonly ids: readonly string[]; readonly codes: Int32Array } {
  const ids = [...new Set(values)].sort(compareIds);
  const index = new Map(ids.map((id, code) => [id, code]));
  return { ids, codes: Int32Array.from(values, (value) => index.get(value)!) };
}

function gather(values: Int32Array, order: Uint32Array): Int32Array {
  return Int32Array.from(order, (n) => values[n]!);
}
