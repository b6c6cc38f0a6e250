/**
 * Does a plan tell the truth? Each experiment is planned in one process and run in another, which measures every step that it
 * computes: as many steps of each kind, and their time of the processor and memory within 25 %. The clock is shown and not judged: it
 * counts what else the machine does. No training stops early here, because a plan says what is taken at most.
 */
import { join } from "node:path";
import { SessionLabError } from "../src/core/errors";
import { sizesOf } from "../src/papers/counterfactual/arms";
import type { CounterfactualExperiment } from "../src/papers/counterfactual/counterfactual";
import type { PersonaExperiment } from "../src/papers/persona/persona";
import type { KindPlan } from "../src/papers/plan";
import type { Check } from "./checks";
import { script } from "./child";

type Given<S> = Omit<S, "results" | "cache" | "backend">;
type Experiment = { readonly paper: "persona"; readonly settings: Given<PersonaExperiment> } | { readonly paper: "counterfactual"; readonly settings: Given<CounterfactualExperiment> };

const patient = { patience: 1000 };
const counterfactual = (source: "ml-100k" | "diginetica", budget: "minute" | "hour", seeds: number): Experiment => {
  const { base, diffusion } = sizesOf[budget];
  return { paper: "counterfactual", settings: { source, budget, seeds, arms: ["none", "recommender", "diffusion"], set: { none: {}, recommender: {}, diffusion: {} }, sizes: { base: { ...base, ...patient }, diffusion: { ...diffusion, ...patient } } } };
};

/** What is planned and run, by name. */
export const experiments = {
  persona: { paper: "persona", settings: { source: "ml-100k", budget: "minute", seeds: 2, arms: ["vs-knn", "sasrec", "persona"], set: { sasrec: patient, persona: patient } } },
  counterfactual: counterfactual("ml-100k", "minute", 2),
  diginetica: counterfactual("diginetica", "hour", 1),
} as const satisfies Readonly<Record<string, Experiment>>;

/** One of them. */
export type ExperimentName = keyof typeof experiments;

/** Those that are run if none is named. */
const usual: readonly ExperimentName[] = ["persona", "counterfactual"];

/** Below so many seconds of the processor a kind is shown and not judged: it is lost in what the process does besides. */
const least = 2;

/** @param only one experiment */
export async function planChecks(tell: (line: string) => void, only?: string): Promise<Check[]> {
  const names = only === undefined ? usual : (Object.keys(experiments) as ExperimentName[]).filter((name) => name === only);
  const checks: Check[] = [];
  for (const name of names) {
    const [plan, real] = [await run("plan", name), await run("run", name)];
    tell(`${name}: planned / found`);
    for (const kind of new Set([...plan, ...real].map((one) => one.kind))) {
      const [told, found] = [plan, real].map((kinds) => kinds.find((one) => one.kind === kind)) as [KindPlan | undefined, KindPlan | undefined];
      if (told === undefined || found === undefined) throw new SessionLabError(`Expected steps of the kind "${kind}" in the plan and in the run, found ${told?.steps ?? 0} and ${found?.steps ?? 0}`);
      const beside = (of: (one: KindPlan) => number, digits: number): string => `${of(told).toFixed(digits)} / ${of(found).toFixed(digits)} (${(of(told) / of(found)).toFixed(2)})`;
      tell(`  ${kind}: ${told.steps} / ${found.steps} steps, processor ${beside((one) => one.cpuSeconds, 1)} s, memory ${beside((one) => one.peakBytes / 1e6, 0)} MB, disk ${beside((one) => one.diskBytes / 1e6, 2)} MB, clock ${beside((one) => one.seconds, 1)} s`);
      checks.push({ case: `${name}, ${kind}, steps that were not planned`, ours: Math.abs(found.steps - told.steps), limit: 0, unit: "steps", holds: found.steps === told.steps });
      if (found.cpuSeconds < least) continue;
      for (const [what, predicted, there] of [["time of the processor", told.cpuSeconds, found.cpuSeconds], ["memory", told.peakBytes, found.peakBytes]] as const) {
        const error = Math.abs(predicted / there - 1);
        checks.push({ case: `${name}, ${kind}, ${what}: error of the prediction`, ours: 100 * error, limit: 25, unit: "%", holds: error <= 0.25 });
      }
    }
  }
  return checks;
}

async function run(what: "plan" | "run", name: ExperimentName): Promise<readonly KindPlan[]> {
  return (await script(join(__dirname, "plan-child.ts"), [what, name])) as readonly KindPlan[];
}
