/**
 * Networks that say what an item vector was before the noise: x0^ = f(x_t, t, h, p), with h the session's state and p the
 * popularity that is asked for, either of them possibly none (a learnt null vector stands in its place).
 *   linear       W [x_t; h; tau(t)]                      the default of DreamRec (2310.20453); its gain on x_t is the same at every t
 *   mlp          W2 gelu(W1 [x_t; h; tau(t)])            DreamRec's other form
 *   adaln        blocks z + g(c) W2 gelu(W1 (LN(z) (1 + s(c)) + b(c))), c = tau(t) + h + p    (Peebles and Xie, 2023)
 *   transformer  the same blocks after attention among three tokens: x_t, h, p
 *   tau(t) = W2 gelu(W1 sinusoid(1000 t / T))
 * Symbols: B rows, G conditions (one for each row, or one for each session's rows), D dimensions of an item vector, H width.
 * Departs: the time is counted in thousandths of T, where DreamRec has the raw number, so that another T is the same task.
 */
import * as tf from "@tensorflow/tfjs";
import type { Rng } from "../../core/rng";
import { transformerWeights } from "../../models/transformer-weights";
import { hasKernels } from "../../tensor/kernel";
import { gelu } from "../../tensor/ops/activation";
import { sessionAttention } from "../../tensor/ops/attention";
import { layerNorm } from "../../tensor/ops/layer-norm";
import { linear } from "../../tensor/ops/linear";
import { gatherRows } from "../../tensor/ops/rows";
import type { HostTensor } from "../../tensor/parameters";
import { adaln, type AdalnPlaces } from "./adaln";
import { distinctPlaces, sinusoids, type Places } from "./waves";

/** Their names. */
export const denoisers = ["linear", "mlp", "adaln", "transformer"] as const;

/** What the network is made of. */
export interface DenoiserShape {
  readonly denoiser: (typeof denoisers)[number];
  /** H. */
  readonly width: number;
  /** Of "adaln" and "transformer". */
  readonly blocks: number;
  /** Of "transformer". */
  readonly heads: number;
}

/** What a row is denoised towards. */
export interface Conditions {
  /** [G, C] session states. */
  readonly states: tf.Tensor2D;
  /** [G] 1 where the state counts, 0 for the null vector. */
  readonly withState: Float32Array;
  /** [G] quantile of the popularity that is asked for; -1 for the null vector. Absent where the model knows no popularity. */
  readonly popularity?: Float32Array;
  /** [B] the condition of each row; absent where row b has condition b. Samples of one session share the work on its condition. */
  readonly rows?: Int32Array;
}

type Values = Readonly<Record<string, tf.Tensor>>;

/** First values. @param items D @param states C @param popularity whether it may be asked for one */
export function denoiserWeights({ denoiser, width, blocks }: DenoiserShape, { items, states, popularity }: { readonly items: number; readonly states: number; readonly popularity: boolean }, rng: Rng): Record<string, HostTensor> {
  const { weights, norm } = transformerWeights(rng);
  const layer = (name: string, from: number, to: number, scale = 1): void => {
    const bound = scale * Math.sqrt(1 / from);
    const draw = rng.child(name);
    weights[`${name}/weight`] = { shape: [from, to], data: Float32Array.from({ length: from * to }, () => bound * draw.normal()) };
    weights[`${name}/bias`] = { shape: [to], data: new Float32Array(to) };
  };
  layer("time/inner", width, width);
  layer("time/outer", width, width);
  layer("state", states, width);
  weights["state/null"] = { shape: [1, width], data: rng.child("state/null").normals(width) };
  if (popularity) {
    layer("popularity", width, width);
    weights["popularity/null"] = { shape: [1, width], data: rng.child("popularity/null").normals(width) };
  }
  if (denoiser === "linear" || denoiser === "mlp") {
    const inputs = items + width * (popularity ? 3 : 2);
    if (denoiser === "mlp") layer("inner", inputs, 2 * width);
    layer("outer", denoiser === "mlp" ? 2 * width : inputs, items);
    return weights;
  }
  layer("input", items, width);
  for (let b = 0; b < blocks; b++) {
    if (denoiser === "transformer") {
      norm(`${b}/attention/norm`, width);
      for (const part of ["query", "key", "value", "output"]) layer(`${b}/attention/${part}`, width, width);
    }
    layer(`${b}/modulation`, width, 3 * width, 0); // zeros: a block begins as nothing
    layer(`${b}/inner`, width, 2 * width);
    layer(`${b}/outer`, 2 * width, width);
  }
  layer("output", width, items);
  return weights;
}

/**
 * x0^.
 * @param x [B, D]
 * @param times [G] from 0 to T - 1
 * @param total T
 * @param learns false where no gradient is asked for
 * @returns [B, D]
 */
export function denoise(values: Values, x: tf.Tensor2D, times: Float32Array, total: number, conditions: Conditions, shape: DenoiserShape, learns = true): tf.Tensor2D {
  const places = { time: distinctPlaces(times.map((t) => (1000 * t) / total)), asked: conditions.popularity && distinctPlaces(conditions.popularity.map((one) => 1000 * Math.max(0, one))) };
  return shape.denoiser === "adaln" && hasKernels() ? adaln(values, x, places, conditions, shape.blocks, learns) : denoisePortable(values, x, places, conditions, shape);
}

/** The same by smaller operations: the plain twin of "adaln"'s kernel, and all that the other networks have. */
export function denoisePortable(values: Values, x: tf.Tensor2D, places: AdalnPlaces, conditions: Conditions, shape: DenoiserShape): tf.Tensor2D {
  const dense = (input: tf.Tensor2D, name: string): tf.Tensor2D => linear(input, values[`${name}/weight`] as tf.Tensor2D, values[`${name}/bias`] as tf.Tensor1D);
  const waves = (of: Places): tf.Tensor2D => sinusoids(of.distinct, shape.width);
  const time = gatherRows(dense(gelu(dense(waves(places.time), "time/inner")), "time/outer"), places.time.rowOf); // [G, H]
  const state = orNull(dense(conditions.states, "state"), conditions.withState, values["state/null"]!); // [G, H]
  const { popularity, rows } = conditions;
  const spread = (x: tf.Tensor2D): tf.Tensor2D => (rows === undefined ? x : gatherRows(x, rows)); // [G, H] -> [B, H]
  const asked = popularity && orNull(gatherRows(dense(waves(places.asked!), "popularity"), places.asked!.rowOf), popularity.map((one) => (one < 0 ? 0 : 1)), values["popularity/null"]!);
  const given = asked === undefined ? [state] : [state, asked];
  if (shape.denoiser === "linear" || shape.denoiser === "mlp") {
    const inputs = tf.concat([x, ...[...given, time].map(spread)], 1) as tf.Tensor2D;
    return dense(shape.denoiser === "linear" ? inputs : gelu(dense(inputs, "inner")), "outer");
  }
  const condition = given.reduce((sum, one) => sum.add(one) as tf.Tensor2D, time); // [G, H]
  const modulation = condition.mul(tf.sigmoid(condition)) as tf.Tensor2D; // SiLU
  const { width } = shape;
  let z = dense(x, "input"); // [B, H]
  for (let b = 0; b < shape.blocks; b++) {
    if (shape.denoiser === "transformer") z = z.add(attended(values, z.add(spread(time)) as tf.Tensor2D, given.map(spread), `${b}/attention`, shape)) as tf.Tensor2D;
    const [scale, shift, gate] = tf.split(spread(dense(modulation, `${b}/modulation`)), 3, 1) as [tf.Tensor2D, tf.Tensor2D, tf.Tensor2D];
    const normal = layerNorm(z, tf.ones([width]), tf.zeros([width]));
    const inner = gelu(dense(normal.mul(scale.add(1)).add(shift) as tf.Tensor2D, `${b}/inner`));
    z = z.add(dense(inner, `${b}/outer`).mul(gate)) as tf.Tensor2D;
  }
  return dense(z, "output");
}

/** Attention of x_t to itself and what it is given. @returns [B, H] */
function attended(values: Values, x: tf.Tensor2D, given: readonly tf.Tensor2D[], name: string, { heads, width }: DenoiserShape): tf.Tensor2D {
  const [batch] = x.shape;
  const length = given.length + 1;
  const tokens = tf.stack([x, ...given], 1).reshape([batch * length, width]) as tf.Tensor2D;
  const normal = layerNorm(tokens, values[`${name}/norm/gain`] as tf.Tensor1D, values[`${name}/norm/bias`] as tf.Tensor1D);
  const part = (which: string): tf.Tensor3D => linear(normal, values[`${name}/${which}/weight`] as tf.Tensor2D, values[`${name}/${which}/bias`] as tf.Tensor1D).reshape([batch, length, width]);
  const mixed = sessionAttention(part("query"), part("key"), part("value"), new Int32Array(batch).fill(length), { heads, dropout: 0 });
  const first = mixed.slice([0, 0, 0], [batch, 1, width]).reshape([batch, width]) as tf.Tensor2D;
  return linear(first, values[`${name}/output/weight`] as tf.Tensor2D, values[`${name}/output/bias`] as tf.Tensor1D);
}

/** Rows, and the null vector where a row does not count. @param counts [B] 0 or 1 */
function orNull(rows: tf.Tensor2D, counts: Float32Array, none: tf.Tensor): tf.Tensor2D {
  if (counts.every((one) => one === 1)) return rows.add(none.mul(0)) as tf.Tensor2D; // the null vector's gradient is zero, not missing
  const kept = tf.tensor2d(counts, [counts.length, 1]);
  return rows.mul(kept).add(none.mul(tf.sub(1, kept))) as tf.Tensor2D;
}
