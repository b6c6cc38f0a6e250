/**
 * Worlds that stand for others: RecSim's interest evolution, and one with the statistics of a data set.
 *   recsimWorld: 20 topics, interests even in (-1, 1), items of one topic each, multinomial logit over the slate with no
 *   click of value 1, 200 minutes; a click costs 4 of them and gives 4 x .9 / 3.4 x quality back, no click costs .5;
 *   interest x in the topic moves by .3 (1 - |x|)(1 - x), towards with probability (x + 1) / 2, else away. (google-research/
 *   recsim, environments/interest_evolution.py.)
 * Departs: RecSim draws its candidates anew at each step; here items are a catalogue, of which a policy shows some. Its last
 *   video is cut to the minutes that are left.
 * worldLike: popularity as counted, lengths of sessions as they are, and `familiarity` such that as many clicks repeat one
 * of the session. What users feel about items (tastes, quality) no log of clicks tells: that stays as drawn.
 */
import { DataError } from "../core/errors";
import { Rng } from "../core/rng";
import { sessionCount, type Sessions } from "../data/types";
import { loggingPolicy } from "./policies";
import { simulate } from "./simulate";
import { clickSessions } from "./slate-log";
import { makeWorld, type World, type WorldKnobs } from "./world";

const recsimTopics = 20;

/**
 * RecSim's interest evolution.
 * @param given other knobs, such as `slots` (RecSim's own default is 2) or `items`
 * @example
 * import { randomPolicy, recsimWorld, Rng, simulate } from "sessionlab";
 * const { log } = simulate(recsimWorld({}, new Rng(1)), randomPolicy(), { sessions: 20 }, new Rng(2));
 * assert.ok(log.offsets[20]! / 20 > 30); // 200 minutes are many steps
 */
export function recsimWorld(given: Partial<WorldKnobs>, rng: Rng): World {
  const knobs: Partial<WorldKnobs> = {
    ...{ users: 1000, items: 1000, topics: recsimTopics, slots: 2, steps: 1000, taste: 1, positionBias: 0, popularityPull: 0, exposureBias: 0, zipf: 0 },
    ...{ noveltySeeking: 0, familiarity: 0, drift: 0.3, driftKind: "recsim", abandonment: 0, noClick: 1, budget: 200, stepPenalty: 0.5, clickCost: 4, qualityReturn: (4 * 0.9) / 3.4 },
    ...given,
  };
  const items = knobs.items!;
  const topics = knobs.topics!;
  const topicOf = rng.child("topics of documents");
  const topic = Int32Array.from({ length: items }, () => topicOf.int(topics));
  // Means of quality: evenly from -3 to 0 for the first 70 % of the topics, from 0 to 3 for the rest.
  const trashy = Math.floor(topics * 0.7);
  const means = Array.from({ length: topics }, (_, c) => (c < trashy ? -3 + (3 * c) / Math.max(1, trashy - 1) : (3 * (c - trashy)) / Math.max(1, topics - trashy - 1)));
  const noise = rng.child("quality of documents").normals(items);
  const worth = Float32Array.from(topic, (c, item) => means[c]! + 0.1 * noise[item]!);
  // Quality there is minutes given back, and does not draw clicks.
  return { ...makeWorld({ ...knobs, quality: 0 }, rng, { topic }), worth };
}

/** What a log of clicks tells of a world. */
export interface SessionStatistics {
  readonly items: number;
  readonly sessions: number;
  /** Of sessions, in steps. */
  readonly meanLength: number;
  /** The share of the clicks that fall on a tenth of the items. */
  readonly topTenth: number;
  /** The share of clicks, but for the first of a session, on an item that was among its last 8. */
  readonly repeats: number;
}

/** Of how many clicks before a repeat counts: what a world's users remember. */
const window = 8;

/**
 * Popularity curve, lengths and repeats of sessions.
 * @example
 * import { sessionStatistics } from "sessionlab";
 * const { meanLength, repeats } = sessionStatistics({ offsets: Uint32Array.of(0, 3), item: Int32Array.of(1, 2, 1) });
 * assert.deepEqual([meanLength, repeats], [3, 0.5]);
 */
export function sessionStatistics({ offsets, item }: Sessions): SessionStatistics {
  const sessions = offsets.length - 1;
  if (item.length === 0) throw new DataError("Expected sessions with clicks, found none; there are no statistics");
  const counts = countsOf(item);
  const sorted = [...counts.values()].sort((a, b) => b - a);
  const top = sorted.slice(0, Math.ceil(sorted.length / 10)).reduce((sum, count) => sum + count, 0);
  let [again, later] = [0, 0];
  for (let s = 0; s < sessions; s++) {
    for (let at = offsets[s]! + 1; at < offsets[s + 1]!; at++) {
      later++;
      if (item.subarray(Math.max(offsets[s]!, at - window), at).includes(item[at]!)) again++;
    }
  }
  return { items: counts.size, sessions, meanLength: item.length / sessions, topTenth: top / item.length, repeats: later === 0 ? 0 : again / later };
}

function countsOf(item: Int32Array): Map<number, number> {
  const counts = new Map<number, number>();
  for (const one of item) counts.set(one, (counts.get(one) ?? 0) + 1);
  return counts;
}

/** A world fitted to data, and how near it came. */
export interface FittedWorld {
  readonly world: World;
  readonly data: SessionStatistics;
  /** The same of sessions of the world under its logging policy. */
  readonly simulated: SessionStatistics;
}

/** Sessions that are simulated to measure repeats, and steps of the bisection. */
const [trials, halvings] = [2000, 12];

/**
 * A world with a data set's popularity curve, lengths of sessions and share of repeats. Its items are those that were
 * clicked, by how often. A recommended slate can be repeated only if the item is shown again: the logging policy shows
 * what was clicked again (its last click has a slot) where the data repeat.
 * @param sessions the data's
 * @param given other knobs
 * @throws DataError for sessions without clicks
 * @example
 * import { Rng, worldLike } from "sessionlab";
 * const item = Int32Array.from({ length: 3000 }, (_, n) => (n * n) % 41);
 * const { data, simulated } = worldLike({ offsets: Uint32Array.from({ length: 601 }, (_, s) => 5 * s), item }, { slots: 4, noClick: -9 }, new Rng(1));
 * assert.ok(Math.abs(data.meanLength - simulated.meanLength) < 0.1);
 */
export function worldLike(sessions: Sessions, given: Partial<WorldKnobs>, rng: Rng): FittedWorld {
  const data = sessionStatistics(sessions);
  const popularity = Float64Array.from([...countsOf(sessions.item).values()].sort((a, b) => b - a));
  const lengths = Int32Array.from({ length: sessionCount(sessions) }, (_, s) => sessions.offsets[s + 1]! - sessions.offsets[s]!).filter((length) => length > 0).sort();
  const knobs: Partial<WorldKnobs> = { ...{ users: 1000, abandonment: 0, noClick: -2, popularityPull: 0, exposureBias: 1, noveltySeeking: 0 }, ...given, items: popularity.length, steps: lengths.at(-1)! };
  const build = (familiarity: number): World => makeWorld({ ...knobs, familiarity }, rng.child("world"), { popularity, lengths });
  const measure = (world: World): SessionStatistics => sessionStatistics(clickSessions(simulate(world, repeatingPolicy(world), { sessions: trials }, rng.child("sessions")).log));
  let [low, high] = [-8, 12];
  for (let halving = 0; halving < halvings; halving++) {
    const middle = (low + high) / 2;
    if (measure(build(middle)).repeats < data.repeats) low = middle;
    else high = middle;
  }
  const world = build((low + high) / 2);
  return { world, data, simulated: measure(world) };
}

/**
 * The logging policy of a fitted world: by popularity, and in the last slot the latest click.
 * @example
 * import { makeWorld, repeatingPolicy, Rng } from "sessionlab";
 * const context = { index: Int32Array.of(0), session: Int32Array.of(0), step: 1, states: new Float32Array(0), slots: 2, items: 9, history: { offsets: Uint32Array.of(0, 1), item: Int32Array.of(4) } };
 * assert.ok(repeatingPolicy(makeWorld({ items: 9, slots: 2 }, new Rng(1))).slates(context).includes(4));
 */
export function repeatingPolicy(world: World): ReturnType<typeof loggingPolicy> {
  const base = loggingPolicy(world);
  return {
    name: "logging, with the latest click",
    slates: (context) => {
      const { history, slots, index } = context;
      const out = base.slates(context);
      for (let row = 0; row < index.length; row++) {
        const end = history.offsets[row + 1]!;
        if (end === history.offsets[row]) continue;
        const own = out.subarray(row * slots, (row + 1) * slots);
        if (!own.includes(history.item[end - 1]!)) own[slots - 1] = history.item[end - 1]!;
      }
      return out;
    },
  };
}
