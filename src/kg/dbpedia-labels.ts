/**
 * What the name of a DBpedia entity says: its label, and in brackets what tells it from others of the same label, "(1995
 * film)", "(band)", "(Asimov novel)". The names are those of Wikipedia's articles, with "_" for the space.
 */

/** The kinds of things that brackets tell apart, as far as linking needs them. */
export type EntityKind = "film" | "film series" | "television" | "book" | "book series" | "music" | "person" | "page" | "other";

/** A label, taken apart. */
export interface LabelParts {
  /** Without the brackets. */
  readonly title: string;
  /** What stands in the brackets at the end. */
  readonly qualifier?: string;
  readonly kind?: EntityKind;
  /** The year in the brackets. */
  readonly year?: number;
  /** The rest of the brackets: a name, a country. */
  readonly about?: string;
}

/** The last word of the brackets, or the last two, by kind. */
const kinds: readonly (readonly [EntityKind, RegExp])[] = [
  ["page", /\b(disambiguation|list)$/],
  ["film series", /\b(films|film series|film franchise|franchise|film trilogy)$/],
  ["television", /\b(tv|television|miniseries|mini-series|serial|tv series|television series|series \d+|season \d+|tv film|television film|tv special)$/],
  ["film", /\b(film|movie|documentary|short film|animation|anime)$/],
  ["book series", /\b(novel series|book series|novels|books|trilogy|series|sequence|saga|comics series|cycle)$/],
  ["book", /\b(novel|book|novella|novelette|short story|story|stories|memoir|autobiography|biography|anthology|collection|short story collection|omnibus|comics?|comic book|graphic novel|manga|poem|poetry|poetry collection|play|essay|novelization|nonfiction|treatise|dialogue|picture book|original|text)$/],
  ["music", /\b(album|song|band|group|rapper|singer|musician|duo|dj|guitarist|drummer|bassist|composer|songwriter|orchestra|ep|single|opera|musical|soundtrack|rock band|music|pianist|saxophonist|violinist|organist|choir|record label|instruments|deejay|musical project)$/],
  ["person", /\b(actor|actress|director|producer|author|writer|novelist|screenwriter|cinematographer|editor|artist|illustrator|journalist|filmmaker|comedian|playwright|designer|historian|entertainer|animator|performer|scientist|poet|politician|cartoonist|scholar|philosopher|dramatist|saint|scriptwriter|psychologist)$/],
  ["other", /\b(publisher|publishers|publishing|genre|magazine|company|imprint|character|characters|video game|game|role-playing game|network|journal|language|dog|wargame|city|country|newspaper|website|ship|mythology|arts|fiction|literature|software)$/],
];

/**
 * Takes a label apart.
 * @example
 * import { partsOfLabel } from "sessionlab";
 * assert.deepEqual(partsOfLabel("Godzilla (1998 American film)"), { title: "Godzilla", qualifier: "1998 American film", kind: "film", year: 1998, about: "American" });
 * assert.equal(partsOfLabel("1997 (band)").kind, "music");
 */
export function partsOfLabel(label: string): LabelParts {
  const match = /^(.*\S)\s*\(([^()]+)\)$/su.exec(label);
  if (match === null) return { title: label };
  const [, title, qualifier] = match as unknown as [string, string, string];
  const words = qualifier.toLowerCase();
  const found = kinds.find(([, form]) => form.test(words));
  const year = /\b(1[5-9]|20)\d\d\b/.exec(qualifier);
  const kind = found?.[0];
  const about = qualifier.replace(found === undefined ? /$^/ : new RegExp(found[1].source, "i"), "").replace(/\b(1[5-9]|20)\d\d\b/, "").replace(/\s+/g, " ").trim();
  return { title, qualifier, ...(kind === undefined ? {} : { kind }), ...(year === null ? {} : { year: Number(year[0]) }), ...(about === "" ? {} : { about }) };
}

/**
 * The label that an IRI's name spells: after the last of "/resource/", or of "/" and "#", percent-encoding taken off, as
 * often as it was put on. DBpedia names a part of an article "Article__Part__1": "Article: Part".
 * @example
 * import { labelOfIri } from "sessionlab";
 * assert.equal(labelOfIri("http://dbpedia.org/resource/Pink_Floyd_%25E2%2580%2593_The_Wall"), "Pink Floyd – The Wall");
 */
export function labelOfIri(iri: string): string {
  const at = iri.indexOf("/resource/");
  let name = at >= 0 ? iri.slice(at + "/resource/".length) : iri.replace(/^.*[/#](?=.)/s, "");
  for (let n = 0; n < 3; n++) {
    try {
      const decoded = decodeURIComponent(name);
      if (decoded === name) break;
      name = decoded;
    } catch {
      break; // a percent sign of the title's own
    }
  }
  const part = /^(.+?)__(.+)__\d+$/s.exec(name);
  return (part === null ? name : `${part[1]!}: ${part[2]!}`).replaceAll("_", " ").replace(/\s+/g, " ").trim();
}
