/** Files that are whole or absent: written beside, flushed, renamed. What killed writers left beside is removed. */
import { randomBytes } from "node:crypto";
import { closeSync, fsyncSync, mkdirSync, openSync, readdirSync, renameSync, rmSync, statSync, writeSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { DataError } from "./errors";
import { place, stateOf } from "./processes";

/**
 * Writes a file whole: a reader sees the old content or the new, never a half. Makes the folders it needs.
 * @throws DataError naming the file if the disk is full
 * @example
 * import { mkdtempSync, readFileSync } from "node:fs";
 * import { writeFileAtomic } from "sessionlab";
 * const file = `${mkdtempSync("/tmp/files-")}/inner/a.txt`;
 * writeFileAtomic(file, "whole");
 * assert.equal(readFileSync(file, "utf8"), "whole");
 */
export function writeFileAtomic(path: string, content: string | Uint8Array): void {
  removeLeftovers(dirname(path), basename(path));
  const beside = temporaryName(path);
  const bytes = typeof content === "string" ? Buffer.from(content) : content;
  try {
    mkdirSync(dirname(path), { recursive: true });
    const file = openSync(beside, "wx");
    try {
      for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written);
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    renameSync(beside, path);
  } catch (error) {
    rmSync(beside, { force: true });
    throw isFull(error) ? fullDisk(path, error) : error;
  }
}

/**
 * Fills a folder whole: `fill` writes into a folder beside, which then takes the name.
 * If `path` is there already, it is replaced; of two processes that write it at once, the later one's stays, whole.
 * @throws DataError naming the folder if the disk is full; what `fill` throws
 * @example
 * import { existsSync, mkdtempSync, writeFileSync } from "node:fs";
 * import { writeFolderAtomic } from "sessionlab";
 * const folder = `${mkdtempSync("/tmp/files-")}/model`;
 * const fail = (beside: string): void => {
 *   writeFileSync(`${beside}/half`, "");
 *   throw new Error("disk full");
 * };
 * await assert.rejects(writeFolderAtomic(folder, fail), /disk full/);
 * assert.equal(existsSync(folder), false);
 */
export async function writeFolderAtomic(path: string, fill: (folder: string) => Promise<void> | void): Promise<void> {
  removeLeftovers(dirname(path), basename(path));
  const beside = temporaryName(path);
  try {
    mkdirSync(beside, { recursive: true });
    await fill(beside);
    for (let tries = 0; !tryRename(beside, path, tries < 100 ? ["EEXIST", "ENOTEMPTY", "ENOTDIR", "EPERM"] : []); tries++) {
      const old = temporaryName(path);
      if (tryRename(path, old, ["ENOENT"])) rmSync(old, { recursive: true, force: true }); // else another process moved it away
    }
  } catch (error) {
    rmSync(beside, { recursive: true, force: true });
    throw isFull(error) ? fullDisk(path, error) : error;
  }
}

/** Makes a folder and those it needs. @throws DataError naming it if the disk is full */
export function makeFolder(path: string): void {
  try {
    mkdirSync(path, { recursive: true });
  } catch (error) {
    throw isFull(error) ? fullDisk(path, error) : error;
  }
}

/** Whether an error, or one underneath, says that a disk or a quota is full: as the system says it, or as DuckDB does. */
export function isFull(error: unknown): boolean {
  for (let inner = error; inner instanceof Error; inner = inner.cause) {
    if (["ENOSPC", "EDQUOT"].includes((inner as NodeJS.ErrnoException).code ?? "") || /No space left on device|Disk quota exceeded/.test(inner.message)) return true;
  }
  return false;
}

/** What is thrown where a disk is full. */
export function fullDisk(path: string, cause: unknown): DataError {
  return new DataError("Expected room for this on its disk, found a full disk; nothing half written is left: free some space and try again", { file: path }, { cause });
}

const DAY = 86_400_000;

/**
 * Removes what killed writers left in a folder: temporary names of dead processes, or older than a day.
 * @param name only those beside this name; default all
 */
export function removeLeftovers(folder: string, name?: string): void {
  let names: string[];
  try {
    names = readdirSync(folder);
  } catch {
    return; // no folder, nothing left in it
  }
  for (const one of names) {
    const match = /^(.+?)(?:\.(\d+)(?:-([0-9a-f]{8}))?-[0-9a-f]{8}\.tmp)+$/.exec(one); // beside what is itself beside, too
    if (match === null || (name !== undefined && match[1] !== name)) continue;
    const file = join(folder, one);
    const dead = match[3] !== undefined && stateOf({ pid: Number(match[2]), place: match[3] }) === "dead";
    try {
      if (dead || Date.now() - statSync(file).mtimeMs > DAY) rmSync(file, { recursive: true, force: true });
    } catch {
      // another process removed it, or it is another user's
    }
  }
}

/** A name beside `path` that no other process takes; a file name, so no seeded number is asked for. */
export function temporaryName(path: string): string {
  return `${path}.${process.pid}-${place}-${randomBytes(4).toString("hex")}.tmp`;
}

/** @returns false if it failed with one of these codes */
function tryRename(from: string, to: string, codes: readonly string[]): boolean {
  try {
    renameSync(from, to);
    return true;
  } catch (error) {
    if (codes.includes((error as NodeJS.ErrnoException).code ?? "")) return false;
    throw error;
  }
}
