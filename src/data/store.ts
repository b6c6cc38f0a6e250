/**
 * The prepared store: raw files -> DuckDB -> Parquet, read back as columns. One folder a data set and content:
 * events.parquet (user, item, rating, time), in canonical order; items.parquet (item, title, year, genres);
 * meta.json (counts, source, content hash, what was dropped and why, checksums of the other two).
 */
import { createReadStream, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import type { DuckDBConnection, DuckDBListValue } from "@duckdb/node-api";
import { DataError } from "../core/errors";
import { writeFileAtomic } from "../core/files";
import { sha256Of } from "./checksum";
import { hashEvents, type EventTable } from "./events";

/** What is known of one item. */
export interface ItemRow {
  readonly item: string;
  readonly title: string;
  readonly year?: number;
  readonly genres: readonly string[];
}

/** What a reader takes out of an archive. */
export interface RawDataset {
  /** A delimited file of user, item, rating and time (unix seconds), unquoted. */
  readonly events: { readonly path: string; readonly label: string; readonly delimiter: string; readonly header: boolean };
  readonly items: readonly ItemRow[];
}

/** meta.json of a prepared folder. */
export interface PreparedMeta {
  readonly name: string;
  readonly source: string;
  readonly contentHash: string;
  readonly counts: { readonly users: number; readonly items: number; readonly events: number };
  /** Rows that were left out, by reason. */
  readonly dropped: Readonly<Record<string, number>>;
  /** sha256 of the Parquet files: a byte that changed in a title shows in no other way. */
  readonly files: Readonly<Record<string, string>>;
}

const parquetFiles = ["events.parquet", "items.parquet"] as const;

/** The project's own folder; the same from src/ and from dist/. */
export const projectRoot = resolve(__dirname, "../..");

/** Where data live: the option, else SESSIONLAB_HOME, else the project's data folder. */
export function dataRoot(root?: string): string {
  return resolve(root ?? process.env.SESSIONLAB_HOME ?? join(projectRoot, "data"));
}

/** Canonical order of ids, as `compareIds`: integers by value and first, the rest by bytes. */
const byId = (column: string): string => `try_cast(${column} as bigint) nulls last, ${column}`;

/**
 * Writes the three files of a prepared data set into `folder`.
 * @returns the events as a reader will see them
 * @throws DataError naming file, line and field of the first malformed row
 */
export async function writePrepared(name: string, source: string, raw: RawDataset, folder: string): Promise<EventTable> {
  const dropped = await withDuckDB(async (connection) => {
    await importEvents(connection, raw.events);
    await importItems(connection, raw.items);
    await connection.run(
      `copy (select "user", item, rating, "time" from events order by ${byId('"user"')}, "time", rowid) to ${quote(join(folder, "events.parquet"))} (format parquet)`,
    );
    await connection.run(
      `copy (select e.item, coalesce(title, '') as title, year, coalesce(genres, []) as genres
             from (select distinct item from events) e left join items i on e.item = i.item order by ${byId("e.item")})
       to ${quote(join(folder, "items.parquet"))} (format parquet)`,
    );
    const unseen = await connection.runAndReadAll("select count(*)::integer from items where item not in (select item from events)");
    return { "items without an event": unseen.getRows()[0]![0] as number };
  });
  const table = await readColumns(name, folder);
  const meta: PreparedMeta = {
    name,
    source,
    contentHash: table.hash,
    counts: { users: table.users!.length, items: table.itemIds.length, events: table.item.length },
    dropped,
    files: Object.fromEntries(await Promise.all(parquetFiles.map(async (file) => [file, await sha256Of(join(folder, file))] as const))),
  };
  writeFileAtomic(join(folder, "meta.json"), `${JSON.stringify(meta, undefined, 2)}\n`);
  return table;
}

/**
 * Reads a prepared folder.
 * @param name of the data set that is expected there
 * @throws DataError if a file is missing, damaged, or not the one that meta.json speaks of
 */
export async function readPrepared(folder: string, name: string): Promise<EventTable> {
  let meta: PreparedMeta;
  let table: EventTable;
  try {
    meta = JSON.parse(readFileSync(join(folder, "meta.json"), "utf8")) as PreparedMeta;
    if (meta.name !== name) throw new Error(`meta.json of ${JSON.stringify(meta.name)}`);
    // Looked at before DuckDB reads them: it is not made for damaged files.
    for (const file of parquetFiles) {
      const found = await sha256Of(join(folder, file));
      if (found !== meta.files[file]) throw new Error(`${file} with sha256 ${found} where meta.json has ${meta.files[file]}`);
    }
    table = await readColumns(name, folder);
  } catch (error) {
    throw new DataError(`Expected a prepared data set, found ${(error as Error).message}; delete the folder and prepare it again`, { file: folder }, { cause: error });
  }
  if (table.hash !== meta.contentHash) {
    throw new DataError(`Expected content ${meta.contentHash}, found ${table.hash}; delete the folder and prepare it again`, { file: folder });
  }
  return table;
}

/** Reads the Parquet files. Dictionaries become DuckDB enums, so that only integers cross into JavaScript by the row. */
async function readColumns(name: string, folder: string): Promise<EventTable> {
  return withDuckDB(async (connection) => {
    const file = quote(join(folder, "events.parquet"));
    const items = (await connection.runAndReadAll(`select item, title, year, genres from ${quote(join(folder, "items.parquet"))}`)).getColumns();
    const itemIds = items[0] as string[];
    await connection.run(
      `create type users as enum (select "user" from read_parquet(${file}, file_row_number = true) group by "user" order by min(file_row_number))`,
    );
    await connection.run(`create type items as enum (select item from ${quote(join(folder, "items.parquet"))})`);
    const users = (await connection.runAndReadAll("select unnest(enum_range(null::users))")).getColumns()[0] as string[];
    const result = await connection.run(
      `select enum_code("user"::users)::integer, enum_code(item::items)::integer, rating::float, "time"::double from ${file}`,
    );
    const count = result.rowCount;
    const columns = [new Int32Array(count), new Int32Array(count), new Float32Array(count), new Float64Array(count)] as const;
    for (let c = 0, at = 0; c < result.chunkCount; c++) {
      const chunk = result.getChunk(c);
      for (const [k, column] of columns.entries()) {
        const vector = chunk.getColumnVector(k);
        for (let n = 0; n < vector.itemCount; n++) column[at + n] = vector.getItem(n) as number;
      }
      at += chunk.rowCount;
    }
    const [user, item, rating, time] = columns;
    const table = {
      name, users, user, itemIds, item, time, rating,
      titles: items[1] as string[],
      years: (items[2] as (number | null)[]).map((year) => year ?? undefined),
      genres: (items[3] as DuckDBListValue[]).map((list) => list.items as string[]),
    };
    return { ...table, hash: hashEvents(table) };
  });
}

async function importEvents(connection: DuckDBConnection, { path, label, delimiter, header }: RawDataset["events"]): Promise<void> {
  await connection.run(
    `create table events as select * from read_csv(${quote(path)}, delim = ${quote(delimiter)}, header = ${header}, auto_detect = false,
       quote = '', escape = '', store_rejects = true, columns = {'user': 'VARCHAR', 'item': 'VARCHAR', 'rating': 'FLOAT', 'time': 'BIGINT'})`,
  );
  const rejects = await connection.runAndReadAll("select line::integer, column_name, error_message, csv_line from reject_errors order by line limit 1");
  const reject = rejects.getRows()[0] as [number, string | null, string, string] | undefined;
  if (reject !== undefined) {
    const [line, field, message, content] = reject;
    throw new DataError(`Expected user, item, rating and time, found "${content.trim()}" (${message}); mend or fetch the file again`, {
      file: label,
      line,
      field: field ?? "time",
    });
  }
  const fields = ["user", "item", "rating", "time"];
  const empties = await connection.runAndReadAll(`select count(*)::integer from events where ${fields.map((field) => `"${field}" is null`).join(" or ")}`);
  if ((empties.getRows()[0]![0] as number) > 0) {
    let line = 0;
    for await (const content of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
      line++;
      const empty = content.split(delimiter).findIndex((value) => value === "");
      if (content !== "" && empty >= 0) throw new DataError(`Expected a value, found none; mend or fetch the file again`, { file: label, line, field: fields[empty] });
    }
  }
}

async function importItems(connection: DuckDBConnection, rows: readonly ItemRow[]): Promise<void> {
  const { LIST, VARCHAR, listValue } = await import("@duckdb/node-api");
  await connection.run("create table items (item varchar primary key, title varchar, year integer, genres varchar[])");
  const appender = await connection.createAppender("items");
  for (const { item, title, year, genres } of rows) {
    appender.appendVarchar(item);
    appender.appendVarchar(title);
    if (year === undefined) appender.appendNull();
    else appender.appendInteger(year);
    appender.appendList(listValue(genres), LIST(VARCHAR));
    appender.endRow();
  }
  try {
    appender.closeSync();
  } catch (error) {
    throw new DataError(`Expected every item once, found ${(error as Error).message}; mend the table of items`, { field: "item" }, { cause: error });
  }
}

/** Runs `work` on a database in memory of its own. DuckDB is loaded only when data are prepared or read. */
export async function withDuckDB<T>(work: (connection: DuckDBConnection) => Promise<T>): Promise<T> {
  const { DuckDBInstance } = await import("@duckdb/node-api");
  const instance = await DuckDBInstance.create(":memory:");
  try {
    const connection = await instance.connect();
    try {
      return await work(connection);
    } finally {
      connection.closeSync();
    }
  } finally {
    instance.closeSync();
  }
}

/** A text as a literal of SQL. */
export function quote(text: string): string {
  return `'${text.replaceAll("'", "''")}'`;
}
