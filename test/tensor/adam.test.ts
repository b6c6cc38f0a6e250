import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { Rng } from "../../src/core/rng";
import { Adam, adamDefaults, adamUpdate } from "../../src/tensor/adam";
import { initBackend } from "../../src/tensor/backend";
import { hasKernels } from "../../src/tensor/kernel";
import { disposeSlots, makeSlots, readSlots } from "../../src/tensor/optimiser";
import { ParameterSet } from "../../src/tensor/parameters";
import { close } from "./helpers";

/** Adam in float64, from the equations of the paper. */
function reference(start: number[], gradients: number[][], o: { rate: number; beta1: number; beta2: number; epsilon: number; decay: number }): number[] {
  const w = [...start];
  const m = start.map(() => 0);
  const v = start.map(() => 0);
  gradients.forEach((g, step) => {
    const size = (o.rate * Math.sqrt(1 - o.beta2 ** (step + 1))) / (1 - o.beta1 ** (step + 1));
    g.forEach((gi, i) => {
      m[i] = o.beta1 * m[i]! + (1 - o.beta1) * gi;
      v[i] = o.beta2 * v[i]! + (1 - o.beta2) * gi * gi;
      w[i] = w[i]! * (1 - o.rate * o.decay) - (size * m[i]!) / (Math.sqrt(v[i]!) + o.epsilon);
    });
  });
  return w;
}

describe("tensor/adam", () => {
  before(() => initBackend());

  for (const decay of [0, 0.1]) {
    it(`follows the paper's equations for 20 steps${decay > 0 ? ", with decoupled decay" : ""}`, () => {
      const rng = new Rng(5);
      const start = Array.from(rng.normals(6));
      const gradients = Array.from({ length: 20 }, () => Array.from(rng.normals(6)));
      const options = { rate: 0.05, beta1: 0.9, beta2: 0.99, epsilon: 1e-7, decay };
      const weights = new ParameterSet({ w: { shape: [2, 3], data: Float32Array.from(start) } });
      const adam = new Adam(weights, options);
      for (const g of gradients) tf.tidy(() => adam.apply({ w: tf.tensor2d(g, [2, 3]) }));
      close(weights.toHost()["w"]!.data, reference(start, gradients, options), 1e-5);
      adam.dispose();
      weights.dispose();
    });
  }

  it("an L2 penalty is a gradient: l2 w is added before the moments, of vectors too", () => {
    const start = [3, -4];
    const [plain, penalised] = [0, 1].map(() => new ParameterSet({ b: { shape: [2], data: Float32Array.from(start) } })) as [ParameterSet, ParameterSet];
    const [adam, withPenalty] = [new Adam(plain, { rate: 0.1 }), new Adam(penalised, { rate: 0.1, l2: 0.5 })];
    for (let step = 0; step < 3; step++) {
      const w = plain.toHost()["b"]!.data;
      tf.tidy(() => adam.apply({ b: tf.tensor1d([0.2 + 0.5 * w[0]!, 1 + 0.5 * w[1]!]) }));
      tf.tidy(() => withPenalty.apply({ b: tf.tensor1d([0.2, 1]) }));
    }
    close(penalised.toHost()["b"]!.data, plain.toHost()["b"]!.data, 1e-6);
    [adam, withPenalty, plain, penalised].forEach((one) => one.dispose());
  });

  it("in one call has the bits of TensorFlow's kernel tensor by tensor, and goes on with them after it was restored", function () {
    if (!hasKernels()) {
      console.log("skipped: our kernels run on a native CPU only");
      return this.skip();
    }
    const shapes = { a: [3], b: [130, 127], c: [1] };
    const rng = new Rng("bits");
    const host = Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, { shape, data: rng.child(name).normals(shape.reduce((x, y) => x * y)) }]));
    const options = { ...adamDefaults, rate: 0.01 };
    const [ours, theirs] = [new ParameterSet(host), new ParameterSet(host)] as const;
    const slots = makeSlots(theirs, { m: 0, v: 0 });
    let adam = new Adam(ours, options);
    for (let step = 1; step <= 12; step++) {
      if (step === 7) {
        const state = adam.state();
        adam.dispose();
        adam = new Adam(ours, options);
        adam.restore(state);
      }
      tf.tidy(() => {
        const gradients = Object.fromEntries(Object.entries(shapes).map(([name, shape]) => [name, tf.tensor(rng.child(`${name} ${step}`).normals(host[name]!.data.length), shape)]));
        const before = ours.byName.get("b")!.read();
        const kept = Float32Array.from(before.dataSync());
        adam.apply(gradients);
        assert.deepEqual(before.dataSync(), kept); // who has read a weight keeps its value
        const update = adamUpdate(theirs, options, step);
        for (const [name, gradient] of Object.entries(gradients)) update(theirs.byName.get(name)!, slots.get(name)!, gradient);
      });
      assert.deepEqual(ours.toHost(), theirs.toHost(), `step ${step}`);
    }
    assert.deepEqual(adam.state().tensors, readSlots(slots));
    disposeSlots(slots);
    [adam, ours, theirs].forEach((one) => one.dispose());
  });

  it("does not decay vectors: biases and gains", () => {
    const weights = new ParameterSet({ b: { shape: [2], data: Float32Array.of(3, 4) } });
    const adam = new Adam(weights, { decay: 0.5, rate: 0.1 });
    tf.tidy(() => adam.apply({ b: tf.zeros([2]) }));
    assert.deepEqual(Array.from(weights.toHost()["b"]!.data), [3, 4]);
    adam.dispose();
    weights.dispose();
  });
});
