/**
 * A typed graph with provenance: nodes of named types, each with a dictionary, and relations in columns (relation.ts).
 * Every statement names its origin: the source, the rule that made it and the hash of what it was made of. A graph does
 * not change: `without`, `minConfidence` and `only` give others over the same nodes, so that node numbers stay.
 */
import { ConfigError, DataError } from "../core/errors";
import { hashOf } from "../core/hash";
import { nearest } from "../core/options";
import { filterRelation, relationOf, type Relation, type RelationName, type Statements } from "./relation";

/** The nodes of one type. */
export interface NodeTable {
  readonly type: string;
  /** [N] outside ids by number. */
  readonly ids: readonly string[];
  /** [N] what people call them; "" where there is no name. They do not count for the graph's hash. */
  readonly labels?: readonly string[];
}

/** Where statements come from. */
export interface Origin {
  /** "ml-100k", "dbpedia": what `without` names. */
  readonly source: string;
  /** How the statement was made, in words. */
  readonly rule: string;
  /** The hash or version of what it was made of. */
  readonly version: string;
  /** Other sources without which it would not be there, in order. */
  readonly through?: readonly string[];
}

/** Statements to build from, in any order: what one origin says in one relation. */
export interface EdgeList extends RelationName, Omit<Statements, "origin"> {
  readonly origin: Origin;
}

/** A node by type and outside id: { type: "item", id: "50" } or "item:50". */
export type NodeName = string | { readonly type: string; readonly id: string };

/** A node as it is shown. */
export interface NamedNode {
  readonly type: string;
  readonly id: string;
  readonly label?: string;
}

/** One statement with all that is known of it. */
export interface Statement extends Origin {
  readonly relation: string;
  readonly from: NamedNode;
  readonly to: NamedNode;
  readonly confidence: number;
  readonly count: number;
  /** Its number in the relation. */
  readonly edge: number;
}

/** A node beside another. */
export interface Neighbour extends NamedNode {
  readonly relation: string;
  /** Whether the statement leads to the neighbour or comes from it. */
  readonly direction: "out" | "in";
  readonly confidence: number;
  readonly edge: number;
}

/** Which statements count: of these relations, and in which direction. */
export interface EdgeChoice {
  readonly relations?: readonly string[];
  readonly direction?: "out" | "in" | "both";
}

/**
 * A typed graph in columns; `graphFrom` makes one.
 * @example
 * import { graphFrom, KnowledgeGraph } from "sessionlab";
 * const nodes = [{ type: "item", ids: ["a", "b"] }];
 * const list = (source: string, confidence: number) => ({ name: "like", from: "item", to: "item", source: Int32Array.of(0), target: Int32Array.of(1), confidence, origin: { source, rule: "by hand", version: "1" } });
 * const graph: KnowledgeGraph = graphFrom(nodes, [list("dbpedia", 0.5), list("shop", 0.9)]);
 * assert.equal(graph.without("dbpedia").hash, graph.minConfidence(0.8).hash);
 */
export class KnowledgeGraph {
  private indexes = new Map<string, ReadonlyMap<string, number>>();
  private identity: string | undefined;

  /**
   * As they are; `graphFrom` sorts and checks.
   * @param nodes by type
   * @param relations in canonical order: by name, then by the types
   * @param origins in canonical order; `Relation.origin` points here
   */
  constructor(readonly nodes: ReadonlyMap<string, NodeTable>, readonly relations: readonly Relation[], readonly origins: readonly Origin[]) {}

  /** 64 hexadecimal digits over nodes, statements and origins; labels do not count. */
  get hash(): string {
    this.identity ??= hashOf({
      nodes: [...this.nodes.values()].map(({ type, ids }) => [type, JSON.stringify(ids)]),
      relations: this.relations.map(({ name, from, to, offsets, target, confidence, count, origin }) => ({ name, from, to, offsets, target, confidence, count, origin })),
      origins: this.origins.map(({ source, rule, version, through }) => ({ source, rule, version, through })),
    });
    return this.identity;
  }

  /** How many nodes there are, of one type or of all. */
  nodeCount(type?: string): number {
    return type === undefined ? [...this.nodes.values()].reduce((sum, { ids }) => sum + ids.length, 0) : this.table(type).ids.length;
  }

  /** How many statements there are. */
  edgeCount(): number {
    return this.relations.reduce((sum, { target }) => sum + target.length, 0);
  }

  /** @throws ConfigError for an unknown type (names the nearest) */
  table(type: string): NodeTable {
    const table = this.nodes.get(type);
    if (table === undefined) throw new ConfigError(`Expected a type of node (${[...this.nodes.keys()].join(", ")}), found "${type}"; did you mean "${nearest(type, [...this.nodes.keys()])}"?`);
    return table;
  }

  /** A node's number among those of its type. @throws ConfigError if there is no such node */
  number(name: NodeName): number {
    const { type, id } = parseNode(name);
    const { ids } = this.table(type);
    let index = this.indexes.get(type);
    if (index === undefined) this.indexes.set(type, (index = new Map(ids.map((one, n) => [one, n]))));
    const found = index.get(id);
    if (found === undefined) throw new ConfigError(`Expected a node of type ${type}, found "${id}", which is none; ids are the outside ones, such as "${ids[0] ?? ""}"`);
    return found;
  }

  /** A node by its number. */
  named(type: string, number: number): NamedNode {
    const { ids, labels } = this.table(type);
    const label = labels?.[number];
    return label === undefined || label === "" ? { type, id: ids[number]! } : { type, id: ids[number]!, label };
  }

  /**
   * A relation by its name; where several have it, by the types too.
   * @throws ConfigError if there is none, or not one
   */
  relation(name: string, ends: { readonly from?: string; readonly to?: string } = {}): Relation {
    const found = this.relations.filter((one) => one.name === name && (ends.from ?? one.from) === one.from && (ends.to ?? one.to) === one.to);
    if (found.length === 1) return found[0]!;
    const names = this.relations.map((one) => `${one.from} ${one.name} ${one.to}`).join(", ");
    throw new ConfigError(`Expected one relation of ${names}, found ${found.length} for "${name}"; ${found.length === 0 ? `did you mean "${nearest(name, this.relations.map((one) => one.name))}"?` : "name the types of its ends"}`);
  }

  /**
   * Why an edge is there: every statement between two nodes, in either direction, or one statement by its number.
   * @example
   * import { graphFrom } from "sessionlab";
   * const nodes = [{ type: "item", ids: ["1"], labels: ["Emma"] }, { type: "author", ids: ["jane austen"] }];
   * const origin = { source: "items.tsv", rule: "column author", version: "1" };
   * const graph = graphFrom(nodes, [{ name: "author", from: "item", to: "author", source: Int32Array.of(0), target: Int32Array.of(0), origin }]);
   * assert.equal(graph.why("item:1", "author:jane austen")[0]!.rule, "column author");
   */
  why(from: NodeName, to: NodeName): Statement[];
  why(edge: { readonly relation: Relation | string; readonly edge: number }): Statement[];
  why(one: NodeName | { readonly relation: Relation | string; readonly edge: number }, other?: NodeName): Statement[] {
    if (other === undefined) {
      const { relation, edge } = one as { readonly relation: Relation | string; readonly edge: number };
      return [this.statement(typeof relation === "string" ? this.relation(relation) : relation, edge)];
    }
    const [a, b] = [parseNode(one as NodeName), parseNode(other)];
    const [m, n] = [this.number(a), this.number(b)];
    return this.relations.flatMap((relation) => {
      const found: Statement[] = [];
      const between = (source: number, target: number): void => {
        for (let edge = relation.offsets[source]!; edge < relation.offsets[source + 1]!; edge++) if (relation.target[edge] === target) found.push(this.statement(relation, edge));
      };
      if (relation.from === a.type && relation.to === b.type) between(m, n);
      if (relation.from === b.type && relation.to === a.type && !(a.type === b.type && m === n)) between(n, m);
      return found;
    });
  }

  /** One statement in words and numbers. @throws ConfigError for a number that is none */
  statement(relation: Relation, edge: number): Statement {
    if (!(edge >= 0 && edge < relation.target.length)) throw new ConfigError(`Expected a statement of ${relation.name} in 0..${relation.target.length - 1}, found ${edge}`);
    return {
      relation: relation.name,
      from: this.named(relation.from, relation.source[edge]!),
      to: this.named(relation.to, relation.target[edge]!),
      ...this.origins[relation.origin[edge]!]!,
      confidence: relation.confidence[edge]!,
      count: relation.count[edge]!,
      edge,
    };
  }

  /** The nodes beside a node, one for each statement, relation by relation. */
  neighbours(name: NodeName, choice: EdgeChoice = {}): Neighbour[] {
    const { type } = parseNode(name);
    const node = this.number(name);
    return this.chosen(choice).flatMap((relation) => {
      const found: Neighbour[] = [];
      if (relation.from === type && choice.direction !== "in") {
        for (let edge = relation.offsets[node]!; edge < relation.offsets[node + 1]!; edge++) {
          found.push({ ...this.named(relation.to, relation.target[edge]!), relation: relation.name, direction: "out", confidence: relation.confidence[edge]!, edge });
        }
      }
      if (relation.to === type && choice.direction !== "out") {
        for (const edge of relation.back.subarray(relation.backOffsets[node], relation.backOffsets[node + 1])) {
          found.push({ ...this.named(relation.from, relation.source[edge]!), relation: relation.name, direction: "in", confidence: relation.confidence[edge]!, edge });
        }
      }
      return found;
    });
  }

  /** [N] statements that a node of a type has part in. */
  degrees(type: string, choice: EdgeChoice = {}): Uint32Array {
    const degrees = new Uint32Array(this.table(type).ids.length);
    for (const { from, to, offsets, backOffsets } of this.chosen(choice)) {
      if (from === type && choice.direction !== "in") for (let n = 0; n < degrees.length; n++) degrees[n]! += offsets[n + 1]! - offsets[n]!;
      if (to === type && choice.direction !== "out") for (let n = 0; n < degrees.length; n++) degrees[n]! += backOffsets[n + 1]! - backOffsets[n]!;
    }
    return degrees;
  }

  /** The graph without a source, and without what was made by its help. @throws ConfigError for an unknown source */
  without(source: string): KnowledgeGraph {
    const sources = [...new Set(this.origins.flatMap((origin) => [origin.source, ...(origin.through ?? [])]))];
    if (!sources.includes(source)) throw new ConfigError(`Expected a source of the graph (${sources.join(", ")}), found "${source}"; did you mean "${nearest(source, sources)}"?`);
    const gone = this.origins.map((origin) => origin.source === source || (origin.through ?? []).includes(source));
    return this.where(({ origin }) => (edge) => !gone[origin[edge]!]!);
  }

  /** The graph with the statements of at least this confidence, 0..1. */
  minConfidence(least: number): KnowledgeGraph {
    if (!(least >= 0 && least <= 1)) throw new ConfigError(`Expected a confidence in [0, 1], found ${least}`);
    const bound = Math.fround(least); // as confidences are kept
    return this.where(({ confidence }) => (edge) => confidence[edge]! >= bound);
  }

  /** The graph of some types of nodes and some relations; default all. @throws ConfigError for an unknown one */
  only({ types, relations }: { readonly types?: readonly string[]; readonly relations?: readonly string[] }): KnowledgeGraph {
    const kept = new Map((types ?? [...this.nodes.keys()]).map((type) => [type, this.table(type)]));
    const order = [...this.nodes].filter(([type]) => kept.has(type));
    return new KnowledgeGraph(new Map(order), this.chosen({ relations }).filter(({ from, to }) => kept.has(from) && kept.has(to)), this.origins);
  }

  /** The graph with the statements that a test of each relation keeps. */
  where(test: (relation: Relation) => (edge: number) => boolean): KnowledgeGraph {
    return new KnowledgeGraph(this.nodes, this.relations.map((relation) => filterRelation(relation, test(relation))), this.origins);
  }

  private chosen({ relations }: EdgeChoice): readonly Relation[] {
    if (relations === undefined) return this.relations;
    for (const name of relations) if (!this.relations.some((one) => one.name === name)) this.relation(name);
    return this.relations.filter(({ name }) => relations.includes(name));
  }
}

/**
 * Builds a graph: checks every number, sorts, merges what one origin says twice (the highest confidence stays, counts are
 * added). Neither the order of the lists nor that of their statements matters.
 * @throws DataError for ids that are empty or there twice, nodes out of range, a confidence outside [0, 1]; ConfigError
 *   for an unknown type
 * @example
 * import { graphFrom } from "sessionlab";
 * const nodes = [{ type: "user", ids: ["u"] }, { type: "item", ids: ["a", "b"] }];
 * const origin = { source: "demo", rule: "events", version: "1" };
 * const graph = graphFrom(nodes, [{ name: "chose", from: "user", to: "item", source: Int32Array.of(0, 0, 0), target: Int32Array.of(1, 0, 1), origin }]);
 * assert.deepEqual(graph.neighbours("user:u").map(({ id }) => id), ["a", "b"]);
 * assert.deepEqual(Array.from(graph.relation("chose").count), [1, 2]);
 * assert.equal(graph.without("demo").edgeCount(), 0);
 */
export function graphFrom(nodes: readonly NodeTable[], edges: readonly EdgeList[]): KnowledgeGraph {
  const tables = new Map<string, NodeTable>();
  for (const table of nodes) {
    checkNodes(table);
    if (tables.has(table.type)) throw new DataError(`Expected every type of node once, found "${table.type}" again; join the tables or rename one`);
    tables.set(table.type, table);
  }
  const keyed = edges.map((list) => ({ list, key: JSON.stringify([list.origin.source, list.origin.rule, list.origin.version, list.origin.through ?? []]) }));
  const keys = [...new Set(keyed.map(({ key }) => key))].sort();
  if (keys.length > 65_536) throw new DataError(`Expected at most 65536 origins, found ${keys.length}; name sources and rules, not single statements`);
  const origins = keys.map((key) => originOf(JSON.parse(key) as OriginKey));
  const size = (type: string): number => {
    const table = tables.get(type);
    if (table === undefined) throw new ConfigError(`Expected a type of node (${[...tables.keys()].join(", ")}), found "${type}"; add its nodes, or did you mean "${nearest(type, [...tables.keys()])}"?`);
    return table.ids.length;
  };
  const groups = new Map<string, { readonly name: RelationName; readonly parts: Statements[] }>();
  for (const { list, key } of keyed) {
    const { name, from, to, source, target, confidence, count } = list;
    if (name.trim() === "") throw new DataError(`Expected a name of the relation from ${from} to ${to}, found none`);
    const group = JSON.stringify([name, from, to]);
    if (!groups.has(group)) groups.set(group, { name: { name, from, to }, parts: [] });
    groups.get(group)!.parts.push({ source, target, confidence, count, origin: keys.indexOf(key) });
  }
  const relations = [...groups].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, { name, parts }]) => relationOf(name, size(name.from), size(name.to), parts.sort((a, b) => a.origin - b.origin)));
  return new KnowledgeGraph(tables, relations, origins);
}

type OriginKey = readonly [source: string, rule: string, version: string, through: readonly string[]];

function originOf([source, rule, version, through]: OriginKey): Origin {
  return through.length === 0 ? { source, rule, version } : { source, rule, version, through };
}

/** "item:50" or { type, id }. */
export function parseNode(name: NodeName): { readonly type: string; readonly id: string } {
  if (typeof name !== "string") return name;
  const at = name.indexOf(":");
  if (at < 1) throw new ConfigError(`Expected a node such as "item:50", found "${name}"; write its type, a colon and its id`);
  return { type: name.slice(0, at), id: name.slice(at + 1) };
}

/** Tables that were found sound: they are given again for each graph over the same nodes. */
const sound = new WeakSet<NodeTable>();

function checkNodes(table: NodeTable): void {
  if (sound.has(table)) return;
  const { type, ids, labels } = table;
  if (!/^[^\s:<>|]+$/.test(type)) throw new DataError(`Expected a type of node without blanks, ":", "<", ">" and "|", found ${JSON.stringify(type)}; rename it`);
  if (labels !== undefined && labels.length !== ids.length) throw new DataError(`Expected ${ids.length} labels of ${type}, as many as ids, found ${labels.length}`);
  const seen = new Set<string>();
  for (const [n, id] of ids.entries()) {
    if (id === "" || id.includes("\0")) throw new DataError(`Expected an id, found ${JSON.stringify(id)} at ${n}; leave the node out`, { field: type });
    if (seen.size === seen.add(id).size) throw new DataError(`Expected every ${type} once, found ${JSON.stringify(id)} again at ${n}; merge them`, { field: type });
  }
  sound.add(table);
}
