/**
 * RecBole's atomic files: tab-separated, `<name>.inter` with a header such as user_id:token, item_id:token,
 * rating:float, timestamp:float (seconds), and `<name>.item`, where item_id comes with any other columns: the title is
 * the first one whose name has "title" or "name", each other token column a feature.
 */
import { cleanText, cleanTexts } from "../item-text";
import { delimitedRecords, type RawFormat, type RecordField } from "../raw-format";

const known: Readonly<Record<string, RecordField>> = { user_id: "user", session_id: "session", item_id: "item", rating: "rating", timestamp: "time" };

const namesOf = (first: string): { readonly name: string; readonly type: string }[] => first.split("\t").map((column) => ({ name: column.split(":")[0]!, type: column.split(":")[1] ?? "" }));

/** The format. */
export const recbole: RawFormat = {
  name: "recbole",
  about: "a RecBole atomic file whose header has item_id:token, timestamp:float, and user_id:token or session_id:token",
  once: false,
  events: (first) => {
    const columns = namesOf(first).map(({ name }) => known[name] ?? "ignored");
    const has = (field: string): boolean => columns.filter((one) => one === field).length === 1;
    return has("item") && has("time") && (has("user") || has("session")) ? delimitedRecords("\t", columns, "s", first) : undefined;
  },
  items: (first) => {
    const columns = namesOf(first);
    const id = columns.findIndex(({ name }) => name === "item_id");
    if (id < 0) return undefined;
    const title = columns.findIndex(({ name }, at) => at !== id && /title|name/i.test(name));
    const year = columns.findIndex(({ name }) => /year/i.test(name));
    const others = columns.flatMap(({ name, type }, at) => (type.startsWith("token") && ![id, title, year].includes(at) && /^[A-Za-z]\w*$/.test(name) ? [{ name, type, at }] : []));
    return {
      header: first,
      features: [...new Set(others.map(({ name }) => name.toLowerCase()))].filter((name) => !["item", "title", "year", "genres", "n"].includes(name)),
      parse: (line) => {
        const fields = line.split("\t");
        if (fields.length !== columns.length) return { fault: `another number of fields than ${columns.length}` };
        return {
          item: fields[id]!,
          title: title < 0 ? "" : cleanText(fields[title]!),
          year: /^\d{4}$/.test(fields[year] ?? "") ? Number(fields[year]) : undefined,
          genres: [],
          features: Object.fromEntries(others.map(({ name, type, at }) => [name.toLowerCase(), type === "token" ? cleanTexts(fields[at]!) : cleanTexts(fields[at]!.split(" "))])),
        };
      },
    };
  },
};
