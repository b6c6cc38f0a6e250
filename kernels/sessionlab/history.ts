/**
 * What was run: in this session with its results, and in earlier ones, from a file with one JSON line a cell
 * (`[session, line, source]`). Where the file cannot be written, there is the session alone.
 */
import { appendFileSync, mkdirSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";

/** Cells that the file keeps; it is cut when it holds twice as many. */
const kept = 5000;

interface Entry {
  readonly session: number;
  readonly line: number;
  readonly source: string;
  output?: string;
}

/** A history_request. */
export interface HistoryRequest {
  readonly hist_access_type?: unknown;
  readonly output?: unknown;
  readonly session?: unknown;
  readonly start?: unknown;
  readonly stop?: unknown;
  readonly n?: unknown;
  readonly pattern?: unknown;
  readonly unique?: unknown;
}

type Row = readonly [session: number, line: number, source: string | readonly [source: string, output: string | null]];

export class History {
  readonly #file: string | undefined;
  readonly #entries: Entry[] = [];
  #session = 1;
  #read = false;

  /** @param file undefined: nothing is kept beyond the session */
  constructor(file: string | undefined) {
    this.#file = file;
  }

  add(line: number, source: string): void {
    this.#load();
    this.#entries.push({ session: this.#session, line, source });
    if (this.#file === undefined) return;
    try {
      appendFileSync(this.#file, `${JSON.stringify([this.#session, line, source])}\n`, { mode: 0o600 });
    } catch {
      // the session's own history is still there
    }
  }

  /** The result of the latest cell, as text. */
  setOutput(text: string): void {
    const last = this.#entries.at(-1);
    if (last !== undefined) last.output = text;
  }

  query(request: HistoryRequest): Row[] {
    this.#load();
    const found = this.#select(request);
    return found.map(({ session, line, source, output }) => [session, line, request.output === true ? [source, output ?? null] : source]);
  }

  #select({ hist_access_type: type, n, pattern, unique, session, start, stop }: HistoryRequest): Entry[] {
    const count = typeof n === "number" && n >= 0 ? n : 10;
    if (type === "range") {
      const wanted = typeof session === "number" && session > 0 ? session : this.#session + (typeof session === "number" ? session : 0);
      const from = typeof start === "number" ? start : 1;
      const to = typeof stop === "number" ? stop : Infinity;
      return this.#entries.filter(({ session: of, line }) => of === wanted && line >= from && line < to);
    }
    if (type === "search") {
      const matches = globPattern(typeof pattern === "string" ? pattern : "*");
      const found = this.#entries.filter(({ source }) => matches.test(source));
      const once = unique === true ? found.filter(({ source }, i) => found.findLastIndex((other) => other.source === source) === i) : found;
      return count === 0 ? [] : once.slice(-count);
    }
    return count === 0 ? [] : this.#entries.slice(-count);
  }

  /** Earlier sessions, when somebody first needs them: most kernels are never asked. */
  #load(): void {
    if (this.#read) return;
    this.#read = true;
    if (this.#file === undefined) return;
    try {
      mkdirSync(dirname(this.#file), { recursive: true });
      const lines = readFileSync(this.#file, "utf8").trimEnd().split("\n");
      const earlier = lines.slice(-kept).flatMap(parsed);
      if (lines.length > 2 * kept) {
        writeFileSync(`${this.#file}.${process.pid}.tmp`, `${lines.slice(-kept).join("\n")}\n`, { mode: 0o600 });
        renameSync(`${this.#file}.${process.pid}.tmp`, this.#file);
      }
      this.#entries.push(...earlier);
      this.#session = 1 + Math.max(0, ...new Set(earlier.map(({ session }) => session)));
    } catch {
      // no file so far
    }
  }
}

function parsed(line: string): Entry[] {
  try {
    const [session, number, source] = JSON.parse(line) as unknown[];
    return Number.isInteger(session) && Number.isInteger(number) && typeof source === "string" ? [{ session: session as number, line: number as number, source }] : [];
  } catch {
    return []; // half a line of a kernel that was killed
  }
}

/** `*` and `?` as in file names. */
function globPattern(pattern: string): RegExp {
  return new RegExp(`^${pattern.replace(/[.+^${}()|[\]\\]/g, "\\$&").replace(/\*/g, "[^]*").replace(/\?/g, "[^]")}$`);
}
