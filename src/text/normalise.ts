/**
 * Named normalisations of vectors. Text vectors share a large common mean, and a dot product of two of them is mostly that;
 * centring takes it out, PCA keeps the directions in which items differ, whitening gives these equal weight (as PreferDiff
 * does with its text vectors). Means and directions are of the training items alone.
 *   centred: x - m;   pca(k): (x - m) V_k;   whitened(k): (x - m) V_k / sqrt(l_k)
 * m the mean, l_k and V_k the k largest eigenvalues of the covariance and their eigenvectors, each with its largest entry positive.
 */
import * as tf from "@tensorflow/tfjs";
import { EigenvalueDecomposition, Matrix } from "ml-matrix";
import { ConfigError } from "../core/errors";
import { initBackend } from "../tensor/backend";
import { unitRows } from "./encoder";

/** "pca(64)" keeps 64 directions; "whitened(64)" scales them to variance 1. */
export type Normalisation = "none" | "unit" | "centred" | "centred-unit" | `pca(${number})` | `whitened(${number})`;

const plain = ["none", "unit", "centred", "centred-unit"] as const;

/** Vectors, row-major. */
export interface Rows {
  readonly data: Float32Array;
  readonly dimension: number;
}

/** @throws ConfigError for a name that is none, or a k that the vectors do not have */
export function checkNormalisation(name: string, dimension: number): void {
  if ((plain as readonly string[]).includes(name)) return;
  const k = /^(?:pca|whitened)\((\d+)\)$/.exec(name)?.[1];
  if (k === undefined) throw new ConfigError(`Expected a normalisation (${plain.join(", ")}, pca(k), whitened(k)), found "${name}"`);
  if (Number(k) < 1 || Number(k) > dimension) throw new ConfigError(`Expected k of ${name} in 1..${dimension}, the dimension of the vectors, found ${k}`);
}

/**
 * Vectors, normalised; statistics are of the rows of `fit`.
 * @param rows [N, D]
 * @param fit the numbers of the rows that means and directions are taken over
 * @returns [N, D] or [N, k], new
 * @throws ConfigError for a name that is none, or a k that the rows do not have
 * @example
 * import { normaliseVectors } from "sessionlab";
 * const rows = { data: Float32Array.of(1, 0, 3, 0, 9, 9), dimension: 2 };
 * const { data } = await normaliseVectors(rows, [0, 1], "centred");
 * assert.deepEqual(Array.from(data), [-1, 0, 1, 0, 7, 9]); // the mean is that of the first two
 */
export async function normaliseVectors({ data, dimension }: Rows, fit: readonly number[], name: Normalisation): Promise<Rows> {
  checkNormalisation(name, dimension);
  if (name === "none") return { data: data.slice(), dimension };
  if (name === "unit") return { data: unitRows(data.slice(), dimension), dimension };
  const centred = minus(data, meanOf({ data, dimension }, fit));
  if (name === "centred") return { data: centred, dimension };
  if (name === "centred-unit") return { data: unitRows(centred, dimension), dimension };
  const [, kind, digits] = /^(pca|whitened)\((\d+)\)$/.exec(name)!;
  const k = Number(digits);
  await initBackend();
  const { values, vectors } = directions({ data: centred, dimension }, fit);
  const rank = values.filter((value) => value > 1e-7 * values[0]!).length;
  if (k > rank) throw new ConfigError(`Expected k of ${name} in 1..${rank}, the directions in which the ${fit.length} vectors of the training items differ, found ${k}`);
  const map = new Float32Array(dimension * k); // [D, k]
  for (let j = 0; j < k; j++) for (let i = 0; i < dimension; i++) map[i * k + j] = vectors.get(i, j) / (kind === "whitened" ? Math.sqrt(values[j]!) : 1);
  return { data: project(centred, map, dimension, k), dimension: k };
}

/** The mean of some rows. @returns [D]; zeros of no rows */
export function meanOf({ data, dimension }: Rows, of: readonly number[]): Float64Array {
  const mean = new Float64Array(dimension);
  for (const row of of) for (let i = 0; i < dimension; i++) mean[i]! += data[row * dimension + i]!;
  return mean.map((sum) => (of.length === 0 ? 0 : sum / of.length));
}

function minus(data: Float32Array, mean: Float64Array): Float32Array {
  return data.map((value, n) => value - mean[n % mean.length]!);
}

/** Eigenvalues of the covariance, the largest first, and their eigenvectors in columns. */
function directions({ data, dimension }: Rows, of: readonly number[]): { readonly values: readonly number[]; readonly vectors: Matrix } {
  const rows = new Float32Array(of.length * dimension);
  of.forEach((row, n) => rows.set(data.subarray(row * dimension, (row + 1) * dimension), n * dimension));
  const covariance = tf.tidy(() => {
    const x = tf.tensor2d(rows, [of.length, dimension]);
    return tf.matMul(x, x, true, false).div(Math.max(1, of.length - 1));
  });
  const found = covariance.dataSync<"float32">();
  covariance.dispose();
  const symmetric = new Matrix(dimension, dimension);
  for (let i = 0; i < dimension; i++) for (let j = 0; j < dimension; j++) symmetric.set(i, j, (found[i * dimension + j]! + found[j * dimension + i]!) / 2);
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(symmetric, { assumeSymmetric: true });
  const order = realEigenvalues.map((_, j) => j).sort((a, b) => realEigenvalues[b]! - realEigenvalues[a]!);
  const vectors = new Matrix(dimension, dimension);
  order.forEach((from, to) => {
    const column = eigenvectorMatrix.getColumn(from);
    const sign = column.reduce((largest, value) => (Math.abs(value) > Math.abs(largest) ? value : largest), 0) < 0 ? -1 : 1;
    vectors.setColumn(to, column.map((value) => sign * value));
  });
  return { values: order.map((j) => realEigenvalues[j]!), vectors };
}

/** Row by row in double precision: a row's numbers do not depend on the others. */
function project(rows: Float32Array, map: Float32Array, dimension: number, k: number): Float32Array {
  const count = rows.length / dimension;
  const result = new Float32Array(count * k);
  const sums = new Float64Array(k);
  for (let n = 0; n < count; n++) {
    sums.fill(0);
    for (let i = 0; i < dimension; i++) {
      const value = rows[n * dimension + i]!;
      for (let j = 0; j < k; j++) sums[j]! += value * map[i * k + j]!;
    }
    result.set(sums, n * k);
  }
  return result;
}
