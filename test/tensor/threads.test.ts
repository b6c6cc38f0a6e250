/** The kernels of src/tensor/native give the same bits on any number of threads: what a part computes does not depend on who runs it. */
import assert from "node:assert/strict";
import { dirname, join } from "node:path";
import { realpathSync } from "node:fs";
import { availableParallelism } from "node:os";
import * as tf from "@tensorflow/tfjs";
import { denoise, denoiserWeights } from "../../src/augmentation/diffusion/denoisers";
import { Rng } from "../../src/core/rng";
import { bprMaxRowsLoss } from "../../src/models/gru4rec-losses";
import { initBackend } from "../../src/tensor/backend";
import { hasKernels } from "../../src/tensor/kernel";
import { gruStep } from "../../src/tensor/ops/gru";
import { normals } from "../../src/tensor/ops/normals";
import { biasedPrelu, hiddenMeans, weighedSum } from "../../src/tensor/ops/semantic";
import { shuffledFactorProduct, shuffledProduct } from "../../src/tensor/ops/shuffled-product";
import { holdSparse, sparseFrom, type SparseTensor } from "../../src/tensor/sparse";
import { noLeak } from "./helpers";

const normal = (name: string, ...shape: number[]): tf.Tensor => tf.tensor(new Rng(name).normals(shape.reduce((a, b) => a * b, 1)), shape).mul(0.3);

/** Losses over several tensors, of sizes that are cut into many parts. */
const losses: Readonly<Record<string, { readonly inputs: () => tf.Tensor[]; loss(...xs: tf.Tensor[]): tf.Tensor }>> = {
  "GRU step": {
    inputs: () => [normal("x", 150, 40), normal("h", 150, 60), normal("w", 100, 120), normal("c", 100, 60), normal("b", 120), normal("d", 60)],
    loss: (x, h, gates, candidate, gateBias, candidateBias) =>
      gruStep(x as tf.Tensor2D, h as tf.Tensor2D, { gates: gates as tf.Tensor2D, candidate: candidate as tf.Tensor2D, gateBias: gateBias as tf.Tensor1D, candidateBias: candidateBias as tf.Tensor1D }).square().sum(),
  },
  "BPR-max from states and rows": {
    inputs: () => [normal("states", 150, 70), normal("rows", 300, 70), normal("bias", 300, 1)],
    loss: (h, e, b) => bprMaxRowsLoss(h as tf.Tensor2D, e as tf.Tensor2D, b as tf.Tensor2D, { elu: 1, penalty: 0.9 }),
  },
  "the denoiser of AdaLN blocks under noise": {
    inputs: () => [normal("x", 150, 40), ...Object.entries(adaln).map(([name, { shape }]) => normal(name, ...shape))],
    loss: (x, ...weights) => {
      const noisy = x.add(normals(new Rng("noise"), 150, 40)) as tf.Tensor2D;
      const conditions = { states: normal("states", 150, 30) as tf.Tensor2D, withState: new Float32Array(150).fill(1), popularity: Float32Array.from({ length: 150 }, (_, row) => (row % 2 === 0 ? -1 : row / 150)) };
      const values = Object.fromEntries(Object.keys(adaln).map((name, at) => [name, weights[at]!]));
      return denoise(values, noisy, Float32Array.from({ length: 150 }, (_, row) => row), 200, conditions, adalnShape).square().sum();
    },
  },
  "HDGI's layer by a matrix and by a factor, and its semantic attention": {
    inputs: () => [normal("z", 400, 80), normal("b", 80), tf.tensor1d([0.25]), normal("w", 80, 16), normal("c", 16), normal("beta", 2, 2)],
    loss: (z, bias, slope, weight, hidden, beta) => {
      const parts = [shuffledProduct(held.matrix, z as tf.Tensor2D, [shuffle]), shuffledFactorProduct(held, z as tf.Tensor2D, [shuffle])].map((one) => biasedPrelu(one, bias as tf.Tensor1D, slope as tf.Tensor1D));
      const means = hiddenMeans(parts[0]!, weight as tf.Tensor2D, hidden as tf.Tensor1D, 2);
      return weighedSum(parts, beta as tf.Tensor2D).square().sum().add(means.square().sum());
    },
  },
};

const adalnShape = { denoiser: "adaln" as const, width: 60, blocks: 2, heads: 1 };
const adaln = denoiserWeights(adalnShape, { items: 40, states: 30, popularity: true }, new Rng("adaln"));
const nodes = 400;
const shuffle = Int32Array.from(new Rng("shuffle").permutation(nodes));
let held: { readonly matrix: SparseTensor; readonly factor: SparseTensor; readonly self: tf.Tensor2D };

describe("tensor/threads", () => {
  before(async () => {
    await initBackend();
    const rng = new Rng("cells");
    const cells = Array.from({ length: 3000 }, () => [rng.int(nodes), rng.int(nodes), rng.int(20)] as const);
    const matrixOf = (columns: number, at: 1 | 2): SparseTensor => holdSparse(sparseFrom(nodes, columns, cells.map(([row]) => row), cells.map((cell) => cell[at])));
    held = { matrix: matrixOf(nodes, 1), factor: matrixOf(20, 2), self: tf.keep(tf.ones([nodes, 1])) };
  });
  after(() => [held.matrix, held.factor, held.self].forEach((one) => one.dispose()));

  for (const [name, { inputs, loss }] of Object.entries(losses)) {
    it(`${name}: the same bits on 1, 2 and 5 threads`, function () {
      if (!hasKernels()) {
        console.log("skipped: our kernels run on a native CPU only");
        return this.skip();
      }
      const addon = require(join(dirname(realpathSync(require.resolve("@tensorflow/tfjs-node-gpu/lib/napi-v8/tfjs_binding.node"))), "kernels.node")) as { threads(count: number): void };
      try {
        noLeak(() => {
          const [one, two, five] = [1, 2, 5].map((threads) => {
            addon.threads(threads);
            const { value, grads } = tf.valueAndGrads(loss as (...xs: tf.Tensor[]) => tf.Scalar)(inputs());
            return [value, ...grads].map((tensor) => tensor.dataSync());
          });
          assert.deepEqual(two, one);
          assert.deepEqual(five, one);
        });
      } finally {
        addon.threads(Number(process.env["SESSIONLAB_THREADS"] ?? availableParallelism()));
      }
    });
  }
});
