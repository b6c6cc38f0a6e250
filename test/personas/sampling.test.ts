import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { Rng } from "../../src/core/rng";
import { encode, encodeParts, holdFeatures, holdPath, initialWeights, type EncoderOptions } from "../../src/personas/encoder";
import { adjacencyOf, personaGraph, type PersonaGraph, type PersonaPath } from "../../src/personas/graph";
import { Hdgi } from "../../src/personas/hdgi";
import { holdBlock, pathSampler } from "../../src/personas/sampling";
import { initBackend } from "../../src/tensor/backend";
import { cellRows, sparseFrom } from "../../src/tensor/sparse";
import { freshFolder } from "../scratch";
import { close } from "../tensor/helpers";

/** Nodes of two kinds, joined within their kind by edges and by groups. */
function graphOf(nodes: number, perNode: number): PersonaGraph {
  const rng = new Rng("sampled");
  const half = nodes / 2;
  const kind = (n: number): number => Number(n >= half);
  const all = Array.from({ length: nodes }, (_, n) => n);
  const ends = Array.from({ length: perNode * nodes }, (_, i) => [i % nodes, kind(i % nodes) * half + rng.int(half)] as const).filter(([a, b]) => a !== b);
  const matrix = sparseFrom(nodes, nodes, ends.flatMap(([a, b]) => [a, b]), ends.flatMap(([a, b]) => [b, a]));
  const member = Array.from({ length: 3 * nodes }, (_, i) => [i % nodes, kind(i % nodes) * 6 + rng.int(6)] as const);
  const factor = sparseFrom(nodes, 13, [...member.map(([n]) => n), 0], [...member.map(([, g]) => g), 12]);
  const features = { shape: [nodes, 8] as const, data: Float32Array.from({ length: 8 * nodes }, (_, i) => rng.normal() + (i % 8 < 2 ? 2 * kind(Math.floor(i / 8)) - 1 : 0)) };
  return personaGraph(all.map(String), features, [{ name: "near", matrix }, { name: "club", factor }]);
}

/** Rows of A_p, dense, from what a sampler says. */
function denseRows(path: PersonaPath, batch: Int32Array, neighbours: number, rng: Rng, count: number, variant: "gcn" | "gat" = "gcn"): Float64Array {
  const { nodes, matrix } = pathSampler(path, { variant, doubleSelf: false, neighbours }).rows(batch, rng);
  const dense = new Float64Array(batch.length * count);
  cellRows(matrix).forEach((row, cell) => (dense[row * count + nodes[matrix.column[cell]!]!] = matrix.value[cell]!));
  return dense;
}

/** The same by the equation: D^-1/2 (C + I) D^-1/2. */
function exactRows(path: PersonaPath, batch: Int32Array, count: number): Float64Array {
  const { offsets, column, value } = adjacencyOf(path);
  const degree = Float64Array.from({ length: count }, (_, n) => 1 + value.subarray(offsets[n], offsets[n + 1]).reduce((a, b) => a + b, 0));
  const dense = new Float64Array(batch.length * count);
  batch.forEach((n, at) => {
    for (let cell = offsets[n]!; cell < offsets[n + 1]!; cell++) dense[at * count + column[cell]!] = value[cell]! / Math.sqrt(degree[n]! * degree[column[cell]!]!);
    dense[at * count + n] = 1 / degree[n]!;
  });
  return dense;
}

describe("personas/sampling", () => {
  const folder = freshFolder();
  before(() => initBackend());

  for (const at of [0, 1]) {
    it(`rows of ${["a matrix", "a factor"][at]} are whole where they are small, and right in the mean where they are drawn`, () => {
      const graph = graphOf(30, 3);
      const path = graph.paths[at]!;
      const batch = Int32Array.of(4, 0, 29);
      const exact = exactRows(path, batch, 30);
      close(denseRows(path, batch, 30, new Rng(1), 30), exact, 1e-6);
      const draws = 4000;
      const sum = new Float64Array(exact.length);
      for (let i = 0; i < draws; i++) denseRows(path, batch, 3, new Rng(i), 30).forEach((value, cell) => (sum[cell]! += value / draws));
      sum.forEach((mean, cell) => assert.ok(Math.abs(mean - exact[cell]!) < 0.012, `cell ${cell}: ${mean}, exactly ${exact[cell]}`));
      const drawn = denseRows(path, batch, 3, new Rng(1), 30, "gat");
      assert.ok(drawn.every((value, cell) => value === 0 || (value === 1 && exact[cell]! > 0)), "attends to neighbours only");
      assert.ok([0, 1, 2].every((row) => drawn.subarray(30 * row, 30 * row + 30).reduce((a, b) => a + b) <= 4), "to three and itself at most");
    });
  }

  it("a node that is alone in all its groups has itself", () => {
    const path: PersonaPath = { name: "own", factor: sparseFrom(2, 40, Array.from({ length: 40 }, () => 0), Array.from({ length: 40 }, (_, g) => g)) };
    assert.deepEqual(Array.from(denseRows(path, Int32Array.of(0, 1), 2, new Rng(1), 2)), [1, 0, 0, 1]);
  });

  for (const variant of ["gcn", "gat"] as const) {
    it(`a block with all neighbours gives the vectors of the whole graph: ${variant}`, () => {
      const graph = graphOf(30, 3);
      const options: EncoderOptions = { variant, dimension: 8, heads: 2, semantic: 4, doubleSelf: false };
      const weights = Object.fromEntries(Object.entries(initialWeights(["near", "club"], 8, options, new Rng(1))).map(([name, { shape, data }]) => [name, tf.tensor(data, [...shape])]));
      const [features, paths] = [holdFeatures(graph.features), graph.paths.map((path) => holdPath(path, options))];
      const order = new Rng(2).permutation(30);
      const whole = encode(weights, features, paths, options, [Int32Array.from(order)]);
      const batch = Int32Array.from(new Rng(3).permutation(30));
      const block = holdBlock(graph, graph.paths.map((path) => pathSampler(path, { ...options, neighbours: 30 })), batch, new Rng(4), (node) => order[node]!);
      const parts = encodeParts(weights, block.parts, options);
      [0, 1].forEach((which) => {
        close(parts[which]!.vectors.dataSync(), tf.gather(whole[which]!.vectors, tf.tensor1d(batch, "int32")).dataSync(), 1e-5);
        close(parts[which]!.beta.dataSync(), whole[which]!.beta.dataSync(), 1e-5);
      });
      [block, features, ...paths].forEach((one) => one.dispose());
      tf.disposeVariables();
    });

    it(`learns from batches, gives the same bits again and resumed, and leaves no tensors: ${variant}`, async () => {
      const graph = graphOf(120, 4);
      const before = tf.memory().numTensors;
      const fit = async (context: object): Promise<{ model: Hdgi; loss: number; accuracy: number; betas: number }> => {
        const model = new Hdgi({ variant, dimension: 8, heads: 2, semantic: 4, rate: 0.02, epochs: 16, batch: 32, neighbours: 4 });
        const report = await model.fit(graph, { rng: new Rng(1), ...context });
        return { model, loss: report.loss, accuracy: report.accuracy, betas: report.beta["near"]! + report.beta["club"]! };
      };
      const whole = await fit({});
      assert.ok(whole.loss < 0.6 && whole.accuracy > 0.7, `loss ${whole.loss}, accuracy ${whole.accuracy}`);
      close([whole.betas], [1], 1e-5);
      const vectors = whole.model.embed(graph);
      assert.deepEqual(vectors.shape, [120, 8]);
      const checkpoint = folder();
      (await fit({ checkpoint, until: 7 })).model.dispose();
      const resumed = await fit({ checkpoint });
      assert.deepEqual(resumed.model.embed(graph), vectors);
      assert.equal(resumed.accuracy, whole.accuracy);
      [whole.model, resumed.model].forEach((model) => model.dispose());
      assert.equal(tf.memory().numTensors, before);
    });
  }
});
