/**
 * Which raw files a set was prepared from. The catalogue has no checksums of official files, so the prepared folder
 * remembers them: a file that was replaced is noticed, and the set is prepared anew. Size, time and both ends of a file
 * are looked at each time; all of it is read only where the time alone differs.
 */
import { createHash } from "node:crypto";
import { closeSync, fstatSync, openSync, readSync, statSync } from "node:fs";
import { DataError } from "../core/errors";
import { sha256Of } from "./checksum";

/** One raw file as it was. */
export interface RawMark {
  readonly path: string;
  readonly bytes: number;
  /** Milliseconds since 1970. */
  readonly modified: number;
  /** sha256 of its first and last `endBytes`. */
  readonly ends: string;
  readonly sha256: string;
}

/** Raw files by role. */
export type RawMarks = Readonly<Record<string, RawMark>>;

const endBytes = 1 << 16;

/** Marks as meta.json has them. @throws DataError naming the folder if they are damaged */
export function marksFrom(value: unknown, folder: string): RawMarks {
  const whole = (mark: unknown): boolean => {
    const { path, bytes, modified, ends, sha256 } = (mark ?? {}) as Partial<RawMark>;
    return [path, ends, sha256].every((text) => typeof text === "string") && [bytes, modified].every(Number.isFinite);
  };
  const marks = value ?? {};
  if (typeof marks === "object" && Object.values(marks).every(whole)) return marks as RawMarks;
  throw new DataError("Expected marks of raw files in meta.json, found others; delete the folder and prepare it again", { file: folder });
}

/** Marks files. */
export async function markFiles(paths: Readonly<Record<string, string>>): Promise<RawMarks> {
  const known = new Map<string, RawMark>(); // one file may have two roles
  for (const path of Object.values(paths)) if (!known.has(path)) known.set(path, { ...quickMark(path), sha256: await sha256Of(path) });
  return Object.fromEntries(Object.entries(paths).map(([role, path]) => [role, known.get(path)!]));
}

/** Where the files are, by role. */
export function pathsOf(marks: RawMarks): Readonly<Record<string, string>> {
  return Object.fromEntries(Object.entries(marks).map(([role, { path }]) => [role, path]));
}

/** @throws DataError if a file has changed since it was marked */
export function assertUnchanged(marks: RawMarks): void {
  for (const { path, bytes, modified } of Object.values(marks)) {
    const now = statSync(path, { throwIfNoEntry: false });
    if (now?.size !== bytes || now.mtimeMs !== modified) throw new DataError("Expected a file that stays as it is while it is read, found that it changed; prepare the set again once it is whole", { file: path });
  }
}

/**
 * Compares files with those that were marked.
 * @returns "same"; "touched" where the bytes are the same and the time or the place is another; "replaced"
 */
export async function compareFiles(marks: RawMarks, paths: Readonly<Record<string, string>>): Promise<"same" | "touched" | "replaced"> {
  if (Object.keys(marks).sort().join() !== Object.keys(paths).sort().join()) return "replaced";
  let touched = false;
  for (const [role, path] of Object.entries(paths)) {
    const { bytes, modified, ends, sha256, path: place } = marks[role]!;
    const now = quickMark(path);
    if (now.bytes !== bytes || now.ends !== ends) return "replaced";
    if (now.modified === modified && path === place) continue;
    if (now.modified !== modified && (await sha256Of(path)) !== sha256) return "replaced";
    touched = true;
  }
  return touched ? "touched" : "same";
}

function quickMark(path: string): Omit<RawMark, "sha256"> {
  const file = openSync(path, "r");
  try {
    const { size, mtimeMs } = fstatSync(file);
    const hash = createHash("sha256");
    const buffer = Buffer.alloc(endBytes);
    for (const from of [0, Math.max(0, size - endBytes)]) hash.update(buffer.subarray(0, readSync(file, buffer, 0, endBytes, from)));
    return { path, bytes: size, modified: mtimeMs, ends: hash.digest("hex") };
  } finally {
    closeSync(file);
  }
}
