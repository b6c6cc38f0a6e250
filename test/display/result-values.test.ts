/** Evaluations, comparisons, passports, results, models and recommendations as a notebook shows them. */
import assert from "node:assert/strict";
import { Rng } from "../../src/core/rng";
import { toBundle } from "../../src/display/mime";
import type { Table } from "../../src/display/table";
import { evaluate } from "../../src/evaluation/evaluate";
import { passportOf } from "../../src/evaluation/passport";
import { trainingCounts } from "../../src/evaluation/strata";
import { Markov } from "../../src/models/markov";
import { Pop } from "../../src/models/pop";
import { Sasrec } from "../../src/models/sasrec";
import { initBackend } from "../../src/tensor/backend";
import { evilTitle, smallSplit, textOf } from "./values";

const plain = (value: unknown): string[] => textOf(toBundle(value), "text/plain").split("\n");

async function smallEvaluation() {
  const split = smallSplit();
  const model = new Pop();
  await model.fit(split.train, split.valid, { rng: new Rng(1) });
  return evaluate((sessions) => model.score(sessions), split.test, { ks: [2], counts: trainingCounts(split.train), lengths: [1, 2] });
}

function passport(evaluation: Awaited<ReturnType<typeof smallEvaluation>>) {
  const split = smallSplit();
  const backend = { name: "cpu", device: "CPU", threads: 1, cpu: "a processor" } as const;
  return passportOf({ model: "POP", options: { depth: 2 }, seeds: [1], budget: "minute", seconds: 1.23456, startedAt: new Date(0), split, evaluation, backend });
}

describe("results in a notebook", () => {
  it("shows an evaluation with its protocol", async () => {
    const lines = plain(await smallEvaluation());
    assert.equal(lines[0], "Evaluation on test  2 cases  full ranking over 3 items");
    assert.match(lines[2]!, /^ +cases +@ +HR +MRR +NDCG +Coverage +ARP$/);
    assert.match(lines[3]!, /^all cases +2 +2 +0\.5000 +0\.2500 +0\.3155 +0\.6667 +1\.5000$/);
    assert.match(lines.at(-1)!, /^Ties: expected; 100\.0 % of the targets tie\./);
  });

  it("shows a comparison, and several", () => {
    const comparison = { metric: "NDCG@10", proposed: 0.06, baseline: 0.05, difference: 0.01, low: 0.002, high: 0.018, p: 0.0004, standardError: 0.004, sd: 0.1, clusters: 197, seedSd: { proposed: 0, baseline: 0 } };
    assert.equal(plain(comparison)[3], "NDCG@10    0.0600    0.0500     +0.0100  0.0020 to 0.0180  < 0.001       197");
    assert.equal(plain([comparison, comparison])[0], "2 comparisons  paired bootstrap");
  });

  it("shows a comparison by group, with Holm's correction beside p", () => {
    const one = { metric: "HR@1", proposed: 0.5, baseline: 0.25, difference: 0.25, low: 0.1, high: 0.4, p: 0.01, standardError: 0.1, sd: 0.1, clusters: 9, seedSd: { proposed: 0, baseline: 0 } };
    const lines = plain([{ ...one, by: "all", name: "all cases", cases: 40, holm: 0.01 }, { ...one, by: "popularity", name: "tail", cases: 12, items: 7, holm: 0.03 }]);
    assert.equal(lines[0], "Comparison by group on HR@1  paired bootstrap  Holm over the groups");
    assert.equal(lines[4], "tail          12    0.5000    0.2500     +0.2500  0.1000 to 0.4000  0.010      0.030");
  });

  it("shows who wins which sessions, with titles where there are some, escaped and bounded", () => {
    const flip = { case: 3, session: ["1", "2", "3", "4", "5", "6"], sessionTitles: ["a", "b", "", "d", "e", evilTitle], target: "9", targetTitle: "Fargo", proposedRank: 1, baselineRank: Infinity };
    const bare = { case: 4, session: ["7"], target: "8", proposedRank: 31.5, baselineRank: 2 };
    const value = { proposed: "SASRec", baseline: "POP", k: 10, cases: 50, both: 10, neither: 30, won: 6, wins: [flip], lost: 4, losses: Array.from({ length: 90 }, () => bare) };
    const lines = plain(value);
    assert.equal(lines[0], "SASRec against POP: who has the target among the first 10  50 cases  both 20.0 %  neither 60.0 %");
    assert.equal(lines[2], "6 cases that SASRec hits and POP misses (12.0 %)");
    assert.match(lines[4]!, /^\(1 earlier\) b > 3 > d > e > Heat .* {2}Fargo +1 +-$/);
    assert.match(lines[8]!, /^ +7 +8 +31\.5 +2$/);
    assert.equal(lines.filter((line) => /^ +7 +8 /.test(line)).length, 50);
    assert.ok(!textOf(toBundle(value)).includes("<script"));
  });

  it("shows a passport as how the number came about", async () => {
    const lines = plain(passport(await smallEvaluation()));
    assert.equal(lines[0], "Passport: POP");
    assert.ok(lines.includes("candidates  full ranking over 3 training items"));
    assert.ok(lines.includes("options     depth 2"));
    assert.ok(lines.some((line) => line.startsWith("run         SessionLab ") && line.endsWith("1970-01-01 00:00 UTC, 1.23 s")));
  });

  it("shows results side by side, bounded", async () => {
    const evaluation = await smallEvaluation();
    const result = { paper: "base", dataset: "demo-time", model: "pop", seed: 1, passport: passport(evaluation), fit: { seconds: 1 }, valid: evaluation, test: evaluation };
    assert.equal(plain([result, result])[0], "2 results  demo-time, budget minute");
    assert.match(plain(result)[3]!, /^pop +demo-time +1 +0\.5000/);
    const many = plain(Array.from({ length: 500 }, () => result));
    assert.ok(many.length < 60 && many.some((line) => line.startsWith("450 more are not shown.")));
  });

  it("shows a table of metrics in three forms", () => {
    const table: Table<{ readonly name: string; readonly hit: number }> = {
      title: "Demo", protocol: "full ranking", results: ["demo@1"],
      columns: [{ header: "model", cell: (row) => row.name }, { header: "HR@10", cell: (row) => row.hit, digits: 2, best: "high" }],
      rows: [{ name: evilTitle, hit: 0.1 }, { name: "SASRec", hit: 0.25 }],
    };
    const bundle = toBundle(table);
    assert.match(textOf(bundle), /<table border="1" class="dataframe">[^]*<strong>0\.25<\/strong>[^]*Protocol: full ranking/);
    assert.match(textOf(bundle), /<th scope="col" style="text-align:left">model<\/th><th scope="col" style="text-align:right">HR@10<\/th>[^]*<th scope="row" style="text-align:left">SASRec<\/th><td style="text-align:right">/);
    assert.ok(!textOf(bundle).includes("<script"));
    assert.match(textOf(bundle, "text/markdown"), /\| SASRec \| \*\*0\.25\*\* \|/);
    assert.match(textOf(bundle, "text/plain"), /^SASRec +0\.25\*$/m);
  });
});

describe("models in a notebook", () => {
  it("shows name, options, whether it is fitted and how much it learnt", async () => {
    const model = new Markov({ backoff: 0.5 });
    assert.deepEqual(plain(model), ["Markov  not fitted", "", "option   value", "backoff  0.5", "self     true", "", "fit(split.train, split.valid, { rng }) comes first, or load(folder)."]);
    const { train, valid } = smallSplit();
    await model.fit(train, valid, { rng: new Rng(1) });
    assert.match(plain(model)[0]!, /^Markov {2}fitted on 3 items {2}\d+ learnt numbers$/);
    const pop = new Pop();
    await pop.fit(train, valid, { rng: new Rng(1) });
    assert.equal(plain(pop)[0], "POP  fitted on 3 items  3 learnt numbers  no options");
  });

  it("counts the weights of a model of tensors", async () => {
    await initBackend();
    const { train, items } = smallSplit();
    const valid = { role: "valid" as const, items, sessions: train, session: Int32Array.of(0), end: Int32Array.of(1), target: Int32Array.of(1), hash: "v" };
    const model = new Sasrec({ dimension: 4, inner: 4, blocks: 1, maxLength: 5, epochs: 1 });
    const report = await model.fit(train, valid, { rng: new Rng(1) });
    const weights = /fitted on 3 items {2}(\d+) learnt numbers/.exec(plain(model)[0]!);
    // Items and positions, a block of attention and feed-forward (2 + 4 square layers with biases where it has them), norms.
    assert.ok(weights !== null && Number(weights[1]) > 4 * (3 + 5) && Number(weights[1]) < 400, plain(model)[0]);
    const lines = plain(report);
    assert.match(lines[0]!, /^Fit {2}[\d.]+ s {2}1 epoch {2}the weights of epoch 1 were kept$/);
    assert.match(lines[2]!, /^epoch +loss +NDCG@10$/);
    model.dispose();
  });

  it("shows recommendations with titles, escaped", () => {
    const list = [{ item: "50", title: evilTitle, score: 0.57991 }, { item: "7", title: "", score: 2 }];
    assert.deepEqual(plain(list), ["Recommended next  2 items", "", "rank  title                             item   score", '   1  Heat <script>alert("1")</script>    50  0.5799', "   2  -                                    7       2"]);
    assert.ok(!textOf(toBundle(list)).includes("<script"));
  });

  it("shows what was tuned", () => {
    const report = { metric: "NDCG@10", options: { window: 5 }, value: 0.06, trials: [{ options: {}, metrics: { "NDCG@10": 0.05 }, seconds: 1 }, { options: { window: 5 }, metrics: { "NDCG@10": 0.06 }, seconds: 2 }] };
    assert.deepEqual(plain(report), [
      "Tuned on validation NDCG@10  2 settings  best 0.0600: window 5",
      "",
      "setting       NDCG@10  seconds",
      "the defaults   0.0500      1.0",
      "window 5       0.0600      2.0  best",
    ]);
  });

  it("shows the plan of a training", () => {
    const tensors = { parameters: 4e6, moments: 8e6, gradients: 1e6, loss: 2e6, activations: 5e6, total: 20e6 };
    const lines = plain({ name: "SASRec", tensors, peakBytes: 5.5e8, limitBytes: 8e9, epochs: 30, steps: 120, secondsAStep: 0.04567, secondsAnEpoch: 6.1234, minutes: 3.0617 });
    assert.equal(lines[0], "Plan of a training of SASRec  3.06 minutes at most  0.550 GB of 8.00 GB");
    assert.ok(lines.some((line) => /^seconds a step +0\.0457$/.test(line)) && lines.some((line) => /^moments +8$/.test(line)) && lines.some((line) => /^all +20$/.test(line)));
  });

  it("shows what was searched, round by round", () => {
    const trial = { round: 1, setting: 1, options: { rate: 0.01 }, share: 0.125, epochs: 2, metrics: { "NDCG@10": 0.05 }, seconds: 1, kept: true };
    const broken = { round: 1, setting: 2, options: { rate: 9 }, share: 0.125, metrics: {}, seconds: 2, kept: false, failure: "a loss that is none" };
    const report = { metric: "NDCG@10", options: { rate: 0.01 }, value: 0.05, settings: 2, trials: [trial, broken], rows: [] };
    assert.deepEqual(plain(report), [
      "Searched on validation NDCG@10  2 settings in 1 round  best 0.0500: rate 0.01",
      "",
      "round  number  setting    of train  epochs  NDCG@10  seconds",
      "    1       1  rate 0.01    12.5 %       2   0.0500      1.0  kept",
      "    1       2  rate 9       12.5 %       -        -      2.0  broke off",
    ]);
  });
});
