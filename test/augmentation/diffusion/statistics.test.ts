/** What slates are like, against the plain sums over pairs; and the collapse of vectors. */
import assert from "node:assert/strict";
import { collapseOf, standardise } from "../../../src/augmentation/diffusion/item-vectors";
import { slateStatistics } from "../../../src/augmentation/diffusion/statistics";
import { ConfigError } from "../../../src/core/errors";
import { Rng } from "../../../src/core/rng";

const rng = new Rng("statistics");
const vectors = { shape: [12, 5] as const, data: rng.normals(60).map((value) => value + 0.5) };
const counts = Array.from({ length: 12 }, (_, item) => item * item);

function cosine(a: number, b: number): number {
  const [x, y] = [a, b].map((item) => vectors.data.subarray(5 * item, 5 * item + 5)) as [Float32Array, Float32Array];
  return x.reduce((sum, value, d) => sum + value * y[d]!, 0) / Math.hypot(...x) / Math.hypot(...y);
}

describe("statistics of slates", () => {
  it("has the sums over pairs and items", () => {
    const slates = Int32Array.from([0, 3, 7, 7, 0, 3, 1, 2, 11].concat([4, 5, 6]));
    const found = slateStatistics(slates, 3, { vectors, counts });
    let [distance, pairs] = [0, 0];
    for (let s = 0; s < 12; s += 3) for (const [i, j] of [[0, 1], [0, 2], [1, 2]] as const) [distance, pairs] = [distance + 1 - cosine(slates[s + i]!, slates[s + j]!), pairs + 1];
    assert.ok(Math.abs(found.diversity - distance / pairs) < 1e-6);
    assert.equal(found.popularity, [0, 9, 49, 49, 0, 9, 1, 4, 121, 16, 25, 36].reduce((sum, one) => sum + one, 0) / 12);
    const total = counts.reduce((sum, one) => sum + one, 0);
    assert.ok(Math.abs(found.novelty - Array.from(slates, (item) => -Math.log2((counts[item]! + 1) / (total + 12))).reduce((sum, one) => sum + one, 0) / 12) < 1e-12);
    assert.deepEqual([found.slates, found.slots, found.unique, found.coverage, found.distinctSlates, found.mostListed], [4, 3, 9 / 12, 9 / 12, 3 / 4, 2 / 4]);
  });

  it("shows a generator that has one slate for everybody", () => {
    const { distinctSlates, mostListed, unique } = slateStatistics(Int32Array.from({ length: 40 }, (_, at) => at % 4), 4, { vectors, counts });
    assert.deepEqual([distinctSlates, mostListed, unique], [0.1, 1, 0.1]);
  });

  it("refuses slates that are not whole, or have an item twice", () => {
    assert.throws(() => slateStatistics(Int32Array.of(1, 2, 3), 2, { vectors, counts }), ConfigError);
    assert.throws(() => slateStatistics(Int32Array.of(1, 2, 3, 3), 2, { vectors, counts }), /one twice in slate 1/);
  });
});

describe("item vectors for diffusion", () => {
  it("have mean 0 and variance 1 a coordinate, and say what they were", () => {
    const { data, mean, sd, shape } = standardise(vectors);
    for (let d = 0; d < 5; d++) {
      const column = Array.from({ length: 12 }, (_, item) => data[5 * item + d]!);
      const centre = column.reduce((sum, one) => sum + one, 0) / 12;
      assert.ok(Math.abs(centre) < 1e-6);
      assert.ok(Math.abs(column.reduce((sum, one) => sum + one * one, 0) / 12 - 1) < 1e-5);
      for (let item = 0; item < 12; item++) assert.ok(Math.abs(column[item]! * sd[d]! + mean[d]! - vectors.data[5 * item + d]!) < 1e-6);
    }
    assert.equal(collapseOf({ shape, data }).collapsed, false);
  });

  it("have the mean cosine of all pairs", () => {
    let [sum, pairs] = [0, 0];
    for (let a = 0; a < 12; a++) for (let b = 0; b < a; b++) [sum, pairs] = [sum + cosine(a, b), pairs + 1];
    assert.ok(Math.abs(collapseOf(vectors).cosine - sum / pairs) < 1e-6);
    const near = { shape: [3, 2] as const, data: Float32Array.of(5, 5, 5, 6, 6, 5) };
    const { cosine: high, variance, leastVariance, collapsed } = collapseOf(near);
    assert.ok(high > 0.98 && Math.abs(variance - 2 / 9) < 1e-6 && Math.abs(leastVariance - 2 / 9) < 1e-6 && collapsed);
  });
});
