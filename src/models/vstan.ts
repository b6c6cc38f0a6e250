/**
 * VSTAN: STAN with the two factors of VS-KNN that it lacks (Ludewig, Mauro, Latifi and Jannach, UMUAI 2021, section 3.1).
 *   score(j) = sum over neighbours n with j of sim(s, n) exp(-|q(j) - q*| / l3) exp((m(n) - L) / l4) (1 + l5 idf(j))
 * with sim, q, q*, L, l1, l2 and l3 as in STAN (stan.ts), m(n) the last place in s of an item that n shares, and
 * idf(j) = log(S / c(j)), S training sessions, c(j) training events of j: events, as session-rec counts them
 * (rn5l/session-rec, algorithms/knn/vstan.py, whose defaults these are); sessions would be the usual measure.
 * Departs: as in stan.ts: ages from the most recent candidate, ages by order where there are no times, ties to the more recent.
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
  /** l4: how fast neighbours fade that share only what the session began with, in places. */
  meeting: 1.02,
  /** l5: how much rare items are preferred; 0 not at all. */
  idf: 5,
};

/** The options, with their defaults at the top of this file. */
export type VstanOptions = typeof defaults;

/** Options to try on validation: around those that session-rec's authors found for five data sets. */
export const vstanSpace: readonly Partial<VstanOptions>[] = [
  { position: 1.02, distance: 2.05, meeting: 1.02 },
  { position: 3.54, distance: 4.9, meeting: 3.54 },
].flatMap((fading) => [5, 20, 80, 300].flatMap((recency) => [1, 5].map((idf) => ({ ...fading, recency, idf }))));

/**
 * Recommends what similar, recent sessions held near to what they share, the end of the session above all.
 * @example
 * import { Rng, Vstan } from "sessionlab";
 * const items = { ids: ["a", "b", "c"], trained: 3 };
 * const train = { role: "train", hash: "", items, offsets: Uint32Array.of(0, 2), item: Int32Array.of(0, 1) } as const;
 * const vstan = new Vstan({ position: 1, distance: 1, meeting: 1, idf: 0 });
 * await vstan.fit(train, undefined as never, { rng: new Rng(1) });
 * const scores = vstan.score({ offsets: Uint32Array.of(0, 2), item: Int32Array.of(0, 2) }); // a, then c, which training has nowhere
 * const similarity = Math.exp(-1) / (Math.hypot(1, Math.exp(-1)) * Math.SQRT2); // {a, b} shares a, which is one step back
 * [similarity * Math.exp(-1), similarity * Math.exp(-2), 0].forEach((expected, item) => assert.ok(Math.abs(scores[item]! - expected) < 1e-7));
 */
export class Vstan extends NeighbourModel<PlacedSets> {
  readonly name = "VSTAN";
  private readonly chosen: Readonly<VstanOptions>;
  private search: PlacedSearch | undefined;

  constructor(options: Partial<VstanOptions> = {}) {
    const { positiveInteger, positive, notNegative } = rules;
    const checks = { k: positiveInteger, sample: positiveInteger, position: positive, recency: positive, distance: positive, meeting: positive, idf: notNegative };
    const chosen = resolveOptions("Vstan", defaults, options, checks);
    super(chosen);
    this.chosen = chosen;
  }

  /** Reads what `save` wrote. @throws ConfigError, DataError */
  static async load(folder: string): Promise<Vstan> {
    const saved = loadModel(folder, "VSTAN");
    return new Vstan(saved.options).restore(saved);
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
    if (this.search?.tables !== tables) this.search = new PlacedSearch(tables, this.chosen);
    return this.search;
  }
}
