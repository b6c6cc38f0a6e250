import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { ConfigError } from "../../src/core/errors";
import { Rng } from "../../src/core/rng";
import { initBackend } from "../../src/tensor/backend";
import { memoryEstimate, type LossPlan } from "../../src/tensor/memory";
import { sampledIds, sampledSoftmaxLoss, sampledSoftmaxRows } from "../../src/tensor/ops/sampled-softmax-loss";
import { softmaxLossChunked } from "../../src/tensor/ops/softmax-loss";
import { gatherRows } from "../../src/tensor/ops/rows";

const rng = new Rng("memory");
const normal = (rows: number, columns: number): tf.Tensor2D => tf.tensor2d(rng.normals(rows * columns), [rows, columns]);

/** Bytes at the peak of a loss and its gradients, beyond what was there before, by tfjs's own count. */
async function peakOf(loss: (h: tf.Tensor2D, e: tf.Tensor2D) => tf.Tensor, inputs: tf.Tensor2D[]): Promise<number> {
  const before = tf.memory().numBytes;
  const profile = await tf.profile(() => {
    return tf.tidy(() => {
      tf.grads((h, e) => loss(h as tf.Tensor2D, e as tf.Tensor2D))(inputs);
      return tf.scalar(0).add(1); // an operation of tfjs's own: it counts only while one runs
    });
  });
  tf.dispose(profile.result as tf.Tensor);
  return profile.peakBytes - before;
}

describe("tensor/memory", () => {
  before(() => initBackend());

  it("adds up parameters, moments and gradients by hand", () => {
    const parameters = { items: [100, 8], w: [8, 4], b: [4] };
    const loss: LossPlan = { kind: "softmax", table: "items", targets: 10 };
    const { total, ...parts } = memoryEstimate({ parameters, optimiser: "adam", loss, activations: 1000 });
    assert.deepEqual(parts, {
      parameters: 4 * 836, moments: 8 * 836, gradients: 4 * 36, activations: 4000,
      loss: 4 * (2 * 48 * 100 + 4 * 800 + 6 * 80),
    });
    assert.equal(total, Object.values(parts).reduce((a, b) => a + b, 0));
    assert.equal(memoryEstimate({ parameters, optimiser: "adagrad", loss }).moments, 4 * 836);
    assert.equal(memoryEstimate({ parameters, optimiser: "adagrad-momentum", loss }).moments, 8 * 836);
  });

  it("without a whole table's gradient the loss does not grow with the catalogue", () => {
    const loss: LossPlan = { kind: "sampled-rows", table: "items", targets: 256, negatives: 2048, inBatch: true };
    const of = (items: number): number => memoryEstimate({ parameters: { items: [items, 64] }, optimiser: "lazy-adam", loss }).loss;
    assert.equal(of(1e4), of(1e6));
  });

  for (const [targets, items, width, negatives] of [[64, 20000, 16, 512], [500, 3000, 32, 1000], [40, 300, 8, 100]] as const) {
    it(`holds tfjs's own peak, and at most twice it: ${targets} targets, ${items} items, ${negatives} negatives`, async () => {
      const tensors = tf.memory().numTensors;
      const [hidden, table] = [normal(targets, width), normal(items, width)];
      const wanted = Int32Array.from({ length: targets }, (_, i) => i);
      const drawn = Int32Array.from({ length: negatives }, (_, i) => (i * 7) % items);
      const rows = gatherRows(table, sampledIds(wanted, drawn));
      const peaks = {
        softmax: await peakOf((h, e) => softmaxLossChunked(h, e, wanted), [hidden, table]),
        sampled: await peakOf((h, e) => sampledSoftmaxLoss(h, e, wanted, drawn, { inBatch: true }), [hidden, table]),
        "sampled-rows": await peakOf((h, e) => sampledSoftmaxRows(h, e, wanted, drawn, { inBatch: true }), [hidden, rows]),
      };
      for (const [kind, peak] of Object.entries(peaks) as [LossPlan["kind"], number][]) {
        const { loss } = memoryEstimate({ parameters: { items: [items, width] }, optimiser: "adam", loss: { kind, table: "items", targets, negatives, inBatch: true } });
        assert.ok(peak <= loss && loss <= 2 * peak, `${kind}: ${loss} bytes estimated, ${peak} found (${(loss / peak).toFixed(2)})`);
      }
      tf.dispose([hidden, table, rows]);
      assert.equal(tf.memory().numTensors, tensors);
    });
  }

  it("says which parameter is no table", () => {
    const plan = { parameters: { items: [5, 2], b: [2] }, optimiser: "adam" } as const;
    for (const table of ["b", "item"]) {
      assert.throws(() => memoryEstimate({ ...plan, loss: { kind: "softmax", table, targets: 1 } }), (error: Error) => error instanceof ConfigError && error.message.includes(`"${table}"`));
    }
  });
});
