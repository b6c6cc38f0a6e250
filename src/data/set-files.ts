/**
 * The files of a set: looked for in the caller's folder, SESSIONLAB_DATA, ../shared/data and downloads/, by their path or
 * their name alone; fetched where the catalogue knows from where; else the error says how to get them by hand.
 */
import { existsSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import { AbortError, ConfigError, DataError } from "../core/errors";
import type { CatalogEntry, FilesSource, SetFile } from "./catalog";
import { sha256Of, sha256OfContent } from "./checksum";
import { download, type DownloadOptions } from "./download";
import { dataRoot, sharedData } from "./store";
import { openZip } from "./zip";

/** Where to look, and how to fetch. */
export interface SetFileOptions extends Pick<DownloadOptions, "progress" | "signal" | "connectTimeout"> {
  readonly root?: string;
  /** A folder of files that were fetched by hand: looked into first, and nothing else when it is given. */
  readonly from?: string;
  /** Where the files of a role lay when the set was prepared before: looked at first where `from` is not given. */
  readonly places?: Readonly<Record<string, string>>;
}

/** The file as it is on disk: itself, or a member of an archive. */
interface Found {
  readonly path: string;
  readonly member?: string;
}

/** Whether all files of the source are here. */
export function hasFiles(source: FilesSource, options: SetFileOptions = {}): boolean {
  return source.files.every((file) => file.optional === true || find(file, options) !== undefined);
}

/** The folders that are looked into, in order. @throws ConfigError if the caller's is none */
function folders({ root, from }: SetFileOptions): string[] {
  if (from !== undefined) {
    if (!existsSync(from)) throw new ConfigError(`Expected from to be a folder that is there, found "${from}"; look at the path`);
    return [resolve(from)];
  }
  return [sharedData(), join(dataRoot(root), "downloads")];
}

function find(file: SetFile, options: SetFileOptions): Found | undefined {
  const archives = file.member === undefined ? [] : (file.urls ?? []).map(nameOf);
  const place = options.from === undefined ? options.places?.[file.role] : undefined;
  if (place !== undefined && existsSync(place)) return { path: place, member: archives.includes(basename(place)) ? file.member : undefined };
  const unpacked = [file.path, file.path.replace(/\.gz$/, "")].flatMap((path) => [path, basename(path)]);
  for (const folder of folders(options)) {
    for (const name of unpacked) if (existsSync(join(folder, name))) return { path: join(folder, name) };
    for (const name of archives) if (existsSync(join(folder, name))) return { path: join(folder, name), member: file.member };
  }
  return undefined;
}

/** The files and archives of a set that are here, by role, as they are on disk. @throws ConfigError if the caller's folder is none */
export function placesOf(source: FilesSource, options: SetFileOptions = {}): Readonly<Record<string, string>> {
  return Object.fromEntries(source.files.flatMap((file) => {
    const found = find(file, options);
    return found === undefined ? [] : [[file.role, found.path]];
  }));
}

/**
 * The files of a set by role, fetched where need be and unpacked into `scratch` where they are in an archive.
 * @throws DataError if one is not here and not to be had, or has another sha256; ConfigError; AbortError
 */
export async function obtainFiles(entry: CatalogEntry, source: FilesSource, options: SetFileOptions, scratch?: string): Promise<Readonly<Record<string, string>>> {
  const paths: Record<string, string> = {};
  for (const file of source.files) {
    const found = find(file, options) ?? (options.from === undefined ? await fetchFile(entry, source, file, options) : undefined);
    if (found === undefined) {
      if (file.optional === true) continue;
      throw missing(entry, source, file, options);
    }
    if (file.sha256 !== undefined) {
      const sha256 = await sha256Of(found.path);
      const same = sha256 === file.sha256 || (file.unpacked !== undefined && (await sha256OfContent(found.path)) === file.unpacked);
      if (!same) throw new DataError(`Expected sha256 ${file.sha256}, found ${sha256}; it is another version of ${entry.title}: ${howTo(source)}`, { file: found.path });
    }
    paths[file.role] = found.member === undefined || scratch === undefined ? found.path : await openZip(found.path).extract(found.member, join(scratch, basename(found.member)));
  }
  return paths;
}

async function fetchFile(entry: CatalogEntry, source: FilesSource, file: SetFile, options: SetFileOptions): Promise<Found | undefined> {
  const failures: Error[] = [];
  for (const url of file.urls ?? []) {
    const path = join(dataRoot(options.root), "downloads", file.member === undefined ? basename(file.path) : nameOf(url));
    try {
      await download(url, path, file.member === undefined ? file.sha256 : undefined, options);
      return { path, member: file.member };
    } catch (error) {
      if (error instanceof AbortError || !(error instanceof DataError)) throw error;
      failures.push(error);
    }
  }
  if (failures.length > 0) throw missing(entry, source, file, options, failures);
  return undefined;
}

function missing(entry: CatalogEntry, source: FilesSource, file: SetFile, options: SetFileOptions, failures: readonly Error[] = []): DataError {
  const tried = failures.length === 0 ? "" : `\n${failures.map(({ message }) => `- ${message}`).join("\n")}\n`;
  return new DataError(`Expected ${file.path} of ${entry.title} in ${folders(options).join(" or ")}, found none${tried}; ${howTo(source)}; then name the folder: --from DIR`, {}, failures.length === 0 ? undefined : { cause: new AggregateError(failures) });
}

/** Where and how to get the files. */
export function howTo({ origin, recipe }: FilesSource): string {
  return `its source is ${origin}: ${recipe.join("; ")}`;
}

function nameOf(url: string): string {
  return basename(new URL(url).pathname);
}
