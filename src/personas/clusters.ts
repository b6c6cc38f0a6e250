/**
 * Groups of personas, with names in plain words: k-means over the vectors, how much each node belongs to each group, and the
 * features (authors, genres, directors) that a group's items have more often than all items that were chosen.
 * Symbols: N nodes, D dimensions, k groups.
 */
import { ConfigError } from "../core/errors";
import { resolveOptions, rules } from "../core/options";
import type { Rng } from "../core/rng";
import { kMeans } from "../evaluation/k-means";
import type { HostMatrix } from "../evaluation/logistic-regression";
import type { KnowledgeGraph } from "../kg/graph";

/** Nodes in groups. */
export interface PersonaGroups {
  /** [N] the nearest group. */
  readonly labels: Int32Array;
  /** [k, D] */
  readonly centres: HostMatrix;
  /** [N, k] membership of fuzzy c-means (Bezdek, 1981) with fuzzifier 2: 1/d^2 over the sum of them; rows add up to 1. */
  readonly membership: HostMatrix;
}

/**
 * Groups vectors.
 * @param vectors [N, D]
 * @throws ConfigError for k out of range
 * @example
 * import { personaGroups, Rng } from "sessionlab";
 * const { labels, membership } = personaGroups({ shape: [4, 1], data: Float32Array.of(0, 1, 10, 11) }, 2, new Rng(1));
 * assert.ok(labels[0] === labels[1] && labels[0] !== labels[2]);
 * assert.ok(membership.data[labels[0]!]! > 0.99);
 */
export function personaGroups(vectors: HostMatrix, k: number, rng: Rng): PersonaGroups {
  const { labels, centres } = kMeans(vectors, k, rng);
  const own: HostMatrix = { shape: [k, vectors.shape[1]], data: Float32Array.from(centres) };
  return { labels, centres: own, membership: personaMembership(vectors, own) };
}

/** How much each vector belongs to each group. @param vectors [N, D] @param centres [k, D] @returns [N, k] */
export function personaMembership({ shape: [count, width], data }: HostMatrix, centres: HostMatrix): HostMatrix {
  const [k] = centres.shape;
  const membership = new Float32Array(count * k);
  for (let node = 0; node < count; node++) {
    const near = Float64Array.from({ length: k }, (_, c) => {
      let square = 0;
      for (let d = 0; d < width; d++) square += (data[node * width + d]! - centres.data[c * width + d]!) ** 2;
      return 1 / Math.max(square, 1e-12);
    });
    const sum = near.reduce((a, b) => a + b, 0);
    near.forEach((one, c) => (membership[node * k + c] = one / sum));
  }
  return { shape: [count, k], data: membership };
}

/** A value of a feature that marks a group. */
export interface PersonaMark {
  /** "genre", and "War". */
  readonly type: string;
  readonly value: string;
  /** Share of the group's choices whose item has the value, over the share of all choices. */
  readonly lift: number;
  readonly share: number;
  /** Choices of the group with the value. */
  readonly choices: number;
}

/** A group in words. */
export interface NamedPersona {
  readonly group: number;
  /** Its marks in a row: "War, Sci-Fi". */
  readonly name: string;
  readonly nodes: number;
  readonly marks: readonly PersonaMark[];
  /** Items that its nodes choose most beyond the others' share, by their labels. */
  readonly items: readonly PersonaMark[];
}

const nameDefaults = {
  /** Types of nodes joined to items that may mark a group; default all but users, items and entities. */
  features: undefined as readonly string[] | undefined,
  /** Marks of a group. */
  marks: 3,
  /** The smallest share of a group's choices that marks it. */
  leastShare: 0.02,
  leastLift: 1.1,
};

/** Options of `namePersonas`. */
export type NameOptions = typeof nameDefaults;

/**
 * What marks each group: values ranked by Dunning's G^2 of a group's choices against all others (1993), among those that it
 * has more often. A choice is an edge between a node of the type and an item.
 * @param labels [N] the group of each node of `type`
 * @throws ConfigError for labels of another number of nodes, or a feature that no item has
 * @example
 * import { graphFrom, namePersonas } from "sessionlab";
 * const origin = { source: "demo", rule: "by hand", version: "1" };
 * const edges = (name: string, from: string, to: string, source: number[], target: number[]) => ({ name, from, to, source: Int32Array.from(source), target: Int32Array.from(target), origin });
 * const nodes = [{ type: "user", ids: ["u", "v"] }, { type: "item", ids: ["a", "b"] }, { type: "genre", ids: ["War", "Drama"] }];
 * const graph = graphFrom(nodes, [edges("chose", "user", "item", [0, 1], [0, 1]), edges("genre", "item", "genre", [0, 1], [0, 1])]);
 * assert.deepEqual(namePersonas(graph, "user", Int32Array.of(0, 1)).map(({ name }) => name), ["War", "Drama"]);
 */
export function namePersonas(graph: KnowledgeGraph, type: string, labels: Int32Array, given: Partial<NameOptions> = {}): NamedPersona[] {
  const options = resolveOptions("namePersonas", nameDefaults, given, { marks: rules.positiveInteger, leastShare: rules.fraction, leastLift: rules.notNegative });
  if (labels.length !== graph.nodeCount(type)) throw new ConfigError(`Expected the group of each of ${graph.nodeCount(type)} nodes, found ${labels.length}`);
  const k = labels.reduce((most, label) => Math.max(most, label + 1), 0);
  const perItem = choicesByItem(graph, type, labels, k);
  const totals = new Float64Array(k); // choices by group
  perItem.forEach((choices, at) => (totals[at % k]! += choices));
  const items = graph.nodeCount("item");
  const features = featuresOf(graph, options.features).map((feature) => ({ type: feature, counts: countsOf(graph, feature, perItem, k) }));
  const named = Array.from({ length: k }, (_, group): NamedPersona => {
    const marks = features.flatMap(({ type: feature, counts }) => marksOf(graph, feature, counts, group, totals, options.leastShare, options.leastLift));
    const own = marksOf(graph, "item", perItem, group, totals, Math.min(1 / items, options.leastShare), options.leastLift);
    const best = top(marks, options.marks);
    return { group, name: best.map(({ value }) => value).join(", ") || `group ${group + 1}`, nodes: labels.filter((label) => label === group).length, marks: best, items: top(own, options.marks) };
  });
  // Groups of one name are told apart by a number.
  return named.map((one, group) => {
    const before = named.slice(0, group).filter(({ name }) => name === one.name).length;
    return before === 0 ? one : { ...one, name: `${one.name} (${before + 1})` };
  });
}

interface Ranked extends PersonaMark {
  readonly strength: number;
}

function top(marks: readonly Ranked[], most: number): PersonaMark[] {
  return [...marks].sort((a, b) => b.strength - a.strength || (a.value < b.value ? -1 : 1)).slice(0, most).map(({ strength: _, ...mark }) => mark);
}

/** [items, k] how often the nodes of each group chose an item. */
function choicesByItem(graph: KnowledgeGraph, type: string, labels: Int32Array, k: number): Float64Array {
  const counts = new Float64Array(graph.nodeCount("item") * k);
  for (const { from, to, source, target, count } of graph.relations) {
    if (!((from === type && to === "item") || (from === "item" && to === type))) continue;
    target.forEach((end, edge) => {
      const [node, item] = from === type ? [source[edge]!, end] : [end, source[edge]!];
      if (labels[node]! >= 0) counts[item * k + labels[node]!]! += count[edge]!;
    });
  }
  return counts;
}

function featuresOf(graph: KnowledgeGraph, asked: readonly string[] | undefined): readonly string[] {
  const joined = [...new Set(graph.relations.filter(({ from }) => from === "item").map(({ to }) => to))];
  const unknown = asked?.find((one) => !joined.includes(one));
  if (unknown !== undefined) throw new ConfigError(`Expected types that items are joined to (${joined.join(", ")}), found "${unknown}"`);
  return asked ?? joined.filter((one) => !["user", "item", "entity"].includes(one));
}

/** [values, k] choices of items with each value. */
function countsOf(graph: KnowledgeGraph, feature: string, perItem: Float64Array, k: number): Float64Array {
  const counts = new Float64Array(graph.nodeCount(feature) * k);
  for (const { from, to, source, target } of graph.relations) {
    if (from !== "item" || to !== feature) continue;
    target.forEach((value, edge) => {
      for (let c = 0; c < k; c++) counts[value * k + c]! += perItem[source[edge]! * k + c]!;
    });
  }
  return counts;
}

function marksOf(graph: KnowledgeGraph, type: string, counts: Float64Array, group: number, totals: Float64Array, leastShare: number, leastLift: number): Ranked[] {
  const k = totals.length;
  const all = totals.reduce((a, b) => a + b, 0);
  const inside = totals[group]!;
  const marks: Ranked[] = [];
  for (let value = 0; value * k < counts.length; value++) {
    const choices = counts[value * k + group]!;
    const sum = counts.subarray(value * k, value * k + k).reduce((a, b) => a + b, 0);
    const [share, lift] = [choices / inside, (choices * all) / (inside * sum)];
    if (!(share >= leastShare && lift >= leastLift)) continue;
    const { id, label } = graph.named(type, value);
    marks.push({ type, value: label ?? id, lift, share, choices, strength: g2(choices, inside, sum - choices, all - inside) });
  }
  return marks;
}

/** Twice the log-likelihood ratio of two shares, a of n and b of m. */
function g2(a: number, n: number, b: number, m: number): number {
  const pooled = (a + b) / (n + m);
  const part = (x: number, of: number): number => (x === 0 ? 0 : x * Math.log(x / of / pooled)) + (x === of ? 0 : (of - x) * Math.log((1 - x / of) / (1 - pooled)));
  return 2 * (part(a, n) + part(b, m));
}
