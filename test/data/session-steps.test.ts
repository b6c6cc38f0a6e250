import assert from "node:assert/strict";
import { ConfigError } from "../../src/core/errors";
import { Rng } from "../../src/core/rng";
import { eventsFrom } from "../../src/data/events";
import { orderByGroup, orderByTime } from "../../src/data/order";
import { collapseRepeats, keepLast, kCore } from "../../src/data/session-steps";
import { sessionsFrom } from "../../src/data/sessions";
import type { Sessions } from "../../src/data/types";

const made = (...sessions: readonly (readonly number[])[]): Sessions => {
  const offsets = [0];
  for (const one of sessions) offsets.push(offsets.at(-1)! + one.length);
  const item = Int32Array.from(sessions.flat());
  return { offsets: Uint32Array.from(offsets), item, time: Float64Array.from(item.keys()), user: Int32Array.from(sessions.keys()) };
};

const rows = ({ offsets, item }: Sessions): number[][] => Array.from({ length: offsets.length - 1 }, (_, s) => Array.from(item.subarray(offsets[s]!, offsets[s + 1]!)));

const randomSessions = (rng: Rng): number[][] => Array.from({ length: 40 }, () => Array.from({ length: 1 + rng.int(6) }, () => rng.int(15)));

describe("steps on sessions", () => {
  it("collapse consecutive repeats, within a session only, with time and user of the events that stay", () => {
    const { time, user, ...columns } = collapseRepeats(made([3, 3, 3, 4], [4, 4], [5, 4, 5]));
    assert.deepEqual(rows(columns), [[3, 4], [4], [5, 4, 5]]);
    assert.deepEqual([Array.from(time!), Array.from(user!)], [[0, 3, 4, 6, 7, 8], [0, 1, 2]]);
  });

  it("keep the last items of long sessions, not the first", () => {
    const sessions = keepLast(made([1, 2, 3, 4], [5], [6, 7]), 2);
    assert.deepEqual(rows(sessions), [[3, 4], [5], [6, 7]]);
    assert.deepEqual(Array.from(sessions.time!), [2, 3, 4, 5, 6]);
    assert.throws(() => keepLast(made([1]), 0), ConfigError);
  });

  it("k-core: both sides hold, once more changes nothing, and no larger part holds", () => {
    for (let seed = 0; seed < 20; seed++) {
      const rng = new Rng(`core ${seed}`);
      const sizes = { item: 2 + rng.int(4), session: 2 + rng.int(3) };
      const all = randomSessions(rng);
      const core = kCore(made(...all), sizes);
      const counts = new Map<number, number>();
      for (const item of core.item) counts.set(item, (counts.get(item) ?? 0) + 1);
      assert.ok([...counts.values()].every((count) => count >= sizes.item));
      assert.ok(rows(core).every((session) => session.length >= sizes.session));
      assert.equal(kCore(core, sizes), core); // the fixed point
      // The same sessions in another order have the same core.
      const order = Array.from(rng.permutation(all.length));
      const shuffled = kCore(made(...order.map((s) => all[s]!)), sizes);
      const byFirstPlace = (sessions: Sessions, places: Iterable<number>): Map<number, number[]> => new Map(Array.from(places, (place, s) => [place, rows(sessions)[s]!] as const).sort(([a], [b]) => a - b));
      assert.deepEqual(byFirstPlace(shuffled, Array.from(shuffled.user!, (s) => order[s]!)), byFirstPlace(core, core.user!));
    }
  });

  it("sessionsFrom takes them in turn: repeats, maxLength, then the k-core and minLength", () => {
    const item = ["a", "a", "b", "c", "b", "b", "d", "d"];
    const events = eventsFrom({ name: "n", user: ["1", "1", "1", "1", "2", "2", "3", "3"], item, time: item.map((_, n) => n) });
    const { sessions, itemIds, dropped, options } = sessionsFrom(events, { repeats: "collapse", maxLength: 2, minLength: 1 });
    assert.deepEqual(rows(sessions).map((one) => one.map((i) => itemIds[i])), [["b", "c"], ["b"], ["d"]]);
    assert.deepEqual(dropped, { events: 4, sessions: 0, items: 1 });
    assert.deepEqual([options.repeats, options.maxLength], ["collapse", 2]);
    assert.throws(() => sessionsFrom(events, { maxLength: 2, minLength: 3 }), /maxLength to be at least the 3 events/);
  });

  it("by day: midnight UTC ends a session, however short the pause", () => {
    const events = eventsFrom({ name: "n", user: ["1", "1", "1", "2"], item: ["a", "b", "c", "a"], time: [86399, 86400, 172799, 172799] });
    assert.deepEqual(Array.from(sessionsFrom(events, { by: "day", minLength: 1 }).sessions.offsets), [0, 1, 3, 4]);
  });
});

describe("orders of events", () => {
  it("by time and by group are the stable comparison sort, of few and of many events", () => {
    for (const count of [0, 1, 50, 70_000]) {
      const rng = new Rng(count);
      const time = Float64Array.from({ length: count }, () => (rng.int(2) === 0 ? -1 : 1) * rng.int(400) * (rng.int(3) === 0 ? 1e6 : 0.25));
      const group = Int32Array.from({ length: count }, () => rng.int(2) * rng.int(5));
      const positions = Array.from(time.keys());
      assert.deepEqual(Array.from(orderByTime(time)), positions.slice().sort((a, b) => time[a]! - time[b]! || a - b), `${count} by time`);
      const { order, ends } = orderByGroup(group, time);
      assert.deepEqual(Array.from(order), positions.slice().sort((a, b) => group[a]! - group[b]! || time[a]! - time[b]! || a - b), `${count} by group`);
      assert.deepEqual(Array.from(ends), Array.from({ length: count === 0 ? 0 : Math.max(...group) + 1 }, (_, g) => group.filter((one) => one <= g).length));
    }
  });
});
