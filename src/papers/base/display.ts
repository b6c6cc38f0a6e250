/** The base experiment's report as a notebook shows it: its main tables, what they say, and the picture of each. */
import type { Renderer } from "../../display/mime";
import { has, list, number, object, text } from "../../display/shapes";
import type { BaseReport } from "./base";
import { aboutSplit, basePlot, findings, mainTable } from "./tables";
import { sentences, plot, prose, sectionsBundle, tableBlock } from "../report-sections";

/** What `runBase` returns. */
export const baseRenderer: Renderer = {
  matches: (value) => has(value, { paper: (paper) => paper === "base", dataset: text, budget: text, seeds: number, backend: object, tables: list, steps: object }),
  render: (value) => {
    const report = value as BaseReport;
    const blocks = report.tables.flatMap((table) => [prose(aboutSplit(table)), tableBlock(mainTable(report, table)), sentences(findings(report, table).map((line) => ({ text: line }))), plot(basePlot(report, table))]);
    return sectionsBundle([{ heading: "", blocks }]);
  },
};
