/**
 * The user's own events in one call: CSV, TSV or Parquet, gzip or plain, told apart by their content. Columns are
 * found by usual names or given; what was dropped, how times were read and which columns were taken is reported.
 * Nothing is written.
 */
import { basename } from "node:path";
import { DataError, SessionLabError, throwIfAborted } from "../core/errors";
import { resolveOptions, rules } from "../core/options";
import { meter, type Progress } from "../core/progress";
import { readDelimited } from "./delimited";
import { planColumns, type ColumnNames, type ColumnPlan, type EventField } from "./event-columns";
import { EventRows, timeUnits, type DroppedRows, type TimeReading, type TimeUnit } from "./event-rows";
import type { EventTable } from "./events";
import { firstBytes } from "./lines";
import { quote, withDuckDB } from "./store";

const defaults = {
  /** Names of columns by field (user, item, time, rating, session); those left out are guessed, null leaves one unread. */
  columns: {} as ColumnNames,
  /** The data set's name; by default the file's, without its endings. */
  name: undefined as string | undefined,
  /** Unit of times that are numbers; by default told by their range. */
  timeUnit: undefined as TimeUnit | undefined,
  /** Whether a row that is no event is left out and counted, or an error with its line. */
  badRows: "drop" as "drop" | "error",
  /** The largest share of rows that may be left out; above it, they are an error. Undefined: any. */
  maxDropped: undefined as number | undefined,
};

/** Options of `eventsFromFile`. */
export type FileOptions = Partial<typeof defaults> & { readonly signal?: AbortSignal; readonly progress?: Progress };

/** How a file was read. */
export interface FileReport {
  /** Rows under the header: those kept and all that were dropped. */
  readonly rows: number;
  readonly kept: number;
  readonly dropped: readonly DroppedRows[];
  /** The names of the columns that were read, by field. */
  readonly columns: Readonly<Partial<Record<EventField, string>>>;
  readonly time: TimeReading;
}

/** Events of a file, with how it was read. */
export interface FileEvents extends EventTable {
  readonly report: FileReport;
}

/**
 * Reads events from a file.
 * @throws ConfigError for wrong options; DataError naming file, line and field for a file that is not there, is empty,
 *   breaks off, is no text, has no columns of items, times and users or sessions, holds no event, or too many rows that
 *   are none; AbortError
 * @example
 * import { mkdtempSync, writeFileSync } from "node:fs";
 * import { eventsFromFile } from "sessionlab";
 * const file = `${mkdtempSync("/tmp/own-")}/clicks.csv`;
 * writeFileSync(file, "userId,movieId,timestamp\nu1,m1,1400000000000\nu1,m2,1400000060000\nu2,m1,\n");
 * const events = await eventsFromFile(file);
 * assert.deepEqual(Array.from(events.time), [1400000000, 1400000060]);
 * assert.deepEqual(events.report.dropped, [{ reason: "no time", count: 1, firstLine: 4 }]);
 * assert.deepEqual(events.report.time, { unit: "ms", guessed: true });
 */
export async function eventsFromFile(path: string, { signal, progress, ...given }: FileOptions = {}): Promise<FileEvents> {
  const options = resolveOptions("eventsFromFile", defaults, given, {
    timeUnit: (unit) => (unit === undefined ? undefined : rules.oneOf(...Object.keys(timeUnits))(unit)),
    badRows: rules.oneOf("drop", "error"),
    maxDropped: (share) => (share === undefined ? undefined : rules.fraction(share)),
  });
  const tick = meter(progress, `read ${basename(path)}`, "row");
  const read = firstBytes(path, 4).toString("latin1") === "PAR1" ? readParquet : readText;
  const { header, plan, rows } = await read(path, options, tick, signal);
  const { events, ...report } = rows.finish(options.name ?? basename(path).replace(/(\.(csv|tsv|txt|inter|dat|parquet|gz))+$/i, ""), options.timeUnit, options.maxDropped);
  const columns = Object.fromEntries(Object.entries(plan).map(([field, at]) => [field, header[at]!]));
  return { ...events, report: { ...report, columns } };
}

interface ReadRows {
  readonly header: readonly string[];
  readonly plan: ColumnPlan;
  readonly rows: EventRows;
}

type Reader = (path: string, options: Readonly<typeof defaults>, tick: (done: number) => void, signal: AbortSignal | undefined) => Promise<ReadRows>;

const readText: Reader = async (path, { columns, badRows }, tick, signal) => {
  let state: ReadRows | undefined;
  let headerSize = 0;
  await readDelimited(
    path,
    (row) => {
      if (state === undefined) {
        const header = "fields" in row ? row.fields : [];
        const plan = planColumns(header, columns, path);
        state = { header, plan, rows: new EventRows(path, plan, badRows) };
        headerSize = Buffer.byteLength(header.join());
        return;
      }
      const { header, rows } = state;
      if ("fault" in row) rows.drop(row.fault, row.line);
      else if (row.fields.every((field, at) => field === header[at])) rows.drop("the header again", row.line);
      else rows.add(row.fields, row.line);
      if (rows.count % 10_000 === 0) tick(rows.count);
    },
    signal,
    (bytes, starts, ends, line) => {
      const { rows, header } = state!; // the header comes first, and as text
      if (ends[header.length - 1]! - starts[0]! === headerSize) return false; // perhaps the header again
      const taken = rows.addBytes(bytes, starts, ends, line);
      if (rows.count % 100_000 === 0) tick(rows.count);
      return taken;
    },
  );
  return state!; // readDelimited has refused a file without a header
};

/** Only the columns of the plan are read; DuckDB makes text of them, so that both kinds of files pass the same checks. */
const readParquet: Reader = async (path, { columns, badRows }, tick, signal) => {
  try {
    return await withDuckDB(async (connection) => {
      const source = `read_parquet(${quote(path)})`;
      const [names, types] = (await connection.runAndReadAll(`describe select * from ${source}`)).getColumns() as [string[], string[]];
      const plan = planColumns(names, columns, path);
      const taken = Object.entries(plan);
      const rows = new EventRows(path, Object.fromEntries(taken.map(([field], at) => [field, at])), badRows);
      const result = await connection.stream(`select ${taken.map(([, at]) => asText(names[at]!, types[at]!)).join(", ")} from ${source}`);
      for (let chunk = await result.fetchChunk(), line = 0; chunk !== null && chunk.rowCount > 0; chunk = await result.fetchChunk()) {
        throwIfAborted(signal, `read ${path}`);
        const vectors = taken.map((_, at) => chunk!.getColumnVector(at));
        for (let n = 0; n < chunk.rowCount; n++) rows.add(vectors.map((vector) => (vector.getItem(n) as string | null) ?? ""), ++line);
        tick(rows.count);
      }
      return { header: names, plan, rows };
    });
  } catch (cause) {
    if (cause instanceof SessionLabError) throw cause;
    throw new DataError(`Expected a whole Parquet file, found ${(cause as Error).message.split("\n")[0]}; write it again`, { file: path }, { cause });
  }
};

function asText(name: string, type: string): string {
  const column = `"${name.replaceAll('"', '""')}"`;
  // A time with a zone would be shown in the zone of this machine.
  return `cast(${/^TIMESTAMP WITH TIME ZONE/.test(type) ? `make_timestamp(epoch_us(${column}))` : column} as varchar)`;
}
