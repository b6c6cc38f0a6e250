/**
 * The data of the persona experiment: sessions cut in time, item texts as vectors, and the knowledge graph of the training
 * events, with and without linked data. Of the catalogue by name, or of a stranger's own files.
 */
import { ConfigError } from "../../core/errors";
import type { Progress } from "../../core/progress";
import type { DatasetName } from "../../data/catalog";
import { loadDataset, type LoadOptions } from "../../data/datasets";
import type { EventTable } from "../../data/events";
import { eventsFromFile } from "../../data/own-files";
import { withItems } from "../../data/own-features";
import { sessionsFrom, type SessionOptions } from "../../data/sessions";
import { splitByTime } from "../../data/split";
import type { Split } from "../../data/types";
import { buildGraph } from "../../kg/build";
import { datasetGraph } from "../../kg/dataset-graph";
import type { KnowledgeGraph } from "../../kg/graph";
import { distinctTexts } from "../../text/encode-rows";
import { itemVectors, type TextVectors } from "../../text/item-vectors";
import type { Normalisation } from "../../text/normalise";
import { openEncoder } from "../../text/open-encoder";
import { itemFields, renderTexts } from "../../text/template";

/** A stranger's data set. */
export interface OwnFiles {
  /** In names of results. */
  readonly name: string;
  /** Users, items and times, as `eventsFromFile` takes them. */
  readonly events: string;
  /** Items with titles and features, as `withItems` takes them. */
  readonly items: string;
}

/** How data become the experiment's. */
export interface PersonaDataOptions extends LoadOptions {
  /** Default: a user's events in the order of time, the last 50. */
  readonly sessions: Pick<SessionOptions, "by"> & Partial<SessionOptions>;
  /** As `openEncoder` takes it. */
  readonly encoder: string;
  readonly template: string;
  readonly normalise: Normalisation;
}

/** The defaults. */
export const personaDataDefaults = { sessions: { by: "user", maxLength: 50 }, encoder: "minilm", template: "described", normalise: "centred-unit" } as const satisfies PersonaDataOptions;

/** What the experiment is made on. */
export interface PersonaData {
  readonly name: string;
  readonly split: Split;
  readonly vectors: TextVectors;
  readonly graph: KnowledgeGraph;
  /** The graph without linked data; the same where there are none. */
  readonly unlinked: KnowledgeGraph;
  readonly linked: boolean;
  /** What is missing, and why. */
  readonly notes: readonly string[];
}

/**
 * Loads a data set, cuts it, encodes its items and builds its graph.
 * @param source a name of the catalogue, or files
 * @throws ConfigError for data without users; DataError as the readers; AbortError
 */
export async function loadPersonaData(source: DatasetName | OwnFiles, given: Partial<PersonaDataOptions> = {}): Promise<PersonaData> {
  const { sessions, encoder: encoderName, template, normalise, ...load } = { ...personaDataDefaults, ...given };
  const cut = (events: EventTable): Split => splitByTime(sessionsFrom(events, sessions));
  const { events, split, graph, unlinked, notes, name } = await read(source, cut, load);
  if (split.users === undefined) throw new ConfigError(`Expected data with users, found ${name}, whose sessions have none; a persona is a user's`);
  const encoder = await openEncoder(encoderName, load);
  const vectors = await itemVectors(itemFields(events, split.items), encoder, { template, normalise, ...load }).finally(() => encoder.dispose());
  return { name, split, vectors, graph, unlinked: unlinked ?? graph, linked: unlinked !== undefined, notes };
}

/**
 * The texts that `loadPersonaData` has vectors of: each once, in the order of the items. No graph is built for them.
 * @throws as `loadPersonaData`
 */
export async function loadPersonaTexts(source: DatasetName | OwnFiles, given: Partial<PersonaDataOptions> = {}): Promise<string[]> {
  const { sessions, encoder: _, template, normalise: __, ...load } = { ...personaDataDefaults, ...given };
  const events = typeof source === "string" ? await loadDataset(source, load) : await ownEvents(source, load);
  return distinctTexts(renderTexts(itemFields(events, splitByTime(sessionsFrom(events, sessions)).items), template));
}

interface Read {
  readonly name: string;
  readonly events: EventTable;
  readonly split: Split;
  readonly graph: KnowledgeGraph;
  readonly unlinked?: KnowledgeGraph;
  readonly notes: readonly string[];
}

async function read(source: DatasetName | OwnFiles, cut: (events: EventTable) => Split, load: LoadOptions & { readonly progress?: Progress }): Promise<Read> {
  if (typeof source === "string") {
    const built = await datasetGraph(source, { ...load, split: cut });
    const { events, split, links } = built;
    return { ...built, unlinked: links === undefined ? undefined : buildGraph({ events, split }) };
  }
  const events = await ownEvents(source, load);
  const split = cut(events);
  return { name: source.name, events, split, graph: buildGraph({ events, split }), notes: [] };
}

async function ownEvents({ name, events: file, items }: OwnFiles, { signal, progress }: LoadOptions): Promise<EventTable> {
  if (!/^[a-z0-9-]+$/.test(name)) throw new ConfigError(`Expected a name of small letters, digits and dashes for the data, found "${name}"; results carry it in their files' names`);
  return withItems(await eventsFromFile(file, { name, signal, progress }), items, { signal });
}
