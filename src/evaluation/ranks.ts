/**
 * Where a target stands among all items seen in training: how many items score higher, how many the same.
 * Full ranking only: no sampled candidates, no target at a fixed place, no padding (it has no score).
 * Symbols: B cases, V items seen in training.
 */
import * as tf from "@tensorflow/tfjs";
import { ConfigError, NumericError } from "../core/errors";
import { hasKernels, isNative, kernel } from "../tensor/kernel";
import type { Scores } from "./scores";

/**
 * How ties are ranked. "expected": the metric's expectation over a uniformly random order of the tied items;
 * "mean": the mean rank (20.5 of 40 tied items); "optimistic" and "pessimistic": the target first, or last;
 * "popularity": the tied items by training count, descending, then by inside id.
 */
export type TieRule = "expected" | "mean" | "optimistic" | "pessimistic" | "popularity";

/** All tie rules. */
export const tieRules: readonly TieRule[] = ["expected", "mean", "optimistic", "pessimistic", "popularity"];

/** The place of each target, from which a rank by any tie rule follows. */
export interface RankCounts {
  /** [B] items that score higher than the target. */
  readonly greater: Int32Array;
  /** [B] items that score the same, the target included; 0 for a cold target (not seen in training): a miss. */
  readonly equal: Int32Array;
  /** [B] tied items that stand before the target in the popularity order; all 0 when no order was given. */
  readonly ahead: Int32Array;
}

/** Elements compared at a time on the device: bounds the memory of the comparison, not of the scores. */
const chunkElements = 1 << 24;

/**
 * Counts the items above and level with each target. A tensor is counted on the device and not disposed.
 * @param scores [B, V]
 * @param targets [B] inside ids; `trained` or more is cold
 * @param trained V
 * @param order [V] the place of each item by popularity, from `popularityOrder`: needed by the tie rule "popularity"
 * @param firstCase the number of the first case, for messages
 * @throws NumericError naming the case, if a row holds a NaN (or both infinities) or the target's score is not finite;
 *   ConfigError if the shapes do not fit
 * @example
 * import { countRanks, ranksOf } from "sessionlab";
 * const counts = countRanks(Float32Array.of(0.1, 0.9, 0.9, 0.3), Int32Array.of(2), 4); // one case, four items
 * assert.deepEqual([...ranksOf(counts, "optimistic"), ...ranksOf(counts, "mean"), ...ranksOf(counts, "pessimistic")], [1, 1.5, 2]);
 */
export function countRanks(scores: Scores, targets: Int32Array, trained: number, order?: Int32Array, firstCase = 0): RankCounts {
  const elements = scores instanceof Float32Array ? scores.length : scores.size;
  if (elements !== targets.length * trained || (!(scores instanceof Float32Array) && scores.shape[1] !== trained)) {
    const found = scores instanceof Float32Array ? `${elements} scores` : `[${scores.shape.join(", ")}]`;
    throw new ConfigError(`Expected scores of shape [${targets.length}, ${trained}], found ${found}; score every item seen in training and no padding`);
  }
  targets.forEach((target, row) => {
    if (target < 0) throw new ConfigError(`Expected the target of case ${firstCase + row} to be an item, found ${target} (none)`);
  });
  if (scores instanceof Float32Array) return countInArray(scores, targets, trained, order, firstCase);
  if (hasKernels()) return countByKernel(scores, targets, trained, order, firstCase);
  // Off the native backend the scores lie in this process's memory: reading them is cheaper than comparing by tensors.
  if (!isNative()) return countInArray(scores.dataSync<"float32">(), targets, trained, order, firstCase);
  return countOnDevice(scores, targets, trained, order, firstCase);
}

/** The counts in plain loops: the twin of `countOnDevice`. */
export function countInArray(scores: Float32Array, targets: Int32Array, trained: number, order?: Int32Array, firstCase = 0): RankCounts {
  const counts = emptyCounts(targets.length);
  for (let row = 0; row < targets.length; row++) {
    const target = targets[row]!;
    const start = row * trained;
    const own = target < trained ? scores[start + target]! : 0;
    const place = order?.[target] ?? 0;
    let sum = 0;
    let greater = 0;
    let equal = 0;
    let ahead = 0;
    for (let item = 0; item < trained; item++) {
      const score = scores[start + item]!;
      sum += score;
      if (score > own) {
        greater++;
      } else if (score === own) {
        equal++;
        if (order !== undefined && order[item]! < place) ahead++;
      }
    }
    check(sum, own, firstCase + row);
    if (target < trained) put(counts, row, greater, equal, ahead);
  }
  return counts;
}

/** The counts by our own kernel, which reads each row once. */
function countByKernel(scores: tf.Tensor2D, targets: Int32Array, trained: number, order: Int32Array | undefined, firstCase: number): RankCounts {
  const [tallies, numbers] = tf.tidy(() => {
    const seen = targets.map((target) => (target < trained ? target : 0));
    return kernel("SessionlabRanks", [], [scores, tf.tensor1d(seen, "int32"), tf.tensor1d(order ?? [], "int32")], 2);
  }) as [tf.Tensor, tf.Tensor]; // [B, 3] greater, equal, ahead; [B, 2] the target's score, the row's sum
  const [whole, real] = [tallies.dataSync<"int32">(), numbers.dataSync<"float32">()];
  tf.dispose([tallies, numbers]);
  const counts = emptyCounts(targets.length);
  targets.forEach((target, row) => {
    const cold = target >= trained;
    check(real[2 * row + 1]!, cold ? 0 : real[2 * row]!, firstCase + row);
    if (!cold) put(counts, row, whole[3 * row]!, whole[3 * row + 1]!, whole[3 * row + 2]!);
  });
  return counts;
}

/** The counts by reductions on the device, some rows at a time: only [B] numbers are read back. */
export function countOnDevice(scores: tf.Tensor2D, targets: Int32Array, trained: number, order?: Int32Array, firstCase = 0, chunk = chunkElements): RankCounts {
  const counts = emptyCounts(targets.length);
  const rowsAtOnce = Math.max(1, Math.floor(chunk / trained));
  for (let from = 0; from < targets.length; from += rowsAtOnce) {
    const rows = Math.min(rowsAtOnce, targets.length - from);
    const [integers, floats] = tf.tidy(() => {
      const part = rows === targets.length ? scores : tf.slice(scores, [from, 0], [rows, trained]); // [b, V]
      const seen = Array.from(targets.subarray(from, from + rows), (target) => (target < trained ? target : 0));
      const own = tf.gatherND(part, tf.tensor2d(seen.flatMap((target, row) => [row, target]), [rows, 2], "int32")); // [b]
      const level = own.expandDims(1); // [b, 1]
      const tied = tf.equal(part, level); // [b, V]
      const tallies = [tf.sum(tf.greater(part, level), 1), tf.sum(tied, 1)]; // [b] each
      if (order !== undefined) {
        const places = tf.tensor1d(order, "int32"); // [V]
        const before = tf.less(places, tf.tensor2d(seen.map((target) => order[target]!), [rows, 1], "int32")); // [b, V]
        tallies.push(tf.sum(tf.logicalAnd(tied, before), 1));
      }
      return [tf.stack(tallies), tf.stack([own, tf.sum(part, 1)])] as [tf.Tensor2D, tf.Tensor2D]; // [2 or 3, b], [2, b]
    });
    const tallies = integers.dataSync();
    const numbers = floats.dataSync();
    tf.dispose([integers, floats]);
    for (let row = 0; row < rows; row++) {
      const cold = targets[from + row]! >= trained;
      check(numbers[rows + row]!, cold ? 0 : numbers[row]!, firstCase + from + row);
      if (!cold) put(counts, from + row, tallies[row]!, tallies[rows + row]!, tallies[2 * rows + row] ?? 0);
    }
  }
  return counts;
}

/**
 * One rank a case, 1 for the best; Infinity for a cold target. "expected" has no single rank: it gives the mean rank,
 * while the metrics average over the tied places (see metrics.ts).
 * @returns [B]
 * @example
 * import { ranksOf } from "sessionlab";
 * const counts = { greater: Int32Array.of(3, 0), equal: Int32Array.of(2, 0), ahead: Int32Array.of(0, 0) }; // the second is cold
 * assert.deepEqual([...ranksOf(counts, "pessimistic")], [5, Infinity]);
 */
export function ranksOf(counts: RankCounts, ties: TieRule): Float64Array {
  return Float64Array.from(counts.greater, (greater, row) => {
    const equal = counts.equal[row]!;
    if (equal === 0) return Infinity;
    switch (ties) {
      case "expected":
      case "mean":
        return greater + (equal + 1) / 2;
      case "optimistic":
        return greater + 1;
      case "pessimistic":
        return greater + equal;
      case "popularity":
        return greater + counts.ahead[row]! + 1;
    }
  });
}

/**
 * The place of each item by training count, descending, then by inside id.
 * @param counts [V] training counts
 * @returns [V] places 0..V-1
 * @example
 * import { popularityOrder } from "sessionlab";
 * assert.deepEqual(popularityOrder([5, 9, 5]), Int32Array.of(1, 0, 2));
 */
export function popularityOrder(counts: ArrayLike<number>): Int32Array {
  const items = Uint32Array.from({ length: counts.length }, (_, item) => item).sort((a, b) => counts[b]! - counts[a]! || a - b);
  const places = new Int32Array(counts.length);
  items.forEach((item, place) => (places[item] = place));
  return places;
}

function emptyCounts(length: number): RankCounts {
  return { greater: new Int32Array(length), equal: new Int32Array(length), ahead: new Int32Array(length) };
}

function put(counts: RankCounts, row: number, greater: number, equal: number, ahead: number): void {
  counts.greater[row] = greater;
  counts.equal[row] = equal;
  counts.ahead[row] = ahead;
}

/** A row's sum is NaN exactly when the row holds a NaN, or both infinities: one pass, and the same on every backend. */
function check(sum: number, own: number, index: number): void {
  if (Number.isNaN(sum)) throw new NumericError("Expected a score for every item, found NaN; look at the model's weights and inputs", { case: index });
  if (!Number.isFinite(own)) throw new NumericError(`Expected a finite score for the target, found ${own}; do not mask items that can be targets`, { case: index });
}
