/**
 * What happens to items that training never saw. The default everywhere is "misses": a case whose target is cold counts,
 * and no model can have it. Much of the literature drops such items from the sessions to be predicted instead
 * (GRU4Rec's and session-rec's preprocessing, SR-GNN), which makes every number larger; here that is a step with a name.
 */
import { ConfigError } from "../core/errors";
import { hashOf } from "../core/hash";
import { sessionCount, type Cases, type Role, type Split } from "./types";

/**
 * The split without cold items: they are taken out of the sessions of validation, test and confirm, a case whose target
 * they were is gone, and so is one whose prefix had nothing else. Training is as it was.
 * @throws ConfigError if no validation or no test case is left
 * @example
 * import { dropColdItems, eventsFrom, sessionsFrom, splitByTime } from "sessionlab";
 * const events = eventsFrom({ name: "demo", user: ["u", "u", "u", "u", "u", "u"], item: ["a", "b", "a", "c", "b", "a"], time: [1, 2, 3, 4, 5, 6] });
 * const split = splitByTime(sessionsFrom(events), { at: [3, 4] });
 * assert.deepEqual(Array.from(split.test.target), [2, 1, 0]);
 * const seen = dropColdItems(split);
 * assert.deepEqual([Array.from(seen.test.target), Array.from(seen.test.end), seen.items.ids], [[1, 0], [3, 4], ["a", "b"]]);
 */
export function dropColdItems(split: Split): Split {
  const { trained } = split.items;
  const items = { ids: split.items.ids.slice(0, trained), trained, titles: split.items.titles?.slice(0, trained) };
  const [valid, test, confirm] = [split.valid, split.test, split.confirm].map((cases) => cases && withoutCold(cases, items));
  if (valid!.target.length === 0 || test!.target.length === 0) {
    throw new ConfigError(`Expected cases of items that training saw, found none in ${valid!.target.length === 0 ? "validation" : "test"} of ${split.name}; keep cold items as misses`);
  }
  return {
    ...split,
    protocol: { ...split.protocol, coldItems: "dropped" },
    items,
    train: { ...split.train, items },
    valid: valid as Cases<"valid">,
    test: test as Cases<"test">,
    confirm: confirm as Cases<"confirm"> | undefined,
  };
}

function withoutCold<R extends Role>(cases: Cases<R>, items: Cases["items"]): Cases<R> {
  const { sessions, role } = cases;
  const { offsets, item, time, user } = sessions;
  const seenBefore = new Uint32Array(item.length + 1); // of all sessions together
  for (let k = 0; k < item.length; k++) seenBefore[k + 1] = seenBefore[k]! + (item[k]! < items.trained ? 1 : 0);
  const kept: number[] = []; // cases
  for (let c = 0; c < cases.target.length; c++) {
    const start = offsets[cases.session[c]!]!;
    if (cases.target[c]! < items.trained && seenBefore[start + cases.end[c]!]! > seenBefore[start]!) kept.push(c);
  }
  const renumbered = new Int32Array(sessionCount(sessions)).fill(-1);
  const ids: number[] = []; // of the sessions that keep a case
  for (const c of kept) if (renumbered[cases.session[c]!]! < 0) renumbered[cases.session[c]!] = ids.push(cases.session[c]!) - 1;
  const ends = Uint32Array.from([0, ...ids.map((s) => seenBefore[offsets[s + 1]!]! - seenBefore[offsets[s]!]!)]);
  for (let s = 0; s < ids.length; s++) ends[s + 1]! += ends[s]!;
  const columns = {
    offsets: ends,
    item: new Int32Array(ends.at(-1)!),
    time: time && new Float64Array(ends.at(-1)!),
    user: user && Int32Array.from(ids, (s) => user[s]!),
  };
  let at = 0;
  for (const s of ids) {
    for (let k = offsets[s]!; k < offsets[s + 1]!; k++) {
      if (item[k]! >= items.trained) continue;
      columns.item[at] = item[k]!;
      if (time !== undefined) columns.time![at] = time[k]!;
      at++;
    }
  }
  const session = Int32Array.from(kept, (c) => renumbered[cases.session[c]!]!);
  const end = Int32Array.from(kept, (c) => seenBefore[offsets[cases.session[c]!]! + cases.end[c]!]! - seenBefore[offsets[cases.session[c]!]!]!);
  const target = Int32Array.from(kept, (c) => cases.target[c]!);
  return { role, items, sessions: columns, session, end, target, hash: hashOf({ of: cases.hash, coldItems: "dropped" }) };
}
