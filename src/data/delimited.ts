/**
 * Rows of a CSV or TSV file, RFC 4180: a field in double quotes may hold delimiters, line ends and doubled quotes.
 * Departs: no DuckDB here. It reads faster, but does not say on which line a row that it accepted began, and every
 *   row that is dropped later must be named by its line.
 */
import { DataError } from "../core/errors";
import { longestLine, readLines } from "./lines";

/** A row, or what is wrong with it. */
export type Row = { readonly line: number; readonly fields: readonly string[] } | { readonly line: number; readonly fault: string };

/** Why a row was not taken, where the reader itself finds out. */
export const rowFaults = { empty: "an empty line", quote: "a quote that does not fit", width: "another number of fields than the header" } as const;

const delimiters = ["\t", ",", ";", "|"] as const;

/**
 * Reads a delimited file.
 * @param onRow gets every row in order; the first is the header. The delimiter is the one that the header has most of
 * @throws DataError with file and line as `readLines`, for an empty file, for a header that is no row, and for a field
 *   in quotes that goes over line ends and then does not fit: it may have swallowed rows
 */
export async function readDelimited(file: string, onRow: (row: Row) => void, signal?: AbortSignal): Promise<void> {
  let delimiter: string | undefined;
  let width: number | undefined;
  let open: { readonly line: number; text: string } | undefined; // a row whose quote is not closed yet
  const take = (line: number, fields: readonly string[] | undefined, swallowed: boolean): void => {
    const fault = fields === undefined ? rowFaults.quote : fields.length !== (width ?? fields.length) ? rowFaults.width : undefined;
    if (fault !== undefined && swallowed) throw brokenQuote(file, line, fault);
    if (width === undefined && fields === undefined) throw new DataError(`Expected a header, found ${fault}; write the names of the columns there`, { file, line });
    width ??= fields!.length;
    onRow(fault === undefined ? { line, fields: fields! } : { line, fault });
  };
  for await (const { first, lines } of readLines(file, signal)) {
    for (const [n, text] of lines.entries()) {
      const line = first + n;
      delimiter ??= delimiterOf(text);
      if (open === undefined) {
        if (text === "") {
          if (width === undefined) throw new DataError("Expected a header, found an empty line; write the names of the columns there", { file, line });
          onRow({ line, fault: rowFaults.empty });
          continue;
        }
        const fields = splitRow(text, delimiter);
        if (fields === "open") open = { line, text };
        else take(line, fields, false);
        continue;
      }
      open.text += `\n${text}`;
      if (open.text.length > longestLine) throw brokenQuote(file, open.line, "no end of it");
      if (!text.includes('"')) continue;
      const fields = splitRow(open.text, delimiter);
      if (fields === "open") continue;
      take(open.line, fields, true);
      open = undefined;
    }
  }
  if (open !== undefined) throw brokenQuote(file, open.line, "no end of it");
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
