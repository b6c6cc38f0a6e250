/**
 * Sliding windows: several splits of one data set, each a training period and the test period after it, as session-rec
 * evaluates: a model is fitted to each, and the mean over windows is reported with its spread.
 * Source: Ludewig, Mauro, Latifi and Jannach, "Empirical analysis of session-based recommendation algorithms" (2021),
 *   and their code, rn5l/session-rec: for Diginetica five windows, offset 45, training 25, test 7, shift 18 days.
 * Departs: the last days of training are held out for validation here, where session-rec tunes on a part that it cuts
 *   later; items that training never saw stay as misses, where session-rec drops them (`dropColdItems` does).
 */
import { ConfigError } from "../core/errors";
import { hashOf } from "../core/hash";
import { resolveOptions, rules } from "../core/options";
import { selectEvents } from "./session-steps";
import type { SessionTable } from "./sessions";
import { splitBySession } from "./split";
import { sessionCount, type Split } from "./types";

const defaults = {
  windows: 5,
  /** Where the first window starts, in days after the first event. */
  offsetDays: 0,
  /** The training period, validation included. */
  trainDays: 25,
  /** The last days of the training period, for validation; undefined: as many as for the test. */
  validDays: undefined as number | undefined,
  testDays: 7,
  /** From the start of one window to the start of the next; at least testDays, so that no session is tested twice. */
  shiftDays: 18,
};

/** Options of `slidingWindows`. */
export type WindowSplitOptions = typeof defaults;

const daySeconds = 86400;

/**
 * Splits of whole sessions by the time of their last event, one a window: training in [start, start + trainDays), of
 * which the last validDays are for validation, test in the testDays after. The tests of different windows share no
 * session. Sessions that go over a cut have cases before it; `leakageReport` counts them.
 * @throws ConfigError for windows whose tests overlap, that go past the last event, or that have nothing to train on
 * @example
 * import { eventsFrom, sessionsFrom, slidingWindows } from "sessionlab";
 * const day = 86400;
 * const session = Array.from({ length: 20 }, (_, n) => String(n >> 1));
 * const events = eventsFrom({ name: "demo", session, item: session.map((_, n) => `i${n % 3}`), time: session.map((_, n) => (n >> 1) * day + (n % 2)) });
 * const splits = slidingWindows(sessionsFrom(events, { by: "given" }), { windows: 2, trainDays: 4, testDays: 1, shiftDays: 2 });
 * assert.deepEqual(splits.map(({ train, test }) => [train.item.length, test.target.length]), [[6, 1], [6, 1]]);
 */
export function slidingWindows(table: SessionTable, given: Partial<WindowSplitOptions> = {}): readonly Split[] {
  const options = resolveOptions("slidingWindows", defaults, given, {
    windows: rules.positiveInteger,
    offsetDays: rules.notNegative,
    trainDays: rules.positive,
    validDays: (days) => (days === undefined ? undefined : rules.positive(days)),
    testDays: rules.positive,
    shiftDays: rules.positive,
  });
  const { windows, offsetDays, trainDays, testDays, shiftDays } = options;
  const validDays = options.validDays ?? testDays;
  if (shiftDays < testDays) throw new ConfigError(`Expected shiftDays of ${testDays} or more, as testDays, found ${shiftDays}; or sessions are tested twice`);
  if (validDays >= trainDays) throw new ConfigError(`Expected validDays below the ${trainDays} days of training, found ${validDays}; lower it`);
  const { offsets, time } = table.sessions;
  let [first, last] = [Infinity, -Infinity];
  for (const one of time) {
    first = Math.min(first, one);
    last = Math.max(last, one);
  }
  const needed = offsetDays + (windows - 1) * shiftDays + trainDays;
  if (needed * daySeconds > last - first) {
    throw new ConfigError(`Expected the last test to begin within the ${((last - first) / daySeconds).toFixed(1)} days of ${table.name}, found that it begins after ${needed}; lower windows, shiftDays or trainDays`);
  }
  return Array.from({ length: windows }, (_, window) => {
    const start = first + (offsetDays + window * shiftDays) * daySeconds;
    const test = start + trainDays * daySeconds;
    const stays = new Uint8Array(time.length);
    for (let s = 0; s < sessionCount(table.sessions); s++) {
      const ended = time[offsets[s + 1]! - 1]!;
      if (ended >= start && ended < test + testDays * daySeconds) stays.fill(1, offsets[s]!, offsets[s + 1]!);
    }
    const sessions = selectEvents(table.sessions, stays);
    const part: SessionTable = { ...table, sessions, hash: hashOf({ of: table.hash, window, ...options, stays }) };
    const split = splitBySession(part, { at: [test - validDays * daySeconds, test] });
    return { ...split, protocol: { ...split.protocol, protocol: "sliding window", window: window + 1, ...options, validDays } };
  });
}
