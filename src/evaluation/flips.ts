/**
 * The sessions behind a difference: which cases one model hits and the other misses, and the other way round, with titles
 * where the data have them. A model hits a case when the target is among its first K items in more than half of its seeds
 * and, where it ties, of the orders of the tied items.
 */
import { ConfigError } from "../core/errors";
import { resolveOptions, rules } from "../core/options";
import type { Cases } from "../data/types";
import { meanRows, measuredAlike, type Run } from "./compare";
import { ranksOf } from "./ranks";

const defaults = {
  /** K. */
  k: 10,
  /** Cases that are listed each way; all are counted. */
  most: 20,
};

/** What is listed. */
export type FlipOptions = Partial<typeof defaults>;

/** A case that one model hits and the other misses. */
export interface Flip {
  /** Index of the case. */
  readonly case: number;
  /** Outside ids of the session so far, oldest first, and their titles. */
  readonly session: readonly string[];
  readonly sessionTitles?: readonly string[];
  /** What came next. */
  readonly target: string;
  readonly targetTitle?: string;
  /** Mean over seeds; of tied items the mean rank. */
  readonly proposedRank: number;
  readonly baselineRank: number;
}

/** The cases by who hits them. */
export interface FlipList {
  /** The models' names. */
  readonly proposed: string;
  readonly baseline: string;
  readonly k: number;
  readonly cases: number;
  readonly both: number;
  readonly neither: number;
  /** How many the proposed model hits and the baseline misses, and the clearest of them: best rank first, then worst rank of the other. */
  readonly won: number;
  readonly wins: readonly Flip[];
  /** The other way round. */
  readonly lost: number;
  readonly losses: readonly Flip[];
}

/**
 * Lists the cases that two models differ on.
 * @param cases those that both were evaluated on
 * @throws ConfigError if the runs were not measured alike, or not on these cases
 * @example
 * import { evaluate, flips, passportOf } from "sessionlab";
 * const cases = {
 *   role: "valid", hash: "", items: { ids: ["1", "2"], trained: 2, titles: ["Heat", "Fargo"] },
 *   sessions: { offsets: Uint32Array.of(0, 2, 4), item: Int32Array.of(0, 1, 1, 0) },
 *   session: Int32Array.of(0, 1), end: Int32Array.of(1, 1), target: Int32Array.of(1, 0),
 * } as const;
 * const run = async (model: string, scores: Float32Array) => {
 *   const evaluation = await evaluate(() => scores, cases, { ks: [1], counts: [9, 1] });
 *   const backend = { name: "cpu", device: "CPU", threads: 1, cpu: "a processor" } as const;
 *   const split = { name: "demo", protocol: {}, train: { hash: "abc" } };
 *   return { evaluation, passport: passportOf({ model, options: {}, seeds: [1], budget: "minute", seconds: 1, startedAt: new Date(0), split, evaluation, backend }) };
 * };
 * const { won, wins, both } = flips([await run("right", Float32Array.of(0, 1, 1, 0))], [await run("popular", Float32Array.of(1, 0, 1, 0))], cases, { k: 1 });
 * assert.deepEqual([won, both, wins[0]!.sessionTitles, wins[0]!.targetTitle, wins[0]!.baselineRank], [1, 1, ["Heat"], "Fargo", 2]);
 */
export function flips(proposed: readonly Run[], baseline: readonly Run[], cases: Cases, given: FlipOptions = {}): FlipList {
  const { k, most } = resolveOptions("flips", defaults, given, { k: rules.positiveInteger, most: rules.wholeNumber });
  const { evaluation } = measuredAlike(proposed, baseline);
  const size = cases.target.length;
  if (cases.hash !== evaluation.hash || size !== evaluation.rows.session.length) throw new ConfigError("Expected the cases that the runs were evaluated on, found others; pass the same cases");
  const [a, b] = [meanRows(proposed, `HR@${k}`).rows, meanRows(baseline, `HR@${k}`).rows];
  const [ranksA, ranksB] = [meanRanks(proposed), meanRanks(baseline)];
  const all = Array.from({ length: size }, (_, index) => index);
  const hits = (rows: Float64Array, index: number): boolean => rows[index]! > 0.5;
  const clearest = (won: readonly number[], own: Float64Array, other: Float64Array): readonly number[] =>
    [...won].sort((x, y) => own[x]! - own[y]! || ordered(other[y]!, other[x]!) || x - y).slice(0, most);
  const won = all.filter((index) => hits(a, index) && !hits(b, index));
  const lost = all.filter((index) => hits(b, index) && !hits(a, index));
  const both = all.filter((index) => hits(a, index) && hits(b, index)).length;
  const flip = (index: number): Flip => flipOf(index, cases, ranksA[index]!, ranksB[index]!);
  return {
    proposed: proposed[0]!.passport.model,
    baseline: baseline[0]!.passport.model,
    k,
    cases: size,
    both,
    neither: size - both - won.length - lost.length,
    won: won.length,
    wins: clearest(won, ranksA, ranksB).map(flip),
    lost: lost.length,
    losses: clearest(lost, ranksB, ranksA).map(flip),
  };
}

/** Of ranks that may both be infinite. */
function ordered(x: number, y: number): number {
  return x === y ? 0 : x - y;
}

function meanRanks(runs: readonly Run[]): Float64Array {
  const perSeed = runs.map(({ evaluation }) => ranksOf(evaluation.rows, evaluation.ties)); // S x [C]
  return perSeed[0]!.map((_, index) => perSeed.reduce((sum, ranks) => sum + ranks[index]!, 0) / perSeed.length);
}

function flipOf(index: number, { items, sessions, session, end, target }: Cases, proposedRank: number, baselineRank: number): Flip {
  const start = sessions.offsets[session[index]!]!;
  const seen = Array.from(sessions.item.subarray(start, start + end[index]!)).filter((item) => item >= 0);
  const titles = items.titles && { sessionTitles: seen.map((item) => items.titles![item]!), targetTitle: items.titles[target[index]!]! };
  return { case: index, session: seen.map((item) => items.ids[item]!), target: items.ids[target[index]!]!, ...titles, proposedRank, baselineRank };
}
