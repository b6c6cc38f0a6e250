/** An experiment as plain values, which any process on any machine makes the same tasks of. */
import { join } from "node:path";
import { countReading } from "../evaluation/readings";
import { beginCounterfactualPaper, counterfactualGrid, type CounterfactualExperiment } from "../papers/counterfactual/counterfactual";
import type { ExperimentSettings } from "../papers/experiment";
import type { Grid } from "../papers/grid";
import { beginOnline, onlineGrid, type OnlineExperiment } from "../papers/online/online";
import { beginPersonaPaper, personaGrid, type PersonaExperiment } from "../papers/persona/persona";
import { textsGrid, type TextsExperiment } from "../papers/persona/texts";

/** What belongs to a process, and is not handed on. */
type Live = "backend" | "signal" | "progress" | "onStep" | "onReading" | "onConfirm";

/** Settings without what belongs to a process. JSON. */
export type Portable<S extends ExperimentSettings> = Omit<S, Live>;

/** Any experiment that has tasks. */
export type Experiment =
  | { readonly paper: "persona"; readonly settings: Portable<PersonaExperiment> }
  | { readonly paper: "counterfactual"; readonly settings: Portable<CounterfactualExperiment> }
  | { readonly paper: "online"; readonly settings: Portable<OnlineExperiment> }
  | { readonly paper: "texts"; readonly settings: TextsExperiment };

/** The settings that can be handed on. */
export function portable<S extends ExperimentSettings>(settings: S): Portable<S> {
  const { backend: _, signal: __, progress: ___, onStep: ____, onReading: _____, onConfirm: ______, ...plain } = settings;
  return plain;
}

/** What is interrupted with it, in words. */
export function workOf({ paper }: Experiment): string {
  return paper === "texts" ? "the encoding of texts" : "reproduce";
}

/** Opens an experiment in this process: its data are loaded. Readings of test cases are counted in its file. @throws as the experiment's own call */
export async function openGrid(experiment: Experiment, live: Pick<ExperimentSettings, "backend" | "signal" | "progress" | "onStep">): Promise<Grid> {
  if (experiment.paper === "texts") return textsGrid(experiment.settings, live);
  const { results, readings = join(results, "readings.json") } = experiment.settings;
  const own = { ...live, onReading: (name: string) => countReading(readings, name, "test") };
  if (experiment.paper === "persona") return personaGrid(await beginPersonaPaper({ ...experiment.settings, ...own }));
  if (experiment.paper === "counterfactual") return counterfactualGrid(await beginCounterfactualPaper({ ...experiment.settings, ...own }));
  return onlineGrid(beginOnline({ ...experiment.settings, ...own }));
}
