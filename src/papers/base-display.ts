/** The base experiment's report as a notebook shows it: its main tables, what they say, and the picture of each. */
import { intervalSvg } from "../display/figure";
import { escapeHtml, notebookTable, renderTable } from "../display/formats";
import type { MimeBundle, Renderer } from "../display/mime";
import { has, list, number, object, text } from "../display/shapes";
import type { BaseReport } from "./base";
import { aboutSplit, basePlot, findings, mainTable } from "./base-tables";

function baseBundle(report: BaseReport): MimeBundle {
  const html = report.tables.flatMap((table) => [
    `<p>${escapeHtml(aboutSplit(table))}</p>`,
    notebookTable(mainTable(report, table)),
    `<ul>${findings(report, table).map((line) => `<li>${escapeHtml(line)}</li>`).join("")}</ul>`,
    `<div style="max-width:480px">${intervalSvg(basePlot(report, table))}</div>`,
  ]);
  const plain = report.tables.flatMap((table) => [aboutSplit(table), "", renderTable(mainTable(report, table), "text"), ...findings(report, table), ""]);
  return { "text/html": html.join("\n"), "text/plain": plain.join("\n").trim() };
}

/** What `runBase` returns. */
export const baseRenderer: Renderer = {
  matches: (value) => has(value, { paper: (paper) => paper === "base", dataset: text, budget: text, seeds: number, backend: object, tables: list, steps: object }),
  render: (value) => baseBundle(value as BaseReport),
};
