/** sessionlab benchmark: the session recommenders on published benchmark files, a table beside what they should reach. */
import { join, resolve } from "node:path";
import type { Command } from "commander";
import { budgets } from "../core/budget";
import { loadBenchmark } from "../data/datasets";
import { projectRoot } from "../data/store";
import { renderTable } from "../display/formats";
import { countReading, readReadings } from "../evaluation/readings";
import { runBenchmark } from "../papers/benchmark/benchmark";
import { benchmarkOrder, benchmarkTable } from "../papers/benchmark/table";
import { initBackend } from "../tensor/backend";
import { publishBlocks } from "./publish";
import type { Outcome, Runner, Terminal } from "./terminal";
import { collect, oneOf, parseSettings, parseWhole } from "./values";

interface Options {
  readonly models?: string;
  readonly budget: string;
  readonly seeds: number;
  readonly set?: readonly string[];
  readonly search?: boolean;
  readonly publish?: boolean;
  readonly out: string;
}

export function addBenchmark(program: Command, runner: Runner): void {
  const command = program
    .command("benchmark")
    .description("the session recommenders on Diginetica's benchmark files; runs whose results are there are not run again")
    .option("--models <a,b>", `some of ${benchmarkOrder.join(", ")}`)
    .option("--budget <name>", budgets.join(", "), "paper")
    .option("--seeds <n>", "runs of each model that draws random numbers", parseWhole, 1)
    .option("--set <model.key=value>", "an option of a model, instead of a search; may be given more than once", collect)
    .option("--search", "search neural models' settings first, on the most recent eighth of training")
    .option("--out <folder>", "where result files are read and written", "reports/benchmark")
    .option("--publish", "use results/ of the project, and write the table into the page that has its place")
    .addHelpText("after", "\nExamples:\n  $ sessionlab benchmark --models vs-knn,stan\n  $ sessionlab benchmark --models niser --seeds 3 --search --publish");
  runner.action(command, benchmark);
}

async function benchmark(given: Options, { signal, progress, say }: Terminal): Promise<Outcome> {
  const name = "diginetica";
  const ids = given.models === undefined ? benchmarkOrder : given.models.split(",").map((one) => oneOf("a model", benchmarkOrder, one.trim()));
  const budget = oneOf("a budget", budgets, given.budget);
  const results = given.publish === true ? join(projectRoot, "results") : resolve(given.out);
  const readingsFile = join(results, "readings.json");
  const backend = await initBackend();
  const rows = await runBenchmark({
    ...{ name, models: ids, budget, seeds: given.seeds, search: given.search === true, set: parseSettings(given.set ?? []), results, backend, signal, progress, onStep: say },
    load: (validShare) => loadBenchmark("diginetica-benchmark", { validShare, confirm: false }, { signal, progress }),
    onReading: (experiment) => countReading(readingsFile, experiment, "test"),
  });
  const experiment = `benchmark-${name}`;
  const table = benchmarkTable(experiment, rows, readReadings(readingsFile));
  if (given.publish === true) publishBlocks({ [experiment]: renderTable(table, "markdown") });
  return { text: renderTable(table, "text"), json: { experiment, budget, rows } };
}
