/** sessionlab plan: what an experiment will take, before anything starts. */
import { join, resolve } from "node:path";
import type { Command } from "commander";
import { budgets } from "../core/budget";
import { projectRoot } from "../data/store";
import { beginCounterfactualPaper } from "../papers/counterfactual/counterfactual";
import { planCounterfactualPaper } from "../papers/counterfactual/plan";
import { beginPersonaPaper } from "../papers/persona/persona";
import { planPersonaPaper } from "../papers/persona/plan";
import { planWords, type GridPlan } from "../papers/plan";
import { partsHelp } from "./engine";
import { counterfactualExperiment, type CounterfactualOptions } from "./reproduce-counterfactual";
import { personaExperiment, personaOptions, type PersonaOptions } from "./reproduce-persona";
import type { Outcome, Runner, Terminal } from "./terminal";
import { alignColumns, collect, oneOf, parsePositive, parseWhole } from "./values";

interface PlanVerb extends Omit<PersonaOptions & CounterfactualOptions, "budget"> {
  readonly paper: string;
  readonly budget: string;
  readonly out: string;
  readonly publish?: boolean;
}

/** Papers whose experiments have a grid. */
const papers = ["persona", "counterfactual"] as const;

export function addPlan(program: Command, runner: Runner): void {
  const command = program
    .command("plan")
    .description("what is left of a paper's experiment: machine-hours, memory and disk by kind of step, from a short run of each")
    .option("--paper <name>", papers.join(" or "), "persona")
    .option("--dataset <name>", "a data set of the catalogue", "ml-100k")
    .option("--budget <name>", budgets.join(", "), "minute")
    .option("--seeds <n>", "runs of each model that draws random numbers", parseWhole, 3)
    .option("--set <arm.key=value>", "an option of an arm; may be given more than once", collect)
    .option("--base <name>", "of the counterfactual paper, the recommender: niser or sr-gnn", "niser")
    .option("--full", "of the counterfactual paper, all training sessions, whatever the budget")
    .option("--out <folder>", "where reproduce writes: what is there is not planned again", "reports")
    .option("--publish", "the same in results/ of the project")
    .option("--workers <n>", "processes that it is planned for, as of reproduce --engine local; one if not given", parsePositive)
    .option("--parts <n>", partsHelp, parsePositive)
    .addHelpText("after", "\nExamples:\n  $ sessionlab plan --paper persona --dataset ml-100k --budget minute --seeds 6\n  $ sessionlab plan --paper persona --dataset movies --budget hour --seeds 5 --workers 2 --json\n  $ sessionlab plan --paper counterfactual --dataset diginetica --budget hour --seeds 5");
  runner.action(personaOptions(command), plan);
}

async function plan(given: PlanVerb, terminal: Terminal): Promise<Outcome> {
  const paper = oneOf("a paper", papers, given.paper);
  const folder = given.publish === true ? projectRoot : resolve(given.out);
  const [results, readings] = [join(folder, "results"), join(given.publish === true ? join(folder, "results") : folder, "readings.json")];
  const made = await planOf(paper, { ...given, budget: oneOf("a budget", budgets, given.budget) }, [results, readings, terminal]);
  const { title, cells, notes } = planWords(made);
  return { text: [title, ...alignColumns(cells), ...notes].join("\n"), json: made };
}

async function planOf(paper: (typeof papers)[number], given: PersonaOptions & CounterfactualOptions, where: readonly [string, string, Terminal]): Promise<GridPlan> {
  if (paper === "persona") return planPersonaPaper(await beginPersonaPaper(await personaExperiment(given, ...where)), given.workers);
  return planCounterfactualPaper(await beginCounterfactualPaper(await counterfactualExperiment(given, ...where)), given.workers);
}
