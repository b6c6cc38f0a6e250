import assert from "node:assert/strict";
import { readFileSync, rmSync, writeFileSync } from "node:fs";
import * as tf from "@tensorflow/tfjs";
import { AbortError, ConfigError, DataError, NumericError } from "../../src/core/errors";
import { Rng } from "../../src/core/rng";
import { Adam } from "../../src/tensor/adam";
import { initBackend } from "../../src/tensor/backend";
import { checkpointFile } from "../../src/tensor/checkpoint";
import { ParameterSet, type HostTensor } from "../../src/tensor/parameters";
import { train, type TrainingContext, type TrainingReport } from "../../src/tensor/training";
import { freshFolder } from "../scratch";

/** A line y = 2 x + 1 to learn, with noise in the loss that depends on the step's rng. */
async function run(context: Partial<TrainingContext>, change: { epochs?: number; patience?: number; metric?: (epoch: number, w: number) => number; nanAt?: number } = {}): Promise<{ weights: Record<string, HostTensor>; report: TrainingReport; steps: number }> {
  const weights = new ParameterSet({ w: { shape: [1, 1], data: Float32Array.of(0) }, b: { shape: [1], data: Float32Array.of(0) } });
  const optimiser = new Adam(weights, { rate: 0.05 });
  let steps = 0;
  let epochs = 0;
  try {
    const report = await train<Float32Array>(
      {
        name: "line",
        identity: `line ${change.epochs ?? 4}`,
        weights,
        optimiser,
        epochs: change.epochs ?? 4,
        patience: change.patience ?? 10,
        metric: "fit",
        batches: (rng) => Array.from({ length: 5 }, (_, i) => rng.child(i).normals(8)),
        loss: ({ w, b }, batch, rng) => {
          steps++;
          const x = tf.tensor2d(batch, [8, 1]);
          const noise = change.nanAt === steps ? NaN : 0.1 * rng.normal();
          return tf.matMul(x, w as tf.Tensor2D).add(b!).sub(x.mul(2).add(1 + noise)).square().mean() as tf.Scalar;
        },
        validate: async () => {
          epochs++;
          const host = weights.toHost();
          return change.metric?.(epochs, host["w"]!.data[0]!) ?? -Math.abs(host["w"]!.data[0]! - 2);
        },
      },
      { rng: new Rng(1), checkpointSeconds: 0, ...context },
    );
    return { weights: weights.toHost(), report, steps };
  } finally {
    optimiser.dispose();
    weights.dispose();
  }
}

describe("tensor/training", () => {
  const folder = freshFolder();
  before(() => initBackend());

  it("the same seed gives the same bits, another seed others; no tensor is left", async () => {
    const tensors = tf.memory().numTensors;
    const [a, b, c] = [await run({}), await run({}), await run({ rng: new Rng(2) })];
    assert.deepEqual(a.weights, b.weights);
    assert.notDeepEqual(a.weights, c.weights);
    assert.equal(tf.memory().numTensors, tensors);
    assert.ok(a.report.history[3]!["loss"]! < a.report.history[0]!["loss"]!);
  });

  it("stopped at every step in turn and resumed, it ends with the bits of the uninterrupted run", async () => {
    const whole = await run({});
    for (let stopAt = 1; stopAt <= 19; stopAt += 3) {
      const controller = new AbortController();
      let seen = 0;
      const progress = (): void => {
        if (++seen === stopAt) controller.abort();
      };
      await assert.rejects(run({ checkpoint: folder(), signal: controller.signal, progress }), AbortError);
      const resumed = await run({ checkpoint: folder() });
      assert.deepEqual(resumed.weights, whole.weights, `stopped after report ${stopAt}`);
      assert.deepEqual(resumed.report.history, whole.report.history);
      assert.ok(resumed.steps < 20, "it went on, it did not start again");
      rmSync(checkpointFile(folder()));
    }
  });

  it("a finished training is not run again", async () => {
    const first = await run({ checkpoint: folder() });
    const second = await run({ checkpoint: folder() });
    assert.equal(second.steps, 0);
    assert.deepEqual(second.weights, first.weights);
  });

  it("keeps the weights of the best epoch and stops after `patience` epochs without a better one", async () => {
    const metrics = [0.1, 0.5, 0.4, 0.5, 0.3, 0.9];
    const kept: number[] = [];
    const { report, weights } = await run({}, { epochs: 6, patience: 3, metric: (epoch, w) => (kept.push(w), metrics[epoch - 1]!) });
    assert.equal(report.bestEpoch, 2); // an equal metric is not a better one
    assert.equal(report.epochs, 5);
    assert.equal(weights["w"]!.data[0], kept[1]);
  });

  it("a loss that is not a number throws with epoch, step and the last good checkpoint, and leaves that good", async () => {
    await assert.rejects(run({ checkpoint: folder() }, { nanAt: 8 }), (error: unknown) => {
      assert.ok(error instanceof NumericError);
      assert.deepEqual(error.at, { epoch: 2, step: 3, checkpoint: checkpointFile(folder()) });
      return true;
    });
    assert.deepEqual((await run({ checkpoint: folder() })).weights, (await run({})).weights);
  });

  it("refuses the checkpoint of another training and names what to do", async () => {
    await run({ checkpoint: folder() });
    await assert.rejects(run({ checkpoint: folder() }, { epochs: 7 }), (error: unknown) => error instanceof ConfigError && /another folder()/.test(error.message));
  });

  it("a damaged checkpoint is an error that names the file", async () => {
    await run({ checkpoint: folder() });
    const bytes = readFileSync(checkpointFile(folder()));
    writeFileSync(checkpointFile(folder()), bytes.subarray(0, bytes.length - 5));
    await assert.rejects(run({ checkpoint: folder() }), (error: unknown) => error instanceof DataError && error.message.startsWith(checkpointFile(folder())));
  });
});
