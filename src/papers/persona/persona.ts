/**
 * The experiment of the persona paper (P1, 2604.06928): personas from a knowledge graph in a session recommender, whose candidates
 * SASRec puts in order; beside baselines, controls and placebos that had as many settings to choose from.
 * - Options are chosen on validation by successive halving, once an arm, with seed 1; every trial is in results/searches.
 * - Every run is one result file, with the ranks of its test cases: tables, tests and slices need nothing else.
 * - A run whose file is there under the same passport is not run again. All arms of a seed come before the next seed.
 */
import { ConfigError } from "../../core/errors";
import type { DatasetName } from "../../data/catalog";
import { packRanks } from "../../evaluation/packed-ranks";
import { passportOf, type Passport } from "../../evaluation/passport";
import type { BlendChoice } from "../../models/blend";
import { makerOf } from "../../models/index";
import type { StageLosses } from "../../models/two-stage";
import { checkExperiment, checkSet, chosenArms, hasResult, noteOf, type ExperimentSettings, type Note } from "../experiment";
import { inParts, runTasks, searchTask, taskId, type Grid, type Task } from "../grid";
import { partOf, writeResult, type Result, type ResultPart } from "../results";
import { trainStep, type Workshop } from "../steps";
import { candidateSizes, forms as allForms, minuteArms, optionsOfArm, personaArms, usualCandidates, type Arm, type Form, type Setting } from "./arms";
import { loadPersonaData, type OwnFiles, type PersonaData, type PersonaDataOptions } from "./data";
import { blendStep, formsPartStep, formsStep, personaCutoffs, type FormRun, type Stages } from "./forms";
import { besideOf, isSearched, isSeeded, knownSetting, makerFor, searchArm } from "./search";
import { learningOptions, PersonaShelf, type LearningOptions, type NamedSource } from "./sources";

/** What is run. */
export interface PersonaExperiment extends ExperimentSettings {
  readonly source: DatasetName | OwnFiles;
  /** Ids of `personaArms`; default all, at the smallest budget `minuteArms`. */
  readonly arms?: readonly string[];
  /** N, the paper's is not known. */
  readonly candidates?: number;
  /** Options by arm, over all else: then nothing is searched for it. */
  readonly set?: Readonly<Record<string, object>>;
  readonly world?: Partial<PersonaDataOptions>;
  /** How personas are learnt: HDGI's options, its meta-paths. */
  readonly personas?: LearningOptions;
}

/** One arm in one form with one seed, as its file holds it. */
export interface PersonaPaperResult extends Result {
  readonly arm: string;
  readonly form: Form;
  /** Of the test cases, packed: `unpackRanks`. */
  readonly ranks: string;
  readonly anonymous?: ResultPart & { readonly ranks: string };
  readonly losses?: readonly StageLosses[];
  /** How much the arm counts beside SASRec, chosen on validation. */
  readonly blend?: number;
  /** N of the blend. */
  readonly candidates?: number;
  /** What was tried for it on validation: by N, the metric at each weight of `blends`. */
  readonly blendTrials?: Readonly<Record<string, readonly number[]>>;
  readonly personas?: NamedSource["report"];
}

/** The arm that puts the candidates of others in order. */
const reranker = "sasrec";

/** The name that an experiment's files and readings have: "movies-hour". */
export function experimentName({ source, budget }: Pick<PersonaExperiment, "source" | "budget">): string {
  return `${typeof source === "string" ? source : source.name}-${budget}`;
}

/** The arms of an experiment. @throws ConfigError for one that is none; names the nearest */
export function armsOf({ arms, budget }: Pick<PersonaExperiment, "arms" | "budget">): readonly Arm[] {
  return chosenArms(personaArms, arms ?? (budget === "minute" ? minuteArms : personaArms.map(({ id }) => id)));
}

/** An experiment that is under way: what all tasks share. */
export interface Underway {
  readonly settings: PersonaExperiment;
  readonly world: PersonaData;
  readonly shop: Workshop;
  readonly arms: readonly Arm[];
  readonly shelf: PersonaShelf;
  readonly note: Note;
}

/** What an arm works with, once its options are chosen. */
interface Chosen {
  readonly options: Readonly<Record<string, unknown>>;
  /** How its personas are learnt. */
  readonly learning: Required<LearningOptions>;
  /** SASRec's options, where it takes part. */
  readonly second?: Readonly<Record<string, unknown>>;
}

/**
 * Runs what `results` does not hold yet, and writes it there.
 * @returns the data, for whoever renders the results
 * @throws ConfigError for unknown names and wrong options; DataError; NumericError; AbortError, after which the same call goes on
 */
export async function runPersonaPaper(settings: PersonaExperiment): Promise<PersonaData> {
  const run = await beginPersonaPaper(settings);
  await runTasks(personaGrid(run), settings.signal);
  return run.world;
}

/** Checks the settings and loads the data. @throws as `runPersonaPaper` */
export async function beginPersonaPaper(settings: PersonaExperiment): Promise<Underway> {
  const { budget, backend, cache, signal, progress } = settings;
  checkExperiment(settings);
  const arms = armsOf(settings);
  checkSet(settings.set, arms);
  const shop: Workshop = { backend, budget, cache, signal, progress };
  const note = noteOf(settings);
  const world = await loadPersonaData(settings.source, { ...settings.world, signal, progress });
  return { settings, world, shop, note, arms, shelf: new PersonaShelf(world, shop, note) };
}

/** The experiment's tasks: each arm's search, then all arms of a seed before the next seed. */
export function personaGrid(run: Underway): Grid {
  const { arms, settings } = run;
  const of = ({ arm }: Task): Arm => arms.find(({ id }) => id === arm)!;
  const searches = arms.filter((arm) => isSearched(arm, settings)).map((arm) => searchTask(arm.id, sharedBy(arm, 1)));
  const runs = Array.from({ length: settings.seeds }, (_, at) => at + 1).flatMap((seed) => arms.filter((arm) => seed === 1 || isSeeded(arm)).flatMap((arm) => inParts(runTask(arm, seed, run), settings.parts)));
  return {
    tasks: [...searches, ...runs],
    isDone: (task) => (task.kind === "search" ? knownSetting(of(task), settings, experimentName(settings)) !== undefined : missingForms(of(task), task.seed, run)?.length === 0),
    async run(task) {
      if (task.kind === "search") await settingOf(of(task), run);
      else if (task.kind === "run") await oneRun(of(task), task.seed, run);
      else await partOfRun(of(task), task, run);
    },
    close: () => Promise.resolve(),
  };
}

/** A run reads its own search; one that SASRec reranks reads SASRec's too, and uses SASRec of the same seed. */
function runTask(arm: Arm, seed: number, run: Underway): Task {
  const { settings } = run;
  const reads = readBy(arm, run);
  const needs = [...reads.filter((one) => isSearched(one, settings)).map(({ id }) => taskId("search", id)), ...reads.slice(1).map(({ id }) => taskId("run", id, seed))];
  return { id: taskId("run", arm.id, seed), kind: "run", arm: arm.id, seed, needs, shares: sharedBy(arm, seed) };
}

/** The personas of the graph, of which others are made. */
function sharedBy({ personas }: Arm, seed: number): readonly string[] {
  return personas === "graph" || personas === "shuffled" || personas === "random" ? [`personas of the graph, seed ${seed}`] : [];
}

/** The setting: by hand, chosen before and kept in `results`, the only one, or chosen now. */
async function settingOf(arm: Arm, run: Underway): Promise<Setting> {
  const name = experimentName(run.settings);
  return knownSetting(arm, run.settings, name) ?? (await searchArm(arm, run, name));
}

/** What an arm works with. @param settingOfArm its setting, and SASRec's @returns undefined where one of them is not known */
function chosenBy(arm: Arm, run: Underway, settingOfArm: (arm: Arm) => Setting | undefined): Chosen | undefined {
  const { settings, shop: { budget } } = run;
  const sasrec = rerankerOf(arm, run);
  const [own, second] = [settingOfArm(arm), sasrec && settingOfArm(sasrec)];
  if (own === undefined || (sasrec !== undefined && second === undefined)) return undefined;
  return { options: optionsOfArm(arm, own, budget), learning: learningOptions(budget, settings.personas, own.learn), ...(sasrec && second && { second: optionsOfArm(sasrec, second, budget) }) };
}

/** The same, searched for where it is not known. */
async function chosenFor(arm: Arm, run: Underway): Promise<Chosen> {
  const found = new Map<Arm, Setting>();
  for (const one of readBy(arm, run)) found.set(one, await settingOf(one, run));
  return chosenBy(arm, run, (one) => found.get(one))!;
}

/** The passport of an arm in a form. */
function passportFor(arm: Arm, form: Form, seed: number, { options, learning, second }: Chosen, run: Underway, { startedAt = new Date(0), seconds = 0, tieRate = 0 } = {}): Passport {
  const { world, shop } = run;
  const { candidates, sizes } = candidatesOf(run);
  const model = makerFor(arm, undefined).make(options);
  model.dispose();
  return passportOf({
    model: form === "alone" ? arm.title : `${arm.title}, ${allForms[form]}`,
    options: {
      ...model.options,
      ...(arm.vectors && { vectors: world.vectors.card.sha256 }),
      ...(arm.personas && { personas: { kind: arm.personas, ...learning } }),
      ...(form !== "alone" && { candidates: form === "blend" && sizes.length > 1 ? sizes : candidates, second: second ?? {} }),
    },
    ...{ seeds: [seed], budget: shop.budget, seconds, startedAt, split: world.split, backend: shop.backend },
    evaluation: { items: world.split.items.trained, ties: "expected", tieRate, ks: personaCutoffs },
  });
}

/** The place of a result. */
function placeOf(arm: Arm, form: Form, seed: number, { settings }: Underway): Pick<Result, "paper" | "dataset" | "model" | "seed"> {
  return { paper: "persona", dataset: experimentName(settings), model: form === "alone" ? arm.id : `${arm.id}-${form}`, seed };
}

/** The forms that `results` has not; undefined where the arm's options are not known yet. */
function missingForms(arm: Arm, seed: number, run: Underway): readonly Form[] | undefined {
  const { settings } = run;
  const chosen = chosenBy(arm, run, (one) => knownSetting(one, settings, experimentName(settings)));
  return chosen && arm.forms.filter((form) => !hasResult(settings.results, placeOf(arm, form, seed, run), passportFor(arm, form, seed, chosen, run)));
}

function labelOf(arm: Arm, seed: number): string {
  return isSeeded(arm) ? `${arm.title}, seed ${seed}` : arm.title;
}

/** All forms of an arm with a seed, unless `results` has them. */
async function oneRun(arm: Arm, seed: number, run: Underway): Promise<void> {
  const { settings, shop, world, note } = run;
  const label = labelOf(arm, seed);
  const chosen = await chosenFor(arm, run);
  if (missingForms(arm, seed, run)?.length === 0) {
    settings.onStep?.(`${label}: in results`);
    return;
  }
  const { stages, personas } = await stagesOf(arm, seed, run);
  const { first } = stages;
  const measured = note(`${label}: measure`, await formsStep(world.split, stages, { ...shop, parts: settings.parts }, () => read(settings)));
  for (const form of arm.forms) {
    const found = measured.value[form]!;
    const passport = passportFor(arm, form, seed, chosen, run, { startedAt: new Date(first.value.startedAt), seconds: first.seconds, tieRate: found.test.tieRate });
    writeResult(settings.results, resultOf(found, { ...placeOf(arm, form, seed, run), arm: arm.id, form, passport, fit: first.value.report, personas: personas?.report }));
  }
}

/** The training of a run with its blend, or a part of its measuring. */
async function partOfRun(arm: Arm, { id, seed, part }: Task, run: Underway): Promise<void> {
  const { settings, shop, world, note } = run;
  const { stages } = await stagesOf(arm, seed, run);
  if (part !== undefined) note(id, await formsPartStep(world.split, stages, { part, parts: settings.parts! }, shop, () => read(settings)));
  else if (stages.forms.includes("blend")) note(`${id}, blend`, await blendStep(world.split, stages, shop));
}

/** Counts a reading of the test cases. */
async function read(settings: PersonaExperiment): Promise<unknown> {
  return settings.onReading?.(`persona-${experimentName(settings)}`);
}

/** An arm and what it works with, trained with a seed. */
export async function stagesOf(arm: Arm, seed: number, run: Underway): Promise<{ readonly stages: Stages; readonly personas?: NamedSource }> {
  const { shelf, world, shop, note } = run;
  const { options, learning, second: other } = await chosenFor(arm, run);
  const personas = arm.personas && (await shelf.get(arm.personas, seed, learning));
  const first = note(`${labelOf(arm, seed)}: train`, await trainStep(makerFor(arm, personas), world.split, options, seed, shop, besideOf(arm, run, personas)));
  const second = other && note(`SASRec, seed ${seed}: train`, await trainStep(makerOf("sasrec"), world.split, other, seed, shop, { key: { vectors: "none", personas: "none" }, context: {} }));
  return { stages: { first, second, forms: arm.forms, readsUsers: arm.personas !== undefined, ...candidatesOf(run) }, personas };
}

/** The arm that puts an arm's candidates in order; undefined where it makes its list alone. @throws ConfigError where it is not run */
export function rerankerOf(arm: Arm, { arms }: Pick<Underway, "arms">): Arm | undefined {
  if (arm.forms.length === 1) return undefined;
  const found = arms.find(({ id }) => id === reranker);
  if (found === undefined) throw new ConfigError('Expected the arm "sasrec" among those that are run: it puts the candidates of others in order; add it');
  return found;
}

/** An arm, and the one that reranks it. */
function readBy(arm: Arm, run: Underway): readonly Arm[] {
  const sasrec = rerankerOf(arm, run);
  return sasrec === undefined ? [arm] : [arm, sasrec];
}

/** N of reranking, and those that a blend chooses from: all, unless one is given or nothing is searched. */
export function candidatesOf({ settings: { candidates, budget } }: Underway): Pick<Stages, "candidates" | "sizes"> {
  const usual = candidates ?? usualCandidates;
  return { candidates: usual, sizes: candidates === undefined && budget !== "minute" ? candidateSizes : [usual] };
}

function resultOf({ valid, test, anonymous, losses, blend }: FormRun, known: Omit<PersonaPaperResult, "valid" | "test" | "ranks" | "anonymous" | "losses" | "blend" | "candidates" | "blendTrials">): PersonaPaperResult {
  return {
    ...known,
    valid: partOf(valid),
    test: partOf(test),
    ranks: packRanks(test.rows),
    ...(anonymous && { anonymous: { ...partOf(anonymous), ranks: packRanks(anonymous.rows) } }),
    ...(losses && { losses }),
    ...(blend && { blend: blend.blend, candidates: blend.candidates, blendTrials: bySize(blend.trials) }),
  };
}

function bySize(trials: BlendChoice["trials"]): Readonly<Record<string, readonly number[]>> {
  const sizes = [...new Set(trials.map(({ candidates }) => candidates))];
  return Object.fromEntries(sizes.map((size) => [size, trials.filter(({ candidates }) => candidates === size).map(({ value }) => Number(value.toFixed(6)))]));
}
