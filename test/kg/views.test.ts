/** Views for graphology and the report: what is in them, their bounds, communities that were planted. */
import assert from "node:assert/strict";
import { ConfigError } from "../../src/core/errors";
import { Rng } from "../../src/core/rng";
import { graphFrom, type EdgeList, type KnowledgeGraph } from "../../src/kg/graph";
import { linkRule } from "../../src/kg/linked-edges";
import { metaPath } from "../../src/kg/meta-paths";
import { graphReport } from "../../src/kg/report";
import { communities, largestView, metaPathGraph, neighbourhood, toGraphology } from "../../src/kg/views";

const origin = { source: "demo", rule: "by hand", version: "1" };
const ids = (prefix: string, size: number): string[] => Array.from({ length: size }, (_, n) => `${prefix}${n}`);

function list(name: string, from: string, to: string, pairs: readonly (readonly [number, number])[], confidence?: readonly number[]): EdgeList {
  return { name, from, to, source: Int32Array.from(pairs, ([a]) => a), target: Int32Array.from(pairs, ([, b]) => b), confidence: confidence && Float32Array.from(confidence), origin };
}

/** A star: item 0 has 20 authors, the later the more certain; author 0 wrote items 0, 1 and 2. */
const star = (): KnowledgeGraph => graphFrom([{ type: "item", ids: ids("i", 3), labels: ["Zero", "", "Two"] }, { type: "author", ids: ids("a", 20) }], [
  list("author", "item", "author", [...Array.from({ length: 20 }, (_, n): [number, number] => [0, n]), [1, 0], [2, 0]], [...Array.from({ length: 20 }, (_, n) => n / 20), 1, 1]),
]);

describe("views of a graph", () => {
  it("a neighbourhood: steps, the most certain edges, a seeded sample, a bound on nodes", () => {
    const graph = star();
    const near = neighbourhood(graph, "item:i0", { perRelation: 3 });
    assert.deepEqual(near.nodes(), ["item:i0", "author:a19", "author:a18", "author:a17"]);
    assert.deepEqual(near.getNodeAttributes("item:i0"), { type: "item", id: "i0", label: "Zero" });
    assert.deepEqual(near.getEdgeAttributes(near.edges("item:i0", "author:a18")[0]), { relation: "author", source: "demo", rule: "by hand", confidence: Math.fround(0.9), count: 1 });
    assert.deepEqual(neighbourhood(graph, "author:a0").nodes(), ["author:a0", "item:i0", "item:i1", "item:i2"]);
    assert.deepEqual(neighbourhood(graph, ["item:i1"], { hops: 2, perRelation: 0 }).nodes(), ["item:i1", "author:a0", "item:i0", "item:i2"]);
    assert.equal(neighbourhood(graph, "item:i0", { perRelation: 0, hops: 2 }).order, 23);
    assert.equal(neighbourhood(graph, "item:i0", { perRelation: 0, maxNodes: 7 }).order, 7);
    assert.equal(neighbourhood(graph, "item:i0", { hops: 0 }).order, 1);
    const sample = (seed: number) => neighbourhood(graph, "item:i0", { perRelation: 5, rng: new Rng(seed) }).nodes();
    assert.deepEqual(sample(1), sample(1));
    assert.notDeepEqual(sample(1), sample(2));
    assert.equal(new Set(sample(1)).size, 6);
    assert.throws(() => neighbourhood(graph, "item:none"), ConfigError);
    assert.throws(() => neighbourhood(graph, "item:i0", { hop: 2 } as object), /did you mean "hops"/);
  });

  it("a whole graph and the graph of a meta-path; what is too large is refused before it is made", () => {
    const graph = star();
    assert.deepEqual([toGraphology(graph).order, toGraphology(graph).size, toGraphology(graph, { types: ["author"] }).size], [23, 22, 0]);
    const items = metaPathGraph(graph, metaPath(graph, ["item", "author", "item"]));
    assert.deepEqual(items.mapEdges((_, { weight }, from, to) => [from, to, weight]), [["item:i0", "item:i1", 1], ["item:i0", "item:i2", 1], ["item:i1", "item:i2", 1]]);
    assert.throws(() => metaPathGraph(graph, metaPath(graph, ["item", "author"])), /between nodes of one type/);
    const large = graphFrom([{ type: "item", ids: ids("i", largestView.nodes + 1) }], []);
    assert.throws(() => toGraphology(large), /Expected at most 50000 nodes/);
  });

  it("finds planted communities, named by their best connected titles, for any seed", () => {
    // Three groups of 12, dense inside, one edge between one and the next; node 0 of each is joined to all of its group.
    const pairs: [number, number][] = [];
    for (let group = 0; group < 3; group++) {
      for (let a = 0; a < 12; a++) for (let b = a + 1; b < 12; b++) if (a === 0 || (a * 5 + b) % 3 !== 0) pairs.push([group * 12 + a, group * 12 + b]);
      pairs.push([group * 12 + 5, ((group + 1) % 3) * 12 + 7]);
    }
    const graph = graphFrom([{ type: "item", ids: ids("i", 37), labels: ids("Title ", 37) }], [list("near", "item", "item", pairs)]);
    const view = metaPathGraph(graph, metaPath(graph, ["item", ">near|<near", "item"]));
    for (const seed of [1, 2, 3]) {
      const found = communities(view, new Rng(seed), 1);
      assert.deepEqual(found.map(({ nodes }) => nodes.length), [12, 12, 12]);
      assert.deepEqual(found.map(({ titles }) => titles[0]).sort(), ["Title 0", "Title 12", "Title 24"]);
      for (const { nodes } of found) assert.equal(new Set(nodes.map((node) => Math.floor(Number(node.slice(6)) / 12))).size, 1);
    }
    assert.deepEqual(communities(metaPathGraph(star(), { ...metaPath(star(), ["item", "author", "item"]), matrix: { rows: 3, columns: 3, offsets: new Uint32Array(4), column: new Int32Array(0), value: new Float32Array(0) } }), new Rng(1)), []);
  });
});

describe("the report of a graph", () => {
  it("counts nodes, edges, degrees, sources, confidence and links", () => {
    const nodes = [{ type: "user", ids: ["u", "v"] }, { type: "item", ids: ids("i", 4), labels: ["Zero", "", "", ""] }, { type: "entity", ids: ["urn:e", "urn:f"] }];
    const chose = { ...list("chose", "user", "item", [[0, 0], [0, 1], [1, 0]]), count: Uint32Array.of(3, 1, 1) };
    const is = { ...list("is", "item", "entity", [[0, 0], [2, 1], [2, 0]], [0.7, 1, 0.05]), origin: { source: "linker", rule: linkRule({ rule: "title", candidates: 3 }), version: "2" } };
    const graph = graphFrom(nodes, [chose, is]);
    const { degrees, relations, origins, hash, ...rest } = graphReport(graph);
    assert.deepEqual(rest, {
      nodes: 8, edges: 6, confidence: [1, 0, 0, 0, 0, 0, 0, 1, 0, 4],
      linked: { items: 2, share: 0.5, eventShare: 4 / 5, confidence: [1, 0, 0, 0, 0, 0, 0, 1, 0, 1], candidates: { 3: 3 } },
    });
    assert.equal(hash, graph.hash);
    assert.deepEqual(degrees[1], { type: "item", nodes: 4, alone: 1, median: 1, mean: 6 / 4, most: 3, hubs: [{ name: "Zero", degree: 3 }, { name: "i2", degree: 2 }, { name: "i1", degree: 1 }] });
    assert.deepEqual(relations[1], { name: "is", from: "item", to: "entity", edges: 3, fromShare: 0.5, toShare: 1 });
    assert.deepEqual(origins.map(({ source, edges }) => [source, edges]), [["demo", 3], ["linker", 3]]);
    assert.equal(graphReport(graphFrom([{ type: "item", ids: [] }], [])).degrees[0]!.most, 0);
  });
});
