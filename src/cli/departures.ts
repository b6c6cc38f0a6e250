/** sessionlab departures: what is done otherwise than in what is rebuilt, and what the papers leave open. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { projectRoot } from "../data/store";
import { tableFormats } from "../display/formats";
import { htmlPage } from "../display/page";
import { departureSections, departuresRegister } from "../papers/departures";
import { placeboRows } from "../papers/placebos";
import { pageSections, sectionsText } from "../papers/report-sections";
import type { Runner } from "./terminal";
import { oneOf } from "./values";

const papers = ["persona", "counterfactual", "all"] as const;
export function addDepartures(program: Command, runner: Runner): void {
  const command = program
    .command("departures")
    .description("what the code does otherwise than the papers and models that it rebuilds, what the papers leave open and what was tried of it, and the placebos")
    .option("--paper <name>", papers.join(", "), "all")
    .option("--format <name>", `${tableFormats.join(", ")}: html is a page`, "text")
    .addHelpText("after", "\nExamples:\n  $ sessionlab departures --paper persona\n  $ sessionlab departures --format markdown > departures.md\n  $ sessionlab departures --format html > departures.html\n  $ sessionlab departures --json");
  runner.action(command, async ({ paper, format }: { readonly paper: string; readonly format: string }) => {
    const chosen = oneOf("a paper", papers, paper);
    const register = departuresRegister(chosen);
    const shape = oneOf("a format", tableFormats, format);
    const folder = join(projectRoot, "results");
    const results = existsSync(folder) ? folder : undefined;
    const sections = departureSections(register, chosen, results);
    const text = shape === "html" ? htmlPage("SessionLab: departures, open choices and placebos", [], pageSections(sections)) : `${sectionsText(sections, shape).trim()}\n`;
    return { text, json: { ...register, placebos: results === undefined ? [] : placeboRows(results, chosen) } };
  });
}
