/** The counterfactual paper's simulated worlds in `sessionlab reproduce`: the run, its freezing and its confirmation. */
import type { Budget } from "../core/budget";
import { portable } from "../engine/experiment";
import { countReading } from "../evaluation/readings";
import { beginOnline, onlineGrid, type OnlineExperiment } from "../papers/online/online";
import type { OnlineSetting } from "../papers/online/arms";
import { confirmOnline, freezeOnline, readOnlineConfirmation, withSealed } from "../papers/online/confirm";
import { onlineReport, type OnlineReport } from "../papers/online/report";
import type { WorldKnobs } from "../response/world";
import { doTasks, engineBackend, type EngineOptions } from "./engine";
import type { Terminal } from "./terminal";
import { parsePairs, parseSettings } from "./values";

/** The name of the data set that is none. */
export const simulator = "simulator";

/** What the verb is given for it. */
export interface OnlineCommand extends EngineOptions {
  readonly budget: Budget;
  readonly seeds: number;
  readonly set?: readonly string[];
  readonly arms?: string;
  readonly margin?: number;
  /** Knobs of the worlds. */
  readonly world?: readonly string[];
  /** Of the items' training clicks: up to it an item is less popular. */
  readonly quantile?: number;
  readonly freeze?: boolean;
  readonly confirm?: boolean;
}

/**
 * Runs, freezes or confirms the experiment.
 * @param results the folder of result files
 * @param readings the file that counts what was read
 */
export async function reproduceOnline(given: OnlineCommand, results: string, readings: string, terminal: Terminal): Promise<OnlineReport> {
  const { signal, progress, say } = terminal;
  const backend = await engineBackend(given);
  const list = (text: string | undefined): readonly string[] | undefined => text?.split(",").map((one) => one.trim());
  const settings: OnlineExperiment = {
    ...{ budget: given.budget, seeds: given.seeds, arms: list(given.arms), margin: given.margin, quantile: given.quantile, results, readings },
    set: parseSettings(given.set ?? []) as Readonly<Record<string, OnlineSetting>>,
    knobs: parsePairs(given.world ?? []) as Partial<WorldKnobs>,
    ...{ backend, signal, progress, onStep: say },
    onReading: (experiment) => countReading(readings, experiment, "test"),
    onConfirm: (experiment) => countReading(readings, experiment, "confirm"),
  };
  await doTasks(given, { paper: "online", settings: portable(settings) }, onlineGrid(beginOnline(settings)), backend, terminal);
  if (given.freeze === true) freezeOnline(settings);
  const confirmation = given.confirm === true ? await confirmOnline(settings) : readOnlineConfirmation(settings);
  const report = onlineReport(settings);
  return withSealed(report, confirmation);
}
