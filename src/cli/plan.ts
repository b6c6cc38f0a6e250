/** sessionlab plan: what an experiment will take, before anything starts. */
import { join, resolve } from "node:path";
import type { Command } from "commander";
import { budgets } from "../core/budget";
import { projectRoot } from "../data/store";
import { beginPersonaPaper } from "../papers/persona/persona";
import { planPersonaPaper } from "../papers/persona/plan";
import { planWords } from "../papers/plan";
import { engineOptions, workersOf } from "./engine";
import { personaExperiment, personaOptions, type PersonaOptions } from "./reproduce-persona";
import type { Outcome, Runner, Terminal } from "./terminal";
import { alignColumns, collect, oneOf, parseWhole } from "./values";

interface PlanVerb extends Omit<PersonaOptions, "budget"> {
  readonly paper: string;
  readonly budget: string;
  readonly out: string;
  readonly publish?: boolean;
}

export function addPlan(program: Command, runner: Runner): void {
  const command = program
    .command("plan")
    .description("what is left of a paper's experiment: machine-hours, memory and disk by kind of step, from a short run of each")
    .option("--paper <name>", "persona", "persona")
    .option("--dataset <name>", "a data set of the catalogue", "ml-100k")
    .option("--budget <name>", budgets.join(", "), "minute")
    .option("--seeds <n>", "runs of each model that draws random numbers", parseWhole, 3)
    .option("--set <arm.key=value>", "an option of an arm; may be given more than once", collect)
    .option("--out <folder>", "where reproduce writes: what is there is not planned again", "reports")
    .option("--publish", "the same in results/ of the project")
    .addHelpText("after", "\nExamples:\n  $ sessionlab plan --paper persona --dataset ml-100k --budget minute --seeds 6\n  $ sessionlab plan --paper persona --dataset movies --budget hour --seeds 5 --workers 2 --json");
  runner.action(engineOptions(personaOptions(command)), plan);
}

async function plan(given: PlanVerb, terminal: Terminal): Promise<Outcome> {
  oneOf("a paper", ["persona"] as const, given.paper);
  const folder = given.publish === true ? projectRoot : resolve(given.out);
  const results = join(folder, "results");
  const settings = await personaExperiment({ ...given, budget: oneOf("a budget", budgets, given.budget) }, results, join(given.publish === true ? results : folder, "readings.json"), terminal);
  const made = await planPersonaPaper(await beginPersonaPaper(settings), workersOf(given));
  const { title, cells, notes } = planWords(made);
  return { text: [title, ...alignColumns(cells), ...notes].join("\n"), json: made };
}
