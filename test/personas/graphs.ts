/** Small graphs that several tests learn on. */
import * as tf from "@tensorflow/tfjs";
import { Rng } from "../../src/core/rng";
import { adjacencyOf, personaGraph, rowNormalised, type PersonaGraph, type PersonaPath } from "../../src/personas/graph";
import { sparseFrom } from "../../src/tensor/sparse";

// The graph of test/golden/hdgi.py.
const [N, F] = [7, 5];
const pairs = [[0, 1, 1], [0, 2, 2], [1, 2, 1], [3, 4, 3], [5, 6, 1], [2, 5, 1]] as const;
const edges = sparseFrom(N, N, pairs.flatMap(([i, j]) => [i, j]), pairs.flatMap(([i, j]) => [j, i]), pairs.flatMap(([, , count]) => [count, count]));
const groups = sparseFrom(N, 3, [0, 1, 2, 3, 3, 4, 5, 0, 4], [0, 0, 0, 0, 1, 1, 1, 2, 2]);
const dense = Float32Array.from({ length: N * F }, (_, i) => ((Math.floor(i / F) + (i % F)) % 3 === 0 ? 0 : Math.sin(1 + 2.3 * Math.floor(i / F) + 0.9 * (i % F))));
const cells = Array.from(dense.keys()).filter((i) => dense[i] !== 0);
const sparse = sparseFrom(N, F, cells.map((i) => Math.floor(i / F)), cells.map((i) => i % F), cells.map((i) => dense[i]!));
const paths: readonly PersonaPath[] = [{ name: "edges", matrix: edges }, { name: "groups", factor: groups }];

/** Its meta-paths, the second as a factor or with all its cells. */
export const goldenPaths: Readonly<Record<"factor" | "cells", readonly PersonaPath[]>> = { factor: paths, cells: [paths[0]!, { name: "groups", matrix: adjacencyOf(paths[1]!) }] };
/** Its features in both forms, and the shuffle. */
export const goldenGraph = { features: sparse, dense: { shape: [N, F] as const, data: dense }, shuffle: Int32Array.of(3, 0, 6, 1, 5, 2, 4) };

/** The weights of test/golden/hdgi.py: a formula of their name and place. */
export function goldenWeight(name: string, shape: readonly number[]): tf.Tensor {
  const code = Array.from(name).reduce((sum, letter, i) => sum + letter.charCodeAt(0) * (i + 1), 0);
  return tf.tensor(Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => 0.5 * Math.sin(code + 1.7 * i)), [...shape]);
}

/** Two kinds of nodes with noisy features, joined within their kind. */
export function twoKinds(nodes = 80): PersonaGraph {
  const rng = new Rng("two kinds");
  const kind = (n: number): number => Number(n >= nodes / 2);
  const marks = Array.from({ length: nodes }, (_, n) => [0, 1, 2].map(() => [n, (rng.uniform() < 0.6 ? 6 * kind(n) : 6 * rng.int(2)) + rng.int(6)] as const)).flat();
  const features = rowNormalised(sparseFrom(nodes, 12, marks.map(([n]) => n), marks.map(([, f]) => f)));
  const ends = Array.from({ length: 3 * nodes }, (_, i) => [i % nodes, kind(i % nodes) * (nodes / 2) + rng.int(nodes / 2)] as const).filter(([a, b]) => a !== b);
  const matrix = sparseFrom(nodes, nodes, ends.flatMap(([a, b]) => [a, b]), ends.flatMap(([a, b]) => [b, a]));
  const all = Array.from({ length: nodes }, (_, n) => n);
  return personaGraph(all.map(String), features, [{ name: "near", matrix }, { name: "club", factor: sparseFrom(nodes, 8, all, all.map((n) => 4 * kind(n) + (n % 4))) }]);
}
