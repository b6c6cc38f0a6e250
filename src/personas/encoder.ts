/**
 * HDGI's forward pass (Ren et al., 2019, arXiv 1911.08538, Eq. 2 to 11; released code at e7e0552).
 *   HDGI-C:  H_p = PReLU(A_p (X W_p) + b_p),  A_p = D^-1/2 (C_p + I) D^-1/2                       (GCN on each meta-path)
 *   HDGI-A:  h_i = || over heads of leaky(sum_j a_ij W x_j),  a_ij = softmax_j LeakyReLU(a [W x_i || W x_j])         (GAT)
 *   semantic attention:  e_p = mean_n q . tanh(h_np W + b),  beta = softmax(e),  H = sum_p beta_p H_p
 *   summary s = sigmoid(mean_n h_n);  D(h, s) = h' W_d s + b_d;  loss = BCE of D(h, s) as 1 and D(h~, s) as 0
 * h~ is of rows of X that were shuffled, the same for all meta-paths, through a semantic attention of its own.
 * Departs: the identity is added once (the released dense path adds it twice; `doubleSelf` does as that).
 * Symbols: N nodes, F features, P meta-paths, D dimensions, K heads, S size of the semantic attention.
 */
import * as tf from "@tensorflow/tfjs";
import type { Rng } from "../core/rng";
import { evenly as drawEvenly } from "../tensor/initial";
import { edgeAttention } from "../tensor/ops/edge-attention";
import { product } from "../tensor/ops/product";
import { gatherRows } from "../tensor/ops/rows";
import { biasedPrelu, hiddenMeans, weighedSum } from "../tensor/ops/semantic";
import { shuffledFactorProduct, shuffledProduct } from "../tensor/ops/shuffled-product";
import { sparseProduct } from "../tensor/ops/sparse-product";
import type { HostTensor } from "../tensor/parameters";
import { cellRows, holdSparse, rowSums, sparseFrom, type SparseMatrix, type SparseTensor } from "../tensor/sparse";
import { adjacencyOf, isSparse, type NodeFeatures, type PersonaPath } from "./graph";

/** What shapes the encoder. */
export interface EncoderOptions {
  /** "gcn" is HDGI-C, "gat" HDGI-A. */
  readonly variant: "gcn" | "gat";
  /** D: all heads together. */
  readonly dimension: number;
  /** K, of "gat". */
  readonly heads: number;
  /** S. */
  readonly semantic: number;
  /** Whether a node's own row counts once more, after the normalisation. */
  readonly doubleSelf: boolean;
}

/** Slopes of the GAT layer: of its logits, and of its output. */
const slopes = { logits: 0.2, output: 0.01 };
const gain = 1.414;

/** Values of the weights by name. */
export type Weights = Readonly<Record<string, tf.Tensor>>;

/** A meta-path on the device. */
export interface HeldPath {
  readonly name: string;
  /** A_p x. @param x [N, D] @returns [N, D], or [R, D] of a path that is held for the first R nodes */
  mean(x: tf.Tensor2D): tf.Tensor2D;
  /** The same of x and of each shuffle of its rows, below each other, where all nodes are held: of "gcn". @returns [G N, D] */
  means?(x: tf.Tensor2D, shuffles: readonly Int32Array[]): tf.Tensor2D;
  /** Whom a node attends to, itself among them: of "gat". [N, N] or [R, N] */
  readonly edges?: SparseTensor;
  dispose(): void;
}

/** The features on the device. */
export interface HeldFeatures {
  /** X W. @param weight [F, D] @returns [N, D] */
  times(weight: tf.Tensor2D): tf.Tensor2D;
  dispose(): void;
}

export function holdFeatures(features: NodeFeatures): HeldFeatures {
  if (isSparse(features)) {
    const held = holdSparse(features);
    return { times: (weight) => sparseProduct(held, weight), dispose: () => held.dispose() };
  }
  const held = tf.keep(tf.tensor2d(features.data, [...features.shape]));
  return { times: (weight) => product(held, weight), dispose: () => held.dispose() };
}

export function holdPath(path: PersonaPath, { variant, doubleSelf }: Pick<EncoderOptions, "variant" | "doubleSelf">): HeldPath {
  if (variant === "gat") {
    const edges = holdSparse(withSelf(adjacencyOf(path)));
    return { name: path.name, mean: (x) => x, edges, dispose: () => edges.dispose() };
  }
  return "factor" in path ? factored(path.name, path.factor, doubleSelf) : whole(path.name, adjacencyOf(path), doubleSelf);
}

function withSelf(matrix: SparseMatrix): SparseMatrix {
  const all = Int32Array.from({ length: matrix.rows }, (_, n) => n);
  return sparseFrom(matrix.rows, matrix.columns, [...cellRows(matrix), ...all], [...matrix.column, ...all], [...matrix.value, ...all.map(() => 1)]);
}

function whole(name: string, adjacency: SparseMatrix, doubleSelf: boolean): HeldPath {
  const matrix = withSelf(adjacency);
  const roots = rowSums(matrix).map((degree) => 1 / Math.sqrt(degree));
  const row = cellRows(matrix);
  const value = matrix.value.map((count, cell) => count * roots[row[cell]!]! * roots[matrix.column[cell]!]! + (doubleSelf && row[cell] === matrix.column[cell] ? 1 : 0));
  const held = holdSparse({ ...matrix, value });
  return { name, mean: (x) => sparseProduct(held, x), means: (x, shuffles) => shuffledProduct(held, x, shuffles), dispose: () => held.dispose() };
}

/** The same without the cells of B B':  A = R R' + diag(r^2 (1 - diag B B')),  R = diag(r) B,  r = D^-1/2. */
function factored(name: string, factor: SparseMatrix, doubleSelf: boolean): HeldPath {
  const { own, degree } = factorDegrees(factor);
  const roots = degree.map((sum, n) => 1 / Math.sqrt(sum - own[n]! + 1));
  const row = cellRows(factor);
  const held = {
    factor: holdSparse({ ...factor, value: factor.value.map((count, cell) => count * roots[row[cell]!]!) }),
    self: heldColumn(own.map((square, n) => roots[n]! ** 2 * (1 - square) + (doubleSelf ? 1 : 0))),
  };
  return {
    name,
    mean: (x) => shuffledFactorProduct(held, x),
    means: (x, shuffles) => shuffledFactorProduct(held, x, shuffles),
    dispose() {
      held.factor.dispose();
      held.self.dispose();
    },
  };
}

/** Of B B': its diagonal, and the sums of its rows. */
export function factorDegrees({ rows, columns, offsets, column, value }: SparseMatrix): { readonly own: Float64Array; readonly degree: Float64Array; readonly sizes: Float64Array } {
  const sizes = new Float64Array(columns); // of the groups
  column.forEach((group, at) => (sizes[group]! += value[at]!));
  const [own, degree] = [new Float64Array(rows), new Float64Array(rows)];
  for (let n = 0; n < rows; n++) {
    for (let at = offsets[n]!; at < offsets[n + 1]!; at++) {
      own[n]! += value[at]! * value[at]!;
      degree[n]! += value[at]! * sizes[column[at]!]!;
    }
  }
  return { own, degree, sizes };
}

/** The transpose of a matrix that is held; it goes with it. */
export function turned(matrix: SparseTensor): SparseTensor {
  return { ...matrix.back, back: matrix, dispose: () => undefined };
}

/** [N, 1], kept. */
export function heldColumn(values: Float64Array): tf.Tensor2D {
  return tf.keep(tf.tensor2d(Float32Array.from(values), [values.length, 1]));
}

/** First weights, as the released code draws them: Xavier, with a gain in the attentions. */
export function initialWeights(names: readonly string[], width: number, options: EncoderOptions, rng: Rng): Record<string, HostTensor> {
  const { variant, dimension, heads, semantic } = options;
  const evenly = (name: string, shape: readonly number[], fanIn: number, fanOut: number, scale = 1): [string, HostTensor] => {
    const bound = scale * Math.sqrt(6 / (fanIn + fanOut));
    return [name, { shape, data: drawEvenly(shape.reduce((a, b) => a * b, 1), bound, rng.child(name)) }];
  };
  const filled = (name: string, length: number, value: number): [string, HostTensor] => [name, { shape: [length], data: new Float32Array(length).fill(value) }];
  const size = dimension / heads;
  const each = (name: string): [string, HostTensor][] =>
    variant === "gcn"
      ? [evenly(`${name}/weight`, [width, dimension], width, dimension), filled(`${name}/bias`, dimension, 0), filled(`${name}/slope`, 1, 0.25)]
      : [
          evenly(`${name}/weight`, [width, dimension], width, size, gain),
          evenly(`${name}/own`, [heads, size], 2 * size, 1, gain),
          evenly(`${name}/other`, [heads, size], 2 * size, 1, gain),
        ];
  return Object.fromEntries([
    ...names.flatMap(each),
    evenly("semantic/weight", [dimension, semantic], dimension, semantic, gain),
    evenly("semantic/bias", [semantic], 1, semantic, gain),
    evenly("semantic/query", [semantic, 1], 1, semantic, gain),
    evenly("discriminator/weight", [dimension, dimension], dimension * dimension, dimension),
    filled("discriminator/bias", 1, 0),
  ]);
}

/** Vectors of all nodes, and how much each meta-path counts. */
export interface Encoded {
  /** [N, D] */
  readonly vectors: tf.Tensor2D;
  /** [P] */
  readonly beta: tf.Tensor1D;
}

/** One meta-path's share of a forward pass. */
export interface PathPart {
  readonly path: HeldPath;
  /** X W of the path's nodes, as they are and shuffled: [N, D] each. @param weight [F, D] */
  inputs(weight: tf.Tensor2D): readonly tf.Tensor2D[];
}

/**
 * The encoder on the graph as it is, and on each of the shuffles.
 * @param shuffles [N] each: node n gets the features of node shuffle[n]
 */
export function encode(weights: Weights, features: HeldFeatures, paths: readonly HeldPath[], options: EncoderOptions, shuffles: readonly Int32Array[] = []): Encoded[] {
  if (options.variant === "gcn" && paths.every(({ means }) => means !== undefined)) {
    // A shuffle of X is one of X W. Those of all shuffles stay below each other up to the end.
    const vectors = paths.map(({ name, means }) => activated(weights, name, means!(features.times(weights[`${name}/weight`] as tf.Tensor2D), shuffles)));
    return combine(weights, vectors, shuffles.length + 1);
  }
  const inputs = (weight: tf.Tensor2D): readonly tf.Tensor2D[] => {
    const z = features.times(weight);
    return [z, ...shuffles.map((shuffle) => gatherRows(z, shuffle))];
  };
  return encodeParts(weights, paths.map((path) => ({ path, inputs })), options);
}

/** The encoder where each path has nodes of its own. @returns as many as each part has inputs; vectors of the first nodes, those that all paths are held for */
export function encodeParts(weights: Weights, parts: readonly PathPart[], options: EncoderOptions): Encoded[] {
  const perPath = vectorsByPath(weights, parts, options);
  return perPath[0]!.flatMap((_, which) => combine(weights, perPath.map((vectors) => vectors[which]!), 1));
}

/** The vectors before they are combined: one for each path and input. */
export function vectorsByPath(weights: Weights, parts: readonly PathPart[], options: EncoderOptions): readonly (readonly tf.Tensor2D[])[] {
  return parts.map(({ path, inputs }) => {
    const all = inputs(weights[`${path.name}/weight`] as tf.Tensor2D);
    return options.variant === "gcn" ? convolve(weights, path, all) : all.map((input) => attend(weights, path, input, options.heads));
  });
}

/** One walk over the edges for all inputs. */
function convolve(weights: Weights, { name, mean }: HeldPath, inputs: readonly tf.Tensor2D[]): tf.Tensor2D[] {
  const means = inputs.length === 1 ? [mean(inputs[0]!)] : (tf.split(mean(tf.concat([...inputs], 1) as tf.Tensor2D), inputs.length, 1) as tf.Tensor2D[]);
  return means.map((one) => activated(weights, name, one));
}

function activated(weights: Weights, name: string, x: tf.Tensor2D): tf.Tensor2D {
  return biasedPrelu(x, weights[`${name}/bias`] as tf.Tensor1D, weights[`${name}/slope`] as tf.Tensor1D);
}

function attend(weights: Weights, { name, edges }: HeldPath, z: tf.Tensor2D, heads: number): tf.Tensor2D {
  const [nodes] = z.shape;
  const [own, t] = attentionSides(weights, name, z, heads);
  const { rows } = edges!.host;
  const s = rows === nodes ? own : own.slice([0, 0], [rows, heads]);
  return tf.leakyRelu(edgeAttention({ edges: edges!, z, s, t, slope: slopes.logits }), slopes.output);
}

/** What each node says as the one that looks, and as the one that is seen: [N, K] both. */
function attentionSides(weights: Weights, name: string, z: tf.Tensor2D, heads: number): [tf.Tensor2D, tf.Tensor2D] {
  const [nodes, all] = z.shape;
  const perHead = z.reshape([nodes, heads, all / heads]); // [N, K, W]
  return ["own", "other"].map((part) => perHead.mul(weights[`${name}/${part}`]!).sum(2)) as [tf.Tensor2D, tf.Tensor2D];
}

/** What the first of some nodes gives to each of them, the mean over heads. @param z [N, D] @returns [N] */
export function attentionOf(weights: Weights, name: string, z: tf.Tensor2D, heads: number): tf.Tensor1D {
  const [own, t] = attentionSides(weights, name, z, heads);
  const logits = tf.leakyRelu(t.add(own.slice([0, 0], [1, heads])), slopes.logits);
  return tf.softmax(logits.transpose()).mean(0) as tf.Tensor1D;
}

/** @param vectors [G N, D] of each path, G groups of nodes below each other @returns what each group becomes */
function combine(weights: Weights, vectors: readonly tf.Tensor2D[], groups: number): Encoded[] {
  const beta = tf.softmax(logitsOf(weights, vectors, groups)); // [G, P]
  const all = weighedSum(vectors, beta);
  if (groups === 1) return [{ vectors: all, beta: beta.reshape([vectors.length]) }];
  const shares = tf.split(beta, groups) as tf.Tensor2D[];
  return (tf.split(all, groups) as tf.Tensor2D[]).map((own, g) => ({ vectors: own, beta: shares[g]!.reshape([vectors.length]) }));
}

/** e_p of each group of nodes. @returns [G, P] */
function logitsOf(weights: Weights, vectors: readonly tf.Tensor2D[], groups: number): tf.Tensor2D {
  const logits = vectors.map((h) => tf.matMul(hiddenMeans(h, weights["semantic/weight"] as tf.Tensor2D, weights["semantic/bias"] as tf.Tensor1D, groups), weights["semantic/query"] as tf.Tensor2D));
  return tf.concat(logits, 1) as tf.Tensor2D;
}

/** e_p: means over the nodes given. @returns [P] */
export function semanticLogits(weights: Weights, vectors: readonly tf.Tensor2D[]): tf.Tensor1D {
  return logitsOf(weights, vectors, 1).reshape([vectors.length]);
}

/** sum_p beta_p H_p. @param vectors [R, D] each @param beta [P] */
export function weighed(vectors: readonly tf.Tensor2D[], beta: tf.Tensor1D): tf.Tensor2D {
  return weighedSum(vectors, beta.reshape([1, vectors.length]));
}

/** What the discriminator says of nodes, beside their own graph's summary: log-odds that they are real. */
export interface Judged {
  /** [N, 1] of the graph as it is, and of the shuffled one. */
  readonly real: tf.Tensor2D;
  readonly shuffled: tf.Tensor2D;
  readonly loss: tf.Scalar;
}

/** The discriminator and its loss. @param real [N, D] @param shuffled [N, D] */
export function judge(weights: Weights, real: tf.Tensor2D, shuffled: tf.Tensor2D): Judged {
  const count = real.shape[0];
  const mean = tf.matMul(tf.fill([1, count], 1 / count), real); // a product: the gradient of tf.mean makes ones [N, D] on the host
  const summary = mean.sigmoid(); // [1, D]
  const direction = product(weights["discriminator/weight"] as tf.Tensor2D, summary as tf.Tensor2D, false, true); // [D, 1]
  const logits = [real, shuffled].map((h) => tf.matMul(h, direction).add(weights["discriminator/bias"]!) as tf.Tensor2D);
  const loss = tf.softplus(logits[0]!.neg()).mean().add(tf.softplus(logits[1]!).mean()).div(2) as tf.Scalar;
  return { real: logits[0]!, shuffled: logits[1]!, loss };
}
