/**
 * The simple models against figures measured by an independent script on the exact benchmark files of the SR-GNN line of
 * papers (Diginetica: 186,670 training sessions, 60,858 test cases, 43,097 items). POP, S-POP and Markov are held to .02
 * points over all cases, under a named tie rule; of the others a seeded sample of 3,000 cases is scored, to stay quick,
 * and the tolerance is 3 standard errors of that sample.
 */
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { Rng } from "../../src/core/rng";
import { catalog } from "../../src/data/catalog";
import { isFetched, loadBenchmark } from "../../src/data/datasets";
import { prefixes, type Cases, type Split } from "../../src/data/types";
import { caseRows, evaluate } from "../../src/evaluation/evaluate";
import { meanMetrics } from "../../src/evaluation/metrics";
import { countRanks, popularityOrder, type RankCounts, type TieRule } from "../../src/evaluation/ranks";
import { trainingCounts } from "../../src/evaluation/strata";
import { Markov } from "../../src/models/markov";
import { Pop } from "../../src/models/pop";
import type { Recommender } from "../../src/models/recommender";
import { SequentialRules } from "../../src/models/sequential-rules";
import { SessionKnn } from "../../src/models/session-knn";
import { SessionPop } from "../../src/models/session-pop";
import { sampleCases } from "../../src/models/validation";
import { VsKnn } from "../../src/models/vs-knn";
import { initBackend } from "../../src/tensor/backend";

const benchmark = catalog["diginetica-benchmark"];

describe("simple models on the Diginetica benchmark", () => {
  let split: Split;
  let counts: Uint32Array;

  before(async function () {
    if (!isFetched(benchmark)) {
      console.log("      skipped: no Diginetica files in SESSIONLAB_DATA or ../shared/data (sessions/diginetica)");
      this.skip();
    }
    await initBackend();
    split = await loadBenchmark(benchmark.name, { validShare: 0, confirm: false });
    counts = trainingCounts(split.train);
    assert.deepEqual([split.items.trained, split.test.target.length], [43097, 60858]);
  });

  /**
   * Where each case's target stands. The measuring script's lists end where its scores do: a target outside its list is
   * a miss under every tie rule, where ours would go on with what scores 0, or with popularity.
   */
  async function ranked(model: Recommender, cases: Cases, listed: (target: number, session: Int32Array) => boolean): Promise<RankCounts> {
    await model.fit(split.train, split.valid, { rng: new Rng(1) });
    const [size, order] = [cases.target.length, popularityOrder(counts)];
    const ranks = { greater: new Int32Array(size), equal: new Int32Array(size), ahead: new Int32Array(size) };
    for (let from = 0; from < size; from += 256) {
      const to = Math.min(from + 256, size);
      const sessions = prefixes(cases, from, to);
      const targets = cases.target.subarray(from, to);
      const scores = tf.tensor2d(model.score(sessions) as Float32Array, [to - from, counts.length]);
      const batch = countRanks(scores, targets, counts.length, order, from);
      scores.dispose();
      targets.forEach((target, row) => {
        if (!listed(target, sessions.item.subarray(sessions.offsets[row], sessions.offsets[row + 1]))) batch.equal[row] = 0;
      });
      for (const key of ["greater", "equal", "ahead"] as const) ranks[key].set(batch[key], from);
    }
    model.dispose();
    return ranks;
  }

  function assertWithin(ranks: RankCounts, ties: TieRule, recall: number, reciprocal: number, cases?: Int32Array): void {
    const found = meanMetrics(ranks, [20], ties, cases);
    for (const [metric, expected] of [["HR@20", recall], ["MRR@20", reciprocal]] as const) {
      assert.ok(Math.abs(100 * found[metric]! - expected) <= 0.02, `${metric} ${100 * found[metric]!} under "${ties}" is not ${expected}`);
    }
  }

  it("POP over all cases: .93/.21 by popularity", async () => {
    // All sessions get the same scores: each target is ranked once, and counts as often as it comes.
    const places = new Map<number, number>();
    for (const target of split.test.target) if (!places.has(target)) places.set(target, places.size);
    const target = Int32Array.from(places.keys());
    const ranks = await ranked(new Pop(), { ...split.test, target }, () => true);
    assertWithin(ranks, "popularity", 0.93, 0.21, split.test.target.map((one) => places.get(one)!));
  });

  it("S-POP over all cases: 20.51/13.61 by popularity, with the session's own items alone", async () => {
    const ranks = await ranked(new SessionPop(), split.test, (target, session) => session.includes(target));
    assertWithin(ranks, "popularity", 20.51, 13.61);
  }).timeout(400000);

  it("Markov over all cases: 34.70/12.95 by popularity, and what the other tie rules make of it", async () => {
    const { offsets, item } = split.train;
    const followed = new Set<number>();
    for (let s = 0; s + 1 < offsets.length; s++) {
      for (let at = offsets[s]! + 1; at < offsets[s + 1]!; at++) followed.add(item[at - 1]! * counts.length + item[at]!);
    }
    const ranks = await ranked(new Markov({ backoff: 0 }), split.test, (target, session) => followed.has(session[session.length - 1]! * counts.length + target));
    assertWithin(ranks, "popularity", 34.7, 12.95);
    assertWithin(ranks, "mean", 33.9, 12.16);
    assertWithin(ranks, "expected", 34.07, 12.91);
    assertWithin(ranks, "optimistic", 37.76, 16.85);
    assertWithin(ranks, "pessimistic", 30.69, 10.75);
  }).timeout(400000);

  const measured: readonly (readonly [Recommender, number, number])[] = [
    // Over all 60,858 cases.
    [new SessionPop({ by: "recency" }), 0.2051, 0.1369],
    [new SequentialRules({ self: false, prune: 0 }), 0.3351, 0.1113],
    // On 4,000 of them, by the same script.
    [new SessionKnn({ k: 100, sample: 500 }), 0.495, 0.177],
    [new VsKnn({ k: 100, sample: 1000 }), 0.517, 0.181],
    [new VsKnn({ k: 500, sample: 5000, weighting: "quadratic", decay: "quadratic", idf: 5 }), 0.511, 0.179],
  ];
  for (const [model, recall, reciprocal] of measured) {
    it(`${model.name} ${JSON.stringify(model.options)}: Recall@20 ${recall}, MRR@20 ${reciprocal}`, async () => {
      await model.fit(split.train, split.valid, { rng: new Rng(1) });
      const cases = sampleCases(split.test, 3000, new Rng(1));
      const result = await evaluate((sessions) => model.score(sessions), cases, { ks: [20], counts });
      for (const [metric, expected] of [["HR@20", recall], ["MRR@20", reciprocal]] as const) {
        const rows = caseRows(result, metric);
        const found = result.metrics[metric]!;
        const error = Math.sqrt(rows.reduce((sum, value) => sum + (value - found) ** 2, 0)) / rows.length;
        assert.ok(Math.abs(found - expected) < 3 * error, `${metric} ${found} is not within 3 x ${error} of ${expected}`);
      }
      model.dispose();
    });
  }
});
