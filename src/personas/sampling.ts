/**
 * Mini-batches with sampled neighbours, for graphs that do not fit (GraphSAGE: Hamilton et al., 2017). Of a node's row of
 * A_p so many neighbours are drawn, with replacement, each as often as it has paths, and weighed so that the row's mean is
 * the row: sum_m A_nm x_m = r_n (d_n - 1) E[r_m x_m] + r_n^2 x_n,  r = d^-1/2. Over a factor a draw is a walk of two steps, to
 * a group and to one of its members. A row of no more cells is taken whole. HDGI-A attends to those that were drawn.
 */
import * as tf from "@tensorflow/tfjs";
import { Rng } from "../core/rng";
import { product } from "../tensor/ops/product";
import { sparseProduct } from "../tensor/ops/sparse-product";
import { holdSparse, rowSums, sparseFrom, takeRows, transpose, type SparseMatrix } from "../tensor/sparse";
import { factorDegrees, type EncoderOptions, type PathPart } from "./encoder";
import { adjacencyOf, isSparse, type NodeFeatures, type PersonaGraph, type PersonaPath } from "./graph";

/** Rows of one path for the nodes of a batch. */
export interface SampledRows {
  /** [M] the batch's nodes, then those that were drawn. */
  readonly nodes: Int32Array;
  /** [B, M] */
  readonly matrix: SparseMatrix;
}

/** How a path is sampled. */
export interface PathSampler {
  readonly name: string;
  /** Rows of A_p, or of ones where a node attends. */
  rows(batch: Int32Array, rng: Rng): SampledRows;
}

/** What shapes the rows. */
export interface SamplingOptions extends Pick<EncoderOptions, "variant" | "doubleSelf"> {
  /** Drawn for a node on a path. */
  readonly neighbours: number;
}

/** One node's neighbours: whose row is small enough, whole; else a draw at a time. */
interface Neighbours {
  /** All cells of a row without its diagonal, if there are at most `most`. */
  whole(node: number, most: number): ReadonlyMap<number, number> | undefined;
  /** A neighbour, not the node itself. */
  draw(node: number, rng: Rng): number;
  /** [N] sums of rows without the diagonal. */
  readonly sums: Float64Array;
}

/** The sampler of a path. */
export function pathSampler(path: PersonaPath, { variant, doubleSelf, neighbours }: SamplingOptions): PathSampler {
  const known = "factor" in path ? overFactor(path.factor) : overMatrix(adjacencyOf(path));
  const root = known.sums.map((sum) => 1 / Math.sqrt(sum + 1));
  const rowOf = (node: number, rng: Rng): Map<number, number> => {
    const row = new Map<number, number>();
    const all = known.whole(node, neighbours);
    if (all !== undefined) for (const [other, count] of all) row.set(other, count * root[node]! * root[other]!);
    else {
      for (let i = 0; i < neighbours; i++) {
        const other = known.draw(node, rng);
        row.set(other, (row.get(other) ?? 0) + (known.sums[node]! / neighbours) * root[node]! * root[other]!);
      }
    }
    return row.set(node, root[node]! ** 2 + (doubleSelf ? 1 : 0));
  };
  return {
    name: path.name,
    rows(batch, rng) {
      const place = new Map<number, number>();
      batch.forEach((node, at) => place.set(node, at));
      const nodes = Array.from(batch);
      const [row, column, value]: [number[], number[], number[]] = [[], [], []];
      batch.forEach((node, at) => {
        for (const [other, weight] of rowOf(node, rng)) {
          let there = place.get(other);
          if (there === undefined) place.set(other, (there = nodes.push(other) - 1));
          row.push(at);
          column.push(there);
          value.push(variant === "gat" ? 1 : weight);
        }
      });
      return { nodes: Int32Array.from(nodes), matrix: sparseFrom(batch.length, nodes.length, row, column, value) };
    },
  };
}

function overMatrix(matrix: SparseMatrix): Neighbours {
  const { offsets, column, value } = matrix;
  const upTo = runningSums(matrix);
  return {
    sums: rowSums(matrix),
    whole(node, most) {
      const [from, to] = [offsets[node]!, offsets[node + 1]!];
      if (to - from > most) return undefined;
      return new Map(Array.from({ length: to - from }, (_, i) => [column[from + i]!, value[from + i]!]));
    },
    draw: (node, rng) => column[drawCell(upTo, offsets[node]!, offsets[node + 1]!, rng)]!,
  };
}

function overFactor(factor: SparseMatrix): Neighbours {
  const members = transpose(factor);
  const { own, degree, sizes } = factorDegrees(factor);
  const { offsets, column, value } = factor;
  const walk = runningSums({ ...factor, value: value.map((weight, at) => weight * sizes[column[at]!]!) });
  const within = runningSums(members);
  const instances = (node: number): number => {
    let sum = 0;
    for (let at = offsets[node]!; at < offsets[node + 1]!; at++) sum += members.offsets[column[at]! + 1]! - members.offsets[column[at]!]!;
    return sum;
  };
  return {
    sums: degree.map((sum, node) => Math.max(sum - own[node]!, 0)),
    whole(node, most) {
      const row = new Map<number, number>();
      const paths = instances(node);
      if (paths === offsets[node + 1]! - offsets[node]!) return row; // alone in all its groups
      if (paths > 8 * most) return undefined;
      for (let at = offsets[node]!; at < offsets[node + 1]!; at++) {
        const group = column[at]!;
        for (let cell = members.offsets[group]!; cell < members.offsets[group + 1]!; cell++) {
          const other = members.column[cell]!;
          if (other !== node) row.set(other, (row.get(other) ?? 0) + value[at]! * members.value[cell]!);
        }
      }
      return row.size > most ? undefined : row;
    },
    draw(node, rng) {
      for (;;) {
        const group = column[drawCell(walk, offsets[node]!, offsets[node + 1]!, rng)]!;
        const other = members.column[drawCell(within, members.offsets[group]!, members.offsets[group + 1]!, rng)]!;
        if (other !== node) return other; // there is another, or `whole` would have said so
      }
    },
  };
}

/** [N + 1] sums of all cells before each. */
function runningSums({ value }: SparseMatrix): Float64Array {
  const sums = new Float64Array(value.length + 1);
  value.forEach((one, at) => (sums[at + 1] = sums[at]! + one));
  return sums;
}

/** A cell of [from, to), each as often as its value. */
function drawCell(upTo: Float64Array, from: number, to: number, rng: Rng): number {
  const at = upTo[from]! + rng.uniform() * (upTo[to]! - upTo[from]!);
  let [low, high] = [from, to - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (upTo[middle + 1]! > at) high = middle;
    else low = middle + 1;
  }
  return low;
}

/** The parts of a forward pass for a batch, on the device until they are disposed. */
export interface HeldBlock {
  readonly parts: readonly PathPart[];
  /** On the host, path by path. */
  readonly rows: readonly SampledRows[];
  dispose(): void;
}

/**
 * A batch of nodes with its sampled neighbours.
 * @param rng may be left out where every node's row is whole
 * @param shuffled the node whose features a node gets in the shuffled graph; without it there is none
 */
export function holdBlock({ features }: PersonaGraph, samplers: readonly PathSampler[], batch: Int32Array, rng = new Rng("all neighbours"), shuffled?: (node: number) => number): HeldBlock {
  const held = samplers.map((sampler) => {
    const rows = sampler.rows(batch, rng.child(sampler.name));
    const { nodes, matrix } = rows;
    const both = shuffled === undefined ? nodes : Int32Array.from({ length: 2 * nodes.length }, (_, i) => (i < nodes.length ? nodes[i]! : shuffled(nodes[i - nodes.length]!)));
    const [edges, x] = [holdSparse(matrix), holdRows(features, both)];
    const part: PathPart = {
      path: { name: sampler.name, mean: (z) => sparseProduct(edges, z), edges, dispose: () => edges.dispose() },
      inputs: (weight) => tf.split(x.times(weight), shuffled === undefined ? 1 : 2) as tf.Tensor2D[],
    };
    return { part, x, rows };
  });
  return { parts: held.map(({ part }) => part), rows: held.map(({ rows }) => rows), dispose: () => held.forEach(({ part, x }) => [part.path, x].forEach((one) => one.dispose())) };
}

/** Some rows of the features on the device. */
function holdRows(features: NodeFeatures, rows: Int32Array): { times(weight: tf.Tensor2D): tf.Tensor2D; dispose(): void } {
  if (isSparse(features)) {
    const held = holdSparse(takeRows(features, rows));
    return { times: (weight) => sparseProduct(held, weight), dispose: () => held.dispose() };
  }
  const [, width] = features.shape;
  const data = new Float32Array(rows.length * width);
  rows.forEach((row, at) => data.set(features.data.subarray(row * width, (row + 1) * width), at * width));
  const held = tf.keep(tf.tensor2d(data, [rows.length, width]));
  return { times: (weight) => product(held, weight), dispose: () => held.dispose() };
}

/** Blocks of about `size` nodes, all of one length or one less. */
export function blocksOf(nodes: Int32Array, size: number): Int32Array[] {
  const blocks = Math.ceil(nodes.length / size);
  return Array.from({ length: blocks }, (_, b) => nodes.subarray(Math.round((b * nodes.length) / blocks), Math.round(((b + 1) * nodes.length) / blocks)));
}
