/**
 * What is left of the persona experiment. Short runs of its own steps stand for the rest, in a cache that is thrown away: some steps
 * of an arm's training, some epochs of HDGI, and some validation cases in an arm's forms. No test case is scored. Of an arm whose
 * options have to be searched for, the first setting stands for all.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { hashOf, type Hashable } from "../../core/hash";
import { Rng } from "../../core/rng";
import type { StepIdentity, StepResult } from "../../core/step";
import type { Cases, Split } from "../../data/types";
import { NeuralRecommender, type NeuralOptions } from "../../models/neural";
import type { WarmStart } from "../../models/warm-start";
import { sampleCases } from "../../models/validation";
import { Hdgi } from "../../personas/hdgi";
import { fromCache, nothing, together, type Usage } from "../metering";
import { gridPlan, type GridPlan, type StepPlan } from "../plan";
import { calibrated, costOfTraining, extrapolated, measurer, more, shortSteps, training, weighted, type Cost, type TrainingCost } from "../short-runs";
import { trainStep, type Trained, type Workshop } from "../steps";
import { optionsOfArm, type Arm } from "./arms";
import { formsStep, type Stages } from "./forms";
import { candidatesOf, experimentName, personaGrid, rerankerOf, type Underway } from "./persona";
import { besideOf, knownSetting, makerFor, searchEpochs } from "./search";
import { learningOptions, PersonaShelf, type LearningOptions, type NamedSource } from "./sources";

/** Validation cases that stand for all cases, at most. */
const sampled = 5000;

/** Seeds of personas: a source remembers what was inferred from it, which each seed of the experiment has to do again. */
const sources = { cold: 1, warm: 2, fewCold: 3, few: 4, more: 5 } as const;

/** A step that is left, by what it does; of several tasks that would do it, the first one does. */
interface Left {
  readonly does: "personas" | "search" | "train" | "measure";
  readonly arm: Arm;
  readonly tasks: string[];
}

/** The kind of a step, as a plan names it; undefined for one that a plan does not count by itself. */
export function personaKind({ name, options }: Pick<StepIdentity, "name" | "options">): string | undefined {
  const { model, forms } = options as { readonly model?: string; readonly forms?: readonly string[] };
  if (name === "train") return `train ${model}`;
  if (name === "search" || name === "tune") return `search ${model}`;
  if (name === "forms") return forms!.length === 1 ? "measure" : "measure in three forms";
  return name === "personas" ? name : undefined;
}

/** Plans what neither `results` nor the step cache holds. @param workers processes that it is planned for @throws what fits throw; ConfigError where a training will not fit in memory */
export async function planPersonaPaper(run: Underway, workers = 1): Promise<GridPlan> {
  const { settings, arms } = run;
  const left = await leftOf(run);
  const folder = mkdtempSync(join(tmpdir(), "sessionlab-plan-"));
  const short = new Short(run, folder);
  const steps: StepPlan[] = [];
  const add = (of: readonly Left[], kind: string, cost: Cost): void => void steps.push({ kind, count: of.length, tasks: of.flatMap(({ tasks }) => tasks), ...cost });
  try {
    for (const arm of arms) {
      const own = left.filter((one) => one.arm === arm);
      const [personas, searches, trainings, measured] = (["personas", "search", "train", "measure"] as const).map((what) => own.filter(({ does }) => does === what)) as [Left[], Left[], Left[], Left[]];
      const { title } = makerFor(arm, undefined);
      if (personas.length > 0) add(personas, "personas", await short.personas(arm));
      if (searches.length > 0) add(searches, `search ${title}`, await short.search(arm));
      if (trainings.length > 0) add(trainings, `train ${title}`, await short.training(arm));
      if (measured.length > 0) add(measured, personaKind({ name: "forms", options: arm })!, await short.measure(arm));
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return gridPlan(`persona, ${experimentName(settings)}`, personaGrid(run), settings.backend, workers, steps);
}

/** The steps that are left. */
async function leftOf(run: Underway): Promise<readonly Left[]> {
  const { settings, arms, shop, world: { split } } = run;
  const grid = personaGrid(run);
  const found = new Map<string, Left>();
  const shelf = new PersonaShelf(run.world, shop, (_, result) => result);
  const add = (does: Left["does"], arm: Arm, key: string, task: string): void => {
    const known = found.get(`${does} ${key}`);
    if (known === undefined) found.set(`${does} ${key}`, { does, arm, tasks: [task] });
    else known.tasks.push(task);
  };
  /** Personas as they are learnt, where the cache has them. */
  const personasOf = async (arm: Arm, seed: number, learning: Required<LearningOptions>, task: string): Promise<NamedSource | undefined> => {
    const [kind, graph] = [arm.personas!, graphOf(arm)];
    const source = await fromCache(() => shelf.get(kind, seed, learning));
    if (graph !== undefined && source === undefined) add("personas", arm, `${graph} ${seed} ${hashOf(learning as unknown as Hashable)}`, task);
    return source;
  };
  const trainedBy = async (arm: Arm, seed: number, task: string): Promise<StepResult<Trained> | undefined> => {
    const setting = knownSetting(arm, settings, experimentName(settings));
    const source = arm.personas && (await personasOf(arm, seed, learningOf(arm, run), task));
    const trained = setting === undefined || (arm.personas !== undefined && source === undefined) ? undefined : await fromCache(() => trainStep(makerFor(arm, source), split, optionsOfArm(arm, setting, shop.budget), seed, shop, besideOf(arm, run, source)));
    if (trained === undefined) add("train", arm, `${arm.id} ${seed}`, task);
    return trained;
  };
  for (const { id, kind, arm: name, seed } of grid.tasks.filter((task) => task.of === undefined && !grid.isDone(task))) {
    const arm = arms.find((one) => one.id === name)!;
    if (kind === "search") {
      if (arm.personas !== undefined) for (const { learn } of arm.settings) await personasOf(arm, seed, learningOptions(shop.budget, settings.personas, learn), id);
      add("search", arm, arm.id, id);
    } else {
      const other = rerankerOf(arm, run);
      const [first, second] = [await trainedBy(arm, seed, id), other && (await trainedBy(other, seed, id))];
      const stages = first && (other === undefined || second !== undefined) ? { first, second, forms: arm.forms, readsUsers: arm.personas !== undefined, ...candidatesOf(run) } : undefined;
      if (stages === undefined || (await fromCache(() => formsStep(split, stages, shop))) === undefined) add("measure", arm, id, id);
    }
  }
  return [...found.values()];
}

/** The setting that an arm has, or that stands for what is searched for. */
function settingOf(arm: Arm, { settings }: Underway): Arm["settings"][number] {
  return knownSetting(arm, settings, experimentName(settings)) ?? arm.settings[0]!;
}

function learningOf(arm: Arm, run: Underway): Required<LearningOptions> {
  return learningOptions(run.settings.budget, run.settings.personas, settingOf(arm, run).learn);
}

/** The graph that an arm's personas are learnt on; undefined where nothing is learnt. Placebos are made of the graph's. */
function graphOf({ personas }: Arm): string | undefined {
  return personas === "shuffled" || personas === "random" ? "graph" : personas === "text-mean" ? undefined : personas;
}

/** What an arm's training takes. */
interface Learnt {
  readonly cost: TrainingCost;
  readonly first: Usage;
  /** At most; undefined for a model without epochs. */
  readonly epochs?: number;
  /** Of an epoch. */
  readonly steps: number;
  /** A model that has learnt a little, with personas of a seed. */
  open(source: number): Promise<StepResult<Trained>>;
}

/** Short runs of what the experiment does, with personas of one epoch. */
class Short {
  private readonly meter = measurer();
  private readonly shop: Workshop;
  private readonly shelf: PersonaShelf;
  private readonly models = new Map<Arm, Promise<Learnt>>();
  /** A seed that nothing was learnt with; above `sources`. */
  private unused = 100;

  constructor(private readonly run: Underway, folder: string) {
    this.shop = { ...run.shop, cache: join(folder, "steps") };
    this.shelf = new PersonaShelf(run.world, this.shop, (_, result) => result);
  }

  /** HDGI on the graph: what an epoch takes, times its epochs. */
  async personas(arm: Arm): Promise<Cost> {
    const learning = learningOf(arm, this.run);
    const fit = (epochs: number): Promise<Usage> => this.meter(() => this.source(arm, this.unused++, epochs));
    const { epochs } = new Hdgi(learning.hdgi).options;
    const [cold, warm] = [await fit(1), await fit(1)];
    const longer = Math.min(epochs, 1 + shortSteps(warm.cpuSeconds, 20));
    return { each: extrapolated(warm, await fit(longer), [1, longer], epochs), first: more(cold, warm) };
  }

  async training(arm: Arm): Promise<Cost> {
    const { cost, first, epochs = 1, steps } = await this.of(arm);
    return { each: training(cost, epochs, epochs * steps), first };
  }

  /** What its rounds train for; each setting starts anew. */
  async search(arm: Arm): Promise<Cost> {
    const { cost, first, epochs, steps } = await this.of(arm);
    const settings = arm.settings.length;
    const start = weighted([settings, cost.start]);
    if (epochs === undefined) {
      const { valid, test } = this.run.world.split;
      const share = valid.target.length / (valid.target.length + test.target.length);
      return { each: { ...together([start, weighted([settings * share, (await this.measure(arm)).each])]), diskBytes: 0 }, first };
    }
    const all = searchEpochs(settings, epochs);
    return { each: { ...training({ ...cost, start }, all, all * steps), diskBytes: 0 }, first };
  }

  /** Some validation cases in all forms, in place of all cases; no persona of theirs was asked for before. */
  async measure(arm: Arm): Promise<Cost> {
    const { world: { split } } = this.run;
    const readsUsers = arm.personas !== undefined;
    const parts = readsUsers ? 3 : 2; // validation, test, and test without users' ids
    const other = rerankerOf(arm, this.run);
    const [own, second] = [await this.of(arm), other && (await this.of(other))];
    const over = async (most: number, source: number): Promise<Usage & { readonly cases: number }> => {
      const some = sampleCases(split.valid, most, new Rng(1).child("plan"));
      const few: Split = { ...split, valid: some, test: { ...(some as Cases), role: "test" } as Split["test"] };
      const stages: Stages = { first: await own.open(source), second: await second?.open(source), forms: arm.forms, readsUsers, ...candidatesOf(this.run) };
      rmSync(join(this.shop.cache!, "forms"), { recursive: true, force: true });
      return { ...(await this.meter(() => formsStep(few, stages, this.shop), ({ name }) => name === "forms")), cases: parts * some.target.length };
    };
    const few = Math.ceil(Math.min(sampled, split.valid.target.length) / 3);
    const [cold, warm, larger] = [await over(few, sources.fewCold), await over(few, sources.few), await over(3 * few, sources.more)];
    const wanted = split.valid.target.length + (parts - 1) * split.test.target.length;
    const each = extrapolated(warm, larger, [warm.cases, larger.cases], wanted);
    const scores = 4 * split.items.trained * (other === undefined ? 1 : 2) * Math.max(0, wanted - larger.cases); // all forms look at the same scores
    return { each: { ...each, peakBytes: each.peakBytes + scores }, first: more(cold, warm) };
  }

  private async source(arm: Arm, seed: number, epochs = 1): Promise<NamedSource | undefined> {
    const learning = learningOf(arm, this.run);
    return arm.personas && this.shelf.get(arm.personas, seed, { ...learning, hdgi: { ...learning.hdgi, epochs } });
  }

  private of(arm: Arm): Promise<Learnt> {
    const found = this.models.get(arm) ?? this.learn(arm);
    this.models.set(arm, found);
    return found;
  }

  /** An arm's training, and a model of it that has learnt a little. */
  private async learn(arm: Arm): Promise<Learnt> {
    const { run, shop } = this;
    const { split } = run.world;
    const options = optionsOfArm(arm, settingOf(arm, run), shop.budget);
    const [early, late] = [await this.source(arm, sources.cold), await this.source(arm, sources.warm)];
    const fit = (source: NamedSource | undefined, { seed = 1, start, over = {} }: { readonly seed?: number; readonly start?: WarmStart; readonly over?: object }): Promise<StepResult<Trained>> => {
      const { context } = besideOf(arm, run, source);
      return trainStep(makerFor(arm, source), split, { ...options, ...over }, seed, shop, { key: { arm: arm.id, seed, steps: start?.steps ?? 0 }, context: { ...context, ...(start && { start }) } });
    };
    const isTraining = ({ name }: StepIdentity): boolean => name === "train";
    const model = makerFor(arm, early).make(options);
    try {
      if (!(model instanceof NeuralRecommender)) {
        const [cold, warm] = [await this.meter(() => fit(undefined, {}), isTraining), await this.meter(() => fit(undefined, { seed: 2 }), isTraining)];
        return { cost: { start: warm, once: nothing, epoch: nothing, step: nothing }, first: more(cold, warm), steps: 0, open: () => fit(undefined, {}) };
      }
      const neural = model as NeuralRecommender<NeuralOptions>;
      const given = { ...besideOf(arm, run, early).context, rng: new Rng(1).child("plan"), signal: shop.signal };
      const { first, epochs, steps, secondsAStep } = await calibrated(this.meter, neural, split, given);
      await neural.fit(split.train, split.valid, { ...given, until: 0 });
      const weights = neural.learnt;
      const few = shortSteps(secondsAStep, steps);
      const short = (seed: number, source: NamedSource | undefined, count: number, each: number): Promise<StepResult<Trained>> => fit(source, { seed, start: { weights, steps: count * each }, over: { epochs: count, patience: count } });
      let seed = 0;
      const cost = await costOfTraining((count, each) => this.meter(() => short(++seed, late, count, each), isTraining), few);
      return { cost, first: more(first, cost.once), epochs, steps, open: async (source) => short(seed, await this.source(arm, source), 1, 3 * few) };
    } finally {
      model.dispose();
    }
  }
}
