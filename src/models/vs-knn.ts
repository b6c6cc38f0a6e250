/**
 * VS-KNN: S-KNN that minds the order of the session (Ludewig and Jannach, UMUAI 2018, section 4.3).
 *   sim(s, n) = sum over the shared items i of w(i) / |s|;   score(j) = sum over neighbours n with j of sim(s, n) d(step(n)) (1 + l idf(j))
 * with w(i) the weight of the item's last place p of L: div p / L, linear 1 - (L - p) / 10, quadratic (p / L)^2,
 * log 1 / log10(L - p + 1.7); step(n) how many items from the end of s the most recent item shared with n lies (1: the last),
 * d(step): div 1 / step, linear 1 - step / 10, quadratic 1 / step^2, log 1 / log10(step + 1.7); neither is below 0;
 * idf(j) = log(S / c(j)), S training sessions, c(j) those that hold j.
 * Candidates as in S-KNN (rn5l/session-rec, algorithms/knn/vsknn.py; |s| counts distinct items).
 * Departs: similarities that tie at the k-th place go to the more recent session; session-rec leaves it to the sort.
 * Departs: places further back than ten have weight 0 under "linear" for w and d alike; session-rec cuts d at a hundred steps.
 */
import { resolveOptions, rules } from "../core/options";
import type { TrainSessions } from "../data/types";
import type { SessionRanges } from "./counting";
import { loadModel } from "./files";
import { NeighbourModel } from "./neighbour-model";
import { NeighbourSearch, type Neighbours } from "./neighbours";
import { sessionSets, type SessionSets } from "./session-sets";
import { shapes, stepWeight, type Shape } from "./step-weights";

const defaults = {
  /** Neighbours. */
  k: 100,
  /** Most recent sessions among which they are sought. */
  sample: 1000,
  /** w: what an item of the session weighs by its place. */
  weighting: "div" as Shape,
  /** d: what a neighbour's items weigh by how far back the session meets it. */
  decay: "div" as Shape,
  /** l: how much rare items are preferred; 0 not at all. */
  idf: 0,
};

/** The options, with their defaults at the top of this file. */
export type VsKnnOptions = typeof defaults;

/** Options to try on validation: around those that session-rec's authors found for five data sets. */
export const vsKnnSpace: readonly Partial<VsKnnOptions>[] = [
  { k: 100, sample: 1000 },
  { k: 500, sample: 5000 },
].flatMap((size) => [{ weighting: "div", decay: "div" } as const, { weighting: "quadratic", decay: "div" } as const, { weighting: "quadratic", decay: "quadratic" } as const].flatMap((form) => [0, 5].map((idf) => ({ ...size, ...form, idf }))));

/** By place p of L, from 1. */
const weightOf: Readonly<Record<Shape, (p: number, length: number) => number>> = {
  same: () => 1,
  linear: (p, length) => Math.max(0, 1 - 0.1 * (length - p)),
  div: (p, length) => p / length,
  log: (p, length) => 1 / Math.log10(length - p + 1.7),
  quadratic: (p, length) => (p / length) ** 2,
};

/**
 * Recommends what similar sessions held, the end of the session above all.
 * @example
 * import { Rng, VsKnn } from "sessionlab";
 * const items = { ids: ["a", "b", "c"], trained: 3 };
 * const train = { role: "train", hash: "", items, offsets: Uint32Array.of(0, 2, 4), item: Int32Array.of(0, 1, 1, 2) } as const;
 * const knn = new VsKnn();
 * await knn.fit(train, undefined as never, { rng: new Rng(1) });
 * const scores = knn.score({ offsets: Uint32Array.of(0, 2), item: Int32Array.of(0, 2) }); // a, then c
 * // {a, b}: sim 1/2 / 2, met two steps back; {b, c}: sim 1 / 2, met at the end
 * assert.deepEqual([...scores], [1 / 8, 1 / 8 + 1 / 2, 1 / 2]);
 */
export class VsKnn extends NeighbourModel<SessionSets> {
  readonly name = "VS-KNN";
  private readonly chosen: Readonly<VsKnnOptions>;
  private search: Search | undefined;

  constructor(options: Partial<VsKnnOptions> = {}) {
    const chosen = resolveOptions("VsKnn", defaults, options, {
      k: rules.positiveInteger,
      sample: rules.positiveInteger,
      weighting: rules.oneOf(...shapes),
      decay: rules.oneOf(...shapes),
      idf: rules.notNegative,
    });
    super(chosen);
    this.chosen = chosen;
  }

  /** Reads what `save` wrote. @throws ConfigError, DataError */
  static async load(folder: string): Promise<VsKnn> {
    const saved = loadModel(folder, "VS-KNN");
    return new VsKnn(saved.options as Partial<VsKnnOptions>).restore(saved);
  }

  protected count(train: TrainSessions, popularity: Uint32Array, ranges: SessionRanges): Promise<SessionSets> {
    return sessionSets(train, popularity, ranges);
  }

  protected find(tables: SessionSets, session: Int32Array): Neighbours {
    const { k, sample, weighting } = this.chosen;
    const { neighbours, place } = this.searchOf(tables);
    session.forEach((item, at) => (place[item] = at + 1)); // a repeated item counts where it was last
    const items = Int32Array.from(new Set(session));
    const weights = Float64Array.from(items, (item) => weightOf[weighting](place[item]!, session.length) / items.length);
    for (const item of items) place[item] = 0;
    return neighbours.find({ items, weights }, sample, k);
  }

  protected fill(tables: SessionSets, session: Int32Array, scores: Float32Array): void {
    const { sets, setItems } = tables;
    const { decay } = this.chosen;
    const { boost, place } = this.searchOf(tables);
    const found = this.find(tables, session);
    session.forEach((item, at) => (place[item] = at + 1));
    found.sessions.forEach((n, at) => {
      let latest = 0;
      for (let i = sets[n]!; i < sets[n + 1]!; i++) latest = Math.max(latest, place[setItems[i]!]!);
      const share = found.similarities[at]! * stepWeight[decay](session.length - latest + 1);
      for (let i = sets[n]!; i < sets[n + 1]!; i++) scores[setItems[i]!]! += share * boost[setItems[i]!]!;
    });
    for (const item of session) place[item] = 0;
  }

  private searchOf(tables: SessionSets): Search {
    if (this.search?.tables !== tables) this.search = searchIn(tables, this.chosen.idf);
    return this.search;
  }
}

interface Search {
  readonly tables: SessionSets;
  readonly neighbours: NeighbourSearch;
  /** [V] 1 + l idf. */
  readonly boost: Float64Array;
  /** [V] zeros between searches: the last place of each of the session's items. */
  readonly place: Uint32Array;
}

function searchIn(tables: SessionSets, idf: number): Search {
  const { holders, sets, popularity } = tables;
  const sessions = sets.length - 1;
  const boost = Float64Array.from(popularity, (_, item) => 1 + idf * Math.log(sessions / Math.max(1, holders[item + 1]! - holders[item]!)));
  return { tables, neighbours: new NeighbourSearch(tables), boost, place: new Uint32Array(popularity.length) };
}
