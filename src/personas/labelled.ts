/**
 * A labelled graph, and how well vectors of its nodes find the labels: logistic regression on frozen vectors, its penalty
 * chosen on validation, and k-means with as many clusters as classes. All vectors are scaled by one number first, to a mean
 * squared length of 1: the same penalties then fit words that add up to 1 and learnt vectors of any size.
 */
import { ConfigError } from "../core/errors";
import type { Rng } from "../core/rng";
import { kMeans } from "../evaluation/k-means";
import { adjustedRandIndex, f1, normalisedMutualInformation } from "../evaluation/labels";
import { logisticRegression, type HostMatrix } from "../evaluation/logistic-regression";
import { cellRows, rowSums } from "../tensor/sparse";
import { adjacencyOf, isSparse, meanLength, type NodeFeatures, type PersonaGraph } from "./graph";

/** A graph some of whose nodes have a class. */
export interface LabelledGraph {
  readonly graph: PersonaGraph;
  /** Names of the classes. */
  readonly classes: readonly string[];
  /** [N] into `classes`; -1 for a node without one. */
  readonly labels: Int32Array;
  /** Labelled nodes: the regression learns from `train`, is chosen on `valid`, and read on `test`. */
  readonly split: { readonly train: Int32Array; readonly valid: Int32Array; readonly test: Int32Array };
}

/** What was chosen, and what was found with it. */
export interface LabelQuality {
  readonly C: number;
  readonly valid: F1;
  readonly test: F1;
  /** Means over ten clusterings, each the best of ten starts; of vectors wider than 1,024 each of one start. */
  readonly nmi: number;
  readonly ari: number;
}

/** F1 of all cases, and the mean of the classes'. */
export interface F1 {
  readonly micro: number;
  readonly macro: number;
}

const penalties = [0.1, 1, 10, 100, 1000, 10_000] as const;
const clusterings = 10;
const wide = 1024;

/**
 * Holds vectors against labels.
 * @param vectors [N, D]
 * @throws ConfigError for vectors of another number of nodes
 * @example
 * import { labelQuality, personaGraph, Rng, sparseFrom } from "sessionlab";
 * const nodes = Array.from({ length: 12 }, (_, n) => n);
 * const graph = personaGraph(nodes.map(String), sparseFrom(12, 1, nodes, nodes.map(() => 0)), [{ name: "p", factor: sparseFrom(12, 1, nodes, nodes.map(() => 0)) }]);
 * const split = { train: Int32Array.of(0, 1, 2, 3), valid: Int32Array.of(4, 5), test: Int32Array.of(6, 7, 8, 9, 10, 11) };
 * const labelled = { graph, classes: ["even", "odd"], labels: Int32Array.from(nodes, (n) => n % 2), split };
 * const quality = labelQuality({ shape: [12, 1], data: Float32Array.from(nodes, (n) => n % 2) }, labelled, new Rng(1));
 * assert.deepEqual([quality.test, quality.nmi], [{ micro: 1, macro: 1 }, 1]);
 */
export function labelQuality(vectors: HostMatrix, labelled: LabelledGraph, rng: Rng): LabelQuality {
  const { labels, classes, split } = labelled;
  const { scaled, predict, ...chosen } = chosenRegression(vectors, labelled);
  return { ...chosen, test: f1(split.test.map((row) => labels[row]!), predict(split.test)), ...clusterQuality(scaled, labels, classes.length, rng) };
}

/** What is known on validation alone: test cases are not read. @throws as `labelQuality` */
export function validQuality(vectors: HostMatrix, labelled: LabelledGraph): Pick<LabelQuality, "C" | "valid"> {
  const { C, valid } = chosenRegression(vectors, labelled);
  return { C, valid };
}

function chosenRegression(vectors: HostMatrix, { labels, split }: LabelledGraph): Pick<LabelQuality, "C" | "valid"> & { readonly scaled: HostMatrix; readonly predict: (rows: Int32Array) => Int32Array } {
  if (vectors.shape[0] !== labels.length) throw new ConfigError(`Expected a vector for each of ${labels.length} nodes, found ${vectors.shape[0]}`);
  const length = meanLength(vectors);
  const scaled: HostMatrix = { shape: vectors.shape, data: vectors.data.map((value) => value / length) };
  const truth = split.valid.map((row) => labels[row]!);
  const fits = penalties.map((C) => {
    const model = logisticRegression(scaled, labels, split.train, { C, tolerance: 1e-5 });
    return { C, valid: f1(truth, model.predict(scaled, split.valid)), predict: (rows: Int32Array) => model.predict(scaled, rows) };
  });
  const best = fits.reduce((one, other) => (other.valid.micro > one.valid.micro ? other : one)); // of equals, the stronger penalty
  return { ...best, scaled };
}

function clusterQuality(vectors: HostMatrix, labels: Int32Array, k: number, rng: Rng): { readonly nmi: number; readonly ari: number } {
  const known = Int32Array.from(labels.keys()).filter((node) => labels[node]! >= 0);
  const truth = known.map((node) => labels[node]!);
  const found = Array.from({ length: clusterings }, (_, run) => {
    const clusters = kMeans(vectors, k, rng.child(`clusters ${run}`), { starts: vectors.shape[1] > wide ? 1 : 10 }).labels;
    return known.map((node) => clusters[node]!);
  });
  const mean = (measure: typeof adjustedRandIndex): number => found.reduce((sum, one) => sum + measure(truth, one), 0) / clusterings;
  return { nmi: mean(normalisedMutualInformation), ari: mean(adjustedRandIndex) };
}

/**
 * Features as a dense matrix.
 * @returns [N, F]
 */
export function denseFeatures(features: NodeFeatures): HostMatrix {
  if (!isSparse(features)) return features;
  const data = new Float32Array(features.rows * features.columns);
  cellRows(features).forEach((row, cell) => {
    data[row * features.columns + features.column[cell]!] = features.value[cell]!;
  });
  return { shape: [features.rows, features.columns], data };
}

/**
 * The features without a model: each node's beside the mean over its neighbours, by path counts, on each meta-path.
 * @returns [N, (1 + P) F]
 * @example
 * import { meanAggregated, personaGraph, sparseFrom } from "sessionlab";
 * const features = sparseFrom(2, 1, [0, 1], [0, 0], [1, 3]);
 * const graph = personaGraph(["a", "b"], features, [{ name: "n-n", matrix: sparseFrom(2, 2, [0, 1], [1, 0]) }]);
 * assert.deepEqual(Array.from(meanAggregated(graph).data), [1, 3, 3, 1]);
 */
export function meanAggregated({ features, paths }: PersonaGraph): HostMatrix {
  const own = denseFeatures(features);
  const [nodes, width] = own.shape;
  const all = (1 + paths.length) * width;
  const data = new Float32Array(nodes * all);
  for (let node = 0; node < nodes; node++) data.set(own.data.subarray(node * width, (node + 1) * width), node * all);
  paths.forEach((path, p) => {
    const { offsets, column, value } = adjacencyOf(path);
    const sums = rowSums({ rows: nodes, columns: nodes, offsets, column, value });
    for (let node = 0; node < nodes; node++) {
      const to = node * all + (1 + p) * width;
      for (let at = offsets[node]!; at < offsets[node + 1]!; at++) {
        const share = value[at]! / sums[node]!;
        for (let f = 0, from = column[at]! * width; f < width; f++) data[to + f]! += share * own.data[from + f]!;
      }
    }
  });
  return { shape: [nodes, all], data };
}
