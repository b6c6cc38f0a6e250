/**
 * How well the next item can be known in a world of planted personas: of all recommenders, the best that knows the
 * user's persona, and the best that sees the session alone. Both know everything else: the groups, the popularity, the
 * strength. In closed form, so that a model can be held against what is possible.
 * Symbols: G groups, alike and equally frequent as personas; s the strength, q = (1 - s) / (G - 1) the chance of each
 * other group; n_g the steps of group g that the session shows, n their sum; p_r the popularity of rank r in its group.
 *   with the persona g:  P(item of rank r in h) = p_r (h = g ? s : q), whatever the session shows: nothing more is told by it
 *   without:             P(g | session) ~ s^n_g q^(n - n_g);  P(item of rank r in h | session) = p_r (q + (s - q) P(h | session))
 * A list of the K most probable items is best for the hit rate and for NDCG alike. The sum over what a session may show
 * runs over the partitions of n: groups are alike, so only how often each came counts.
 */

/** What the bounds depend on. */
export interface PlantedWorld {
  readonly groups: number;
  /** Of all groups and generic. */
  readonly items: number;
  readonly generic: number;
  /** Chance that a step is of the persona's group. */
  readonly strength: number;
  /** Of Zipf's law within a group. */
  readonly exponent: number;
  /** Events of a session: each length from the shortest to the longest alike often. */
  readonly shortest: number;
  readonly longest: number;
}

/** Expected hit rate and NDCG at K. */
export interface PlantedQuality {
  readonly hitRate: number;
  readonly ndcg: number;
}

/** What is possible: of one step, or over all. */
export interface PlantedBound {
  /** For one that knows the persona. */
  readonly persona: PlantedQuality;
  /** For one that sees the items of the session alone. */
  readonly session: PlantedQuality;
}

/** The bounds at one cut-off: over all events but the first of each session, and by their place in it. */
export interface PersonaBounds extends PlantedBound {
  readonly k: number;
  /** Step 1 follows the session's first item; `share` of all steps. */
  readonly steps: readonly (PlantedBound & { readonly step: number; readonly share: number })[];
}

/**
 * The bounds of a planted world. Lists are of all items, those that the session has too.
 * @param k length of the list
 * @example
 * import { personaBounds } from "sessionlab";
 * const world = { groups: 2, items: 5, generic: 1, exponent: 0, strength: 0.9, shortest: 2, longest: 3 }; // two items a group, alike
 * const { steps } = personaBounds(world, 2);
 * assert.deepEqual(steps.map(({ persona, session }) => [persona.hitRate, session.hitRate].map((rate) => Number(rate.toFixed(9)))), [[0.9, 0.5], [0.9, 0.82]]); // .82 = .9² + .1²
 */
export function personaBounds(world: PlantedWorld, k: number): PersonaBounds {
  const { groups, strength: s, shortest, longest } = world;
  const popularity = zipfShares((world.items - world.generic) / groups, world.exponent);
  const q = groups === 1 ? 0 : (1 - s) / (groups - 1);
  const persona = bestList([s, ...new Array<number>(groups - 1).fill(q)], popularity, k);
  const lengths = longest - shortest + 1;
  const weights = Array.from({ length: longest - 1 }, (_, before) => Math.min(lengths, longest - 1 - before) / lengths); // P(length >= before + 2)
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  const steps = weights.map((weight, before) => {
    const seen = partitions(before, before, groups).map((counts) => {
      const likelihood = counts.map((count) => s ** count * q ** (before - count)); // of one sequence with these counts
      const sum = likelihood.reduce((a, b) => a + b, 0);
      const chance = (arrangements(counts) * sum) / groups;
      return { chance, list: chance === 0 ? nothing : bestList(likelihood.map((one) => q + (s - q) * (one / sum)), popularity, k) };
    });
    const mean = (of: keyof PlantedQuality): number => seen.reduce((sum, { chance, list }) => sum + chance * list[of], 0);
    return { step: before + 1, share: weight / total, persona, session: { hitRate: mean("hitRate"), ndcg: mean("ndcg") } };
  });
  const over = (of: keyof PlantedQuality): number => steps.reduce((sum, { share, session }) => sum + share * session[of], 0);
  return { k, persona, session: { hitRate: over("hitRate"), ndcg: over("ndcg") }, steps };
}

const nothing: PlantedQuality = { hitRate: 0, ndcg: 0 };

/** Zipf's law on ranks 0..size-1: shares in proportion to (rank + 1)^-exponent. */
export function zipfShares(size: number, exponent: number): readonly number[] {
  const weights = Array.from({ length: size }, (_, rank) => (rank + 1) ** -exponent);
  const sum = weights.reduce((a, b) => a + b, 0);
  return weights.map((weight) => weight / sum);
}

/** What the list of the K most probable items brings. @param chances [G] of the groups */
function bestList(chances: readonly number[], popularity: readonly number[], k: number): PlantedQuality {
  const best = chances.flatMap((chance) => popularity.map((share) => chance * share)).sort((a, b) => b - a).slice(0, k);
  return { hitRate: best.reduce((sum, p) => sum + p, 0), ndcg: best.reduce((sum, p, place) => sum + p / Math.log2(place + 2), 0) };
}

/** All ways to write n as `parts` counts of at most `most`, falling: 2 in three parts is [2, 0, 0] and [1, 1, 0]. */
function partitions(n: number, most: number, parts: number): number[][] {
  if (parts === 0) return n === 0 ? [[]] : [];
  const firsts = Array.from({ length: Math.min(n, most) + 1 }, (_, first) => Math.min(n, most) - first).filter((first) => first * parts >= n);
  return firsts.flatMap((first) => partitions(n - first, first, parts - 1).map((rest) => [first, ...rest]));
}

/** How many sequences of groups have these counts, in whatever order the groups take them. */
function arrangements(counts: readonly number[]): number {
  const n = counts.reduce((a, b) => a + b, 0);
  const orders = factorial(n) / counts.reduce((product, count) => product * factorial(count), 1);
  const alike = [...new Set(counts)].reduce((product, count) => product * factorial(counts.filter((one) => one === count).length), 1);
  return orders * (factorial(counts.length) / alike);
}

function factorial(n: number): number {
  return n < 2 ? 1 : n * factorial(n - 1);
}
