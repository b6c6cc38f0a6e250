/**
 * A file that is being fetched: its bytes so far in `<path>.part`, always a beginning of one version of the file, and
 * beside it in `<path>.part.json` which version of which address that is.
 */
import { existsSync, readFileSync, rmSync, statSync } from "node:fs";
import { writeFileAtomic } from "../core/files";

/** Which version of which file a part belongs to, as the server named it. */
export interface PartNote {
  readonly url: string;
  readonly etag?: string;
  readonly lastModified?: string;
  /** Bytes of the whole file, where the server said. */
  readonly total?: number;
}

/** Where the bytes of an unfinished download lie. */
export function partPath(path: string): string {
  return `${path}.part`;
}

/** Bytes that are there; 0 if there is no part. */
export function partSize(path: string): number {
  return statSync(partPath(path), { throwIfNoEntry: false })?.size ?? 0;
}

/** @returns undefined if there is none, or it is of another address */
export function readNote(path: string, url: string): PartNote | undefined {
  const file = notePath(path);
  if (!existsSync(file)) return undefined;
  try {
    const note = JSON.parse(readFileSync(file, "utf8")) as PartNote;
    return note.url === url ? note : undefined;
  } catch {
    return undefined; // without a note the part is of no use, and fetched again
  }
}

/** Begins anew: the old bytes go before the new note comes, so that a note never speaks of other bytes. */
export function beginPart(path: string, note: PartNote): void {
  dropPart(path);
  writeFileAtomic(notePath(path), JSON.stringify(note));
}

/** Removes the part and its note. */
export function dropPart(path: string): void {
  rmSync(partPath(path), { force: true });
  rmSync(notePath(path), { force: true });
}

/** What asks for the same version: a strong ETag, else the time of the last change. */
export function validatorOf(note: PartNote): string | undefined {
  return note.etag !== undefined && !note.etag.startsWith("W/") ? note.etag : note.lastModified;
}

function notePath(path: string): string {
  return `${partPath(path)}.json`;
}
