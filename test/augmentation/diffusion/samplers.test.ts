/** Samplers against a twin in Python (test/golden/diffusion.py), guidance to the bit, noise where it belongs and nowhere else. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { guided, noised, rowNoise, runSampler, sampledTimes, samplers, sharedNoise, type Noise, type Predict } from "../../../src/augmentation/diffusion/samplers";
import { diffusionSchedule } from "../../../src/augmentation/diffusion/schedules";
import { ConfigError } from "../../../src/core/errors";
import { Rng } from "../../../src/core/rng";
import { initBackend } from "../../../src/tensor/backend";

const [times, D] = [50, 3];
const schedule = diffusionSchedule("linear", times);
/** The twin's. */
const noiseOf = (step: number): Float32Array => Float32Array.from({ length: D }, (_, i) => Math.sin(1.3 * step + 0.7 * i));
const network: Predict = (x, t) => x.add(t / times).tanh().div(2).add(tf.tensor2d([[0, 0.1, 0.2]])) as tf.Tensor2D;

function counting(): { noise: Noise; asked: () => number } {
  let step = 0;
  return { noise: () => noiseOf(++step), asked: () => step };
}

function run(predict: Predict, sampler: (typeof samplers)[number], steps: number, noise: Noise = counting().noise): Float32Array {
  return tf.tidy(() => runSampler(predict, tf.tensor2d(noiseOf(0), [1, D]), schedule, { sampler, steps }, noise).dataSync<"float32">());
}

const near = (found: ArrayLike<number>, expected: readonly number[]): void => expected.forEach((value, at) => assert.ok(Math.abs(found[at]! - value) < 2e-6, `${found[at]} is not ${value}`));

describe("diffusion samplers", () => {
  const golden = JSON.parse(readFileSync(join(__dirname, "../../golden/diffusion.json"), "utf8")) as { noised: Record<string, number[]>; ddpm: number[]; ddim: number[] };
  before(() => initBackend());

  it("noises as the twin does", () => {
    const at = [0, 24, 49];
    const x = tf.tidy(() => noised(tf.tensor2d([0.5, -1, 2, 0.5, -1, 2, 0.5, -1, 2], [3, D]), at, tf.tensor2d(noiseOf(0), [1, D]).tile([3, 1]) as tf.Tensor2D, schedule).dataSync());
    at.forEach((t, row) => near(x.subarray(row * D, (row + 1) * D), golden.noised[t]!));
  });

  it("gives the twin's results: DDPM through all times, DDIM through five", () => {
    near(run(network, "ddpm", times), golden.ddpm);
    assert.deepEqual(sampledTimes(times, 5), [49, 37, 25, 12, 0]);
    near(run(network, "ddim", 5), golden.ddim);
  });

  it("asks the network at the very times that it takes the signal of, the last and the first among them", () => {
    for (const sampler of samplers) {
      for (const steps of [1, 2, 7, times]) {
        const asked: number[] = [];
        run((x, t) => (asked.push(t), network(x, t)), sampler, steps);
        assert.deepEqual(asked, sampledTimes(times, steps));
        assert.equal(asked.length, steps);
        assert.equal(new Set(asked).size, steps);
        assert.equal(asked[0], times - 1);
        if (steps > 1) assert.equal(asked.at(-1), 0);
      }
    }
    for (const steps of [0, 51, 1.5]) assert.throws(() => sampledTimes(times, steps), ConfigError);
  });

  it("adds no noise at the last step: what comes out is the last prediction, to the bit, and DDIM draws none at all", () => {
    for (const sampler of samplers) {
      const { noise, asked } = counting();
      let last: Float32Array | undefined;
      const out = run((x, t) => {
        const predicted = network(x, t);
        last = predicted.dataSync<"float32">().slice();
        return predicted;
      }, sampler, 6, noise);
      assert.deepEqual(out, last);
      assert.equal(asked(), sampler === "ddim" ? 0 : 5);
    }
  });

  it("noise of DDPM has the posterior's variance", () => {
    // At the second but last of the times that two steps visit, around x = 0 and x0^ = 0: (1 - a49/a0) (1 - a0) / (1 - a49).
    const rows = 20_000;
    const [own, later] = [schedule.signal[49]!, schedule.signal[0]!];
    const rng = new Rng(1);
    const seen: number[] = [];
    tf.tidy(() => {
      const zero: Predict = (x, t) => (t === 0 && seen.push(...x.dataSync()), tf.zerosLike(x));
      runSampler(zero, tf.zeros([rows, 1]), schedule, { sampler: "ddpm", steps: 2 }, () => rng.normals(rows));
    });
    const variance = seen.reduce((sum, one) => sum + one * one, 0) / rows;
    const expected = ((1 - own / later) * (1 - later)) / (1 - own);
    assert.equal(seen.length, rows);
    assert.ok(Math.abs(variance / expected - 1) < 0.05, `${variance} is not ${expected}`);
  });

  describe("guidance", () => {
    const conditional: Predict = (x, t) => network(x, t).add(1) as tf.Tensor2D;
    const unconditional: Predict = (x, t) => network(x, t).mul(0.3) as tf.Tensor2D;

    for (const sampler of samplers) {
      it(`w = 0 is the condition alone and w = -1 none of it, to the bit, under ${sampler}`, () => {
        assert.deepEqual(run(guided(conditional, unconditional, 0), sampler, 10), run(conditional, sampler, 10));
        assert.deepEqual(run(guided(conditional, unconditional, -1), sampler, 10), run(unconditional, sampler, 10));
        assert.notDeepEqual(run(conditional, sampler, 10), run(unconditional, sampler, 10));
      });

      it(`moves from none towards the condition and beyond as w grows, under ${sampler}`, () => {
        // Constant predictions: what comes out is (1 + w) c - w u itself.
        const at = (value: number): Predict => (x) => tf.fill(x.shape, value) as tf.Tensor2D;
        for (const [w, expected] of [[-1, 1], [-0.5, 2], [0, 3], [1, 5], [4, 11]] as const) near(run(guided(at(3), at(1), w), sampler, 10), [expected, expected, expected]);
      });
    }
  });

  it("noise hangs on the row's name, and is shared where it should be", () => {
    const [a, b] = [rowNoise(new Rng(1), [5, 6], 2), rowNoise(new Rng(1), [6], 2)];
    for (let step = 0; step < 3; step++) assert.deepEqual(a().subarray(2), b());
    const shared = sharedNoise(2, 3, 2)();
    assert.deepEqual(shared.subarray(0, 6), shared.subarray(6));
    assert.equal(new Set(shared.subarray(0, 6)).size, 6);
  });
});
