/**
 * The models that count, against numpy on 40 sessions of 2..6 clicks over 8 items. The golden numbers were made by:
 *   import numpy as np
 *   S = [[(s*7+t*t*3+s*t)%8 for t in range(2+s%5)] for s in range(40)]
 *   A = np.zeros((40,8)); [A[s].put(x, 1) for s, x in enumerate(S)]
 *   c = A.T@A; n = np.diag(c).copy(); np.fill_diagonal(c, 0); sim = c/np.outer((n+20)**.5, (n+20)**.5)
 *   T = np.zeros((8,8)); [T.__setitem__((p,q), T[p,q]+1) for x in S for p, q in zip(x, x[1:])]
 *   pop = np.bincount(sum(S, []), minlength=8)
 *   sim[3], sim[5] + .8*sim[3] + .64*sim[5], .9*T[3]/T[3].sum() + .1*pop/pop.sum()
 */
import assert from "node:assert/strict";
import { Rng } from "../../src/core/rng";
import type { TrainSessions } from "../../src/data/types";
import { ItemKnn } from "../../src/models/item-knn";
import { Markov } from "../../src/models/markov";
import { Pop } from "../../src/models/pop";
import type { Recommender } from "../../src/models/recommender";
import { SessionPop } from "../../src/models/session-pop";
import { columns } from "../contract/worlds";

const sessions = Array.from({ length: 40 }, (_, s) => Array.from({ length: 2 + (s % 5) }, (_, t) => (s * 7 + t * t * 3 + s * t) % 8));
const train: TrainSessions = { role: "train", hash: "", items: { ids: [..."abcdefgh"], trained: 8 }, ...columns(sessions) };
const popularity = [11, 17, 11, 61, 11, 17, 11, 21];

async function scoresAfter(model: Recommender, session: readonly number[], on: TrainSessions = train): Promise<number[]> {
  await model.fit(on, undefined as never, { rng: new Rng(1) });
  return [...(model.score(columns([session])) as Float32Array)];
}

function assertNear(found: readonly number[], expected: readonly number[]): void {
  assert.equal(found.length, expected.length);
  found.forEach((value, at) => assert.ok(Math.abs(value - expected[at]!) < 1e-6, `${found.join(", ")} is not ${expected.join(", ")}`));
}

describe("POP and S-POP", () => {
  it("POP scores training counts, whatever the session", async () => {
    assert.deepEqual(await scoresAfter(new Pop(), [0]), popularity);
    assert.deepEqual(await scoresAfter(new Pop(), []), popularity);
  });

  it("S-POP scores the session's counts, then popularity below 1", async () => {
    const shares = popularity.map((count) => count / 62);
    assertNear(await scoresAfter(new SessionPop(), [2, 0, 2]), shares.map((share, item) => share + ({ 2: 2, 0: 1 }[item] ?? 0)));
    assertNear(await scoresAfter(new SessionPop({ by: "recency" }), [2, 0, 2]), shares.map((share, item) => share + ({ 2: 3, 0: 2 }[item] ?? 0)));
  });

  it("refuse another order", () => {
    assert.throws(() => new SessionPop({ by: "age" as never }), /Expected SessionPop.by to be one of "count", "recency", found "age"/);
  });
});

describe("Markov", () => {
  it("agrees with numpy: transitions from the last item, with popularity", async () => {
    assertNear(await scoresAfter(new Markov({ backoff: 0.1 }), [0, 3]), [0.126875, 0.150625, 0.086875, 0.218125, 0.126875, 0.090625, 0.086875, 0.113125]);
  });

  it("leaves out self-transitions on request", async () => {
    assertNear(await scoresAfter(new Markov({ backoff: 0, self: false }), [3]), [0.166666667, 0.194444444, 0.111111111, 0, 0.166666667, 0.111111111, 0.111111111, 0.138888889]);
  });

  it("gives probabilities: each row sums to 1", async () => {
    for (let item = 0; item < 8; item++) {
      const sum = (await scoresAfter(new Markov({ backoff: 0.3 }), [item])).reduce((total, value) => total + value, 0);
      assert.ok(Math.abs(sum - 1) < 1e-6);
    }
  });

  it("falls back to popularity where nothing followed the last item", async () => {
    const dead: TrainSessions = { role: "train", hash: "", items: { ids: ["a", "b", "c"], trained: 3 }, ...columns([[0, 2], [1, 2], [1, 2]]) };
    assertNear(await scoresAfter(new Markov({ backoff: 0 }), [2], dead), [1 / 6, 2 / 6, 3 / 6]);
  });

  it("takes the last known item, and no transition over an unknown one", async () => {
    const gap: TrainSessions = { role: "train", hash: "", items: { ids: ["a", "b", "c", "cold"], trained: 3 }, ...columns([[0, 3, 1], [0, 2]]) };
    assertNear(await scoresAfter(new Markov({ backoff: 0 }), [0], gap), [0, 0, 1]);
    assertNear(await scoresAfter(new Markov({ backoff: 0 }), [0, 3], gap), [0, 0, 1]);
  });
});

describe("Item-kNN", () => {
  const ofItem3 = [0.215758486, 0.273861279, 0.129099445, 0, 0.215758486, 0.30996521, 0.129099445, 0.376968517];

  it("agrees with numpy: regularised cosine of the last item", async () => {
    assertNear(await scoresAfter(new ItemKnn(), [5, 3]), ofItem3);
  });

  it("agrees with numpy: another exponent and regularisation", async () => {
    const expected = [0.287969078, 0.363125786, 0.177050096, 0, 0.287969078, 0.410595763, 0.177050096, 0.500744675];
    assertNear(await scoresAfter(new ItemKnn({ regularisation: 3, alpha: 0.75 }), [3]), expected);
  });

  it("agrees with numpy: a window of three with decay; a repeated item counts each time", async () => {
    const expected = [0.172606789, 0.616847448, 0.103279556, 0.508342944, 0.172606789, 0.247972168, 0.103279556, 0.803461039];
    assertNear(await scoresAfter(new ItemKnn({ window: 3, decay: 0.8 }), [0, 5, 3, 5]), expected);
  });

  it("keeps the nearest neighbours only, ties in catalogue order", async () => {
    assertNear(await scoresAfter(new ItemKnn({ neighbours: 3 }), [3]), ofItem3.map((value, item) => ([7, 5, 1].includes(item) ? value : 0)));
    const level: TrainSessions = { role: "train", hash: "", items: { ids: ["a", "b", "c"], trained: 3 }, ...columns([[2, 1, 0]]) };
    assertNear(await scoresAfter(new ItemKnn({ neighbours: 1, regularisation: 0 }), [2], level), [1, 0, 0]);
  });

  it("counts an item once a session", async () => {
    const repeated: TrainSessions = { role: "train", hash: "", items: { ids: ["a", "b"], trained: 2 }, ...columns([[0, 1, 0, 1, 1]]) };
    assertNear(await scoresAfter(new ItemKnn({ regularisation: 0 }), [0], repeated), [0, 1]);
  });

  it("falls back to popularity where the last item was always alone", async () => {
    const alone: TrainSessions = { role: "train", hash: "", items: { ids: ["a", "b"], trained: 2 }, ...columns([[0, 0], [1]]) };
    assertNear(await scoresAfter(new ItemKnn(), [1], alone), [2, 1]);
  });

  it("refuses options out of range", () => {
    assert.throws(() => new ItemKnn({ neighbours: 0 }), /Expected ItemKnn.neighbours to be a positive integer, found 0/);
    assert.throws(() => new ItemKnn({ alpha: 1 }), /in \[0, 1\)/);
  });
});
