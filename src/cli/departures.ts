/** sessionlab departures: what is done otherwise than in what is rebuilt, and what the papers leave open. */
import type { Command } from "commander";
import { renderTable } from "../display/formats";
import { departuresRegister, departureTables } from "../papers/departures";
import type { Runner } from "./terminal";
import { oneOf } from "./values";

const papers = ["persona", "counterfactual", "all"] as const;
const formats = ["text", "markdown", "latex", "html"] as const;

export function addDepartures(program: Command, runner: Runner): void {
  const command = program
    .command("departures")
    .description("what the code does otherwise than the papers and models that it rebuilds, and what the papers leave open")
    .option("--paper <name>", papers.join(", "), "all")
    .option("--format <name>", formats.join(", "), "text")
    .addHelpText("after", "\nExamples:\n  $ sessionlab departures --paper persona\n  $ sessionlab departures --format markdown > departures.md\n  $ sessionlab departures --json");
  runner.action(command, async ({ paper, format }: { readonly paper: string; readonly format: string }) => {
    const register = departuresRegister(oneOf("a paper", papers, paper));
    const shape = oneOf("a format", formats, format);
    const { open, departures } = departureTables(register);
    return { text: [...open.map((table) => renderTable(table, shape)), renderTable(departures, shape)].join("\n"), json: register };
  });
}
