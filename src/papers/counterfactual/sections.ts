/** The counterfactual experiment's report, section by section, and as a notebook shows it. */
import type { Renderer } from "../../display/mime";
import { has, list, object, text } from "../../display/shapes";
import type { Readings } from "../../evaluation/readings";
import type { CounterfactualReport } from "./report";
import { aboutCounterfactualData, addedTable, choicesTable, comparisonsTable, counterfactualFindings, counterfactualPlot, counterfactualTable, placeOf, sweepTable } from "./tables";
import { plot, prose, sectionsBundle, sentences, tableBlock, type Block, type Section } from "../report-sections";

/** The report; tables that would be empty are left out. @param readings left out where they are not known */
export function counterfactualSections(report: CounterfactualReport, readings?: Readings): readonly Section[] {
  const comparisons = [...(report.sealed === undefined ? [] : [comparisonsTable(report, "confirm")]), comparisonsTable(report)].filter(({ rows }) => rows.length > 0);
  const rest = [sweepTable(report), addedTable(report), choicesTable(report)].filter(({ rows }) => rows.length > 0);
  const hangsOn = report.assumptions.length === 0 ? [] : [prose(`What the added sessions hang on: ${report.assumptions.join("; ")}.`)];
  return [{ heading: `Counterfactual sessions, ${placeOf(report)}`, blocks: [...mainBlocks(report, readings), ...comparisons.map(tableBlock), ...rest.map(tableBlock), ...hangsOn] }];
}

/** Data, the paper's table, what it says, and its picture. */
function mainBlocks(report: CounterfactualReport, readings?: Readings): readonly Block[] {
  if (report.rows.length === 0) return [prose(aboutCounterfactualData(report)), prose("No results yet.")];
  return [prose(aboutCounterfactualData(report)), tableBlock(counterfactualTable(report, readings)), sentences(counterfactualFindings(report)), plot(counterfactualPlot(report))];
}

/** What `counterfactualReport` returns. */
export const counterfactualRenderer: Renderer = {
  matches: (value) => has(value, { paper: (paper) => paper === "counterfactual", dataset: text, budget: text, rows: list, comparisons: list, counts: object }),
  render: (value) => sectionsBundle([{ heading: "", blocks: mainBlocks(value as CounterfactualReport) }]),
};
