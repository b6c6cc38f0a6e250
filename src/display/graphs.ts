/**
 * A graphology graph in a notebook: a network to look at, its nodes placed by ForceAtlas2 from a circle, so that the
 * same graph always looks the same. Of a large graph the nodes of highest degree are shown, and it says so.
 * Jacomy et al. 2014, ForceAtlas2 (PLoS ONE 9(6)); the implementation is graphology's.
 */
import type { PlotData } from "plotly.js";
import { literal, type Figure } from "./figure";
import { figureBundle } from "./figure-bundle";
import { labelSides } from "./graph-labels";
import type { Renderer } from "./mime";
import { clip, formatNumber, plural } from "./panel";
import { has, method, number, text } from "./shapes";

/** What is read of a graph. */
export interface GraphLike {
  readonly order: number;
  readonly size: number;
  readonly type: string;
  forEachNode(visit: (node: string, attributes: Readonly<Record<string, unknown>>) => void): void;
  forEachEdge(visit: (edge: string, attributes: Readonly<Record<string, unknown>>, source: string, target: string) => void): void;
  degree(node: string): number;
}

interface Point {
  readonly node: string;
  readonly attributes: Readonly<Record<string, unknown>>;
  readonly degree: number;
  x: number;
  y: number;
}

const size = { width: 700, height: 520 } as const;
const mostNodes = 200;
const mostEdges = 1000;
const mostLabels = 25;
const mostKinds = 8;
/** Of more edges, arrows would be a blot. */
const mostArrows = 100;
export const colours = ["#2f6fbd", "#c2571a", "#2b8a4b", "#8a4fbf", "#b3262e", "#7a6a1f", "#1f8a8a", "#8f4668"];

/**
 * A graph as a plotly figure: nodes by the attribute `kind` or `type`, labelled where they are few.
 * @param limits how many nodes and edges are drawn at most
 * @example
 * import { graphFigure } from "sessionlab";
 * import { DirectedGraph } from "graphology";
 * const graph = new DirectedGraph();
 * graph.mergeEdge("Heat", "Al Pacino");
 * graph.mergeEdge("Heat", "Michael Mann");
 * const { data, layout } = graphFigure(graph);
 * assert.equal((layout.title as { text: string }).text, "3 nodes, 2 edges");
 * assert.deepEqual((data[1]!.text as string[]).sort(), ["Al Pacino", "Heat", "Michael Mann"]);
 */
export function graphFigure(graph: GraphLike, limits: { readonly nodes?: number; readonly edges?: number } = {}): Figure {
  const points = largest(graph, limits.nodes ?? mostNodes);
  const at = new Map(points.map((point) => [point.node, point]));
  const edges: [Point, Point][] = [];
  let between = 0;
  graph.forEachEdge((_, __, source, target) => {
    const [from, to] = [at.get(source), at.get(target)];
    if (from === undefined || to === undefined || from === to) return;
    if (++between <= (limits.edges ?? mostEdges)) edges.push([from, to]);
  });
  place(points, edges);
  const whole = `${plural(graph.order, "node")}, ${plural(graph.size, "edge")}`;
  const cut = points.length < graph.order ? `${formatNumber(points.length)} of ${whole}: those of highest degree` : whole;
  const edgesCut = between > edges.length ? `${cut}; ${formatNumber(edges.length)} of the ${formatNumber(between)} edges between them` : cut;
  const axis = { visible: false } as const;
  return {
    data: [edgeTrace(edges, graph.type === "directed" && edges.length <= mostArrows), ...nodeTraces(points, edges)],
    layout: {
      title: { text: edgesCut, font: { size: 14 } },
      xaxis: axis,
      yaxis: axis,
      hovermode: "closest",
      margin: { t: 40, r: 60, b: 10, l: 60 },
      width: size.width,
      height: size.height,
      legend: { orientation: "h", y: -0.02 },
    },
  };
}

/** The nodes of highest degree; of equal ones, those that come first in the graph. */
function largest(graph: GraphLike, most: number): Point[] {
  const points: Point[] = [];
  graph.forEachNode((node, attributes) => points.push({ node, attributes, degree: graph.degree(node), x: 0, y: 0 }));
  return points.length <= most ? points : points.sort((a, b) => b.degree - a.degree).slice(0, most);
}

/** ForceAtlas2 from a circle: without a random number. */
function place(points: readonly Point[], edges: readonly (readonly [Point, Point])[]): void {
  const { DirectedGraph } = require("graphology") as typeof import("graphology");
  const forceAtlas2 = require("graphology-library/layout-forceatlas2") as typeof import("graphology-layout-forceatlas2").default;
  const small = new DirectedGraph();
  points.forEach(({ node }, at) => {
    const angle = (2 * Math.PI * at) / points.length;
    // Rounded: the last bits of sin and cos are not the same everywhere.
    small.addNode(node, { x: Number((10 * Math.cos(angle)).toFixed(6)), y: Number((10 * Math.sin(angle)).toFixed(6)) });
  });
  for (const [from, to] of edges) small.mergeEdge(from.node, to.node);
  if (small.size > 0) forceAtlas2.assign(small, { iterations: 200, settings: { strongGravityMode: true, gravity: 0.05, scalingRatio: 30, slowDown: 5, barnesHutOptimize: false } });
  for (const point of points) {
    const { x, y } = small.getNodeAttributes(point.node) as { x: number; y: number };
    point.x = Number(x.toPrecision(4));
    point.y = Number(y.toPrecision(4));
  }
}

/** All edges in one line, broken between them. @param arrows whether each ends in an arrow, short of its node */
function edgeTrace(edges: readonly (readonly [Point, Point])[], arrows: boolean): Partial<PlotData> {
  const heads = { symbol: "arrow", angleref: "previous", color: "#8b96a5", size: edges.flatMap(() => [0, 9, 0]), standoff: edges.flatMap(() => [0, 9, 0]), opacity: 1 };
  return {
    type: "scatter",
    mode: arrows ? "lines+markers" : "lines",
    x: edges.flatMap(([from, to]) => [from.x, to.x, null]),
    y: edges.flatMap(([from, to]) => [from.y, to.y, null]),
    line: { color: "#c3cad3", width: 1 },
    ...(arrows ? { marker: heads as Partial<PlotData["marker"]> } : {}), // the types know no angleref
    hoverinfo: "skip",
    showlegend: false,
  };
}

function kindOf({ attributes }: Point): string {
  const kind = attributes["kind"] ?? attributes["type"];
  return typeof kind === "string" ? kind : "";
}

function labelOf({ node, attributes }: Point): string {
  const { label } = attributes;
  return clip(typeof label === "string" && label !== "" ? label : node, 40);
}

function nodeTraces(points: readonly Point[], edges: readonly (readonly [Point, Point])[]): Partial<PlotData>[] {
  const counts = new Map<string, number>();
  for (const point of points) counts.set(kindOf(point), (counts.get(kindOf(point)) ?? 0) + 1);
  const kinds = [...counts.keys()].sort((a, b) => counts.get(b)! - counts.get(a)!);
  const groups = kinds.length <= mostKinds ? kinds.map((kind) => [kind]) : [...kinds.slice(0, mostKinds - 1).map((kind) => [kind]), kinds.slice(mostKinds - 1)];
  const labelled = points.length <= mostLabels;
  const most = Math.max(1, ...points.map(({ degree }) => degree));
  const named = new Map(points.map((point) => [point, { ...point, label: labelOf(point) }]));
  const lines = edges.map(([from, to]) => [named.get(from)!, named.get(to)!] as const);
  const sides = labelled ? labelSides([...named.values()], size.width - 120, size.height - 80, lines) : [];
  return groups.map((group, at) => {
    const own = points.filter((point) => group.includes(kindOf(point)));
    return {
      type: "scatter",
      mode: labelled ? "text+markers" : "markers",
      name: group.length > 1 ? "others" : literal(group[0]!) === "" ? "nodes" : literal(group[0]!),
      x: own.map(({ x }) => x),
      y: own.map(({ y }) => y),
      text: own.map((point) => literal(labelOf(point))),
      textposition: own.map((point) => sides[points.indexOf(point)] ?? "top center") as unknown as "top center", // a list, which the types do not know
      hovertext: own.map((point) => `${literal(labelOf(point))}<br>${plural(point.degree, "edge")}`),
      hoverinfo: "text",
      cliponaxis: false, // labels may stand in the margin
      marker: { color: colours[at]!, size: own.map(({ degree }) => Math.round(6 + 12 * Math.sqrt(degree / most))) },
      showlegend: groups.length > 1,
    };
  });
}

/** Graphs of graphology. */
export const graphRenderer: Renderer = {
  matches: (value) => has(value, { order: number, size: number, type: text, implementation: text, forEachNode: method, forEachEdge: method, degree: method }),
  render: (value) => {
    const graph = value as GraphLike;
    return figureBundle(graphFigure(graph), `Graph, ${graph.type}: ${plural(graph.order, "node")}, ${plural(graph.size, "edge")}`);
  },
};
