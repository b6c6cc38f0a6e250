import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { AbortError, ConfigError, NumericError } from "../../src/core/errors";
import { Rng } from "../../src/core/rng";
import { sessionCount, type Cases, type Role, type Sessions } from "../../src/data/types";
import { caseRanges, caseRows, evaluate, evaluationOf, rankCases, type RankedCases } from "../../src/evaluation/evaluate";
import { initBackend } from "../../src/tensor/backend";

/** 5 trained items and a cold one; two sessions, four cases. */
function smallCases<R extends Role>(role: R): Cases<R> {
  return {
    role,
    items: { ids: ["a", "b", "c", "d", "e", "new"], trained: 5 },
    sessions: { offsets: Uint32Array.of(0, 4, 6), item: Int32Array.of(0, 1, 2, 3, 4, 5), user: Int32Array.of(7, 8) },
    session: Int32Array.of(0, 0, 0, 1),
    end: Int32Array.of(1, 2, 3, 1),
    target: Int32Array.of(1, 2, 3, 5),
    hash: `cases ${role}`,
  };
}

/** Scores that put the item after the last one first, the last one second, the rest level at 0. */
function successor(sessions: Sessions, items = 5): Float32Array {
  const scores = new Float32Array(sessionCount(sessions) * items);
  for (let row = 0; row < sessionCount(sessions); row++) {
    const last = sessions.item[sessions.offsets[row + 1]! - 1]!;
    scores[row * items + last] = 1;
    if (last + 1 < items) scores[row * items + last + 1] = 2;
  }
  return scores;
}

const counts = [10, 4, 3, 2, 1];

describe("evaluate", () => {
  before(() => initBackend());

  it("gives the hand-computed table, with misses for cold targets and the table over seen targets beside it", async () => {
    const result = await evaluate((sessions) => successor(sessions), smallCases("valid"), { ks: [1, 2], counts });
    assert.deepEqual(
      { ...result.metrics },
      {
        "HR@1": 3 / 4, "MRR@1": 3 / 4, "NDCG@1": 3 / 4, "HR@2": 3 / 4, "MRR@2": 3 / 4, "NDCG@2": 3 / 4,
        // lists: [1, 0], [2, 1], [3, 2], and [4, 0] after item 4, where the rest tie in catalogue order
        "Coverage@1": 4 / 5, "ARP@1": (4 + 3 + 2 + 1) / 4, "Coverage@2": 1, "ARP@2": (7 + 3.5 + 2.5 + 5.5) / 4,
      },
    );
    assert.deepEqual(result.overSeen, { cases: 3, metrics: { "HR@1": 1, "MRR@1": 1, "NDCG@1": 1, "HR@2": 1, "MRR@2": 1, "NDCG@2": 1 } });
    assert.equal(result.tieRate, 0);
    assert.equal(result.cases, 4);
    assert.equal(result.items, 5);
    assert.equal(result.reading, undefined);
    assert.deepEqual([...result.rows.session], [0, 0, 0, 1]);
    assert.deepEqual([...result.rows.user!], [7, 7, 7, 8]);
    assert.deepEqual([...caseRows(result, "MRR@20")], [1, 1, 1, 0]);
    const cold = result.strata.find((stratum) => stratum.name === "cold");
    assert.deepEqual(cold, { by: "target", name: "cold", cases: 1, metrics: { "HR@1": 0, "MRR@1": 0, "NDCG@1": 0, "HR@2": 0, "MRR@2": 0, "NDCG@2": 0 } });
  });

  it("is the same to the bit from ranges of the cases, cut between batches", async () => {
    assert.deepEqual(caseRanges(1000, 3), [{ from: 0, to: 512 }, { from: 512, to: 1000 }, { from: 1000, to: 1000 }]);
    const cases = smallCases("test");
    const options = { ks: [1, 2, 3], counts, batch: 1 };
    const thirds = (sessions: Sessions): Float32Array => successor(sessions).map((score, at) => score + (at % 3) / 3);
    const whole = await evaluate(thirds, cases, options);
    const ranges = caseRanges(4, 5, 1);
    assert.deepEqual(ranges.map(({ from, to }) => to - from), [1, 1, 1, 1, 0]);
    const parts: RankedCases[] = [];
    for (const range of ranges) parts.push(await rankCases(thirds, cases, options, range));
    assert.deepEqual(evaluationOf(parts, cases, options), whole);
    assert.throws(() => evaluationOf(parts.slice(1), cases, options), /3 ranked cases/);
  });

  it("reports strata whose sizes add up and whose means make the whole", async () => {
    const result = await evaluate((sessions) => successor(sessions), smallCases("valid"), { ks: [10], counts, lengths: [1, 3] });
    for (const by of ["length", "target"] as const) {
      const strata = result.strata.filter((stratum) => stratum.by === by);
      assert.equal(strata.reduce((sum, stratum) => sum + stratum.cases, 0), 4);
      const total = strata.reduce((sum, stratum) => sum + stratum.cases * (stratum.metrics["NDCG@10"] ?? 0), 0);
      assert.ok(Math.abs(total / 4 - result.metrics["NDCG@10"]!) < 1e-12);
    }
    const popularity = result.strata.filter((stratum) => stratum.by === "popularity");
    assert.deepEqual(popularity.map(({ name, cases, items }) => [name, cases, items]), [["tail", 3, 4], ["head", 0, 1]]);
  });

  it("gives a tensor and an array the same result, whatever the batch, and disposes the tensor", async () => {
    const rng = new Rng(11);
    const [items, size] = [50, 37];
    const table = Float32Array.from({ length: items * items }, () => rng.int(6));
    const cases: Cases = {
      role: "valid", hash: "", items: { ids: Array.from({ length: items }, (_, id) => `${id}`), trained: items },
      sessions: { offsets: Uint32Array.from({ length: size + 1 }, (_, s) => 2 * s), item: Int32Array.from({ length: 2 * size }, () => rng.int(items)) },
      session: Int32Array.from({ length: size }, (_, c) => c), end: new Int32Array(size).fill(1),
      target: Int32Array.from({ length: size }, () => rng.int(items)),
    };
    const score = (sessions: Sessions): Float32Array => {
      const rows = Array.from(sessions.item, (item) => [...table.subarray(item * items, (item + 1) * items)]);
      return Float32Array.from(rows.flat());
    };
    const popularity = Array.from({ length: items }, () => rng.int(9));
    const before = tf.memory().numTensors;
    for (const ties of ["expected", "popularity"] as const) {
      const array = await evaluate(score, cases, { counts: popularity, ties });
      const tensor = await evaluate((sessions) => tf.tensor2d(score(sessions), [sessionCount(sessions), items]), cases, { counts: popularity, ties, batch: 5 });
      assert.deepEqual(tensor, array);
      assert.ok(array.tieRate > 0.9);
    }
    assert.equal(tf.memory().numTensors, before);
  });

  it("gives a constant model HR@K = K/V exactly, wherever the targets are", async () => {
    const cases = { ...smallCases("valid"), target: Int32Array.of(0, 4, 2, 2) };
    const result = await evaluate((sessions) => new Float32Array(5 * sessionCount(sessions)).fill(0.3), cases, { ks: [1, 2, 5, 9], counts });
    assert.deepEqual([1, 2, 5, 9].map((k) => result.metrics[`HR@${k}`]), [1 / 5, 2 / 5, 1, 1]);
    assert.equal(result.tieRate, 1);
  });

  it("hands the scorer each prefix and nothing after it", async () => {
    const seen: number[][] = [];
    await evaluate((sessions) => {
      for (let s = 0; s < sessionCount(sessions); s++) seen.push([...sessions.item.subarray(sessions.offsets[s], sessions.offsets[s + 1])]);
      return successor(sessions);
    }, smallCases("valid"), { counts, batch: 3 });
    assert.deepEqual(seen, [[0], [0, 1], [0, 1, 2], [4]]);
  });

  it("keeps confirm sealed, and says what was read", async () => {
    const score = (sessions: Sessions): Float32Array => successor(sessions);
    await assert.rejects(evaluate(score, smallCases("confirm"), { counts }), (error: Error) => error instanceof ConfigError && /seal: "open"/.test(error.message));
    assert.deepEqual((await evaluate(score, smallCases("confirm"), { counts, seal: "open" })).reading, { role: "confirm", hash: "cases confirm" });
    assert.deepEqual((await evaluate(score, smallCases("test"), { counts })).reading, { role: "test", hash: "cases test" });
  });

  it("names the case of a NaN across batches, and still disposes", async () => {
    const before = tf.memory().numTensors;
    const score = (sessions: Sessions): tf.Tensor2D => {
      const scores = successor(sessions);
      if (sessions.item.includes(2)) scores[4] = NaN;
      return tf.tensor2d(scores, [sessionCount(sessions), 5]);
    };
    await assert.rejects(evaluate(score, smallCases("valid"), { counts, batch: 1 }), (error: Error) => error instanceof NumericError && error.at.case === 2);
    assert.equal(tf.memory().numTensors, before);
  });

  it("stops between batches when the signal fires, and reports progress", async () => {
    const controller = new AbortController();
    const done: number[] = [];
    const run = evaluate((sessions) => successor(sessions), smallCases("valid"), {
      counts, batch: 1, signal: controller.signal,
      progress: (report) => {
        done.push(report.done);
        if (report.done === 2) controller.abort();
      },
    });
    await assert.rejects(run, AbortError);
    assert.deepEqual(done, [1, 2]);
  });

  it("refuses wrong options, wrong counts and no cases", async () => {
    const score = (sessions: Sessions): Float32Array => successor(sessions);
    const cases = smallCases("valid");
    await assert.rejects(evaluate(score, cases, { counts, ks: [10, 5] }), /Expected evaluate.ks to be ascending positive integers/);
    await assert.rejects(evaluate(score, cases, { counts, tie: "mean" } as never), /did you mean "ties"/);
    await assert.rejects(evaluate(score, cases, { counts: [1, 2] }), /training counts of 5 items, found 2/);
    await assert.rejects(evaluate(score, { ...cases, target: new Int32Array(0) }, { counts }), /found none; is the valid period empty/);
    await assert.rejects(evaluate(() => new Float32Array(3), cases, { counts }), /Expected scores of shape \[4, 5\]/);
  });
});
