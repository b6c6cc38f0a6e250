/**
 * The sets of the shared data as tables of DuckDB: `events` in the order of their files (timestamps of a day tie, and
 * the file's order among them stays), and `items` with clean texts and features.
 * books-linked: the 5-core, on both sides and to a fixed point, over items with a certain author or a precise link.
 */
import type { DuckDBConnection } from "@duckdb/node-api";
import { cleanName, cleanText, parseListCell } from "./item-text";
import { firstBytes } from "./lines";
import { itemAppender, withoutItems } from "./raw-items";
import { quote } from "./store";

/** The files of a set by role. */
type Files = Readonly<Record<string, string>>;

/** How the tables of each set are made. */
export const setTables: Readonly<Record<string, (connection: DuckDBConnection, files: Files) => Promise<void>>> = {
  "amazon-books": async (connection, files) => {
    await connection.run(`create table records as select "user", item, "timestamp"::double as "time" from ${tsv(files["events"]!)};
      create view events as select *, rowid as n from records`);
    await bookItems(connection, files);
  },
  "books-linked": async (connection, files) => {
    await connection.run(`create table linked as
        select item from ${tsv(files["authors"]!)} where n_candidates = '1' union
        select item from ${tsv(files["links"]!)} where (name_match = '1' and coalesce(author_ok, '') <> '0') or author_ok = '1';
      create table records as select "user", item, "timestamp"::double as "time" from ${tsv(files["events"]!)};
      delete from records where item not in (select item from linked);
      create view events as select *, rowid as n from records`);
    await toCore(connection, 5);
    await bookItems(connection, files);
  },
  "amazon-movies": async (connection, files) => {
    await connection.run(`create table records as select "user", item, rating::float as rating, "timestamp"::double as "time" from ${tsv(files["events"]!)};
      create view events as select *, rowid as n from records`);
    await movieItems(connection, files);
  },
  "yoochoose-clicks": async (connection, files) => {
    await connection.run(`create table records as select session, item, timestamp_ms::double / 1000 as "time" from ${tsv(files["events"]!)};
      create view events as select *, rowid as n from records`);
    await withoutItems(connection);
  },
};

function tsv(file: string): string {
  const [byte1, byte2] = firstBytes(file, 2); // its name may say otherwise
  return `read_csv(${quote(file)}, compression = '${byte1 === 0x1f && byte2 === 0x8b ? "gzip" : "none"}', delim = '\t', header = true, quote = '', escape = '', all_varchar = true)`;
}

/** Leaves out users and items with fewer than k events until none is left. */
async function toCore(connection: DuckDBConnection, k: number): Promise<void> {
  const count = async (): Promise<number> => Number((await connection.runAndReadAll("select count(*) from records")).getRows()[0]![0]);
  for (let before = -1, now = await count(); now !== before; ) {
    before = now;
    for (const side of ['"user"', "item"]) await connection.run(`delete from records where ${side} in (select ${side} from records group by ${side} having count(*) < ${k})`);
    now = await count();
  }
}

/** Titles, and of those whose title names one book of goodbooks its authors and year. */
async function bookItems(connection: DuckDBConnection, files: Files): Promise<void> {
  const rows = await connection.runAndReadAll(`select i.item, title, authors, try_cast(original_publication_year as double)::integer
    from ${tsv(files["items"]!)} i left join (select * from ${tsv(files["authors"]!)} where n_candidates = '1') a on i.item = a.item`);
  const { append, close } = await itemAppender(connection, "items", ["author"]);
  for (const [item, title, authors, year] of rows.getRows() as [string, string | null, string | null, number | null][]) {
    append({ item, title: cleanText(title ?? ""), year: year ?? undefined, genres: [], features: { author: parseListCell(authors ?? "") } });
  }
  close();
}

/** OMDb's clean titles and lists first, Amazon's and IMDb's where it has none. */
async function movieItems(connection: DuckDBConnection, files: Files): Promise<void> {
  const rows = await connection.runAndReadAll(`select coalesce(a.asin, o.asin, m.asin) as item, a.title as amazon_title, o.title as omdb_title, coalesce(o.year, m.year) as "year",
      coalesce(o.genre, m.genres, '') as genres, coalesce(o.director, m.directors, a.directors, '') as director, coalesce(o.actors, a.actors, '') as actor, coalesce(o.writer, '') as writer,
      coalesce(o.country, '') as country, coalesce(o.language, '') as "language", coalesce(m.production_companies, '') as company, coalesce(a.studio, '') as studio, coalesce(a.binding, '') as binding
    from ${tsv(files["amazon"]!)} a full join ${tsv(files["omdb"]!)} o on a.asin = o.asin full join ${tsv(files["imdb"]!)} m on coalesce(a.asin, o.asin) = m.asin`);
  const lists = ["director", "actor", "writer", "country", "language", "company"] as const;
  const { append, close } = await itemAppender(connection, "items", [...lists, "studio", "binding"]);
  for (const row of rows.getRowObjects() as Readonly<Record<string, string | null>>[]) {
    const text = (column: string): string => row[column] ?? "";
    append({
      item: text("item"),
      title: row["omdb_title"] == null ? withoutMarks(cleanText(text("amazon_title"))) : cleanText(text("omdb_title")),
      year: /^\d{4}/.test(text("year")) ? Number(text("year").slice(0, 4)) : undefined, // "2008-" is a series
      genres: parseListCell(text("genres")),
      features: {
        ...Object.fromEntries(lists.map((name) => [name, parseListCell(withoutRoles(text(name)))])),
        studio: parseName(text("studio")),
        binding: parseName(text("binding")),
      },
    });
  }
  close();
}

/** "Two Weeks Notice (Full-Screen Edition) [VHS]" -> "Two Weeks Notice". */
function withoutMarks(title: string): string {
  return title.replace(/\s*(\[[^[\]]*\]|\([^()]*(edition|blu-?ray|dvd|vhs|case|disc|set|\d{4})[^()]*\))/gi, "").trim() || title;
}

/** "Jon Bernstein (screenplay by), ..." -> "Jon Bernstein, ...". */
function withoutRoles(cell: string): string {
  return cell.startsWith("[") ? cell : cell.replace(/\s*\([^()]*\)/g, "");
}

function parseName(text: string): string[] {
  const name = cleanName(text);
  return name === "" ? [] : [name];
}
