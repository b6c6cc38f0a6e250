/** What the papers' experiments have in common: who takes part, where runs are kept, what is said while they go on. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { budgets as knownBudgets, type Budget } from "../core/budget";
import { ConfigError } from "../core/errors";
import { nearest } from "../core/options";
import type { Progress } from "../core/progress";
import { footer, type StepResult } from "../core/step";
import { passportKey, type Passport } from "../evaluation/passport";
import type { BackendInfo } from "../tensor/backend";
import { readResult, resultName, type Result } from "./results";

/** What an arm is there for. */
export type Role = "baseline" | "proposed" | "control" | "placebo";

/** What every experiment is told. */
export interface ExperimentSettings {
  readonly budget: Budget;
  /** Seeds 1..n. */
  readonly seeds: number;
  /** Folder of result files: read first, written to after each run. */
  readonly results: string;
  /** The file that counts readings; default readings.json in `results`. */
  readonly readings?: string;
  readonly backend: BackendInfo;
  readonly cache?: string;
  /** Into how many tasks the measuring of each run is cut; 1 if not given: none but the run itself. */
  readonly parts?: number;
  readonly signal?: AbortSignal;
  readonly progress?: Progress;
  readonly onStep?: (line: string) => void;
  /** Called before test cases are scored. */
  readonly onReading?: (experiment: string) => Promise<unknown>;
  /** Called before the sealed cases are scored. */
  readonly onConfirm?: (experiment: string) => Promise<unknown>;
}

/** Says a step's line, and hands its result on. */
export type Note = <T>(what: string, result: StepResult<T>) => StepResult<T>;

/** Says lines to whoever listens. */
export function noteOf({ onStep }: Pick<ExperimentSettings, "onStep">): Note {
  return (what, result) => {
    onStep?.(`${what}: ${footer(result)}`);
    return result;
  };
}

/** @throws ConfigError for a budget that is none, or no seeds or parts */
export function checkExperiment({ budget, seeds, parts = 1 }: Pick<ExperimentSettings, "budget" | "seeds" | "parts">): void {
  if (!knownBudgets.includes(budget)) throw new ConfigError(`Expected a budget (${knownBudgets.join(", ")}), found "${budget}"`);
  if (!Number.isInteger(seeds) || seeds < 1) throw new ConfigError(`Expected a positive number of seeds, found ${seeds}`);
  if (!Number.isInteger(parts) || parts < 1) throw new ConfigError(`Expected a positive number of parts, found ${parts}`);
}

/** Arms by id, in the order of the table. @throws ConfigError for one that is none; names the nearest */
export function chosenArms<A extends { readonly id: string }>(all: readonly A[], wanted: readonly string[]): readonly A[] {
  const known = all.map(({ id }) => id);
  const unknown = wanted.find((id) => !known.includes(id));
  if (unknown !== undefined) throw new ConfigError(`Expected an arm (${known.join(", ")}), found "${unknown}"; did you mean "${nearest(unknown, known)}"?`);
  return all.filter(({ id }) => wanted.includes(id));
}

/** @throws ConfigError for options of an arm that is not run */
export function checkSet(set: Readonly<Record<string, object>> | undefined, arms: readonly { readonly id: string }[]): void {
  const unset = Object.keys(set ?? {}).find((id) => !arms.some((arm) => arm.id === id));
  if (unset !== undefined) throw new ConfigError(`Expected options of an arm that is run (${arms.map(({ id }) => id).join(", ")}), found some of "${unset}"`);
}

/**
 * How good it is that rare items gain where the whole must not lose: what the rare ones have, if the whole has at least `least`; else,
 * below all of these, by how little the whole lacks.
 */
export function worth(rare: number, whole: number, least: number): number {
  return whole >= least ? rare : whole - least;
}

/** Whether a folder of results has a run under this passport. */
export function hasResult(folder: string, place: Pick<Result, "paper" | "dataset" | "model" | "seed">, expected: Passport): boolean {
  const file = join(folder, `${resultName(place)}.json`);
  const plain = JSON.parse(JSON.stringify(expected)) as Passport;
  return existsSync(file) && passportKey(readResult(file).passport) === passportKey(plain);
}
