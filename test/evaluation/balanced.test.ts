import assert from "node:assert/strict";
import { ConfigError } from "../../src/core/errors";
import { Rng } from "../../src/core/rng";
import { balancedMetric, balancedWeights, effectiveCases, resampleCases, type BalanceBy } from "../../src/evaluation/balanced";

/** Counts 8, 4, 2, 1; six cases of item 0, two of item 1, one each of 2 and 3, one cold. */
const counts = [8, 4, 2, 1];
const cases = { target: Int32Array.of(0, 0, 0, 0, 0, 0, 1, 1, 2, 3, 9) };

describe("popularity-balanced targets", () => {
  const close = (found: ArrayLike<number>, expected: readonly number[]): void => expected.forEach((value, at) => assert.ok(Math.abs(found[at]! - value) < 1e-12, `${at}: ${found[at]}`));

  it("strata weigh alike, cases within a stratum too, cold targets nothing", () => {
    // Cut at the median of the counts, 3: tail are items 2 and 3 (2 cases), head items 0 and 1 (8 cases).
    const { weights, effective, cases: counted, strata } = balancedWeights(cases, counts, "strata", [0.5]);
    close(weights, [...new Array<number>(8).fill(1 / 16), 1 / 4, 1 / 4, 0]);
    // 1 / (8 / 256 + 2 / 16) = 6.4
    assert.ok(Math.abs(effective - 6.4) < 1e-12);
    assert.deepEqual([counted, strata], [10, 2]);
  });

  it("inverse counts", () => {
    // 1/8 six times, 1/4 twice, 1/2, 1: in all 2.75; squares 6/64 + 2/16 + 1/4 + 1 = 1.46875
    const { weights, effective, strata } = balancedWeights(cases, counts, "inverse counts");
    close(weights, [...new Array<number>(6).fill(1 / 22), 1 / 11, 1 / 11, 2 / 11, 4 / 11, 0]);
    assert.ok(Math.abs(effective - 2.75 ** 2 / 1.46875) < 1e-12);
    assert.equal(strata, undefined);
  });

  it("strata without a case do not share the weight", () => {
    const { weights, strata } = balancedWeights({ target: Int32Array.of(0, 0) }, counts, "strata", [0.5]);
    assert.deepEqual([[...weights], strata], [[0.5, 0.5], 1]);
    assert.throws(() => balancedWeights({ target: Int32Array.of(7) }, counts), /whose target was seen in training/);
    assert.throws(() => balancedWeights(cases, counts, "items" as BalanceBy), ConfigError);
  });

  it("the metric is the mean over strata; its interval covers it", () => {
    const rows = Float64Array.of(1, 1, 1, 1, 0, 0, 1, 1, 0, 1, 0);
    const session = Int32Array.from(rows.keys());
    const { mean, low, high, effective } = balancedMetric(rows, session, balancedWeights(cases, counts, "strata", [0.5]));
    assert.ok(Math.abs(mean - (6 / 8 + 1 / 2) / 2) < 1e-12);
    assert.ok(low < mean && mean < high && Math.abs(effective - 6.4) < 1e-12);
  });

  it("resampling draws each case floor(n w) or ceil(n w) times, so that plain means are balanced", () => {
    const { weights } = balancedWeights(cases, counts, "inverse counts");
    const drawn = resampleCases(weights, 100, new Rng(3));
    const times = new Array<number>(11).fill(0);
    for (const c of drawn) times[c]!++;
    times.forEach((found, c) => assert.ok(Math.abs(found - 100 * weights[c]!) < 1, `${c}: ${found}`));
    assert.deepEqual(drawn, resampleCases(weights, 100, new Rng(3)));
    assert.equal(resampleCases([1, 0], 3, new Rng(1))[2], 0);
    assert.equal(effectiveCases([0.5, 0.5]), 2);
    assert.throws(() => resampleCases(weights, 0, new Rng(1)), ConfigError);
  });
});
