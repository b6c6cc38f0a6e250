/**
 * The experiment of the persona paper (P1, 2604.06928): personas from a knowledge graph in a session recommender, whose candidates
 * SASRec puts in order; beside baselines, controls and placebos that had as many settings to choose from.
 * - Options are chosen on validation by successive halving, once an arm, with seed 1; every trial is in results/searches.
 * - Every run is one result file, with the ranks of its test cases: tables, tests and slices need nothing else.
 * - A run whose file is there under the same passport is not run again. All arms of a seed come before the next seed.
 */
import { ConfigError, throwIfAborted } from "../../core/errors";
import type { Hashable } from "../../core/hash";
import { Rng } from "../../core/rng";
import { step, type StepResult } from "../../core/step";
import type { DatasetName } from "../../data/catalog";
import type { Cases, TrainSessions } from "../../data/types";
import { packRanks } from "../../evaluation/packed-ranks";
import { passportOf, type Passport } from "../../evaluation/passport";
import type { BlendChoice } from "../../models/blend";
import { makerOf, type ModelMaker } from "../../models/index";
import { PersonaSasrec } from "../../models/persona-sasrec";
import type { FitContext, Recommender } from "../../models/recommender";
import { search } from "../../models/search";
import { choice as oneOf } from "../../models/space";
import type { StageLosses } from "../../models/two-stage";
import { trainedVectors } from "../../text/item-vectors";
import { checkExperiment, checkSet, chosenArms, hasResult, noteOf, type ExperimentSettings, type Note } from "../experiment";
import { candidateSizes, forms as allForms, minuteArms, optionsOfArm, personaArms, usualCandidates, type Arm, type Form, type Setting } from "./arms";
import { formsStep, personaCutoffs, type FormRun, type Stages } from "./forms";
import { learningOptions, PersonaShelf, type LearningOptions, type NamedSource } from "./sources";
import { loadPersonaData, type OwnFiles, type PersonaData, type PersonaDataOptions } from "./data";
import { partOf, writeResult, type Result, type ResultPart } from "../results";
import { readSearch, writeSearch, type Choice } from "../searches";
import { bitsOf, primaryMetric, trainStep, tuneStep, type Beside, type Trained, type Workshop } from "../steps";

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

/** What a search gives each of its settings, and how few of them stay for the last round. */
const rounds = (epochs: number) => [{ epochs: Math.min(4, epochs) }, { epochs }];
const halving = 6;

/** The name that an experiment's files and readings have: "movies-hour". */
export function experimentName({ source, budget }: Pick<PersonaExperiment, "source" | "budget">): string {
  return `${typeof source === "string" ? source : source.name}-${budget}`;
}

/** The arms of an experiment. @throws ConfigError for one that is none; names the nearest */
export function armsOf({ arms, budget }: Pick<PersonaExperiment, "arms" | "budget">): readonly Arm[] {
  return chosenArms(personaArms, arms ?? (budget === "minute" ? minuteArms : personaArms.map(({ id }) => id)));
}

/** An experiment that is under way: what all runs share. */
export interface Underway {
  readonly settings: PersonaExperiment;
  readonly world: PersonaData;
  readonly shop: Workshop;
  readonly arms: readonly Arm[];
  /** What was chosen, by arm. */
  readonly options: ReadonlyMap<string, Readonly<Record<string, unknown>>>;
  /** How its personas are learnt, by arm. */
  readonly learning: ReadonlyMap<string, Required<LearningOptions>>;
  readonly shelf: PersonaShelf;
  readonly note: Note;
}

type Run = Omit<Underway, "options" | "learning" | "arms">;

/**
 * Runs what `results` does not hold yet, and writes it there.
 * @returns the data, for whoever renders the results
 * @throws ConfigError for unknown names and wrong options; DataError; NumericError; AbortError, after which the same call goes on
 */
export async function runPersonaPaper(settings: PersonaExperiment): Promise<PersonaData> {
  const run = await beginPersonaPaper(settings);
  for (let seed = 1; seed <= settings.seeds; seed++) {
    for (const arm of run.arms) {
      throwIfAborted(settings.signal, "reproduce");
      if (seed === 1 || isSeeded(arm)) await oneRun(arm, seed, run);
    }
  }
  return run.world;
}

/** Loads the data, and chooses each arm's options. @throws as `runPersonaPaper` */
export async function beginPersonaPaper(settings: PersonaExperiment): Promise<Underway> {
  const { budget, backend, cache, signal, progress } = settings;
  checkExperiment(settings);
  const arms = armsOf(settings);
  checkSet(settings.set, arms);
  const shop: Workshop = { backend, budget, cache, signal, progress };
  const note = noteOf(settings);
  const world = await loadPersonaData(settings.source, { ...settings.world, signal, progress });
  const run: Run = { settings, world, shop, note, shelf: new PersonaShelf(world, shop, note) };
  const options = new Map<string, Readonly<Record<string, unknown>>>();
  const learning = new Map<string, Required<LearningOptions>>();
  for (const arm of arms) {
    const setting = await choose(arm, run);
    options.set(arm.id, optionsOfArm(arm, setting, budget));
    learning.set(arm.id, learningOptions(budget, settings.personas, setting.learn));
  }
  return { ...run, arms, options, learning };
}

/** Whether an arm draws random numbers. */
export function isSeeded({ model }: Arm): boolean {
  return model === "persona" || makerOf(model).seeded;
}

/** How an arm's model is made and opened again. */
function makerFor({ model }: Arm, personas: NamedSource | undefined): ModelMaker {
  if (model !== "persona") return makerOf(model);
  return {
    ...makerOf("sasrec"),
    title: "Persona-SASRec",
    make: (options) => new PersonaSasrec(options),
    load: (folder) => PersonaSasrec.load(folder, personas?.source.infer),
    code: require.resolve("../../models/persona-sasrec"),
  };
}

/** Text vectors and personas, as the arm is given them. */
function besideOf({ vectors: reads }: Arm, { world: { vectors } }: Run, personas: NamedSource | undefined): Beside {
  const context = { ...(reads && { vectors: trainedVectors(vectors) }), ...(personas && { personas: personas.source }) };
  return { key: { vectors: reads ? vectors.card.sha256 : "none", personas: personas?.key ?? "none" }, context };
}

/** The setting: by hand, chosen before and kept in `results`, chosen now, or the only one. */
async function choose(arm: Arm, run: Run): Promise<Setting> {
  const { settings, shop, world, note } = run;
  const byHand = settings.set?.[arm.id];
  if (byHand !== undefined) return { ...arm.settings[0], ...byHand };
  if (arm.settings.length === 1 || shop.budget === "minute") return arm.settings[0]!;
  const name = `persona-${experimentName(settings)}`;
  const known = readSearch(settings.results, name, arm.id);
  if (known !== undefined) return known.options;
  const found = isSeeded(arm) ? await searched(arm, run) : note(`${arm.title}: choose on validation`, await tuneStep(makerFor(arm, undefined), world.split, arm.settings, 1, shop)).value;
  writeSearch(settings.results, name, arm.id, { ...found, settings: arm.settings.length });
  return found.options;
}

/** Halves the arm's settings over epochs; an interrupted search goes on. */
async function searched(arm: Arm, run: Run): Promise<Omit<Choice, "settings">> {
  const { settings, shop, world, note, shelf } = run;
  const learnt = ({ learn }: Setting): Required<LearningOptions> => learningOptions(shop.budget, settings.personas, learn);
  const first = arm.personas && (await shelf.get(arm.personas, 1, learnt({})));
  const maker = makerFor(arm, first);
  const beside = besideOf(arm, run, first);
  const shared = optionsOfArm(arm, {}, shop.budget);
  const given = { settings: arm.settings.length, halving, rounds: rounds(Number(shared["epochs"])), start: arm.settings };
  const { signal, progress, cache } = shop;
  const make = (setting: Setting): Recommender => {
    const model = maker.make(optionsOfArm(arm, setting, shop.budget));
    const { personas } = arm;
    if (personas === undefined || setting.learn === undefined) return model;
    const fit = model.fit.bind(model);
    return Object.assign(model, { fit: async (train: TrainSessions, valid: Cases<"valid">, context: FitContext) => fit(train, valid, { ...context, personas: (await shelf.get(personas, 1, learnt(setting))).source }) });
  };
  const work = async (context: { readonly checkpoint?: string }) => {
    // All settings are given: the space only names what they set.
    const { rows: _, ...report } = await search<Setting>(make, { dropout: oneOf(0) }, world.split, { ...context, ...beside.context, signal, progress, rng: new Rng(1), metric: primaryMetric }, given);
    return report;
  };
  const inputs = { train: world.split.train.hash, valid: world.split.valid.hash, bits: bitsOf(maker, shop), beside: beside.key };
  const result = await step("search", inputs, { arm: arm.id, model: maker.title, shared, given, metric: primaryMetric } as unknown as Readonly<Record<string, Hashable>>, work, { code: [__filename, maker.code, require.resolve("../../models/search")], checkpoint: true, signal, progress, cache });
  return note(`${arm.title}: choose on validation`, result).value;
}

/** All forms of an arm with a seed, unless `results` has them. */
async function oneRun(arm: Arm, seed: number, run: Underway): Promise<void> {
  const { settings, shop, world, options, learning, note } = run;
  const { candidates, sizes } = candidatesOf(run);
  const maker = makerFor(arm, undefined);
  const model = maker.make(options.get(arm.id)!);
  model.dispose();
  const { items } = world.split;
  const passport = (form: Form, startedAt: Date, seconds: number, tieRate: number): Passport => passportOf({
    model: form === "alone" ? arm.title : `${arm.title}, ${allForms[form]}`,
    options: {
      ...model.options,
      ...(arm.vectors && { vectors: world.vectors.card.sha256 }),
      ...(arm.personas && { personas: { kind: arm.personas, ...learning.get(arm.id)! } }),
      ...(form !== "alone" && { candidates: form === "blend" && sizes.length > 1 ? sizes : candidates, second: options.get("sasrec") ?? {} }),
    },
    ...{ seeds: [seed], budget: shop.budget, seconds, startedAt, split: world.split, backend: shop.backend },
    evaluation: { items: items.trained, ties: "expected", tieRate, ks: personaCutoffs },
  });
  const placeOf = (form: Form) => ({ paper: "persona", dataset: experimentName(settings), model: form === "alone" ? arm.id : `${arm.id}-${form}`, seed });
  const missing = arm.forms.filter((form) => !hasResult(settings.results, placeOf(form), passport(form, new Date(0), 0, 0)));
  const label = isSeeded(arm) ? `${arm.title}, seed ${seed}` : arm.title;
  if (missing.length === 0) {
    settings.onStep?.(`${label}: in results`);
    return;
  }
  const { stages, personas } = await stagesOf(arm, seed, run);
  const { first } = stages;
  const measured = note(`${label}: measure`, await formsStep(world.split, stages, shop, async () => settings.onReading?.(`persona-${experimentName(settings)}`)));
  for (const form of arm.forms) {
    const found = measured.value[form]!;
    const result = resultOf(found, { ...placeOf(form), arm: arm.id, form, passport: passport(form, new Date(first.value.startedAt), first.seconds, found.test.tieRate), fit: first.value.report, personas: personas?.report });
    writeResult(settings.results, result);
  }
}

/** An arm and what it works with, trained with a seed. */
export async function stagesOf(arm: Arm, seed: number, run: Underway): Promise<{ readonly stages: Stages; readonly personas?: NamedSource }> {
  const { shelf, world, shop, options, learning, note } = run;
  const personas = arm.personas && (await shelf.get(arm.personas, seed, learning.get(arm.id)!));
  const label = isSeeded(arm) ? `${arm.title}, seed ${seed}` : arm.title;
  const first = note(`${label}: train`, await trainStep(makerFor(arm, personas), world.split, options.get(arm.id)!, seed, shop, besideOf(arm, run, personas)));
  const second = arm.forms.length === 1 ? undefined : await sasrecOf(seed, run);
  return { stages: { first, second, forms: arm.forms, readsUsers: arm.personas !== undefined, ...candidatesOf(run) }, personas };
}

/** N of reranking, and those that a blend chooses from: all, unless one is given or nothing is searched. */
function candidatesOf({ settings: { candidates, budget } }: Underway): Pick<Stages, "candidates" | "sizes"> {
  const usual = candidates ?? usualCandidates;
  return { candidates: usual, sizes: candidates === undefined && budget !== "minute" ? candidateSizes : [usual] };
}

/** The base sequential model of a seed, which reranks. */
async function sasrecOf(seed: number, { world, shop, options, note }: Underway): Promise<StepResult<Trained>> {
  const own = options.get("sasrec");
  if (own === undefined) throw new ConfigError('Expected the arm "sasrec" among those that are run: it puts the candidates of others in order; add it');
  return note(`SASRec, seed ${seed}: train`, await trainStep(makerOf("sasrec"), world.split, own, seed, shop, { key: { vectors: "none", personas: "none" }, context: {} }));
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
