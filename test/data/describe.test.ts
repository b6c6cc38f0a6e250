import assert from "node:assert/strict";
import { describeEvents, describeRow } from "../../src/data/describe";
import { eventsFrom } from "../../src/data/events";

describe("describeEvents", () => {
  it("computes density, repeats and popularity as by hand", () => {
    // a 4, b 1, c 1 over u and v; u has a three times (two repeats), v once.
    const { density, repeatShare, popularity } = describeEvents(eventsFrom({ name: "d", user: ["u", "v", "u", "u", "v", "v"], item: ["a", "b", "a", "a", "a", "c"], time: [1, 2, 3, 4, 5, 6] }));
    assert.equal(density, 1); // 6 events, 2 users, 3 items
    assert.equal(repeatShare, 2 / 6);
    assert.ok(Math.abs(popularity.gini - (-2 * 1 + 0 * 1 + 2 * 4) / (3 * 6)) < 1e-12);
    assert.equal(popularity.topTenthShare, 4 / 6);
  });

  it("takes sessions where there are no users, and finds no skew among equals", () => {
    const { density, repeatShare, popularity } = describeEvents(eventsFrom({ name: "d", session: ["s", "t", "s", "t"], item: ["a", "a", "b", "b"], time: [1, 2, 3, 4] }));
    assert.deepEqual([density, repeatShare, popularity], [1, 0, { gini: 0, topTenthShare: 0.5 }]);
  });

  it("counts ties inside a user's or a session's events alone, whatever the order of the table", () => {
    const events = eventsFrom({ name: "d", session: ["s", "t", "s", "s", "t"], item: ["a", "a", "b", "c", "b"], time: [5, 5, 5, 7, 6] });
    assert.equal(describeEvents(events).tieShare, 1 / 5);
    assert.deepEqual(describeRow(events), { data: "d", sessions: 2, items: 3, events: 5, length: 2.5, density: 5 / 6, repeats: 0, gini: describeEvents(events).popularity.gini, from: "1970-01-01", to: "1970-01-01" });
  });
});
