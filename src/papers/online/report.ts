/**
 * From the result files of the online experiment to what its tables show: rates over worlds with intervals, paired tests of
 * policies over the sessions that all of them met, and whether the gain goes with the bias of the logs. Nothing is simulated here:
 * the counts are in the files.
 */
import type { Budget } from "../../core/budget";
import { ConfigError } from "../../core/errors";
import { deviation, drawRates, summaryOf, type Drawn } from "../../evaluation/bootstrap";
import { holm, smallestDetectable } from "../../evaluation/compare";
import { equivalence, nonInferiority, type MarginTest } from "../../evaluation/equivalence";
import type { PaperComparison } from "../comparisons";
import { overSeeds, type Measured } from "../measure";
import { onlineArms, type OnlineArm, type OnlineRole } from "./arms";
import { joinCounts, meanRates, onlineMargin, overallRate, primaryRate, rateColumns, unpackCounts, type OnlineRate } from "./rates";
import { onlineDataset, onlineName, type OnlineExperiment, type OnlineResult } from "./online";
import { onlineStarts, onlineWorlds, startsOf, type OnlineStart, type OnlineWorldName } from "./world";
import { baseline, placebo } from "../placebo";
import { readResults, resultsId, type Result } from "../results";
import type { SessionCounts } from "../../response/ctr";

/** An arm in one world with one start, over its seeds. */
export interface OnlineRow {
  readonly arm: string;
  readonly title: string;
  readonly role: OnlineRole;
  readonly world: OnlineWorldName;
  readonly start: OnlineStart;
  readonly seeds: readonly number[];
  readonly results: readonly string[];
  /** On validation sessions, and on those of the test; of the primary rate with its interval, by bootstrap over sessions. */
  readonly valid: Readonly<Record<string, Measured>>;
  readonly test: Readonly<Record<string, Measured>>;
  /** Added sessions, mean over seeds, and the share of them that is a training session again. */
  readonly added?: { readonly sessions: number; readonly copies: number };
}

/** The proposed arm against another, session by session under the same noise. */
export interface OnlineComparison extends Omit<PaperComparison, "holm"> {
  readonly world: OnlineWorldName;
  readonly start: OnlineStart;
  readonly rate: OnlineRate;
  /** The difference in each world by itself: its sd over them, and in how many it is above 0. */
  readonly seedSd: number;
  readonly seedsAhead: number;
  readonly seeds: number;
}

/** One of those that Holm's correction is over. */
export type PrimaryComparison = OnlineComparison & PaperComparison;

/** What the tables are made of: JSON. */
export interface OnlineReport {
  readonly paper: "counterfactual-online";
  readonly budget: Budget;
  readonly experiment: string;
  readonly primary: OnlineRate;
  readonly proposed: string;
  readonly margin: number;
  readonly quantile: number;
  readonly candidates: string;
  readonly backend: string;
  readonly sessions: { readonly logged: number; readonly test: number };
  /** Items a slate. */
  readonly slots: number;
  readonly rows: readonly OnlineRow[];
  /** The primary rate as logged, in the world with bias: Holm's correction over these. */
  readonly primaryComparisons: readonly PrimaryComparison[];
  /** Other rates, starts and worlds: exploratory. */
  readonly further: readonly OnlineComparison[];
  /** Whether the proposed arm's slate CTR is not worse than that of the same compute. */
  readonly notWorse?: MarginTest;
  /** Without bias: the gain on the primary rate over the same compute. */
  readonly withoutBias?: MarginTest & { readonly detected: boolean };
  readonly sealed?: { readonly verdict: string; readonly sessions: number; readonly comparisons: readonly PrimaryComparison[]; readonly notWorse?: MarginTest };
}

/** The control: as many steps, with nothing new. */
export const sameCompute = "same compute";

/** An arm with its files. */
export interface OnlineEntry {
  readonly arm: OnlineArm;
  readonly results: readonly OnlineResult[];
}

function isOnline(result: Result): result is OnlineResult {
  return result.paper === "counterfactual-online";
}

/** The results of one world, by arm. @throws DataError for a damaged file */
export function onlineEntries(world: OnlineWorldName, { results, budget }: Pick<OnlineExperiment, "results" | "budget">): readonly OnlineEntry[] {
  const all = readResults(results).filter(isOnline).filter(({ dataset }) => dataset === onlineDataset(world, { budget }));
  return onlineArms.map((arm) => ({ arm, results: all.filter((one) => one.arm === arm.id).sort((a, b) => a.seed - b.seed) })).filter((entry) => entry.results.length > 0);
}

/** By seed. */
export type CountsBySeed = ReadonlyMap<number, SessionCounts>;

/** What a file holds of each seed. */
export function countsOf({ results }: OnlineEntry, role: "valid" | "test", start: OnlineStart): CountsBySeed {
  return new Map(
    results.flatMap((result) => {
      const packed = result.counts[role][start];
      return packed === undefined ? [] : [[result.seed, unpackCounts(packed, result[role].cases)] as const];
    }),
  );
}

/** Slots of a result's slates. */
export function slotsOf({ results }: OnlineEntry): number {
  return (results[0]!.passport.options["world"] as { readonly slots: number }).slots;
}

/** The mean over seeds of the primary rate on validation sessions. */
function onValidation({ results }: OnlineEntry): number {
  return results.reduce((sum, { valid }) => sum + (valid.metrics[primaryRate] ?? 0), 0) / results.length;
}

/** Who is proposed and what it is held against: the best on validation, be it at the cost of the overall rate. */
export function onlineRivals(entries: readonly OnlineEntry[]): { readonly proposed?: OnlineEntry; readonly against: readonly { readonly as: string; readonly entry: OnlineEntry }[] } {
  const proposed = entries.find(({ arm }) => arm.role === "proposed");
  if (proposed === undefined) return { against: [] };
  const best = (role: OnlineRole): OnlineEntry | undefined => entries.filter(({ arm }) => arm.role === role).reduce<OnlineEntry | undefined>((top, entry) => (top === undefined || onValidation(entry) > onValidation(top) ? entry : top), undefined);
  const named = [
    { as: baseline, entry: best("baseline") },
    { as: placebo, entry: best("placebo") },
    { as: sameCompute, entry: entries.find(({ arm }) => arm.role === "same compute") },
  ];
  return { proposed, against: named.flatMap(({ as, entry }) => (entry === undefined ? [] : [{ as, entry }])) };
}

/** Draws of a rate's difference over the sessions of all worlds that both have. @throws ConfigError where they share none */
export function drawnDifference(rate: OnlineRate, proposed: CountsBySeed, other: CountsBySeed, slots: number): { readonly drawn: Drawn; readonly bySeed: Float64Array } {
  const seeds = [...proposed.keys()].filter((seed) => other.has(seed));
  if (seeds.length === 0) throw new ConfigError("Expected arms that met the same worlds, found none; run both with the same seeds");
  const columns = (of: CountsBySeed) => rateColumns(rate, joinCounts(seeds.map((seed) => of.get(seed)!)), slots);
  const one = (of: CountsBySeed, seed: number): number => drawRates(rateColumns(rate, of.get(seed)!, slots), undefined, { resamples: 1 }).estimate;
  return { drawn: drawRates(columns(proposed), columns(other)), bySeed: Float64Array.from(seeds, (seed) => one(proposed, seed) - one(other, seed)) };
}

/** Whether the rate over all items is not worse than another's by more than the margin. */
export function overallKept(proposed: CountsBySeed, other: CountsBySeed, slots: number, margin: number): MarginTest {
  return nonInferiority(drawnDifference(overallRate, proposed, other, slots).drawn, margin);
}

/** One comparison, from counts. */
export function compareOnline(place: Pick<OnlineComparison, "world" | "start" | "rate" | "against" | "as">, proposed: CountsBySeed, other: CountsBySeed, slots: number): OnlineComparison {
  const { drawn, bySeed } = drawnDifference(place.rate, proposed, other, slots);
  const { difference, low, high, p, standardError } = summaryOf(drawn);
  const sd = standardError * Math.sqrt(drawn.clusters);
  return { ...place, difference, low, high, p, sd, clusters: drawn.clusters, detectable: smallestDetectable(sd, drawn.clusters), seedSd: deviation(bySeed), seedsAhead: bySeed.filter((value) => value > 0).length, seeds: bySeed.length };
}

/** Comparisons with Holm's correction over all of them. */
export function withHolm(comparisons: readonly OnlineComparison[]): readonly PrimaryComparison[] {
  const corrected = holm(comparisons.map(({ p }) => p));
  return comparisons.map((one, at) => ({ ...one, holm: corrected[at]! }));
}

/**
 * The report of what `results` holds.
 * @throws DataError for a damaged file
 * @example
 * import { onlineReport } from "sessionlab";
 * assert.deepEqual(onlineReport({ results: "no such folder", budget: "minute" }).rows, []);
 */
export function onlineReport({ margin = onlineMargin, quantile = 0.8, ...settings }: Pick<OnlineExperiment, "results" | "budget" | "margin" | "quantile">): OnlineReport {
  const entries = onlineEntries("biased", settings);
  const plain = onlineEntries("unbiased", settings);
  const { proposed, against } = onlineRivals(entries);
  const rows = ([["biased", entries], ["unbiased", plain]] as const).flatMap(([world, all]) => startsOf(world).flatMap((start) => all.map((entry) => rowOf(entry, world, start))));
  const passport = entries[0]?.results[0]?.passport;
  const comparisons = (rate: OnlineRate, start: OnlineStart, list = against): readonly OnlineComparison[] =>
    proposed === undefined ? [] : list.map(({ as, entry }) => compareOnline({ world: "biased", start, rate, against: entry.arm.id, as }, countsOf(proposed, "test", start), countsOf(entry, "test", start), slotsOf(proposed)));
  const bound = entries.find(({ arm }) => arm.role === "bound");
  const [control, own, usual] = [against.find(({ as }) => as === sameCompute), plain.find(({ arm }) => arm.role === "proposed"), plain.find(({ arm }) => arm.role === "same compute")];
  const without = own === undefined || usual === undefined ? undefined : drawnDifference(primaryRate, countsOf(own, "test", "logged"), countsOf(usual, "test", "logged"), slotsOf(own)).drawn;
  return {
    paper: "counterfactual-online",
    ...{ budget: settings.budget, experiment: onlineName(settings), primary: primaryRate, proposed: proposed?.arm.id ?? "", margin, quantile },
    candidates: passport?.candidates ?? "",
    backend: passport === undefined ? "" : `${passport.backend}, ${passport.threads} threads`,
    sessions: { logged: Number(passport?.split["logged"] ?? 0), test: Number(passport?.split["test"] ?? 0) },
    slots: entries[0] === undefined ? 0 : slotsOf(entries[0]),
    rows,
    primaryComparisons: withHolm(comparisons(primaryRate, "logged")),
    further: [
      ...comparisons(primaryRate, "uniform"),
      ...comparisons("slate CTR", "logged"),
      ...comparisons("slate CTR", "uniform"),
      ...comparisons("item CTR, less popular", "logged"),
      ...(bound === undefined ? [] : comparisons(primaryRate, "logged", [{ as: "upper bound", entry: bound }])),
      ...(own === undefined || usual === undefined ? [] : [compareOnline({ world: "unbiased", start: "logged", rate: primaryRate, against: usual.arm.id, as: sameCompute }, countsOf(own, "test", "logged"), countsOf(usual, "test", "logged"), slotsOf(own))]),
    ],
    ...(proposed && control && { notWorse: overallKept(countsOf(proposed, "test", "logged"), countsOf(control.entry, "test", "logged"), slotsOf(proposed), margin) }),
    ...(without && { withoutBias: { ...equivalence(without, margin), detected: summaryOf(without).p < 0.05 } }),
  };
}

function rowOf(entry: OnlineEntry, world: OnlineWorldName, start: OnlineStart): OnlineRow {
  const { arm, results } = entry;
  const slots = slotsOf(entry);
  const [valid, test] = (["valid", "test"] as const).map((role) => countsOf(entry, role, start));
  const measured = (counts: CountsBySeed): Record<string, Measured> => overSeeds([...counts.values()].map((one) => meanRates(one, slots)));
  const joined = joinCounts([...test!.values()]);
  const intervals = Object.fromEntries(
    Object.entries(measured(test!)).map(([name, one]) => {
      if (name !== primaryRate) return [name, one];
      const { low, high } = summaryOf(drawRates(rateColumns(primaryRate, joined, slots), undefined, { resamples: 2000 }));
      return [name, { ...one, low, high }];
    }),
  );
  const added = results.flatMap((result) => (result.added === undefined ? [] : [result.added]));
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;
  return {
    ...{ arm: arm.id, title: arm.title, role: arm.role, world, start },
    seeds: results.map(({ seed }) => seed),
    results: [resultsId(results)],
    valid: measured(valid!),
    test: intervals,
    ...(added.length > 0 && { added: { sessions: mean(added.map(({ sessions }) => sessions)), copies: mean(added.map(({ copies }) => copies)) } }),
  };
}

/** Words for a world and its start. */
export function placeWords(world: OnlineWorldName, start: OnlineStart): string {
  return world === "biased" ? `${onlineWorlds[world].title}, sessions that begin with ${onlineStarts[start]}` : onlineWorlds[world].title;
}

