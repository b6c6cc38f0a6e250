/**
 * Amazon 2023 (Hou et al.): `<Category>.jsonl.gz` and `meta_<Category>.jsonl.gz`, one JSON record a line, or the
 * benchmark's 5-core CSVs with the header user_id,parent_asin,rating,timestamp[,history]. Times are milliseconds; the
 * key between reviews and metadata is parent_asin, asin names an edition. `author` is a record with a name, and
 * `history` is not read: it is the user's events before.
 */
import { cleanName, cleanText, cleanTexts } from "../item-text";
import { delimitedRecords, jsonRecords, parseJsonItem, type RawFormat } from "../raw-format";

const header = "user_id,parent_asin,rating,timestamp";

/** The format. */
export const amazon2023: RawFormat = {
  name: "amazon-2023",
  about: `Amazon 2023: JSON reviews with "parent_asin", or a CSV that begins with ${header}`,
  once: true,
  events: (first) => {
    if (first.trimStart().startsWith("{")) return jsonRecords({ user: "user_id", item: "parent_asin", rating: "rating", time: "timestamp" }, "ms");
    if (first === header) return delimitedRecords(",", ["user", "item", "rating", "time"], "ms", header);
    return first === `${header},history` ? delimitedRecords(",", ["user", "item", "rating", "time", "history"], "ms", first) : undefined;
  },
  items: (first) =>
    first.trimStart().startsWith("{")
      ? {
          features: ["author", "brand", "category"],
          parse: parseJsonItem("parent_asin", ({ author, store, details, categories }, title) => ({
            title: cleanText(title),
            features: {
              author: cleanTexts((author as { name?: unknown } | null | undefined)?.name, cleanName),
              brand: cleanTexts((details as Record<string, unknown> | null | undefined)?.["Brand"] ?? store, cleanName),
              category: cleanTexts(categories),
            },
          })),
        }
      : undefined,
};
