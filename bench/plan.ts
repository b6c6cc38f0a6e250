/**
 * Does a plan tell the truth? Each experiment is planned in one process and run in another, step by step, with a cache of its own:
 * processor time and memory of each kind of step, predicted over real; three kinds of each within 25 %. Of the processor, because a
 * clock counts what else the machine does.
 */
import { join } from "node:path";
import type { Check } from "./checks";
import { script } from "./child";
import { SessionLabError } from "../src/core/errors";

/** What is planned and run on MovieLens-100K at the smallest budget; what a plan and the lines of a run call a kind of step. */
export const experiments = {
  persona: { paper: "persona", arms: ["vs-knn", "sasrec", "persona"], seeds: 1, kinds: { personas: [/^personas/], train: [/^train/, /: train/], measure: [/^measure/, /: measure/] } },
  counterfactual: { paper: "counterfactual", arms: ["none", "recommender", "diffusion"], seeds: 2, kinds: { "all steps": [/./] } },
} as const satisfies Readonly<Record<string, { readonly paper: string; readonly arms: readonly string[]; readonly seeds: number; readonly kinds: Readonly<Record<string, readonly RegExp[]>> }>>;

/** By kind of step. */
export type Told = Readonly<Record<string, { readonly cpuSeconds: number; readonly peakBytes: number }>>;

/** Below so many seconds of the processor a kind is shown and not judged: it is lost in what the process does besides. */
const least = 2;

export async function planChecks(tell: (line: string) => void): Promise<Check[]> {
  const checks: Check[] = [];
  for (const paper of Object.keys(experiments)) {
    const [plan, real] = [await run("plan", paper), await run("run", paper)];
    for (const kind of Object.keys(plan)) {
      const [told, found] = [plan[kind]!, real[kind]];
      if (found === undefined) throw new SessionLabError(`Expected a step of the kind "${kind}", found none of ${Object.keys(real).join(", ")}`);
      tell(`${paper}, ${kind}: predicted ${told.cpuSeconds.toFixed(1)} s and ${(told.peakBytes / 1e6).toFixed(0)} MB, found ${found.cpuSeconds.toFixed(1)} s and ${(found.peakBytes / 1e6).toFixed(0)} MB`);
      if (found.cpuSeconds < least) continue;
      for (const [what, predicted, there] of [["time of the processor", told.cpuSeconds, found.cpuSeconds], ["memory", told.peakBytes, found.peakBytes]] as const) {
        const error = Math.abs(predicted / there - 1);
        checks.push({ case: `${paper}, ${kind}, ${what}: error of the prediction`, ours: 100 * error, limit: 25, unit: "%", holds: error <= 0.25 });
      }
    }
  }
  return checks;
}

async function run(what: "plan" | "run", paper: string): Promise<Told> {
  return (await script(join(__dirname, "plan-child.ts"), [what, paper])) as Told;
}
