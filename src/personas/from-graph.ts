/**
 * The nodes of one type of a knowledge graph, for personas: whom they reach, and on which meta-paths, and what their items
 * say of them. Users are the usual type; authors or genres go the same way.
 */
import { ConfigError } from "../core/errors";
import { resolveOptions, rules } from "../core/options";
import type { HostMatrix } from "../evaluation/logistic-regression";
import type { KnowledgeGraph } from "../kg/graph";
import { nearRelation } from "../kg/item-edges";
import { metaPath, metaPathHalf, metaPathRows } from "../kg/meta-paths";
import { sparseFrom, type SparseMatrix } from "../tensor/sparse";
import { meanLength, personaGraph, type PersonaGraph, type PersonaPath } from "./graph";
import type { NewNodes } from "./new-nodes";

const defaults = {
  /** Meta-paths as `metaPath` takes them, each the same both ways; default `personaPaths`. */
  paths: undefined as readonly (readonly string[])[] | undefined,
  /** "idf": paths through what many share weigh less; "count": all alike. */
  weight: "idf" as "idf" | "count",
  /** Nodes in the middle of a path that are joined to more nodes than this are left out; 0 keeps all. */
  maxDegree: 0,
  /** Of a path with a relation in its middle, which has no half: so many neighbours of a node stay. */
  topK: 50,
  /** Whether the mean over all nodes is taken from the features: without, they have one direction in common that tells nobody apart. */
  centre: true,
};

/** Options of `personaGraphOf`. */
export type PersonaGraphOptions = typeof defaults;

/** The nodes of one type, and what newcomers of that type would be. */
export interface GraphOfType extends PersonaGraph {
  readonly type: string;
  /**
   * Nodes that the graph does not have, by their items: sessions without a user, users who came later.
   * @param items of each, numbers of the graph's items; one that is there twice counts twice for the features
   * @throws ConfigError for a number that is none, or a type whose paths do not begin at items
   */
  newNodes(items: readonly (readonly number[])[]): NewNodes;
}

/**
 * What personas of a type of node are learnt from.
 * @param vectors [V, D] of the graph's items, in their order; further rows are not read. Another node's features are the
 *   mean of its items' vectors, each as often as it is joined to it
 * @throws ConfigError for vectors of fewer items, a type without items, or a path that does not read the same both ways
 * @example
 * import { graphFrom, personaGraphOf } from "sessionlab";
 * const origin = { source: "demo", rule: "by hand", version: "1" };
 * const chose = { name: "chose", from: "user", to: "item", source: Int32Array.of(0, 0, 1), target: Int32Array.of(0, 1, 1), origin };
 * const graph = graphFrom([{ type: "user", ids: ["u", "v"] }, { type: "item", ids: ["a", "b"] }], [chose]);
 * const users = personaGraphOf(graph, "user", { shape: [2, 1], data: Float32Array.of(1, 3) });
 * assert.deepEqual(users.paths.map(({ name }) => name), ["user-item-user"]);
 * assert.deepEqual(users.features, { shape: [2, 1], data: Float32Array.of(-1, 1) }); // means 2 and 3, centred, of mean squared length 1
 */
export function personaGraphOf(graph: KnowledgeGraph, type: string, vectors: HostMatrix, given: Partial<PersonaGraphOptions> = {}): GraphOfType {
  const options = resolveOptions("personaGraphOf", defaults, given, { weight: rules.oneOf("idf", "count"), maxDegree: rules.wholeNumber, topK: rules.positiveInteger });
  const { ids } = graph.table(type);
  const items = graph.nodeCount("item");
  if (vectors.shape[0] < items) throw new ConfigError(`Expected a vector for each of the graph's ${items} items, found ${vectors.shape[0]}`);
  const paths = options.paths ?? personaPaths(graph, type);
  const own = type === "item" ? firstRows(vectors, items) : meansOfItems(graph, type, vectors);
  const shift = options.centre ? meanRow(own) : new Float64Array(own.shape[1]);
  const scale = 1 / meanLength(moved(own, shift, 1));
  const features = moved(own, shift, scale);
  return {
    ...personaGraph(ids, features, paths.map((path) => pathOf(graph, type, path, options))),
    type,
    newNodes(lists) {
      const rows = itemRows(lists, items);
      const away = paths.find((path) => path[1] !== "item");
      if (away !== undefined) throw new ConfigError(`Expected meta-paths from ${type} to item, found ${away.join("-")}; give paths whose second type is item`);
      return { features: moved(meansOf(lists, vectors), shift, scale), paths: paths.map((path) => newPathOf(graph, path, options, rows)) };
    },
  };
}

/**
 * The usual meta-paths of a type: over its items, over what its items have (each type joined to items by one relation),
 * over items near each other, and over what linked entities are joined to.
 * @example
 * import { graphFrom, personaPaths } from "sessionlab";
 * const origin = { source: "demo", rule: "by hand", version: "1" };
 * const edge = (name: string, from: string, to: string) => ({ name, from, to, source: Int32Array.of(0), target: Int32Array.of(0), origin });
 * const graph = graphFrom([{ type: "user", ids: ["u"] }, { type: "item", ids: ["a"] }, { type: "genre", ids: ["War"] }], [edge("chose", "user", "item"), edge("genre", "item", "genre")]);
 * assert.deepEqual(personaPaths(graph, "user"), [["user", "item", "user"], ["user", "item", "genre", "item", "user"]]);
 */
export function personaPaths(graph: KnowledgeGraph, type: string): readonly (readonly string[])[] {
  const stem = type === "item" ? [] : [type];
  const through = (...middle: readonly string[]): readonly string[] => [...stem, ...middle, ...[...stem].reverse()];
  const filled = graph.relations.filter(({ target }) => target.length > 0);
  const beside = filled.filter(({ from, to }) => (from === "item") !== (to === "item")).map(({ from, to }) => (from === "item" ? to : from));
  const types = [...new Set(beside)].filter((one) => one !== type && one !== "user" && one !== "entity" && beside.filter((other) => other === one).length === 1);
  const facts = [...new Set(filled.filter(({ from, to }) => from === "entity" && to === "entity").map(({ name }) => name))];
  const near = filled.filter(({ from, to, name }) => from === "item" && to === "item" && name === nearRelation);
  return [
    type === "item" ? (beside.includes("user") ? ["item", "user", "item"] : undefined) : through("item"),
    ...types.map((one) => through("item", one, "item")),
    ...near.map(({ name }) => through("item", `>${name}`, "item")),
    facts.length > 0 && beside.includes("entity") ? through("item", "entity", facts.map((name) => `>${name}`).join("|"), "entity", facts.map((name) => `<${name}`).join("|"), "entity", "item") : undefined,
  ].filter((path): path is readonly string[] => path !== undefined);
}

function pathOf(graph: KnowledgeGraph, type: string, path: readonly string[], { weight, maxDegree, topK }: PersonaGraphOptions): PersonaPath {
  if (path[0] !== type || path.at(-1) !== type) throw new ConfigError(`Expected a meta-path from ${type} to ${type}, found ${path.join("-")}`);
  if (hasMiddle(path)) return { name: nameOf(path), factor: metaPathHalf(graph, path, { weight, maxDegree }) };
  return { name: nameOf(path), matrix: metaPath(graph, path, { weight, maxDegree, topK, symmetric: true, diagonal: false }).matrix };
}

function newPathOf(graph: KnowledgeGraph, path: readonly string[], { weight, maxDegree, topK }: PersonaGraphOptions, rows: SparseMatrix): PersonaPath {
  if (hasMiddle(path)) return { name: nameOf(path), factor: metaPathHalf(graph, path, { weight, maxDegree }, rows) };
  return { name: nameOf(path), matrix: metaPathRows(graph, path, { weight, maxDegree, topK }, rows) };
}

function typesOf(path: readonly string[]): readonly string[] {
  return path.filter((part) => !/^[<>]/.test(part));
}

function nameOf(path: readonly string[]): string {
  return typesOf(path).join("-");
}

/** Whether a node is in the middle: the path has a half. */
function hasMiddle(path: readonly string[]): boolean {
  return typesOf(path).length % 2 === 1;
}

/** Ones, [R, items]. */
function itemRows(lists: readonly (readonly number[])[], items: number): SparseMatrix {
  const wrong = lists.flat().find((item) => !Number.isInteger(item) || item < 0 || item >= items);
  if (wrong !== undefined) throw new ConfigError(`Expected items of the graph, 0 to ${items - 1}, found ${wrong}; leave out those that training did not see`);
  const distinct = lists.map((list) => [...new Set(list)]);
  return sparseFrom(lists.length, items, distinct.flatMap((list, row) => list.map(() => row)), distinct.flat());
}

function meansOf(lists: readonly (readonly number[])[], { shape: [, width], data }: HostMatrix): HostMatrix {
  const means = new Float32Array(lists.length * width);
  lists.forEach((list, row) => {
    for (const item of list) for (let d = 0; d < width; d++) means[row * width + d]! += data[item * width + d]! / list.length;
  });
  return { shape: [lists.length, width], data: means };
}

function firstRows({ shape: [, width], data }: HostMatrix, rows: number): HostMatrix {
  return { shape: [rows, width], data: data.slice(0, rows * width) };
}

/** Zero for a node without items. */
function meansOfItems(graph: KnowledgeGraph, type: string, { shape: [, width], data }: HostMatrix): HostMatrix {
  const joined = graph.relations.filter(({ from, to, target }) => target.length > 0 && ((from === type && to === "item") || (from === "item" && to === type)));
  if (joined.length === 0) throw new ConfigError(`Expected a relation between ${type} and item, found none: nothing says what a ${type} is like`);
  const count = graph.nodeCount(type);
  const [sums, weight] = [new Float64Array(count * width), new Float64Array(count)];
  for (const { from, source, target, count: times } of joined) {
    for (let edge = 0; edge < target.length; edge++) {
      const [node, item] = from === type ? [source[edge]!, target[edge]!] : [target[edge]!, source[edge]!];
      weight[node]! += times[edge]!;
      for (let d = 0; d < width; d++) sums[node * width + d]! += times[edge]! * data[item * width + d]!;
    }
  }
  return { shape: [count, width], data: Float32Array.from(sums, (sum, at) => sum / Math.max(weight[Math.floor(at / width)]!, 1)) };
}

function meanRow({ shape: [rows, width], data }: HostMatrix): Float64Array {
  const mean = new Float64Array(width);
  data.forEach((value, at) => (mean[at % width]! += value / rows));
  return mean;
}

/** (x - shift) scale */
function moved({ shape, data }: HostMatrix, shift: Float64Array, scale: number): HostMatrix {
  return { shape, data: data.map((value, at) => (value - shift[at % shape[1]]!) * scale) };
}
