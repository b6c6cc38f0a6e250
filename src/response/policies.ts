/** Policies that make slates: random, by popularity, as a logging policy does, any recommender, and the world's optimum. */
import { ConfigError } from "../core/errors";
import type { Items, Sessions } from "../data/types";
import { topItems } from "../evaluation/lists";
import type { Scores } from "../evaluation/scores";
import { keyedUniform } from "./keyed-noise";
import type { PolicyContext, SlatePolicy } from "./policy";
import type { World } from "./world";
import { remembered, worldMechanism } from "./world-mechanism";

/** Sessions that a recommender scores at a time: bounds the memory of the scores. */
const scoredAtOnce = 512;

/**
 * Items in proportion to weights, each at most once on a slate.
 * @param weights [V] of 0 or more
 * @param key what is drawn is looked up by it
 * @example
 * import { weightedPolicy } from "sessionlab";
 * const context = { index: Int32Array.of(0), session: Int32Array.of(0), step: 0, states: new Float32Array(0), slots: 2, items: 9, history: { offsets: Uint32Array.of(0, 0), item: new Int32Array(0) } };
 * assert.deepEqual([...weightedPolicy("demo", [0, 1, 1]).slates(context)].sort(), [1, 2]);
 */
export function weightedPolicy(name: string, weights: ArrayLike<number>, key = 1): SlatePolicy {
  const sums = new Float64Array(weights.length);
  let total = 0;
  let possible = 0;
  for (let item = 0; item < weights.length; item++) {
    if (!(weights[item]! >= 0 && weights[item]! < Infinity)) throw new ConfigError(`Expected weights of 0 or more, found ${weights[item]} of item ${item}`);
    if (weights[item]! > 0) possible++;
    sums[item] = total += weights[item]!;
  }
  const pick = (u: number): number => {
    let [low, high] = [0, sums.length - 1];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sums[middle]! > u * total) high = middle;
      else low = middle + 1;
    }
    return low;
  };
  const slates = ({ session, step, slots }: Pick<PolicyContext, "session" | "step" | "slots">): Int32Array => {
    if (possible < slots) throw new ConfigError(`Expected ${slots} items with a weight above 0, found ${possible}; show shorter slates`);
    const out = new Int32Array(session.length * slots);
    for (let row = 0; row < session.length; row++) {
      const own = out.subarray(row * slots, (row + 1) * slots);
      for (let s = 0, draw = 0; s < slots; draw++) {
        const item = pick(keyedUniform(key, session[row]!, step, draw));
        if (own.subarray(0, s).includes(item)) continue;
        own[s++] = item;
      }
    }
    return out;
  };
  return { name, slates };
}

/**
 * Any item as probable as any other.
 * @example
 * import { makeWorld, randomPolicy, Rng, simulate } from "sessionlab";
 * const { log } = simulate(makeWorld({ users: 3, items: 9, slots: 9, steps: 1 }, new Rng(1)), randomPolicy(), { sessions: 1 }, new Rng(1));
 * assert.deepEqual([...log.slate].sort(), [0, 1, 2, 3, 4, 5, 6, 7, 8]);
 */
export function randomPolicy(key = 1): SlatePolicy {
  let made: { readonly items: number; readonly policy: SlatePolicy } | undefined;
  return {
    name: "random",
    slates: (context) => {
      const { items } = context;
      if (made?.items !== items) made = { items, policy: weightedPolicy("random", new Float64Array(items).fill(1), key) };
      return made.policy.slates(context);
    },
  };
}

/**
 * How a shop logs: items in proportion to popularity^exposureBias of the world.
 * @example
 * import { loggingPolicy, makeWorld, Rng } from "sessionlab";
 * assert.equal(loggingPolicy(makeWorld({ users: 3, items: 9 }, new Rng(1))).name, "logging");
 */
export function loggingPolicy(world: World, key = 1): SlatePolicy {
  return weightedPolicy("logging", world.popularity.map((share) => share ** world.options.exposureBias), key);
}

/**
 * The same best items for everybody.
 * @param scores [V] such as counts of clicks
 * @example
 * import { fixedPolicy } from "sessionlab";
 * const context = { index: Int32Array.of(0), session: Int32Array.of(0), step: 0, states: new Float32Array(0), slots: 2, items: 9, history: { offsets: Uint32Array.of(0, 0), item: new Int32Array(0) } };
 * assert.deepEqual([...fixedPolicy("popularity", [3, 9, 5]).slates(context)], [1, 2]);
 */
export function fixedPolicy(name: string, scores: ArrayLike<number>): SlatePolicy {
  const values = Float32Array.from(scores);
  return {
    name,
    slates: ({ index, slots }) => {
      const best = topItems(values, values.length, slots);
      const out = new Int32Array(index.length * slots);
      for (let row = 0; row < index.length; row++) out.set(best, row * slots);
      return out;
    },
  };
}

/** What a policy needs of a recommender. */
export interface ScoringModel {
  readonly name: string;
  readonly items: Items;
  score(sessions: Sessions): Scores;
}

/**
 * A recommender in the loop: its K best items after the clicks so far. Its item ids are the world's numbers as text, as
 * `logEvents` gives them.
 * @param start what is shown before the first click; by default what the recommender says of an empty session
 * @throws ConfigError for an item id that is no number
 * @example
 * import { recommenderPolicy } from "sessionlab";
 * const model = { name: "demo", items: { ids: ["7", "4"], trained: 2 }, score: () => Float32Array.of(1, 2) };
 * const context = { index: Int32Array.of(0), session: Int32Array.of(0), step: 0, states: new Float32Array(0), slots: 2, items: 9, history: { offsets: Uint32Array.of(0, 1), item: Int32Array.of(7) } };
 * assert.deepEqual([...recommenderPolicy(model).slates(context)], [4, 7]);
 */
export function recommenderPolicy(model: ScoringModel, { start, name = model.name }: { readonly start?: SlatePolicy; readonly name?: string } = {}): SlatePolicy {
  const { trained } = model.items;
  const worldItem = Int32Array.from(model.items.ids.slice(0, trained), Number);
  const wrong = worldItem.findIndex((item, at) => String(item) !== model.items.ids[at]);
  if (wrong >= 0) throw new ConfigError(`Expected item ids that are a world's numbers, found "${model.items.ids[wrong]}"; train on logEvents`);
  const inside = new Map(Array.from(worldItem, (item, at) => [item, at]));
  return {
    name,
    slates: (context) => {
      const { history, slots, index } = context;
      const out = new Int32Array(index.length * slots);
      const fresh = start === undefined ? [] : Array.from(index.keys()).filter((row) => history.offsets[row] === history.offsets[row + 1]);
      if (fresh.length === index.length) return start!.slates(context);
      for (let from = 0; from < index.length; from += scoredAtOnce) {
        const to = Math.min(index.length, from + scoredAtOnce);
        const base = history.offsets[from]!;
        const item = history.item.subarray(base, history.offsets[to]!).map((one) => inside.get(one) ?? trained);
        const scores = model.score({ offsets: history.offsets.slice(from, to + 1).map((offset) => offset - base), item });
        const best = topItems(scores, trained, slots);
        if (!(scores instanceof Float32Array)) scores.dispose();
        out.set(best.map((one) => worldItem[one]!), from * slots);
      }
      if (fresh.length > 0) {
        const shown = start!.slates(context);
        for (const row of fresh) out.set(shown.subarray(row * slots, (row + 1) * slots), row * slots);
      }
      return out;
    },
  };
}

/**
 * The items that a mechanism values most, best slot first: with the world's own the largest probability of a click that
 * a slate can have at this step. It does not look further, so where clicks change interests a longer view could win.
 * @example
 * import { makeWorld, oraclePolicy, randomPolicy, Rng, simulate } from "sessionlab";
 * const world = makeWorld({ users: 20, items: 50 }, new Rng(1));
 * const mean = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0) / values.length;
 * const [best, other] = [oraclePolicy(world), randomPolicy()].map((policy) => mean(simulate(world, policy, { sessions: 50 }, new Rng(2)).expected));
 * assert.ok(best! > other!);
 */
export function oraclePolicy(world: World): SlatePolicy {
  const { topics, items, taste, popularityPull, noveltySeeking, familiarity } = world.options;
  const size = worldMechanism(world).stateSize;
  return {
    name: "oracle",
    slates: ({ states, index, slots }) => {
      const out = new Int32Array(index.length * slots);
      const values = new Float32Array(items);
      for (let row = 0; row < index.length; row++) {
        const state = row * size;
        for (let item = 0; item < items; item++) {
          const c = world.topic[item]!;
          values[item] = taste * states[state + c]! + world.quality[item]! + popularityPull * world.pull[item]! - noveltySeeking * states[state + topics + c]!;
        }
        const recent = new Set(states.subarray(state + size - remembered, state + size));
        if (familiarity !== 0) for (const item of recent) if (item >= 0) values[item]! += familiarity;
        out.set(topItems(values, items, slots), row * slots);
      }
      return out;
    },
  };
}
