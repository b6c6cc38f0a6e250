/** The network "adaln" by its kernels is the network by small operations, in value and in every gradient. */
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { denoise, denoisePortable, denoiserWeights, type Conditions, type DenoiserShape } from "../../../src/augmentation/diffusion/denoisers";
import { distinctPlaces } from "../../../src/augmentation/diffusion/waves";
import { Rng } from "../../../src/core/rng";
import { initBackend } from "../../../src/tensor/backend";
import { hasKernels } from "../../../src/tensor/kernel";
import { close, noLeak } from "../../tensor/helpers";

/** Sizes: that fill no lanes, that are cut into several parts, with conditions that rows share, without popularity. */
const sizes = [
  { rows: 7, conditions: 7, items: 5, states: 6, width: 20, blocks: 2, popularity: true },
  { rows: 130, conditions: 130, items: 100, states: 90, width: 128, blocks: 2, popularity: true },
  { rows: 200, conditions: 70, items: 33, states: 17, width: 50, blocks: 3, popularity: true },
  { rows: 9, conditions: 3, items: 5, states: 6, width: 7, blocks: 1, popularity: false },
];
const total = 50;

type Size = (typeof sizes)[number];
type Network = (values: Record<string, tf.Tensor>, x: tf.Tensor2D) => tf.Tensor2D;

/** Both networks with one set of weights, none of them zero, and what they are given. */
function networks({ rows, conditions: count, items, states, width, blocks, popularity }: Size): { names: string[]; inputs: tf.Tensor[]; fused: Network; lean: Network; plain: Network } {
  const rng = new Rng(`adaln ${width}`);
  const shape: DenoiserShape = { denoiser: "adaln", width, blocks, heads: 1 };
  const host = denoiserWeights(shape, { items, states, popularity }, rng);
  const names = Object.keys(host);
  const draw = (name: string, ...sides: number[]): tf.Tensor => tf.tensor(rng.child(name).normals(sides.reduce((a, b) => a * b)), sides);
  const conditions: Conditions = {
    states: draw("states", count, states) as tf.Tensor2D,
    withState: Float32Array.from({ length: count }, (_, g) => (g % 3 === 0 ? 0 : 1)),
    popularity: popularity ? Float32Array.from({ length: count }, (_, g) => (g % 2 === 0 ? -1 : (g % 5) / 5)) : undefined,
    rows: rows === count ? undefined : Int32Array.from({ length: rows }, (_, row) => (7 * row) % count),
  };
  const times = Float32Array.from({ length: count }, (_, g) => (13 * g) % total);
  const places = { time: distinctPlaces(times.map((t) => (1000 * t) / total)), asked: conditions.popularity && distinctPlaces(conditions.popularity.map((one) => 1000 * Math.max(0, one))) };
  return {
    names,
    inputs: [draw("x", rows, items), ...names.map((name) => draw(name, ...host[name]!.shape).mul(0.3))],
    fused: (values, x) => denoise(values, x, times, total, conditions, shape),
    lean: (values, x) => denoise(values, x, times, total, conditions, shape, false),
    plain: (values, x) => denoisePortable(values, x, places, conditions, shape),
  };
}

describe("the network \"adaln\" by kernels", () => {
  before(() => initBackend());
  beforeEach(function () {
    if (hasKernels()) return;
    console.log("skipped: our kernels run on a native CPU only");
    this.skip();
  });

  for (const size of sizes) {
    it(`equals its plain twin in value and every gradient: ${size.rows} rows of ${size.conditions} conditions, width ${size.width}, ${size.blocks} blocks`, () =>
      noLeak(() => {
        const { names, inputs, fused, lean, plain } = networks(size);
        const valuesOf = (weights: readonly tf.Tensor[]): Record<string, tf.Tensor> => Object.fromEntries(names.map((name, at) => [name, weights[at]!]));
        const [x, ...weights] = inputs as [tf.Tensor2D, ...tf.Tensor[]];
        const largest = (one: tf.Tensor): number => one.abs().max().dataSync()[0]!;
        const expected = plain(valuesOf(weights), x);
        close(fused(valuesOf(weights), x).div(largest(expected)).dataSync(), expected.div(largest(expected)).dataSync(), 2e-6);
        assert.deepEqual(lean(valuesOf(weights), x).dataSync(), fused(valuesOf(weights), x).dataSync()); // keeping nothing for a gradient
        const cotangent = tf.tensor2d(new Rng("cotangent").normals(x.size), x.shape);
        const gradients = (network: Network): tf.Tensor[] => tf.grads((of, ...ws) => network(valuesOf(ws), of as tf.Tensor2D).mul(cotangent).sum())(inputs);
        const [ours, theirs] = [gradients(fused), gradients(plain)];
        assert.equal(ours.length, inputs.length);
        ours.forEach((one, at) => {
          const scale = largest(theirs[at]!);
          assert.deepEqual(one.shape, theirs[at]!.shape);
          assert.ok(scale > 0, `no gradient of ${["x", ...names][at]}: nothing is compared`);
          close(one.div(scale).dataSync(), theirs[at]!.div(scale).dataSync(), 2e-5);
        });
      }));
  }

  it("gives a row the same bits alone and among others", () =>
    noLeak(() => {
      const { names, inputs, lean } = networks(sizes[2]!);
      const values = Object.fromEntries(names.map((name, at) => [name, inputs[at + 1]!]));
      const x = inputs[0] as tf.Tensor2D;
      const all = lean(values, x).dataSync();
      const changed = tf.concat([x.slice([0, 0], [150, -1]), tf.ones([50, x.shape[1]])]) as tf.Tensor2D;
      assert.deepEqual(lean(values, changed).dataSync().slice(0, 150 * x.shape[1]), all.slice(0, 150 * x.shape[1]));
    }));

  it("refuses weights of other shapes and conditions that are not there", () =>
    noLeak(() => {
      const shape: DenoiserShape = { denoiser: "adaln", width: 4, blocks: 1, heads: 1 };
      const host = denoiserWeights(shape, { items: 3, states: 2, popularity: false }, new Rng(1));
      const values = Object.fromEntries(Object.entries(host).map(([name, { shape: sides, data }]) => [name, tf.tensor(data, sides as number[])]));
      const ask = (change: Record<string, tf.Tensor>, rows?: Int32Array): tf.Tensor => denoise({ ...values, ...change }, tf.zeros([2, 3]), new Float32Array(2), total, { states: tf.zeros([2, 2]), withState: new Float32Array(2), rows }, shape);
      assert.throws(() => ask({ "input/weight": tf.zeros([5, 4]) }), /Expected weights of the network's shapes/);
      assert.throws(() => ask({}, Int32Array.of(0, 2)), /Expected times, popularities and conditions that are there/);
      assert.throws(() => ask({}, Int32Array.of(0)), /Expected a condition for each row/);
      assert.equal(ask({}).size, 6);
    }));
});
