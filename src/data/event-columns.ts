/**
 * Which column of a table is what: the one place where the usual names of columns are spelled. Names are compared
 * without case, signs and RecBole's type after a colon: "user_id:token", "userId" and "UserID" are one name.
 */
import { DataError } from "../core/errors";
import { nearest, resolveOptions, type Rule } from "../core/options";

/** What events have. */
export type EventField = "user" | "item" | "time" | "rating" | "session";

/** By field, in the order of preference: Amazon's parent_asin goes before asin, which names an edition. */
const usualNames: Readonly<Record<EventField | "title", readonly string[]>> = {
  user: ["userid", "user", "reviewerid", "visitorid", "customerid", "uid"],
  item: ["itemid", "item", "parentasin", "asin", "productid", "movieid", "bookid", "trackid", "articleid", "iid"],
  time: ["timestamp", "time", "unixreviewtime", "ts", "unixtime", "timestampms", "datetime", "eventtime", "date", "eventdate"],
  rating: ["rating", "overall", "stars", "score"],
  session: ["sessionid", "session", "sid"],
  title: ["title", "itemtitle", "movietitle", "booktitle", "name", "itemname", "productname"],
};

const needed: readonly EventField[] = ["item", "time"];

const unnamed = { user: undefined, item: undefined, time: undefined, rating: undefined, session: undefined } as Readonly<Record<EventField, string | null | undefined>>;

const isName: Rule = (value) => (value === undefined || value === null || typeof value === "string" ? undefined : "the name of a column, or null");

/** Names of columns by field; what is left out is guessed, and null leaves a column unread. */
export type ColumnNames = Readonly<Partial<Record<EventField, string | null>>>;

/** Where each field is in a row; a field that the table does not have is absent. */
export type ColumnPlan = Readonly<Partial<Record<EventField, number>>>;

/**
 * Finds the columns of events in a header.
 * @throws ConfigError for a field that events do not have; DataError naming the file and line 1 if a column is not
 *   there, is there twice, or there is neither a user nor a session
 */
export function planColumns(header: readonly string[], given: ColumnNames, file: string): ColumnPlan {
  const names = resolveOptions("columns", unnamed, given, Object.fromEntries(Object.keys(unnamed).map((field) => [field, isName])));
  const broken = header.find((name) => name.includes("\0"));
  if (broken !== undefined) throw new DataError(`Expected the names of columns, found a NUL byte in ${JSON.stringify(broken.slice(0, 40))}; is it a text file?`, { file, line: 1 });
  const plan: Partial<Record<EventField, number>> = {};
  for (const field of Object.keys(unnamed) as EventField[]) {
    const name = names[field];
    if (name === null) continue;
    const at = name === undefined ? guess(header, field, file) : find(header, name, field, file);
    if (at !== undefined) plan[field] = at;
  }
  const missing = needed.find((field) => plan[field] === undefined);
  if (missing !== undefined) {
    throw new DataError(`Expected a column of ${missing}s by a usual name (${usualNames[missing].slice(0, 4).join(", ")}), found ${list(header)}; name it: columns: { ${missing}: "..." }`, { file, line: 1, field: missing });
  }
  if (plan.user === undefined && plan.session === undefined) {
    throw new DataError(`Expected a column of users or of sessions by a usual name, found ${list(header)}; name it: columns: { user: "..." } or { session: "..." }`, { file, line: 1, field: "user" });
  }
  for (const [field, at] of Object.entries(plan)) {
    const twin = Object.entries(plan).find(([other, where]) => other !== field && where === at);
    if (twin !== undefined) throw new DataError(`Expected a column of its own for ${field} and ${twin[0]}, found "${header[at]}" for both; name another`, { file, line: 1, field });
  }
  return plan;
}

/** Names of the columns of a table of items; what is left out is guessed. */
export type TitleColumns = Readonly<{ item?: string; title?: string }>;

/**
 * Finds the columns of ids and titles in the header of a table of items.
 * @throws ConfigError for a field that is neither; DataError naming the file and line 1 if a column is not there or is there twice
 */
export function planTitles(header: readonly string[], given: TitleColumns, file: string): { readonly item: number; readonly title: number } {
  const names = resolveOptions("columns", { item: undefined as string | undefined, title: undefined as string | undefined }, given, { item: isName, title: isName });
  const place = (field: "item" | "title"): number => {
    const name = names[field];
    const at = name === undefined ? guess(header, field, file) : find(header, name, field, file);
    if (at !== undefined) return at;
    throw new DataError(`Expected a column of ${field}s by a usual name (${usualNames[field].slice(0, 4).join(", ")}), found ${list(header)}; name it: columns: { ${field}: "..." }`, { file, line: 1, field });
  };
  return { item: place("item"), title: place("title") };
}

function guess(header: readonly string[], field: keyof typeof usualNames, file: string): number | undefined {
  const plain = header.map(plainName);
  for (const name of usualNames[field]) {
    const at = plain.indexOf(name);
    if (at >= 0) return once(at, plain.lastIndexOf(name), header, field, file);
  }
  return undefined;
}

function find(header: readonly string[], name: string, field: keyof typeof usualNames, file: string): number {
  const stripped = header.map(withoutType);
  for (const candidates of [header, stripped]) {
    const at = candidates.indexOf(name);
    if (at >= 0) return once(at, candidates.lastIndexOf(name), header, field, file);
  }
  throw new DataError(`Expected a column "${name}", found ${list(header)}; did you mean "${nearest(name, stripped)}"?`, { file, line: 1, field });
}

function once(first: number, last: number, header: readonly string[], field: keyof typeof usualNames, file: string): number {
  if (first === last) return first;
  const way = header[first] === header[last] ? "rename one of them in the file" : `name the right one: columns: { ${field}: "${withoutType(header[first]!)}" }`;
  throw new DataError(`Expected one column of ${field}s, found "${header[first]}" and "${header[last]}"; ${way}`, { file, line: 1, field });
}

function withoutType(name: string): string {
  return name.trim().replace(/:(token|float|token_seq|float_seq)$/, "");
}

function plainName(name: string): string {
  return withoutType(name).toLowerCase().replace(/[^a-z0-9]/g, "");
}

function list(header: readonly string[]): string {
  const shown = header.slice(0, 12).map((name) => JSON.stringify(name.slice(0, 40)));
  return `${shown.join(", ")}${header.length > shown.length ? ` and ${header.length - shown.length} more` : ""}`;
}
