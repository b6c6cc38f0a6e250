/**
 * The departures register: what each file of src does otherwise than what it rebuilds, as its header says in lines that begin
 * with "Departs:" (a line that goes on is indented), and beside it what the papers leave open. So a difference is written down
 * once, where it is made.
 */
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { DataError } from "../core/errors";
import { hashOfJson } from "../core/hash";
import { projectRoot } from "../data/store";
import type { Table } from "../display/table";
import { libraryVersion } from "../tensor/backend";
import { openChoices, type OpenChoice, type PaperName } from "./open-choices";
import { placeboRows, placeboTable, triedValues } from "./placebos";
import { tableBlock, type Section } from "./report-sections";

/** One difference from what a file rebuilds. */
export interface Departure {
  /** From the root of the project. */
  readonly file: string;
  /** What the file rebuilds: "SASRec"; and the first sentence of its header, which names the source. */
  readonly name: string;
  readonly rebuilds: string;
  /** The papers whose experiments stand on it; none for file formats and the like. */
  readonly papers: readonly PaperName[];
  readonly departure: string;
}

/** All departures and open choices. */
export interface DeparturesRegister {
  readonly departures: readonly Departure[];
  readonly choices: readonly OpenChoice[];
}

/**
 * Reads the register from the source files.
 * @param paper its own, and what both papers stand on; "all" has the file formats too
 * @param folder the folder of sources; default the project's src
 * @throws DataError if there are no sources
 * @example
 * import { departuresRegister } from "sessionlab";
 * const { departures, choices } = departuresRegister("persona");
 * assert.ok(departures.some(({ name, departure }) => name === "SASRec" && departure.startsWith("GELU in the feed-forward layer")));
 * assert.deepEqual(choices.find(({ choice }) => choice.startsWith("How a persona enters"))!.range, "prefix, bias, gate, concat");
 */
export function departuresRegister(paper: PaperName | "all" = "all", folder = join(projectRoot, "src")): DeparturesRegister {
  if (!existsSync(folder)) throw new DataError("Expected the sources, whose headers say what departs, found no such folder; run it in a checkout of the project", { file: folder });
  const files = readdirSync(folder, { recursive: true, encoding: "utf8" }).map((file) => file.replaceAll("\\", "/")).filter((file) => file.endsWith(".ts") && !file.endsWith(".d.ts")).sort();
  const departures = files.flatMap((file) => {
    const header = headerOf(readFileSync(join(folder, file), "utf8"));
    const rebuilds = firstSentence(header);
    return departuresOf(header).map((departure) => ({ file: `src/${file}`, name: nameOf(rebuilds), rebuilds, papers: papersOf(file, header), departure }));
  });
  return paper === "all"
    ? { departures, choices: openChoices }
    : { departures: departures.filter(({ papers }) => papers.includes(paper)), choices: openChoices.filter((one) => one.paper === paper) };
}

/** The lines of a file's first comment, without their stars; what follows a star and a blank keeps its indentation. */
export function headerOf(text: string): readonly string[] {
  const comment = /^(?:#!.*\n)?\/\*\*([\s\S]*?)\*\//.exec(text)?.[1];
  return comment === undefined ? [] : comment.split("\n").map((line) => line.replace(/^\s*\* ?/, "").trimEnd());
}

/** The departures of a header, each in one line. */
export function departuresOf(header: readonly string[]): readonly string[] {
  const found: string[] = [];
  let open = false;
  for (const line of header) {
    const begin = /(?:^|\s)Departs: (.*)$/.exec(line)?.[1];
    if (begin !== undefined) found.push(begin);
    else if (open && /^\s+\S/.test(line)) found[found.length - 1] += ` ${line.trim()}`;
    open = begin !== undefined || (open && /^\s/.test(line));
  }
  return found;
}

/** Up to the first full stop outside brackets with a blank after it, or the first equation, which is indented. */
function firstSentence(header: readonly string[]): string {
  const text = header.join(" ").trim();
  let depth = 0;
  for (let place = 0; place < text.length; place++) {
    const sign = text[place]!;
    if (sign === "(") depth++;
    else if (sign === ")") depth--;
    else if (depth === 0 && ((sign === "." && /^\s?$/.test(text[place + 1] ?? "")) || text.startsWith("  ", place))) return text.slice(0, place);
  }
  return text;
}

/** "SASRec: self-attentive ..." -> "SASRec"; "HDGI's forward pass (Ren et al., ...)" -> "HDGI's forward pass". */
function nameOf(sentence: string): string {
  return /^[^:(,;]+/.exec(sentence)?.[0].trim() ?? sentence;
}

/** Folders that one paper alone needs, and those that both stand on unless a header names one of them. */
const folders: Readonly<Record<string, readonly PaperName[]>> = {
  personas: ["persona"], augmentation: ["counterfactual"], response: ["counterfactual"],
  models: ["persona", "counterfactual"], evaluation: ["persona", "counterfactual"], papers: ["persona", "counterfactual"],
};

function papersOf(file: string, header: readonly string[]): readonly PaperName[] {
  const text = header.join(" ");
  const named = [...(/\bP1\b|persona paper/.test(text) ? ["persona" as const] : []), ...(/\bP2\b|counterfactual paper/.test(text) ? ["counterfactual" as const] : [])];
  return named.length > 0 ? named : folders[file.split("/")[0]!] ?? [];
}

/** Titles of the papers in tables. */
const titles: Readonly<Record<PaperName, string>> = { persona: "the persona paper (arXiv 2604.06928)", counterfactual: "the counterfactual paper (arXiv 2410.21892)" };

/** The register as `renderTable` takes it. */
export interface DepartureTables {
  /** One a paper. */
  readonly open: readonly Table<OpenChoice>[];
  readonly departures: Table<Departure>;
}

/** Most values of one option that are shown. */
const mostValues = 12;

/**
 * The register as tables: what each paper leaves open, and the departures.
 * @param tried values by an option's name, as `triedValues` finds them in results: then a column says what was tried here
 * @example
 * import { departuresRegister, departureTables, renderTable } from "sessionlab";
 * const { open } = departureTables(departuresRegister("persona"));
 * assert.match(renderTable(open[0]!, "markdown"), /\| How a persona enters the recommender \| inject in models\/persona-sasrec.ts \| concat \|/);
 */
export function departureTables(register: DeparturesRegister, tried?: ReadonlyMap<string, readonly string[]>): DepartureTables {
  const { departures, choices } = register;
  const results = [`departures@${hashOfJson(register).slice(0, 8)}`];
  const papers = (Object.keys(titles) as PaperName[]).filter((paper) => choices.some((one) => one.paper === paper));
  const open = papers.map((paper): Table<OpenChoice> => ({
    title: `What ${titles[paper]} leaves open`,
    columns: [
      { header: "choice", cell: ({ choice }) => choice },
      { header: "option", cell: ({ place }) => (typeof place === "string" ? place : `${place.key} in ${place.file.replace(/^src\//, "")}`) },
      { header: "default", cell: ({ ours }) => (ours === undefined ? "-" : String(ours)) },
      { header: "values", cell: ({ range }) => range },
      ...(tried === undefined ? [] : [{ header: "tried in results", cell: ({ place }: OpenChoice) => (typeof place === "string" ? undefined : triedText(tried.get(place.key))) }]),
      { header: "ablated", cell: ({ ablated }) => (ablated ? "yes" : "not yet") },
    ],
    rows: choices.filter((one) => one.paper === paper),
    protocol: `src/papers/open-choices.ts of version ${libraryVersion()}`,
    results,
  }));
  const table: Table<Departure> = {
    title: "Departures from what is rebuilt",
    columns: [
      { header: "file", cell: ({ file }) => file.replace(/^src\//, "") },
      { header: "rebuilds", cell: ({ name }) => name },
      { header: "departs", cell: ({ departure }) => departure },
    ],
    rows: departures,
    protocol: `header comments of src, version ${libraryVersion()}`,
    results,
  };
  return { open, departures: table };
}

function triedText(values: readonly string[] | undefined): string | undefined {
  if (values === undefined) return undefined;
  const rest = values.length - mostValues;
  return `${values.slice(0, mostValues).join(", ")}${rest > 0 ? ` and ${rest} more` : ""}`;
}

/**
 * All of it on one page: what each paper leaves open with what was tried, the placebos of both, the departures.
 * @param results a folder of result files; left out: nothing of what was run
 */
export function departureSections(register: DeparturesRegister, paper: PaperName | "all", results?: string): readonly Section[] {
  const { open, departures } = departureTables(register, results === undefined ? undefined : triedValues(results));
  const placebos = results === undefined ? undefined : placeboTable(placeboRows(results, paper));
  return [
    { heading: "What the papers leave open", blocks: open.map(tableBlock) },
    ...(placebos === undefined ? [] : [{ heading: "What must not be as good", blocks: [tableBlock(placebos)] }]),
    { heading: "What is done otherwise", blocks: [tableBlock(departures)] },
  ];
}
