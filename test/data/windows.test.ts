import assert from "node:assert/strict";
import { ConfigError } from "../../src/core/errors";
import { Rng } from "../../src/core/rng";
import { eventsFrom } from "../../src/data/events";
import { dropColdItems } from "../../src/data/cold";
import { sessionsFrom, type SessionTable } from "../../src/data/sessions";
import { splitBySession, splitByTime } from "../../src/data/split";
import { slidingWindows } from "../../src/data/windows";
import { prefixes, type Cases } from "../../src/data/types";

const day = 86400;

/** Session n has its two events on day n, of items that go round. */
function daily(days: number, items: number): SessionTable {
  const n = Array.from({ length: 2 * days }, (_, k) => k);
  const events = eventsFrom({ name: "daily", session: n.map((k) => String(k >> 1)), item: n.map((k) => `i${k % items}`), time: n.map((k) => (k >> 1) * day + 100 * (k % 2)) });
  return sessionsFrom(events, { by: "given" });
}

describe("slidingWindows", () => {
  it("cuts twelve days as computed by hand", () => {
    const splits = slidingWindows(daily(12, 5), { windows: 3, offsetDays: 1, trainDays: 4, validDays: 1, testDays: 2, shiftDays: 3 });
    const days = (time: Float64Array): number[] => [...new Set(Array.from(time, (one) => Math.floor(one / day)))];
    assert.deepEqual(splits.map(({ train, valid, test }) => [days(train.time!), days(valid.sessions.time!), days(test.sessions.time!)]), [
      [[1, 2, 3], [4], [5, 6]],
      [[4, 5, 6], [7], [8, 9]],
      [[7, 8, 9], [10], [11]],
    ]);
    assert.deepEqual(splits.map(({ protocol }) => [protocol.protocol, protocol.window, protocol.trainDays, protocol.validDays]), [1, 2, 3].map((window) => ["sliding window", window, 4, 1]));
    assert.equal(new Set(splits.map(({ train }) => train.hash)).size, 3);
  });

  it("tests no session twice, and trains on nothing that ends after a test begins", () => {
    const rng = new Rng("windows");
    const rows = Array.from({ length: 900 }, () => ({ session: String(rng.int(250)), item: `i${rng.int(40)}`, at: rng.int(1000) }));
    const base = new Map(rows.map(({ session }) => [session, rng.int(60 * day)]));
    const events = eventsFrom({ name: "random", session: rows.map((one) => one.session), item: rows.map((one) => one.item), time: rows.map((one) => base.get(one.session)! + one.at) });
    const splits = slidingWindows(sessionsFrom(events, { by: "given" }), { windows: 5, trainDays: 15, testDays: 5, shiftDays: 10 });
    const tested = new Set<string>();
    for (const { train, valid, test, protocol } of splits) {
      const [validAt, testAt] = protocol.cutSeconds as [number, number];
      assert.ok(train.item.length > 0 && test.target.length > 0);
      const last = ({ sessions }: Cases): number[] => Array.from(sessions.offsets.subarray(1), (end) => sessions.time![end - 1]!);
      assert.ok(train.time!.every((time) => time < validAt));
      assert.ok(last(valid).every((time) => time >= validAt && time < testAt));
      assert.ok(last(test).every((time) => time >= testAt && time < testAt + 5 * day));
      for (let s = 0; s + 1 < test.sessions.offsets.length; s++) {
        const from = test.sessions.offsets[s]!;
        const key = `${test.sessions.time![from]} ${test.items.ids[test.sessions.item[from]!]}`;
        assert.ok(!tested.has(key), key);
        tested.add(key);
      }
    }
  });

  it("refuses tests that overlap and windows that the data do not reach", () => {
    const table = daily(12, 5);
    assert.throws(() => slidingWindows(table, { testDays: 7, shiftDays: 6 }), (e) => e instanceof ConfigError && /shiftDays of 7 or more/.test(e.message));
    assert.throws(() => slidingWindows(table), /Expected the last test to begin within the 11.0 days of daily, found that it begins after 97/);
    assert.throws(() => slidingWindows(table, { trainDays: 2, testDays: 2, shiftDays: 2, windows: 1 }), /validDays below the 2 days/);
  });
});

describe("dropColdItems", () => {
  const words = (cases: Cases): string[] => {
    const before = prefixes(cases);
    return Array.from(cases.target, (target, c) => `${Array.from(before.item.subarray(before.offsets[c]!, before.offsets[c + 1]!), (i) => cases.items.ids[i]).join(" ")} -> ${cases.items.ids[target]}`);
  };

  it("takes them from prefixes and targets; a session that is left with one item has no case", () => {
    const sessions = ["1 a", "1 b", "2 a", "2 b", "3 b", "3 x", "3 a", "4 x", "4 a", "4 b", "5 x", "5 a", "6 a", "6 x", "6 b", "6 a"].map((one) => one.split(" "));
    const events = eventsFrom({ name: "n", session: sessions.map((one) => one[0]!), item: sessions.map((one) => one[1]!), time: sessions.map((_, n) => n) });
    const split = splitBySession(sessionsFrom(events, { by: "given" }), { at: [4, 7] });
    assert.deepEqual(words(split.test), ["x -> a", "x a -> b", "x -> a", "a -> x", "a x -> b", "a x b -> a"]);
    const dropped = dropColdItems(split);
    assert.deepEqual(words(dropped.valid), ["b -> a"]);
    assert.deepEqual(words(dropped.test), ["a -> b", "a -> b", "a b -> a"]);
    assert.deepEqual(Array.from(dropped.test.sessions.time!), [8, 9, 12, 14, 15]);
    assert.deepEqual([dropped.items.ids, dropped.protocol.coldItems, split.protocol.coldItems], [["a", "b"], "dropped", undefined]);
    assert.equal(dropped.train.hash, split.train.hash);
    assert.notEqual(dropped.test.hash, split.test.hash);
  });

  it("keeps every case of a seen target with a seen prefix, and refuses where none is left", () => {
    const rng = new Rng(4);
    const n = Array.from({ length: 500 }, (_, k) => k);
    const events = eventsFrom({ name: "n", user: n.map(() => `u${rng.int(30)}`), item: n.map((k) => `i${rng.int(20 + k / 4)}`), time: n });
    const split = splitByTime(sessionsFrom(events));
    const { trained } = split.items;
    const seen = (cases: Cases): number => {
      const before = prefixes(cases);
      return cases.target.reduce((sum, target, c) => sum + (target < trained && before.item.subarray(before.offsets[c]!, before.offsets[c + 1]!).some((item) => item < trained) ? 1 : 0), 0);
    };
    const dropped = dropColdItems(split);
    for (const role of ["valid", "test", "confirm"] as const) {
      assert.equal(dropped[role]!.target.length, seen(split[role]!));
      assert.ok(dropped[role]!.target.length < split[role]!.target.length);
      assert.ok(dropped[role]!.sessions.item.every((item) => item < trained));
    }
    const strange = eventsFrom({ name: "n", user: ["u", "u", "u", "u"], item: ["a", "b", "c", "d"], time: [1, 2, 3, 4] });
    assert.throws(() => dropColdItems(splitByTime(sessionsFrom(strange), { at: [3, 4] })), ConfigError);
  });
});
