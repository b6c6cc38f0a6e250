/**
 * The placebos and controls of both papers' experiments, beside the proposed model, from results: what each takes away, and what is left of
 * the metric without it. And which values of an open choice were tried here: in runs, and in trials of searches.
 */
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Table } from "../display/table";
import type { CounterfactualResult } from "./counterfactual/counterfactual";
import { counterfactualArms } from "./counterfactual/arms";
import { overSeeds, type Measured } from "./measure";
import { onlineArms } from "./online/arms";
import type { OnlineResult } from "./online/online";
import { primaryRate } from "./online/rates";
import type { PaperName } from "./open-choices";
import { forms, personaArms } from "./persona/arms";
import type { PersonaPaperResult } from "./persona/persona";
import { readResults, resultsId, type Result } from "./results";

/** One placebo, control or the proposed model in one experiment. */
export interface PlaceboRow {
  readonly paper: PaperName;
  /** "persona-amazon-movies-hour" */
  readonly experiment: string;
  readonly title: string;
  readonly role: string;
  readonly metric: string;
  readonly value: Measured;
  readonly seeds: number;
  readonly results: string;
}

/** Roles that are shown: what is proposed, and what must not be as good. */
const shown: readonly string[] = ["proposed", "placebo", "control", "same compute"];

type Run = Result & Partial<Pick<PersonaPaperResult, "arm" | "form">>;

function describe(run: Run): Pick<PlaceboRow, "paper" | "title" | "role" | "metric"> & { readonly of: (one: Result) => number } | undefined {
  if (run.paper === "persona") {
    const arm = personaArms.find(({ id }) => id === run.arm)!;
    const title = run.form === "alone" ? arm.title : `${arm.title}, ${forms[run.form!]}`;
    return { paper: "persona", title, role: arm.role, metric: "NDCG@10", of: ({ test }) => test.metrics["NDCG@10"]! };
  }
  if (run.paper === "counterfactual") {
    const arm = counterfactualArms.find(({ id }) => id === (run as CounterfactualResult).arm)!;
    return { paper: "counterfactual", title: arm.title, role: arm.role, metric: "Recall@20, less popular", of: ({ test }) => test.strata.find(({ name }) => name === "tail")!.metrics["HR@20"]! };
  }
  if (run.paper !== "counterfactual-online") return undefined;
  const arm = onlineArms.find(({ id }) => id === (run as unknown as OnlineResult).arm)!;
  return { paper: "counterfactual", title: arm.title, role: arm.role, metric: primaryRate, of: ({ test }) => test.metrics[primaryRate]! };
}

/** All of them that a folder of results has. @throws DataError for a damaged file */
export function placeboRows(results: string, paper: PaperName | "all" = "all"): readonly PlaceboRow[] {
  const groups = new Map<string, Run[]>();
  for (const one of readResults(results) as readonly Run[]) {
    const key = `${one.paper}-${one.dataset} ${one.model}`;
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  return [...groups].flatMap(([key, runs]): PlaceboRow[] => {
    const about = describe(runs[0]!);
    if (about === undefined || !shown.includes(about.role) || (paper !== "all" && about.paper !== paper)) return [];
    const { of, ...words } = about;
    return [{ ...words, experiment: key.split(" ")[0]!, value: overSeeds(runs.map((run) => ({ value: of(run) })))["value"]!, seeds: runs.length, results: resultsId(runs) }];
  });
}

/** They as a table; undefined without results. */
export function placeboTable(rows: readonly PlaceboRow[]): Table<PlaceboRow> | undefined {
  if (rows.length === 0) return undefined;
  const order = (one: PlaceboRow): string => `${one.experiment} ${shown.indexOf(one.role)}`;
  return {
    title: "Placebos and controls, beside what is proposed",
    columns: [
      { header: "experiment", cell: ({ experiment }) => experiment },
      { header: "row", cell: ({ title }) => title },
      { header: "role", cell: ({ role }) => role },
      { header: "metric", cell: ({ metric }) => metric },
      { header: "on test", cell: ({ value }) => ({ mean: value.mean, ...(value.sd !== undefined && { sd: value.sd }) }) },
      { header: "seeds", cell: ({ seeds }) => seeds, digits: 0 },
    ],
    rows: [...rows].sort((a, b) => (order(a) < order(b) ? -1 : 1)),
    protocol: "means ± standard deviation over seeds, each experiment under its own protocol; sessionlab ledger has the tests",
    results: rows.map(({ results }) => results),
  };
}

/**
 * The values of options that runs and trials of searches had, by the option's last name: "dropout" -> 0.2, 0.5.
 * @param folder of results; none where it is not there
 */
export function triedValues(folder: string): ReadonlyMap<string, readonly string[]> {
  const found = new Map<string, Set<string>>();
  const add = (value: unknown): void => {
    if (typeof value !== "object" || value === null || Array.isArray(value)) return;
    for (const [key, one] of Object.entries(value)) {
      if (typeof one !== "object" || one === null) found.set(key, (found.get(key) ?? new Set<string>()).add(typeof one === "string" ? one : JSON.stringify(one)));
      else add(one);
    }
  };
  for (const { passport, paper, ...run } of readResults(folder)) {
    if (!["persona", "counterfactual", "counterfactual-online"].includes(paper)) continue;
    add(passport.options);
    add((run as { readonly setting?: object }).setting);
  }
  const searches = join(folder, "searches");
  for (const file of existsSync(searches) ? readdirSync(searches).filter((name) => /^(persona|counterfactual)-/.test(name)) : []) {
    const { trials = [] } = JSON.parse(readFileSync(join(searches, file), "utf8")) as { readonly trials?: readonly { readonly options?: object }[] };
    trials.forEach(({ options }) => add(options));
  }
  return new Map([...found].map(([key, values]) => [key, [...values].sort()]));
}
