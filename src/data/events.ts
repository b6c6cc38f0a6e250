/**
 * A table of events: who met what and when, in columns with dictionaries, in canonical order.
 * Canonical order: users by number where their ids are integers, else by code unit; then time; then the order given.
 */
import { DataError } from "../core/errors";
import { hashOf } from "../core/hash";
import { compareKeys, keyOf } from "./ids";
import type { ItemFeature } from "./item-features";
import { orderByGroup, orderByTime } from "./order";

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
  /** Authors, brands, categories and the like, each over the items of this table. */
  readonly features?: readonly ItemFeature[];
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
  const coded = (values: readonly string[] | undefined): CodedColumn | undefined => (values === undefined ? undefined : encode(values));
  const table = tableOf(name, { user: coded(columns.user), item: encode(item), session: coded(columns.session), time: Float64Array.from(time), rating: rating && Float32Array.from(rating) });
  const named = { ...table, titles: titles && table.itemIds.map((id) => titles.get(id) ?? "") };
  return { ...named, hash: hashEvents(named) };
}

/** A column of ids: places in a dictionary, which may be in any order and hold ids that no event has. */
export interface CodedColumn {
  readonly ids: readonly string[];
  /** [N] */
  readonly codes: Int32Array;
}

/** Columns of events in the order given. */
export interface CodedEvents {
  readonly user?: CodedColumn;
  readonly item: CodedColumn;
  readonly session?: CodedColumn;
  readonly time: Float64Array;
  readonly rating?: Float32Array;
}

/** The table of coded columns: canonical dictionaries and order. Its hash is the caller's to add. */
export function tableOf(name: string, { user, item, session, time, rating }: CodedEvents): Omit<EventTable, "hash"> {
  const users = user && canonical(user);
  const order = users === undefined ? orderByTime(time) : orderByGroup(users.codes, time).order;
  const items = canonical(item);
  const sessions = session && canonical(session);
  return {
    name,
    users: users?.ids,
    user: users && gather(users.codes, order, new Int32Array(order.length)),
    itemIds: items.ids,
    item: gather(items.codes, order, new Int32Array(order.length)),
    time: gather(time, order, new Float64Array(order.length)),
    rating: rating && gather(rating, order, new Float32Array(order.length)),
    sessionIds: sessions?.ids,
    session: sessions && gather(sessions.codes, order, new Int32Array(order.length)),
  };
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

function encode(values: readonly string[]): CodedColumn {
  const known = new Map<string, number>();
  const codes = new Int32Array(values.length);
  for (let n = 0; n < codes.length; n++) {
    const value = values[n]!;
    let code = known.get(value);
    if (code === undefined) known.set(value, (code = known.size));
    codes[n] = code;
  }
  return { ids: [...known.keys()], codes };
}

/** The column over the ids that it has, in canonical order. Changes `codes` in place. */
function canonical({ ids, codes }: CodedColumn): CodedColumn {
  const rank = new Int32Array(ids.length);
  for (let n = 0; n < codes.length; n++) rank[codes[n]!] = 1;
  const keys = Float64Array.from(ids, keyOf);
  const used = Uint32Array.from(rank.keys()).filter((code) => rank[code] === 1);
  used.sort((a, b) => compareKeys(keys[a]!, keys[b]!) || (ids[a]! < ids[b]! ? -1 : ids[a]! > ids[b]! ? 1 : 0));
  for (let at = 0; at < used.length; at++) rank[used[at]!] = at;
  for (let n = 0; n < codes.length; n++) codes[n] = rank[codes[n]!]!;
  return { ids: Array.from(used, (code) => ids[code]!), codes };
}

function gather<T extends Int32Array | Float32Array | Float64Array>(values: T, order: Uint32Array, into: T): T {
  for (let k = 0; k < order.length; k++) into[k] = values[order[k]!]!;
  return into;
}
