/**
 * What a split lets training know of its test cases: events later than the targets, the targets themselves, users and
 * sessions that are on both sides, copies of test sessions; and what it leaves it without, items that training never saw.
 * Not all of it is a fault: known users are what a recommender of returning visitors has. A report says what is there.
 * Sources: Ji et al. (2010.11060) and Hidasi and Czapp (2307.14951) on leaks through time.
 * Cost: a sort of the training times, a pass over the test events, and that of `nearDuplicates`.
 */
import { sessionCount, type Cases, type Sessions, type Split } from "../data/types";
import { nearDuplicates, type DuplicateOptions, type Duplicates } from "./near-duplicates";

/** How many of some things of the test side are in training too. */
export interface BothSides {
  readonly test: number;
  readonly alsoInTraining: number;
}

/** How far training reaches past the test targets. */
export interface TimeLeak {
  /** Share of test cases whose target is older than the newest training event; NaN where there are no cases, as of nothing. */
  readonly affectedShare: number;
  /** Mean over test cases of the share of training events that are later than the target. */
  readonly laterTrainShare: number;
  /** ISO 8601. */
  readonly newestTraining: string;
  /** ISO 8601; absent without test cases. */
  readonly oldestTarget?: string;
}

/** What a split lets through. */
export interface LeakageReport {
  readonly name: string;
  /** How the data were split: "global time". */
  readonly protocol?: string;
  readonly testCases: number;
  /** Absent where the data have no times. */
  readonly time?: TimeLeak;
  /** Users with test cases; absent where the data have no users. */
  readonly users?: BothSides;
  /** Test sessions that begin with a training session; absent where the data have neither times nor users to know them by. */
  readonly sessions?: BothSides;
  /** Test cases whose very target event is among the training events of its session; absent as `sessions` is. */
  readonly targetsInTraining?: number;
  /** Targets that training never saw: the cases, and how many different items they are. */
  readonly unseen: { readonly cases: number; readonly items: number };
  /** Test sessions that are in training as another session, item for item or nearly. */
  readonly duplicates: Duplicates;
}

/**
 * Reports what the training side of a split knows of its test side. A global temporal split has no target that is older
 * than training.
 * A session is taken for the same on both sides if user, items and times agree over all of its training part.
 * @param options of `nearDuplicates`: from which similarity on two sessions are nearly the same, and how far is looked
 * @throws ConfigError for wrong options
 * @example
 * import { eventsFrom, leakageReport, sessionsFrom, splitByTime, splitLeaveOneOut } from "sessionlab";
 * const table = sessionsFrom(eventsFrom({ name: "demo", user: [..."uuuuvvvv"], item: [..."abcaabca"], time: [1, 2, 3, 4, 5, 6, 7, 8] }));
 * assert.equal(leakageReport(splitByTime(table, { at: [3, 4] })).time!.affectedShare, 0);
 * const { time, users } = leakageReport(splitLeaveOneOut(table));
 * assert.deepEqual([time!.affectedShare, time!.laterTrainShare], [1 / 2, 1 / 4]); // u's target is before both events of v
 * assert.deepEqual(users, { test: 2, alsoInTraining: 2 });
 */
export function leakageReport({ name, protocol, train, test }: Split, options: Partial<DuplicateOptions> = {}): LeakageReport {
  const own = ownBeginnings(train, test.sessions);
  const cold = test.target.filter((target) => target >= test.items.trained);
  const trainedUsers = new Set(train.user);
  const testUsers = new Set(test.sessions.user);
  return {
    name,
    protocol: typeof protocol["protocol"] === "string" ? protocol["protocol"] : undefined,
    testCases: test.target.length,
    time: train.time === undefined || test.sessions.time === undefined ? undefined : timeLeak(train.time, test),
    users: train.user === undefined || test.sessions.user === undefined ? undefined : { test: testUsers.size, alsoInTraining: [...testUsers].filter((user) => trainedUsers.has(user)).length },
    sessions: own && { test: own.length, alsoInTraining: own.reduce((sum, t) => sum + (t >= 0 ? 1 : 0), 0) },
    targetsInTraining: own && test.session.reduce((sum, s, c) => sum + (own[s]! >= 0 && test.end[c]! < lengthOf(train, own[s]!) ? 1 : 0), 0),
    unseen: { cases: cold.length, items: new Set(cold).size },
    duplicates: nearDuplicates(train, test.sessions, options, own?.map((t, s) => (t >= 0 && lengthOf(train, t) < lengthOf(test.sessions, s) ? t : -1))),
  };
}

function lengthOf({ offsets }: Sessions, s: number): number {
  return offsets[s + 1]! - offsets[s]!;
}

function timeLeak(trainTimes: Float64Array, { sessions, session, end }: Cases): TimeLeak {
  const trained = trainTimes.slice().sort();
  const newest = trained.at(-1)!;
  let [affected, later, oldest] = [0, 0, Infinity];
  for (const [c, s] of session.entries()) {
    const time = sessions.time![sessions.offsets[s]! + end[c]!]!;
    const count = trained.length - upperBound(trained, time);
    affected += count > 0 ? 1 : 0;
    later += count / trained.length;
    oldest = Math.min(oldest, time);
  }
  const iso = (seconds: number): string => new Date(seconds * 1000).toISOString();
  return {
    affectedShare: affected / session.length,
    laterTrainShare: later / session.length,
    newestTraining: iso(newest),
    oldestTarget: Number.isFinite(oldest) ? iso(oldest) : undefined,
  };
}

/** The first position whose value is above `limit`. */
function upperBound(sorted: Float64Array, limit: number): number {
  let [from, to] = [0, sorted.length];
  while (from < to) {
    const middle = (from + to) >>> 1;
    if (sorted[middle]! <= limit) from = middle + 1;
    else to = middle;
  }
  return from;
}

/** [S_test] the longest training session that a test session begins with, by user, items and times, else -1. */
function ownBeginnings(train: Sessions, test: Sessions): Int32Array | undefined {
  const byTime = train.time !== undefined && test.time !== undefined;
  const byUser = train.user !== undefined && test.user !== undefined;
  if (!byTime && !byUser) return undefined;
  const key = ({ offsets, item, time, user }: Sessions, s: number): string =>
    `${byUser ? user![s] : ""} ${item[offsets[s]!]} ${byTime ? time![offsets[s]!] : ""}`;
  const byKey = new Map<string, number[]>();
  const wanted = new Set<string>(); // so that memory is that of the test side, not of training
  for (let s = 0; s < sessionCount(test); s++) wanted.add(key(test, s));
  for (let t = 0; t < sessionCount(train); t++) {
    const one = key(train, t);
    if (!wanted.has(one)) continue;
    const list = byKey.get(one);
    if (list === undefined) byKey.set(one, [t]);
    else list.push(t);
  }
  return Int32Array.from({ length: sessionCount(test) }, (_, s) => {
    const start = test.offsets[s]!;
    const begins = (t: number): boolean => {
      const [from, length] = [train.offsets[t]!, lengthOf(train, t)];
      if (length > lengthOf(test, s)) return false;
      for (let k = 0; k < length; k++) {
        if (train.item[from + k] !== test.item[start + k] || (byTime && train.time![from + k] !== test.time![start + k])) return false;
      }
      return true;
    };
    return (byKey.get(key(test, s)) ?? []).filter(begins).reduce((best, t) => (best < 0 || lengthOf(train, t) > lengthOf(train, best) ? t : best), -1);
  });
}
