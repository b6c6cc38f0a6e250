/**
 * Personas of a knowledge graph, whole: HDGI learnt on one type of node, its vectors in groups with names, and the questions
 * that one asks of them. One call, `learnPersonas`; the parts stand in the files beside.
 */
import type { Budget } from "../core/budget";
import { ConfigError } from "../core/errors";
import { nearest } from "../core/options";
import type { HostMatrix } from "../evaluation/logistic-regression";
import type { KnowledgeGraph, NamedNode } from "../kg/graph";
import type { TrainingContext } from "../tensor/training";
import { namePersonas, personaGroups, type NamedPersona, type NameOptions, type PersonaGroups } from "./clusters";
import { itemShares, movedBy, pathShares, spreadOf, withoutEdges, withoutPaths, type PathShare } from "./explain";
import { personaGraphOf, type GraphOfType, type PersonaGraphOptions } from "./from-graph";
import { Hdgi, type HdgiOptions, type HdgiReport } from "./hdgi";
import { nearestPersonas, type NearNode } from "./likeness";

/** How personas are learnt. */
export interface PersonaOptions {
  /** Default "user". */
  readonly type?: string;
  /** How many groups; default 8, or fewer where there are fewer nodes. */
  readonly groups?: number;
  readonly hdgi?: Partial<HdgiOptions>;
  readonly graph?: Partial<PersonaGraphOptions>;
  readonly names?: Partial<NameOptions>;
}

/** One of a node's items. */
export interface PersonaItem extends NamedNode {
  /** How far the vector moves without the item, as a share of the usual distance of two nodes; undefined for a node of one item. */
  readonly moved?: number;
}

/** Another node, beside one. */
export interface NearPersona extends NamedNode {
  readonly likeness: number;
  readonly persona: string;
}

/** All that is known of one node. */
export interface PersonaView extends NamedNode {
  /** The name of its group, and how much it belongs to each of them, most first. */
  readonly persona: string;
  readonly memberships: readonly { readonly persona: string; readonly membership: number }[];
  /** Those that the vector hangs on most first. */
  readonly items: readonly PersonaItem[];
  readonly paths: readonly (Omit<PathShare, "neighbours"> & { readonly neighbours: readonly (NamedNode & { readonly weight: number })[]; /** How far the vector moves without the path; undefined for the only one. */ readonly moved?: number })[];
  readonly nearest: readonly NearPersona[];
}

const usualGroups = 8;

/** HDGI's options at each budget, on two cores and tens of thousands of users. */
export const personaBudgets: Readonly<Record<Budget, Partial<HdgiOptions>>> = { minute: { epochs: 30, dimension: 32, heads: 4 }, hour: { epochs: 200 }, paper: {} };

/**
 * Learns personas.
 * @param vectors [V, D] of the graph's items, in their order
 * @param context the seed; where it resumes from, how it is stopped
 * @throws as `personaGraphOf`, `Hdgi.fit`, `personaGroups`
 * @example
 * import { graphFrom, initBackend, learnPersonas, Rng } from "sessionlab";
 * await initBackend();
 * const origin = { source: "demo", rule: "by hand", version: "1" };
 * const edges = (name: string, from: string, to: string, source: number[], target: number[]) => ({ name, from, to, source: Int32Array.from(source), target: Int32Array.from(target), origin });
 * const nodes = [{ type: "user", ids: ["ann", "bob", "cy", "di"] }, { type: "item", ids: ["a", "b"] }, { type: "genre", ids: ["War", "Drama"] }];
 * const graph = graphFrom(nodes, [edges("chose", "user", "item", [0, 1, 2, 3], [0, 0, 1, 1]), edges("genre", "item", "genre", [0, 1], [0, 1])]);
 * const personas = await learnPersonas(graph, { shape: [2, 2], data: Float32Array.of(1, 0, 0, 1) }, { groups: 2, hdgi: { dimension: 4, epochs: 20 } }, { rng: new Rng(1) });
 * assert.equal(personas.view("ann").persona, "War");
 * assert.equal(personas.nearest("ann", 1)[0]!.id, "bob");
 * personas.dispose();
 */
export async function learnPersonas(graph: KnowledgeGraph, vectors: HostMatrix, given: PersonaOptions, context: TrainingContext): Promise<Personas> {
  const { type = "user", groups, hdgi, names } = given;
  const source = personaGraphOf(graph, type, vectors, given.graph);
  const model = new Hdgi(hdgi);
  const report = await model.fit(source, context);
  try {
    const own = model.embed(source);
    const parts = personaGroups(own, groups ?? Math.min(usualGroups, source.nodes.length), context.rng.child("groups"));
    return new Personas(graph, source, model, report, own, parts, namePersonas(graph, type, parts.labels, names));
  } catch (error) {
    model.dispose();
    throw error;
  }
}

/**
 * Personas that were learnt; `learnPersonas` makes them.
 * @example
 * import { graphFrom, initBackend, learnPersonas, Rng, type Personas } from "sessionlab";
 * await initBackend();
 * const origin = { source: "demo", rule: "by hand", version: "1" };
 * const chose = { name: "chose", from: "user", to: "item", source: Int32Array.of(0, 1, 2), target: Int32Array.of(0, 0, 1), origin };
 * const graph = graphFrom([{ type: "user", ids: ["ann", "bob", "cy"] }, { type: "item", ids: ["a", "b"] }], [chose]);
 * const personas: Personas = await learnPersonas(graph, { shape: [2, 1], data: Float32Array.of(1, 2) }, { groups: 2, hdgi: { dimension: 4, epochs: 5 } }, { rng: new Rng(1) });
 * assert.deepEqual(personas.infer([["a"], ["b", "a"]]).shape, [2, 4]); // two newcomers
 * personas.dispose();
 */
export class Personas {
  constructor(
    readonly graph: KnowledgeGraph,
    readonly source: GraphOfType,
    readonly model: Hdgi,
    readonly report: HdgiReport,
    /** [N, D] */
    readonly vectors: HostMatrix,
    readonly groups: PersonaGroups,
    /** By group. */
    readonly named: readonly NamedPersona[],
  ) {}

  /** A node's vector: [D]. @throws ConfigError if there is no such node */
  vector(id: string): Float32Array {
    return rowOf(this.vectors, this.number(id));
  }

  /** The nodes most like one. @throws ConfigError if there is no such node */
  nearest(id: string, k = 5): NearPersona[] {
    const node = this.number(id);
    return nearestPersonas(this.vectors, node, k).map((one) => this.near(one));
  }

  /** A near node in words. */
  near({ node, likeness }: NearNode): NearPersona {
    return { ...this.graph.named(this.source.type, node), likeness, persona: this.nameOf(node) };
  }

  /**
   * The vectors of newcomers, from the outside ids of their items; items that the graph does not have are left out.
   * @returns [R, D]
   */
  infer(items: readonly (readonly string[])[]): HostMatrix {
    const known = new Map(this.graph.table("item").ids.map((id, item) => [id, item]));
    const lists = items.map((list) => list.map((id) => known.get(id)).filter((item) => item !== undefined));
    return this.model.embedNew(this.source, this.source.newNodes(lists as number[][]));
  }

  /** The vectors without some meta-paths: a forward pass. @throws ConfigError for a path that is none */
  without(paths: readonly string[]): HostMatrix {
    return this.model.embed(withoutPaths(this.source, paths));
  }

  /** How much each meta-path that is left counts. @throws as `without` */
  weightsWithout(paths: readonly string[]): Readonly<Record<string, number>> {
    return this.model.pathWeights(withoutPaths(this.source, paths));
  }

  /**
   * The vectors when a node is not joined to something on one meta-path: a forward pass.
   * @param path "user-item-genre-item-user"
   * @param other the outside id of what is in the middle of the path (a genre), or of a node of the type where a relation is in its middle
   * @throws ConfigError for a path, a node or an edge that is none
   */
  withoutEdge(path: string, id: string, other: string): HostMatrix {
    const types = path.split("-");
    const end = types.length % 2 === 1 ? types[(types.length - 1) / 2]! : this.source.type;
    const at = this.graph.table(end).ids.indexOf(other);
    if (at < 0) throw new ConfigError(`Expected a node of type ${end}, found "${other}"`);
    return this.model.embed(withoutEdges(this.source, path, [[this.number(id), at]]));
  }

  /**
   * All that is known of a node.
   * @param most items, neighbours on a path, and nearest nodes to name
   * @throws ConfigError if there is no such node
   */
  view(id: string, most = 5): PersonaView {
    const node = this.number(id);
    const { type, paths } = this.source;
    const items = this.itemsOf(node);
    const moved = new Map(type === "item" ? [] : itemShares(this.model, this.source, items, spreadOf(this.vectors)).map((one) => [one.item, one.moved]));
    const k = this.named.length;
    const memberships = this.named.map(({ name, group }) => ({ persona: name, membership: this.groups.membership.data[node * k + group]! }));
    const named = (number: number): NamedNode => this.graph.named(type, number);
    return {
      ...named(node),
      persona: this.nameOf(node),
      memberships: memberships.sort((a, b) => b.membership - a.membership),
      items: [...new Set(items)].map((item) => ({ ...this.graph.named("item", item), moved: moved.get(item) })).sort((a, b) => (b.moved ?? 0) - (a.moved ?? 0)).slice(0, most),
      paths: pathShares(this.model, this.source, node, most).map(({ neighbours, ...path }) => ({
        ...path,
        neighbours: neighbours.map((one) => ({ ...named(one.node), weight: one.weight })),
        ...(paths.length < 2 ? {} : { moved: movedBy(this.vectors, this.without([path.name]))[node]! }),
      })),
      nearest: this.nearest(id, most),
    };
  }

  dispose(): void {
    this.model.dispose();
  }

  private nameOf(node: number): string {
    return this.named[this.groups.labels[node]!]!.name;
  }

  /** The items of a node, as often as it is joined to them. */
  private itemsOf(node: number): number[] {
    const { type } = this.source;
    if (type === "item") return [];
    return this.graph.relations.flatMap(({ from, to, offsets, target, backOffsets, back, source, count }) => {
      if (from === type && to === "item") return Array.from({ length: offsets[node + 1]! - offsets[node]! }, (_, i) => repeated(target[offsets[node]! + i]!, count[offsets[node]! + i]!)).flat();
      if (from === "item" && to === type) return Array.from(back.subarray(backOffsets[node], backOffsets[node + 1]), (edge) => repeated(source[edge]!, count[edge]!)).flat();
      return [];
    });
  }

  /** A node's number, from its outside id. @throws ConfigError if there is no such node */
  number(id: string): number {
    const { nodes, type } = this.source;
    const node = nodes.indexOf(id);
    if (node < 0) throw new ConfigError(`Expected a ${type} of the graph, found "${id}"; did you mean "${nearest(id, nodes.slice(0, 10_000))}"?`);
    return node;
  }
}

function repeated(item: number, times: number): number[] {
  return Array.from({ length: times }, () => item);
}

function rowOf({ shape: [, width], data }: HostMatrix, row: number): Float32Array {
  return data.subarray(row * width, row * width + width);
}
