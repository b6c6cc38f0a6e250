/** The persona experiment's report, section by section, and as a notebook shows it. */
import type { Renderer } from "../../display/mime";
import { has, list, object, text } from "../../display/shapes";
import type { Readings } from "../../evaluation/readings";
import type { PersonaReport } from "./report";
import { aboutPersonaData, choicesTable, comparisonsTable, personaFindings, personaPlot, personaTable, settingsTable, slicesTable, stagesTable, trialsTable } from "./tables";
import { sentences, plot, prose, sectionsBundle, tableBlock, type Block, type Section } from "../report-sections";

/** The report; tables that would be empty are left out. @param readings left out where they are not known */
export function personaSections(report: PersonaReport, readings?: Readings): readonly Section[] {
  const main = mainBlocks(report, readings);
  const comparisons = [...(report.sealed === undefined ? [] : [comparisonsTable(report, "confirm")]), comparisonsTable(report)].filter(({ rows }) => rows.length > 0);
  const rest = [...comparisons.map(tableBlock), ...[settingsTable(report), slicesTable(report), stagesTable(report), choicesTable(report)].filter(({ rows }) => rows.length > 0).map(tableBlock), ...(report.trials.length > 0 ? [tableBlock(trialsTable(report))] : [])];
  return [{ heading: `Personas in the session recommender, ${report.dataset} (budget ${report.budget})`, blocks: [...main, ...rest] }];
}

/** Data, the paper's table, what it says, and its picture. */
function mainBlocks(report: PersonaReport, readings?: Readings): readonly Block[] {
  if (report.rows.length === 0) return [prose(aboutPersonaData(report)), prose("No results yet.")];
  return [prose(aboutPersonaData(report)), tableBlock(personaTable(report, readings)), sentences(personaFindings(report)), plot(personaPlot(report))];
}

/** What `personaReport` returns. */
export const personaRenderer: Renderer = {
  matches: (value) => has(value, { paper: (paper) => paper === "persona", dataset: text, budget: text, rows: list, comparisons: list, slices: list, counts: object }),
  render: (value) => sectionsBundle([{ heading: "", blocks: mainBlocks(value as PersonaReport) }]),
};
