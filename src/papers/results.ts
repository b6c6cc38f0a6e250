/**
 * Result files: <paper>-<dataset>-<model>-<seed>.json, one small file a run, with its passport. A file that is there
 * with the same passport key and the same numbers is left as it is; other numbers under one key come of other code, and
 * take its place.
 */
import { existsSync, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { readCheckedJson, writeCheckedJson } from "../core/checked-json";
import { DataError } from "../core/errors";
import { hashOfJson } from "../core/hash";
import type { Evaluation, Part } from "../evaluation/evaluate";
import { parsePassport, passportKey, type Passport } from "../evaluation/passport";
import type { FitReport } from "../models/recommender";

/** The means of one run on one set of cases. */
export interface ResultPart extends Part {
  /** sha256 of the cases. */
  readonly hash: string;
  readonly overSeen: Part;
  readonly strata: readonly (Part & { readonly by: string; readonly name: string; readonly items?: number })[];
}

/** What a result keeps of an evaluation. */
export function partOf({ hash, cases, metrics, overSeen, strata }: Pick<Evaluation, "hash" | "cases" | "metrics" | "overSeen" | "strata">): ResultPart {
  return { hash, cases, metrics, overSeen, strata };
}

/** One run. */
export interface Result {
  readonly paper: string;
  /** The data set and how it was cut: "ml-100k-time". */
  readonly dataset: string;
  /** The model's id: "sasrec". */
  readonly model: string;
  readonly seed: number;
  readonly passport: Passport;
  readonly fit: FitReport;
  readonly valid: ResultPart;
  readonly test: ResultPart;
}

/** The file's name without its ending: "base-ml-100k-time-sasrec-1". */
export function resultName(result: Pick<Result, "paper" | "dataset" | "model" | "seed">): string {
  return `${result.paper}-${result.dataset}-${result.model}-${result.seed}`;
}

/**
 * What a table prints: the file's name and the start of its passport key, so that a table and a file can be held against each other.
 * @example
 * import { resultId, type Result } from "sessionlab";
 * const result = { paper: "base", dataset: "ml-100k-time", model: "pop", seed: 1, passport: { model: "POP" } } as Result;
 * assert.match(resultId(result), /^base-ml-100k-time-pop-1@[0-9a-f]{8}$/);
 */
export function resultId(result: Pick<Result, "paper" | "dataset" | "model" | "seed" | "passport">): string {
  return `${resultName(result)}@${passportKey(result.passport).slice(0, 8)}`;
}

/**
 * What a table prints of one model's runs over seeds: their names with the seeds, and a hash of their passport keys.
 * @example
 * import { resultsId, type Result } from "sessionlab";
 * const run = (seed: number) => ({ paper: "base", dataset: "ml-100k-time", model: "pop", seed, passport: { model: "POP" } }) as Result;
 * assert.match(resultsId([run(1), run(2), run(4)]), /^base-ml-100k-time-pop-\{1,2,4\}@[0-9a-f]{8}$/);
 * assert.match(resultsId([run(1)]), /^base-ml-100k-time-pop-1@[0-9a-f]{8}$/);
 */
export function resultsId(results: readonly Pick<Result, "paper" | "dataset" | "model" | "seed" | "passport">[]): string {
  const [first] = results;
  if (first === undefined) throw new DataError("Expected a run at least, found none");
  if (results.length === 1) return resultId(first);
  const { paper, dataset, model } = first;
  return `${paper}-${dataset}-${model}-{${results.map(({ seed }) => seed).join(",")}}@${hashOfJson(results.map(({ passport }) => passportKey(passport))).slice(0, 8)}`;
}

/**
 * Writes a result, unless the same is there.
 * @returns "kept" if a file with the same passport key and the same numbers was there
 * @example
 * import { mkdtempSync, readdirSync } from "node:fs";
 * import { writeResult, type Result } from "sessionlab";
 * const folder = mkdtempSync("/tmp/results-");
 * const result = { paper: "base", dataset: "ml-100k-time", model: "pop", seed: 1, passport: { model: "POP" } } as Result;
 * assert.equal(writeResult(folder, result), "written");
 * assert.deepEqual(readdirSync(folder), ["base-ml-100k-time-pop-1.json"]);
 */
export function writeResult(folder: string, result: Result): "written" | "kept" {
  const file = join(folder, `${resultName(result)}.json`);
  if (existsSync(file)) {
    try {
      if (outcomeOf(readResult(file)) === outcomeOf(result)) return "kept";
    } catch (error) {
      if (!(error instanceof DataError)) throw error; // a damaged file is replaced
    }
  }
  writeCheckedJson(file, result);
  return "written";
}

/** Results that were read, with the state of their file then: a folder is read many times by whoever makes tables of it. */
const known = new Map<string, { readonly state: string; readonly result: Result }>();

/** Reads one result file; one that is as it was is not parsed again. @throws DataError if it is not a result */
export function readResult(file: string): Result {
  const state = stateOf(file);
  const before = known.get(file);
  if (before !== undefined && before.state === state) return before.result;
  const result = parseResult(file);
  known.set(file, { state, result });
  return result;
}

/** What any write to a file changes; "" without one. */
function stateOf(file: string): string {
  const found = statSync(file, { bigint: true, throwIfNoEntry: false });
  return found === undefined ? "" : [found.ino, found.size, found.mtimeNs, found.ctimeNs].join();
}

function parseResult(file: string): Result {
  const read = readCheckedJson<Result>(file, "a result", "run the experiment again");
  if (read === undefined) throw new DataError("Expected a result, found no such file; run the experiment", { file });
  for (const field of ["paper", "dataset", "model", "seed", "fit", "valid", "test"] as const) {
    if (read[field] === undefined) throw new DataError(`Expected a result's ${field}, found nothing; run the experiment again`, { file, field });
  }
  parsePassport(JSON.stringify(read.passport), file);
  return read;
}

/** What a run of the same code has again: the passport's key, the numbers and the ranks that they come from, without times. */
function outcomeOf({ passport, valid, test, ...more }: Result): string {
  const { ranks } = more as { readonly ranks?: string };
  return hashOfJson({ key: passportKey(passport), valid, test, ...(ranks !== undefined && { ranks }) });
}

/**
 * The results of a folder, by name; none if it is not there.
 * @throws DataError naming the first file that is not a result
 * @example
 * import { readResults } from "sessionlab";
 * assert.deepEqual(readResults("/tmp/no-such-folder"), []);
 */
export function readResults(folder: string): readonly Result[] {
  if (!existsSync(folder)) return [];
  const names = readdirSync(folder).filter((name) => name.endsWith(".json") && name !== "readings.json");
  return names.sort().map((name) => readResult(join(folder, name)));
}
