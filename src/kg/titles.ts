/**
 * Titles as they can be compared: articles back from the end ("Matrix, The (1999)"), year, edition marks, other titles and
 * subtitles taken apart, and two keys. The first folds case, diacritics, punctuation and the article; the second also
 * reads roman numerals and number words as digits and leaves spaces out ("Mouse Hunt" is "MouseHunt").
 */
import { cleanText } from "../data/item-text";

/** A title, taken apart. */
export interface TitleParts {
  /** Without year, marks and other titles in brackets; the article in front. */
  readonly main: string;
  /** Other titles, from brackets: "City of Lost Children, The (Cité des enfants perdus, La) (1995)". */
  readonly others: readonly string[];
  /** In brackets at the end. */
  readonly year?: number;
  /** `main` before its subtitle, where there is one. */
  readonly head?: string;
  /** `main` after what comes before its last colon or dash, where there is one. */
  readonly tail?: string;
}

/** Brackets that hold no other title but an edition, a format, a number in a series. */
const marks = /\b(edition|editions|ed|blu-?ray|dvds?|vhs|discs?|box|boxed set|set|widescreen|fullscreen|full-screen|special|collector'?s|director'?s cut|unrated|remastered|restored|uncut|hardcover|paperback|kindle|audio ?book|audio cd|unabridged|abridged|volumes?|vol|books?|no|number|part|season|series|trilogy|saga|chronicles?|mysteries|mystery|novels?|film|movie|novelization|a novel|classics?|reissue|illustrated|anniversary|illustrations|translated|tv|uk|us|import)\b|#|\d/i;

/** "Matrix, The" -> "The Matrix". */
const movedArticle = /^(.+?),\s+(the|an?|l'|le|la|les|un|une|des|il|lo|el|los|las|das|der|die|ein|eine|den|det|o|os)$/iu;

/** Where a subtitle begins: a colon, a dash between spaces, a semicolon, "or, ". */
const subtitle = /\s*[:;]\s+|\s*:\s*|\s+[-\u2013\u2014]+\s+|,?\s+\bor\b,\s+|,\s+or\s+|\s+\/\s+/iu;

/**
 * Takes a title apart.
 * @example
 * import { partsOfTitle } from "sessionlab";
 * assert.deepEqual(partsOfTitle("City of Lost Children, The (Cit&eacute; des enfants perdus, La) (1995)"), {
 *   main: "The City of Lost Children", others: ["La Cité des enfants perdus"], year: 1995, head: undefined, tail: undefined,
 * });
 * assert.equal(partsOfTitle("Human Action: A Treatise on Economics (LvMI) [Kindle Edition]").head, "Human Action");
 */
export function partsOfTitle(text: string): TitleParts {
  let rest = cleanText(text).normalize("NFC");
  let year: number | undefined;
  const others: string[] = [];
  for (;;) {
    const bracket = /^(.*\S)\s*[([]([^()[\]]*)[)\]]\s*$/u.exec(rest);
    if (bracket === null) break;
    const inside = bracket[2]!.trim();
    if (/^(1[89]|20)\d\d$/.test(inside)) year ??= Number(inside);
    else if (inside !== "" && !marks.test(inside)) others.unshift(articleFirst(inside.replace(/^a\.?k\.?a\.?\s+/i, "")));
    rest = bracket[1]!;
  }
  const main = articleFirst(rest);
  const pieces = main.split(subtitle).filter((piece) => piece.trim() !== "");
  const several = pieces.length > 1;
  return { main, others, year, head: several ? articleFirst(pieces[0]!.trim()) : undefined, tail: several ? articleFirst(pieces.at(-1)!.trim()) : undefined };
}

function articleFirst(title: string): string {
  const match = movedArticle.exec(title);
  if (match === null) return title;
  return match[2]!.endsWith("'") ? match[2]! + match[1]! : `${match[2]!} ${match[1]!}`;
}

/** Letters that do not decompose. */
const letters: Readonly<Record<string, string>> = { ß: "ss", æ: "ae", œ: "oe", ø: "o", đ: "d", ð: "d", þ: "th", ł: "l", ı: "i" };

/**
 * The words of a title: small letters without diacritics, "and" for "&", no punctuation, no possessive apostrophe, initials together.
 * @example
 * import { titleWords } from "sessionlab";
 * assert.deepEqual(titleWords("Amélie's \"R&B\" – L'Été"), ["amelies", "r", "and", "b", "lete"]);
 */
export function titleWords(title: string): string[] {
  const plain = title.normalize("NFKD").replace(/\p{M}/gu, "").toLowerCase().replace(/[ßæœøđðþłı]/gu, (one) => letters[one]!);
  return plain.replace(/['\u2019\u2018`\u00b4]/gu, "").replace(/[&+]/gu, " and ").replace(/(?<=\b\p{L})[.*](?=\p{L}\b)/gu, "").split(/[^\p{L}\p{N}]+/u).filter((word) => word !== "");
}

const articles = new Set(["the", "a", "an"]);

/**
 * What two writings of one title share: `titleWords` without the first article.
 * @example
 * import { foldTitle } from "sessionlab";
 * assert.equal(foldTitle("The Life & Times of Zoë"), foldTitle("life and times of Zoe"));
 */
export function foldTitle(title: string): string {
  const words = titleWords(title);
  return (words.length > 1 && articles.has(words[0]!) ? words.slice(1) : words).join(" ");
}

const units = ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen"];
const tens: Readonly<Record<string, string>> = { twenty: "20", thirty: "30", forty: "40", fifty: "50", sixty: "60", seventy: "70", eighty: "80", ninety: "90" };
const ordinals: Readonly<Record<string, string>> = { first: "1st", second: "2nd", third: "3rd", fourth: "4th", fifth: "5th", sixth: "6th", seventh: "7th", eighth: "8th", ninth: "9th", tenth: "10th" };
/** "i" alone is more often a word than a number. */
const roman = /^(?=[ivx]{2,}$|[vx]$)x{0,3}(ix|iv|v?i{0,3})$/;
const romanValues: Readonly<Record<string, number>> = { i: 1, v: 5, x: 10 };
/** Said of a number, and left out as often. */
const numberMarks = new Set(["part", "pt", "volume", "vol", "episode", "chapter", "book", "no", "number"]);
const spellings: Readonly<Record<string, string>> = { dr: "doctor", mr: "mister", mrs: "missus", st: "saint", vs: "versus" };

function asNumber(word: string): string {
  const unit = units.indexOf(word);
  if (unit >= 0) return String(unit + 1);
  if (roman.test(word)) return String([...word].reduce((sum, letter, n, all) => sum + romanValues[letter]! * (romanValues[letter]! < (romanValues[all[n + 1] ?? "i"] ?? 0) ? -1 : 1), 0));
  return tens[word] ?? ordinals[word] ?? spellings[word] ?? word;
}

/**
 * What looser writings share: as `foldTitle`, with numbers as digits, without "part" and its like before a number, without
 * articles and spaces.
 * @example
 * import { looseTitle } from "sessionlab";
 * assert.equal(looseTitle("The Karate Kid, Part III"), looseTitle("Karate Kid 3"));
 * assert.equal(looseTitle("Mouse Hunt"), looseTitle("MouseHunt"));
 */
export function looseTitle(title: string): string {
  const words = titleWords(title).map(asNumber);
  const kept = words.filter((word, n) => !(numberMarks.has(word) && /^\d+$/.test(words[n + 1] ?? "")) && !articles.has(word));
  return (kept.length === 0 ? words : kept).join("");
}
