/**
 * What the linker and the graph ask a DBpedia: entities by the labels that titles may have there, with redirects,
 * disambiguation pages and facts; all entities of a small store; and the allowed relations of linked entities. One set of
 * queries for a store in this process and for an endpoint, in batches of VALUES, page by page.
 */
import { meter, type Progress } from "../core/progress";
import { ConfigError } from "../core/errors";
import { entitiesOf, type EntityTable } from "./dbpedia-entities";
import { dates, laterByObject } from "./dbpedia-relations";
import type { LinkDomain, TitleQuery } from "./linker-features";
import { expandIri, isIri } from "./rdf-terms";
import { boundIri, boundText, boundValues, sparql, type SparqlPart } from "./sparql-query";
import { selectAll, type SparqlSource } from "./sparql-source";
import { partsOfTitle } from "./titles";
import { tripleTexts, triplesFrom, type Triples, type TripleTexts } from "./triples";

/** How a source is asked. */
export interface AskOptions {
  /** Values of one query. Default 100. */
  readonly batch?: number;
  /** Rows of one page. Default 5,000. */
  readonly pageSize?: number;
  readonly progress?: Progress;
  readonly signal?: AbortSignal;
}

const label = boundIri(expandIri("rdfs:label"));
const redirects = boundIri(expandIri("dbo:wikiPageRedirects"));
const disambiguates = boundIri(expandIri("dbo:wikiPageDisambiguates"));

/** What tells entities apart, asked of those that were found. */
const facts = ["rdfs:label", "rdf:type", "dbo:director", "dbo:author", "dbo:writer", "dbo:starring", "dbo:literaryGenre", "dbo:cinematography", "dbo:releaseDate", "dbo:publicationDate", "dbo:firstPublicationDate", "dbo:bandMember", "dbo:recordLabel", "dbo:birthDate"];

/**
 * The facts of entities whose label a title may have, or a page that leads to them. Labels are asked as English Wikipedia
 * writes them: as given, in title case, with "(film)", "(1995 film)", "(novel)" and their like.
 * @throws DataError; AbortError
 * @example
 * import { fetchEntities, openStore, triplesFrom } from "sessionlab";
 * const store = await openStore(triplesFrom([["http://dbpedia.org/resource/Emma_(novel)", "http://www.w3.org/2000/01/rdf-schema#label", '"Emma (novel)"@en']], "demo"));
 * const { entities } = await fetchEntities(store, [{ title: "Emma" }], "books");
 * assert.deepEqual(entities.map(({ iri }) => iri), ["http://dbpedia.org/resource/Emma_(novel)"]);
 */
export async function fetchEntities(source: SparqlSource, titles: readonly TitleQuery[], domain: LinkDomain, { progress, ...options }: AskOptions = {}): Promise<EntityTable> {
  const labels = [...new Set(titles.flatMap((title) => writingsOf(title, domain)))].sort();
  const found: TripleTexts[] = [];
  const rowsOfLabels = await askInBatches(source, labels.map((text) => boundText(text, "en")), options, meter(progress, "ask for labels", "label", labels.length), (batch) => ({
    query: sparql`SELECT DISTINCT ?entity ?page ?other WHERE { ${boundValues("label", batch)} ?entity ${label} ?label OPTIONAL { ?entity ?page ?other ${boundValues("page", [redirects, disambiguates])} } }`,
    orderBy: ["entity", "page", "other"],
  }));
  const entities = new Set<string>();
  for (const { entity, page, other } of rowsOfLabels) {
    if (entity !== undefined && isIri(entity)) entities.add(entity);
    if (page === undefined || other === undefined || !isIri(other)) continue;
    found.push([entity!, page, other]);
    entities.add(other);
  }
  const more = await fetchTriples(source, [...entities], { ...options, relations: facts, languages: ["en", ""], progress });
  return entitiesOf(triplesFrom([...found, ...tripleTexts(more)], source.name), entities);
}

/**
 * All entities of a store that have a label or a fact that tells them apart: for slices that fit into memory.
 * @throws DataError; AbortError
 * @example
 * import { fetchAllEntities, openStore, triplesFrom } from "sessionlab";
 * const store = await openStore(triplesFrom([["http://dbpedia.org/resource/Q", "http://www.w3.org/2000/01/rdf-schema#label", '"Emma"@en']], "demo"));
 * assert.deepEqual((await fetchAllEntities(store)).entities.map((one) => one.label), ["Emma"]);
 */
export async function fetchAllEntities(source: SparqlSource, { pageSize = 20_000, signal }: AskOptions = {}): Promise<EntityTable> {
  const relations = boundValues("p", [redirects, disambiguates, ...facts.map((name) => boundIri(expandIri(name)))]);
  const rows = await selectAll(source, sparql`SELECT ?s ?p ?o WHERE { ${relations} ?s ?p ?o }`, { orderBy: ["s", "p", "o"], pageSize, signal });
  const triples = rows.map(({ s, p, o }): TripleTexts => [s!, p!, o!]);
  return entitiesOf(triplesFrom(triples, source.name), new Set(triples.map(([subject]) => subject).filter(isIri)));
}

/** Which triples of entities are asked for. */
export interface FetchOptions extends AskOptions {
  /** Names such as dbo:author, or IRIs. */
  readonly relations: readonly string[];
  /** Literals of other languages are left out, "": of none. Default: all are taken. */
  readonly languages?: readonly string[];
}

/**
 * The triples of some entities, by allowed relations. Subjects that are no IRIs are not asked for.
 * @throws DataError for a name that is no relation; AbortError
 * @example
 * import { fetchTriples, openStore, relationsOf, triplesFrom } from "sessionlab";
 * const emma = "http://dbpedia.org/resource/Emma";
 * const store = await openStore(triplesFrom([[emma, "http://dbpedia.org/ontology/author", "http://dbpedia.org/resource/Jane_Austen"]], "demo"));
 * assert.equal((await fetchTriples(store, [emma], { relations: relationsOf.books })).subject.length, 1);
 */
export async function fetchTriples(source: SparqlSource, entities: readonly string[], { relations, languages, progress, ...options }: FetchOptions): Promise<Triples> {
  if (relations.length === 0) throw new ConfigError("Expected relations to ask for, found none; name some, such as dbo:author");
  const subjects = [...new Set(entities)].filter(isIri).sort();
  const predicates = boundValues("p", relations.map((name) => boundIri(expandIri(name))));
  const rows = await askInBatches(source, subjects.map(boundIri), options, meter(progress, "ask for facts", "entity", subjects.length), (batch) => ({
    query: sparql`SELECT ?s ?p ?o WHERE { ${boundValues("s", batch)} ${predicates} ?s ?p ?o }`,
    orderBy: ["s", "p", "o"],
  }));
  const speaks = (object: string): boolean => {
    if (languages === undefined || !object.startsWith('"')) return true;
    const language = /"@([A-Za-z0-9-]+)$/.exec(object)?.[1];
    return languages.includes(language === undefined ? "" : language.toLowerCase());
  };
  return triplesFrom(rows.filter(({ o }) => speaks(o!)).map(({ s, p, o }): TripleTexts => [s!, p!, o!]), source.name);
}

/**
 * The triples of some entities by allowed relations, with the dates of these entities and of their sequels and the like:
 * what `allowTriples` needs to leave out what came later.
 * @throws DataError; AbortError
 * @example
 * import { allowTriples, fetchRelations, openStore, triplesFrom } from "sessionlab";
 * const [dbr, dbo] = ["http://dbpedia.org/resource/", "http://dbpedia.org/ontology/"];
 * const store = await openStore(triplesFrom([[`${dbr}Alien`, `${dbo}subsequentWork`, `${dbr}Aliens`], [`${dbr}Aliens`, `${dbo}releaseDate`, '"1986-07-18"']], "demo"));
 * const triples = await fetchRelations(store, [`${dbr}Alien`], { relations: ["dbo:subsequentWork"] });
 * assert.equal(allowTriples(triples, { until: "1985-12-31" }).report.later, 1);
 */
export async function fetchRelations(source: SparqlSource, entities: readonly string[], { relations, ...options }: FetchOptions): Promise<Triples> {
  const own = await fetchTriples(source, entities, { ...options, relations: [...new Set([...relations, ...dates])] });
  const follow = new Set(laterByObject.map(expandIri));
  const later = new Set(Array.from(tripleTexts(own)).filter(([, predicate, object]) => follow.has(predicate) && isIri(object)).map(([, , object]) => object));
  const more = await fetchTriples(source, [...later], { ...options, relations: dates });
  return triplesFrom([...tripleTexts(own), ...tripleTexts(more)], source.name);
}

async function askInBatches(source: SparqlSource, values: readonly SparqlPart[], { batch = 100, pageSize, signal }: AskOptions, tick: (done: number) => void, queryOf: (batch: readonly SparqlPart[]) => { readonly query: string; readonly orderBy: readonly string[] }): Promise<Readonly<Record<string, string>>[]> {
  if (!Number.isInteger(batch) || batch < 1) throw new ConfigError(`Expected batch to be a positive integer, found ${batch}; give values a query`);
  const rows: Readonly<Record<string, string>>[] = [];
  for (let from = 0; from < values.length; from += batch) {
    const { query, orderBy } = queryOf(values.slice(from, from + batch));
    for (const row of await selectAll(source, query, { orderBy, pageSize, signal })) rows.push(row);
    tick(Math.min(values.length, from + batch));
  }
  return rows;
}

/** Words that English titles write small inside. */
const small = new Set(["a", "an", "the", "and", "or", "but", "nor", "of", "in", "on", "at", "to", "for", "from", "by", "with", "as", "vs"]);

/** How a title may be written as a label; the likeliest first. */
export function writingsOf({ title, year }: TitleQuery, domain: LinkDomain): string[] {
  const parts = partsOfTitle(title);
  const bare = [parts.main, ...parts.others, parts.head, parts.tail].filter((one): one is string => one !== undefined && one !== "");
  const written = [...new Set(bare.flatMap((one) => [one, titleCase(one), ...(/^(the|an?) /i.test(one) ? [one.replace(/^\S+ /, "")] : [`The ${one}`])]))];
  const when = year ?? parts.year;
  const brackets = domain === "films" ? ["film", ...(when === undefined ? [] : [`${when} film`])] : ["novel", "book"];
  return [...written, ...written.slice(0, 2).flatMap((one) => [...brackets, "disambiguation"].map((inside) => `${one} (${inside})`))];
}

function titleCase(title: string): string {
  return title.split(" ").map((word, n, all) => (n > 0 && n < all.length - 1 && small.has(word.toLowerCase()) && !/[:.!?]$/.test(all[n - 1]!) ? word.toLowerCase() : word.charAt(0).toUpperCase() + word.slice(1))).join(" ");
}
