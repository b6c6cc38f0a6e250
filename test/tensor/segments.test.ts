import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { ConfigError } from "../../src/core/errors";
import { Rng } from "../../src/core/rng";
import { initBackend } from "../../src/tensor/backend";
import { segmentMean, segmentSoftmax, segmentSoftmaxPortable, segmentSum, segmentSumPortable } from "../../src/tensor/ops/segments";
import { close, noLeak } from "./helpers";

const rng = new Rng("segments");
const normal = (name: string, rows: number, columns: number): tf.Tensor2D => tf.tensor2d(rng.child(name).normals(rows * columns), [rows, columns]);

type Form = (x: tf.Tensor2D) => tf.Tensor2D;

function assertTwins(fused: Form, plain: Form, input: tf.Tensor2D): void {
  close(fused(input).dataSync(), plain(input).dataSync(), 1e-5);
  const cotangent = normal("cotangent", ...plain(input).shape);
  const gradient = (form: Form): Float32Array => tf.grad((x) => form(x as tf.Tensor2D).mul(cotangent).sum())(input).dataSync<"float32">();
  close(gradient(fused), gradient(plain), 1e-5);
}

describe("tensor/segments", () => {
  before(() => initBackend());

  const segments = Int32Array.of(3, 0, 3, -1, 1, 0, 3); // segment 2 is empty, row 3 belongs to none

  it("sums equal their plain twin in value and gradient", () =>
    noLeak(() => assertTwins((x) => segmentSum(x, segments, 4), (x) => segmentSumPortable(x, segments, 4), normal("x", 7, 3))));

  it("means by hand, and their gradient: the cotangent over the size", () =>
    noLeak(() => {
      const values = tf.tensor2d([[1, 10], [2, 20], [4, 40], [100, 100], [5, 50], [4, 0], [7, 10]]);
      close(segmentMean(values, segments, 4).dataSync(), [3, 10, 5, 50, 0, 0, 4, 20], 1e-6);
      const gradient = tf.grad((x) => segmentMean(x as tf.Tensor2D, segments, 4).mul(tf.tensor2d([[2], [3], [5], [6]])).sum())(values);
      close(gradient.dataSync(), [2, 2, 1, 1, 2, 2, 0, 0, 3, 3, 1, 1, 2, 2], 1e-6);
    }));

  it("softmax equals its plain twin in value and gradient, adds up to 1, and is 0 outside", () =>
    noLeak(() => {
      const logits = normal("logits", 7, 2);
      assertTwins((x) => segmentSoftmax(x, segments, 4), (x) => segmentSoftmaxPortable(x, segments, 4), logits);
      const weights = segmentSoftmax(logits, segments, 4);
      close(segmentSum(weights, segments, 4).dataSync(), [1, 1, 1, 1, 0, 0, 1, 1], 1e-6);
      assert.deepEqual(Array.from(weights.dataSync().subarray(6, 8)), [0, 0]);
    }));

  it("softmax does not overflow or underflow, whatever other segments hold", () =>
    noLeak(() => {
      const logits = tf.tensor2d([[1e4], [1e4 + 1], [-1e4], [-1e4 + 1]]);
      const half = 1 / (1 + Math.E);
      close(segmentSoftmax(logits, Int32Array.of(0, 0, 1, 1), 2).dataSync(), [half, 1 - half, half, 1 - half], 1e-4);
      assert.deepEqual(Array.from(segmentSoftmax(tf.tensor2d([[3e38], [1]]), Int32Array.of(-1, 0), 1).dataSync()), [0, 1]);
    }));

  it("the same rows give the same bits, in value and gradient", () =>
    noLeak(() => {
      const many = Int32Array.from({ length: 5000 }, (_, i) => ((i * i) % 41) - 1);
      const values = normal("many", 5000, 16);
      const run = (form: Form): number[][] => {
        const { value, grad } = tf.valueAndGrad((x) => form(x as tf.Tensor2D).square().sum())(values);
        return [Array.from(form(values).dataSync()), Array.from(value.dataSync()), Array.from(grad.dataSync())];
      };
      for (const form of [segmentSum, segmentMean, segmentSoftmax]) {
        const once = run((x) => form(x, many, 40));
        for (let again = 0; again < 3; again++) assert.deepEqual(run((x) => form(x, many, 40)), once, form.name);
      }
    }));

  it("says which row is wrong", () => {
    const call = (given: Int32Array) => () => tf.tidy(() => segmentSum(tf.zeros([2, 1]), given, 3));
    for (const [given, message] of [[Int32Array.of(0, 3), /\[-1, 3\), found 3 at row 1/], [Int32Array.of(-2, 0), /found -2 at row 0/], [Int32Array.of(0), /each of 2 rows, found 1/]] as const) {
      assert.throws(call(given), (error: Error) => error instanceof ConfigError && message.test(error.message));
    }
  });
});
