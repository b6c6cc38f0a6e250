/** A training that goes on from given weights for given steps. */
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { Rng } from "../../src/core/rng";
import { prefixBatches } from "../../src/data/sequences";
import type { Cases, TrainSessions } from "../../src/data/types";
import type { Lesson } from "../../src/models/neural";
import { Niser, type NiserOptions } from "../../src/models/niser";
import { mixedSessions } from "../../src/models/warm-start";
import { softmaxLossPortable } from "../../src/tensor/ops/softmax-loss";
import { initBackend } from "../../src/tensor/backend";

const items = { ids: ["a", "b", "c", "d", "e"], trained: 5 };
const train: TrainSessions = { role: "train", items, hash: "train", offsets: Uint32Array.of(0, 4, 7, 10), item: Int32Array.of(0, 1, 2, 3, 4, 0, 1, 2, 3, 4) };
const none: Cases<"valid"> = { role: "valid", items, sessions: train, session: new Int32Array(0), end: new Int32Array(0), target: new Int32Array(0), hash: "none" };
const options: Partial<NiserOptions> = { dimension: 6, batch: 3, rate: 0.02, rateDecay: 1, itemDropout: 0 };

/** Counts the steps that a training takes. */
class Counting extends Niser {
  steps = 0;
  protected override lesson(sessions: TrainSessions): Lesson<unknown> {
    const lesson = super.lesson(sessions);
    return { ...lesson, loss: (weights, batch, rng) => { this.steps++; return lesson.loss(weights, batch, rng); } };
  }
}

describe("warm start", () => {
  before(() => initBackend());

  it("takes as many steps whatever it learns from, and its first loss is the base's", async () => {
    const before = tf.memory().numTensors;
    const base = new Niser({ ...options, epochs: 5 });
    await base.fit(train, none, { rng: new Rng(1) });
    const start = { weights: base.learnt, steps: 8 };
    const mixed = mixedSessions(train, { offsets: Uint32Array.from({ length: 31 }, (_, s) => 3 * s), item: Int32Array.from({ length: 90 }, (_, at) => (2 * at) % 5) }, "added");
    assert.notEqual(mixed.hash, train.hash);
    for (const sessions of [train, mixed]) {
      const own = new Counting({ ...options, epochs: 4, patience: 4 });
      const { epochs } = await own.fit(sessions, none, { rng: new Rng(2), start });
      assert.deepEqual([epochs, own.steps], [4, 8]);
      assert.notDeepEqual(own.learnt["item"]!.data, base.learnt["item"]!.data);
      own.dispose();

      const first = new Counting({ ...options, epochs: 1 });
      const { history } = await first.fit(sessions, none, { rng: new Rng(2), start: { ...start, steps: 1 } });
      const [batch] = prefixBatches(sessions, { batch: 3, maxLength: 50 }, new Rng(2).child("epoch 0").child("batches").child(0));
      const expected = tf.tidy(() => {
        const logits = base.score(batch!.sequences); // [3, V]
        return softmaxLossPortable(logits, tf.eye(5) as tf.Tensor2D, batch!.targets).dataSync()[0]!;
      });
      assert.ok(Math.abs(history![0]!["loss"]! - expected) < 1e-5, `${history![0]!["loss"]} for ${expected}`);
      assert.equal(first.steps, 1);
      first.dispose();
    }
    base.dispose();
    assert.equal(tf.memory().numTensors, before);
  });

  it("refuses steps that epochs do not share, and the weights of another model", async () => {
    const base = new Niser({ ...options, epochs: 1 });
    await base.fit(train, none, { rng: new Rng(1) });
    const start = { weights: base.learnt, steps: 7 };
    await assert.rejects(new Niser({ ...options, epochs: 2 }).fit(train, none, { rng: new Rng(1), start }), /Expected steps that 2 epochs share evenly, found 7; take 8/);
    await assert.rejects(new Niser({ ...options, dimension: 4, epochs: 7 }).fit(train, none, { rng: new Rng(1), start }), /Expected weights .*item \[5, 4\].* to start from, found .*item \[5, 6\]/);
    base.dispose();
  });
});
