import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ConfigError, NumericError } from "../../src/core/errors";
import { Rng } from "../../src/core/rng";
import { kMeans, lloyd } from "../../src/evaluation/k-means";
import { adjustedRandIndex, f1, normalisedMutualInformation } from "../../src/evaluation/labels";
import { logisticRegression, type HostMatrix } from "../../src/evaluation/logistic-regression";
import { close } from "../tensor/helpers";

interface Golden {
  readonly logistic: readonly { classes: number; C: number; standardise: boolean; weights: number[]; intercepts: number[]; predicted: number[]; micro: number; macro: number }[];
  readonly kMeans: { labels: number[]; inertia: number; centres: number[] };
  readonly nmi: number;
  readonly ari: number;
  readonly best: number;
}

const [N, F, K] = [60, 5, 3];
const golden = JSON.parse(readFileSync(join(__dirname, "..", "golden", "labels.json"), "utf8")) as Golden;
const cells = Array.from({ length: N * F }, (_, i) => [Math.floor(i / F), i % F] as const);
const points: HostMatrix = { shape: [N, F], data: Float32Array.from(cells, ([n, f]) => Math.sin(1.3 * n + 2.1 * f) + (n % K) * Math.cos(f) * 0.7) };
const labels = Int32Array.from({ length: N }, (_, n) => (n % 7 === 0 ? (n + 1) % K : n % K));
const train = Array.from({ length: 40 }, (_, n) => n);

describe("evaluation/labels, k-means and logistic regression, as scikit-learn has them (test/golden/labels.py)", () => {
  for (const expected of golden.logistic) {
    const { classes, C, standardise } = expected;
    it(`logistic regression: ${classes} classes, C ${C}${standardise ? ", standardised" : ""}`, () => {
      const y = labels.map((label) => Math.min(label, classes - 1));
      const model = logisticRegression(points, y, train, { C, standardise, tolerance: 1e-9 });
      const [weights, intercepts] = classes === 2 ? [model.weights.slice(F), model.intercepts.slice(1)] : [model.weights, model.intercepts];
      close(weights, expected.weights, 1e-5);
      close(intercepts, expected.intercepts, 1e-5);
      const predicted = model.predict(points);
      assert.deepEqual(Array.from(predicted), expected.predicted);
      const { micro, macro } = f1(y.slice(40), predicted.slice(40));
      close([micro, macro], [expected.micro, expected.macro], 1e-12);
    });
  }

  it("k-means from given centres, NMI and ARI", () => {
    const first = Float64Array.from([0, 1, 2, 5].flatMap((n) => Array.from(points.data.subarray(n * F, (n + 1) * F))));
    const found = lloyd(points, first, { iterations: 300, tolerance: 1e-4 });
    assert.deepEqual(Array.from(found.labels), golden.kMeans.labels);
    close([found.inertia], [golden.kMeans.inertia], 1e-6);
    close(found.centres, golden.kMeans.centres, 1e-6);
    close([normalisedMutualInformation(labels, found.labels), adjustedRandIndex(labels, found.labels)], [golden.nmi, golden.ari], 1e-12);
  });

  it("k-means of ten starts is as good as scikit-learn's, and the same for a seed", () => {
    const found = kMeans(points, 3, new Rng(1));
    assert.ok(found.inertia <= golden.best * (1 + 1e-6), `${found.inertia} against ${golden.best}`);
    assert.deepEqual(kMeans(points, 3, new Rng(1)), found);
  });

  it("one part against one part is 1, against many 0; F1 of a class never met counts in nothing", () => {
    const one = Int32Array.of(0, 0, 0, 0);
    assert.equal(normalisedMutualInformation(one, one), 1);
    assert.equal(normalisedMutualInformation(one, Int32Array.of(0, 1, 2, 3)), 0);
    assert.deepEqual(f1(Int32Array.of(0, 0, 5), Int32Array.of(0, 0, 5)), { micro: 1, macro: 1 });
  });

  it("says what cannot be", () => {
    assert.throws(() => f1(Int32Array.of(0), Int32Array.of(0, 1)), /two labels for each of one case or more, found 1 and 2/);
    assert.throws(() => kMeans(points, 61, new Rng(1)), ConfigError);
    assert.throws(() => logisticRegression(points, labels.map(() => 0), train), /two classes or more, found 1/);
    assert.throws(() => logisticRegression(points, labels.map(() => -1), train), ConfigError);
    assert.throws(() => logisticRegression(points, labels, train, { iterations: 1 }), NumericError);
  });
});
