/**
 * Linked data as edges: items to the entities that they are, entities to each other and to values, and what that says
 * of two items: one continues the other, both belong to one series. A relation of items is as certain as both links.
 */
import { hashOf } from "../core/hash";
import { labelOfIri } from "./dbpedia-labels";
import type { EdgeList, NodeTable, Origin } from "./graph";
import type { EntityLink, EntityLinks } from "./links";
import { prefixes } from "./rdf-terms";
import type { Triples } from "./triples";

/** What the statements of an item and its entity are called. */
export const sameRelation = "is";

const { dbo, fb } = prefixes as { readonly dbo: string; readonly fb: string };

/** Relations that say that their object continues their subject, or the other way round, or that they have one series. */
const continues = new Set([`${dbo}subsequentWork`, `${fb}film.film.sequel`]);
const continued = new Set([`${dbo}previousWork`, `${fb}film.film.prequel`]);
const series = new Set([`${dbo}series`]);
/** Of these only the texts are wanted: as labels. */
const labelled = new Set([prefixes["rdfs"] + "label"]);

/** What becomes of links and triples. */
export interface LinkedOptions {
  /** How many steps from a linked entity triples are taken along: 1 takes those that name one. */
  readonly hops: number;
  /** A series of more items joins none of them: n items have n (n - 1) edges. */
  readonly maxSeries: number;
}

/** The rule of a link's statement: how it was made, of how many candidates. */
export function linkRule({ rule, candidates }: Pick<EntityLink, "rule" | "candidates">): string {
  return `${rule}, of ${candidates} ${candidates === 1 ? "candidate" : "candidates"}`;
}

/** How many candidates a rule of `linkRule` speaks of; undefined for another rule. */
export function candidatesIn(rule: string): number | undefined {
  const match = /, of (\d+) candidates?$/.exec(rule);
  return match === null ? undefined : Number(match[1]);
}

/** Nodes and edges of linked data. */
export interface LinkedEdges {
  readonly nodes: readonly NodeTable[];
  readonly edges: readonly EdgeList[];
}

/**
 * The nodes "entity" and "value" and all edges that links and triples give. Triples that no linked entity leads to are
 * left out, and so are links of items that are not in the graph: the result does not depend on them.
 * @param items of the graph; their titles name the entities of Freebase, whose ids spell nothing
 * @param numberOf the graph's number of an item of the links; undefined if it has none
 */
export function linkedEdges(links: EntityLinks, triples: Triples | undefined, items: NodeTable, numberOf: (item: number) => number | undefined, { hops, maxSeries }: LinkedOptions): LinkedEdges {
  const linked = Array.from(links.item, (one, n) => ({ item: numberOf(one), uri: links.uri[n]!, confidence: links.confidence[n]!, rule: links.rule[n]!, candidates: links.candidates[n]! }));
  const known = linked.flatMap((link) => (link.item === undefined ? [] : [{ ...link, item: link.item }])).sort((a, b) => a.item - b.item);
  const linksVersion = hashOf(known.map(({ item, uri, confidence, rule, candidates }) => [items.ids[item]!, uri, confidence, rule, candidates]));
  const taken = triples === undefined ? [] : near(triples, new Set(known.map(({ uri }) => uri)), hops);
  const terms = triples?.terms ?? [];
  const isEntity = (term: string): boolean => !term.startsWith('"');
  const plain = triples === undefined ? [] : taken.filter((row) => !labelled.has(terms[triples.predicate[row]!]!));
  const ends = plain.flatMap((row) => [terms[triples!.subject[row]!]!, terms[triples!.object[row]!]!]);
  const entities = [...new Set([...known.map(({ uri }) => uri), ...ends.filter(isEntity)])].sort();
  const values = [...new Set(ends.filter((term) => !isEntity(term)))].sort();
  const entityOf = new Map(entities.map((iri, n) => [iri, n]));
  const valueOf = new Map(values.map((value, n) => [value, n]));
  const names = triples === undefined ? new Map<string, string>() : labelsIn(triples, taken);
  const titles = new Map(known.map(({ uri, item }) => [uri, items.labels?.[item]]));
  const labelOf = (iri: string): string => names.get(iri) ?? (iri.startsWith(fb) ? (titles.get(iri) ?? iri.slice(fb.length)) : labelOfIri(iri));
  const nodes: NodeTable[] = [
    { type: "entity", ids: entities, labels: entities.map(labelOf) },
    ...(values.length === 0 ? [] : [{ type: "value", ids: values, labels: values.map(textOfLiteral) }]),
  ];
  const through = triples === undefined || triples.source === links.source ? {} : { through: [triples.source] };
  const edges: EdgeList[] = [];
  for (const [rule, group] of grouped(known, linkRule)) {
    edges.push({
      name: sameRelation, from: "item", to: "entity",
      source: Int32Array.from(group, ({ item }) => item),
      target: Int32Array.from(group, ({ uri }) => entityOf.get(uri)!),
      confidence: Float32Array.from(group, ({ confidence }) => confidence),
      origin: { source: links.source, rule, version: linksVersion, ...through },
    });
  }
  if (triples === undefined) return { nodes, edges };
  const origin: Origin = { source: triples.source, rule: "a triple", version: triples.hash };
  for (const [key, rows] of grouped(plain, (row) => JSON.stringify([terms[triples.predicate[row]!]!, isEntity(terms[triples.object[row]!]!)]))) {
    const [predicate, leads] = JSON.parse(key) as [string, boolean];
    edges.push({
      name: shortIri(predicate), from: "entity", to: leads ? "entity" : "value",
      source: Int32Array.from(rows, (row) => entityOf.get(terms[triples.subject[row]!]!)!),
      target: Int32Array.from(rows, (row) => (leads ? entityOf : valueOf).get(terms[triples.object[row]!]!)!),
      origin,
    });
  }
  edges.push(...itemRelations(triples, plain, known, { version: hashOf([triples.hash, linksVersion]), source: triples.source, through: links.source === triples.source ? undefined : [links.source] }, maxSeries));
  return { nodes, edges };
}

interface KnownLink {
  readonly item: number;
  readonly uri: string;
  readonly confidence: number;
}

/** Rows of triples within some steps of the linked entities: forward and, for the first, backward. */
function near({ terms, subject, object }: Triples, linked: ReadonlySet<string>, hops: number): number[] {
  const within = new Uint8Array(terms.length);
  for (const [term, text] of terms.entries()) if (linked.has(text)) within[term] = 1;
  const start = within.slice();
  const taken = new Uint8Array(subject.length);
  for (let hop = 0; hop < hops; hop++) {
    const reached: number[] = [];
    for (let row = 0; row < taken.length; row++) {
      if (within[subject[row]!] === 0 && (hop > 0 || start[object[row]!] === 0)) continue;
      taken[row] = 1;
      reached.push(subject[row]!, object[row]!);
    }
    for (const term of reached) within[term] = 1;
  }
  return Array.from(taken.keys()).filter((row) => taken[row] === 1);
}

/** Items of which one continues the other, and items of one series. */
function itemRelations({ terms, subject, predicate, object }: Triples, rows: readonly number[], links: readonly KnownLink[], { through, ...from }: { readonly source: string; readonly version: string; readonly through?: readonly string[] }, maxSeries: number): EdgeList[] {
  const itemsOf = grouped(links, ({ uri }) => uri);
  const sequels = new Map<string, Pair[]>();
  const members = new Map<string, KnownLink[]>();
  for (const row of rows) {
    const relation = terms[predicate[row]!]!;
    const [here, there] = [itemsOf.get(terms[subject[row]!]!) ?? [], terms[object[row]!]!];
    if (series.has(relation)) members.set(there, [...(members.get(there) ?? []), ...here]);
    const turn = continued.has(relation);
    if (!turn && !continues.has(relation)) continue;
    for (const a of here) {
      for (const b of itemsOf.get(there) ?? []) {
        if (a.item === b.item) continue;
        const pairs = sequels.get(relation) ?? [];
        sequels.set(relation, pairs);
        pairs.push(turn ? [b, a] : [a, b]);
      }
    }
  }
  const list = (name: string, rule: string, pairs: readonly Pair[]): EdgeList => ({
    name, from: "item", to: "item",
    source: Int32Array.from(pairs, ([a]) => a.item),
    target: Int32Array.from(pairs, ([, b]) => b.item),
    confidence: Float32Array.from(pairs, ([a, b]) => a.confidence * b.confidence),
    origin: through === undefined ? { ...from, rule } : { ...from, rule, through },
  });
  const together: Pair[] = [...members.values()].flatMap((group) => {
    const items = [...new Map(group.map((link) => [link.item, link])).values()];
    return items.length > maxSeries ? [] : items.flatMap((a) => items.filter((b) => b.item !== a.item).map((b): Pair => [a, b]));
  });
  return [
    ...Array.from(sequels, ([relation, pairs]) => list("continued by", `${shortIri(relation)} between the entities of both`, pairs)),
    ...(together.length === 0 ? [] : [list("in one series", "a series that the entities of both name", together)]),
  ];
}

type Pair = readonly [KnownLink, KnownLink];

function grouped<T>(rows: Iterable<T>, key: (row: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const row of rows) {
    const name = key(row);
    const group = groups.get(name);
    if (group === undefined) groups.set(name, [row]);
    else group.push(row);
  }
  return groups;
}

/** Labels that triples give, English before others, else the first. */
function labelsIn({ terms, subject, predicate, object }: Triples, rows: readonly number[]): Map<string, string> {
  const labels = new Map<string, { readonly text: string; readonly english: boolean }>();
  for (const row of rows) {
    if (!labelled.has(terms[predicate[row]!]!)) continue;
    const [entity, literal] = [terms[subject[row]!]!, terms[object[row]!]!];
    const english = /"@en\b/.test(literal);
    const before = labels.get(entity);
    if (before === undefined || (english && !before.english)) labels.set(entity, { text: textOfLiteral(literal), english });
  }
  return new Map(Array.from(labels, ([entity, { text }]) => [entity, text]));
}

/** "http://dbpedia.org/ontology/author" -> "dbo:author", where a prefix is known. */
export function shortIri(iri: string): string {
  for (const [prefix, namespace] of Object.entries(prefixes)) {
    if (iri.startsWith(namespace) && /^[\w.-]+$/.test(iri.slice(namespace.length))) return `${prefix}:${iri.slice(namespace.length)}`;
  }
  return iri;
}

/** What a literal in N-Triples syntax says, without its language or type. */
export function textOfLiteral(literal: string): string {
  const quoted = literal.slice(1, literal.lastIndexOf('"'));
  return quoted.replace(/\\(?:u([\da-f]{4})|U([\da-f]{8})|(.))/gi, (_, four: string | undefined, eight: string | undefined, one: string) =>
    four !== undefined || eight !== undefined ? String.fromCodePoint(parseInt((four ?? eight)!, 16)) : (escaped[one] ?? one));
}

const escaped: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t", b: "\b", f: "\f" };
