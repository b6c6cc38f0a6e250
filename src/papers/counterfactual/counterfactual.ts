/**
 * The offline experiment of the counterfactual paper (P2, 2410.21892): a trained recommender goes on with counterfactual sessions, whose
 * slates guided diffusion makes; beside the same steps on real sessions, losses against popularity, other augmentations and placebos.
 * - What counts is Recall@20 of less popular targets, with the overall Recall@20 no worse than a margin allows.
 * - Settings are chosen on validation, once an arm, with seed 1: each is given a third of the steps, and the best of them all steps.
 *   Every trial is in results/searches.
 * - Over all sessions (`full`), an arm whose search was made on the budget's share of them takes what that chose.
 * - Every run is one result file, with the ranks of its test cases: tables, tests and strata need nothing else.
 * - A run whose file is there under the same passport is not run again. All arms of a seed come before the next seed.
 */
import { throwIfAborted } from "../../core/errors";
import { copyRates, type CopyRates } from "../../augmentation/copies";
import { sessionCount, type Cases } from "../../data/types";
import type { Evaluation } from "../../evaluation/evaluate";
import { meanMetrics } from "../../evaluation/metrics";
import { packRanks } from "../../evaluation/packed-ranks";
import { passportOf, type Passport } from "../../evaluation/passport";
import { popularityStrata, trainingCounts } from "../../evaluation/strata";
import type { Trial } from "../../models/tune";
import { CounterfactualBench } from "./bench";
import { counterfactualArms, counterfactualPaperDefaults, minuteArms, proposedArm, search, sizesOf, sweepSeeds, type BaseId, type CounterfactualArm, type Setting, type Sizes } from "./arms";
import { loadCounterfactualData, type CounterfactualData, type CounterfactualSet, type OwnSplit } from "./data";
import { checkExperiment, checkSet, chosenArms, hasResult, noteOf, worth, type ExperimentSettings, type Note } from "../experiment";
import { inParts, runTasks, searchTask, taskId, type Grid, type Task } from "../grid";
import { partOf, writeResult, type Result } from "../results";
import { readSearch, writeSearch, type Choice } from "../searches";
import { cutoffs, evaluatePartStep, evaluateStep, type Measured, type Workshop } from "../steps";

/** What is run. */
export interface CounterfactualExperiment extends ExperimentSettings {
  readonly source: CounterfactualSet | OwnSplit;
  /** Ids of `counterfactualArms`; default all, at the smallest budget `minuteArms`. */
  readonly arms?: readonly string[];
  /** M_r, "niser" if not given. */
  readonly base?: BaseId;
  /** All training sessions, whatever the budget. */
  readonly full?: boolean;
  /** Of the training counts: a target at or below is less popular. Default 0.8. */
  readonly quantile?: number;
  /** How much of the overall Recall@20 may be lost, as a share of that without augmentation. Default 0.02. */
  readonly margin?: number;
  /** Settings by arm, over the first: then nothing is searched for it. */
  readonly set?: Readonly<Record<string, Setting>>;
  /** What is spent, over the budget's. */
  readonly sizes?: Partial<Sizes>;
}

/** One arm with one seed, as its file holds it. */
export interface CounterfactualResult extends Result {
  readonly arm: string;
  readonly setting: Setting;
  /** Of the test cases, packed: `unpackRanks`. */
  readonly ranks: string;
  /** Recall@20 on validation, of less popular targets. */
  readonly validTail: number;
  /** What was added, where something was. */
  readonly added?: CopyRates & { readonly real: number; readonly name: string; readonly seed: string; readonly assumptions: readonly string[] };
}

/** The metric that counts, over the less popular targets; with one target a case HR is Recall. */
export const counterfactualMetric = "HR@20";

/** The same, of those alone. */
const tailMetric = `tail ${counterfactualMetric}`;

/** The name that an experiment's files have: "ml-100k-hour"; with another M_r, or all sessions, that too. */
export function experimentName({ source, budget, base = counterfactualPaperDefaults.base, full = false }: Pick<CounterfactualExperiment, "source" | "budget" | "base" | "full">): string {
  return [typeof source === "string" ? source : source.name, ...(base === counterfactualPaperDefaults.base ? [] : [base]), ...(full ? ["full"] : []), budget].join("-");
}

/** The arms of an experiment. @throws ConfigError for one that is none; names the nearest */
export function armsOf({ arms, budget }: Pick<CounterfactualExperiment, "arms" | "budget">): readonly CounterfactualArm[] {
  return chosenArms(counterfactualArms, arms ?? (budget === "minute" ? minuteArms : counterfactualArms.map(({ id }) => id)));
}

/** The less popular targets among cases, by counts of the training alone. */
export function tailOf({ split }: Pick<CounterfactualData, "split">, cases: Pick<Cases, "target">, { quantile = counterfactualPaperDefaults.quantile }: Pick<CounterfactualExperiment, "quantile">): Int32Array {
  return popularityStrata(cases, trainingCounts(split.train), [quantile])[0]!.cases;
}

/** An experiment that is under way. */
export interface CounterfactualUnderway {
  readonly settings: CounterfactualExperiment;
  readonly world: CounterfactualData;
  readonly shop: Workshop;
  readonly arms: readonly CounterfactualArm[];
  readonly bench: CounterfactualBench;
  readonly note: Note;
}

/**
 * Runs what `results` does not hold yet, and writes it there.
 * @returns the data, for whoever renders the results
 * @throws ConfigError for unknown names and wrong options; DataError; NumericError; AbortError, after which the same call goes on
 */
export async function runCounterfactualPaper(settings: CounterfactualExperiment): Promise<CounterfactualData> {
  const run = await beginCounterfactualPaper(settings);
  await runTasks(counterfactualGrid(run), settings.signal);
  return run.world;
}

/** Checks the settings and loads the data. @throws as `runCounterfactualPaper` */
export async function beginCounterfactualPaper(settings: CounterfactualExperiment): Promise<CounterfactualUnderway> {
  const { budget, backend, cache, signal, progress, base = counterfactualPaperDefaults.base } = settings;
  checkExperiment(settings);
  const arms = armsOf(settings);
  checkSet(settings.set, arms);
  const shop: Workshop = { backend, budget, cache, signal, progress };
  const note = noteOf(settings);
  const world = await loadCounterfactualData(settings.source, budget, settings.full === true, { signal, progress });
  const bench = new CounterfactualBench(world, shop, { ...sizesOf[budget], ...settings.sizes }, base, note);
  return { settings, world, shop, note, bench, arms };
}

/** The experiment's tasks: each arm's search, then all arms of a seed before the next seed; all of a seed go on from one base. */
export function counterfactualGrid(run: CounterfactualUnderway): Grid {
  const { arms, settings } = run;
  const searched = [...new Set(arms.map(decider))].filter((arm) => isSearched(arm, settings));
  const seeds = Array.from({ length: settings.seeds }, (_, at) => at + 1);
  const runs = seeds.flatMap((seed) => arms.filter(({ role }) => role !== "sweep" || seed <= sweepSeeds).flatMap((arm): readonly Task[] => {
    const needs = searched.includes(decider(arm)) ? [taskId("search", decider(arm).id)] : [];
    return inParts({ id: taskId("run", arm.id, seed), kind: "run", arm: arm.id, seed, needs, shares: sharedBy(arm, seed) }, settings.parts);
  }));
  const of = ({ arm }: Task): CounterfactualArm => counterfactualArms.find(({ id }) => id === arm)!;
  return {
    tasks: [...searched.map((arm) => searchTask(arm.id, sharedBy(arm, 1))), ...runs],
    isDone(task) {
      const setting = knownSetting(of(task), settings);
      return setting !== undefined && (task.kind === "search" || isMeasured(of(task), setting, task.seed, run));
    },
    async run(task) {
      if (task.kind === "search") await settingOf(of(task), run);
      else if (task.kind === "run") await oneRun(of(task), task.seed, run);
      else await partOfRun(of(task), task, run);
    },
    close: () => Promise.resolve(),
  };
}

/** What an arm has in common with others of a seed: the base, and what slates need. */
function sharedBy({ making }: CounterfactualArm, seed: number): readonly string[] {
  const work = ["the base", ...(making.by === "slates" ? ["slates and responses"] : []), ...(making.by === "slates" && making.proposer === "diffusion" ? ["guided diffusion"] : [])];
  return work.map((one) => `${one}, seed ${seed}`);
}

/** Whose search an arm's setting stands on: a sweep's is the proposed arm's with something else. */
export function decider(arm: CounterfactualArm): CounterfactualArm {
  return arm.role === "sweep" ? counterfactualArms.find(({ id }) => id === proposedArm)! : arm;
}

/** Whether an arm's setting is searched for: not by hand, and by a budget that lets it. */
function isSearched({ id }: CounterfactualArm, { set, budget }: Pick<CounterfactualExperiment, "set" | "budget">): boolean {
  return set?.[id] === undefined && budget !== "minute";
}

/** The setting, if nothing has to be searched for it any more: by hand, kept in `results`, or the first. */
export function knownSetting(arm: CounterfactualArm, settings: CounterfactualExperiment): Setting | undefined {
  const [first] = arm.settings as readonly [Setting, ...Setting[]];
  const byHand = settings.set?.[arm.id];
  if (arm.role === "sweep") {
    const proposed = knownSetting(decider(arm), settings);
    return proposed && { ...proposed, ...first, ...byHand };
  }
  if (!isSearched(arm, settings)) return { ...first, ...byHand };
  return searchOf(arm, settings)?.choice.options as Setting | undefined;
}

/** An arm's search, if it was made: over all sessions (`full`), else that on the budget's share of them, and then `borrowed`. @throws DataError for a damaged file */
export function searchOf({ id }: Pick<CounterfactualArm, "id">, settings: Pick<CounterfactualExperiment, "results" | "source" | "budget" | "base" | "full">): { readonly choice: Choice; readonly borrowed: boolean } | undefined {
  for (const full of settings.full === true ? [true, false] : [false]) {
    const choice = readSearch(settings.results, `counterfactual-${experimentName({ ...settings, full })}`, id);
    if (choice !== undefined) return { choice, borrowed: full !== (settings.full === true) };
  }
  return undefined;
}

/** The setting, searched for where it is not known. */
export async function settingOf(arm: CounterfactualArm, run: CounterfactualUnderway): Promise<Setting> {
  if (knownSetting(decider(arm), run.settings) === undefined) await searchArm(decider(arm), run);
  return knownSetting(arm, run.settings)!;
}

/** Tries an arm's settings on validation, and keeps what was tried. */
async function searchArm(arm: CounterfactualArm, run: CounterfactualUnderway): Promise<void> {
  const { settings } = run;
  const base = await onValidation(await run.bench.base(1), "trained", run);
  const least = leastOverall(base.metrics[counterfactualMetric]!, settings);
  const valueOf = ({ metrics }: Trial): number => worth(metrics[tailMetric]!, metrics[counterfactualMetric]!, least);
  const tried = async (list: readonly Setting[], share: number): Promise<readonly StepsTrial[]> => {
    const trials: StepsTrial[] = [];
    for (const setting of list) {
      throwIfAborted(settings.signal, "reproduce");
      const { trained } = await run.bench.continued(arm, setting, 1, share);
      const { metrics, tail } = await onValidation(run.note(`${arm.title}, try ${JSON.stringify(setting)}`, trained), arm.title, run);
      trials.push({ options: setting as Readonly<Record<string, unknown>>, metrics: { ...metrics, [tailMetric]: tail }, epochs: trained.value.report.epochs, seconds: trained.seconds, share });
    }
    return trials;
  };
  const short = await tried(arm.settings, search.share);
  const better = [...short].sort((a, b) => valueOf(b) - valueOf(a)).slice(0, search.finalists);
  const whole = await tried(better.map(({ options }) => options as Setting), 1);
  const best = whole.reduce((top, trial) => (valueOf(trial) > valueOf(top) ? trial : top));
  writeSearch(settings.results, `counterfactual-${experimentName(settings)}`, arm.id, { metric: tailMetric, options: best.options, value: valueOf(best), trials: [...short, ...whole], settings: arm.settings.length });
}

/** The overall Recall@20 that is still within the margin. @param plain without augmentation */
export function leastOverall(plain: number, { margin = counterfactualPaperDefaults.margin }: Pick<CounterfactualExperiment, "margin">): number {
  return (1 - margin) * plain;
}

/** A setting that was tried, for a share of the steps. */
interface StepsTrial extends Trial {
  readonly share: number;
}

async function onValidation(trained: Awaited<ReturnType<CounterfactualBench["base"]>>, what: string, run: CounterfactualUnderway): Promise<{ readonly metrics: Evaluation["metrics"]; readonly tail: number }> {
  const { world, shop, bench, note, settings } = run;
  const { value } = note(`${what}: validation`, await evaluateStep({ maker: bench.maker, trained, split: world.split, cases: world.split.valid }, shop));
  return { metrics: value.metrics, tail: overTail(value, world.split.valid, run.world, settings) };
}

function overTail(evaluation: Evaluation, cases: Cases, world: CounterfactualData, settings: CounterfactualExperiment): number {
  const tail = tailOf(world, cases, settings);
  return tail.length === 0 ? 0 : meanMetrics(evaluation.rows, evaluation.ks, evaluation.ties, tail)[counterfactualMetric]!;
}

/** The place of a result. */
function placeOf(settings: CounterfactualExperiment, arm: string, seed: number): Pick<Result, "paper" | "dataset" | "model" | "seed"> {
  return { paper: "counterfactual", dataset: experimentName(settings), model: arm, seed };
}

/** Its passport. */
function passportFor(arm: CounterfactualArm, setting: Setting, seed: number, { shop, bench, world: { split } }: CounterfactualUnderway, { startedAt = new Date(0), seconds = 0, tieRate = 0 } = {}): Passport {
  const model = bench.maker.make(bench.continuedOptions(setting));
  model.dispose();
  return passportOf({
    model: `${bench.maker.title}, ${arm.title}`,
    options: { ...model.options, ...bench.dependencies(arm, setting) },
    ...{ seeds: [seed], budget: shop.budget, seconds, startedAt, split, backend: shop.backend },
    evaluation: { items: split.items.trained, ties: "expected", tieRate, ks: cutoffs },
  });
}

function isMeasured(arm: CounterfactualArm, setting: Setting, seed: number, run: CounterfactualUnderway): boolean {
  const { settings } = run;
  return hasResult(settings.results, placeOf(settings, arm.id, seed), passportFor(arm, setting, seed, run));
}

/** The cases of a run, on validation and test. */
function measuredOf(trained: Awaited<ReturnType<CounterfactualBench["base"]>>, { settings, world: { split }, bench: { maker } }: CounterfactualUnderway): readonly [valid: Measured, test: Measured] {
  const onReading = async (): Promise<unknown> => settings.onReading?.(`counterfactual-${experimentName(settings)}`);
  return [{ maker, trained, split, cases: split.valid }, { maker, trained, split, cases: split.test, onReading }];
}

/** The training of a run, or a part of its measuring. */
async function partOfRun(arm: CounterfactualArm, { id, seed, part }: Task, run: CounterfactualUnderway): Promise<void> {
  const { bench, shop, settings: { parts } } = run;
  const { trained } = await bench.continued(arm, await settingOf(arm, run), seed);
  if (part === undefined) run.note(id, trained);
  else for (const measured of measuredOf(trained, run)) run.note(`${id}, ${measured.cases.role}`, await evaluatePartStep(measured, part, { ...shop, parts }));
}

/** One arm with one seed, unless `results` has it. */
async function oneRun(arm: CounterfactualArm, seed: number, run: CounterfactualUnderway): Promise<void> {
  const { settings, shop, world, bench, note } = run;
  const { split } = world;
  const setting = await settingOf(arm, run);
  const label = `${arm.title}, seed ${seed}`;
  if (isMeasured(arm, setting, seed, run)) {
    settings.onStep?.(`${label}: in results`);
    return;
  }
  const { trained, added } = await bench.continued(arm, setting, seed);
  note(`${label}: train`, trained);
  const [onValid, onTest] = measuredOf(trained, run);
  const cut = { ...shop, parts: settings.parts };
  const valid = note(`${label}: validation`, await evaluateStep(onValid, cut)).value;
  const test = note(`${label}: test`, await evaluateStep(onTest, cut)).value;
  const result: CounterfactualResult = {
    ...placeOf(settings, arm.id, seed),
    ...{ arm: arm.id, setting, passport: passportFor(arm, setting, seed, run, { startedAt: new Date(trained.value.startedAt), seconds: trained.seconds, tieRate: test.tieRate }), fit: trained.value.report },
    ...{ valid: partOf(valid), validTail: overTail(valid, split.valid, world, settings), test: partOf(test), ranks: packRanks(test.rows) },
    ...(added && { added: { ...copyRates(added.sessions, split.train, split.test), real: sessionCount(split.train), name: added.name, seed: added.seed, assumptions: added.assumptions } }),
  };
  writeResult(settings.results, result);
}
