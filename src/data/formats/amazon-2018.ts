/**
 * Amazon 2018 (Ni, Li, McAuley): `<Category>[_5].json.gz` and `meta_<Category>.json.gz`, one JSON record a line, or the
 * headerless ratings CSV, which has the item first, then the user. Of books, `brand` is the author, often written
 * "Visit Amazon's X Page"; some titles are scripts of the page instead: they are no titles. `also_buy` and `also_view`
 * have the names that they had in 2014, and of their ids those are read that the events have.
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
          features: ["brand", "category", "also_bought", "also_viewed"],
          parse: parseJsonItem("asin", ({ brand, category, also_buy, also_view }, title) => ({
            title: /getTime\(\)|^var aPage/.test(title) ? "" : cleanText(title),
            features: { brand: cleanTexts(brand, cleanName), category: cleanTexts(category), also_bought: cleanTexts(also_buy), also_viewed: cleanTexts(also_view) },
          })),
        }
      : undefined,
};
