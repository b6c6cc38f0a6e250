import * as tf from "@tensorflow/tfjs";
import { Rng } from "../../src/core/rng";
import { initBackend } from "../../src/tensor/backend";
import { normaliseRows, normaliseRowsPortable } from "../../src/tensor/ops/normalise";
import { close, noLeak } from "./helpers";

describe("tensor/normalise", () => {
  before(() => initBackend());

  it("equals its plain twin in value and gradient", () =>
    noLeak(() => {
      const x = tf.tensor2d(new Rng(1).normals(35), [5, 7]);
      const cotangent = tf.tensor2d(new Rng(2).normals(35), [5, 7]);
      close(normaliseRows(x).dataSync(), normaliseRowsPortable(x).dataSync(), 1e-6);
      const [ours, theirs] = [normaliseRows, normaliseRowsPortable].map((of) => tf.grad((input: tf.Tensor) => of(input as tf.Tensor2D).mul(cotangent).sum())(x));
      close(ours!.dataSync(), theirs!.dataSync(), 1e-5);
    }));

  it("a row of length 0 stays 0, with a finite gradient", () =>
    noLeak(() => {
      const x = tf.zeros([1, 3]) as tf.Tensor2D;
      close(normaliseRows(x).dataSync(), [0, 0, 0], 0);
      const gradient = tf.grad((input: tf.Tensor) => normaliseRows(input as tf.Tensor2D).sum())(x).dataSync();
      if (!gradient.every(Number.isFinite)) throw new Error(`${gradient.join()}`);
    }));
});
