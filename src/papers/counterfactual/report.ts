/**
 * From the result files of the counterfactual experiment to what its tables show: means over seeds, intervals and paired tests over
 * sessions on less popular targets, and whether the overall Recall stays within the margin. Nothing is scored here.
 */
import type { Budget } from "../../core/budget";
import { describeSplit, type SplitDescription } from "../../data/describe";
import type { Cases } from "../../data/types";
import { pairedBootstrap, type Run } from "../../evaluation/compare";
import { caseRows } from "../../evaluation/evaluate";
import { meanMetrics } from "../../evaluation/metrics";
import { unpackRanks } from "../../evaluation/packed-ranks";
import { popularityStrata, trainingCounts } from "../../evaluation/strata";
import { compareAll, runOf, type PaperComparison } from "../comparisons";
import { counterfactualArms, counterfactualPaperDefaults, duplicatesArm, plainArm, proposedArm, type CounterfactualArm, type CounterfactualRole, type Setting } from "./arms";
import { counterfactualMetric, experimentName, leastOverall, searchOf, tailOf, type CounterfactualExperiment, type CounterfactualResult } from "./counterfactual";
import type { CounterfactualData } from "./data";
import { worth } from "../experiment";
import { overSeeds, withIntervals, type Measured } from "../measure";
import { baseline, placebo } from "../placebo";
import { readResults, resultsId, type Result } from "../results";

/** How the control of the same compute is called among comparisons. */
export const sameCompute = "same compute, duplicated sessions";

/** An arm over its seeds. */
export interface CounterfactualRow {
  readonly arm: string;
  readonly title: string;
  readonly role: CounterfactualRole;
  readonly seeds: readonly number[];
  /** The runs' id. */
  readonly results: string;
  /** Settings that were tried on validation; 1 where none were. */
  readonly searched: number;
  readonly setting: Setting;
  readonly valid: Readonly<Record<string, Measured>>;
  /** Recall@20 of less popular targets. */
  readonly validTail: Measured;
  readonly test: Readonly<Record<string, Measured>>;
  /** Recall@20 and MRR@20 by how popular the target is in training, the least popular first. */
  readonly tail: Readonly<Record<string, Measured>>;
  readonly head: Readonly<Record<string, Measured>>;
  /** Added sessions for each real one, and shares of them that are a training session or hold a test session. */
  readonly dose?: Measured;
  readonly copies?: { readonly ofTraining: number; readonly ofCases: number };
}

/** What the overall Recall@20 must not fall below. */
export interface OverallGuard {
  /** The share of it that may be lost. */
  readonly margin: number;
  readonly proposed: number;
  /** Without augmentation. */
  readonly plain: number;
  readonly kept: boolean;
}

/** What the tables are made of: JSON. */
export interface CounterfactualReport {
  readonly paper: "counterfactual";
  readonly dataset: string;
  readonly budget: Budget;
  /** What readings are counted under. */
  readonly experiment: string;
  readonly base: string;
  readonly quantile: number;
  readonly margin: number;
  readonly counts: SplitDescription;
  /** Test cases by how popular their target is. */
  readonly cases: { readonly tail: number; readonly head: number };
  readonly words: string;
  readonly candidates: string;
  readonly backend: string;
  readonly notes: readonly string[];
  /** What the added sessions of the proposed arm hang on. */
  readonly assumptions: readonly string[];
  readonly rows: readonly CounterfactualRow[];
  /** The row that stands for the paper. */
  readonly proposed?: string;
  readonly comparisons: readonly PaperComparison[];
  readonly overall?: OverallGuard;
  /** What the sealed period says, once it was read. */
  readonly sealed?: { readonly verdict: string; readonly cases: number; readonly comparisons: readonly PaperComparison[]; readonly overall: OverallGuard };
}

/** An arm with what its files hold. */
export interface CounterfactualEntry {
  readonly arm: CounterfactualArm;
  readonly results: readonly CounterfactualResult[];
}

type Place = Pick<CounterfactualExperiment, "results" | "source" | "budget" | "base" | "full" | "quantile" | "margin">;

function isOfPaper(result: Result): result is CounterfactualResult {
  return result.paper === "counterfactual";
}

/** The results of an experiment, by arm. @throws DataError for a damaged file */
export function counterfactualEntries(settings: Place): readonly CounterfactualEntry[] {
  const all = readResults(settings.results).filter(isOfPaper).filter(({ dataset }) => dataset === experimentName(settings));
  const found = counterfactualArms.map((arm) => ({ arm, results: all.filter((one) => one.arm === arm.id).sort((a, b) => a.seed - b.seed) }));
  return found.filter(({ results }) => results.length > 0);
}

/** Whether the proposed overall Recall@20 is within the margin. */
export function guardOf(proposed: number, plain: number, { margin = counterfactualPaperDefaults.margin }: Pick<Place, "margin">): OverallGuard {
  return { margin, proposed, plain, kept: proposed >= leastOverall(plain, { margin }) };
}

/** Who stands for the paper and what it is held against, all by validation: the primary comparisons; and the arm that guards the overall Recall. */
export function primaryOf(entries: readonly CounterfactualEntry[], settings: Place): { readonly proposed?: CounterfactualEntry; readonly plain?: CounterfactualEntry; readonly against: readonly { readonly as: string; readonly entry: CounterfactualEntry }[] } {
  const byId = (id: string): CounterfactualEntry | undefined => entries.find(({ arm }) => arm.id === id);
  const [proposed, plain] = [byId(proposedArm), byId(plainArm)];
  if (proposed === undefined) return { against: [] };
  const over = (entry: CounterfactualEntry, of: (result: CounterfactualResult) => number): number => entry.results.reduce((sum, result) => sum + of(result), 0) / entry.results.length;
  const overall = (entry: CounterfactualEntry): number => over(entry, ({ valid }) => valid.metrics[counterfactualMetric]!);
  const value = (entry: CounterfactualEntry): number => worth(over(entry, ({ validTail }) => validTail), overall(entry), plain === undefined ? 0 : leastOverall(overall(plain), settings));
  const best = (role: CounterfactualRole): CounterfactualEntry | undefined => entries.filter(({ arm }) => arm.role === role).reduce<CounterfactualEntry | undefined>((top, entry) => (top === undefined || value(entry) > value(top) ? entry : top), undefined);
  const named = [{ as: baseline, entry: best("baseline") }, { as: placebo, entry: best("placebo") }, { as: sameCompute, entry: byId(duplicatesArm) }];
  return { proposed, plain, against: named.flatMap(({ as, entry }) => (entry === undefined ? [] : [{ as, entry }])) };
}

/** Paired tests on less popular targets. @param runs of an entry, on the cases that count */
export function comparisonsOf({ proposed, against }: ReturnType<typeof primaryOf>, runs: (entry: CounterfactualEntry) => readonly Run[], tail: Int32Array): readonly PaperComparison[] {
  if (proposed === undefined || tail.length === 0) return [];
  return compareAll(runs(proposed), against.map(({ as, entry }) => ({ as, name: entry.arm.id, runs: runs(entry) })), counterfactualMetric, tail);
}

/** The report of what `results` holds. @throws DataError for a damaged file, or ranks of other data */
export function counterfactualReport(world: CounterfactualData, settings: Place): CounterfactualReport {
  const { split } = world;
  const { quantile, margin } = { ...counterfactualPaperDefaults, ...(settings.quantile !== undefined && { quantile: settings.quantile }), ...(settings.margin !== undefined && { margin: settings.margin }) };
  const entries = counterfactualEntries(settings);
  const primary = primaryOf(entries, settings);
  const passport = entries[0]?.results[0]?.passport;
  const tail = tailOf(world, split.test, settings);
  const head = popularityStrata(split.test, trainingCounts(split.train), [quantile])[1]!.cases;
  const experiment = `counterfactual-${experimentName(settings)}`;
  const rows = entries.map((entry) => rowOf(entry, split.test, { tail, head }, searchOf(entry.arm, settings)?.choice.settings ?? 1));
  const borrowed = entries.some(({ arm }) => searchOf(arm, settings)?.borrowed === true);
  const overall = (arm: string | undefined): number | undefined => rows.find((row) => row.arm === arm)?.test[counterfactualMetric]?.mean;
  const [own, plain] = [overall(primary.proposed?.arm.id), overall(primary.plain?.arm.id)];
  return {
    ...{ paper: "counterfactual", dataset: world.name, budget: settings.budget, experiment, quantile, margin },
    base: passport?.model.split(",")[0] ?? "",
    counts: describeSplit(split),
    cases: { tail: tail.length, head: head.length },
    words: String(split.protocol["words"]),
    candidates: passport?.candidates ?? "",
    backend: passport === undefined ? "" : `${passport.backend}, ${passport.threads} threads`,
    notes: [...world.notes, ...(borrowed ? ["Settings are those that the search on the most recent share of the training sessions chose: nothing was tried on all of them."] : [])],
    assumptions: primary.proposed?.results[0]?.added?.assumptions ?? [],
    rows,
    proposed: primary.proposed?.arm.id,
    comparisons: comparisonsOf(primary, ({ results }) => results.map((result) => testRun(result, split.test)), tail),
    ...(own !== undefined && plain !== undefined && { overall: guardOf(own, plain, settings) }),
  };
}

/** A run on the test cases. */
function testRun(result: CounterfactualResult, cases: Cases<"test">): Run {
  return runOf(result, { ...result.test, ranks: result.ranks }, cases);
}

function rowOf({ arm, results }: CounterfactualEntry, cases: Cases<"test">, { tail, head }: { readonly tail: Int32Array; readonly head: Int32Array }, searched: number): CounterfactualRow {
  const runs = results.map((result) => testRun(result, cases));
  const test = overSeeds(results.map((result) => result.test.metrics));
  const added = results.flatMap((result) => (result.added === undefined ? [] : [result.added]));
  const mean = (of: (one: (typeof added)[number]) => number): number => added.reduce((sum, one) => sum + of(one), 0) / added.length;
  return {
    ...{ arm: arm.id, title: arm.title, role: arm.role, seeds: results.map(({ seed }) => seed), results: resultsId(results), searched, setting: results[0]!.setting },
    valid: overSeeds(results.map(({ valid }) => valid.metrics)),
    validTail: overSeeds(results.map(({ validTail }) => ({ value: validTail })))["value"]!,
    test: { ...test, ...withIntervals({ [counterfactualMetric]: test[counterfactualMetric]! }, runs) },
    tail: stratumOf(results, runs, cases, tail),
    head: stratumOf(results, runs, cases, head),
    ...(added.length > 0 && { dose: overSeeds(added.map(({ sessions, real }) => ({ dose: sessions / real })))["dose"]!, copies: { ofTraining: mean((one) => one.ofTraining), ofCases: mean((one) => one.ofCases) } }),
  };
}

/** Means over seeds on some of the cases; the metric that counts with its interval. */
function stratumOf(results: readonly CounterfactualResult[], runs: readonly Run[], cases: Cases<"test">, chosen: Int32Array): Readonly<Record<string, Measured>> {
  if (chosen.length === 0) return {};
  const means = overSeeds(results.map(({ ranks, passport: { ks, ties } }) => meanMetrics(unpackRanks(ranks, cases.target.length), ks, ties, chosen)));
  const perSeed = runs.map(({ evaluation }) => caseRows(evaluation, counterfactualMetric));
  const values = Float64Array.from(chosen, (c) => perSeed.reduce((sum, one) => sum + one[c]!, 0) / perSeed.length);
  const { low, high } = pairedBootstrap(values, chosen.map((c) => cases.session[c]!));
  return { ...means, [counterfactualMetric]: { ...means[counterfactualMetric]!, low, high } };
}
