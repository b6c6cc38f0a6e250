/**
 * Item-kNN: items that were in the same sessions as the last ones of this session.
 *   sim(i, j) = c(i, j) / ((c(i) + l)^a (c(j) + l)^(1 - a));   score(j) = sum over the last w items i_n .. of d^age sim(i, j)
 * with c(i, j) sessions that hold both, c(i) sessions that hold i, l the regularisation that makes rare items modest,
 * a = 1/2 for the cosine. Item-to-item recommendation (Linden et al. 2003); the form, l = 20 and 100 neighbours are
 * those of the baseline of Hidasi et al. 2016 (arXiv 1511.06939, section 4; hidasib/GRU4Rec, baselines.py).
 * Departs: counts sessions, not events, so an item clicked twice in a session is not counted twice.
 * Departs: the window w and the decay d are options; the baseline looks at the last item alone (w = 1, the default).
 * Departs: where no item of the window has a neighbour, popularity; the baseline leaves all items level.
 * An item is no neighbour of itself. Neighbours of one similarity keep catalogue order.
 */
import { resolveOptions, rules } from "../core/options";
import type { TrainSessions } from "../data/types";
import { CountingModel, type SessionRanges, type Tables } from "./counting";
import { loadModel } from "./files";
import { sessionSets } from "./session-sets";
import { sumRows, type SparseRows } from "./sparse";

const defaults = {
  /** Neighbours kept for each item. */
  neighbours: 100,
  /** l */
  regularisation: 20,
  /** a: how much of the norm falls on the session's item rather than on the candidate, [0, 1). */
  alpha: 0.5,
  /** w: how many of the last items count. */
  window: 1,
  /** d: the weight of an item for each step that it lies back, above 0. */
  decay: 0.8,
};

/** The options, with their defaults at the top of this file. */
export type ItemKnnOptions = typeof defaults;

/** Options to try on validation. */
export const itemKnnSpace: readonly Partial<ItemKnnOptions>[] = [0, 20, 80].flatMap((regularisation) =>
  [{ window: 1 }, { window: 5, decay: 0.6 }, { window: 20, decay: 0.9 }].map((window) => ({ regularisation, ...window })),
);

interface ItemKnnTables extends Tables, SparseRows {}

/**
 * Recommends what shares sessions with the last items.
 * @example
 * import { ItemKnn, Rng } from "sessionlab";
 * const items = { ids: ["a", "b", "c"], trained: 3 };
 * const train = { role: "train", hash: "", items, offsets: Uint32Array.of(0, 2, 4), item: Int32Array.of(0, 1, 1, 2) } as const;
 * const knn = new ItemKnn({ regularisation: 0 });
 * await knn.fit(train, undefined as never, { rng: new Rng(1) });
 * const [toItself, toB, toC] = knn.score({ offsets: Uint32Array.of(0, 1), item: Int32Array.of(0) });
 * assert.deepEqual([toItself, toB, toC], [0, Math.fround(1 / Math.sqrt(1 * 2)), 0]);
 */
export class ItemKnn extends CountingModel<ItemKnnTables> {
  readonly name = "Item-kNN";
  private readonly chosen: Readonly<ItemKnnOptions>;

  constructor(options: Partial<ItemKnnOptions> = {}) {
    const chosen = resolveOptions("ItemKnn", defaults, options, {
      neighbours: rules.positiveInteger,
      regularisation: rules.notNegative,
      alpha: rules.fraction,
      window: rules.positiveInteger,
      decay: rules.positive,
    });
    super(chosen);
    this.chosen = chosen;
  }

  /** Reads what `save` wrote. @throws ConfigError, DataError */
  static async load(folder: string): Promise<ItemKnn> {
    const saved = loadModel(folder, "Item-kNN");
    return new ItemKnn(saved.options).restore(saved);
  }

  protected async count(train: TrainSessions, popularity: Uint32Array, ranges: SessionRanges): Promise<ItemKnnTables> {
    const { regularisation, alpha, neighbours } = this.chosen;
    const trained = popularity.length;
    const { sets, setItems, holders, holderSessions } = await sessionSets(train, popularity, ranges);
    const support = (item: number): number => holders[item + 1]! - holders[item]!; // c(i)
    const weight = (item: number, power: number): number => (support(item) + regularisation) ** power;
    const candidate = Float64Array.from(popularity.keys(), (item) => weight(item, 1 - alpha));
    const similarities = sumRows(
      trained,
      (row, add) => {
        for (let at = holders[row]!; at < holders[row + 1]!; at++) {
          const s = holderSessions[at]!;
          for (let place = sets[s]!; place < sets[s + 1]!; place++) {
            if (setItems[place] !== row) add(setItems[place]!, 1);
          }
        }
      },
      (row, columns, sums) => {
        for (const column of columns) sums[column]! /= weight(row, alpha) * candidate[column]!;
        return [...columns].sort((a, b) => sums[b]! - sums[a]! || a - b).slice(0, neighbours);
      },
    );
    return { popularity, ...similarities };
  }

  protected fill({ popularity, offsets, columns, values }: ItemKnnTables, session: Int32Array, scores: Float32Array): void {
    const { window, decay } = this.chosen;
    let neighbours = 0;
    for (let age = 0; age < Math.min(window, session.length); age++) {
      const item = session[session.length - 1 - age]!;
      for (let at = offsets[item]!; at < offsets[item + 1]!; at++, neighbours++) scores[columns[at]!]! += decay ** age * values[at]!;
    }
    if (neighbours === 0) scores.set(popularity);
  }
}
