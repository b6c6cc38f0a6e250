/** The steps of the counterfactual experiment that neither `results` nor the step cache holds, in the order in which they are done. */
import { hashOf, type Hashable } from "../../core/hash";
import { sessionCount } from "../../data/types";
import { fromCache } from "../metering";
import type { Task } from "../grid";
import { evaluateStep } from "../steps";
import { counterfactualPaperDefaults, search, sizesOf, type CounterfactualArm, type Setting } from "./arms";
import { CounterfactualBench } from "./bench";
import { counterfactualGrid, decider, knownSetting, type CounterfactualUnderway } from "./counterfactual";

/** A step that is left. */
export interface Left extends Fit {
  readonly does: "base" | "slates" | "responses" | "diffusion" | "add" | "go on" | "measure";
  /** Whose cases are measured. */
  readonly role?: "valid" | "test";
  /** Ids of the tasks that would do it. */
  readonly tasks: string[];
}

/** A training that goes on: with which setting and seed, and for what share of the steps. */
interface Fit {
  readonly arm: CounterfactualArm;
  readonly setting: Setting;
  readonly seed: number;
  readonly share: number;
  /** Whether the setting is the one that will be used, and not one that stands for a choice. */
  readonly known: boolean;
  readonly tested: boolean;
}

/** What is left. Nothing is computed. */
export async function leftOf(run: CounterfactualUnderway): Promise<readonly Left[]> {
  const { settings, shop, world: { split } } = run;
  const { base: baseId = counterfactualPaperDefaults.base, budget, sizes } = settings;
  const bench = new CounterfactualBench(run.world, shop, { ...sizesOf[budget], ...sizes }, baseId, (_, result) => result);
  const measured = { maker: bench.maker, split };
  const grid = counterfactualGrid(run);
  /** Steps by what they are, with what they are left of; undefined: in the cache. */
  const known = new Map<string, Left | undefined>();

  /** Whether a step is in the cache. @param ready whether all are that it needs */
  async function has(does: Left["does"], fit: Fit, task: string, what: object, ready: boolean, work: () => Promise<unknown>, role?: Left["role"]): Promise<boolean> {
    const key = hashOf({ does, seed: fit.seed, role: role ?? "none", ...what } as unknown as Hashable);
    if (known.has(key)) known.get(key)?.tasks.push(task);
    else known.set(key, ready && fit.known && (await fromCache(work)) !== undefined ? undefined : { ...fit, does, role, tasks: [task] });
    return known.get(key) === undefined;
  }

  for (const task of grid.tasks.filter((one) => one.of === undefined && !grid.isDone(one))) {
    if (task.kind === "search") {
      const plain: Fit = { arm: run.arms[0]!, setting: {}, seed: task.seed, share: 1, known: true, tested: false };
      const base = await has("base", plain, task.id, {}, true, () => bench.base(task.seed));
      await has("measure", plain, task.id, { of: "the base" }, base, async () => evaluateStep({ ...measured, trained: await bench.base(task.seed), cases: split.valid }, shop), "valid");
    }
    for (const fit of fitsOf(task, run)) {
      const { arm, setting, seed, share } = fit;
      const { making } = arm;
      const { train: _, ...own } = setting;
      const base = await has("base", { ...fit, known: true }, task.id, {}, true, () => bench.base(seed));
      const amount = making.by === "none" ? 0 : Math.round((setting.dose ?? 0) * sessionCount(split.train));
      let ready = base;
      if (amount > 0 && making.by === "slates") {
        const log = await has("slates", { ...fit, known: true }, task.id, {}, base, () => bench.log(seed));
        ready = await has("responses", { ...fit, known: true }, task.id, {}, log, () => bench.response(seed));
        if (making.proposer === "diffusion") ready = (await has("diffusion", fit, task.id, { diffusion: setting.diffusion ?? {} }, base, () => bench.diffusion(seed, setting))) && ready;
      }
      if (amount > 0) ready = await has("add", fit, task.id, { making, own }, ready, () => bench.added(arm, setting, seed));
      const what = { making, setting, share };
      const trained = await has("go on", fit, task.id, what, ready, () => bench.continued(arm, setting, seed, share));
      for (const role of fit.tested ? (["valid", "test"] as const) : (["valid"] as const)) {
        await has("measure", fit, task.id, what, trained, async () => evaluateStep({ ...measured, trained: (await bench.continued(arm, setting, seed, share)).trained, cases: split[role] }, shop), role);
      }
    }
  }
  return [...known.values()].filter((one): one is Left => one !== undefined);
}

/** What a task trains: an arm once, or the settings of its search, and the best of them again. Where a search has to choose yet, its first settings stand for the choice. */
function fitsOf({ kind, arm: id, seed }: Task, { arms, settings }: CounterfactualUnderway): readonly Fit[] {
  const arm = arms.find((one) => one.id === id) ?? decider(arms.find((one) => decider(one).id === id)!);
  if (kind === "search") return [...arm.settings.map((setting) => ({ setting, share: search.share, known: true })), ...arm.settings.slice(0, search.finalists).map((setting) => ({ setting, share: 1, known: false }))].map((one) => ({ ...one, arm, seed, tested: false }));
  const setting = knownSetting(arm, settings);
  return [{ arm, setting: setting ?? { ...decider(arm).settings[0]!, ...arm.settings[0]! }, known: setting !== undefined, seed, share: 1, tested: true }];
}
