/**
 * Scores every case against all items seen in training and keeps what each case's metrics follow from.
 * The main table counts targets that training never saw as misses; the table over seen targets stands beside it.
 * Nothing is filtered: an item of the session can be recommended again.
 * Symbols: C cases, V items seen in training, K a cut-off.
 */
import * as tf from "@tensorflow/tfjs";
import { ConfigError, throwIfAborted } from "../core/errors";
import { resolveOptions, rules } from "../core/options";
import { meter, type Progress } from "../core/progress";
import { prefixes, type Cases, type Role } from "../data/types";
import { hasKernels } from "../tensor/kernel";
import { topItems } from "./lists";
import { listMeans, listTally, meanMetrics, metricRows, parseMetric, tieRateOf, type ListCounts } from "./metrics";
import { countRanks, popularityOrder, tieRules, type RankCounts, type TieRule } from "./ranks";
import type { Scorer, Scores } from "./scores";
import { lengthStrata, popularityStrata, targetStrata, type Stratum } from "./strata";

const defaults = {
  /** Cut-offs, ascending. */
  ks: [10, 20] as readonly number[],
  ties: "expected" as TieRule,
  /** Cases scored at a time. */
  batch: 256,
  /** Where popularity strata are cut: quantiles of the items' training counts. */
  quantiles: [0.8] as readonly number[],
  /** The first length of each session-length stratum. */
  lengths: [1, 2, 3, 5, 10] as readonly number[],
  /** "open" allows the cases of role "confirm", which are scored once for a frozen experiment. */
  seal: "closed" as "closed" | "open",
};

/** What an evaluation can be told; `counts` must be. */
export type EvaluateOptions = Partial<typeof defaults> & {
  /** [V] training counts, from `trainingCounts`. */
  readonly counts: ArrayLike<number>;
  readonly signal?: AbortSignal;
  readonly progress?: Progress;
};

/** Some of the cases, by their numbers: `from` and what comes before `to`. */
export interface CaseRange {
  readonly from: number;
  readonly to: number;
}

/** Some of the cases, ranked: all that an evaluation follows from. Plain values and typed arrays. */
export interface RankedCases extends RankCounts, ListCounts {}

/** The means over some of the cases. */
export interface Part {
  readonly cases: number;
  /** By name and cut-off: "HR@10"; empty if there are no cases. */
  readonly metrics: Readonly<Record<string, number>>;
}

/** What every case's metrics follow from: the rows that the paired tests resample. */
export interface CaseRows extends RankCounts {
  /** [C] the session of each case: the cluster of the bootstrap. */
  readonly session: Int32Array;
  /** [C] the user of each case, where the data have users. */
  readonly user?: Int32Array;
}

/** An evaluation: plain values. Everything but `rows` is JSON. */
export interface Evaluation {
  readonly role: Role;
  /** The hash of the cases. */
  readonly hash: string;
  /** V: every case was ranked among this many items. */
  readonly items: number;
  readonly ks: readonly number[];
  readonly ties: TieRule;
  /** The share of seen targets that tie with another item. */
  readonly tieRate: number;
  readonly cases: number;
  /** Over all cases: "HR@10", "MRR@10", "NDCG@10", "Coverage@10" (share of V), "ARP@10" (mean training count of the listed items). */
  readonly metrics: Readonly<Record<string, number>>;
  /** HR, MRR and NDCG over the cases whose target training saw. */
  readonly overSeen: Part;
  readonly strata: readonly (Part & Omit<Stratum, "cases">)[];
  /** Set when "test" or "confirm" was read: hand it to `countReading`. */
  readonly reading?: { readonly role: "test" | "confirm"; readonly hash: string };
  readonly rows: CaseRows;
}

/**
 * Full-ranking evaluation of anything that scores sessions.
 * @param score B sessions to [B, V]; a tensor is disposed here
 * @throws ConfigError for wrong options, scores of a wrong shape, no cases, or sealed cases; NumericError naming the
 *   case for scores that are not numbers; AbortError when the signal fires between batches
 * @example
 * import { evaluate } from "sessionlab";
 * const cases = {
 *   role: "valid", hash: "", items: { ids: ["a", "b", "c", "d"], trained: 4 },
 *   sessions: { offsets: Uint32Array.of(0, 2), item: Int32Array.of(0, 1) },
 *   session: Int32Array.of(0), end: Int32Array.of(1), target: Int32Array.of(1),
 * } as const;
 * const constant = await evaluate(() => new Float32Array(4), cases, { ks: [1], counts: [1, 1, 1, 1] });
 * assert.equal(constant.metrics["HR@1"], 1 / 4); // four tied items: one chance in four
 */
export async function evaluate(score: Scorer, cases: Cases, given: EvaluateOptions): Promise<Evaluation> {
  return evaluationOf([await rankCases(score, cases, given)], cases, given);
}

/** Cuts cases into ranges, some of which may be empty; between batches, so that each case is scored beside the same others, and has the same bits. */
export function caseRanges(size: number, parts: number, batch: number = defaults.batch): readonly CaseRange[] {
  const each = batch * Math.ceil(size / parts / batch);
  return Array.from({ length: parts }, (_, part) => ({ from: Math.min(part * each, size), to: Math.min((part + 1) * each, size) }));
}

/** The first half of an evaluation, over some of the cases. Parameters and errors as of `evaluate`. */
export async function rankCases(score: Scorer, cases: Cases, given: EvaluateOptions, range: CaseRange = { from: 0, to: cases.target.length }): Promise<RankedCases> {
  const { ks, ties, batch } = checked(cases, given);
  const { counts, signal, progress } = given;
  const trained = cases.items.trained;
  const order = ties === "popularity" ? popularityOrder(counts) : undefined;
  const longest = Math.min(ks[ks.length - 1]!, trained);
  const size = range.to - range.from;
  const lists = listTally(ks, counts, size);
  const rows = emptyRows(size);
  const tick = meter(progress, `evaluate ${cases.role}`, "case", size);
  for (let from = range.from; from < range.to; from += batch) {
    await new Promise(setImmediate); // lets a timer or Ctrl-C fire the signal
    throwIfAborted(signal, "evaluate");
    const to = Math.min(from + batch, range.to);
    const scores = forRanking(await score(prefixes(cases, from, to)), trained);
    try {
      const found = countRanks(scores, cases.target.subarray(from, to), trained, order, from);
      for (const key of rankKeys) rows[key].set(found[key], from - range.from);
      lists.add(topItems(scores, trained, longest), longest);
    } finally {
      if (!(scores instanceof Float32Array)) scores.dispose();
    }
    tick(to - range.from);
  }
  return { ...rows, ...lists.counts };
}

/** The second half: the same to the bit, whatever the ranges were. @param ranked of `rankCases`, all cases in their order @throws as `evaluate` */
export function evaluationOf(ranked: readonly RankedCases[], cases: Cases, given: EvaluateOptions): Evaluation {
  const { ks, ties, quantiles, lengths } = checked(cases, given);
  const { counts } = given;
  const trained = cases.items.trained;
  const size = cases.target.length;
  const found = ranked.reduce((sum, { greater }) => sum + greater.length, 0);
  if (found !== size) throw new ConfigError(`Expected all ${size} cases, found ${found} ranked cases; put in each range of caseRanges once, in their order`);
  const rows: CaseRows = { ...joined(ranked, size), session: cases.session, user: usersOf(cases) };
  const part = (chosen: Int32Array): Part => ({ cases: chosen.length, metrics: meanMetrics(rows, ks, ties, chosen) });
  const [warm, cold] = targetStrata(cases, trained);
  const strata = [...popularityStrata(cases, counts, quantiles), ...lengthStrata(cases, lengths), warm, cold];
  return {
    role: cases.role,
    hash: cases.hash,
    items: trained,
    ks,
    ties,
    tieRate: tieRateOf(rows),
    cases: size,
    metrics: { ...meanMetrics(rows, ks, ties), ...listMeans(ks, ranked) },
    overSeen: part(warm.cases),
    strata: strata.map(({ cases: chosen, ...stratum }) => ({ ...stratum, ...part(chosen) })),
    reading: cases.role === "valid" ? undefined : { role: cases.role, hash: cases.hash },
    rows,
  };
}

/**
 * A metric of an evaluation case by case, at any cut-off.
 * @param metric "NDCG@10"
 * @returns [C]
 * @throws ConfigError for an unknown metric
 * @example
 * import { caseRows, evaluate } from "sessionlab";
 * const cases = {
 *   role: "valid", hash: "", items: { ids: ["a", "b"], trained: 2 },
 *   sessions: { offsets: Uint32Array.of(0, 2), item: Int32Array.of(0, 1) },
 *   session: Int32Array.of(0), end: Int32Array.of(1), target: Int32Array.of(1),
 * } as const;
 * const evaluation = await evaluate(() => Float32Array.of(0.9, 0.4), cases, { counts: [1, 1] });
 * assert.deepEqual([...caseRows(evaluation, "MRR@2")], [1 / 2]);
 */
export function caseRows(evaluation: Evaluation, metric: string): Float64Array {
  const { metric: name, k } = parseMetric(metric);
  return metricRows(evaluation.rows, name, k, evaluation.ties);
}

/** Scores where ranking them is cheapest: our kernels rank an array, copied into a tensor, several times as fast as plain loops. */
function forRanking(scores: Scores, trained: number): Scores {
  const fits = scores instanceof Float32Array && scores.length > 0 && scores.length % trained === 0; // countRanks says what is wrong with others
  return fits && hasKernels() ? tf.tensor2d(scores, [scores.length / trained, trained]) : scores;
}

/** The options, and what must be so of the cases. @throws as `evaluate` */
function checked(cases: Cases, { counts, signal: _, progress: __, ...given }: EvaluateOptions): typeof defaults {
  const options = resolveOptions("evaluate", defaults, given, {
    ks: (ks) => (Array.isArray(ks) && ks.length > 0 && ks.every((k, at) => Number.isInteger(k) && k > (ks[at - 1] ?? 0)) ? undefined : "ascending positive integers"),
    ties: rules.oneOf(...tieRules),
    batch: rules.positiveInteger,
    seal: rules.oneOf("closed", "open"),
  });
  if (cases.target.length === 0) throw new ConfigError(`Expected cases to evaluate, found none; is the ${cases.role} period empty?`);
  if (counts.length !== cases.items.trained) throw new ConfigError(`Expected training counts of ${cases.items.trained} items, found ${counts.length}; take trainingCounts(split.train)`);
  if (cases.role === "confirm" && options.seal !== "open") {
    throw new ConfigError('Expected seal: "open" to score the "confirm" cases, found them sealed; they are scored once, for an experiment whose options are committed: choose on "valid", look at "test"');
  }
  return options;
}

const rankKeys = ["greater", "equal", "ahead"] as const;

function emptyRows(size: number): RankCounts {
  return { greater: new Int32Array(size), equal: new Int32Array(size), ahead: new Int32Array(size) };
}

function joined(ranked: readonly RankedCases[], size: number): RankCounts {
  const rows = emptyRows(size);
  let at = 0;
  for (const part of ranked) {
    for (const key of rankKeys) rows[key].set(part[key], at);
    at += part.greater.length;
  }
  return rows;
}

function usersOf(cases: Cases): Int32Array | undefined {
  const { user } = cases.sessions;
  return user === undefined ? undefined : cases.session.map((session) => user[session]!);
}
