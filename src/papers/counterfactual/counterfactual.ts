/**
 * The offline experiment of the counterfactual paper (P2, 2410.21892): a trained recommender goes on with counterfactual sessions, whose
 * slates guided diffusion makes; beside the same steps on real sessions, losses against popularity, other augmentations and placebos.
 * - What counts is Recall@20 of less popular targets, with the overall Recall@20 no worse than a margin allows.
 * - Settings are chosen on validation, once an arm, with seed 1: each is given a third of the steps, and the best of them all steps.
 *   Every trial is in results/searches.
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
import { partOf, writeResult, type Result } from "../results";
import { readSearch, writeSearch } from "../searches";
import { cutoffs, evaluateStep, type Workshop } from "../steps";

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
  /** What was chosen, by arm. */
  readonly chosen: ReadonlyMap<string, Setting>;
}

type Run = Omit<CounterfactualUnderway, "chosen" | "arms">;

/**
 * Runs what `results` does not hold yet, and writes it there.
 * @returns the data, for whoever renders the results
 * @throws ConfigError for unknown names and wrong options; DataError; NumericError; AbortError, after which the same call goes on
 */
export async function runCounterfactualPaper(settings: CounterfactualExperiment): Promise<CounterfactualData> {
  const run = await beginCounterfactualPaper(settings);
  for (let seed = 1; seed <= settings.seeds; seed++) {
    for (const arm of run.arms) {
      throwIfAborted(settings.signal, "reproduce");
      if (arm.role === "sweep" && seed > sweepSeeds) continue;
      await oneRun(arm, seed, run);
    }
  }
  return run.world;
}

/** Loads the data, and chooses each arm's setting. @throws as `runCounterfactualPaper` */
export async function beginCounterfactualPaper(settings: CounterfactualExperiment): Promise<CounterfactualUnderway> {
  const { budget, backend, cache, signal, progress, base = counterfactualPaperDefaults.base } = settings;
  checkExperiment(settings);
  const arms = armsOf(settings);
  checkSet(settings.set, arms);
  const shop: Workshop = { backend, budget, cache, signal, progress };
  const note = noteOf(settings);
  const world = await loadCounterfactualData(settings.source, budget, settings.full === true, { signal, progress });
  const bench = new CounterfactualBench(world, shop, { ...sizesOf[budget], ...settings.sizes }, base, note);
  const run: Run = { settings, world, shop, note, bench };
  const chosen = new Map<string, Setting>();
  for (const arm of arms) chosen.set(arm.id, await choose(arm, run, chosen));
  return { ...run, arms, chosen };
}

/** The setting: by hand, chosen before and kept in `results`, chosen now, or the first. A sweep's is the proposed arm's with something else. */
async function choose(arm: CounterfactualArm, run: Run, known: ReadonlyMap<string, Setting>): Promise<Setting> {
  const { settings, shop } = run;
  const [first] = arm.settings as readonly [Setting, ...Setting[]];
  const byHand = settings.set?.[arm.id];
  if (arm.role === "sweep") {
    const proposed = counterfactualArms.find(({ id }) => id === proposedArm)!;
    return { ...(known.get(proposedArm) ?? (await choose(proposed, run, known))), ...first, ...byHand };
  }
  if (byHand !== undefined) return { ...first, ...byHand };
  if (shop.budget === "minute") return first;
  const name = `counterfactual-${experimentName(settings)}`;
  const kept = readSearch(settings.results, name, arm.id);
  if (kept !== undefined) return kept.options as Setting;
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
  writeSearch(settings.results, name, arm.id, { metric: tailMetric, options: best.options, value: valueOf(best), trials: [...short, ...whole], settings: arm.settings.length });
  return best.options as Setting;
}

/** The overall Recall@20 that is still within the margin. @param plain without augmentation */
export function leastOverall(plain: number, { margin = counterfactualPaperDefaults.margin }: Pick<CounterfactualExperiment, "margin">): number {
  return (1 - margin) * plain;
}

/** A setting that was tried, for a share of the steps. */
interface StepsTrial extends Trial {
  readonly share: number;
}

async function onValidation(trained: Awaited<ReturnType<CounterfactualBench["base"]>>, what: string, run: Run): Promise<{ readonly metrics: Evaluation["metrics"]; readonly tail: number }> {
  const { world, shop, bench, note, settings } = run;
  const { value } = note(`${what}: validation`, await evaluateStep(bench.maker, trained, world.split, world.split.valid, shop));
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

/** One arm with one seed, unless `results` has it. */
async function oneRun(arm: CounterfactualArm, seed: number, run: CounterfactualUnderway): Promise<void> {
  const { settings, shop, world, bench, note, chosen } = run;
  const { split } = world;
  const setting = chosen.get(arm.id)!;
  const model = bench.maker.make(bench.continuedOptions(setting));
  model.dispose();
  const passport = (startedAt: Date, seconds: number, tieRate: number): Passport => passportOf({
    model: `${bench.maker.title}, ${arm.title}`,
    options: { ...model.options, ...bench.dependencies(arm, setting) },
    ...{ seeds: [seed], budget: shop.budget, seconds, startedAt, split, backend: shop.backend },
    evaluation: { items: split.items.trained, ties: "expected", tieRate, ks: cutoffs },
  });
  const label = `${arm.title}, seed ${seed}`;
  const place = placeOf(settings, arm.id, seed);
  if (hasResult(settings.results, place, passport(new Date(0), 0, 0))) {
    settings.onStep?.(`${label}: in results`);
    return;
  }
  const { trained, added } = await bench.continued(arm, setting, seed);
  note(`${label}: train`, trained);
  const valid = note(`${label}: validation`, await evaluateStep(bench.maker, trained, split, split.valid, shop)).value;
  const test = note(`${label}: test`, await evaluateStep(bench.maker, trained, split, split.test, shop, async () => settings.onReading?.(`counterfactual-${experimentName(settings)}`))).value;
  const result: CounterfactualResult = {
    ...place,
    ...{ arm: arm.id, setting, passport: passport(new Date(trained.value.startedAt), trained.seconds, test.tieRate), fit: trained.value.report },
    ...{ valid: partOf(valid), validTail: overTail(valid, split.valid, world, settings), test: partOf(test), ranks: packRanks(test.rows) },
    ...(added && { added: { ...copyRates(added.sessions, split.train, split.test), real: sessionCount(split.train), name: added.name, seed: added.seed, assumptions: added.assumptions } }),
  };
  writeResult(settings.results, result);
}
