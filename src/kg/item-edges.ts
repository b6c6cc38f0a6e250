/**
 * Edges of items from what a data set itself says: who chose them, which stood near each other in sessions, which
 * features they have, which others its shop shows beside them. Of events only those of training are read.
 */
import { hashOf } from "../core/hash";
import { startsOf } from "../core/rows";
import { cleanText } from "../data/item-text";
import { sessionCount, type TrainSessions } from "../data/types";
import type { EdgeList, NodeTable, Origin } from "./graph";

/** What the statements of user and item are called. */
export const choseRelation = "chose";

/** What the statements of two items of one session are called; each pair is there both ways round. */
export const nearRelation = "near in sessions";

/** Who chose what, however often and whenever; undefined where the data have no users. */
export function userItemEdges(train: TrainSessions, name: string): EdgeList | undefined {
  if (train.user === undefined) return undefined;
  const source = new Int32Array(train.item.length);
  for (let s = 0; s < sessionCount(train); s++) source.fill(train.user[s]!, train.offsets[s], train.offsets[s + 1]);
  return { name: choseRelation, from: "user", to: "item", source, target: train.item, origin: { source: "events", rule: `a training event of ${name}`, version: train.hash } };
}

/** Which items count as near each other. */
export interface NearOptions {
  /** How many places apart in a session, at most; 0: none are, and there are no such edges. */
  readonly window: number;
  /** How often at least. */
  readonly minCount: number;
}

/** Items that stand near each other in training sessions, with how often. Memory is that of one item's row and the result. */
export function nearEdges(train: TrainSessions, name: string, { window, minCount }: NearOptions): EdgeList {
  const { offsets, item, items } = train;
  const size = items.trained;
  // The places of each item, one item after another.
  const starts = new Uint32Array(size + 1);
  for (const one of item) starts[one + 1]!++;
  const places = new Uint32Array(item.length);
  const next = startsOf(starts).slice();
  for (let at = 0; at < item.length; at++) places[next[item[at]!]!++] = at;
  const sessionOf = new Uint32Array(item.length);
  for (let s = 0; s < sessionCount(train); s++) sessionOf.fill(s, offsets[s], offsets[s + 1]);
  const [source, target, count]: [number[], number[], number[]] = [[], [], []];
  const counts = new Uint32Array(size);
  for (let v = 0; v < size; v++) {
    const touched: number[] = [];
    for (const place of places.subarray(starts[v], starts[v + 1])) {
      const session = sessionOf[place]!;
      const end = Math.min(offsets[session + 1]!, place + window + 1);
      for (let at = Math.max(offsets[session]!, place - window); at < end; at++) {
        const other = item[at]!;
        if (other !== v && counts[other]!++ === 0) touched.push(other);
      }
    }
    for (const other of touched) {
      if (counts[other]! >= minCount) {
        source.push(v);
        target.push(other);
        count.push(counts[other]!);
      }
      counts[other] = 0;
    }
  }
  const rule = `at most ${window} apart in a training session of ${name}, ${minCount} times or more`;
  return { name: nearRelation, from: "item", to: "item", source: Int32Array.from(source), target: Int32Array.from(target), count: Uint32Array.from(count), origin: { source: "events", rule, version: train.hash } };
}

/** Which values of a feature become nodes. */
export interface FeatureOptions {
  /** Values of fewer items are left out. */
  readonly minItems: number;
  /** Values of more than this share of the items are left out: hubs, which tell nothing apart. 1 keeps all. */
  readonly maxShare: number;
}

/** A feature as nodes and edges, and the values that were too common. */
export interface FeatureEdges {
  readonly nodes: NodeTable;
  readonly edges: EdgeList;
  readonly hubs: readonly string[];
}

/**
 * The values of a feature as nodes: entities decoded, upper and lower case one, blanks single; a value is labelled by
 * its most common spelling, of equals the first by code unit.
 * @param lists of each item's values
 */
export function featureEdges(type: string, lists: readonly (readonly string[])[], name: string, { minItems, maxShare }: FeatureOptions): FeatureEdges {
  const values = new Map<string, { readonly spellings: Map<string, number>; readonly items: number[] }>();
  for (const [item, list] of lists.entries()) {
    for (const text of list) {
      const spelling = cleanText(text);
      const key = foldCase(spelling);
      if (key === "") continue;
      let value = values.get(key);
      if (value === undefined) values.set(key, (value = { spellings: new Map(), items: [] }));
      value.spellings.set(spelling, (value.spellings.get(spelling) ?? 0) + 1);
      if (value.items.at(-1) !== item) value.items.push(item);
    }
  }
  const most = maxShare * lists.length;
  const hubs = [...values].filter(([, { items }]) => items.length > most).map(([key]) => key).sort();
  const ids = [...values].filter(([, { items }]) => items.length <= most && items.length >= minItems).map(([key]) => key).sort();
  const labels = ids.map((id) => [...values.get(id)!.spellings].reduce((best, one) => (one[1] > best[1] || (one[1] === best[1] && one[0] < best[0]) ? one : best))[0]);
  const [source, target]: [number[], number[]] = [[], []];
  for (const [value, id] of ids.entries()) {
    for (const item of values.get(id)!.items) {
      source.push(item);
      target.push(value);
    }
  }
  const edges = { source: Int32Array.from(source), target: Int32Array.from(target) };
  const origin: Origin = { source: "items", rule: `${type} in the item table of ${name}`, version: hashOf({ ids, ...edges }) };
  return { nodes: { type, ids, labels }, edges: { name: type, from: "item", to: type, ...edges, origin }, hubs };
}

/**
 * One spelling for a name in upper and lower case, with other blanks or compatible characters.
 * @example
 * import { foldCase } from "sessionlab";
 * assert.equal(foldCase("  Stephen KING\u00a0"), foldCase("stephen king"));
 */
export function foldCase(text: string): string {
  return text.normalize("NFKC").toLowerCase().replace(/\s+/g, " ").trim();
}

/**
 * Items that the data name beside an item, by their outside ids; ids that are none of the graph's items count for nothing.
 * @param lists of each item's outside ids
 */
export function relatedEdges(relation: string, lists: readonly (readonly string[])[], ids: readonly string[], name: string): EdgeList {
  const index = new Map(ids.map((id, v) => [id, v]));
  const [source, target]: [number[], number[]] = [[], []];
  for (const [item, list] of lists.entries()) {
    for (const id of list) {
      const other = index.get(id);
      if (other === undefined || other === item) continue;
      source.push(item);
      target.push(other);
    }
  }
  const edges = { source: Int32Array.from(source), target: Int32Array.from(target) };
  return { name: relation, from: "item", to: "item", ...edges, origin: { source: "items", rule: `${relation} in the item table of ${name}`, version: hashOf(edges) } };
}
