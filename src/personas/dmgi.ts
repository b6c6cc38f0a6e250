/**
 * DMGI (Park et al., AAAI 2020, Unsupervised Attributed Multiplex Network Embedding; released code at 06e1706): HDGI's
 * closest published relative. Each relation has a graph convolution and a loss of its own, one discriminator serves all
 * (the universal one), and one vector a node is drawn towards the mean over relations and away from that of the shuffled graph:
 *   H_p = relu(A_p drop(X) W_p),  A_p = D^-1/2 (C_p + w I) D^-1/2,  s_p = sigmoid(mean_n h_np),  D(h, s) = h' W_d s + b_d
 *   loss = sum_p BCE_p + reg (|Z - mean_p H_p|^2 - |Z - mean_p H~_p|^2)
 * Z [N, D] is what is kept: a weight, so there are no vectors of nodes that came later. H~ is of rows of X that were shuffled,
 * the same for all relations. It stops early on the whole loss, which the second part can lower without end.
 * Departs: the plain mean over relations, the paper's DMGI, without the attention of its DMGI_attn and the labels of its
 *   semi-supervised form; the kept weights are those after the step whose loss was the least, not before it.
 * Symbols: N nodes, F features, P relations, D dimensions.
 */
import * as tf from "@tensorflow/tfjs";
import { NotFittedError } from "../core/errors";
import { hashOf, type Hashable } from "../core/hash";
import { resolveOptions, rules } from "../core/options";
import type { Rng } from "../core/rng";
import type { HostMatrix } from "../evaluation/logistic-regression";
import { Adam } from "../tensor/adam";
import { initBackend } from "../tensor/backend";
import { evenly } from "../tensor/initial";
import { gatherRows } from "../tensor/ops/rows";
import { ParameterSet, type HostTensor } from "../tensor/parameters";
import type { SparseMatrix } from "../tensor/sparse";
import { train, type TrainingContext, type TrainingReport, type TrainingTask } from "../tensor/training";
import { holdFeatures, holdPath, judge, type HeldFeatures, type HeldPath, type Weights } from "./encoder";
import { featureWidth, isSparse, type NodeFeatures, type PersonaGraph, type PersonaPath } from "./graph";
import { trivialLoss } from "./hdgi";

/** DMGI's options, with the defaults of the released code. */
export const dmgiDefaults = {
  /** Of a vector. */
  dimension: 64,
  /** Learning rate of Adam. */
  rate: 0.0005,
  epochs: 10_000,
  /** Epochs without a smaller loss before it stops. */
  patience: 20,
  /** Of the features. */
  dropout: 0.5,
  /** L2 penalty of all weights, the nodes' vectors among them. */
  l2: 0.0001,
  /** How much the vectors' agreement with the relations counts. */
  consensus: 0.001,
  /** w: how much a node counts for itself, beside its neighbours. */
  self: 1,
};

/** Options of `Dmgi`. */
export type DmgiOptions = typeof dmgiDefaults;

/** What a training did. */
export interface DmgiReport extends TrainingReport {
  /** Of the best epoch: the discriminator's loss and accuracy, means over relations. */
  readonly loss: number;
  readonly accuracy: number;
  /** Whether the discriminator's loss never left ln 2. */
  readonly trivial: boolean;
}

/** The parts of the loss. */
export interface DmgiJudged {
  /** What is trained. */
  readonly loss: tf.Scalar;
  /** BCE, the mean over relations. */
  readonly contrast: tf.Scalar;
  /** Share of nodes and shuffled nodes that are told apart, the mean over relations. */
  readonly accuracy: tf.Scalar;
}

/** A_p on the device. C + w I is as good as C / w + I: what follows divides by the rows' sums. @param self w */
export function holdRelation(path: PersonaPath, self: number): HeldPath {
  const over = (matrix: SparseMatrix, by: number): SparseMatrix => ({ ...matrix, value: matrix.value.map((count) => count / by) });
  const light: PersonaPath = "factor" in path ? { name: path.name, factor: over(path.factor, Math.sqrt(self)) } : { name: path.name, matrix: over(path.matrix, self) };
  return holdPath(light, { variant: "gcn", doubleSelf: false });
}

/** Features for one relation, for the graph as it is and for the shuffled one: in training, each with a mask of its own. */
export type RelationFeatures = readonly [real: HeldFeatures, shuffled: HeldFeatures];

/**
 * One forward pass.
 * @param features for each path
 * @param shuffle [N] node n of the shuffled graph has the features of node shuffle[n]
 */
export function dmgiLoss(weights: Weights, paths: readonly HeldPath[], features: readonly RelationFeatures[], shuffle: Int32Array, consensus: number): DmgiJudged {
  const sides = paths.map(({ name, mean }, p) => {
    const weight = weights[`${name}/weight`] as tf.Tensor2D;
    const [real, other] = features[p]!;
    const both = mean(tf.concat([real.times(weight), gatherRows(other.times(weight), shuffle)], 1)).relu();
    return tf.split(both, 2, 1) as [tf.Tensor2D, tf.Tensor2D]; // [N, D] each
  });
  const judged = sides.map(([real, shuffled]) => judge(weights, real, shuffled));
  const z = weights["nodes"]!;
  const [near, far] = [0, 1].map((side) => z.sub(tf.addN(sides.map((one) => one[side]!)).div(paths.length)).square().sum());
  const contrast = tf.addN(judged.map(({ loss }) => loss));
  const accuracies = judged.map(({ real, shuffled }) => real.greater(0).toFloat().mean().add(shuffled.lessEqual(0).toFloat().mean()).div(2));
  return { loss: contrast.add(near!.sub(far!).mul(consensus)), contrast: contrast.div(paths.length), accuracy: tf.addN(accuracies).div(paths.length) };
}

/** First weights, as the released code draws them: Xavier, even but for the nodes' vectors, which are normal. */
export function dmgiWeights(graph: PersonaGraph, dimension: number, rng: Rng): Record<string, HostTensor> {
  const [count, width] = [graph.nodes.length, featureWidth(graph.features)];
  const drawn = (name: string, shape: readonly [number, number], inputs: number, outputs: number): [string, HostTensor] => [name, { shape, data: evenly(shape[0] * shape[1], Math.sqrt(6 / (inputs + outputs)), rng.child(name)) }];
  const spread = Math.sqrt(2 / (count * dimension + dimension)); // of a [1, N, D], whose fans PyTorch takes as N D and D
  return Object.fromEntries([
    ...graph.paths.map(({ name }) => drawn(`${name}/weight`, [width, dimension], width, dimension)),
    drawn("discriminator/weight", [dimension, dimension], dimension * dimension, dimension),
    ["discriminator/bias", { shape: [1], data: new Float32Array(1) }],
    ["nodes", { shape: [count, dimension], data: rng.child("nodes").normals(count * dimension).map((value) => spread * value) }],
  ]);
}

/**
 * Vectors of the nodes of one graph, learnt without labels.
 * @example
 * import { Dmgi, initBackend, personaGraph, Rng, sparseFrom } from "sessionlab";
 * await initBackend();
 * const cells = Array.from({ length: 40 }, (_, n) => n);
 * const features = sparseFrom(40, 4, cells, cells.map((n) => (n < 20 ? n % 2 : 2 + (n % 2)))); // two kinds of nodes
 * const graph = personaGraph(cells.map(String), features, [{ name: "kind", factor: sparseFrom(40, 2, cells, cells.map((n) => (n < 20 ? 0 : 1))) }]);
 * const model = new Dmgi({ dimension: 8, epochs: 20, rate: 0.02 });
 * await model.fit(graph, { rng: new Rng(1) });
 * assert.deepEqual(model.vectors().shape, [40, 8]);
 */
export class Dmgi {
  readonly options: Readonly<DmgiOptions>;
  private fitted: HostMatrix | undefined;

  constructor(given: Partial<DmgiOptions> = {}) {
    this.options = resolveOptions("Dmgi", dmgiDefaults, given, {
      ...{ dimension: rules.positiveInteger, rate: rules.positive, epochs: rules.positiveInteger, patience: rules.positiveInteger },
      ...{ dropout: rules.fraction, l2: rules.notNegative, consensus: rules.notNegative, self: rules.positive },
    });
  }

  /**
   * Learns the vectors. The same graph, options, seed and backend give the same bits, also when it was interrupted and
   * resumed from `checkpoint`.
   * @throws NumericError, AbortError, ConfigError as `train` does
   */
  async fit(graph: PersonaGraph, context: TrainingContext): Promise<DmgiReport> {
    await initBackend();
    const { dimension, rate, l2 } = this.options;
    const weights = new ParameterSet(dmgiWeights(graph, dimension, context.rng.child("weights")));
    const optimiser = new Adam(weights, { rate, l2 });
    const watched = new ParameterSet({ watched: { shape: [3], data: new Float32Array(3) } }); // loss, contrast, accuracy of the epoch
    const paths = graph.paths.map((path) => holdRelation(path, this.options.self));
    const held = new Set<HeldFeatures>();
    const release = (): void => {
      held.forEach((one) => one.dispose());
      held.clear();
    };
    try {
      const done = await train(this.task(graph, paths, held, release, weights, optimiser, watched, context), context);
      const { shape, data } = weights.toHost()["nodes"]!;
      this.fitted = { shape: shape as [number, number], data };
      const { contrast, accuracy } = done.history[done.bestEpoch - 1] as { readonly contrast: number; readonly accuracy: number };
      return { ...done, loss: contrast, accuracy, trivial: contrast > trivialLoss };
    } finally {
      release();
      [...paths, weights, optimiser, watched].forEach((one) => one.dispose());
    }
  }

  private task(graph: PersonaGraph, paths: readonly HeldPath[], held: Set<HeldFeatures>, release: () => void, weights: ParameterSet, optimiser: Adam, watched: ParameterSet, context: TrainingContext): TrainingTask<undefined> {
    const { options } = this;
    const seen = watched.byName.get("watched")!;
    let epoch: ArrayLike<number> = [];
    const hold = (rng: Rng): HeldFeatures => {
      const one = holdFeatures(dropped(graph.features, options.dropout, rng));
      held.add(one);
      return one;
    };
    return {
      name: "DMGI",
      identity: hashOf({ model: "dmgi", options: options as Hashable, graph: graph.hash, seed: context.rng.state().path, backend: tf.getBackend() }),
      ...{ weights, optimiser, epochs: options.epochs, patience: options.patience, carried: watched, metric: "loss below 0" },
      batches: () => [undefined],
      loss: (values, _, rng) => {
        release(); // what the gradients of the step before walked along
        const features = paths.map(({ name }): RelationFeatures => [hold(rng.child(`${name} real`)), hold(rng.child(`${name} shuffled`))]);
        const shuffle = Int32Array.from(rng.child("shuffle").permutation(graph.nodes.length));
        const { loss, contrast, accuracy } = dmgiLoss(values, paths, features, shuffle, options.consensus);
        seen.assign(tf.stack([loss, contrast, accuracy]));
        return loss;
      },
      validate: async () => {
        epoch = Array.from(watched.toHost()["watched"]!.data);
        return -epoch[0]!;
      },
      measures: () => ({ contrast: epoch[1]!, accuracy: epoch[2]! }),
    };
  }

  /** The vectors of the graph's nodes. @returns [N, D] @throws NotFittedError */
  vectors(): HostMatrix {
    if (this.fitted === undefined) throw new NotFittedError("Dmgi");
    return this.fitted;
  }
}

/** Features of which some cells are left out, the others made up for it. */
function dropped(features: NodeFeatures, rate: number, rng: Rng): NodeFeatures {
  if (rate === 0) return features;
  const thin = (values: Float32Array): Float32Array => {
    const { mask, keep } = rng.mask(values.length, 1 - rate);
    return values.map((value, at) => (mask[at] === 1 ? value / keep : 0));
  };
  return isSparse(features) ? { ...features, value: thin(features.value) } : { shape: features.shape, data: thin(features.data) };
}
