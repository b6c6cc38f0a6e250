/**
 * SR-GNN: session-based recommendation with graph neural networks (Wu et al., AAAI 2019).
 *   a_v = [ sum_{u->v} w_uv (h_u W_in + b_in) + c_in ; sum_{v->u} w_vu (h_u W_out + b_out) + c_out ]          (Eq. 1)
 *   h_v = gated recurrent unit of a_v and h_v                                                                 (Eq. 2 to 5)
 *   s_l = h of the last item;  alpha_i = q . sigmoid(s_l W_1 + h_i W_2 + c);  s_g = sum_i alpha_i h_i         (Eq. 6)
 *   s = [s_g ; s_l] W_3 + b_3;  score(j) = s . E_j, the table shared between input and output                 (Eq. 7, 8)
 * Symbols: V items, D dimensions, B sessions, P positions, N nodes.
 * Departs: an edge counts once however often its transition occurs, and alpha is not normalised, as in the released code;
 *   Eq. 1's weights are occurrences over degree.
 * Departs: no padding node stands in the graphs, where the released code has one for each shorter session.
 * Departs: early stop reads validation; the released code reads the test set.
 */
import * as tf from "@tensorflow/tfjs";
import { resolveOptions, rules } from "../core/options";
import type { Rng } from "../core/rng";
import { sequenceOfPositions, type Sequences } from "../data/sequences";
import { evenly } from "../tensor/initial";
import { gates } from "../tensor/ops/gates";
import { linear } from "../tensor/ops/linear";
import { gatherRows } from "../tensor/ops/rows";
import { segmentSum } from "../tensor/ops/segments";
import type { HostTensor } from "../tensor/parameters";
import { debiasRules } from "./debias";
import { NeuralRecommender, neuralDefaults, neuralRules, scheduleRules, type Values } from "./neural";
import { sessionGraphs, type SessionGraphs } from "./session-graph";
import { choice, logUniform, type Space } from "./space";

/** SR-GNN's options; dimension, rate, its decay, l2 and batch as in the paper's code. */
export const srGnnDefaults = {
  ...neuralDefaults,
  /** The rate is multiplied by `rateDecay` after every `rateEpochs` epochs; 1 keeps it. */
  rateDecay: 0.1,
  rateEpochs: 3,
  /** L2 penalty, added to the gradient (PyTorch's weight_decay). */
  l2: 1e-5,
  /** Steps of the gated graph network. */
  steps: 1,
  /** Against popularity, in training: how much of log frequency is added to the scores; absent is none. */
  logQ: undefined as number | undefined,
  /** And the power of the inverse propensities that targets are weighted by; absent is none. */
  propensity: undefined as number | undefined,
};

/** Options of `SrGnn`. */
export type SrGnnOptions = typeof srGnnDefaults;

/** What a search draws from, around the published settings; the rest stays as published. */
export const srGnnRanges: Space<SrGnnOptions> = {
  rate: logUniform(5e-4, 5e-3),
  batch: choice(100, 256, 512),
  l2: choice(0, 1e-6, 1e-5),
  steps: choice(1, 2),
};

/** Options over the defaults at each budget. */
export const srGnnBudgets = { minute: { epochs: 4, patience: 2 }, hour: { epochs: 10 }, paper: {} };

/**
 * The recommender.
 * @example
 * import { initBackend, Rng, SrGnn } from "sessionlab";
 * await initBackend();
 * const items = { ids: ["a", "b", "c"], trained: 3 };
 * const sessions = { offsets: Uint32Array.of(0, 3, 6), item: Int32Array.of(0, 1, 2, 0, 1, 2), items, hash: "demo" };
 * const valid = { role: "valid" as const, items, sessions, session: Int32Array.of(0), end: Int32Array.of(2), target: Int32Array.of(2), hash: "demo" };
 * const model = new SrGnn({ dimension: 8, epochs: 60, patience: 60, rate: 0.05, rateDecay: 1 });
 * await model.fit({ role: "train", ...sessions }, valid, { rng: new Rng(1) });
 * assert.equal(model.recommend(["a", "b"], { k: 1 })[0]!.item, "c");
 * model.dispose();
 */
export class SrGnn extends NeuralRecommender<SrGnnOptions> {
  readonly name = "SR-GNN";

  constructor(options: Partial<SrGnnOptions> = {}) {
    super(resolveOptions("SR-GNN", srGnnDefaults, options, { ...neuralRules, ...scheduleRules, ...debiasRules, l2: rules.notNegative, steps: rules.positiveInteger }));
  }

  /** The model that `save` wrote. @throws DataError when a file is missing or damaged */
  static load(folder: string): Promise<SrGnn> {
    return NeuralRecommender.read(folder, "SR-GNN", (options) => new SrGnn(options));
  }

  protected initialIds(items: number, rng: Rng): Float32Array {
    const { dimension } = this.options;
    return evenly(items * dimension, 1 / Math.sqrt(dimension), rng);
  }

  protected initialWeights(_: number, rng: Rng): Record<string, HostTensor> {
    return graphWeights(this.options.dimension, rng);
  }

  protected encode(values: Values, sequences: Sequences): tf.Tensor2D {
    return srGnnVectors(values, sequences, this.options);
  }
}

/**
 * The network: a vector for each session.
 * @returns [B, D]
 */
export function srGnnVectors(values: Values, sequences: Sequences, { steps }: Pick<SrGnnOptions, "steps">): tf.Tensor2D {
  const graphs = sessionGraphs(sequences);
  const nodes = graphStates(values, gatherRows(values["item"] as tf.Tensor2D, graphs.nodes), graphs, steps); // [N, D]
  return readout(values, gatherRows(nodes, graphs.positions), gatherRows(nodes, graphs.last), sequenceOfPositions(sequences.offsets));
}

/**
 * The gated graph network (Eq. 1 to 5).
 * @param hidden [N, D] what the nodes start from
 * @returns [N, D]
 */
export function graphStates(values: Values, hidden: tf.Tensor2D, graphs: SessionGraphs, steps: number): tf.Tensor2D {
  const { from, to, incoming, outgoing } = graphs;
  const dense = (x: tf.Tensor2D, name: string): tf.Tensor2D => linear(x, values[`${name}/weight`] as tf.Tensor2D, values[`${name}/bias`] as tf.Tensor1D);
  let h = hidden;
  for (let step = 0; step < steps; step++) {
    const into = spread(dense(h, "graph/in"), from, to, incoming).add(values["graph/in/shift"]!);
    const out = spread(dense(h, "graph/out"), to, from, outgoing).add(values["graph/out/shift"]!);
    h = gates(dense(tf.concat([into, out], 1) as tf.Tensor2D, "graph/gates/input"), dense(h, "graph/gates/state"), h);
  }
  return h;
}

/** Each edge's weighted source added to its target. @returns [N, D] */
function spread(x: tf.Tensor2D, source: Int32Array, target: Int32Array, weight: Float32Array): tf.Tensor2D {
  if (source.length === 0) return tf.zerosLike(x); // every session has one item only
  const messages = gatherRows(x, source).mul(tf.tensor2d(weight, [weight.length, 1])) as tf.Tensor2D; // [M, D]
  return segmentSum(messages, target, x.shape[0]);
}

/**
 * Soft attention over the positions, and the last item (Eq. 6, 7).
 * @param positions [P, D] states of all positions
 * @param last [B, D] states of the last ones
 * @param session [P] the session of each position
 * @returns [B, D]
 */
export function readout(values: Values, positions: tf.Tensor2D, last: tf.Tensor2D, session: Int32Array): tf.Tensor2D {
  const dense = (x: tf.Tensor2D, name: string): tf.Tensor2D => linear(x, values[`${name}/weight`] as tf.Tensor2D, values[`${name}/bias`] as tf.Tensor1D);
  const energies = tf.sigmoid(gatherRows(dense(last, "attention/last"), session).add(dense(positions, "attention/position"))); // [P, D]
  const alpha = tf.matMul(energies as tf.Tensor2D, values["attention/query"] as tf.Tensor2D); // [P, 1]
  const whole = segmentSum(positions.mul(alpha) as tf.Tensor2D, session, last.shape[0]); // [B, D]
  return dense(tf.concat([whole, last], 1) as tf.Tensor2D, "output");
}

/** First values of the network's weights: even in +-1 / sqrt(D), as in the released code. */
export function graphWeights(dimension: number, rng: Rng): Record<string, HostTensor> {
  const weights: Record<string, HostTensor> = {};
  const even = (name: string, ...shape: number[]): void => {
    const size = shape.reduce((a, b) => a * b, 1);
    weights[name] = { shape, data: evenly(size, 1 / Math.sqrt(dimension), rng.child(name)) };
  };
  const dense = (name: string, from: number, to: number): void => {
    even(`${name}/weight`, from, to);
    even(`${name}/bias`, to);
  };
  for (const side of ["in", "out"]) {
    dense(`graph/${side}`, dimension, dimension);
    even(`graph/${side}/shift`, dimension);
  }
  dense("graph/gates/input", 2 * dimension, 3 * dimension);
  dense("graph/gates/state", dimension, 3 * dimension);
  dense("attention/last", dimension, dimension);
  dense("attention/position", dimension, dimension);
  even("attention/query", dimension, 1);
  dense("output", 2 * dimension, dimension);
  return weights;
}
