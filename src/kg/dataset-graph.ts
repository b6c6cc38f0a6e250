/**
 * One call from the name of a data set to its graph: the events with a split by time, the item table, and the linked
 * data that the catalogue knows of: DBpedia for the books and the films of Amazon, Freebase for MovieLens-100K, whose
 * RecBole wheel carries it.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { ConfigError, DataError } from "../core/errors";
import { nearest } from "../core/options";
import { catalog, type CatalogEntry, type DatasetName, type WheelSource } from "../data/catalog";
import { loadEntry, obtain, type LoadOptions } from "../data/datasets";
import type { EventTable } from "../data/events";
import { sessionsFrom } from "../data/sessions";
import { splitByTime } from "../data/split";
import type { Split } from "../data/types";
import { openZip } from "../data/zip";
import { buildGraph, type GraphOptions } from "./build";
import { allowTriples, relationsOf, type RelationOptions, type RelationReport } from "./dbpedia-relations";
import { hasLinkedFiles, obtainLinkedFiles, type LinkedFile } from "./dbpedia-sets";
import type { KnowledgeGraph } from "./graph";
import { linkRows, readLinks, type EntityLinks } from "./links";
import { movielensLinks, movielensTitles } from "./movielens-links";
import { readRecboleKg } from "./recbole-kg";
import { readTriples, type Triples } from "./triples";

/** Linked data of a data set. */
export interface LinkedData {
  readonly links: EntityLinks;
  readonly triples?: Triples;
}

/** How a data set becomes a graph. */
export interface DatasetGraphOptions extends LoadOptions {
  readonly graph?: Partial<GraphOptions>;
  /** Default: all events of a user, or given sessions, cut by time. */
  readonly split?: (events: EventTable) => Split;
  /**
   * Which relations of the catalogue's linked data are taken, and up to when. Default: those that `relationsOf` allows, and
   * of sequels those that are training's items or have a date before training ends; null for `until`: whatever the date.
   */
  readonly relations?: Omit<RelationOptions, "until" | "known"> & { readonly until?: string | null };
  /** Links and triples of one's own, taken as they are; null: none. Default: what the catalogue knows of. */
  readonly linked?: LinkedData | null;
}

/** A graph with what it was built of. */
export interface DatasetGraph {
  readonly name: string;
  readonly graph: KnowledgeGraph;
  readonly events: EventTable;
  readonly split: Split;
  readonly links?: EntityLinks;
  readonly triples?: Triples;
  /** What was left out of the catalogue's triples. */
  readonly relations?: RelationReport;
  /** What is missing, and why. */
  readonly notes: readonly string[];
}

/**
 * Loads a data set of the catalogue and builds its graph; without its linked data where they are not here, which a note says.
 * @throws ConfigError for an unknown name (names the nearest) or wrong options; DataError as `loadDataset`; AbortError
 * @example
 * import { datasetGraph } from "sessionlab";
 * await assert.rejects(datasetGraph("ml-100"), /did you mean "ml-100k"/);
 */
export async function datasetGraph(name: string, options: DatasetGraphOptions = {}): Promise<DatasetGraph> {
  const names = Object.keys(catalog);
  if (!names.includes(name)) throw new ConfigError(`Expected a data set of the catalogue, found "${name}"; did you mean "${nearest(name, names)}"?`);
  const entry: CatalogEntry = catalog[name as DatasetName];
  const events = await loadEntry(entry, options);
  const split = (options.split ?? usualSplit)(events);
  const notes: string[] = [];
  const linked = options.linked === undefined ? await linkedData(entry, events, split, options, notes) : (options.linked ?? undefined);
  const graph = buildGraph({ events, split, ...linked }, options.graph);
  return { name, graph, events, split, ...linked, notes };
}

/** All events of a user in one session, whatever their number: a graph has no order to cut. */
function usualSplit(events: EventTable): Split {
  return splitByTime(sessionsFrom(events, { by: events.user === undefined ? "given" : "user" }));
}

/** A link of less confidence does not show that its entity was there when the item was. */
const sureOfEntity = 0.5;

/** The triples that the options allow, by default as of the last event of training. */
function allowed(triples: Triples, links: EntityLinks, kind: keyof typeof relationsOf, { itemIds }: EventTable, { items, train }: Split, { until, ...relations }: NonNullable<DatasetGraphOptions["relations"]> = {}): Required<LinkedData> & { readonly relations: RelationReport } {
  const trained = new Set(items.ids.slice(0, items.trained));
  const known = new Set(linkRows(links).flatMap(({ item, uri, confidence }) => (confidence >= sureOfEntity && trained.has(itemIds[item]!) ? [uri] : [])));
  const last = train.time?.reduce((latest, one) => Math.max(latest, one), -Infinity);
  const end = until === undefined && last !== undefined ? new Date(last * 1000).toISOString() : (until ?? undefined);
  const { triples: kept, report } = allowTriples(triples, { allow: relationsOf[kind], ...relations, until: end, known });
  return { links, triples: kept, relations: report };
}

/** Whose links and triples are those of a set. */
const linkedSets: Readonly<Record<string, { readonly links: LinkedFile; readonly triples: LinkedFile; readonly kind: keyof typeof relationsOf }>> = {
  "amazon-books": { links: "book links", triples: "book triples", kind: "books" },
  "books-linked": { links: "book links", triples: "book triples", kind: "books" },
  "amazon-movies": { links: "film links", triples: "film triples", kind: "films" },
};

async function linkedData(entry: CatalogEntry, events: EventTable, split: Split, options: DatasetGraphOptions, notes: string[]): Promise<ReturnType<typeof allowed> | undefined> {
  const { root, signal, progress, relations } = options;
  const set = linkedSets[entry.name];
  if (set !== undefined) {
    const roles = [set.links, set.triples] as const;
    if (!hasLinkedFiles(roles, { root })) {
      notes.push(`Linked data are not here: ${roles.join(", ")}`);
      return undefined;
    }
    const files = await obtainLinkedFiles(roles, { root, signal, progress });
    const triples = await readTriples(files[set.triples]!, { source: "dbpedia", signal });
    const links = await readLinks(files[set.links]!, events.itemIds, { source: "links to dbpedia", signal });
    return allowed(triples, links, set.kind, events, split, relations);
  }
  const wheel = entry.sources.find((source): source is WheelSource => source.kind === "wheel");
  if (wheel === undefined || entry.name !== "ml-100k") return undefined;
  const folder = mkdtempSync(join(tmpdir(), "sessionlab-kg-"));
  try {
    const { archive } = await obtain({ ...entry, sources: [wheel] }, options);
    const zip = openZip(archive);
    const member = (name: string): Promise<string> => zip.extract(`${wheel.folder}/${name}`, join(folder, name));
    const titles = await movielensTitles(options);
    if (titles === undefined) {
      notes.push("RecBole numbers Freebase's films as MovieLens-1M does: without its titles (ml-1m, or lod-mappings of the shared data) they are no films of MovieLens-100K");
      return undefined;
    }
    const links = await movielensLinks(await member("ml-100k.link"), titles, events, signal);
    const triples = await readRecboleKg(await member("ml-100k.kg"), { signal });
    return allowed(triples, links, "films of freebase", events, split, relations);
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    notes.push(`Linked data are not here: ${error.message.split("\n")[0]}`);
    return undefined;
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
