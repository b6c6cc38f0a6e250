/**
 * Candidates for titles: entities by the keys of their labels. A title's forms (whole, other title, before and after its
 * subtitle) are looked up among the labels' forms (whole, before and after the subtitle, redirect, disambiguation page);
 * where no whole form is there, labels that share rare words are compared letter by letter.
 */
import type { EntityTable } from "./dbpedia-entities";
import { partsOfLabel, type LabelParts } from "./dbpedia-labels";
import { foldTitle, looseTitle, partsOfTitle, titleWords, type TitleParts } from "./titles";

/** How a title and a label meet, the closest first. */
export const matches = ["title", "loose", "other title", "redirect", "listed", "without subtitle", "label without subtitle", "subtitle", "label's subtitle", "both without subtitle", "part", "similar"] as const;
/** One of them. */
export type Match = (typeof matches)[number];

/** An entity that a title may mean. */
export interface Candidate {
  /** Position in the table. */
  readonly entity: number;
  readonly match: Match;
  /** Words that both have. */
  readonly words: number;
  /** 0..1: 1 where the keys are equal, else the share of letter pairs that both have. */
  readonly likeness: number;
  /** Whether the writing is the same, article, case and all. */
  readonly verbatim: boolean;
}

type Form = "whole" | "head" | "tail" | "alias" | "listed";

interface Posting {
  readonly entity: number;
  readonly form: Form;
  /** `foldTitle` of the form, to tell "title" from "loose". */
  readonly folded: string;
}

/** How the forms of title and label that meet are called. */
const named: Readonly<Record<"whole" | "other" | "head" | "tail", Readonly<Partial<Record<Form, Match>>>>> = {
  whole: { whole: "title", alias: "redirect", listed: "listed", head: "label without subtitle", tail: "label's subtitle" },
  other: { whole: "other title", alias: "redirect" },
  head: { whole: "without subtitle", alias: "without subtitle", head: "both without subtitle" },
  tail: { whole: "subtitle" },
};

/** Words of a label that more entities than this have say little. */
const commonWord = 300;

/** The entities by keys. */
export interface EntityIndex {
  readonly table: EntityTable;
  /** [E] */
  readonly labels: readonly LabelParts[];
  readonly byKey: ReadonlyMap<string, readonly Posting[]>;
  readonly byWord: ReadonlyMap<string, readonly number[]>;
  /** [E] `looseTitle` and `titleWords` of the labels' titles. */
  readonly keys: readonly string[];
  readonly words: readonly (readonly string[])[];
}

/**
 * Makes the index of a table of entities.
 * @example
 * import { candidatesOf, entitiesOf, indexEntities, partsOfTitle, triplesFrom } from "sessionlab";
 * const dbr = "http://dbpedia.org/resource/";
 * const index = indexEntities(entitiesOf(triplesFrom([], "none"), [`${dbr}Heat_(1995_film)`, `${dbr}Heat_(band)`]));
 * assert.deepEqual(candidatesOf(index, partsOfTitle("Heat (1995)")).map(({ match }) => match), ["title", "title"]);
 */
export function indexEntities(table: EntityTable): EntityIndex {
  const byKey = new Map<string, Posting[]>();
  const byWord = new Map<string, number[]>();
  const add = (entity: number, form: Form, title: string): void => {
    const key = looseTitle(title);
    if (key === "") return;
    const posting = { entity, form, folded: foldTitle(title) };
    const list = byKey.get(key);
    if (list === undefined) byKey.set(key, [posting]);
    else list.push(posting);
  };
  const labels = table.entities.map(({ label }) => partsOfLabel(label));
  const words = labels.map(({ title }) => titleWords(title));
  for (const [entity, { label, aliases, listedAs }] of table.entities.entries()) {
    const { title, kind, year } = labels[entity]!;
    add(entity, "whole", title);
    if (title !== label && kind === undefined && year === undefined) add(entity, "whole", label); // brackets of the title's own
    const { main, head, tail } = partsOfTitle(title);
    if (main !== title) add(entity, "whole", main);
    if (head !== undefined) add(entity, "head", head);
    if (tail !== undefined) add(entity, "tail", tail);
    for (const alias of aliases) add(entity, "alias", partsOfLabel(alias).title);
    for (const one of listedAs) add(entity, "listed", one);
    for (const word of new Set(words[entity])) {
      const list = byWord.get(word);
      if (list === undefined) byWord.set(word, [entity]);
      else list.push(entity);
    }
  }
  return { table, labels, byKey, byWord, keys: labels.map(({ title }) => looseTitle(title)), words };
}

/**
 * The entities that a title may mean, each once by its closest match, in the order of the table.
 * @example
 * import { candidatesOf, entitiesOf, indexEntities, partsOfTitle, triplesFrom } from "sessionlab";
 * const index = indexEntities(entitiesOf(triplesFrom([], "none"), ["http://dbpedia.org/resource/MouseHunt_(film)"]));
 * assert.equal(candidatesOf(index, partsOfTitle("Mouse Hunt (1997)"))[0]!.match, "loose");
 */
export function candidatesOf(index: EntityIndex, title: TitleParts): Candidate[] {
  const best = new Map<number, Candidate>();
  const offer = (one: Candidate): void => {
    const known = best.get(one.entity);
    if (known === undefined || matches.indexOf(one.match) < matches.indexOf(known.match)) best.set(one.entity, one);
  };
  const lookUp = (text: string, form: keyof typeof named): void => {
    const folded = foldTitle(text);
    for (const posting of index.byKey.get(looseTitle(text)) ?? []) {
      const match = named[form][posting.form];
      if (match === undefined) continue;
      const loose = match === "title" && posting.folded !== folded;
      offer({ entity: posting.entity, match: loose ? "loose" : match, words: titleWords(text).length, likeness: 1, verbatim: index.labels[posting.entity]!.title === text });
    }
  };
  lookUp(title.main, "whole");
  for (const other of title.others) {
    lookUp(other, "other");
    lookUp(`${title.main} (${other})`, "whole");
  }
  if (title.head !== undefined) lookUp(title.head, "head");
  if (title.tail !== undefined) lookUp(title.tail, "tail");
  const found = [...best.values()];
  if (!found.some(({ match }) => matches.indexOf(match) <= matches.indexOf("label without subtitle"))) for (const one of similarOf(index, title)) offer(one);
  return [...best.values()].sort((a, b) => a.entity - b.entity);
}

/** At most this many labels that are only alike. */
const mostSimilar = 3;
const leastLikeness = 0.7;

/** Labels that share rare words with the title, the likest first. */
function similarOf({ byWord, keys, words: labelWords }: EntityIndex, { main }: TitleParts): Candidate[] {
  const words = [...new Set(titleWords(main))];
  const rare = words.map((word) => byWord.get(word) ?? []).filter((list) => list.length > 0 && list.length <= commonWord).sort((a, b) => a.length - b.length).slice(0, 4);
  const key = looseTitle(main);
  const pairs = pairsOf(key);
  const scored: Candidate[] = [];
  for (const entity of new Set(rare.flat())) {
    const other = labelWords[entity]!;
    const shared = other.filter((word) => words.includes(word)).length;
    const otherKey = keys[entity]!;
    if (numbersOf(otherKey) !== numbersOf(key)) continue; // another part of a series is another work
    const [short, long] = key.length <= otherKey.length ? [key, otherKey] : [otherKey, key];
    const shortWords = Math.min(words.length, other.length);
    if (short.length >= 8 && shortWords >= 2 && (long.startsWith(short) || long.endsWith(short))) {
      scored.push({ entity, match: "part", words: shared, likeness: short.length / long.length, verbatim: false });
      continue;
    }
    if (short.length < leastLikeness * 0.5 * long.length) continue; // too short to be alike
    const likeness = dice(pairs, pairsOf(otherKey));
    if (likeness >= leastLikeness) scored.push({ entity, match: "similar", words: shared, likeness, verbatim: false });
  }
  return scored.sort((a, b) => b.likeness - a.likeness || a.entity - b.entity).slice(0, mostSimilar);
}

/** The numbers in a key: "rocky4" -> "4". */
function numbersOf(key: string): string {
  return key.replace(/\D+/g, " ").trim();
}

function pairsOf(text: string): Map<string, number> {
  const pairs = new Map<string, number>();
  for (let n = 0; n + 1 < text.length; n++) pairs.set(text.slice(n, n + 2), (pairs.get(text.slice(n, n + 2)) ?? 0) + 1);
  return pairs;
}

/** Sørensen and Dice's coefficient over letter pairs. */
function dice(a: ReadonlyMap<string, number>, b: ReadonlyMap<string, number>): number {
  let [shared, total] = [0, 0];
  for (const count of a.values()) total += count;
  for (const [pair, count] of b) {
    total += count;
    shared += Math.min(count, a.get(pair) ?? 0);
  }
  return total === 0 ? 0 : (2 * shared) / total;
}
