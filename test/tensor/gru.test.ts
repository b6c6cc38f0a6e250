import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { Rng } from "../../src/core/rng";
import { initBackend } from "../../src/tensor/backend";
import { gates, gatesPortable } from "../../src/tensor/ops/gates";
import { gruStep, gruStepPortable } from "../../src/tensor/ops/gru";
import { gruSequence } from "../../src/tensor/ops/gru-sequence";
import { close, noLeak } from "./helpers";

const rng = new Rng("gru");
const normal = (name: string, ...shape: number[]): tf.Tensor => tf.tensor(rng.child(name).normals(shape.reduce((a, b) => a * b, 1)), shape);

/** x, h, the gates, the candidate and their biases, through `steps` steps of the same input. */
function unroll(step: typeof gruStep, steps: number, [x, h, gates, candidate, gateBias, candidateBias]: tf.Tensor[]): tf.Tensor2D {
  let hidden = h as tf.Tensor2D;
  const weights = { gates: gates as tf.Tensor2D, candidate: candidate as tf.Tensor2D, gateBias: gateBias as tf.Tensor1D, candidateBias: candidateBias as tf.Tensor1D };
  for (let i = 0; i < steps; i++) hidden = step(x as tf.Tensor2D, hidden, weights);
  return hidden;
}

describe("tensor/gru", () => {
  before(() => initBackend());

  for (const steps of [1, 3]) {
    it(`equals its plain twin in value and every gradient over ${steps} step${steps > 1 ? "s" : ""}`, () =>
      noLeak(() => {
        const inputs = [normal("x", 5, 3), normal("h", 5, 4), normal("w", 7, 8), normal("c", 7, 4), normal("b", 8), normal("d", 4)];
        const cotangent = normal("cotangent", 5, 4);
        const gradients = (step: typeof gruStep): tf.Tensor[] => tf.grads((...xs) => unroll(step, steps, xs).mul(cotangent).sum())(inputs);
        close(unroll(gruStep, steps, inputs).dataSync(), unroll(gruStepPortable, steps, inputs).dataSync(), 1e-5);
        const [ours, theirs] = [gradients(gruStep), gradients(gruStepPortable)];
        assert.equal(ours.length, 6);
        ours.forEach((one, i) => close(one.dataSync(), theirs[i]!.dataSync(), 1e-4));
      }));
  }

  it("equals its plain twin where the products are cut into panels and blocks, and leaves a fixed state's gradient out", () =>
    noLeak(() => {
      const inputs = [normal("x", 130, 50), normal("h", 130, 70), normal("w", 120, 140), normal("c", 120, 70), normal("b", 140), normal("d", 70)].map((one, i) => (i === 2 || i === 3 ? one.mul(0.1) : one));
      const gradients = (step: typeof gruStep): tf.Tensor[] => tf.grads((...xs) => unroll(step, 1, xs).square().sum())(inputs);
      const fixed: typeof gruStep = (x, hidden, weights) => gruStep(x, hidden, weights, { fixedState: true });
      const [ours, theirs, without] = [gradients(gruStep), gradients(gruStepPortable), gradients(fixed)];
      ours.forEach((one, i) => close(one.dataSync(), theirs[i]!.dataSync(), 1e-4));
      without.forEach((one, i) => i !== 1 && assert.deepEqual(one.dataSync(), ours[i]!.dataSync()));
    }));

  it("has numpy's values after two steps", () =>
    noLeak(() => {
      // python -c "
      // import numpy as np
      // f = lambda *s: np.sin(np.arange(np.prod(s)) * s[-1] + s[0]).reshape(s)
      // sg = lambda a: 1 / (1 + np.exp(-a))
      // x, h, W, C, b, c = f(2, 3), f(2, 2), f(5, 4), f(5, 2), f(4), f(2)
      // for _ in range(2):
      //   r, u = np.split(sg(np.hstack([x, h]) @ W + b), 2, 1)
      //   h = u * h + (1 - u) * np.tanh(np.hstack([x, r * h]) @ C + c)
      // print(h.ravel().tolist())"
      const golden = [0.13006774855185424, 0.7636520844413397, 0.9091211932863995, 0.5844992477414557];
      const f = (...shape: number[]): tf.Tensor =>
        tf.tensor(Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => Math.sin(i * shape[shape.length - 1]! + shape[0]!)), shape);
      close(unroll(gruStep, 2, [f(2, 3), f(2, 2), f(5, 4), f(5, 2), f(4), f(2)]).dataSync(), golden, 1e-5);
    }));

  it("keeps the state where the update gate is shut, and forgets it where it is open", () =>
    noLeak(() => {
      const step = (bias: number): Float32Array =>
        gruStep(tf.zeros([1, 1]), tf.tensor2d([[0.7]]), {
          gates: tf.zeros([2, 2]), candidate: tf.zeros([2, 1]), gateBias: tf.tensor1d([0, bias]), candidateBias: tf.tensor1d([0.3]),
        }).dataSync<"float32">();
      close(step(40), [0.7], 1e-6);
      close(step(-40), [Math.tanh(0.3)], 1e-6);
    }));

  it("gates, which reset after the product, equal their plain twin in value and every gradient", () =>
    noLeak(() => {
      const inputs = [normal("input", 5, 12), normal("state", 5, 12), normal("hidden", 5, 4)] as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D];
      const cotangent = normal("cotangent", 5, 4);
      const gradients = (of: typeof gates): tf.Tensor[] => tf.grads((...xs) => of(...(xs as typeof inputs)).mul(cotangent).sum())(inputs);
      close(gates(...inputs).dataSync(), gatesPortable(...inputs).dataSync(), 1e-5);
      const [ours, theirs] = [gradients(gates), gradients(gatesPortable)];
      ours.forEach((one, i) => close(one.dataSync(), theirs[i]!.dataSync(), 1e-5));
    }));

  it("a sequence is its steps one by one, whatever stands beside it, in value and gradient", () =>
    noLeak(() => {
      const weights = { gates: normal("w", 7, 8), candidate: normal("c", 7, 4), gateBias: normal("b", 8), candidateBias: normal("d", 4) } as unknown as Parameters<typeof gruSequence>[2];
      const x = normal("x", 6, 3) as tf.Tensor2D;
      const offsets = Uint32Array.of(0, 1, 4, 6); // of 1, 3 and 2 steps
      const oneByOne = (input: tf.Tensor): tf.Tensor2D => {
        const rows: tf.Tensor2D[] = [];
        for (let b = 0; b < 3; b++) {
          let h = tf.zeros([1, 4]) as tf.Tensor2D;
          for (let p = offsets[b]!; p < offsets[b + 1]!; p++) rows.push((h = gruStepPortable(input.slice([p, 0], [1, -1]) as tf.Tensor2D, h, weights)));
        }
        return tf.concat(rows, 0) as tf.Tensor2D;
      };
      const cotangent = normal("cotangent", 6, 4);
      close(gruSequence(x, offsets, weights).dataSync(), oneByOne(x).dataSync(), 1e-5);
      const [ours, theirs] = [(input: tf.Tensor) => gruSequence(input as tf.Tensor2D, offsets, weights), oneByOne].map((of) => tf.grad((input: tf.Tensor) => of(input).mul(cotangent).sum())(x));
      close(ours!.dataSync(), theirs!.dataSync(), 1e-5);
    }));
});
