/**
 * The benchmark form of session data, as the SR-GNN line of papers publishes it: a file of training sessions, one a
 * line, items in time order; and a file of test cases, prefix TAB label, prefixes already expanded. gzip or plain.
 * Sessions are in date order and have no times, so cuts are made by order:
 * - validation: the last share of the training sessions, every item but the first of a session a case;
 * - test and confirm: the first and the second half of the test file's sessions, or the whole file as test.
 * Items are numbered by first appearance: training, validation, test, confirm. An item that training does not have is
 * a miss wherever it is a target.
 * Departs: the cases of one test session stand under each other in the file; they are found again (a prefix and its
 *   label are the prefix of the neighbour) and share one session, which the bootstrap and the halves need.
 */
import { basename } from "node:path";
import { DataError } from "../core/errors";
import { hashOf } from "../core/hash";
import { resolveOptions, rules } from "../core/options";
import { meter, type Progress } from "../core/progress";
import { readLines } from "./lines";
import { sessionRange } from "./session-steps";
import { sessionCount, type Cases, type Items, type Role, type Sessions, type Split, type TrainSessions } from "./types";

const defaults = {
  /** The name in tables and passports. */
  name: "benchmark",
  /** Share of the training sessions, the last ones, that become validation cases; 0 leaves validation empty. */
  validShare: 0.1,
  /** Whether the second half of the test sessions is sealed; false takes the whole file as test. */
  confirm: true,
};

/** Options of `readBenchmark`. */
export type BenchmarkOptions = typeof defaults;

/** Where the two files are, and what reading takes beside options. */
export interface BenchmarkFiles {
  /** One session a line: item ids between spaces or tabs, in time order. */
  readonly train: string;
  /** One case a line: the ids of the prefix, a tab, the id that came next. */
  readonly test: string;
  readonly signal?: AbortSignal;
  readonly progress?: Progress;
}

/**
 * Reads benchmark files into a split.
 * @throws ConfigError for wrong options; DataError with file and line for what is not in this form; AbortError
 * @example
 * import { mkdtempSync, writeFileSync } from "node:fs";
 * import { readBenchmark } from "sessionlab";
 * const folder = mkdtempSync("/tmp/benchmark-");
 * writeFileSync(`${folder}/train.txt`, "a b\nb c a\n");
 * writeFileSync(`${folder}/test.txt`, "a b\td\na\tb\n");
 * const split = await readBenchmark({ train: `${folder}/train.txt`, test: `${folder}/test.txt` }, { validShare: 0, confirm: false });
 * assert.deepEqual(split.items, { ids: ["a", "b", "c", "d"], trained: 3 });
 * assert.deepEqual([Array.from(split.test.end), Array.from(split.test.target)], [[2, 1], [3, 1]]);
 */
export async function readBenchmark({ train, test, signal, progress }: BenchmarkFiles, given: Partial<BenchmarkOptions> = {}): Promise<Split> {
  const options = resolveOptions("readBenchmark", defaults, given, { validShare: rules.fraction });
  const ids = new Dictionary();
  const sessions = await readSessions(train, ids, signal, progress);
  const count = sessionCount(sessions);
  // Rounded to 1e-9 first: 0.1 * 30 is 3.0000000000000004.
  const valid = Math.ceil(Number((options.validShare * count).toFixed(9)));
  if (valid === count) throw new DataError(`Expected more than the ${count} sessions that validation takes, found no other; lower validShare`, { file: train });
  const trainPart = sessionRange(sessions, 0, count - valid);
  const trained = distinct(trainPart.item, 0);
  const seenByValid = ids.size;
  const cases = await readCases(test, ids, signal, progress);
  const items: Items = { ids: ids.names, trained };
  const identity = (seen: number): { readonly items: string; readonly trained: number } => ({ items: JSON.stringify(items.ids.slice(0, seen)), trained });
  const seal = <R extends Role>(role: R, seen: number, columns: CaseColumns): Cases<R> => {
    const { session, end, target } = columns;
    const { offsets, item } = columns.sessions;
    return { ...columns, role, items, hash: hashOf({ role, ...identity(seen), offsets, item, session, end, target }) };
  };
  const half = options.confirm ? Math.ceil(sessionCount(cases.sessions) / 2) : sessionCount(cases.sessions);
  const tested = caseRange(cases, 0, half);
  const kept = caseRange(cases, half, sessionCount(cases.sessions));
  const trainSessions: TrainSessions = { ...trainPart, role: "train", items, hash: hashOf({ ...identity(trained), ...trainPart }) };
  return {
    name: options.name,
    protocol: {
      protocol: "benchmark files",
      words:
        "validation: the last share of the training sessions, each item but the first a case; " +
        (options.confirm ? "test and confirm: the first and the second half of the test file's sessions" : "test: the whole test file"),
      validShare: options.validShare,
      confirm: options.confirm,
    },
    items,
    train: trainSessions,
    valid: seal("valid", seenByValid, expand(sessionRange(sessions, count - valid, count))),
    test: seal("test", distinct(tested.sessions.item, seenByValid), tested),
    confirm: options.confirm ? seal("confirm", ids.size, kept) : undefined,
  };
}

type CaseColumns = Pick<Cases, "sessions" | "session" | "end" | "target">;

async function readSessions(file: string, ids: Dictionary, signal: AbortSignal | undefined, progress: Progress | undefined): Promise<Sessions> {
  const item = new Column();
  const offsets = new Column();
  offsets.push(0);
  for await (const { text, line } of rows(file, "session", signal, progress)) {
    for (const id of fieldsOf(text, file, line)) item.push(ids.of(id));
    offsets.push(item.length);
  }
  return { offsets: Uint32Array.from(offsets.values()), item: item.values() };
}

async function readCases(file: string, ids: Dictionary, signal: AbortSignal | undefined, progress: Progress | undefined): Promise<CaseColumns> {
  const item = new Column();
  const offsets = new Column();
  const [session, end, target] = [new Column(), new Column(), new Column()];
  let previous = 0; // length of the prefix of the case before
  for await (const { text, line } of rows(file, "case", signal, progress)) {
    const tab = text.lastIndexOf("\t");
    const prefix = tab < 0 ? [] : fieldsOf(text.slice(0, tab), file, line, "prefix");
    const [label, ...others] = tab < 0 ? [] : fieldsOf(text.slice(tab + 1), file, line, "label");
    if (label === undefined || others.length > 0) {
      throw new DataError(`Expected a prefix, a tab and one label, found ${show(text)}; write one case a line`, { file, line });
    }
    const start = offsets.length === 0 ? 0 : offsets.last();
    const codes = prefix.map((id) => ids.of(id));
    codes.push(ids.of(label));
    const length = item.length - start;
    // The session of the case before goes on: one step earlier in it, or one step later.
    const earlier = codes.length === previous && item.startsWith(codes, start);
    const later = previous > 0 && prefix.length === length && previous === length - 1 && item.startsWith(codes.slice(0, -1), start);
    if (!earlier && !later) offsets.push(item.length);
    if (!earlier) for (const code of later ? codes.slice(-1) : codes) item.push(code);
    session.push(offsets.length - 1);
    end.push(prefix.length);
    target.push(codes[prefix.length]!);
    previous = prefix.length;
  }
  offsets.push(item.length);
  const sessions = { offsets: Uint32Array.from(offsets.values()), item: item.values() };
  return { sessions, session: session.values(), end: end.values(), target: target.values() };
}

/** The lines that hold something: an empty one is an error, but at the end of the file. @throws DataError if there is none */
async function* rows(file: string, unit: string, signal: AbortSignal | undefined, progress: Progress | undefined): AsyncGenerator<{ readonly text: string; readonly line: number }> {
  const tick = meter(progress, `read ${basename(file)}`, unit);
  let empty = 0;
  let count = 0;
  for await (const { first, lines } of readLines(file, signal)) {
    for (const [n, text] of lines.entries()) {
      if (text.trim() === "") {
        if (empty === 0) empty = first + n;
        continue;
      }
      if (empty > 0) throw new DataError(`Expected a ${unit}, found an empty line; delete it`, { file, line: empty });
      count++;
      yield { text, line: first + n };
    }
    tick(count);
  }
  if (count === 0) throw new DataError(`Expected one ${unit} a line, found an empty file; look at the path`, { file });
}

/** The ids between spaces or tabs. */
function fieldsOf(text: string, file: string, line: number, field?: string): string[] {
  if (/[\x00-\x08\x0b-\x1f\x7f]/.test(text)) throw new DataError(`Expected item ids, found a control character in ${show(text)}; is it a text file?`, { file, line, field });
  const fields = text.trim().split(/[ \t]+/);
  if (fields[0] === "") throw new DataError("Expected item ids, found none; write one at least", { file, line, field });
  return fields;
}

function show(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}...` : text);
}

/** Every item but the first of a session as a case. */
function expand(sessions: Sessions): CaseColumns {
  const [session, end, target] = [new Column(), new Column(), new Column()];
  for (let s = 0; s < sessionCount(sessions); s++) {
    const start = sessions.offsets[s]!;
    for (let position = 1; start + position < sessions.offsets[s + 1]!; position++) {
      session.push(s);
      end.push(position);
      target.push(sessions.item[start + position]!);
    }
  }
  return { sessions, session: session.values(), end: end.values(), target: target.values() };
}

/** The cases of sessions [from, to). */
function caseRange({ sessions, session, end, target }: CaseColumns, from: number, to: number): CaseColumns {
  const at = (limit: number): number => {
    const found = session.findIndex((one) => one >= limit); // cases are in the order of their sessions
    return found < 0 ? session.length : found;
  };
  const [first, last] = [at(from), at(to)];
  return { sessions: sessionRange(sessions, from, to), session: session.slice(first, last).map((one) => one - from), end: end.slice(first, last), target: target.slice(first, last) };
}

/** How many items are known after `item`, when `before` were known and the rest is numbered by first appearance. */
function distinct(item: Int32Array, before: number): number {
  return item.reduce((most, one) => Math.max(most, one + 1), before);
}

/** Outside ids to dense numbers in order of first appearance. */
class Dictionary {
  readonly names: string[] = [];
  private readonly numbers = new Map<string, number>();

  get size(): number {
    return this.names.length;
  }

  of(id: string): number {
    const known = this.numbers.get(id);
    if (known !== undefined) return known;
    const name = Buffer.from(id).toString(); // a copy: a slice would keep its whole block of lines in memory
    this.numbers.set(name, this.names.length);
    return this.names.push(name) - 1;
  }
}

/** A column of integers that grows. */
class Column {
  length = 0;
  private store = new Int32Array(1024);

  push(value: number): void {
    if (this.length === this.store.length) {
      const larger = new Int32Array(this.length * 2);
      larger.set(this.store);
      this.store = larger;
    }
    this.store[this.length++] = value;
  }

  last(): number {
    return this.store[this.length - 1]!;
  }

  /** Whether `values` are what stands from `start` on. */
  startsWith(values: readonly number[], start: number): boolean {
    return start + values.length <= this.length && values.every((value, n) => this.store[start + n] === value);
  }

  values(): Int32Array {
    return this.store.slice(0, this.length);
  }
}
