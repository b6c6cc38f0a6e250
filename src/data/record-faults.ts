/** What is wrong with raw records: counted by reason, with where the first of each kind is, and too many of them an error. */
import { DataError } from "../core/errors";

/** Records of one kind that were left out. */
export interface RecordFault {
  readonly reason: string;
  readonly count: number;
  /** The file and the line, from 1, of the first of them. */
  readonly file: string;
  readonly line: number;
  /** Left out on purpose, as of another kind than asked for: it is no fault of the file and counts for no share. */
  readonly intended?: true;
}

/** Sums the counts of each reason; of several files the first that has it is named. */
export function mergeFaults(faults: readonly RecordFault[]): RecordFault[] {
  const byReason = new Map<string, RecordFault>();
  for (const fault of faults) {
    const known = byReason.get(fault.reason);
    byReason.set(fault.reason, known === undefined ? fault : { ...known, count: known.count + fault.count });
  }
  return [...byReason.values()];
}

/** @throws DataError that lists all reasons if more than `share` of the `rows` records are faulty, naming the first place */
export function checkShare(faults: readonly RecordFault[], rows: number, share: number, what: string): void {
  const unintended = faults.filter(({ intended }) => intended === undefined);
  const count = unintended.reduce((sum, one) => sum + one.count, 0);
  if (count === 0 || count <= share * rows) return;
  const reasons = unintended.map((one) => `${one.count} with ${one.reason} (first at ${one.file}:${one.line})`).join(", ");
  const { file, line } = unintended.reduce((most, one) => (one.count > most.count ? one : most));
  throw new DataError(`Expected at most ${Number((share * 100).toPrecision(3))} % of ${rows} ${what} to be malformed, found ${count}: ${reasons}; fetch the file again, or raise maxDropped`, { file, line });
}
