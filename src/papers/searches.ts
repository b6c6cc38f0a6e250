/**
 * Searches that were run: results/searches/<data set>-<model>.json, the settings that were tried and what was chosen. Small,
 * committed, and read before a search is run again; `check` is the hash of the rest.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DataError } from "../core/errors";
import { writeFileAtomic } from "../core/files";
import { hashOfJson } from "../core/hash";
import type { TuneReport } from "../models/tune";

/** What was chosen on validation, and what was tried: of a list, or of a search. */
export interface Choice extends TuneReport {
  /** Settings that were tried. */
  readonly settings: number;
}

/** Where a search is kept. */
function fileOf(results: string, dataset: string, model: string): string {
  return join(results, "searches", `${dataset}-${model}.json`);
}

/** Writes a search; one that is there is replaced. */
export function writeSearch(results: string, dataset: string, model: string, report: Choice): void {
  writeFileAtomic(fileOf(results, dataset, model), `${JSON.stringify({ ...report, check: hashOfJson(report) }, null, 1)}\n`);
}

/** The search of a model, if it was run. @throws DataError when its file was changed by hand, or is damaged */
export function readSearch(results: string, dataset: string, model: string): Choice | undefined {
  const file = fileOf(results, dataset, model);
  if (!existsSync(file)) return undefined;
  let read: Choice & { readonly check?: unknown };
  try {
    read = JSON.parse(readFileSync(file, "utf8")) as typeof read;
  } catch (error) {
    throw new DataError("Expected a search as JSON, found something else; remove it, and it is run again", { file }, { cause: error });
  }
  const { check, ...report } = read;
  if (check !== hashOfJson(report)) throw new DataError("Expected a search as it was written, found that it was changed; remove it, and it is run again", { file, field: "check" });
  return report;
}
