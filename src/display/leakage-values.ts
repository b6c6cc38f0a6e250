/** What a split lets through, and one model under two splits, in a notebook. */
import type { LeakageReport } from "../evaluation/leakage";
import type { Duplicates } from "../evaluation/near-duplicates";
import type { SplitsComparison } from "../models/two-splits";
import type { Renderer } from "./mime";
import { formatNumber, panelRenderer, percent, plural, type Panel, type PanelCell } from "./panel";
import { has, list, number, object, text } from "./shapes";

type Row = readonly [what: string, found: PanelCell, of: PanelCell, share: PanelCell, meaning: string];

function duplicateRows({ sessions, identical, near, jaccard }: Duplicates): Row[] {
  return [
    ["sessions that training has, item for item", identical, sessions, percent(identical / sessions), identical === 0 ? "" : "copies: duplicates.examples"],
    [`sessions that training nearly has (Jaccard from ${formatNumber(jaccard)} on)`, near, sessions, percent(near / sessions), ""],
  ];
}

function duplicateNotes({ minItems, unfinished, mostCandidates }: Duplicates): string[] {
  return [
    `Copies are looked for among test sessions of ${minItems} different items or more.`,
    ...(unfinished === 0 ? [] : [`${plural(unfinished, "test session")} had more than ${formatNumber(mostCandidates)} candidates, none alike among those looked at: the count of copies may be too low by as many.`]),
  ];
}

function leakagePanel({ name, protocol, testCases, time, users, sessions, targetsInTraining, unseen, duplicates }: LeakageReport): Panel {
  const late = time === undefined ? 0 : time.affectedShare;
  const rows: Row[] = [
    ...(time === undefined
      ? []
      : ([
          ["targets older than the newest training event", Math.round(late * testCases), testCases, percent(late), late > 0 ? "training knows the future" : "as it should be"],
          ["training events later than a target, on average", undefined, undefined, percent(time.laterTrainShare), ""],
        ] satisfies Row[])),
    ...(targetsInTraining === undefined ? [] : [["targets that are training events themselves", targetsInTraining, testCases, percent(targetsInTraining / testCases), targetsInTraining > 0 ? "the answer was learnt" : "as it should be"] satisfies Row]),
    ...(users === undefined ? [] : [["users with training events", users.alsoInTraining, users.test, percent(users.alsoInTraining / users.test), "known users; the others are new"] satisfies Row]),
    ...(sessions === undefined ? [] : [["sessions that began in training", sessions.alsoInTraining, sessions.test, percent(sessions.alsoInTraining / sessions.test), "what was learnt is part of the prefix"] satisfies Row]),
    ...duplicateRows(duplicates),
    ["targets that training never saw", unseen.cases, testCases, percent(unseen.cases / testCases), unseen.cases === 0 ? "" : `${plural(unseen.items, "item")}: misses for every model`],
  ];
  const oldest = time?.oldestTarget === undefined ? "" : `, the oldest test target ${moment(time.oldestTarget)}`;
  return {
    title: `Leakage of ${name}`,
    facts: [...(protocol === undefined ? [] : [protocol]), plural(testCases, "test case"), ...(time === undefined ? ["no times: whether training knows the future cannot be told"] : [late > 0 ? "training knows the future" : "nothing of the future in training"])],
    grids: [{ headers: ["of the test side", "count", "of", "share", "which means"], rows }],
    notes: [
      ...(time === undefined ? [] : [`The newest training event is of ${moment(time.newestTraining)}${oldest} (UTC).`]),
      ...(late > 0 ? ["Numbers measured on this split are not those of a system that runs in time; splitByTime has no such leak."] : []),
      ...duplicateNotes(duplicates),
    ],
  };
}

/** "1998-03-07 09:12" */
function moment(iso: string): string {
  return iso.slice(0, 16).replace("T", " ");
}

function duplicatesPanel(duplicates: Duplicates): Panel {
  const examples = duplicates.examples.map(({ test, train, jaccard }) => [test, train, Number(jaccard.toFixed(3))]);
  return {
    title: "Copies of test sessions in training",
    facts: [plural(duplicates.sessions, "test session")],
    grids: [
      { headers: ["of the test side", "count", "of", "share"], rows: duplicateRows(duplicates).map((row) => row.slice(0, 4)) },
      ...(examples.length === 0 ? [] : [{ caption: "The most alike", headers: ["test session", "training session", "Jaccard"], rows: examples }]),
    ],
    notes: duplicateNotes(duplicates),
  };
}

function splitsPanel({ model, on, runs, rows }: SplitsComparison): Panel {
  const names = runs.map(({ name }) => name);
  const shown = (value: string | number | null | undefined, sign = false): PanelCell =>
    typeof value !== "number" ? undefined : `${sign && value >= 0 ? "+" : ""}${value.toFixed(Math.abs(value) >= 10 ? 1 : 4)}`;
  const metrics = rows.map((row): PanelCell[] => [
    String(row["metric"]),
    ...names.map((name) => shown(row[name])),
    shown(row["difference"], true),
    row["low"] === null ? undefined : `${shown(row["low"], true)} to ${shown(row["high"], true)}`,
  ]);
  const about = (what: string, of: (run: SplitsComparison["runs"][number]) => PanelCell): PanelCell[] => [what, ...runs.map(of), undefined, undefined];
  return {
    title: `${model} under two splits`,
    facts: [`on ${on}`, "full ranking"],
    grids: [{ headers: ["", ...names, "difference", "its interval"], rows: [...metrics, about("cases", ({ evaluation }) => evaluation.cases), about("items ranked", ({ evaluation }) => evaluation.items)] }],
    notes: ["The cases differ, and so do the items: the difference is of the whole protocol. Intervals (95 %) take the sessions of the two as independent."],
  };
}

/** Leakage reports, what `nearDuplicates` and `compareSplits` find. */
export const leakageRenderers: readonly Renderer[] = [
  panelRenderer({ testCases: number, unseen: object, duplicates: object, name: text }, leakagePanel),
  panelRenderer({ identical: number, near: number, unfinished: number, examples: list, jaccard: number }, duplicatesPanel),
  panelRenderer({ model: text, on: text, rows: list, runs: (runs) => Array.isArray(runs) && runs.length === 2 && runs.every((run) => has(run, { name: text, evaluation: object })) }, splitsPanel),
];
