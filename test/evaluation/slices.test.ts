/** Comparisons by group of cases, and the sessions behind a difference: by hand. */
import assert from "node:assert/strict";
import { ConfigError } from "../../src/core/errors";
import type { Cases } from "../../src/data/types";
import { compare, holm, pairedBootstrap, type Run } from "../../src/evaluation/compare";
import type { Evaluation } from "../../src/evaluation/evaluate";
import { flips } from "../../src/evaluation/flips";
import type { Passport } from "../../src/evaluation/passport";
import { compareSlices } from "../../src/evaluation/slices";

// Items 0..3 with 10, 1, 2 and 3 training events, item 4 is cold. Three sessions, six cases.
const counts = [10, 1, 2, 3];
const cases: Cases<"test"> = {
  role: "test",
  hash: "c",
  items: { ids: ["a", "b", "c", "d", "e"], trained: 4, titles: ["Alien", "Brazil", "", "Dune", "Eraserhead"] },
  sessions: { offsets: Uint32Array.of(0, 4, 6, 8), item: Int32Array.of(0, 1, 2, 3, 2, 4, 1, 0) },
  session: Int32Array.of(0, 0, 0, 1, 2, 2),
  end: Int32Array.of(1, 2, 3, 1, 1, 1),
  target: Int32Array.of(1, 2, 3, 4, 0, 0),
};

/** A run whose cases have these ranks; 0 for a cold target. @param tied as many items tie from the rank on */
function run(model: string, ranks: readonly number[], changes: { passport?: Partial<Passport>; hash?: string; tied?: number } = {}): Run {
  const passport = { model, data: { name: "demo", hash: "d" }, split: {}, candidates: "all", ties: "expected", ks: [10], budget: "minute", ...changes.passport };
  const rows = {
    greater: Int32Array.from(ranks, (rank) => Math.max(0, rank - 1)), equal: Int32Array.from(ranks, (rank) => (rank === 0 ? 0 : (changes.tied ?? 1))), ahead: new Int32Array(ranks.length),
    session: cases.session,
  };
  const evaluation = { role: "test", hash: changes.hash ?? "c", items: 4, ks: [10], ties: "expected", rows };
  return { passport: passport as unknown as Passport, evaluation: evaluation as unknown as Evaluation };
}

const [a, b] = [run("A", [1, 1, 3, 0, 1, 2]), run("B", [2, 1, 1, 0, 4, 1])];

describe("compareSlices", () => {
  const options = { resamples: 400, quantiles: [0.5], lengths: [1, 2] };

  it("compares over all cases and over each group, by hand", () => {
    const found = compareSlices([a], [b], { cases, counts }, "MRR@10", options);
    // Reciprocal ranks: A 1 1 1/3 0 1 1/2; B 1/2 1 1 0 1/4 1. Half of the items have more than 2.5 events: a and d.
    assert.deepEqual(found.map(({ by, name, cases: size, items }) => [by, name, size, items]), [
      ["all", "all cases", 6, undefined],
      ["popularity", "tail", 2, 2],
      ["popularity", "head", 3, 2],
      ["length", "length 1", 4, undefined],
      ["length", "length 2+", 2, undefined],
      ["target", "warm", 5, undefined],
    ]);
    const values: readonly (readonly [number, number])[] = [
      [(1 + 1 + 1 / 3 + 0 + 1 + 1 / 2) / 6, (1 / 2 + 1 + 1 + 0 + 1 / 4 + 1) / 6],
      [1, 3 / 4],
      [(1 / 3 + 1 + 1 / 2) / 3, (1 + 1 / 4 + 1) / 3],
      [(1 + 0 + 1 + 1 / 2) / 4, (1 / 2 + 0 + 1 / 4 + 1) / 4],
      [(1 + 1 / 3) / 2, 1],
      [(1 + 1 + 1 / 3 + 1 + 1 / 2) / 5, (1 / 2 + 1 + 1 + 1 / 4 + 1) / 5],
    ];
    found.forEach(({ proposed, baseline, difference }, at) => {
      const [x, y] = values[at]!;
      assert.ok(Math.abs(proposed - x) < 1e-12 && Math.abs(baseline - y) < 1e-12 && Math.abs(difference - (x - y)) < 1e-12, found[at]!.name);
    });
  });

  it("compares by the persona of the session's user, last; users in no group are a group of their own", () => {
    const ofUsers: Cases<"test"> = { ...cases, sessions: { ...cases.sessions, user: Int32Array.of(1, 0, 2) } };
    const found = compareSlices([a], [b], { cases: ofUsers, counts, personas: { group: [1, 0, -1], names: ["War", "Drama"] } }, "MRR@10", options).filter(({ by }) => by === "persona");
    // Session 0 (cases 0, 1, 2) is of user 1, in War; session 1 (case 3) of user 0, in Drama; session 2 (cases 4, 5) of user 2, in none.
    assert.deepEqual(found.map(({ name, cases: size }) => [name, size]), [["persona War", 3], ["persona Drama", 1], ["persona unknown", 2]]);
    assert.ok(Math.abs(found[0]!.difference - ((1 + 1 + 1 / 3) / 3 - (1 / 2 + 1 + 1) / 3)) < 1e-12);
    assert.ok(Math.abs(found[2]!.difference - (1 + 1 / 2 - 1 / 4 - 1) / 2) < 1e-12);
    assert.throws(() => compareSlices([a], [b], { cases: ofUsers, counts, personas: { group: [2, 0, -1], names: ["War", "Drama"] } }, "MRR@10", options), /a name for each group/);
  });

  it("is `compare` over all cases, the bootstrap of its own cases in a group, and Holm over the groups", () => {
    const [all, ...groups] = compareSlices([a], [b], { cases, counts }, "MRR@10", options);
    const { p, low, high } = compare([a], [b], "MRR@10", { resamples: 400 });
    assert.deepEqual([all!.p, all!.low, all!.high, all!.holm], [p, low, high, p]);
    const tail = pairedBootstrap(Float64Array.of(1 / 2, 0), Int32Array.of(0, 0), { resamples: 400 });
    assert.deepEqual([groups[0]!.p, groups[0]!.clusters], [tail.p, 1]);
    assert.deepEqual(groups.map((one) => one.holm), holm(groups.map((one) => one.p)));
  });

  it("cuts popularity in ten by default, and leaves out groups without cases", () => {
    const names = compareSlices([a], [b], { cases, counts }, "MRR@10", { resamples: 10 }).map(({ name }) => name);
    assert.deepEqual(names.slice(0, 5), ["all cases", "popularity 1 of 10", "popularity 4 of 10", "popularity 7 of 10", "popularity 10 of 10"]);
    assert.ok(!names.includes("cold") && names.includes("warm") && names.includes("length 3-4") && !names.includes("length 10+"));
  });

  it("refuses runs that were not measured alike, and cases that are not theirs", () => {
    const other = run("B", [1, 1, 1, 1, 1, 1], { passport: { ties: "optimistic" } });
    assert.throws(() => compareSlices([a], [other], { cases, counts }), /found different ties; measure both again/);
    assert.throws(() => compareSlices([a], [b], { cases: { ...cases, hash: "other" }, counts }), /Expected the cases that the runs were evaluated on/);
    assert.throws(() => compareSlices([a], [b], { cases, counts }, "HR@1", { quantile: [0.5] } as object), ConfigError);
  });
});

describe("flips", () => {
  it("lists the sessions that one wins and the other loses, the clearest first, with titles", () => {
    const found = flips([a], [b], cases, { k: 1 });
    // Hits at 1: A in cases 0, 1, 4; B in 1, 2, 5; the fourth case is cold.
    assert.deepEqual([found.proposed, found.baseline, found.cases, found.won, found.lost, found.both, found.neither], ["A", "B", 6, 2, 2, 1, 1]);
    assert.deepEqual(found.wins, [
      { case: 4, session: ["b"], sessionTitles: ["Brazil"], target: "a", targetTitle: "Alien", proposedRank: 1, baselineRank: 4 },
      { case: 0, session: ["a"], sessionTitles: ["Alien"], target: "b", targetTitle: "Brazil", proposedRank: 1, baselineRank: 2 },
    ]);
    assert.deepEqual(found.losses.map((flip) => [flip.case, flip.session, flip.target, flip.proposedRank]), [[2, ["a", "b", "c"], "d", 3], [5, ["b"], "a", 2]]);
  });

  it("has the same cases the other way round, and lists no more than asked", () => {
    const [forth, back] = [flips([a], [b], cases, { k: 1 }), flips([b], [a], cases, { k: 1 })];
    assert.deepEqual(back.wins.map((flip) => flip.case), forth.losses.map((flip) => flip.case));
    const short = flips([a], [b], cases, { k: 1, most: 1 });
    assert.deepEqual([short.won, short.wins.length, short.wins[0]!.case], [2, 1, 4]);
    assert.equal(flips([a], [b], cases, { k: 10 }).both, 5);
  });

  it("counts a hit in more than half of the seeds, and of the orders of tied items", () => {
    const other = run("A", [9, 1, 1, 0, 1, 9]);
    const third = run("A", [9, 9, 1, 0, 9, 9]);
    const found = flips([a, other, third], [run("B", [9, 9, 9, 0, 9, 9])], cases, { k: 1 });
    assert.deepEqual(found.wins.map((flip) => [flip.case, flip.proposedRank]), [[2, 5 / 3], [1, 11 / 3], [4, 11 / 3]]);
    // Ranks 1..2 tie: half of the orders hit at 1, which is not more than half; at 2 all do.
    const tied = run("A", [1, 1, 1, 0, 1, 1], { tied: 2 });
    assert.equal(flips([tied], [run("B", [9, 9, 9, 0, 9, 9])], cases, { k: 1 }).won, 0);
    const two = flips([tied], [run("B", [9, 9, 9, 0, 9, 9])], cases, { k: 2 });
    assert.deepEqual([two.won, two.wins[0]!.proposedRank], [5, 1.5]);
  });

  it("refuses runs that were not measured alike, and cases that are not theirs", () => {
    assert.throws(() => flips([a], [run("B", [1, 1, 1, 1, 1, 1], { hash: "x" })], cases), /found different cases/);
    assert.throws(() => flips([a], [b], { ...cases, hash: "other" }), ConfigError);
    assert.throws(() => flips([a], [b], cases, { k: 0 }), ConfigError);
    assert.throws(() => flips([a], [], cases), /found none/);
  });
});
