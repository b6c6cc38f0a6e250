/**
 * How the diffusion model learns: pairs of a session's state and the item that came next, noised at a time of its own.
 *   loss = mean (x0 - f(x_t, t, h or none, p or none))^2 + weight * cross-entropy of f . z / sqrt(D) over the catalogue
 * Symbols: N pairs, B of a batch, D dimensions, C of a state, V items.
 * Departs: P2's training is not published. The state is that of a trained recommender and stays as it is, where DreamRec learns
 *   its encoder with the rest; the popularity condition is ours.
 */
import * as tf from "@tensorflow/tfjs";
import type { Rng } from "../../core/rng";
import { prefixBatches } from "../../data/sequences";
import { sessionCount, type Sessions, type TrainSessions } from "../../data/types";
import { trainingCounts } from "../../evaluation/strata";
import type { ItemVectors } from "../../models/item-table";
import type { NeuralOptions, NeuralRecommender } from "../../models/neural";
import { normals } from "../../tensor/ops/normals";
import { gatherRows } from "../../tensor/ops/rows";
import { softmaxLoss } from "../../tensor/ops/softmax-loss";
import { denoise, type DenoiserShape } from "./denoisers";
import { standardise } from "./item-vectors";
import { noised } from "./samplers";
import type { Schedule } from "./schedules";

/** What a diffusion model stands on: a trained recommender whose scores are products of states and item vectors. */
export type SessionEncoder = Pick<NeuralRecommender<NeuralOptions>, "name" | "options" | "items" | "states" | "outputVectors">;

/** Pairs to learn from. */
export interface Pairs {
  /** [N, C] states, standardised. */
  readonly states: Float32Array;
  /** [N] */
  readonly targets: Int32Array;
  /** [C] each: what the states were. */
  readonly mean: Float32Array;
  readonly sd: Float32Array;
}

/** Some of the pairs. */
export interface PairBatch {
  /** [B, C] */
  readonly states: Float32Array;
  /** [B] */
  readonly targets: Int32Array;
}

const encodedAtOnce = 256;

/**
 * Each transition of the training sessions as the trained recommender sees it.
 * @param limit of more transitions, as many are drawn once
 */
export function pairsOf(base: SessionEncoder, train: TrainSessions, limit: number, rng: Rng): Pairs {
  const batches = prefixBatches(train, { batch: encodedAtOnce, maxLength: base.options.maxLength }, rng).slice(0, Math.ceil(limit / encodedAtOnce));
  const parts = batches.map(({ sequences }) => statesOf(base, sequences));
  const targets = Int32Array.from(batches.flatMap((batch) => Array.from(batch.targets))).subarray(0, limit);
  const width = parts.length === 0 ? 0 : parts[0]!.length / sessionCount(batches[0]!.sequences);
  const all = new Float32Array(targets.length * width);
  parts.forEach((part, at) => all.set(part.subarray(0, all.length - at * encodedAtOnce * width), at * encodedAtOnce * width));
  const { data, mean, sd } = standardise({ shape: [targets.length, width], data: all });
  return { states: data, targets, mean, sd };
}

/** @returns [B * C] */
export function statesOf(base: SessionEncoder, sessions: Sessions): Float32Array {
  const states = base.states(sessions);
  const data = states.dataSync<"float32">();
  states.dispose();
  return data;
}

/** One epoch in random order; a batch is gathered when it is asked for. */
export function pairBatches({ states, targets }: Pairs, size: number, rng: Rng): readonly (() => PairBatch)[] {
  const order = rng.permutation(targets.length);
  const width = states.length / targets.length;
  return Array.from({ length: Math.ceil(order.length / size) }, (_, b) => () => {
    const chosen = order.subarray(b * size, (b + 1) * size);
    const batch = { states: new Float32Array(chosen.length * width), targets: Int32Array.from(chosen, (at) => targets[at]!) };
    chosen.forEach((at, row) => batch.states.set(states.subarray(at * width, (at + 1) * width), row * width));
    return batch;
  });
}

/** What the loss is made of beside weights and batch. */
export interface LossSetting {
  readonly shape: DenoiserShape;
  readonly schedule: Schedule;
  readonly crossEntropy: number;
  /** Probabilities that the state, and the popularity, are hidden. */
  readonly drop: number;
  readonly popularityDrop: number;
  /** [V] quantiles of popularity, where the model knows it. */
  readonly popularity?: Float32Array;
}

/** The loss of a batch. @param table [V, D] what an item is */
export function diffusionLoss(values: Readonly<Record<string, tf.Tensor>>, table: tf.Tensor2D, { states, targets }: PairBatch, setting: LossSetting, rng: Rng): tf.Scalar {
  const { schedule, drop, popularityDrop, popularity, crossEntropy } = setting;
  const [count, dimension] = [targets.length, table.shape[1]];
  const times = draws(rng.child("times"), count, (one) => one.int(schedule.signal.length));
  const noise = normals(rng.child("noise"), count, dimension);
  const hidden = draws(rng.child("popularity"), count, (one) => (one.uniform() < popularityDrop ? 1 : 0));
  const conditions = {
    states: tf.tensor2d(states, [count, states.length / count]),
    withState: draws(rng.child("state"), count, (one) => (one.uniform() < drop ? 0 : 1)),
    popularity: popularity && hidden.map((one, row) => (one === 1 ? -1 : popularity[targets[row]!]!)),
  };
  const x0 = gatherRows(table, targets); // [B, D]
  const predicted = denoise(values, noised(x0, times, noise, schedule), times, schedule.signal.length, conditions, setting.shape);
  const error = predicted.sub(x0).square().mean();
  if (crossEntropy === 0) return error as tf.Scalar;
  return error.add(softmaxLoss(predicted.div(Math.sqrt(dimension)) as tf.Tensor2D, table, targets).mul(crossEntropy)) as tf.Scalar;
}

function draws(rng: Rng, count: number, draw: (rng: Rng) => number): Float32Array {
  return Float32Array.from({ length: count }, () => draw(rng));
}

/**
 * Where each item stands among all by its training count: 0 the rarest, 1 the most frequent; items of one count share their mean place.
 * @returns [V]
 */
export function popularityQuantiles(train: TrainSessions): Float32Array {
  const counts = trainingCounts(train);
  const order = Array.from(counts.keys()).sort((a, b) => counts[a]! - counts[b]!);
  const quantiles = new Float32Array(counts.length);
  for (let from = 0; from < order.length; ) {
    let to = from;
    while (to < order.length && counts[order[to]!] === counts[order[from]!]) to++;
    for (let at = from; at < to; at++) quantiles[order[at]!] = order.length === 1 ? 0.5 : (from + to - 1) / 2 / (order.length - 1);
    from = to;
  }
  return quantiles;
}

/** The vectors as a tensor that lasts. */
export function kept({ shape, data }: ItemVectors): tf.Tensor2D {
  return tf.keep(tf.tensor2d(data, [...shape]));
}
