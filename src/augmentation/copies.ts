/** How much of an augmentation is there already: sessions of the training again, and sessions that hold a test case. */
import { sessionCount, type Cases, type Sessions } from "../data/types";
import { itemsOf } from "./collector";

/** Shares of the added sessions. */
export interface CopyRates {
  readonly sessions: number;
  /** Whose items are those of a training session, all of them in order. */
  readonly ofTraining: number;
  /** That hold the prefix of a case and then its target, one after another; of each test session its longest case. */
  readonly ofCases: number;
}

/**
 * Compares added sessions with the training and with cases.
 * @example
 * import { copyRates } from "sessionlab";
 * const train = { offsets: Uint32Array.of(0, 2), item: Int32Array.of(0, 1) };
 * const added = { offsets: Uint32Array.of(0, 2, 5), item: Int32Array.of(0, 1, 2, 3, 4) };
 * const items = { ids: ["a", "b", "c", "d", "e"], trained: 5 };
 * const cases = { role: "test" as const, items, sessions: { offsets: Uint32Array.of(0, 2), item: Int32Array.of(3, 4) }, session: Int32Array.of(0), end: Int32Array.of(1), target: Int32Array.of(4), hash: "" };
 * assert.deepEqual(copyRates(added, train, cases), { sessions: 2, ofTraining: 0.5, ofCases: 0.5 });
 */
export function copyRates(added: Sessions, train: Sessions, cases: Cases): CopyRates {
  const keys = (sessions: Sessions): string[] => Array.from({ length: sessionCount(sessions) }, (_, s) => itemsOf(sessions, s).join());
  const trained = new Set(keys(train));
  const longest = new Map<number, number>(); // the case of each session
  cases.session.forEach((session, c) => {
    const known = longest.get(session);
    if (known === undefined || cases.end[known]! < cases.end[c]!) longest.set(session, c);
  });
  const asked = new Set<string>();
  const lengths = new Set<number>();
  for (const [session, c] of longest) {
    const items = [...itemsOf(cases.sessions, session).slice(0, cases.end[c]), cases.target[c]!];
    asked.add(items.join());
    lengths.add(items.length);
  }
  let [ofTraining, ofCases] = [0, 0];
  const count = sessionCount(added);
  for (let s = 0; s < count; s++) {
    const items = itemsOf(added, s);
    if (trained.has(items.join())) ofTraining++;
    if ([...lengths].some((length) => items.some((_, from) => from + length <= items.length && asked.has(items.slice(from, from + length).join())))) ofCases++;
  }
  return { sessions: count, ofTraining: count === 0 ? 0 : ofTraining / count, ofCases: count === 0 ? 0 : ofCases / count };
}
