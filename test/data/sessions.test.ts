import assert from "node:assert/strict";
import { ConfigError, DataError } from "../../src/core/errors";
import { Rng } from "../../src/core/rng";
import { eventsFrom, type EventTable } from "../../src/data/events";
import { sessionsFrom, type SessionTable } from "../../src/data/sessions";
import { sharedRows, skipFor } from "./fixtures";

/** Sessions as outside ids: [["u: a b"], ...] reads better than offsets. */
function words({ sessions, itemIds, users }: SessionTable): string[] {
  return Array.from({ length: sessions.offsets.length - 1 }, (_, s) => {
    const items = Array.from(sessions.item.subarray(sessions.offsets[s]!, sessions.offsets[s + 1]!), (i) => itemIds[i]!).join(" ");
    return users === undefined ? items : `${users[sessions.user![s]!]}: ${items}`;
  });
}

/** "user item time" a word triple. */
function table(...rows: readonly string[]): EventTable {
  const fields = rows.map((row) => row.split(" "));
  return eventsFrom({ name: "made up", user: fields.map((f) => f[0]!), item: fields.map((f) => f[1]!), time: fields.map((f) => Number(f[2])) });
}

describe("eventsFrom", () => {
  it("sorts users by number, then time, then the order given, and builds dictionaries", () => {
    const events = table("10 b 1", "9 x 5", "9 a 5", "9 c 2", "x a 0");
    assert.deepEqual(events.users, ["9", "10", "x"]);
    assert.deepEqual(events.itemIds, ["a", "b", "c", "x"]);
    assert.deepEqual(Array.from(events.user!), [0, 0, 0, 1, 2]);
    assert.deepEqual(Array.from(events.item), [2, 3, 0, 1, 0]);
    assert.deepEqual(Array.from(events.time), [2, 5, 5, 1, 0]);
  });

  it("hashes events, not names or titles; one changed time is another hash", () => {
    const rows = ["1 a 1", "1 b 2"] as const;
    assert.equal(table(...rows).hash, eventsFrom({ name: "other", user: ["1", "1"], item: ["a", "b"], time: [1, 2], titles: new Map([["a", "A"]]) }).hash);
    assert.notEqual(table(...rows).hash, table("1 a 1", "1 b 3").hash);
  });

  it("refuses columns of different lengths and times that are not finite", () => {
    assert.throws(() => eventsFrom({ name: "n", user: ["u"], item: ["a", "b"], time: [1, 2] }), (e) => e instanceof DataError && /n \(user\): Expected 2 values/.test(e.message));
    assert.throws(() => table("u a 1", "u b noon"), (e) => e instanceof DataError && e.location.line === 2 && e.location.field === "time");
  });
});

describe("sessionsFrom", () => {
  it("by user: a user's events in time, ties in the order given, repeats kept", () => {
    assert.deepEqual(words(sessionsFrom(table("2 c 5", "1 b 3", "1 a 3", "2 c 4", "1 b 1"))), ["1: b b a", "2: c c"]);
  });

  it("by gap: a pause longer than gapSeconds ends a session, one as long does not", () => {
    const events = table("1 a 0", "1 b 10", "1 c 21", "1 d 30", "2 a 25", "2 b 26");
    assert.deepEqual(words(sessionsFrom(events, { by: "gap", gapSeconds: 10 })), ["1: a b", "1: c d", "2: a b"]);
    assert.deepEqual(words(sessionsFrom(events, { by: "gap", gapSeconds: 11 })), ["1: a b c d", "2: a b"]);
  });

  it("by given: the data's sessions, sorted in time even where the table is not", () => {
    const events = eventsFrom({ name: "n", session: ["7", "5", "7", "5", "7"], item: ["c", "a", "b", "b", "a"], time: [9, 1, 3, 2, 3] });
    assert.deepEqual(words(sessionsFrom(events, { by: "given" })), ["a b", "b a c"]);
    assert.equal(sessionsFrom(events, { by: "given" }).sessions.user, undefined);
    const shuffled: EventTable = { ...events, session: Int32Array.of(1, 1, 0, 0, 1), time: Float64Array.of(3, 1, 8, 7, 3), item: Int32Array.of(2, 0, 1, 0, 1) };
    assert.deepEqual(words(sessionsFrom(shuffled, { by: "given" })), ["a b", "a c b"]);
  });

  it("drops what is shorter than minLength, and says how much", () => {
    const result = sessionsFrom(table("1 a 1", "2 a 1", "2 b 2", "3 c 1"), { minLength: 2 });
    assert.deepEqual(words(result), ["2: a b"]);
    assert.deepEqual(result.dropped, { events: 2, sessions: 2, items: 1 });
  });

  it("k-core peels until nothing is below: here each removal causes the next", () => {
    // c has one event -> session 3 falls to one -> b falls to one -> session 2 falls to one -> a keeps two only in 1 and 4.
    const events = table("1 a 1", "1 d 2", "2 a 1", "2 b 2", "3 b 1", "3 c 2", "4 a 1", "4 d 2");
    const result = sessionsFrom(events, { kCore: { item: 2, session: 2 } });
    assert.deepEqual(words(result), ["1: a d", "4: a d"]);
    assert.deepEqual(result.dropped, { events: 4, sessions: 2, items: 2 });
  });

  it("k-core equals its plain twin, which filters until nothing changes, on random tables", () => {
    for (let seed = 0; seed < 20; seed++) {
      const rng = new Rng(seed);
      const events = table(...Array.from({ length: 120 }, (_, n) => `${rng.int(25)} i${rng.int(25)} ${n}`));
      const kCore = { item: 2 + rng.int(4), session: 2 + rng.int(4) };
      let rows = Array.from(events.item, (item, n) => ({ item, user: events.user![n]! }));
      for (let before = -1; before !== rows.length; ) {
        before = rows.length;
        const count = (key: "item" | "user", value: number): number => rows.filter((row) => row[key] === value).length;
        rows = rows.filter((row) => count("item", row.item) >= kCore.item);
        rows = rows.filter((row) => count("user", row.user) >= kCore.session);
      }
      if (rows.length === 0) assert.throws(() => sessionsFrom(events, { kCore }), DataError);
      else assert.deepEqual(Array.from(sessionsFrom(events, { kCore }).sessions.item), rows.map((row) => row.item), `seed ${seed}`);
    }
  });

  it("refuses what it cannot do", () => {
    const events = table("1 a 1", "1 b 2");
    assert.throws(() => sessionsFrom(events, { by: "given" }), (e) => e instanceof ConfigError && /to have given sessions/.test(e.message));
    assert.throws(() => sessionsFrom(events, { by: "week" as "user" }), ConfigError);
    assert.throws(() => sessionsFrom(events, { kCore: { item: -1, session: 0 } }), /kCore to be \{ item, session \}/);
    assert.throws(() => sessionsFrom(events, { minLenght: 3 } as object), /did you mean "minLength"/);
    assert.throws(() => sessionsFrom(events, { minLength: 3 }), (e) => e instanceof DataError && /3 events or more, found none/.test(e.message));
  });

  it("has the counts of the yoochoose clicks", function () {
    const rows = sharedRows("sessions/yoochoose-clicks/clicks.tsv.gz");
    if (rows === undefined) skipFor(this, "shared/data/sessions/yoochoose-clicks is missing (SESSIONLAB_DATA)");
    const events = eventsFrom({ name: "yoochoose", session: rows.map((r) => r[0]!), item: rows.map((r) => r[1]!), time: rows.map((r) => Number(r[2]) / 1000) });
    const { sessions, dropped } = sessionsFrom(events, { by: "given", minLength: 1 });
    assert.deepEqual([sessions.item.length, sessions.offsets.length - 1, events.itemIds.length], [145716, 17744, 5630]);
    assert.deepEqual(dropped, { events: 0, sessions: 0, items: 0 });
    let ascending = true;
    for (let s = 0; s + 1 < sessions.offsets.length; s++) {
      for (let k = sessions.offsets[s]! + 1; k < sessions.offsets[s + 1]!; k++) ascending &&= sessions.time[k]! >= sessions.time[k - 1]!;
    }
    assert.ok(ascending);
  });
});
