/**
 * The prepared store: raw files -> DuckDB -> Parquet, read back as columns. One folder a data set and content:
 * events.parquet (item, time and what the data have of user, session, rating), in canonical order; items.parquet (item,
 * title, year, genres and lists of features); meta.json (counts, source, content hash, what was dropped and why,
 * checksums of the other two).
 */
import { createReadStream, readFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { createInterface } from "node:readline";
import type { DuckDBConnection, DuckDBListValue } from "@duckdb/node-api";
import { DataError } from "../core/errors";
import { isFull, writeFileAtomic } from "../core/files";
import { sha256Of } from "./checksum";
import { hashEvents, type EventTable } from "./events";
import { featureOf, type ItemFeature } from "./item-features";
import type { RawMarks } from "./raw-marks";
import type { RecordFault } from "./record-faults";

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

/**
 * What a reader of raw files does: it makes the tables `events` (item, time, n and what there is of user, session,
 * rating; n is the order given) and `items` (item, title, year, genres, and a VARCHAR[] column for each feature).
 */
export interface RawTables {
  readonly make: (connection: DuckDBConnection) => Promise<readonly RecordFault[]>;
  /** A folder for what does not fit into memory, which the caller removes. */
  readonly scratch: string;
  /** The files, if meta.json is to remember them. */
  readonly marks?: RawMarks;
}

/** meta.json of a prepared folder. */
export interface PreparedMeta {
  readonly name: string;
  readonly source: string;
  readonly contentHash: string;
  readonly counts: { readonly users?: number; readonly sessions?: number; readonly items: number; readonly events: number };
  /** Rows that were left out, by reason. */
  readonly dropped: Readonly<Record<string, number>>;
  /** The same of raw files, with where the first of each kind is. */
  readonly faults?: readonly RecordFault[];
  /** The raw files themselves, where no checksum of the catalogue stands for them. */
  readonly raw?: RawMarks;
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

/** The folder of shared files: SESSIONLAB_DATA, else ../shared/data. */
export function sharedData(): string {
  return resolve(process.env["SESSIONLAB_DATA"] ?? join(projectRoot, "..", "shared", "data"));
}

/** Canonical order of ids, as `compareIds`: integers by value and first, the rest by bytes. */
export const byId = (column: string): string => `case when regexp_full_match(${column}, '[0-9]{1,15}') then ${column}::bigint end nulls last, ${column}`;

/**
 * Writes the three files of a prepared data set into `folder`.
 * @returns the events as a reader will see them
 * @throws DataError naming file, line and field of the first malformed row, or what `raw.make` throws
 */
export async function writePrepared(name: string, source: string, raw: RawDataset | RawTables, folder: string): Promise<EventTable> {
  const { faults, unseen } = await withDuckDB(async (connection) => {
    const faults = "make" in raw ? await raw.make(connection) : await importAll(connection, raw);
    const columns = await columnsOf(connection, "events");
    const kept = eventColumns.filter((column) => columns.has(column)).map((column) => `"${column}"`);
    const order = columns.has("user") ? `${byId('"user"')}, "time", n` : `"time", n`;
    await connection.run(`copy (select ${kept.join(", ")} from events order by ${order}) to ${quote(join(folder, "events.parquet"))} (format parquet)`);
    const features = [...(await columnsOf(connection, "items"))].filter(([column, type]) => type === "VARCHAR[]" && column !== "genres").map(([column]) => column);
    await connection.run(
      `copy (select e.item, coalesce(title, '') as title, year, coalesce(genres, []) as genres${features.map((one) => `, coalesce("${one}", []) as "${one}"`).join("")}
             from (select distinct item from events) e left join items i on e.item = i.item order by ${byId("e.item")})
       to ${quote(join(folder, "items.parquet"))} (format parquet)`,
    );
    const absent = await connection.runAndReadAll("select count(*)::integer from items where item not in (select item from events)");
    return { faults, unseen: absent.getRows()[0]![0] as number };
  }, "make" in raw ? raw.scratch : undefined);
  const table = await readColumns(name, folder);
  const dropped: Record<string, number> = { "items without an event": unseen };
  for (const { reason, count } of faults) dropped[reason] = (dropped[reason] ?? 0) + count;
  const meta: PreparedMeta = {
    name,
    source,
    contentHash: table.hash,
    counts: { users: table.users?.length, sessions: table.sessionIds?.length, items: table.itemIds.length, events: table.item.length },
    dropped,
    ...("make" in raw ? { faults, ...(raw.marks === undefined ? {} : { raw: raw.marks }) } : {}),
    files: Object.fromEntries(await Promise.all(parquetFiles.map(async (file) => [file, await sha256Of(join(folder, file))] as const))),
  };
  writeFileAtomic(join(folder, "meta.json"), `${JSON.stringify(meta, undefined, 2)}\n`);
  return table;
}

const eventColumns = ["user", "session", "item", "rating", "time"] as const;

/** Names and types of the columns of a table or a file. */
async function columnsOf(connection: DuckDBConnection, source: string): Promise<ReadonlyMap<string, string>> {
  const [names, types] = (await connection.runAndReadAll(`describe select * from ${source}`)).getColumns() as [string[], string[]];
  return new Map(names.map((name, at) => [name, types[at]!]));
}

async function importAll(connection: DuckDBConnection, raw: RawDataset): Promise<readonly RecordFault[]> {
  await importEvents(connection, raw.events);
  await importItems(connection, raw.items);
  return [];
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

/** What raw files were made of that was left out. @throws DataError if the folder has no meta.json */
export function preparedFaults(folder: string): readonly RecordFault[] {
  return preparedMeta(folder).faults ?? [];
}

/** Remembers where and when the raw files of a prepared folder are now: their bytes are what they were. */
export function remark(folder: string, raw: RawMarks): void {
  writeFileAtomic(join(folder, "meta.json"), `${JSON.stringify({ ...preparedMeta(folder), raw }, undefined, 2)}\n`);
}

/** meta.json of a prepared folder. @throws DataError if it has none */
export function preparedMeta(folder: string): PreparedMeta {
  try {
    return JSON.parse(readFileSync(join(folder, "meta.json"), "utf8")) as PreparedMeta;
  } catch (error) {
    throw new DataError(`Expected a prepared data set, found ${(error as Error).message}; prepare it first`, { file: folder }, { cause: error });
  }
}

/** Reads the Parquet files. Dictionaries become DuckDB enums, so that only integers cross into JavaScript by the row. */
async function readColumns(name: string, folder: string): Promise<EventTable> {
  return withDuckDB(async (connection) => {
    const file = quote(join(folder, "events.parquet"));
    const itemFile = quote(join(folder, "items.parquet"));
    const present = await columnsOf(connection, file);
    const itemColumns = [...(await columnsOf(connection, itemFile)).keys()];
    const items = (await connection.runAndReadAll(`select * from ${itemFile}`)).getColumns();
    const itemColumn = (column: string): readonly unknown[] => items[itemColumns.indexOf(column)]!;
    const lists = (column: string): string[][] => (itemColumn(column) as DuckDBListValue[]).map((list) => list.items as string[]);
    const itemIds = itemColumn("item") as string[];
    await connection.run(`create type item_ids as enum (select item from ${itemFile})`);
    const dictionary = async (field: "user" | "session"): Promise<string[] | undefined> => {
      if (!present.has(field)) return undefined;
      await connection.run(`create type ${field}_ids as enum (select "${field}" from ${file} group by "${field}" order by ${byId(`"${field}"`)})`);
      return (await connection.runAndReadAll(`select unnest(enum_range(null::${field}_ids))`)).getColumns()[0] as string[];
    };
    const users = await dictionary("user");
    const sessionIds = await dictionary("session");
    const count = Number((await connection.runAndReadAll(`select count(*) from ${file}`)).getRows()[0]![0]);
    const columns = { user: users && new Int32Array(count), session: sessionIds && new Int32Array(count), item: new Int32Array(count), rating: present.has("rating") ? new Float32Array(count) : undefined, time: new Float64Array(count) };
    const code = (field: string): string => `enum_code("${field}"::${field}_ids)::integer`;
    const read = Object.entries(columns).filter(([, column]) => column !== undefined) as [keyof typeof columns, Int32Array | Float32Array | Float64Array][];
    const select = read.map(([field]) => (field === "rating" ? "rating::float" : field === "time" ? `"time"::double` : code(field)));
    // Streamed: a result that is kept would hold every column twice.
    const result = await connection.stream(`select ${select.join(", ")} from ${file}`);
    for (let chunk = await result.fetchChunk(), at = 0; chunk !== null && chunk.rowCount > 0; at += chunk.rowCount, chunk = await result.fetchChunk()) {
      for (const [k, [, column]] of read.entries()) {
        const vector = chunk.getColumnVector(k);
        for (let n = 0; n < vector.itemCount; n++) column[at + n] = vector.getItem(n) as number;
      }
    }
    const { user, session, item, rating, time } = columns;
    const features: ItemFeature[] = itemColumns.filter((column) => !baseItemColumns.includes(column)).map((column) => featureOf(column, lists(column)));
    const table = {
      name, itemIds, item, time,
      ...(users === undefined ? {} : { users, user }),
      ...(sessionIds === undefined ? {} : { sessionIds, session }),
      ...(rating === undefined ? {} : { rating }),
      ...whereKnown("titles", itemColumn("title") as string[], (title) => title !== ""),
      ...whereKnown("years", (itemColumn("year") as (number | null)[]).map((year) => year ?? undefined), (year) => year !== undefined),
      ...whereKnown("genres", lists("genres"), (genres) => genres.length > 0),
      ...(features.length === 0 ? {} : { features }),
    };
    return { ...table, hash: hashEvents(table) };
  });
}

/** A column of which nothing is known is left out. */
function whereKnown<K extends string, T>(name: K, values: readonly T[], known: (value: T) => boolean): { readonly [key in K]?: readonly T[] } {
  return (values.some(known) ? { [name]: values } : {}) as { readonly [key in K]?: readonly T[] };
}

const baseItemColumns: readonly string[] = ["item", "title", "year", "genres"];

async function importEvents(connection: DuckDBConnection, { path, label, delimiter, header }: RawDataset["events"]): Promise<void> {
  const reading = connection.run(
    `create table records as select * from read_csv(${quote(path)}, delim = ${quote(delimiter)}, header = ${header}, auto_detect = false,
       quote = '', escape = '', store_rejects = true, columns = {'user': 'VARCHAR', 'item': 'VARCHAR', 'rating': 'FLOAT', 'time': 'BIGINT'})`,
  );
  await reading.catch((cause: Error) => {
    if (isFull(cause)) throw cause;
    throw new DataError(`Expected lines of user, item, rating and time, found ${cause.message.split("\n")[0]}; fetch the file again`, { file: label }, { cause });
  });
  await connection.run("create view events as select *, rowid as n from records");
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
  const noId = (column: string): string => `"${column}" is null or trim("${column}") = '' or contains("${column}", chr(0))`;
  const counts = await connection.runAndReadAll(`select count(*)::integer, count(*) filter (${noId("user")} or ${noId("item")} or rating is null or not isfinite(rating) or "time" is null)::integer from events`);
  const [all, bad] = counts.getRows()[0] as [number, number];
  if (all === 0) throw new DataError("Expected events, found none; fetch the file again", { file: label });
  if (bad > 0) {
    const fields = ["user", "item", "rating", "time"];
    const isBad = (value: string, at: number): boolean => value.trim() === "" || value.includes("\0") || (at === 2 && !Number.isFinite(Math.fround(Number(value))));
    let line = 0;
    for await (const content of createInterface({ input: createReadStream(path), crlfDelay: Infinity })) {
      line++;
      const at = content === "" || (header && line === 1) ? -1 : content.split(delimiter).findIndex(isBad);
      if (at >= 0) throw new DataError(`Expected ${at < 2 ? "an id" : "a number"}, found ${JSON.stringify(content.split(delimiter)[at])}; mend or fetch the file again`, { file: label, line, field: fields[at] });
    }
    throw new DataError("Expected ids and numbers, found others; fetch the file again", { file: label });
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

/** Memory that DuckDB may use for a data set of any size; what is beyond it goes to the scratch folder. */
const memoryLimit = "1500MB";

/**
 * Runs `work` on a database of its own, in memory, or in a file of `scratch` where the data may be larger than that.
 * DuckDB is loaded only when data are prepared or read.
 */
export async function withDuckDB<T>(work: (connection: DuckDBConnection) => Promise<T>, scratch?: string): Promise<T> {
  const { DuckDBInstance } = await import("@duckdb/node-api");
  const instance =
    scratch === undefined
      ? await DuckDBInstance.create(":memory:")
      : await DuckDBInstance.create(join(scratch, "records.duckdb"), { memory_limit: memoryLimit, temp_directory: join(scratch, "spill") });
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
