/**
 * Lines of raw files to a table of events in DuckDB, each record checked: what is no event is left out under a reason
 * with its count and the file and line of the first. The report adds up: lines = events + all that was left out.
 */
import type { DuckDBConnection } from "@duckdb/node-api";
import { DataError, throwIfAborted } from "../core/errors";
import { firstLine, LineFile } from "./line-files";
import type { EventLines, RawFormat, RecordField } from "./raw-format";
import type { RecordFault } from "./record-faults";
import { quote } from "./store";

/** Longest id of a user, a session or an item. */
const longestId = 1000;

/** The events of some files. */
export interface RawEvents {
  readonly faults: readonly RecordFault[];
  /** Records, events or not; headers are none. */
  readonly rows: number;
}

/**
 * Makes the view `events` of the connection.
 * @param until no time is later, in unix seconds
 * @throws DataError naming file and line for a file that is not there, breaks off, or is not of the format; AbortError
 */
export async function readRawEvents(connection: DuckDBConnection, format: RawFormat, files: readonly string[], until: number, signal?: AbortSignal): Promise<RawEvents> {
  const faults: RecordFault[] = [];
  const places: { readonly lines: LineFile; readonly from: number; readonly to: number }[] = [];
  const intended = new Set<string>();
  let rows = 0;
  let fields: readonly RecordField[] = [];
  for (const file of files) {
    throwIfAborted(signal, `read ${file}`);
    const spec = format.events(firstLine(file));
    if (spec === undefined) throw new DataError(`Expected ${format.about}, found another first line; look at the path and the format`, { file, line: 1 });
    if (places.length === 0) {
      fields = fieldsOf(spec);
      const types = fields.map((field) => `"${field}" ${field === "rating" ? "float" : field === "time" ? "double" : "varchar"}`);
      await connection.run(`create table records (${types.join(", ")}, reason varchar)`);
    } else if (fieldsOf(spec).join() !== fields.join()) {
      throw new DataError(`Expected the columns of the file before (${fields.join(", ")}), found ${fieldsOf(spec).join(", ")}; read files of one kind`, { file, line: 1 });
    }
    if (spec.except !== undefined) intended.add(spec.except.reason);
    const from = await count(connection, "records");
    const lines = new LineFile(connection, file, spec.encoding);
    await lines.run(async (sql) => void (await connection.run(`insert into records ${selectOf(spec, sql, until)}`)));
    const to = await count(connection, "records");
    places.push({ lines, from, to });
    rows += to - from + lines.rejectCount;
    faults.push(...lines.faults());
  }
  if (format.once) await markDuplicates(connection, fields);
  const found = (await connection.runAndReadAll("select reason, count(*)::double, min(rowid)::double from records where reason is not null group by reason order by 3")).getRows() as [string, number, number][];
  for (const [reason, number, first] of found) {
    const { lines, from } = places.find(({ to }) => first < to)!;
    if (reason === headerReason) rows -= number;
    else faults.push({ reason, count: number, file: lines.file, line: lines.lineOf(first - from), ...(intended.has(reason) ? { intended: true as const } : {}) });
  }
  await connection.run(`create view events as select ${fields.map((field) => `"${field}"`).join(", ")}, rowid as n from records where reason is null`);
  if (rows === faults.reduce((sum, one) => sum + one.count, 0)) {
    const reasons = faults.map((one) => `${one.count} with ${one.reason} (first at ${one.file}:${one.line})`).join(", ");
    throw new DataError(`Expected events, found ${rows === 0 ? "no record" : `none in ${rows} records: ${reasons}`}; look at the file and its format`, { file: files[0] });
  }
  return { faults, rows };
}

const headerReason = "the header";

function fieldsOf(spec: EventLines): RecordField[] {
  return (["user", "session", "item", "rating", "time"] as const).filter((field) => spec.fields[field] !== undefined);
}

async function count(connection: DuckDBConnection, table: string): Promise<number> {
  return Number((await connection.runAndReadAll(`select count(*) from ${table}`)).getRows()[0]![0]);
}

/** One row a line: the fields where it is an event, else the reason why not. */
function selectOf(spec: EventLines, lines: string, until: number): string {
  const { fields, header, time, plus } = spec;
  const ids = (["user", "session", "item"] as const).filter((field) => fields[field] !== undefined);
  const seconds = time === "date" ? `epoch(try_cast(time_text as timestamp))` : `try_cast(time_text as double)${time === "ms" ? " / 1000" : ""}`;
  const number = (expression: string): string => `${expression} is null or not isfinite(${expression})`;
  const missing = (text: string): string => `${text} is null or trim(${text}) in ('', 'NULL', 'NA', 'null')`;
  const reasons: (readonly [condition: string, reason: string])[] = [
    ...(header === undefined ? [] : [[`line = ${quote(header)}`, headerReason] as const]),
    ["line is null or trim(line) = ''", "an empty line"],
    ["r is null", spec.broken],
    ...(spec.except === undefined ? [] : [[spec.except.sql, spec.except.reason] as const]),
    ...ids.flatMap((field) => [
      ...(fields[field]!.wrong === undefined ? [] : [[fields[field]!.wrong!, `${article(field)} of a wrong type`] as const]),
      [missing(`${field}_text`), `no ${field}`] as const,
      [`contains(${field}_text, chr(0))`, `a NUL byte in the ${field}`] as const,
      [`length(${field}_text) > ${longestId}`, `${article(field)} of more than ${longestId} letters`] as const,
    ]),
    ...(fields.time.wrong === undefined ? [] : [[fields.time.wrong, "a time of a wrong type"] as const]),
    [missing("time_text"), "no time"],
    [number("seconds"), `a time that is no ${time === "date" ? "date" : "number"}`],
    ["seconds = 0", "time 0"],
    ["seconds < 0", "a time before 1970"],
    [`seconds > ${until}`, "a time in the future"],
    ...(fields.rating === undefined
      ? []
      : [
          ...(fields.rating.wrong === undefined ? [] : [[fields.rating.wrong, "a rating of a wrong type"] as const]),
          [missing("rating_text"), "no rating"] as const,
          [number("try_cast(rating_text as float)"), "a rating that is no number"] as const,
        ]),
  ];
  const texts = fieldsOf(spec).map((field) => `${fields[field]!.text} as ${field}_text`);
  const values = fieldsOf(spec).map((field) => (field === "time" ? "case when reason is null then seconds end" : field === "rating" ? "case when reason is null then try_cast(rating_text as float) end" : `case when reason is null then ${field}_text end`));
  return `select ${values.join(", ")}, reason from (
    select *, case ${reasons.map(([condition, reason]) => `when ${condition} then ${quote(reason)}`).join("\n")} end as reason from (
      select *, ${seconds}${plus === undefined ? "" : ` + ${plus}`} as seconds from (
        select *, ${texts.join(", ")} from (select line, ${spec.record} as r from ${lines}))))`;
}

function article(field: RecordField): string {
  return field === "item" ? "an item" : `a ${field}`;
}

/** Of the records that say the same, all but the first are left out. */
async function markDuplicates(connection: DuckDBConnection, fields: readonly RecordField[]): Promise<void> {
  const key = fields.map((field) => `"${field}"`).join(", ");
  await connection.run(
    `create table twins as select ${key}, min(rowid) as first from records where reason is null group by ${key} having count(*) > 1;
     update records set reason = 'a duplicate of an earlier record' from twins t
       where ${fields.map((field) => `records."${field}" = t."${field}"`).join(" and ")} and records.reason is null and records.rowid > t.first;
     drop table twins`,
  );
}
