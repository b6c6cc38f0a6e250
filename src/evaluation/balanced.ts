/**
 * Metrics on targets that are balanced over popularity: cases of real sessions fall on popular items for the most part, so
 * a plain mean says little of the others. Each case gets an importance weight such that popularity strata weigh alike, or
 * every item does; the metric is sum(w m) / sum(w), its interval by the bootstrap over sessions. The effective number of
 * cases, (sum w)^2 / sum w^2 (Kish 1965), says what is left of the evidence.
 * Cold targets are in no stratum: their weight is 0.
 * Symbols: C cases, V items.
 */
import { ConfigError } from "../core/errors";
import { rules } from "../core/options";
import type { Rng } from "../core/rng";
import type { Cases } from "../data/types";
import { drawMeans, summaryOf, type BootstrapOptions } from "./bootstrap";
import { deciles, popularityStrata } from "./strata";

/** What weighs alike: strata by popularity, or cases in inverse proportion to their target's training count. */
export type BalanceBy = "strata" | "inverse counts";

/** Weights of cases. */
export interface BalancedWeights {
  /** [C] adding up to 1; 0 for a cold target. */
  readonly weights: Float64Array;
  /** (sum w)^2 / sum w^2: as many cases of equal weight say as much. */
  readonly effective: number;
  /** Cases with a weight. */
  readonly cases: number;
  /** Strata with a case, where strata weigh alike. */
  readonly strata?: number;
}

/**
 * Weights by which popular and less popular targets count alike.
 * @param counts [V] training counts
 * @param by "strata": each stratum that has cases has the same weight, and so have the cases within; "inverse counts": 1 / count
 * @param quantiles where the strata are cut
 * @throws ConfigError where no target was seen in training
 * @example
 * import { balancedWeights } from "sessionlab";
 * const { weights, effective } = balancedWeights({ target: Int32Array.of(0, 0, 0, 1) }, [9, 1], "strata", [0.5]);
 * assert.deepEqual([...weights], [1 / 6, 1 / 6, 1 / 6, 1 / 2]);
 * assert.ok(Math.abs(effective - 3) < 1e-12);
 */
export function balancedWeights(cases: Pick<Cases, "target">, counts: ArrayLike<number>, by: BalanceBy = "strata", quantiles: readonly number[] = deciles): BalancedWeights {
  const wrong = rules.oneOf("strata", "inverse counts")(by);
  if (wrong !== undefined) throw new ConfigError(`Expected by to be ${wrong}, found "${by}"`);
  const weights = new Float64Array(cases.target.length);
  const strata = by === "strata" ? popularityStrata(cases, counts, quantiles).filter((stratum) => stratum.cases.length > 0) : undefined;
  for (const stratum of strata ?? []) for (const c of stratum.cases) weights[c] = 1 / stratum.cases.length;
  if (strata === undefined) cases.target.forEach((target, c) => (weights[c] = target < counts.length && counts[target]! > 0 ? 1 / counts[target]! : 0));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  if (total === 0) throw new ConfigError("Expected cases whose target was seen in training, found none; there is nothing to balance");
  const shares = weights.map((weight) => weight / total);
  return { weights: shares, effective: effectiveCases(shares), cases: shares.reduce((count, share) => count + (share > 0 ? 1 : 0), 0), strata: strata?.length };
}

/**
 * How many cases of equal weight say as much: (sum w)^2 / sum w^2.
 * @example
 * import { effectiveCases } from "sessionlab";
 * assert.equal(effectiveCases([1, 1, 2, 0]), 16 / 6);
 */
export function effectiveCases(weights: ArrayLike<number>): number {
  let [sum, squares] = [0, 0];
  for (let c = 0; c < weights.length; c++) {
    sum += weights[c]!;
    squares += weights[c]! ** 2;
  }
  return sum ** 2 / squares;
}

/**
 * Importance resampling: cases with replacement, each as probable as its weight, so that a plain mean over them is balanced.
 * Systematic: one random number, even steps; a case comes up floor(n w) or ceil(n w) times.
 * @param weights [C] adding up to 1
 * @param count n
 * @returns [n] indices, ascending
 * @example
 * import { resampleCases, Rng } from "sessionlab";
 * assert.deepEqual([...resampleCases([0.5, 0, 0.25, 0.25], 4, new Rng(1))], [0, 0, 2, 3]);
 */
export function resampleCases(weights: ArrayLike<number>, count: number, rng: Rng): Int32Array {
  if (!Number.isInteger(count) || count < 1) throw new ConfigError(`Expected a positive number of cases to draw, found ${count}`);
  const start = rng.uniform();
  const chosen = new Int32Array(count);
  let [sum, at, last] = [0, 0, 0];
  for (let c = 0; c < weights.length; c++) {
    sum += weights[c]!;
    if (weights[c]! > 0) last = c;
    while (at < count && (start + at) / count < sum) chosen[at++] = c;
  }
  return chosen.fill(last, at); // the sum may end a rounding error below 1
}

/** A metric on balanced targets. */
export interface BalancedMetric extends Omit<BalancedWeights, "weights"> {
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

/**
 * The weighted mean of a metric, or of a difference of two models, with its interval.
 * @param rows [C] a metric case by case: `caseRows`
 * @param session [C] the cluster of each case
 * @example
 * import { balancedMetric, balancedWeights } from "sessionlab";
 * const balance = balancedWeights({ target: Int32Array.of(0, 0, 0, 1) }, [9, 1], "strata", [0.5]);
 * assert.equal(balancedMetric(Float64Array.of(1, 1, 1, 0), Int32Array.of(0, 1, 2, 3), balance).mean, 0.5); // plain: 0.75
 */
export function balancedMetric(rows: Float64Array, session: Int32Array, { weights, ...balance }: BalancedWeights, { confidence, ...given }: BootstrapOptions = {}): BalancedMetric {
  const { difference: mean, low, high } = summaryOf(drawMeans(rows, session, given, weights), confidence);
  return { ...balance, mean, low, high };
}
