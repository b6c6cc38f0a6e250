/**
 * Which cases of an experiment belong to one session, and which have a less popular target: results/cases/<experiment>.json. With it
 * and the ranks in result files, paired tests over sessions need neither the data nor a model. Of the sealed period it holds nothing
 * until that was read.
 * Symbols: C cases.
 */
import { gunzipSync, gzipSync } from "node:zlib";
import { join } from "node:path";
import { readCheckedJson, writeCheckedJson } from "../core/checked-json";
import { DataError } from "../core/errors";
import type { Cases, Split } from "../data/types";
import { popularityStrata, trainingCounts } from "../evaluation/strata";
import type { RankedCases } from "./comparisons";

/** Of one role, packed. */
interface PackedGroups {
  /** sha256 of the cases, as result files have it. */
  readonly hash: string;
  readonly cases: number;
  /** The session of each case, as differences to the case before: gzip, base64. */
  readonly sessions: string;
  /** One byte a case, 1 where the target is less popular: gzip, base64. */
  readonly lessPopular: string;
}

/** What the file holds. */
export interface CaseGroupsFile {
  readonly experiment: string;
  /** Items that targets are ranked among. */
  readonly items: number;
  /** Of the training counts: a target at or below is less popular. */
  readonly quantile: number;
  readonly test: PackedGroups;
  readonly confirm?: PackedGroups;
}

/** The cases of one role, as tests take them. */
export interface CaseGroups extends RankedCases {
  readonly hash: string;
  /** Indices of the cases with a less popular target. */
  readonly lessPopular: Int32Array;
}

function fileOf(results: string, experiment: string): string {
  return join(results, "cases", `${experiment}.json`);
}

/** Writes the groups of an experiment. @param sealedRead whether the sealed period was read: then its groups too */
export function writeCaseGroups(results: string, experiment: string, split: Split, sealedRead: boolean, quantile = 0.8): void {
  const counts = trainingCounts(split.train);
  const packed = (cases: Cases): PackedGroups => ({
    hash: cases.hash,
    cases: cases.target.length,
    sessions: pack(cases.session.map((session, c) => session - (cases.session[c - 1] ?? 0))),
    lessPopular: pack(marks(popularityStrata(cases, counts, [quantile])[0]!.cases, cases.target.length)),
  });
  const file: CaseGroupsFile = { experiment, items: split.items.trained, quantile, test: packed(split.test), ...(sealedRead && split.confirm && { confirm: packed(split.confirm) }) };
  writeCheckedJson(fileOf(results, experiment), file);
}

/**
 * The groups of an experiment's cases.
 * @returns undefined where there are none
 * @throws DataError for a file that was changed, or of another form
 */
export function readCaseGroups(results: string, experiment: string, role: "test" | "confirm"): CaseGroups | undefined {
  const read = readCheckedJson<CaseGroupsFile>(fileOf(results, experiment), "groups of cases", "run sessionlab reproduce --publish");
  const packed = read?.[role];
  if (read === undefined || packed === undefined) return undefined;
  const differences = unpack(packed.sessions, 4 * packed.cases, fileOf(results, experiment));
  const session = new Int32Array(packed.cases);
  session.forEach((_, c) => (session[c] = (session[c - 1] ?? 0) + differences.readInt32LE(4 * c)));
  const less = unpack(packed.lessPopular, packed.cases, fileOf(results, experiment));
  return { role, hash: packed.hash, session, target: { length: packed.cases }, items: { trained: read.items }, lessPopular: Int32Array.from(less.keys()).filter((c) => less[c] === 1) };
}

function marks(cases: Int32Array, count: number): Uint8Array {
  const marked = new Uint8Array(count);
  for (const c of cases) marked[c] = 1;
  return marked;
}

function pack(values: Int32Array | Uint8Array): string {
  const bytes = Buffer.alloc(values.byteLength);
  values.forEach((value, at) => (values instanceof Uint8Array ? bytes.writeUInt8(value, at) : bytes.writeInt32LE(value, 4 * at)));
  return gzipSync(bytes, { level: 9 }).toString("base64");
}

function unpack(packed: string, bytes: number, file: string): Buffer {
  let found: Buffer;
  try {
    found = gunzipSync(Buffer.from(packed, "base64"));
  } catch (cause) {
    throw new DataError("Expected packed groups of cases, found other text; run sessionlab reproduce --publish", { file }, { cause });
  }
  if (found.length !== bytes) throw new DataError(`Expected packed groups of ${bytes} bytes, found ${found.length}; run sessionlab reproduce --publish`, { file });
  return found;
}
