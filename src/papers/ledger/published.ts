/**
 * What the project's pages publish, held against results: tables that come out otherwise when they are rendered again, and,
 * where intervals need the data, every mean and deviation of the table. And tables of metrics that stand outside: without ids, nobody can check them.
 */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { renderTable } from "../../display/formats";
import { readReadings } from "../../evaluation/readings";
import { benchmarkReport } from "../benchmark/report";
import type { CounterfactualResult } from "../counterfactual/counterfactual";
import { counterfactualArms } from "../counterfactual/arms";
import { readDiffusion } from "../diffusion/diffusion";
import { diffusionTables } from "../diffusion/tables";
import { personaRows as hdgiRows, personaRuns, readPersonaResults, type PersonaMeasure } from "../hdgi/hdgi";
import { linkingTable, readLinking } from "../linking";
import { overSeeds, type Measured } from "../measure";
import { onlineReport } from "../online/report";
import { onlineFindings, onlineTable } from "../online/tables";
import { forms, personaArms } from "../persona/arms";
import type { PersonaPaperResult } from "../persona/persona";
import { hasBlock, readBlock, type Page } from "../pages";
import { readResponse } from "../response/response";
import { responseTables } from "../response/tables";
import { readResults, type Result } from "../results";
import type { ResultFault } from "./check";
import { ledger, type Ledger } from "./ledger";
import { headlineBlock, ledgerBlock } from "./sections";

/** What of the pages does not agree with a folder of results that are whole. */
export function publishedFaults(folder: string, pages: readonly Page[]): readonly ResultFault[] {
  const [blocks, rows] = [renderedBlocks(folder), numberRows(folder)];
  return pages.flatMap(({ file, text }) => {
    const fault = (field: string, what: string): ResultFault => ({ file, field, fault: what });
    return [
      ...blocks.filter(({ name }) => hasBlock(text, name)).filter(({ name, content }) => !readBlock(text, name).startsWith(content())).map(({ name, again }) => fault(`table:${name}`, `is not what results give; ${again} renders it again`)),
      ...rows.filter(({ block }) => hasBlock(text, block)).flatMap((row) => rowFaults(readBlock(text, row.block), row).map((what) => fault(`table:${row.block}`, what))),
      ...unmarkedTables(text).map((line) => fault(`line ${line}`, "is a table of metrics outside the blocks that results fill")),
    ];
  });
}

function diffusionNames(folder: string): readonly string[] {
  const own = join(folder, "diffusion");
  return existsSync(own) ? readdirSync(own).filter((file) => file.endsWith(".json")).map((file) => file.replace(/\.json$/, "")) : [];
}

/** A block that results give alone. */
interface RenderedBlock {
  readonly name: string;
  /** What it begins with. */
  content(): string;
  readonly again: string;
}

/** Blocks whose tables need nothing but results. */
export function renderedBlocks(folder: string): readonly RenderedBlock[] {
  const readings = readReadings(join(folder, "readings.json"));
  const results = readResults(folder);
  const blocks: RenderedBlock[] = [];
  const add = (name: string, content: () => string, again: string): void => void blocks.push({ name, content: () => content().trim(), again });
  if (results.some(({ paper, dataset }) => paper === "benchmark" && dataset === "diginetica")) add("benchmark-diginetica", () => renderTable(benchmarkReport(folder).table, "markdown"), "sessionlab benchmark --publish");
  const linking = readLinking(join(folder, "linking", "maps.json"));
  if (linking !== undefined) add("linking", () => renderTable(linkingTable(linking), "markdown"), "sessionlab kg link --evaluate --publish");
  for (const name of diffusionNames(folder)) {
    const result = readDiffusion(join(folder, "diffusion", `${name}.json`))!;
    const [recommender, slates] = diffusionTables(result, readings[result.experiment]?.test);
    add(result.experiment, () => renderTable(recommender, "markdown"), "sessionlab diffusion --publish");
    add(`${result.experiment}-slates`, () => renderTable(slates, "markdown"), "sessionlab diffusion --publish");
  }
  const response = readResponse(join(folder, "response", "simulator.json"));
  if (response !== undefined) {
    const [likelihood, rates, policies] = responseTables(response);
    add("response-likelihood", () => renderTable(likelihood, "markdown"), "sessionlab response --publish");
    add("response-rates", () => renderTable(rates, "markdown"), "sessionlab response --publish");
    add("response-policies", () => renderTable(policies, "markdown"), "sessionlab response --publish");
  }
  for (const budget of new Set(results.filter(({ paper }) => paper === "counterfactual-online").map(({ passport }) => passport.budget))) {
    const content = (): string => {
      const report = onlineReport({ results: folder, budget });
      const sealed = existsSync(join(folder, "confirm", `${report.experiment}.json`)); // then more sentences follow
      return [renderTable(onlineTable(report, "biased", "logged", readings), "markdown"), ...(sealed ? [] : onlineFindings(report).map(({ text }) => `- ${text}`))].join("\n");
    };
    add(`counterfactual-online-${budget}`, content, "sessionlab reproduce --paper counterfactual --dataset simulator --publish");
  }
  let whole: Ledger | undefined;
  const found = (): Ledger => (whole ??= ledger(folder));
  add("ledger", () => ledgerBlock(found()), "sessionlab ledger --publish");
  add("ledger-headline", () => headlineBlock(found()), "sessionlab ledger --publish");
  return blocks;
}

/** A row of a published table, as far as results give it: by the column's header. */
export interface NumberRow {
  readonly block: string;
  readonly title: string;
  readonly cells: Readonly<Record<string, string>>;
}

function cell({ mean, sd }: Measured, digits: number): string {
  return `${mean.toFixed(digits)}${sd === undefined ? "" : ` ± ${sd.toFixed(digits)}`}`;
}

/** Rows of tables whose intervals need the data. */
export function numberRows(folder: string): readonly NumberRow[] {
  const results = readResults(folder);
  const groups = new Map<string, Result[]>();
  for (const one of results) {
    const key = `${one.paper}-${one.dataset} ${one.model}`;
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  const rows = [...groups].flatMap(([key, runs]): NumberRow[] => {
    const block = key.split(" ")[0]!;
    const [first] = runs;
    const test = overSeeds(runs.map((run) => run.test.metrics));
    const of = (names: readonly string[], digits: number): Record<string, string> => Object.fromEntries(names.map((name) => [name, cell(test[name]!, digits)]));
    if (first!.paper === "base") return [{ block, title: first!.passport.model, cells: { ...of(["NDCG@10", "HR@10", "HR@20", "MRR@10"], 4), ...of(["Coverage@10"], 3), ...of(["ARP@10"], 1) } }];
    if (first!.paper === "persona") {
      const { arm, form } = first as PersonaPaperResult;
      const { title } = personaArms.find(({ id }) => id === arm)!;
      return [{ block, title: form === "alone" ? title : `${title}, ${forms[form]}`, cells: of(["HR@10", "HR@100", "NDCG@10", "MRR@10"], 4) }];
    }
    if (first!.paper !== "counterfactual") return [];
    const arm = counterfactualArms.find(({ id }) => id === (first as CounterfactualResult).arm)!;
    const stratum = (name: string): string => cell(overSeeds(runs.map((run) => ({ value: run.test.strata.find((one) => one.name === name)!.metrics["HR@20"]! })))["value"]!, 4);
    return arm.role === "sweep" ? [] : [{ block, title: arm.title, cells: { "Recall@20, less popular targets": stratum("tail"), "Recall@20, popular targets": stratum("head"), "Recall@20": cell(test["HR@20"]!, 4), ...of(["MRR@20"], 4) } }];
  });
  const measures: readonly (readonly [string, PersonaMeasure, number])[] = [["micro-F1", "test micro-F1", 4], ["macro-F1", "test macro-F1", 4], ["NMI", "NMI", 3], ["ARI", "ARI", 3]];
  const hdgi = hdgiRows(readPersonaResults(folder, "acm3025")).map(({ model, seeds, mean, sd }): NumberRow => ({ block: "hdgi-acm3025", title: personaRuns[model], cells: Object.fromEntries(measures.map(([header, measure, digits]) => [header, cell({ mean: mean[measure], ...(seeds > 1 && { sd: sd[measure] }) }, digits)])) }));
  return [...rows, ...hdgi];
}

/** Cells of a Markdown table's line, without emphasis. */
function cellsOf(line: string): readonly string[] {
  return line.split(/(?<!\\)\|/).slice(1, -1).map((text) => text.replaceAll("**", "").replaceAll("\\", "").trim());
}

/** What of a row is not in a block. */
export function rowFaults(block: string, { title, cells }: NumberRow): readonly string[] {
  const lines = block.split("\n");
  const headers = cellsOf(lines.find((line) => line.startsWith("| ")) ?? "");
  const found = lines.map(cellsOf).find((row) => row[0] === title);
  if (found === undefined) return [`has no row "${title}", which results have`];
  return Object.entries(cells).flatMap(([header, text]) => {
    const shown = found[headers.indexOf(header)] ?? "";
    return new RegExp(`^${text.replaceAll(".", "\\.")}(?![\\d.]| ±)`).test(shown) ? [] : [`"${title}", ${header}: ${shown}, and results give ${text}`];
  });
}

/** A header that names a metric. */
export const metricHeader = /(^|[^\w])(HR|NDCG|MRR|Recall|Precision|P|Coverage|ARP)@\d|\b(NDCG|MRR|CTR|NMI|ARI|micro-F1|macro-F1)\b/;

/** Lines of Markdown, from 1, where a table whose header names a metric stands outside a marked block. */
export function unmarkedTables(text: string): readonly number[] {
  let inside: string | undefined;
  const lines = text.split("\n");
  return lines.flatMap((line, at) => {
    const [, close, name] = /^<!-- (\/?)table:([\w-]+) -->$/.exec(line.trim()) ?? [];
    if (name !== undefined) inside = close === "/" ? undefined : name;
    const header = inside === undefined && line.startsWith("|") && /^\|[\s:|-]+\|$/.test(lines[at + 1] ?? "");
    return header && metricHeader.test(line) ? [at + 1] : [];
  });
}
