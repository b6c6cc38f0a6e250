/** The stack that notebooks find without installing anything, and that it is one stack: a single tfjs in the process. */
import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { initBackend } from "../../src/tensor/backend";

const modules = join(__dirname, "..", "..", "node_modules");

describe("the stack", () => {
  before(() => initBackend());

  it("danfo computes on the tfjs of this library, on its backend", () => {
    const danfo = require("danfojs-node") as typeof import("danfojs-node");
    assert.ok((danfo.tensorflow.engine as unknown) === tf.engine && (danfo.tensorflow.Tensor as unknown) === tf.Tensor, "danfo brought a tfjs of its own");
    const frame = new danfo.DataFrame({ item: ["a", "b", "a"], count: [1, 2, 3] });
    const tensor = (frame["count"] as unknown as { tensor: tf.Tensor }).tensor;
    assert.ok(tensor instanceof tf.Tensor);
    assert.deepEqual(Array.from(tensor.dataSync()), [1, 2, 3]);
    tensor.dispose();
  });

  it("has one tfjs installed, and no binary of another tfjs-node", () => {
    const cores = readdirSync(join(modules, "@tensorflow")).map((name) => join(modules, "@tensorflow", name, "node_modules", "@tensorflow", "tfjs-core"));
    const nested = cores.filter((path) => existsSync(path)).map((path) => (JSON.parse(readFileSync(join(path, "package.json"), "utf8")) as { version: string }).version);
    assert.ok(nested.every((version) => version === tf.version_core), `tfjs-core ${nested.join(", ")} beside ${tf.version_core}`);
    assert.equal(existsSync(join(modules, "@tensorflow", "tfjs-node", "binding.gyp")), false);
  });

  it("draws graphs and figures, runs notebooks: graphology, plotly.js, tslab", () => {
    const { DirectedGraph } = require("graphology") as typeof import("graphology");
    const { metrics } = require("graphology-library") as typeof import("graphology-library");
    const graph = new DirectedGraph();
    graph.mergeEdge("a", "b");
    graph.mergeEdge("c", "b");
    const ranks = metrics.centrality.pagerank(graph);
    assert.ok(ranks["b"]! > ranks["a"]!);
    assert.ok(existsSync(join(modules, "plotly.js", "dist", "plotly-basic.min.js")));
    assert.equal((require("tslab/package.json") as { version: string }).version, "1.0.22");
  });
});
