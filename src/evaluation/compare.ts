/**
 * Is one model better than another on the same cases? The paired bootstrap over sessions (or users): cases of one
 * session depend on each other, so sessions are resampled, not cases; several seeds of a model enter as each case's mean.
 * Holm's correction for several comparisons (Holm 1979), and the smallest gain that a test of this size can see.
 * Symbols: C cases, G clusters (sessions or users), R resamples.
 */
import { ConfigError } from "../core/errors";
import { resolveOptions, rules } from "../core/options";
import { bootstrapChecks, bootstrapDefaults, deviation, drawMeans, mean, meansByCluster, summaryOf } from "./bootstrap";
import { caseRows, type Evaluation } from "./evaluate";
import { passportDifference, type Passport } from "./passport";

const defaults = {
  ...bootstrapDefaults,
  /** What is resampled. */
  by: "session" as "session" | "user",
};

const checks = { ...bootstrapChecks, by: rules.oneOf("session", "user") };

/** How two models are compared. */
export type CompareOptions = Partial<typeof defaults>;

/** A run that was evaluated: the evaluation and how it came about. */
export interface Run {
  readonly passport: Passport;
  readonly evaluation: Evaluation;
}

/** The first model against the second. */
export interface Comparison {
  readonly metric: string;
  /** Means over cases and seeds. */
  readonly proposed: number;
  readonly baseline: number;
  /** proposed - baseline, and its percentile interval. */
  readonly difference: number;
  readonly low: number;
  readonly high: number;
  /** Two-sided; from the bootstrap, hence never below 2 / (R + 1). */
  readonly p: number;
  /** The bootstrap's standard error of the difference. */
  readonly standardError: number;
  /** The sd over clusters of a cluster's mean difference: for `smallestDetectable` before the next run. */
  readonly sd: number;
  readonly clusters: number;
  /** The standard deviations over seeds of each model's mean; 0 with one seed. */
  readonly seedSd: { readonly proposed: number; readonly baseline: number };
}

/**
 * The paired bootstrap between two models, each run with one or more seeds.
 * @param metric "NDCG@10"
 * @throws ConfigError if the runs were not measured alike (data, split, candidates, tie rule, cut-offs, cases), or there are none
 * @example
 * import { compare, evaluate, passportOf } from "sessionlab";
 * const cases = {
 *   role: "valid", hash: "", items: { ids: ["a", "b"], trained: 2 },
 *   sessions: { offsets: Uint32Array.of(0, 2, 4), item: Int32Array.of(0, 1, 1, 0) },
 *   session: Int32Array.of(0, 1), end: Int32Array.of(1, 1), target: Int32Array.of(1, 0),
 * } as const;
 * const run = async (scores: Float32Array) => {
 *   const evaluation = await evaluate(() => scores, cases, { ks: [1], counts: [1, 1] });
 *   const backend = { name: "cpu", device: "CPU", threads: 1, cpu: "a processor" } as const;
 *   const split = { name: "demo", protocol: {}, train: { hash: "abc" } };
 *   return { evaluation, passport: passportOf({ model: "demo", options: {}, seeds: [1], budget: "minute", seconds: 1, startedAt: new Date(0), split, evaluation, backend }) };
 * };
 * const right = await run(Float32Array.of(0, 1, 1, 0));
 * const wrong = await run(Float32Array.of(1, 0, 0, 1));
 * assert.equal(compare([right], [wrong], "HR@1").difference, 1);
 */
export function compare(proposed: readonly Run[], baseline: readonly Run[], metric = "NDCG@10", given: CompareOptions = {}): Comparison {
  return compareOver(proposed, baseline, metric, given);
}

/** `compare` over some of the cases, or all. @param cases indices, one at least */
export function compareOver(proposed: readonly Run[], baseline: readonly Run[], metric: string, given: CompareOptions, cases?: Int32Array): Comparison {
  const options = resolveOptions("compare", defaults, given, checks);
  const { a, b, difference, cluster } = pairedRows(proposed, baseline, metric, options.by, cases);
  return { metric, proposed: a.mean, baseline: b.mean, ...pairedBootstrap(difference, cluster, options), seedSd: { proposed: a.seedSd, baseline: b.seedSd } };
}

/**
 * Two models case by case: what every paired test takes.
 * @param cases indices; all, if not given
 * @returns each model's rows, their difference [C] and the cluster of each case [C]
 * @throws ConfigError as `compare`
 */
export function pairedRows(proposed: readonly Run[], baseline: readonly Run[], metric: string, by: "session" | "user" = "session", cases?: Int32Array): { readonly a: MeanRows; readonly b: MeanRows; readonly difference: Float64Array; readonly cluster: Int32Array } {
  const { evaluation } = measuredAlike(proposed, baseline);
  const all = by === "session" ? evaluation.rows.session : evaluation.rows.user;
  if (all === undefined) throw new ConfigError('Expected data with users to compare by "user", found none; compare by "session"');
  const cluster = cases === undefined ? all : cases.map((index) => all[index]!);
  const [a, b] = [meanRows(proposed, metric, cases), meanRows(baseline, metric, cases)];
  return { a, b, difference: a.rows.map((value, index) => value - b.rows[index]!), cluster };
}

/**
 * Makes sure that the runs of two models can be compared.
 * @returns one of them: what they share can be read off it
 * @throws ConfigError naming what differs
 */
export function measuredAlike(proposed: readonly Run[], baseline: readonly Run[]): Run {
  const runs = [...proposed, ...baseline];
  const [first] = runs;
  if (first === undefined || proposed.length === 0 || baseline.length === 0) throw new ConfigError("Expected runs of two models to compare, found none");
  for (const run of runs) refuseUnlike(first, run);
  return first;
}

/** What `pairedBootstrap` finds. */
export type Bootstrap = Pick<Comparison, "difference" | "low" | "high" | "p" | "standardError" | "sd" | "clusters">;

/**
 * Resamples clusters with replacement; a resample's statistic is its mean over cases. p as `summaryOf` has it.
 * @param difference [C] a case's value under the one model less its value under the other
 * @param cluster [C] the cluster of each case, any integers
 * @param weights [C] where cases do not weigh alike: `balancedWeights`. `sd` is then the standard error times sqrt(G)
 * @example
 * import { pairedBootstrap } from "sessionlab";
 * const alwaysBetter = pairedBootstrap(Float64Array.of(0.1, 0.2, 0.3, 0.2), Int32Array.of(0, 0, 1, 2), { resamples: 999 });
 * assert.ok(Math.abs(alwaysBetter.difference - 0.2) < 1e-12 && alwaysBetter.low > 0 && alwaysBetter.p === 2 / 1000);
 */
export function pairedBootstrap(difference: Float64Array, cluster: Int32Array, given: CompareOptions = {}, weights?: Float64Array): Bootstrap {
  const { resamples, confidence, seed } = resolveOptions("pairedBootstrap", defaults, given, checks);
  const drawn = drawMeans(difference, cluster, { resamples, seed }, weights);
  const { clusters } = drawn;
  const summary = summaryOf(drawn, confidence);
  const sd = (): number => {
    const { sums, sizes } = meansByCluster(difference, cluster);
    return deviation(sums.map((sum, at) => sum / sizes[at]!));
  };
  return { ...summary, sd: weights === undefined ? sd() : summary.standardError * Math.sqrt(clusters), clusters };
}

/**
 * Holm's step-down correction: the p-values of several comparisons, adjusted so that a false alarm in any of them is
 * as rare as asked. p_(i) -> max over j <= i of min(1, (m - j + 1) p_(j)).
 * @returns adjusted p-values in the order given
 * @example
 * import { holm } from "sessionlab";
 * assert.deepEqual(holm([0.01, 0.04, 0.03]), [0.03, 0.06, 0.06]);
 */
export function holm(ps: readonly number[]): number[] {
  const order = ps.map((_, index) => index).sort((a, b) => ps[a]! - ps[b]! || a - b);
  const adjusted = new Array<number>(ps.length);
  let largest = 0;
  order.forEach((index, place) => {
    largest = Math.max(largest, Math.min(1, (ps.length - place) * ps[index]!));
    adjusted[index] = largest;
  });
  return adjusted;
}

/**
 * The smallest true difference that a two-sided paired test finds with the given power: (z_{1-alpha/2} + z_power) sd / sqrt(n).
 * @param sd of the differences over clusters, from an earlier `Comparison` on validation
 * @param n clusters
 * @example
 * import { smallestDetectable } from "sessionlab";
 * assert.ok(Math.abs(smallestDetectable(0.2, 400) - 0.028016) < 1e-6);
 */
export function smallestDetectable(sd: number, n: number, power = 0.8, alpha = 0.05): number {
  for (const [name, value] of Object.entries({ power, alpha })) {
    if (!(value > 0 && value < 1)) throw new ConfigError(`Expected ${name} to be in (0, 1), found ${value}`);
  }
  if (!(sd >= 0) || !(n >= 1)) throw new ConfigError(`Expected an sd of 0 or more and 1 or more clusters, found ${sd} and ${n}`);
  return ((normalQuantile(1 - alpha / 2) + normalQuantile(power)) * sd) / Math.sqrt(n);
}

/** The quantile of the standard normal distribution (Acklam's rational approximation; relative error below 1.2e-9). */
export function normalQuantile(p: number): number {
  const a = [-3.969683028665376e1, 2.209460984245205e2, -2.759285104469687e2, 1.38357751867269e2, -3.066479806614716e1, 2.506628277459239];
  const b = [-5.447609879822406e1, 1.615858368580409e2, -1.556989798598866e2, 6.680131188771972e1, -1.328068155288572e1, 1];
  const c = [-7.784894002430293e-3, -3.223964580411365e-1, -2.400758277161838, -2.549732539343734, 4.374664141464968, 2.938163982698783];
  const d = [7.784695709041462e-3, 3.224671290700398e-1, 2.445134137142996, 3.754408661907416, 1];
  const polynomial = (coefficients: readonly number[], x: number): number => coefficients.reduce((sum, coefficient) => sum * x + coefficient, 0);
  if (p > 0.5) return -normalQuantile(1 - p);
  if (p < 0.02425) {
    const q = Math.sqrt(-2 * Math.log(p));
    return polynomial(c, q) / polynomial(d, q);
  }
  const q = p - 0.5;
  return (q * polynomial(a, q * q)) / polynomial(b, q * q);
}

/** @throws ConfigError naming what differs */
function refuseUnlike(first: Run, run: Run): void {
  const [a, b] = [first.evaluation, run.evaluation];
  const pairs = { role: [a.role, b.role], cases: [a.hash, b.hash], items: [a.items, b.items], ties: [a.ties, b.ties], ks: [a.ks.join(), b.ks.join()] };
  const differs = passportDifference(first.passport, run.passport) ?? Object.keys(pairs).find((key) => pairs[key as keyof typeof pairs][0] !== pairs[key as keyof typeof pairs][1]);
  if (differs !== undefined) throw new ConfigError(`Expected runs that were measured alike, found different ${differs}; measure both again under one protocol`);
}

/** Each case's mean over seeds, their mean, and the sd over seeds. */
export interface MeanRows {
  /** [C] */
  readonly rows: Float64Array;
  readonly mean: number;
  readonly seedSd: number;
}

/** The rows of one model, over its seeds. @param cases indices; all, if not given */
export function meanRows(runs: readonly Run[], metric: string, cases?: Int32Array): MeanRows {
  const perSeed = runs.map(({ evaluation }) => {
    const rows = caseRows(evaluation, metric);
    return cases === undefined ? rows : Float64Array.from(cases, (index) => rows[index]!);
  }); // S x [C]
  const rows = perSeed[0]!.map((_, index) => perSeed.reduce((sum, values) => sum + values[index]!, 0) / perSeed.length); // [C]
  return { rows, mean: mean(rows), seedSd: deviation(Float64Array.from(perSeed, mean)) };
}
