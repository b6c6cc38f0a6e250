/** The reports folder: index.html, and for the base experiment base.md, base.tex, base.json and one SVG a protocol. */
import { join } from "node:path";
import { formatSeconds } from "../core/duration";
import { ConfigError } from "../core/errors";
import { writeFileAtomic } from "../core/files";
import type { Readings } from "../evaluation/readings";
import { intervalSvg } from "../display/figure";
import { renderTable, type TableFormat } from "../display/formats";
import { htmlPage, paragraph, plotBlock, type PageSection } from "../display/page";
import type { BaseReport, BaseTable } from "./base";
import { aboutSplit, basePlot, choiceTable, findings, mainTable, strataTable } from "./base-tables";

/**
 * Writes the reports.
 * @param readings how often test cases were read, for the notes
 * @returns the files, the page first
 */
export function writeReports(folder: string, report: BaseReport, readings: Readings): readonly string[] {
  const files: readonly (readonly [string, string])[] = [
    ["index.html", baseHtml(report, readings)],
    ["base.md", baseText(report, readings, "markdown")],
    ["base.tex", baseText(report, readings, "latex")],
    ["base.json", `${JSON.stringify(report, null, 2)}\n`],
    ...report.tables.map((table) => [`base-${table.protocol}.svg`, intervalSvg(basePlot(report, table))] as const),
  ];
  for (const [name, content] of files) writeFileAtomic(join(folder, name), content);
  return files.map(([name]) => join(folder, name));
}

/** All tables and what they say, as text, Markdown or LaTeX. */
export function baseText(report: BaseReport, readings: Readings, format: Exclude<TableFormat, "html">): string {
  const heading = (text: string) => ({ text: `\n${text}\n${"=".repeat(text.length)}`, markdown: `## ${text}`, latex: `% ${text}` })[format];
  const bullet = (text: string) => ({ text: `- ${text}`, markdown: `- ${text}`, latex: `% ${text}` })[format];
  const prose = (text: string) => (format === "latex" ? `% ${text}` : text);
  const parts = report.tables.flatMap((table) => [
    heading(titleOf(table)),
    "",
    prose(aboutSplit(table)),
    "",
    renderTable(mainTable(report, table, readings), format),
    ...findings(report, table).map(bullet),
    "",
    renderTable(strataTable(report, table), format),
    renderTable(choiceTable(report, table), format),
  ]);
  return `${[...parts, prose(cacheLine(report)), ""].join("\n").trim()}\n`;
}

function baseHtml(report: BaseReport, readings: Readings): string {
  const sections = report.tables.map((table): PageSection => ({
    heading: titleOf(table),
    blocks: [
      paragraph(aboutSplit(table)),
      renderTable(mainTable(report, table, readings), "html"),
      `<ul>${findings(report, table).map((line) => `<li>${paragraph(line).slice(3, -4)}</li>`).join("")}</ul>`,
      plotBlock(basePlot(report, table)),
      renderTable(strataTable(report, table), "html"),
      renderTable(choiceTable(report, table), "html"),
    ],
  }));
  const lead = [
    `Session recommenders on ${report.dataset} at the "${report.budget}" budget, full ranking. Every number comes from a run with a passport; the ids are under each table.`,
    cacheLine(report),
  ];
  return htmlPage("SessionLab: the base recommenders", lead, sections);
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

/** Whether a text has the marker comments of a block. */
export function hasBlock(text: string, name: string): boolean {
  return text.includes(`<!-- table:${name} -->`);
}

/**
 * Puts `content` between the marker comments of a block in a text: <!-- table:NAME --> and <!-- /table:NAME -->.
 * @throws ConfigError if the text has no such block
 */
export function fillBlock(text: string, name: string, content: string): string {
  const [open, close] = [`<!-- table:${name} -->`, `<!-- /table:${name} -->`];
  const from = text.indexOf(open);
  const to = text.indexOf(close);
  if (from < 0 || to < from) throw new ConfigError(`Expected a block "${open} ... ${close}", found none; put the two comments where the table belongs`);
  return `${text.slice(0, from + open.length)}\n${content.trim()}\n${text.slice(to)}`;
}

/** What stands between the marker comments of a block. @throws ConfigError if there is no such block */
export function readBlock(text: string, name: string): string {
  fillBlock(text, name, ""); // checks
  const open = `<!-- table:${name} -->`;
  return text.slice(text.indexOf(open) + open.length, text.indexOf(`<!-- /table:${name} -->`)).trim();
}
