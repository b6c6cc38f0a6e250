/**
 * A user embedding that comes from the session's own history: the baseline that personas are measured against in P1.
 *   mean: u_l = mean of e_1 .. e_l;   attention: u_l = sum_{j<=l} softmax_j(h_l W_u . e_j / sqrt(D)) e_j
 *   h'_l = [h_l ; u_l] W_o + b_o
 * e are rows of the model's item table, or of the text vectors through an adapter of their own.
 * Symbols: B sessions, L positions, D dimensions.
 */
import * as tf from "@tensorflow/tfjs";
import type { Rng } from "../core/rng";
import { causalAttention } from "../tensor/ops/attention";
import { linear } from "../tensor/ops/linear";
import { gatherRows } from "../tensor/ops/rows";
import type { HostTensor } from "../tensor/parameters";
import { itemNames } from "./item-table";
import type { Values } from "./neural";

/** How a user's embedding is made of the session's items; absent is none. */
export type SessionUserKind = "mean" | "attention" | undefined;

/** What the user embedding is made of: the model's item table, or the text vectors. */
export type SessionUserSource = "items" | "text";

/** The options of a model that has one. */
export interface SessionUser {
  readonly user?: SessionUserKind;
  readonly userFrom?: SessionUserSource;
}

/**
 * The states with the user embedding worked in.
 * @param states [B*L, D]
 * @param input [B*L] inside ids, -1 is padding on the right
 * @param values the learnt weights, `item` the whole table; the text vectors where the user comes from them
 * @returns [B*L, D]; the states themselves without a user
 */
export function withUser(states: tf.Tensor2D, values: Values, input: Int32Array, batch: number, length: number, { user, userFrom }: SessionUser): tf.Tensor2D {
  if (user === undefined) return states;
  const [, dimension] = states.shape;
  const sequence = (x: tf.Tensor): tf.Tensor3D => x.reshape([batch, length, dimension]); // [B, L, D]
  const vectors = values[itemNames.vectors] as tf.Tensor2D;
  const items = sequence(userFrom === "text" ? tf.matMul(gatherRows(vectors, input), values["user/adapter"] as tf.Tensor2D) : gatherRows(values["item"] as tf.Tensor2D, input));
  // Equal logits give equal weights: the mean is attention that asks nothing.
  const query = user === "mean" ? tf.zerosLike(items) : sequence(tf.matMul(states, values["user/query"] as tf.Tensor2D));
  const embedding = causalAttention(query, items, items, { heads: 1, dropout: 0 }).reshape([batch * length, dimension]); // [B*L, D]
  return linear(tf.concat([states, embedding], 1) as tf.Tensor2D, values["user/output/weight"] as tf.Tensor2D, values["user/output/bias"] as tf.Tensor1D);
}

/** First values of its weights: the state passes as it is, the user begins with small weights. */
export function initialUser(dimension: number, { user, userFrom }: SessionUser, width: number | undefined, rng: Rng): Record<string, HostTensor> {
  if (user === undefined) return {};
  const normal = (name: string, from: number, to: number, deviation: number): HostTensor => ({ shape: [from, to], data: rng.child(name).normals(from * to).map((value) => deviation * value) });
  const output = normal("user/output", 2 * dimension, dimension, 0.02);
  for (let d = 0; d < dimension; d++) output.data[d * dimension + d]! += 1;
  const weights: Record<string, HostTensor> = { "user/output/weight": output, "user/output/bias": { shape: [dimension], data: new Float32Array(dimension) } };
  if (user === "attention") weights["user/query"] = normal("user/query", dimension, dimension, 0.02);
  if (userFrom === "text") weights["user/adapter"] = normal("user/adapter", width!, dimension, Math.sqrt(2 / (width! + dimension)));
  return weights;
}
