import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { loads, type Load } from "../../bench/loads";
import { growthOf, watch } from "../../bench/memory";
import { initBackend } from "../../src/tensor/backend";
import { isNative } from "../../src/tensor/kernel";
import { liveVariables, parameter } from "../../src/tensor/parameters";

const steps = 200;

/** A load that does one thing a step. */
function planted(everyStep: () => void, after: () => void = () => undefined): Load {
  return {
    name: "planted",
    async run(count, onStep) {
      for (let step = 0; step < count; step++) {
        everyStep();
        onStep();
      }
      after();
    },
  };
}

describe("bench/memory", function () {
  this.timeout(240_000);
  before(() => initBackend());

  for (const load of loads) {
    it(`finds that training does not grow: ${load.name}`, async () => {
      const { samples, left } = await watch(load, steps, steps / 5);
      assert.deepEqual(samples.map(({ step }) => step), Array.from({ length: 5 }, (_, n) => ((n + 1) * steps) / 5));
      for (const what of ["tensors", "tensorBytes", "variables"] as const) assert.deepEqual(new Set(samples.map((sample) => sample[what])).size, 1, what);
      assert.ok(samples[0]!.tensors > 0 && (!isNative() || samples[0]!.variables > 0));
      assert.deepEqual(growthOf(samples).filter(({ what, leak }) => leak && what === "external"), []);
      assert.deepEqual(left, []);
    });
  }

  const grows = async (load: Load): Promise<readonly string[]> => growthOf((await watch(load, steps, steps / 5)).samples).filter(({ leak }) => leak).map(({ what }) => what);

  it("finds a tensor that is kept each step, and one that is left at the end", async () => {
    const kept: tf.Tensor[] = [];
    const leak = await grows(planted(() => void kept.push(tf.keep(tf.zeros([4]))), () => tf.dispose(kept)));
    assert.ok(leak.includes("tensors") && leak.includes("tensorBytes"), leak.join());
    let stray: tf.Tensor | undefined;
    const { left } = await watch(planted(() => undefined, () => (stray = tf.zeros([4]))), 10, 1);
    assert.deepEqual(left, ["1 tensors left when all was freed", "16 tensorBytes left when all was freed"]);
    stray!.dispose();
  });

  it("finds buffers that are held outside V8's heap", async () => {
    const held: Float64Array[] = [];
    const leak = await grows(planted(() => void held.push(new Float64Array(1000))));
    assert.ok(leak.includes("external"), leak.join());
  });

  it("finds a resource variable that TensorFlow still holds though its tensor is gone", async function () {
    if (!isNative()) {
      console.log("    skipped: resource variables are the native backend's");
      this.skip();
    }
    const before = liveVariables();
    const made: ReturnType<typeof parameter>[] = [];
    const leak = await grows(planted(() => {
      const one = parameter({ shape: [2], data: Float32Array.of(1, 2) });
      made.push(one);
      one.handle!.dispose(); // without DestroyResourceOp
    }));
    assert.ok(leak.includes("variables") && !leak.includes("tensors"), leak.join());
    assert.equal(liveVariables(), before + steps);
  });
});
