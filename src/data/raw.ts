/**
 * Official files of any size as events: raw lines -> DuckDB -> the prepared store's own form, in bounded memory, with a
 * report of what was left out. `loadDataset` does this for the catalogue's sets; here it is for any category.
 */
import { mkdirSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { ConfigError, throwIfAborted } from "../core/errors";
import { fullDisk, isFull, removeLeftovers, temporaryName } from "../core/files";
import { nearest, resolveOptions, rules } from "../core/options";
import type { EventTable } from "./events";
import { rawFormats, type RawFormatName } from "./formats/index";
import { readRawEvents } from "./raw-events";
import type { RawFormat } from "./raw-format";
import { readRawItems, withoutItems } from "./raw-items";
import { checkShare, mergeFaults, type RecordFault } from "./record-faults";
import { writePrepared } from "./store";

const defaults = {
  /** The name of the data set; by default the format's. */
  name: undefined as string | undefined,
  /** The largest share of malformed records, of events and of items each; above it, they are an error. */
  maxDropped: 0.01,
  /** No event is later, ISO 8601; by default 2100. */
  until: "2100-01-01",
};

/** Options of `eventsFromRaw`. */
export type RawOptions = Partial<typeof defaults> & { readonly signal?: AbortSignal };

/** The files of a raw data set. */
export interface RawFiles {
  /** One file, or several of one kind that follow each other. */
  readonly events: string | readonly string[];
  readonly items?: string;
}

/** Events of raw files, with what was left out. */
export interface RawEventTable extends EventTable {
  readonly report: { readonly faults: readonly RecordFault[] };
}

/**
 * Reads official files, gzip or plain. A folder in the system's temporary folder holds what does not fit into memory,
 * and is removed; that of a killed process goes with the next call.
 * @throws ConfigError for an unknown format or wrong options; DataError naming file and line for files that are not
 *   there, break off, are of another format, or have too many malformed records; AbortError
 * @example
 * import { mkdtempSync, writeFileSync } from "node:fs";
 * import { eventsFromRaw } from "sessionlab";
 * const file = `${mkdtempSync("/tmp/raw-")}/ratings_Toys.csv`;
 * writeFileSync(file, "A1,B00X,5.0,1400000000\nA1,B00Y,4.0,0\n");
 * const events = await eventsFromRaw("amazon-2014", { events: file }, { maxDropped: 0.5 });
 * assert.deepEqual([events.itemIds, events.report.faults], [["B00X"], [{ reason: "time 0", count: 1, file, line: 2 }]]);
 */
export async function eventsFromRaw(format: RawFormatName, { events, items }: RawFiles, { signal, ...given }: RawOptions = {}): Promise<RawEventTable> {
  const options = resolveOptions("eventsFromRaw", defaults, given, {
    maxDropped: rules.fraction,
    until: (value) => (Number.isFinite(Date.parse(value as string)) ? undefined : "a date such as 2023-10-01"),
  });
  const names = Object.keys(rawFormats);
  if (!names.includes(format)) throw new ConfigError(`Expected a raw format (${names.join(", ")}), found "${format}"; did you mean "${nearest(format, names)}"?`);
  removeLeftovers(tmpdir(), "sessionlab-raw");
  const scratch = temporaryName(join(tmpdir(), "sessionlab-raw"));
  mkdirSync(scratch, { mode: 0o700 });
  try {
    const files = typeof events === "string" ? [events] : events;
    let faults: readonly RecordFault[] = [];
    const make = async (connection: DuckDBConnection): Promise<readonly RecordFault[]> =>
      (faults = await makeRaw(connection, rawFormats[format], { events: files, items }, { ...options, until: Date.parse(options.until) / 1000, signal }));
    const table = await writePrepared(options.name ?? format, files.join(", "), { make, scratch }, scratch);
    return { ...table, report: { faults } };
  } catch (error) {
    throw isFull(error) ? fullDisk(scratch, error) : error;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** What making the tables of raw files takes. */
export interface MakeOptions {
  readonly maxDropped: number;
  /** Unix seconds. */
  readonly until: number;
  readonly signal?: AbortSignal;
}

/** Makes the tables `events` and `items` of a connection. @throws as `eventsFromRaw` */
export async function makeRaw(
  connection: DuckDBConnection,
  format: RawFormat,
  files: { readonly events: readonly string[]; readonly items?: string },
  { maxDropped, until, signal }: MakeOptions,
): Promise<readonly RecordFault[]> {
  const interrupt = (): void => connection.interrupt();
  signal?.addEventListener("abort", interrupt);
  try {
    const events = await readRawEvents(connection, format, files.events, until, signal);
    checkShare(events.faults, events.rows, maxDropped, "records of events");
    if (files.items === undefined) {
      await withoutItems(connection);
      return mergeFaults(events.faults);
    }
    const items = await readRawItems(connection, format, files.items, signal);
    checkShare(items.faults, items.rows, maxDropped, "records of items");
    // Not merged: the same reason of events and of items is two kinds.
    return [...mergeFaults(events.faults), ...mergeFaults(items.faults)];
  } catch (error) {
    throwIfAborted(signal, `read ${files.events[0]}`); // DuckDB says that it was interrupted, in words of its own
    throw error;
  } finally {
    signal?.removeEventListener("abort", interrupt);
  }
}
