/**
 * STAN: S-KNN that minds places and time (Garg, Gupta, Malhotra, Vig and Shroff, SIGIR 2019, section 3).
 *   w(i) = exp((p(i) - L) / l1)                                    p(i): the last place of i in the session s of length L
 *   sim(s, n) = sum of w(i) over shared i / (|w| sqrt(|n|)) * exp(-age(n) / l2)     |w|: root of the sum of w^2 over s
 *   score(j) = sum over neighbours n with j of sim(s, n) exp(-|q(j) - q*| / l3)
 * with q(j) the last place of j in n, and q* that of the shared item that stands last in n.
 * Candidates as in S-KNN, neighbours the k of largest sim (rn5l/session-rec, algorithms/knn/stan.py, whose defaults these are).
 * Departs: ages are counted from the session's most recent candidate, not from the time of its last event: the factor is
 *   the same for all neighbours, the ranking the same, and scores after a long pause do not underflow.
 * Departs: where training sessions have no times, ages are by order: the percentage of them that came later, as days.
 * Departs: similarities that tie at the k-th place go to the more recent session; session-rec leaves it to the sort.
 */
import { resolveOptions, rules } from "../core/options";
import type { TrainSessions } from "../data/types";
import type { SessionRanges } from "./counting";
import { loadModel } from "./files";
import { NeighbourModel } from "./neighbour-model";
import type { Neighbours } from "./neighbours";
import { PlacedSearch, placedSets, type PlacedSets } from "./placed-sets";

const defaults = {
  /** Neighbours. */
  k: 500,
  /** Most recent sessions among which they are sought. */
  sample: 5000,
  /** l1: how fast earlier items of the session fade, in places. */
  position: 1.02,
  /** l2: how fast older sessions fade, in days. */
  recency: 5,
  /** l3: how fast a neighbour's items fade with the distance from what it shares, in places. */
  distance: 2.05,
};

/** The options, with their defaults at the top of this file. */
export type StanOptions = typeof defaults;

/** Options to try on validation: around those that session-rec's authors found for five data sets. */
export const stanSpace: readonly Partial<StanOptions>[] = [
  { position: 1.02, distance: 2.05 },
  { position: 1.225, distance: 4.9 },
  { position: 3.54, distance: 3.54 },
].flatMap((fading) => [5, 20, 80, 300].map((recency) => ({ ...fading, recency })));

/**
 * Recommends what similar, recent sessions held near to what they share.
 * @example
 * import { Rng, Stan } from "sessionlab";
 * const items = { ids: ["a", "b", "c"], trained: 3 };
 * const train = { role: "train", hash: "", items, offsets: Uint32Array.of(0, 3), item: Int32Array.of(0, 1, 2) } as const;
 * const stan = new Stan({ distance: 2 });
 * await stan.fit(train, undefined as never, { rng: new Rng(1) });
 * const scores = stan.score({ offsets: Uint32Array.of(0, 1), item: Int32Array.of(1) }); // b: next to a and to c
 * const similarity = 1 / Math.sqrt(3);
 * assert.deepEqual([...scores], [similarity * Math.exp(-1 / 2), similarity, similarity * Math.exp(-1 / 2)].map(Math.fround));
 */
export class Stan extends NeighbourModel<PlacedSets> {
  readonly name = "STAN";
  private readonly chosen: Readonly<StanOptions>;
  private search: PlacedSearch | undefined;

  constructor(options: Partial<StanOptions> = {}) {
    const { positiveInteger, positive } = rules;
    const chosen = resolveOptions("Stan", defaults, options, { k: positiveInteger, sample: positiveInteger, position: positive, recency: positive, distance: positive });
    super(chosen);
    this.chosen = chosen;
  }

  /** Reads what `save` wrote. @throws ConfigError, DataError */
  static async load(folder: string): Promise<Stan> {
    const saved = loadModel(folder, "STAN");
    return new Stan(saved.options).restore(saved);
  }

  protected count(train: TrainSessions, popularity: Uint32Array, ranges: SessionRanges): Promise<PlacedSets> {
    return placedSets(train, popularity, ranges);
  }

  protected find(tables: PlacedSets, session: Int32Array): Neighbours {
    return this.searchOf(tables).find(session);
  }

  protected fill(tables: PlacedSets, session: Int32Array, scores: Float32Array): void {
    this.searchOf(tables).fill(session, scores);
  }

  private searchOf(tables: PlacedSets): PlacedSearch {
    if (this.search?.tables !== tables) this.search = new PlacedSearch(tables, { ...this.chosen, meeting: Infinity, idf: 0 });
    return this.search;
  }
}
