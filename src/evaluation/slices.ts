/**
 * Where one model is better than another: the paired bootstrap of compare.ts over all cases and over groups of them, by
 * popularity of the target, length of the session, whether training saw the target, and the persona of the user; Holm's correction over the groups.
 * Of cold targets nothing is tested: both models miss all of them by definition.
 */
import { ConfigError } from "../core/errors";
import { resolveOptions } from "../core/options";
import type { Cases } from "../data/types";
import { compareOver, holm, measuredAlike, type CompareOptions, type Comparison, type Run } from "./compare";
import { deciles, lengthStrata, personaStrata, popularityStrata, targetStrata, type Stratum, type UserGroups } from "./strata";

const defaults = {
  /** Where popularity is cut: quantiles of the items' training counts. */
  quantiles: deciles,
  /** The first length of each group by session length. */
  lengths: [1, 2, 3, 5, 10] as readonly number[],
};

/** How cases are grouped; the rest as in `compare`. */
export type SliceOptions = CompareOptions & Partial<typeof defaults>;

/** What the groups are made of. */
export interface SliceData {
  /** The cases that were evaluated. */
  readonly cases: Cases;
  /** [V] training counts, from `trainingCounts`. */
  readonly counts: ArrayLike<number>;
  /** Users in groups with names, as `personaGroups` and `namePersonas` make them: then the groups by persona come last. */
  readonly personas?: UserGroups;
}

/** A comparison over some of the cases. */
export interface SliceComparison extends Comparison {
  /** "all" for all cases. */
  readonly by: "all" | Stratum["by"];
  readonly name: string;
  readonly cases: number;
  /** Items of the group, by popularity. */
  readonly items?: number;
  /** p after Holm's correction over the groups; over all cases, p itself. */
  readonly holm: number;
}

/**
 * Two models over all cases and over groups of them. Groups without cases, and cold targets, are left out.
 * @param metric "NDCG@10"
 * @returns all cases first, then the groups by popularity (the least popular first), length, target and persona
 * @throws ConfigError if the runs were not measured alike, or not on these cases
 * @example
 * import { compareSlices, evaluate, passportOf } from "sessionlab";
 * const cases = {
 *   role: "valid", hash: "", items: { ids: ["a", "b"], trained: 2 },
 *   sessions: { offsets: Uint32Array.of(0, 2, 4), item: Int32Array.of(0, 1, 1, 0) },
 *   session: Int32Array.of(0, 1), end: Int32Array.of(1, 1), target: Int32Array.of(1, 0),
 * } as const;
 * const run = async (scores: Float32Array) => {
 *   const evaluation = await evaluate(() => scores, cases, { ks: [1], counts: [9, 1] });
 *   const backend = { name: "cpu", device: "CPU", threads: 1, cpu: "a processor" } as const;
 *   const split = { name: "demo", protocol: {}, train: { hash: "abc" } };
 *   return { evaluation, passport: passportOf({ model: "demo", options: {}, seeds: [1], budget: "minute", seconds: 1, startedAt: new Date(0), split, evaluation, backend }) };
 * };
 * const popular = await run(Float32Array.of(1, 0, 1, 0)); // always "a"
 * const right = await run(Float32Array.of(0, 1, 1, 0));
 * const slices = compareSlices([right], [popular], { cases, counts: [9, 1] }, "HR@1", { quantiles: [0.5], resamples: 99 });
 * assert.deepEqual(slices.map(({ name, difference }) => [name, difference]), [["all cases", 0.5], ["tail", 1], ["head", 0], ["length 1", 0.5], ["warm", 0.5]]);
 */
export function compareSlices(proposed: readonly Run[], baseline: readonly Run[], { cases, counts, personas }: SliceData, metric = "NDCG@10", given: SliceOptions = {}): SliceComparison[] {
  const { quantiles = defaults.quantiles, lengths = defaults.lengths, ...options } = given;
  resolveOptions("compareSlices", defaults, { quantiles, lengths });
  const { evaluation } = measuredAlike(proposed, baseline);
  if (cases.hash !== evaluation.hash || cases.target.length !== evaluation.rows.session.length) {
    throw new ConfigError("Expected the cases that the runs were evaluated on, found others; pass the same cases");
  }
  const [warm] = targetStrata(cases, counts.length);
  const strata = [...popularityStrata(cases, counts, quantiles), ...lengthStrata(cases, lengths), warm, ...(personas === undefined ? [] : personaStrata(cases, personas))].filter((stratum) => stratum.cases.length > 0);
  const all = compareOver(proposed, baseline, metric, options);
  const slices = strata.map((stratum) => ({ stratum, comparison: compareOver(proposed, baseline, metric, options, stratum.cases) }));
  const corrected = holm(slices.map(({ comparison }) => comparison.p));
  return [
    { ...all, by: "all", name: "all cases", cases: cases.target.length, holm: all.p },
    ...slices.map(({ stratum, comparison }, at) => ({ ...comparison, by: stratum.by, name: stratum.name, cases: stratum.cases.length, items: stratum.items, holm: corrected[at]! })),
  ];
}
