import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { AbortError, ConfigError, NotFittedError } from "../../src/core/errors";
import { Rng } from "../../src/core/rng";
import { encode, holdFeatures, holdPath, initialWeights, judge, type EncoderOptions } from "../../src/personas/encoder";
import { personaGraph, rewired } from "../../src/personas/graph";
import { Hdgi, type HdgiOptions } from "../../src/personas/hdgi";
import { initBackend } from "../../src/tensor/backend";
import { rowSums, sparseFrom, type SparseMatrix } from "../../src/tensor/sparse";
import { freshFolder } from "../scratch";
import { close, noLeak } from "../tensor/helpers";
import { goldenGraph, goldenPaths, goldenWeight, twoKinds } from "./graphs";

const [N, F, D, K, S] = [7, 5, 6, 2, 3];
const { features: sparse, dense, shuffle } = goldenGraph;
const { factor: paths } = goldenPaths;

interface Golden {
  readonly vectors: number[];
  readonly beta: number[];
  readonly logits: number[];
  readonly loss: number;
  readonly gradients: Record<string, number[]>;
}

const small: Partial<HdgiOptions> = { dimension: 16, heads: 4, epochs: 60, patience: 60, rate: 0.02 };

describe("personas/hdgi", () => {
  const golden = JSON.parse(readFileSync(join(__dirname, "..", "golden", "hdgi.json"), "utf8")) as Record<string, Golden>;
  const folder = freshFolder();
  before(() => initBackend());

  for (const variant of ["gcn", "gat"] as const) {
    for (const [kind, features, given] of [["sparse features, factor", sparse, paths], ["dense features, all cells", dense, goldenPaths.cells]] as const) {
      it(`vectors, loss and gradients of ${variant} are PyTorch's (test/golden/hdgi.py): ${kind}`, () => {
        const options: EncoderOptions = { variant, dimension: D, heads: K, semantic: S, doubleSelf: false };
        const names = given.map(({ name }) => name);
        const [held, heldPaths] = [holdFeatures(features), given.map((path) => holdPath(path, options))];
        noLeak(() => {
          const shapes = Object.entries(initialWeights(names, F, options, new Rng(1))).map(([name, { shape }]) => [name, shape] as const);
          const values = shapes.map(([name, shape]) => goldenWeight(name, shape));
          const named = (given: readonly tf.Tensor[]) => Object.fromEntries(shapes.map(([name], i) => [name, given[i]!]));
          const run = (given: readonly tf.Tensor[]) => {
            const [clean, other] = encode(named(given), held, heldPaths, options, [shuffle]);
            return { clean: clean!, ...judge(named(given), clean!.vectors, other!.vectors) };
          };
          const expected = golden[variant]!;
          const { clean, real, shuffled, loss } = run(values);
          close(clean.vectors.dataSync(), expected.vectors, 1e-5);
          close(clean.beta.dataSync(), expected.beta, 1e-5);
          close([...real.dataSync(), ...shuffled.dataSync()], expected.logits, 1e-5);
          close(loss.dataSync(), [expected.loss], 1e-6);
          const gradients = tf.grads((...given) => run(given).loss)(values);
          assert.deepEqual(shapes.map(([name]) => name).sort(), Object.keys(expected.gradients).sort());
          shapes.forEach(([name], i) => close(gradients[i]!.dataSync(), expected.gradients[name]!, 1e-5));
        });
        [held, ...heldPaths].forEach((one) => one.dispose());
      });
    }

    it(`${variant} leaves the trivial loss, tells real nodes from shuffled ones, and leaves no tensors`, async () => {
      const graph = twoKinds();
      const before = tf.memory().numTensors;
      const model = new Hdgi({ ...small, variant });
      const report = await model.fit(graph, { rng: new Rng(1) });
      const { shape, data } = model.embed(graph);
      assert.deepEqual([shape, data.length], [[80, 16], 80 * 16]);
      assert.ok(!report.trivial && report.loss < 0.5 && report.accuracy > 0.8, `loss ${report.loss}, accuracy ${report.accuracy}`);
      const last = report.history.at(-1)!;
      close([last["beta near"]! + last["beta club"]!], [1], 1e-5);
      close([Math.LN2 - last["loss"]!], [last["nats below ln 2"]!], 1e-6);
      const { near, club } = model.pathWeights(graph) as { near: number; club: number };
      close([near + club], [1], 1e-5);
      model.dispose();
      assert.equal(tf.memory().numTensors, before);
    });
  }

  it("the same seed gives the same bits, stopped and resumed too, and saved and loaded", async () => {
    const graph = twoKinds();
    const fit = async (context: object): Promise<Hdgi> => {
      const model = new Hdgi({ ...small, epochs: 12 });
      await model.fit(graph, { rng: new Rng(3), ...context });
      return model;
    };
    const [whole, checkpoint] = [await fit({}), folder()];
    const vectors = whole.embed(graph);
    (await fit({ checkpoint, until: 5 })).dispose();
    await assert.rejects(fit({ checkpoint, signal: AbortSignal.abort() }), AbortError);
    const resumed = await fit({ checkpoint });
    assert.deepEqual(resumed.embed(graph), vectors);
    resumed.save(folder());
    const loaded = Hdgi.load(folder());
    assert.deepEqual(loaded.embed(graph), vectors);
    const other = new Hdgi({ ...small, epochs: 12 });
    await other.fit(graph, { rng: new Rng(4) });
    assert.notDeepEqual(other.embed(graph), vectors);
    [whole, resumed, loaded, other].forEach((model) => model.dispose());
  });

  it("says that it learnt nothing where there is nothing to learn", async () => {
    const all = Array.from({ length: 20 }, (_, n) => n);
    const graph = personaGraph(all.map(String), sparseFrom(20, 1, all, all.map(() => 0)), [{ name: "all", factor: sparseFrom(20, 1, all, all.map(() => 0)) }]);
    const model = new Hdgi({ ...small, epochs: 20 });
    const report = await model.fit(graph, { rng: new Rng(1) }); // every node is like every other
    assert.ok(report.trivial && report.loss > 0.69, String(report.loss));
    model.dispose();
  });

  it("a path can be switched off without a training; other features and paths are refused", async () => {
    const graph = twoKinds();
    const model = new Hdgi({ ...small, epochs: 3 });
    assert.throws(() => model.embed(graph), NotFittedError);
    await model.fit(graph, { rng: new Rng(1) });
    const off = personaGraph(graph.nodes, graph.features, graph.paths.slice(0, 1));
    assert.deepEqual(model.pathWeights(off), { near: 1 });
    assert.notDeepEqual(model.embed(off), model.embed(graph));
    assert.throws(() => model.embed(personaGraph(graph.nodes, graph.features, [{ ...graph.paths[0]!, name: "far" }])), /meta-paths that were learnt \(near, club\), found "far"/);
    assert.throws(() => model.embed(personaGraph(graph.nodes, { shape: [80, 3], data: new Float32Array(240) }, graph.paths)), /Expected 12 features, found 3/);
    model.dispose();
    assert.throws(() => new Hdgi({ variant: "gat", dimension: 10, heads: 4 }), ConfigError);
  });

  it("a graph that is none is refused", () => {
    assert.throws(() => personaGraph(["a"], sparse, paths), /features of 1 nodes, found 7 rows/);
    assert.throws(() => personaGraph(Array.from("abcdefg"), sparse, []), /one meta-path or more/);
    assert.throws(() => personaGraph(Array.from("abcdefg"), sparse, [{ name: "x", matrix: sparseFrom(N, N, [0], [1]) }]), /x to be symmetric/);
  });

  it("a rewired graph keeps its degrees and joins others", () => {
    const graph = twoKinds();
    const other = rewired(graph, new Rng(1));
    const [a, b] = [graph, other].map(({ paths: [path] }) => (path as { matrix: SparseMatrix }).matrix) as [SparseMatrix, SparseMatrix];
    assert.deepEqual(Array.from(b.offsets), Array.from(a.offsets));
    assert.deepEqual(Array.from(b.value).sort(), Array.from(a.value).sort());
    const across = ({ rows, offsets, column }: SparseMatrix): number => Array.from({ length: rows }, (_, n) => column.subarray(offsets[n], offsets[n + 1]).filter((m) => n < 40 !== m < 40).length).reduce((x, y) => x + y, 0);
    assert.equal(across(a), 0);
    assert.ok(across(b) > 0.4 * b.column.length);
    const [c, d] = [graph, other].map(({ paths: [, path] }) => (path as { factor: SparseMatrix }).factor) as [SparseMatrix, SparseMatrix];
    assert.deepEqual(Array.from(rowSums(d)), Array.from(rowSums(c)));
    assert.notDeepEqual(d, c);
  });
});
