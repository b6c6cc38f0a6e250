/**
 * The bootstrap over clusters that every interval and test here stands on: sessions (or users) are drawn with replacement,
 * and a statistic of their sums is computed anew (Davison and Hinkley 1997). Means of cases, means with weights and ratios
 * of sums, such as click-through rates, are such statistics.
 * Symbols: C cases, G clusters, R resamples.
 */
import { ConfigError } from "../core/errors";
import { resolveOptions, rules } from "../core/options";
import { Rng } from "../core/rng";
import { quantileOf } from "./strata";

/** Options of every bootstrap. */
export const bootstrapDefaults = {
  /** R. */
  resamples: 5000,
  /** Of the interval. */
  confidence: 0.95,
  seed: 2020,
};

/** Their rules. */
export const bootstrapChecks = { resamples: rules.positiveInteger, confidence: rules.fraction };

/** How it is drawn. */
export type BootstrapOptions = Partial<typeof bootstrapDefaults>;

/** A statistic and how it varies over resamples. */
export interface Drawn {
  /** Of the data as they are. */
  readonly estimate: number;
  /** [R] ascending. */
  readonly statistics: Float64Array;
  /** G. */
  readonly clusters: number;
}

/**
 * Draws clusters with replacement, R times.
 * @param columns [G] each: what a cluster adds to each sum
 * @param statistic of the sums of a resample
 * @example
 * import { drawStatistics } from "sessionlab";
 * const { estimate, statistics } = drawStatistics([Float64Array.of(1, 3), Float64Array.of(1, 1)], ([sum, size]) => sum! / size!, { resamples: 99 });
 * assert.equal(estimate, 2);
 * assert.ok(statistics.every((mean) => [1, 2, 3].includes(mean)));
 */
export function drawStatistics(columns: readonly Float64Array[], statistic: (sums: Float64Array) => number, given: Omit<BootstrapOptions, "confidence"> = {}): Drawn {
  const { resamples, seed } = resolveOptions("bootstrap", bootstrapDefaults, given, bootstrapChecks);
  const clusters = columns[0]?.length ?? 0;
  if (clusters === 0) throw new ConfigError("Expected clusters to draw from, found none");
  const rng = new Rng(seed).child("bootstrap");
  const scale = clusters / 4294967296;
  const sums = new Float64Array(columns.length);
  const statistics = new Float64Array(resamples);
  for (let resample = 0; resample < resamples; resample++) {
    sums.fill(0);
    for (let draw = 0; draw < clusters; draw++) {
      const chosen = (rng.next() * scale) | 0; // biased by less than G / 2^32: faster than rng.int
      for (let column = 0; column < columns.length; column++) sums[column]! += columns[column]![chosen]!;
    }
    statistics[resample] = statistic(sums);
  }
  const estimate = statistic(Float64Array.from(columns, (column) => column.reduce((sum, value) => sum + value, 0)));
  return { estimate, statistics: statistics.sort(), clusters };
}

/**
 * The mean over cases, sessions resampled.
 * @param values [C]
 * @param cluster [C] the cluster of each case, any integers
 * @param weights [C] of 0 or more: the mean is sum(w v) / sum(w), in each resample too
 * @throws ConfigError for columns of other lengths, and weights that are negative or all 0
 * @example
 * import { drawMeans } from "sessionlab";
 * const { estimate, clusters } = drawMeans(Float64Array.of(1, 0, 0), Int32Array.of(7, 7, 8), {}, Float64Array.of(3, 1, 0));
 * assert.deepEqual([estimate, clusters], [0.75, 1]); // a cluster without weight is none
 */
export function drawMeans(values: Float64Array, cluster: Int32Array, given: Omit<BootstrapOptions, "confidence"> = {}, weights?: Float64Array): Drawn {
  if (values.length !== cluster.length || cluster.length === 0) throw new ConfigError(`Expected a cluster for each of the cases, found ${cluster.length} for ${values.length} cases`);
  if (weights !== undefined && (weights.length !== values.length || !weights.every((weight) => weight >= 0) || weights.every((weight) => weight === 0))) {
    throw new ConfigError(`Expected a weight of 0 or more for each of ${values.length} cases, and one above 0, found others`);
  }
  const { sums, sizes } = meansByCluster(values, cluster, weights); // [G] each
  const total = weights === undefined ? values.length : weights.reduce((sum, weight) => sum + weight, 0);
  const estimate = values.reduce((sum, value, at) => sum + (weights === undefined ? value : weights[at]! * value), 0) / total;
  return { ...drawStatistics([sums, sizes], ([sum, size]) => sum! / size!, given), estimate };
}

/** Sums and sizes by cluster, weighted; clusters without weight are left out. */
export function meansByCluster(values: Float64Array, cluster: Int32Array, weights?: Float64Array): { readonly sums: Float64Array; readonly sizes: Float64Array } {
  const places = new Map<number, number>();
  cluster.forEach((id, index) => {
    if (weights?.[index] !== 0 && !places.has(id)) places.set(id, places.size);
  });
  const sums = new Float64Array(places.size);
  const sizes = new Float64Array(places.size);
  values.forEach((value, index) => {
    const place = places.get(cluster[index]!);
    if (place === undefined) return;
    const weight = weights === undefined ? 1 : weights[index]!;
    sums[place]! += weight * value;
    sizes[place]! += weight;
  });
  return { sums, sizes };
}

/** Numerators and denominators of a rate, by cluster: clicks and slates of each session. */
export interface RateColumns {
  /** [G] */
  readonly over: Float64Array;
  /** [G] of 0 or more. */
  readonly under: Float64Array;
}

/**
 * A rate sum(over) / sum(under), or how far it is above another one of the same clusters.
 * @param against the other one, cluster by cluster
 * @throws ConfigError for columns of other lengths
 * @example
 * import { drawRates } from "sessionlab";
 * const one = { over: Float64Array.of(2, 1), under: Float64Array.of(4, 1) };
 * assert.equal(drawRates(one).estimate, 3 / 5);
 * assert.ok(drawRates(one, one).statistics.every((difference) => difference === 0));
 */
export function drawRates(rate: RateColumns, against?: RateColumns, given: Omit<BootstrapOptions, "confidence"> = {}): Drawn {
  const columns = [rate.over, rate.under, ...(against === undefined ? [] : [against.over, against.under])];
  if (columns.some(({ length }) => length !== rate.over.length)) throw new ConfigError(`Expected columns of the same clusters, found ${columns.map(({ length }) => length).join(", ")} of them`);
  return drawStatistics(columns, (sums) => sums[0]! / sums[1]! - (against === undefined ? 0 : sums[2]! / sums[3]!), given);
}

/** What a bootstrap says of a statistic. */
export interface DrawnSummary {
  readonly difference: number;
  /** Percentile interval. */
  readonly low: number;
  readonly high: number;
  /** Two-sided, against 0; never below 2 / (R + 1). */
  readonly p: number;
  readonly standardError: number;
}

/**
 * Interval, p and standard error. p = 2 min(P(d* <= 0), P(d* >= 0)), with one added to both counts (section 4.2).
 * @example
 * import { drawMeans, summaryOf } from "sessionlab";
 * const { p, low } = summaryOf(drawMeans(Float64Array.of(1, 2, 1), Int32Array.of(0, 1, 2), { resamples: 999 }));
 * assert.ok(p === 2 / 1000 && low >= 1);
 */
export function summaryOf({ estimate, statistics }: Drawn, confidence = bootstrapDefaults.confidence): DrawnSummary {
  const notAbove = countWhere(statistics, (value) => value <= 0);
  const notBelow = countWhere(statistics, (value) => value >= 0);
  return {
    difference: estimate,
    low: quantileOf(statistics, (1 - confidence) / 2),
    high: quantileOf(statistics, (1 + confidence) / 2),
    p: Math.min(1, (2 * (Math.min(notAbove, notBelow) + 1)) / (statistics.length + 1)),
    standardError: deviation(statistics),
  };
}

/** How many values are so. */
export function countWhere(values: Float64Array, is: (value: number) => boolean): number {
  return values.reduce((count, value) => count + (is(value) ? 1 : 0), 0);
}

/** The mean. */
export function mean(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The sample standard deviation; 0 for one value. */
export function deviation(values: Float64Array): number {
  if (values.length < 2) return 0;
  const centre = mean(values);
  return Math.sqrt(values.reduce((sum, value) => sum + (value - centre) ** 2, 0) / (values.length - 1));
}
