/** The properties that make noise abducted rather than drawn anew; each is also tried on noise from the prior, which must fail it where it can. */
import assert from "node:assert/strict";
import { gumbelChoice, logisticClicks, logSoftmax, posteriorGumbel, posteriorLogistic } from "../../src/response/gumbel";
import { keyedGumbel, keyedUniform } from "../../src/response/keyed-noise";

const mean = (values: ArrayLike<number>): number => Array.from(values).reduce((sum, value) => sum + value, 0) / values.length;
const variance = (values: ArrayLike<number>): number => {
  const middle = mean(values);
  return mean(Array.from(values, (value) => (value - middle) ** 2));
};
const euler = 0.5772156649;

/** N rows of the same probabilities. */
function repeated(logits: readonly number[], rows: number): Float64Array {
  const one = logSoftmax(logits, logits.length);
  return Float64Array.from({ length: rows * logits.length }, (_, at) => one[at % logits.length]!);
}

/** [N, W] Gumbel noise from the prior. */
function priorNoise(rows: number, width: number, key: number): Float64Array {
  return Float64Array.from({ length: rows * width }, (_, at) => keyedGumbel(key, Math.floor(at / width), 1, at % width));
}

const uniform = (key: number) => (row: number, column: number): number => keyedUniform(key, row, 0, column);

describe("noise that is looked up", () => {
  it("is even, and not correlated over sessions, steps or items", () => {
    const count = 20_000;
    for (const at of [(n: number) => keyedUniform(5, n, 0, 0), (n: number) => keyedUniform(5, 0, n, 0), (n: number) => keyedUniform(5, 0, 0, n), (n: number) => keyedUniform(n, 1, 2, 3)]) {
      const values = Float64Array.from({ length: count }, (_, n) => at(n));
      assert.ok(Math.abs(mean(values) - 0.5) < 0.01 && Math.abs(variance(values) - 1 / 12) < 0.003);
      const next = values.slice(1).map((value, n) => (value - 0.5) * (values[n]! - 0.5));
      assert.ok(Math.abs(mean(next)) < 4 / 12 / Math.sqrt(count), `serial covariance ${mean(next)}`);
      const counts = new Float64Array(100);
      for (const value of values) counts[Math.floor(100 * value)]! += 1;
      const chiSquare = counts.reduce((sum, found) => sum + (found - count / 100) ** 2 / (count / 100), 0); // 99 degrees of freedom
      assert.ok(chiSquare < 150, `chi-square ${chiSquare}`);
    }
  });
});

describe("Gumbel-max", () => {
  const logits = [0.3, -1.2, 2, -0.4];
  const rows = 40_000;
  const logp = repeated(logits, rows);

  it("chooses in proportion to the probabilities", () => {
    const chosen = gumbelChoice(logp, priorNoise(rows, 4, 1), 4);
    for (let k = 0; k < 4; k++) assert.ok(Math.abs(mean(chosen.map((one) => (one === k ? 1 : 0))) - Math.exp(logp[k]!)) < 0.008, String(k));
  });

  it("1: noise abducted from a choice gives that choice again, each time, however unlikely it was", () => {
    const wide = repeated([0, -40, 5, -3, 700, -Infinity], rows);
    const chosen = Int32Array.from({ length: rows }, (_, row) => row % 5); // never the impossible one
    assert.deepEqual(gumbelChoice(wide, posteriorGumbel(wide, chosen, 6, uniform(2)), 6), chosen);
    const again = gumbelChoice(logp, priorNoise(rows, 4, 3), 4);
    const first = gumbelChoice(logp, priorNoise(rows, 4, 1), 4);
    assert.ok(again.filter((one, row) => one !== first[row]).length > rows / 4, "noise from the prior would do that too: the test tells nothing");
  });

  it("2: over choices as probable as they are, abducted noise is independent Gumbel(0, 1)", () => {
    const chosen = gumbelChoice(logp, priorNoise(rows, 4, 1), 4);
    const noise = posteriorGumbel(logp, chosen, 4, uniform(4));
    const columns = [0, 1, 2, 3].map((k) => noise.filter((_, at) => at % 4 === k));
    for (const column of columns) {
      assert.ok(Math.abs(mean(column) - euler) < 0.03, `mean ${mean(column)}`);
      assert.ok(Math.abs(variance(column) - Math.PI ** 2 / 6) < 0.06, `variance ${variance(column)}`);
      const sorted = column.slice().sort();
      const gap = sorted.reduce((most, value, n) => Math.max(most, Math.abs((n + 0.5) / rows - Math.exp(-Math.exp(-value)))), 0);
      assert.ok(gap < 1.95 / Math.sqrt(rows), `Kolmogorov-Smirnov ${gap}`); // 0.1 %
    }
    for (const [a, b] of [[0, 1], [0, 2], [2, 3]] as const) {
      const products = columns[a]!.map((value, n) => (value - euler) * (columns[b]![n]! - euler));
      assert.ok(Math.abs(mean(products)) < (4 * Math.PI ** 2) / 6 / Math.sqrt(rows), `covariance of ${a} and ${b}: ${mean(products)}`);
    }
  });

  it("2b: with logits that are not normalised abduction would be biased, so they are refused", () => {
    const chosen = gumbelChoice(logp, priorNoise(rows, 4, 1), 4);
    const shifted = logp.map((value) => value + 1);
    assert.throws(() => posteriorGumbel(shifted, chosen, 4, uniform(4)), /Expected probabilities that add up to 1, found 2\.718.* in row 0; normalise/);
  });

  it("3: stable: what became relatively less probable than the choice does not take its place", () => {
    const chosen = gumbelChoice(logp, priorNoise(rows, 4, 1), 4);
    const other = repeated([1, -1, 1.5, 0.9], rows);
    const noise = posteriorGumbel(logp, chosen, 4, uniform(5));
    const ratio = Float64Array.from({ length: 4 }, (_, k) => other[k]! - logp[k]!);
    const breaks = (choice: Int32Array): number => choice.filter((j, row) => j !== chosen[row] && ratio[chosen[row]!]! >= ratio[j]!).length;
    assert.equal(breaks(gumbelChoice(other, noise, 4)), 0);
    assert.ok(breaks(gumbelChoice(other, priorNoise(rows, 4, 6), 4)) > 1000, "noise from the prior is stable too: the test tells nothing");
    assert.ok(gumbelChoice(other, noise, 4).some((j, row) => j !== chosen[row]), "nothing changed");
  });

  it("4: given a choice the counterfactual is not distributed as p', averaged over choices it is", () => {
    const chosen = gumbelChoice(logp, priorNoise(rows, 4, 1), 4);
    const other = repeated([1, -1, 1.5, 0.9], rows);
    const found = gumbelChoice(other, posteriorGumbel(logp, chosen, 4, uniform(7)), 4);
    for (let k = 0; k < 4; k++) {
      assert.ok(Math.abs(mean(found.map((one) => (one === k ? 1 : 0))) - Math.exp(other[k]!)) < 0.01, `averaged, ${k}`);
      const given = found.filter((_, row) => chosen[row] === k);
      assert.ok(mean(given.map((one) => (one === k ? 1 : 0))) > Math.exp(other[k]!) + 0.1, `given ${k}`);
    }
  });

  it("leaves the noise of what cannot win alone, and refuses a choice that cannot be", () => {
    const impossible = repeated([0, 1, -Infinity], rows);
    const noise = posteriorGumbel(impossible, new Int32Array(rows), 3, uniform(8)).filter((_, at) => at % 3 === 2);
    assert.ok(Math.abs(mean(noise) - euler) < 0.03 && Math.abs(variance(noise) - Math.PI ** 2 / 6) < 0.06);
    assert.throws(() => posteriorGumbel(logSoftmax([0, -Infinity], 2), Int32Array.of(1), 2, () => 0.5), /Expected a choice that has a probability, found column 1 in row 0/);
    assert.throws(() => posteriorGumbel(logSoftmax([0, 0], 2), Int32Array.of(2), 2, () => 0.5), /found column 2/);
    assert.throws(() => posteriorGumbel(Float64Array.of(NaN, 0), Int32Array.of(0), 2, () => 0.5), /add up to 1, found NaN/);
    assert.throws(() => logSoftmax([0, NaN], 2), /Expected logits below infinity, found NaN in row 0, column 1/);
    assert.throws(() => logSoftmax([-Infinity, -Infinity], 2), /Expected a choice with some probability, found none in row 0/);
  });
});

describe("clicks by logistic noise", () => {
  const rows = 40_000;
  const logits = Float64Array.from({ length: rows }, (_, n) => [-2, 0.5, 3][n % 3]!);
  const prior = Float64Array.from({ length: rows }, (_, n) => Math.log(keyedUniform(1, n, 0, 0)) - Math.log(1 - keyedUniform(1, n, 0, 0)));

  it("gives the clicks again from abducted noise, at any odds", () => {
    const clicked = logisticClicks(logits, prior);
    assert.deepEqual(logisticClicks(logits, posteriorLogistic(logits, clicked, 1, uniform(2))), clicked);
    const extreme = Float64Array.of(-800, 800, 40, -40, -Infinity, Infinity);
    const both = Uint8Array.of(1, 0, 0, 1, 0, 1);
    for (let key = 0; key < 200; key++) assert.deepEqual(logisticClicks(extreme, posteriorLogistic(extreme, both, 6, uniform(key))), both);
  });

  it("has abducted noise that is logistic over clicks as probable as they are", () => {
    const noise = posteriorLogistic(logits, logisticClicks(logits, prior), 1, uniform(3));
    assert.ok(Math.abs(mean(noise)) < 0.04 && Math.abs(variance(noise) - Math.PI ** 2 / 3) < 0.12, `${mean(noise)}, ${variance(noise)}`);
    const sorted = noise.slice().sort();
    const gap = sorted.reduce((most, value, n) => Math.max(most, Math.abs((n + 0.5) / rows - 1 / (1 + Math.exp(-value)))), 0);
    assert.ok(gap < 1.95 / Math.sqrt(rows), `Kolmogorov-Smirnov ${gap}`);
  });

  it("refuses a click that cannot be, and odds that are none", () => {
    assert.throws(() => posteriorLogistic(Float64Array.of(0, -Infinity), Uint8Array.of(0, 1), 2, () => 0.5), /found one that has none in row 0, column 1/);
    assert.throws(() => posteriorLogistic(Float64Array.of(NaN), Uint8Array.of(0), 1, () => 0.5), /Expected log odds, found NaN/);
  });
});
