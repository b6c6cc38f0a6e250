/** What evaluation asks of a model: scores, a tensor or an array. Nothing else about models is known here. */
import type * as tf from "@tensorflow/tfjs";
import type { Sessions } from "../data/types";

/** Scores of B sessions over the V items seen in training, higher is better: [B, V], row-major if an array. */
export type Scores = tf.Tensor2D | Float32Array;

/** Anything that scores sessions: a model's `score`, bound to it. A tensor is disposed by the receiver. */
export type Scorer = (sessions: Sessions) => Scores | Promise<Scores>;

/**
 * Scores as an array; a tensor is read and disposed.
 * @returns [B * V], row-major
 * @example
 * import { scoresToArray } from "sessionlab";
 * import * as tf from "@tensorflow/tfjs";
 * assert.deepEqual(scoresToArray(tf.tensor2d([[1, 2], [3, 4]])), Float32Array.of(1, 2, 3, 4));
 */
export function scoresToArray(scores: Scores): Float32Array {
  if (scores instanceof Float32Array) return scores;
  const values = scores.dataSync<"float32">();
  scores.dispose();
  return values;
}
