/**
 * Sums, means and softmax over segments: rows that belong to the same node of a graph, or the same session. A row of
 * segment -1 belongs to none. The same rows give the same bits (a test holds it on the backends of a CPU; TensorFlow's
 * kernels for GPUs promise it only under TF_DETERMINISTIC_OPS=1).
 * Symbols: N rows, D columns, S segments.
 */
import * as tf from "@tensorflow/tfjs";
import { ConfigError } from "../../core/errors";
import { withGradient } from "../gradient";
import { attribute, isNative, kernel } from "../kernel";
import { gatherRows, scatterRows } from "./rows";

/**
 * The sum of each segment's rows.
 * @param values [N, D]
 * @param segments [N] in [-1, count), in any order
 * @returns [count, D]; an empty segment is zero
 * @throws ConfigError for another number of segments than rows, or one out of range
 * @example
 * import { initBackend, segmentSum, tf } from "sessionlab";
 * await initBackend();
 * const sums = segmentSum(tf.tensor2d([[1], [2], [4], [8]]), Int32Array.of(1, 0, 1, -1), 3);
 * assert.deepEqual(Array.from(sums.dataSync()), [2, 5, 0]);
 */
export function segmentSum(values: tf.Tensor2D, segments: Int32Array, count: number): tf.Tensor2D {
  check(values, segments, count);
  return withGradient(
    [values],
    (x) => ({ value: sumRows(x, segments, count), keep: [] }),
    (dy) => [gatherRows(dy, segments)],
  );
}

/**
 * The mean of each segment's rows.
 * @param values [N, D]
 * @param segments [N] in [-1, count), in any order
 * @returns [count, D]; an empty segment is zero
 * @throws ConfigError as `segmentSum` does
 * @example
 * import { initBackend, segmentMean, tf } from "sessionlab";
 * await initBackend();
 * const means = segmentMean(tf.tensor2d([[1], [2], [4]]), Int32Array.of(1, 0, 1), 3);
 * assert.deepEqual(Array.from(means.dataSync()), [2, 2.5, 0]);
 */
export function segmentMean(values: tf.Tensor2D, segments: Int32Array, count: number): tf.Tensor2D {
  const sizes = new Float32Array(count);
  for (const segment of segments) if (segment >= 0) sizes[segment]!++;
  return segmentSum(values, segments, count).div(tf.tensor2d(sizes.map((size) => Math.max(1, size)), [count, 1])) as tf.Tensor2D;
}

/**
 * The softmax of each column within each segment: attention over a node's neighbours.
 * @param logits [N, D] D heads
 * @param segments [N] in [-1, count), in any order
 * @returns [N, D] each column adds up to 1 within a segment; 0 in rows of no segment
 * @throws ConfigError as `segmentSum` does
 * @example
 * import { initBackend, segmentSoftmax, tf } from "sessionlab";
 * await initBackend();
 * const weights = segmentSoftmax(tf.tensor2d([[5], [900], [900]]), Int32Array.of(0, 1, 1), 2);
 * assert.deepEqual(Array.from(weights.dataSync()), [1, 0.5, 0.5]);
 */
export function segmentSoftmax(logits: tf.Tensor2D, segments: Int32Array, count: number): tf.Tensor2D {
  check(logits, segments, count);
  return withGradient(
    [logits],
    (x) => {
      const shifted = x.sub(gatherRows(maxRows(x, segments, count), segments)); // the largest is 0: no overflow
      const kept = segments.includes(-1) ? tf.where(belongs(segments), shifted, tf.fill(x.shape, -Infinity)) : shifted;
      const parts = kept.exp() as tf.Tensor2D;
      const p = tf.divNoNan(parts, gatherRows(sumRows(parts, segments, count), segments)) as tf.Tensor2D;
      return { value: p, keep: [p] };
    },
    (dy, [p]) => {
      const pulled = dy.mul(p!) as tf.Tensor2D;
      return [pulled.sub(p!.mul(gatherRows(sumRows(pulled, segments, count), segments)))]; // p (dy - sum(p dy))
    },
  );
}

/** The plain twin of the sum: one product with the [S, N] matrix of who belongs where, automatic gradients. */
export function segmentSumPortable(values: tf.Tensor2D, segments: Int32Array, count: number): tf.Tensor2D {
  return tf.matMul(tf.oneHot(tf.tensor1d(segments, "int32"), count).toFloat(), values, true, false) as tf.Tensor2D;
}

/** The plain twin of the softmax, for logits whose exponentials are finite. */
export function segmentSoftmaxPortable(logits: tf.Tensor2D, segments: Int32Array, count: number): tf.Tensor2D {
  const member = tf.oneHot(tf.tensor1d(segments, "int32"), count).toFloat(); // [N, S]
  const inside = member.sum(1, true); // [N, 1] 0 or 1
  const parts = logits.exp().mul(inside);
  return parts.div(tf.matMul(member, tf.matMul(member, parts, true, false)).add(tf.sub(1, inside))) as tf.Tensor2D;
}

function check(values: tf.Tensor2D, segments: Int32Array, count: number): void {
  if (segments.length !== values.shape[0]) throw new ConfigError(`Expected a segment for each of ${values.shape[0]} rows, found ${segments.length}`);
  const wrong = segments.findIndex((segment) => segment < -1 || segment >= count);
  if (wrong >= 0) throw new ConfigError(`Expected segments in [-1, ${count}), found ${segments[wrong]} at row ${wrong}`);
}

function sumRows(values: tf.Tensor2D, segments: Int32Array, count: number): tf.Tensor2D {
  if (!segments.includes(-1)) return scatterRows(values, tf.tensor1d(segments, "int32"), count);
  const places = segments.map((segment) => (segment < 0 ? count : segment)); // those of none: a row after the last
  return scatterRows(values, tf.tensor1d(places, "int32"), count + 1).slice([0, 0], [count, -1]);
}

/** The largest value of each segment in each column; an empty segment's is never read. Not differentiable. @returns [S, D] */
function maxRows(values: tf.Tensor2D, segments: Int32Array, count: number): tf.Tensor2D {
  if (isNative()) {
    const attributes = [attribute.dtype("T", "float32"), attribute.dtype("Tindices", "int32"), attribute.dtype("Tnumsegments", "int32")];
    return kernel("UnsortedSegmentMax", attributes, [values, tf.tensor1d(segments, "int32"), tf.scalar(count, "int32")])[0] as tf.Tensor2D;
  }
  const [, width] = values.shape;
  const data = values.dataSync<"float32">(); // these backends hold their values on the host
  const largest = new Float32Array(count * width).fill(-Infinity);
  segments.forEach((segment, row) => {
    if (segment < 0) return;
    for (let i = 0; i < width; i++) largest[segment * width + i] = Math.max(largest[segment * width + i]!, data[row * width + i]!);
  });
  return tf.tensor2d(largest, [count, width]);
}

/** @returns [N, 1] whether a row belongs to a segment */
function belongs(segments: Int32Array): tf.Tensor2D {
  return tf.tensor2d(Uint8Array.from(segments, (segment) => (segment < 0 ? 0 : 1)), [segments.length, 1], "bool");
}
