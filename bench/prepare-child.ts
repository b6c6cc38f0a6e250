/** A log of events from CSV to split sessions, in a process of its own: what python/prepare.py does with pandas. */
import { eventsFromFile, sessionsFrom, splitBySession } from "../src/index";
import { peakSoFar } from "../src/tensor/planner";

/** What either side says of itself. */
export interface Prepared {
  /** Of the steps in turn: read, sessions, split. */
  readonly ms: readonly number[];
  readonly peakBytes: number;
  /** Training events, and cases of validation, test and confirm: both sides must find the same. */
  readonly counts: readonly number[];
}

async function main(file: string): Promise<void> {
  const laps = [performance.now()];
  // One expression: the events are free as soon as the sessions are made of them.
  const sessions = sessionsFrom(
    await eventsFromFile(file, { columns: { session: null } }).then((events) => (laps.push(performance.now()), events)),
    { by: "gap", gapSeconds: 1800, maxLength: 50, kCore: { item: 5, session: 2 } },
  );
  laps.push(performance.now());
  const { train, valid, test, confirm } = splitBySession(sessions);
  laps.push(performance.now());
  const ms = laps.slice(1).map((lap, step) => Math.round(lap - laps[step]!));
  const prepared: Prepared = { ms, peakBytes: peakSoFar(), counts: [train.item.length, ...[valid, test, confirm!].map((cases) => cases.target.length)] };
  console.log(JSON.stringify(prepared));
}

void main(process.argv[2]!);
