/** Knowledge graphs and what is asked of them, as a notebook shows them; a neighbourhood shows itself as a picture. */
import assert from "node:assert/strict";
import { Rng } from "../../src/core/rng";
import { graphRenderer } from "../../src/display/graphs";
import { toBundle } from "../../src/display/mime";
import { graphFrom } from "../../src/kg/graph";
import { metaPath } from "../../src/kg/meta-paths";
import { graphReport } from "../../src/kg/report";
import { communities, metaPathGraph, neighbourhood } from "../../src/kg/views";
import { evilTitle, textOf } from "./values";

const graph = graphFrom([{ type: "item", ids: ["a", "b", "c"], labels: [evilTitle, "Casino", ""] }, { type: "genre", ids: ["crime"], labels: ["Crime"] }], [
  { name: "genre", from: "item", to: "genre", source: Int32Array.of(0, 1, 2), target: Int32Array.of(0, 0, 0), confidence: Float32Array.of(0.5, 1, 1), origin: { source: "dbpedia", rule: "a triple", version: "0123456789", through: ["links"] } },
]);

const plain = (value: unknown): string[] => textOf(toBundle(value), "text/plain").split("\n").map((line) => line.trim().replace(/ {2,}/g, "  "));

describe("knowledge graphs in a notebook", () => {
  it("a graph: nodes and edges by type, with titles escaped", () => {
    assert.deepEqual(plain(graph), ["Knowledge graph  4 nodes  3 edges", "", "nodes  count  such as", `item  3  ${evilTitle}, Casino, c`, "genre  1  Crime", "", "edges  count  from", "item genre genre  3  dbpedia"]);
    assert.doesNotMatch(textOf(toBundle(graph), "text/html"), /<script>/);
    const shown = { name: "demo", graph, split: {}, events: {}, notes: ["Linked data are not here"] };
    assert.deepEqual([plain(shown)[0], plain(shown).at(-1)], ["Knowledge graph of demo  4 nodes  3 edges", "Linked data are not here"]);
  });

  it("why, neighbours, report, meta-path, communities", () => {
    assert.deepEqual(plain(graph.why("item:b", "genre:crime")).slice(2), ["from  relation  to  source  rule  confidence  count  version", "item Casino  genre  genre Crime  dbpedia  a triple (through links)  1  1  01234567"]);
    assert.deepEqual(plain(graph.neighbours("genre:crime")).slice(3), [`← genre  item  ${evilTitle}  0.5`, "← genre  item  Casino  1", "← genre  item  c  1"]);
    const path = metaPath(graph, ["item", "genre", "item"], { diagonal: false });
    assert.deepEqual(plain(path), ["Meta-path item – genre – item  9 paths", "", "rows  columns  joined pairs  a row has  full", "3  3  6  2  66.7 %"]);
    assert.ok(plain(graphReport(graph)).includes("0.5–0.6  1"));
    assert.deepEqual(plain(communities(metaPathGraph(graph, path), new Rng(1))).slice(2), ["size  named by", `3  ${evilTitle} · Casino · c`]);
  });

  it("a neighbourhood is drawn as a network", () => {
    assert.ok(graphRenderer.matches(neighbourhood(graph, "genre:crime")));
  });
});
