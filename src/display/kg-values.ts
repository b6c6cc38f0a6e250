/** Knowledge graphs in a notebook: what is in one, its report, why an edge is there, neighbours, meta-paths, communities. */
import type { DatasetGraph } from "../kg/dataset-graph";
import type { KnowledgeGraph, NamedNode, Neighbour, Statement } from "../kg/graph";
import type { MetaPath } from "../kg/meta-paths";
import type { GraphReport } from "../kg/report";
import type { Community } from "../kg/views";
import type { Renderer } from "./mime";
import { clip, ends, formatNumber, panelBundle, panelRenderer, percent, plural, type Panel } from "./panel";
import { has, list, listOf, method, number, object, text } from "./shapes";

const mostRows = 30;

const nameOf = ({ type, id, label }: NamedNode): string => clip(`${type} ${label ?? id}`, 60);

function graphPanel(graph: KnowledgeGraph): Panel {
  const nodes = [...graph.nodes.values()].map(({ type, ids, labels }) => [type, ids.length, clip(ids.slice(0, 3).map((id, n) => (labels?.[n] === undefined || labels[n] === "" ? id : labels[n]!)).join(", "), 80)]);
  const { shown, gap } = ends(graph.relations.length, mostRows);
  const edges = shown.map((n) => graph.relations[n]!).map(({ name, from, to, target, origin }) => {
    const sources = new Set(Array.from(new Set(origin), (one) => graph.origins[one]!.source));
    return [`${from} ${name} ${to}`, target.length, [...sources].join(", ")];
  });
  return {
    title: "Knowledge graph",
    facts: [plural(graph.nodeCount(), "node"), plural(graph.edgeCount(), "edge")],
    grids: [{ headers: ["nodes", "count", "such as"], rows: nodes }, { headers: ["edges", "count", "from"], rows: edges, gap }],
  };
}

function reportPanel({ nodes, edges, degrees, origins, confidence, linked }: GraphReport): Panel {
  const { shown, gap } = ends(origins.length, mostRows);
  const bins = confidence.map((_, bin) => `${bin / 10}–${(bin + 1) / 10}`);
  const candidates = Object.entries(linked?.candidates ?? {}).map(([count, items]) => `${count} by ${plural(items, "link")}`);
  return {
    title: "Report of a knowledge graph",
    facts: [plural(nodes, "node"), plural(edges, "edge")],
    grids: [
      { headers: ["nodes", "count", "without an edge", "median degree", "highest", "which"], rows: degrees.map(({ type, nodes: count, alone, median, most, hubs }) => [type, count, alone, median, most, hubs.slice(0, 3).map(({ name, degree }) => `${clip(name, 40)} (${formatNumber(degree)})`).join(", ")]) },
      { headers: ["source", "edges", "rule"], rows: shown.map((n) => origins[n]!).map(({ source, edges: count, rule }) => [source, count, rule]), gap },
      { headers: ["confidence", "edges", ...(linked === undefined ? [] : ["links to entities"])], rows: bins.map((bin, n) => [bin, confidence[n]!, ...(linked === undefined ? [] : [linked.confidence[n]!])]).filter((row) => row.slice(1).some((count) => count !== 0)) },
    ],
    notes: [
      ...(linked === undefined ? [] : [`${plural(linked.items, "item")} linked to an entity: ${percent(linked.share)}${linked.eventShare === undefined ? "" : `, and ${percent(linked.eventShare)} of the training events`}.`]),
      ...(candidates.length === 0 ? [] : [`Entities that could have been meant: ${candidates.join(", ")}.`]),
    ],
  };
}

function statementsPanel(statements: readonly Statement[]): Panel {
  const { shown, gap } = ends(statements.length, mostRows);
  const rows = shown.map((n) => statements[n]!).map((one) => [nameOf(one.from), one.relation, nameOf(one.to), one.source, one.rule + (one.through === undefined ? "" : ` (through ${one.through.join(", ")})`), one.confidence, one.count, one.version.slice(0, 8)]);
  return { title: "Why", facts: [plural(statements.length, "statement")], grids: [{ headers: ["from", "relation", "to", "source", "rule", "confidence", "count", "version"], rows, gap }] };
}

function neighboursPanel(neighbours: readonly Neighbour[]): Panel {
  const { shown, gap } = ends(neighbours.length, mostRows);
  const rows = shown.map((n) => neighbours[n]!).map((one) => [one.direction === "out" ? `${one.relation} →` : `← ${one.relation}`, one.type, clip(one.label ?? one.id, 60), one.confidence]);
  return { title: "Neighbours", facts: [plural(neighbours.length, "edge")], grids: [{ headers: ["relation", "type", "node", "confidence"], rows, gap }] };
}

function metaPathPanel({ path, matrix, instances }: MetaPath): Panel {
  const cells = matrix.column.length;
  return {
    title: `Meta-path ${path.join(" – ")}`,
    facts: [plural(instances, "path")],
    grids: [{ headers: ["rows", "columns", "joined pairs", "a row has", "full"], rows: [[matrix.rows, matrix.columns, cells, Number((cells / matrix.rows).toPrecision(3)), percent(cells / matrix.rows / matrix.columns)]] }],
  };
}

function communitiesPanel(communities: readonly Community[]): Panel {
  const { shown, gap } = ends(communities.length, 12);
  return { title: "Communities", facts: [String(communities.length)], grids: [{ headers: ["size", "named by"], rows: shown.map((n) => communities[n]!).map(({ nodes, titles }) => [nodes.length, titles.map((title) => clip(title, 50)).join(" · ")]), gap }] };
}

function datasetPanel({ name, graph, notes, relations }: DatasetGraph): Panel {
  const left = relations && `Of linked data ${plural(relations.kept, "triple")} kept; left out: ${formatNumber(relations.notAllowed)} of other relations, ${formatNumber(relations.later)} of a later date than training, ${formatNumber(relations.unknown + relations.undated)} that may be later.`;
  return { ...graphPanel(graph), title: `Knowledge graph of ${name}`, notes: left === undefined ? notes : [left, ...notes] };
}

function lists<T>(shape: Parameters<typeof listOf>[1], panel: (value: readonly T[]) => Panel): Renderer {
  return { matches: (value) => listOf(value, shape), render: (value) => panelBundle(panel(value as readonly T[])) };
}

const graphShape = { nodes: (value: unknown) => has(value, { size: number, get: method }), relations: list, origins: list, why: method, minConfidence: method };

/** Graphs of src/kg, and what is asked of them. */
export const kgRenderers: readonly Renderer[] = [
  panelRenderer(graphShape, graphPanel),
  panelRenderer({ name: text, graph: (value) => has(value, graphShape), split: object, notes: list }, datasetPanel),
  panelRenderer({ degrees: list, relations: list, origins: list, confidence: list, hash: text, edges: number }, reportPanel),
  panelRenderer({ path: list, matrix: (value) => has(value, { rows: number, columns: number, offsets: object, column: object }), instances: number }, metaPathPanel),
  lists({ relation: text, from: object, to: object, rule: text, confidence: number, edge: number }, statementsPanel),
  lists({ relation: text, direction: text, type: text, id: text, confidence: number, edge: number }, neighboursPanel),
  lists({ nodes: list, titles: list }, communitiesPanel),
];
