/** A graph in files and back: Parquet, N-Triples, Turtle to the hash, GraphML by graphology's parser; hostile names; damage. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { MultiDirectedGraph } from "graphology";
import { ConfigError, DataError } from "../../src/core/errors";
import { loadGraph, saveGraph } from "../../src/kg/graph-files";
import { graphFrom, type KnowledgeGraph } from "../../src/kg/graph";
import { graphFromRdf, graphToRdf } from "../../src/kg/graph-rdf";
import { graphToGraphml } from "../../src/kg/graphml";
import { triplesFromFile } from "../../src/kg/rdf-files";
import { freshFolder } from "../scratch";

const hostile = [
  'he said "no"', "it's", "a\nb\tc\r", "back\\slash", "<http://x> . <y>", "日本語 \u{1f4da} naïve", "100% & more; DROP TABLE part; --", "%22%3E", "a b", "@en", "_:b0", "\u0001\u007f", "]]>", "${x}`", "'; select 1; '",
];

function hostileGraph(): KnowledgeGraph {
  const iris = ["http://dbpedia.org/resource/Dune_(novel)", "http://dbpedia.org/resource/Amélie", "http://x/with space", "http://x/<>\"{}", "urn:sessionlab:node:item:50", "not an IRI"];
  const nodes = [
    { type: "item", ids: hostile, labels: hostile.map((name, n) => (n % 3 === 0 ? "" : `${name}!`)) },
    { type: "entity", ids: iris },
    { type: "value", ids: hostile.map((name) => JSON.stringify(name)) },
    { type: 'odd"type', ids: ["x"] },
  ];
  const all = Int32Array.from(hostile.keys());
  const origin = { source: 'a "source"\n', rule: "é \\ rule", version: "1", through: ["b", "c 'd'"] };
  return graphFrom(nodes, [
    { name: "is", from: "item", to: "entity", source: all, target: all.map((n) => n % 6), confidence: Float32Array.from(all, (n) => n / 16), count: Uint32Array.from(all, (n) => 1 + n), origin },
    { name: "is", from: "item", to: "entity", source: Int32Array.of(0), target: Int32Array.of(0), confidence: Math.fround(0.1), origin: { source: "other", rule: "r", version: "2" } },
    { name: "dbo:author", from: "entity", to: "entity", source: Int32Array.of(0, 1), target: Int32Array.of(1, 5), origin },
    { name: "dbo:author", from: "entity", to: "value", source: Int32Array.of(0), target: Int32Array.of(3), origin },
    { name: 'a "relation" <of>\n', from: "item", to: 'odd"type', source: all, target: new Int32Array(all.length), origin },
    { name: "empty", from: "item", to: "item", source: new Int32Array(0), target: new Int32Array(0), origin },
  ]);
}

describe("a graph in files", () => {
  const folder = freshFolder();

  it("Parquet: the same hash, labels and statements", async () => {
    const graph = hostileGraph();
    await saveGraph(graph, join(folder(), "graph"));
    const back = await loadGraph(join(folder(), "graph"));
    assert.equal(back.hash, graph.hash);
    assert.deepEqual([...back.nodes.values()], [...graph.nodes.values()]);
    assert.deepEqual(back.relations, graph.relations);
    const cut = graph.without("other");
    await saveGraph(cut, join(folder(), "cut"));
    assert.equal((await loadGraph(join(folder(), "cut"))).hash, cut.hash);
  });

  it("Parquet: more rows than a chunk of DuckDB has", async () => {
    const size = 5000;
    const edges = { name: "r", from: "a", to: "a", source: Int32Array.from({ length: size }, (_, n) => n), target: Int32Array.from({ length: size }, (_, n) => (n * 7919) % size), origin: { source: "s", rule: "r", version: "1" } };
    const graph = graphFrom([{ type: "a", ids: Array.from({ length: size }, (_, n) => `a${n}`) }], [edges]);
    await saveGraph(graph, join(folder(), "graph"));
    assert.equal((await loadGraph(join(folder(), "graph"))).hash, graph.hash);
  });

  it("Parquet: a damaged or a missing file is named, never read", async () => {
    const path = join(folder(), "graph");
    await saveGraph(hostileGraph(), path);
    const edges = readFileSync(join(path, "edges.parquet"));
    edges[edges.length >> 1]! ^= 1;
    writeFileSync(join(path, "edges.parquet"), edges);
    await assert.rejects(loadGraph(path), (error: Error) => error instanceof DataError && /edges\.parquet with sha256/.test(error.message));
    writeFileSync(join(path, "graph.json"), "{");
    await assert.rejects(loadGraph(path), DataError);
    await assert.rejects(loadGraph(join(folder(), "none")), /Expected the folder of a graph/);
  });

  for (const ending of ["nt", "ttl"]) {
    it(`${ending}: read back by Oxigraph's parser to the same hash`, async () => {
      const graph = hostileGraph();
      const file = join(folder(), `graph.${ending}`);
      graphToRdf(graph, file);
      const back = await graphFromRdf(file);
      assert.equal(back.hash, graph.hash);
      assert.deepEqual([...back.nodes.values()], [...graph.nodes.values()]);
      const { terms, subject, predicate, object } = await triplesFromFile(file);
      const has = (s: string, p: string, o: string): boolean => subject.some((at, row) => terms[at] === s && terms[predicate[row]!] === p && terms[object[row]!] === o);
      // DBpedia's own words stay what they are.
      assert.ok(has("http://dbpedia.org/resource/Dune_(novel)", "http://dbpedia.org/ontology/author", "http://dbpedia.org/resource/Amélie"));
      assert.ok(has(`urn:sessionlab:node:item:${encodeURIComponent(hostile[0]!)}`, "urn:sessionlab:relation:is", "http://dbpedia.org/resource/Dune_(novel)"));
    });
  }

  it("without provenance: one triple a statement, and no graph again", async () => {
    const graph = hostileGraph();
    const file = join(folder(), "plain.nt");
    graphToRdf(graph, file, { provenance: false });
    const { predicate, terms } = await triplesFromFile(file);
    assert.equal(predicate.filter((p) => terms[p] === "http://dbpedia.org/ontology/author").length, 3);
    assert.equal(terms.some((one) => one.includes("Statement")), false);
    await assert.rejects(graphFromRdf(file), DataError);
    assert.throws(() => graphToRdf(graph, join(folder(), "graph.rdf")), ConfigError);
  });

  it("GraphML: read by graphology's parser, with what XML cannot hold replaced", () => {
    const graph = hostileGraph();
    const file = join(folder(), "graph.graphml");
    graphToGraphml(graph, file);
    const { parse } = require("graphology-graphml") as typeof import("graphology-graphml");
    const back = parse(MultiDirectedGraph, readFileSync(file, "utf8"));
    assert.deepEqual([back.order, back.size], [graph.nodeCount(), graph.edgeCount()]);
    const ids = back.filterNodes((_, { type }) => type === "item").map((node) => back.getNodeAttribute(node, "id") as string);
    assert.deepEqual(ids, hostile.map((name) => name.replace("\u0001", "\ufffd")));
    const is = back.filterEdges((_, { relation }) => relation === "is").map((edge) => back.getEdgeAttribute(edge, "confidence") as number);
    assert.deepEqual(is, Array.from(graph.relation("is").confidence));
  });
});
