/**
 * The session recommenders on benchmark files, as the SR-GNN line of papers measures them: P@20 and MRR@20 over the whole
 * given test file, prefixes expanded, ties broken by training counts. Options are chosen on validation only: the last tenth
 * of the training sessions, whole.
 * - Models without epochs choose among a list on validation.
 * - Neural models take their published settings, or those that a search on the most recent eighth of training found; the
 *   winner alone is trained in full.
 * Then all learn from all training sessions: without the last tenth of them VS-KNN finds 2.7 points of P@20 less on the
 * tenth that follows. So nothing is left to stop a neural model early, and its epochs and their schedule are set beforehand.
 * A run whose result is in `results` under the same passport is not run again: a grid is continued by the same command.
 */
import { join } from "node:path";
import type { Budget } from "../../core/budget";
import { ConfigError, throwIfAborted } from "../../core/errors";
import { hashOf, hashOfJson, type Hashable } from "../../core/hash";
import { nearest } from "../../core/options";
import { Rng } from "../../core/rng";
import { step } from "../../core/step";
import type { Split } from "../../data/types";
import type { Evaluation } from "../../evaluation/evaluate";
import { passportOf, type Passport } from "../../evaluation/passport";
import { makerOf, models, type ModelId, type ModelMaker } from "../../models/index";
import { search, type SearchReport } from "../../models/search";
import type { Recommender } from "../../models/recommender";
import { checkExperiment, hasResult, noteOf, type ExperimentSettings, type Note } from "../experiment";
import { bitsOf, cutoffs, evaluateStep, trainStep, tuneStep, type Workshop } from "../steps";
import { partOf, readResults, resultName, writeResult, type Result } from "../results";
import { readSearch, writeSearch, type Choice } from "../searches";

/** What chooses and what is reported first. */
const metric = "MRR@20";
const ties = "popularity";

/** What a search spends: settings, the published one among them, and what each round gives those that are left. */
export const searchRounds = { settings: 8, rounds: [{ share: 0.125, epochs: 2 }, { share: 0.125, epochs: 4 }, { share: 0.125, epochs: 6 }] };
/** Validation cases that a setting of a list is scored on. */
const listCases = 10_000;

/** SR-GNN's schedule, a falling rate, one epoch later: 512 targets a batch are fewer steps, of about half the time. SR-GNN itself keeps its batches of 100. */
const schedule = { batch: 512, epochs: 6, rateDecay: 0.1, rateEpochs: 4 };
/** What is set beforehand at the paper's budget, over the published settings. */
const beforehand: Readonly<Partial<Record<ModelId, Readonly<Record<string, unknown>>>>> = {
  narm: schedule,
  stamp: schedule,
  "sr-gnn": { epochs: 4, rateEpochs: 3 },
  niser: schedule,
  sasrec: { batch: 128, maxLength: 20, epochs: 12, rateDecay: 0.1, rateEpochs: 9 },
};

/**
 * Models whose search lost against the published settings on validation: SR-GNN's best of eight at batches of 512 has an MRR@20 of
 * .1093 on the most recent eighth, the published batches of 100 give .1168. The search stays in results/searches.
 */
const unsearched: readonly ModelId[] = ["sr-gnn"];

/** What is run. */
export interface BenchmarkSettings extends Omit<ExperimentSettings, "readings" | "onConfirm"> {
  /** The name in files and tables: "diginetica". */
  readonly name: string;
  /** Reads the files. @param validShare of the training sessions, the last ones */
  load(validShare: number): Promise<Split>;
  readonly models: readonly ModelId[];
  /** Seeds 1..n, of models that draw random numbers. */
  readonly seeds: number;
  /** Whether models with ranges are searched first; a search that is in `results` is read from there. */
  readonly search: boolean;
  /** Options set by hand, by model: then nothing is searched. */
  readonly set?: Readonly<Partial<Record<ModelId, object>>>;
}

/** One model, as the results folder has it. */
export interface BenchmarkRow {
  readonly model: ModelId;
  readonly title: string;
  /** How its options came about, in words. */
  readonly chosen: string;
  /** One a seed. */
  readonly results: readonly Result[];
}

/** What a results folder holds of a benchmark, in the order of `models`. @throws DataError for a damaged file */
export function benchmarkRows({ results, name, budget }: Pick<BenchmarkSettings, "results" | "name" | "budget">): readonly BenchmarkRow[] {
  const all = readResults(results).filter((result) => result.paper === "benchmark" && result.dataset === datasetOf(name, budget));
  return (Object.keys(models) as ModelId[]).flatMap((model) => {
    const own = all.filter((result) => result.model === model).sort((a, b) => a.seed - b.seed);
    return own.length === 0 ? [] : [{ model, title: models[model].title, chosen: howChosen(results, name, model, own[0]!), results: own }];
  });
}

/** The data set in names of files: budgets but the paper's never share one. */
function datasetOf(name: string, budget: Budget): string {
  return budget === "paper" ? name : `${name}-${budget}`;
}

/** All options that a model has with those given. */
function optionsOf(maker: ModelMaker, given: object): Readonly<Record<string, unknown>> {
  const model = maker.make(given);
  model.dispose();
  return model.options;
}

/** The search that a model's options come from. */
function searchFor(results: string, name: string, id: ModelId): Choice | undefined {
  return unsearched.includes(id) ? undefined : readSearch(results, name, id);
}

function howChosen(results: string, name: string, id: ModelId, { passport: { options, budget } }: Result): string {
  const filled = (given: object): string => hashOfJson(optionsOf(makerOf(id), given));
  const fixed = fixedOptions(id, budget);
  const own = hashOf(options as Hashable);
  const known = searchFor(results, name, id);
  if (known !== undefined && own === filled({ ...fixed, ...known.options })) return `best of ${known.settings} on validation`;
  if (own !== filled(fixed)) return "set by hand";
  return Object.keys(options).length === 0 ? "none" : "published settings";
}

/**
 * Runs what `results` does not hold yet, and writes it there.
 * @returns all that `results` holds of the benchmark then
 * @throws ConfigError for an unknown model or budget; DataError; AbortError, after which the same call goes on
 */
export async function runBenchmark(settings: BenchmarkSettings): Promise<readonly BenchmarkRow[]> {
  const { budget, signal, progress, cache, backend } = settings;
  for (const model of settings.models) {
    if (!(model in models)) throw new ConfigError(`Expected a model, found "${model}"; did you mean "${nearest(model, Object.keys(models))}"?`);
  }
  checkExperiment(settings);
  const shop: Workshop = { backend, budget, cache, signal, progress };
  const splits = new Map<number, Promise<Split>>();
  const splitOf = (validShare: number): Promise<Split> => {
    splits.set(validShare, splits.get(validShare) ?? settings.load(validShare));
    return splits.get(validShare)!;
  };
  for (const id of settings.models) {
    throwIfAborted(signal, "benchmark");
    await runModel(id, splitOf, settings, shop);
  }
  return benchmarkRows(settings);
}

type SplitOf = (validShare: number) => Promise<Split>;

/** Share of the training sessions that validates. */
const validShare = 0.1;

async function runModel(id: ModelId, splitOf: SplitOf, settings: BenchmarkSettings, shop: Workshop): Promise<void> {
  const maker = makerOf(id);
  const say = noteOf(settings);
  const note: Note = (what, result) => say(`${maker.title}, ${what}`, result);
  const options = await choose(id, maker, splitOf, settings, shop, note);
  const split = await splitOf(0);
  for (const seed of maker.seeded ? Array.from({ length: settings.seeds }, (_, s) => s + 1) : [1]) {
    await oneRun(id, maker, options, seed, split, settings, shop, note);
  }
}

/** What is not searched. */
function fixedOptions(id: ModelId, budget: Budget): Readonly<Record<string, unknown>> {
  return { ...models[id].budgets[budget], ...(budget === "paper" ? beforehand[id] : {}) };
}

/** The options: set by hand, chosen before and kept in `results`, chosen now, or as published. */
async function choose(id: ModelId, maker: ModelMaker, splitOf: SplitOf, settings: BenchmarkSettings, shop: Workshop, note: Note): Promise<object> {
  const fixed = fixedOptions(id, shop.budget);
  const byHand = settings.set?.[id];
  if (byHand !== undefined) return { ...fixed, ...byHand };
  const known = searchFor(settings.results, settings.name, id);
  if (known !== undefined) return { ...fixed, ...known.options };
  if (unsearched.includes(id)) return fixed;
  if (maker.space === undefined && (maker.ranges === undefined || !settings.search)) return fixed;
  const found = await searchOf(maker, fixed, await splitOf(validShare), shop, note);
  writeSearch(settings.results, settings.name, id, found);
  return { ...fixed, ...found.options };
}

/** A list is tried whole; ranges are drawn from and halved. */
async function searchOf(maker: ModelMaker, fixed: Readonly<Record<string, unknown>>, split: Split, shop: Workshop, note: Note): Promise<Choice> {
  if (maker.space !== undefined) {
    const { value } = note("choose on validation", await tuneStep(maker, split, maker.space, 1, shop, { metric, cases: listCases }));
    return { ...value, settings: value.trials.length };
  }
  const { signal, progress, cache } = shop;
  const epochs = searchRounds.rounds.at(-1)!.epochs;
  const make = (given: object): Recommender => maker.make({ ...fixed, ...given, epochs });
  const ranges = Object.fromEntries(Object.entries(maker.ranges!).filter(([name]) => !(name in fixed)));
  const published = optionsOf(maker, fixed);
  const given = { ...searchRounds, start: [Object.fromEntries(Object.keys(ranges).map((name) => [name, published[name]]))] };
  const options = { model: maker.title, fixed, ranges, ...given, metric };
  const run = (context: { readonly checkpoint?: string }): Promise<SearchReport> => search<Readonly<Record<string, unknown>>>(make, ranges, split, { ...context, signal, progress, rng: new Rng(1), metric }, given);
  const data = { train: split.train.hash, valid: split.valid.hash, bits: bitsOf(maker, shop) };
  const found = await step("search", data, options, run, { code: [__filename, maker.code, require.resolve("../../models/search")], checkpoint: true, signal, progress, cache });
  const { rows: _rows, ...choice } = note("search", found).value;
  return choice;
}

/** A run that `results` holds, or one that is made now and written there. */
async function oneRun(id: ModelId, maker: ModelMaker, options: object, seed: number, split: Split, settings: BenchmarkSettings, shop: Workshop, note: Note): Promise<void> {
  const all = optionsOf(maker, options);
  const passport = (evaluation: Pick<Evaluation, "items" | "ties" | "tieRate" | "ks">, seconds: number, startedAt: Date): Passport =>
    passportOf({ model: maker.title, options: all, seeds: [seed], budget: shop.budget, seconds, split, evaluation, backend: shop.backend, startedAt });
  const place = { paper: "benchmark", dataset: datasetOf(settings.name, shop.budget), model: id, seed };
  if (hasResult(settings.results, place, passport({ items: split.items.trained, ties, tieRate: 0, ks: cutoffs }, 0, new Date(0)))) {
    settings.onStep?.(`${maker.title}, seed ${seed}: in ${join(settings.results, `${resultName(place)}.json`)}`);
    return;
  }
  const trained = note(`seed ${seed}, train`, await trainStep(maker, split, options, seed, shop));
  const valid = split.valid.target.length === 0 ? undefined : note(`seed ${seed}, validation`, await evaluateStep({ maker, trained, split, cases: split.valid, ties }, shop));
  const test = note(`seed ${seed}, test`, await evaluateStep({ maker, trained, split, cases: split.test, onReading: async () => settings.onReading?.(`benchmark-${settings.name}`), ties }, shop));
  writeResult(settings.results, {
    ...place,
    passport: passport(test.value, trained.seconds, new Date(trained.value.startedAt)),
    fit: trained.value.report,
    valid: partOf(valid?.value ?? none(split)),
    test: partOf(test.value),
  });
}

/** Of no cases. */
function none(split: Split): Pick<Evaluation, "hash" | "cases" | "metrics" | "overSeen" | "strata"> {
  return { hash: split.valid.hash, cases: 0, metrics: {}, overSeen: { cases: 0, metrics: {} }, strata: [] };
}
