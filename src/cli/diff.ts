/** sessionlab diff: in what two results differ, and how much each difference matters as far as results know. */
import { join, resolve } from "node:path";
import type { Command } from "commander";
import { projectRoot } from "../data/store";
import { renderTable, tableFormats } from "../display/formats";
import { diffResults, diffTable, findResult } from "../papers/diff";
import type { Runner } from "./terminal";
import { oneOf } from "./values";

/** Adds the verb to the command line. */
export function addDiff(program: Command, runner: Runner): void {
  const command = program
    .command("diff")
    .description("options, data, code and environment that differ between two results, those first that matter most")
    .argument("<a>", "a result: its name (of a file in results/, without .json), its id as tables print it, or the path of its file")
    .argument("<b>", "another one")
    .option("--results <folder>", "where names are looked up, and where pairs of runs tell how much a difference matters; default results/ of the project")
    .option("--format <name>", tableFormats.join(", "), "text")
    .addHelpText("after", "\nExamples:\n  $ sessionlab diff base-ml-100k-time-sasrec-1 base-ml-100k-loo-sasrec-1\n  $ sessionlab diff results/persona-ml-100k-minute-persona-1.json results/persona-ml-100k-minute-persona-shuffled-1.json --json");
  runner.action(command, async ({ results, format }: { readonly results?: string; readonly format: string }) => {
    const folder = results === undefined ? join(projectRoot, "results") : resolve(results);
    const [a, b] = command.args.map((name) => findResult(name, folder));
    const found = diffResults(a!, b!, folder);
    return { text: renderTable(diffTable(found), oneOf("a format", tableFormats, format)), json: found };
  });
}
