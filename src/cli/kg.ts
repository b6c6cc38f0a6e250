/** sessionlab kg build|show (and kg-link.ts): a data set as a graph in a folder, with a report; what a graph says of a node or of an edge. */
import { join } from "node:path";
import { InvalidArgumentError, type Command } from "commander";
import { ConfigError } from "../core/errors";
import { catalog, type DatasetName } from "../data/catalog";
import { datasetGraph } from "../kg/dataset-graph";
import { loadGraph, saveGraph } from "../kg/graph-files";
import { graphToGraphml } from "../kg/graphml";
import { graphToRdf } from "../kg/graph-rdf";
import type { KnowledgeGraph, NamedNode, Neighbour, Statement } from "../kg/graph";
import type { RelationReport } from "../kg/dbpedia-relations";
import { graphReport, type GraphReport } from "../kg/report";
import { addKgLink } from "./kg-link";
import type { Outcome, Runner, Terminal } from "./terminal";
import { alignColumns, collect, oneOf, parsePairs, parsePositive } from "./values";

const formats = ["parquet", "nt", "ttl", "graphml"] as const;

interface BuildOptions {
  readonly dataset: string;
  readonly out: string;
  readonly from?: string;
  readonly format: string;
  readonly without?: readonly string[];
  readonly minConfidence?: number;
  readonly until?: string;
  readonly linked: boolean;
  readonly set?: readonly string[];
}

interface ShowOptions {
  readonly node?: string;
  readonly to?: string;
  readonly most: number;
}

/** Adds the verbs to the command line. */
export function addKg(program: Command, runner: Runner): void {
  const kg = program.command("kg").description("knowledge graphs: build one of a data set, look into one, link items to DBpedia");
  const build = kg
    .command("build")
    .description("users, items, features and linked data of a data set as a typed graph, from training events only")
    .requiredOption("--dataset <name>", "a data set of the catalogue")
    .requiredOption("--out <folder>", "where to")
    .option("--from <dir>", "the folder of files that you fetched by hand")
    .option("--format <names>", `with commas between: ${formats.join(", ")}; Parquet is always written`, "parquet")
    .option("--without <source>", "leave out a source, and what was made through it; may be given more than once", collect)
    .option("--min-confidence <share>", "leave out edges below this confidence", parseConfidence)
    .option("--until <date>", "leave out sequels, awards and the like of linked data that came after this day (2012-06-30), or never; default: the day of the last training event")
    .option("--no-linked", "no linked data")
    .option("--set <key=value>", "an option of buildGraph: window, minCount, minItems, maxShare, hops, maxSeries, related, coldItems; may be given more than once", collect)
    .addHelpText("after", "\nExamples:\n  $ sessionlab kg build --dataset ml-100k --out graphs/ml-100k\n  $ sessionlab kg build --dataset books-linked --out graphs/books --min-confidence 0.8 --format nt,graphml\n  $ sessionlab kg build --dataset amazon-movies --out graphs/movies --set maxShare=0.2 --json");
  runner.action(build, buildKg);
  const show = kg
    .command("show <folder>")
    .description("the report of a graph, or a node of it with its neighbours, or why an edge is there")
    .option("--node <type:id>", "a node, such as item:50")
    .option("--to <type:id>", "another: every statement between the two, with its source, rule and confidence")
    .option("--most <n>", "neighbours of a relation to show", parsePositive, 10)
    .addHelpText("after", "\nExamples:\n  $ sessionlab kg show graphs/ml-100k\n  $ sessionlab kg show graphs/ml-100k --node item:50\n  $ sessionlab kg show graphs/ml-100k --node item:50 --to genre:war");
  runner.action(show, (options: ShowOptions) => showKg(show.args[0]!, options));
  addKgLink(kg, runner);
}

function parseConfidence(text: string): number {
  const value = Number(text);
  if (text.trim() === "" || !(value >= 0 && value <= 1)) throw new InvalidArgumentError("expected a confidence in [0, 1]");
  return value;
}

async function buildKg({ dataset, out, from, format, without = [], minConfidence = 0, until, linked, set = [] }: BuildOptions, { signal, progress }: Terminal): Promise<Outcome> {
  const name = oneOf("a data set", Object.keys(catalog) as DatasetName[], dataset);
  const wanted = format.split(",").map((one) => oneOf("a format", formats, one.trim()));
  const built = await datasetGraph(name, { from, signal, progress, graph: parsePairs(set), relations: until === undefined ? undefined : { until: until === "never" ? null : until }, linked: linked ? undefined : null });
  const graph = without.reduce((part: KnowledgeGraph, source) => part.without(source), built.graph).minConfidence(minConfidence);
  const report = graphReport(graph);
  await saveGraph(graph, out);
  const files = wanted.flatMap((one) => {
    if (one === "parquet") return [];
    const file = join(out, `graph.${one}`);
    if (one === "graphml") graphToGraphml(graph, file);
    else graphToRdf(graph, file);
    return [file];
  });
  const title = `${name}: ${report.nodes} nodes and ${report.edges} edges in ${out}${files.length === 0 ? "" : `, and as ${wanted.filter((one) => one !== "parquet").join(", ")}`}`;
  return { text: [title, ...built.notes, ...relationLines(built.relations), ...reportLines(report)].join("\n"), json: { name, folder: out, files, notes: built.notes, triples: built.relations, ...report } };
}

async function showKg(folder: string, { node, to, most }: ShowOptions): Promise<Outcome> {
  const graph = await loadGraph(folder);
  if (node === undefined) {
    if (to !== undefined) throw new ConfigError(`Expected --node beside --to, found --to ${to} alone; name both ends of the edge`);
    const report = graphReport(graph);
    return { text: [`${folder}: ${report.nodes} nodes and ${report.edges} edges`, ...reportLines(report)].join("\n"), json: { folder, ...report } };
  }
  if (to !== undefined) {
    const statements = graph.why(node, to);
    const lines = statements.map((one) => whyLine(one));
    return { text: lines.length === 0 ? `No edge between ${node} and ${to}` : lines.join("\n"), json: { statements } };
  }
  const neighbours = graph.neighbours(node);
  const groups = new Map<string, Neighbour[]>();
  for (const one of neighbours) {
    const key = one.direction === "out" ? `${one.relation} ->` : `<- ${one.relation}`;
    groups.set(key, [...(groups.get(key) ?? []), one]);
  }
  const rows = Array.from(groups, ([key, group]) => [
    ...group.slice(0, most).map(({ type, id, label, confidence }) => [key, `${type}:${id}`, label ?? "", String(round(confidence))]),
    ...(group.length > most ? [[key, `... ${group.length - most} more`, "", ""]] : []),
  ]).flat();
  const lines = rows.length === 0 ? [] : alignColumns([["relation", "node", "label", "confidence"], ...rows]);
  return { text: [`${node}: ${neighbours.length} edges`, ...lines].join("\n"), json: { node, neighbours } };
}

const named = ({ type, id, label }: NamedNode): string => `${type}:${id}${label === undefined ? "" : ` (${label})`}`;

const round = (value: number): number => Number(value.toFixed(3));

function whyLine({ relation, from, to, source, rule, version, confidence, count }: Statement): string {
  return `${named(from)} -- ${relation} -> ${named(to)}: ${source}, ${rule}; confidence ${round(confidence)}, ${count} observed; version ${version.slice(0, 12)}`;
}

function relationLines(report: RelationReport | undefined): string[] {
  if (report === undefined) return [];
  const { kept, notAllowed, later, unknown, undated } = report;
  return [`triples: ${kept} kept; left out: ${notAllowed} of other relations, ${later} of a later date, ${unknown + undated} that may be later`];
}

function reportLines({ degrees, relations, origins, confidence, linked }: GraphReport): string[] {
  const percent = (share: number): string => `${(share * 100).toFixed(1)} %`;
  const candidates = Object.entries(linked?.candidates ?? {});
  return [
    "",
    ...alignColumns([["nodes", "count", "alone", "median degree", "most", "hubs"], ...degrees.map(({ type, nodes, alone, median, most, hubs }) => [type, String(nodes), String(alone), String(median), String(most), hubs.slice(0, 3).map(({ name, degree }) => `${name.slice(0, 40)} ${degree}`).join("; ")])]),
    "",
    ...alignColumns([["edges", "count", "of the first", "of the second"], ...relations.map(({ name, from, to, edges, fromShare, toShare }) => [`${from} ${name} ${to}`, String(edges), percent(fromShare), percent(toShare)])]),
    "",
    ...alignColumns([["source", "edges", "rule"], ...origins.map(({ source, rule, edges }) => [source, String(edges), rule])]),
    "",
    ...alignColumns([["confidence", ...confidence.map((_, bin) => `${bin / 10}-`)], ["edges", ...confidence.map(String)], ...(linked === undefined ? [] : [["links", ...linked.confidence.map(String)]])]),
    ...(linked === undefined ? [] : [`linked: ${linked.items} items, ${percent(linked.share)}${linked.eventShare === undefined ? "" : `, ${percent(linked.eventShare)} of training events`}`]),
    ...(candidates.length === 0 ? [] : [`entities that could have been meant: ${candidates.map(([count, items]) => `${count} by ${items} ${items === 1 ? "link" : "links"}`).join(", ")}`]),
  ];
}
