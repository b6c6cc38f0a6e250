import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { AbortError, NotFittedError } from "../../src/core/errors";
import { Rng } from "../../src/core/rng";
import { adjustedRandIndex } from "../../src/evaluation/labels";
import { personaGroups } from "../../src/personas/clusters";
import { Dmgi, dmgiLoss, dmgiWeights, holdRelation } from "../../src/personas/dmgi";
import { holdFeatures } from "../../src/personas/encoder";
import { personaGraph } from "../../src/personas/graph";
import { initBackend } from "../../src/tensor/backend";
import { freshFolder } from "../scratch";
import { close, noLeak } from "../tensor/helpers";
import { goldenGraph, goldenPaths, goldenWeight, twoKinds } from "./graphs";

interface Golden {
  readonly loss: number;
  readonly contrast: number;
  readonly gradients: Readonly<Record<string, number[]>>;
}

describe("personas/dmgi", () => {
  const golden = (JSON.parse(readFileSync(join(__dirname, "..", "golden", "hdgi.json"), "utf8")) as { dmgi: Golden }).dmgi;
  const folder = freshFolder();
  const small = { dimension: 16, rate: 0.02, epochs: 60, patience: 60 };
  before(() => initBackend());

  for (const which of ["factor", "cells"] as const) {
    it(`loss and gradients are PyTorch's (test/golden/hdgi.py), with a node that counts twice for itself: ${which}`, () => {
      const { features, dense, shuffle } = goldenGraph;
      const graph = personaGraph(Array.from("abcdefg"), which === "factor" ? features : dense, goldenPaths[which]);
      const [held, paths] = [holdFeatures(graph.features), graph.paths.map((path) => holdRelation(path, 2))];
      noLeak(() => {
        const shapes = Object.entries(dmgiWeights(graph, 6, new Rng(1))).map(([name, { shape }]) => [name, shape] as const);
        const values = shapes.map(([name, shape]) => goldenWeight(name, shape));
        const run = (given: readonly tf.Tensor[]) => dmgiLoss(Object.fromEntries(shapes.map(([name], i) => [name, given[i]!])), paths, paths.map(() => [held, held]), shuffle, 0.1);
        const { loss, contrast } = run(values);
        close([...loss.dataSync(), ...contrast.dataSync()], [golden.loss, golden.contrast], 1e-5);
        const gradients = tf.grads((...given) => run(given).loss)(values);
        assert.deepEqual(shapes.map(([name]) => name).sort(), Object.keys(golden.gradients).sort());
        shapes.forEach(([name], i) => close(gradients[i]!.dataSync(), golden.gradients[name]!, 1e-5));
      });
      [held, ...paths].forEach((one) => one.dispose());
    });
  }

  it("tells real nodes from shuffled ones, finds both kinds, and leaves no tensors", async () => {
    const graph = twoKinds();
    const before = tf.memory().numTensors;
    const model = new Dmgi(small);
    assert.throws(() => model.vectors(), NotFittedError);
    const report = await model.fit(graph, { rng: new Rng(1) });
    assert.ok(!report.trivial && report.loss < 0.6 && report.accuracy > 0.7, `loss ${report.loss}, accuracy ${report.accuracy}`);
    const { labels } = personaGroups(model.vectors(), 2, new Rng(1));
    const agree = adjustedRandIndex(Int32Array.from(labels, (_, n) => Number(n >= 40)), labels);
    assert.ok(agree > 0.8, String(agree));
    assert.equal(tf.memory().numTensors, before);
  });

  it("the same seed gives the same bits, stopped and resumed too; dense features go the same way", async () => {
    const sparse = twoKinds();
    const dense = personaGraph(sparse.nodes, { shape: [80, 3], data: new Rng("dense").normals(240) }, sparse.paths);
    for (const graph of [sparse, dense]) {
      const fit = async (context: object): Promise<Float32Array> => {
        const model = new Dmgi({ ...small, epochs: 8 });
        await model.fit(graph, { rng: new Rng(3), ...context });
        return model.vectors().data;
      };
      const [whole, checkpoint] = [await fit({}), join(folder(), graph === dense ? "dense" : "sparse")];
      await fit({ checkpoint, until: 3 });
      await assert.rejects(fit({ checkpoint, signal: AbortSignal.abort() }), AbortError);
      assert.deepEqual(await fit({ checkpoint }), whole);
      assert.notDeepEqual(await fit({ rng: new Rng(4) }), whole);
    }
  });
});
