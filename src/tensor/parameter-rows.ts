/**
 * Rows of a learnt table, read and written where it lies: on the native backend the cost is that of the rows,
 * whatever the table's size. A read of the whole table copies it once rows have been written.
 */
import * as tf from "@tensorflow/tfjs";
import { attribute, kernel } from "./kernel";
import type { RowGradient } from "./optimiser";
import type { Parameter } from "./parameters";
import { gatherRows, scatterRows } from "./ops/rows";

/**
 * The rows of a learnt table now; the caller disposes them (or a tidy does).
 * @param table of shape [V, D]
 * @param ids [N] in [-1, V); -1 (padding) gives a zero row
 * @returns [N, D]
 * @example
 * import { initBackend, ParameterSet, readRows } from "sessionlab";
 * await initBackend();
 * const weights = new ParameterSet({ items: { shape: [3, 2], data: Float32Array.of(1, 2, 3, 4, 5, 6) } });
 * assert.deepEqual(Array.from(readRows(weights.byName.get("items")!, Int32Array.of(2, -1)).dataSync()), [5, 6, 0, 0]);
 * weights.dispose();
 */
export function readRows(table: Parameter, ids: Int32Array): tf.Tensor2D {
  return tf.tidy(() => {
    if (table.handle === undefined) return gatherRows(table.read() as tf.Tensor2D, ids);
    const indices = tf.tensor1d(ids.map((id) => Math.max(id, 0)), "int32");
    const attributes = [attribute.dtype("dtype", "float32"), attribute.dtype("Tindices", "int32")];
    const rows = kernel("ResourceGather", attributes, [table.handle, indices])[0] as tf.Tensor2D;
    if (!ids.includes(-1)) return rows;
    return rows.mul(tf.tensor2d(Float32Array.from(ids, (id) => (id < 0 ? 0 : 1)), [ids.length, 1])) as tf.Tensor2D;
  });
}

/** Overwrites rows. @param ids [N] in [0, V), each once @param rows [N, D] */
export function writeRows(table: Parameter, ids: tf.Tensor1D, rows: tf.Tensor2D): void {
  tf.tidy(() => {
    if (table.handle === undefined) {
      const copy = table.read().mul(1); // tfjs's cpu kernel writes into its input
      return table.assign(tf.tensorScatterUpdate(copy, ids.expandDims(1), rows));
    }
    kernel("ResourceScatterUpdate", [attribute.dtype("dtype", "float32"), attribute.dtype("Tindices", "int32")], [table.handle, ids, rows], 0);
  });
}

/** The gradients of repeated rows summed, for optimisers that are not linear in the gradient. @returns U ids, each once, and [U, D] */
export function sumByRow({ ids: given, values }: RowGradient): { readonly ids: Int32Array; readonly gradient: tf.Tensor2D } {
  const { ids, places } = placesOfRows(given);
  const segments = places.map((place) => (place < 0 ? ids.length : place)); // padding goes to a row after the last
  const sums = scatterRows(values, tf.tensor1d(segments, "int32"), ids.length + 1);
  return { ids, gradient: sums.slice([0, 0], [ids.length, -1]) };
}

/** Each id once, in the order in which they come, and the place of each of the N among them, -1 of padding. */
export function placesOfRows(given: Int32Array): { readonly ids: Int32Array; readonly places: Int32Array } {
  // Open addressing over arrays: a step asks for thousands of rows, and a Map takes three times as long.
  const slots = 2 ** Math.ceil(Math.log2(2 * given.length + 1));
  const held = new Int32Array(slots); // place + 1; 0 is free
  const ids = new Int32Array(given.length);
  const places = new Int32Array(given.length);
  let count = 0;
  for (let n = 0; n < given.length; n++) {
    const id = given[n]!;
    if (id < 0) {
      places[n] = -1;
      continue;
    }
    let slot = (Math.imul(id, 0x9e3779b1) >>> 8) & (slots - 1);
    while (held[slot] !== 0 && ids[held[slot]! - 1] !== id) slot = (slot + 1) & (slots - 1);
    if (held[slot] === 0) {
      ids[count++] = id;
      held[slot] = count;
    }
    places[n] = held[slot]! - 1;
  }
  return { ids: ids.slice(0, count), places };
}
