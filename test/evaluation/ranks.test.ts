import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { ConfigError, NumericError } from "../../src/core/errors";
import { Rng } from "../../src/core/rng";
import { topItems } from "../../src/evaluation/lists";
import { countInArray, countOnDevice, countRanks, popularityOrder, ranksOf } from "../../src/evaluation/ranks";
import { initBackend } from "../../src/tensor/backend";

/** Scores with many ties: few distinct values. */
function tiedScores(rng: Rng, rows: number, columns: number, values: number): Float32Array {
  return Float32Array.from({ length: rows * columns }, () => rng.int(values) / 7);
}

describe("ranks", () => {
  before(() => initBackend());

  it("counts the items above and level with the target, the target included", () => {
    //                                0    1    2    3    4
    const scores = Float32Array.of(0.2, 0.9, 0.5, 0.5, 0.5, /* row 2 */ 3, 3, 3, 3, 3, /* row 3 */ -1, -2, -3, -4, -5);
    const counts = countRanks(scores, Int32Array.of(3, 0, 4), 5);
    assert.deepEqual([...counts.greater], [1, 0, 4]);
    assert.deepEqual([...counts.equal], [3, 5, 1]);
    assert.deepEqual([...ranksOf(counts, "optimistic")], [2, 1, 5]);
    assert.deepEqual([...ranksOf(counts, "pessimistic")], [4, 5, 5]);
    assert.deepEqual([...ranksOf(counts, "mean")], [3, 3, 5]);
    assert.deepEqual([...ranksOf(counts, "expected")], [3, 3, 5]);
  });

  it("ranks ties by popularity: training count descending, then inside id", () => {
    const order = popularityOrder([5, 9, 5, 1]);
    assert.deepEqual([...order], [1, 0, 2, 3]);
    const flat = new Float32Array(4 * 4);
    assert.deepEqual([...ranksOf(countRanks(flat, Int32Array.of(0, 1, 2, 3), 4, order), "popularity")], [2, 1, 3, 4]);
  });

  it("misses a cold target: rank Infinity by every rule", () => {
    const counts = countRanks(Float32Array.of(1, 2, 3), Int32Array.of(3), 3);
    for (const rule of ["expected", "mean", "optimistic", "pessimistic", "popularity"] as const) assert.deepEqual([...ranksOf(counts, rule)], [Infinity]);
  });

  it("counts the same on the device as in plain loops, and leaves no tensor", () => {
    const rng = new Rng(3);
    const before = tf.memory().numTensors;
    for (const [rows, columns] of [[1, 1], [7, 13], [64, 257]] as const) {
      const scores = tiedScores(rng, rows, columns, 9);
      const targets = Int32Array.from({ length: rows }, () => rng.int(columns + 2)); // the last two are cold
      const order = popularityOrder(Array.from({ length: columns }, () => rng.int(5)));
      const tensor = tf.tensor2d(scores, [rows, columns]);
      assert.deepEqual(countOnDevice(tensor, targets, columns, order), countInArray(scores, targets, columns, order));
      assert.deepEqual(countOnDevice(tensor, targets, columns), countInArray(scores, targets, columns));
      assert.deepEqual(countRanks(tensor, targets, columns, order), countInArray(scores, targets, columns, order));
      tensor.dispose();
    }
    assert.equal(tf.memory().numTensors, before);
  });

  it("finds the same lists on the device as in plain loops: ties, infinities, every k", () => {
    const rng = new Rng(4);
    for (const [rows, columns] of [[1, 1], [5, 63], [20, 64], [9, 1500]] as const) {
      const scores = tiedScores(rng, rows, columns, columns); // some ties
      scores.forEach((_, at) => (rng.int(20) === 0 ? (scores[at] = rng.int(2) === 0 ? -Infinity : Infinity) : 0));
      const tensor = tf.tensor2d(scores, [rows, columns]);
      for (const k of new Set([1, Math.ceil(columns / 3), columns])) assert.deepEqual(topItems(tensor, columns, k), topItems(scores, columns, k), `[${rows}, ${columns}], k ${k}`);
      tensor.dispose();
    }
  });

  it("counts in chunks as at once", () => {
    const rng = new Rng(9);
    const [rows, columns] = [23, 31];
    const scores = tiedScores(rng, rows, columns, 12);
    const targets = Int32Array.from({ length: rows }, () => rng.int(columns));
    const order = popularityOrder(Array.from({ length: columns }, () => rng.int(5)));
    const tensor = tf.tensor2d(scores, [rows, columns]);
    for (const chunk of [1, 5 * columns, 23 * columns]) assert.deepEqual(countOnDevice(tensor, targets, columns, order, 0, chunk), countInArray(scores, targets, columns, order));
    tensor.dispose();
  });

  it("throws for NaN and for a target that is not finite, naming the case, on both twins", () => {
    const faults: readonly (readonly [number[], RegExp])[] = [
      [[1, 2, NaN, 0], /found NaN.*\(case 41\)/],
      [[NaN, 2, 1, 0], /found NaN.*\(case 41\)/],
      [[-Infinity, 2, 1, 0], /found -Infinity.*\(case 41\)/],
      [[Infinity, 2, 1, 0], /found Infinity.*\(case 41\)/],
    ];
    for (const [row, message] of faults) {
      const scores = Float32Array.from([1, 2, 3, 4, ...row]);
      const targets = Int32Array.of(1, 0);
      const isFault = (error: Error): boolean => error instanceof NumericError && error.at.case === 41 && message.test(error.message);
      assert.throws(() => countInArray(scores, targets, 4, undefined, 40), isFault);
      const tensor = tf.tensor2d(scores, [2, 4]);
      assert.throws(() => countOnDevice(tensor, targets, 4, undefined, 40), isFault);
      tensor.dispose();
    }
  });

  it("takes -Infinity for an item that is not the target: a mask", () => {
    const scores = Float32Array.of(1, -Infinity, 2);
    assert.deepEqual([...countRanks(scores, Int32Array.of(0), 3).greater], [1]);
    const tensor = tf.tensor2d(scores, [1, 3]);
    assert.deepEqual([...countOnDevice(tensor, Int32Array.of(0), 3).greater], [1]);
    tensor.dispose();
  });

  it("refuses scores of another shape and the padding id as a target", () => {
    assert.throws(() => countRanks(new Float32Array(7), Int32Array.of(0, 1), 3), /Expected scores of shape \[2, 3\], found 7 scores/);
    const transposed = tf.zeros([3, 2]) as tf.Tensor2D;
    assert.throws(() => countRanks(transposed, Int32Array.of(0, 1), 3), /found \[3, 2\]/);
    transposed.dispose();
    assert.throws(() => countRanks(new Float32Array(3), Int32Array.of(-1), 3), ConfigError);
  });
});

describe("top items", () => {
  before(() => initBackend());

  it("equal a full sort, ties in catalogue order, for arrays and tensors, with masked items", () => {
    const rng = new Rng(5);
    const [rows, columns] = [20, 700];
    const scores = tiedScores(rng, rows, columns, 40);
    for (let at = 0; at < scores.length; at += 11) scores[at] = -Infinity;
    const tensor = tf.tensor2d(scores, [rows, columns]);
    for (const k of [1, 10, 699, 700]) {
      const expected = Array.from({ length: rows }, (_, row) =>
        Array.from({ length: columns }, (_, item) => item)
          .sort((a, b) => (scores[row * columns + a] === scores[row * columns + b] ? a - b : scores[row * columns + b]! - scores[row * columns + a]!))
          .slice(0, k),
      ).flat();
      assert.deepEqual([...topItems(scores, columns, k)], expected);
      assert.deepEqual([...topItems(tensor, columns, k)], expected);
    }
    tensor.dispose();
  });
});
