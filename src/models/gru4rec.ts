/**
 * GRU4Rec: session-based recommendations with recurrent neural networks (Hidasi et al., ICLR 2016), with the sampling,
 * losses and shared embedding of its second paper (Hidasi and Karatzoglou, CIKM 2018) and of the official code.
 *   h_t = gru(E[i_t], h_{t-1});  score(j) = h_t . E_j + b_j
 * trained session-parallel: B lanes, the state reset where a session starts, gradients through one step.
 * Losses over the lanes' own targets and K more negatives, s_i the own target's score, p the softmax over the negatives':
 *   cross-entropy: -log softmax(s - logQ weight . log q)_i
 *   BPR-max: -log sum_j p_j sigmoid(s_i - s_j) + penalty sum_j p_j s_j^2, after elu                          (2018, Eq. 10, 13)
 * Symbols: V items, D dimensions of the items and of the state, B lanes, K negatives.
 * Departs: when no session is left lanes close one by one until all transitions are done, as in the official code; there the
 *   lanes of one step run until the shortest session of all of them ends, which gives the same steps.
 * Departs: one layer, a shared item table ("constrained embedding") and no other embedding mode.
 * Departs: the GRU resets before the product, as in the official Theano code, whose numbers are the published ones; the
 *   official PyTorch code resets after it.
 */
import * as tf from "@tensorflow/tfjs";
import { resolveOptions, rules } from "../core/options";
import type { Rng } from "../core/rng";
import { negativeSampler } from "../data/negatives";
import { lastPositions, type Sequences } from "../data/sequences";
import { laneSteps, type LaneStep } from "../data/session-lanes";
import type { TrainSessions } from "../data/types";
import { trainingCounts } from "../evaluation/strata";
import { Adagrad } from "../tensor/adagrad";
import { evenly } from "../tensor/initial";
import { dropout } from "../tensor/ops/dropout";
import { gruStep, type GruWeights } from "../tensor/ops/gru";
import { gruSequence } from "../tensor/ops/gru-sequence";
import { product } from "../tensor/ops/product";
import { gatherRows } from "../tensor/ops/rows";
import { sampledIds } from "../tensor/ops/sampled-softmax-loss";
import type { StepPlan } from "../tensor/memory";
import type { Optimiser } from "../tensor/optimiser";
import { ParameterSet, type HostTensor } from "../tensor/parameters";
import { bprMaxRowsLoss, crossEntropyLoss } from "./gru4rec-losses";
import { itemNames, itemRows } from "./item-table";
import { NeuralRecommender, neuralDefaults, neuralRules, type Lesson, type Values } from "./neural";
import { choice, logUniform, type Space } from "./space";

/** GRU4Rec's options; those of the official code's best setting for Diginetica, but for D (512) and cross-entropy's logQ. */
export const gru4RecDefaults = {
  ...neuralDefaults,
  dimension: 128,
  loss: "bpr-max" as "bpr-max" | "cross-entropy",
  /** Adagrad's. */
  rate: 0.05,
  momentum: 0.15,
  /** B. */
  batch: 128,
  /** K: negatives that all lanes share, beside the other lanes' targets. */
  negatives: 2048,
  /** Negatives are drawn by count^alpha. */
  alpha: 0.3,
  /** Weight of cross-entropy's correction for sampling; 0 is none. */
  logQ: 0,
  /** Weight of BPR-max's penalty. */
  penalty: 0.9,
  /** Of BPR-max's elu; 0 leaves the scores as they are. */
  elu: 1,
  /** Dropout of the item vectors that go in, and of the state. */
  inputDropout: 0.5,
  stateDropout: 0.3,
  epochs: 10,
};

/** Options of `Gru4Rec`. */
export type Gru4RecOptions = typeof gru4RecDefaults;

/** What a search draws from, around the published settings; the rest stays as published. */
export const gru4RecRanges: Space<Gru4RecOptions> = {
  loss: choice("bpr-max", "cross-entropy"),
  rate: logUniform(0.02, 0.2),
  momentum: choice(0, 0.15, 0.4),
  batch: choice(64, 128, 256),
  alpha: choice(0, 0.3, 0.5),
  logQ: choice(0, 1),
  penalty: choice(0.5, 0.9, 1.8),
  elu: choice(0.5, 1),
  inputDropout: choice(0, 0.25, 0.5),
  stateDropout: choice(0, 0.3),
};

/** Options over the defaults at each budget. */
export const gru4RecBudgets = { minute: { epochs: 5, patience: 2 }, hour: {}, paper: { dimension: 512 } };

interface Step extends LaneStep {
  /** [K] */
  negatives(): Int32Array;
}

/**
 * The recommender.
 * @example
 * import { Gru4Rec, initBackend, Rng } from "sessionlab";
 * await initBackend();
 * const items = { ids: ["a", "b", "c"], trained: 3 };
 * const sessions = { offsets: Uint32Array.of(0, 3, 6), item: Int32Array.of(0, 1, 2, 0, 1, 2), items, hash: "demo" };
 * const valid = { role: "valid" as const, items, sessions, session: Int32Array.of(0), end: Int32Array.of(2), target: Int32Array.of(2), hash: "demo" };
 * const model = new Gru4Rec({ dimension: 8, loss: "cross-entropy", negatives: 8, inputDropout: 0, stateDropout: 0, epochs: 80, patience: 80, rate: 0.2 });
 * await model.fit({ role: "train", ...sessions }, valid, { rng: new Rng(1) });
 * assert.equal(model.recommend(["a", "b"], { k: 1 })[0]!.item, "c");
 * model.dispose();
 */
export class Gru4Rec extends NeuralRecommender<Gru4RecOptions> {
  readonly name = "GRU4Rec";

  constructor(options: Partial<Gru4RecOptions> = {}) {
    const { fraction, positiveInteger, notNegative, oneOf } = rules;
    const share = (value: unknown): string | undefined => (typeof value === "number" && value >= 0 && value <= 1 ? undefined : "a number in [0, 1]");
    super(
      resolveOptions("GRU4Rec", gru4RecDefaults, options, {
        ...neuralRules,
        ...{ loss: oneOf("bpr-max", "cross-entropy"), momentum: fraction, negatives: positiveInteger, alpha: share, logQ: notNegative },
        ...{ penalty: notNegative, elu: notNegative, inputDropout: fraction, stateDropout: fraction },
      }),
    );
  }

  /** The model that `save` wrote. @throws DataError when a file is missing or damaged */
  static load(folder: string): Promise<Gru4Rec> {
    return NeuralRecommender.read(folder, "GRU4Rec", (options) => new Gru4Rec(options));
  }

  protected initialIds(items: number, rng: Rng): Float32Array {
    const { dimension } = this.options;
    return evenly(items * dimension, Math.sqrt(6 / (items + dimension)), rng);
  }

  protected initialWeights(items: number, rng: Rng): Record<string, HostTensor> {
    return { bias: { shape: [items, 1], data: new Float32Array(items) }, ...initialGru(this.options.dimension, this.options.dimension, rng) };
  }

  protected override stepPlan(train: TrainSessions, options: Readonly<Gru4RecOptions>, width?: number): StepPlan {
    const { batch, negatives, dimension, momentum } = options;
    return {
      ...super.stepPlan(train, options, width),
      optimiser: momentum > 0 ? "adagrad-momentum" : "adagrad",
      loss: { kind: "sampled-rows", table: itemNames.ids, targets: batch, negatives, inBatch: true },
      activations: 2 * batch * (batch + negatives) + 10 * batch * dimension, // scores and their gradient; gates, states, dropout
    };
  }

  protected override optimiser(weights: ParameterSet): Optimiser {
    const { rate, momentum } = this.options;
    return new Adagrad(weights, { rate, momentum });
  }

  protected encode(values: Values, { offsets, item }: Sequences): tf.Tensor2D {
    const states = gruSequence(gatherRows(values["item"] as tf.Tensor2D, item), offsets, gruOf(values)); // [P, D]
    const last = gatherRows(states, lastPositions(offsets)); // [B, D]
    return tf.concat([last, tf.ones([offsets.length - 1, 1])], 1) as tf.Tensor2D; // [B, D + 1]
  }

  /** The item table, and the items' biases beside it. @returns [V, D + 1] */
  protected override outputTable(values: Values): tf.Tensor2D {
    return tf.concat([values["item"] as tf.Tensor2D, values["bias"] as tf.Tensor2D], 1) as tf.Tensor2D;
  }

  protected override lesson(train: TrainSessions): Lesson<unknown> {
    const { batch, dimension, negatives, alpha, logQ, input } = this.options;
    const counts = trainingCounts(train);
    const sampler = negativeSampler(counts, alpha);
    const carried = new ParameterSet({ hidden: { shape: [batch, dimension], data: new Float32Array(batch * dimension) } });
    const lesson: Lesson<Step> = {
      carried,
      batches: (rng) => laneSteps(train, batch).map((step, n) => ({ ...step, negatives: forTwo(() => sampler.draw(rng.child(`negatives ${n}`), negatives)) })),
      rows: (step) => {
        const ranked = sampledIds(step.targets, step.negatives());
        return { ...(input === "text" ? {} : { [itemNames.ids]: sampledIds(step.input, ranked) }), bias: ranked };
      },
      loss: (weights, step, rng) => {
        const ranked = sampledIds(step.targets, step.negatives()); // [B + K]
        const rows = itemRows({ ...weights, ...this.vectorTensors() }, sampledIds(step.input, ranked)); // [B + B + K, D]
        const lanes = step.input.length;
        const hidden = carried.byName.get("hidden")!;
        const [own, others] = tf.split(rows, [lanes, ranked.length]) as [tf.Tensor2D, tf.Tensor2D];
        const before = gatherRows(hidden.read() as tf.Tensor2D, step.carry);
        const next = gruStep(dropout(own, this.options.inputDropout, rng.child("input")), before, gruOf(weights), { fixedState: true });
        const state = dropout(next, this.options.stateDropout, rng.child("state")); // [B, D]
        hidden.assign(lanes === batch ? state : state.pad([[0, batch - lanes], [0, 0]]));
        const bias = weights["bias"] as tf.Tensor2D;
        if (this.options.loss === "bpr-max") return bprMaxRowsLoss(state, others, bias, this.options, 1 / batch); // the last steps, of fewer lanes, weigh less
        const scores = product(state, others, false, true).add(bias.reshape([1, ranked.length])) as tf.Tensor2D; // [B, B + K]
        const logs = logQ === 0 ? undefined : Float32Array.from(ranked, (item, at) => logQ * (at < lanes ? 1 : alpha) * Math.log(counts[item]!));
        return crossEntropyLoss(scores, logs).mul(lanes / batch) as tf.Scalar;
      },
    };
    return lesson as Lesson<unknown>;
  }
}

/** What is made for `rows` is kept for `loss`, which comes next, and no longer. */
function forTwo<T>(make: () => T): () => T {
  let made: T | undefined;
  return () => {
    const value = made ?? make();
    made = made === undefined ? value : undefined;
    return value;
  };
}

/** The GRU among a model's weights. */
export function gruOf(values: Values): GruWeights {
  return {
    gates: values["gru/gates/weight"] as tf.Tensor2D,
    candidate: values["gru/candidate/weight"] as tf.Tensor2D,
    gateBias: values["gru/gates/bias"] as tf.Tensor1D,
    candidateBias: values["gru/candidate/bias"] as tf.Tensor1D,
  };
}

/** First values of a GRU: each gate's two matrices even in +-sqrt(6 / (in + out)), biases 0, as in the official code. */
export function initialGru(inputs: number, units: number, rng: Rng): Record<string, HostTensor> {
  const matrix = (gates: number, child: Rng): Float32Array => {
    const columns = gates * units;
    const fromInput = evenly(inputs * columns, Math.sqrt(6 / (inputs + units)), child.child("input"));
    const fromState = evenly(units * columns, Math.sqrt(6 / (units + units)), child.child("state"));
    return Float32Array.from([...fromInput, ...fromState]);
  };
  return {
    "gru/gates/weight": { shape: [inputs + units, 2 * units], data: matrix(2, rng.child("gates")) },
    "gru/gates/bias": { shape: [2 * units], data: new Float32Array(2 * units) },
    "gru/candidate/weight": { shape: [inputs + units, units], data: matrix(1, rng.child("candidate")) },
    "gru/candidate/bias": { shape: [units], data: new Float32Array(units) },
  };
}
