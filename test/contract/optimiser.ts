/**
 * What every optimiser must do, no exceptions; its equations are held by its own test. `optimisers.test.ts` lists them:
 * a new one is one line there.
 */
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { ConfigError } from "../../src/core/errors";
import { Rng } from "../../src/core/rng";
import { initBackend } from "../../src/tensor/backend";
import type { Optimiser, RowGradient } from "../../src/tensor/optimiser";
import { ParameterSet } from "../../src/tensor/parameters";

/** An optimiser under contract. */
export interface OptimiserContract {
  readonly name: string;
  make(weights: ParameterSet, options?: object): Optimiser;
  /** Gives the table its gradient by rows. */
  readonly byRow?: boolean;
}

type Gradients = Readonly<Record<string, tf.Tensor | RowGradient>>;

const steps = 6;
const [rows, width] = [5, 3];

/** Two parameters, a table and a vector. */
function weightsOf(): ParameterSet {
  const rng = new Rng("weights");
  return new ParameterSet({ table: { shape: [rows, width], data: rng.normals(rows * width) }, bias: { shape: [4], data: rng.normals(4) } });
}

/** Declares the suite for one optimiser. */
export function optimiserContract({ name, make, byRow = false }: OptimiserContract): void {
  describe(`contract of ${name}`, () => {
    before(() => initBackend());

    /** Inside a tidy. */
    const gradientsOf = (step: number): Gradients => {
      const rng = new Rng("gradients").child(step);
      const bias = tf.tensor1d(rng.normals(4));
      if (!byRow) return { table: tf.tensor2d(rng.normals(rows * width), [rows, width]), bias };
      const ids = Int32Array.of(step % rows, 3, step % rows, -1); // one that comes twice, and padding
      return { table: { ids, values: tf.tensor2d(rng.normals(ids.length * width), [ids.length, width]) }, bias };
    };
    const run = (optimiser: Optimiser, from: number, to: number): void => {
      for (let step = from; step < to; step++) tf.tidy(() => optimiser.apply(gradientsOf(step)));
    };

    it("a scaled rate is another rate: half of it in a step moves the weights half as far", () => {
      const moves = [1, 0.5].map((scale) => {
        const weights = weightsOf();
        const before = weights.toHost();
        const optimiser = make(weights);
        tf.tidy(() => optimiser.apply(gradientsOf(0), scale));
        const moved = Object.entries(weights.toHost()).flatMap(([name, { data }]) => Array.from(data, (value, at) => value - before[name]!.data[at]!));
        [optimiser, weights].forEach((one) => one.dispose());
        return moved;
      });
      assert.ok(Math.max(...moves[0]!.map(Math.abs)) > 1e-4);
      moves[0]!.forEach((move, at) => assert.ok(Math.abs(move - 2 * moves[1]![at]!) < 1e-6, `${move} is not twice ${moves[1]![at]}`));
    });

    it("goes on from its saved state with the same bits", () => {
      const [whole, half, rest] = [weightsOf(), weightsOf(), weightsOf()];
      const [a, b, c] = [make(whole), make(half), make(rest)];
      run(a, 0, steps);
      run(b, 0, steps / 2);
      rest.fromHost(half.toHost());
      c.restore(b.state());
      run(c, steps / 2, steps);
      assert.deepEqual(rest.toHost(), whole.toHost());
      assert.deepEqual(c.state(), a.state());
      assert.equal(c.state().step, steps);
      assert.notDeepEqual(rest.toHost(), half.toHost());
      [a, b, c, whole, half, rest].forEach((one) => one.dispose());
    });

    it("gives a state that later steps do not change", () => {
      const weights = weightsOf();
      const optimiser = make(weights);
      run(optimiser, 0, 2);
      const state = optimiser.state();
      const copy = structuredClone(state);
      run(optimiser, 2, 4);
      assert.deepEqual(state, copy);
      [optimiser, weights].forEach((one) => one.dispose());
    });

    it("moves what has a gradient and nothing else, and an earlier read keeps its value", () => {
      const weights = weightsOf();
      const optimiser = make(weights);
      const before = weights.toHost();
      const read = weights.read();
      tf.tidy(() => optimiser.apply({ bias: tf.ones([4]) }));
      const after = weights.toHost();
      assert.deepEqual(after["table"], before["table"]);
      assert.ok(after["bias"]!.data.every((value, n) => value < before["bias"]!.data[n]!)); // against the gradient
      for (const [key, tensor] of Object.entries(read)) assert.deepEqual(tensor.dataSync(), before[key]!.data);
      tf.dispose(read);
      [optimiser, weights].forEach((one) => one.dispose());
    });

    it("refuses gradients of parameters that are not there, or of another shape, and leaves all as it was", () => {
      const weights = weightsOf();
      const optimiser = make(weights);
      run(optimiser, 0, 1);
      const before = [weights.toHost(), optimiser.state()];
      const wrong: (readonly [() => Gradients, RegExp])[] = [
        [() => ({ bias: tf.ones([4]), stray: tf.ones([4]) }), /parameters \(table, bias\), found one of "stray"; leave it out/],
        [() => ({ table: tf.ones([rows, width]), bias: tf.ones([1]) }), /gradient of "bias" of shape \[4\], found \[1\]/],
        [() => ({ bias: tf.ones([4]), table: tf.ones([width]) }), /gradient of "table" of shape \[5, 3\], found \[3\]/],
      ];
      if (byRow) wrong.push([() => ({ table: { ids: Int32Array.of(1, 2), values: tf.ones([1, width]) } }), /gradient of "table" of shape \[2, 3\], found \[1, 3\]/]);
      for (const [gradients, says] of wrong) {
        tf.tidy(() => assert.throws(() => optimiser.apply(gradients()), (error: Error) => error instanceof ConfigError && says.test(error.message)));
      }
      assert.deepEqual([weights.toHost(), optimiser.state()], before);
      [optimiser, weights].forEach((one) => one.dispose());
    });

    it("refuses a state that lacks a tensor or has it in another shape, and leaves its own", () => {
      const weights = weightsOf();
      const optimiser = make(weights);
      run(optimiser, 0, 2);
      const before = optimiser.state();
      const foreign = Object.entries(before.tensors).map(([key, { shape, data }]) => [key, { shape, data: data.map(() => 7) }] as const);
      for (const [wrong] of foreign) {
        const lacking = foreign.filter(([key]) => key !== wrong);
        const longer = [...lacking, [wrong, { shape: [2, 2], data: new Float32Array(4) }] as const];
        for (const tensors of [lacking, longer]) {
          const says = (error: Error): boolean => error instanceof ConfigError && error.message.includes(`with "${wrong}"`);
          assert.throws(() => optimiser.restore({ step: 9, tensors: Object.fromEntries(tensors) }), says);
        }
      }
      assert.deepEqual(optimiser.state(), before);
      [optimiser, weights].forEach((one) => one.dispose());
    });

    it("leaves no tensor behind", () => {
      const tensors = tf.memory().numTensors;
      const weights = weightsOf();
      const own = tf.memory().numTensors;
      const optimiser = make(weights);
      run(optimiser, 0, 1);
      const held = tf.memory().numTensors;
      run(optimiser, 1, steps);
      optimiser.restore(optimiser.state());
      assert.equal(tf.memory().numTensors, held, "a step, or a restore, keeps tensors");
      optimiser.dispose();
      assert.equal(tf.memory().numTensors, own, "disposal keeps tensors");
      weights.dispose();
      assert.equal(tf.memory().numTensors, tensors);
    });

    it("refuses an option that it does not have, and a rate that is none", () => {
      const weights = weightsOf();
      assert.throws(() => make(weights, { noSuchOption: 1 }), (error: Error) => error instanceof ConfigError && error.message.includes("noSuchOption"));
      for (const rate of [0, -1, NaN]) assert.throws(() => make(weights, { rate }), ConfigError);
      weights.dispose();
    });
  });
}
