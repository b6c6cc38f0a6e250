/**
 * Meta-paths: for two types of nodes, how many paths of one shape lead from each node to each other (Sun et al. 2011,
 * PathSim, VLDB 4(11): the commuting matrix). Hubs make such matrices nearly full and their rows nearly equal, so a
 * path may leave out nodes of high degree, weigh what is in the middle by its rarity, and keep the best cells of a row.
 */
import { ConfigError } from "../core/errors";
import { resolveOptions, rules } from "../core/options";
import type { KnowledgeGraph } from "./graph";
import { adjacency, isMirrored, stepsOf, type Step } from "./meta-path-steps";
import { productRows, stack, symmetricClosure, transpose, type RowRule, type SparseMatrix } from "./sparse";

const defaults = {
  /** "count": how many paths; "binary": 1 where there is one; "idf": paths weighed by the rarity of their middle nodes. */
  weight: "count" as "count" | "binary" | "idf",
  /** Nodes in the middle that are joined to more nodes than this on either side are left out; 0 keeps all. */
  maxDegree: 0,
  /** Of each row only the k cells with the largest sum over paths weighed by rarity stay, whatever `weight` is; 0 keeps all. */
  topK: 0,
  /** Whether a node is joined to itself. */
  diagonal: true,
  /** Whether a cell that topK kept in one of two rows is put into the other too; for paths between nodes of one type. */
  symmetric: false,
};

/** Options of `metaPath`. */
export type MetaPathOptions = typeof defaults;

/** A commuting matrix and what it is of. */
export interface MetaPath {
  /** The types and relations that it was asked for by. */
  readonly path: readonly string[];
  readonly from: string;
  readonly to: string;
  readonly matrix: SparseMatrix;
  /** How many paths there are in all, itself to itself included, before topK; of the nodes that maxDegree leaves. */
  readonly instances: number;
}

/**
 * The commuting matrix of a meta-path. A pair of nodes is joined once in a step, however many statements join it.
 * @param path types of nodes; where several relations join two types, or one joins a type to itself in one direction,
 *   the relation between them: ">name" along it, "<name" against it, ">a|<a" both
 * @throws ConfigError for a path that the graph does not have, or that has several meanings
 * @example
 * import { graphFrom, metaPath } from "sessionlab";
 * const nodes = [{ type: "item", ids: ["a", "b", "c"] }, { type: "author", ids: ["x", "y"] }];
 * const origin = { source: "demo", rule: "by hand", version: "1" };
 * const edges = { name: "author", from: "item", to: "author", source: Int32Array.of(0, 1, 2), target: Int32Array.of(0, 0, 1), origin };
 * const { matrix } = metaPath(graphFrom(nodes, [edges]), ["item", "author", "item"], { diagonal: false });
 * assert.deepEqual([Array.from(matrix.offsets), Array.from(matrix.column)], [[0, 1, 2, 2], [1, 0]]);
 */
export function metaPath(graph: KnowledgeGraph, path: readonly string[], given: Partial<MetaPathOptions> = {}): MetaPath {
  const prepared = prepare(graph, path, given);
  const { steps, factors, options } = prepared;
  const whole = stack([...blocksOf(prepared, factors[0]!.rows)].map((block) => block.matrix), factors.at(-1)!.columns);
  const matrix = options.symmetric && options.topK > 0 ? symmetricClosure(whole) : whole;
  return { path, from: steps[0]!.from, to: steps.at(-1)!.to, matrix, instances: instancesOf(factors) };
}

/** Some rows of a commuting matrix. */
export interface MetaPathBlock {
  /** The first row. */
  readonly from: number;
  readonly matrix: SparseMatrix;
}

/**
 * The commuting matrix block by block, for one that is larger than memory: only the block is held, and the product of
 * all steps but the last.
 * @param blockRows rows of a block
 * @throws ConfigError as `metaPath`, and for `symmetric`, which takes the whole matrix
 * @example
 * import { graphFrom, metaPathBlocks } from "sessionlab";
 * const origin = { source: "demo", rule: "by hand", version: "1" };
 * const chose = { name: "chose", from: "user", to: "item", source: Int32Array.of(0, 1), target: Int32Array.of(0, 0), origin };
 * const graph = graphFrom([{ type: "user", ids: ["u", "v"] }, { type: "item", ids: ["a"] }], [chose]);
 * const rows = Array.from(metaPathBlocks(graph, ["user", "item", "user"], {}, 1), ({ matrix }) => Array.from(matrix.column));
 * assert.deepEqual(rows, [[0, 1], [0, 1]]);
 */
export function metaPathBlocks(graph: KnowledgeGraph, path: readonly string[], given: Partial<MetaPathOptions> = {}, blockRows = 4096): Generator<MetaPathBlock> {
  const prepared = prepare(graph, path, given);
  if (prepared.options.symmetric) throw new ConfigError("Expected blocks of rows as they are, found symmetric: true; metaPath makes the whole matrix symmetric");
  const wrong = rules.positiveInteger(blockRows);
  if (wrong !== undefined) throw new ConfigError(`Expected blockRows to be ${wrong}, found ${blockRows}`);
  return blocksOf(prepared, blockRows);
}

/**
 * The steps of a meta-path as matrices whose product is the commuting matrix, for those who multiply by a vector from
 * the right and never need the product. With weight "idf" the rarity of a middle node is in the columns that lead to it.
 * @throws ConfigError as `metaPath`; topK, symmetric and diagonal: false need the product
 * @example
 * import { graphFrom, metaPathFactors, multiply } from "sessionlab";
 * const origin = { source: "demo", rule: "by hand", version: "1" };
 * const chose = { name: "chose", from: "user", to: "item", source: Int32Array.of(0, 1), target: Int32Array.of(0, 0), origin };
 * const graph = graphFrom([{ type: "user", ids: ["u", "v"] }, { type: "item", ids: ["a"] }], [chose]);
 * const [there, back] = metaPathFactors(graph, ["user", "item", "user"]);
 * assert.deepEqual(Array.from(multiply(there!, back!).value), [1, 1, 1, 1]);
 */
export function metaPathFactors(graph: KnowledgeGraph, path: readonly string[], given: Partial<MetaPathOptions> = {}): readonly SparseMatrix[] {
  const { factors, rarity, options } = prepare(graph, path, given);
  if (options.topK > 0 || options.symmetric || !options.diagonal) throw new ConfigError("Expected options of single steps, found topK, symmetric or diagonal: false; metaPath makes the product");
  return options.weight === "idf" ? factors.map((factor, at) => (at < rarity.length ? scaled(factor, rarity[at]!) : factor)) : factors;
}

/**
 * The matrix B of a meta-path that reads the same both ways: B B' is the commuting matrix, which may be too dense to be
 * made. With weight "idf" what is in the middle weighs the root of its rarity on each side.
 * @throws ConfigError as `metaPath`, for a path that does not read the same both ways or has a relation in its middle, and for
 *   binary, topK, symmetric and diagonal: false, which need the product
 * @param rows whom nodes that the graph does not have are joined to in the first step, as ones [R, second type]: rows of B for them
 * @example
 * import { graphFrom, metaPathHalf } from "sessionlab";
 * const origin = { source: "demo", rule: "by hand", version: "1" };
 * const chose = { name: "chose", from: "user", to: "item", source: Int32Array.of(0, 1), target: Int32Array.of(0, 1), origin };
 * const graph = graphFrom([{ type: "user", ids: ["u", "v"] }, { type: "item", ids: ["a", "b"] }], [chose]);
 * assert.deepEqual(Array.from(metaPathHalf(graph, ["user", "item", "user"]).column), [0, 1]);
 */
export function metaPathHalf(graph: KnowledgeGraph, path: readonly string[], given: Partial<MetaPathOptions> = {}, rows?: SparseMatrix): SparseMatrix {
  const prepared = prepare(graph, path, given, rows);
  const { topK, symmetric, diagonal, weight } = prepared.options;
  if (topK > 0 || symmetric || !diagonal || weight === "binary") throw new ConfigError("Expected options of single steps, found binary, topK, symmetric or diagonal: false; metaPath makes the product");
  if (!prepared.mirrored) throw new ConfigError(`Expected a meta-path that reads the same both ways around a node in its middle, found ${path.join(" ")}; metaPath makes its matrix`);
  return pairOf(prepared, weight === "idf").a;
}

/**
 * The rows of a commuting matrix that nodes which the graph does not have would have; their columns are the graph's nodes.
 * What is rare, and what is a hub, is said by the graph alone.
 * @param rows whom they are joined to in the first step, as ones: [R, second type]
 * @returns [R, last type]
 * @throws ConfigError as `metaPath`, and for symmetric
 * @example
 * import { graphFrom, metaPathRows, sparseFrom } from "sessionlab";
 * const origin = { source: "demo", rule: "by hand", version: "1" };
 * const chose = { name: "chose", from: "user", to: "item", source: Int32Array.of(0, 1), target: Int32Array.of(0, 1), origin };
 * const graph = graphFrom([{ type: "user", ids: ["u", "v"] }, { type: "item", ids: ["a", "b"] }], [chose]);
 * assert.deepEqual(Array.from(metaPathRows(graph, ["user", "item", "user"], {}, sparseFrom(1, 2, [0], [1])).column), [1]); // who chose b: v
 */
export function metaPathRows(graph: KnowledgeGraph, path: readonly string[], given: Partial<MetaPathOptions>, rows: SparseMatrix): SparseMatrix {
  const prepared = { ...prepare(graph, path, given, rows), mirrored: false };
  if (prepared.options.symmetric) throw new ConfigError("Expected rows as they are, found symmetric: true; metaPath makes a matrix symmetric");
  return stack([...blocksOf({ ...prepared, options: { ...prepared.options, diagonal: true } }, Math.max(rows.rows, 1))].map(({ matrix }) => matrix), prepared.factors.at(-1)!.columns);
}

interface Prepared {
  readonly steps: readonly Step[];
  /** The steps as matrices of ones, without the nodes that maxDegree leaves out. */
  readonly factors: readonly SparseMatrix[];
  /** Of the nodes after each step but the last; empty where no option asks for it. */
  readonly rarity: readonly Float64Array[];
  /** Whether the second half of the path is the first, turned round. */
  readonly mirrored: boolean;
  readonly options: Readonly<MetaPathOptions>;
}

/** @param rows in place of those of the first type */
function prepare(graph: KnowledgeGraph, path: readonly string[], given: Partial<MetaPathOptions>, rows?: SparseMatrix): Prepared {
  const options = resolveOptions("metaPath", defaults, given, { weight: rules.oneOf("count", "binary", "idf"), maxDegree: rules.wholeNumber, topK: rules.wholeNumber });
  const steps = stepsOf(graph, path);
  if (options.symmetric && steps[0]!.from !== steps.at(-1)!.to) throw new ConfigError(`Expected a path between nodes of one type for symmetric: true, found one from ${steps[0]!.from} to ${steps.at(-1)!.to}`);
  const all = steps.map((step) => adjacency(step, graph.nodeCount(step.from), graph.nodeCount(step.to)));
  const asked = options.maxDegree > 0 || options.topK > 0 || options.weight === "idf";
  const middles = asked ? all.slice(0, -1).map((factor, at) => ({ before: columnCounts(factor), after: rowCounts(all[at + 1]!) })) : [];
  if (rows !== undefined && rows.columns !== all[0]!.columns) throw new ConfigError(`Expected rows of ${all[0]!.columns} columns, one a node of type ${steps[0]!.to}, found ${rows.columns}`);
  const taken = rows === undefined ? all : [rows, ...all.slice(1)];
  const factors = taken.map((factor, at) => (at < middles.length && options.maxDegree > 0 ? withoutHubs(factor, middles[at]!, options.maxDegree) : factor));
  // The side nearer to the path's end says how rare a node is, so that a mirrored path has mirrored weights.
  const rarity = middles.map(({ before, after }, at) => ((at + 1) * 2 <= steps.length ? rarityOf(before, all[at]!.rows) : rarityOf(after, all[at + 1]!.columns)));
  return { steps, factors, rarity, mirrored: isMirrored(steps), options };
}

/** [N] ln(1 + n / d): d of the n nodes on one side are joined to it. Above 0, for a node that no path leads through too. */
function rarityOf(degrees: Uint32Array, nodes: number): Float64Array {
  return Float64Array.from(degrees, (degree) => Math.log(1 + nodes / Math.max(degree, 1)));
}

function columnCounts({ columns, column }: SparseMatrix): Uint32Array {
  const counts = new Uint32Array(columns);
  for (const one of column) counts[one]!++;
  return counts;
}

function rowCounts({ rows, offsets }: SparseMatrix): Uint32Array {
  return Uint32Array.from({ length: rows }, (_, row) => offsets[row + 1]! - offsets[row]!);
}

function withoutHubs(factor: SparseMatrix, { before, after }: { readonly before: Uint32Array; readonly after: Uint32Array }, most: number): SparseMatrix {
  const offsets = new Uint32Array(factor.rows + 1);
  const column = new Int32Array(factor.column.length);
  let cells = 0;
  for (let row = 0; row < factor.rows; row++) {
    for (let at = factor.offsets[row]!; at < factor.offsets[row + 1]!; at++) {
      const middle = factor.column[at]!;
      if (before[middle]! <= most && after[middle]! <= most) column[cells++] = middle;
    }
    offsets[row + 1] = cells;
  }
  return { ...factor, offsets, column: column.subarray(0, cells), value: factor.value.subarray(0, cells) };
}

/** The matrix with its columns weighed. */
function scaled(matrix: SparseMatrix, weights: Float64Array): SparseMatrix {
  return { ...matrix, value: matrix.value.map((value, at) => value * weights[matrix.column[at]!]!) };
}

const keepAll: RowRule = { topK: 0, diagonal: true };

function chain(factors: readonly SparseMatrix[]): SparseMatrix {
  return factors.reduce((product, factor) => productRows(product, factor, keepAll));
}

/**
 * The commuting matrix as a product of two, with the rarity of middle nodes if it is asked for. Of a mirrored path the
 * second is the first transposed, and what lies between weighs half on each: the product is symmetric to the bit.
 */
function pairOf({ factors, rarity, mirrored }: Prepared, rare: boolean): { readonly a: SparseMatrix; readonly b: SparseMatrix } {
  const weighed = (at: number): SparseMatrix => (rare ? scaled(factors[at]!, rarity[at]!) : factors[at]!);
  if (mirrored) {
    const middle = factors.length / 2 - 1;
    const half = chain(factors.slice(0, middle + 1).map((factor, at) => (at < middle ? weighed(at) : factor)));
    const a = rare ? scaled(half, rarity[middle]!.map(Math.sqrt)) : half;
    return { a, b: transpose(a) };
  }
  if (factors.length === 1) return { a: factors[0]!, b: identity(factors[0]!.columns) };
  return { a: chain(factors.slice(0, -1).map((_, at) => weighed(at))), b: factors.at(-1)! };
}

function identity(size: number): SparseMatrix {
  return { rows: size, columns: size, offsets: Uint32Array.from({ length: size + 1 }, (_, row) => row), column: Int32Array.from({ length: size }, (_, row) => row), value: new Float32Array(size).fill(1) };
}

function* blocksOf(prepared: Prepared, blockRows: number): Generator<MetaPathBlock> {
  const { options } = prepared;
  const { a, b } = pairOf(prepared, options.weight === "idf");
  const score = options.topK > 0 && options.weight !== "idf" ? pairOf(prepared, true) : undefined;
  for (let from = 0; from < a.rows; from += blockRows) {
    const matrix = productRows(a, b, options, from, Math.min(from + blockRows, a.rows), score);
    yield { from, matrix: weigh(matrix, options) };
  }
}

function weigh(matrix: SparseMatrix, { weight }: MetaPathOptions): SparseMatrix {
  return weight === "binary" ? { ...matrix, value: matrix.value.fill(1) } : matrix;
}

/** The sum of all cells of the product. */
function instancesOf(factors: readonly SparseMatrix[]): number {
  let paths = new Float64Array(factors.at(-1)!.columns).fill(1);
  for (const { rows, offsets, column } of [...factors].reverse()) {
    const sums = new Float64Array(rows);
    for (let row = 0; row < rows; row++) for (let at = offsets[row]!; at < offsets[row + 1]!; at++) sums[row]! += paths[column[at]!]!;
    paths = sums;
  }
  return paths.reduce((sum, one) => sum + one, 0);
}
