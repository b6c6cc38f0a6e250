/**
 * What personas are learnt from: the nodes of one type, their features, and the meta-paths that join them.
 * A meta-path is the commuting matrix of paths between them, path counts as values, or its factor: B [N, groups] of the
 * matrix B B', where that would be dense (a subject of 1,000 papers is 10^6 cells in one, 1,000 in the other).
 */
import { ConfigError } from "../core/errors";
import { hashOf, type Hashable } from "../core/hash";
import type { Rng } from "../core/rng";
import type { HostMatrix } from "../evaluation/logistic-regression";
import { gram } from "../kg/sparse";
import { cellRows, rowSums, sparseFrom, transpose, type SparseMatrix } from "../tensor/sparse";

/** Features of nodes: sparse (words) or dense (vectors of text). */
export type NodeFeatures = SparseMatrix | HostMatrix;

/** How nodes of the type reach each other. What joins a node to itself does not count. */
export type PersonaPath = { readonly name: string } & ({ readonly matrix: SparseMatrix } | { readonly factor: SparseMatrix });

/** Nodes of one type in a heterogeneous graph. */
export interface PersonaGraph {
  /** Their ids outside. */
  readonly nodes: readonly string[];
  readonly features: NodeFeatures;
  readonly paths: readonly PersonaPath[];
  /** sha256 over all of it. */
  readonly hash: string;
}

/** True for sparse features. */
export function isSparse(features: NodeFeatures): features is SparseMatrix {
  return "offsets" in features;
}

/** F. */
export function featureWidth(features: NodeFeatures): number {
  return isSparse(features) ? features.columns : features.shape[1];
}

/**
 * Puts a graph together and checks it.
 * @throws ConfigError for features or paths of another number of nodes, a path that is not symmetric, or no path at all
 * @example
 * import { personaGraph, sparseFrom } from "sessionlab";
 * const features = sparseFrom(3, 2, [0, 1, 2], [0, 1, 1]);
 * const graph = personaGraph(["a", "b", "c"], features, [{ name: "user-item-user", factor: sparseFrom(3, 1, [0, 1], [0, 0]) }]);
 * assert.equal(graph.paths[0]!.name, "user-item-user");
 */
export function personaGraph(nodes: readonly string[], features: NodeFeatures, paths: readonly PersonaPath[]): PersonaGraph {
  const rows = isSparse(features) ? features.rows : features.shape[0];
  if (rows !== nodes.length) throw new ConfigError(`Expected features of ${nodes.length} nodes, found ${rows} rows`);
  if (paths.length === 0) throw new ConfigError("Expected one meta-path or more, found none; without any a persona is its features");
  for (const path of paths) checkPath(path, nodes.length);
  const names = paths.map(({ name }) => name);
  if (new Set(names).size < names.length) throw new ConfigError(`Expected meta-paths of different names, found ${names.join(", ")}`);
  return { nodes, features, paths, hash: hashOf({ nodes, features, paths } as unknown as Hashable) };
}

function checkPath(path: PersonaPath, nodes: number): void {
  const matrix = "factor" in path ? path.factor : path.matrix;
  if (matrix.rows !== nodes) throw new ConfigError(`Expected ${path.name} to have a row for each of ${nodes} nodes, found ${matrix.rows}`);
  const negative = matrix.value.findIndex((value) => !(value >= 0 && value < Infinity));
  if (negative >= 0) throw new ConfigError(`Expected counts or weights of 0 or more in ${path.name}, found ${matrix.value[negative]}`);
  if ("factor" in path) return;
  const other = matrix.columns === matrix.rows ? transpose(matrix) : undefined;
  const same = other !== undefined && other.column.every((column, at) => column === matrix.column[at]) && other.value.every((value, at) => Math.abs(value - matrix.value[at]!) <= 1e-6 * Math.abs(value));
  if (!same) throw new ConfigError(`Expected ${path.name} to be symmetric, found cells without their mirror; give a path that reads the same both ways`);
}

/** The adjacency of a path without its diagonal, with path counts. Of a factor, all cells of B B' are made. */
export function adjacencyOf(path: PersonaPath): SparseMatrix {
  if ("factor" in path) return gram(path.factor, false);
  const { matrix } = path;
  const row = cellRows(matrix);
  const off = Array.from(row.keys()).filter((cell) => row[cell] !== matrix.column[cell]);
  if (off.length === row.length) return matrix;
  return sparseFrom(matrix.rows, matrix.columns, off.map((cell) => row[cell]!), off.map((cell) => matrix.column[cell]!), off.map((cell) => matrix.value[cell]!));
}

/**
 * Features whose rows add up to 1 (DGI's preprocessing); a row without features stays zero.
 * @throws ConfigError for a dense matrix: its rows may add up to nothing
 * @example
 * import { rowNormalised, sparseFrom } from "sessionlab";
 * assert.deepEqual(Array.from(rowNormalised(sparseFrom(1, 2, [0, 0], [0, 1])).value), [0.5, 0.5]);
 */
export function rowNormalised(features: SparseMatrix): SparseMatrix {
  const sums = rowSums(features);
  const row = cellRows(features);
  return { ...features, value: features.value.map((value, cell) => (sums[row[cell]!] === 0 ? 0 : value / sums[row[cell]!]!)) };
}

/**
 * The rewired control: each path with the degrees of its nodes and other ends. Pairs of edges exchange their ends
 * (Maslov and Sneppen, 2002), ten times as often as there are edges; of a factor, who is in a group is permuted.
 * @example
 * import { personaGraph, rewired, Rng, sparseFrom } from "sessionlab";
 * const features = sparseFrom(4, 1, [0, 1, 2, 3], [0, 0, 0, 0]);
 * const graph = personaGraph(["a", "b", "c", "d"], features, [{ name: "n-n", matrix: sparseFrom(4, 4, [0, 1, 2, 3], [1, 0, 3, 2]) }]);
 * const [path] = rewired(graph, new Rng(1)).paths;
 * assert.ok("matrix" in path! && path.matrix.column.length === 4);
 */
export function rewired(graph: PersonaGraph, rng: Rng): PersonaGraph {
  const paths = graph.paths.map((path): PersonaPath => ("factor" in path ? { name: path.name, factor: permutedRows(path.factor, rng.child(path.name)) } : { name: path.name, matrix: swapped(adjacencyOf(path), rng.child(path.name)) }));
  return personaGraph(graph.nodes, graph.features, paths);
}

function permutedRows(matrix: SparseMatrix, rng: Rng): SparseMatrix {
  const order = rng.permutation(matrix.rows);
  return sparseFrom(matrix.rows, matrix.columns, cellRows(matrix).map((row) => order[row]!), matrix.column, matrix.value);
}

function swapped(matrix: SparseMatrix, rng: Rng): SparseMatrix {
  const row = cellRows(matrix);
  const upper = Array.from(row.keys()).filter((cell) => row[cell]! < matrix.column[cell]!);
  const [a, b] = [upper.map((cell) => row[cell]!), upper.map((cell) => matrix.column[cell]!)];
  const key = (one: number, other: number): number => Math.min(one, other) * matrix.rows + Math.max(one, other);
  const there = new Set(a.map((one, edge) => key(one, b[edge]!)));
  for (let trial = 0; trial < 10 * a.length; trial++) {
    const [i, j] = [rng.int(a.length), rng.int(a.length)];
    const turn = rng.uniform() < 0.5;
    const [c, d] = turn ? [b[j]!, a[j]!] : [a[j]!, b[j]!]; // a_i - b_i, c - d  becomes  a_i - d, c - b_i
    if (a[i] === d || c === b[i] || there.has(key(a[i]!, d)) || there.has(key(c, b[i]!))) continue;
    there.delete(key(a[i]!, b[i]!));
    there.delete(key(c, d));
    there.add(key(a[i]!, d)).add(key(c, b[i]!));
    [a[j], b[j]] = [c, b[i]!];
    b[i] = d;
  }
  const value = upper.map((cell) => matrix.value[cell]!);
  return sparseFrom(matrix.rows, matrix.columns, [...a, ...b], [...b, ...a], [...value, ...value]);
}

/** The root of the mean squared length of rows; 1 of zeros. What is divided by it has the size that first weights and penalties are meant for. */
export function meanLength({ shape, data }: HostMatrix): number {
  const length = Math.sqrt(data.reduce((sum, value) => sum + value * value, 0) / shape[0]);
  return length > 0 ? length : 1;
}
