/**
 * The session recommenders on benchmark files, as the SR-GNN line of papers measures them: P@20 and MRR@20 over the whole
 * given test file, prefixes expanded, ties broken by training counts. Options are chosen on validation only: the last tenth
 * of the training sessions, whole.
 * - Models without epochs choose among a list on validation and then learn from all training sessions.
 * - Neural models take their published settings, or those that a search on the most recent eighth of training found; the
 *   winner alone is trained in full, and validation stops it.
 * A run whose result is in `results` under the same passport is not run again: a grid is continued by the same command.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { budgets as knownBudgets, type Budget } from "../core/budget";
import { ConfigError, throwIfAborted } from "../core/errors";
import { nearest } from "../core/options";
import type { Progress } from "../core/progress";
import { Rng } from "../core/rng";
import { footer, step, type StepResult } from "../core/step";
import type { Split } from "../data/types";
import type { Evaluation } from "../evaluation/evaluate";
import { passportKey, passportOf, type Passport } from "../evaluation/passport";
import { makerOf, models, type ModelId, type ModelMaker } from "../models/index";
import { search, type SearchReport } from "../models/search";
import type { BackendInfo } from "../tensor/backend";
import type { Recommender } from "../models/recommender";
import { bitsOf, cutoffs, evaluateStep, trainStep, tuneStep, type Workshop } from "./steps";
import { readResult, resultName, writeResult, type Result, type ResultPart } from "./results";
import { readSearch, writeSearch, type Choice } from "./searches";

/** What chooses and what is reported first. */
const metric = "MRR@20";
const ties = "popularity";

/** What a search spends: settings, and what each round gives those that are left. */
export const searchRounds = { settings: 16, rounds: [{ share: 0.125, epochs: 1 }, { share: 0.125, epochs: 2 }, { share: 0.125, epochs: 4 }, { share: 0.125, epochs: 6 }] };

/** What is run. */
export interface BenchmarkSettings {
  /** The name in files and tables: "diginetica". */
  readonly name: string;
  /** Reads the files. @param validShare of the training sessions, the last ones */
  load(validShare: number): Promise<Split>;
  readonly models: readonly ModelId[];
  readonly budget: Budget;
  /** Seeds 1..n, of models that draw random numbers. */
  readonly seeds: number;
  /** Whether models with ranges are searched first; a search that is in `results` is read from there. */
  readonly search: boolean;
  /** Options set by hand, by model: then nothing is searched. */
  readonly set?: Readonly<Partial<Record<ModelId, object>>>;
  /** Folder of result files: read first, written to after each run. */
  readonly results: string;
  readonly backend: BackendInfo;
  readonly cache?: string;
  readonly signal?: AbortSignal;
  readonly progress?: Progress;
  readonly onStep?: (line: string) => void;
  /** Called before test cases are scored. */
  readonly onReading?: (experiment: string) => Promise<unknown>;
}

/** One model. */
export interface BenchmarkRow {
  readonly model: ModelId;
  readonly title: string;
  /** How its options came about, in words. */
  readonly chosen: string;
  /** One a seed. */
  readonly results: readonly Result[];
}

/**
 * Runs what `results` does not hold yet.
 * @returns a row a model, with the results that were there and those that were made now
 * @throws ConfigError for an unknown model or budget; DataError; AbortError, after which the same call goes on
 */
export async function runBenchmark(settings: BenchmarkSettings): Promise<readonly BenchmarkRow[]> {
  const { budget, seeds, signal, progress, cache, backend } = settings;
  for (const model of settings.models) {
    if (!(model in models)) throw new ConfigError(`Expected a model, found "${model}"; did you mean "${nearest(model, Object.keys(models))}"?`);
  }
  if (!knownBudgets.includes(budget)) throw new ConfigError(`Expected a budget (${knownBudgets.join(", ")}), found "${budget}"`);
  if (!Number.isInteger(seeds) || seeds < 1) throw new ConfigError(`Expected a positive number of seeds, found ${seeds}`);
  const shop: Workshop = { backend, budget, cache, signal, progress };
  const splits = new Map<number, Promise<Split>>();
  const splitOf = (validShare: number): Promise<Split> => {
    splits.set(validShare, splits.get(validShare) ?? settings.load(validShare));
    return splits.get(validShare)!;
  };
  const rows: BenchmarkRow[] = [];
  for (const id of settings.models) {
    throwIfAborted(signal, "benchmark");
    rows.push(await runModel(id, splitOf, settings, shop));
  }
  return rows;
}

type SplitOf = (validShare: number) => Promise<Split>;

/** Share of the training sessions that validates. */
const validShare = 0.1;

async function runModel(id: ModelId, splitOf: SplitOf, settings: BenchmarkSettings, shop: Workshop): Promise<BenchmarkRow> {
  const maker = makerOf(id);
  const note = <T>(what: string, result: StepResult<T>): StepResult<T> => {
    settings.onStep?.(`${maker.title}, ${what}: ${footer(result)}`);
    return result;
  };
  const { options, chosen } = await choose(id, maker, splitOf, settings, shop, note);
  const split = await splitOf(maker.seeded ? validShare : 0);
  const results: Result[] = [];
  for (const seed of maker.seeded ? Array.from({ length: settings.seeds }, (_, s) => s + 1) : [1]) {
    const made = await oneRun(id, maker, options, seed, split, settings, shop, note);
    results.push(made);
  }
  return { model: id, title: maker.title, chosen, results };
}

type Note = <T>(what: string, result: StepResult<T>) => StepResult<T>;

interface Chosen {
  readonly options: Readonly<Record<string, unknown>>;
  /** In words. */
  readonly chosen: string;
}

/** The options: chosen before and kept in `results`, chosen now, or as published. */
async function choose(id: ModelId, maker: ModelMaker, splitOf: SplitOf, settings: BenchmarkSettings, shop: Workshop, note: Note): Promise<Chosen> {
  const fixed: Readonly<Record<string, unknown>> = { ...maker.budgets[shop.budget] };
  const byHand = settings.set?.[id];
  if (byHand !== undefined) return { options: { ...fixed, ...byHand }, chosen: `set by hand: ${JSON.stringify(byHand)}` };
  const known = readSearch(settings.results, settings.name, id);
  const searches = maker.space !== undefined || (maker.ranges !== undefined && settings.search);
  if (known === undefined && !searches) return { options: fixed, chosen: maker.seeded ? "published settings" : "no options" };
  const found = known ?? (await searchOf(maker, fixed, await splitOf(validShare), shop, note));
  if (known === undefined) writeSearch(settings.results, settings.name, id, found);
  return { options: { ...fixed, ...found.options }, chosen: `best of ${found.settings} on validation` };
}

/** A list is tried whole; ranges are drawn from and halved. */
async function searchOf(maker: ModelMaker, fixed: Readonly<Record<string, unknown>>, split: Split, shop: Workshop, note: Note): Promise<Choice> {
  if (maker.space !== undefined) {
    const { value } = note("choose on validation", await tuneStep(maker, split, maker.space, 1, shop, metric));
    return { ...value, settings: value.trials.length };
  }
  const { signal, progress, cache } = shop;
  const epochs = searchRounds.rounds.at(-1)!.epochs;
  const make = (given: object): Recommender => maker.make({ ...fixed, ...given, epochs });
  const options = { model: maker.title, fixed, ranges: maker.ranges, ...searchRounds, metric };
  const run = (context: { readonly checkpoint?: string }): Promise<SearchReport> => search<Readonly<Record<string, unknown>>>(make, maker.ranges!, split, { ...context, signal, progress, rng: new Rng(1), metric }, searchRounds);
  const data = { train: split.train.hash, valid: split.valid.hash, bits: bitsOf(maker, shop) };
  const found = await step("search", data, options, run, { code: [__filename, maker.code, require.resolve("../models/search")], checkpoint: true, signal, progress, cache });
  const { rows: _rows, ...choice } = note("search", found).value;
  return choice;
}

/** A run that `results` holds, or one that is made now and written there. */
async function oneRun(id: ModelId, maker: ModelMaker, options: object, seed: number, split: Split, settings: BenchmarkSettings, shop: Workshop, note: Note): Promise<Result> {
  const model = maker.make(options);
  const all = model.options;
  model.dispose();
  const passport = (evaluation: Pick<Evaluation, "items" | "ties" | "tieRate" | "ks">, seconds: number, startedAt: Date): Passport =>
    passportOf({ model: maker.title, options: all, seeds: [seed], budget: shop.budget, seconds, split, evaluation, backend: shop.backend, startedAt });
  const place = { paper: "benchmark", dataset: [settings.name, ...(shop.budget === "paper" ? [] : [shop.budget])].join("-"), model: id, seed };
  const file = join(settings.results, `${resultName(place)}.json`);
  const expected = passportKey(plain(passport({ items: split.items.trained, ties, tieRate: 0, ks: cutoffs }, 0, new Date(0))));
  if (existsSync(file)) {
    const there = readResult(file);
    if (passportKey(there.passport) === expected) {
      settings.onStep?.(`${maker.title}, seed ${seed}: in ${file}`);
      return there;
    }
  }
  const trained = note(`seed ${seed}, train`, await trainStep(maker, split, options, seed, shop));
  const valid = split.valid.target.length === 0 ? undefined : note(`seed ${seed}, validation`, await evaluateStep(maker, trained, split, split.valid, shop, undefined, ties));
  const test = note(`seed ${seed}, test`, await evaluateStep(maker, trained, split, split.test, shop, async () => settings.onReading?.(`benchmark-${settings.name}`), ties));
  const result: Result = {
    ...place,
    passport: passport(test.value, trained.seconds, new Date(trained.value.startedAt)),
    fit: trained.value.report,
    valid: partOf(valid?.value ?? none(split)),
    test: partOf(test.value),
  };
  writeResult(settings.results, result);
  return result;
}

/** What a file keeps of a passport. */
function plain(passport: Passport): Passport {
  return JSON.parse(JSON.stringify(passport)) as Passport;
}

/** Of no cases. */
function none(split: Split): Pick<Evaluation, "hash" | "cases" | "metrics" | "overSeen" | "strata"> {
  return { hash: split.valid.hash, cases: 0, metrics: {}, overSeen: { cases: 0, metrics: {} }, strata: [] };
}

function partOf({ hash, cases, metrics, overSeen, strata }: Pick<Evaluation, "hash" | "cases" | "metrics" | "overSeen" | "strata">): ResultPart {
  return { hash, cases, metrics, overSeen, strata };
}
