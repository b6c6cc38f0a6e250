/** Evaluations, comparisons, passports, results and tables of metrics in a notebook: every number with its protocol. */
import type { Comparison } from "../evaluation/compare";
import type { Evaluation } from "../evaluation/evaluate";
import type { Flip, FlipList } from "../evaluation/flips";
import type { Passport } from "../evaluation/passport";
import type { SliceComparison } from "../evaluation/slices";
import { notebookTable, renderTable, resultsInHtml } from "./formats";
import type { Renderer } from "./mime";
import { formatNumber, panelBundle, panelRenderer, percent, plural, type Grid, type Panel, type PanelCell } from "./panel";
import { has, list, listOf, number, object, text, type Check } from "./shapes";
import type { Table } from "./table";

/** A metric as tables print it. */
function metric(value: number | undefined): string {
  if (value === undefined) return "-";
  return Math.abs(value) >= 10 ? value.toFixed(1) : value.toFixed(4);
}

type Metrics = Readonly<Record<string, number>>;

/** A row for each part and cut-off, a column for each metric. */
function metricsGrid(header: string, parts: readonly { readonly name: string; readonly cases: number; readonly metrics: Metrics }[], ks: readonly number[], caption?: string): Grid {
  const names = [...new Set(parts.flatMap(({ metrics }) => Object.keys(metrics)).map((name) => name.split("@")[0]!))];
  const rows = parts.flatMap(({ name, cases, metrics }) => ks.map((k) => [name, cases, k, ...names.map((one): PanelCell => metric(metrics[`${one}@${k}`]))]));
  return { caption, headers: [header, "cases", "@", ...names], rows };
}

function evaluationPanel({ role, items, ks, ties, tieRate, cases, metrics, overSeen, strata }: Evaluation): Panel {
  const many = strata.slice(0, 40).map(({ by, name, ...part }) => ({ name: name.startsWith(by) ? name : `${by}: ${name}`, ...part }));
  return {
    title: `Evaluation on ${role}`,
    facts: [plural(cases, "case"), `full ranking over ${plural(items, "item")}`],
    grids: [
      metricsGrid("", [{ name: "all cases", cases, metrics }, { name: "target seen in training", ...overSeen }], ks),
      ...(many.length === 0 ? [] : [metricsGrid("group", many, ks.slice(0, 1), "By group of cases")]),
    ],
    notes: [`Ties: ${ties}; ${percent(tieRate)} of the targets tie. A target that training never saw is a miss.`],
  };
}

function comparisonRow({ metric: name, proposed, baseline, difference, low, high, p, clusters }: Comparison): PanelCell[] {
  return [name, proposed.toFixed(4), baseline.toFixed(4), `${difference >= 0 ? "+" : ""}${difference.toFixed(4)}`, `${low.toFixed(4)} to ${high.toFixed(4)}`, probability(p), clusters];
}

function probability(p: number): string {
  return p < 0.001 ? "< 0.001" : p.toFixed(3);
}

function slicesPanel(slices: readonly SliceComparison[]): Panel {
  return {
    title: `Comparison by group on ${slices[0]!.metric}`,
    facts: ["paired bootstrap", "Holm over the groups"],
    grids: [
      {
        headers: ["group", "cases", "proposed", "baseline", "difference", "its interval", "p", "p by Holm"],
        rows: slices.slice(0, 50).map((slice) => [slice.name, slice.cases, ...comparisonRow(slice).slice(1, -1), probability(slice.holm)]),
      },
    ],
  };
}

function nameOf(id: string, title: string | undefined): string {
  return title === undefined || title === "" ? id : title;
}

/** The last items of a session are what matters to the next. */
const shownItems = 5;

function flipsPanel({ proposed, baseline, k, cases, both, neither, won, wins, lost, losses }: FlipList): Panel {
  const row = ({ session, sessionTitles, target, targetTitle, proposedRank, baselineRank }: Flip): PanelCell[] => {
    const names = session.map((id, at) => nameOf(id, sessionTitles?.[at]));
    const earlier = names.length > shownItems ? `(${names.length - shownItems} earlier) ` : "";
    const rank = (value: number): PanelCell => (Number.isFinite(value) ? Number(value.toFixed(1)) : "-");
    return [`${earlier}${names.slice(-shownItems).join(" > ")}`, nameOf(target, targetTitle), rank(proposedRank), rank(baselineRank)];
  };
  const grid = (caption: string, flips: readonly Flip[]): Grid => ({ caption, headers: ["session", "next", `rank by ${proposed}`, `rank by ${baseline}`], rows: flips.slice(0, 50).map(row) });
  return {
    title: `${proposed} against ${baseline}: who has the target among the first ${k}`,
    facts: [plural(cases, "case"), `both ${percent(both / cases)}`, `neither ${percent(neither / cases)}`],
    grids: [grid(`${plural(won, "case")} that ${proposed} hits and ${baseline} misses (${percent(won / cases)})`, wins), grid(`${plural(lost, "case")} that ${baseline} hits and ${proposed} misses (${percent(lost / cases)})`, losses)],
  };
}

function comparisonsPanel(comparisons: readonly Comparison[]): Panel {
  return {
    title: comparisons.length === 1 ? "Comparison" : plural(comparisons.length, "comparison"),
    facts: ["paired bootstrap"],
    grids: [{ headers: ["metric", "proposed", "baseline", "difference", "its interval", "p", "clusters"], rows: comparisons.slice(0, 50).map(comparisonRow) }],
  };
}

/** Options, protocols and the like in one line: "dimension 64, loss softmax". */
export function inWords(values: Readonly<Record<string, unknown>>): string {
  const words = Object.entries(values).filter(([, value]) => value !== undefined);
  const one = (value: unknown): string => (typeof value === "number" ? formatNumber(value) : typeof value === "string" ? value : JSON.stringify(value) ?? String(value));
  return words.map(([name, value]) => `${name} ${one(value)}`).join(", ");
}

function passportPanel(passport: Passport): Panel {
  const { model, data, split, candidates, ties, tieRate, ks, options, seeds, budget, version, backend, threads, cpu, node, startedAt, seconds } = passport;
  const rows: [string, string][] = [
    ["data", `${data.name}, training ${data.hash.slice(0, 8)}`],
    ["split", String(split["protocol"] ?? inWords(split))],
    ["candidates", candidates],
    ["ties", `${ties}; ${percent(tieRate)} of the targets tie`],
    ["cut-offs", ks.join(", ")],
    ["options", inWords(options)],
    ["seeds", seeds.join(", ")],
    ["budget", budget],
    ["machine", `${backend}, ${plural(threads, "thread")}, ${cpu}, Node ${node}`],
    ["run", `SessionLab ${version}, ${startedAt.slice(0, 16).replace("T", " ")} UTC, ${formatNumber(Number(seconds.toPrecision(3)))} s`],
  ];
  return { title: `Passport: ${model}`, grids: [{ headers: ["", "how the number came about"], rows: rows.filter(([, value]) => value !== "") }] };
}

/** What a result file holds, as far as it is shown. */
interface ResultLike {
  readonly paper: string;
  readonly dataset: string;
  readonly model: string;
  readonly seed: number;
  readonly passport: Passport;
  readonly valid: { readonly metrics: Metrics };
  readonly test: { readonly metrics: Metrics };
}

function resultsPanel(results: readonly ResultLike[]): Panel {
  const shown = results.slice(0, 50);
  const names = [...new Set(shown.flatMap(({ test }) => Object.keys(test.metrics)))].slice(0, 8);
  const [first] = shown;
  return {
    title: results.length === 1 ? `Result: ${first!.paper}` : plural(results.length, "result"),
    facts: [...new Set(shown.map(({ dataset, passport }) => `${dataset}, budget ${passport.budget}`))].slice(0, 3),
    grids: [{ headers: ["model", "data", "seed", ...names.map((name) => `test ${name}`)], rows: shown.map(({ model, dataset, seed, test }) => [model, dataset, seed, ...names.map((name) => metric(test.metrics[name]))]) }],
    notes: [...(results.length > shown.length ? [`${results.length - shown.length} more are not shown.`] : []), "How a number came about: its passport."],
  };
}

/** A table of metrics with its protocol: as the reports print it. */
const tables: Renderer = {
  matches: (value) => has(value, { title: text, columns: list, rows: list, protocol: text, results: list }) && listOf((value as Table<unknown>).columns, { header: text }),
  render: (value) => {
    const table = value as Table<unknown>;
    const most = 200;
    const bounded = table.rows.length <= most ? table : { ...table, rows: table.rows.slice(0, most), notes: [...(table.notes ?? []), `${table.rows.length - most} more rows are not shown.`] };
    const html = notebookTable(bounded);
    return { ...resultsInHtml(html), "text/html": html, "text/markdown": renderTable(bounded, "markdown"), "text/plain": renderTable(bounded, "text") };
  },
};

const comparisonShape: Readonly<Record<string, Check>> = { metric: text, proposed: number, baseline: number, difference: number, low: number, high: number, p: number };
const resultShape: Readonly<Record<string, Check>> = { paper: text, dataset: text, model: text, seed: number, passport: object, valid: object, test: object };

/** The values of src/evaluation, and what papers/ makes of them. */
export const resultRenderers: readonly Renderer[] = [
  panelRenderer({ role: text, items: number, metrics: object, overSeen: object, strata: list, rows: object }, evaluationPanel),
  { matches: (value) => listOf(value, { ...comparisonShape, by: text, name: text, cases: number, holm: number }), render: (value) => panelBundle(slicesPanel(value as SliceComparison[])) },
  panelRenderer({ proposed: text, baseline: text, k: number, won: number, wins: list, lost: number, losses: list }, flipsPanel),
  panelRenderer(comparisonShape, (comparison: Comparison) => comparisonsPanel([comparison])),
  { matches: (value) => listOf(value, comparisonShape), render: (value) => panelBundle(comparisonsPanel(value as Comparison[])) },
  panelRenderer(resultShape, (result: ResultLike) => resultsPanel([result])),
  { matches: (value) => listOf(value, resultShape), render: (value) => panelBundle(resultsPanel(value as ResultLike[])) },
  panelRenderer({ model: text, data: object, split: object, candidates: text, ties: text, seeds: list, backend: text }, passportPanel),
  tables,
];
