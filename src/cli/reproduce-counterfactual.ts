/** The counterfactual paper's part of `sessionlab reproduce`: the run, its freezing and its confirmation. */
import type { Budget } from "../core/budget";
import { portable } from "../engine/experiment";
import { countReading } from "../evaluation/readings";
import { writeCaseGroups } from "../papers/case-groups";
import { confirmCounterfactualPaper, freezeCounterfactualPaper, readCounterfactualConfirmation, withSealed } from "../papers/counterfactual/confirm";
import { counterfactualSets } from "../papers/counterfactual/data";
import { beginCounterfactualPaper, counterfactualGrid, type CounterfactualExperiment } from "../papers/counterfactual/counterfactual";
import { counterfactualReport, type CounterfactualReport } from "../papers/counterfactual/report";
import { doTasks, engineBackend, type EngineOptions } from "./engine";
import { datasetOf } from "./reproduce-persona";
import type { Terminal } from "./terminal";
import { oneOf, parseSettings } from "./values";

/** What the verb is given for this paper. */
export interface CounterfactualOptions extends EngineOptions {
  readonly dataset: string;
  readonly budget: Budget;
  readonly seeds: number;
  readonly set?: readonly string[];
  readonly arms?: string;
  readonly base: string;
  readonly full?: boolean;
  readonly margin?: number;
  readonly freeze?: boolean;
  readonly confirm?: boolean;
}

/**
 * The experiment that is asked for.
 * @param results the folder of result files
 * @param readings the file that counts what was read
 */
export async function counterfactualExperiment(given: CounterfactualOptions, results: string, readings: string, { signal, progress, say }: Terminal): Promise<CounterfactualExperiment> {
  return {
    ...{ source: oneOf("a data set of the counterfactual paper", counterfactualSets, datasetOf(given.dataset)), budget: given.budget, seeds: given.seeds, arms: given.arms?.split(",").map((one) => one.trim()) },
    ...{ base: oneOf("a base", ["niser", "sr-gnn"] as const, given.base), full: given.full, margin: given.margin, parts: given.parts, set: parseSettings(given.set ?? []), results, readings },
    ...{ backend: await engineBackend(given), signal, progress, onStep: say },
    onReading: (experiment) => countReading(readings, experiment, "test"),
    onConfirm: (experiment) => countReading(readings, experiment, "confirm"),
  };
}

/** Runs, freezes or confirms the experiment. Folders as for `counterfactualExperiment`. */
export async function reproduceCounterfactual(given: CounterfactualOptions, results: string, readings: string, terminal: Terminal): Promise<CounterfactualReport> {
  const settings = await counterfactualExperiment(given, results, readings, terminal);
  const run = await beginCounterfactualPaper(settings);
  await doTasks(given, { paper: "counterfactual", settings: portable(settings) }, counterfactualGrid(run), settings.backend, terminal);
  if (given.freeze === true) await freezeCounterfactualPaper(settings);
  const confirmation = given.confirm === true ? await confirmCounterfactualPaper(settings) : readCounterfactualConfirmation(settings);
  const report = counterfactualReport(run.world, settings);
  writeCaseGroups(results, report.experiment, run.world.split, confirmation !== undefined, report.quantile);
  return withSealed(report, confirmation);
}
