/**
 * Searches that were run: results/searches/<data set>-<model>.json, the settings that were tried and what was chosen. Small,
 * committed, and read before a search is run again.
 */
import { join } from "node:path";
import { readCheckedJson, writeCheckedJson } from "../core/checked-json";
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
  writeCheckedJson(fileOf(results, dataset, model), report);
}

/** The search of a model, if it was run. @throws DataError when its file was changed by hand, or is damaged */
export function readSearch(results: string, dataset: string, model: string): Choice | undefined {
  return readCheckedJson<Choice>(fileOf(results, dataset, model), "a search", "remove it, and it is run again");
}
