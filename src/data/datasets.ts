/**
 * The door to data: a name of the catalogue in, a table of events out. A prepared folder is read as it is; else its
 * archive or its files are looked for, else fetched from the sources in their order, and prepared.
 */
import { existsSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { AbortError, ConfigError, DataError, throwIfAborted } from "../core/errors";
import { makeFolder, removeLeftovers, temporaryName, writeFolderAtomic } from "../core/files";
import { hashOf } from "../core/hash";
import { releaseDead, withLock } from "../core/lock";
import { nearest } from "../core/options";
import { readBenchmark, type BenchmarkOptions } from "./benchmark";
import { catalog, type ArchiveSource, type CatalogEntry } from "./catalog";
import { sha256Of } from "./checksum";
import { download, type DownloadOptions } from "./download";
import type { EventTable } from "./events";
import { rawFormats } from "./formats/index";
import { readMovielens } from "./movielens";
import { makeRaw } from "./raw";
import { assertUnchanged, compareFiles, markFiles, marksFrom, pathsOf } from "./raw-marks";
import { checkShare, type RecordFault } from "./record-faults";
import { hasFiles, obtainFiles, placesOf } from "./set-files";
import { setTables } from "./set-tables";
import { dataRoot, preparedFaults, preparedMeta, readPrepared, remark, writePrepared, type RawDataset, type RawTables } from "./store";
import type { Split } from "./types";
import { downloadWheel, pythons } from "./wheel";

/** What loading may be told. */
export interface LoadOptions extends Pick<DownloadOptions, "progress" | "signal" | "connectTimeout"> {
  /** The folder that holds downloads/ and prepared/; else SESSIONLAB_HOME, else the project's data/. */
  readonly root?: string;
  /** The folder of files that were fetched by hand. */
  readonly from?: string;
  /** The largest share of malformed records of official files; above it, they are an error. Default 0.01. */
  readonly maxDropped?: number;
}

/** Rises when the files of a prepared folder change, so that folders of older versions are left alone. */
const FORMAT = 2;

const readers: Readonly<Record<string, (archive: string, source: ArchiveSource, scratch: string) => RawDataset>> = { "ml-100k": readMovielens };

/**
 * Loads a data set of the catalogue; fetches and prepares it the first time, needs no network afterwards.
 * @throws ConfigError for an unknown name (names the nearest); DataError if no source answers or the content is not
 *   the catalogue's; AbortError
 * @example
 * import { loadDataset } from "sessionlab";
 * await assert.rejects(loadDataset("ml-100"), /did you mean "ml-100k"/);
 */
export async function loadDataset(name: string, options: LoadOptions = {}): Promise<EventTable> {
  return loadEntry(entryOf(name), options);
}

/**
 * Loads a benchmark of the catalogue: sessions without times, and test cases.
 * @param given options of `readBenchmark`
 * @throws ConfigError for a name that is none of a benchmark; as `loadDataset` and `readBenchmark`
 * @example
 * import { loadBenchmark } from "sessionlab";
 * await assert.rejects(loadBenchmark("ml-100k"), /a data set of events; loadDataset\("ml-100k"\) reads it/);
 */
export async function loadBenchmark(name: string, given: Partial<BenchmarkOptions> = {}, options: LoadOptions = {}): Promise<Split> {
  const entry = entryOf(name);
  const [source] = entry.sources;
  if (entry.form !== "benchmark" || source?.kind !== "files") throw new ConfigError(`Expected a benchmark, found "${name}", a data set of events; loadDataset("${name}") reads it`);
  const files = await obtainFiles(entry, source, options);
  return readBenchmark({ train: files["train"]!, test: files["test"]!, signal: options.signal, progress: options.progress }, { name, ...given });
}

function entryOf(name: string): CatalogEntry {
  const names = Object.keys(catalog);
  if (!names.includes(name)) throw new ConfigError(`Expected a data set of the catalogue, found "${name}"; did you mean "${nearest(name, names)}"?`);
  return catalog[name as keyof typeof catalog];
}

/** Whether `loadDataset` would need no network: the data set is prepared, or an archive of it is there. */
export function isLocal(entry: CatalogEntry, root?: string): boolean {
  return existsSync(preparedFolder(entry, root)) || isFetched(entry, root);
}

/** Whether an archive of a data set, or all its files, are here. */
export function isFetched(entry: CatalogEntry, root?: string): boolean {
  return entry.sources.some((source) => (source.kind === "files" ? hasFiles(source, { root }) : existsSync(archivePath(source, root))));
}

/** Where an archive is kept, and where it can be placed by hand. */
export function archivePath(source: ArchiveSource, root?: string): string {
  return join(dataRoot(root), "downloads", source.kind === "zip" ? basename(new URL(source.url).pathname) : source.file);
}

/** Where the prepared data of an entry are kept. */
export function preparedFolder(entry: CatalogEntry, root?: string): string {
  return join(dataRoot(root), "prepared", `${entry.name}-${hashOf({ content: entry.contentHash ?? entry.name, format: FORMAT }).slice(0, 8)}`);
}

/** `loadDataset` for an entry of one's own. Of two processes one prepares, the other waits and reads. @throws as `loadDataset` */
export async function loadEntry(entry: CatalogEntry, options: LoadOptions = {}): Promise<EventTable> {
  const folder = preparedFolder(entry, options.root);
  const { signal, progress, maxDropped } = options;
  if (entry.form === "benchmark") throw new ConfigError(`Expected a data set of events, found the benchmark "${entry.name}", which has no times; loadBenchmark("${entry.name}") reads it`);
  const task = `prepare ${entry.name}`;
  const read = async (): Promise<EventTable | undefined> => {
    if (!existsSync(folder)) return undefined;
    try {
      if (await isReplaced(entry, folder, options)) return undefined;
      const table = await readPrepared(folder, entry.name);
      // A process that was killed between preparing and tidying leaves its lock and its scratch.
      if (releaseDead(`${folder}.lock`)) removeLeftovers(dirname(folder), basename(folder));
      return table;
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      return undefined; // a damaged folder is made again
    }
  };
  const onWait = (_: unknown, seconds: number): void => progress?.({ task: `wait for another process to ${task}`, done: seconds, unit: "second" });
  const table = (await read()) ?? (await withLock(`${folder}.lock`, async () => (await read()) ?? (await prepare(entry, folder, options)), { task, signal, onWait }));
  if (maxDropped !== undefined) {
    const faults = preparedFaults(folder);
    checkShare(faults, table.item.length + faults.reduce((sum, { count }) => sum + count, 0), maxDropped, `records of ${entry.name}`);
  }
  return table;
}

/**
 * Whether the raw files are others than those that the folder was made of: those that the caller names, else those at
 * their places then. Files that are gone are no others: a prepared set needs them no more.
 * @throws DataError if the folder has no meta.json, or a damaged one
 */
async function isReplaced(entry: CatalogEntry, folder: string, options: LoadOptions): Promise<boolean> {
  const [source] = entry.sources;
  if (entry.contentHash !== undefined || source?.kind !== "files") return false; // the content itself is checked
  const marks = marksFrom(preparedMeta(folder).raw, folder);
  const places = options.from === undefined ? pathsOf(marks) : placesOf(source, options);
  const needed = options.from === undefined ? Object.keys(marks) : source.files.flatMap(({ role, optional }) => (optional === true ? [] : [role]));
  if (!needed.every((role) => places[role] !== undefined && existsSync(places[role]!))) return false;
  const state = await compareFiles(marks, places);
  if (state === "touched") remark(folder, await markFiles(places));
  return state === "replaced";
}

/** Where the raw files lay when the folder was made; empty where it is not there, or damaged. */
function placesBefore(folder: string): Readonly<Record<string, string>> {
  try {
    return pathsOf(marksFrom(preparedMeta(folder).raw, folder));
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    return {};
  }
}

/** What was left out when a data set of official files was prepared. @throws DataError if it is not prepared */
export function faultsOf(entry: CatalogEntry, root?: string): readonly RecordFault[] {
  return preparedFaults(preparedFolder(entry, root));
}

async function prepare(entry: CatalogEntry, folder: string, options: LoadOptions): Promise<EventTable> {
  const scratch = temporaryName(folder); // beside the folder: what a killed process leaves goes with its next preparation
  makeFolder(scratch);
  let table: EventTable | undefined;
  try {
    const { raw, file, source } = await rawOf(entry, folder, options, scratch);
    throwIfAborted(options.signal, `prepare ${entry.name}`);
    await writeFolderAtomic(folder, async (beside) => {
      const made = raw();
      table = await writePrepared(entry.name, source, made, beside);
      if ("make" in made && made.marks !== undefined) assertUnchanged(made.marks);
      if (entry.contentHash !== undefined && table.hash !== entry.contentHash) {
        throw new DataError(`Expected events of content ${entry.contentHash}, found ${table.hash} (${table.item.length} events); delete the file and fetch it again`, { file });
      }
    });
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return table!;
}

interface RawSource {
  /** Unpacks what it has to where the disk may be full. */
  readonly raw: () => RawDataset | RawTables;
  /** The file to name where the content is another than expected. */
  readonly file: string;
  /** What meta.json says of where the data are from. */
  readonly source: string;
}

/** What the events are made of: an archive by its reader, files by their tables or their format. */
async function rawOf(entry: CatalogEntry, folder: string, options: LoadOptions, scratch: string): Promise<RawSource> {
  const [first] = entry.sources;
  if (first?.kind !== "files") {
    const { archive, source } = await obtain(entry, options);
    const reader = readers[entry.name];
    if (reader === undefined) throw new ConfigError(`Expected a data set with a reader, found "${entry.name}"; the readers are: ${Object.keys(readers).join(", ")}`);
    return { raw: () => reader(archive, source, scratch), file: archive, source: describeSource(source) };
  }
  const where = { ...options, places: placesBefore(folder) };
  const files = await obtainFiles(entry, first, where, scratch);
  const marks = entry.contentHash === undefined ? await markFiles(placesOf(first, where)) : undefined;
  const tables = setTables[entry.name];
  const format = entry.format === undefined ? undefined : rawFormats[entry.format];
  if (tables === undefined && format === undefined) throw new ConfigError(`Expected a data set with tables or a format, found "${entry.name}" with neither`);
  const make = async (connection: DuckDBConnection): Promise<readonly RecordFault[]> => {
    if (tables === undefined) {
      const until = Date.parse(entry.until ?? "2100-01-01") / 1000;
      return makeRaw(connection, format!, { events: [files["events"]!], items: files["items"] }, { maxDropped: options.maxDropped ?? 0.01, until, signal: options.signal });
    }
    await tables(connection, files);
    return [];
  };
  return { raw: () => ({ make, scratch, marks }), file: files["events"]!, source: first.origin };
}

/** Finds the archive in downloads/, else fetches it from the first source that answers. @throws as `loadDataset` */
export async function obtain(entry: CatalogEntry, options: LoadOptions): Promise<{ readonly archive: string; readonly source: ArchiveSource }> {
  const sources = entry.sources.filter((source): source is ArchiveSource => source.kind !== "files");
  for (const source of sources) {
    const archive = archivePath(source, options.root);
    if (!existsSync(archive)) continue;
    const found = await sha256Of(archive);
    if (found !== source.sha256) throw new DataError(`Expected sha256 ${source.sha256}, found ${found}; delete the file, or place the right one there`, { file: archive });
    return { archive, source };
  }
  const failures: Error[] = [];
  for (const source of sources) {
    const archive = archivePath(source, options.root);
    try {
      if (source.kind === "zip") await download(source.url, archive, source.sha256, options);
      else await downloadWheel(source, archive, pythons(), options);
      return { archive, source };
    } catch (error) {
      if (error instanceof AbortError || !(error instanceof DataError)) throw error;
      failures.push(error);
    }
  }
  throw new DataError(`Expected a source of ${entry.title} to answer, found none that does:\n${failures.map((error) => `- ${error.message}`).join("\n")}`, {}, {
    cause: new AggregateError(failures),
  });
}

function describeSource(source: ArchiveSource): string {
  return source.kind === "zip" ? source.url : `${source.package}==${source.version} (${source.folder})`;
}
