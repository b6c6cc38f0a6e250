/**
 * Steps on sessions that the literature prepares data by: consecutive repeats made one, the last items kept, the k-core.
 * Each is a pure function over columns, linear in the events.
 */
import { ConfigError } from "../core/errors";
import { sessionCount, type Sessions } from "./types";

/**
 * The sessions over the events that stay; sessions without one are gone.
 * @param stays [N] 1 where an event stays
 */
export function selectEvents<S extends Sessions>(sessions: S, stays: Uint8Array): S {
  const { offsets, item, time, user } = sessions;
  const count = sessionCount(sessions);
  let [events, left] = [0, 0];
  for (let s = 0; s < count; s++) {
    const before = events;
    for (let k = offsets[s]!; k < offsets[s + 1]!; k++) events += stays[k]!;
    if (events > before) left++;
  }
  const out = { offsets: new Uint32Array(left + 1), item: new Int32Array(events), time: time && new Float64Array(events), user: user && new Int32Array(left) };
  let [at, t] = [0, 0];
  for (let s = 0; s < count; s++) {
    for (let k = offsets[s]!; k < offsets[s + 1]!; k++) {
      if (stays[k] === 0) continue;
      out.item[at] = item[k]!;
      if (time !== undefined) out.time![at] = time[k]!;
      at++;
    }
    if (at === out.offsets[t]) continue;
    if (user !== undefined) out.user![t] = user[s]!;
    out.offsets[++t] = at;
  }
  return { ...sessions, ...out };
}

/**
 * Makes one event of consecutive events of one item in a session: the first of them stays. An item that comes back
 * after another one is no consecutive repeat.
 * Source: the preprocessing of GRU4Rec's third-party comparison (Hidasi and Czapp, 2307.14548); session-rec keeps repeats.
 * @example
 * import { collapseRepeats } from "sessionlab";
 * const { item, offsets } = collapseRepeats({ offsets: Uint32Array.of(0, 4, 5), item: Int32Array.of(7, 7, 8, 7, 7) });
 * assert.deepEqual([Array.from(item), Array.from(offsets)], [[7, 8, 7, 7], [0, 3, 4]]);
 */
export function collapseRepeats<S extends Sessions>(sessions: S): S {
  const { offsets, item } = sessions;
  const stays = new Uint8Array(item.length).fill(1);
  for (let s = 0; s < sessionCount(sessions); s++) {
    for (let k = offsets[s]! + 1; k < offsets[s + 1]!; k++) if (item[k] === item[k - 1]) stays[k] = 0;
  }
  return selectEvents(sessions, stays);
}

/**
 * Keeps the last `length` events of each session: what is near what comes next. (NARM's code keeps the first.)
 * @param length 1 or more
 * @throws ConfigError for a length below 1
 * @example
 * import { keepLast } from "sessionlab";
 * const { item } = keepLast({ offsets: Uint32Array.of(0, 3, 4), item: Int32Array.of(1, 2, 3, 4) }, 2);
 * assert.deepEqual(Array.from(item), [2, 3, 4]);
 */
export function keepLast<S extends Sessions>(sessions: S, length: number): S {
  if (!Number.isInteger(length) || length < 1) throw new ConfigError(`Expected a length of 1 or more, found ${length}; give a positive integer`);
  const { offsets, item } = sessions;
  const stays = new Uint8Array(item.length);
  for (let s = 0; s < sessionCount(sessions); s++) stays.fill(1, Math.max(offsets[s]!, offsets[s + 1]! - length), offsets[s + 1]!);
  return selectEvents(sessions, stays);
}

/** Events that each item and each session has at least; 0 is off. */
export interface CoreSizes {
  readonly item: number;
  readonly session: number;
}

/**
 * The k-core: the largest part of the sessions in which each item has `item` events or more and each session `session`
 * or more. It peels off what is below and follows only what that touches, so the order of the peeling does not matter.
 * Source: Seidman (1983), Batagelj and Zaversnik (cs/0310049), on the graph of sessions and items.
 * @example
 * import { kCore } from "sessionlab";
 * // Item 2 has one event: without it the second session has one, and goes.
 * const core = kCore({ offsets: Uint32Array.of(0, 2, 4, 6), item: Int32Array.of(0, 1, 0, 2, 1, 0) }, { item: 2, session: 2 });
 * assert.deepEqual(Array.from(core.item), [0, 1, 1, 0]);
 */
export function kCore<S extends Sessions>(sessions: S, { item: minItem, session: minSession }: CoreSizes): S {
  const { offsets, item } = sessions;
  const count = sessionCount(sessions);
  const stays = new Uint8Array(item.length).fill(1);
  const ofItem = countItems(item);
  const length = new Uint32Array(count);
  const sessionOf = new Uint32Array(item.length);
  for (let s = 0; s < count; s++) {
    length[s] = offsets[s + 1]! - offsets[s]!;
    sessionOf.fill(s, offsets[s]!, offsets[s + 1]!);
  }
  const lowItems: number[] = [];
  const lowSessions: number[] = [];
  for (let i = 0; i < ofItem.length; i++) if (ofItem[i]! > 0 && ofItem[i]! < minItem) lowItems.push(i);
  for (let s = 0; s < count; s++) if (length[s]! < minSession) lowSessions.push(s);
  if (lowItems.length === 0 && lowSessions.length === 0) return sessions;
  const positions = byItem(item, ofItem);
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
  return selectEvents(sessions, stays);
}

/** [V] events of each item; V is one more than the highest. */
export function countItems(item: Int32Array): Uint32Array {
  let size = 0;
  for (let k = 0; k < item.length; k++) if (item[k]! >= size) size = item[k]! + 1;
  const counts = new Uint32Array(size);
  for (let k = 0; k < item.length; k++) counts[item[k]!]!++;
  return counts;
}

function byItem(item: Int32Array, counts: Uint32Array): { readonly offsets: Uint32Array; readonly at: Uint32Array } {
  const offsets = new Uint32Array(counts.length + 1);
  for (let i = 0; i < counts.length; i++) offsets[i + 1] = offsets[i]! + counts[i]!;
  const next = offsets.slice();
  const at = new Uint32Array(item.length);
  for (let k = 0; k < item.length; k++) at[next[item[k]!]!++] = k;
  return { offsets, at };
}

/**
 * Sessions [from, to), in columns of their own.
 * @example
 * import { sessionRange } from "sessionlab";
 * const { offsets, item } = sessionRange({ offsets: Uint32Array.of(0, 2, 3, 5), item: Int32Array.of(1, 2, 3, 4, 5) }, 1, 3);
 * assert.deepEqual([Array.from(offsets), Array.from(item)], [[0, 1, 3], [3, 4, 5]]);
 */
export function sessionRange({ offsets, item }: Pick<Sessions, "offsets" | "item">, from: number, to: number): Pick<Sessions, "offsets" | "item"> {
  const start = offsets[from]!;
  return { offsets: offsets.slice(from, to + 1).map((offset) => offset - start), item: item.slice(start, offsets[to]) };
}
