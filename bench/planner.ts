/**
 * Does the planner tell the truth? At three sizes a process plans SASRec's training and another runs it: the predicted peak
 * of memory and the predicted time over the real ones, each within 20 %.
 */
import { join } from "node:path";
import type { Check } from "./checks";
import { script } from "./child";

/** Items, sessions of 2 to 10 items, dimensions. */
export const sizes = { "5,000 items": [5_000, 12_000], "40,000 items": [40_000, 8_000], "200,000 items": [200_000, 3_000] } as const;

/** What a child prints. */
export interface Told {
  readonly peakBytes: number;
  readonly seconds: number;
}

export async function plannerChecks(tell: (line: string) => void): Promise<Check[]> {
  const checks: Check[] = [];
  for (const size of Object.keys(sizes)) {
    const [plan, fit] = [await run("plan", size), await run("fit", size)];
    for (const [what, predicted, real, unit] of [["memory", plan.peakBytes / 1e6, fit.peakBytes / 1e6, "MB"], ["time", plan.seconds, fit.seconds, "s"]] as const) {
      tell(`${size}, ${what}: predicted ${predicted.toPrecision(3)} ${unit}, found ${real.toPrecision(3)}`);
      const error = Math.abs(predicted / real - 1);
      checks.push({ case: `${what} of a training, ${size}: error of the prediction`, ours: 100 * error, limit: 20, unit: "%", holds: error <= 0.2 });
    }
  }
  return checks;
}

async function run(what: "plan" | "fit", size: string): Promise<Told> {
  return (await script(join(__dirname, "planner-child.ts"), [what, size])) as Told;
}
