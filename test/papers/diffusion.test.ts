/** The diffusion experiment on a planted world: what is run, what is kept, and what the tables say. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Split } from "../../src/data/types";
import { renderTable } from "../../src/display/formats";
import { readDiffusion, runDiffusion, type DiffusionPlan } from "../../src/papers/diffusion/diffusion";
import { diffusionTables } from "../../src/papers/diffusion/tables";
import { readResults } from "../../src/papers/results";
import { initBackend } from "../../src/tensor/backend";
import { worlds } from "../contract/worlds";
import { withFolder } from "../scratch";

const { train, valid } = worlds.cycle;
const test = { ...valid, role: "test" as const, hash: "test" };
const split: Split = { name: "cycle", protocol: { words: "made up" }, items: train.items, train, valid, test };
const quick = { width: 32, blocks: 1, times: 50, batch: 64, rate: 0.005, metric: "MRR@10", patience: 9 };
const base = { dimension: 16, batch: 64, rate: 0.01, rateDecay: 1, epochs: 3 };
const space = [{ ...quick, epochs: 1, steps: 1 }, { ...quick, epochs: 4, steps: 5 }];
const plan: DiffusionPlan = { base: { minute: "niser", hour: "niser", paper: "niser" }, baseOptions: { minute: base, hour: base, paper: base }, space: { minute: space, hour: space, paper: space }, choiceCases: 60, testCases: Infinity };

describe("the diffusion experiment", function () {
  this.timeout(240_000);

  it("chooses on validation, beats POP on a planted pattern, keeps what it found, and does not run again", () =>
    withFolder(async (folder) => {
      const results = join(folder, "results");
      const readings: string[] = [];
      const steps: string[] = [];
      const shop = { backend: await initBackend(), budget: "minute" as const, cache: join(folder, "cache") };
      const run = () => runDiffusion({ dataset: "cycle", plan, split, seeds: 2, results, shop, onStep: (line) => steps.push(line), onReading: async (one) => readings.push(one) });
      const found = await run();
      assert.deepEqual(found.rows.map(({ title, seeds }) => [title, seeds.length]), [["POP", 1], ["NISER+", 2], ["guided diffusion", 2]]);
      assert.deepEqual(readings, Array(5).fill("diffusion-cycle-minute"));
      assert.equal(found.trials.length, 2);
      assert.deepEqual(found.chosen, found.trials[found.trials[0]!.value >= found.trials[1]!.value ? 0 : 1]!.options);
      const [pop] = found.comparisons;
      assert.ok(pop!.against === "POP" && pop!.difference > 0.4 && pop!.holm < 0.05 && pop!.proposed > 2 * pop!.baseline);
      assert.equal(pop!.proposed, found.rows[2]!.test["NDCG@20"]!.mean);
      assert.deepEqual(readResults(results).map(({ paper, model, seed }) => `${paper} ${model} ${seed}`), ["diffusion diffusion 1", "diffusion diffusion 2", "diffusion niser 1", "diffusion niser 2", "diffusion pop 1"]);
      assert.equal(found.slates.length, 7);
      assert.ok(found.slates.every(({ slates, slots }) => slates === 60 && slots === 10));

      const file = join(results, "diffusion", "cycle-minute.json");
      steps.length = 0;
      assert.deepEqual(await run(), readDiffusion(file));
      assert.deepEqual([steps, readings.length], [[], 5]);

      const [recommender, slates] = diffusionTables(found, readings.length).map((table) => renderTable(table as never, "markdown")) as [string, string];
      assert.match(recommender, new RegExp(`\\| guided diffusion \\| 2 \\| \\*{0,2}${found.rows[2]!.test["NDCG@20"]!.mean.toFixed(4)} ± `));
      assert.match(recommender, /Guided diffusion against POP: NDCG@20 \+0\.\d+ \[0\.\d+, 0\.\d+\], [\d.]+ times, p = 0\.00\d+\./);
      assert.match(recommender, /scored 5 times/);
      assert.match(slates, /\| chance \| /);

      writeFileSync(file, readFileSync(file, "utf8").replace(/"value": 0\./, '"value": 1.'));
      await assert.rejects(run(), /Expected results as it was written, found that it was changed/);
    }));
});
