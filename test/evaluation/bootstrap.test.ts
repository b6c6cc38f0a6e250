import assert from "node:assert/strict";
import { ConfigError } from "../../src/core/errors";
import { Rng } from "../../src/core/rng";
import { drawMeans, drawRates, drawStatistics, summaryOf } from "../../src/evaluation/bootstrap";
import { pairedBootstrap } from "../../src/evaluation/compare";
import { equivalence, nonInferiority } from "../../src/evaluation/equivalence";

describe("the bootstrap of means and rates", () => {
  it("draws two clusters as often as the binomial says", () => {
    // Means of two draws from .1 and .3: .1, .2, .3 with probabilities 1/4, 1/2, 1/4.
    const { estimate, statistics } = drawMeans(Float64Array.of(0.1, 0.3), Int32Array.of(4, 9), { resamples: 20000 });
    assert.equal(estimate, 0.2);
    for (const [value, share] of [[0.1, 0.25], [0.2, 0.5], [0.3, 0.25]] as const) {
      const found = statistics.filter((one) => Math.abs(one - value) < 1e-9).length / 20000;
      assert.ok(Math.abs(found - share) < 0.015, `${value}: ${found}`);
    }
  });

  it("a weight counts as so many copies within a cluster", () => {
    const cluster = Int32Array.of(0, 0, 1);
    const weighted = drawMeans(Float64Array.of(1, 0, 0.5), cluster, {}, Float64Array.of(2, 1, 3));
    const copied = drawMeans(Float64Array.of(1, 1, 0, 0.5, 0.5, 0.5), Int32Array.of(0, 0, 0, 1, 1, 1));
    assert.ok(Math.abs(weighted.estimate - 3.5 / 6) < 1e-15);
    weighted.statistics.forEach((value, at) => assert.ok(Math.abs(value - copied.statistics[at]!) < 1e-12));
  });

  it("even weights change nothing, and cases without weight are not there", () => {
    const values = Float64Array.from(new Rng(1).normals(40));
    const cluster = Int32Array.from(values, (_, at) => at >> 1);
    const plain = pairedBootstrap(values, cluster);
    const even = pairedBootstrap(values, cluster, {}, new Float64Array(40).fill(1));
    assert.deepEqual([even.difference, even.low, even.high, even.p], [plain.difference, plain.low, plain.high, plain.p]);
    const first = new Float64Array(40).fill(1, 0, 20);
    assert.equal(pairedBootstrap(values, cluster, {}, first).clusters, 10);
    assert.throws(() => drawMeans(values, cluster, {}, new Float64Array(40)), ConfigError);
    assert.throws(() => drawMeans(values, cluster, {}, new Float64Array(3)), ConfigError);
  });

  it("a rate is a ratio of sums, not a mean of ratios", () => {
    const rate = { over: Float64Array.of(1, 0), under: Float64Array.of(1, 9) };
    assert.equal(drawRates(rate).estimate, 0.1); // the mean of ratios is .5
    assert.equal(drawRates(rate, { over: Float64Array.of(0, 1), under: Float64Array.of(1, 9) }).estimate, 0);
    assert.deepEqual([...new Set(drawRates(rate).statistics)].sort(), [0, 0.1, 1]); // both the second, one of each, both the first
    assert.throws(() => drawRates(rate, { over: Float64Array.of(1), under: Float64Array.of(1) }), ConfigError);
    assert.throws(() => drawStatistics([new Float64Array(0)], () => 0), ConfigError);
  });
});

describe("tests against a margin", () => {
  const four = drawMeans(Float64Array.of(0.1, 0.3), Int32Array.of(0, 1), { resamples: 19999 });

  it("p is the share of resamples at the margin or beyond it", () => {
    const found = equivalence(four, 0.25); // .3 lies beyond it: one of four resamples
    assert.ok(Math.abs(found.p - 0.25) < 0.015 && !found.holds);
    assert.ok(Math.abs(found.low - 0.1) < 1e-12 && Math.abs(found.high - 0.3) < 1e-12);
    assert.equal(equivalence(four, 0.35).p, 1 / 20000);
    assert.equal(equivalence(four, 0.35).holds, true);
  });

  it("non-inferiority looks at one side only", () => {
    assert.deepEqual([nonInferiority(four, 0.05).p, nonInferiority(four, 0.05).high], [1 / 20000, Infinity]);
    const mirrored = drawMeans(Float64Array.of(-0.1, -0.3), Int32Array.of(0, 1), { resamples: 19999 });
    assert.ok(Math.abs(nonInferiority(mirrored, 0.15).p - 0.75) < 0.015); // -.2 and -.3
    assert.throws(() => nonInferiority(four, 0), /a margin above 0, found 0/);
    assert.throws(() => equivalence(four, 0.1, 0.6), /alpha in \(0, 0.5\)/);
  });

  it("claims equivalence no more often than alpha where the true difference is the margin, and mostly where there is none", () => {
    const rng = new Rng("equivalence");
    const cluster = Int32Array.from({ length: 60 }, (_, at) => at);
    const margin = 0.5; // standard error 1 / sqrt(60) = .13
    const counts = { atTheMargin: 0, none: 0, notWorse: 0 };
    for (let trial = 0; trial < 300; trial++) {
      const noise = Float64Array.from(rng.normals(60));
      const moved = (by: number) => drawMeans(noise.map((value) => value + by), cluster, { resamples: 400, seed: trial });
      if (equivalence(moved(margin), margin).holds) counts.atTheMargin++;
      if (equivalence(moved(0), margin).holds) counts.none++;
      if (nonInferiority(moved(-margin), margin).holds) counts.notWorse++;
    }
    for (const size of [counts.atTheMargin, counts.notWorse]) assert.ok(size >= 4 && size <= 29, JSON.stringify(counts)); // 15 expected; sd 3.8
    assert.ok(counts.none > 280, JSON.stringify(counts));
  });

  it("summaries keep their ends in order", () => {
    const { low, high, difference } = summaryOf(four, 0.5);
    assert.ok(low <= difference && difference <= high);
  });
});
