/**
 * Which relations of linked data go into a graph: a list of those that are allowed, by what they are of, and what is left
 * out because it lies after the split. An award, a sequel or an adaptation that came later says what was to become of an item:
 * to a model that is tested on that time it is a leak.
 */
import { ConfigError } from "../core/errors";
import { partsOfLabel, labelOfIri } from "./dbpedia-labels";
import type { LinkDomain } from "./linker-features";
import { expandIri } from "./rdf-terms";
import { tripleTexts, triplesFrom, type Triples, type TripleTexts } from "./triples";

/**
 * The relations that are allowed by default: of DBpedia's books and films, and of Freebase's films, where RecBole's files
 * have most relations in both directions (film.film.genre, film.film_genre.films_in_this_genre) and one is enough.
 * @example
 * import { relationsOf } from "sessionlab";
 * assert.ok(relationsOf.books.includes("dbo:author"));
 * assert.ok(!relationsOf.films.includes("dbo:wikiPageWikiLink"));
 * assert.ok(!relationsOf["films of freebase"].includes("fb:film.film.award_won"));
 */
export const relationsOf: Readonly<Record<LinkDomain | "films of freebase", readonly string[]>> = {
  books: ["dbo:author", "dbo:literaryGenre", "dbo:nonFictionSubject", "dbo:series", "dbo:previousWork", "dbo:subsequentWork", "dbo:publisher", "dbo:country", "dbo:language", "dbo:illustrator", "dbo:translator", "dbo:coverArtist", "dbo:mediaType", "dbo:basedOn", "dct:subject"],
  films: ["dbo:director", "dbo:starring", "dbo:writer", "dbo:producer", "dbo:musicComposer", "dbo:cinematography", "dbo:editing", "dbo:distributor", "dbo:country", "dbo:language", "dbo:genre", "dbo:basedOn", "dbo:previousWork", "dbo:subsequentWork", "dbo:series", "dct:subject"],
  "films of freebase": ["directed_by", "actor", "written_by", "produced_by", "cinematography", "production_companies", "country", "language", "genre", "subjects", "rating", "prequel", "sequel"].map((name) => `fb:film.film.${name}`),
};

/** Relations whose time is that of what they lead to, later than the item's own. */
export const laterByObject: readonly string[] = ["dbo:subsequentWork", "dbo:followedBy", "dbo:sequel", "dbp:followedBy", "dbp:adaptation", "dbo:adaptation", "fb:film.film.sequel"];
/** ... of their subject: what comes after the item names it. */
export const laterBySubject: readonly string[] = ["dbo:previousWork", "dbp:precededBy", "dbo:basedOn", "fb:film.film.prequel"];
/** Relations that come to an item some time after it, by a date that is not told. */
const laterUndated: readonly string[] = ["dbo:award", "dbp:award", "dbp:awards", "dbo:academyAward", "dbo:boxOffice", "dbo:gross", "fb:film.film.award_nomination", "fb:film.film.award_won"];
/** Where a date is told, the earliest counts. */
export const dates: readonly string[] = ["dbo:releaseDate", "dbo:publicationDate", "dbo:firstPublicationDate", "dbo:firstPublicationYear", "dbo:year", "dbp:releaseDate", "dbp:pubDate", "dbp:published", "dbp:year"];

/** What is kept. */
export interface RelationOptions {
  /** Names such as dbo:author, or IRIs. Default: all. */
  readonly allow?: readonly string[];
  /** When the training data end, ISO 8601: sequels and the like of a later year, and awards, are left out. Default: nothing is. */
  readonly until?: string;
  /** Entities that were there by then, whatever their dates: those of training's items. */
  readonly known?: ReadonlySet<string>;
  /** Relations whose object's date decides, beside sequels. */
  readonly dated?: readonly string[];
  /** Relations that are left out where `until` is given, beside awards. */
  readonly undated?: readonly string[];
  /** What becomes of a sequel whose date is not known. Default "drop": in doubt nothing leaks. */
  readonly unknown?: "drop" | "keep";
}

/** What was left out, and why. */
export interface RelationReport {
  readonly kept: number;
  readonly notAllowed: number;
  /** After `until`. */
  readonly later: number;
  /** Of relations whose time is told by one end, where it is not known. */
  readonly unknown: number;
  /** Of relations that come later by a date that is not told. */
  readonly undated: number;
}

/**
 * The triples that are allowed. Dates are read from the triples themselves, or from a label such as "Dune (1984 film)".
 * @throws ConfigError for an `until` that is no date, DataError for a name that is no relation
 * @example
 * import { allowTriples, triplesFrom } from "sessionlab";
 * const [dbr, dbo] = ["http://dbpedia.org/resource/", "http://dbpedia.org/ontology/"];
 * const { triples, report } = allowTriples(triplesFrom([
 *   [`${dbr}Alien_(film)`, `${dbo}subsequentWork`, `${dbr}Aliens_(1986_film)`],
 *   [`${dbr}Alien_(film)`, `${dbo}director`, `${dbr}Ridley_Scott`],
 *   [`${dbr}Alien_(film)`, `${dbo}wikiPageID`, '"22869"'],
 * ], "demo"), { allow: ["dbo:director", "dbo:subsequentWork"], until: "1985-12-31" });
 * assert.deepEqual([triples.subject.length, report.notAllowed, report.later], [1, 1, 1]);
 */
export function allowTriples(triples: Triples, { allow, until, known, dated = [], undated = [], unknown = "drop" }: RelationOptions = {}): { readonly triples: Triples; readonly report: RelationReport } {
  const end = until === undefined ? undefined : Date.parse(until);
  if (end !== undefined && Number.isNaN(end)) throw new ConfigError(`Expected until to be a date such as 2012-06-30, found ${JSON.stringify(until)}; write it as ISO 8601`);
  const set = (names: readonly string[]): Set<string> => new Set(names.map(expandIri));
  const [allowed, byObject, bySubject, dropped, ofDates] = [allow && set(allow), set([...laterByObject, ...dated]), set(laterBySubject), set([...laterUndated, ...undated]), set(dates)];
  const began = new Map<string, number>();
  for (const [subject, predicate, object] of tripleTexts(triples)) {
    const time = ofDates.has(predicate) ? timeOf(object) : undefined;
    if (time !== undefined && !(began.get(subject)! <= time)) began.set(subject, time);
  }
  const beginOf = (iri: string): number | undefined => {
    if (known?.has(iri) === true) return -Infinity;
    const year = partsOfLabel(labelOfIri(iri)).year;
    return began.get(iri) ?? (year === undefined ? undefined : Date.UTC(year, 11, 31));
  };
  const report = { kept: 0, notAllowed: 0, later: 0, unknown: 0, undated: 0 };
  const verdict = ([subject, predicate, object]: TripleTexts): keyof RelationReport => {
    if (allowed?.has(predicate) === false) return "notAllowed";
    if (end === undefined) return "kept";
    if (dropped.has(predicate)) return "undated";
    if (!byObject.has(predicate) && !bySubject.has(predicate)) return "kept";
    const begin = beginOf(byObject.has(predicate) ? object : subject);
    if (begin === undefined) return unknown === "keep" ? "kept" : "unknown";
    return begin <= end ? "kept" : "later";
  };
  const rows: TripleTexts[] = [];
  for (const triple of tripleTexts(triples)) {
    const found = verdict(triple);
    report[found]++;
    if (found === "kept") rows.push(triple);
  }
  return { triples: triplesFrom(rows, triples.source), report };
}

/** The time of a literal: a date; of a year its end, because in doubt nothing leaks. */
function timeOf(term: string): number | undefined {
  const match = /^"(\d{4})(-\d{2}-\d{2})?/.exec(term);
  if (match === null) return undefined;
  const time = Date.parse(`${match[1]!}${match[2] ?? "-12-31"}`);
  return Number.isNaN(time) ? undefined : time;
}
