/** Leakage reports: values by hand, one planted leak of each kind, and what no global temporal split may show. */
import assert from "node:assert/strict";
import { ConfigError } from "../../src/core/errors";
import { Rng } from "../../src/core/rng";
import { dropColdItems } from "../../src/data/cold";
import { eventsFrom } from "../../src/data/events";
import { sessionsFrom } from "../../src/data/sessions";
import { splitBySession, splitByTime, splitLeaveOneOut } from "../../src/data/split";
import type { Cases, Items, Sessions, Split, TrainSessions } from "../../src/data/types";
import { leakageReport } from "../../src/evaluation/leakage";
import { nearDuplicates } from "../../src/evaluation/near-duplicates";

interface Told {
  readonly user?: number;
  readonly items: readonly number[];
  readonly times?: readonly number[];
}

function columns(sessions: readonly Told[]): Sessions {
  const offsets = new Uint32Array(sessions.length + 1);
  sessions.forEach(({ items }, s) => (offsets[s + 1] = offsets[s]! + items.length));
  const timed = sessions.every(({ times }) => times !== undefined);
  const known = sessions.every(({ user }) => user !== undefined);
  return {
    offsets,
    item: Int32Array.from(sessions.flatMap(({ items }) => items)),
    time: timed ? Float64Array.from(sessions.flatMap(({ times }) => times!)) : undefined,
    user: known ? Int32Array.from(sessions, ({ user }) => user!) : undefined,
  };
}

/** A split by hand: the last item of each test session is its one target; `trained` items are known. */
function splitOf(train: readonly Told[], test: readonly Told[], trained = 100): Split {
  const items: Items = { ids: Array.from({ length: 120 }, (_, n) => `i${n}`), trained };
  const cases = <R extends "valid" | "test">(role: R, told: readonly Told[]): Cases<R> => ({
    role, items, hash: "", sessions: columns(told),
    session: Int32Array.from(told.keys()),
    end: Int32Array.from(told, (one) => one.items.length - 1),
    target: Int32Array.from(told, (one) => one.items.at(-1)!),
  });
  return { name: "demo", protocol: { protocol: "by hand" }, items, train: { ...columns(train), role: "train", items, hash: "" } satisfies TrainSessions, valid: cases("valid", []), test: cases("test", test) };
}

/** Three training sessions before second 100, two test sessions after, nothing shared. */
const cleanTrain: readonly Told[] = [
  { user: 0, items: [0, 1, 2, 3], times: [10, 11, 12, 13] },
  { user: 1, items: [4, 5, 6], times: [20, 21, 22] },
  { user: 2, items: [7, 8, 9, 10, 11], times: [30, 31, 32, 33, 34] },
];
const cleanTest: readonly Told[] = [
  { user: 3, items: [0, 4, 7], times: [100, 101, 102] },
  { user: 4, items: [1, 5, 8, 9], times: [110, 111, 112, 113] },
];
const clean = leakageReport(splitOf(cleanTrain, cleanTest));

describe("leakageReport", () => {
  it("finds nothing where nothing is", () => {
    assert.deepEqual(clean, {
      name: "demo",
      protocol: "by hand",
      testCases: 2,
      time: { affectedShare: 0, laterTrainShare: 0, newestTraining: "1970-01-01T00:00:34.000Z", oldestTarget: "1970-01-01T00:01:42.000Z" },
      users: { test: 2, alsoInTraining: 0 },
      sessions: { test: 2, alsoInTraining: 0 },
      targetsInTraining: 0,
      unseen: { cases: 0, items: 0 },
      duplicates: { jaccard: 0.8, minItems: 3, mostCandidates: 1000, sessions: 2, identical: 0, near: 0, unfinished: 0, examples: [] },
    });
  });

  it("finds training events after a planted target", () => {
    // Of sixteen training events two are later than the target at 102 (one is at 102 itself), none later than that at 113.
    const train = [{ user: 5, items: [12, 13], times: [102, 103] }, ...cleanTrain, { user: 6, items: [12, 13], times: [50, 104] }];
    const { time, ...rest } = leakageReport(splitOf(train, cleanTest));
    assert.deepEqual([time!.affectedShare, time!.laterTrainShare, time!.newestTraining], [1 / 2, 2 / 16 / 2, "1970-01-01T00:01:44.000Z"]);
    assert.deepEqual({ ...rest, time: clean.time }, clean);
  });

  it("finds a planted user, and no session of the user's where there is none", () => {
    const { users, ...rest } = leakageReport(splitOf(cleanTrain, [{ ...cleanTest[0]!, user: 1 }, cleanTest[1]!]));
    assert.deepEqual(users, { test: 2, alsoInTraining: 1 });
    assert.deepEqual({ ...rest, users: clean.users }, clean);
  });

  it("finds a session that goes on from training, which is no copy of it", () => {
    const goesOn = { user: 0, items: [0, 1, 2, 3, 50], times: [10, 11, 12, 13, 120] }; // Jaccard 4/5 with its own beginning
    const report = leakageReport(splitOf(cleanTrain, [...cleanTest, goesOn]));
    assert.deepEqual([report.sessions, report.users, report.targetsInTraining], [{ test: 3, alsoInTraining: 1 }, { test: 3, alsoInTraining: 1 }, 0]);
    assert.deepEqual([report.duplicates.sessions, report.duplicates.near], [3, 0]);
    const another = leakageReport(splitOf([...cleanTrain, { ...cleanTrain[0]!, user: 9 }], [...cleanTest, goesOn]));
    assert.deepEqual(another.duplicates.examples, [{ test: 2, train: 3, jaccard: 4 / 5 }]); // somebody else's is
  });

  it("finds a target that training has learnt", () => {
    const learnt = cleanTrain[1]!;
    const report = leakageReport(splitOf(cleanTrain, [learnt, cleanTest[0]!]));
    assert.deepEqual([report.targetsInTraining, report.sessions, report.duplicates.identical], [1, { test: 2, alsoInTraining: 1 }, 1]);
    const atAnotherTime = leakageReport(splitOf(cleanTrain, [{ ...learnt, times: [220, 221, 222] }, cleanTest[0]!]));
    assert.deepEqual([atAnotherTime.targetsInTraining, atAnotherTime.sessions!.alsoInTraining, atAnotherTime.duplicates.identical], [0, 0, 1]);
  });

  it("counts targets that training never saw, by case and by item", () => {
    const test = [...cleanTest, { user: 7, items: [0, 101], times: [120, 121] }, { user: 8, items: [1, 101], times: [130, 131] }, { user: 9, items: [1, 102], times: [140, 141] }];
    assert.deepEqual(leakageReport(splitOf(cleanTrain, test)).unseen, { cases: 3, items: 2 });
  });

  it("leaves out what data without times or users cannot tell", () => {
    const bare = (told: readonly Told[]): Told[] => told.map(({ items }) => ({ items }));
    const report = leakageReport(splitOf(bare(cleanTrain), bare([...cleanTest, cleanTrain[2]!])));
    assert.deepEqual([report.time, report.users, report.sessions, report.targetsInTraining], [undefined, undefined, undefined, undefined]);
    assert.deepEqual([report.duplicates.identical, report.testCases], [1, 3]);
    const untimed = (told: readonly Told[]): Told[] => told.map(({ user, items }) => ({ user, items }));
    assert.deepEqual(leakageReport(splitOf(untimed(cleanTrain), untimed([cleanTest[0]!, { user: 0, items: [0, 1, 2, 3, 50] }]))).sessions, { test: 2, alsoInTraining: 1 });
  });

  it("counts what leave-one-out shows of the future", () => {
    const user = [..."AAAAABBCCCDD"];
    const item = [..."pqrpsrqqtqpt"];
    const split = splitLeaveOneOut(sessionsFrom(eventsFrom({ name: "ten", user, item, time: [1, 2, 5, 8, 9, 3, 6, 4, 7, 10, 20, 21] })));
    const { time, sessions, users, targetsInTraining, testCases } = leakageReport(split);
    // Training times 1 2 5, 3 6 and 20 21 (of C one event is left: too short); test targets at 9 and 10: two of seven are later, for each.
    assert.deepEqual([testCases, time!.affectedShare, time!.laterTrainShare], [2, 1, 2 / 7]);
    assert.deepEqual([sessions, users, targetsInTraining], [{ test: 2, alsoInTraining: 1 }, { test: 2, alsoInTraining: 1 }, 0]);
  });

  it("finds no target older than training in any global temporal split, and no target in training in any split", () => {
    for (let seed = 0; seed < 20; seed++) {
      const rng = new Rng(seed);
      const rows = Array.from({ length: 400 }, () => [`u${rng.int(30)}`, `i${rng.int(60)}`, rng.int(300)] as const);
      const table = sessionsFrom(eventsFrom({ name: "random", user: rows.map(([user]) => user), item: rows.map(([, item]) => item), time: rows.map(([, , time]) => time) }));
      const byTime = splitByTime(table);
      for (const split of [byTime, dropColdItems(byTime)]) {
        const { time, targetsInTraining } = leakageReport(split);
        assert.deepEqual([time!.affectedShare, time!.laterTrainShare, targetsInTraining], [0, 0, 0]);
        assert.ok(time!.newestTraining < time!.oldestTarget!);
      }
      // Every test session of a user with two training events or more goes on from training.
      assert.deepEqual(leakageReport(byTime).sessions, leakageReport(byTime).users);
      assert.equal(leakageReport(splitLeaveOneOut(table)).targetsInTraining, 0);
      const whole = leakageReport(splitBySession(sessionsFrom(eventsFrom({ name: "random", session: rows.map(([user]) => user), item: rows.map(([, item]) => item), time: rows.map(([, , time]) => time) }), { by: "given" }), { at: [295, 298] }));
      assert.deepEqual([whole.sessions!.alsoInTraining, whole.targetsInTraining, whole.users], [0, 0, undefined]);
    }
  });
});

describe("nearDuplicates", () => {
  const train = columns([{ items: [1, 2, 3, 4, 5] }, { items: [5, 4, 3] }, { items: [6, 7, 8, 9] }, { items: [6, 7, 8, 9] }]);

  it("tells the same order from the same items, and counts both as near", () => {
    const found = nearDuplicates(train, columns([{ items: [3, 4, 5] }, { items: [6, 7, 8, 9] }, { items: [9, 9, 8, 7, 6] }, { items: [2, 3, 4, 5] }, { items: [1, 6] }]));
    assert.deepEqual([found.sessions, found.identical, found.near, found.unfinished], [4, 1, 4, 0]); // 1 6 is too short
    assert.deepEqual(found.examples, [{ test: 0, train: 1, jaccard: 1 }, { test: 1, train: 2, jaccard: 1 }, { test: 2, train: 2, jaccard: 1 }, { test: 3, train: 0, jaccard: 0.8 }]);
  });

  it("takes its threshold and its shortest session from the options", () => {
    const test = columns([{ items: [2, 3, 4, 5] }, { items: [1, 6] }, { items: [1, 2] }]);
    assert.equal(nearDuplicates(train, test, { jaccard: 0.81 }).near, 0);
    assert.deepEqual([nearDuplicates(train, test, { minItems: 1, jaccard: 0.4 }).near, nearDuplicates(train, test, { minItems: 2 }).sessions], [2, 3]);
    assert.throws(() => nearDuplicates(train, test, { jaccard: 0 }), (error) => error instanceof ConfigError && /nearDuplicates.jaccard to be a number in \(0, 1\], found 0/.test(error.message));
  });

  it("finds what comparing all pairs finds, at any threshold", () => {
    for (let seed = 0; seed < 12; seed++) {
      const rng = new Rng(seed);
      const draw = (count: number): Told[] => Array.from({ length: count }, () => ({ items: Array.from({ length: 1 + rng.int(7) }, () => rng.int(9)) }));
      const [trained, tested] = [draw(60), draw(40)];
      const jaccard = [0.3, 0.5, 0.8, 1][seed % 4]!;
      const near = tested.filter(({ items: a }) => new Set(a).size >= 2 && trained.some(({ items: b }) => {
        const both = new Set(a.filter((item) => b.includes(item))).size;
        return both / new Set([...a, ...b]).size >= jaccard;
      }));
      const identical = tested.filter(({ items: a }) => new Set(a).size >= 2 && trained.some(({ items: b }) => a.join() === b.join()));
      const found = nearDuplicates(columns(trained), columns(tested), { jaccard, minItems: 2 });
      assert.deepEqual([found.near, found.identical, found.unfinished], [near.length, identical.length, 0]);
    }
  });

  it("looks at no more candidates than it may, and says where that was too few", () => {
    // Nine sessions share item 0 with both test sessions and nothing else; the tenth is like the first, and found by its rarer items.
    const nine = Array.from({ length: 9 }, (_, n) => ({ items: [0, 10 + n, 30 + n] }));
    const train = columns([...nine, { items: [0, 1, 2, 3] }]);
    const test = columns([{ items: [0, 1, 2] }, { items: [0, 50, 51] }]);
    const of = (mostCandidates: number): number[] => {
      const { near, unfinished } = nearDuplicates(train, test, { jaccard: 0.3, mostCandidates });
      return [near, unfinished];
    };
    assert.deepEqual([of(9), of(8), of(1)], [[1, 0], [1, 1], [1, 1]]);
  });
});
