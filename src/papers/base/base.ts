/**
 * The base recommenders on one data set: the table that both papers stand on. Two protocols: cuts in time (what claims
 * are made on) and leave-one-out (to stand beside RecBole's figures). Simple models are tuned on validation like
 * everything else; each is tested against SASRec by a paired bootstrap over sessions, with Holm's correction.
 * The confirm period is not opened here.
 */
import { budgets as knownBudgets, type Budget } from "../../core/budget";
import { ConfigError, throwIfAborted } from "../../core/errors";
import { nearest } from "../../core/options";
import type { Progress } from "../../core/progress";
import type { StepResult } from "../../core/step";
import { loadDataset, type LoadOptions } from "../../data/datasets";
import { describeSplit, type SplitDescription } from "../../data/describe";
import { sessionsFrom, type SessionTable } from "../../data/sessions";
import { splitByTime, splitLeaveOneOut } from "../../data/split";
import type { Split } from "../../data/types";
import { compare, holm, type Comparison, type Run } from "../../evaluation/compare";
import type { Evaluation, Part } from "../../evaluation/evaluate";
import { leakageReport, type LeakageReport } from "../../evaluation/leakage";
import { packRanks } from "../../evaluation/packed-ranks";
import { passportKey, passportOf, type Passport } from "../../evaluation/passport";
import { makerOf, models, type ModelId, type ModelMaker } from "../../models/index";
import { initBackend, type BackendInfo } from "../../tensor/backend";
import { runOf } from "../comparisons";
import { noteOf, type Note } from "../experiment";
import { meansOf, overSeeds, withIntervals, type Measured } from "../measure";
import { partOf, readResults, resultId, type Result } from "../results";
import { cutoffs, evaluateStep, primaryMetric, trainStep, tuneStep, type Workshop } from "../steps";

/** "time": cuts in time; "loo": leave-one-out. */
export type Protocol = "time" | "loo";

/** How a table of sessions is cut, by protocol: with the library's defaults. */
export const protocols: Readonly<Record<Protocol, { readonly title: string; readonly cut: (table: SessionTable) => Split }>> = {
  time: { title: "global time cut", cut: (table) => splitByTime(table) },
  loo: { title: "leave-one-out", cut: (table) => splitLeaveOneOut(table) },
};

/** What is run. */
export interface BaseSettings {
  readonly dataset: string;
  readonly budget: Budget;
  /** Seeds 1..n, for the models that draw random numbers. */
  readonly seeds: number;
  readonly protocols: readonly Protocol[];
  /** Options set by hand, by model. */
  readonly set?: Readonly<Partial<Record<ModelId, object>>>;
  readonly cache?: string;
  /** A folder of result files: a run that is there with its ranks is read instead of run. Left out: none is. */
  readonly results?: string;
  readonly data?: LoadOptions;
  readonly signal?: AbortSignal;
  readonly progress?: Progress;
  /** Called once a step, with a line that says what it was and whether it was cached. */
  readonly onStep?: (line: string) => void;
  /** Called before test cases are scored; not when the result is in the cache. */
  readonly onReading?: (experiment: string) => Promise<unknown>;
}

/** A run with the ranks of its test cases: intervals and tests come from them. Files that were written before ranks were kept have none. */
export interface BaseResult extends Result {
  readonly ranks?: string;
}

/** One model under one protocol. */
export interface BaseRow {
  readonly model: ModelId;
  readonly title: string;
  /** What was chosen or set, over the model's defaults; passports hold all options. */
  readonly options: Readonly<Record<string, unknown>>;
  /** How many settings were tried on validation; 1 where the options were set beforehand. */
  readonly searched: number;
  readonly seeds: readonly number[];
  /** Ids of the result files. */
  readonly results: readonly string[];
  /** Epochs run, by seed, for models that have epochs. */
  readonly epochs?: readonly number[];
  /** Of choosing and training, all seeds. */
  readonly seconds: number;
  readonly valid: Readonly<Record<string, Measured>>;
  readonly test: Readonly<Record<string, Measured>>;
  /** Over the cases whose target training saw. */
  readonly overSeen: Readonly<Record<string, Measured>>;
  readonly strata: readonly (Part & { readonly by: string; readonly name: string; readonly items?: number })[];
  /** SASRec less this model on the primary metric; p as it is, and after Holm's correction. */
  readonly against?: Pick<Comparison, "difference" | "low" | "high" | "p"> & { readonly holm: number };
}

/** All models under one protocol. */
export interface BaseTable {
  readonly protocol: Protocol;
  readonly title: string;
  /** How the data were cut, in words. */
  readonly words: string;
  /** The name that readings are counted under. */
  readonly experiment: string;
  readonly counts: SplitDescription;
  readonly leakage: LeakageReport;
  readonly candidates: string;
  readonly rows: readonly BaseRow[];
}

/** What `runBase` found: JSON. */
export interface BaseReport {
  readonly paper: "base";
  readonly dataset: string;
  readonly budget: Budget;
  readonly seeds: number;
  readonly backend: BackendInfo;
  readonly tables: readonly BaseTable[];
  readonly steps: { readonly total: number; readonly cached: number; readonly seconds: number; readonly cachedSeconds: number };
}

/** Order of the rows; all are tested against the last. */
const order: readonly ModelId[] = ["pop", "session-pop", "markov", "item-knn", "sasrec"];

/** What was run of one model. */
interface ModelRuns {
  readonly id: ModelId;
  readonly runs: readonly Run[];
  readonly results: readonly BaseResult[];
  readonly options: Readonly<Record<string, unknown>>;
  readonly searched: number;
  readonly seconds: number;
}

/**
 * Runs the experiment, or reads it from the cache.
 * @returns the report, and one result a run for a results folder
 * @throws ConfigError for an unknown data set, budget, model or option; DataError; AbortError, after which the same call goes on
 * @example
 * import { runBase } from "sessionlab";
 * const settings = { dataset: "ml-100k", budget: "minute", seeds: 0, protocols: ["time"] } as const;
 * await assert.rejects(runBase(settings), /Expected a positive number of seeds, found 0/);
 */
export async function runBase(settings: BaseSettings): Promise<{ readonly report: BaseReport; readonly results: readonly BaseResult[] }> {
  const { dataset, budget, seeds, signal, progress, cache } = settings;
  for (const model of Object.keys(settings.set ?? {})) {
    if (!(model in models)) throw new ConfigError(`Expected a model, found "${model}"; did you mean "${nearest(model, Object.keys(models))}"?`);
  }
  if (!knownBudgets.includes(budget)) throw new ConfigError(`Expected a budget (${knownBudgets.join(", ")}), found "${budget}"; did you mean "${nearest(budget, knownBudgets)}"?`);
  if (!Number.isInteger(seeds) || seeds < 1) throw new ConfigError(`Expected a positive number of seeds, found ${seeds}`);
  const backend = await initBackend();
  const table = sessionsFrom(await loadDataset(dataset, { ...settings.data, signal, progress }));
  const shop: Workshop = { backend, budget, cache, signal, progress };
  const steps: StepResult<unknown>[] = [];
  const say = noteOf(settings);
  const note: Note = (what, result) => {
    steps.push(result);
    return say(what, result);
  };
  const tables: BaseTable[] = [];
  const results: BaseResult[] = [];
  for (const protocol of settings.protocols) {
    const split = protocols[protocol].cut(table);
    const all: ModelRuns[] = [];
    for (const id of order) all.push(await runModel(id, protocol, split, settings, shop, note));
    tables.push(tableOf(protocol, split, experimentOf(settings, protocol), all));
    results.push(...all.flatMap((one) => one.results));
  }
  const seconds = (some: readonly StepResult<unknown>[]) => some.reduce((sum, result) => sum + result.seconds, 0);
  const cached = steps.filter((result) => result.cached);
  return {
    report: { paper: "base", dataset, budget, seeds, backend, tables, steps: { total: steps.length, cached: cached.length, seconds: seconds(steps), cachedSeconds: seconds(cached) } },
    results,
  };
}

/** Chooses the options (of models with a search space), then trains and evaluates once a seed. */
async function runModel(id: ModelId, protocol: Protocol, split: Split, settings: BaseSettings, shop: Workshop, note: Note): Promise<ModelRuns> {
  const { onReading } = settings;
  throwIfAborted(shop.signal, "reproduce");
  const maker = makerOf(id);
  const fixed = { ...maker.budgets[shop.budget], ...settings.set?.[id] };
  const label = `${protocols[protocol].title}, ${maker.title}`;
  const tuned = maker.space === undefined ? undefined : note(`${label}: choose on validation`, await tuneStep(maker, split, maker.space.map((one) => ({ ...one, ...fixed })), 1, shop));
  const options: Readonly<Record<string, unknown>> = tuned?.value.options ?? fixed;
  const seeds = maker.seeded ? Array.from({ length: settings.seeds }, (_, s) => s + 1) : [1];
  const runs: Run[] = [];
  const results: BaseResult[] = [];
  let seconds = tuned?.seconds ?? 0;
  for (const seed of seeds) {
    const name = maker.seeded ? `${label}, seed ${seed}` : label;
    const place = { paper: "base", dataset: settingOf(settings, protocol), model: id, seed };
    const known = knownRun(place, maker, options, split, settings, shop);
    if (known !== undefined) {
      settings.onStep?.(`${name}: in results`);
      seconds += known.passport.seconds;
      runs.push(runOf(known, { ...known.test, ranks: known.ranks }, split.test));
      results.push(known);
      continue;
    }
    const trained = note(`${name}: train`, await trainStep(maker, split, options, seed, shop));
    const valid = note(`${name}: validation`, await evaluateStep({ maker, trained, split, cases: split.valid }, shop));
    const test = note(`${name}: test`, await evaluateStep({ maker, trained, split, cases: split.test, onReading: async () => onReading?.(experimentOf(settings, protocol)) }, shop));
    const passport = passportFor(maker, trained.value.options, seed, split, shop, { seconds: trained.seconds, startedAt: new Date(trained.value.startedAt), evaluation: test.value });
    seconds += trained.seconds;
    runs.push({ passport, evaluation: test.value });
    results.push({ ...place, passport, fit: trained.value.report, valid: partOf(valid.value), test: partOf(test.value), ranks: packRanks(test.value.rows) });
  }
  return { id, runs, results, options, searched: tuned?.value.trials.length ?? 1, seconds };
}

type Found = Pick<Passport, "seconds"> & { readonly startedAt: Date; readonly evaluation: Pick<Evaluation, "items" | "ties" | "tieRate" | "ks"> };

function passportFor(maker: ModelMaker, options: Readonly<Record<string, unknown>>, seed: number, split: Split, { budget, backend }: Workshop, found: Found): Passport {
  return passportOf({ ...{ model: maker.title, options, seeds: [seed], budget, split, backend }, ...found });
}

/** The run of a folder of results, if it is this very one and has its ranks. */
function knownRun(place: Pick<Result, "paper" | "dataset" | "model" | "seed">, maker: ModelMaker, options: object, split: Split, { results }: BaseSettings, shop: Workshop): (BaseResult & { readonly ranks: string }) | undefined {
  if (results === undefined) return undefined;
  const found = readResults(results).find((one): one is BaseResult & { readonly ranks: string } => one.paper === place.paper && one.dataset === place.dataset && one.model === place.model && one.seed === place.seed && "ranks" in one);
  if (found === undefined) return undefined;
  const model = maker.make(options);
  model.dispose();
  const evaluation = { items: split.items.trained, ties: "expected", tieRate: 0, ks: cutoffs } as const;
  const expected = JSON.parse(JSON.stringify(passportFor(maker, model.options, place.seed, split, shop, { seconds: 0, startedAt: new Date(0), evaluation }))) as Passport;
  return passportKey(found.passport) === passportKey(expected) ? found : undefined;
}

function tableOf(protocol: Protocol, split: Split, experiment: string, all: readonly ModelRuns[]): BaseTable {
  const proposed = all.at(-1)!;
  const comparisons = all.slice(0, -1).map((one) => compare(proposed.runs, one.runs, primaryMetric));
  const corrected = holm(comparisons.map((comparison) => comparison.p));
  return {
    protocol,
    title: protocols[protocol].title,
    words: String(split.protocol["words"]),
    experiment,
    counts: describeSplit(split),
    leakage: leakageReport(split),
    candidates: proposed.runs[0]!.passport.candidates,
    rows: all.map((one, at) => {
      const { difference, low, high, p } = comparisons[at] ?? {};
      return { ...rowOf(one), against: difference === undefined ? undefined : { difference, low: low!, high: high!, p: p!, holm: corrected[at]! } };
    }),
  };
}

function rowOf({ id, runs, results, options, searched, seconds }: ModelRuns): BaseRow {
  const tests = results.map((result) => result.test);
  const epochs = results.map((result) => result.fit.epochs).filter((one): one is number => one !== undefined);
  return {
    model: id,
    title: models[id].title,
    options,
    searched,
    seeds: results.map((result) => result.seed),
    results: results.map(resultId),
    epochs: epochs.length > 0 ? epochs : undefined,
    seconds,
    valid: overSeeds(results.map((result) => result.valid.metrics)),
    test: withIntervals(overSeeds(tests.map((part) => part.metrics)), runs),
    overSeen: overSeeds(tests.map((part) => part.overSeen.metrics)),
    strata: tests[0]!.strata.map((stratum, at) => ({ ...stratum, metrics: meansOf(tests.map((part) => part.strata[at]!.metrics)) })),
  };
}

/** Data set, cut, and budget where it is not the smallest: "ml-100k-time", "ml-100k-loo-hour". Budgets never share a file. */
function settingOf({ dataset, budget }: BaseSettings, protocol: Protocol): string {
  return [dataset, protocol, ...(budget === "minute" ? [] : [budget])].join("-");
}

function experimentOf(settings: BaseSettings, protocol: Protocol): string {
  return `base-${settingOf(settings, protocol)}`;
}
