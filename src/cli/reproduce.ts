/** sessionlab reproduce: the papers' experiments on the embedded default, as tables, figures and result files. */
import { existsSync, readFileSync } from "node:fs";
import { join, relative, resolve } from "node:path";
import type { Command } from "commander";
import { budgets } from "../core/budget";
import { writeFileAtomic } from "../core/files";
import { projectRoot } from "../data/store";
import { countReading, readReadings, type Readings } from "../evaluation/readings";
import { intervalSvg } from "../display/figure";
import { renderTable } from "../display/formats";
import { protocols, runBase, type BaseReport, type BaseSettings, type Protocol } from "../papers/base";
import { basePlot, findings, mainTable } from "../papers/base-tables";
import { reportText, fillBlock, hasBlock, writeReports } from "../papers/report";
import { writeResult } from "../papers/results";
import type { Outcome, Runner, Terminal } from "./terminal";
import { collect, oneOf, parseSettings, parseWhole } from "./values";

interface ReproduceOptions {
  readonly seeds: number;
  readonly budget: string;
  readonly set?: readonly string[];
  readonly only?: string;
  readonly dataset: string;
  readonly out: string;
  readonly publish?: boolean;
}

export function addReproduce(program: Command, runner: Runner): void {
  const command = program
    .command("reproduce")
    .description("rebuild the tables; what was computed before comes from the cache")
    .option("--seeds <n>", "runs of each model that draws random numbers", parseWhole, 3)
    .option("--budget <name>", budgets.join(", "), "minute")
    .option("--set <model.key=value>", "an option of a model; may be given more than once", collect)
    .option("--only <split>", `one protocol: ${Object.keys(protocols).join(" or ")}`)
    .option("--dataset <name>", "a data set of the catalogue", "ml-100k")
    .option("--out <folder>", "where the reports are written", "reports")
    .option("--publish", "also write the runs into results/, their table into README.md and its picture into docs/ of the project")
    .addHelpText("after", "\nExamples:\n  $ sessionlab reproduce\n  $ sessionlab reproduce --set sasrec.dropout=0.3 --seeds 5 --out reports/dropout\n  $ sessionlab reproduce --only loo --json");
  runner.action(command, reproduce);
}

async function reproduce(given: ReproduceOptions, { signal, progress, say }: Terminal): Promise<Outcome> {
  const out = resolve(given.out);
  const readingsFile = join(given.publish === true ? join(projectRoot, "results") : out, "readings.json");
  const settings: BaseSettings = {
    dataset: given.dataset,
    budget: oneOf("a budget", budgets, given.budget),
    seeds: given.seeds,
    set: parseSettings(given.set ?? []),
    protocols: given.only === undefined ? (Object.keys(protocols) as Protocol[]) : [oneOf("a protocol", Object.keys(protocols) as Protocol[], given.only)],
    signal,
    progress,
    onStep: say,
    onReading: (experiment) => countReading(readingsFile, experiment, "test"),
  };
  const { report, results } = await runBase(settings);
  for (const result of results) writeResult(join(out, "results"), result);
  const readings = readReadings(readingsFile);
  const files = writeReports(out, report, readings);
  if (given.publish === true) {
    for (const result of results) writeResult(join(projectRoot, "results"), result);
    publish(report, readings);
  }
  const shown = relative(process.cwd(), files[0]!);
  return {
    text: `${reportText(report, readings, "text")}\nThe page with figures: ${shown.startsWith("..") ? files[0]! : shown}\n`,
    json: { ...report, files },
  };
}

/** Fills README's blocks, where it has one for a table, and the pictures beside them. */
function publish(report: BaseReport, readings: Readings): void {
  const readme = join(projectRoot, "README.md");
  for (const table of report.tables) {
    const text = existsSync(readme) ? readFileSync(readme, "utf8") : "";
    if (!hasBlock(text, table.experiment)) continue;
    const content = [renderTable(mainTable(report, table, readings), "markdown"), ...findings(report, table).map((line) => `- ${line}`)].join("\n");
    writeFileAtomic(readme, fillBlock(text, table.experiment, content));
    writeFileAtomic(join(projectRoot, "docs", `${table.experiment}.svg`), intervalSvg(basePlot(report, table)));
  }
}
