/** Standard normal numbers as a tensor. On a CPU a kernel of src/tensor/native draws them on all threads. */
import * as tf from "@tensorflow/tfjs";
import { Rng } from "../../core/rng";
import { attribute, hasKernels, kernel } from "../kernel";

/**
 * The numbers that `rng.normals` would give, to the last bit of float32 or one beside it. The generator stays where it is: give each
 * tensor a child of its own.
 * @returns [rows, columns]
 * @example
 * import { initBackend, normals, Rng } from "sessionlab";
 * await initBackend();
 * const [first] = normals(new Rng(1).child("noise"), 2, 3).dataSync();
 * assert.ok(Math.abs(first! - new Rng(1).child("noise").normal()) < 1e-6);
 */
export function normals(rng: Rng, rows: number, columns: number): tf.Tensor2D {
  const state = rng.state();
  if (!hasKernels()) return tf.tensor2d(Rng.from(state).normals(rows * columns), [rows, columns]);
  const words = tf.tensor1d(Int32Array.from(state.words), "int32");
  const [numbers] = kernel("SessionlabNormals", [attribute.float("rows", rows), attribute.float("columns", columns)], [words]) as [tf.Tensor2D];
  words.dispose();
  return numbers;
}
