/** Files that are whole or absent: written beside, flushed, renamed. */
import { randomBytes } from "node:crypto";
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Writes a file whole: a reader sees the old content or the new, never a half. Makes the folders it needs.
 * @example
 * import { mkdtempSync, readFileSync } from "node:fs";
 * import { writeFileAtomic } from "sessionlab";
 * const file = `${mkdtempSync("/tmp/files-")}/inner/a.txt`;
 * writeFileAtomic(file, "whole");
 * assert.equal(readFileSync(file, "utf8"), "whole");
 */
export function writeFileAtomic(path: string, content: string | Uint8Array): void {
  mkdirSync(dirname(path), { recursive: true });
  const beside = temporaryName(path);
  const bytes = typeof content === "string" ? Buffer.from(content) : content;
  try {
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
    throw error;
  }
}

/**
 * Fills a folder whole: `fill` writes into a folder beside, which then takes the name.
 * If `path` is there already, it is replaced.
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
  const beside = temporaryName(path);
  mkdirSync(beside, { recursive: true });
  try {
    await fill(beside);
    if (existsSync(path)) {
      const old = temporaryName(path);
      renameSync(path, old);
      renameSync(beside, path);
      rmSync(old, { recursive: true, force: true });
    } else {
      renameSync(beside, path);
    }
  } catch (error) {
    rmSync(beside, { recursive: true, force: true });
    throw error;
  }
}

/** A name beside `path` that no other process takes; a file name, so no seeded number is asked for. */
function temporaryName(path: string): string {
  return `${path}.${process.pid}-${randomBytes(4).toString("hex")}.tmp`;
}
