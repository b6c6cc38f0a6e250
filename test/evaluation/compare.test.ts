import assert from "node:assert/strict";
import { ConfigError } from "../../src/core/errors";
import { Rng } from "../../src/core/rng";
import { compare, holm, normalQuantile, pairedBootstrap, smallestDetectable, type Run } from "../../src/evaluation/compare";
import type { Evaluation } from "../../src/evaluation/evaluate";
import type { Passport } from "../../src/evaluation/passport";

const passport = {
  data: { name: "demo", hash: "d" }, split: { by: "time" }, candidates: "full ranking over 100 training items", ties: "expected", ks: [10], budget: "minute",
} as unknown as Passport;

/** A run whose cases have these ranks, without ties. */
function run(ranks: readonly number[], session: readonly number[], changes: { passport?: Partial<Passport>; evaluation?: Partial<Evaluation> } = {}): Run {
  const evaluation = {
    role: "test", hash: "c", items: 100, ks: [10], ties: "expected",
    rows: {
      greater: Int32Array.from(ranks, (rank) => rank - 1), equal: new Int32Array(ranks.length).fill(1), ahead: new Int32Array(ranks.length),
      session: Int32Array.from(session), user: Int32Array.from(session, () => 0),
    },
    ...changes.evaluation,
  } as unknown as Evaluation;
  return { passport: { ...passport, ...changes.passport }, evaluation };
}

describe("paired bootstrap", () => {
  const values = Float64Array.from({ length: 200 }, (_, at) => ((at * 7919) % 1000) / 1000 - 0.45);

  it("agrees with scipy where every case is its own cluster", () => {
    // x = np.array([((i*7919)%1000)/1000-.45 for i in range(200)])
    // scipy.stats.bootstrap((x,), np.mean, n_resamples=20000, method="percentile", random_state=0)
    const found = pairedBootstrap(values, Int32Array.from(values.keys()), { resamples: 20000 });
    assert.ok(Math.abs(found.difference - 0.0455) < 1e-12);
    assert.ok(Math.abs(found.low - 0.0059) < 0.002 && Math.abs(found.high - 0.086) < 0.002);
    assert.ok(Math.abs(found.standardError - 0.02055) < 0.0005);
    assert.equal(found.clusters, 200);
    assert.ok(found.p > 0.01 && found.p < 0.05); // z = 2.2: p = .027
  });

  it("resamples whole clusters: agrees with numpy on clusters of four", () => {
    // s = x.reshape(50, 4).sum(1); i = np.random.default_rng(0).integers(0, 50, (20000, 50)); d = s[i].sum(1)/200
    // np.quantile(d, [.025, .975]), d.std(ddof=1)
    const found = pairedBootstrap(values, Int32Array.from(values, (_, at) => Math.floor(at / 4)), { resamples: 20000 });
    assert.ok(Math.abs(found.low + 0.0077) < 0.003 && Math.abs(found.high - 0.0985) < 0.003);
    assert.ok(Math.abs(found.standardError - 0.0271) < 0.0006);
    assert.equal(found.clusters, 50);
  });

  it("does not take copies of a case for evidence", () => {
    const once = pairedBootstrap(values, Int32Array.from(values.keys()));
    const copied = pairedBootstrap(Float64Array.from([...values, ...values]), Int32Array.from([...values.keys(), ...values.keys()]));
    assert.ok(Math.abs(copied.standardError - once.standardError) < 1e-12);
  });

  it("is seeded", () => {
    const cluster = Int32Array.from(values.keys());
    assert.deepEqual(pairedBootstrap(values, cluster, { seed: 1 }), pairedBootstrap(values, cluster, { seed: 1 }));
    assert.notDeepEqual(pairedBootstrap(values, cluster, { seed: 1 }), pairedBootstrap(values, cluster, { seed: 2 }));
  });

  it("gives p = 1 for no difference, and 2 / (R + 1) at least", () => {
    const cluster = Int32Array.of(0, 1, 2);
    assert.equal(pairedBootstrap(new Float64Array(3), cluster).p, 1);
    assert.equal(pairedBootstrap(Float64Array.of(1, 1, 1), cluster, { resamples: 1999 }).p, 2 / 2000);
    assert.equal(pairedBootstrap(Float64Array.of(-1, -1, -1), cluster, { resamples: 1999 }).p, 2 / 2000);
  });

  it("rejects a true null about as often as it says", () => {
    const rng = new Rng(8);
    let rejected = 0;
    for (let trial = 0; trial < 300; trial++) {
      if (pairedBootstrap(Float64Array.from(rng.normals(60)), Int32Array.from({ length: 60 }, (_, at) => at), { resamples: 400, seed: trial }).p < 0.05) rejected++;
    }
    assert.ok(rejected >= 5 && rejected <= 30, `${rejected} of 300`); // 15 expected; sd 3.8
  });
});

describe("compare", () => {
  const session = [0, 0, 1, 1, 2, 2];

  it("takes each case's mean over seeds, and the seeds' sd stands beside it", () => {
    const found = compare([run([1, 1, 1, 1, 1, 11], session), run([1, 1, 11, 1, 1, 11], session)], [run([2, 2, 2, 2, 2, 2], session)], "MRR@10", { resamples: 2000 });
    assert.ok(Math.abs(found.proposed - (5 / 6 + 4 / 6) / 2) < 1e-12);
    assert.equal(found.baseline, 0.5);
    assert.ok(Math.abs(found.difference - 0.25) < 1e-12);
    assert.ok(Math.abs(found.seedSd.proposed - Math.SQRT2 / 12) < 1e-12);
    assert.equal(found.seedSd.baseline, 0);
    assert.equal(found.clusters, 3);
    assert.ok(found.low <= found.difference && found.difference <= found.high);
  });

  it("is antisymmetric", () => {
    const [a, b] = [[run([1, 3, 5, 2, 9, 4], session)], [run([2, 2, 4, 30, 1, 7], session)]];
    const [forth, back] = [compare(a, b), compare(b, a)];
    assert.ok(Math.abs(forth.difference + back.difference) < 1e-15 && Math.abs(forth.low + back.high) < 1e-12 && forth.p === back.p);
  });

  it("refuses runs that were not measured alike, and says in what", () => {
    const base = run([1, 2, 3, 4, 5, 6], session);
    const others: readonly (readonly [string, Run])[] = [
      ["data", run([1], session, { passport: { data: { name: "demo", hash: "other" } } })],
      ["split", run([1], session, { passport: { split: { by: "user" } } })],
      ["ties", run([1], session, { passport: { ties: "optimistic" } })],
      ["ks", run([1], session, { passport: { ks: [20] } })],
      ["budget", run([1], session, { passport: { budget: "paper" } })],
      ["cases", run([1], session, { evaluation: { hash: "other" } })],
      ["role", run([1], session, { evaluation: { role: "valid" } })],
    ];
    for (const [what, other] of others) {
      assert.throws(() => compare([base], [other]), (error: Error) => error instanceof ConfigError && error.message.includes(`different ${what};`), what);
    }
    assert.throws(() => compare([base], []), /found none/);
    assert.throws(() => compare([base], [base], "NDCG"), ConfigError);
  });

  it("resamples users on request", () => {
    assert.equal(compare([run([1, 1, 1, 1, 1, 1], session)], [run([2, 2, 2, 2, 2, 2], session)], "MRR@10", { by: "user" }).clusters, 1);
    const anonymous = run([1], [0], { evaluation: { rows: { ...run([1], [0]).evaluation.rows, user: undefined } } });
    assert.throws(() => compare([anonymous], [anonymous], "MRR@10", { by: "user" }), /data with users/);
  });
});

describe("Holm and power", () => {
  it("Holm's correction steps down and stays monotone", () => {
    // scipy has no Holm; by hand: .005*4, max(.02, .01*3), max(.03, .03*2), max(.06, .04*1)
    const adjusted = holm([0.01, 0.04, 0.03, 0.005]);
    [0.03, 0.06, 0.06, 0.02].forEach((expected, at) => assert.ok(Math.abs(adjusted[at]! - expected) < 1e-15));
    assert.deepEqual(holm([0.9, 0.8]), [1, 1]);
    assert.deepEqual(holm([]), []);
  });

  it("normal quantiles agree with scipy.stats.norm.ppf", () => {
    const golden = { 0.001: -3.090232306167813, 0.02: -2.053748910631823, 0.3: -0.5244005127080409, 0.5: 0, 0.8: 0.8416212335729143, 0.975: 1.959963984540054, 0.9999: 3.719016485455709 };
    for (const [p, expected] of Object.entries(golden)) assert.ok(Math.abs(normalQuantile(Number(p)) - expected) < 1e-8, p);
  });

  it("the smallest detectable difference is found with about the power it names", () => {
    // (NormalDist().inv_cdf(.975) + NormalDist().inv_cdf(.8)) * .2 / 20
    assert.ok(Math.abs(smallestDetectable(0.2, 400) - 0.02801585218112968) < 1e-9);
    const rng = new Rng(4);
    const gain = smallestDetectable(1, 100);
    let found = 0;
    for (let trial = 0; trial < 200; trial++) {
      const sample = Float64Array.from(rng.normals(100), (value) => value + gain);
      if (pairedBootstrap(sample, Int32Array.from(sample.keys()), { resamples: 400, seed: trial }).p < 0.05) found++;
    }
    assert.ok(found > 140 && found < 180, `${found} of 200`); // 160 expected; sd 5.7
    assert.throws(() => smallestDetectable(1, 10, 80), ConfigError);
  });
});
