import * as tf from "@tensorflow/tfjs";
import { Rng } from "../../src/core/rng";
import { initBackend } from "../../src/tensor/backend";
import { normaliseRows, normaliseRowsComposed, normaliseRowsPortable } from "../../src/tensor/ops/normalise";
import { close, noLeak } from "./helpers";

describe("tensor/normalise", () => {
  before(() => initBackend());

  for (const [rows, columns] of [[5, 7], [3, 16], [600, 100]] as const) {
    it(`equals its plain twin in value and gradient, [${rows}, ${columns}]`, () =>
      noLeak(() => {
        const [x, cotangent] = [1, 2].map((seed) => tf.tensor2d(new Rng(seed).normals(rows * columns), [rows, columns])) as [tf.Tensor2D, tf.Tensor2D];
        close(normaliseRowsComposed(x).dataSync(), normaliseRowsPortable(x).dataSync(), 1e-6);
        close(normaliseRows(x).dataSync(), normaliseRowsPortable(x).dataSync(), 1e-6);
        const [ours, composed, plain] = [normaliseRows, normaliseRowsComposed, normaliseRowsPortable].map((of) => tf.grad((input: tf.Tensor) => of(input as tf.Tensor2D).mul(cotangent).sum())(x));
        close(ours!.dataSync(), plain!.dataSync(), 1e-5);
        close(composed!.dataSync(), plain!.dataSync(), 1e-5);
      }));
  }

  it("a row of length 0 stays 0, with a finite gradient", () =>
    noLeak(() => {
      const x = tf.zeros([1, 3]) as tf.Tensor2D;
      close(normaliseRows(x).dataSync(), [0, 0, 0], 0);
      const gradient = tf.grad((input: tf.Tensor) => normaliseRows(input as tf.Tensor2D).sum())(x).dataSync();
      if (!gradient.every(Number.isFinite)) throw new Error(`${gradient.join()}`);
    }));
});
