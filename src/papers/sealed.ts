/**
 * The sealed period of an experiment. First the experiment is frozen: which model stands for the paper, what it is held against and by
 * which options, all by validation, in results/frozen/<experiment>.json, which is committed. Then the confirm cases are scored
 * once, for those runs alone, and results/confirm/<experiment>.json holds the verdict. A second look is refused.
 */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { readCheckedJson, writeCheckedJson } from "../core/checked-json";
import { ConfigError } from "../core/errors";
import { passportKey } from "../evaluation/passport";
import { readReadings } from "../evaluation/readings";
import type { PaperComparison } from "./comparisons";
import type { Result, ResultPart } from "./results";
import { alpha } from "./words";

/** Where an experiment's files lie. */
export interface SealedPlace {
  readonly results: string;
  /** The name that readings are counted under: "persona-movies-hour". */
  readonly experiment: string;
  /** The file that counts readings; default readings.json in `results`. */
  readonly readings?: string;
}

/** What was decided before the sealed cases are read. @template Row a row of the table, by its runs */
export interface Frozen<Row> {
  readonly experiment: string;
  readonly metric: string;
  readonly proposed: Row;
  /** "best baseline", "strongest placebo", the control of the same compute. */
  readonly against: readonly (Row & { readonly as: string })[];
  /** The gain that each comparison finds in four of five cases, by the spread on test. */
  readonly detectable: Readonly<Record<string, number>>;
}

/** One run on the sealed cases. */
export type SealedRun = ResultPart & { readonly seed: number; readonly ranks: string };

/** What the sealed period says, of cases or of sessions. */
export interface SealedVerdict {
  readonly experiment: string;
  /** Hash of what was frozen. */
  readonly frozen: string;
  readonly metric: string;
  readonly cases: number;
  readonly comparisons: readonly PaperComparison[];
  readonly verdict: Verdict;
}

/** What the sealed period says of ranked cases. */
export interface Confirmation extends SealedVerdict {
  /** The parts and ranks of each run. */
  readonly rows: readonly { readonly name: string; readonly runs: readonly SealedRun[] }[];
}

/** "reproduced": ahead of what decides; "too small to tell": the gain that could be found is larger than the smallest worth having. */
export type Verdict = "reproduced" | "not reproduced" | "too small to tell";

/** A gain below this share of the best baseline's metric is not worth having. */
export const worthwhile = 0.05;

function fileOf(folder: "frozen" | "confirm", { results, experiment }: SealedPlace): string {
  return join(results, folder, `${experiment}.json`);
}

/** @throws ConfigError where the sealed cases were read already */
export function refuseConfirmed(place: SealedPlace): void {
  if (existsSync(fileOf("confirm", place))) throw new ConfigError(`Expected an experiment whose sealed cases were not read, found ${fileOf("confirm", place)}; they are read once`);
}

/** Writes down what will be confirmed. @throws ConfigError as `refuseConfirmed` */
export function writeFrozen<Row>(place: SealedPlace, frozen: Frozen<Row>): void {
  refuseConfirmed(place);
  writeCheckedJson(fileOf("frozen", place), frozen);
}

/** What was frozen, if it was. @throws DataError when its file was changed by hand */
export function readFrozenFile<Row>(place: SealedPlace): Frozen<Row> | undefined {
  return readCheckedJson<Frozen<Row>>(fileOf("frozen", place), "a frozen experiment", "restore it from its history");
}

/** What was confirmed, if it was. @throws DataError when its file was changed by hand */
export function readConfirmationFile<C extends SealedVerdict = Confirmation>(place: SealedPlace): C | undefined {
  return readCheckedJson<C>(fileOf("confirm", place), "a confirmation", "restore it from its history");
}

/** Writes down what the sealed cases say. */
export function writeConfirmation(place: SealedPlace, confirmation: SealedVerdict): void {
  writeCheckedJson(fileOf("confirm", place), confirmation);
}

/**
 * What was frozen, for the one look at the sealed cases.
 * @throws ConfigError where nothing was frozen, it is not committed, or the cases were read before
 */
export function openFrozen<Row>(place: SealedPlace): Frozen<Row> {
  const frozen = readFrozenFile<Row>(place);
  const file = fileOf("frozen", place);
  if (frozen === undefined) throw new ConfigError(`Expected a frozen experiment in ${file}, found none; freeze it, commit the file, then confirm`);
  if (!isCommitted(file)) throw new ConfigError(`Expected ${file} to be committed as it is, found that it is not; commit it before the sealed cases are read`);
  const read = readReadings(place.readings ?? join(place.results, "readings.json"))[frozen.experiment]?.confirm ?? 0;
  if (read > 0) throw new ConfigError(`Expected sealed cases that were not read, found ${read} ${read === 1 ? "reading" : "readings"} of ${frozen.experiment}; they are read once`);
  return frozen;
}

/** Passport keys of runs, by seed from 1. */
export function runKeys(results: readonly Pick<Result, "passport">[]): readonly string[] {
  return results.map(({ passport }) => passportKey(passport));
}

/** @throws ConfigError where the results are not those that were frozen */
export function refuseOtherRuns(name: string, found: readonly Pick<Result, "passport">[] | undefined, frozen: readonly string[], results: string): void {
  if (found === undefined || runKeys(found).join() !== frozen.join()) throw new ConfigError(`Expected the runs of ${name} that were frozen, found others in ${results}; restore them`);
}

/**
 * What comparisons on sealed cases say.
 * @param decisive those that decide
 * @param smallest the smallest gain worth having
 */
export function verdictOf(decisive: readonly PaperComparison[], smallest: number): Verdict {
  if (decisive.every(({ difference, holm }) => difference > 0 && holm < alpha)) return "reproduced";
  const open = decisive.every(({ high }) => high >= smallest) && decisive.some(({ low, high }) => low < smallest && high >= smallest);
  return open ? "too small to tell" : "not reproduced";
}

/** Whether a file is in the history of its repository as it lies there. */
export function isCommitted(file: string): boolean {
  try {
    const git = (...given: string[]): string => execFileSync("git", given, { cwd: dirname(file), encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
    return git("log", "-1", "--format=%H", "--", file) !== "" && git("status", "--porcelain", "--", file) === "";
  } catch {
    return false;
  }
}
