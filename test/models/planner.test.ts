/** The planner: what it says of a training is that training's, it refuses what will not fit, and it leaves no trace. */
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { AbortError, ConfigError, NotFittedError } from "../../src/core/errors";
import { Rng } from "../../src/core/rng";
import { trainingBatches } from "../../src/data/batches";
import { scoresToArray } from "../../src/evaluation/scores";
import { makerOf, models, type ModelId } from "../../src/models/index";
import { NeuralRecommender, type NeuralOptions } from "../../src/models/neural";
import { Sasrec } from "../../src/models/sasrec";
import { initBackend } from "../../src/tensor/backend";
import { memoryEstimate } from "../../src/tensor/memory";
import { columns, trained, worlds } from "../contract/worlds";

const { train, valid } = worlds.cycle;
const small = { dimension: 16, inner: 16, blocks: 1, batch: 16, epochs: 3 };
const context = () => ({ rng: new Rng(1), seconds: 0 });
const scoresOf = (model: Sasrec): Float32Array => scoresToArray(model.score(columns([[3], [4, 5]])));

describe("plan of a training", () => {
  before(() => initBackend());

  it("counts the steps of an epoch, and adds up its time from them", async () => {
    const plan = await new Sasrec(small).plan(train, valid, context());
    const rng = new Rng(1).child("epoch 0").child("batches");
    assert.equal(plan.steps, trainingBatches(train, { batch: 16, length: 50, targets: "all" }, rng).length);
    assert.deepEqual([plan.name, plan.epochs], ["SASRec", 3]);
    assert.ok(plan.secondsAStep > 0 && plan.secondsAnEpoch > plan.steps * plan.secondsAStep);
    assert.equal(plan.minutes, (3 * plan.secondsAnEpoch) / 60);
  });

  it("estimates SASRec's tensors by its own count", async () => {
    const { tensors, peakBytes, limitBytes } = await new Sasrec(small).plan(train, valid, { ...context(), limit: 1e12 });
    const places = 16 * 50; // what fills 16 windows of 50
    const [square, row] = [[16, 16], [16]];
    const dense = (name: string) => ({ [`${name}/w`]: square, [`${name}/b`]: row });
    const norm = (name: string) => ({ [`${name}/gain`]: row, [`${name}/bias`]: row });
    const parameters = {
      ...{ item: [trained, 16], position: [50, 16] },
      ...["query", "key", "value", "output", "inner", "outer"].reduce((all, name) => ({ ...all, ...dense(name) }), {}),
      ...{ ...norm("attention"), ...norm("feed"), ...norm("last") },
    };
    const activations = places * (4 * 16 + 13 * 16 + 3 * 16 + 2 * 50);
    assert.deepEqual(tensors, memoryEstimate({ parameters, optimiser: "adam", loss: { kind: "softmax", table: "item", targets: places }, activations }));
    assert.ok(peakBytes > tensors.total && peakBytes < 1e10);
    assert.equal(limitBytes, 1e12);
  });

  it("refuses what will not fit, before anything is allocated, with the way out", async () => {
    const model = new Sasrec({ ...small, batch: 65536, dimension: 64, inner: 64 });
    const held = process.memoryUsage.rss();
    const before = tf.memory().numTensors;
    const refusal = async (limit: number): Promise<string> => {
      const error = await model.plan({ ...train, item: new Int32Array(1e7) }, valid, { ...context(), limit }).then(() => assert.fail("it planned"), (one: unknown) => one);
      assert.ok(error instanceof ConfigError, String(error));
      return error.message;
    };
    const message = await refusal(held + 2e9);
    const [, batch] = /^Expected the training of SASRec to fit in [\d.]+ GB, found that it needs about [\d.]+ GB; batch: (\d+) would fit$/.exec(message) ?? assert.fail(message);
    assert.ok(Number(batch) < 65536 && 65536 % Number(batch) === 0);
    assert.match(await refusal(1e6), /; take a machine with more, or items that occur more often$/);
    assert.equal(tf.memory().numTensors, before);
  });

  it("leaves the model as it was, and changes no bit of a later fit", async () => {
    const [planned, plain] = [new Sasrec(small), new Sasrec(small)];
    const tensors = tf.memory().numTensors;
    await planned.plan(train, valid, context());
    assert.equal(tf.memory().numTensors, tensors);
    assert.throws(() => planned.items, NotFittedError);
    await planned.fit(train, valid, { rng: new Rng(1) });
    await plain.fit(train, valid, { rng: new Rng(1) });
    const fitted = scoresOf(planned);
    assert.deepEqual(fitted, scoresOf(plain));
    await planned.plan(train, valid, context());
    assert.deepEqual(scoresOf(planned), fitted);
    await assert.rejects(planned.plan(train, valid, { ...context(), signal: AbortSignal.abort() }), AbortError);
    assert.deepEqual(scoresOf(planned), fitted);
    [planned, plain].forEach((model) => model.dispose());
    assert.equal(tf.memory().numTensors, tensors);
  });

  for (const id of (Object.keys(models) as ModelId[]).filter((one) => makerOf(one).tensors)) {
    it(`plans ${id}`, async () => {
      const model = makerOf(id).make({ dimension: 8, epochs: 2 });
      assert.ok(model instanceof NeuralRecommender, id);
      const tensors = tf.memory().numTensors;
      const plan = await (model as NeuralRecommender<NeuralOptions>).plan(train, valid, context());
      assert.ok(plan.steps > 0 && plan.minutes > 0 && plan.peakBytes > plan.tensors.total);
      assert.ok(plan.tensors.parameters >= 4 * 8 * trained);
      assert.equal(tf.memory().numTensors, tensors);
    });
  }
});
