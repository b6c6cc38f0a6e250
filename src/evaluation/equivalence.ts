/**
 * Is one model as good as another? A test that finds no difference does not say so. Two tests that do:
 * equivalence (two one-sided tests, Schuirmann 1987): both d <= -margin and d >= margin are rejected;
 *   p = max(P(d* <= -margin), P(d* >= margin)), and the (1 - 2 alpha) interval lies within the margin;
 * non-inferiority: d <= -margin is rejected, p = P(d* <= -margin).
 * Both by the bootstrap over clusters, with one added to every count. The margin is stated before the test.
 */
import { ConfigError } from "../core/errors";
import { countWhere, type Drawn } from "./bootstrap";
import { quantileOf } from "./strata";

/** What a test against a margin says. */
export interface MarginTest {
  readonly difference: number;
  readonly margin: number;
  readonly alpha: number;
  /** Equivalence: the (1 - 2 alpha) interval. Non-inferiority: its lower end, and Infinity. */
  readonly low: number;
  readonly high: number;
  /** Below alpha it holds: the models are equivalent, or the one is not worse. */
  readonly p: number;
  readonly holds: boolean;
}

/**
 * Whether a difference lies within -margin .. margin.
 * @param drawn of `drawMeans` or `drawRates`: the one model less the other
 * @param margin above 0: a smaller difference is of no consequence
 * @throws ConfigError for a margin that is not above 0, or an alpha out of (0, .5)
 * @example
 * import { drawMeans, equivalence } from "sessionlab";
 * const drawn = drawMeans(Float64Array.of(0.01, -0.01, 0.01, -0.01), Int32Array.of(0, 1, 2, 3), { resamples: 999 });
 * assert.equal(equivalence(drawn, 0.05).holds, true);
 * assert.equal(equivalence(drawn, 0.001).holds, false); // cannot be said with four sessions
 */
export function equivalence(drawn: Drawn, margin: number, alpha = 0.05): MarginTest {
  const { estimate: difference, statistics } = drawn;
  checkMargin(margin, alpha);
  const p = Math.max(shareAt(statistics, (value) => value <= -margin), shareAt(statistics, (value) => value >= margin));
  return { difference, margin, alpha, low: quantileOf(statistics, alpha), high: quantileOf(statistics, 1 - alpha), p, holds: p < alpha };
}

/**
 * Whether one model is not worse than another by the margin or more.
 * @param drawn the model in question less the other
 * @throws ConfigError as `equivalence`
 * @example
 * import { drawMeans, nonInferiority } from "sessionlab";
 * const better = drawMeans(Float64Array.of(0.2, 0.3, 0.2), Int32Array.of(0, 1, 2), { resamples: 999 });
 * assert.equal(nonInferiority(better, 0.01).holds, true);
 */
export function nonInferiority(drawn: Drawn, margin: number, alpha = 0.05): MarginTest {
  const { estimate: difference, statistics } = drawn;
  checkMargin(margin, alpha);
  const p = shareAt(statistics, (value) => value <= -margin);
  return { difference, margin, alpha, low: quantileOf(statistics, alpha), high: Infinity, p, holds: p < alpha };
}

function shareAt(statistics: Float64Array, is: (value: number) => boolean): number {
  return (countWhere(statistics, is) + 1) / (statistics.length + 1);
}

function checkMargin(margin: number, alpha: number): void {
  if (!(margin > 0 && margin < Infinity)) throw new ConfigError(`Expected a margin above 0, found ${margin}; state the difference that would matter`);
  if (!(alpha > 0 && alpha < 0.5)) throw new ConfigError(`Expected alpha in (0, 0.5), found ${alpha}`);
}
