/**
 * What is left of the persona experiment. A short run of the real work stands for the rest: some steps of an arm's training
 * (`plan` of its model), two epochs of HDGI, and some validation cases in an arm's forms. Nothing of it is kept, and no test case
 * is scored. Models without epochs are fitted as they are.
 */
import { mkdtempSync, readdirSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Rng } from "../../core/rng";
import type { StepResult } from "../../core/step";
import { sessionCount, type Cases, type Split } from "../../data/types";
import { NeuralRecommender, type NeuralOptions } from "../../models/neural";
import type { PersonaSource } from "../../models/persona-source";
import type { Recommender } from "../../models/recommender";
import { sampleCases } from "../../models/validation";
import { personaGraphOf } from "../../personas/from-graph";
import { Hdgi } from "../../personas/hdgi";
import { formsStep } from "./forms";
import { gridPlan, measured, type GridPlan, type Measured } from "../plan";
import type { Trained } from "../steps";
import { optionsOfArm, usualCandidates, type Arm, type Setting } from "./arms";
import { experimentName, personaGrid, type Underway } from "./persona";
import { besideOf, isSearched, knownSetting, makerFor, searchEpochs } from "./search";
import { learningOptions, type LearningOptions } from "./sources";

/** Validation cases that stand for all cases. */
const sampled = 200;

/** Plans what `results` does not hold yet. @param workers processes that it is planned for @throws what fits throw; ConfigError where a training will not fit in memory */
export async function planPersonaPaper(run: Underway, workers = 1): Promise<GridPlan> {
  const { settings, arms } = run;
  const name = experimentName(settings);
  const grid = personaGrid(run);
  const left = grid.tasks.filter((task) => !grid.isDone(task));
  const folder = mkdtempSync(join(tmpdir(), "sessionlab-plan-"));
  const steps: (Measured & { readonly kind: string; readonly count: number })[] = [];
  const graphs = new Set<string>();
  try {
    for (const arm of arms) {
      const own = left.filter((task) => task.arm === arm.id);
      if (own.length === 0) continue;
      const setting = knownSetting(arm, settings, name) ?? arm.settings[0]!;
      const learning = learningOptions(settings.budget, settings.personas, setting.learn);
      const runs = own.filter(({ kind }) => kind === "run");
      if (arm.personas !== undefined && arm.personas !== "text-mean") {
        const kind = arm.personas === "shuffled" || arm.personas === "random" ? "graph" : arm.personas;
        const fresh = runs.filter(({ seed }) => !graphs.has(`${kind} ${seed}`));
        for (const { seed } of fresh) graphs.add(`${kind} ${seed}`);
        if (fresh.length > 0) steps.push({ kind: "personas", count: fresh.length, ...(await ofPersonas(run, learning, folder)) });
      }
      const { training, search, measure } = await ofArm(arm, setting, learning, run, folder);
      const title = makerFor(arm, undefined).title;
      if (isSearched(arm, settings) && own.length > runs.length) steps.push({ kind: `search ${title}`, count: 1, ...search });
      steps.push({ kind: `train ${title}`, count: runs.length, ...training }, { kind: arm.forms.length === 1 ? "measure" : "measure in three forms", count: runs.length, ...measure });
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return gridPlan(`persona, ${name}`, grid, settings.backend, workers, steps.filter(({ count }) => count > 0));
}

/** An arm's training, search and measurement. */
async function ofArm(arm: Arm, setting: Setting, learning: Required<LearningOptions>, run: Underway, folder: string): Promise<Readonly<Record<"training" | "search" | "measure", Measured>>> {
  const { world: { split }, shop } = run;
  const personas = arm.personas && { source: standIn(run, Number(learning.hdgi.dimension ?? 64)), key: "none" };
  const maker = makerFor(arm, personas);
  const { context } = besideOf(arm, run, personas);
  const model = maker.make(optionsOfArm(arm, setting, shop.budget));
  try {
    const { neural, fitted } = await trained(model, split, context, run);
    const seconds = neural?.seconds ?? fitted.seconds;
    const disk = await sizeOf(model, join(folder, arm.id));
    const training = { seconds, peakBytes: neural?.peakBytes ?? fitted.peakBytes, diskBytes: disk };
    const settings = arm.settings.length;
    const search = { ...training, seconds: neural === undefined ? settings * seconds : searchEpochs(settings, neural.epochs) * neural.secondsAnEpoch, diskBytes: 0 };
    return { training, search, measure: await ofMeasure(arm, model, run, folder) };
  } finally {
    model.dispose();
  }
}

/** A model with weights that score, and what its whole training takes. */
async function trained(model: Recommender, split: Split, context: object, { shop: { signal } }: Underway) {
  const rng = new Rng(1).child("plan");
  if (!(model instanceof NeuralRecommender)) return { neural: undefined, fitted: await measured(() => model.fit(split.train, split.valid, { rng, signal })) };
  const own = model as NeuralRecommender<NeuralOptions>;
  const { value: plan } = await measured(() => own.plan(split.train, split.valid, { ...context, rng, signal, checkpoints: true }));
  const fitted = await measured(() => model.fit(split.train, split.valid, { ...context, rng, signal, until: 0 }));
  return { neural: { seconds: 60 * plan.minutes, peakBytes: plan.peakBytes, epochs: plan.epochs, secondsAnEpoch: plan.secondsAnEpoch }, fitted };
}

/** Some validation cases in all forms, in place of all cases. */
async function ofMeasure(arm: Arm, model: Recommender, { world: { split }, shop, settings }: Underway, folder: string): Promise<Measured> {
  const some = sampleCases(split.valid, sampled, new Rng(1).child("plan"));
  const few: Split = { ...split, valid: some, test: { ...(some as Cases), role: "test" } as Split["test"] };
  const stage = (key: string): StepResult<Trained> => ({ key, cached: true, seconds: 0, value: { report: { seconds: 0 }, options: {}, startedAt: "", open: () => Promise.resolve(lent(model)) } });
  const readsUsers = arm.personas !== undefined;
  const stages = { first: stage("first"), second: arm.forms.length === 1 ? undefined : stage("second"), forms: arm.forms, readsUsers, candidates: settings.candidates ?? usualCandidates, sizes: [settings.candidates ?? usualCandidates] };
  const { seconds, peakBytes } = await measured(() => formsStep(few, stages, { ...shop, cache: join(folder, `measure ${arm.id}`) }));
  const parts = readsUsers ? 3 : 2; // validation, test, and test without users' ids
  const cases = split.valid.target.length + (parts - 1) * split.test.target.length;
  const share = cases / (parts * some.target.length);
  return { seconds: share * seconds, peakBytes, diskBytes: Math.round(share * bytesIn(join(folder, `measure ${arm.id}`))) };
}

/** A model that its borrower does not free. */
function lent(model: Recommender): Recommender {
  return Object.create(model, { dispose: { value: () => undefined } }) as Recommender;
}

/** HDGI on the graph: what an epoch takes, times its epochs. */
async function ofPersonas({ world, shop: { signal } }: Underway, { hdgi, graph }: Required<LearningOptions>, folder: string): Promise<Measured> {
  const source = personaGraphOf(world.graph, "user", { shape: world.vectors.shape as [number, number], data: world.vectors.data }, graph);
  const model = new Hdgi(hdgi);
  const fit = (until: number) => measured(() => model.fit(source, { rng: new Rng(1).child("plan"), until, signal }));
  try {
    await fit(1); // allocates
    const [one, more] = [await fit(1), await fit(4)];
    const epoch = Math.max(0, more.seconds - one.seconds) / 3;
    const { epochs } = model.options;
    model.save(join(folder, "personas"));
    return { seconds: one.seconds + (epochs - 1) * epoch, peakBytes: more.peakBytes, diskBytes: bytesIn(join(folder, "personas")) };
  } finally {
    model.dispose();
  }
}

/** Personas of the right size that say nothing. */
function standIn({ world: { split } }: Underway, width: number): PersonaSource {
  const rng = new Rng(1).child("personas");
  const users = split.users!.trained;
  return {
    users: { shape: [users, width], data: Float32Array.from({ length: users * width }, () => rng.uniform() - 0.5) },
    infer: (sessions) => ({ shape: [sessionCount(sessions), width], data: new Float32Array(sessionCount(sessions) * width).fill(0.1) }),
  };
}

async function sizeOf(model: Recommender, folder: string): Promise<number> {
  await model.save(folder);
  return bytesIn(folder);
}

function bytesIn(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}
