/**
 * Scaled dot-product attention (Vaswani et al., 2017, Eq. 1): A = dropout(softmax(Q K^T / sqrt(d) + mask)) V, with its
 * closed-form gradient: causal, or of all positions of a session to each other. Sessions are padded on the right, so the
 * causal mask alone keeps padding out of every real position; what padded positions hold is never read.
 * Symbols: B sessions, L positions, H heads, d = D / H.
 *   dS = dA V^T dropout(P) - P sum(dA V^T dropout(P));  dQ = dS K / sqrt(d);  dK = dS^T Q / sqrt(d);  dV = dropout(P)^T dA
 */
import * as tf from "@tensorflow/tfjs";
import type { Rng } from "../../core/rng";
import { withGradient } from "../gradient";
import { attribute, hasKernels, kernel } from "../kernel";
import { product } from "./product";
import { dropoutMask, masked, type DropoutMask } from "./dropout";

/** What attention needs beside Q, K and V. */
export interface AttentionOptions {
  readonly heads: number;
  /** Dropout of the attention weights; 0 outside `fit`. */
  readonly dropout: number;
  readonly rng?: Rng;
}

/**
 * Attention of each position to itself and the positions before it.
 * @param q [B, L, D]
 * @param k [B, L, D]
 * @param v [B, L, D]
 * @returns [B, L, D]
 * @example
 * import { causalAttention, initBackend, tf } from "sessionlab";
 * await initBackend();
 * const x = tf.tensor3d([[[1, 0], [0, 1]]]);
 * const first = causalAttention(x, x, x, { heads: 1, dropout: 0 }).dataSync();
 * assert.deepEqual([first[0], first[1]], [1, 0]); // the first position sees itself alone
 */
export function causalAttention(q: tf.Tensor3D, k: tf.Tensor3D, v: tf.Tensor3D, options: AttentionOptions): tf.Tensor3D {
  return attend(q, k, v, options, weigh, weighGradient);
}

/**
 * Attention of each position to all positions of its session, before and after it.
 * @param q [B, L, D]
 * @param k [B, L, D]
 * @param v [B, L, D]
 * @param lengths [B] positions of each session, 1 or more; what stands after them is padding, and has no weight
 * @returns [B, L, D]
 * @example
 * import { initBackend, sessionAttention, tf } from "sessionlab";
 * await initBackend();
 * const x = tf.tensor3d([[[0], [2], [100]]]);
 * const first = sessionAttention(tf.zerosLike(x), x, x, Int32Array.of(2), { heads: 1, dropout: 0 }).dataSync();
 * assert.equal(first[0], 1); // the mean of 0 and 2: the third is padding
 */
export function sessionAttention(q: tf.Tensor3D, k: tf.Tensor3D, v: tf.Tensor3D, lengths: Int32Array, options: AttentionOptions): tf.Tensor3D {
  const mask = keyMask(lengths, k.shape[1], options.heads);
  const masked: Weigh = (logits, scale, kept) => weightsOf(logits.mul(scale).add(mask), kept);
  return attend(q, k, v, options, masked, weighGradientComposed);
}

type Weigh = (logits: tf.Tensor3D, scale: number, mask: DropoutMask | undefined) => Weights;
type WeighGradient = (passed: tf.Tensor3D, p: tf.Tensor3D, kept: tf.Tensor3D, scale: number) => tf.Tensor3D;

function attend(q: tf.Tensor3D, k: tf.Tensor3D, v: tf.Tensor3D, options: AttentionOptions, weighWith: Weigh, weighBack: WeighGradient): tf.Tensor3D {
  const [batch, , width] = q.shape;
  const { heads } = options;
  const scale = 1 / Math.sqrt(width / heads);
  return withGradient(
    [q, k, v],
    (...inputs) => {
      const [queries, keys, values] = inputs.map((x) => splitHeads(x, heads)) as [tf.Tensor3D, tf.Tensor3D, tf.Tensor3D]; // [B*H, L, d]
      const logits = product(queries, keys, false, true); // [B*H, L, L]
      const mask = options.dropout > 0 && options.rng !== undefined ? dropoutMask(logits.shape, options.dropout, options.rng) : undefined;
      const { p, kept } = weighWith(logits, scale, mask);
      return { value: joinHeads(tf.matMul(kept, values) as tf.Tensor3D, batch, heads), keep: [queries, keys, values, p, kept] as const };
    },
    (dy, [queries, keys, values, p, kept]) => {
      const da = splitHeads(dy, heads); // [B*H, L, d]
      const ds = weighBack(product(da, values, false, true), p, kept, scale); // [B*H, L, L]
      return [product(ds, keys), product(ds, queries, true, false), product(kept, da, true, false)].map((x) => joinHeads(x, batch, heads));
    },
  );
}

/** The attention weights P [B*H, L, L], and what dropout leaves of them (P itself without dropout). */
interface Weights {
  readonly p: tf.Tensor3D;
  readonly kept: tf.Tensor3D;
}

function weigh(logits: tf.Tensor3D, scale: number, mask: DropoutMask | undefined): Weights {
  if (!hasKernels()) return weighComposed(logits, scale, mask);
  const attributes = [attribute.float("scale", scale), attribute.float("keep", mask?.scale ?? 1)];
  const [p, kept] = kernel("SessionlabCausalSoftmax", attributes, [logits, mask?.kept ?? tf.tensor1d([], "bool")], 2) as [tf.Tensor3D, tf.Tensor3D];
  return { p, kept: mask === undefined ? p : kept };
}

/** The same by tfjs's operations, for the other backends. */
export function weighComposed(logits: tf.Tensor3D, scale: number, mask: DropoutMask | undefined): Weights {
  return weightsOf(logits.mul(scale).add(causalMask(logits.shape[1])), mask);
}

function weightsOf(logits: tf.Tensor3D, mask: DropoutMask | undefined): Weights {
  const p = tf.softmax(logits) as tf.Tensor3D;
  return { p, kept: mask === undefined ? p : masked(p, mask) };
}

/** From the gradient of `kept` to that of the logits. */
function weighGradient(passed: tf.Tensor3D, p: tf.Tensor3D, kept: tf.Tensor3D, scale: number): tf.Tensor3D {
  if (hasKernels()) return kernel("SessionlabCausalSoftmaxGradient", [attribute.float("scale", scale)], [passed, p, kept])[0] as tf.Tensor3D;
  return weighGradientComposed(passed, p, kept, scale);
}

/** The same by tfjs's operations, for the other backends. */
export function weighGradientComposed(passed: tf.Tensor3D, p: tf.Tensor3D, kept: tf.Tensor3D, scale: number): tf.Tensor3D {
  const weighted = passed.mul(kept);
  return weighted.sub(p.mul(weighted.sum(2, true))).mul(scale) as tf.Tensor3D;
}

/** The plain twin: tfjs operations with automatic gradients, no dropout. */
export function causalAttentionPortable(q: tf.Tensor3D, k: tf.Tensor3D, v: tf.Tensor3D, heads: number): tf.Tensor3D {
  const [batch, length, width] = q.shape;
  const [qh, kh, vh] = [q, k, v].map((x) => splitHeads(x, heads)) as [tf.Tensor3D, tf.Tensor3D, tf.Tensor3D];
  const logits = tf.matMul(qh, kh, false, true).div(Math.sqrt(width / heads)).add(causalMask(length));
  return joinHeads(tf.matMul(tf.softmax(logits), vh) as tf.Tensor3D, batch, heads);
}

/** [B, L, D] -> [B*H, L, d] */
function splitHeads(x: tf.Tensor3D, heads: number): tf.Tensor3D {
  if (heads === 1) return x;
  const [batch, length, width] = x.shape;
  return x.reshape([batch, length, heads, width / heads]).transpose([0, 2, 1, 3]).reshape([batch * heads, length, width / heads]);
}

/** [B*H, L, d] -> [B, L, D] */
function joinHeads(x: tf.Tensor3D, batch: number, heads: number): tf.Tensor3D {
  if (heads === 1) return x;
  const [, length, depth] = x.shape;
  return x.reshape([batch, heads, length, depth]).transpose([0, 2, 1, 3]).reshape([batch, length, heads * depth]);
}

/** 0 on and below the diagonal, -1e9 above. @returns [L, L] */
function causalMask(length: number): tf.Tensor2D {
  const mask = new Float32Array(length * length);
  for (let row = 0; row < length; row++) mask.fill(-1e9, row * length + row + 1, (row + 1) * length);
  return tf.tensor2d(mask, [length, length]);
}

/** 0 at a session's positions, -1e9 at its padding. @returns [B*H, 1, L] */
function keyMask(lengths: Int32Array, length: number, heads: number): tf.Tensor3D {
  const mask = new Float32Array(lengths.length * heads * length);
  lengths.forEach((size, b) => {
    for (let h = 0; h < heads; h++) mask.fill(-1e9, (b * heads + h) * length + size, (b * heads + h + 1) * length);
  });
  return tf.tensor3d(mask, [lengths.length * heads, 1, length]);
}
