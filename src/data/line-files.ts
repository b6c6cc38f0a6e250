/**
 * Text files of any size as lines in DuckDB: gzip or plain (told by the first bytes), read in blocks, in order, so that
 * the row of a record is its line. A line ends with LF, CR LF or CR. What is no line (other bytes than UTF-8, more than
 * `longestRecord` bytes) is left out by DuckDB and named with its line; the numbers of the lines after it still hold.
 * Departs: DuckDB's own readers of CSV and JSON are not used on records. They skip or reject without saying which line
 *   an accepted record began on, or (JSON) that one was rejected at all. And gzip files are unpacked twice at once, by
 *   DuckDB and by zlib: DuckDB takes a file that breaks off for a whole one, and does not look at its checksum.
 */
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { constants, createGunzip, gunzipSync } from "node:zlib";
import type { DuckDBConnection } from "@duckdb/node-api";
import { DataError, SessionLabError } from "../core/errors";
import { isFull } from "../core/files";
import { firstBytes } from "./lines";
import type { RecordFault } from "./record-faults";
import { quote } from "./store";

/** Bytes of the longest record that is read, 8 MiB. */
export const longestRecord = 1 << 23;

/** Four bytes that no text has: the whole line is one column. */
const separator = "\x01\x02\x03\x01";

/**
 * The first line of a file, without its end and without a byte order mark; of a line of more than 64 KiB its beginning.
 * @throws DataError naming the file if it is not there, is empty, or a broken gzip
 */
export function firstLine(file: string): string {
  const packed = firstBytes(file, 1 << 16);
  let bytes = packed;
  if (isGzip(packed)) {
    try {
      bytes = gunzipSync(packed, { finishFlush: constants.Z_SYNC_FLUSH }); // as far as these bytes go
    } catch (cause) {
      throw new DataError(`Expected a whole gzip file, found ${(cause as Error).message}; fetch it again`, { file }, { cause });
    }
  }
  if (bytes.length === 0) throw new DataError("Expected records, found an empty file; fetch it again", { file });
  return bytes.toString("utf8").replace(/^\ufeff/, "").split(/\r\n|\n|\r/, 1)[0]!;
}

/** @throws what zlib says if the file breaks off or has another checksum */
async function unpackWhole(file: string): Promise<void> {
  await pipeline(createReadStream(file, { highWaterMark: 1 << 20 }), createGunzip({ chunkSize: 1 << 20 }), async (pieces: AsyncIterable<Buffer>) => {
    for await (const piece of pieces) void piece;
  });
}

function isGzip([byte1, byte2]: Buffer): boolean {
  return byte1 === 0x1f && byte2 === 0x8b;
}

/** A line that DuckDB did not take. */
interface Reject {
  readonly line: number;
  readonly reason: string;
}

/** The lines of one file, for one query. */
export class LineFile {
  private rejects: readonly Reject[] = [];

  constructor(private readonly connection: DuckDBConnection, readonly file: string, private readonly encoding = "utf-8") {}

  /** A table function with one column, `line`, in the order of the file; NULL where a line is empty. */
  get sql(): string {
    const compression = isGzip(firstBytes(this.file, 2)) ? "gzip" : "none";
    return `read_csv(${quote(this.file)}, auto_detect = false, header = false, columns = {'line': 'VARCHAR'}, delim = ${quote(separator)}, quote = '', escape = '', comment = '',
      compression = '${compression}', encoding = '${this.encoding}', strict_mode = false, max_line_size = ${longestRecord}, store_rejects = true, rejects_limit = 0, rejects_table = 'rejected', rejects_scan = 'scanned')`;
  }

  /**
   * Runs a query that reads `sql`, and notes what was rejected.
   * @throws DataError naming the file if it breaks off
   */
  async run(query: (sql: string) => Promise<void>): Promise<void> {
    const { sql } = this;
    try {
      // Both to their ends, so that neither still reads when the caller tidies up.
      const ends = await Promise.allSettled([query(sql), isGzip(firstBytes(this.file, 2)) ? unpackWhole(this.file) : undefined]);
      for (const end of ends) if (end.status === "rejected") throw end.reason;
    } catch (cause) {
      if (cause instanceof SessionLabError || isFull(cause)) throw cause;
      const found = (cause as Error).message.split("\n")[0];
      throw new DataError(`Expected a whole file of lines, found ${found}; fetch or unpack it again`, { file: this.file }, { cause });
    }
    const rows = (await this.connection.runAndReadAll("select line::integer, error_type::varchar from rejected order by line")).getRows() as [number, string][];
    this.rejects = rows.map(([line, type]) => ({ line, reason: rejectReasons[type] ?? `a line that is no text (${type.toLowerCase()})` }));
    await this.connection.run("drop table rejected; drop table scanned");
  }

  /** How many lines were rejected. */
  get rejectCount(): number {
    return this.rejects.length;
  }

  /** The line, from 1, of the row at position `row`, from 0, of those that were taken. */
  lineOf(row: number): number {
    let line = row + 1;
    for (const reject of this.rejects) {
      if (reject.line > line) break;
      line++;
    }
    return line;
  }

  /** The rejected lines as faults. */
  faults(): RecordFault[] {
    const byReason = new Map<string, { count: number; line: number }>();
    for (const { line, reason } of this.rejects) {
      const known = byReason.get(reason);
      byReason.set(reason, { count: (known?.count ?? 0) + 1, line: known?.line ?? line });
    }
    return Array.from(byReason, ([reason, { count, line }]) => ({ reason, count, file: this.file, line }));
  }
}

const rejectReasons: Readonly<Record<string, string>> = {
  "INVALID ENCODING": "bytes that are not UTF-8",
  "LINE SIZE OVER MAXIMUM": `more than ${longestRecord} bytes in a line`,
};
