/** Training sessions by how recent they are: by the time of their last event, without times by their order in the data. */
import { ConfigError } from "../core/errors";
import { hashOf } from "../core/hash";
import { sessionCount, type Cases, type Items, type Role, type Split, type TrainSessions } from "./types";

/** Numbers of the sessions, the oldest first; of one time in the order of the data. @returns [S] */
export function byRecency(train: TrainSessions): Uint32Array {
  const order = Uint32Array.from({ length: sessionCount(train) }, (_, s) => s);
  return train.time === undefined ? order : order.sort((a, b) => lastTime(train, a) - lastTime(train, b) || a - b);
}

/** The time of a session's last event; the beginning of all time for one without events. */
export function lastTime({ offsets, time }: TrainSessions, s: number): number {
  return offsets[s + 1]! > offsets[s]! ? time![offsets[s + 1]! - 1]! : -Infinity;
}

/**
 * The most recent share of the training sessions, in their order, over the same items: what a search trains on before it
 * spends the whole. Items that only older sessions have stay in the catalogue, without events.
 * @param share in (0, 1]; 1 gives the sessions back as they are
 * @throws ConfigError for a share outside
 * @example
 * import { recentShare } from "sessionlab";
 * const items = { ids: ["a", "b"], trained: 2 };
 * const train = { role: "train", hash: "demo", items, offsets: Uint32Array.of(0, 2, 3, 5), item: Int32Array.of(0, 0, 0, 1, 0), time: Float64Array.of(8, 9, 1, 5, 6) } as const;
 * const recent = recentShare(train, 0.5); // two of three: those that end at 9 and at 6
 * assert.deepEqual([[...recent.offsets], [...recent.item]], [[0, 2, 4], [0, 0, 1, 0]]);
 */
export function recentShare(train: TrainSessions, share: number): TrainSessions {
  if (!(share > 0 && share <= 1)) throw new ConfigError(`Expected a share of the training sessions in (0, 1], found ${share}`);
  if (share === 1) return train;
  const count = sessionCount(train);
  const chosen = byRecency(train).subarray(count - Math.ceil(share * count)).sort();
  const offsets = new Uint32Array(chosen.length + 1);
  chosen.forEach((s, at) => (offsets[at + 1] = offsets[at]! + train.offsets[s + 1]! - train.offsets[s]!));
  const gather = <A extends Int32Array | Float64Array>(from: A, into: A): A => {
    chosen.forEach((s, at) => into.set(from.subarray(train.offsets[s], train.offsets[s + 1]), offsets[at]));
    return into;
  };
  const length = offsets[chosen.length]!;
  return {
    ...train,
    hash: hashOf({ train: train.hash, recentShare: share }),
    offsets,
    item: gather(train.item, new Int32Array(length)),
    time: train.time && gather(train.time, new Float64Array(length)),
    user: train.user && Int32Array.from(chosen, (s) => train.user![s]!),
  };
}

/**
 * A split whose training is the most recent share of its sessions. Items that are in none of them are no training items any more:
 * as targets they are misses, wherever they stand in a prefix they are unknown.
 * @param share in (0, 1]; 1 gives the split back as it is
 * @throws ConfigError for a share outside
 * @example
 * import { recentSplit } from "sessionlab";
 * const items = { ids: ["a", "b", "c"], trained: 3 };
 * const train = { role: "train", hash: "demo", items, offsets: Uint32Array.of(0, 2, 4), item: Int32Array.of(0, 1, 2, 1) } as const;
 * const sessions = { offsets: Uint32Array.of(0, 2), item: Int32Array.of(2, 0) };
 * const cases = { items, sessions, session: Int32Array.of(0), end: Int32Array.of(1), target: Int32Array.of(0), hash: "" };
 * const split = recentSplit({ name: "demo", protocol: {}, items, train, valid: { ...cases, role: "valid" }, test: { ...cases, role: "test" } }, 0.5);
 * assert.deepEqual(split.items, { ids: ["b", "c", "a"], trained: 2, titles: undefined }); // the second session has c and b
 * assert.deepEqual([[...split.train.item], [...split.test.target]], [[1, 0], [2]]);
 */
export function recentSplit(split: Split, share: number): Split {
  const recent = recentShare(split.train, share);
  if (share === 1) return split;
  const { ids, trained, titles } = split.items;
  const seen = new Uint8Array(ids.length);
  for (const item of recent.item) seen[item] = 1;
  const order = Uint32Array.from(ids.keys()).sort((a, b) => seen[b]! - seen[a]! || a - b);
  const place = new Int32Array(ids.length);
  order.forEach((item, at) => (place[item] = at));
  const own: Items = { ids: Array.from(order, (item) => ids[item]!), trained: seen.subarray(0, trained).reduce((sum, one) => sum + one, 0), titles: titles && Array.from(order, (item) => titles[item]!) };
  const renamed = (item: Int32Array): Int32Array => item.map((one) => place[one]!);
  const casesOf = <R extends Role>(cases: Cases<R>): Cases<R> => ({
    ...cases,
    items: own,
    sessions: { ...cases.sessions, item: renamed(cases.sessions.item) },
    target: renamed(cases.target),
    hash: hashOf({ cases: cases.hash, recentShare: share, train: recent.hash }),
  });
  return {
    ...split,
    protocol: { ...split.protocol, recentShare: share, words: `${String(split.protocol["words"])}; of the training the most recent ${Number((100 * share).toFixed(2))} % of the sessions` },
    items: own,
    train: { ...recent, items: own, item: renamed(recent.item) },
    valid: casesOf(split.valid),
    test: casesOf(split.test),
    ...(split.confirm && { confirm: casesOf(split.confirm) }),
  };
}
