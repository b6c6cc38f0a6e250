/** The base experiment as tables, plots and sentences. */
import { formatSeconds } from "../../core/duration";
import type { Readings } from "../../evaluation/readings";
import type { IntervalPlot } from "../../display/figure";
import { percent } from "../../display/panel";
import type { Column, Table } from "../../display/table";
import type { BaseReport, BaseRow, BaseTable } from "./base";
import type { Measured } from "../measure";
import { references, type Reference } from "../references";
import { alpha, differenceText, intervalText, optionText, readingsText, signed } from "../words";

/** A row of a table: a model of ours, or a reference. */
interface Line {
  readonly name: string;
  readonly row?: BaseRow;
  readonly reference?: Reference;
}

function linesOf(report: BaseReport, table: BaseTable): readonly Line[] {
  const others = references.filter((reference) => reference.dataset === report.dataset && reference.protocol === table.protocol);
  return [...table.rows.map((row) => ({ name: row.title, row })), ...others.map((reference) => ({ name: reference.name, reference }))];
}

/** "†" beside what differs from SASRec beyond chance. */
function markOf(row: BaseRow): string | undefined {
  return row.against !== undefined && row.against.holm < alpha ? "†" : undefined;
}

const name: Column<Line> = { header: "model", cell: (line) => line.name };

function metric(header: string, best: "high" | undefined, digits: number, marked = false): Column<Line> {
  const cell = ({ row, reference }: Line) => {
    const found = row?.test[header];
    if (found === undefined) return reference?.test[header];
    return { mean: found.mean, sd: found.sd, mark: marked ? markOf(row!) : undefined };
  };
  return { header, cell, best, digits };
}

function interval(of: string): Column<Line> {
  return { header: "its 95 % interval", cell: ({ row }) => intervalText(row?.test[of]) };
}

/**
 * The main table: targets that training never saw count as misses.
 * @param readings how often test cases were scored; left out where that is not known
 */
export function mainTable(report: BaseReport, table: BaseTable, readings?: Readings): Table<Line> {
  const lines = linesOf(report, table);
  return {
    title: `Base recommenders on ${report.dataset}, ${table.title}`,
    columns: [
      name,
      metric("NDCG@10", "high", 4, true),
      interval("NDCG@10"),
      metric("HR@10", "high", 4),
      interval("HR@10"),
      metric("HR@20", "high", 4),
      metric("MRR@10", "high", 4),
      metric("Coverage@10", undefined, 3),
      metric("ARP@10", undefined, 1),
    ],
    rows: lines,
    competes: (line) => line.row !== undefined,
    protocol: protocolLine(report, table),
    results: table.rows.flatMap((row) => row.results),
    notes: [
      `${report.seeds > 1 ? `± standard deviation over ${report.seeds} seeds` : "One seed"} (models without randomness have one run); intervals: bootstrap over ${table.counts.test.sessions} sessions.`,
      `† differs from SASRec on NDCG@10, p < ${alpha} (paired bootstrap over sessions, Holm's correction over ${table.rows.length - 1} comparisons).`,
      `Coverage: share of the catalogue recommended at all. ARP: mean training count of the recommended items.`,
      ...lines.flatMap((line) => (line.reference === undefined ? [] : [line.reference.provenance])),
      readingsText(table.experiment, readings),
    ],
  };
}

/** The same over targets that training saw, and by how popular the target is in training. */
export function strataTable(report: BaseReport, table: BaseTable): Table<BaseRow> {
  const { test } = table.counts;
  const seen = Math.round(test.cases * (1 - test.coldTargetShare));
  const stratum = (row: BaseRow, of: string) => row.strata.find((one) => one.by === "popularity" && one.name === of);
  const column = (of: string): Column<BaseRow> => ({ header: `NDCG@10, ${of}`, cell: (row) => stratum(row, of)?.metrics["NDCG@10"], best: "high" });
  const sizes = (of: string) => {
    const one = stratum(table.rows[0]!, of);
    return `${one?.cases ?? 0} cases, ${one?.items ?? 0} items`;
  };
  const overSeen = (of: string): Column<BaseRow> => ({ header: `${of}, seen targets`, cell: (row) => row.overSeen[of], best: "high" });
  return {
    title: `The same over seen targets and by popularity, ${table.title}`,
    columns: [{ header: "model", cell: (row) => row.title }, overSeen("NDCG@10"), overSeen("HR@10"), column("tail"), column("head")],
    rows: table.rows,
    protocol: protocolLine(report, table),
    results: table.rows.flatMap((row) => row.results),
    notes: [
      `Seen targets: the ${seen} of ${test.cases} cases whose target occurs in training; the main table counts the others as misses.`,
      `Head: targets above the 80th percentile of training counts (${sizes("head")}); tail: the other seen ones (${sizes("tail")}).`,
    ],
  };
}

/** What was chosen, among how many settings, and what it cost. */
export function choiceTable(report: BaseReport, table: BaseTable): Table<BaseRow> {
  return {
    title: `How each model was chosen, ${table.title}`,
    columns: [
      { header: "model", cell: (row) => row.title },
      { header: "settings tried", cell: (row) => row.searched, digits: 0 },
      { header: "validation NDCG@10", cell: (row) => row.valid["NDCG@10"] },
      { header: "epochs", cell: (row) => row.epochs?.join(", ") },
      { header: "time to choose and train", cell: (row) => formatSeconds(row.seconds) },
      { header: "options over the defaults", cell: (row) => optionText(row.options) },
    ],
    rows: table.rows,
    protocol: protocolLine(report, table),
    results: table.rows.flatMap((row) => row.results),
    notes: [
      "Settings are tried on the validation cases, by NDCG@10; 1 means that the options were set beforehand.",
      "SASRec's were set by hand: among 14 settings (dropout, batch, rate, heads, inner width), one seed each, on the leave-one-out validation cases of ml-100k.",
    ],
  };
}

/** Dots and intervals on the primary metric. */
export function basePlot(report: BaseReport, table: BaseTable): IntervalPlot {
  return {
    title: `${report.dataset}, ${table.title}`,
    axis: "NDCG@10",
    caption: `Mean over seeds; lines are 95 % intervals by bootstrap over ${table.counts.test.sessions} sessions.${table.protocol === "loo" ? " Hollow: measured with another library." : ""}`,
    points: linesOf(report, table).map(({ name: label, row, reference }) =>
      row === undefined ? { label, mean: reference!.test["NDCG@10"]!, reference: true } : { label, ...row.test["NDCG@10"]! },
    ),
  };
}

/** What the table says, model by model: ahead, behind, or not told apart; and how SASRec stands to its references. */
export function findings(report: BaseReport, table: BaseTable): readonly string[] {
  const found = table.rows.flatMap(({ title, against }) => {
    if (against === undefined) return [];
    const { difference, holm } = against;
    const numbers = differenceText(against);
    if (holm >= alpha) return [`${title} is not behind SASRec: the two cannot be told apart (${numbers}).`];
    return difference > 0 ? [`SASRec is ahead of ${title} (${numbers}).`] : [`${title} is not behind SASRec but ahead of it (${numbers}).`];
  });
  const sasrec = table.rows.find((row) => row.model === "sasrec");
  const beside = linesOf(report, table).flatMap(({ reference }) => (reference === undefined || sasrec === undefined ? [] : [besideReference(sasrec, reference)]));
  return [...found, ...beside];
}

/** Validation and test side by side: two programs, so no test, just the difference. */
function besideReference({ valid, test, seeds }: BaseRow, reference: Reference): string {
  const part = (name: string, ours: Measured | undefined, theirs: number | undefined) =>
    ours === undefined || theirs === undefined ? `${name}: not measured` : `${name} ${ours.mean.toFixed(4)}${ours.sd === undefined ? "" : ` ± ${ours.sd.toFixed(4)}`} against ${theirs.toFixed(4)} (${signed(ours.mean - theirs)})`;
  const parts = [part("validation", valid["NDCG@10"], reference.valid["NDCG@10"]), part("test", test["NDCG@10"], reference.test["NDCG@10"])];
  return `SASRec (${seeds.length} ${seeds.length === 1 ? "seed" : "seeds"}) beside ${reference.name}, NDCG@10: ${parts.join(", ")}.`;
}

/** Data, split and leak, in a paragraph. */
export function aboutSplit(table: BaseTable): string {
  const { counts } = table;
  const { affectedShare, laterTrainShare } = table.leakage.time!; // events of the catalogue have times
  const leak =
    affectedShare === 0
      ? "No training event is later than any test target that it helps to predict."
      : `Beware: for ${percent(affectedShare)} of the test cases, training holds events that are later than the target (${percent(laterTrainShare)} of the training events on average), so this split flatters every model; claims belong to the global cut.`;
  return (
    `${table.words[0]!.toUpperCase()}${table.words.slice(1)}. Training: ${counts.train.sessions} sessions, ${counts.train.events} events, ${counts.items.trained} items. ` +
    `Test: ${counts.test.cases} cases of ${counts.test.sessions} sessions; ${percent(counts.test.coldTargetShare)} of the targets were never seen in training, ${percent(counts.test.repeatShare)} repeat an item of their session. ${leak}`
  );
}

function protocolLine(report: BaseReport, table: BaseTable): string {
  const { backend } = report;
  return `${report.dataset}, ${table.title}, ${table.candidates}, metric's expectation over ties, seen items not filtered, budget ${report.budget}, backend ${backend.name} ${backend.device}, ${backend.threads} threads`;
}
