/** The tables of the online experiment, what they say, and its picture. */
import type { IntervalPlot } from "../../display/figure";
import type { Renderer } from "../../display/mime";
import { has, list, text } from "../../display/shapes";
import type { Sentence } from "../../display/sentences";
import type { Cell, Column, Table } from "../../display/table";
import type { Readings } from "../../evaluation/readings";
import type { Measured } from "../measure";
import { onlineArms } from "./arms";
import { rateNames, type OnlineRate } from "./rates";
import { placeWords, sameCompute, type OnlineComparison, type OnlineReport, type OnlineRow, type PrimaryComparison } from "./report";
import { startsOf, type OnlineStart, type OnlineWorldName } from "./world";
import { comparisonSentences, placeboToo, warningOf, warningOfProposed } from "../placebo";
import { plot, prose, sectionsBundle, sentences, tableBlock, type Block, type Section } from "../report-sections";
import { alpha, intervalText, probability, readingsText, signed } from "../words";

function titleOf(id: string): string {
  return onlineArms.find((arm) => arm.id === id)?.title ?? id;
}

function estimate(found: Measured | undefined, warning?: string, mark?: string): Cell {
  return found && { mean: found.mean, sd: found.sd, warning, mark };
}

function protocolOf({ sessions, candidates, budget, backend, quantile }: OnlineReport): string {
  return `a simulated world, ${sessions.logged} logged sessions, ${candidates}; fresh users, ${sessions.test} sessions a world, the same noise for all; less popular: up to the ${100 * quantile}th percentile of training clicks; budget ${budget}, backend ${backend}`;
}

/** Rates of all arms in one world with one start. @param readings left out where they are not known */
export function onlineTable(report: OnlineReport, world: OnlineWorldName, start: OnlineStart, readings?: Readings): Table<OnlineRow> {
  const rows = report.rows.filter((row) => row.world === world && row.start === start);
  const main = world === "biased" && start === "logged";
  const warning = warningOfProposed(report.primaryComparisons);
  const differs = (row: OnlineRow): boolean => main && report.primaryComparisons.some((one) => one.against === row.arm && one.holm < alpha);
  const rate = (name: OnlineRate): Column<OnlineRow> => ({
    header: name,
    digits: name === "clicks a session" ? 2 : 4,
    ...(name !== "less popular shown" && { best: "high" as const }),
    cell: (row) => estimate(row.test[name], name === report.primary && row.role === "proposed" ? warning : undefined, name === report.primary && differs(row) ? "†" : undefined),
  });
  const seeds = Math.max(0, ...rows.map((row) => row.seeds.length));
  return {
    title: `Online: ${placeWords(world, start)} (budget ${report.budget})`,
    columns: [
      { header: "recommender", cell: ({ title }) => title },
      { header: "role", cell: ({ role }) => role },
      rate("slate CTR"),
      rate(report.primary),
      { header: "its 95 % interval", cell: ({ test }) => intervalText(test[report.primary]) },
      ...rateNames.filter((name) => name !== "slate CTR" && name !== report.primary).map(rate),
    ],
    rows,
    competes: ({ role }) => role !== "bound",
    protocol: protocolOf(report),
    results: rows.flatMap(({ results }) => results),
    notes: [
      `${seeds > 1 ? `± standard deviation over ${seeds} worlds` : "One world"}; intervals: bootstrap over sessions. By slate: slates with a click (on a less popular item), over slates; by item: clicks over items shown.`,
      ...(main ? [`† differs from the proposed one on ${report.primary}, p < ${alpha} (paired bootstrap over sessions, Holm's correction over ${report.primaryComparisons.length} comparisons; other rows were not tested). "bound" knows the world's own mechanism and takes no part.`] : ["Exploratory."]),
      ...(start === "uniform" ? ["Out of distribution: the first slates are of all items alike, while logs show items by their popularity."] : []),
      ...(warning === undefined ? [] : [`${placeboToo}: the strongest placebo is not behind the proposed one, so the gain is not that of what the paper proposes.`]),
      ...(main ? [readingsText(report.experiment, readings)] : []),
    ],
  };
}

/** The proposed arm against its rivals. */
export function onlineComparisonsTable(report: OnlineReport, period: "test" | "confirm" = "test"): Table<OnlineComparison> {
  const primary = period === "confirm" ? (report.sealed?.comparisons ?? []) : report.primaryComparisons;
  const rows: readonly OnlineComparison[] = period === "confirm" ? primary : [...primary, ...report.further];
  return {
    title: `${titleOf(report.proposed)}, against its rivals ${period === "test" ? "on test sessions (exploratory)" : "on the sealed sessions"} (budget ${report.budget})`,
    columns: [
      { header: "against", cell: ({ against }) => titleOf(against) },
      { header: "as", cell: ({ as }) => as },
      { header: "rate", cell: ({ rate }) => rate },
      { header: "where", cell: ({ world, start }) => (world === "unbiased" ? "no bias" : start === "logged" ? "as logged" : "uniform start") },
      { header: "difference", cell: (one) => ({ mean: one.difference, warning: "holm" in one ? warningOf(one as PrimaryComparison, primary) : undefined }) },
      { header: "its 95 % interval", cell: ({ low, high }) => `[${signed(low)}, ${signed(high)}]` },
      { header: "p", cell: ({ p }) => p, digits: 4 },
      { header: "p by Holm", cell: (one) => ("holm" in one ? (one as PrimaryComparison).holm : undefined), digits: 4 },
      { header: "sd over worlds", cell: ({ seedSd }) => seedSd },
      { header: "ahead in worlds", cell: ({ seedsAhead, seeds }) => `${seedsAhead} of ${seeds}` },
      { header: "smallest gain that is found", cell: ({ detectable }) => detectable },
    ],
    rows,
    protocol: protocolOf(report),
    results: report.rows.filter((row) => row.start === "logged" && [report.proposed, ...rows.map(({ against }) => against)].includes(row.arm)).flatMap(({ results }) => results),
    notes: [
      "All met the same users with the same noise: differences of rates, sessions of all worlds resampled. Holm's correction over the primary comparisons alone. The smallest gain is found in four of five tests of this size.",
      period === "confirm" ? "Sealed sessions, read once: this decides." : "Test sessions were looked at; the sealed ones decide.",
    ],
  };
}

/** What it says. */
export function onlineFindings(report: OnlineReport): readonly Sentence[] {
  const { primaryComparisons, notWorse, withoutBias, margin, primary, sealed } = report;
  if (primaryComparisons.length === 0) return [{ text: "The proposed arm or its rivals were not run: nothing is compared." }];
  const told = (all: readonly PrimaryComparison[]): readonly Sentence[] => comparisonSentences(upper(titleOf(report.proposed)), all, { metric: primary, titleOf }, "the same compute");
  return [
    ...told(primaryComparisons),
    ...kept(notWorse, margin),
    ...(withoutBias === undefined ? [] : [{ text: biasSentence(report, withoutBias) }]),
    { text: `These comparisons are of ${primary}, on test sessions, and exploratory: the sealed sessions decide.` },
    ...(sealed === undefined ? [] : [{ text: `The sealed sessions (${sealed.sessions}, read once) say: ${sealed.verdict}.` }, ...[...told(sealed.comparisons), ...kept(sealed.notWorse, margin)].map(({ text: line, warning }) => ({ text: `Sealed: ${line}`, warning }))]),
  ];
}

function kept(overall: OnlineReport["notWorse"], margin: number): readonly Sentence[] {
  if (overall === undefined) return [];
  const { holds, difference, low, p } = overall;
  return [{ text: `Its slate CTR over all items is ${holds ? "" : "not shown to be "}no more than ${margin} below that of the same compute (difference ${signed(difference)}, lower end ${signed(low)}, p ${probability(p)}).` }];
}

function biasSentence({ margin, primaryComparisons }: OnlineReport, { holds, detected, difference, low, high, p }: NonNullable<OnlineReport["withoutBias"]>): string {
  const numbers = `difference ${signed(difference)}, 90 % interval [${signed(low)}, ${signed(high)}], two one-sided tests p ${probability(p)}`;
  const control = primaryComparisons.find(({ as }) => as === sameCompute);
  const gained = control !== undefined && control.difference > 0 && control.holm < alpha;
  if (detected && difference > 0) {
    const without = "in a world whose logs have no popularity bias there is a gain over the same compute";
    return gained ? `The gain is not de-biasing: ${without} too (${numbers}; the margin is ±${margin}).` : `What is gained is not de-biasing: ${without} (${numbers}; the margin is ±${margin}), and with bias none was found.`;
  }
  if (holds) return `In a world whose logs have no popularity bias its gain over the same compute lies within ±${margin} (${numbers})${gained ? ": with bias there is a gain, so it goes with the bias" : "; but with bias there is none to explain"}.`;
  return `That the gain goes with the bias is not shown, so it is not de-biasing as far as this test says: without bias in the logs the difference is not within ±${margin} (${numbers}).`;
}

function upper(words: string): string {
  return `${words[0]?.toUpperCase() ?? ""}${words.slice(1)}`;
}

/** Dots and intervals on the primary rate. */
export function onlinePlot(report: OnlineReport): IntervalPlot {
  const warning = warningOfProposed(report.primaryComparisons);
  return {
    title: `Online, popularity bias in the logs (budget ${report.budget})`,
    axis: report.primary,
    caption: `Mean over worlds; lines are 95 % intervals by bootstrap over sessions.${warning === undefined ? "" : " Red: a gain that a placebo shows too."}`,
    points: report.rows.filter(({ world, start }) => world === "biased" && start === "logged").map(({ title, role, test }) => ({ label: title, ...test[report.primary]!, ...(role === "proposed" && warning !== undefined && { warning }) })),
  };
}

/** The report, section by section. @param readings left out where they are not known */
export function onlineSections(report: OnlineReport, readings?: Readings): readonly Section[] {
  return [{ heading: `Counterfactual sessions online, in simulated worlds (budget ${report.budget})`, blocks: onlineBlocks(report, readings) }];
}

function onlineBlocks(report: OnlineReport, readings?: Readings): readonly Block[] {
  if (report.rows.length === 0) return [prose("No results yet.")];
  const places = (["biased", "unbiased"] as const).flatMap((world) => startsOf(world).map((start) => [world, start] as const));
  const tables = places.map(([world, start]) => onlineTable(report, world, start, readings)).filter(({ rows }) => rows.length > 0);
  return [tableBlock(tables[0]!), sentences(onlineFindings(report)), plot(onlinePlot(report)), ...tables.slice(1).map(tableBlock), tableBlock(onlineComparisonsTable(report)), ...(report.sealed === undefined ? [] : [tableBlock(onlineComparisonsTable(report, "confirm"))])];
}

/** What `onlineReport` returns. */
export const onlineRenderer: Renderer = {
  matches: (value) => has(value, { paper: (paper) => paper === "counterfactual-online", budget: text, rows: list, primaryComparisons: list, further: list }),
  render: (value) => sectionsBundle(onlineSections(value as OnlineReport)),
};
