/**
 * From the result files of the persona experiment to what its tables show: means over seeds, intervals and paired tests over
 * sessions, groups of cases, and what the two stages lose. Nothing is scored here: the ranks are in the files.
 */
import type { Budget } from "../../core/budget";
import { describeSplit, type SplitDescription } from "../../data/describe";
import type { Cases, Split } from "../../data/types";
import type { Run } from "../../evaluation/compare";
import { meanMetrics } from "../../evaluation/metrics";
import { unpackRanks } from "../../evaluation/packed-ranks";
import { lengthStrata, popularityStrata, trainingCounts } from "../../evaluation/strata";
import { makerOf } from "../../models/index";
import { PersonaSasrec } from "../../models/persona-sasrec";
import type { SearchTrial } from "../../models/search";
import type { StageLosses } from "../../models/two-stage";
import { compareAll, runOf, type PaperComparison } from "../comparisons";
import type { Role } from "../experiment";
import { overSeeds, withIntervals, type Measured } from "../measure";
import { forms as allForms, personaArms, type Arm, type Form } from "./arms";
import { experimentName, type PersonaExperiment, type PersonaPaperResult } from "./persona";
import type { PersonaData } from "./data";
import { readResults, resultsId, type Result } from "../results";
import { readSearch } from "../searches";
import { primaryMetric } from "../steps";

/** An arm in one form, over its seeds. */
export interface PersonaRow {
  readonly arm: string;
  readonly form: Form;
  readonly title: string;
  readonly role: Role;
  readonly seeds: readonly number[];
  /** Names the result files: `resultsId`. */
  readonly results: readonly string[];
  /** Settings that were tried on validation; 1 where none were. */
  readonly searched: number;
  /** What was chosen or set, over the model's defaults. */
  readonly options: Readonly<Record<string, unknown>>;
  readonly valid: Readonly<Record<string, Measured>>;
  readonly test: Readonly<Record<string, Measured>>;
  /** Users' ids hidden. */
  readonly anonymous?: Readonly<Record<string, Measured>>;
  /** Means over seeds. */
  readonly losses?: readonly StageLosses[];
  readonly blend?: Measured;
  /** N of the blend, which each seed chooses. */
  readonly candidates?: readonly number[];
}

/** The proposed model against another: as "best baseline", "strongest placebo", "same compute without personas". */
export type PersonaComparison = PaperComparison;

/** Some of the test cases, and each row's primary metric over them, means over seeds. */
export interface PersonaSlice {
  readonly name: string;
  readonly cases: number;
  readonly values: readonly (number | undefined)[];
}

/** What the tables are made of: JSON. */
export interface PersonaReport {
  readonly paper: "persona";
  readonly dataset: string;
  readonly budget: Budget;
  /** What readings are counted under. */
  readonly experiment: string;
  readonly counts: SplitDescription;
  readonly words: string;
  readonly candidates: string;
  readonly backend: string;
  readonly notes: readonly string[];
  readonly rows: readonly PersonaRow[];
  /** The row that stands for the paper: the proposed arm's best form on validation. */
  readonly proposed?: string;
  readonly comparisons: readonly PersonaComparison[];
  readonly slices: readonly PersonaSlice[];
  /** The search of the proposed arm, trial by trial, where there was one. */
  readonly trials: readonly SearchTrial[];
  /** What the sealed period says, once it was read. */
  readonly sealed?: { readonly verdict: string; readonly cases: number; readonly comparisons: readonly PersonaComparison[] };
}

/** The name of a row: "persona-rerank". */
export function rowName({ arm, form }: Pick<PersonaRow, "arm" | "form">): string {
  return form === "alone" ? arm : `${arm}-${form}`;
}

/** An arm and form with what its files hold. */
export interface Entry {
  readonly arm: Arm;
  readonly form: Form;
  readonly results: readonly PersonaPaperResult[];
}

function isOfPaper(result: Result): result is PersonaPaperResult {
  return result.paper === "persona";
}

/** The results of an experiment, by arm and form. @throws DataError for a damaged file */
export function personaEntries({ results, source, budget }: Pick<PersonaExperiment, "results" | "source" | "budget">): readonly Entry[] {
  const all = readResults(results).filter(isOfPaper).filter(({ dataset }) => dataset === experimentName({ source, budget }));
  const found = personaArms.flatMap((arm) => arm.forms.map((form) => ({ arm, form, results: all.filter((one) => one.arm === arm.id && one.form === form).sort((a, b) => a.seed - b.seed) })));
  return found.filter((entry) => entry.results.length > 0);
}

/** A run on the test cases. */
function testRun(result: PersonaPaperResult, cases: Cases<"test">): Run {
  return runOf(result, { ...result.test, ranks: result.ranks }, cases);
}

/** The mean over seeds of a metric on validation. */
function onValidation({ results }: Entry): number {
  return results.reduce((sum, { valid }) => sum + valid.metrics[primaryMetric]!, 0) / results.length;
}

function best(entries: readonly Entry[]): Entry | undefined {
  return entries.reduce<Entry | undefined>((top, entry) => (top === undefined || onValidation(entry) > onValidation(top) ? entry : top), undefined);
}

/** Who stands for the paper and what it is held against, all by validation: the primary comparisons. */
export function primaryOf(entries: readonly Entry[]): { readonly proposed?: Entry; readonly against: readonly { readonly as: string; readonly entry: Entry }[] } {
  const proposed = best(entries.filter(({ arm }) => arm.role === "proposed"));
  if (proposed === undefined) return { against: [] };
  const alike = entries.filter(({ form }) => form === proposed.form);
  const named = [
    { as: "best baseline", entry: best(entries.filter(({ arm }) => arm.role === "baseline")) },
    { as: "strongest placebo", entry: best(alike.filter(({ arm }) => arm.role === "placebo")) },
    { as: "same compute without personas", entry: alike.find(({ arm }) => arm.id === "sasrec-text") },
  ];
  return { proposed, against: named.flatMap(({ as, entry }) => (entry === undefined ? [] : [{ as, entry }])) };
}

/** Paired tests of the proposed model, Holm's correction over all of them. @param runs of an entry, on the cases that count */
export function comparisonsOf({ proposed, against }: ReturnType<typeof primaryOf>, runs: (entry: Entry) => readonly Run[]): readonly PersonaComparison[] {
  if (proposed === undefined) return [];
  return compareAll(runs(proposed), against.map(({ as, entry }) => ({ as, name: rowName({ arm: entry.arm.id, form: entry.form }), runs: runs(entry) })), primaryMetric);
}

/**
 * The report of what `results` holds.
 * @throws DataError for a damaged file, or ranks of other data
 */
export function personaReport(world: Pick<PersonaData, "split" | "notes" | "name">, settings: Pick<PersonaExperiment, "results" | "source" | "budget">): PersonaReport {
  const { split } = world;
  const entries = personaEntries(settings);
  const primary = primaryOf(entries);
  const experiment = experimentName(settings);
  const passport = entries[0]?.results[0]?.passport;
  return {
    paper: "persona",
    dataset: world.name,
    budget: settings.budget,
    experiment: `persona-${experiment}`,
    counts: describeSplit(split),
    words: String(split.protocol["words"]),
    candidates: passport?.candidates ?? "",
    backend: passport === undefined ? "" : `${passport.backend}, ${passport.threads} threads`,
    notes: world.notes,
    rows: entries.map((entry) => rowOf(entry, split.test, readSearch(settings.results, `persona-${experiment}`, entry.arm.id)?.settings ?? 1)),
    proposed: primary.proposed && rowName({ arm: primary.proposed.arm.id, form: primary.proposed.form }),
    comparisons: comparisonsOf(primary, ({ results }) => results.map((result) => testRun(result, split.test))),
    slices: slicesOf(entries, split),
    trials: (readSearch(settings.results, `persona-${experiment}`, "persona")?.trials ?? []) as readonly SearchTrial[],
  };
}

function rowOf({ arm, form, results }: Entry, cases: Cases<"test">, searched: number): PersonaRow {
  const anonymous = results.flatMap((result) => (result.anonymous === undefined ? [] : [result.anonymous.metrics]));
  const losses = results[0]!.losses?.map(({ k }, at) => {
    const mean = (of: keyof StageLosses): number => results.reduce((sum, result) => sum + result.losses![at]![of], 0) / results.length;
    return { k, hits: mean("hits"), lostByCandidates: mean("lostByCandidates"), lostByReranking: mean("lostByReranking") };
  });
  return {
    arm: arm.id,
    form,
    title: form === "alone" ? arm.title : `${arm.title}, ${allForms[form]}`,
    role: arm.role,
    seeds: results.map(({ seed }) => seed),
    results: [resultsId(results)],
    searched,
    options: overDefaults(arm, results[0]!.passport.options),
    valid: overSeeds(results.map(({ valid }) => valid.metrics)),
    test: withIntervals(overSeeds(results.map(({ test }) => test.metrics)), results.map((result) => testRun(result, cases))),
    anonymous: anonymous.length === 0 ? undefined : overSeeds(anonymous),
    losses,
    candidates: results[0]!.candidates === undefined ? undefined : results.map(({ candidates }) => candidates!),
    blend: results[0]!.blend === undefined ? undefined : overSeeds(results.map(({ blend }) => ({ blend: blend! })))["blend"],
  };
}

/** A passport's options that are not the model's defaults; how stages and personas are made, which is alike everywhere, left out. */
function overDefaults({ model }: Arm, options: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  const made = model === "persona" ? new PersonaSasrec() : makerOf(model).make({});
  const defaults: Readonly<Record<string, unknown>> = made.options;
  made.dispose();
  const known = Object.entries(options).filter(([name]) => name in defaults);
  return Object.fromEntries(known.filter(([name, value]) => JSON.stringify(value) !== JSON.stringify(defaults[name])));
}

/** Known users with few and with more events, users who are new, short sessions, less popular targets. */
function slicesOf(entries: readonly Entry[], { train, test, users }: Split): readonly PersonaSlice[] {
  const events = new Uint32Array(users?.trained ?? 0);
  train.user?.forEach((user, s) => {
    if (user < events.length) events[user]! += train.offsets[s + 1]! - train.offsets[s]!;
  });
  const of = (c: number): number | undefined => {
    const user = test.sessions.user?.[test.session[c]!] ?? -1;
    return user >= 0 && user < events.length ? events[user] : undefined;
  };
  const all = Int32Array.from(test.target.keys());
  const [tail, head] = popularityStrata(test, trainingCounts(train));
  const slices = [
    { name: "all cases", cases: all },
    { name: "known users", cases: all.filter((c) => of(c) !== undefined) },
    { name: "known users with 5 events or fewer", cases: all.filter((c) => (of(c) ?? Infinity) <= 5) },
    { name: "new users (cold)", cases: all.filter((c) => of(c) === undefined) },
    ...lengthStrata(test, [1, 4, 10]).map(({ name, cases }) => ({ name: `sessions of ${name}`, cases })),
    { name: "less popular targets", cases: tail!.cases },
    { name: "popular targets", cases: head!.cases },
  ].filter(({ cases }) => cases.length > 0);
  const ranks = entries.map(({ results }) => results.map((result) => ({ counts: unpackRanks(result.ranks, test.target.length), ks: result.passport.ks, ties: result.passport.ties })));
  return slices.map(({ name, cases }) => ({
    name,
    cases: cases.length,
    values: ranks.map((seeds) => seeds.reduce((sum, { counts, ks, ties }) => sum + meanMetrics(counts, ks, ties, cases)[primaryMetric]!, 0) / seeds.length),
  }));
}
