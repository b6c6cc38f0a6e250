/** sessionlab report: all that results/ holds as one page, for whoever runs nothing. */
import { relative, resolve, join } from "node:path";
import type { Command } from "commander";
import { writeFileAtomic } from "../core/files";
import { projectRoot } from "../data/store";
import { readResults } from "../papers/results";
import { wholeReport } from "../papers/results-page";
import { experimentsOf, keepSummary, summarise } from "../papers/summaries";
import type { Outcome, Runner, Terminal } from "./terminal";

interface Options {
  readonly out: string;
  readonly results?: string;
  readonly publish?: boolean;
}

export function addReport(program: Command, runner: Runner): void {
  const command = program
    .command("report")
    .description("one page, in one file, of everything that was measured; from results/ alone, nothing is trained")
    .option("--out <file>", "the page", "reports/report.html")
    .option("--results <folder>", "where the result files are; default results/ of the project")
    .option("--publish", "first make the summaries of the papers' experiments (results/summaries) anew, from result files and the data that are here: intervals and tests come from them; nothing is trained")
    .addHelpText("after", "\nExamples:\n  $ sessionlab report\n  $ sessionlab report --out shown.html\n  $ sessionlab report --publish");
  runner.action(command, report);
}

async function report({ out, results, publish }: Options, terminal: Terminal): Promise<Outcome> {
  const folder = resolve(results ?? join(projectRoot, "results"));
  if (publish === true) await summariseAll(folder, terminal);
  const { html, runs, withoutIntervals } = wholeReport(folder);
  const file = resolve(out);
  writeFileAtomic(file, html);
  const shown = relative(process.cwd(), file);
  const missing = withoutIntervals.length === 0 ? "" : `\nMeans alone, without intervals and tests: ${withoutIntervals.join(", ")}.`;
  return { text: `${runs} runs on one page: ${shown.startsWith("..") ? file : shown}${missing}`, json: { file, runs, withoutIntervals } };
}

/** Keeps the summary of each experiment whose data are here. */
async function summariseAll(folder: string, { say, signal, progress }: Terminal): Promise<void> {
  for (const runs of experimentsOf(readResults(folder))) {
    const found = await summarise(folder, runs, { signal, progress });
    if (typeof found === "string") say(`${runs.experiment}: no summary made, because ${found}`);
    else keepSummary(folder, found);
  }
}
