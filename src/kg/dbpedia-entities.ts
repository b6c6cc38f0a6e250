/**
 * Entities that titles can be linked to, with what tells them apart: labels, redirects that lead to them, pages that list
 * what a title can mean (never linked), kinds, years, creators.
 */
import { hashOf } from "../core/hash";
import { labelOfIri, partsOfLabel, type EntityKind } from "./dbpedia-labels";
import { prefixes } from "./rdf-terms";
import { tripleTexts, type Triples } from "./triples";

/** One entity. */
export interface Entity {
  readonly iri: string;
  /** With the brackets that its name has. */
  readonly label: string;
  /** Labels of redirects that lead to it. */
  readonly aliases: readonly string[];
  /** Titles of disambiguation pages that list it. */
  readonly listedAs: readonly string[];
  /** What its relations and types say it is. */
  readonly kinds: readonly EntityKind[];
  /** Years of its dates. */
  readonly years: readonly number[];
  /** Names of its authors, directors and the like. */
  readonly creators: readonly string[];
}

/** Entities in the order of their IRIs. */
export interface EntityTable {
  readonly entities: readonly Entity[];
  /** IRIs that mean the same: redirects, and spellings of one name with other percent-encoding. */
  readonly same: ReadonlyMap<string, string>;
  readonly hash: string;
}

const { dbo, rdf, rdfs } = prefixes as { readonly dbo: string; readonly rdf: string; readonly rdfs: string };

/** What relations of a subject say about what it is. */
const kindOfRelation: Readonly<Record<string, EntityKind>> = {
  [`${dbo}director`]: "film", [`${dbo}starring`]: "film", [`${dbo}cinematography`]: "film", [`${dbo}editing`]: "film",
  [`${dbo}literaryGenre`]: "book", [`${dbo}numberOfPages`]: "book", [`${dbo}isbn`]: "book", [`${dbo}coverArtist`]: "book", [`${dbo}author`]: "book",
  [`${dbo}hometown`]: "music", [`${dbo}recordLabel`]: "music", [`${dbo}bandMember`]: "music", [`${dbo}birthPlace`]: "person", [`${dbo}birthDate`]: "person",
};

const kindOfType: Readonly<Record<string, EntityKind>> = {
  [`${dbo}Film`]: "film", [`${dbo}TelevisionShow`]: "television", [`${dbo}Book`]: "book", [`${dbo}WrittenWork`]: "book", [`${dbo}Novel`]: "book", [`${dbo}Comic`]: "book", [`${dbo}Play`]: "book", [`${dbo}Poem`]: "book",
  [`${dbo}MusicalWork`]: "music", [`${dbo}Album`]: "music", [`${dbo}Song`]: "music", [`${dbo}Band`]: "music", [`${dbo}MusicalArtist`]: "music", [`${dbo}Person`]: "person",
  [`${dbo}Company`]: "other", [`${dbo}Place`]: "other", [`${dbo}VideoGame`]: "other",
};

const creatorRelations = new Set(["author", "director", "writer", "creator"].map((name) => dbo + name));
const dateRelations = new Set(["releaseDate", "publicationDate", "firstPublicationDate", "firstPublicationYear", "year"].map((name) => dbo + name));

/** The text of a literal in N-Triples syntax, and its language. */
function textOf(term: string): { readonly text: string; readonly language?: string } | undefined {
  const match = /^("(?:[^"\\]|\\.)*")(?:@([A-Za-z0-9-]+))?/su.exec(term);
  if (match === null) return undefined;
  const json = match[1]!.replace(/\\U([0-9A-Fa-f]{8})/g, (_, code: string) => String.fromCodePoint(parseInt(code, 16)));
  return { text: JSON.parse(json) as string, language: match[2] };
}

/**
 * The entities of triples: everything that has a label, whatever language ("en" first), or that `iris` names.
 * rdfs:label, dbo:wikiPageRedirects, dbo:wikiPageDisambiguates, rdf:type, creators and dates are read where they are
 * there. An entity without a label has the one that its IRI spells.
 * @param iris more entities
 * @example
 * import { entitiesOf, triplesFrom } from "sessionlab";
 * const [dbr, dbo] = ["http://dbpedia.org/resource/", "http://dbpedia.org/ontology/"];
 * const { entities, same } = entitiesOf(triplesFrom([[`${dbr}Mash_(film)`, `${dbo}wikiPageRedirects`, `${dbr}MASH_(film)`]], "demo"), [`${dbr}MASH_(film)`]);
 * assert.deepEqual(entities.map(({ label, aliases }) => [label, aliases]), [["MASH (film)", ["Mash (film)"]]]);
 * assert.equal(same.get(`${dbr}Mash_(film)`), `${dbr}MASH_(film)`);
 */
export function entitiesOf(triples: Triples, iris: Iterable<string> = []): EntityTable {
  const facts = new Map<string, { label?: string; english?: boolean; kinds: Set<EntityKind>; years: Set<number>; creators: Set<string>; listed: Set<string>; aliases: Set<string> }>();
  const factsOf = (iri: string) => {
    let found = facts.get(iri);
    if (found === undefined) facts.set(iri, (found = { kinds: new Set(), years: new Set(), creators: new Set(), listed: new Set(), aliases: new Set() }));
    return found;
  };
  const redirects = new Map<string, string>();
  const pages = new Map<string, Set<string>>();
  const rest: [string, string, string][] = [];
  for (const iri of iris) factsOf(iri);
  for (const [subject, predicate, object] of tripleTexts(triples)) {
    if (predicate === `${rdfs}label`) {
      const label = textOf(object);
      const known = factsOf(subject);
      const english = label?.language === undefined || /^en\b/i.test(label.language);
      if (label !== undefined && (known.label === undefined || (english && known.english !== true))) [known.label, known.english] = [label.text, english];
    } else if (predicate === `${dbo}wikiPageRedirects`) {
      redirects.set(subject, object);
      factsOf(object);
    } else if (predicate === `${dbo}wikiPageDisambiguates`) {
      pages.set(subject, (pages.get(subject) ?? new Set()).add(object));
      factsOf(object);
    } else rest.push([subject, predicate, object]);
  }
  const labelOf = (iri: string): string => facts.get(iri)?.label ?? labelOfIri(iri);
  const same = new Map<string, string>();
  for (const from of redirects.keys()) {
    let to = from;
    for (let n = 0; n < 10 && redirects.has(to); n++) to = redirects.get(to)!; // a redirect may lead to another; a circle leads nowhere
    if (!redirects.has(to)) same.set(from, to);
  }
  // Names that differ only in how often they were percent-encoded: the shortest stays.
  const bySpelling = new Map<string, string[]>();
  for (const iri of facts.keys()) {
    if (!iri.includes("%")) continue;
    const spelled = `${iri.slice(0, iri.indexOf("/resource/") + 10)}${labelOfIri(iri)}`;
    bySpelling.set(spelled, [...(bySpelling.get(spelled) ?? []), iri]);
  }
  for (const [spelled, spellings] of bySpelling) {
    const plain = spelled.replaceAll(" ", "_");
    const all = [...(facts.has(plain) ? [plain] : []), ...spellings].sort((a, b) => a.length - b.length || (a < b ? -1 : 1));
    for (const iri of all.slice(1)) if (!same.has(iri)) same.set(iri, all[0]!);
  }
  const isPage = (iri: string): boolean => pages.has(iri) || partsOfLabel(labelOf(iri)).kind === "page";
  for (const [from, to] of same) if (labelOf(from) !== labelOf(to)) factsOf(to).aliases.add(labelOf(from));
  for (const [page, targets] of pages) {
    const title = partsOfLabel(labelOf(page));
    for (const target of targets) factsOf(same.get(target) ?? target).listed.add(title.kind === "page" ? title.title : labelOf(page));
  }
  for (const [subject, predicate, object] of rest) {
    const known = facts.get(same.get(subject) ?? subject);
    if (known === undefined) continue;
    const kind = predicate === `${rdf}type` ? kindOfType[object] : kindOfRelation[predicate];
    if (kind !== undefined) known.kinds.add(kind);
    if (creatorRelations.has(predicate)) known.creators.add(textOf(object)?.text ?? partsOfLabel(labelOf(object)).title);
    if (dateRelations.has(predicate)) {
      const year = /^-?(\d{4})/.exec(textOf(object)?.text ?? "");
      if (year !== null) known.years.add(Number(year[1]));
    }
  }
  const entities = [...facts].filter(([iri]) => !same.has(iri) && !isPage(iri)).sort(([a], [b]) => (a < b ? -1 : 1)).map(([iri, known]): Entity => ({
    iri,
    label: labelOf(iri),
    aliases: [...known.aliases].sort(),
    listedAs: [...known.listed].sort(),
    kinds: [...known.kinds].sort(),
    years: [...known.years].sort((a, b) => a - b),
    creators: [...known.creators].sort(),
  }));
  return { entities, same, hash: hashOf({ entities: entities.map((one) => ({ ...one })), same: [...same].sort(([a], [b]) => (a < b ? -1 : 1)) }) };
}
