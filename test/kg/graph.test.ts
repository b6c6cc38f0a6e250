/** The typed graph: sorting and merging by hand, provenance, other graphs made of it, wrong numbers refused. */
import assert from "node:assert/strict";
import { ConfigError, DataError } from "../../src/core/errors";
import { Rng } from "../../src/core/rng";
import { graphFrom, type EdgeList, type NodeTable, type Origin } from "../../src/kg/graph";

const nodes: readonly NodeTable[] = [
  { type: "item", ids: ["50", "181", "9"], labels: ["Star Wars", "Return of the Jedi", ""] },
  { type: "author", ids: ["lucas", "kasdan"], labels: ["George Lucas", "Lawrence Kasdan"] },
];
const table: Origin = { source: "items", rule: "column writer", version: "v1" };
const dbpedia: Origin = { source: "dbpedia", rule: "dbo:writer", version: "2016-10", through: ["links"] };

const written = (origin: Origin, source: number[], target: number[], rest: Partial<EdgeList> = {}): EdgeList => ({
  name: "writer", from: "item", to: "author", source: Int32Array.from(source), target: Int32Array.from(target), origin, ...rest,
});

const lists = (): EdgeList[] => [
  written(table, [1, 0, 1, 1], [1, 0, 0, 1], { count: Uint32Array.of(1, 2, 3, 4), confidence: Float32Array.of(0.5, 1, 1, 0.75) }),
  written(dbpedia, [1, 2], [1, 0], { confidence: 0.6 }),
  { name: "continued by", from: "item", to: "item", source: Int32Array.of(0), target: Int32Array.of(1), origin: dbpedia },
];

describe("the typed graph", () => {
  it("orders statements, merges what one origin says twice, and keeps what two say apart", () => {
    const graph = graphFrom(nodes, lists());
    const writer = graph.relation("writer");
    assert.deepEqual(graph.origins, [dbpedia, table]);
    assert.deepEqual(Array.from(writer.offsets), [0, 1, 4, 5]);
    assert.deepEqual(Array.from(writer.source), [0, 1, 1, 1, 2]);
    assert.deepEqual(Array.from(writer.target), [0, 0, 1, 1, 0]);
    assert.deepEqual(Array.from(writer.origin), [1, 1, 0, 1, 0]);
    assert.deepEqual(Array.from(writer.count), [2, 3, 1, 5, 1]);
    assert.deepEqual(Array.from(writer.confidence), [1, 1, 0.6, 0.75, 0.6].map(Math.fround));
    assert.deepEqual(Array.from(writer.backOffsets), [0, 3, 5]);
    assert.deepEqual(Array.from(writer.back), [0, 1, 4, 2, 3]);
    assert.deepEqual([graph.nodeCount(), graph.nodeCount("author"), graph.edgeCount()], [5, 2, 6]);
  });

  it("gives the same hash whatever the order, and another for another confidence, count, origin or id", () => {
    const { hash } = graphFrom(nodes, lists());
    const turned = lists().reverse().map((list) => ({
      ...list,
      source: list.source.slice().reverse(),
      target: list.target.slice().reverse(),
      count: list.count?.slice().reverse(),
      confidence: typeof list.confidence === "object" ? list.confidence.slice().reverse() : list.confidence,
    }));
    assert.equal(graphFrom(nodes, turned).hash, hash);
    assert.equal(graphFrom(nodes.map(({ type, ids }) => ({ type, ids })), lists()).hash, hash); // labels are for people
    const [first, second, third] = lists() as [EdgeList, EdgeList, EdgeList];
    const others = [
      [first, { ...second, confidence: 0.61 }, third],
      [{ ...first, count: Uint32Array.of(1, 2, 3, 5) }, second, third],
      [first, { ...second, origin: { ...dbpedia, version: "2022" } }, third],
      [first, second, { ...third, target: Int32Array.of(2) }],
    ].map((edges) => graphFrom(nodes, edges).hash);
    others.push(graphFrom([{ ...nodes[0]!, ids: ["50", "181", "10"] }, nodes[1]!], lists()).hash);
    assert.equal(new Set([hash, ...others]).size, 6);
  });

  it("says why an edge is there, both ways round", () => {
    const graph = graphFrom(nodes, lists());
    const why = graph.why("item:181", { type: "author", id: "kasdan" });
    assert.deepEqual(why.map(({ source, rule, confidence, count }) => [source, rule, confidence, count]), [["dbpedia", "dbo:writer", Math.fround(0.6), 1], ["items", "column writer", 0.75, 5]]);
    assert.deepEqual(why[0], {
      relation: "writer", from: { type: "item", id: "181", label: "Return of the Jedi" }, to: { type: "author", id: "kasdan", label: "Lawrence Kasdan" },
      ...dbpedia, confidence: Math.fround(0.6), count: 1, edge: 2,
    });
    assert.deepEqual(graph.why("author:kasdan", "item:181"), why);
    assert.deepEqual(graph.why({ relation: "writer", edge: 2 }), [why[0]]);
    assert.deepEqual(graph.why("item:50", "author:kasdan"), []);
    assert.deepEqual(graph.why("item:181", "item:50").map(({ relation, from }) => [relation, from.id]), [["continued by", "50"]]);
    assert.deepEqual(graph.named("item", 2), { type: "item", id: "9" });
  });

  it("is cut by source, by what a source was made through, and by confidence; nodes keep their numbers", () => {
    const graph = graphFrom(nodes, lists());
    const alone = graphFrom(nodes, [lists()[0]!]);
    for (const cut of [graph.without("dbpedia"), graph.without("links")]) {
      assert.equal(cut.relation("continued by").target.length, 0);
      assert.deepEqual(Array.from(cut.relation("writer").target), Array.from(alone.relation("writer").target));
      assert.deepEqual(Array.from(cut.relation("writer").back), Array.from(alone.relation("writer").back));
      assert.equal(cut.number("item:9"), 2);
    }
    assert.equal(graph.minConfidence(0).hash, graph.hash);
    assert.equal(graph.minConfidence(0.6).edgeCount(), 6); // 0.6 as it is kept
    assert.deepEqual(Array.from(graph.minConfidence(0.7).relation("writer").confidence), [1, 1, 0.75]);
    assert.deepEqual(Array.from(graph.minConfidence(0.7).degrees("author")), [2, 1]);
    assert.throws(() => graph.without("dpbedia"), /did you mean "dbpedia"/);
    assert.throws(() => graph.minConfidence(NaN), ConfigError);
  });

  it("gives neighbours and degrees by direction and relation, and the graph of some types", () => {
    const graph = graphFrom(nodes, lists());
    assert.deepEqual(graph.neighbours("author:lucas").map(({ id, direction, relation }) => [id, direction, relation]), [["50", "in", "writer"], ["181", "in", "writer"], ["9", "in", "writer"]]);
    assert.deepEqual(graph.neighbours("item:181", { direction: "in" }).map(({ label }) => label), ["Star Wars"]);
    assert.deepEqual(Array.from(graph.degrees("item")), [2, 4, 1]);
    assert.deepEqual(Array.from(graph.degrees("item", { relations: ["continued by"], direction: "out" })), [1, 0, 0]);
    const items = graph.only({ types: ["item"] });
    assert.deepEqual([items.relations.map(({ name }) => name), [...items.nodes.keys()]], [["continued by"], ["item"]]);
    assert.throws(() => graph.only({ relations: ["writter"] }), /did you mean "writer"/);
    assert.throws(() => graph.number("item:51"), /found "51", which is none/);
    assert.throws(() => graph.number("itm:50"), /did you mean "item"/);
  });

  it("refuses nodes that are not there, numbers that are none, ids that are empty or there twice", () => {
    const bad = (rest: Partial<EdgeList>): (() => unknown) => () => graphFrom(nodes, [written(table, [0, 1], [0, 1], rest)]);
    assert.throws(bad({ target: Int32Array.of(0, 2) }), /Expected a node of type author in 0\.\.1, found 2 in statement 1/);
    assert.throws(bad({ source: Int32Array.of(-1, 0) }), /Expected a node of type item in 0\.\.2, found -1/);
    assert.throws(bad({ confidence: Float32Array.of(1, NaN) }), /a confidence in \[0, 1\], found NaN in statement 1/);
    assert.throws(bad({ confidence: 1.5 }), DataError);
    assert.throws(bad({ count: Uint32Array.of(1, 0) }), /a count of 1 or more/);
    assert.throws(bad({ target: Int32Array.of(0) }), /Expected 2 values of target/);
    assert.throws(bad({ to: "auhtor" }), /did you mean "author"/);
    assert.throws(() => graphFrom([{ type: "item", ids: ["a", "a"] }], []), /Expected every item once, found "a" again at 1/);
    assert.throws(() => graphFrom([{ type: "item", ids: [""] }], []), DataError);
    assert.throws(() => graphFrom([{ type: "an item", ids: ["a"] }], []), DataError);
    assert.throws(() => graphFrom([...nodes, nodes[0]!], []), /every type of node once/);
  });

  it("sorts and merges as maps do, on random statements of three origins", () => {
    const rng = new Rng(8);
    const [from, to, size] = [37, 23, 1500];
    const tables = [{ type: "a", ids: Array.from({ length: from }, (_, n) => `a${n}`) }, { type: "b", ids: Array.from({ length: to }, (_, n) => `b${n}`) }];
    const edges = ["x", "y", "z"].map((source): EdgeList => ({
      name: "r", from: "a", to: "b", origin: { source, rule: "random", version: "1" },
      source: Int32Array.from({ length: size }, () => rng.int(from)), target: Int32Array.from({ length: size }, () => rng.int(to)),
      confidence: Float32Array.from({ length: size }, () => rng.int(5) / 4), count: Uint32Array.from({ length: size }, () => 1 + rng.int(3)),
    }));
    const expected = new Map<string, [number, number]>();
    for (const { source, target, confidence, count, origin } of edges) {
      for (let n = 0; n < size; n++) {
        const key = JSON.stringify([source[n], target[n], origin.source]);
        const [best, sum] = expected.get(key) ?? [0, 0];
        expected.set(key, [Math.max(best, (confidence as Float32Array)[n]!), sum + count![n]!]);
      }
    }
    const graph = graphFrom(tables, edges).where(({ count }) => (edge) => count[edge]! > 1);
    const r = graph.relation("r");
    const found = Array.from(r.target, (target, edge) => [JSON.stringify([r.source[edge], target, graph.origins[r.origin[edge]!]!.source]), [r.confidence[edge], r.count[edge]]]);
    assert.deepEqual(new Map(found as [string, [number, number]][]), new Map([...expected].filter(([, [, count]]) => count > 1)));
    const sorted = Array.from(r.back, (edge) => r.target[edge]! * from + r.source[edge]!);
    assert.deepEqual(sorted, sorted.slice().sort((a, b) => a - b));
    assert.deepEqual(Array.from(r.backOffsets), Array.from({ length: to + 1 }, (_, t) => r.target.filter((one) => one < t).length));
  });
});
