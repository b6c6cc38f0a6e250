/**
 * Views of a graph for people and for graphology's algorithms (pagerank, communities, layouts): a neighbourhood, a part,
 * a graph of one type joined by a meta-path. A view is for what fits a screen or an algorithm: each has a bound.
 * A node's key is "type:id"; it has type, id and label, an edge its relation, source, rule, confidence and count.
 */
import type { DirectedGraph, MultiDirectedGraph, UndirectedGraph } from "graphology";
import { ConfigError } from "../core/errors";
import { resolveOptions, rules } from "../core/options";
import type { Rng } from "../core/rng";
import { parseNode, type EdgeChoice, type KnowledgeGraph, type NodeName } from "./graph";
import type { MetaPath } from "./meta-paths";
import type { Relation } from "./relation";

const nearDefaults = {
  /** How many steps away nodes may be. */
  hops: 1,
  /** How many nodes there may be in all: the nearest first. */
  maxNodes: 60,
  /** How many edges of one relation are followed from one node; of more, the most certain, or with `rng` a sample. 0: all. */
  perRelation: 12,
};

/** Options of `neighbourhood`. */
export interface NeighbourhoodOptions extends Partial<typeof nearDefaults> {
  readonly relations?: EdgeChoice["relations"];
  /** Draws the sample. */
  readonly rng?: Rng;
}

/**
 * What lies around some nodes, as a graph of graphology, which a notebook shows as a picture.
 * @param around a node or several: "item:50"
 * @throws ConfigError for a node or an option that is none
 * @example
 * import { graphFrom, neighbourhood } from "sessionlab";
 * const origin = { source: "demo", rule: "by hand", version: "1" };
 * const nodes = [{ type: "item", ids: ["a", "b"] }, { type: "author", ids: ["x"], labels: ["X."] }];
 * const graph = graphFrom(nodes, [{ name: "author", from: "item", to: "author", source: Int32Array.of(0, 1), target: Int32Array.of(0, 0), origin }]);
 * const view = neighbourhood(graph, "item:a", { hops: 2 });
 * assert.deepEqual(view.nodes(), ["item:a", "author:x", "item:b"]);
 * assert.equal(view.getNodeAttribute("author:x", "label"), "X.");
 */
export function neighbourhood(graph: KnowledgeGraph, around: NodeName | readonly NodeName[], { relations, rng, ...given }: NeighbourhoodOptions = {}): MultiDirectedGraph {
  const options = resolveOptions("neighbourhood", nearDefaults, given, { hops: rules.wholeNumber, maxNodes: rules.positiveInteger, perRelation: rules.wholeNumber });
  const part = graph.only({ relations });
  const view = emptyGraph();
  let front = (Array.isArray(around) ? (around as readonly NodeName[]) : [around as NodeName]).map((name) => ({ type: parseNode(name).type, number: graph.number(name) }));
  for (const { type, number } of front) addNode(view, graph, type, number);
  for (let hop = 0; hop < options.hops; hop++) {
    const next: typeof front = [];
    for (const { type, number } of front) {
      for (const relation of part.relations) {
        for (const back of [false, true]) {
          if ((back ? relation.to : relation.from) !== type) continue;
          for (const edge of followed(relation, number, back, options.perRelation, rng)) {
            const other = { type: back ? relation.from : relation.to, number: (back ? relation.source : relation.target)[edge]! };
            if (view.hasNode(keyOf(graph, other.type, other.number)) || view.order >= options.maxNodes) continue;
            addNode(view, graph, other.type, other.number);
            next.push(other);
          }
        }
      }
    }
    front = next;
  }
  addEdges(view, part);
  return view;
}

/** Statements to follow from a node. */
function followed({ offsets, backOffsets, back: order, confidence, count }: Relation, node: number, back: boolean, most: number, rng: Rng | undefined): number[] {
  const edges = back ? Array.from(order.subarray(backOffsets[node], backOffsets[node + 1])) : Array.from({ length: offsets[node + 1]! - offsets[node]! }, (_, n) => offsets[node]! + n);
  if (most === 0 || edges.length <= most) return edges;
  if (rng === undefined) return edges.sort((a, b) => confidence[b]! - confidence[a]! || count[b]! - count[a]! || a - b).slice(0, most);
  for (let n = 0; n < most; n++) {
    const other = n + rng.int(edges.length - n);
    [edges[n], edges[other]] = [edges[other]!, edges[n]!];
  }
  return edges.slice(0, most);
}

/** How many nodes and edges of a graph become one of graphology at most: beyond it, its objects take gigabytes. */
export const largestView = { nodes: 50_000, edges: 500_000 } as const;

/**
 * A whole graph, or some types and relations of it, as a graph of graphology.
 * @throws ConfigError if it has more than 50,000 nodes or 500,000 edges
 * @example
 * import { graphFrom, toGraphology } from "sessionlab";
 * const origin = { source: "demo", rule: "by hand", version: "1" };
 * const edges = { name: "near", from: "item", to: "item", source: Int32Array.of(0), target: Int32Array.of(1), origin };
 * const view = toGraphology(graphFrom([{ type: "item", ids: ["a", "b"] }, { type: "user", ids: ["u"] }], [edges]), { types: ["item"] });
 * assert.deepEqual([view.order, view.getEdgeAttribute(view.edges("item:a", "item:b")[0], "source")], [2, "demo"]);
 */
export function toGraphology(graph: KnowledgeGraph, choice: { readonly types?: readonly string[]; readonly relations?: readonly string[] } = {}): MultiDirectedGraph {
  const part = graph.only(choice);
  bounded(part.nodeCount(), part.edgeCount());
  const view = emptyGraph();
  for (const { type, ids } of part.nodes.values()) for (let n = 0; n < ids.length; n++) addNode(view, part, type, n);
  addEdges(view, part);
  return view;
}

/**
 * The nodes of one type as an undirected graph of graphology, joined where a meta-path joins them, with its values as
 * weights; what joins a node to itself is left out.
 * @throws ConfigError for a path between two types, or if it has more than 50,000 nodes or 500,000 edges: keep fewer by topK
 * @example
 * import { graphFrom, metaPath, metaPathGraph } from "sessionlab";
 * const origin = { source: "demo", rule: "by hand", version: "1" };
 * const edges = { name: "author", from: "item", to: "author", source: Int32Array.of(0, 1), target: Int32Array.of(0, 0), origin };
 * const graph = graphFrom([{ type: "item", ids: ["a", "b"] }, { type: "author", ids: ["x"] }], [edges]);
 * const view = metaPathGraph(graph, metaPath(graph, ["item", "author", "item"]));
 * assert.deepEqual(view.mapEdges((_, { weight }, from, to) => [from, to, weight]), [["item:a", "item:b", 1]]);
 */
export function metaPathGraph(graph: KnowledgeGraph, { from, to, matrix }: MetaPath): UndirectedGraph {
  if (from !== to) throw new ConfigError(`Expected a path between nodes of one type, found one from ${from} to ${to}`);
  bounded(matrix.rows, matrix.column.length);
  const { UndirectedGraph } = require("graphology") as typeof import("graphology");
  const view = new UndirectedGraph();
  for (let n = 0; n < matrix.rows; n++) addNode(view, graph, from, n);
  for (let row = 0; row < matrix.rows; row++) {
    for (let at = matrix.offsets[row]!; at < matrix.offsets[row + 1]!; at++) {
      const column = matrix.column[at]!;
      if (column === row) continue;
      const [a, b] = [keyOf(graph, from, row), keyOf(graph, from, column)];
      if (!view.hasEdge(a, b)) view.addEdge(a, b, { weight: matrix.value[at]! });
    }
  }
  return view;
}

/** A group of nodes that are joined to each other more than to others. */
export interface Community {
  /** Keys of its nodes, by weighted degree within the community. */
  readonly nodes: readonly string[];
  /** Labels of the first of them. */
  readonly titles: readonly string[];
}

/**
 * Communities by Louvain's method (Blondel et al. 2008, J. Stat. Mech. P10008; the implementation is graphology's),
 * largest first, each named by the titles of its best connected nodes. Nodes without an edge are in none.
 * @param rng the order that nodes are looked at in; the same seed gives the same communities
 * @param named how many titles name one
 * @example
 * import { communities, Rng } from "sessionlab";
 * import { UndirectedGraph } from "graphology";
 * const graph = new UndirectedGraph();
 * for (const [a, b] of [["a", "b"], ["b", "c"], ["a", "c"], ["x", "y"]]) graph.mergeEdge(a, b, { weight: 1 });
 * assert.deepEqual(communities(graph, new Rng(1)).map(({ nodes }) => nodes), [["a", "b", "c"], ["x", "y"]]);
 */
export function communities(graph: UndirectedGraph, rng: Rng, named = 3): Community[] {
  const louvain = require("graphology-library/communities-louvain") as typeof import("graphology-communities-louvain").default;
  if (graph.size === 0) return [];
  const places = louvain(graph, { getEdgeWeight: "weight", rng: () => rng.uniform() });
  const groups = new Map<number, Map<string, number>>();
  graph.forEachNode((node) => {
    if (graph.degree(node) === 0) return;
    const group = groups.get(places[node]!) ?? new Map<string, number>();
    groups.set(places[node]!, group.set(node, 0));
  });
  graph.forEachEdge((_, { weight }, a, b) => {
    const group = groups.get(places[a]!)!;
    if (places[a] !== places[b]) return;
    for (const node of [a, b]) group.set(node, group.get(node)! + Number(weight ?? 1));
  });
  return [...groups.values()]
    .map((group) => [...group].sort((a, b) => b[1] - a[1] || (a[0] < b[0] ? -1 : 1)).map(([node]) => node))
    .sort((a, b) => b.length - a.length || (a[0]! < b[0]! ? -1 : 1))
    .map((nodes) => ({ nodes, titles: nodes.slice(0, named).map((node) => String(graph.getNodeAttribute(node, "label") ?? node)) }));
}

function bounded(nodes: number, edges: number): void {
  if (nodes <= largestView.nodes && edges <= largestView.edges) return;
  throw new ConfigError(`Expected at most ${largestView.nodes} nodes and ${largestView.edges} edges in a view, found ${nodes} and ${edges}; choose types and relations, raise minConfidence, or look at a neighbourhood`);
}

function emptyGraph(): MultiDirectedGraph {
  const { MultiDirectedGraph } = require("graphology") as typeof import("graphology");
  return new MultiDirectedGraph();
}

function keyOf(graph: KnowledgeGraph, type: string, number: number): string {
  return `${type}:${graph.table(type).ids[number]!}`;
}

function addNode(view: DirectedGraph | UndirectedGraph, graph: KnowledgeGraph, type: string, number: number): void {
  const { id, label } = graph.named(type, number);
  view.mergeNode(`${type}:${id}`, { type, id, label: label ?? id });
}

/** The statements between nodes of the view. */
function addEdges(view: MultiDirectedGraph, graph: KnowledgeGraph): void {
  view.forEachNode((key, { type, id }) => {
    const node = { type: type as string, id: id as string };
    const number = graph.nodes.has(node.type) ? graph.number(node) : -1;
    for (const relation of graph.relations) {
      if (relation.from !== node.type) continue;
      for (let edge = relation.offsets[number]!; edge < relation.offsets[number + 1]!; edge++) {
        const other = keyOf(graph, relation.to, relation.target[edge]!);
        if (!view.hasNode(other)) continue;
        const { source, rule } = graph.origins[relation.origin[edge]!]!;
        view.addEdge(key, other, { relation: relation.name, source, rule, confidence: relation.confidence[edge]!, count: relation.count[edge]! });
      }
    }
  });
}
