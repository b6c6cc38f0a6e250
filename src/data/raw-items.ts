/**
 * Lines of raw files to a table of items in DuckDB, line by line through the format's parser, so that any number of
 * items passes in bounded memory. What is no item is counted by reason; of an item that comes twice the first stays.
 */
import type { DuckDBConnection } from "@duckdb/node-api";
import { DataError, throwIfAborted } from "../core/errors";
import { relatedFeatures } from "./item-features";
import { longestText } from "./item-text";
import { firstLine, LineFile } from "./line-files";
import type { FeaturedItem, ItemLine, RawFormat } from "./raw-format";
import type { RecordFault } from "./record-faults";

const base = "item varchar, title varchar, year integer, genres varchar[]";

/** Makes an empty table `items`, where nothing is known of them. */
export async function withoutItems(connection: DuckDBConnection): Promise<void> {
  await connection.run(`create table items (${base})`);
}

/** Makes an empty table of items with these features, and something that appends to it; n is a number to tell rows by. */
export async function itemAppender(connection: DuckDBConnection, table: string, features: readonly string[]): Promise<{ append(item: FeaturedItem, n?: number): void; close(): void }> {
  const { LIST, VARCHAR, listValue } = await import("@duckdb/node-api");
  await connection.run(`create table ${table} (${base}${features.map((name) => `, "${name}" varchar[]`).join("")}, n bigint)`);
  const appender = await connection.createAppender(table);
  return {
    append({ item, title, year, genres, features: lists }, n = 0) {
      appender.appendVarchar(item);
      appender.appendVarchar(title);
      if (year === undefined) appender.appendNull();
      else appender.appendInteger(year);
      for (const list of [genres, ...features.map((name) => lists[name] ?? [])]) appender.appendList(listValue(list), LIST(VARCHAR));
      appender.appendBigInt(BigInt(n));
      appender.endRow();
    },
    close: () => appender.closeSync(),
  };
}

/**
 * Makes the table `items` of the connection, which has `events`. Of ids of other items, which are many, those stay that
 * the events have.
 * @throws DataError naming file and line for a file that is not there, breaks off, or is not of the format; AbortError
 */
export async function readRawItems(connection: DuckDBConnection, format: RawFormat, file: string, signal?: AbortSignal): Promise<{ readonly faults: readonly RecordFault[]; readonly rows: number }> {
  const spec = format.items?.(firstLine(file));
  if (spec === undefined) throw new DataError(`Expected items of the format ${format.name}, found another first line; look at the path and the format`, { file, line: 1 });
  const faults = new Map<string, { count: number; row: number }>();
  const note = (reason: string, row: number, count = 1): void => {
    const known = faults.get(reason);
    faults.set(reason, { count: (known?.count ?? 0) + count, row: known?.row ?? row });
  };
  const lines = new LineFile(connection, file, spec.encoding);
  const related = spec.features.filter((name) => relatedFeatures.includes(name));
  const events = related.length === 0 ? undefined : new Set((await connection.runAndReadAll("select distinct item from events")).getColumns()[0] as string[]);
  let row = 0;
  let headers = 0;
  const { append, close } = await itemAppender(connection, "item_rows", spec.features);
  await lines.run(async (sql) => {
    const result = await connection.stream(`select line from ${sql}`);
    for (let chunk = await result.fetchChunk(); chunk !== null && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
      throwIfAborted(signal, `read ${file}`);
      const vector = chunk.getColumnVector(0);
      for (let k = 0; k < chunk.rowCount; k++, row++) {
        const line = vector.getItem(k) as string | null;
        if (line !== null && line === spec.header) {
          headers++;
          continue;
        }
        const parsed = line === null || line.trim() === "" ? { fault: "an empty line" } : check(spec.parse(line));
        if ("fault" in parsed) note(parsed.fault, row);
        else append(events === undefined ? parsed : { ...parsed, features: { ...parsed.features, ...Object.fromEntries(related.map((name) => [name, parsed.features[name]!.filter((id) => events.has(id))])) } }, row);
      }
    }
  });
  close();
  await connection.run("create table first_rows as select min(n) as n from item_rows group by item");
  const again = await connection.runAndReadAll("select count(*)::double, min(n)::double from item_rows where n not in (select n from first_rows)");
  const [count, first] = again.getRows()[0] as [number, number | null];
  if (count > 0 && spec.repeats === undefined) note("an item of an earlier line", first!, count);
  await connection.run("create table items as select * exclude (n) from item_rows where n in (select n from first_rows) order by n; drop table item_rows; drop table first_rows");
  return {
    rows: row - headers + lines.rejectCount,
    faults: [...lines.faults(), ...Array.from(faults, ([reason, { count, row }]) => ({ reason, count, file, line: lines.lineOf(row) }))],
  };
}

/** What no format may let through. */
function check(parsed: ItemLine): ItemLine {
  if ("fault" in parsed) return parsed;
  const { item, title, year } = parsed;
  if (item.trim() === "") return { fault: "no item" };
  if (item.includes("\0")) return { fault: "a NUL byte in the item" };
  if (item.length > 1000) return { fault: "an item of more than 1000 letters" };
  if (title.length > longestText) return { fault: `a title of more than ${longestText} letters` };
  return year === undefined || (Number.isInteger(year) && Math.abs(year) < 10_000) ? parsed : { ...parsed, year: undefined };
}
