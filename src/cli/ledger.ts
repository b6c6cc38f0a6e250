/** sessionlab ledger: what was published beside ours, with verdicts; and whether results are as they were written. */
import { join, resolve } from "node:path";
import type { Command } from "commander";
import { writeFileAtomic } from "../core/files";
import { projectRoot } from "../data/store";
import { tableFormats, type TableFormat } from "../display/formats";
import { htmlPage } from "../display/page";
import { resultFaults } from "../papers/ledger/check";
import { ledger as ledgerOf, type Ledger, type LedgerPaper } from "../papers/ledger/ledger";
import { headlineBlock, ledgerBlock, ledgerSectionsOf } from "../papers/ledger/sections";
import { publishedPages, type Page } from "../papers/pages";
import { pageSections, sectionsText } from "../papers/report-sections";
import { publishBlocks } from "./publish";
import type { Outcome, Runner } from "./terminal";
import { oneOf } from "./values";

interface Options {
  readonly paper: string;
  readonly format: string;
  readonly results?: string;
  readonly out?: string;
  readonly publish?: boolean;
  readonly check?: boolean;
}

const papers: readonly LedgerPaper[] = ["all", "persona", "counterfactual"];

/** Adds the verb to the command line. */
export function addLedger(program: Command, runner: Runner): void {
  const command = program
    .command("ledger")
    .description("every published number or claim that ours can be set against, beside ours, with a verdict computed from results; nothing is run")
    .option("--paper <name>", `${papers.join(", ")}: one paper with what it stands on`, "all")
    .option("--format <name>", tableFormats.join(", "), "text")
    .option("--results <folder>", "where result files are; default results/ of the project; not with --publish")
    .option("--out <file>", "write it there instead of showing it")
    .option("--publish", "also write it into docs/ledger.md, its headline into README.md, from results/ of the project")
    .option("--check", "instead of showing it, say whether all results are as they were written and whether README.md and docs/ say what they say: names file and field, ends with 1 if not")
    .addHelpText("after", "\nExamples:\n  $ sessionlab ledger --paper persona\n  $ sessionlab ledger --format html --out reports/ledger.html\n  $ sessionlab ledger --json\n  $ sessionlab ledger --publish\n  $ sessionlab ledger --check");
  runner.action(command, ledger);
}

async function ledger(given: Options): Promise<Outcome> {
  const paper = oneOf("a paper", papers, given.paper);
  const format = oneOf("a format", tableFormats, given.format);
  const results = given.publish === true || given.results === undefined ? join(projectRoot, "results") : resolve(given.results);
  if (given.check === true) return check(results, given.results === undefined ? publishedPages(projectRoot) : []);
  const found = ledgerOf(results, paper);
  if (given.publish === true) publish(paper === "all" ? found : ledgerOf(results));
  const text = rendered(found, format);
  if (given.out === undefined) return { text, json: found };
  writeFileAtomic(resolve(given.out), text);
  return { text: `Written: ${given.out}`, json: found };
}

function publish(whole: Ledger): void {
  publishBlocks({ ledger: ledgerBlock(whole), "ledger-headline": headlineBlock(whole) });
}

/** @param pages what publishes these results */
function check(results: string, pages: readonly Page[]): Outcome {
  const faults = resultFaults(results, pages);
  const good = `All results are as they were written${pages.length === 0 ? "" : ", and the project's pages say what they say"}.`;
  return { text: faults.length === 0 ? good : faults.map(({ file, field, fault }) => `${file} (${field}): ${fault}`).join("\n"), json: { faults }, exitCode: faults.length === 0 ? 0 : 1 };
}

function rendered(found: Ledger, format: TableFormat): string {
  const sections = ledgerSectionsOf(found);
  if (format === "html") return htmlPage("SessionLab: the ledger of the papers", [], pageSections(sections));
  return `${sectionsText(sections, format).trim()}\n`;
}
