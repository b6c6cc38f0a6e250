import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { ConfigError } from "../../src/core/errors";
import { Rng } from "../../src/core/rng";
import { initBackend } from "../../src/tensor/backend";
import { gatherRows } from "../../src/tensor/ops/rows";
import { sampledIds, sampledSoftmaxLoss, sampledSoftmaxRows, sampledSoftmaxRowsPortable } from "../../src/tensor/ops/sampled-softmax-loss";
import { softmaxLossPortable } from "../../src/tensor/ops/softmax-loss";
import { close, noLeak } from "./helpers";

const rng = new Rng("sampled");
const normal = (name: string, rows: number, columns: number): tf.Tensor2D => tf.tensor2d(rng.child(name).normals(rows * columns), [rows, columns]);

type Loss = (hidden: tf.Tensor2D, table: tf.Tensor2D) => tf.Tensor;

/** Values and gradients of two losses, at a gradient of 3 from above. */
function assertSame(ours: Loss, theirs: Loss, hidden: tf.Tensor2D, table: tf.Tensor2D, tolerance: number): void {
  close(ours(hidden, table).dataSync(), theirs(hidden, table).dataSync(), tolerance);
  const gradients = (loss: Loss): tf.Tensor[] => tf.grads((h, e) => loss(h as tf.Tensor2D, e as tf.Tensor2D).mul(3))([hidden, table]);
  const [a, b] = [gradients(ours), gradients(theirs)];
  a.forEach((one, i) => close(one.dataSync(), b[i]!.dataSync(), tolerance));
}

describe("tensor/sampled softmax loss", () => {
  before(() => initBackend());

  it("equals its plain twin in value and gradient, in one chunk and in several, with and without each option", () =>
    noLeak(() => {
      for (const [count, items, drawn] of [[5, 9, 4], [70, 30, 20], [34, 50000, 40001]] as const) { // the last: 32 rows a chunk
        const targets = Int32Array.from({ length: count }, (_, i) => (i * i) % items);
        const negatives = Int32Array.from({ length: drawn }, (_, i) => (i * 7 + 1) % items);
        const logQ = rng.child("q").normals(drawn);
        const targetLogQ = rng.child("t").normals(count);
        for (const options of [{}, { logQ }, { logQ, targetLogQ, inBatch: true }, { logQ, targetLogQ, inBatch: true, correctTarget: true }]) {
          const ours: Loss = (h, e) => sampledSoftmaxLoss(h, e, targets, negatives, options);
          const theirs: Loss = (h, e) => sampledSoftmaxRowsPortable(h, gatherRows(e, sampledIds(targets, negatives)), targets, negatives, options);
          assertSame(ours, theirs, normal("h", count, 2), normal("e", items, 2), 1e-4);
          if (items === 50000) break; // once is enough for the chunks
        }
      }
    }));

  it("equals the exact softmax when the sample is the whole catalogue, in any order", () =>
    noLeak(() => {
      const targets = Int32Array.of(0, 4, 4, 2, 1, 7);
      const negatives = Int32Array.from(new Rng(3).permutation(8));
      const once = new Float32Array(8); // each item is expected once: log 1
      assertSame(
        (h, e) => sampledSoftmaxLoss(h, e, targets, negatives, { logQ: once }),
        (h, e) => softmaxLossPortable(h, e, targets),
        normal("hidden", 6, 5), normal("table", 8, 5), 1e-5,
      );
    }));

  it("with logQ the sum over the catalogue is unbiased: its mean over every possible sample is exact", () =>
    noLeak(() => {
      const q = [0.5, 0.2, 0.2, 0.1]; // one draw
      const hidden = tf.ones([1, 1]) as tf.Tensor2D;
      const table = tf.tensor2d([[2], [0], [-1], [1]]);
      const exact = Math.exp(softmaxLossPortable(hidden, table, Int32Array.of(1)).dataSync()[0]!); // Z / exp(s)
      const mean = (corrected: boolean): number => {
        let sum = 0;
        for (let sample = 0; sample < 64; sample++) { // 4 items, 3 draws
          const drawn = Int32Array.of(sample & 3, (sample >> 2) & 3, sample >> 4);
          const probability = drawn.reduce((product, id) => product * q[id]!, 1);
          const options = corrected ? { logQ: Float32Array.from(drawn, (id) => Math.log(3 * q[id]!)) } : {};
          sum += probability * Math.exp(sampledSoftmaxLoss(hidden, table, Int32Array.of(1), drawn, options).dataSync()[0]!);
        }
        return sum;
      };
      assert.ok(Math.abs(mean(true) / exact - 1) < 1e-5, `${mean(true)} is not ${exact}`);
      assert.ok(Math.abs(mean(false) / exact - 1) > 0.05, "without the correction it is biased");
    }));

  it("a target among the negatives does not count against itself, and does count against the others", () =>
    noLeak(() => {
      const table = tf.tensor2d([[1], [2], [3]]);
      const hidden = tf.tensor2d([[1], [1]]);
      const loss = sampledSoftmaxLoss(hidden, table, Int32Array.of(0, 1), Int32Array.of(0, 0, 2)).dataSync()[0]!;
      const first = Math.log(1 + Math.exp(3 - 1)); // target 0 against 2 alone
      const second = Math.log(1 + 2 * Math.exp(1 - 2) + Math.exp(3 - 2)); // target 1 against 0, 0 and 2
      close([loss], [(first + second) / 2], 1e-6);
      const lonely = tf.grads((h, e) => sampledSoftmaxLoss(h as tf.Tensor2D, e as tf.Tensor2D, Int32Array.of(2, 2), Int32Array.of(2)))([hidden, table]);
      lonely.forEach((one) => assert.ok(one.dataSync().every((value) => Math.abs(value) < 1e-7), "nothing to compare with, nothing to learn"));
    }));

  it("in the batch the others' targets are the negatives, by hand", () =>
    noLeak(() => {
      const table = tf.tensor2d([[1], [2], [3]]);
      const loss = sampledSoftmaxLoss(tf.tensor2d([[1], [2]]), table, Int32Array.of(0, 2), new Int32Array(0), { inBatch: true }).dataSync()[0]!;
      close([loss], [(Math.log(1 + Math.exp(3 - 1)) + Math.log(1 + Math.exp(2 - 6))) / 2], 1e-6);
    }));

  it("reaches only the rows of targets and negatives, and each of them", () =>
    noLeak(() => {
      const gradient = tf.grad((e) => sampledSoftmaxLoss(normal("h2", 2, 4), e as tf.Tensor2D, Int32Array.of(1, 8), Int32Array.of(3, 5)))(normal("e2", 10, 4)).dataSync();
      const touched = Array.from({ length: 10 }, (_, row) => gradient.subarray(row * 4, row * 4 + 4).some((value) => value !== 0));
      assert.deepEqual(touched.flatMap((yes, row) => (yes ? [row] : [])), [1, 3, 5, 8]);
    }));

  it("says what is missing", () => {
    const call = (negatives: Int32Array, options: object) => () => tf.tidy(() => sampledSoftmaxRows(tf.zeros([1, 1]), tf.zeros([1 + negatives.length, 1]), Int32Array.of(0), negatives, options));
    const two = Int32Array.of(1, 2);
    const configError = (message: RegExp) => (error: Error): boolean => error instanceof ConfigError && message.test(error.message);
    assert.throws(call(new Int32Array(0), {}), configError(/negatives, found none/));
    assert.throws(call(two, { logQ: Float32Array.of(0) }), configError(/length 2, found 1/));
    assert.throws(call(two, { logQ: Float32Array.of(0, -Infinity) }), configError(/found -Infinity at 1/));
    assert.throws(call(two, { logQ: new Float32Array(2), inBatch: true }), configError(/targetLogQ/));
  });
});
