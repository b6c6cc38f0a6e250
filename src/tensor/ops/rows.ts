/**
 * Rows of a table by index: the embedding lookup. Padding (-1) gives a zero row and no gradient, so there is no
 * padding row to learn, score or shift. The gradient adds the rows of repeated ids into [V, D].
 */
import * as tf from "@tensorflow/tfjs";
import { withGradient } from "../gradient";
import { attribute, isNative, kernel } from "../kernel";

/**
 * Rows of a table.
 * @param table [V, D]
 * @param ids [N] int32 in [-1, V)
 * @returns [N, D]
 * @example
 * import { gatherRows, initBackend, tf } from "sessionlab";
 * await initBackend();
 * const rows = gatherRows(tf.tensor2d([[1, 2], [3, 4]]), Int32Array.of(1, -1));
 * assert.deepEqual(Array.from(rows.dataSync()), [3, 4, 0, 0]);
 */
export function gatherRows(table: tf.Tensor2D, ids: Int32Array): tf.Tensor2D {
  const [rows] = table.shape;
  const padded = ids.includes(-1);
  return withGradient(
    [table],
    (e) => {
      const indices = tf.tensor1d(padded ? ids.map((id) => Math.max(id, 0)) : ids, "int32");
      const found = tf.gather(e, indices); // [N, D]
      if (!padded) return { value: found, keep: [indices] };
      const mask = tf.tensor2d(Float32Array.from(ids, (id) => (id < 0 ? 0 : 1)), [ids.length, 1]);
      return { value: found.mul(mask) as tf.Tensor2D, keep: [indices, mask] };
    },
    (dy, [indices, mask]) => [scatterRows((mask === undefined ? dy : dy.mul(mask)) as tf.Tensor2D, indices as tf.Tensor1D, rows)],
  );
}

/** Adds the rows of `values` [N, D] into a zero table [V, D] at `indices` [N]; repeated indices add up. */
export function scatterRows(values: tf.Tensor2D, indices: tf.Tensor1D, rows: number): tf.Tensor2D {
  if (isNative()) {
    const attributes = [attribute.dtype("T", "float32"), attribute.dtype("Tindices", "int32"), attribute.dtype("Tnumsegments", "int32")];
    return kernel("UnsortedSegmentSum", attributes, [values, indices, tf.scalar(rows, "int32")])[0] as tf.Tensor2D;
  }
  return scatterRowsPortable(values, indices, rows);
}

/** The plain twin of the segment-sum kernel. */
export function scatterRowsPortable(values: tf.Tensor2D, indices: tf.Tensor1D, rows: number): tf.Tensor2D {
  return tf.scatterND(indices.expandDims(1), values, [rows, values.shape[1]]) as tf.Tensor2D;
}
