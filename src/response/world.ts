/**
 * A glass-box world: who its users are and what its items, in columns. The rules by which users answer are in
 * world-mechanism.ts; simulate.ts lets sessions run.
 *   value of item j in slot s (from 0):  v = taste x_c + quality_j + pull z_j - position log(1 + s)
 *                                            - novelty m_c + familiarity [j among the last 8 clicks]
 *   no click:                            v_0 = noClick
 *   after a click on topic c:            x_c <- x_c + drift (1 - x_c);  m <- m / 2 at every step, then m_c <- m_c + 1
 *   leaves after a step with             1 - (1 - abandonment)^(1 + steps without a click in a row)
 * Symbols: x interests [T], c the topic of j, m what was had of each topic lately, z log popularity, standardised.
 */
import { ConfigError } from "../core/errors";
import { resolveOptions, rules, type Rule } from "../core/options";
import type { Rng } from "../core/rng";
import type { ResponseKind } from "./slate-log";

const number: Rule = (value) => (typeof value === "number" && Number.isFinite(value) ? undefined : "a number");

/** The knobs. */
export const worldDefaults = {
  users: 300,
  items: 200,
  topics: 10,
  /** K of a slate. */
  slots: 8,
  /** The most steps of a session. */
  steps: 12,
  /** How much interests count. Tastes are even in (-1, 1). */
  taste: 3,
  /** sd of the items' quality. */
  quality: 0.5,
  /** s of Zipf's law: popularity of rank r goes with r^-s. */
  zipf: 1,
  /** How much popularity goes with quality, beside chance: 0 not at all. */
  deserved: 0.5,
  /** By how much a slot further down is worth less. */
  positionBias: 0.4,
  /** How much popularity draws users. */
  popularityPull: 0.2,
  /** Of the logging policy: it shows items with popularity^exposureBias; 0 is even. */
  exposureBias: 0.5,
  /** How much a topic is worth less after clicks on it. */
  noveltySeeking: 0.3,
  /** How much an item is worth more (less, below 0) after a click on it. */
  familiarity: 0,
  /** How far a click moves the interest in its topic. */
  drift: 0.1,
  /** "towards" more of the same; "recsim": towards or away, by chance, as RecSim's interest evolution has it. */
  driftKind: "towards" as "towards" | "recsim",
  /** sd of what a session's interests differ from the user's taste: nobody sees it. */
  mood: 0,
  /** Chance to leave after a step, from the first one on. */
  abandonment: 0.03,
  /** The value of no click. */
  noClick: 3.5,
  /** One click a slate or none, or each item by itself (with log odds v_j - v_0). */
  response: "single" as ResponseKind,
  /** What noise and choice have to do with each other: Gumbel-max, or one number against the running sum of probabilities. */
  coupling: "gumbel" as "gumbel" | "inverse-cdf",
  /** Minutes of a session, as RecSim has them; 0: no such limit. */
  budget: 0,
  /** Minutes that a step without a click costs, that one with a click costs, and that its item's quality gives back. */
  stepPenalty: 0.5,
  clickCost: 4,
  qualityReturn: 0,
};

/** Options of `makeWorld`. */
export type WorldKnobs = typeof worldDefaults;

/** A world. */
export interface World {
  readonly options: Readonly<WorldKnobs>;
  /** [U, T] */
  readonly taste: Float32Array;
  /** [V] */
  readonly topic: Int32Array;
  /** [V] */
  readonly quality: Float32Array;
  /** [V] adding up to 1. */
  readonly popularity: Float64Array;
  /** [V] log popularity, standardised. */
  readonly pull: Float32Array;
  /** [V] minutes' worth of an item, where it is another than its quality. */
  readonly worth?: Float32Array;
  /** Lengths that sessions have, each as probable as it is often here, instead of `steps`. */
  readonly lengths?: Int32Array;
}

/** What a world may take from data instead of drawing it. */
export interface WorldColumns {
  /** [V] counts or weights. */
  readonly popularity?: ArrayLike<number>;
  readonly quality?: Float32Array;
  readonly topic?: Int32Array;
  readonly lengths?: Int32Array;
}

/**
 * Draws users and items.
 * @param given knobs over `worldDefaults`
 * @throws ConfigError for a knob that is unknown or out of its range
 * @example
 * import { makeWorld, Rng } from "sessionlab";
 * const world = makeWorld({ users: 5, items: 30, drift: 0 }, new Rng(1));
 * assert.equal(world.topic.length, 30);
 * assert.ok(Math.abs(world.popularity.reduce((sum, share) => sum + share, 0) - 1) < 1e-9);
 */
export function makeWorld(given: Partial<WorldKnobs>, rng: Rng, columns: WorldColumns = {}): World {
  const options = resolveOptions("makeWorld", worldDefaults, given, {
    ...{ users: rules.positiveInteger, items: rules.positiveInteger, topics: rules.positiveInteger, slots: rules.positiveInteger, steps: rules.positiveInteger },
    ...{ taste: number, quality: rules.notNegative, zipf: rules.notNegative, deserved: rules.notNegative, positionBias: number, popularityPull: number, exposureBias: rules.notNegative },
    ...{ noveltySeeking: number, familiarity: number, drift: rules.notNegative, driftKind: rules.oneOf("towards", "recsim"), mood: rules.notNegative, abandonment: rules.fraction, noClick: number },
    ...{ response: rules.oneOf("single", "multi"), coupling: rules.oneOf("gumbel", "inverse-cdf"), budget: rules.notNegative, stepPenalty: rules.notNegative, clickCost: rules.notNegative, qualityReturn: number },
  });
  const { users, items, topics, slots, zipf, deserved } = options;
  if (slots > items) throw new ConfigError(`Expected at most ${items} slots, as many as there are items, found ${slots}`);
  if (options.response === "multi" && options.coupling !== "gumbel") throw new ConfigError('Expected coupling "gumbel" where each item is clicked by itself, found "inverse-cdf"');
  for (const [name, column] of Object.entries(columns)) {
    if (name !== "lengths" && column !== undefined && column.length !== items) throw new ConfigError(`Expected ${items} values of ${name}, one an item, found ${column.length}`);
  }
  const taste = Float32Array.from({ length: users * topics }, () => 0);
  const tastes = rng.child("taste");
  for (let i = 0; i < taste.length; i++) taste[i] = 2 * tastes.uniform() - 1;
  const topic = columns.topic ?? Int32Array.from(rng.child("topic").permutation(items), (place) => place % topics);
  const quality = columns.quality ?? rng.child("quality").normals(items).map((value) => options.quality * value);
  const chance = rng.child("popularity").normals(items);
  const ranked = Array.from(quality.keys()).sort((a, b) => deserved * (quality[b]! - quality[a]!) + chance[b]! - chance[a]!);
  const weights = columns.popularity === undefined ? new Float64Array(items) : Float64Array.from(columns.popularity);
  if (columns.popularity === undefined) ranked.forEach((item, rank) => (weights[item] = (rank + 1) ** -zipf));
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  if (!(total > 0) || !weights.every((weight) => weight > 0)) throw new ConfigError("Expected a popularity above 0 of each item, found one that is not; leave such items out");
  return { options, taste, topic, quality, popularity: weights.map((weight) => weight / total), pull: standardised(weights), lengths: columns.lengths };
}

function standardised(weights: Float64Array): Float32Array {
  const logs = weights.map(Math.log);
  const mean = logs.reduce((sum, value) => sum + value, 0) / logs.length;
  const sd = Math.sqrt(logs.reduce((sum, value) => sum + (value - mean) ** 2, 0) / logs.length);
  return Float32Array.from(logs, (value) => (sd > 0 ? (value - mean) / sd : 0));
}
