import assert from "node:assert/strict";
import { existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Rng } from "../../src/core/rng";
import { readBenchmark } from "../../src/data/benchmark";
import { renderTable } from "../../src/display/formats";
import type { ModelId } from "../../src/models/index";
import { runBenchmark, searchRounds, type BenchmarkSettings } from "../../src/papers/benchmark/benchmark";
import { benchmarkReport } from "../../src/papers/benchmark/report";
import { benchmarkTable } from "../../src/papers/benchmark/table";
import { initBackend } from "../../src/tensor/backend";
import { withFolder } from "../scratch";

/** Sessions that walk a circle of 12 items, as benchmark files. */
function writeCircle(folder: string): { readonly train: string; readonly test: string } {
  const rng = new Rng(1);
  const walk = (): string[] => {
    const start = rng.int(12);
    return Array.from({ length: 3 + rng.int(3) }, (_, at) => `i${(start + at) % 12}`);
  };
  const files = { train: join(folder, "train.txt"), test: join(folder, "test.txt") };
  writeFileSync(files.train, Array.from({ length: 400 }, () => walk().join(" ")).join("\n"));
  const cases = Array.from({ length: 40 }, () => walk()).flatMap((session) => session.slice(1).map((target, at) => `${session.slice(0, at + 1).join(" ")}\t${target}`));
  writeFileSync(files.test, cases.join("\n"));
  return files;
}

async function settingsIn(folder: string, models: readonly ModelId[], search = false): Promise<BenchmarkSettings & { readonly said: string[]; readings: number }> {
  const files = writeCircle(folder);
  const said: string[] = [];
  const settings = {
    ...{ name: "circle", models, budget: "minute" as const, seeds: 1, search, results: join(folder, "results"), backend: await initBackend(), cache: join(folder, "cache"), said, readings: 0 },
    load: (validShare: number) => readBenchmark(files, { name: "circle", validShare, confirm: false }),
    onStep: (line: string) => void said.push(line),
    onReading: async () => void settings.readings++,
  };
  return settings;
}

describe("papers/benchmark", function () {
  this.timeout(240_000);

  it("chooses on validation, measures on the test file, and runs nothing again that results hold", () =>
    withFolder(async (folder) => {
      const settings = await settingsIn(folder, ["pop", "markov", "session-knn", "narm"]);
      const rows = await runBenchmark(settings);
      assert.deepEqual(rows.map(({ title }) => title), ["POP", "Markov", "S-KNN", "NARM"]);
      const markov = rows[1]!.results[0]!;
      assert.equal(markov.test.metrics["HR@10"], 1);
      assert.ok(markov.test.metrics["MRR@20"]! > 0.99, "a circle is what Markov knows");
      for (const { results } of rows) assert.equal(results[0]!.passport.split["validShare"], 0, "what is measured learnt from all sessions");
      const { fit, valid } = rows[3]!.results[0]!;
      assert.deepEqual([fit.epochs, fit.bestEpoch, valid.cases], [5, 5, 0], "nothing stops early");
      assert.deepEqual(Object.keys(fit.history![0]!), ["epoch", "loss"]);
      assert.deepEqual(rows.map(({ chosen }) => chosen), ["none", "best of 6 on validation", "best of 8 on validation", "published settings"]);
      assert.equal(settings.readings, 4);
      assert.deepEqual(readdirSync(join(folder, "results")).sort(), ["benchmark-circle-minute-markov-1.json", "benchmark-circle-minute-narm-1.json", "benchmark-circle-minute-pop-1.json", "benchmark-circle-minute-session-knn-1.json", "searches"]);

      const fresh = { ...settings, cache: join(folder, "another cache"), said: [] as string[] };
      const again = await runBenchmark({ ...fresh, onStep: (line) => void fresh.said.push(line) });
      assert.deepEqual(again, rows);
      assert.deepEqual(fresh.said.map((line) => /in .*\.json$/.test(line)), [true, true, true, true]);
      assert.equal(existsSync(join(folder, "another cache")), false, "nothing was computed");
      assert.equal(settings.readings, 4);

      const text = renderTable(benchmarkTable("benchmark-circle", rows, { "benchmark-circle": { test: 4 } }), "text");
      assert.match(text, /Markov +100\.00\* +\d+\.\d\d\*? +near 34\.7\/12\.95 +not reproduced/);
      assert.match(text, /These cases were read 4 times so far/);
      const report = benchmarkReport(settings.results, { name: "circle", budget: "minute" });
      assert.deepEqual(report.rows, rows);
      assert.equal(renderTable(report.table, "text").split("\n")[0], text.split("\n")[0]);
      assert.throws(() => benchmarkReport(settings.results), /Expected results of the benchmark diginetica, found none/);
    }));

  it("a search is kept with what it tried; its file is read, not searched again, and refused when it was changed", () =>
    withFolder(async (folder) => {
      const settings = await settingsIn(folder, ["stamp"], true);
      const [row] = await runBenchmark(settings);
      const file = join(folder, "results", "searches", "circle-stamp.json");
      const kept = JSON.parse(readFileSync(file, "utf8")) as { options: object; settings: number; trials: { metrics: Record<string, number> }[] };
      assert.equal(kept.settings, searchRounds.settings);
      assert.equal(kept.trials.length, 8 + 4 + 2);
      assert.ok(kept.trials.every(({ metrics }) => metrics["MRR@20"]! > 0));
      for (const [option, value] of Object.entries(kept.options)) assert.equal(row!.results[0]!.passport.options[option], value);
      assert.equal(row!.chosen, "best of 8 on validation");

      const [byHand] = await runBenchmark({ ...settings, set: { stamp: { rate: 0.02 } } });
      assert.deepEqual([byHand!.chosen, byHand!.results[0]!.passport.options["rate"]], ["set by hand", 0.02]);
      await runBenchmark({ ...settings, search: false, cache: join(folder, "another cache") });
      writeFileSync(file, readFileSync(file, "utf8").replace('"settings": 8', '"settings": 9'));
      await assert.rejects(runBenchmark(settings), /circle-stamp\.json \(check\): Expected a search as it was written/);
    }));

  it("names a model that is not there", async () => {
    await withFolder(async (folder) => {
      const settings = await settingsIn(folder, ["nisser" as ModelId]);
      await assert.rejects(runBenchmark(settings), /did you mean "niser"/);
    });
  });
});
