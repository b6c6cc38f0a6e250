import assert from "node:assert/strict";
import { ConfigError } from "../../src/core/errors";
import { Rng } from "../../src/core/rng";
import { aliasTable, negativeSampler } from "../../src/data/negatives";

describe("data/negatives", () => {
  it("the alias table holds exactly the probabilities", () => {
    const rng = new Rng("alias");
    for (const size of [1, 2, 7, 1000]) {
      const weights = Float64Array.from({ length: size }, (_, i) => (i % 5 === 1 ? 0 : rng.uniform() ** 4));
      const total = weights.reduce((a, b) => a + b, 0);
      const probabilities = weights.map((weight) => weight / total);
      const { share, alias } = aliasTable(probabilities);
      const found = new Float64Array(size);
      share.forEach((own, i) => {
        found[i]! += own / size;
        found[alias[i]!]! += (1 - own) / size;
      });
      found.forEach((p, i) => assert.ok(Math.abs(p - probabilities[i]!) < 1e-12, `item ${i} of ${size}: ${p}, not ${probabilities[i]}`));
      weights.forEach((weight, i) => assert.ok(weight > 0 || found[i] === 0, `item ${i} has no weight and is drawn`));
    }
  });

  it("draws by count to the power alpha, within four standard errors, the same with the same seed", () => {
    const sampler = negativeSampler(Int32Array.of(16, 0, 1, 81), 0.25); // weights 2, 0, 1, 3
    assert.deepEqual(Array.from(sampler.probabilities), [2 / 6, 0, 1 / 6, 3 / 6]);
    const drawn = sampler.draw(new Rng(4), 20000);
    assert.deepEqual(sampler.draw(new Rng(4), 20000), drawn);
    assert.notDeepEqual(sampler.draw(new Rng(5), 20000), drawn);
    sampler.probabilities.forEach((p, item) => {
      const found = drawn.filter((id) => id === item).length / drawn.length;
      assert.ok(Math.abs(found - p) <= 4 * Math.sqrt((p * (1 - p)) / drawn.length), `item ${item}: ${found}, not ${p}`);
    });
  });

  it("alpha 0 is uniform, over items without events too", () => {
    assert.deepEqual(Array.from(negativeSampler([5, 0, 9, 1], 0).probabilities), [0.25, 0.25, 0.25, 0.25]);
  });

  it("says what is wrong with counts and alpha", () => {
    for (const [counts, alpha, message] of [[[1], 2, /alpha in \[0, 1\], found 2/], [[1, -1], 1, /found -1 for item 1/], [[NaN], 1, /found NaN/], [[0, 0], 1, /found none among 2/], [[], 0, /found none among 0/]] as const) {
      assert.throws(() => negativeSampler(counts, alpha), (error: Error) => error instanceof ConfigError && message.test(error.message));
    }
  });
});
