/** One case of plan.ts in a process of its own: plans an experiment, or runs it and measures every step. Prints one line of JSON. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { initBackend, type StepIdentity } from "../src/index";
import { beginCounterfactualPaper, counterfactualGrid } from "../src/papers/counterfactual/counterfactual";
import { counterfactualKind, planCounterfactualPaper } from "../src/papers/counterfactual/plan";
import { runTasks, type Grid } from "../src/papers/grid";
import { meteredSteps, together } from "../src/papers/metering";
import { beginPersonaPaper, personaGrid } from "../src/papers/persona/persona";
import { personaKind, planPersonaPaper } from "../src/papers/persona/plan";
import type { GridPlan, KindPlan } from "../src/papers/plan";
import { experiments, type ExperimentName } from "./plan";

async function main(): Promise<readonly KindPlan[]> {
  const [what, name] = process.argv.slice(2) as ["plan" | "run", ExperimentName];
  const folder = mkdtempSync(join(tmpdir(), "plan-bench-"));
  const kept = { results: join(folder, "results"), cache: join(folder, "cache"), backend: await initBackend() };
  const experiment = experiments[name];
  try {
    if (experiment.paper === "persona") {
      const run = await beginPersonaPaper({ ...experiment.settings, ...kept });
      return await (what === "plan" ? planned(planPersonaPaper(run)) : done(personaGrid(run), personaKind));
    }
    const run = await beginCounterfactualPaper({ ...experiment.settings, ...kept });
    return await (what === "plan" ? planned(planCounterfactualPaper(run)) : done(counterfactualGrid(run), counterfactualKind));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

async function planned(plan: Promise<GridPlan>): Promise<readonly KindPlan[]> {
  return (await plan).kinds;
}

/** The steps of a run by kind, as a plan has them. */
async function done(grid: Grid, kindOf: (step: StepIdentity) => string | undefined): Promise<readonly KindPlan[]> {
  const { steps } = await meteredSteps(() => runTasks(grid, undefined));
  const kinds = new Map<string, typeof steps>();
  for (const one of steps) {
    const kind = kindOf(one.step) ?? one.step.name;
    kinds.set(kind, [...(kinds.get(kind) ?? []), one]);
  }
  return [...kinds].map(([kind, own]) => ({ kind, steps: own.length, ...together(own) }));
}

void main().then((kinds) => console.log(JSON.stringify(kinds)));
