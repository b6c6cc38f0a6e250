import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { readCheckedJson } from "../../src/core/checked-json";
import { renderTable } from "../../src/display/formats";
import { acmSettings, searchPersonas, type PersonaSearch } from "../../src/papers/hdgi/search";
import { personaTable, verdicts } from "../../src/papers/hdgi/table";
import { acmOptions, personaRows, type PersonaResult, type PersonaRun } from "../../src/papers/hdgi/hdgi";
import { initBackend } from "../../src/tensor/backend";
import { twoKinds } from "../personas/graphs";
import { freshFolder } from "../scratch";

function result(model: PersonaRun, seed: number, micro: number, nmi = 0.6, loss?: number): PersonaResult {
  const quality = { C: 1, valid: { micro, macro: micro }, test: { micro, macro: micro - 0.01 }, nmi, ari: nmi };
  return { paper: "hdgi", dataset: "acm3025", model, seed, passport: { model } as PersonaResult["passport"], fit: loss === undefined ? {} : { loss, accuracy: 0.99, trivial: loss > 0.69 }, ...quality };
}

const learnt = (model: PersonaRun, micros: readonly number[], nmi?: number, loss = 0.01): PersonaResult[] => micros.map((micro, at) => result(model, at + 1, micro, nmi, loss));
const baselines = [result("features", 1, 0.7), result("mean-features", 1, 0.8)];

describe("papers/hdgi/table", () => {
  it("says what is ahead of both baselines, and what the rewired graph leaves", () => {
    const rows = personaRows([...baselines, ...learnt("hdgi-c", [0.88, 0.9]), ...learnt("hdgi-c-rewired", [0.69, 0.71])]);
    assert.deepEqual(verdicts("acm3025", rows), [
      "HDGI-C: micro-F1 +0.1900 to features alone, +0.0900 to features and their means over meta-paths, both beyond the seeds' 0.0141; NMI 0.600 against 0.49 of the authors' code in another's hands: reached.",
      "HDGI-C on the rewired graph: +0.0000 to features alone; nothing is left of the gain.",
    ]);
  });

  it("says so where it is not", () => {
    const rows = personaRows([...baselines, ...learnt("hdgi-a", [0.78, 0.84], 0.3), ...learnt("hdgi-a-rewired", [0.8, 0.8]), ...learnt("dmgi", [0.75], 0.5, 0.693)]);
    assert.deepEqual(verdicts("acm3025", rows), [
      "HDGI-A: micro-F1 +0.1100 to features alone, +0.0100 to features and their means over meta-paths, not both beyond the seeds' 0.0424; NMI 0.300 against 0.49 of the authors' code in another's hands: not reached.",
      "HDGI-A on the rewired graph: +0.1000 to features alone; some of the gain does not come from who is joined to whom.",
      "DMGI: a loss that never left ln 2; its vectors mean nothing.",
      "DMGI: micro-F1 +0.0500 to features alone, -0.0500 to features and their means over meta-paths; NMI 0.500 against 0.49 of the authors' code in another's hands: reached.",
    ]);
  });

  it("has a row a model, means and sd over seeds, and the ids of all runs", () => {
    const split = { train: Int32Array.of(0), valid: Int32Array.of(1), test: Int32Array.of(2) };
    const labelled = { graph: twoKinds(), classes: ["a", "b"], labels: new Int32Array(80), split };
    const text = renderTable(personaTable("acm3025", [...baselines, ...learnt("hdgi-c", [0.88, 0.9])], labelled, { "hdgi-acm3025": { test: 4, confirm: 0 } }), "markdown");
    assert.match(text, /\| HDGI-C \| 2 \| \*\*0\.8900 ± 0\.0141\*\* \| \*\*0\.8800 ± 0\.0141\*\* \|/);
    assert.match(text, /\| features alone \| 1 \| 0\.7000 \| 0\.6900 \| .* \| - \| - \|/);
    assert.match(text, /Test labels were read 4 times so far/);
    assert.match(text, /`hdgi-acm3025-hdgi-c-2@[0-9a-f]{8}`/);
  });
});

describe("papers/hdgi/search", () => {
  const folder = freshFolder();
  before(() => initBackend());

  it("keeps what was tried, reads no test label, and goes on", async () => {
    const graph = twoKinds();
    const split = { train: Int32Array.from({ length: 20 }, (_, n) => 4 * n), valid: Int32Array.from({ length: 20 }, (_, n) => 4 * n + 1), test: Int32Array.of(1_000_000) }; // no node: reading it would fail
    const labelled = { graph, classes: ["a", "b"], labels: Int32Array.from({ length: 80 }, (_, n) => Number(n >= 40)), split };
    const lines: string[] = [];
    const search = (settings: readonly object[]): Promise<PersonaSearch> => searchPersonas({ dataset: "toy", labelled, learner: "gcn", settings, results: folder(), onStep: (line) => lines.push(line) });
    const [weak, strong] = [{ dimension: 8, epochs: 1 }, { dimension: 8, epochs: 60, rate: 0.02 }];
    await search([weak]);
    const both = await search([weak, strong]);
    assert.equal(lines.length, 2);
    assert.deepEqual(both.options, strong);
    assert.ok(both.trials[1]!.valid.micro > 0.9 && both.trials[0]!.fit.epochs === 1);
    assert.deepEqual(await search([weak, strong]), both);
    assert.equal(lines.length, 2);
  });

  it("acm3025's options of DMGI are those that the committed search chose", () => {
    const file = join(__dirname, "..", "..", "results", "searches", "hdgi-acm3025-dmgi.json");
    assert.ok(existsSync(file), "run sessionlab hdgi --dataset acm3025 --search --variant dmgi --publish");
    const { options, trials } = readCheckedJson<PersonaSearch>(file, "a search", "run it again")!;
    assert.deepEqual(acmOptions.dmgi, options);
    assert.deepEqual(trials.map((trial) => trial.options), acmSettings.dmgi);
  });
});
