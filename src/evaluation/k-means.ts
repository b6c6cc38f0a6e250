/**
 * k-means (Lloyd, 1982) with first centres by greedy k-means++ (Arthur and Vassilvitskii, 2007; of 2 + ln k candidates the
 * best, as scikit-learn's KMeans draws them), the best of several starts; arithmetic in 64 bits.
 * Symbols: N points, D dimensions, k clusters.
 */
import { ConfigError } from "../core/errors";
import { resolveOptions, rules } from "../core/options";
import type { Rng } from "../core/rng";
import type { HostMatrix } from "./logistic-regression";

/** Options of `kMeans`, as scikit-learn has them. */
export const kMeansDefaults = {
  /** Starts; the one of the smallest inertia is kept. */
  starts: 10,
  iterations: 300,
  /** It stops when the centres move by less than this times the mean variance of a dimension, squared. */
  tolerance: 1e-4,
};

/** Options of `kMeans`. */
export type KMeansOptions = typeof kMeansDefaults;

/** A clustering. */
export interface Clusters {
  /** [N] in [0, k) */
  readonly labels: Int32Array;
  /** [k, D] */
  readonly centres: Float64Array;
  /** Sum of squared distances to the nearest centre. */
  readonly inertia: number;
  readonly iterations: number;
}

/**
 * Clusters the rows of a matrix.
 * @param points [N, D]
 * @param k from 1 to N
 * @throws ConfigError for k out of range
 * @example
 * import { kMeans, Rng } from "sessionlab";
 * const { labels } = kMeans({ shape: [4, 1], data: Float32Array.of(0, 1, 10, 11) }, 2, new Rng(1));
 * assert.ok(labels[0] === labels[1] && labels[2] === labels[3] && labels[0] !== labels[2]);
 */
export function kMeans(points: HostMatrix, k: number, rng: Rng, given: Partial<KMeansOptions> = {}): Clusters {
  const options = resolveOptions("kMeans", kMeansDefaults, given, { starts: rules.positiveInteger, iterations: rules.positiveInteger, tolerance: rules.notNegative });
  const [count] = points.shape;
  if (!Number.isInteger(k) || k < 1 || k > count) throw new ConfigError(`Expected k from 1 to ${count} points, found ${k}`);
  const runs = Array.from({ length: options.starts }, (_, start) => lloyd(points, firstCentres(points, k, rng.child(`start ${start}`)), options));
  return runs.reduce((best, run) => (run.inertia < best.inertia ? run : best));
}

/** Lloyd's iterations from given centres. @param centres [k, D] */
export function lloyd({ shape: [count, width], data }: HostMatrix, first: Float64Array, { iterations, tolerance }: Pick<KMeansOptions, "iterations" | "tolerance">): Clusters {
  const k = first.length / width;
  const still = tolerance * meanVariance(data, count, width);
  let centres = first;
  let labels: Int32Array = new Int32Array(count);
  for (let iteration = 1; ; iteration++) {
    const before = labels;
    const { labels: found, distances } = nearest(data, count, width, centres);
    labels = found;
    if ((iteration > 1 && labels.every((label, i) => label === before[i])) || iteration > iterations) return { labels, centres, inertia: distances.reduce((a, b) => a + b, 0), iterations: iteration };
    const next = means(data, width, labels, distances, k);
    const moved = next.reduce((sum, value, i) => sum + (value - centres[i]!) ** 2, 0);
    centres = next;
    if (moved <= still) {
      const last = nearest(data, count, width, centres);
      return { labels: last.labels, centres, inertia: last.distances.reduce((a, b) => a + b, 0), iterations: iteration };
    }
  }
}

function nearest(data: Float32Array, count: number, width: number, centres: Float64Array): { readonly labels: Int32Array; readonly distances: Float64Array } {
  const labels = new Int32Array(count);
  const distances = new Float64Array(count).fill(Infinity);
  for (let n = 0; n < count; n++) {
    for (let c = 0; c * width < centres.length; c++) {
      const distance = squared(data, n, centres, c, width);
      if (distance < distances[n]!) [distances[n], labels[n]] = [distance, c];
    }
  }
  return { labels, distances };
}

function squared(data: Float32Array, n: number, centres: Float64Array | Float32Array, c: number, width: number): number {
  let sum = 0;
  for (let d = 0; d < width; d++) sum += (data[n * width + d]! - centres[c * width + d]!) ** 2;
  return sum;
}

/** The mean of each cluster; an empty one takes the point that is farthest from its centre. */
function means(data: Float32Array, width: number, labels: Int32Array, distances: Float64Array, k: number): Float64Array {
  const sums = new Float64Array(k * width);
  const sizes = new Float64Array(k);
  labels.forEach((label, n) => {
    sizes[label]!++;
    for (let d = 0; d < width; d++) sums[label * width + d]! += data[n * width + d]!;
  });
  const far = Array.from(distances.keys());
  if (sizes.includes(0)) far.sort((a, b) => distances[b]! - distances[a]!);
  let taken = 0;
  for (let c = 0; c < k; c++) {
    if (sizes[c] === 0) {
      const n = far[taken++]!;
      for (let d = 0; d < width; d++) sums[c * width + d] = data[n * width + d]!;
    } else for (let d = 0; d < width; d++) sums[c * width + d]! /= sizes[c]!;
  }
  return sums;
}

function meanVariance(data: Float32Array, count: number, width: number): number {
  let sum = 0;
  for (let d = 0; d < width; d++) {
    let [mean, square] = [0, 0];
    for (let n = 0; n < count; n++) mean += data[n * width + d]! / count;
    for (let n = 0; n < count; n++) square += (data[n * width + d]! - mean) ** 2 / count;
    sum += square;
  }
  return sum / width;
}

function firstCentres({ shape: [count, width], data }: HostMatrix, k: number, rng: Rng): Float64Array {
  const candidates = 2 + Math.floor(Math.log(k));
  const centres = new Float64Array(k * width);
  const take = (c: number, n: number): void => centres.set(data.subarray(n * width, (n + 1) * width), c * width);
  const first = rng.int(count);
  take(0, first);
  let closest: Float64Array = Float64Array.from({ length: count }, (_, n) => squared(data, n, data, first, width));
  for (let c = 1; c < k; c++) {
    const total = closest.reduce((a, b) => a + b, 0);
    let best: { n: number; sum: number; closest: Float64Array } | undefined;
    for (let i = 0; i < candidates; i++) {
      const n = drawn(closest, rng.uniform() * total);
      const after = closest.map((distance, m) => Math.min(distance, squared(data, m, data, n, width)));
      const sum = after.reduce((a, b) => a + b, 0);
      if (best === undefined || sum < best.sum) best = { n, sum, closest: after };
    }
    take(c, best!.n);
    closest = best!.closest;
  }
  return centres;
}

/** The first place where the running sum exceeds `at`. */
function drawn(weights: Float64Array, at: number): number {
  let sum = 0;
  for (let n = 0; n < weights.length; n++) if ((sum += weights[n]!) > at) return n;
  return weights.length - 1;
}
