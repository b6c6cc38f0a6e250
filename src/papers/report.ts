/**
 * The reports folder: index.html with all experiments that were run; base.md, base.tex, base.json and one SVG a protocol for the
 * base experiment; persona.md, persona.tex, persona.json and persona.svg for the persona paper's, counterfactual.* and counterfactual-online.* likewise.
 */
import { join } from "node:path";
import { formatSeconds } from "../core/duration";
import { writeFileAtomic } from "../core/files";
import type { Readings } from "../evaluation/readings";
import { intervalSvg } from "../display/figure";
import type { TableFormat } from "../display/formats";
import { htmlPage } from "../display/page";
import type { BaseReport, BaseTable } from "./base/base";
import { aboutSplit, basePlot, choiceTable, findings, mainTable, strataTable } from "./base/tables";
import type { CounterfactualReport } from "./counterfactual/report";
import { counterfactualSections } from "./counterfactual/sections";
import { counterfactualPlot } from "./counterfactual/tables";
import { departuresRegister, departureTables } from "./departures";
import type { OnlineReport } from "./online/report";
import { onlinePlot, onlineSections } from "./online/tables";
import type { PersonaReport } from "./persona/report";
import { personaSections } from "./persona/sections";
import { personaPlot } from "./persona/tables";
import { pageSections, plot, prose, sectionsText, sentences, tableBlock, type Section } from "./report-sections";

/** What can be reported. */
export type PaperReport = BaseReport | PersonaReport | CounterfactualReport | OnlineReport;

/**
 * Writes the reports of some experiments, all on one page.
 * @param reports one, or several of different papers
 * @param readings how often test cases were read, for the notes
 * @returns the files, the page first
 */
export function writeReports(folder: string, reports: PaperReport | readonly PaperReport[], readings: Readings): readonly string[] {
  const all = Array.isArray(reports) ? (reports as readonly PaperReport[]) : [reports as PaperReport];
  const files: readonly (readonly [string, string])[] = [
    ["index.html", page(all, readings)],
    ...all.flatMap((report): (readonly [string, string])[] => [
      [`${report.paper}.md`, reportText(report, readings, "markdown")],
      [`${report.paper}.tex`, reportText(report, readings, "latex")],
      [`${report.paper}.json`, `${JSON.stringify(report, null, 2)}\n`],
      ...plotsOf(report),
    ]),
  ];
  for (const [name, content] of files) writeFileAtomic(join(folder, name), content);
  return files.map(([name]) => join(folder, name));
}

function plotsOf(report: PaperReport): (readonly [string, string])[] {
  if (report.paper !== "base") return report.rows.length === 0 ? [] : [[`${report.paper}.svg`, intervalSvg(report.paper === "persona" ? personaPlot(report) : report.paper === "counterfactual" ? counterfactualPlot(report) : onlinePlot(report))]];
  return report.tables.map((table) => [`base-${table.protocol}.svg`, intervalSvg(basePlot(report, table))]);
}

/** All tables of an experiment and what they say, as text, Markdown or LaTeX. */
export function reportText(report: PaperReport, readings: Readings, format: Exclude<TableFormat, "html">): string {
  const last = report.paper === "base" ? [`${format === "latex" ? "% " : ""}${cacheLine(report)}`] : [];
  return `${[sectionsText(sectionsOf(report, readings), format), ...last].join("\n").trim()}\n`;
}

/** A report, section by section. */
export function sectionsOf(report: PaperReport, readings: Readings): readonly Section[] {
  if (report.paper === "persona") return personaSections(report, readings);
  if (report.paper === "counterfactual") return counterfactualSections(report, readings);
  if (report.paper === "counterfactual-online") return onlineSections(report, readings);
  return report.tables.map((table): Section => ({
    heading: titleOf(table),
    blocks: [
      prose(aboutSplit(table)),
      tableBlock(mainTable(report, table, readings)),
      sentences(findings(report, table).map((text) => ({ text }))),
      plot(basePlot(report, table)),
      tableBlock(strataTable(report, table)),
      tableBlock(choiceTable(report, table)),
    ],
  }));
}

/** All experiments, and of those of the papers what departs from them. */
function page(reports: readonly PaperReport[], readings: Readings): string {
  const papers = [...new Set(reports.flatMap(({ paper }) => (paper === "base" ? [] : [paper === "persona" ? paper : ("counterfactual" as const)])))];
  const lead = reports.flatMap((report) =>
    report.paper === "base"
      ? [`Session recommenders on ${report.dataset} at the "${report.budget}" budget, full ranking. Every number comes from a run with a passport; the ids are under each table.`, cacheLine(report)]
      : report.paper === "counterfactual-online"
        ? [`${subjects.counterfactual} in simulated worlds at the "${report.budget}" budget: click rates of users who answer its slates.`]
        : [`${subjects[report.paper]} on ${report.dataset} at the "${report.budget}" budget, full ranking.`],
  );
  const sections = [...reports.flatMap((report) => sectionsOf(report, readings)), ...papers.map(departuresSection)];
  return htmlPage(papers.length > 0 ? "SessionLab: the experiments" : "SessionLab: the base recommenders", lead, pageSections(sections));
}

/** What the papers are about. */
export const subjects = {
  persona: "Personas from a knowledge graph in a session recommender (arXiv 2604.06928)",
  counterfactual: "Counterfactual sessions for a session recommender (arXiv 2410.21892)",
} as const;

/** What is rebuilt otherwise than published, and what a paper leaves open. */
export function departuresSection(paper: keyof typeof subjects): Section {
  const { open, departures } = departureTables(departuresRegister(paper));
  return { heading: `Departures, and what the ${paper} paper leaves open`, blocks: [...open.map(tableBlock), tableBlock(departures)] };
}

/** How much came from the cache. */
export function cacheLine({ steps }: BaseReport): string {
  const computed = steps.total - steps.cached;
  const parts = [
    ...(steps.cached > 0 ? [`${steps.cached} from the cache (computed in ${formatSeconds(steps.cachedSeconds)})`] : []),
    ...(computed > 0 ? [`${computed} computed now in ${formatSeconds(steps.seconds - steps.cachedSeconds)}`] : []),
  ];
  return `${steps.total} steps: ${parts.join(", ")}.`;
}

function titleOf(table: BaseTable): string {
  return table.protocol === "time" ? "Global time cut (the main table)" : "Leave-one-out (for comparison with RecBole)";
}
