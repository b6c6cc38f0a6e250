/**
 * S-KNN: what was in the training sessions most like this one (Jannach and Ludewig, RecSys 2017, section 3.2).
 *   sim(s, n) = |s n| / sqrt(|s| |n|), sessions as sets of items;   score(j) = sum of sim(s, n) over the neighbours n that hold j
 * Candidates are the most recent `sample` training sessions that share an item with s; of these the k most similar are
 * neighbours (rn5l/session-rec, algorithms/knn/sknn.py).
 * Departs: similarities that tie at the k-th place go to the more recent session; session-rec leaves it to the sort.
 */
import { resolveOptions, rules } from "../core/options";
import type { TrainSessions } from "../data/types";
import type { SessionRanges } from "./counting";
import { loadModel } from "./files";
import { NeighbourModel } from "./neighbour-model";
import { NeighbourSearch, type Neighbours } from "./neighbours";
import { sessionSets, type SessionSets } from "./session-sets";

const defaults = {
  /** Neighbours. */
  k: 100,
  /** Most recent sessions among which they are sought. */
  sample: 1000,
};

/** The options, with their defaults at the top of this file. */
export type SessionKnnOptions = typeof defaults;

/** Options to try on validation. */
export const sessionKnnSpace: readonly Partial<SessionKnnOptions>[] = [50, 100, 500].flatMap((k) => [500, 1000, 5000].filter((sample) => sample > k).map((sample) => ({ k, sample })));

/**
 * Recommends what similar sessions held.
 * @example
 * import { Rng, SessionKnn } from "sessionlab";
 * const items = { ids: ["a", "b", "c"], trained: 3 };
 * const train = { role: "train", hash: "", items, offsets: Uint32Array.of(0, 2, 4), item: Int32Array.of(0, 1, 1, 2) } as const;
 * const knn = new SessionKnn();
 * await knn.fit(train, undefined as never, { rng: new Rng(1) });
 * const scores = knn.score({ offsets: Uint32Array.of(0, 1), item: Int32Array.of(0) });
 * assert.deepEqual([...scores], [Math.fround(1 / Math.sqrt(2)), Math.fround(1 / Math.sqrt(2)), 0]); // one neighbour, {a, b}
 */
export class SessionKnn extends NeighbourModel<SessionSets> {
  readonly name = "S-KNN";
  private readonly chosen: Readonly<SessionKnnOptions>;
  private search: { readonly tables: SessionSets; readonly neighbours: NeighbourSearch } | undefined;

  constructor(options: Partial<SessionKnnOptions> = {}) {
    const chosen = resolveOptions("SessionKnn", defaults, options, { k: rules.positiveInteger, sample: rules.positiveInteger });
    super(chosen);
    this.chosen = chosen;
  }

  /** Reads what `save` wrote. @throws ConfigError, DataError */
  static async load(folder: string): Promise<SessionKnn> {
    const saved = loadModel(folder, "S-KNN");
    return new SessionKnn(saved.options).restore(saved);
  }

  protected count(train: TrainSessions, popularity: Uint32Array, ranges: SessionRanges): Promise<SessionSets> {
    return sessionSets(train, popularity, ranges);
  }

  protected find(tables: SessionSets, session: Int32Array): Neighbours {
    const { sets } = tables;
    if (this.search?.tables !== tables) this.search = { tables, neighbours: new NeighbourSearch(tables) };
    const items = Int32Array.from(new Set(session));
    const size = (n: number): number => sets[n + 1]! - sets[n]!;
    return this.search.neighbours.find(
      { items, weights: new Float64Array(items.length).fill(1) },
      this.chosen.sample,
      this.chosen.k,
      (shared, n) => shared / Math.sqrt(items.length * size(n)),
    );
  }

  protected fill(tables: SessionSets, session: Int32Array, scores: Float32Array): void {
    const { sets, setItems } = tables;
    const { sessions, similarities } = this.find(tables, session);
    sessions.forEach((n, at) => {
      for (let place = sets[n]!; place < sets[n + 1]!; place++) scores[setItems[place]!]! += similarities[at]!;
    });
  }
}
