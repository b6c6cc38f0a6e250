/**
 * Amazon 2018 (Ni, Li, McAuley): `<Category>[_5].json.gz` and `meta_<Category>.json.gz`, one JSON record a line, or the
 * headerless ratings CSV, which has the item first, then the user. Of books, `brand` is the author, often written
 * "Visit Amazon's X Page"; some titles are scripts of the page instead: they are no titles.
 */
import { cleanName, cleanText, cleanTexts } from "../item-text";
import { delimitedRecords, jsonRecords, parseJsonItem, type RawFormat } from "../raw-format";

/** The format. */
export const amazon2018: RawFormat = {
  name: "amazon-2018",
  about: 'Amazon 2018: JSON reviews with "reviewerID", or lines of item,user,rating,seconds',
  once: true,
  events: (first) => {
    if (first.trimStart().startsWith("{")) return jsonRecords({ user: "reviewerID", item: "asin", rating: "overall", time: "unixReviewTime" }, "s");
    return first.split(",").length === 4 ? delimitedRecords(",", ["item", "user", "rating", "time"], "s") : undefined;
  },
  items: (first) =>
    first.trimStart().startsWith("{")
      ? {
          features: ["brand", "category"],
          parse: parseJsonItem("asin", ({ brand, category }, title) => ({
            title: /getTime\(\)|^var aPage/.test(title) ? "" : cleanText(title),
            features: { brand: cleanTexts(brand, cleanName), category: cleanTexts(category) },
          })),
        }
      : undefined,
};
