/**
 * Amazon 2014 (McAuley): `reviews_<Category>[_5].json.gz`, one JSON record a line, or the headerless
 * `ratings_<Category>.csv` (user, item, rating, time); metadata as Python literals, one a line. Times are days in unix
 * seconds. Many books have no title; `brand` is there for few. Of `related` those ids are read that the events have.
 */
import { relatedFeatures } from "../item-features";
import { cleanName, cleanText, cleanTexts } from "../item-text";
import { parsePythonLiteral } from "../python-literal";
import { delimitedRecords, jsonRecords, type ItemLine, type RawFormat } from "../raw-format";

/** The format. */
export const amazon2014: RawFormat = {
  name: "amazon-2014",
  about: 'Amazon 2014: JSON reviews with "reviewerID", or lines of user,item,rating,seconds',
  once: true,
  events: (first) => {
    if (first.trimStart().startsWith("{")) return jsonRecords({ user: "reviewerID", item: "asin", rating: "overall", time: "unixReviewTime" }, "s");
    return first.split(",").length === 4 ? delimitedRecords(",", ["user", "item", "rating", "time"], "s") : undefined;
  },
  items: (first) => (first.trimStart().startsWith("{") ? { features: ["brand", "category", ...relatedFeatures], parse: parseItem } : undefined),
};

function parseItem(line: string): ItemLine {
  let record: unknown;
  try {
    record = parsePythonLiteral(line);
  } catch {
    return { fault: "a broken Python literal" };
  }
  if (typeof record !== "object" || record === null || Array.isArray(record)) return { fault: "a literal that is no record" };
  const { asin, title, brand, categories, related } = record as Record<string, unknown>;
  if (asin === undefined || asin === null) return { fault: "no item" };
  if (typeof asin !== "string") return { fault: "an item of a wrong type" };
  if (title !== undefined && title !== null && typeof title !== "string") return { fault: "a title of a wrong type" };
  return {
    item: asin,
    title: title === undefined || title === null ? "" : cleanText(title),
    genres: [],
    features: {
      brand: cleanTexts(brand, cleanName),
      category: cleanTexts(categories),
      ...Object.fromEntries(relatedFeatures.map((name) => [name, cleanTexts((related as Record<string, unknown> | null | undefined)?.[name])])),
    },
  };
}
