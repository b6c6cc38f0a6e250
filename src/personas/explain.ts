/**
 * Why a node has the vector it has: how much of it each meta-path gives, whom it sees on each, which of its items matter,
 * and how it moves when a relation is switched off. All of it is forward passes over weights that stay.
 */
import { ConfigError } from "../core/errors";
import type { HostMatrix } from "../evaluation/logistic-regression";
import { cellRows, sparseFrom } from "../tensor/sparse";
import type { GraphOfType } from "./from-graph";
import { personaGraph, type PersonaGraph, type PersonaPath } from "./graph";
import type { Hdgi } from "./hdgi";

/** A meta-path's part in one vector. */
export interface PathShare {
  readonly name: string;
  /** beta: the semantic attention, one for all nodes. */
  readonly weight: number;
  /** beta_p h_p . h / |h|^2: what the path gives along the vector; the shares add up to 1. */
  readonly share: number;
  /** Whom the node sees most there, itself left out: weights of a GCN's row, or the mean attention over heads. */
  readonly neighbours: readonly { readonly node: number; readonly weight: number }[];
}

/** An item that a vector hangs on. */
export interface ItemShare {
  /** Its number in the graph. */
  readonly item: number;
  /** How far the vector moves without it, as a share of the usual distance of two nodes (`spreadOf`). */
  readonly moved: number;
}

/**
 * How much of a node's vector each meta-path gives, and whom it sees there.
 * @param most neighbours to name on a path
 * @throws ConfigError for a node that is none; as `Hdgi.embed`
 * @example
 * import { graphFrom, Hdgi, initBackend, pathShares, personaGraphOf, Rng } from "sessionlab";
 * await initBackend();
 * const origin = { source: "demo", rule: "by hand", version: "1" };
 * const chose = { name: "chose", from: "user", to: "item", source: Int32Array.of(0, 0, 1, 2), target: Int32Array.of(0, 1, 1, 0), origin };
 * const graph = graphFrom([{ type: "user", ids: ["u", "v", "w"] }, { type: "item", ids: ["a", "b"] }], [chose]);
 * const users = personaGraphOf(graph, "user", { shape: [2, 2], data: Float32Array.of(1, 0, 0, 1) });
 * const model = new Hdgi({ dimension: 4, epochs: 5 });
 * await model.fit(users, { rng: new Rng(1) });
 * const [path] = pathShares(model, users, 0);
 * assert.deepEqual([path!.name, Number(path!.share.toFixed(4)), path!.neighbours.length], ["user-item-user", 1, 2]);
 * model.dispose();
 */
export function pathShares(model: Hdgi, graph: PersonaGraph, node: number, most = 5): PathShare[] {
  if (!(node >= 0 && node < graph.nodes.length)) throw new ConfigError(`Expected a node in [0, ${graph.nodes.length}), found ${node}`);
  const { beta, vectors, sees } = model.look(graph, node);
  const whole = weighedSum(vectors, beta);
  const square = Math.max(dot(whole, whole), Number.MIN_VALUE);
  return graph.paths.map(({ name }, p) => ({
    name,
    weight: beta[p]!,
    share: (beta[p]! * dot(vectors[p]!, whole)) / square,
    neighbours: [...sees[p]!].filter((one) => one.node !== node).sort((a, b) => b.weight - a.weight || a.node - b.node).slice(0, most),
  }));
}

/**
 * Which items matter: the vector of a newcomer with these items against those that lack one of them, in one forward pass.
 * @param items of the node, as `GraphOfType.newNodes` takes them
 * @param spread the usual distance of two nodes; default that of the graph's vectors, a forward pass more
 * @returns the items, those that move the vector most first; none for a node of one item
 * @throws as `Hdgi.embedNew`
 * @example
 * import { graphFrom, Hdgi, initBackend, itemShares, personaGraphOf, Rng } from "sessionlab";
 * await initBackend();
 * const origin = { source: "demo", rule: "by hand", version: "1" };
 * const chose = { name: "chose", from: "user", to: "item", source: Int32Array.of(0, 0, 1, 2), target: Int32Array.of(0, 1, 1, 0), origin };
 * const graph = graphFrom([{ type: "user", ids: ["u", "v", "w"] }, { type: "item", ids: ["a", "b"] }], [chose]);
 * const users = personaGraphOf(graph, "user", { shape: [2, 2], data: Float32Array.of(1, 0, 0, 1) });
 * const model = new Hdgi({ dimension: 4, epochs: 5 });
 * await model.fit(users, { rng: new Rng(1) });
 * assert.deepEqual(itemShares(model, users, [0, 1]).map(({ item }) => item).sort(), [0, 1]);
 * model.dispose();
 */
export function itemShares(model: Hdgi, graph: GraphOfType, items: readonly number[], spread = spreadOf(model.embed(graph))): ItemShare[] {
  const distinct = [...new Set(items)];
  if (distinct.length < 2) return [];
  const { shape: [, width], data } = model.embedNew(graph, graph.newNodes([items, ...distinct.map((gone) => items.filter((item) => item !== gone))]));
  const row = (n: number): Float32Array => data.subarray(n * width, n * width + width);
  return distinct.map((item, n) => ({ item, moved: distance(row(0), row(n + 1)) / spread })).sort((a, b) => b.moved - a.moved || a.item - b.item);
}

/**
 * The graph without some meta-paths: what `Hdgi.embed` takes to show a vector without a relation.
 * @throws ConfigError for a path that the graph does not have, or when none is left
 * @example
 * import { personaGraph, sparseFrom, withoutPaths } from "sessionlab";
 * const factor = sparseFrom(2, 1, [0, 1], [0, 0]);
 * const graph = personaGraph(["u", "v"], { shape: [2, 1], data: Float32Array.of(1, 2) }, [{ name: "user-item-user", factor }, { name: "user-genre-user", factor }]);
 * assert.deepEqual(withoutPaths(graph, ["user-genre-user"]).paths.map(({ name }) => name), ["user-item-user"]);
 */
export function withoutPaths(graph: PersonaGraph, names: readonly string[]): PersonaGraph {
  const unknown = names.find((name) => !graph.paths.some((path) => path.name === name));
  if (unknown !== undefined) throw new ConfigError(`Expected meta-paths of the graph (${graph.paths.map(({ name }) => name).join(", ")}), found "${unknown}"`);
  return personaGraph(graph.nodes, graph.features, graph.paths.filter(({ name }) => !names.includes(name)));
}

/**
 * The graph without some edges of one meta-path: what `Hdgi.embed` takes to show vectors without them.
 * @param edges pairs of a node and, of a path that is kept as its factor, what is in its middle (a column); else another node
 * @throws ConfigError for a path or an edge that the graph does not have
 * @example
 * import { personaGraph, sparseFrom, withoutEdges } from "sessionlab";
 * const factor = sparseFrom(3, 1, [0, 1, 2], [0, 0, 0]); // three users of one item
 * const graph = personaGraph(["u", "v", "w"], { shape: [3, 1], data: Float32Array.of(1, 2, 3) }, [{ name: "user-item-user", factor }]);
 * const [path] = withoutEdges(graph, "user-item-user", [[2, 0]]).paths; // w did not choose it
 * assert.ok("factor" in path!);
 * assert.deepEqual(Array.from(path.factor.offsets), [0, 1, 2, 2]);
 */
export function withoutEdges(graph: PersonaGraph, name: string, edges: readonly (readonly [node: number, other: number])[]): PersonaGraph {
  const path = graph.paths.find((one) => one.name === name);
  if (path === undefined) throw new ConfigError(`Expected a meta-path of the graph (${graph.paths.map((one) => one.name).join(", ")}), found "${name}"`);
  const matrix = "factor" in path ? path.factor : path.matrix;
  const row = cellRows(matrix);
  const key = (node: number, other: number): number => node * matrix.columns + other;
  const there = new Set(Array.from(row, (node, cell) => key(node, matrix.column[cell]!)));
  const missing = edges.find(([node, other]) => !there.has(key(node, other)));
  if (missing !== undefined) throw new ConfigError(`Expected edges of ${name}, found ${missing.join(" - ")}, which is none`);
  const gone = new Set(edges.flatMap(([node, other]) => ("factor" in path ? [key(node, other)] : [key(node, other), key(other, node)])));
  const kept = Array.from(row.keys()).filter((cell) => !gone.has(key(row[cell]!, matrix.column[cell]!)));
  const rest = sparseFrom(matrix.rows, matrix.columns, kept.map((cell) => row[cell]!), kept.map((cell) => matrix.column[cell]!), kept.map((cell) => matrix.value[cell]!));
  const thinner: PersonaPath = "factor" in path ? { name, factor: rest } : { name, matrix: rest };
  return personaGraph(graph.nodes, graph.features, graph.paths.map((one) => (one === path ? thinner : one)));
}

/**
 * The usual distance of two nodes: the root of the mean squared distance over all pairs.
 * @param vectors [N, D]
 * @example
 * import { spreadOf } from "sessionlab";
 * assert.equal(spreadOf({ shape: [2, 1], data: Float32Array.of(0, 4) }), Math.sqrt(8)); // two of the four pairs are of a node with itself
 */
export function spreadOf({ shape: [count, width], data }: HostMatrix): number {
  const [sums, squares] = [new Float64Array(width), new Float64Array(width)];
  data.forEach((value, at) => {
    sums[at % width]! += value;
    squares[at % width]! += value * value;
  });
  return Math.sqrt(sums.reduce((sum, one, d) => sum + 2 * (squares[d]! / count - (one / count) ** 2), 0));
}

/**
 * How far each node moved, as a share of the usual distance of two nodes.
 * @param one [N, D] before @param other [N, D] after
 * @returns [N]
 * @example
 * import { movedBy } from "sessionlab";
 * const [one, other] = [Float32Array.of(0, 4), Float32Array.of(0, 6)].map((data) => ({ shape: [2, 1] as const, data }));
 * assert.deepEqual(Array.from(movedBy(one!, other!), (moved) => Number(moved.toFixed(4))), [0, 0.7071]);
 */
export function movedBy(one: HostMatrix, other: HostMatrix): Float32Array {
  const [count, width] = one.shape;
  const spread = spreadOf(one);
  return Float32Array.from({ length: count }, (_, n) => distance(one.data.subarray(n * width, n * width + width), other.data.subarray(n * width, n * width + width)) / spread);
}

function weighedSum(vectors: readonly Float32Array[], weights: Float32Array): Float32Array {
  return vectors[0]!.map((_, d) => vectors.reduce((sum, vector, p) => sum + weights[p]! * vector[d]!, 0));
}

function dot(a: Float32Array, b: Float32Array): number {
  let sum = 0;
  for (let d = 0; d < a.length; d++) sum += a[d]! * b[d]!;
  return sum;
}

function distance(a: Float32Array, b: Float32Array): number {
  return Math.sqrt(a.reduce((sum, value, d) => sum + (value - b[d]!) ** 2, 0));
}
