/** The table of a labelled graph: what each run finds of the classes, and what of it holds against its controls. */
import type { Estimate, Table } from "../../display/table";
import type { Readings } from "../../evaluation/readings";
import type { LabelledGraph } from "../../personas/labelled";
import { personaRows, personaRuns, type PersonaMeasure, type PersonaResult, type PersonaRow, type PersonaRun } from "./hdgi";
import { resultId } from "../results";

/** NMI that ACM3025 should reach: a run of the authors' code by somebody else (issue 8 of its repository). */
export const leastNmi: Readonly<Record<string, number>> = { acm3025: 0.49 };

const shown: readonly (readonly [header: string, measure: PersonaMeasure, digits: number])[] = [
  ["micro-F1", "test micro-F1", 4],
  ["macro-F1", "test macro-F1", 4],
  ["NMI", "NMI", 3],
  ["ARI", "ARI", 3],
  ["loss", "loss", 4],
  ["told apart", "accuracy", 3],
];

/** The experiment's id: of its block in docs/personas.md and its count of readings. */
export function personaExperiment(dataset: string): string {
  return `hdgi-${dataset}`;
}

/** The table of results. @param labelled what they were measured on, for the protocol's line */
export function personaTable(dataset: string, results: readonly PersonaResult[], { graph, split, classes }: LabelledGraph, readings: Readings): Table<PersonaRow> {
  const sizes = { train: split.train.length, valid: split.valid.length, test: split.test.length };
  return tableOf(dataset, results, `${graph.nodes.length} nodes, ${protocolOf(graph.paths.map(({ name }) => name), sizes, classes.length)}`, readings);
}

/** The same where the graph is not at hand: what it is measured on, as the passports have it. */
export function personaTableOfResults(dataset: string, results: readonly PersonaResult[], readings: Readings): Table<PersonaRow> {
  const { split, candidates } = results[0]!.passport;
  const paths = results.flatMap(({ fit }) => (fit.beta === undefined ? [] : [Object.keys(fit.beta)]))[0] ?? [];
  return tableOf(dataset, results, protocolOf(paths, split as unknown as Sizes, Number.parseInt(candidates, 10)), readings);
}

interface Sizes {
  readonly train: number;
  readonly valid: number;
  readonly test: number;
}

function protocolOf(paths: readonly string[], { train, valid, test }: Sizes, classes: number): string {
  return `meta-paths ${paths.join(" and ")}; logistic regression on frozen vectors, ${train} nodes to learn from, ${valid} to choose its penalty on, ${test} to read; NMI and ARI of k-means with ${classes} groups over all nodes`;
}

function tableOf(dataset: string, results: readonly PersonaResult[], protocol: string, readings: Readings): Table<PersonaRow> {
  const rows = personaRows(results);
  const cell = (row: PersonaRow, measure: PersonaMeasure): Estimate | undefined => (Number.isNaN(row.mean[measure]) ? undefined : { mean: row.mean[measure], sd: row.seeds > 1 ? row.sd[measure] : undefined });
  return {
    title: `Vectors without labels on ${dataset}, held against its classes`,
    columns: [
      { header: "model", cell: ({ model }) => personaRuns[model] },
      { header: "seeds", cell: ({ seeds }) => seeds, digits: 0 },
      ...shown.map(([header, measure, digits]) => ({ header, cell: (row: PersonaRow) => cell(row, measure), digits, best: measure === "loss" || measure === "accuracy" ? undefined : ("high" as const) })),
    ],
    rows,
    protocol,
    results: results.map(resultId),
    notes: [
      "± standard deviation over encoder seeds. Loss: of the discriminator, the mean over relations for DMGI; one that says nothing has .6931. Told apart: the share of real and shuffled nodes that it knows.",
      ...verdicts(dataset, rows),
      `Test labels were read ${readings[personaExperiment(dataset)]?.test ?? 0} times so far, once a run of a model.`,
    ],
  };
}

/** What holds and what does not, in words. */
export function verdicts(dataset: string, rows: readonly PersonaRow[]): string[] {
  const find = (model: PersonaRun): PersonaRow | undefined => rows.find((row) => row.model === model);
  const features = find("features");
  const baselines = (["features", "mean-features"] as const).flatMap((model) => find(model) ?? []);
  const f1 = (row: PersonaRow): number => row.mean["test micro-F1"];
  const spread = (row: PersonaRow): number => row.sd["test micro-F1"];
  const signed = (value: number): string => `${value < 0 ? "-" : "+"}${Math.abs(value).toFixed(4)}`;
  const lines: string[] = [];
  for (const model of ["hdgi-c", "hdgi-a", "dmgi"] as const) {
    const row = find(model);
    if (row === undefined) continue;
    const name = personaRuns[model];
    if (row.trivial) lines.push(`${name}: a loss that never left ln 2; its vectors mean nothing.`);
    const gains = baselines.map((base) => ({ base, gain: f1(row) - f1(base) }));
    const ahead = gains.length > 0 && gains.every(({ gain }) => gain > spread(row));
    const least = leastNmi[dataset];
    const gained = gains.length === 0 ? [] : [`micro-F1 ${gains.map(({ base, gain }) => `${signed(gain)} to ${personaRuns[base.model]}`).join(", ")}${row.seeds > 1 ? `, ${ahead ? "both beyond" : "not both beyond"} the seeds' ${spread(row).toFixed(4)}` : ""}`];
    const clusters = least === undefined ? [] : [`NMI ${row.mean.NMI.toFixed(3)} against ${least} of the authors' code in another's hands: ${row.mean.NMI >= least ? "reached" : "not reached"}`];
    if (gained.length + clusters.length > 0) lines.push(`${name}: ${[...gained, ...clusters].join("; ")}.`);
    const control = model === "dmgi" ? undefined : find(`${model}-rewired`);
    if (control === undefined || features === undefined) continue;
    const left = f1(control) - f1(features);
    const noise = Math.max(spread(control), spread(row));
    const found = left > noise ? "some of the gain does not come from who is joined to whom" : left < -noise ? "nothing is left of the gain, and means over strangers are worse than a node's own features" : "nothing is left of the gain";
    lines.push(`${name} on the rewired graph: ${signed(left)} to ${personaRuns.features}; ${found}.`);
  }
  return lines;
}
