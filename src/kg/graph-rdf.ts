/**
 * A graph as RDF: N-Triples or Turtle. Each statement is a triple; beside it, unless that is left out, an rdf:Statement
 * with its origin, confidence and count (where they are not 1), so that the graph can be read back with its hash.
 * Entities keep their IRIs and DBpedia's relations theirs; all other nodes and relations are urn:sessionlab:..., their
 * names percent-encoded, so that no name can end an IRI. Files are read by `triplesFromFile`, which is Oxigraph's parser.
 */
import { ConfigError, DataError } from "../core/errors";
import { graphFrom, type EdgeList, type KnowledgeGraph, type NodeTable, type Origin } from "./graph";
import { textOfLiteral } from "./linked-edges";
import { triplesFromFile } from "./rdf-files";
import { isIri, literal, prefixes } from "./rdf-terms";
import { writeLines } from "./text-files";
import type { TripleTexts } from "./triples";

const own = "urn:sessionlab:";
const rdf = prefixes["rdf"]!;
const xsd = prefixes["xsd"]!;
const a = `${rdf}type`;
const term = {
  index: `${own}index`, id: `${own}id`, name: `${own}name`, from: `${own}from`, to: `${own}to`, label: `${prefixes["rdfs"]!}label`,
  origin: `${own}origin`, source: `${own}source`, rule: `${own}rule`, version: `${own}version`, through: `${own}through`, confidence: `${own}confidence`, count: `${own}count`,
  nodeType: `${own}NodeType`, relation: `${own}Relation`, originType: `${own}Origin`, statement: `${rdf}Statement`,
} as const;

/** What is written. */
export interface RdfOptions {
  /** Whether each statement's origin, confidence and count are; without them the file is a fifth, and no graph again. Default true. */
  readonly provenance?: boolean;
}

/**
 * Writes a graph as N-Triples (.nt) or Turtle (.ttl), whole or not at all.
 * @throws ConfigError for another ending; DataError for an id that is no text (half of a surrogate pair), a full disk
 * @example
 * import { mkdtempSync } from "node:fs";
 * import { graphFrom, graphFromRdf, graphToRdf } from "sessionlab";
 * const graph = graphFrom([{ type: "item", ids: ["<> \"a\"\n."] }], []);
 * const file = `${mkdtempSync("/tmp/kg-")}/graph.nt`;
 * graphToRdf(graph, file);
 * assert.equal((await graphFromRdf(file)).hash, graph.hash);
 */
export function graphToRdf(graph: KnowledgeGraph, file: string, { provenance = true }: RdfOptions = {}): void {
  const turtle = /\.ttl$/i.test(file);
  if (!turtle && !/\.nt$/i.test(file)) throw new ConfigError(`Expected a file of N-Triples (.nt) or Turtle (.ttl), found "${file}"; name it by its format`);
  const lines = turtle ? turtleLines(rows(graph, provenance)) : ntriplesLines(rows(graph, provenance));
  writeLines(file, lines);
}

/** A name as part of an IRI. @throws DataError for half of a surrogate pair */
function encoded(name: string): string {
  literal(name);
  return encodeURIComponent(name);
}

/** The term of a node: an entity's own IRI, a value's own literal, else one of ours. */
function nodeTerm(type: string, id: string): string {
  if (type === "entity" && isIri(id) && !id.startsWith(own)) return id;
  return `${own}node:${encoded(type)}:${encoded(id)}`;
}

function relationTerm(name: string): string {
  const colon = name.indexOf(":");
  const namespace = Object.hasOwn(prefixes, name.slice(0, colon)) ? prefixes[name.slice(0, colon)] : undefined;
  const iri = namespace === undefined ? name : namespace + name.slice(colon + 1);
  return iri !== name && isIri(iri) ? iri : `${own}relation:${encoded(name)}`;
}

const whole = (value: number): string => literal(String(value), `${xsd}integer`);

/** All triples: what types, relations, origins and nodes there are, then the statements. */
function* rows(graph: KnowledgeGraph, provenance: boolean): Generator<TripleTexts> {
  const originTerm = (n: number): string => `${own}origin:${n}`;
  if (provenance) {
    for (const [n, { source, rule, version, through }] of graph.origins.entries()) {
      yield [originTerm(n), a, term.originType];
      for (const [name, value] of [[term.source, source], [term.rule, rule], [term.version, version], ...(through ?? []).map((one) => [term.through, one])]) yield [originTerm(n), name!, literal(value!)];
    }
    for (const [n, { name, from, to }] of graph.relations.entries()) {
      yield [`${own}relation:${n}`, a, term.relation];
      for (const [property, value] of [[term.name, name], [term.from, from], [term.to, to]]) yield [`${own}relation:${n}`, property!, literal(value!)];
    }
  }
  for (const [place, { type, ids, labels }] of [...graph.nodes.values()].entries()) {
    const typeTerm = `${own}type:${encoded(type)}`;
    yield [typeTerm, a, term.nodeType];
    yield [typeTerm, term.index, whole(place)];
    yield [typeTerm, term.name, literal(type)];
    for (const [n, id] of ids.entries()) {
      const node = nodeTerm(type, id);
      yield [node, a, typeTerm];
      if (provenance) yield [node, term.index, whole(n)];
      yield [node, term.id, literal(id)];
      if (labels !== undefined && labels[n] !== "") yield [node, term.label, literal(labels[n]!)];
    }
  }
  let number = 0;
  for (const { name, from, to, source, target, confidence, count, origin } of graph.relations) {
    const predicate = relationTerm(name);
    const [sources, targets] = [graph.table(from).ids, graph.table(to).ids];
    for (let edge = 0; edge < target.length; edge++) {
      const [subject, object] = [nodeTerm(from, sources[source[edge]!]!), nodeTerm(to, targets[target[edge]!]!)];
      yield [subject, predicate, object];
      if (!provenance) continue;
      const statement = `_:s${number++}`;
      yield [statement, a, term.statement];
      yield [statement, `${rdf}subject`, subject];
      yield [statement, `${rdf}predicate`, predicate];
      yield [statement, `${rdf}object`, object];
      yield [statement, term.origin, originTerm(origin[edge]!)];
      if (confidence[edge] !== 1) yield [statement, term.confidence, literal(String(confidence[edge]), `${xsd}double`)];
      if (count[edge] !== 1) yield [statement, term.count, whole(count[edge]!)];
    }
  }
}

const written = (text: string): string => (/^("|_:)/.test(text) ? text : `<${text}>`);

function* ntriplesLines(triples: Iterable<TripleTexts>): Generator<string> {
  for (const [subject, predicate, object] of triples) yield `${written(subject)} ${written(predicate)} ${written(object)} .`;
}

/** One line a subject. */
function* turtleLines(triples: Iterable<TripleTexts>): Generator<string> {
  const short = { rdf, xsd, rdfs: prefixes["rdfs"]!, sl: own };
  for (const [prefix, namespace] of Object.entries(short)) yield `@prefix ${prefix}: <${namespace}> .`;
  const shortened = (text: string): string => {
    if (/^("|_:)/.test(text)) return text.replace(`^^<${xsd}integer>`, "^^xsd:integer").replace(`^^<${xsd}double>`, "^^xsd:double");
    for (const [prefix, namespace] of Object.entries(short)) if (text.startsWith(namespace) && /^[A-Za-z]\w*$/.test(text.slice(namespace.length))) return `${prefix}:${text.slice(namespace.length)}`;
    return `<${text}>`;
  };
  let subject: string | undefined;
  let held = "";
  for (const [s, p, o] of triples) {
    if (s === subject) {
      held += ` ; ${shortened(p)} ${shortened(o)}`;
      continue;
    }
    if (subject !== undefined) yield `${held} .`;
    subject = s;
    held = `${shortened(s)} ${shortened(p)} ${shortened(o)}`;
  }
  if (subject !== undefined) yield `${held} .`;
}

/**
 * Reads a graph that `graphToRdf` wrote with its provenance.
 * @throws DataError naming the file for what is no such graph; other RDF is read by `triplesFromFile`
 * @example
 * import { mkdtempSync, writeFileSync } from "node:fs";
 * import { graphFromRdf } from "sessionlab";
 * const file = `${mkdtempSync("/tmp/kg-")}/other.nt`;
 * writeFileSync(file, "<urn:a> <urn:b> <urn:c> .\n");
 * await assert.rejects(graphFromRdf(file), /triplesFromFile/);
 */
export async function graphFromRdf(file: string): Promise<KnowledgeGraph> {
  const { terms, subject, predicate, object } = await triplesFromFile(file);
  const facts = new Map<number, Map<string, number[]>>();
  for (let row = 0; row < subject.length; row++) {
    const about = facts.get(subject[row]!) ?? new Map<string, number[]>();
    facts.set(subject[row]!, about);
    const property = terms[predicate[row]!]!;
    const values = about.get(property);
    if (values === undefined) about.set(property, [object[row]!]);
    else values.push(object[row]!);
  }
  const fail = (what: string, of: number): never => {
    throw new DataError(`Expected a graph as graphToRdf writes it, found no ${what} of ${terms[of]}; read other RDF by triplesFromFile`, { file });
  };
  const one = (of: number, property: string): number => facts.get(of)?.get(property)?.[0] ?? fail(property, of);
  const text = (of: number): string => textOfLiteral(terms[of]!);
  const all = (kind: string): number[] => Array.from(facts.keys()).filter((of) => facts.get(of)!.get(a)?.some((type) => terms[type] === kind) === true);
  const types = all(term.nodeType).sort((x, y) => Number(text(one(x, term.index))) - Number(text(one(y, term.index))));
  if (types.length === 0) throw new DataError("Expected a graph as graphToRdf writes it, found no types of nodes; read other RDF by triplesFromFile", { file });
  const places = new Map<number, { readonly type: string; readonly number: number }>();
  const members = new Map<number, number[]>(types.map((type) => [type, []]));
  for (const [of, about] of facts) for (const type of about.get(a) ?? []) members.get(type)?.push(of);
  const nodes = types.map((typeTerm): NodeTable => {
    const type = text(one(typeTerm, term.name));
    const own = members.get(typeTerm)!;
    const [ids, labels] = [new Array<string>(own.length).fill(""), new Array<string>(own.length).fill("")];
    for (const node of own) {
      const number = Number(text(one(node, term.index)));
      if (!(number < own.length)) fail(`place below ${own.length}`, node);
      ids[number] = text(one(node, term.id));
      const label = facts.get(node)!.get(term.label)?.[0];
      if (label !== undefined) labels[number] = text(label);
      places.set(node, { type, number });
    }
    return labels.some((label) => label !== "") ? { type, ids, labels } : { type, ids };
  });
  const origins = new Map(all(term.originType).map((of): [number, Origin] => {
    const through = facts.get(of)!.get(term.through)?.map(text).sort();
    return [of, { source: text(one(of, term.source)), rule: text(one(of, term.rule)), version: text(one(of, term.version)), ...(through === undefined ? {} : { through }) }];
  }));
  const lists = new Map<string, Growing>();
  for (const of of all(term.statement)) {
    const [from, to] = [places.get(one(of, `${rdf}subject`)), places.get(one(of, `${rdf}object`))];
    const origin = one(of, term.origin);
    if (from === undefined || to === undefined || !origins.has(origin)) return fail("known node or origin", of);
    const predicateTerm = one(of, `${rdf}predicate`);
    const key = JSON.stringify([predicateTerm, from.type, to.type, origin]);
    const list = lists.get(key) ?? { source: [], target: [], confidence: [], count: [], predicate: terms[predicateTerm]!, from: from.type, to: to.type, origin };
    lists.set(key, list);
    const [confidence, count] = [facts.get(of)!.get(term.confidence)?.[0], facts.get(of)!.get(term.count)?.[0]];
    list.source.push(from.number);
    list.target.push(to.number);
    list.confidence.push(confidence === undefined ? 1 : Number(text(confidence)));
    list.count.push(count === undefined ? 1 : Number(text(count)));
  }
  const names = all(term.relation).map((of) => ({ name: text(one(of, term.name)), from: text(one(of, term.from)), to: text(one(of, term.to)) }));
  const edges = [...lists.values()].map(({ source, target, confidence, count, predicate, from, to, origin }): EdgeList => {
    const name = names.find((relation) => relationTerm(relation.name) === predicate && relation.from === from && relation.to === to)?.name ?? fail("relation", origin);
    return { name, from, to, source: Int32Array.from(source), target: Int32Array.from(target), confidence: Float32Array.from(confidence), count: Uint32Array.from(count), origin: origins.get(origin)! };
  });
  const empty = { source: new Int32Array(0), target: new Int32Array(0) };
  const [anyOrigin] = origins.values();
  const unused = [...origins.values()].flatMap((origin) => (names[0] === undefined ? [] : [{ ...names[0], ...empty, origin }]));
  return graphFrom(nodes, [...edges, ...unused, ...names.flatMap((name) => (anyOrigin === undefined ? [] : [{ ...name, ...empty, origin: anyOrigin }]))]);
}

interface Growing {
  readonly source: number[];
  readonly target: number[];
  readonly confidence: number[];
  readonly count: number[];
  readonly predicate: string;
  readonly from: string;
  readonly to: string;
  readonly origin: number;
}
