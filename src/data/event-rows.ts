/**
 * Rows of text to events, row by row: what is no event is dropped under a reason, with a count and its first line, or
 * is an error; nothing that is not a finite number comes through. The report adds up: rows = kept + all dropped.
 */
import { DataError } from "../core/errors";
import type { ColumnPlan, EventField } from "./event-columns";
import { eventsFrom, type EventTable } from "./events";

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
  private readonly columns = { user: new Texts(), item: new Texts(), session: new Texts(), time: [] as number[], rating: [] as number[] };
  private readonly lines: number[] = [];
  private readonly dropped = new Map<string, { count: number; firstLine: number }>();
  private droppedCount = 0;
  private readonly ids: readonly (readonly ["user" | "item" | "session", number])[];
  /** What the first time was: the others must be the same. */
  private form: "number" | "date" | undefined;

  constructor(private readonly file: string, private readonly plan: ColumnPlan, private readonly badRows: "drop" | "error") {
    this.ids = (["user", "item", "session"] as const).flatMap((field) => {
      const at = plan[field];
      return at === undefined ? [] : [[field, at] as const];
    });
  }

  /** Rows seen so far. */
  get count(): number {
    return this.lines.length + this.droppedCount;
  }

  /** Takes a row, or drops it. @throws DataError if bad rows are errors */
  add(fields: readonly string[], line: number): void {
    const { plan, columns } = this;
    for (const [field, at] of this.ids) {
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
    this.lines.push(line);
    columns.time.push(time);
    if (plan.rating !== undefined) columns.rating.push(rating);
    for (const [field, at] of this.ids) columns[field].push(fields[at]!);
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

  /** The events, and what was left out. @throws DataError if no event is left */
  finish(name: string, unit: TimeUnit | undefined): { readonly events: EventTable; readonly rows: number; readonly kept: number; readonly dropped: readonly DroppedRows[]; readonly time: TimeReading } {
    const { columns, plan, lines, count: rows } = this;
    const reading: TimeReading = this.form === "date" ? { unit: "date", guessed: false } : { unit: unit ?? guessUnit(columns.time), guessed: unit === undefined };
    const scale = reading.unit === "date" ? 1 : timeUnits[reading.unit];
    const time = Float64Array.from(columns.time, (value) => value / scale);
    const inside = (n: number): boolean => time[n]! >= earliest && time[n]! <= latest;
    const kept: number[] = [];
    for (const n of time.keys()) {
      if (inside(n)) kept.push(n);
      else this.drop("a time out of range", lines[n]!, "time", String(columns.time[n]));
    }
    const dropped = Array.from(this.dropped, ([reason, { count, firstLine }]) => ({ reason, count, firstLine }));
    if (kept.length === 0) {
      const reasons = dropped.map(({ reason, count, firstLine }) => `${count} with ${reason} (first on line ${firstLine})`).join(", ");
      throw new DataError(`Expected events, found ${rows === 0 ? "no row under the header" : `none in ${rows} rows: ${reasons}`}; look at the columns and their names`, { file: this.file });
    }
    const all = kept.length === time.length;
    const pick = <T>(values: readonly T[]): readonly T[] => (all ? values : kept.map((n) => values[n]!));
    const events = eventsFrom({
      name,
      item: pick(columns.item.values),
      time: all ? time : Float64Array.from(kept, (n) => time[n]!),
      user: plan.user === undefined ? undefined : pick(columns.user.values),
      rating: plan.rating === undefined ? undefined : pick(columns.rating),
      session: plan.session === undefined ? undefined : pick(columns.session.values),
    });
    return { events, rows, kept: kept.length, dropped, time: reading };
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
function guessUnit(times: readonly number[]): TimeUnit {
  const counts: Record<TimeUnit, number> = { s: 0, ms: 0, us: 0, ns: 0 };
  for (const time of times) {
    const size = Math.abs(time);
    counts[size < 1e11 ? "s" : size < 1e14 ? "ms" : size < 1e17 ? "us" : "ns"]++;
  }
  return (Object.keys(counts) as TimeUnit[]).reduce((best, unit) => (counts[unit] > counts[best] ? unit : best), "s");
}

/** A column of texts that repeat: each different one is kept once. */
class Texts {
  readonly values: string[] = [];
  private readonly known = new Map<string, string>();

  push(text: string): void {
    let value = this.known.get(text);
    if (value === undefined) {
      value = Buffer.from(text).toString(); // a copy: a slice would keep its whole block of lines in memory
      this.known.set(value, value);
    }
    this.values.push(value);
  }
}
