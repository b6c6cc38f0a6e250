/**
 * A graph as GraphML (Brandes et al. 2002, GraphML Progress Report; graphml.graphdrawing.org), for Gephi, yEd, igraph,
 * networkx and graphology. Nodes have type, id and label, edges relation, source, rule, confidence and count. Characters
 * that XML 1.0 cannot hold (most of those below the space) become U+FFFD.
 */
import type { KnowledgeGraph } from "./graph";
import { writeLines } from "./text-files";

const keys: readonly (readonly [id: string, of: "node" | "edge", name: string, type: string])[] = [
  ["t", "node", "type", "string"], ["i", "node", "id", "string"], ["l", "node", "label", "string"],
  ["r", "edge", "relation", "string"], ["s", "edge", "source", "string"], ["u", "edge", "rule", "string"], ["c", "edge", "confidence", "double"], ["n", "edge", "count", "long"],
];

/**
 * Writes a graph as GraphML, whole or not at all.
 * @throws DataError naming the file if the disk is full
 * @example
 * import { mkdtempSync, readFileSync } from "node:fs";
 * import { graphFrom, graphToGraphml } from "sessionlab";
 * const file = `${mkdtempSync("/tmp/kg-")}/graph.graphml`;
 * graphToGraphml(graphFrom([{ type: "item", ids: ["R&B <live>"] }], []), file);
 * assert.match(readFileSync(file, "utf8"), /<data key="i">R&amp;B &lt;live&gt;<\/data>/);
 */
export function graphToGraphml(graph: KnowledgeGraph, file: string): void {
  writeLines(file, lines(graph));
}

function* lines(graph: KnowledgeGraph): Generator<string> {
  yield '<?xml version="1.0" encoding="UTF-8"?>';
  yield '<graphml xmlns="http://graphml.graphdrawing.org/xmlns">';
  for (const [id, of, name, type] of keys) yield `<key id="${id}" for="${of}" attr.name="${name}" attr.type="${type}"/>`;
  yield '<graph edgedefault="directed">';
  const starts = new Map<string, number>();
  let nodes = 0;
  for (const { type, ids, labels } of graph.nodes.values()) {
    starts.set(type, nodes);
    for (const [n, id] of ids.entries()) yield `<node id="n${nodes++}">${data("t", type)}${data("i", id)}${data("l", labels?.[n] === undefined || labels[n] === "" ? id : labels[n]!)}</node>`;
  }
  for (const { name, from, to, source, target, confidence, count, origin } of graph.relations) {
    const [first, second] = [starts.get(from)!, starts.get(to)!];
    for (let edge = 0; edge < target.length; edge++) {
      const { source: told, rule } = graph.origins[origin[edge]!]!;
      yield `<edge source="n${first + source[edge]!}" target="n${second + target[edge]!}">${data("r", name)}${data("s", told)}${data("u", rule)}${data("c", confidence[edge]!)}${data("n", count[edge]!)}</edge>`;
    }
  }
  yield "</graph>";
  yield "</graphml>";
}

const entities: Readonly<Record<string, string>> = { "&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;" };

function data(key: string, value: string | number): string {
  const text = String(value).replace(/[\u0000-\u0008\u000b\u000c\u000e-\u001f\ufffe\uffff]|\p{Surrogate}/gu, "\ufffd");
  return `<data key="${key}">${text.replace(/[&<>\r]/g, (one) => entities[one]!)}</data>`;
}
