/** Text files that are larger than a text can be: written beside in pieces, flushed, renamed. */
import { closeSync, fsyncSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { basename, dirname } from "node:path";
import { fullDisk, isFull, makeFolder, removeLeftovers, temporaryName } from "../core/files";

/** Characters that are gathered before they are written. */
const pieceLength = 1 << 20;

/** Writes lines to a file, whole or not at all. @throws DataError naming the file if the disk is full; what `lines` throws */
export function writeLines(file: string, lines: Iterable<string>): void {
  removeLeftovers(dirname(file), basename(file));
  makeFolder(dirname(file));
  const beside = temporaryName(file);
  try {
    const handle = openSync(beside, "wx");
    try {
      let held = "";
      const flush = (): void => {
        const bytes = Buffer.from(held);
        for (let written = 0; written < bytes.length; ) written += writeSync(handle, bytes, written);
        held = "";
      };
      for (const line of lines) {
        held += `${line}\n`;
        if (held.length >= pieceLength) flush();
      }
      flush();
      fsyncSync(handle);
    } finally {
      closeSync(handle);
    }
    renameSync(beside, file);
  } catch (error) {
    rmSync(beside, { force: true });
    throw isFull(error) ? fullDisk(file, error) : error;
  }
}
