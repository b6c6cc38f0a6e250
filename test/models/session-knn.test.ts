/** The neighbourhood models by hand, and where ties and samples fall. */
import assert from "node:assert/strict";
import { Rng } from "../../src/core/rng";
import type { Items, Sessions, TrainSessions } from "../../src/data/types";
import { NeighbourSearch } from "../../src/models/neighbours";
import { SessionKnn } from "../../src/models/session-knn";
import { sessionSets } from "../../src/models/session-sets";
import { Stan } from "../../src/models/stan";
import { VsKnn, type VsKnnOptions } from "../../src/models/vs-knn";
import { Vstan } from "../../src/models/vstan";

const items: Items = { ids: ["a", "b", "c", "d", "e"], trained: 5 };
const [a, b, c, d, e] = [0, 1, 2, 3, 4];

function sessionsOf(lists: readonly (readonly number[])[]): Sessions {
  const offsets = new Uint32Array(lists.length + 1);
  lists.forEach((list, s) => (offsets[s + 1] = offsets[s]! + list.length));
  return { offsets, item: Int32Array.from(lists.flat()) };
}

/** @param days the time of each session's events */
function trainOf(lists: readonly (readonly number[])[], days?: readonly number[]): TrainSessions {
  const time = days && Float64Array.from(lists.flatMap((list, s) => list.map(() => days[s]!)));
  return { role: "train", hash: "", items, ...sessionsOf(lists), time };
}

const lists = [[a, b], [b, c, c], [c, d], [a, c, e]];

async function scores(model: SessionKnn | VsKnn, train: TrainSessions, session: readonly number[]): Promise<number[]> {
  await model.fit(train, undefined as never, { rng: new Rng(1) });
  return Array.from(model.score(sessionsOf([session])));
}

function assertScores(found: readonly number[], expected: readonly number[]): void {
  assert.deepEqual(found.map((score) => score.toFixed(6)), expected.map((score) => score.toFixed(6)));
}

describe("session neighbours", () => {
  it("S-KNN by hand: cosines of sets, summed over the neighbours that hold an item", async () => {
    // Of [a, c, a] = {a, c}: {a, b} 1/2, {b, c} 1/2, {c, d} 1/2, {a, c, e} 2/sqrt(6).
    const best = 2 / Math.sqrt(6);
    assertScores(await scores(new SessionKnn(), trainOf(lists), [a, c, a]), [0.5 + best, 1, 1 + best, 0.5, best]);
  });

  it("S-KNN keeps the k most similar, and of equal ones the more recent; the sample is of the most recent", async () => {
    const best = 2 / Math.sqrt(6);
    assertScores(await scores(new SessionKnn({ k: 1 }), trainOf(lists), [a, c]), [best, 0, best, 0, best]);
    assertScores(await scores(new SessionKnn({ k: 2 }), trainOf(lists), [a, c]), [best, 0, best + 0.5, 0.5, best]); // {c, d} before {b, c}
    assertScores(await scores(new SessionKnn({ sample: 2 }), trainOf(lists), [a, c]), [best, 0, best + 0.5, 0.5, best]);
    assertScores(await scores(new SessionKnn({ sample: 2 }), trainOf(lists, [40, 30, 20, 10]), [a, c]), [0.5, 1, 0.5, 0, 0]); // by time: {a, b} and {b, c}
  });

  it("shows the neighbours: the most similar first, then the more recent, with what is shared", async () => {
    const knn = new SessionKnn();
    await knn.fit({ ...trainOf(lists), items: { ...items, titles: ["A", "B", "C", "D", "E"] } }, undefined as never, { rng: new Rng(1) });
    const found = knn.neighbours(["a", "c", "nowhere", "a"], 3);
    assert.deepEqual(found, [
      { similarity: 2 / Math.sqrt(6), items: ["a", "c", "e"], titles: ["A", "C", "E"], shared: ["a", "c"] },
      { similarity: 0.5, items: ["c", "d"], titles: ["C", "D"], shared: ["c"] },
      { similarity: 0.5, items: ["b", "c"], titles: ["B", "C"], shared: ["c"] },
    ]);
    assert.deepEqual(knn.neighbours(["nowhere"]), []);
    assert.throws(() => knn.neighbours(["a"], 0), /Expected a positive number of neighbours, found 0/);
  });

  it("shows the neighbours of VS-KNN, STAN and VSTAN, and scores the same afterwards", async () => {
    const known = [a, b];
    for (const [model, similarities] of [
      [new VsKnn(), [0.75, 0.5, 0.25]], // {a, b}: places 1 and 2 of 2, over 2 items
      [new Stan({ position: 1, recency: 50 }), undefined],
      [new Vstan({ position: 1, recency: 50 }), undefined],
    ] as const) {
      await model.fit(trainOf(lists), undefined as never, { rng: new Rng(1) });
      const before = Array.from(model.score(sessionsOf([known])));
      const found = model.neighbours(["a", "b"]);
      assert.deepEqual(found.map(({ items: own }) => own).sort(), [["a", "b"], ["a", "c", "e"], ["b", "c"]]);
      assert.ok(found.every(({ similarity }, at) => at === 0 || similarity <= found[at - 1]!.similarity));
      if (similarities !== undefined) assert.deepEqual(found.map(({ similarity }) => similarity), similarities);
      assert.deepEqual(Array.from(model.score(sessionsOf([known]))), before);
    }
  });

  it("a session whose items have no neighbour's company scores its own item alone", async () => {
    assertScores(await scores(new SessionKnn(), trainOf([[a, b], [d]]), [d]), [0, 0, 0, 1, 0]);
  });

  // Session [a, b, c, a]: L = 4, last places a 4, b 2, c 3; three distinct items.
  const weightings: readonly (readonly [VsKnnOptions["weighting"], (place: number) => number])[] = [
    ["same", () => 1],
    ["div", (p) => p / 4],
    ["linear", (p) => 1 - (4 - p) / 10],
    ["quadratic", (p) => (p / 4) ** 2],
    ["log", (p) => 1 / Math.log10(4 - p + 1.7)],
  ];
  for (const [weighting, w] of weightings) {
    it(`VS-KNN by hand with the weights "${weighting}"`, async () => {
      const found = await scores(new VsKnn({ weighting, decay: "same" }), trainOf([[b, d], [a, c, e]]), [a, b, c, a]);
      const [bd, ace] = [w(2) / 3, (w(4) + w(3)) / 3];
      assertScores(found, [ace, bd, ace, bd, ace]);
    });
  }

  const decays: readonly (readonly [VsKnnOptions["decay"], (step: number) => number])[] = [
    ["div", (step) => 1 / step],
    ["linear", (step) => 1 - step / 10],
    ["quadratic", (step) => 1 / step ** 2],
    ["log", (step) => 1 / Math.log10(step + 1.7)],
  ];
  for (const [decay, weight] of decays) {
    it(`VS-KNN by hand with the decay "${decay}": the neighbour's latest shared item counts`, async () => {
      const found = await scores(new VsKnn({ weighting: "same", decay }), trainOf([[b, d], [b, c, e]]), [a, b, c]);
      const [bd, bce] = [weight(2) / 3, (2 * weight(1)) / 3];
      assertScores(found, [0, bd + bce, bce, bd, bce]);
    });
  }

  it("VS-KNN prefers rare items by 1 + l log(S / c)", async () => {
    const found = await scores(new VsKnn({ weighting: "same", decay: "same", idf: 2 }), trainOf([[a, b], [a, c], [a, c], [d]]), [a]);
    const boost = (count: number): number => 1 + 2 * Math.log(4 / count);
    assertScores(found, [3 * boost(3), boost(1), 2 * boost(2), 0, 0]);
  });

  it("finds what a plain search over all sessions finds, whatever the sample and k", async () => {
    const rng = new Rng("neighbours");
    const many = Array.from({ length: 300 }, () => Array.from({ length: 1 + rng.int(4) }, () => rng.int(5)));
    const train = trainOf(many);
    async function* ranges(): AsyncGenerator<readonly [number, number]> {
      yield [0, many.length];
    }
    const search = new NeighbourSearch(await sessionSets(train, new Uint32Array(5).fill(1), ranges));
    for (const [sample, k] of [[300, 300], [50, 10], [7, 100], [300, 1], [40, 39]] as const) {
      const query = Int32Array.from(rng.permutation(5).subarray(0, 1 + rng.int(3)));
      const weights = Float64Array.from(query, () => 1 + rng.int(3));
      const sharing = [...many.keys()].filter((s) => query.some((item) => many[s]!.includes(item))).slice(-sample);
      const similarity = (s: number): number => query.reduce((sum, item, j) => sum + (many[s]!.includes(item) ? weights[j]! : 0), 0);
      const expected = sharing.sort((x, y) => similarity(y) - similarity(x) || y - x).slice(0, k);
      const { sessions, similarities } = search.find({ items: query, weights }, sample, k);
      assert.deepEqual([...sessions].sort((x, y) => x - y), expected.sort((x, y) => x - y), `sample ${sample}, k ${k}`);
      sessions.forEach((s, at) => assert.equal(similarities[at], similarity(s)));
    }
  });
});
