/** STAN, VSTAN and sequential rules: by hand, and against test/golden/neighbours.py. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ConfigError } from "../../src/core/errors";
import { Rng } from "../../src/core/rng";
import type { TrainSessions } from "../../src/data/types";
import { Markov } from "../../src/models/markov";
import type { Recommender } from "../../src/models/recommender";
import { SequentialRules } from "../../src/models/sequential-rules";
import { Stan } from "../../src/models/stan";
import { Vstan } from "../../src/models/vstan";
import { columns } from "../contract/worlds";

const golden = JSON.parse(readFileSync(join(__dirname, "../golden/neighbours.json"), "utf8")) as Readonly<Record<"stan" | "vstan" | "rules" | "pruned", number[][]>>;

/** @param days the time of each session's events */
function trainOf(lists: readonly (readonly number[])[], trained: number, days?: readonly number[]): TrainSessions {
  const time = days && Float64Array.from(lists.flatMap((list, s) => list.map(() => 86400 * days[s]!)));
  return { role: "train", hash: "", items: { ids: Array.from({ length: trained }, (_, item) => `${item}`), trained }, ...columns(lists), time };
}

async function scoresAfter(model: Recommender, train: TrainSessions, session: readonly number[]): Promise<number[]> {
  await model.fit(train, undefined as never, { rng: new Rng(1) });
  return [...(model.score(columns([session])) as Float32Array)];
}

function assertNear(found: readonly number[], expected: readonly number[], tolerance = 1e-6): void {
  assert.equal(found.length, expected.length);
  found.forEach((value, at) => assert.ok(Math.abs(value - expected[at]!) <= tolerance * Math.max(1, Math.abs(expected[at]!)), `${found.join(", ")} is not ${expected.join(", ")}`));
}

// The sessions of the golden script.
const sessions = Array.from({ length: 60 }, (_, s) => Array.from({ length: 2 + (s % 6) }, (_, t) => ((s * 7919 + t * 1047 + s * t * 31 + s * s * 17) % 1009) % 12));
const days = sessions.map((_, s) => ((s * 37) % 60) * 0.7 + (1000 * s) / 86400);
const queries = [[3], [3, 5], [7, 7, 2], [1, 4, 1, 8], [0, 6, 11, 2, 9], [10, 10]];

describe("STAN and VSTAN", () => {
  const [a, b, c, d, e] = [0, 1, 2, 3, 4];

  it("agree with numpy on session-rec's formulas (test/golden/neighbours.py)", async () => {
    const stan = new Stan({ k: 10, sample: 25 });
    const vstan = new Vstan({ k: 10, sample: 25, meeting: 1.3, idf: 2 });
    for (const [at, query] of queries.entries()) {
      assertNear(await scoresAfter(stan, trainOf(sessions, 12, days), query), golden.stan[at]!);
      assertNear(await scoresAfter(vstan, trainOf(sessions, 12, days), query), golden.vstan[at]!);
    }
  });

  it("STAN by hand: places in the session, age, size and distance from the last shared item", async () => {
    // Of [a, b, a, c], L = 4: w(a) = exp(-1/2), w(b) = exp(-2/2), w(c) = 1.
    const [wa, wb, wc] = [Math.exp(-0.5), Math.exp(-1), 1];
    const norm = Math.hypot(wa, wb, wc);
    const train = trainOf([[a, d, d, e], [b, c, e]], 5, [7, 10]);
    const older = (wa / (norm * Math.sqrt(3))) * Math.exp(-3 / 4); // a stands 1st, d last 3rd, e 4th
    const newer = (wb + wc) / (norm * Math.sqrt(3)); // of b and c, c stands last
    const near = (distance: number): number => Math.exp(-distance / 3);
    const found = await scoresAfter(new Stan({ position: 2, recency: 4, distance: 3 }), train, [a, b, a, c]);
    assertNear(found, [older, newer * near(1), newer, older * near(2), older * near(3) + newer * near(1)]);
  });

  it("VSTAN by hand: where the session meets the neighbour, and rare items, by training events", async () => {
    const train = trainOf([[a, d], [c, e, e]], 5);
    const [wa, wb, wc] = [Math.exp(-2), Math.exp(-1), 1];
    const norm = Math.hypot(wa, wb, wc) * Math.SQRT2;
    const [first, second] = [(wa / norm) * Math.exp(-50 / 5) * Math.exp(-2 / 1.5), wc / norm]; // of two sessions, one later is 50 %: 50 days
    const boost = (events: number): number => 1 + 3 * Math.log(2 / events);
    const found = await scoresAfter(new Vstan({ position: 1, recency: 5, distance: 2, meeting: 1.5, idf: 3 }), train, [a, b, c]);
    assertNear(found, [first * boost(1), 0, second * boost(1), first * boost(1) * Math.exp(-0.5), second * boost(2) * Math.exp(-1)]);
  });

  it("takes the order of sessions without times for their age, in percent of all", async () => {
    const recent = Math.exp((-100 * 3) / 4 / 20); // three of four sessions later
    const found = await scoresAfter(new Stan({ recency: 20 }), trainOf([[a, b], [c], [c], [a, d]], 4), [a]);
    assertNear([found[b]! / found[d]!], [recent]);
  });

  it("does not underflow when all that is shared is old", async () => {
    const found = await scoresAfter(new Stan({ recency: 1 }), trainOf([[a, b], [c, d]], 4, [0, 5000]), [a]);
    assert.ok(found[a]! > found[b]! && found[b]! > 0 && found[c] === 0);
  });

  it("prefers a near and recent neighbour where S-KNN sees none better", async () => {
    const train = trainOf([[a, b], [a, c]], 3, [0, 30]);
    const found = await scoresAfter(new Stan(), train, [a]);
    assert.ok(found[c]! > found[b]!);
    for (const make of [() => new Stan({ recency: 0 }), () => new Vstan({ idf: -1 }), () => new Vstan({ meeting: 0 })]) assert.throws(make, ConfigError);
  });
});

describe("sequential rules", () => {
  it("agree with numpy on session-rec's formulas (test/golden/neighbours.py)", async () => {
    const train = trainOf(sessions, 12);
    for (const [at, query] of queries.entries()) {
      assertNear(await scoresAfter(new SequentialRules({ steps: 3, prune: 0, backoff: 0 }), train, query), golden.rules[at]!);
      assertNear(await scoresAfter(new SequentialRules({ steps: 10, weighting: "quadratic", prune: 4, backoff: 0 }), train, query), golden.pruned[at]!);
    }
  });

  it("by hand: 1 / distance up to `steps`, with popularity below", async () => {
    // After 0, within two steps: 1 twice at 1 (1 + 1), 2 at 2 (1/2); 3 comes later than that. Popularity 3, 2, 1, 1.
    const train = trainOf([[0, 1, 2, 3], [0, 1], [0]], 4);
    const found = await scoresAfter(new SequentialRules({ steps: 2, backoff: 0.1 }), train, [3, 0]);
    assertNear(found, [0.3 / 7, (0.9 * 2) / 2.5 + 0.2 / 7, (0.9 * 0.5) / 2.5 + 0.1 / 7, 0.1 / 7]);
  });

  it("with one step are a Markov chain, and leave out an item that follows itself on request", async () => {
    const train = trainOf(sessions, 12);
    for (const self of [true, false]) {
      assert.deepEqual(await scoresAfter(new SequentialRules({ steps: 1, prune: 0, self }), train, [4]), await scoresAfter(new Markov({ self }), train, [4]));
    }
  });

  it("drop what a linear weight makes nothing of, and keep the strongest rules only", async () => {
    const line = Array.from({ length: 14 }, (_, item) => item);
    const linear = await scoresAfter(new SequentialRules({ steps: 12, weighting: "linear", prune: 0, backoff: 0 }), trainOf([line], 14), [0]);
    const sum = 0.9 + 0.8 + 0.7 + 0.6 + 0.5 + 0.4 + 0.3 + 0.2 + 0.1;
    assertNear(linear, line.map((item) => (item === 0 ? 0 : Math.max(0, 1 - 0.1 * item) / sum)));
    const pruned = await scoresAfter(new SequentialRules({ prune: 2, backoff: 0 }), trainOf([line], 14), [0]);
    assertNear(pruned, line.map((item) => ({ 1: 1 / 1.5, 2: 0.5 / 1.5 })[item] ?? 0));
  });

  it("refuse wrong options", () => {
    for (const wrong of [{ steps: 0 }, { prune: -1 }, { weighting: "cubic" }, { backoff: 1 }]) assert.throws(() => new SequentialRules(wrong as object), ConfigError);
  });
});
