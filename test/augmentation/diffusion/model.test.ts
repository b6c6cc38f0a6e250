/** The diffusion model on a made world: what it learns, what it is steered by, what it saves, and how joint learning collapses. */
import assert from "node:assert/strict";
import { cpSync } from "node:fs";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { denoise, denoisers } from "../../../src/augmentation/diffusion/denoisers";
import { DiffusionModel, type DiffusionOptions } from "../../../src/augmentation/diffusion/diffusion-model";
import { pairsOf, popularityQuantiles } from "../../../src/augmentation/diffusion/lesson";
import { samplers } from "../../../src/augmentation/diffusion/samplers";
import { diffusionProposer, nearestSlates } from "../../../src/augmentation/diffusion/slates";
import { slateStatistics } from "../../../src/augmentation/diffusion/statistics";
import { AbortError, ConfigError, NotFittedError, NumericError } from "../../../src/core/errors";
import { Rng } from "../../../src/core/rng";
import { trainingCounts } from "../../../src/evaluation/strata";
import type { Sessions } from "../../../src/data/types";
import { initBackend } from "../../../src/tensor/backend";
import { columns } from "../../contract/worlds";
import { withFolder } from "../../scratch";
import { eachItem, popularAfter, rareAfter, toyBase, toyItems, toyTrain, toyValid } from "./toy";

const small: Partial<DiffusionOptions> = { width: 32, blocks: 1, times: 50, steps: 10, epochs: 25, patience: 25, batch: 128, rate: 4e-3, guidance: 0, similarity: "distance", metric: "NDCG@10" };
const counts = trainingCounts(toyTrain);

describe("the guided diffusion model", function () {
  this.timeout(240_000);
  let model: DiffusionModel;
  const base = toyBase();

  before(async () => {
    await initBackend();
    model = new DiffusionModel(small);
    await model.fit(base, toyTrain, toyValid, { rng: new Rng(1) });
  });
  after(() => model.dispose());

  /** Mean squared error of x0^ at the middle time, the conditions being those of `permuted` rows. */
  function errorUnder(order: (row: number) => number, withState = 1): number {
    const vectors = model.vectors();
    const { states, targets } = pairsOf(base, toyTrain, 1024, new Rng("held"));
    const width = states.length / targets.length;
    const rng = new Rng("error");
    return tf.tidy(() => {
      const x0 = tf.tensor2d(Float32Array.from(targets).reduce<number[]>((all, item) => (all.push(...vectors.data.subarray(item * 8, (item + 1) * 8)), all), []), [targets.length, 8]);
      const permuted = Float32Array.from({ length: states.length }, (_, at) => states[order(Math.floor(at / width)) * width + (at % width)]!);
      const signal = model.schedule.signal[25]!;
      const x = x0.mul(Math.sqrt(signal)).add(tf.tensor2d(rng.normals(x0.size), [targets.length, 8]).mul(Math.sqrt(1 - signal))) as tf.Tensor2D;
      const same = (value: number): Float32Array => new Float32Array(targets.length).fill(value);
      const fitted = (model as unknown as { state(): { weights: { read(): Record<string, tf.Tensor> } } }).state();
      const conditions = { states: tf.tensor2d(permuted, [targets.length, width]), withState: same(withState), popularity: same(-1) };
      const predicted = denoise(fitted.weights.read(), x, same(25), model.options.times, conditions, model.options);
      return predicted.sub(x0).square().mean().dataSync()[0]!;
    });
  }

  it("knows the item better under its own session's state than under another's or none, and better than its mean", () => {
    const [own, shuffled, none] = [errorUnder((row) => row), errorUnder((row) => (row + 511) % 1024), errorUnder((row) => row, 0)];
    assert.ok(own < 0.8 * shuffled, `own ${own}, shuffled ${shuffled}`);
    assert.ok(own < 0.9 * none, `own ${own}, none ${none}`);
    assert.ok(none < 1, `none ${none}; predicting the mean of the items has 1`);
  });

  for (const sampler of samplers) {
    it(`w = 0 gives the samples of the condition alone, w = -1 those of no condition, to the bit, under ${sampler}`, () => {
      const sample = (sessions: Sessions, guidance: number): Float32Array => model.sample(sessions, new Rng(9), { sampler, guidance, steps: 5 });
      const unknown = columns(Array.from({ length: 40 }, () => [99])); // no known item: nothing to be guided by
      assert.deepEqual(sample(eachItem, -1), sample(unknown, -1));
      assert.deepEqual(sample(unknown, 0), sample(eachItem, -1));
      assert.notDeepEqual(sample(eachItem, 0), sample(eachItem, -1));
    });

    it(`moves to where the session goes, under ${sampler}`, () => {
      // How often one of the item's own two successors is the nearest: chance is 2 in 40.
      const hits = (guidance: number): number => {
        const found = nearestSlates(model.sample(eachItem, new Rng(4), { sampler, guidance, each: 8 }), model.vectors(), { slots: 1, retrieval: "top", similarity: "distance" });
        return found.reduce((sum, item, row) => sum + (item === popularAfter(Math.floor(row / 8)) || item === rareAfter(Math.floor(row / 8)) ? 1 : 0), 0) / found.length;
      };
      const [none, half, own] = [hits(-1), hits(-0.5), hits(0)];
      assert.ok(own > none + 0.3 && half > none, `${none}, ${half}, ${own}`);
    });
  }

  it("gives the same samples to a session alone and in company, and others by another seed", () => {
    const alone = model.sample(columns([[3]]), new Rng(2), { each: 2 });
    const company = model.sample(columns([[3], [5], [7, 8]]), new Rng(2), { each: 2 });
    alone.forEach((value, at) => assert.ok(Math.abs(value - company[at]!) < 1e-5));
    assert.deepEqual(model.sample(columns([[3]]), new Rng(2), { each: 2 }), alone);
    assert.notDeepEqual(model.sample(columns([[3]]), new Rng(3), { each: 2 }), alone);
  });

  for (const retrieval of ["top", "draws"] as const) {
    it(`makes slates of distinct items that training saw, the same by the same seed (${retrieval})`, async () => {
      const tensors = tf.memory().numTensors;
      const proposer = diffusionProposer(model, { retrieval, guidance: 1 });
      assert.equal(proposer.name, "guided diffusion");
      const slates = await proposer.slates(columns([[0], [1, 2, 3], [], [99]]), 40, new Rng(1));
      for (let s = 0; s < 4; s++) assert.deepEqual([...slates.subarray(40 * s, 40 * (s + 1))].sort((a, b) => a - b), Array.from({ length: 40 }, (_, item) => item));
      const five = await proposer.slates(eachItem, 5, new Rng(1));
      assert.deepEqual(five, await proposer.slates(eachItem, 5, new Rng(1)));
      assert.notDeepEqual(five, await proposer.slates(eachItem, 5, new Rng(2)));
      await assert.rejects(proposer.slates(eachItem, 41, new Rng(1)), ConfigError);
      assert.equal(tf.memory().numTensors, tensors);
    });
  }

  it("goes towards less popular items when it is asked to", async () => {
    const arp = async (popularity?: number): Promise<number> => {
      const slates = await diffusionProposer(model, { retrieval: "draws", guidance: 1, popularity }).slates(eachItem, 4, new Rng(6));
      return slateStatistics(slates, 4, { vectors: model.vectors(), counts }).popularity;
    };
    const [rare, any, frequent] = [await arp(0.2), await arp(), await arp(0.95)];
    assert.ok(rare < 0.95 * any && any < frequent, `${rare}, ${any}, ${frequent}`);
  });

  it("comes back from its folder to the bit, and refuses a recommender that it was not fitted on", () =>
    withFolder(async (folder) => {
      await model.save(join(folder, "model"));
      const loaded = DiffusionModel.load(join(folder, "model"), base);
      assert.deepEqual(loaded.options, model.options);
      assert.deepEqual(loaded.sample(eachItem, new Rng(1)), model.sample(eachItem, new Rng(1)));
      loaded.dispose();
      const vectors = base.outputVectors();
      const other = { ...base, outputVectors: () => ({ ...vectors, data: vectors.data.map((one) => -one) }) };
      assert.throws(() => DiffusionModel.load(join(folder, "model"), other), /Expected the toy that the diffusion model .* was fitted on/);
    }));

  for (const denoiser of denoisers) {
    it(`${denoiser}: stopped and gone on with, it has the bits of one run, and leaves no tensor`, () =>
      withFolder(async (folder) => {
        const options = { ...small, denoiser, epochs: 3, transitions: 700 };
        const tensors = tf.memory().numTensors;
        const whole = new DiffusionModel(options);
        const report = await whole.fit(base, toyTrain, toyValid, { rng: new Rng(5) });
        const stop = new AbortController();
        let seen = 0;
        const parts = new DiffusionModel(options);
        const fit = (signal?: AbortSignal) => parts.fit(base, toyTrain, toyValid, { rng: new Rng(5), checkpoint: folder, signal, progress: () => void (++seen === 8 && stop.abort()) });
        await assert.rejects(fit(stop.signal), AbortError);
        cpSync(folder, `${folder}-kept`, { recursive: true });
        const gone = await fit();
        assert.deepEqual(gone.history, report.history);
        assert.deepEqual(parts.sample(eachItem, new Rng(1)), whole.sample(eachItem, new Rng(1)));
        [whole, parts].forEach((one) => one.dispose());
        assert.equal(tf.memory().numTensors, tensors);
      }));
  }

  it("sees jointly learnt item vectors collapse under the squared error alone, and not beside cross-entropy", async () => {
    const joint = { ...small, items: "joint" as const, rate: 0.02, epochs: 12, popularity: false };
    const collapse = async (crossEntropy: number) => {
      const one = new DiffusionModel({ ...joint, crossEntropy });
      const { history } = await one.fit(base, toyTrain, undefined, { rng: new Rng(1) });
      const found = one.collapse();
      one.dispose();
      assert.equal(history.at(-1)!["variance"], found.variance);
      assert.ok(history[0]!["cosine"] !== undefined && history[0]!["leastVariance"] !== undefined);
      return { found, history };
    };
    const alone = await collapse(0);
    assert.equal(alone.found.collapsed, true, JSON.stringify(alone.found));
    assert.ok(alone.found.variance < 0.5 * alone.history[0]!["variance"]!);
    const beside = await collapse(1);
    assert.equal(beside.found.collapsed, false, JSON.stringify(beside.found));
    assert.equal(model.collapse().collapsed, false);
  });

  it("knows each item's place by popularity", () => {
    const items = { ids: ["a", "b", "c", "d"], trained: 4 };
    const train = { role: "train", hash: "", items, offsets: Uint32Array.of(0, 7), item: Int32Array.of(0, 0, 0, 1, 2, 3, 3) } as const;
    assert.deepEqual([...popularityQuantiles(train)].map((one) => Number(one.toFixed(4))), [1, 0.1667, 0.1667, 0.6667]);
  });

  it("refuses what cannot be", async () => {
    assert.throws(() => new DiffusionModel({ stepz: 3 } as object), /did you mean "steps"/);
    assert.throws(() => new DiffusionModel({ denoiser: "transformer", width: 30, heads: 4 }), /heads to divide the width 30/);
    assert.throws(() => new DiffusionModel({ times: 10, steps: 20 }), /steps to be at most the 10 times/);
    assert.throws(() => new DiffusionModel({ guidance: NaN }), ConfigError);
    assert.throws(() => new DiffusionModel(small).sample(eachItem, new Rng(1)), NotFittedError);
    assert.throws(() => diffusionProposer(model, { retrieval: "all" as "top" }), ConfigError);
    assert.throws(() => model.sample(eachItem, new Rng(1), { popularity: 2 }), /quantile of popularity in 0\.\.1, found 2/);
    const other = { ...base, items: { ...toyItems, trained: 39 } };
    await assert.rejects(new DiffusionModel(small).fit(other, toyTrain, toyValid, { rng: new Rng(1) }), /fitted on these 40 training items/);
    await assert.rejects(new DiffusionModel({ ...small, rate: 1e20, epochs: 3 }).fit(base, toyTrain, undefined, { rng: new Rng(1) }), NumericError);
    const plain = new DiffusionModel({ ...small, popularity: false, epochs: 1, transitions: 100 });
    await plain.fit(base, toyTrain, undefined, { rng: new Rng(1) });
    assert.throws(() => plain.sample(eachItem, new Rng(1), { popularity: 0.5 }), /no popularity of a model that learnt none/);
    plain.dispose();
  });
});
