/**
 * What is left of the persona experiment. A short run of the real work stands for the rest: some steps of an arm's training
 * (`plan` of its model), two epochs of HDGI, and some validation cases in an arm's forms. Nothing of it is kept, and no test case
 * is scored. Models without epochs are fitted as they are.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { Rng } from "../../core/rng";
import { sessionCount, type Cases, type Split } from "../../data/types";
import { NeuralRecommender, type NeuralOptions } from "../../models/neural";
import type { PersonaSource } from "../../models/persona-source";
import type { Recommender } from "../../models/recommender";
import { sampleCases } from "../../models/validation";
import { personaGraphOf } from "../../personas/from-graph";
import { Hdgi } from "../../personas/hdgi";
import { bytesIn, extrapolated, gridPlan, measured, savedBytes, times, untrained, type GridPlan, type Measured, type StepPlan } from "../plan";
import { optionsOfArm, usualCandidates, type Arm, type Setting } from "./arms";
import { formsStep } from "./forms";
import { experimentName, personaGrid, type Underway } from "./persona";
import { besideOf, isSearched, knownSetting, makerFor, searchEpochs } from "./search";
import { learningOptions, type LearningOptions } from "./sources";

/** Validation cases that stand for all cases. */
const sampled = 200;
const warming = 50;

/** Plans what `results` does not hold yet. @param workers processes that it is planned for @throws what fits throw; ConfigError where a training will not fit in memory */
export async function planPersonaPaper(run: Underway, workers = 1): Promise<GridPlan> {
  const { settings, arms } = run;
  const name = experimentName(settings);
  const grid = personaGrid(run);
  const left = grid.tasks.filter((task) => !grid.isDone(task));
  const folder = mkdtempSync(join(tmpdir(), "sessionlab-plan-"));
  const steps: StepPlan[] = [];
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
  return gridPlan(`persona, ${name}`, grid, settings.backend, workers, steps);
}

/** An arm's training, search and measurement. */
async function ofArm(arm: Arm, setting: Setting, learning: Required<LearningOptions>, run: Underway, folder: string): Promise<Readonly<Record<"training" | "search" | "measure", Measured>>> {
  const { world: { split }, shop } = run;
  const personas = arm.personas && { source: standIn(run, Number(learning.hdgi.dimension ?? 64)), key: "none" };
  const { context } = besideOf(arm, run, personas);
  const model = makerFor(arm, personas).make(optionsOfArm(arm, setting, shop.budget));
  try {
    const { training: bare, epochs } = await trained(model, split, context, run);
    const training = { ...bare, diskBytes: await savedBytes(model, join(folder, arm.id)) };
    const settings = arm.settings.length;
    const search = times({ ...training, diskBytes: 0 }, epochs === undefined ? settings : searchEpochs(settings, epochs) / epochs);
    return { training, search, measure: await ofMeasure(arm, model, run, folder) };
  } finally {
    model.dispose();
  }
}

/** A model with weights that score, and what its whole training takes. */
async function trained(model: Recommender, split: Split, context: object, { shop: { signal } }: Underway): Promise<{ readonly training: Measured; readonly epochs?: number }> {
  const rng = new Rng(1).child("plan");
  if (!(model instanceof NeuralRecommender)) return { training: await measured(() => model.fit(split.train, split.valid, { rng, signal })) };
  const own = model as NeuralRecommender<NeuralOptions>;
  const { value: plan, seconds, cpuSeconds } = await measured(() => own.plan(split.train, split.valid, { ...context, rng, signal, checkpoints: true }));
  const training: Measured = { seconds: 60 * plan.minutes, cpuSeconds: 60 * plan.minutes * (cpuSeconds / seconds), peakBytes: plan.peakBytes, diskBytes: 0 };
  await model.fit(split.train, split.valid, { ...context, rng, signal, until: 0 });
  return { training, epochs: plan.epochs };
}

/** Some validation cases in all forms, in place of all cases. */
async function ofMeasure(arm: Arm, model: Recommender, { world: { split }, shop, settings }: Underway, folder: string): Promise<Measured> {
  const readsUsers = arm.personas !== undefined;
  const candidates = settings.candidates ?? usualCandidates;
  const stages = { first: untrained(model, "first"), second: arm.forms.length === 1 ? undefined : untrained(model, "second"), forms: arm.forms, readsUsers, candidates, sizes: [candidates] };
  const parts = readsUsers ? 3 : 2; // validation, test, and test without users' ids
  const over = async (most: number): Promise<Measured & { readonly cases: number }> => {
    const some = sampleCases(split.valid, most, new Rng(1).child("plan"));
    const few: Split = { ...split, valid: some, test: { ...(some as Cases), role: "test" } as Split["test"] };
    const cache = join(folder, `measure ${arm.id} ${most}`);
    const { value: _, ...found } = await measured(() => formsStep(few, stages, { ...shop, cache }));
    return { ...found, diskBytes: bytesIn(cache), cases: parts * some.target.length };
  };
  await over(warming);
  const [some, more] = [await over(sampled), await over(3 * sampled)];
  return extrapolated(some, some.cases, more, more.cases, split.valid.target.length + (parts - 1) * split.test.target.length);
}

/** HDGI on the graph: what an epoch takes, times its epochs. */
async function ofPersonas({ world, shop: { signal } }: Underway, { hdgi, graph }: Required<LearningOptions>, folder: string): Promise<Measured> {
  const model = new Hdgi(hdgi);
  const fit = (until: number): Promise<Measured> => measured(() => {
    const source = personaGraphOf(world.graph, "user", { shape: world.vectors.shape as [number, number], data: world.vectors.data }, graph);
    return model.fit(source, { rng: new Rng(1).child("plan"), until, signal });
  });
  try {
    await fit(1); // allocates
    const [one, more] = [await fit(1), await fit(4)];
    return { ...extrapolated(one, 1, more, 4, model.options.epochs), diskBytes: await savedBytes(model, join(folder, "personas")) };
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
