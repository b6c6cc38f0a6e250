/**
 * Meta-paths: for two types of nodes, how many paths of one shape lead from each node to each other (Sun et al. 2011,
 * PathSim, VLDB 4(11): the commuting matrix). Hubs make such matrices nearly full and their rows nearly equal, so a
 * path may leave out nodes of high degree, weigh what is in the middle by its rarity, and keep the best cells of a row.
 */
import { ConfigError } from "../core/errors";
import { resolveOptions, rules } from "../core/options";
import type { KnowledgeGraph } from "./graph";
import type { Relation } from "./relation";
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

/** One step: whom its relations join. */
interface Step {
  readonly from: string;
  readonly to: string;
  readonly ways: readonly { readonly relation: Relation; readonly back: boolean }[];
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

function prepare(graph: KnowledgeGraph, path: readonly string[], given: Partial<MetaPathOptions>): Prepared {
  const options = resolveOptions("metaPath", defaults, given, { weight: rules.oneOf("count", "binary", "idf"), maxDegree: rules.wholeNumber, topK: rules.wholeNumber });
  const steps = stepsOf(graph, path);
  if (options.symmetric && steps[0]!.from !== steps.at(-1)!.to) throw new ConfigError(`Expected a path between nodes of one type for symmetric: true, found one from ${steps[0]!.from} to ${steps.at(-1)!.to}`);
  const all = steps.map((step) => adjacency(step, graph.nodeCount(step.from), graph.nodeCount(step.to)));
  const asked = options.maxDegree > 0 || options.topK > 0 || options.weight === "idf";
  const middles = asked ? all.slice(0, -1).map((factor, at) => ({ before: columnCounts(factor), after: rowCounts(all[at + 1]!) })) : [];
  const factors = all.map((factor, at) => (at < middles.length && options.maxDegree > 0 ? withoutHubs(factor, middles[at]!, options.maxDegree) : factor));
  // The side nearer to the path's end says how rare a node is, so that a mirrored path has mirrored weights.
  const rarity = middles.map(({ before, after }, at) => ((at + 1) * 2 <= steps.length ? rarityOf(before, all[at]!.rows) : rarityOf(after, all[at + 1]!.columns)));
  return { steps, factors, rarity, mirrored: isMirrored(steps), options };
}

/** [N] ln(1 + n / d): d of the n nodes on one side are joined to it. Above 0, for a node that no path leads through too. */
function rarityOf(degrees: Uint32Array, nodes: number): Float64Array {
  return Float64Array.from(degrees, (degree) => Math.log(1 + nodes / Math.max(degree, 1)));
}

function stepsOf(graph: KnowledgeGraph, path: readonly string[]): Step[] {
  const steps: Step[] = [];
  let from: string | undefined;
  let named: string | undefined;
  for (const part of path) {
    if (/^[<>]/.test(part)) {
      if (from === undefined || named !== undefined) throw new ConfigError(`Expected a type of node before "${part}", found none in ${path.join(" ")}`);
      named = part;
      continue;
    }
    graph.table(part);
    if (from !== undefined) steps.push(stepOf(graph, from, part, named));
    [from, named] = [part, undefined];
  }
  if (steps.length === 0 || named !== undefined) throw new ConfigError(`Expected a path of two types of nodes or more, found "${path.join(" ")}"; write for example ["user", "item", "user"]`);
  return steps;
}

function stepOf(graph: KnowledgeGraph, from: string, to: string, named: string | undefined): Step {
  const possible = graph.relations.flatMap((relation) => [
    ...(relation.from === from && relation.to === to ? [{ relation, back: false, name: `>${relation.name}` }] : []),
    ...(relation.from === to && relation.to === from ? [{ relation, back: true, name: `<${relation.name}` }] : []),
  ]);
  const names = possible.map(({ name }) => name).join(", ");
  if (possible.length === 0) throw new ConfigError(`Expected a relation between ${from} and ${to}, found none; the graph has ${graph.relations.map((one) => `${one.from} ${one.name} ${one.to}`).join(", ")}`);
  if (named !== undefined) {
    const ways = named.split("|").map((name) => {
      const way = possible.find((one) => one.name === name);
      if (way === undefined) throw new ConfigError(`Expected one of ${names} between ${from} and ${to}, found "${name}"; join several by "|"`);
      return way;
    });
    return { from, to, ways };
  }
  // A relation that holds both ways round is the same either way.
  const [first, second] = possible;
  if (possible.length === 1 || (possible.length === 2 && first!.relation === second!.relation && isSymmetric(first!.relation))) return { from, to, ways: [first!] };
  throw new ConfigError(`Expected one way from ${from} to ${to}, found ${names}; put the one that is meant between them, or several joined by "|"`);
}

/** Whether each pair is there both ways round. */
function isSymmetric({ offsets, target, backOffsets, back, source }: Relation): boolean {
  for (let node = 0; node + 1 < offsets.length; node++) {
    if (offsets[node + 1] !== backOffsets[node + 1]) return false;
    for (let at = offsets[node]!; at < offsets[node + 1]!; at++) if (target[at] !== source[back[at]!]) return false;
  }
  return true;
}

function isMirrored(steps: readonly Step[]): boolean {
  const key = (step: Step, turn: boolean): string => step.ways.map(({ relation, back }) => JSON.stringify([relation.name, relation.from, relation.to, (back ? 1 : 0) ^ (turn && !(relation.from === relation.to && isSymmetric(relation)) ? 1 : 0)])).sort().join();
  return steps.length % 2 === 0 && steps.every((step, at) => at * 2 >= steps.length || key(step, false) === key(steps[steps.length - 1 - at]!, true));
}

/** Ones where a step joins two nodes. */
function adjacency({ ways }: Step, rows: number, columns: number): SparseMatrix {
  const size = ways.reduce((sum, { relation }) => sum + relation.target.length, 0);
  const [{ relation: first, back: turned }] = ways as [Step["ways"][number]];
  if (ways.length === 1 && !turned && first.origin.every((origin) => origin === first.origin[0])) {
    // One origin says a pair once: the relation's own columns are the matrix.
    return { rows, columns, offsets: first.offsets, column: first.target, value: new Float32Array(size).fill(1) };
  }
  const column = new Int32Array(size);
  const offsets = new Uint32Array(rows + 1);
  let cells = 0;
  for (let row = 0; row < rows; row++) {
    const start = cells;
    for (const { relation, back } of ways) {
      const from = (back ? relation.backOffsets : relation.offsets)[row]!;
      const end = (back ? relation.backOffsets : relation.offsets)[row + 1]!;
      for (let at = from; at < end; at++) {
        const next = back ? relation.source[relation.back[at]!]! : relation.target[at]!;
        if (cells === start || column[cells - 1] !== next) column[cells++] = next;
      }
    }
    if (ways.length > 1) cells = start + sortUnique(column.subarray(start, cells));
    offsets[row + 1] = cells;
  }
  return { rows, columns, offsets, column: column.subarray(0, cells), value: new Float32Array(cells).fill(1) };
}

/** Sorts in place and moves what is there once to the front. @returns how many */
function sortUnique(values: Int32Array): number {
  values.sort();
  let kept = 0;
  for (const value of values) if (kept === 0 || values[kept - 1] !== value) values[kept++] = value;
  return kept;
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
