/**
 * Searches that were run: results/searches/<data set>-<model>.json, the settings that were tried and what was chosen. Small,
 * committed, and read before a search is run again; `check` is the hash of the rest.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DataError } from "../core/errors";
import { writeFileAtomic } from "../core/files";
import { hashOf, type Hashable } from "../core/hash";
import type { Trial } from "../models/tune";

/** What was chosen on validation, and what was tried. */
export interface Choice {
  readonly metric: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** The metric of what was chosen. */
  readonly value: number;
  /** Settings that were tried. */
  readonly settings: number;
  readonly trials: readonly Trial[];
}

/** Where a search is kept. */
function fileOf(results: string, dataset: string, model: string): string {
  return join(results, "searches", `${dataset}-${model}.json`);
}

/** Writes a search; one that is there is replaced. */
export function writeSearch(results: string, dataset: string, model: string, report: Choice): void {
  writeFileAtomic(fileOf(results, dataset, model), `${JSON.stringify({ ...report, check: checkOf(report) }, null, 1)}\n`);
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
  if (check !== checkOf(report)) throw new DataError("Expected a search as it was written, found that it was changed; remove it, and it is run again", { file, field: "check" });
  return report;
}

/** Over what JSON keeps of it. */
function checkOf(report: Choice): string {
  return hashOf(JSON.parse(JSON.stringify(report)) as Hashable);
}
