import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { Rng } from "../../src/core/rng";
import { ConfigError } from "../../src/core/errors";
import { Adam } from "../../src/tensor/adam";
import { initBackend } from "../../src/tensor/backend";
import { LazyAdam } from "../../src/tensor/lazy-adam";
import { readRows } from "../../src/tensor/parameter-rows";
import { ParameterSet } from "../../src/tensor/parameters";
import { gatherRows } from "../../src/tensor/ops/rows";
import { sampledIds, sampledSoftmaxLoss, sampledSoftmaxRows } from "../../src/tensor/ops/sampled-softmax-loss";
import { train } from "../../src/tensor/training";
import { close } from "./helpers";

const table = (rows: number, data: Float32Array): ParameterSet => new ParameterSet({ items: { shape: [rows, data.length / rows], data } });
const values = (weights: ParameterSet): Float32Array => weights.toHost()["items"]!.data;

describe("tensor/lazy adam", () => {
  before(() => initBackend());

  it("is Adam when every row is touched, in any order and in parts", () => {
    const tensors = tf.memory().numTensors;
    const rng = new Rng(2);
    const start = rng.normals(12);
    const [dense, lazy, whole] = [table(4, start), table(4, start), table(4, start)];
    const [adam, rowAdam, wholeAdam] = [new Adam(dense, { rate: 0.05 }), new LazyAdam(lazy, { rate: 0.05 }), new LazyAdam(whole, { rate: 0.05 })];
    for (let step = 0; step < 10; step++) {
      const gradient = rng.normals(12);
      tf.tidy(() => {
        const given = tf.tensor2d(gradient, [4, 3]);
        adam.apply({ items: given });
        wholeAdam.apply({ items: given });
        const ids = Int32Array.of(2, 0, 3, 1, 3, -1); // row 3 in two halves, and padding
        const parts = tf.gather(given, tf.tensor1d([2, 0, 3, 1, 3, 0], "int32")).mul(tf.tensor2d([[1], [1], [0.5], [1], [0.5], [7]])) as tf.Tensor2D;
        rowAdam.apply({ items: { ids, values: parts } });
      });
    }
    close(values(lazy), values(dense), 1e-5); // the kernel corrects its step size in float32
    assert.deepEqual(values(whole), values(dense));
    [adam, rowAdam, wholeAdam, dense, lazy, whole].forEach((one) => one.dispose());
    assert.equal(tf.memory().numTensors, tensors);
  });

  it("follows the equations in float64 with rows that rest: weight and moments stay, the step count goes on", () => {
    const options = { rate: 0.1, beta1: 0.9, beta2: 0.99, epsilon: 1e-6 };
    const weights = table(3, Float32Array.of(1, 2, 3));
    const lazy = new LazyAdam(weights, options);
    const touched = [[0, 2], [2], [1, 2], [0]];
    const [w, m, v] = [[1, 2, 3], [0, 0, 0], [0, 0, 0]];
    touched.forEach((ids, step) => {
      const gradient = ids.map((id) => Math.cos(step + 3 * id));
      tf.tidy(() => lazy.apply({ items: { ids: Int32Array.from(ids), values: tf.tensor2d(gradient, [ids.length, 1]) } }));
      ids.forEach((id, i) => {
        m[id] = 0.9 * m[id]! + 0.1 * gradient[i]!;
        v[id] = 0.99 * v[id]! + 0.01 * gradient[i]! ** 2;
        w[id]! -= (0.1 * Math.sqrt(1 - 0.99 ** (step + 1)) * m[id]!) / (1 - 0.9 ** (step + 1)) / (Math.sqrt(v[id]!) + 1e-6);
      });
      close(values(weights), w, 1e-5);
    });
    [lazy, weights].forEach((one) => one.dispose());
  });

  it("an earlier read, of the table or of its rows, keeps its value through an update", () => {
    const weights = table(2, Float32Array.of(1, 2));
    const lazy = new LazyAdam(weights, { rate: 0.5 });
    const [before, row] = [weights.read()["items"]!, readRows(weights.byName.get("items")!, Int32Array.of(1))];
    tf.tidy(() => lazy.apply({ items: { ids: Int32Array.of(1), values: tf.tensor2d([[1]]) } }));
    assert.deepEqual([...before.dataSync(), ...row.dataSync()], [1, 2, 2]);
    close(values(weights), [1, 1.5], 1e-5);
    [before, row, lazy, weights].forEach((one) => one.dispose());
  });

  it("a gradient of padding alone changes nothing", () => {
    const weights = table(2, Float32Array.of(1, 2));
    const lazy = new LazyAdam(weights);
    tf.tidy(() => lazy.apply({ items: { ids: Int32Array.of(-1, -1), values: tf.ones([2, 1]) } }));
    assert.deepEqual(Array.from(values(weights)), [1, 2]);
    [lazy, weights].forEach((one) => one.dispose());
  });

  it("the training loop gives it rows, and learns what it learns from whole gradients when the batch holds every item", async () => {
    const tensors = tf.memory().numTensors;
    const start = { items: { shape: [6, 3], data: new Rng("items").normals(18) }, w: { shape: [3, 3], data: new Rng("w").normals(9) } };
    const targets = Int32Array.of(1, 3, 5, 0);
    const inputs = Int32Array.of(0, 2, 4, -1); // the last has none
    const negatives = Int32Array.of(2, 4, 0, 5);
    const task = { name: "rows", identity: "rows", epochs: 8, patience: 8, metric: "none", batches: () => [0], validate: async () => 0 };
    const [dense, lazy] = [new ParameterSet(start), new ParameterSet(start)];
    const [adam, rowAdam] = [new Adam(dense, { rate: 0.05 }), new LazyAdam(lazy, { rate: 0.05 })];
    const whole = (values: Record<string, tf.Tensor>): tf.Scalar => {
      const items = values["items"] as tf.Tensor2D;
      return sampledSoftmaxLoss(tf.matMul(gatherRows(items, inputs), values["w"] as tf.Tensor2D) as tf.Tensor2D, items, targets, negatives);
    };
    const byRows = (values: Record<string, tf.Tensor>): tf.Scalar => {
      const rows = values["items"] as tf.Tensor2D; // of the inputs, then of targets and negatives
      const hidden = tf.matMul(rows.slice([0, 0], [4, -1]), values["w"] as tf.Tensor2D) as tf.Tensor2D;
      return sampledSoftmaxRows(hidden, rows.slice([4, 0], [-1, -1]), targets, negatives);
    };
    const rows = (): Record<string, Int32Array> => ({ items: sampledIds(inputs, sampledIds(targets, negatives)) });
    const first = await train({ ...task, weights: dense, optimiser: adam, loss: whole }, { rng: new Rng(1) });
    const second = await train({ ...task, weights: lazy, optimiser: rowAdam, loss: byRows, rows }, { rng: new Rng(1) });
    close(second.history.map(({ loss }) => loss!), first.history.map(({ loss }) => loss!), 1e-4);
    assert.ok(first.history[7]!["loss"]! < 0.7 * first.history[0]!["loss"]!);
    for (const name of ["items", "w"]) close(rowAdam.state().tensors[`${name}/m`]!.data, adam.state().tensors[`${name}/m`]!.data, 1e-4);
    await assert.rejects(train({ ...task, weights: dense, optimiser: adam, loss: byRows, rows }, { rng: new Rng(1) }), (error: Error) => error instanceof ConfigError && /LazyAdam/.test(error.message));
    [adam, rowAdam, dense, lazy].forEach((one) => one.dispose());
    assert.equal(tf.memory().numTensors, tensors);
  });
});
