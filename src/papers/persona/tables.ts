/**
 * The persona experiment as tables, a plot and sentences. A gain that a placebo shows too is marked wherever it stands: in red
 * where there are colours, by a word everywhere.
 */
import type { Readings } from "../../evaluation/readings";
import type { IntervalPlot } from "../../display/figure";
import { percent } from "../../display/panel";
import type { Sentence } from "../../display/sentences";
import type { Cell, Column, Table } from "../../display/table";
import type { SearchTrial } from "../../models/search";
import type { Measured } from "../measure";
import { forms, personaArms } from "./arms";
import { rowName, type PersonaComparison, type PersonaReport, type PersonaRow, type PersonaSlice } from "./report";
import { baseline, comparisonRows, comparisonSentences, placebo, placeboKeepsUp, placeboToo, untestedMark, warningOfProposed, type ComparisonWords } from "../placebo";
import { alpha, intervalText, optionText, readingsText } from "../words";

/** Cut-offs whose losses are shown. */
const shownCutoffs = [10, 100];

/** The proposed row's mark. */
function warningOfRow({ comparisons }: PersonaReport): string | undefined {
  return warningOfProposed(comparisons);
}

function isProposed(report: PersonaReport, row: PersonaRow): boolean {
  return rowName(row) === report.proposed;
}

function rowAs(report: PersonaReport, as: string): PersonaRow | undefined {
  const name = report.comparisons.find((one) => one.as === as)?.against;
  return report.rows.find((row) => rowName(row) === name);
}

/**
 * The proposed row's mark where nothing was tested: it is above the best baseline, and its strongest placebo is no lower.
 * @param of a row's value
 */
function untestedWarning(report: PersonaReport, of: (row: PersonaRow) => number | undefined): string | undefined {
  const proposed = report.rows.find((row) => isProposed(report, row));
  const [own, rival, sham] = [proposed, rowAs(report, baseline), rowAs(report, placebo)].map((row) => row && of(row));
  return untestedMark(own, rival, sham);
}

const untestedNote = `${placeboToo}: here the row of the proposed model is above the best baseline, and its strongest placebo is as high. No test was made by slice.`;

function titleOf(report: PersonaReport, name: string): string {
  return report.rows.find((row) => rowName(row) === name)?.title ?? name;
}

function wordsOf(report: PersonaReport): ComparisonWords {
  return { metric: "NDCG@10", titleOf: (name) => titleOf(report, name) };
}

function estimate(found: Measured | undefined, warning?: string, mark?: string): Cell {
  return found && { mean: found.mean, sd: found.sd, mark, warning };
}

const model: Column<PersonaRow> = { header: "model", cell: ({ title }) => title };

function protocolOf({ dataset, words, candidates, budget, backend }: PersonaReport): string {
  return `${dataset}, ${words}, ${candidates}, metric's expectation over ties, seen items not filtered, budget ${budget}, backend ${backend}`;
}

/** What stands under every table of these rows. */
function under(report: PersonaReport, rows: readonly PersonaRow[]): Pick<Table<PersonaRow>, "rows" | "protocol" | "results"> {
  return { rows, protocol: protocolOf(report), results: rows.flatMap(({ results }) => results) };
}

/**
 * The paper's table: targets that training never saw count as misses.
 * @param readings how often test cases were scored; left out where that is not known
 */
export function personaTable(report: PersonaReport, readings?: Readings): Table<PersonaRow> {
  const { rows, comparisons, counts, proposed } = report;
  const seeds = Math.max(0, ...rows.map((row) => row.seeds.length));
  const differs = (row: PersonaRow): boolean => comparisons.some(({ against, holm }) => against === rowName(row) && holm < alpha);
  const metric = (header: string): Column<PersonaRow> => ({ header, best: "high", cell: ({ test }) => estimate(test[header]) });
  const primary: Column<PersonaRow> = {
    ...metric("NDCG@10"),
    cell: (row) => estimate(row.test["NDCG@10"], isProposed(report, row) ? warningOfRow(report) : undefined, differs(row) ? "†" : undefined),
  };
  return {
    title: `Personas in a session recommender, ${report.dataset}`,
    columns: [
      model,
      { header: "role", cell: (row) => (isProposed(report, row) ? "proposed, stands for the paper" : row.role) },
      metric("HR@10"),
      metric("HR@100"),
      primary,
      { header: "its 95 % interval", cell: ({ test }) => intervalText(test["NDCG@10"]) },
      metric("MRR@10"),
    ],
    ...under(report, rows),
    notes: [
      `${seeds > 1 ? `± standard deviation over ${seeds} seeds` : "One seed"} (models without randomness have one run); intervals: bootstrap over ${counts.test.sessions} sessions. Candidates of reranking are the first model's 100 best unless the results say otherwise, so HR@100 is their recall; what is no candidate follows behind.`,
      ...(proposed === undefined ? [] : [`"Stands for the paper": the proposed model's best form on validation. † differs from it on NDCG@10, p < ${alpha} (paired bootstrap over sessions, Holm's correction over ${comparisons.length} comparisons; other rows were not tested).`]),
      ...(warningOfRow(report) === undefined ? [] : [`${placeboToo}: the strongest placebo is not behind the proposed model, so this gain is not the personas'.`]),
      ...report.notes,
      readingsText(report.experiment, readings),
    ],
  };
}

/** Known users, users whose ids are hidden, and new ones: three settings apart. */
export function settingsTable(report: PersonaReport): Table<PersonaRow> {
  const { rows, slices, comparisons } = report;
  const shown = rows.filter((row) => row.anonymous !== undefined || comparisons.some(({ against }) => against === rowName(row)));
  const column = (header: string, of: (row: PersonaRow) => Measured | undefined): Column<PersonaRow> => untested(report, `NDCG@10, ${header}`, of);
  const ofSlice = (name: string): Column<PersonaRow>[] => {
    const slice = slices.find((one) => one.name === name);
    return slice === undefined ? [] : [column(sized(slice), (row) => valueIn(report, slice, row))];
  };
  return {
    title: `Known, anonymous and new users, ${report.dataset}`,
    columns: [model, ...ofSlice("known users"), column("everybody anonymous", ({ anonymous, test }) => (anonymous ?? test)["NDCG@10"]), ...ofSlice("new users (cold)")],
    ...under(report, shown),
    notes: [
      'Known users: their persona is of their training events. Anonymous: all test cases with the users\' ids hidden, so that the persona is inferred from the session\'s items or left out, as the options say; the other models read no ids. New users have no training events.',
      untestedNote,
    ],
  };
}

/** By users' events, sessions' lengths and targets' popularity. */
export function slicesTable(report: PersonaReport): Table<PersonaRow> {
  return {
    title: `NDCG@10 by slice, ${report.dataset}`,
    columns: [model, ...report.slices.map((slice) => untested(report, sized(slice), (row) => valueIn(report, slice, row)))],
    ...under(report, report.rows),
    notes: ["Means over seeds; in brackets the number of cases. Exploratory.", untestedNote],
  };
}

function sized({ name, cases }: PersonaSlice): string {
  return `${name} (${cases})`;
}

function valueIn({ rows }: PersonaReport, { values }: PersonaSlice, row: PersonaRow): Measured | undefined {
  const mean = values[rows.indexOf(row)];
  return mean === undefined ? undefined : { mean };
}

/** A column of numbers that no test was made of. */
function untested(report: PersonaReport, header: string, of: (row: PersonaRow) => Measured | undefined): Column<PersonaRow> {
  const warning = untestedWarning(report, (row) => of(row)?.mean);
  return { header, best: "high", cell: (row) => estimate(of(row), isProposed(report, row) ? warning : undefined) };
}

/** Where two stages lose their hits: hits, what was no candidate and what was ranked down add up to 1. */
export function stagesTable(report: PersonaReport): Table<PersonaRow> {
  const columns = shownCutoffs.flatMap((k): Column<PersonaRow>[] => {
    const of = ({ losses }: PersonaRow) => losses?.find((one) => one.k === k);
    return [
      { header: `hits at ${k}`, cell: (row) => of(row)?.hits },
      { header: `lost at ${k}: no candidate`, cell: (row) => of(row)?.lostByCandidates },
      { header: `lost at ${k}: ranked down`, cell: (row) => of(row)?.lostByReranking },
    ];
  });
  return {
    title: `What the two stages lose, ${report.dataset}`,
    columns: [model, ...columns],
    ...under(report, report.rows.filter(({ losses }) => losses !== undefined)),
    notes: ["Shares of the test cases, means over seeds; of each cut-off the three add up to 1. 1 less \"no candidate\" is the recall of the candidates, above which no order of them comes. Ties stand in the order of ids here, so hits may differ from HR in the last digits."],
  };
}

/** What was chosen, among how many settings. */
export function choicesTable(report: PersonaReport): Table<PersonaRow> {
  const { rows } = report;
  return {
    title: `How each model was chosen, ${report.dataset}`,
    columns: [
      model,
      { header: "settings tried", cell: ({ searched }) => searched, digits: 0 },
      { header: "validation NDCG@10", cell: ({ valid }) => estimate(valid["NDCG@10"]) },
      { header: "weight beside SASRec", cell: ({ blend }) => estimate(blend), digits: 2 },
      { header: "candidates", cell: ({ candidates }) => candidates?.join(", ") },
      { header: "options over the defaults", cell: (row) => (row.form !== "alone" && rows.some((other) => other.arm === row.arm && other.form === "alone") ? "as by itself" : optionText(row.options)) },
    ],
    ...under(report, rows),
    notes: ["Settings are tried on the validation cases, by NDCG@10 and with seed 1; 1 means that the options were set beforehand. The weight of a blend is chosen among 11 on validation, and so is the number of candidates where several stand here; each seed by itself."],
  };
}

/** The proposed arm's search: every setting that was tried, by round. */
export function trialsTable(report: PersonaReport): Table<SearchTrial> {
  const proposed = report.rows.filter(({ role }) => role === "proposed");
  return {
    title: `What was tried for the proposed model on validation, ${report.dataset}`,
    columns: [
      { header: "setting", cell: ({ setting }) => setting, digits: 0 },
      { header: "options", cell: ({ options }) => optionText(options) },
      { header: "epochs, at most", cell: ({ epochs }) => epochs, digits: 0 },
      { header: "validation NDCG@10", best: "high", cell: ({ metrics }) => metrics["NDCG@10"] },
      { header: "then", cell: ({ kept }) => (kept ? "kept" : "left") },
    ],
    rows: report.trials,
    protocol: protocolOf(report),
    results: proposed.flatMap(({ results }) => results),
    notes: ["One seed; a difference of one trial to another is within what seeds do. The other arms' trials are in results/searches."],
  };
}

/**
 * The proposed model against its rivals.
 * @param period "confirm": on the sealed cases, which decide
 */
export function comparisonsTable(report: PersonaReport, period: "test" | "confirm" = "test"): Table<PersonaComparison> {
  const comparisons = period === "test" ? report.comparisons : report.sealed?.comparisons ?? [];
  const proposed = report.proposed === undefined ? "the proposed model" : titleOf(report, report.proposed);
  const named = [report.proposed, ...comparisons.map(({ against }) => against)];
  return {
    title: `${proposed} against its rivals on ${period === "test" ? "test (exploratory)" : "the sealed period"}, ${report.dataset}`,
    ...comparisonRows(comparisons, { ...wordsOf(report), ...(period === "confirm" && { sealed: report.sealed?.cases ?? 0 }) }),
    protocol: protocolOf(report),
    results: report.rows.filter((row) => named.includes(rowName(row))).flatMap(({ results }) => results),
  };
}

/** What the comparisons say, and the sealed period's verdict where it was read. */
export function personaFindings(report: PersonaReport): readonly Sentence[] {
  const { proposed, comparisons, sealed } = report;
  if (proposed === undefined) return [{ text: "The proposed model was not run: nothing is compared." }];
  const row = report.rows.find((one) => rowName(one) === proposed)!;
  const told = (all: readonly PersonaComparison[]): readonly Sentence[] => comparisonSentences(row.title, all, wordsOf(report), "the same model without personas");
  const ten = row.losses?.find(({ k }) => k === 10);
  return [
    ...told(comparisons),
    ...(placeboKeepsUp(comparisons) === undefined ? [{ text: "No placebo was run: without one a gain does not say that it comes from personas." }] : []),
    ...(comparisons.length > 0 ? [{ text: "These comparisons are on test, and exploratory: the sealed confirm period decides." }] : []),
    ...(ten === undefined ? [] : [{ text: `${percent(1 - ten.lostByCandidates)} of the targets are among the candidates of ${row.title}, ${percent(ten.hits)} among its first 10: ranking loses ${percent(ten.lostByReranking)}.` }]),
    ...(sealed === undefined ? [] : [{ text: `The sealed period (${sealed.cases} cases, read once) says: ${sealed.verdict}.` }, ...told(sealed.comparisons).map(({ text, warning }) => ({ text: `Sealed: ${text}`, warning }))]),
  ];
}

/** Dots and intervals on the primary metric: one form of each model, red where a placebo shows the gain too. */
export function personaPlot(report: PersonaReport): IntervalPlot {
  const form = report.rows.find((row) => isProposed(report, row))?.form ?? "alone";
  const rows = report.rows.filter((row) => row.form === form || !report.rows.some((other) => other.arm === row.arm && other.form === form));
  const warning = warningOfRow(report);
  return {
    title: `${report.dataset}, personas`,
    axis: "NDCG@10",
    caption: `Mean over seeds; lines are 95 % intervals by bootstrap over ${report.counts.test.sessions} sessions.${form === "alone" ? "" : ` Models with a second stage: ${forms[form]}.`}${warning === undefined ? "" : " Red: a gain that a placebo shows too."}`,
    points: rows.map((row) => ({ label: personaArms.find(({ id }) => id === row.arm)?.title ?? row.title, ...row.test["NDCG@10"]!, ...(isProposed(report, row) && warning !== undefined && { warning }) })),
  };
}

/** Data and split, in a paragraph. */
export function aboutPersonaData({ counts: { train, items, test }, words }: PersonaReport): string {
  return (
    `${words[0]?.toUpperCase() ?? ""}${words.slice(1)}. Training: ${train.sessions} sessions, ${train.events} events, ${items.trained} items. ` +
    `Test: ${test.cases} cases of ${test.sessions} sessions; ${percent(test.coldTargetShare)} of the targets were never seen in training. Graph and personas are made of training alone.`
  );
}
