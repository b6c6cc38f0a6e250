/**
 * The simple models against figures measured on the exact benchmark files of the SR-GNN line of papers
 * (Diginetica: 186,670 training sessions, 60,858 test cases, 43,097 items).
 * A seeded sample of 3,000 test cases is scored, to stay quick; the tolerance is 3 standard errors of that sample.
 */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { Rng } from "../../src/core/rng";
import type { Cases, Items, TrainSessions } from "../../src/data/types";
import { caseRows, evaluate } from "../../src/evaluation/evaluate";
import { trainingCounts } from "../../src/evaluation/strata";
import { Markov } from "../../src/models/markov";
import { Pop } from "../../src/models/pop";
import type { Recommender } from "../../src/models/recommender";
import { SessionKnn } from "../../src/models/session-knn";
import { SessionPop } from "../../src/models/session-pop";
import { VsKnn } from "../../src/models/vs-knn";

const folder = join(process.env["SESSIONLAB_DATA"] ?? join(__dirname, "../../../shared/data"), "sessions/diginetica");
const sample = 3000;

function lines(file: string): string[] {
  return gunzipSync(readFileSync(join(folder, file))).toString("utf8").trimEnd().split("\n");
}

function columns(sessions: readonly (readonly number[])[]): { readonly offsets: Uint32Array; readonly item: Int32Array } {
  const offsets = new Uint32Array(sessions.length + 1);
  sessions.forEach((session, s) => (offsets[s + 1] = offsets[s]! + session.length));
  return { offsets, item: Int32Array.from(sessions.flat()) };
}

describe("simple models on the Diginetica benchmark", () => {
  let train: TrainSessions;
  let test: Cases<"test">;
  let counts: Uint32Array;

  before(function () {
    if (!existsSync(folder)) {
      console.log("      skipped: no Diginetica files in SESSIONLAB_DATA or ../shared/data (sessions/diginetica)");
      this.skip();
    }
    const trainSessions = lines("train_sessions.txt.gz").map((line) => line.split(" ").map((id) => Number(id) - 1));
    const trained = 43097; // the file's ids are 1..43097, all of them in training
    const items: Items = { ids: Array.from({ length: trained }, (_, item) => `${item + 1}`), trained };
    train = { role: "train", hash: "diginetica", items, ...columns(trainSessions) };
    const all = lines("test_prefix_label.txt.gz");
    assert.equal(all.length, 60858);
    const chosen = Array.from(new Rng(1).permutation(all.length).subarray(0, sample), (index) => all[index]!.split(/[ \t]/).map((id) => Number(id) - 1));
    test = {
      role: "test", hash: "diginetica sample", items,
      sessions: columns(chosen),
      session: Int32Array.from({ length: sample }, (_, c) => c),
      end: Int32Array.from(chosen, (ids) => ids.length - 1),
      target: Int32Array.from(chosen, (ids) => ids[ids.length - 1]!),
    };
    counts = trainingCounts(train);
    assert.ok(counts.every((count) => count > 0));
  });

  // Recall@20 and MRR@20 over all 60,858 cases, measured by an independent script on these files.
  const measured: readonly (readonly [Recommender, number, number])[] = [
    [new Pop(), 0.0093, 0.0021],
    [new SessionPop(), 0.2051, 0.1361],
    [new SessionPop({ by: "recency" }), 0.2051, 0.1369],
    [new Markov(), 0.347, 0.1295],
    // On 4,000 of the cases, by the same script.
    [new SessionKnn({ k: 100, sample: 500 }), 0.495, 0.177],
    [new VsKnn({ k: 100, sample: 1000 }), 0.517, 0.181],
    [new VsKnn({ k: 500, sample: 5000, weighting: "quadratic", decay: "quadratic", idf: 5 }), 0.511, 0.179],
  ];
  for (const [model, recall, reciprocal] of measured) {
    it(`${model.name} ${JSON.stringify(model.options)}: Recall@20 ${recall}, MRR@20 ${reciprocal}`, async () => {
      await model.fit(train, undefined as never, { rng: new Rng(1) });
      const result = await evaluate((sessions) => model.score(sessions), test, { ks: [20], counts });
      for (const [metric, expected] of [["HR@20", recall], ["MRR@20", reciprocal]] as const) {
        const rows = caseRows(result, metric);
        const found = result.metrics[metric]!;
        const error = Math.sqrt(rows.reduce((sum, value) => sum + (value - found) ** 2, 0) / sample / sample);
        assert.ok(Math.abs(found - expected) < 3 * error, `${metric} ${found} is not within 3 x ${error} of ${expected}`);
      }
      model.dispose();
    });
  }
});
