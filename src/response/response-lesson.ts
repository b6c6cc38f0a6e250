/**
 * How the response model learns: batches of whole sessions, the states of all steps by one walk through time, the mean
 * negative log likelihood of the logged answers, and a normal prior on the users' vectors.
 * Symbols: B sessions, T steps of the longest, K slots, D dimensions.
 */
import * as tf from "@tensorflow/tfjs";
import type { Rng } from "../core/rng";
import { NONE } from "../data/types";
import { gruOf, initialGru } from "../models/gru4rec";
import { gruStep } from "../tensor/ops/gru";
import { gatherRows } from "../tensor/ops/rows";
import type { HostTensor } from "../tensor/parameters";
import { recentClicks, startVectors, stepInput, valuesOf, type ResponseShape, type Weights } from "./response-equations";
import type { SlateLog } from "./slate-log";

/** Some sessions, padded: row t B + b is step t of session b. */
export interface ResponseBatch {
  readonly sessions: number;
  /** T. */
  readonly steps: number;
  /** [B] -1 where a user is not known. */
  readonly user: Int32Array;
  /** [B] in how many sessions of the log the user is. */
  readonly often: Float32Array;
  /** [T B, K] -1 where a session has ended. */
  readonly slates: Int32Array;
  /** [T B, K] */
  readonly clicked: Uint8Array;
  /** [T B, K] 1 for an item among the last clicks. */
  readonly recent: Float32Array;
  /** [T B] 1 where there is a step. */
  readonly there: Float32Array;
}

/** First values: item vectors small, no bias. Users and no click have weights where the log knows them. */
export function initialWeights(items: number, { slots, users, silent }: ResponseShape, dimension: number, rng: Rng): Record<string, HostTensor> {
  const small = (rows: number, name: string): HostTensor => ({ shape: [rows, dimension], data: rng.child(name).normals(rows * dimension).map((value) => 0.1 * value) });
  const zeros = (...shape: number[]): HostTensor => ({ shape, data: new Float32Array(shape.reduce((size, one) => size * one, 1)) });
  return {
    item: small(items, "item"),
    bias: zeros(items, 1),
    slot: zeros(slots),
    seen: zeros(1),
    start: small(1, "start"),
    ...(users > 0 ? { user: small(users, "user") } : {}),
    ...(silent ? { none: zeros(dimension, 1), noneBias: zeros(1) } : {}),
    ...initialGru(2 * dimension + 1, dimension, rng.child("gru")),
  };
}

/** An epoch of sessions in random order; a batch is made when it is asked for. */
export function responseBatches(log: SlateLog, size: number, users: number, rng: Rng): readonly (() => ResponseBatch)[] {
  const count = log.offsets.length - 1;
  const order = rng.permutation(count);
  const often = new Uint32Array(users);
  if (users > 0) log.user!.forEach((user) => (often[user]! += 1));
  return Array.from({ length: Math.ceil(count / size) }, (_, b) => () => batchOf(log, order.subarray(b * size, (b + 1) * size), often));
}

function batchOf({ offsets, slots, slate, clicked, user }: SlateLog, chosen: Uint32Array, often: Uint32Array): ResponseBatch {
  const sessions = chosen.length;
  const steps = chosen.reduce((most, s) => Math.max(most, offsets[s + 1]! - offsets[s]!), 0);
  const own = Int32Array.from(chosen, (s) => (often.length === 0 ? NONE : user![s]!));
  const size = steps * sessions * slots;
  const batch = { slates: new Int32Array(size).fill(NONE), clicked: new Uint8Array(size), recent: new Float32Array(size), there: new Float32Array(steps * sessions) };
  chosen.forEach((s, b) => {
    const last: number[] = [];
    for (let t = 0; t < offsets[s + 1]! - offsets[s]!; t++) {
      const [from, to] = [(offsets[s]! + t) * slots, (t * sessions + b) * slots];
      batch.there[t * sessions + b] = 1;
      for (let i = 0; i < slots; i++) {
        batch.slates[to + i] = slate[from + i]!;
        batch.clicked[to + i] = clicked[from + i]!;
        if (last.includes(slate[from + i]!)) batch.recent[to + i] = 1;
      }
      for (let i = 0; i < slots; i++) if (clicked[from + i] === 1) last.unshift(slate[from + i]!);
      last.length = Math.min(last.length, recentClicks);
    }
  });
  return { sessions, steps, user: own, often: Float32Array.from(own, (one) => (one < 0 ? 1 : often[one]!)), ...batch };
}

/** Mean nats a step, with the prior's share. */
export function responseLoss(weights: Weights, batch: ResponseBatch, shape: ResponseShape, shrink: number): tf.Scalar {
  const { sessions, steps, user } = batch;
  const { kind, slots, silent } = shape;
  const inputs = stepInput(weights, batch.slates, batch.clicked, slots); // [T B, 2 D + 1]
  const first = startVectors(weights, user); // [B, D]
  const gru = gruOf(weights);
  let hidden = tf.zerosLike(first) as tf.Tensor2D;
  const states: tf.Tensor2D[] = [];
  for (let t = 0; t < steps; t++) {
    states.push(hidden.add(first) as tf.Tensor2D);
    if (t < steps - 1 || steps === 1) hidden = gruStep(inputs.slice([t * sessions, 0], [sessions, -1]), hidden, gru);
  }
  const values = valuesOf(weights, tf.concat(states, 0) as tf.Tensor2D, batch.slates, batch.recent, shape); // [T B, W]
  const there = tf.tensor1d(batch.there);
  const clicks = tf.tensor2d(Float32Array.from(batch.clicked), [steps * sessions, slots]);
  const nats = kind === "multi" ? tf.softplus(values).sub(values.mul(clicks)).sum(1) : singleNats(values, clicks, silent);
  const count = batch.there.reduce((sum, one) => sum + one, 0);
  const unused = steps === 1 ? hidden.sum().mul(0) : tf.scalar(0); // a batch of first steps has no state to learn, and a gradient of 0
  const likelihood = nats.mul(there).sum().div(count).add(unused);
  if (shape.users === 0) return likelihood as tf.Scalar;
  const own = gatherRows(weights["user"] as tf.Tensor2D, user).square().sum(1); // [B]
  return likelihood.add(own.div(tf.tensor1d(batch.often)).sum().mul(shrink / count)) as tf.Scalar;
}

/** -log softmax of what was chosen. @returns [T B] */
function singleNats(values: tf.Tensor2D, clicks: tf.Tensor2D, silent: boolean): tf.Tensor1D {
  const chosen = silent ? tf.concat([clicks, tf.sub(1, clicks.sum(1, true))], 1) : clicks;
  return tf.logSumExp(values, 1).sub(values.mul(chosen).sum(1)) as tf.Tensor1D;
}
