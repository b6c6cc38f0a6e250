/** Losses against popularity, by hand and in a training. */
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { Rng } from "../../src/core/rng";
import { scoresToArray } from "../../src/evaluation/scores";
import { catalogueLoss } from "../../src/models/debias";
import { SrGnn } from "../../src/models/sr-gnn";
import { initBackend } from "../../src/tensor/backend";

const items = { ids: ["a", "popular", "rare"], trained: 3 };
/** After a: nine times the popular item, once the rare one. */
const train = { role: "train" as const, items, hash: "train", offsets: Uint32Array.from({ length: 11 }, (_, s) => 2 * s), item: Int32Array.from({ length: 20 }, (_, at) => (at % 2 === 0 ? 0 : at === 19 ? 2 : 1)) };
const none = { role: "valid" as const, items, sessions: train, session: new Int32Array(0), end: new Int32Array(0), target: new Int32Array(0), hash: "none" };

describe("losses against popularity", () => {
  before(() => initBackend());

  it("have the values and gradients that the formulas have", () => {
    const [h, e] = [[[0.5, -1], [2, 0.25]], [[1, 0], [0, 1], [0.5, 0.5]]];
    const targets = Int32Array.of(1, 2);
    const counts = [10, 9, 1];
    for (const [logQ, propensity] of [[0, 0], [0.7, 0], [0, 0.5], [1, 1]] as const) {
      const plain = (hidden: tf.Tensor2D, table: tf.Tensor2D): tf.Scalar => {
        const logits = tf.matMul(hidden, table, false, true).add(tf.tensor1d(counts.map((count) => logQ * Math.log(count / 20))));
        const weights = [9 ** -propensity, 1].map((one, _, all) => (2 * one) / (all[0]! + all[1]!));
        return tf.logSoftmax(logits).mul(tf.oneHot(tf.tensor1d(targets, "int32"), 3)).sum(1).mul(tf.tensor1d(weights)).mean().neg() as tf.Scalar;
      };
      tf.tidy(() => {
        const at = [tf.tensor2d(h), tf.tensor2d(e)];
        const [own, expected] = [(a: tf.Tensor2D, b: tf.Tensor2D) => catalogueLoss({ logQ, propensity }, train)(a, b, targets), plain].map((loss) => tf.valueAndGrads((a: tf.Tensor, b: tf.Tensor) => loss(a as tf.Tensor2D, b as tf.Tensor2D))(at));
        assert.ok(Math.abs(own!.value.dataSync()[0]! - expected!.value.dataSync()[0]!) < 1e-6);
        own!.grads.forEach((gradient, i) => assert.ok(gradient.sub(expected!.grads[i]!).abs().max().dataSync()[0]! < 1e-6));
      });
    }
  });

  it("with logQ a rare item is as near as a popular one that follows as often for its frequency", async () => {
    const gap = async (options: object): Promise<number> => {
      const model = new SrGnn({ dimension: 8, epochs: 80, rate: 0.05, rateDecay: 1, l2: 0, batch: 10, ...options });
      await model.fit(train, none, { rng: new Rng(1) });
      const scores = scoresToArray(model.score({ offsets: Uint32Array.of(0, 1), item: Int32Array.of(0) }));
      model.dispose();
      return scores[1]! - scores[2]!;
    };
    const [plain, corrected, weighted] = [await gap({}), await gap({ logQ: 1 }), await gap({ propensity: 1 })];
    assert.ok(Math.abs(plain - Math.log(9)) < 0.1, `${plain}`);
    assert.ok(Math.abs(corrected) < 0.1, `${corrected}`);
    assert.ok(Math.abs(weighted) < 0.1, `${weighted}`);
  });
});
