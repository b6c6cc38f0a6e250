/**
 * What a reader of raw files is: how a line of events becomes user, item, rating and time, in SQL, and how a line of
 * items becomes an item, in TypeScript. Each format is a file of `formats/`.
 */
import type { ItemRow } from "./store";

/** What a record of events may have. */
export type RecordField = "user" | "session" | "item" | "rating" | "time";

/** One field of a record. */
export interface FieldSql {
  /** VARCHAR over `r`, the record. */
  readonly text: string;
  /** BOOLEAN over `r`: it is there and has a wrong type. */
  readonly wrong?: string;
}

/** How lines become events. */
export interface EventLines {
  /** By default UTF-8. */
  readonly encoding?: "latin-1";
  /** The header, where the first line is one. */
  readonly header?: string;
  /** Over `line`: the record, or NULL where the line is none. */
  readonly record: string;
  /** What a line that is no record is called. */
  readonly broken: string;
  readonly fields: Readonly<Partial<Record<RecordField, FieldSql>> & Record<"item" | "time", FieldSql>>;
  /** Of the time: a number of seconds or milliseconds, or a date with or without a clock, UTC. */
  readonly time: "s" | "ms" | "date";
  /** SQL over `r` of seconds to add to the time. */
  readonly plus?: string;
  /** Records that are not wanted: a condition over `r`, and why. */
  readonly except?: { readonly sql: string; readonly reason: string };
}

/** An item with lists of features by name. */
export interface FeaturedItem extends ItemRow {
  readonly features: Readonly<Record<string, readonly string[]>>;
}

/** What a line of items is: an item, or what is wrong with it. */
export type ItemLine = FeaturedItem | { readonly fault: string };

/** How lines become items. */
export interface ItemLines {
  /** By default UTF-8. */
  readonly encoding?: "latin-1";
  readonly header?: string;
  /** Whether an item may come on many lines, as in a log: the first names it. */
  readonly repeats?: true;
  /** The names of the features. */
  readonly features: readonly string[];
  readonly parse: (line: string) => ItemLine;
}

/** A raw format. */
export interface RawFormat {
  readonly name: string;
  /** What its files are, and what of them is read, in a sentence. */
  readonly about: string;
  /** Whether a record that has user or session, item and time of an earlier one is a duplicate; clicks may repeat. */
  readonly once: boolean;
  /** @param first the first line of the file; undefined if it is not one of the format's */
  readonly events: (first: string) => EventLines | undefined;
  readonly items?: (first: string) => ItemLines | undefined;
}

/** Records of JSON lines, by the names of their keys. */
export function jsonRecords(names: Readonly<Partial<Record<RecordField, string>> & Record<"item" | "time", string>>, time: EventLines["time"]): EventLines {
  const schema = JSON.stringify(Object.fromEntries(Object.values(names).map((name) => [name, "JSON"])));
  const number = "('DOUBLE', 'BIGINT', 'UBIGINT', 'HUGEINT', 'VARCHAR', 'NULL')";
  const fields = Object.entries(names).map(([field, name]) => {
    const types = field === "rating" || field === "time" ? number : "('VARCHAR', 'BIGINT', 'UBIGINT', 'NULL')";
    return [field, { text: `(r."${name}" ->> '$')`, wrong: `json_type(r."${name}") not in ${types}` }];
  });
  return {
    record: `json_transform(case when json_valid(line) and json_type(line) = 'OBJECT' then line end, '${schema}')`,
    broken: "a broken JSON line",
    fields: Object.fromEntries(fields) as EventLines["fields"],
    time,
  };
}

/** Records of unquoted delimited lines, by the names of their columns; a name that is no field is not read. */
export function delimitedRecords(delimiter: string, columns: readonly string[], time: EventLines["time"], header?: string): EventLines {
  const fields = columns.flatMap((column, at) => (["user", "session", "item", "rating", "time"].includes(column) ? [[column, { text: `r[${at + 1}]` }]] : []));
  return {
    header,
    record: `case when len(string_split(line, '${delimiter}')) = ${columns.length} then string_split(line, '${delimiter}') end`,
    broken: `another number of fields than ${columns.length}`,
    fields: Object.fromEntries(fields) as EventLines["fields"],
    time,
  };
}

/**
 * A parser of JSON lines of items.
 * @param key of the item's id
 * @param rest what the record says beside it; `title` is "" where there is none
 */
export function parseJsonItem(key: string, rest: (record: Readonly<Record<string, unknown>>, title: string) => Pick<FeaturedItem, "title" | "features">): ItemLines["parse"] {
  return (line) => {
    let record: unknown;
    try {
      record = JSON.parse(line);
    } catch {
      return { fault: "a broken JSON line" };
    }
    if (typeof record !== "object" || record === null || Array.isArray(record)) return { fault: "a line that is no record" };
    const { [key]: item, title } = record as Record<string, unknown>;
    if (item === undefined || item === null) return { fault: "no item" };
    if (typeof item !== "string") return { fault: "an item of a wrong type" };
    if (title !== undefined && title !== null && typeof title !== "string") return { fault: "a title of a wrong type" };
    return { item, genres: [], ...rest(record as Record<string, unknown>, title ?? "") };
  };
}
