/**
 * sessionlab kg link: the items of a data set linked to DBpedia by their titles, against the slices of the shared data, a
 * file of triples or a SPARQL endpoint; with --triples the entities' allowed relations too. --evaluate measures the linker.
 */
import { join, resolve } from "node:path";
import type { Command } from "commander";
import { ConfigError } from "../core/errors";
import { writeFileAtomic } from "../core/files";
import { catalog, type DatasetName } from "../data/catalog";
import { loadDataset } from "../data/datasets";
import { projectRoot } from "../data/store";
import { renderTable } from "../display/formats";
import { entitiesOf, type EntityTable } from "../kg/dbpedia-entities";
import { fetchAllEntities, fetchEntities, fetchRelations } from "../kg/dbpedia-query";
import { allowTriples, relationsOf } from "../kg/dbpedia-relations";
import { loadLinkedSlices } from "../kg/dbpedia-sets";
import { linkTitles } from "../kg/linker";
import type { LinkDomain, TitleQuery } from "../kg/linker-features";
import { indexEntities } from "../kg/linker-index";
import { writeLinks } from "../kg/links";
import { triplesFromFile } from "../kg/rdf-files";
import { openEndpoint } from "../kg/sparql-endpoint";
import { openStore } from "../kg/sparql-store";
import { keepTriples, tripleTexts, type Triples } from "../kg/triples";
import { linkingTable, queriesOf, runLinking, writeLinking } from "../papers/linking";
import { publishBlocks } from "./publish";
import type { Outcome, Runner, Terminal } from "./terminal";
import { alignColumns, oneOf, parseShare, parseWhole } from "./values";

interface Options {
  readonly dataset?: string;
  readonly domain?: string;
  readonly endpoint?: string;
  readonly graph?: string;
  readonly interval: number;
  readonly cache: string;
  readonly store?: string;
  readonly least?: number;
  readonly out?: string;
  readonly triples?: string;
  readonly until?: string;
  readonly evaluate?: boolean;
  readonly publish?: boolean;
}

/** Adds the verb to `sessionlab kg`. */
export function addKgLink(kg: Command, runner: Runner): void {
  const command = kg
    .command("link")
    .description("link the items of a data set to DBpedia by title, year and creator, with confidences")
    .option("--dataset <name>", "a data set of the catalogue")
    .option("--domain <films|books>", "what its items are; default: told by the data set")
    .option("--store <file>", "triples of your own: .nt, .nq, .ttl, .tsv (.gz), .parquet; default: the slices of the shared data")
    .option("--endpoint <url>", "a SPARQL 1.1 endpoint instead, such as https://dbpedia.org/sparql")
    .option("--graph <iri>", "the endpoint's graph")
    .option("--interval <ms>", "milliseconds between requests to the endpoint", parseWhole, 1000)
    .option("--cache <folder>", "where the endpoint's answers are kept", join(projectRoot, ".cache", "sparql"))
    .option("--least <confidence>", "leave out links below; default 0.8", parseShare)
    .option("--out <file>", "default: reports/kg/links-<dataset>.tsv")
    .option("--triples <file>", "also write the allowed relations of the linked entities, as TSV")
    .option("--until <date>", "with --triples: leave out awards and what is later, such as sequels")
    .option("--evaluate", "measure the linker on the maps of the shared data instead")
    .option("--publish", "with --evaluate: write results/linking/maps.json and the table into the page that has its place")
    .addHelpText("after", "\nExamples:\n  $ sessionlab kg link --dataset books-linked\n  $ sessionlab kg link --dataset ml-100k --endpoint https://dbpedia.org/sparql --triples films.tsv --until 1998-04-22\n  $ sessionlab kg link --evaluate");
  runner.action(command, (options: Options, terminal) => (options.evaluate === true ? evaluate(options, terminal) : link(options, terminal)));
}

async function evaluate({ publish, dataset }: Options, { signal, progress }: Terminal): Promise<Outcome> {
  if (dataset !== undefined) throw new ConfigError("Expected --evaluate without --dataset, found both; it measures on the maps of the shared data");
  const result = await runLinking({ signal, progress });
  const table = linkingTable(result);
  if (publish === true) {
    writeLinking(join(projectRoot, "results", "linking", "maps.json"), result);
    publishBlocks({ linking: renderTable(table, "markdown") });
  }
  return { text: renderTable(table, "text"), json: result };
}

async function link(given: Options, { signal, progress }: Terminal): Promise<Outcome> {
  if (given.dataset === undefined) throw new ConfigError(`Expected --dataset with one of ${Object.keys(catalog).join(", ")}, found none; or give --evaluate`);
  if (given.endpoint !== undefined && given.store !== undefined) throw new ConfigError("Expected --store or --endpoint, found both; leave one out");
  const name = oneOf("a data set", Object.keys(catalog) as DatasetName[], given.dataset);
  const domain = domainOf(name, given.domain);
  const events = await loadDataset(name, { signal, progress });
  const queries = queriesOf(events, domain);
  const source = await openSource(given, queries, domain, { signal, progress });
  try {
    const index = indexEntities(source.table);
    const links = await linkTitles(index, queries, domain, { leastConfidence: given.least, source: source.name, signal, progress });
    const out = resolve(given.out ?? join("reports", "kg", `links-${name}.tsv`));
    writeLinks(out, links, events.itemIds);
    const related = given.triples === undefined ? undefined : allowTriples(await source.triplesOf([...new Set(links.uri)]), { allow: relationsOf[domain], until: given.until });
    if (related !== undefined) writeFileAtomic(resolve(given.triples!), `${["subject\tpredicate\tobject", ...[...tripleTexts(related.triples)].filter(([, , object]) => !object.startsWith('"')).map((row) => row.join("\t"))].join("\n")}\n`);
    const shares = [0.5, 0.8, 0.95].map((cut) => ({ least: cut, links: links.confidence.filter((one) => one >= cut).length }));
    const json = { dataset: name, domain, source: source.name, entities: source.table.entities.length, items: events.itemIds.length, links: links.item.length, confidence: shares, out, hash: links.hash, triples: related?.report };
    const rows = [
      ["items", String(json.items)],
      ["entities", `${json.entities} of ${source.name}`],
      ["links", `${json.links} (${((100 * json.links) / json.items).toFixed(1)} % of the items)`],
      ...shares.map(({ least, links: count }) => [`confidence of ${least} and more`, String(count)]),
      ["written to", out],
      ...(related === undefined ? [] : [["relations", `${related.report.kept} kept, ${related.report.later} later than ${given.until ?? "-"}, ${related.report.undated + related.report.unknown} without a date that allows them`]]),
    ];
    return { text: alignColumns(rows).join("\n"), json };
  } finally {
    await source.close();
  }
}

interface OpenSource {
  readonly name: string;
  readonly table: EntityTable;
  triplesOf(iris: readonly string[]): Promise<Triples>;
  close(): Promise<void>;
}

async function openSource(given: Options, queries: readonly TitleQuery[], domain: LinkDomain, { signal, progress }: Pick<Terminal, "signal" | "progress">): Promise<OpenSource> {
  if (given.endpoint === undefined && given.store === undefined) {
    const { triples, iris } = await loadLinkedSlices({ signal, progress });
    const triplesOf = async (wanted: readonly string[]): Promise<Triples> => {
      const subjects = new Set(wanted);
      return keepTriples(triples, ([subject]) => subjects.has(subject));
    };
    return { name: triples.source, table: entitiesOf(triples, iris), triplesOf, close: async () => undefined };
  }
  const source = given.endpoint === undefined ? await openStore(await triplesFromFile(given.store!, { signal })) : await openEndpoint(given.endpoint, { graph: given.graph, interval: given.interval, cache: resolve(given.cache) });
  try {
    const table = given.endpoint === undefined ? await fetchAllEntities(source, { signal }) : await fetchEntities(source, queries.filter(({ title }) => title !== ""), domain, { signal, progress });
    return { name: source.name, table, triplesOf: (wanted) => fetchRelations(source, wanted, { relations: relationsOf[domain], signal, progress }), close: () => source.close() };
  } catch (error) {
    await source.close();
    throw error;
  }
}

function domainOf(name: DatasetName, given: string | undefined): LinkDomain {
  if (given !== undefined) return oneOf("a domain", ["films", "books"], given);
  if (/book/.test(name)) return "books";
  if (/movie|^ml-/.test(name)) return "films";
  throw new ConfigError(`Expected --domain films or books for ${name}, found none; say what its items are`);
}
