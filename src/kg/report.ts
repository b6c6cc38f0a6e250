/** What there is in a graph: nodes and edges by type, how sure they are, how they are spread, what is linked. */
import type { KnowledgeGraph, Origin } from "./graph";
import { candidatesIn, sameRelation } from "./linked-edges";

/** How many statements the nodes of a type have part in. */
export interface DegreeSummary {
  readonly type: string;
  readonly nodes: number;
  /** Nodes that no statement names. */
  readonly alone: number;
  readonly median: number;
  readonly mean: number;
  readonly most: number;
  /** The nodes of the highest degrees, with their names. */
  readonly hubs: readonly { readonly name: string; readonly degree: number }[];
}

/** One relation. */
export interface RelationSummary {
  readonly name: string;
  readonly from: string;
  readonly to: string;
  readonly edges: number;
  /** Share of the nodes at either end that have such an edge. */
  readonly fromShare: number;
  readonly toShare: number;
}

/** A graph in numbers. */
export interface GraphReport {
  readonly nodes: number;
  readonly edges: number;
  readonly degrees: readonly DegreeSummary[];
  readonly relations: readonly RelationSummary[];
  readonly origins: readonly (Origin & { readonly edges: number })[];
  /** [10] edges by confidence: [0, .1), [.1, .2), ... [.9, 1]. */
  readonly confidence: readonly number[];
  /** Items that are linked to an entity; absent where there are no entities. */
  readonly linked?: {
    readonly items: number;
    readonly share: number;
    /** Share of the events of training whose item is linked; absent where the graph has no users. */
    readonly eventShare?: number;
    /** [10] links by confidence. */
    readonly confidence: readonly number[];
    /** Links by how many entities could have been meant, where their rule says so. */
    readonly candidates: Readonly<Record<number, number>>;
  };
  readonly hash: string;
}

const hubs = 5;

/**
 * Counts what is in a graph.
 * @example
 * import { graphFrom, graphReport } from "sessionlab";
 * const origin = { source: "demo", rule: "by hand", version: "1" };
 * const edges = { name: "author", from: "item", to: "author", source: Int32Array.of(0, 1), target: Int32Array.of(0, 0), confidence: 0.75, origin };
 * const { confidence, degrees } = graphReport(graphFrom([{ type: "item", ids: ["a", "b", "c"] }, { type: "author", ids: ["x"] }], [edges]));
 * assert.deepEqual([confidence[7], degrees[0]!.alone, degrees[1]!.hubs], [2, 1, [{ name: "x", degree: 2 }]]);
 */
export function graphReport(graph: KnowledgeGraph): GraphReport {
  const confidence = new Array<number>(10).fill(0);
  const edges = new Array<number>(graph.origins.length).fill(0);
  for (const relation of graph.relations) {
    tally(confidence, relation.confidence);
    for (const origin of relation.origin) edges[origin]!++;
  }
  const relations = graph.relations.map(({ name, from, to, target, offsets, backOffsets }) => ({ name, from, to, edges: target.length, fromShare: shareWithRows(offsets), toShare: shareWithRows(backOffsets) }));
  return {
    nodes: graph.nodeCount(),
    edges: graph.edgeCount(),
    degrees: [...graph.nodes.keys()].map((type) => degreesOf(graph, type)),
    relations,
    origins: graph.origins.map((origin, n) => ({ ...origin, edges: edges[n]! })),
    confidence,
    ...linkedOf(graph),
    hash: graph.hash,
  };
}

function tally(bins: number[], confidence: Float32Array): void {
  // 0.7 in 32 bits is a little less than 0.7: the bound moves with it.
  for (const one of confidence) bins[Math.min(9, Math.floor(one * 10 + 1e-6))]!++;
}

function shareWithRows(offsets: Uint32Array): number {
  let some = 0;
  for (let n = 1; n < offsets.length; n++) if (offsets[n]! > offsets[n - 1]!) some++;
  return offsets.length === 1 ? 0 : some / (offsets.length - 1);
}

function degreesOf(graph: KnowledgeGraph, type: string): DegreeSummary {
  const degrees = graph.degrees(type);
  const sorted = degrees.slice().sort();
  const nodes = degrees.length;
  const bound = sorted[Math.max(0, nodes - hubs)] ?? 0;
  const top = Array.from(degrees.keys()).filter((n) => degrees[n]! >= bound && degrees[n]! > 0).sort((a, b) => degrees[b]! - degrees[a]! || a - b).slice(0, hubs);
  const name = (n: number): string => {
    const { id, label } = graph.named(type, n);
    return label ?? id;
  };
  return {
    type,
    nodes,
    alone: degrees.filter((degree) => degree === 0).length,
    median: nodes === 0 ? 0 : sorted[Math.floor((nodes - 1) / 2)]!,
    mean: nodes === 0 ? 0 : degrees.reduce((sum, one) => sum + one, 0) / nodes,
    most: sorted.at(-1) ?? 0,
    hubs: top.map((n) => ({ name: name(n), degree: degrees[n]! })),
  };
}

function linkedOf(graph: KnowledgeGraph): Pick<GraphReport, "linked"> {
  const relation = graph.relations.find(({ name, from, to }) => name === sameRelation && from === "item" && to === "entity");
  if (relation === undefined) return {};
  const { offsets } = relation;
  const isLinked = (item: number): boolean => offsets[item + 1]! > offsets[item]!;
  const items = graph.nodeCount("item");
  const confidence = new Array<number>(10).fill(0);
  tally(confidence, relation.confidence);
  let linked = 0;
  for (let item = 0; item < items; item++) linked += isLinked(item) ? 1 : 0;
  const chosen = graph.relations.find(({ from, to }) => from === "user" && to === "item");
  const [events, covered] = [0, 0].map((_, only) => chosen?.target.reduce((sum, item, edge) => (only === 0 || isLinked(item) ? sum + chosen.count[edge]! : sum), 0) ?? 0) as [number, number];
  const candidates: Record<number, number> = {};
  for (const origin of relation.origin) {
    const count = candidatesIn(graph.origins[origin]!.rule);
    if (count !== undefined) candidates[count] = (candidates[count] ?? 0) + 1;
  }
  return {
    linked: {
      items: linked,
      share: items === 0 ? 0 : linked / items,
      ...(chosen === undefined || events === 0 ? {} : { eventShare: covered / events }),
      confidence,
      candidates,
    },
  };
}
