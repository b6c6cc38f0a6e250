/** sessionlab diffusion: the guided diffusion model as a recommender by itself, and what its slates are like. */
import { join, resolve } from "node:path";
import type { Command } from "commander";
import { budgets } from "../core/budget";
import { loadBenchmark, loadDataset } from "../data/datasets";
import { sessionsFrom } from "../data/sessions";
import { splitByTime } from "../data/split";
import { projectRoot } from "../data/store";
import type { Split } from "../data/types";
import { renderTable, type TableFormat } from "../display/formats";
import { countReading, readReadings } from "../evaluation/readings";
import { diffusionDatasets, diffusionPlans, runDiffusion, type DiffusionDataset } from "../papers/diffusion/diffusion";
import { diffusionTables } from "../papers/diffusion/tables";
import { initBackend } from "../tensor/backend";
import { publishBlocks } from "./publish";
import type { Outcome, Runner, Terminal } from "./terminal";
import { oneOf, parsePositive } from "./values";

interface Options {
  readonly dataset: string;
  readonly budget: string;
  readonly seeds: number;
  readonly out: string;
  readonly publish?: boolean;
}

/** Adds the verb to the command line. */
export function addDiffusion(program: Command, runner: Runner): void {
  const command = program
    .command("diffusion")
    .description("the guided diffusion model as a recommender, beside POP and the recommender below it; what is there is not run again")
    .option("--dataset <name>", diffusionDatasets.join(", "), "ml-100k")
    .option("--budget <name>", budgets.join(", "), "minute")
    .option("--seeds <n>", "runs 1..n", parsePositive, 1)
    .option("--out <folder>", "where result files are read and written", "reports/diffusion")
    .option("--publish", "use results/ of the project, and write the tables into the page that has their places")
    .addHelpText("after", "\nExamples:\n  $ sessionlab diffusion --dataset ml-100k --budget minute --seeds 3\n  $ sessionlab diffusion --dataset diginetica --budget hour --seeds 3 --publish");
  runner.action(command, diffusion);
}

async function diffusion(given: Options, { signal, progress, say }: Terminal): Promise<Outcome> {
  const dataset = oneOf("a data set", diffusionDatasets, given.dataset);
  const budget = oneOf("a budget", budgets, given.budget);
  const backend = await initBackend();
  const results = given.publish === true ? join(projectRoot, "results") : resolve(given.out);
  const readings = join(results, "readings.json");
  const split = await splitOf(dataset, { signal, progress });
  const shop = { backend, budget, signal, progress };
  const result = await runDiffusion({ ...{ dataset, plan: diffusionPlans[dataset], split, seeds: given.seeds, results, shop, onStep: say }, onReading: (experiment) => countReading(readings, experiment, "test") });
  const count = readReadings(readings)[result.experiment]?.test ?? 0;
  const tables = (format: TableFormat): readonly string[] => {
    const [recommender, slates] = diffusionTables(result, count);
    return [renderTable(recommender, format), renderTable(slates, format)];
  };
  if (given.publish === true) {
    const [recommender, slates] = tables("markdown") as readonly [string, string];
    publishBlocks({ [result.experiment]: recommender, [`${result.experiment}-slates`]: slates });
  }
  return { text: tables("text").join("\n"), json: result };
}

/** Global time cut; Diginetica's published files have theirs. */
async function splitOf(dataset: DiffusionDataset, context: Pick<Terminal, "signal" | "progress">): Promise<Split> {
  if (dataset === "diginetica") return loadBenchmark("diginetica-benchmark", {}, context);
  return splitByTime(sessionsFrom(await loadDataset(dataset, context)));
}
