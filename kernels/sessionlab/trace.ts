/** Errors as a notebook shows them: name, message, and a traceback that points at the lines of the cells. */
import { SourceMap } from "node:module";
import { inspect, types } from "node:util";
import { Interrupted, stoppableFile } from "./running";

/** What compiled code needs to find its source again. */
export interface SourceOrigin {
  /** "Cell 3", or a module's file. */
  readonly title: string;
  readonly source: string;
  /** From the running code (0-based line and column) to the source (0-based); undefined where there is no source. */
  position(line: number, column: number): { readonly line: number; readonly column: number } | undefined;
}

/** An error as Jupyter wants it. */
export interface ErrorContent {
  readonly ename: string;
  readonly evalue: string;
  readonly traceback: readonly string[];
}

/** A fault that the compiler found. Lines and columns are 0-based. */
export interface Fault {
  readonly line: number;
  readonly column: number;
  readonly length: number;
  readonly text: string;
  readonly code: number;
  /** Of a module; undefined for the cell. */
  readonly file?: string;
  /** The module's text, where it is on disk. */
  readonly source?: string;
}

/** A cell that does not compile. */
export class CompileError extends Error {
  override readonly name = "CompileError";
  constructor(readonly faults: readonly Fault[], readonly source: string, readonly title: string) {
    super(faults.map(describe).join("\n"));
  }
}

function describe({ line, column, text, code, file }: Fault): string {
  return `${file === undefined ? "" : `${file}:`}${line + 1}:${column + 1} - ${text} (TS${code})`;
}

const kept = 1000;
const origins = new Map<string, SourceOrigin>();

/** Remembers where code of this name comes from. */
export function register(name: string, origin: SourceOrigin): void {
  origins.delete(name);
  origins.set(name, origin);
  const [oldest] = origins.keys();
  if (origins.size > kept) origins.delete(oldest!);
}

/** A source map as a function; decoded when first needed. */
export function positions(map: string): (line: number, column: number) => { line: number; column: number } | undefined {
  let decoded: SourceMap | undefined;
  return (line, column) => {
    decoded ??= new SourceMap(JSON.parse(map) as ConstructorParameters<typeof SourceMap>[0]);
    const entry = decoded.findEntry(line, column) as { originalLine?: number; originalColumn?: number };
    return entry.originalLine === undefined || entry.originalColumn === undefined ? undefined : { line: entry.originalLine, column: entry.originalColumn };
  };
}

const red = (text: string): string => `\x1b[31m${text}\x1b[39m`;
const bold = (text: string): string => `\x1b[1m${text}\x1b[22m`;
const dim = (text: string): string => `\x1b[2m${text}\x1b[22m`;

/** @returns what goes into an `error` message for anything that was thrown */
export function errorContent(error: unknown): ErrorContent {
  if (error instanceof CompileError) {
    return { ename: error.name, evalue: error.message, traceback: error.faults.flatMap((fault) => compileTrace(fault, error)) };
  }
  if (!isError(error)) {
    const evalue = typeof error === "string" ? error : inspect(error, { depth: 2 });
    return { ename: "Thrown", evalue, traceback: [`${bold(red("Thrown"))}: ${evalue}`] };
  }
  const ename = nameOf(error);
  const evalue = String(propertyOf(error, "message"));
  const trace = error instanceof Interrupted ? [] : stackLines(error).flatMap(frameLines);
  return { ename, evalue, traceback: [`${bold(red(ename))}: ${evalue}`, ...trace, ...detailLines(error)] };
}

/** Errors of other realms count too. What was thrown may be a proxy that throws itself. */
function isError(value: unknown): value is Error {
  return types.isNativeError(value) || (!types.isProxy(value) && value instanceof Error);
}

function nameOf(error: Error): string {
  const name = propertyOf(error, "name");
  if (typeof name === "string" && name !== "" && name !== "Error") return name;
  return String(propertyOf(propertyOf(error, "constructor"), "name") ?? "Error");
}

/** A property of anything; undefined where there is none or it cannot be read. */
export function propertyOf(value: unknown, name: string): unknown {
  try {
    return (value as Record<string, unknown>)[name];
  } catch {
    return undefined;
  }
}

function compileTrace(fault: Fault, { source, title }: CompileError): string[] {
  const head = `${bold(red("CompileError"))}: ${fault.text} ${dim(`(TS${fault.code})`)}`;
  const number = String(fault.line + 1);
  const [place, text] = fault.file === undefined ? [`${title}, line ${number}`, lineOf(source, fault.line)] : [`${fault.file}:${number}`, lineOf(fault.source, fault.line)];
  const where = `  ${place}:${fault.column + 1}`;
  if (text === undefined) return [head, where];
  const width = Math.max(1, Math.min(fault.length, text.length - fault.column));
  const pad = text.slice(0, fault.column).replace(/[^\t]/g, " ");
  return [head, where, `    ${number} | ${text}`, `    ${" ".repeat(number.length)} | ${pad}${red("^".repeat(width))}`];
}

function lineOf(source: string | undefined, line: number): string | undefined {
  return source?.split("\n")[line];
}

/** Where an error was made, without colours. */
export function placesOf(error: Error): string[] {
  return stackLines(error).flatMap(frameLines).map((line) => line.replace(/\x1b\[\d+m/g, "").replace(/^  /, ""));
}

function stackLines(error: Error): string[] {
  const stack = propertyOf(error, "stack");
  const lines = typeof stack === "string" ? stack.split("\n").filter((line) => /^\s+at /.test(line)) : [];
  return lines.filter((_, i) => lines[i + 1]?.includes(stoppableFile) !== true); // what the line below it calls is said by a later one
}

/** A frame: in a cell with its lines, elsewhere as one line; what the kernel itself does is left out. */
function frameLines(line: string): string[] {
  if (/node:internal|\(node:|at node:|[\\/]dist[\\/]kernel[\\/]|[\\/]tslab[\\/]dist[\\/]/.test(line)) return [];
  const place = /(?:\(|\bat (?:async )?)(?:file:\/\/)?([^()]*):(\d+):(\d+)\)?$/.exec(line);
  const origin = origins.get(place?.[1] ?? "");
  if (place === null || origin === undefined) return [dim(`  ${line.trim()}`)];
  const at = origin.position(Number(place[2]) - 1, Number(place[3]) - 1);
  if (at === undefined) return [];
  const called = /^\s+at (?:async )?(.+?) \(/.exec(line)?.[1];
  const inFunction = called === undefined || called === "eval" ? "" : `, in ${called}`;
  return [`  ${origin.title}, line ${at.line + 1}${inFunction}`, ...excerpt(origin.source, at.line)];
}

function excerpt(source: string, line: number): string[] {
  const lines = source.trimEnd().split("\n");
  const from = Math.max(0, line - 1);
  const shown = lines.slice(from, line + 2);
  const width = String(from + shown.length).length;
  return shown.map((text, i) => `${from + i === line ? red("  > ") : "    "}${String(from + i + 1).padStart(width)} | ${text}`);
}

/** What an error carries besides its message: causes, the errors of an AggregateError. */
function detailLines(error: Error): string[] {
  const [cause, errors] = [propertyOf(error, "cause"), propertyOf(error, "errors")];
  const causes = cause === undefined ? [] : ["Caused by:", ...errorContent(cause).traceback.map((line) => `  ${line}`)];
  const parts = Array.isArray(errors) ? errors.slice(0, 10).flatMap((one) => errorContent(one).traceback.map((line) => `  ${line}`)) : [];
  return [...causes, ...parts];
}
