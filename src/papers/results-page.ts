/**
 * The whole report, from a folder of results alone: what was measured for both papers and for what they stand on, with departures
 * and open choices, the passports of all runs and where they were made. Nothing is trained, fetched or scored; the same results
 * give the same page.
 */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { DataError } from "../core/errors";
import { htmlPage } from "../display/page";
import { passportKey, type Passport } from "../evaluation/passport";
import { readReadings, type Readings } from "../evaluation/readings";
import { benchmarkReport } from "./benchmark/report";
import type { CounterfactualConfirmation } from "./counterfactual/confirm";
import { withSealed } from "./counterfactual/confirm";
import { departureSections, departuresRegister, departureTables } from "./departures";
import { readDiffusion } from "./diffusion/diffusion";
import { diffusionTables, placeOf } from "./diffusion/tables";
import { readPersonaResults } from "./hdgi/hdgi";
import { personaExperiment, personaTableOfResults } from "./hdgi/table";
import { ledger } from "./ledger/ledger";
import { ledgerSectionsOf } from "./ledger/sections";
import { linkingTable, readLinking } from "./linking";
import { meansSection } from "./means";
import { withSealed as withSealedSessions, type OnlineConfirmation } from "./online/confirm";
import { withSealed as withSealedCases } from "./persona/confirm";
import { onlineReport } from "./online/report";
import { environmentSection, linkIds, passportsSection, type OtherId, type PassportGroup } from "./passports";
import { sectionsOf, subjects } from "./report";
import { pageSections, prose, tableBlock, type Section } from "./report-sections";
import { responseTables } from "./response/tables";
import { readResponse } from "./response/response";
import { readResults, resultId, resultsId, type Result } from "./results";
import { readConfirmationFile } from "./sealed";
import { byModel, experimentsOf, readSummary, type ExperimentRuns, type SummarisedReport } from "./summaries";

/** What the page is made of. */
export interface WholeReport {
  readonly html: string;
  /** Runs behind it. */
  readonly runs: number;
  /** Experiments whose tables have means alone: without a summary of these runs. */
  readonly withoutIntervals: readonly string[];
}

/**
 * The page.
 * @param folder of results: "results"
 * @throws DataError where it holds no results, or a damaged file
 */
export function wholeReport(folder: string): WholeReport {
  const results = readResults(folder);
  if (results.length === 0) throw new DataError("Expected result files, found none; sessionlab reproduce --publish makes them", { file: folder });
  const readings = readReadings(join(folder, "readings.json"));
  const groups = groupsOf(folder, results);
  const experiments = experimentsOf(results).map((runs) => ({ runs, summary: readSummary(folder, runs) }));
  const of = (paper: ExperimentRuns["paper"]): readonly Section[] => experiments.filter(({ runs }) => runs.paper === paper).flatMap(({ runs, summary }) => experimentSections(folder, runs, summary, readings));
  const others = othersOf(folder);
  const sections: readonly Section[] = [
    ...ledgerSectionsOf(ledger(folder)),
    group("The persona paper", `${subjects.persona}.`, [...of("persona"), ...labelledSections(folder, results, readings), ...linkingSections(folder)]),
    group("The counterfactual paper", `${subjects.counterfactual}.`, [...of("counterfactual"), ...onlineParts(folder, results, readings), ...diffusionSections(folder, readings), ...responseSections(folder)]),
    group("The recommenders that both stand on", "Base recommenders under two protocols, and session recommenders on published benchmark files.", [...of("base"), ...benchmarkSections(folder, results)]),
    departures(folder),
    environmentSection(groups),
    passportsSection(groups, others),
  ].filter(({ parts, blocks }) => blocks.length > 0 || (parts ?? []).length > 0);
  const lead = [
    `Session-based recommendation with personas from a knowledge graph (arXiv 2604.06928) and with counterfactual sessions (arXiv 2410.21892), rebuilt: tables, plots and tests of ${results.length} runs.`,
    "Every number comes from a result file with a passport; the ids under each table lead to it. Choices were made on validation; what a placebo shows too is marked.",
  ];
  const html = htmlPage("SessionLab: what was measured", lead, pageSections(sections).map(linked([...groups, ...others.map(({ id }) => ({ id, aliases: [] }))])));
  return { html, runs: results.length, withoutIntervals: experiments.filter(({ summary }) => summary === undefined).map(({ runs }) => runs.experiment) };
}

function group(heading: string, about: string, parts: readonly Section[]): Section {
  return { heading, blocks: parts.length === 0 ? [] : [prose(about)], parts };
}

function linked(groups: Parameters<typeof linkIds>[1]) {
  return function link<S extends { readonly blocks: readonly string[]; readonly parts?: readonly S[] }>(section: S): S {
    return { ...section, blocks: section.blocks.map((block) => (block.includes('class="passport"') ? block : linkIds(block, groups))), parts: (section.parts ?? []).map(link) };
  };
}

/** An experiment's own sections, or its means where no summary of these runs is kept. */
function experimentSections(folder: string, runs: ExperimentRuns, summary: SummarisedReport | undefined, readings: Readings): readonly Section[] {
  if (summary === undefined) return [meansSection(runs, whyMeans(runs), readings)];
  const { experiment } = runs;
  if (summary.paper === "persona") {
    const sealed = readConfirmationFile({ results: folder, experiment });
    return sectionsOf(withSealedCases(summary, sealed), readings);
  }
  if (summary.paper === "counterfactual") return sectionsOf(withSealed(summary, readConfirmationFile<CounterfactualConfirmation>({ results: folder, experiment })), readings);
  return sectionsOf(summary, readings).map(({ heading, ...rest }) => ({ heading: `${heading}, ${summary.dataset} (budget ${summary.budget})`, ...rest }));
}

/** Why an experiment has no intervals. */
function whyMeans({ paper, results }: ExperimentRuns): string {
  if (paper !== "base") return "no summary of these runs is kept (sessionlab report --publish makes one where the data are here)";
  const ranked = results.every((result) => "ranks" in result);
  return ranked ? "no summary of these runs is kept (sessionlab reproduce --paper base --publish makes one, and runs nothing again)" : "these runs are older than the ranks that result files keep now, and intervals come from ranks (sessionlab reproduce --paper base --publish, at their budget and number of seeds, runs them again)";
}

function onlineParts(folder: string, results: readonly Result[], readings: Readings): readonly Section[] {
  const budgets = [...new Set(results.filter(({ paper }) => paper === "counterfactual-online").map(({ passport }) => passport.budget))];
  return budgets.flatMap((budget) => {
    const report = onlineReport({ results: folder, budget });
    const sealed = readConfirmationFile<OnlineConfirmation>({ results: folder, experiment: report.experiment });
    return sectionsOf(withSealedSessions(report, sealed), readings);
  });
}

function labelledSections(folder: string, results: readonly Result[], readings: Readings): readonly Section[] {
  const datasets = [...new Set(results.filter(({ paper }) => paper === "hdgi").map(({ dataset }) => dataset))];
  return datasets.map((dataset) => ({ heading: `Vectors without labels, ${dataset}`, blocks: [prose(`${personaExperiment(dataset)}: the graph encoder by itself, on a graph whose classes are known.`), tableBlock(personaTableOfResults(dataset, readPersonaResults(folder, dataset), readings))] }));
}

function linkingSections(folder: string): readonly Section[] {
  const found = readLinking(join(folder, "linking", "maps.json"));
  const about = "Which share of our links is right (precision), and which share of the titles has the right one (recall), on titles that others linked before; the last column is what was set beforehand, and whether it was reached.";
  return found === undefined ? [] : [{ heading: "Items as entities of DBpedia", blocks: [prose(about), tableBlock(linkingTable(found))] }];
}

function diffusionResults(folder: string) {
  const own = join(folder, "diffusion");
  const files = existsSync(own) ? readdirSync(own).filter((file) => file.endsWith(".json")).sort() : [];
  return files.flatMap((file) => readDiffusion(join(own, file)) ?? []);
}

function diffusionSections(folder: string, readings: Readings): readonly Section[] {
  const about = "The model that makes slates, asked to name the next item by itself. It should have twice the NDCG@20 of popularity at least; the lines under the first table say what it has, and how it stands to the recommender that it was put on.";
  return diffusionResults(folder).map((found) => ({ heading: `Guided diffusion as a recommender, ${placeOf(found).slice(0, -found.passport.budget.length - 1)} (budget ${found.passport.budget})`, blocks: [prose(about), ...diffusionTables(found, readings[found.experiment]?.test ?? 0).map((table) => tableBlock(table as Parameters<typeof tableBlock>[0]))] }));
}

function responseSections(folder: string): readonly Section[] {
  const found = readResponse(join(folder, "response", "simulator.json"));
  const about = "In simulated worlds, where the truth is known: how near the learnt model of users comes to it; whether its answers to what would have been are right; and whether better recommenders have more clicks online.";
  return found === undefined ? [] : [{ heading: "How users answer a slate", blocks: [prose(about), ...responseTables(found).map((table) => tableBlock(table as Parameters<typeof tableBlock>[0]))] }];
}

function benchmarkSections(folder: string, results: readonly Result[]): readonly Section[] {
  const about = "On the files that papers from SR-GNN on share. \"Should be\" is what others measured or what was set for this project, P@20/MRR@20; \"is it\" says whether ours is.";
  return results.some(({ paper }) => paper === "benchmark") ? [{ heading: "Session recommenders on Diginetica's benchmark files", blocks: [prose(about), tableBlock(benchmarkReport(folder).table)] }] : [];
}

function departures(folder: string): Section {
  const about = "What the papers leave open, with the option that decides it here and the values that were tried; the placebos and controls beside what is proposed; and what is done otherwise than in what is rebuilt, as the headers of the source files say.";
  return { heading: "Departures, open choices and placebos", blocks: [prose(about)], parts: departureSections(departuresRegister("all"), "all", folder) };
}

/** What tables name that is no run. */
function othersOf(folder: string): readonly OtherId[] {
  const linking = readLinking(join(folder, "linking", "maps.json"));
  const ids = (table: { readonly results: readonly string[] }, about: string): readonly OtherId[] => table.results.map((id) => ({ id, about }));
  return [
    ...(linking === undefined ? [] : ids(linkingTable(linking), "results/linking/maps.json, by the hash of what it holds; sessionlab kg link --evaluate makes it again.")),
    ...ids(departureTables(departuresRegister("all")).departures, "the register of departures and open choices, by its hash; sessionlab departures reads it from the source files."),
  ];
}

/** The runs by model, and the experiments that keep one file for all of theirs. */
function groupsOf(folder: string, results: readonly Result[]): readonly PassportGroup[] {
  const alone = (name: string, passport: Passport): PassportGroup => ({ id: `${name}@${passportKey(passport).slice(0, 8)}`, experiment: name, aliases: [], passports: [passport] });
  const response = readResponse(join(folder, "response", "simulator.json"));
  return [
    ...byModel(results).map((own) => ({ id: resultsId(own), experiment: `${own[0]!.paper}-${own[0]!.dataset}`, aliases: own.map(resultId), passports: own.map(({ passport }) => passport) })),
    ...diffusionResults(folder).map(({ experiment, passport }) => alone(experiment, passport)),
    ...(response === undefined ? [] : [alone("response-simulator", response.passport)]),
  ];
}
