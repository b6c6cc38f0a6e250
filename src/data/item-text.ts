/**
 * Texts of items as people read them: HTML entities decoded, tags and control characters out, white space single;
 * names of authors without Amazon's "Visit Amazon's X Page"; lists in the notations that item tables use.
 */
import { decode } from "html-entities";
import { parsePythonLiteral } from "./python-literal";

/** Letters of the longest text that is taken as a title or a name: a longer one is something else. */
export const longestText = 2000;

/**
 * Decodes entities, takes tags and control characters out, makes white space single.
 * @example
 * import { cleanText } from "sessionlab";
 * assert.equal(cleanText("Ophelia &amp;  Abby, <b>No. 3</b> &#151; new"), "Ophelia & Abby, No. 3 \u2014 new");
 */
export function cleanText(text: string): string {
  const bare = text.includes("<") ? text.replace(/<\/?[a-zA-Z][^<>]*>|<!--.*?-->/gs, " ") : text;
  return (bare.includes("&") ? decode(bare, { scope: "strict" }) : bare).replace(/[\s\u0000-\u001f\u007f-\u009f\u00a0\ufeff]+/g, " ").trim();
}

/**
 * The name in Amazon's `brand` of a book.
 * @example
 * import { cleanName } from "sessionlab";
 * assert.equal(cleanName("Visit Amazon's Sylvie Raulet Page"), "Sylvie Raulet");
 */
export function cleanName(text: string): string {
  const name = cleanText(text);
  return /^Visit Amazon['\u2019]s (.+?) Page$/i.exec(name)?.[1] ?? name;
}

/** Texts of a value that is a list of texts, or of lists of them, in order, cleaned; each once, empty ones left out. */
export function cleanTexts(value: unknown, clean: (text: string) => string = cleanText): string[] {
  const texts = (Array.isArray(value) ? value.flat(Infinity) : [value]) as unknown[];
  return [...new Set(texts.flatMap((one) => (typeof one === "string" && one.length <= longestText ? [clean(one)] : [])))].filter((one) => one !== "");
}

/**
 * A list that stands in one cell: a Python list, "[a, b]" without quotes, or "a, b".
 * @example
 * import { parseListCell } from "sessionlab";
 * assert.deepEqual(parseListCell("['Drama', \"Children's\"]"), ["Drama", "Children's"]);
 * assert.deepEqual(parseListCell("[Tim Roth, Uma Thurman]"), ["Tim Roth", "Uma Thurman"]);
 * assert.deepEqual(parseListCell("USA, UK"), ["USA", "UK"]);
 */
export function parseListCell(cell: string): string[] {
  const text = cell.trim();
  const inner = /^\[(.*)\]$/s.exec(text)?.[1];
  if (inner !== undefined && /^\s*["']/.test(inner)) {
    try {
      return cleanTexts(parsePythonLiteral(text));
    } catch {
      // a name that begins with a quote, in a list without quotes
    }
  }
  return cleanTexts((inner ?? text).split(/,\s+/));
}
