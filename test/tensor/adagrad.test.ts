import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { Rng } from "../../src/core/rng";
import { Adagrad } from "../../src/tensor/adagrad";
import { initBackend } from "../../src/tensor/backend";
import { ParameterSet } from "../../src/tensor/parameters";
import { train } from "../../src/tensor/training";
import { close } from "./helpers";

/** The equations in float64, with epsilon written where GRU4Rec's code has it. */
function reference(start: number[], gradients: number[][], o: { rate: number; momentum: number; epsilon: number }): number[] {
  const w = [...start];
  const a = start.map(() => 0);
  const u = start.map(() => 0);
  for (const g of gradients) {
    g.forEach((gi, i) => {
      a[i]! += gi * gi;
      u[i] = o.momentum * u[i]! - (o.rate * gi) / Math.sqrt(a[i]! + o.epsilon);
      w[i]! += u[i]!;
    });
  }
  return w;
}

describe("tensor/adagrad", () => {
  before(() => initBackend());

  for (const momentum of [0, 0.4]) {
    it(`follows the equations for 20 steps with momentum ${momentum}`, () => {
      const rng = new Rng(5);
      const start = Array.from(rng.normals(6));
      const gradients = Array.from({ length: 20 }, () => Array.from(rng.normals(6)));
      gradients[0]![2] = 0; // an entry without a gradient divides by the root of epsilon, not by zero
      const options = { rate: 0.05, momentum, epsilon: 1e-2 };
      const weights = new ParameterSet({ w: { shape: [2, 3], data: Float32Array.from(start) } });
      const adagrad = new Adagrad(weights, options);
      for (const g of gradients) tf.tidy(() => adagrad.apply({ w: tf.tensor2d(g, [2, 3]) }));
      close(weights.toHost()["w"]!.data, reference(start, gradients, options), 1e-5);
      adagrad.dispose();
      weights.dispose();
    });
  }

  it("an entry without any gradient stays where it is", () => {
    const weights = new ParameterSet({ w: { shape: [2], data: Float32Array.of(3, 4) } });
    const adagrad = new Adagrad(weights, { rate: 0.5 });
    tf.tidy(() => adagrad.apply({ w: tf.tensor1d([0, 2]) }));
    const [still, moved] = weights.toHost()["w"]!.data;
    assert.equal(still, 3);
    close([moved!], [3.5], 1e-5);
    [adagrad, weights].forEach((one) => one.dispose());
  });

  for (const momentum of [0, 0.4]) {
    it(`by rows: touched rows move as with the whole gradient, the others wait (momentum ${momentum})`, () => {
      const rng = new Rng(6);
      const start = rng.normals(12);
      const [whole, part] = [0, 1].map(() => new ParameterSet({ w: { shape: [4, 3], data: start } })) as [ParameterSet, ParameterSet];
      const [byAll, byRow] = [new Adagrad(whole, { momentum }), new Adagrad(part, { momentum })];
      for (let step = 0; step < 5; step++) {
        const [a, b] = [rng.normals(3), rng.normals(3)];
        const sum = a.map((value, at) => value + b[at]!); // row 2 comes twice: its gradients are added before they are squared
        tf.tidy(() => byAll.apply({ w: tf.tensor2d([...new Float32Array(6), ...sum, ...new Float32Array(3)], [4, 3]) }));
        tf.tidy(() => byRow.apply({ w: { ids: Int32Array.of(2, -1, 2), values: tf.tensor2d([...a, 9, 9, 9, ...b], [3, 3]) } }));
      }
      close(part.toHost()["w"]!.data, whole.toHost()["w"]!.data, 1e-5);
      assert.deepEqual(part.toHost()["w"]!.data.slice(0, 6), start.slice(0, 6));
      [byAll, byRow, whole, part].forEach((one) => one.dispose());
    });
  }

  it("trains in the training loop", async () => {
    const weights = new ParameterSet({ w: { shape: [1], data: Float32Array.of(0) } });
    const optimiser = new Adagrad(weights, { rate: 1, momentum: 0.2 });
    const distance = (): number => Math.abs(weights.toHost()["w"]!.data[0]! - 3);
    const task = {
      name: "to three", identity: "adagrad", weights, optimiser, epochs: 60, patience: 60, metric: "closeness",
      batches: () => [3],
      loss: (values: Record<string, tf.Tensor>, target: number) => values["w"]!.sub(target).square().sum().asScalar(),
      validate: async () => -distance(),
    };
    await train(task, { rng: new Rng(1) });
    assert.ok(distance() < 0.01, String(distance()));
    [optimiser, weights].forEach((one) => one.dispose());
  });
});
