import assert from "node:assert/strict";
import { ConfigError } from "../../src/core/errors";
import { Rng } from "../../src/core/rng";
import { catalog } from "../../src/data/catalog";
import { isLocal, loadDataset } from "../../src/data/datasets";
import { describeSplit } from "../../src/data/describe";
import { eventsFrom, type EventTable } from "../../src/data/events";
import { sessionsFrom } from "../../src/data/sessions";
import { splitBySession, splitByTime, splitLeaveOneOut } from "../../src/data/split";
import { prefixes, type Cases, type Sessions, type Split } from "../../src/data/types";
import { leakageReport } from "../../src/evaluation/leakage";
import { skipFor } from "./fixtures";

type Row = readonly [user: string, item: string, time: number];

function table(rows: readonly Row[]): EventTable {
  return eventsFrom({ name: "made up", user: rows.map((r) => r[0]), item: rows.map((r) => r[1]), time: rows.map((r) => r[2]) });
}

function trainWords({ items, users, train }: Split): string[] {
  return Array.from({ length: train.offsets.length - 1 }, (_, s) => `${users!.ids[train.user![s]!]}: ${words(items.ids, train, s)}`);
}

function caseWords({ users }: Split, cases: Cases): string[] {
  const before = prefixes(cases);
  return Array.from(cases.target, (target, c) => `${users!.ids[before.user![c]!]}: ${words(cases.items.ids, before, c)} -> ${cases.items.ids[target]}`);
}

function words(ids: readonly string[], { offsets, item }: Sessions, s: number): string {
  return Array.from(item.subarray(offsets[s]!, offsets[s + 1]!), (i) => ids[i]!).join(" ");
}

/** [C] times of the targets, and of the last item before each. */
function times({ sessions, session, end }: Cases): { readonly target: Float64Array; readonly before: Float64Array } {
  const at = Array.from(session, (s, c) => sessions.offsets[s]! + end[c]!);
  return { target: Float64Array.from(at, (k) => sessions.time![k]!), before: Float64Array.from(at, (k) => sessions.time![k - 1]!) };
}

function randomRows(seed: number): Row[] {
  const rng = new Rng(seed);
  return Array.from({ length: 400 }, () => [`u${rng.int(30)}`, `i${rng.int(60)}`, rng.int(300)] as const);
}

// Ten events; with shares of .2 the cuts are the 5th, 7th and 9th of the sorted times 1..10 (from 0: indices 4, 6, 8).
const ten: readonly Row[] = [
  ["A", "p", 1], ["A", "q", 2], ["A", "r", 5], ["A", "p", 8], ["A", "s", 9],
  ["B", "r", 3], ["B", "q", 6],
  ["C", "q", 4], ["C", "t", 7], ["C", "q", 10],
];

describe("splitByTime", () => {
  it("cuts ten events as computed by hand", () => {
    const split = splitByTime(sessionsFrom(table(ten)), { valid: 0.2, test: 0.2, confirm: 0.2 });
    assert.deepEqual(split.protocol.cutSeconds, [5, 7, 9]);
    assert.deepEqual(split.protocol.cuts, ["1970-01-01T00:00:05.000Z", "1970-01-01T00:00:07.000Z", "1970-01-01T00:00:09.000Z"]);
    assert.deepEqual(trainWords(split), ["A: p q"]);
    assert.deepEqual(split.protocol.droppedTrainParts, { shorterThan: 2, parts: 2, events: 2 });
    assert.deepEqual(caseWords(split, split.valid), ["A: p q -> r", "B: r -> q"]);
    assert.deepEqual(caseWords(split, split.test), ["A: p q r -> p", "C: q -> t"]);
    assert.deepEqual(caseWords(split, split.confirm!), ["A: p q r p -> s", "C: q t -> q"]);
    assert.deepEqual(split.items, { ids: ["p", "q", "r", "t", "s"], trained: 2, titles: undefined });
    assert.deepEqual(split.users, { ids: ["A", "B", "C"], trained: 1 });
    assert.deepEqual(Array.from(split.valid.target), [2, 1]); // r is cold
    assert.deepEqual(describeSplit(split), {
      items: { trained: 2, cold: 3 },
      users: { trained: 1, new: 2 },
      train: { sessions: 1, events: 2, medianLength: 2, repeatShare: 0 },
      valid: { cases: 2, sessions: 2, medianPrefix: 1.5, coldTargetShare: 0.5, repeatShare: 0 },
      test: { cases: 2, sessions: 2, medianPrefix: 2, coldTargetShare: 0.5, repeatShare: 0.5 },
      confirm: { cases: 2, sessions: 2, medianPrefix: 3, coldTargetShare: 0.5, repeatShare: 0.5 },
    });
  });

  it("an event at a cut belongs to the later period; the first event of a session is no target", () => {
    const split = splitByTime(sessionsFrom(table([["A", "p", 1], ["A", "q", 1], ["A", "r", 2], ["B", "p", 2], ["B", "q", 2], ["B", "r", 3]])), { at: [2, 3] });
    assert.deepEqual(caseWords(split, split.valid), ["A: p q -> r", "B: p -> q"]);
    assert.deepEqual(caseWords(split, split.test), ["B: p q -> r"]);
    assert.equal(split.confirm, undefined);
  });

  it("training ends before validation targets begin, those before test, those before confirm; prefixes precede targets", () => {
    for (let seed = 0; seed < 10; seed++) {
      const split = splitByTime(sessionsFrom(table(randomRows(seed))));
      const [t1, t2, t3] = split.protocol.cutSeconds as [number, number, number];
      const [valid, test, confirm] = [split.valid, split.test, split.confirm!].map(times) as [ReturnType<typeof times>, ReturnType<typeof times>, ReturnType<typeof times>];
      assert.ok(Math.max(...split.train.time!) < t1);
      for (const [period, from, to] of [[valid, t1, t2], [test, t2, t3], [confirm, t3, Infinity]] as const) {
        assert.ok(period.target.length > 0);
        assert.ok(period.target.every((time, c) => time >= from && time < to && period.before[c]! <= time));
      }
      assert.ok(split.train.item.every((item) => item < split.items.trained));
      assert.equal(new Set(split.train.item).size, split.items.trained);
      const leak = leakageReport(split).time!;
      assert.deepEqual([leak.affectedShare, leak.laterTrainShare, Date.parse(leak.newestTraining) / 1000], [0, 0, Math.max(...split.train.time!)]);
    }
  });

  it("deleting all test and confirm events leaves the bits of training and validation", () => {
    for (let seed = 0; seed < 10; seed++) {
      const rows = randomRows(seed);
      const at = [200, 230, 260] as const;
      const whole = splitByTime(sessionsFrom(table(rows)), { at });
      const cut = splitByTime(sessionsFrom(table(rows.filter(([, , time]) => time < at[1]))), { at });
      assert.equal(cut.train.hash, whole.train.hash);
      assert.equal(cut.valid.hash, whole.valid.hash);
      assert.deepEqual(cut.train.item, whole.train.item);
      assert.deepEqual(cut.valid.sessions, whole.valid.sessions);
      assert.equal(cut.test.target.length, 0);
      const changed = splitByTime(sessionsFrom(table(rows.map((row) => (row[2] < 100 ? [row[0], "other", row[2]] : row)))), { at });
      assert.notEqual(changed.train.hash, whole.train.hash);
    }
  });

  it("refuses shares and cuts that leave nothing", () => {
    const sessions = sessionsFrom(table(ten));
    assert.throws(() => splitByTime(sessions, { valid: 0.5, test: 0.3, confirm: 0.2 }), (e) => e instanceof ConfigError && /leave something for training/.test(e.message));
    assert.throws(() => splitByTime(sessions, { test: 0 }), /a share above 0/);
    assert.throws(() => splitByTime(sessions, { at: [5, 3] }), /ascending times/);
    assert.throws(() => splitByTime(sessions, { at: [1, 2, 3] }), /Expected training events before the first cut/);
  });
});

describe("splitLeaveOneOut", () => {
  it("takes the last two events of each session", () => {
    const split = splitLeaveOneOut(sessionsFrom(table([...ten, ["D", "p", 20], ["D", "t", 21]])));
    assert.deepEqual(trainWords(split), ["A: p q r", "B: r q", "D: p t"]); // C keeps one event: too short
    assert.deepEqual(caseWords(split, split.valid), ["A: p q r -> p", "C: q -> t"]);
    assert.deepEqual(caseWords(split, split.test), ["A: p q r p -> s", "C: q t -> q"]);
    assert.equal(split.confirm, undefined);
    assert.match(split.protocol.warning as string, /leakageReport/);
  });
});

describe("splitBySession", () => {
  it("puts whole sessions in the period of their last event", () => {
    // Last events: B 6, A 9, C 10.
    const split = splitBySession(sessionsFrom(table(ten)), { at: [7, 10] });
    assert.deepEqual(trainWords(split), ["B: r q"]);
    assert.deepEqual(caseWords(split, split.valid), ["A: p -> q", "A: p q -> r", "A: p q r -> p", "A: p q r p -> s"]);
    assert.deepEqual(caseWords(split, split.test), ["C: q -> t", "C: q t -> q"]);
    assert.equal(split.confirm, undefined);
    assert.deepEqual(split.items.ids, ["r", "q", "p", "s", "t"]);
  });

  it("has no session on two sides, and all sessions on some", () => {
    for (let seed = 0; seed < 10; seed++) {
      const sessions = sessionsFrom(table(randomRows(seed)), { by: "gap", gapSeconds: 20 });
      const split = splitBySession(sessions, { valid: 0.2, test: 0.2, confirm: 0.2 });
      const sides = [split.train, split.valid.sessions, split.test.sessions, split.confirm!.sessions];
      assert.equal(sides.reduce((sum, side) => sum + side.offsets.length - 1, 0), sessions.sessions.offsets.length - 1);
      assert.equal(sides.reduce((sum, side) => sum + side.item.length, 0), sessions.sessions.item.length);
      const last = sides.map((side) => Array.from(side.offsets.subarray(1), (end) => side.time![end - 1]!));
      for (let side = 1; side < 4; side++) assert.ok(Math.max(...last[side - 1]!) < Math.min(...last[side]!));
    }
  });

  it("deleting test and confirm sessions leaves the bits of training and validation", () => {
    const rows = randomRows(3).map(([user, item, time]) => [`${user} ${Math.floor(time / 30)}`, item, time] as const);
    const last = new Map<string, number>();
    for (const [user, , time] of rows) last.set(user, Math.max(time, last.get(user) ?? 0));
    const at = [200, 230, 260] as const;
    const whole = splitBySession(sessionsFrom(table(rows)), { at });
    const cut = splitBySession(sessionsFrom(table(rows.filter(([user]) => last.get(user)! < at[1]))), { at });
    assert.deepEqual([cut.train.hash, cut.valid.hash], [whole.train.hash, whole.valid.hash]);
  });
});

describe("splits of MovieLens-100K", () => {
  it("have the counts of a plain count over the events", async function () {
    if (!isLocal(catalog["ml-100k"])) skipFor(this, "MovieLens-100K is not downloaded");
    const events = await loadDataset("ml-100k");
    const sessions = sessionsFrom(events);
    const byTime = splitByTime(sessions);
    const [t1, t2, t3] = byTime.protocol.cutSeconds as [number, number, number];
    const sorted = events.time.slice().sort();
    assert.deepEqual([t1, t2, t3], [sorted[70000], sorted[80000], sorted[90000]]);
    const expected = { valid: 0, test: 0, confirm: 0 };
    for (let n = 1; n < events.time.length; n++) {
      const time = events.time[n]!;
      if (events.user![n] !== events.user![n - 1] || time < t1) continue; // the first event of a user is no target
      expected[time < t2 ? "valid" : time < t3 ? "test" : "confirm"]++;
    }
    assert.deepEqual({ valid: byTime.valid.target.length, test: byTime.test.target.length, confirm: byTime.confirm!.target.length }, expected);
    const leaveOneOut = splitLeaveOneOut(sessions);
    assert.deepEqual([leaveOneOut.train.item.length, leaveOneOut.valid.target.length, leaveOneOut.test.target.length], [100000 - 2 * 943, 943, 943]);
    assert.ok(leakageReport(leaveOneOut).time!.affectedShare > 0.9);
    assert.equal(leakageReport(byTime).time!.affectedShare, 0);
  });
});
