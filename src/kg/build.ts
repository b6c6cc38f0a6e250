/**
 * From a data set to its graph: users and items of training, what the item table says, and linked data where there are
 * some. Nothing later than training is read: without the events of validation and test the graph is the same, to its hash.
 */
import { ConfigError } from "../core/errors";
import { resolveOptions, rules } from "../core/options";
import type { EventTable } from "../data/events";
import { featuresOfItem, relatedFeatures, type ItemFeature } from "../data/item-features";
import type { Split } from "../data/types";
import { graphFrom, type EdgeList, type KnowledgeGraph, type NodeTable } from "./graph";
import { featureEdges, nearEdges, relatedEdges, userItemEdges } from "./item-edges";
import { linkedEdges } from "./linked-edges";
import type { EntityLinks } from "./links";
import type { Triples } from "./triples";

const defaults = {
  /** Items of one session at most so many places apart are near each other; 0: no such edges. */
  window: 3,
  /** ... if they are so often at least. */
  minCount: 2,
  /** Names of the features to take; default all, and the genres. */
  features: undefined as readonly string[] | undefined,
  /** Values of a feature that fewer items have are left out. */
  minItems: 1,
  /** Values of a feature that more than this share of the items have are left out: hubs. 1 keeps all. */
  maxShare: 1,
  /**
   * Whether what the shop shows beside an item (also_bought, also_viewed) is taken. It was gathered when the data were:
   * after the cut.
   */
  related: false,
  /** How many steps from the items' entities triples are taken along. */
  hops: 1,
  /** A series of more items joins none of them. */
  maxSeries: 50,
  /** Whether items that training never saw are nodes too: for them the graph knows what later data contain. */
  coldItems: false,
};

/** Options of `buildGraph`. */
export type GraphOptions = typeof defaults;

/** What a graph is built of. */
export interface GraphParts {
  /** For its table of items; its events are not read. */
  readonly events: Pick<EventTable, "name" | "itemIds" | "titles" | "genres" | "features">;
  /** Of these events; only its training sessions are read. */
  readonly split: Pick<Split, "items" | "users" | "train">;
  /** Of the items of `events`. */
  readonly links?: EntityLinks;
  readonly triples?: Triples;
}

/**
 * Builds the graph of a data set. Its items have the numbers that models know them by, and so have its users.
 * @throws ConfigError for options that are wrong, or a split of other events; DataError as `graphFrom`
 * @example
 * import { buildGraph, eventsFrom, sessionsFrom, splitByTime } from "sessionlab";
 * const events = eventsFrom({ name: "demo", user: ["u", "u", "v", "v", "v"], item: ["a", "b", "a", "b", "c"], time: [1, 2, 3, 4, 9] });
 * const split = splitByTime(sessionsFrom(events), { at: [8, 9] });
 * const graph = buildGraph({ events: { ...events, genres: [["Drama"], ["drama", "War"], ["War"]] }, split });
 * assert.deepEqual(graph.why("item:a", "item:b").map(({ count }) => count), [2, 2]);
 * assert.deepEqual(graph.neighbours("genre:drama").map(({ id }) => id), ["a", "b"]);
 */
export function buildGraph({ events, split, links, triples }: GraphParts, given: Partial<GraphOptions> = {}): KnowledgeGraph {
  const options = resolveOptions("buildGraph", defaults, given, { window: rules.wholeNumber, minCount: rules.positiveInteger, minItems: rules.positiveInteger, maxShare, hops: rules.wholeNumber, maxSeries: rules.wholeNumber });
  const { users, train } = split;
  const ids = options.coldItems ? split.items.ids : split.items.ids.slice(0, split.items.trained);
  const place = new Map(events.itemIds.map((id, v) => [id, v]));
  const rows = ids.map((id) => {
    const row = place.get(id);
    if (row === undefined) throw new ConfigError(`Expected a split of ${events.name}, found the item ${JSON.stringify(id)}, which is not in its table; give the events that the split was made of`);
    return row;
  });
  const items: NodeTable = { type: "item", ids, labels: events.titles && rows.map((row) => events.titles![row]!) };
  const nodes: NodeTable[] = [items];
  if (users !== undefined) nodes.unshift({ type: "user", ids: users.ids.slice(0, users.trained) });
  const chose = userItemEdges(train, events.name);
  const edges: EdgeList[] = [...(chose === undefined ? [] : [chose]), ...(options.window === 0 ? [] : [nearEdges(train, events.name, options)])];
  for (const { name, lists } of featuresOf(events, options.features)) {
    const own = rows.map(lists);
    if (relatedFeatures.includes(name)) {
      if (options.related) edges.push(relatedEdges(name, own, ids, events.name));
      continue;
    }
    const feature = featureEdges(name, own, events.name, options);
    if (feature.nodes.ids.length === 0) continue;
    nodes.push(feature.nodes);
    edges.push(feature.edges);
  }
  if (links !== undefined) {
    const number = new Map(rows.map((row, v) => [row, v]));
    const linked = linkedEdges(links, triples, items, (item) => number.get(item), options);
    nodes.push(...linked.nodes);
    edges.push(...linked.edges);
  }
  return graphFrom(nodes, edges);
}

function maxShare(value: unknown): string | undefined {
  return value === 1 ? undefined : rules.fraction(value) === undefined && value !== 0 ? undefined : "a share above 0, at most 1";
}

interface Lists {
  readonly name: string;
  readonly lists: (row: number) => readonly string[];
}

/** Genres and features, by name. @throws ConfigError for a name that the data do not have */
function featuresOf({ name, genres, features }: GraphParts["events"], wanted: readonly string[] | undefined): Lists[] {
  const all: Lists[] = [
    ...(genres === undefined ? [] : [{ name: "genre", lists: (row: number) => genres[row]! }]),
    ...(features ?? []).map((feature: ItemFeature) => ({ name: feature.name, lists: (row: number) => featuresOfItem(feature, row) })),
  ];
  for (const one of wanted ?? []) {
    if (!all.some((feature) => feature.name === one)) throw new ConfigError(`Expected features of ${name} (${all.map((feature) => feature.name).join(", ")}), found "${one}"`);
  }
  return wanted === undefined ? all : all.filter((feature) => wanted.includes(feature.name));
}
