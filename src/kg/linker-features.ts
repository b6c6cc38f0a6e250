/** What speaks for and against a candidate, as numbers: how the titles meet, what the brackets say, years, creators. */
import type { Entity } from "./dbpedia-entities";
import type { EntityKind, LabelParts } from "./dbpedia-labels";
import { matches, type Candidate } from "./linker-index";
import { foldTitle, titleWords, type TitleParts } from "./titles";

/** What items are: decides which brackets speak for a candidate. */
export type LinkDomain = "films" | "books";

/** A title to link, with what else is known. */
export interface TitleQuery {
  readonly title: string;
  /** Of the work; default: the one in brackets at the title's end. */
  readonly year?: number;
  /** Names of authors or directors. */
  readonly creators?: readonly string[];
}

/** The numbers' names, in their order. */
export const features = [
  ...["candidate", ...matches.slice(1)],
  "verbatim", "another article", "words", "words of no whole title", "likeness",
  "brackets of the kind", "brackets of a series", "brackets of another kind", "brackets unknown",
  "same year", "year beside", "another year", "no year in brackets", "relations of the kind", "relations of another kind", "creator agrees", "creator differs", "one of several",
] as const;
/** What the linker weighs of a title and an entity. */
export type Feature = (typeof features)[number];

const own: Readonly<Record<LinkDomain, readonly EntityKind[]>> = { films: ["film"], books: ["book"] };
const near: Readonly<Record<LinkDomain, readonly EntityKind[]>> = { films: ["film series", "television"], books: ["book series"] };

/** The numbers of one candidate. @returns [F] in the order of `features` */
export function featuresOf(query: TitleQuery, title: TitleParts, candidate: Candidate, entity: Entity, label: LabelParts, domain: LinkDomain): Float64Array {
  const { match, words, likeness, verbatim } = candidate;
  const { kind, qualifier } = label;
  const whole = matches.indexOf(match) <= matches.indexOf("listed");
  const year = query.year ?? title.year;
  const years = label.year === undefined ? entity.years : [label.year, ...entity.years];
  const distance = year === undefined || years.length === 0 ? undefined : Math.min(...years.map((one) => Math.abs(one - year)));
  const related = own[domain].some((one) => entity.kinds.includes(one));
  const creator = creatorsAgree(query.creators ?? [], entity, label);
  const values: Partial<Record<Feature, boolean | number>> = {
    candidate: 1,
    verbatim: verbatim && match === "title",
    "another article": (match === "title" || match === "loose") && titleWords(label.title).join(" ") !== titleWords(title.main).join(" ") && foldTitle(label.title) === foldTitle(title.main),
    words: Math.log2(words + 1),
    "words of no whole title": whole ? 0 : Math.log2(words + 1),
    likeness: 1 - likeness,
    "brackets of the kind": kind !== undefined && own[domain].includes(kind),
    "brackets of a series": kind !== undefined && near[domain].includes(kind),
    "brackets of another kind": kind !== undefined && !own[domain].includes(kind) && !near[domain].includes(kind),
    "brackets unknown": qualifier !== undefined && kind === undefined && label.year === undefined,
    "same year": distance === 0,
    "year beside": distance === 1 || distance === 2,
    "another year": distance !== undefined && distance > 2,
    "no year in brackets": year !== undefined && distance === undefined && qualifier !== undefined,
    "relations of the kind": related,
    "relations of another kind": !related && entity.kinds.length > 0,
    "creator agrees": creator === true,
    "creator differs": creator === false,
  };
  if (match !== "title") values[match] = 1;
  return Float64Array.from(features, (name) => Number(values[name] ?? 0));
}

/** Whether a known creator is one of the entity's. @returns undefined where one side is not known */
export function creatorsAgree(known: readonly string[], entity: Pick<Entity, "creators">, label?: LabelParts): boolean | undefined {
  if (known.length === 0) return undefined;
  if (entity.creators.length > 0) return entity.creators.some((one) => known.some((other) => sameName(one, other)));
  const about = label?.kind === "book" || label?.kind === "film" ? label.about : undefined;
  if (about === undefined) return undefined;
  const words = titleWords(about);
  return known.some((name) => words.includes(titleWords(name).at(-1) ?? "")) ? true : undefined; // "(American film)" names nobody
}

const titlesOfPeople = new Set(["jr", "sr", "ii", "iii", "dr", "phd", "md"]);

/**
 * Whether two names may be one person's: the same last name, and first names that begin alike where both have them.
 * @example
 * import { sameName } from "sessionlab";
 * assert.equal(sameName("J. R. R. Tolkien", "John Ronald Reuel Tolkien"), true);
 * assert.equal(sameName("Stephen King", "Tabitha King"), false);
 */
export function sameName(one: string, other: string): boolean {
  const [a, b] = [one, other].map((name) => titleWords(name.replace(/\(.*\)/, "").replace(/^(.+), (.+)$/, "$2 $1").replace(/\./g, " ")).filter((word) => !titlesOfPeople.has(word))) as [string[], string[]];
  if (a.length === 0 || b.length === 0 || a.at(-1) !== b.at(-1)) return a.length > 0 && a.join("") === b.join("");
  const [first, second] = [a[0]!, b[0]!];
  return a.length === 1 || b.length === 1 || first.startsWith(second) || second.startsWith(first) || first[0] === second[0] && (a.length > 2 || b.length > 2 || first.length === 1 || second.length === 1);
}
