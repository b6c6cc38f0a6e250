/**
 * Text files by lines, gzip or plain (told by their first bytes, not by their name), in blocks: memory holds one block
 * whatever the file's size. What is no text is an error with file and line, never a replacement character: two ids
 * that differ in a broken byte would become one.
 */
import { isUtf8 } from "node:buffer";
import { closeSync, createReadStream, openSync, readSync } from "node:fs";
import { pipeline } from "node:stream";
import { createGunzip } from "node:zlib";
import { DataError, throwIfAborted } from "../core/errors";

/** Some lines of a file that follow each other, without their line ends. */
export interface LineBlock {
  /** The number of the first of them, from 1. */
  readonly first: number;
  readonly lines: readonly string[];
}

/** The same as bytes: UTF-8, whole lines, without a byte order mark and without the end of the last line. */
export interface ByteBlock {
  readonly first: number;
  readonly bytes: Buffer;
}

/** Bytes of the longest line that is read, 1 MiB: a longer one is a file of another kind. */
export const longestLine = 1 << 20;

/** The first `count` bytes of a file. @throws DataError if there is no file that can be read */
export function firstBytes(file: string, count: number): Buffer {
  const bytes = Buffer.alloc(count);
  try {
    const handle = openSync(file, "r");
    try {
      return bytes.subarray(0, readSync(handle, bytes, 0, count, 0));
    } finally {
      closeSync(handle);
    }
  } catch (cause) {
    throw new DataError(`Expected a file that can be read, found ${(cause as NodeJS.ErrnoException).code ?? String(cause)}; look at the path`, { file }, { cause });
  }
}

/**
 * Reads a file line by line. A byte order mark is left out; lines end with LF or CR LF.
 * @throws DataError with file and line for a file that is not there, a broken gzip, bytes that are not UTF-8 and a line
 *   longer than `longestLine`; AbortError
 */
export async function* readLines(file: string, signal?: AbortSignal): AsyncGenerator<LineBlock> {
  for await (const { first, bytes } of readBlocks(file, signal)) {
    const text = bytes.toString();
    const lines = text.split("\n");
    yield { first, lines: text.includes("\r") ? lines.map((one) => (one.endsWith("\r") ? one.slice(0, -1) : one)) : lines };
  }
}

/** Bytes that are read at a time. */
const chunkBytes = 1 << 19;

/** Reads a file in blocks of whole lines. @throws as `readLines` */
export async function* readBlocks(file: string, signal?: AbortSignal): AsyncGenerator<ByteBlock> {
  const [byte1, byte2] = firstBytes(file, 2);
  const raw = createReadStream(file, { highWaterMark: chunkBytes });
  const source = byte1 === 0x1f && byte2 === 0x8b ? pipeline(raw, createGunzip({ chunkSize: chunkBytes }), () => undefined) : raw; // the loop below throws what it breaks off with
  let line = 1;
  let held: Buffer[] = [];
  let heldBytes = 0;
  const hold = (piece: Buffer): void => {
    held.push(piece);
    heldBytes += piece.length;
    if (heldBytes > longestLine) throw tooLong(file, line);
  };
  const release = (): ByteBlock => {
    const all = Buffer.concat(held);
    const bytes = line === 1 && all.length >= 3 && all.readUIntBE(0, 3) === 0xefbbbf ? all.subarray(3) : all;
    if (!isUtf8(bytes)) {
      throw new DataError("Expected UTF-8, found other bytes; convert the file, for example by iconv -f latin1 -t utf-8", { file, line: line + goodLines(bytes) });
    }
    const block = { first: line, bytes };
    line += 1 + countLineEnds(bytes);
    held = [];
    heldBytes = 0;
    return block;
  };
  try {
    for await (const chunk of source as AsyncIterable<Buffer>) {
      throwIfAborted(signal, `read ${file}`);
      const firstEnd = chunk.indexOf(10);
      if (firstEnd < 0) {
        hold(chunk);
        continue;
      }
      hold(chunk.subarray(0, firstEnd));
      const lastEnd = chunk.lastIndexOf(10);
      held.push(chunk.subarray(firstEnd, lastEnd));
      yield release();
      hold(chunk.subarray(lastEnd + 1));
    }
  } catch (cause) {
    if (!isSystemError(cause)) throw cause;
    throw new DataError(`Expected a whole file, found that it breaks off (${cause.message}); fetch or pack it again`, { file, line }, { cause });
  }
  if (heldBytes > 0) yield release();
}

function countLineEnds(bytes: Buffer): number {
  let count = 0;
  for (let at = bytes.indexOf(10); at >= 0; at = bytes.indexOf(10, at + 1)) count++;
  return count;
}

/** How many lines come before the one that is not UTF-8. */
function goodLines(bytes: Buffer): number {
  for (let start = 0, count = 0; ; count++) {
    const end = bytes.indexOf(10, start);
    if (!isUtf8(bytes.subarray(start, end < 0 ? bytes.length : end))) return count;
    start = end + 1;
  }
}

function tooLong(file: string, line: number): DataError {
  return new DataError(`Expected lines of at most ${longestLine} bytes, found a longer one; is it a text file with a row on each line?`, { file, line });
}

/** What the file system and zlib throw. */
function isSystemError(error: unknown): error is NodeJS.ErrnoException {
  return error instanceof Error && "code" in error && "errno" in error;
}
