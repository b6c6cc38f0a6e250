/**
 * What the tables of an experiment are made of, kept beside its result files: results/summaries/<experiment>.json. Intervals and
 * tests need the sessions of the cases, so the data; a summary holds what came out, and names the runs that it was made of.
 * A summary whose runs are not those of the result files is not shown.
 */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { readCheckedJson, writeCheckedJson } from "../core/checked-json";
import { catalog, type DatasetName } from "../data/catalog";
import { isLocal, type LoadOptions } from "../data/datasets";
import { sessionsFrom, type SessionOptions } from "../data/sessions";
import { splitByTime } from "../data/split";
import { datasetGraph } from "../kg/dataset-graph";
import type { BaseReport } from "./base/base";
import { counterfactualPaperDefaults, type BaseId } from "./counterfactual/arms";
import { counterfactualSets, loadCounterfactualData, type CounterfactualSet } from "./counterfactual/data";
import { counterfactualReport, type CounterfactualReport } from "./counterfactual/report";
import { personaReport, type PersonaReport } from "./persona/report";
import { resultId, resultsId, type Result } from "./results";

/** Reports that need data; the online experiment's needs its result files alone. */
export type SummarisedReport = BaseReport | PersonaReport | CounterfactualReport;

/** The runs of one experiment: "persona-amazon-movies-hour". */
export interface ExperimentRuns {
  readonly experiment: string;
  readonly paper: SummarisedReport["paper"];
  readonly dataset: string;
  readonly results: readonly Result[];
}

const papers: readonly string[] = ["base", "persona", "counterfactual"] satisfies readonly SummarisedReport["paper"][];

/** The experiments that a folder's results are of. */
export function experimentsOf(results: readonly Result[]): readonly ExperimentRuns[] {
  const own = results.filter(({ paper }) => papers.includes(paper));
  const names = [...new Set(own.map(({ paper, dataset }) => `${paper}-${dataset}`))];
  return names.map((experiment) => {
    const runs = own.filter(({ paper, dataset }) => `${paper}-${dataset}` === experiment);
    const { paper, dataset } = runs[0]!;
    return { experiment, paper: paper as SummarisedReport["paper"], dataset, results: runs };
  });
}

/** Runs of one model over its seeds. */
export function byModel(results: readonly Result[]): readonly (readonly Result[])[] {
  const nameOf = ({ paper, dataset, model }: Result): string => `${paper}-${dataset}-${model}`;
  return [...new Set(results.map(nameOf))].map((name) => results.filter((one) => nameOf(one) === name).sort((a, b) => a.seed - b.seed));
}

/** The ids under an experiment's main table. */
function idsOf({ paper, results }: ExperimentRuns): readonly string[] {
  return (paper === "base" ? results.map(resultId) : byModel(results).map(resultsId)).toSorted();
}

/** The ids that a report stands on. */
function idsIn(report: SummarisedReport): readonly string[] {
  const rows = report.paper === "base" ? report.tables.flatMap((table) => table.rows) : report.rows;
  return rows.flatMap(({ results }) => results).toSorted();
}

function fileOf(folder: string, experiment: string): string {
  return join(folder, "summaries", `${experiment}.json`);
}

/** Keeps a report beside the results that it was made of; of the base experiment one file a table. */
export function keepSummary(folder: string, report: SummarisedReport): void {
  const parts = report.paper === "base" ? report.tables.map((table) => [table.experiment, { ...report, tables: [table] }] as const) : [[report.experiment, withoutSealed(report)] as const];
  for (const [experiment, part] of parts) writeCheckedJson(fileOf(folder, experiment), JSON.parse(JSON.stringify(part)) as object);
}

/** The sealed period's verdict has a file of its own. */
function withoutSealed<R extends PersonaReport | CounterfactualReport>({ sealed: _, ...report }: R): Omit<R, "sealed"> {
  return report;
}

/** The kept report. @returns undefined where there is none, or none of these runs. @throws DataError for a file that was changed */
export function readSummary(folder: string, runs: ExperimentRuns): SummarisedReport | undefined {
  const report = readCheckedJson<SummarisedReport>(fileOf(folder, runs.experiment), "a summary", "make it anew: sessionlab report --publish");
  return report !== undefined && idsIn(report).join() === idsOf(runs).join() ? report : undefined;
}

/** The experiments whose summaries are of other runs than the result files. */
export function staleSummaries(folder: string, results: readonly Result[]): readonly string[] {
  const known = experimentsOf(results);
  const names = existsSync(join(folder, "summaries")) ? readdirSync(join(folder, "summaries")).map((file) => file.replace(/\.json$/, "")) : [];
  return names.filter((name) => {
    const runs = known.find(({ experiment }) => experiment === name);
    return runs === undefined || readSummary(folder, runs) === undefined;
  });
}

/**
 * An experiment's report from its result files and its data, where these are here: nothing is trained, fetched or scored.
 * @returns the report, or why there is none
 * @throws DataError for ranks of other data
 */
export async function summarise(folder: string, { paper, dataset, results }: ExperimentRuns, load: LoadOptions = {}): Promise<SummarisedReport | string> {
  if (paper === "base") return "its result files hold no ranks; sessionlab reproduce --paper base --publish keeps one";
  const { budget, split } = results[0]!.passport;
  const words = dataset.slice(0, -budget.length - 1).split("-");
  if (paper === "persona") {
    const source = words.join("-") as DatasetName;
    if (!(source in catalog)) return `${source} is no data set of the catalogue`;
    if (!isLocal(catalog[source], load.root)) return `${source} is not here`;
    const by = split["sessions"] as Pick<SessionOptions, "by" | "maxLength">;
    const world = await datasetGraph(source, { ...load, split: (events) => splitByTime(sessionsFrom(events, { by: by.by, maxLength: by.maxLength })) });
    return personaReport(world, { results: folder, source, budget });
  }
  const source = counterfactualSets.find((name) => dataset.startsWith(`${name}-`)) as CounterfactualSet | undefined;
  if (source === undefined) return `${dataset} is no data set of the counterfactual paper`;
  const entry = source === "ml-100k" ? catalog["ml-100k"] : source === "yoochoose" ? catalog["yoochoose-clicks"] : catalog["diginetica-benchmark"];
  if (!isLocal(entry, load.root)) return `${source} is not here`;
  const full = words.includes("full");
  const base: BaseId = dataset.startsWith(`${source}-sr-gnn-`) ? "sr-gnn" : counterfactualPaperDefaults.base;
  return counterfactualReport(await loadCounterfactualData(source, budget, full, load), { results: folder, source, budget, base, full });
}
