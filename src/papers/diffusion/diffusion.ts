/**
 * The guided diffusion model as a recommender by itself, beside the most popular items and the recommender that it stands on,
 * and what its slates are like beside that recommender's and random ones. Options are chosen on validation; each difference
 * is tested by a paired bootstrap over sessions, with Holm's correction.
 * One result file a run, diffusion-<data set>-<model>-<seed>.json, and results/diffusion/<data set>.json with the rest.
 */
import { join } from "node:path";
import { DiffusionRecommender, type DiffusionBase, type DiffusionRecommenderOptions } from "../../augmentation/diffusion/recommender";
import { diffusionProposer, type ProposerOptions } from "../../augmentation/diffusion/slates";
import { slateStatistics, type SlateStatistics } from "../../augmentation/diffusion/statistics";
import { readCheckedJson, writeCheckedJson } from "../../core/checked-json";
import { throwIfAborted } from "../../core/errors";
import { hashOf, type Hashable } from "../../core/hash";
import { Rng } from "../../core/rng";
import type { StepResult } from "../../core/step";
import { recentShare } from "../../data/recent";
import { prefixes, type Cases, type Sessions, type Split } from "../../data/types";
import { compare, holm, type Comparison, type Run } from "../../evaluation/compare";
import { topItems } from "../../evaluation/lists";
import { passportOf, type Passport } from "../../evaluation/passport";
import { trainingCounts } from "../../evaluation/strata";
import type { Budget } from "../../core/budget";
import { makerOf, type ModelMaker } from "../../models/index";
import { sampleCases } from "../../models/validation";
import { noteOf } from "../experiment";
import { overSeeds, withIntervals, type Measured } from "../measure";
import { partOf, resultId, writeResult, type Result } from "../results";
import { evaluateStep, trainStep, type Trained, type Workshop } from "../steps";

/** What the comparisons are made on. */
const metric = "NDCG@20";

/** How the experiment is run on one data set. */
export interface DiffusionPlan {
  /** The recommender below. */
  readonly base: Readonly<Record<Budget, DiffusionBase>>;
  /** Options of the recommender below, by budget, over its own for that budget. */
  readonly baseOptions: Readonly<Record<Budget, object>>;
  /** Settings to choose among on validation. */
  readonly space: Readonly<Record<Budget, readonly Partial<DiffusionRecommenderOptions>[]>>;
  /** How much of the training sessions is learnt from, the most recent ones; all, if not given. */
  readonly recent?: Readonly<Partial<Record<Budget, number>>>;
  /** Cases that a setting is scored on, and that are tested; of more, as many are drawn once. */
  readonly choiceCases: number;
  readonly testCases: number;
}

/** One model over its seeds. */
export interface DiffusionRow {
  readonly model: string;
  readonly title: string;
  readonly seeds: readonly number[];
  readonly results: readonly string[];
  readonly valid: Readonly<Record<string, Measured>>;
  readonly test: Readonly<Record<string, Measured>>;
  readonly seconds: number;
}

/** A comparison on the test cases. */
export interface DiffusionComparison extends Pick<Comparison, "proposed" | "baseline" | "difference" | "low" | "high" | "p"> {
  readonly against: string;
  readonly holm: number;
}

/** What was found: JSON. */
export interface DiffusionResult {
  readonly experiment: string;
  readonly identity: string;
  readonly passport: Passport;
  /** Settings that were tried, and what each came to on validation. */
  readonly trials: readonly { readonly options: Readonly<Record<string, unknown>>; readonly value: number }[];
  readonly chosen: Readonly<Record<string, unknown>>;
  readonly rows: readonly DiffusionRow[];
  readonly comparisons: readonly DiffusionComparison[];
  /** Slates of ten after validation prefixes. */
  readonly slates: readonly (SlateStatistics & { readonly by: string })[];
}

/** What is run. */
export interface DiffusionSettings {
  readonly dataset: string;
  readonly plan: DiffusionPlan;
  readonly split: Split;
  readonly seeds: number;
  /** Folder of results: read first, written to. */
  readonly results: string;
  readonly shop: Workshop;
  readonly onStep?: (line: string) => void;
  /** Called before test cases are scored. */
  readonly onReading?: (experiment: string) => Promise<unknown>;
}

/** The settings of the `minute` budget that a larger one starts from. */
const quick: Partial<DiffusionRecommenderOptions> = { batch: 512, epochs: 6, patience: 2, validationCases: 500 };

/** What is run, by data set; the spaces are what was left after a look at validation. */
export const diffusionPlans: Readonly<Record<"ml-100k" | "diginetica", DiffusionPlan>> = {
  "ml-100k": {
    base: { minute: "sasrec", hour: "sasrec", paper: "sasrec" },
    baseOptions: { minute: {}, hour: {}, paper: {} },
    space: spaces((one) => one),
    ...{ choiceCases: 2000, testCases: Infinity },
  },
  diginetica: {
    // NISER+'s exact softmax over 43,097 items is more than a minute; GRU4Rec samples.
    base: { minute: "gru4rec", hour: "niser", paper: "niser" },
    baseOptions: { minute: { epochs: 3, validationCases: 2000 }, hour: { batch: 512, epochs: 2 }, paper: { batch: 512, epochs: 6, rateDecay: 0.1, rateEpochs: 4 } },
    space: { ...spaces((one) => ({ ...one, transitions: 100_000 })), minute: [0, 2].map((guidance) => ({ ...quick, transitions: 40_000, steps: 10, draws: 4, guidance })) },
    ...{ recent: { minute: 0.25 }, choiceCases: 2000, testCases: 10_000 },
  },
};

function spaces(change: (one: Partial<DiffusionRecommenderOptions>) => Partial<DiffusionRecommenderOptions>): DiffusionPlan["space"] {
  const ranked = [
    { ...quick, steps: 10, draws: 4, guidance: 0 },
    { ...quick, steps: 10, draws: 4, guidance: 2, crossEntropy: 0.1 },
  ];
  const more = [...ranked, { ...quick, steps: 1, guidance: 2, crossEntropy: 0.1 }, { ...quick, steps: 10, draws: 8, guidance: 0, crossEntropy: 0.1 }, { ...quick, steps: 10, draws: 8, guidance: 0, denoiser: "mlp" as const }];
  const longer = more.map((one) => ({ ...one, epochs: 40, patience: 8 }));
  return { minute: ranked.map(change), hour: longer.map(change), paper: longer.map((one) => change({ ...one, width: 256, epochs: 100 })) };
}

/**
 * Runs the experiment, or reads what `results` has of the same data and settings.
 * @throws ConfigError, DataError, AbortError; after the last the same call goes on
 */
export async function runDiffusion(settings: DiffusionSettings): Promise<DiffusionResult> {
  const { plan, seeds, shop, results, onReading } = settings;
  const split = recentSplit(settings.split, plan.recent?.[shop.budget] ?? 1);
  const experiment = experimentOf(settings);
  const file = join(results, "diffusion", `${experiment.replace(/^diffusion-/, "")}.json`);
  const space = plan.space[shop.budget];
  const { name, device, threads } = shop.backend;
  const identity = hashOf({ data: split.train.hash, test: split.test.hash, plan: { ...plan, space, base: plan.base[shop.budget], baseOptions: plan.baseOptions[shop.budget], testCases: String(plan.testCases) } as unknown as Hashable, seeds, backend: { name, device, threads } });
  const there = readDiffusion(file);
  if (there?.identity === identity) return there;
  const startedAt = new Date();
  const note = noteOf(settings);
  const test = sampleCases(split.test, plan.testCases, new Rng(1).child("test cases"));
  const choice = sampleCases(split.valid, plan.choiceCases, new Rng(1).child("choice"));
  const readTest = async (): Promise<unknown> => onReading?.(experiment);
  const all: ModelRuns[] = [];
  const run = async (id: string, maker: ModelMaker, options: object, seed: number, beside?: StepResult<Trained>): Promise<StepResult<Trained>> => {
    throwIfAborted(shop.signal, "diffusion");
    const label = `${maker.title}, seed ${seed}`;
    const trained = note(`${label}: train`, await trainStep(maker, split, options, seed, shop, beside && { key: beside.key, context: {} }));
    const valid = note(`${label}: validation`, await evaluateStep({ maker, trained, split, cases: choice }, shop));
    const tested = note(`${label}: test`, await evaluateStep({ maker, trained, split, cases: test, onReading: readTest }, shop));
    const passport = passportOf({ ...{ model: maker.title, options: { ...trained.value.options, ...(beside && { baseOptions: beside.value.options }) }, seeds: [seed], budget: shop.budget, seconds: trained.seconds }, ...{ split, evaluation: tested.value, backend: shop.backend, startedAt: new Date(trained.value.startedAt) } });
    const result: Result = { paper: "diffusion", dataset: settingOf(settings), model: id, seed, passport, fit: trained.value.report, valid: partOf(valid.value), test: partOf(tested.value) };
    writeResult(results, result);
    const own = all.find((one) => one.id === id) ?? all[all.push({ id, title: maker.title, runs: [], results: [] }) - 1]!;
    own.runs.push({ passport, evaluation: tested.value });
    own.results.push(result);
    return trained;
  };
  await run("pop", makerOf("pop"), {}, 1);
  const baseId = plan.base[shop.budget];
  const below = makerOf(baseId);
  const baseOptions = { ...below.budgets[shop.budget], ...plan.baseOptions[shop.budget] };
  let trials: DiffusionResult["trials"] = [];
  let chosen: Readonly<Record<string, unknown>> = {};
  let slates: DiffusionResult["slates"] = [];
  for (let seed = 1; seed <= seeds; seed++) {
    const trainedBase = await run(baseId, below, baseOptions, seed);
    const base = (await trainedBase.value.open()) as ConstructorParameters<typeof DiffusionRecommender>[1];
    try {
      const maker: ModelMaker = { ...shared, make: (options) => new DiffusionRecommender({ ...options, base: baseId, baseOptions: base!.options }, base) };
      if (seed === 1) {
        for (const options of space) {
          const trained = note(`${JSON.stringify(options)}: train`, await trainStep(maker, split, options, seed, shop, { key: trainedBase.key, context: {} }));
          const { metrics } = note(`${JSON.stringify(options)}: validation`, await evaluateStep({ maker, trained, split, cases: choice }, shop)).value;
          trials = [...trials, { options: { ...options }, value: metrics[metric]! }];
        }
        chosen = trials.reduce((best, one) => (one.value > best.value ? one : best)).options;
      }
      const trained = await run("diffusion", maker, chosen, seed, trainedBase);
      if (seed === 1) slates = await slatesOf(trained, base!, split, choice);
    } finally {
      base!.dispose();
    }
  }
  const rows = all.map(rowOf);
  const proposed = all.find(({ id }) => id === "diffusion")!;
  const others = all.filter((one) => one !== proposed);
  const compared = others.map((other) => compare(proposed.runs, other.runs, metric));
  const corrected = holm(compared.map(({ p }) => p));
  const comparisons = compared.map(({ proposed: own, baseline, difference, low, high, p }, at) => ({ against: others[at]!.title, proposed: own, baseline, difference, low, high, p, holm: corrected[at]! }));
  const passport = { ...proposed.results[0]!.passport, seeds: proposed.results.map(({ seed }) => seed), startedAt: startedAt.toISOString(), seconds: (Date.now() - startedAt.getTime()) / 1000 };
  const found: DiffusionResult = { experiment, identity, passport, trials, chosen, rows, comparisons, slates };
  writeCheckedJson(file, found);
  return found;
}

/** The split with the most recent of its training sessions alone. */
function recentSplit(split: Split, share: number): Split {
  if (share === 1) return split;
  return { ...split, train: recentShare(split.train, share), protocol: { ...split.protocol, words: `${String(split.protocol["words"])}, the most recent ${100 * share} % of training` } };
}

interface ModelRuns {
  readonly id: string;
  readonly title: string;
  readonly runs: Run[];
  readonly results: Result[];
}

const shared: Omit<ModelMaker, "make"> = {
  ...{ title: "guided diffusion", load: (folder) => DiffusionRecommender.load(folder), budgets: { minute: {}, hour: {}, paper: {} }, seeded: true, tensors: true },
  code: require.resolve("../../augmentation/diffusion/recommender"),
};

function rowOf({ id, title, runs, results }: ModelRuns): DiffusionRow {
  return {
    ...{ model: id, title, seeds: results.map(({ seed }) => seed), results: results.map(resultId) },
    valid: overSeeds(results.map(({ valid }) => valid.metrics)),
    test: withIntervals(overSeeds(results.map((result) => result.test.metrics)), runs),
    seconds: results.reduce((sum, { fit }) => sum + fit.seconds, 0),
  };
}

/** How many slots, and after how many prefixes, slates are looked at. */
const [slots, slateCases] = [10, 1000];

/** What the slates of several makers are like. */
async function slatesOf(trained: StepResult<Trained>, base: Parameters<typeof scoredSlates>[0], split: Split, cases: Cases): Promise<DiffusionResult["slates"]> {
  const recommender = (await trained.value.open()) as DiffusionRecommender;
  try {
    const { model } = recommender;
    const some = sampleCases(cases, slateCases, new Rng(1).child("slates"));
    const sessions = prefixes(some);
    const about = { vectors: model.vectors(), counts: trainingCounts(split.train) };
    const rng = new Rng(1).child("slates");
    const proposed = (options: ProposerOptions) => diffusionProposer(model, { similarity: "distance", ...options, sampler: "ddim", steps: Math.min(20, model.options.times) }).slates(sessions, slots, rng);
    const makers: readonly (readonly [by: string, slates: Int32Array])[] = [
      [`${base.name}'s top ${slots}, in place of logged slates`, scoredSlates(base, sessions, split.items.trained)],
      ["chance", randomSlates(sessions, split.items.trained, rng.child("chance"))],
      ["diffusion, one sample's nearest, w = 0", await proposed({ guidance: 0 })],
      ["diffusion, one sample's nearest, w = 2", await proposed({ guidance: 2 })],
      [`diffusion, ${slots} samples, w = 0`, await proposed({ retrieval: "draws", guidance: 0 })],
      [`diffusion, ${slots} samples, w = 2`, await proposed({ retrieval: "draws", guidance: 2 })],
      ...(model.options.popularity ? [[`diffusion, ${slots} samples, w = 0, popularity at the 20th percentile`, await proposed({ retrieval: "draws", guidance: 0, popularity: 0.2 })] as const] : []),
    ];
    return makers.map(([by, slates]) => ({ by, ...slateStatistics(slates, slots, about) }));
  } finally {
    recommender.dispose();
  }
}

function scoredSlates(base: { readonly name: string; score(sessions: Sessions): Parameters<typeof topItems>[0] }, sessions: Sessions, items: number): Int32Array {
  const scores = base.score(sessions);
  const slates = topItems(scores, items, slots);
  if (!(scores instanceof Float32Array)) scores.dispose();
  return slates;
}

function randomSlates({ offsets }: Sessions, items: number, rng: Rng): Int32Array {
  return Int32Array.from({ length: offsets.length - 1 }).reduce<Int32Array>((slates, _, s) => {
    slates.set(rng.permutation(items).subarray(0, slots), s * slots);
    return slates;
  }, new Int32Array((offsets.length - 1) * slots));
}

function settingOf({ dataset, shop: { budget } }: DiffusionSettings): string {
  return `${dataset}-${budget}`;
}

function experimentOf(settings: DiffusionSettings): string {
  return `diffusion-${settingOf(settings)}`;
}

/** A file of the experiment. @returns undefined where there is none. @throws DataError for one that was changed */
export function readDiffusion(file: string): DiffusionResult | undefined {
  return readCheckedJson<DiffusionResult>(file, "results", "run sessionlab diffusion --publish");
}

/** The ids of the data sets that there is a plan for. */
export type DiffusionDataset = keyof typeof diffusionPlans;

/** All of them. */
export const diffusionDatasets = Object.keys(diffusionPlans) as readonly DiffusionDataset[];
