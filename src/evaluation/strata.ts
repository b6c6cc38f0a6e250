/**
 * Groups of cases that are reported apart: by how popular the target is in training, by how long the session is,
 * and by whether training saw the target at all. Counts come from the training split alone.
 * The default cut between tail and head is the 80th percentile of the items' training counts, as in DiffuRec's analysis.
 * Departs: P2's threshold for "less popular" targets is not published, so the quantiles are an option.
 */
import { ConfigError } from "../core/errors";
import type { Cases, TrainSessions } from "../data/types";

/** Some cases and the name that a table gives them. */
export interface Stratum {
  /** What divides the cases. */
  readonly by: "popularity" | "length" | "target" | "persona";
  /** "tail", "head", "popularity 3 of 10", "length 3-4", "warm", "cold", "persona War, Sci-Fi". */
  readonly name: string;
  /** Indices of its cases. */
  readonly cases: Int32Array;
  /** How many items are in it, for strata by popularity. */
  readonly items?: number;
}

/**
 * How often each item occurs in training: the popularity that strata, ARP and tie rules use.
 * @returns [V]
 * @example
 * import { trainingCounts } from "sessionlab";
 * const items = { ids: ["a", "b"], trained: 2 };
 * const train = { role: "train", hash: "", items, offsets: Uint32Array.of(0, 3), item: Int32Array.of(1, 1, 0) } as const;
 * assert.deepEqual(trainingCounts(train), Uint32Array.of(1, 2));
 */
export function trainingCounts(train: TrainSessions): Uint32Array {
  const counts = new Uint32Array(train.items.trained);
  for (const item of train.item) {
    if (item >= 0 && item < counts.length) counts[item]!++;
  }
  return counts;
}

/**
 * Cases by the popularity of their target: cut at quantiles of the items' training counts (linear interpolation, as
 * numpy.percentile). A target is above a cut when its count is strictly larger, so items of one count stay together
 * and a stratum may be empty. Cold targets are in none.
 * @param counts [V] training counts
 * @param quantiles ascending, in (0, 1): [0.8] gives tail and head, `deciles` ten groups
 * @example
 * import { popularityStrata } from "sessionlab";
 * const cases = { target: Int32Array.of(0, 1, 2, 9) }; // item 9 was not seen in training
 * const [tail, head] = popularityStrata(cases, [100, 2, 3], [0.8]);
 * assert.deepEqual([tail!.name, [...tail!.cases], head!.name, [...head!.cases]], ["tail", [1, 2], "head", [0]]);
 */
export function popularityStrata(cases: Pick<Cases, "target">, counts: ArrayLike<number>, quantiles: readonly number[] = [0.8]): readonly Stratum[] {
  const sorted = Float64Array.from(counts).sort();
  const cuts = quantiles.map((quantile, index) => {
    if (!(quantile > 0 && quantile < 1 && quantile > (quantiles[index - 1] ?? 0))) {
      throw new ConfigError(`Expected ascending quantiles in (0, 1), found [${quantiles.join(", ")}]`);
    }
    return quantileOf(sorted, quantile);
  });
  const groupOf = (item: number): number => cuts.reduce((group, cut) => group + (counts[item]! > cut ? 1 : 0), 0);
  const sizes = new Array<number>(cuts.length + 1).fill(0);
  for (let item = 0; item < counts.length; item++) sizes[groupOf(item)]!++;
  const names = cuts.length === 1 ? ["tail", "head"] : sizes.map((_, group) => `popularity ${group + 1} of ${sizes.length}`);
  const groups = split(cases.target, sizes.length, (target) => (target < counts.length ? groupOf(target) : -1));
  return groups.map((group, at) => ({ by: "popularity", name: names[at]!, cases: group, items: sizes[at]! }));
}

/** Quantiles for `popularityStrata`: ten groups. */
export const deciles: readonly number[] = [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9];

/**
 * Cases by the length of their prefix.
 * @param starts ascending from 1: the first length of each group; [1, 2, 5] gives "length 1", "length 2-4", "length 5+"
 * @example
 * import { lengthStrata } from "sessionlab";
 * const groups = lengthStrata({ end: Int32Array.of(1, 7, 3) }, [1, 2, 5]);
 * assert.deepEqual(groups.map(({ name, cases }) => [name, ...cases]), [["length 1", 0], ["length 2-4", 2], ["length 5+", 1]]);
 */
export function lengthStrata(cases: Pick<Cases, "end">, starts: readonly number[] = [1, 2, 3, 5, 10]): readonly Stratum[] {
  if (starts[0] !== 1 || starts.some((start, at) => !Number.isInteger(start) || start <= (starts[at - 1] ?? 0))) {
    throw new ConfigError(`Expected ascending lengths that start at 1, found [${starts.join(", ")}]`);
  }
  const groups = split(cases.end, starts.length, (length) => starts.filter((start) => start <= length).length - 1);
  return groups.map((group, at) => {
    const last = starts[at + 1] === undefined ? "+" : starts[at + 1]! - 1 > starts[at]! ? `-${starts[at + 1]! - 1}` : "";
    return { by: "length", name: `length ${starts[at]!}${last}`, cases: group };
  });
}

/** Users in groups with names: personas, for one. */
export interface UserGroups {
  /** [users] the group of each user, an index of `names`; below 0 for none. */
  readonly group: ArrayLike<number>;
  readonly names: readonly string[];
}

/**
 * Cases by the group of their session's user. Cases of users in no group, or of sessions without a user, are the last stratum, "persona unknown".
 * @example
 * import { personaStrata } from "sessionlab";
 * const sessions = { offsets: Uint32Array.of(0, 1, 2, 3), item: Int32Array.of(0, 0, 0), user: Int32Array.of(1, 0, -1) };
 * const groups = personaStrata({ sessions, session: Int32Array.of(0, 1, 2, 0) }, { group: [0, 1], names: ["War", "Drama"] });
 * assert.deepEqual(groups.map(({ name, cases }) => [name, ...cases]), [["persona War", 1], ["persona Drama", 0, 3], ["persona unknown", 2]]);
 */
export function personaStrata({ sessions, session }: Pick<Cases, "sessions" | "session">, { group, names }: UserGroups): readonly Stratum[] {
  const wrong = Array.from(group).find((one) => one >= names.length);
  if (wrong !== undefined) throw new ConfigError(`Expected a name for each group, found ${names.length} names and group ${wrong}`);
  const groupOf = (s: number): number => {
    const own = group[sessions.user?.[s] ?? -1] ?? -1;
    return own < 0 ? names.length : own;
  };
  const groups = split(session, names.length + 1, groupOf);
  return groups.map((cases, at) => ({ by: "persona", name: `persona ${names[at] ?? "unknown"}`, cases }));
}

/**
 * Cases whose target training saw ("warm") and those whose it did not ("cold": misses by definition).
 * @param trained V
 * @example
 * import { targetStrata } from "sessionlab";
 * const [warm, cold] = targetStrata({ target: Int32Array.of(0, 5) }, 5);
 * assert.deepEqual([[...warm.cases], [...cold.cases]], [[0], [1]]);
 */
export function targetStrata(cases: Pick<Cases, "target">, trained: number): readonly [warm: Stratum, cold: Stratum] {
  const [warm, cold] = split(cases.target, 2, (target) => (target < trained ? 0 : 1));
  return [{ by: "target", name: "warm", cases: warm! }, { by: "target", name: "cold", cases: cold! }];
}

/** The indices of `values` by group; -1 leaves one out. */
function split(values: Int32Array, groups: number, groupOf: (value: number) => number): readonly Int32Array[] {
  const lists = Array.from({ length: groups }, () => [] as number[]);
  values.forEach((value, index) => lists[groupOf(value)]?.push(index));
  return lists.map((list) => Int32Array.from(list));
}

/** The quantile of sorted values, by linear interpolation between neighbours. */
export function quantileOf(sorted: Float64Array, quantile: number): number {
  const place = quantile * (sorted.length - 1);
  const below = Math.floor(place);
  const low = sorted[below]!;
  const high = sorted[Math.min(below + 1, sorted.length - 1)]!;
  return low + (place - below) * (high - low);
}
