/**
 * Tables of results, from typed columns to cells; formats.ts turns the cells into text, Markdown, LaTeX and HTML.
 * A table of metrics cannot be made without the protocol that they were measured under and the results they come from.
 */
import { ConfigError } from "../core/errors";

/** A number with what is known about it. */
export interface Estimate {
  readonly mean: number;
  /** Standard deviation over seeds; left out where there is one run only. */
  readonly sd?: number;
  /** Ends of the interval. */
  readonly low?: number;
  readonly high?: number;
  /** A footnote mark such as "†", explained in the table's notes. */
  readonly mark?: string;
  /** A word or two, shown in red beside the number: it must not be taken as it stands. "PLACEBO TOO" */
  readonly warning?: string;
}

/** What a column may hold; undefined is shown as "-". */
export type Cell = string | number | Estimate | undefined;

/** One column: what it holds of a row, and how it is shown. */
export interface Column<Row> {
  readonly header: string;
  readonly cell: (row: Row) => Cell;
  /** Decimals of numbers. Default 4. */
  readonly digits?: number;
  /** Whether the best value is bold, and which end is best. Default: none is. */
  readonly best?: "high" | "low";
}

/** A table of metrics: `renderTable` shows it. */
export interface Table<Row> {
  readonly title: string;
  readonly columns: readonly Column<Row>[];
  readonly rows: readonly Row[];
  /** Whether a row competes for "best"; a reference row measured elsewhere does not. Default: every row does. */
  readonly competes?: (row: Row) => boolean;
  /** One line: data, split, candidates, tie rule, budget, seeds. */
  readonly protocol: string;
  /** Ids of the results that the numbers come from. */
  readonly results: readonly string[];
  /** Lines under the table: what the marks mean, what was read, what to beware of. */
  readonly notes?: readonly string[];
}

/** A cell as every format shows it. */
export interface LaidCell {
  readonly text: string;
  readonly mark: string;
  readonly best: boolean;
  readonly warning?: string;
}

export interface LaidTable {
  readonly title: string;
  readonly headers: readonly string[];
  /** By column: whether it holds numbers, and so is aligned right. */
  readonly numeric: readonly boolean[];
  readonly rows: readonly (readonly LaidCell[])[];
  readonly protocol: string;
  readonly results: readonly string[];
  readonly notes: readonly string[];
}

/**
 * Evaluates the columns on the rows, formats the numbers and finds the best.
 * @throws ConfigError if the protocol or the results are missing
 */
export function layTable<Row>(table: Table<Row>): LaidTable {
  const { title, columns, rows, protocol, results, notes = [] } = table;
  if (protocol.trim() === "" || results.length === 0) {
    const missing = results.length === 0 ? "no result ids" : "no protocol line";
    throw new ConfigError(`Expected a protocol line and result ids under the table "${title}", found ${missing}; numbers without them cannot be checked`);
  }
  const competes = rows.map((row) => table.competes?.(row) ?? true);
  const byColumn = columns.map((column) => {
    const cells = rows.map(column.cell);
    const digits = column.digits ?? 4;
    const values = cells.map((cell) => (typeof cell === "object" ? cell.mean : cell));
    const rivals = values.filter((value, r): value is number => competes[r]! && typeof value === "number" && Number.isFinite(value));
    const bestText = column.best === undefined || rivals.length < 2 ? undefined : (column.best === "high" ? Math.max(...rivals) : Math.min(...rivals)).toFixed(digits);
    const laid = cells.map((cell, r) => ({
      text: cellText(cell, digits),
      mark: typeof cell === "object" ? cell.mark ?? "" : "",
      ...(typeof cell === "object" && cell.warning !== undefined && { warning: cell.warning }),
      best: competes[r]! && bestText !== undefined && typeof values[r] === "number" && (values[r] as number).toFixed(digits) === bestText,
    }));
    return { laid, numeric: cells.some((cell) => typeof cell !== "string" && cell !== undefined) };
  });
  return {
    title,
    headers: columns.map((column) => column.header),
    numeric: byColumn.map((column) => column.numeric),
    rows: rows.map((_, r) => byColumn.map((column) => column.laid[r]!)),
    protocol,
    results,
    notes,
  };
}

function cellText(cell: Cell, digits: number): string {
  if (cell === undefined) return "-";
  if (typeof cell === "string") return cell;
  if (typeof cell === "number") return cell.toFixed(digits);
  const sd = cell.sd === undefined ? "" : ` ± ${cell.sd.toFixed(digits)}`;
  const interval = cell.low === undefined || cell.high === undefined ? "" : ` [${cell.low.toFixed(digits)}, ${cell.high.toFixed(digits)}]`;
  return cell.mean.toFixed(digits) + sd + interval;
}
