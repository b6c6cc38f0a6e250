/**
 * What slates are like, so that generated ones can be held against logged ones: how different the items of a slate are, how
 * popular, how surprising, and whether one slate comes again and again (the collapse of a generator).
 * Symbols: B slates of K items, V items, D dimensions.
 */
import { ConfigError } from "../../core/errors";
import type { ItemVectors } from "../../models/item-table";

/** Means over slates. */
export interface SlateStatistics {
  readonly slates: number;
  readonly slots: number;
  /** Mean distance (1 - cosine) between the vectors of two items of a slate. */
  readonly diversity: number;
  /** Mean training count of a listed item (ARP). */
  readonly popularity: number;
  /** Mean bits of surprise of a listed item, -log2 of its share of the training events, with one event added to each. */
  readonly novelty: number;
  /** Different items among all that are listed; and their share of the catalogue. */
  readonly unique: number;
  readonly coverage: number;
  /** Different slates, as sets, among all. */
  readonly distinctSlates: number;
  /** Share of the slates that have the item listed most often: 1 where every slate has it. */
  readonly mostListed: number;
}

/**
 * Measures slates.
 * @param slates [B * K] inside ids
 * @param about vectors [V, D], training counts [V]
 * @throws ConfigError for slates that are not whole, or have an item twice
 * @example
 * import { slateStatistics } from "sessionlab";
 * const vectors = { shape: [3, 2], data: Float32Array.of(1, 0, 0, 1, -1, 0) } as const;
 * const { diversity, popularity, unique, distinctSlates } = slateStatistics(Int32Array.of(0, 1, 1, 0), 2, { vectors, counts: [6, 2, 1] });
 * assert.deepEqual([diversity, popularity, unique, distinctSlates], [1, 4, 0.5, 0.5]);
 */
export function slateStatistics(slates: Int32Array, slots: number, { vectors, counts }: { readonly vectors: ItemVectors; readonly counts: ArrayLike<number> }): SlateStatistics {
  const [items, dimension] = vectors.shape;
  const count = slates.length / slots;
  if (!Number.isInteger(count) || count === 0) throw new ConfigError(`Expected slates of ${slots} items, found ${slates.length} numbers`);
  const total = Array.from({ length: items }, (_, item) => counts[item]!).reduce((sum, one) => sum + one, 0);
  const units = unit(vectors);
  const listed = new Map<number, number>();
  const sets = new Set<string>();
  let [distance, popularity, novelty] = [0, 0, 0];
  for (let from = 0; from < slates.length; from += slots) {
    const slate = slates.subarray(from, from + slots);
    if (new Set(slate).size < slots) throw new ConfigError(`Expected distinct items in a slate, found one twice in slate ${from / slots}`);
    sets.add([...slate].sort((a, b) => a - b).join());
    const sum = new Float64Array(dimension);
    for (const item of slate) {
      listed.set(item, (listed.get(item) ?? 0) + 1);
      popularity += counts[item]!;
      novelty -= Math.log2((counts[item]! + 1) / (total + items));
      for (let d = 0; d < dimension; d++) sum[d]! += units[item * dimension + d]!;
    }
    // Of unit vectors: the sum of all pairs' cosines follows from the length of their sum.
    if (slots > 1) distance += 1 - (sum.reduce((all, one) => all + one * one, 0) - slots) / (slots * (slots - 1));
  }
  return {
    ...{ slates: count, slots, diversity: distance / count, popularity: popularity / slates.length, novelty: novelty / slates.length },
    ...{ unique: listed.size / slates.length, coverage: listed.size / items, distinctSlates: sets.size / count, mostListed: Math.max(...listed.values()) / count },
  };
}

function unit({ shape: [rows, columns], data }: ItemVectors): Float64Array {
  const out = Float64Array.from(data);
  for (let row = 0; row < rows; row++) {
    const vector = out.subarray(row * columns, (row + 1) * columns);
    const norm = Math.sqrt(vector.reduce((sum, value) => sum + value * value, 0));
    if (norm > 0) vector.forEach((value, at) => (vector[at] = value / norm));
  }
  return out;
}
