import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { Rng } from "../../src/core/rng";
import { initBackend } from "../../src/tensor/backend";
import { softmaxLoss } from "../../src/tensor/ops/softmax-loss";
import { noLeak } from "./helpers";

/** Loss and both gradients of the whole matrix of logits, in float64. */
function dense(hidden: Float32Array, table: Float32Array, targets: Int32Array, width: number): { loss: number; hidden: Float64Array; table: Float64Array } {
  const [count, items] = [targets.length, table.length / width];
  const gradients = { hidden: new Float64Array(hidden.length), table: new Float64Array(table.length) };
  let loss = 0;
  for (let n = 0; n < count; n++) {
    const h = Float64Array.from(hidden.subarray(n * width, (n + 1) * width));
    const logits = Float64Array.from({ length: items }, (_, v) => h.reduce((sum, value, d) => sum + value * table[v * width + d]!, 0));
    const top = logits.reduce((a, b) => Math.max(a, b));
    const total = logits.reduce((sum, logit) => sum + Math.exp(logit - top), 0);
    loss -= (logits[targets[n]!]! - top - Math.log(total)) / count;
    for (let v = 0; v < items; v++) {
      const slope = (Math.exp(logits[v]! - top) / total - (v === targets[n] ? 1 : 0)) / count;
      for (let d = 0; d < width; d++) {
        gradients.hidden[n * width + d]! += slope * table[v * width + d]!;
        gradients.table[v * width + d]! += slope * h[d]!;
      }
    }
  }
  return { loss, ...gradients };
}

/** The largest difference, relative to the largest number of the reference. */
function distance(found: ArrayLike<number>, reference: Float64Array): number {
  assert.equal(found.length, reference.length);
  const size = reference.reduce((most, value) => Math.max(most, Math.abs(value)), 0);
  return reference.reduce((most, value, n) => Math.max(most, Math.abs(found[n]! - value)), 0) / size;
}

describe("tensor/softmax loss", () => {
  before(() => initBackend());

  it("is the dense loss to 1e-5, value and both gradients, where the catalogue is walked in several chunks", () =>
    noLeak(() => {
      const [count, items, width] = [1200, 5000, 4]; // 6 million logits: chunks hold 1.3 million
      const rng = new Rng("chunks");
      const hidden = rng.normals(count * width);
      const table = rng.normals(items * width);
      const targets = Int32Array.from({ length: count }, (_, n) => (n % 10 === 0 ? 7 : rng.int(items))); // one item comes ten times
      const expected = dense(hidden, table, targets, width);
      const { value, grads } = tf.valueAndGrads((h, e) => softmaxLoss(h as tf.Tensor2D, e as tf.Tensor2D, targets))([tf.tensor2d(hidden, [count, width]), tf.tensor2d(table, [items, width])]);
      const [ofHidden, ofTable] = grads.map((gradient) => gradient.dataSync());
      const distances = { loss: Math.abs(value.dataSync()[0]! - expected.loss) / expected.loss, hidden: distance(ofHidden!, expected.hidden), table: distance(ofTable!, expected.table) };
      assert.ok(Object.values(distances).every((one) => one < 1e-5), JSON.stringify(distances));
    }));
});
