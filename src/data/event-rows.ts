/**
 * Rows of text to events, row by row: what is no event is dropped under a reason, with a count and its first line, or
 * is an error; nothing that is not a finite number comes through. The report adds up: rows = kept + all dropped.
 * `add` says what an event is; `addBytes` takes the usual rows without making strings of them, and leaves all others to it.
 */
import { DataError } from "../core/errors";
import { dateOf, decimalOf } from "./byte-values";
import type { ColumnPlan, EventField } from "./event-columns";
import { hashEvents, tableOf, type CodedColumn, type EventTable } from "./events";
import { growingFloats, IdColumn } from "./id-column";

/** Rows that were left out. */
export interface DroppedRows {
  readonly reason: string;
  readonly count: number;
  /** Where the first of them begins, from 1; in Parquet, the number of the row. */
  readonly firstLine: number;
}

/** Units of times that are numbers. */
export const timeUnits = { s: 1, ms: 1e3, us: 1e6, ns: 1e9 } as const;

/** "s": unix seconds; "ms", "us", "ns": milli-, micro-, nanoseconds. */
export type TimeUnit = keyof typeof timeUnits;

/** How times were read. "date": ISO 8601, UTC where no zone is given. */
export interface TimeReading {
  readonly unit: TimeUnit | "date";
  /** Whether the unit was told by the range of the numbers. */
  readonly guessed: boolean;
}

/** From 0001 to 9999: what a date can show. */
const earliest = -62135596800;
const latest = 253402300799;

const absent = /^\s*(nan|null|none|na|n\/a|\\n)?\s*$/i;
const numeric = /^\s*[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?\s*$/i;
const date = /^\s*(\d{4}-\d\d-\d\d)(?:[T ](\d\d:\d\d(?::\d\d(?:\.\d+)?)?)\s*(Z|[+-]\d\d(?::?\d\d)?)?)?\s*$/i;

/** Collects the events of one file. */
export class EventRows {
  private readonly ids: readonly { readonly field: "user" | "item" | "session"; readonly at: number; readonly column: IdColumn }[];
  private readonly time = growingFloats();
  private readonly rating = growingFloats();
  /** Runs of events on lines that follow each other: the first event of each, and its line. */
  private readonly runs: { readonly events: number[]; readonly lines: number[] } = { events: [], lines: [] };
  private lastLine = -1;
  private readonly dropped = new Map<string, { count: number; firstLine: number }>();
  private droppedCount = 0;
  /** Of the row that `addBytes` looks at. */
  private readonly codes = new Int32Array(3);
  /** What the first time was: the others must be the same. */
  private form: "number" | "date" | undefined;

  constructor(private readonly file: string, private readonly plan: ColumnPlan, private readonly badRows: "drop" | "error") {
    this.ids = (["user", "item", "session"] as const).flatMap((field) => {
      const at = plan[field];
      return at === undefined ? [] : [{ field, at, column: new IdColumn() }];
    });
  }

  /** Rows seen so far. */
  get count(): number {
    return this.time.length + this.droppedCount;
  }

  /** Takes a row, or drops it. @throws DataError if bad rows are errors */
  add(fields: readonly string[], line: number): void {
    const { plan } = this;
    for (const { field, at } of this.ids) {
      const text = fields[at]!;
      if (text.trim() === "") return this.drop(`no ${field}`, line, field);
      if (text.includes("\0")) return this.drop(`a NUL byte in the ${field}`, line, field);
    }
    const timeText = fields[plan.time!]!;
    if (absent.test(timeText)) return this.drop("no time", line, "time");
    const time = this.parseTime(timeText);
    if (!Number.isFinite(time)) return this.drop(`a time that is no ${this.form ?? "number or date"}`, line, "time", timeText);
    let rating = 0;
    if (plan.rating !== undefined) {
      const text = fields[plan.rating]!;
      if (absent.test(text)) return this.drop("no rating", line, "rating");
      rating = numeric.test(text) ? Math.fround(Number(text)) : NaN;
      if (!Number.isFinite(rating)) return this.drop("a rating that is no number", line, "rating", text);
    }
    for (const { at, column } of this.ids) column.push(fields[at]!);
    this.push(time, rating, line);
  }

  /**
   * Takes a row whose fields are at [starts, ends) of `bytes`, if it is of the usual form.
   * @returns false if `add` must look at it
   */
  addBytes(bytes: Uint8Array, starts: Uint32Array, ends: Uint32Array, line: number): boolean {
    const { time: timeAt, rating: ratingAt } = this.plan;
    const [from, to] = [starts[timeAt!]!, ends[timeAt!]!];
    const form = this.form ?? (Number.isNaN(decimalOf(bytes, from, to)) ? "date" : "number");
    const time = form === "date" ? dateOf(bytes, from, to) : decimalOf(bytes, from, to);
    const rating = ratingAt === undefined ? 0 : decimalOf(bytes, starts[ratingAt]!, ends[ratingAt]!);
    if (Number.isNaN(time) || Number.isNaN(rating)) return false;
    for (const { at } of this.ids) {
      const first = bytes[starts[at]!]!;
      if (starts[at] === ends[at] || first <= 32 || first >= 127) return false; // nothing, or perhaps a blank
    }
    const codes = this.codes;
    for (let k = 0; k < this.ids.length; k++) {
      const { at, column } = this.ids[k]!;
      codes[k] = column.codeOf(bytes, starts[at]!, ends[at]!);
      if (codes[k]! < 0) return false;
    }
    for (let k = 0; k < this.ids.length; k++) this.ids[k]!.column.pushCode(codes[k]!);
    this.form = form;
    this.push(time, Math.fround(rating), line);
    return true;
  }

  private push(time: number, rating: number, line: number): void {
    if (line !== this.lastLine + 1) {
      this.runs.events.push(this.time.length);
      this.runs.lines.push(line);
    }
    this.lastLine = line;
    this.time.push(time);
    if (this.plan.rating !== undefined) this.rating.push(rating);
  }

  /** The line of an event. */
  private lineOf(event: number): number {
    const { events, lines } = this.runs;
    let [low, high] = [0, events.length];
    while (high - low > 1) {
      const middle = (low + high) >>> 1;
      if (events[middle]! <= event) low = middle;
      else high = middle;
    }
    return lines[low]! + event - events[low]!;
  }

  /** Leaves out a row. @throws DataError if bad rows are errors */
  drop(reason: string, line: number, field?: EventField, found?: string): void {
    if (this.badRows === "error") {
      const value = found === undefined ? reason : `${reason}: ${JSON.stringify(found.slice(0, 40))}`;
      throw new DataError(`Expected a row with a value for each column, found ${value}; mend the row, or drop such rows by badRows: "drop"`, { file: this.file, line, field });
    }
    const known = this.dropped.get(reason);
    this.dropped.set(reason, { count: (known?.count ?? 0) + 1, firstLine: Math.min(known?.firstLine ?? line, line) });
    this.droppedCount++;
  }

  /** The events, and what was left out. @throws DataError if no event is left, or more than `maxDropped` of the rows were dropped */
  finish(name: string, unit: TimeUnit | undefined, maxDropped = 1): { readonly events: EventTable; readonly rows: number; readonly kept: number; readonly dropped: readonly DroppedRows[]; readonly time: TimeReading } {
    const { plan, count: rows } = this;
    const raw = this.time.get();
    const reading: TimeReading = this.form === "date" ? { unit: "date", guessed: false } : { unit: unit ?? guessUnit(raw), guessed: unit === undefined };
    const scale = reading.unit === "date" ? 1 : timeUnits[reading.unit];
    const time = new Float64Array(raw.length);
    const stays = new Uint8Array(raw.length);
    let kept = 0;
    for (let n = 0; n < raw.length; n++) {
      const seconds = raw[n]! / scale;
      if (seconds >= earliest && seconds <= latest) {
        stays[n] = 1;
        time[kept++] = seconds;
      } else this.drop("a time out of range", this.lineOf(n), "time", String(raw[n]));
    }
    const dropped = Array.from(this.dropped, ([reason, { count, firstLine }]) => ({ reason, count, firstLine }));
    const reasons = dropped.map(({ reason, count, firstLine }) => `${count} with ${reason} (first on line ${firstLine})`).join(", ");
    if (kept > 0 && rows - kept > maxDropped * rows) {
      const line = Math.min(...dropped.map(({ firstLine }) => firstLine));
      throw new DataError(`Expected at most ${Number((maxDropped * 100).toPrecision(3))} % of ${rows} rows to be no events, found ${rows - kept}: ${reasons}; mend the file, or raise maxDropped`, { file: this.file, line });
    }
    if (kept === 0) {
      throw new DataError(`Expected events, found ${rows === 0 ? "no row under the header" : `none in ${rows} rows: ${reasons}`}; look at the columns and their names`, { file: this.file });
    }
    const pick = <T extends Int32Array | Float64Array>(values: T): T => (kept === values.length ? values : (values.filter((_, n) => stays[n] === 1) as T));
    const ids = Object.fromEntries(this.ids.map(({ field, column }) => [field, pickCodes(column.finish(), pick)])) as { readonly item: CodedColumn; readonly user?: CodedColumn; readonly session?: CodedColumn };
    const rating = plan.rating === undefined ? undefined : Float32Array.from(pick(this.rating.get()));
    const table = tableOf(name, { ...ids, time: time.subarray(0, kept), rating });
    return { events: { ...table, titles: undefined, hash: hashEvents(table) }, rows, kept, dropped, time: reading };
  }

  /** Seconds of a date, or the number as it stands; NaN if it is neither, or not of the form of the others. */
  private parseTime(text: string): number {
    const number = numeric.test(text) ? Number(text) : NaN;
    const value = Number.isNaN(number) ? parseDate(text) : number;
    const form = Number.isNaN(number) ? "date" : "number";
    if (!Number.isFinite(value)) return NaN;
    this.form ??= form;
    return form === this.form ? value : NaN;
  }
}

function parseDate(text: string): number {
  const [, day, clock, zone] = date.exec(text) ?? [];
  if (day === undefined) return NaN;
  const offset = zone === undefined || /^z$/i.test(zone) ? "Z" : zone.replace(/^([+-]\d\d):?(\d\d)?$/, (_, hours: string, minutes?: string) => `${hours}:${minutes ?? "00"}`);
  const midnight = Date.parse(`${day}T00:00:00Z`);
  // Date.parse rolls 30 February over to March: such a day is none.
  if (Number.isNaN(midnight) || new Date(midnight).toISOString().slice(0, 10) !== day) return NaN;
  return Date.parse(`${day}T${clock ?? "00:00"}${offset}`) / 1000;
}

/** The unit that most of the times have by their size: seconds up to the year 5138, milliseconds since 1973, and so on. */
function guessUnit(times: Float64Array): TimeUnit {
  const counts: Record<TimeUnit, number> = { s: 0, ms: 0, us: 0, ns: 0 };
  for (const time of times) {
    const size = Math.abs(time);
    counts[size < 1e11 ? "s" : size < 1e14 ? "ms" : size < 1e17 ? "us" : "ns"]++;
  }
  return (Object.keys(counts) as TimeUnit[]).reduce((best, unit) => (counts[unit] > counts[best] ? unit : best), "s");
}

function pickCodes({ ids, codes }: CodedColumn, pick: (values: Int32Array) => Int32Array): CodedColumn {
  return { ids, codes: pick(codes) };
}
