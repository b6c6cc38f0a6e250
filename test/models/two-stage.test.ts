/** Candidates and reranking: who is ranked where, where hits are lost, and how a blend is chosen. */
import assert from "node:assert/strict";
import { Rng } from "../../src/core/rng";
import type { Cases, Items, Sessions } from "../../src/data/types";
import { evaluate } from "../../src/evaluation/evaluate";
import { chooseBlend } from "../../src/models/blend";
import { stageLosses, TwoStage } from "../../src/models/two-stage";
import { initBackend } from "../../src/tensor/backend";

const trained = 40;
const items: Items = { ids: Array.from({ length: trained + 1 }, (_, item) => `i${item}`), trained };
const count = 60;

/** Scores by session, drawn by the session's only item: case c is a session of item c % 40. */
function drawn(name: string): { items: Items; score: (sessions: Sessions) => Float32Array } {
  const table = new Rng(name).normals(trained * trained);
  return { items, score: ({ item }) => Float32Array.from({ length: item.length * trained }, (_, at) => table[item[Math.floor(at / trained)]! * trained + (at % trained)]!) };
}

const cases: Cases<"valid"> = {
  role: "valid", items, hash: "two stages",
  sessions: { offsets: Uint32Array.from({ length: count + 1 }, (_, s) => s), item: Int32Array.from({ length: count }, (_, s) => s % trained) },
  session: Int32Array.from({ length: count }, (_, s) => s), end: new Int32Array(count).fill(1),
  target: Int32Array.from({ length: count }, (_, s) => (7 * s) % (trained + 1)), // one of them training never saw
};
const counts = new Uint32Array(trained).fill(1);
const [first, second] = [drawn("first"), drawn("second")];
const hits = async (model: { score(sessions: Sessions): Float32Array }, k: number): Promise<number> => (await evaluate((sessions) => model.score(sessions), cases, { ks: [k], counts })).metrics[`HR@${k}`]!;

describe("two stages", () => {
  before(() => initBackend());

  it("reranks by hand: candidates by the second, the others behind by the first", () => {
    const own = { items: { ids: ["a", "b", "c", "d"], trained: 4 }, score: () => Float32Array.of(4, 3, 2, 1) };
    const other = { items: own.items, score: () => Float32Array.of(1, 5, 9, 99) };
    const session = ["a"];
    assert.deepEqual(new TwoStage(own, other, { candidates: 3 }).recommend(session, { k: 4 }).map(({ item }) => item), ["c", "b", "a", "d"]);
    assert.deepEqual(new TwoStage(own, other, { candidates: 9 }).recommend(session, { k: 4 }).map(({ item }) => item), ["d", "c", "b", "a"]);
    assert.deepEqual(new TwoStage(own, other, { candidates: 3, blend: 1 }).recommend(session, { k: 4 }).map(({ item }) => item), ["a", "b", "c", "d"]);
  });

  it("has the first model's hit rate at N, and with all items as candidates the second's everywhere", async () => {
    const model = new TwoStage(first, second, { candidates: 15 });
    assert.equal(await hits(model, 15), await hits(first, 15));
    assert.notEqual(await hits(model, 10), await hits(first, 10));
    const all = new TwoStage(first, second, { candidates: trained });
    for (const k of [1, 5, 15]) assert.equal(await hits(all, k), await hits(second, k));
  });

  it("traces each case, and the losses add up to 1 - HR", async () => {
    const model = new TwoStage(first, second, { candidates: 15 });
    const traces = model.trace(cases, { batch: 7 });
    assert.equal(traces.length, count);
    assert.ok(traces.every(({ first: place, candidate }) => candidate === place <= 15));
    const unseen = traces.find((one) => cases.target[one.case] === trained)!;
    assert.deepEqual([unseen.first, unseen.final, unseen.candidate], [Infinity, Infinity, false]);
    for (const k of [1, 5, 10, 15, 20]) {
      const { hits: found, lostByCandidates, lostByReranking } = stageLosses(traces, k);
      assert.ok(Math.abs(found - (await hits(model, k))) < 1e-12);
      assert.ok(Math.abs(found + lostByCandidates + lostByReranking - 1) < 1e-12);
      if (k <= 15) assert.ok(Math.abs(lostByCandidates - (1 - (await hits(first, 15)))) < 1e-12); // the ceiling
    }
  });

  it("blends as validation says: the better model alone, and both where each knows a part", async () => {
    const knowing = (of: (c: number) => boolean) => ({
      items,
      score: ({ item }: Sessions) => Float32Array.from({ length: item.length * trained }, (_, at) => {
        const [row, target] = [Math.floor(at / trained), at % trained];
        const c = item[row]!;
        return (of(c) && target === (7 * c) % (trained + 1) ? 3 : 0) + 0.001 * ((target * 7919 + c * 31) % 97);
      }),
    });
    const half = { ...cases, session: cases.session.slice(0, trained), end: cases.end.slice(0, trained), target: cases.target.slice(0, trained) };
    const [even, odd, none] = [knowing((c) => c % 2 === 0), knowing((c) => c % 2 === 1), knowing(() => false)];
    const both = await chooseBlend(even, odd, half, "HR@1", trained);
    assert.ok(both.blend > 0 && both.blend < 1);
    const value = (blend: number): number => both.trials.find((trial) => trial.blend === blend)!.value;
    assert.ok(both.value > value(0) && both.value > value(1));
    assert.equal((await chooseBlend(none, even, half, "HR@1", trained)).blend, 0);
  });

  it("chooses the number of candidates too, and says what the two stages then score", async () => {
    const [first, second] = [drawn("first"), drawn("second")];
    const choice = await chooseBlend(first, second, cases, "NDCG@10", [3, 10, 25]);
    assert.equal(choice.trials.length, 33);
    assert.equal(choice.value, Math.max(...choice.trials.map(({ value }) => value)));
    for (const candidates of [3, 10, 25]) {
      const { temperatures } = await chooseBlend(first, second, cases, "NDCG@10", candidates);
      for (const blend of [0, 0.5]) {
        const { metrics } = await evaluate((sessions) => new TwoStage(first, second, { candidates, blend, temperatures }).score(sessions), cases, { ks: [10], counts });
        const { value } = choice.trials.find((trial) => trial.candidates === candidates && trial.blend === blend)!;
        assert.ok(Math.abs(value - metrics["NDCG@10"]!) < 1e-6, `${candidates} ${blend}: ${value}, ${metrics["NDCG@10"]}`);
      }
    }
  });

  it("finds the temperature that a model's scores were drawn by", async () => {
    // Targets drawn from softmax(scores / 2): the likelihood's best temperature is near 2.
    const rng = new Rng("temperature");
    const size = 5;
    const own: Items = { ids: ["a", "b", "c", "d", "e"], trained: size };
    const table = rng.child("scores").normals(2000 * size).map((value) => 3 * value);
    const scores = { items: own, score: ({ item }: Sessions) => Float32Array.from({ length: item.length * size }, (_, at) => table[item[Math.floor(at / size)]! * size + (at % size)]!) };
    const draw = rng.child("targets");
    const target = Int32Array.from({ length: 2000 }, (_, c) => {
      const row = Array.from(table.subarray(c * size, (c + 1) * size), (value) => Math.exp(value / 2));
      let left = draw.uniform() * row.reduce((sum, value) => sum + value, 0);
      return row.findIndex((value) => (left -= value) < 0);
    });
    const drawnCases: Cases<"valid"> = { role: "valid", items: own, hash: "", sessions: { offsets: Uint32Array.from({ length: 2001 }, (_, s) => s), item: Int32Array.from({ length: 2000 }, (_, s) => s) }, session: Int32Array.from({ length: 2000 }, (_, s) => s), end: new Int32Array(2000).fill(1), target };
    const { temperatures } = await chooseBlend(scores, scores, drawnCases, "NDCG@1", size);
    assert.ok(Math.abs(temperatures[0] - 2) < 0.25, String(temperatures));
    assert.equal(temperatures[0], temperatures[1]);
  });
});
