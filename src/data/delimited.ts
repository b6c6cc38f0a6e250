/**
 * Rows of a CSV or TSV file, RFC 4180: a field in double quotes may hold delimiters, line ends and doubled quotes.
 * Departs: no DuckDB here. It does not say on which line a row that it accepted began, and every row that is dropped
 *   later must be named by its line.
 */
import { DataError } from "../core/errors";
import { longestLine, readBlocks } from "./lines";

/** A row, or what is wrong with it. */
export type Row = { readonly line: number; readonly fields: readonly string[] } | { readonly line: number; readonly fault: string };

/** Why a row was not taken, where the reader itself finds out. */
export const rowFaults = { empty: "an empty line", quote: "a quote that does not fit", width: "another number of fields than the header" } as const;

const delimiters = ["\t", ",", ";", "|"] as const;

/**
 * The fast path beside `onRow`: gets a row without quotes and of the header's width as the places of its fields in a
 * block of bytes. Thirty million rows as strings would take minutes and more memory than their events.
 * @returns false for a row that it does not take: it goes to `onRow`
 */
export type OnBytes = (bytes: Uint8Array, starts: Uint32Array, ends: Uint32Array, line: number) => boolean;

/**
 * Reads a delimited file.
 * @param onRow gets every row in order that `onBytes` did not take; the first is the header. The delimiter is the one
 *   that the header has most of
 * @throws DataError with file and line as `readLines`, for an empty file, for a header that is no row, and for a field
 *   in quotes that goes over line ends and then does not fit: it may have swallowed rows
 */
export async function readDelimited(file: string, onRow: (row: Row) => void, signal?: AbortSignal, onBytes: OnBytes = () => false): Promise<void> {
  let delimiter: string | undefined;
  let width: number | undefined;
  let open: { readonly line: number; text: string } | undefined; // a row whose quote is not closed yet
  let [starts, ends] = [new Uint32Array(1), new Uint32Array(1)];
  const take = (line: number, fields: readonly string[] | undefined, swallowed: boolean): void => {
    const fault = fields === undefined ? rowFaults.quote : fields.length !== (width ?? fields.length) ? rowFaults.width : undefined;
    if (fault !== undefined && swallowed) throw brokenQuote(file, line, fault);
    if (width === undefined && fields === undefined) throw new DataError(`Expected a header, found ${fault}; write the names of the columns there`, { file, line });
    if (width === undefined) [starts, ends] = [new Uint32Array(fields!.length + 1), new Uint32Array(fields!.length + 1)];
    width ??= fields!.length;
    onRow(fault === undefined ? { line, fields: fields! } : { line, fault });
  };
  const takeText = (line: number, text: string): void => {
    delimiter ??= delimiterOf(text);
    if (open === undefined) {
      if (text === "") {
        if (width === undefined) throw new DataError("Expected a header, found an empty line; write the names of the columns there", { file, line });
        onRow({ line, fault: rowFaults.empty });
        return;
      }
      const fields = splitRow(text, delimiter);
      if (fields === "open") open = { line, text };
      else take(line, fields, false);
      return;
    }
    open.text += `\n${text}`;
    if (open.text.length > longestLine) throw brokenQuote(file, open.line, "no end of it");
    if (!text.includes('"')) return;
    const fields = splitRow(open.text, delimiter);
    if (fields === "open") return;
    take(open.line, fields, true);
    open = undefined;
  };
  for await (const { first, bytes } of readBlocks(file, signal)) {
    for (let line = first, from = 0; from <= bytes.length; line++) {
      const separator = delimiter?.charCodeAt(0);
      let [count, at, quoted] = [0, from, false];
      starts[0] = from;
      for (; at < bytes.length; at++) {
        const byte = bytes[at]!;
        if (byte === 10) break;
        if (byte === 34) quoted = true;
        else if (byte === separator) {
          ends[count] = at; // a write past the end is dropped, as is the row
          starts[++count] = at + 1;
        }
      }
      const end = at > from && bytes[at - 1] === 13 ? at - 1 : at;
      ends[count] = end;
      const plain = width === count + 1 && open === undefined && !quoted && end > from;
      if (!plain || !onBytes(bytes, starts, ends, line)) takeText(line, bytes.toString("utf8", from, end));
      from = at + 1;
    }
  }
  if (open !== undefined) throw brokenQuote(file, (open as { readonly line: number }).line, "no end of it");
  if (width === undefined) throw new DataError("Expected a header and rows, found an empty file; look at the path", { file });
}

/** @returns the fields; "open" if a quote is not closed; undefined if something follows a closing quote */
function splitRow(text: string, delimiter: string): readonly string[] | "open" | undefined {
  if (!text.includes('"')) return text.split(delimiter);
  const fields: string[] = [];
  for (let at = 0; ; at++) {
    let end: number;
    if (text[at] === '"') {
      end = closingQuote(text, at + 1) + 1;
      if (end === 0) return "open";
      if (end < text.length && text[end] !== delimiter) return undefined;
      fields.push(text.slice(at + 1, end - 1).replaceAll('""', '"'));
    } else {
      const next = text.indexOf(delimiter, at);
      end = next < 0 ? text.length : next;
      fields.push(text.slice(at, end));
    }
    if (end === text.length) return fields;
    at = end;
  }
}

/** Where the quote ends that began before `from`, or -1. */
function closingQuote(text: string, from: number): number {
  let at = text.indexOf('"', from);
  while (at >= 0 && text[at + 1] === '"') at = text.indexOf('"', at + 2);
  return at;
}

function delimiterOf(header: string): string {
  const bare = header.replace(/"[^"]*"/g, "");
  const counts = delimiters.map((one) => bare.split(one).length);
  return delimiters[counts.indexOf(Math.max(...counts))]!;
}

function brokenQuote(file: string, line: number, found: string): DataError {
  return new DataError(`Expected a field in quotes to end and to fit its row, found ${found}; close its quote, or double a quote inside it`, { file, line });
}
