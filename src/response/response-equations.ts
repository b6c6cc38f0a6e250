/**
 * The equations of the learnt response model as tensors: the vector that a session starts with, the values of a slate, the
 * next hidden state. Training and prediction share them; response-model.ts says what the symbols are.
 */
import * as tf from "@tensorflow/tfjs";
import { gruOf } from "../models/gru4rec";
import { gruStep } from "../tensor/ops/gru";
import { gatherRows } from "../tensor/ops/rows";
import { logSoftmax } from "./gumbel";
import type { ResponseKind } from "./slate-log";

/** Clicks that count as recent. */
export const recentClicks = 8;

/** Values of the weights. */
export type Weights = Readonly<Record<string, tf.Tensor>>;

/** What the equations depend on beside the weights. */
export interface ResponseShape {
  readonly kind: ResponseKind;
  /** K. */
  readonly slots: number;
  /** U; 0 where users have no vectors. */
  readonly users: number;
  /** Whether a slate may stay without a click. */
  readonly silent: boolean;
}

/** a + p_user. @param user [B], -1 for one who is not known @returns [B, D] */
export function startVectors(weights: Weights, user: Int32Array): tf.Tensor2D {
  const a = weights["start"]!; // [1, D]
  const own = weights["user"] === undefined ? undefined : gatherRows(weights["user"] as tf.Tensor2D, user); // [B, D]
  return (own === undefined ? tf.tile(a as tf.Tensor2D, [user.length, 1]) : own.add(a)) as tf.Tensor2D;
}

/**
 * Values of the items and, where a slate may stay without a click, of none.
 * @param state [n, D] u_t
 * @param slates [n, K] items; -1 is no item, of value 0
 * @param recent [n, K] 1 for an item among the last clicks
 * @returns [n, K] or [n, K + 1]; for "multi" [n, K] log odds
 */
export function valuesOf(weights: Weights, state: tf.Tensor2D, slates: Int32Array, recent: Float32Array, { kind, slots, silent }: ResponseShape): tf.Tensor2D {
  const [count, width] = state.shape;
  const items = gatherRows(weights["item"] as tf.Tensor2D, slates).reshape([count, slots, width]); // [n, K, D]
  const bias = gatherRows(weights["bias"] as tf.Tensor2D, slates).reshape([count, slots]);
  const seen = tf.tensor2d(recent, [count, slots]).mul(weights["seen"]!);
  const values = items.mul(state.expandDims(1)).sum(2).add(bias).add(weights["slot"]!).add(seen) as tf.Tensor2D; // [n, K]
  if (!silent) return values;
  const none = tf.matMul(state, weights["none"] as tf.Tensor2D).add(weights["noneBias"]!) as tf.Tensor2D; // [n, 1]
  return (kind === "multi" ? values.sub(none) : tf.concat([values, none], 1)) as tf.Tensor2D;
}

/** Values as a `Mechanism` gives them. @param found [n, K] or [n, K + 1] @returns [n, K + 1] log probabilities, or [n, K] log odds */
export function answers(found: Float32Array, { kind, slots, silent }: ResponseShape): Float64Array {
  if (kind === "multi") return Float64Array.from(found);
  if (silent) return logSoftmax(found, slots + 1);
  const padded = new Float64Array((found.length / slots) * (slots + 1)).fill(-Infinity);
  for (let at = 0; at < found.length; at++) padded[Math.floor(at / slots) * (slots + 1) + (at % slots)] = found[at]!;
  return logSoftmax(padded, slots + 1);
}

/**
 * What a step tells the state: the mean of the clicked items, of the slate, and whether nobody clicked.
 * @returns [n, 2 D + 1]
 */
export function stepInput(weights: Weights, slates: Int32Array, clicked: Uint8Array, slots: number): tf.Tensor2D {
  const count = slates.length / slots;
  const items = gatherRows(weights["item"] as tf.Tensor2D, slates).reshape([count, slots, -1]); // [n, K, D]
  const share = new Float32Array(clicked.length);
  const silent = new Float32Array(count).fill(1);
  for (let row = 0; row < count; row++) {
    let clicks = 0;
    for (let at = row * slots; at < (row + 1) * slots; at++) clicks += clicked[at]!;
    if (clicks === 0) continue;
    silent[row] = 0;
    for (let at = row * slots; at < (row + 1) * slots; at++) share[at] = clicked[at]! / clicks;
  }
  const taken = items.mul(tf.tensor3d(share, [count, slots, 1])).sum(1); // [n, D]
  return tf.concat([taken, items.mean(1), tf.tensor2d(silent, [count, 1])], 1) as tf.Tensor2D;
}

/** h_{t+1}. @param hidden [n, D] @returns [n, D] */
export function nextHidden(weights: Weights, hidden: tf.Tensor2D, slates: Int32Array, clicked: Uint8Array, slots: number): tf.Tensor2D {
  return gruStep(stepInput(weights, slates, clicked, slots), hidden, gruOf(weights));
}
