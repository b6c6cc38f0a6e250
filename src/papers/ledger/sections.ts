/** The ledger as tables and sections: a table a part, under them the rule. */
import type { Renderer } from "../../display/mime";
import { has, list, object } from "../../display/shapes";
import type { Estimate, Table } from "../../display/table";
import { renderTable } from "../../display/formats";
import { hashOfJson } from "../../core/hash";
import { libraryVersion } from "../../tensor/backend";
import type { Sentence } from "../../display/sentences";
import { prose, sectionsBundle, sentences, tableBlock, type Section } from "../report-sections";
import { ledgerSections, type LedgerSection } from "./claims";
import type { Ledger, LedgerRow } from "./ledger";
import { ledgerVerdicts } from "./rules";

/** The rule, in short; rules.ts has it whole. */
export const ledgerRule: readonly string[] = [
  "The verdict is computed from results/ by rule, never typed (src/papers/ledger/rules.ts). A figure is reproduced where ours less the figure lies within the stated margin (two one-sided tests at 5 %; of a figure that is to be reached, where ours is not below it by the margin), within noise where it is not shown and the 95 % interval of the difference holds 0, else not reproduced.",
  "A gain is reproduced where the proposed model is ahead of the best baseline and of the strongest placebo, both chosen on validation (paired bootstrap over sessions, Holm's correction), within noise where the interval leaves both a gain worth having (5 % of the baseline) and less than it, else not reproduced. Where a sealed period was read, it decides; on test a verdict is exploratory. Not attempted: nothing of ours stands beside it, and why.",
];

/**
 * How many verdicts there are of each, in a line.
 * @example
 * import { ledgerSummary } from "sessionlab";
 * const counts = { reproduced: 0, "within noise": 0, "not reproduced": 0, "not attempted": 0 };
 * assert.equal(ledgerSummary({ rows: [], counts }), "0 rows: 0 reproduced, 0 within noise, 0 not reproduced, 0 not attempted.");
 */
export function ledgerSummary({ rows, counts }: Pick<Ledger, "rows" | "counts">): string {
  return `${rows.length} rows: ${Object.entries(counts).map(([verdict, count]) => `${count} ${verdict}`).join(", ")}.`;
}

/**
 * One table for each part of the ledger that has rows.
 * @example
 * import { ledger, ledgerTables, renderTable } from "sessionlab";
 * const [own] = ledgerTables(ledger("no such folder", "persona"));
 * assert.match(renderTable(own!, "markdown"), /\| not attempted \| - \| - \| no runs of persona-amazon-movies-hour here \|/);
 */
export function ledgerTables({ rows }: Ledger): readonly Table<LedgerRow>[] {
  const parts = Object.keys(ledgerSections) as LedgerSection[];
  return parts.flatMap((part) => {
    const own = rows.filter(({ section }) => section === part);
    return own.length === 0 ? [] : [tableOf(part, own)];
  });
}

/** "0 reproduced, 1 within noise": verdicts that some rows have. */
function countsText(rows: readonly LedgerRow[]): string {
  const counts = ledgerVerdicts.map((verdict) => [verdict, rows.filter((row) => row.verdict === verdict).length] as const);
  return counts.filter(([, count]) => count > 0).map(([verdict, count]) => `${count} ${verdict}`).join(", ");
}

/**
 * What to take from the ledger before its tables are read: how each part stands, then each paper's own claim with its verdict.
 * @example
 * import { ledger, ledgerHeadlines } from "sessionlab";
 * assert.match(ledgerHeadlines(ledger("no such folder", "persona"))[0]!.text, /^The persona paper \(arXiv 2604\.06928\): 1\d not attempted\.$/);
 */
export function ledgerHeadlines({ rows }: Pick<Ledger, "rows">): readonly Sentence[] {
  const parts = (Object.keys(ledgerSections) as LedgerSection[]).map((part) => [part, rows.filter(({ section }) => section === part)] as const).filter(([, own]) => own.length > 0);
  const counts = parts.map(([part, own]): Sentence => ({ text: `${ledgerSections[part]}: ${countsText(own)}.` }));
  const claimed = rows.filter(({ primary }) => primary === true).map(({ claim, verdict, basis, tested, published }): Sentence => {
    const [gain, ...comparisons] = tested!.words;
    const sham = comparisons.find((words) => words.startsWith("against the strongest placebo"));
    return { text: `${claim}${published === undefined ? "" : ` (${published})`}: ${verdict} (${basis}); ${gain}${sham === undefined ? "" : `, ${sham}`}.` };
  });
  return [...counts, ...claimed];
}

function tableOf(part: LedgerSection, rows: readonly LedgerRow[]): Table<LedgerRow> {
  const results = [...new Set(rows.flatMap(({ ours }) => ours?.results ?? []))];
  return {
    title: ledgerSections[part],
    columns: [
      { header: "published, and where", cell: ({ claim, source }) => `${claim} (${source})` },
      { header: "verdict", cell: ({ verdict }) => verdict },
      { header: "figure", cell: ({ published }) => published },
      { header: "ours", cell: ({ ours }) => oursText(ours) },
      { header: "by, or why not", cell: ({ basis }) => basis },
      { header: "seeds", cell: ({ ours }) => ours?.seeds, digits: 0 },
      { header: "budget", cell: ({ ours }) => ours?.budget },
      { header: "tests", cell: ({ tested }) => tested?.words.join("; ") },
      { header: "against a margin", cell: ({ tested }) => marginText(tested) },
      { header: "data", cell: ({ data }) => data },
      { header: "departures on", cell: departuresText },
    ],
    rows,
    protocol: `means ± standard deviation over seeds of the results named, version ${libraryVersion()}; departures: sessionlab departures`,
    results: results.length > 0 ? results : [`ledger-${part}@${hashOfJson(rows).slice(0, 8)}`],
  };
}

function oursText(ours: LedgerRow["ours"]): string | undefined {
  if (ours === undefined) return undefined;
  const { what, metric, value } = ours;
  const digits = value.mean >= 1 || metric.includes("%") ? 2 : 4;
  const { mean, sd }: Estimate = value;
  return `${what}, ${metric} ${mean.toFixed(digits)}${sd === undefined ? "" : ` ± ${sd.toFixed(digits)}`}`;
}

function marginText(tested: LedgerRow["tested"]): string | undefined {
  if (tested?.margin === undefined) return undefined;
  const { margin, p, holds } = tested.margin;
  const digits = margin >= 0.1 ? 2 : 5;
  return `${tested.of}, margin ${margin.toFixed(digits)}: ${holds ? "shown" : "not shown"}, p ${p < 0.001 ? "< 0.001" : `= ${p.toFixed(3)}`}`;
}

/** "11 (kg, personas, models); 25 choices are ours" */
function departuresText({ departures, openChoices }: LedgerRow): string {
  const folders = [...new Set(departures.map((one) => one.split(":")[0]!.split("/").slice(0, -1).join("/")))];
  const files = departures.length === 0 ? "none" : `${departures.length} (${folders.join(", ")})`;
  return openChoices === undefined ? files : `${files}; ${openChoices} choices are ours`;
}

/** Headings of the parts, where the tables' titles have the rest. */
const partHeadings: Readonly<Record<LedgerSection, string>> = { persona: "Ledger: personas", counterfactual: "Ledger: counterfactual sessions", linking: "Ledger: links to DBpedia", hdgi: "Ledger: HDGI", sessions: "Ledger: session recommenders", diffusion: "Ledger: diffusion and response" };

/**
 * The ledger's sections, for a report: a heading, what to take from it, the rule, a part with its table.
 * @example
 * import { ledger, ledgerSectionsOf } from "sessionlab";
 * assert.deepEqual(ledgerSectionsOf(ledger("no such folder")).map(({ heading }) => heading), ["The ledger of the papers"]);
 */
export function ledgerSectionsOf(found: Ledger): readonly Section[] {
  const parts = (Object.keys(ledgerSections) as LedgerSection[]).flatMap((part): readonly Section[] => {
    const own = found.rows.filter(({ section }) => section === part);
    return own.length === 0 ? [] : [{ heading: partHeadings[part], blocks: [tableBlock(tableOf(part, own))] }];
  });
  return [{ heading: "The ledger of the papers", blocks: [prose(ledgerSummary(found)), sentences(ledgerHeadlines(found)), ...ledgerRule.map(prose)], parts }];
}

/** The claims that the papers open with, each at its main metric: what README shows. */
export const headlineClaims: readonly string[] = ["persona-amazon-movies-ndcg@10", "persona-books-linked-ndcg@10", "counterfactual-recall-diginetica", "counterfactual-ctr"];

/**
 * The rows of `headlineClaims`: the gain that is claimed and the one found here, over the best baseline and over the strongest placebo, and the verdict.
 * @example
 * import { headlineClaims, headlineTable, ledger } from "sessionlab";
 * assert.deepEqual(headlineTable(ledger("no such folder")).rows.map(({ verdict }) => verdict), headlineClaims.map(() => "not attempted"));
 */
export function headlineTable({ rows: all }: Pick<Ledger, "rows">): Table<LedgerRow> {
  const rows = headlineClaims.flatMap((id) => all.find((row) => row.id === id) ?? []);
  const words = ({ tested }: LedgerRow, start: string): string | undefined => tested?.words.find((one) => one.startsWith(start))?.slice(start.length).replace(/^, /, "").replace(/^(.*?): \w.*? difference /, "$1: ");
  return {
    title: "What the two papers claim in their abstracts, and ours",
    columns: [
      { header: "a gain in", cell: ({ claim }) => claim.split(":")[0] },
      { header: "claimed", cell: ({ published }) => published },
      { header: "here", cell: (row) => words(row, "gain")?.trim() },
      { header: "difference to the best baseline", cell: (row) => words(row, "against the best baseline") },
      { header: "to the strongest placebo", cell: (row) => words(row, "against the strongest placebo") },
      { header: "budget", cell: ({ ours }) => ours?.budget },
      { header: "verdict", cell: ({ verdict }) => verdict },
      { header: "by, or why not", cell: ({ basis }) => basis },
    ],
    rows,
    protocol: `differences with 95 % intervals by paired bootstrap over sessions, p by Holm's correction, version ${libraryVersion()}`,
    results: [...new Set(rows.flatMap(({ ours }) => ours?.results ?? [])), ...(rows.some(({ ours }) => ours !== undefined) ? [] : [`ledger-headline@${hashOfJson(rows).slice(0, 8)}`])],
  };
}

/** What README's block holds. */
export function headlineBlock(found: Ledger): string {
  return [renderTable(headlineTable(found), "markdown"), `The whole ledger has ${ledgerSummary(found)}`].join("\n");
}

/** What the ledger's own page holds. */
export function ledgerBlock(found: Ledger): string {
  return [ledgerSummary(found), "", ...ledgerHeadlines(found).map(({ text }) => `- ${text}`), "", ...ledgerRule.flatMap((line) => [line, ""]), ...ledgerTables(found).map((table) => renderTable(table, "markdown"))].join("\n");
}

/** What `ledger` returns. */
export const ledgerRenderer: Renderer = {
  matches: (value) => has(value, { rows: list, counts: object }) && has((value as Ledger).counts, { "not attempted": (count) => typeof count === "number" }),
  render: (value) => sectionsBundle(ledgerSectionsOf(value as Ledger)),
};
