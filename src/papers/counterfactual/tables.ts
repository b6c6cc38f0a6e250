/**
 * The counterfactual experiment as tables, a plot and sentences. A gain that a placebo shows too is marked, and so is a proposed model
 * that pays for it with more of the overall Recall than the margin allows.
 */
import type { IntervalPlot } from "../../display/figure";
import { percent } from "../../display/panel";
import type { Sentence } from "../../display/sentences";
import type { Cell, Column, Table } from "../../display/table";
import type { Readings } from "../../evaluation/readings";
import type { PaperComparison } from "../comparisons";
import { counterfactualMetric } from "./counterfactual";
import type { CounterfactualReport, CounterfactualRow, OverallGuard } from "./report";
import type { Measured } from "../measure";
import { comparisonRows, comparisonSentences, placeboKeepsUp, placeboToo, warningOfProposed, type ComparisonWords } from "../placebo";
import { alpha, intervalText, optionText, readingsText } from "../words";

/** What the overall Recall is marked with that has fallen below the margin. */
export const overallWorse = "OVERALL WORSE";

/** What was trained on, from which base, under which budget: in a heading of its own for each experiment. */
export function placeOf({ base, dataset, experiment, budget }: Pick<CounterfactualReport, "base" | "dataset" | "experiment" | "budget">): string {
  return `${base === "" ? "" : `${base} on `}${dataset}${experiment.endsWith(`-full-${budget}`) ? ", all training sessions" : ""} (budget ${budget})`;
}

const model: Column<CounterfactualRow> = { header: "what it goes on with", cell: ({ title }) => title };

function isProposed(report: CounterfactualReport, row: CounterfactualRow): boolean {
  return row.arm === report.proposed;
}

function titleOf({ rows }: CounterfactualReport, arm: string): string {
  return rows.find((row) => row.arm === arm)?.title ?? arm;
}

function wordsOf(report: CounterfactualReport): ComparisonWords {
  return { metric: "Recall@20", titleOf: (name) => titleOf(report, name) };
}

function estimate(found: Measured | undefined, warning?: string, mark?: string): Cell {
  return found && { mean: found.mean, sd: found.sd, mark, warning };
}

function protocolOf({ dataset, words, candidates, budget, backend, base }: CounterfactualReport): string {
  return `${dataset}, ${words}, ${base} and as many further steps for each row, ${candidates}, metric's expectation over ties, seen items not filtered, budget ${budget}, backend ${backend}`;
}

function under(report: CounterfactualReport, rows: readonly CounterfactualRow[]): Pick<Table<CounterfactualRow>, "rows" | "protocol" | "results"> {
  return { rows, protocol: protocolOf(report), results: rows.map(({ results }) => results) };
}

/** Which targets are less popular, in words. */
function tailWords({ quantile, cases }: CounterfactualReport): string {
  return `Less popular targets (${cases.tail} test cases): at or below the ${Number((100 * quantile).toFixed(1))}th percentile of the items' training counts; popular ones (${cases.head}): above it.`;
}

/** The rows that are compared: all but the sweeps. */
function mainRows({ rows }: CounterfactualReport): readonly CounterfactualRow[] {
  return rows.filter(({ role }) => role !== "sweep");
}

function metricColumns(report: CounterfactualReport): readonly Column<CounterfactualRow>[] {
  const { comparisons, overall } = report;
  const differs = ({ arm }: CounterfactualRow): boolean => comparisons.some(({ against, holm }) => against === arm && holm < alpha);
  return [
    {
      header: "Recall@20, less popular targets",
      best: "high",
      cell: (row) => estimate(row.tail[counterfactualMetric], isProposed(report, row) ? warningOfProposed(comparisons) : undefined, differs(row) ? "†" : undefined),
    },
    { header: "its 95 % interval", cell: ({ tail }) => intervalText(tail[counterfactualMetric]) },
    { header: "Recall@20, popular targets", best: "high", cell: ({ head }) => estimate(head[counterfactualMetric]) },
    { header: "Recall@20", best: "high", cell: (row) => estimate(row.test[counterfactualMetric], isProposed(report, row) && overall?.kept === false ? overallWorse : undefined) },
    { header: "MRR@20", best: "high", cell: ({ test }) => estimate(test["MRR@20"]) },
  ];
}

/**
 * The paper's table: all rows go on from the same weights for the same steps.
 * @param readings how often test cases were scored; left out where that is not known
 */
export function counterfactualTable(report: CounterfactualReport, readings?: Readings): Table<CounterfactualRow> {
  const { comparisons, counts, margin, overall } = report;
  const rows = mainRows(report);
  const seeds = Math.max(0, ...rows.map((row) => row.seeds.length));
  return {
    title: `Counterfactual sessions for ${placeOf(report)}`,
    columns: [model, { header: "role", cell: ({ role }) => role }, ...metricColumns(report)],
    ...under(report, rows),
    notes: [
      tailWords(report),
      `${seeds > 1 ? `± standard deviation over ${seeds} seeds` : "One seed"}; intervals: bootstrap over ${counts.test.sessions} sessions.`,
      ...(comparisons.length === 0 ? [] : [`† differs from the proposed row on less popular targets, p < ${alpha} (paired bootstrap over sessions, Holm's correction over ${comparisons.length} comparisons; other rows were not tested).`]),
      `The overall Recall@20 may lose ${Number((100 * margin).toFixed(2))} % of that without augmentation, not more${overall === undefined ? "." : `: here ${guardText(overall)}.`}`,
      ...(warningOfProposed(comparisons) === undefined ? [] : [`${placeboToo}: the strongest placebo is not behind the proposed row, so this gain is not the counterfactuals'.`]),
      ...report.notes,
      readingsText(report.experiment, readings),
    ],
  };
}

function guardText({ proposed, plain, kept }: OverallGuard): string {
  return `${proposed.toFixed(4)} against ${plain.toFixed(4)} is ${kept ? "within" : "below"} it`;
}

/** What was added, and how much of it is there already. */
export function addedTable(report: CounterfactualReport): Table<CounterfactualRow> {
  const rows = mainRows(report).filter(({ dose }) => dose !== undefined);
  return {
    title: `What was added, ${placeOf(report)}`,
    columns: [
      model,
      { header: "added for each real session", cell: ({ dose }) => estimate(dose), digits: 2 },
      { header: "are training sessions", cell: ({ copies }) => copies?.ofTraining },
      { header: "hold a test session", cell: ({ copies }) => copies?.ofCases },
    ],
    ...under(report, rows),
    notes: ["Shares of the added sessions, means over seeds. A session holds a test session where that one's items follow each other in it, the last target too: short test sessions are found by chance, in duplicates as well."],
  };
}

/** The proposed arm at other doses and weights of the guidance; a table without rows where they were not run. */
export function sweepTable(report: CounterfactualReport): Table<CounterfactualRow> {
  const rows = report.rows.filter(({ role }) => role === "sweep");
  return {
    title: `Guided diffusion at other doses and guidances, ${placeOf(report)}`,
    columns: [model, ...metricColumns(report), { header: "added for each real session", cell: ({ dose }) => estimate(dose), digits: 2 }],
    ...under(report, rows),
    notes: ["Each row is the proposed one's setting with one value changed. Exploratory: nothing was tested."],
  };
}

/** What was chosen, among how many settings. */
export function choicesTable(report: CounterfactualReport): Table<CounterfactualRow> {
  const rows = mainRows(report);
  return {
    title: `How each row was chosen, ${placeOf(report)}`,
    columns: [
      model,
      { header: "settings tried", cell: ({ searched }) => searched, digits: 0 },
      { header: "validation Recall@20, less popular", cell: ({ validTail }) => estimate(validTail) },
      { header: "validation Recall@20", cell: ({ valid }) => estimate(valid[counterfactualMetric]) },
      { header: "setting", cell: ({ setting }) => optionText(setting as Readonly<Record<string, unknown>>) },
    ],
    ...under(report, rows),
    notes: ["Settings are tried on validation with seed 1: the best on less popular targets among those whose overall Recall@20 is within the margin of the base's; 1 means that the setting was set beforehand."],
  };
}

/**
 * The proposed row against its rivals, on less popular targets.
 * @param period "confirm": on the sealed cases, which decide
 */
export function comparisonsTable(report: CounterfactualReport, period: "test" | "confirm" = "test"): Table<PaperComparison> {
  const comparisons = period === "test" ? report.comparisons : (report.sealed?.comparisons ?? []);
  const proposed = report.proposed === undefined ? "the proposed row" : titleOf(report, report.proposed);
  const named = [report.proposed, ...comparisons.map(({ against }) => against)];
  return {
    title: `${proposed} against its rivals on ${period === "test" ? "test (exploratory)" : "the sealed period"}, less popular targets, ${placeOf(report)}`,
    ...comparisonRows(comparisons, { ...wordsOf(report), ...(period === "confirm" && { sealed: report.sealed?.cases ?? 0 }) }),
    protocol: protocolOf(report),
    results: report.rows.filter(({ arm }) => named.includes(arm)).map(({ results }) => results),
  };
}

/** What the comparisons say, and the sealed period's verdict where it was read. */
export function counterfactualFindings(report: CounterfactualReport): readonly Sentence[] {
  const { proposed, comparisons, sealed, overall } = report;
  if (proposed === undefined) return [{ text: "The proposed model was not run: nothing is compared." }];
  const told = (all: readonly PaperComparison[]): readonly Sentence[] => comparisonSentences(`On less popular targets, ${report.base} with ${titleOf(report, proposed)}`, all, wordsOf(report), "the same steps on real sessions alone");
  const guard = (found: OverallGuard): Sentence => ({ text: `Over all targets Recall@20 ${guardText(found)} (${Number((100 * found.margin).toFixed(2))} %).`, ...(!found.kept && { warning: overallWorse }) });
  return [
    ...told(comparisons),
    ...(overall === undefined ? [] : [guard(overall)]),
    ...(placeboKeepsUp(comparisons) === undefined ? [{ text: "No placebo was run: without one a gain does not say that it comes from counterfactuals." }] : []),
    ...(comparisons.length > 0 ? [{ text: "These comparisons are on test, and exploratory: the sealed confirm period decides." }] : []),
    ...(sealed === undefined ? [] : [{ text: `The sealed period (${sealed.cases} cases of less popular targets, read once) says: ${sealed.verdict}.` }, ...[...told(sealed.comparisons), guard(sealed.overall)].map(({ text, warning }) => ({ text: `Sealed: ${text}`, warning }))]),
  ];
}

/** Dots and intervals on less popular targets, red where a placebo shows the gain too. */
export function counterfactualPlot(report: CounterfactualReport): IntervalPlot {
  const warning = warningOfProposed(report.comparisons);
  return {
    title: `Counterfactual sessions, ${placeOf(report)}`,
    axis: "Recall@20, less popular targets",
    caption: `Mean over seeds; lines are 95 % intervals by bootstrap over ${report.counts.test.sessions} sessions.${warning === undefined ? "" : " Red: a gain that a placebo shows too."}`,
    points: mainRows(report).filter(({ tail }) => tail[counterfactualMetric] !== undefined).map((row) => ({ label: row.title, ...row.tail[counterfactualMetric]!, ...(isProposed(report, row) && warning !== undefined && { warning }) })),
  };
}

/** Data and split, in a paragraph. */
export function aboutCounterfactualData({ counts: { train, items, test }, words }: CounterfactualReport): string {
  return (
    `${words[0]?.toUpperCase() ?? ""}${words.slice(1)}. Training: ${train.sessions} sessions, ${train.events} events, ${items.trained} items. ` +
    `Test: ${test.cases} cases of ${test.sessions} sessions; ${percent(test.coldTargetShare)} of the targets were never seen in training. Slates, responses, diffusion and popularity are of training alone.`
  );
}
