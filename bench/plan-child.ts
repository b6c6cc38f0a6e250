/** One case of plan.ts in a process of its own: plans an experiment, or runs it and reads the processor after each step. Prints one line of JSON. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { initBackend } from "../src/index";
import { beginCounterfactualPaper, counterfactualGrid } from "../src/papers/counterfactual/counterfactual";
import { planCounterfactualPaper } from "../src/papers/counterfactual/plan";
import { runTasks, type Grid } from "../src/papers/grid";
import { beginPersonaPaper, personaGrid } from "../src/papers/persona/persona";
import { planPersonaPaper } from "../src/papers/persona/plan";
import { meter, type GridPlan } from "../src/papers/plan";
import { experiments, type Told } from "./plan";

async function main(): Promise<Told> {
  const [what, name] = process.argv.slice(2) as ["plan" | "run", keyof typeof experiments];
  const { paper, arms, seeds, kinds } = experiments[name];
  const folder = mkdtempSync(join(tmpdir(), "plan-bench-"));
  let heard: (line: string) => void = () => undefined;
  const settings = { source: "ml-100k", budget: "minute", arms, seeds, results: join(folder, "results"), cache: join(folder, "cache"), backend: await initBackend(), onStep: (line: string) => heard(line) } as const;
  const kindOf = (said: string): string => Object.entries(kinds).find(([, patterns]) => patterns.some((pattern) => pattern.test(said)))?.[0] ?? "other";
  try {
    const [grid, plan] = paper === "persona" ? await persona() : await counterfactual();
    return what === "plan" ? planned(await plan()) : await run(grid);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }

  async function persona(): Promise<[Grid, () => Promise<GridPlan>]> {
    const begun = await beginPersonaPaper(settings);
    return [personaGrid(begun), () => planPersonaPaper(begun)];
  }
  async function counterfactual(): Promise<[Grid, () => Promise<GridPlan>]> {
    const begun = await beginCounterfactualPaper(settings);
    return [counterfactualGrid(begun), () => planCounterfactualPaper(begun)];
  }
  function planned({ kinds: steps }: GridPlan): Told {
    const told: Record<string, { cpuSeconds: number; peakBytes: number }> = {};
    for (const { kind, cpuSeconds, peakBytes } of steps) add(told, kindOf(kind), cpuSeconds, peakBytes);
    return told;
  }
  /** What was used up to a step's line belongs to the step. */
  async function run(grid: Grid): Promise<Told> {
    const told: Record<string, { cpuSeconds: number; peakBytes: number }> = {};
    let read = meter();
    heard = (line) => {
      const { cpuSeconds, peakBytes } = read();
      add(told, kindOf(line), cpuSeconds, peakBytes);
      read = meter();
    };
    await runTasks(grid, undefined);
    return told;
  }
}

function add(told: Record<string, { cpuSeconds: number; peakBytes: number }>, kind: string, cpuSeconds: number, peakBytes: number): void {
  told[kind] = { cpuSeconds: (told[kind]?.cpuSeconds ?? 0) + cpuSeconds, peakBytes: Math.max(told[kind]?.peakBytes ?? 0, peakBytes) };
}

void main().then((told) => console.log(JSON.stringify(told)));
