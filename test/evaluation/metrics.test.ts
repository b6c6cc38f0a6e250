import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ConfigError } from "../../src/core/errors";
import type { Cases } from "../../src/data/types";
import { evaluate } from "../../src/evaluation/evaluate";
import { listMeans, listTally, meanMetrics, metricRows, parseMetric, tieRateOf } from "../../src/evaluation/metrics";
import { countRanks, tieRules, type RankCounts } from "../../src/evaluation/ranks";

function counts(greater: number[], equal: number[], ahead: number[] = greater.map(() => 0)): RankCounts {
  return { greater: Int32Array.from(greater), equal: Int32Array.from(equal), ahead: Int32Array.from(ahead) };
}

const near = (found: number | undefined, expected: number): void => assert.ok(Math.abs(found! - expected) < 1e-12, `${found} is not ${expected}`);

describe("metrics", () => {
  it("agree with ranx and RecTools (test/golden/metrics.py), NDCG divided by what the case can reach", async () => {
    const scores = Float32Array.from({ length: 60 * 40 }, (_, at) => ((Math.floor(at / 40) * 37 + (at % 40) * 53 + 11) % 97) / 97);
    const targetOf = (row: number): number => {
      if (row % 20 === 7) return 41; // cold
      const own = scores.subarray(40 * row, 40 * row + 40);
      return row % 9 === 0 ? own.indexOf(Math.max(...own)) : (row * row * 3 + row + 1) % 40;
    };
    const cases: Cases<"valid"> = {
      role: "valid", hash: "", items: { ids: Array.from({ length: 42 }, (_, item) => `${item}`), trained: 40 },
      sessions: { offsets: Uint32Array.of(0, 1), item: Int32Array.of(0) },
      session: new Int32Array(60), end: new Int32Array(60).fill(1),
      target: Int32Array.from({ length: 60 }, (_, row) => targetOf(row)),
    };
    const counts = Array.from({ length: 40 }, (_, item) => 1 + ((item * item * 7) % 23));
    const { ranx, rectools } = JSON.parse(readFileSync(join(__dirname, "../golden/metrics.json"), "utf8")) as Readonly<Record<string, Readonly<Record<string, number>>>>;
    for (const ties of tieRules) {
      const { metrics } = await evaluate(() => scores, cases, { ks: [1, 5, 10, 20], counts, ties });
      for (const [name, expected] of Object.entries(ranx!)) near(metrics[name], expected);
      for (const [name, expected] of Object.entries(rectools!)) {
        const [metric, k] = name.split("@") as [string, string];
        if (metric === "NDCG of K") {
          const ideal = Array.from({ length: Number(k) }, (_, at) => 1 / Math.log2(at + 2)).reduce((sum, gain) => sum + gain, 0);
          near(metrics[`NDCG@${k}`]! / ideal, expected); // RecTools's default
        } else {
          near(metrics[name.replace("Recall", "HR")], expected);
        }
      }
    }
  });

  it("are cut at K: rank 10 counts at 10, rank 11 does not", () => {
    const ranked = counts([0, 9, 10], [1, 1, 1]);
    assert.deepEqual([...metricRows(ranked, "HR", 10, "expected")], [1, 1, 0]);
    assert.deepEqual([...metricRows(ranked, "MRR", 10, "expected")], [1, 1 / 10, 0]);
    assert.deepEqual([...metricRows(ranked, "NDCG", 10, "expected")], [1, 1 / Math.log2(11), 0]);
  });

  it("take the expectation over the tied ranks 3..6", () => {
    const ranked = counts([2], [4]);
    near(metricRows(ranked, "HR", 5, "expected")[0], 3 / 4);
    near(metricRows(ranked, "MRR", 5, "expected")[0], (1 / 3 + 1 / 4 + 1 / 5) / 4);
    near(metricRows(ranked, "NDCG", 5, "expected")[0], (1 / Math.log2(4) + 1 / Math.log2(5) + 1 / Math.log2(6)) / 4);
    assert.deepEqual([...metricRows(ranked, "HR", 4, "mean")], [0]); // rank 4.5
    near(metricRows(ranked, "MRR", 5, "mean")[0], 1 / 4.5);
    near(metricRows(ranked, "MRR", 5, "optimistic")[0], 1 / 3);
    near(metricRows(ranked, "MRR", 6, "pessimistic")[0], 1 / 6);
    near(metricRows(counts([2], [4], [1]), "MRR", 6, "popularity")[0], 1 / 4);
  });

  it("equal the mean over all orders of the ties, by enumeration", () => {
    const [greater, equal, k] = [1, 3, 3];
    const ranks = [2, 3, 4];
    near(metricRows(counts([greater], [equal]), "NDCG", k, "expected")[0], ranks.reduce((sum, rank) => sum + (rank <= k ? 1 / Math.log2(rank + 1) : 0), 0) / 3);
  });

  it("give a constant model K/V, not 1 and not 0", () => {
    const [items, cases] = [40, 200];
    const ranked = countRanks(new Float32Array(items * cases), Int32Array.from({ length: cases }, (_, row) => row % items), items);
    near(meanMetrics(ranked, [10], "expected")["HR@10"], 10 / 40);
    assert.equal(tieRateOf(ranked), 1);
  });

  it("miss cold targets, and average over chosen cases", () => {
    const ranked = counts([0, 0, 4], [0, 1, 1]);
    near(meanMetrics(ranked, [10], "expected")["HR@10"], 2 / 3);
    near(meanMetrics(ranked, [10], "pessimistic")["HR@10"], 2 / 3);
    near(meanMetrics(ranked, [10], "expected", Int32Array.of(1, 2))["MRR@10"], (1 + 1 / 5) / 2);
    assert.deepEqual(meanMetrics(ranked, [10], "expected", new Int32Array(0)), {});
  });

  it("rate ties over the cases whose target was seen", () => {
    assert.equal(tieRateOf(counts([0, 0, 0, 0], [1, 2, 0, 3])), 2 / 3);
    assert.equal(tieRateOf(counts([0], [0])), 0);
  });

  it("tally coverage and ARP of lists", () => {
    const ks = [1, 2, 9];
    const tally = listTally(ks, [10, 20, 30, 40], 3);
    tally.add(Int32Array.of(0, 1, 2, 3, /* case 2 */ 0, 3, 2, 1), 4);
    tally.add(Int32Array.of(2, 0, 1, 3), 4);
    const means = listMeans(ks, [tally.counts]);
    assert.equal(means["Coverage@1"], 2 / 4); // items 0 and 2
    near(means["ARP@1"], (10 + 10 + 30) / 3);
    assert.equal(means["Coverage@2"], 4 / 4);
    near(means["ARP@2"], (15 + 25 + 20) / 3);
    assert.equal(means["Coverage@9"], 1);
    near(means["ARP@9"], 25);
    const [first, rest] = [listTally(ks, [10, 20, 30, 40], 1), listTally(ks, [10, 20, 30, 40], 2)];
    first.add(Int32Array.of(0, 1, 2, 3), 4);
    rest.add(Int32Array.of(0, 3, 2, 1, 2, 0, 1, 3), 4);
    assert.deepEqual(listMeans(ks, [first.counts, rest.counts]), means); // however the cases are cut
  });

  it("are named with a cut-off", () => {
    assert.deepEqual(parseMetric("NDCG@10"), { metric: "NDCG", k: 10 });
    for (const wrong of ["NDCG", "NDCG@0", "ndcg@10", "MAP@10", "HR@1.5"]) assert.throws(() => parseMetric(wrong), ConfigError);
  });
});
