/** The persona experiment, small: on generated files with planted personas, from options to the sealed verdict. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { readReadings } from "../../src/evaluation/readings";
import { unpackRanks } from "../../src/evaluation/packed-ranks";
import { meanMetrics } from "../../src/evaluation/metrics";
import { personaArms, settingsOfArm } from "../../src/papers/persona/arms";
import { confirmPersonaPaper, freezePersonaPaper, readConfirmation } from "../../src/papers/persona/confirm";
import { beginPersonaPaper, personaGrid, runPersonaPaper, type PersonaPaperResult } from "../../src/papers/persona/persona";
import { personaReport, type PersonaComparison } from "../../src/papers/persona/report";
import { readResult } from "../../src/papers/results";
import { verdictOf } from "../../src/papers/sealed";
import { initBackend } from "../../src/tensor/backend";
import { withFolder } from "../scratch";
import { arms, experimentIn, files, numbers, small } from "./small-persona";

describe("papers/persona", function () {
  this.timeout(240_000);

  it("measures every arm in all its forms, and runs nothing again; a broken-off run goes on to the same numbers", () =>
    withFolder(async (folder) => {
      const settings = await experimentIn(folder);
      const { results } = settings;
      const world = await runPersonaPaper(settings);
      assert.deepEqual(files(results), ["persona", "persona-blend", "persona-rerank", "persona-shuffled", "persona-shuffled-blend", "persona-shuffled-rerank", "pop", "sasrec", "sasrec-text", "sasrec-text-blend", "sasrec-text-rerank"].map((model) => `persona-planted-minute-${model}-1.json`).sort());
      assert.equal(readReadings(join(results, "readings.json"))["persona-planted-minute"]!.test, arms.length, "once an arm, for all its forms");

      const fresh = { ...settings, said: [] as string[], cache: join(folder, "other cache") };
      await runPersonaPaper({ ...fresh, onStep: (line) => void fresh.said.push(line) });
      assert.ok(fresh.said.every((line) => line.endsWith("in results")), fresh.said.join("\n"));

      // Stopped in the middle, then called again, into another folder and cache.
      const stopped = { ...settings, results: join(folder, "again"), cache: join(folder, "third cache"), onReading: undefined };
      const stop = new AbortController();
      let steps = 0;
      await assert.rejects(runPersonaPaper({ ...stopped, signal: stop.signal, onStep: () => void (++steps === 5 && stop.abort()) }));
      await runPersonaPaper(stopped);
      assert.deepEqual(files(stopped.results), files(results));
      for (const name of files(results)) assert.deepEqual(numbers(stopped.results, name), numbers(results, name), name);

      // What the files hold is what the tables show.
      const report = personaReport(world, settings);
      const blend = report.rows.find((row) => row.arm === "persona" && row.form === "blend")!;
      const kept = readResult(join(results, "persona-planted-minute-persona-blend-1.json")) as PersonaPaperResult;
      assert.equal(blend.test["NDCG@10"]!.mean, kept.test.metrics["NDCG@10"]);
      const counts = unpackRanks(kept.ranks, world.split.test.target.length);
      assert.ok(Math.abs(meanMetrics(counts, [10], "expected")["NDCG@10"]! - kept.test.metrics["NDCG@10"]!) < 1e-12);
      for (const { k, hits, lostByCandidates, lostByReranking } of blend.losses!) {
        assert.ok(Math.abs(hits + lostByCandidates + lostByReranking - 1) < 1e-12);
        assert.ok(Math.abs(hits - blend.test[`HR@${k}`]!.mean) < 1e-12);
      }
      const [all] = report.slices;
      report.rows.forEach((row, at) => assert.ok(Math.abs(all!.values[at]! - row.test["NDCG@10"]!.mean) < 1e-12));
      const known = report.slices.filter(({ name }) => name === "known users" || name.startsWith("new users")).reduce((sum, { cases }) => sum + cases, 0);
      assert.equal(known, world.split.test.target.length);
      assert.deepEqual(report.comparisons.map(({ as }) => as), ["best baseline", "strongest placebo", "same compute without personas"]);
    }));

  it("does one task alone to the same numbers, says what it needs, and knows what is done", () =>
    withFolder(async (folder) => {
      const settings = await experimentIn(folder);
      const alone = { ...settings, results: join(folder, "alone"), cache: join(folder, "own cache"), onReading: undefined };
      const grid = personaGrid(await beginPersonaPaper(alone));
      assert.deepEqual(grid.tasks.map(({ id, needs, shares }) => [id, needs, shares]), [
        ["pop, seed 1", [], []],
        ["sasrec, seed 1", [], []],
        ["sasrec-text, seed 1", ["sasrec, seed 1"], []],
        ["persona, seed 1", ["sasrec, seed 1"], ["personas of the graph, seed 1"]],
        ["persona-shuffled, seed 1", ["sasrec, seed 1"], ["personas of the graph, seed 1"]],
      ]);
      const task = grid.tasks.at(-1)!;
      await grid.run(task);
      assert.deepEqual(grid.tasks.map((one) => grid.isDone(one)), [false, false, false, false, true]);
      assert.deepEqual(files(alone.results), ["persona-shuffled", "persona-shuffled-blend", "persona-shuffled-rerank"].map((model) => `persona-planted-minute-${model}-1.json`));
      await runPersonaPaper({ ...settings, onReading: undefined });
      for (const name of files(alone.results)) assert.deepEqual(numbers(alone.results, name), numbers(settings.results, name), name);

      // Where options are searched for, an arm's runs need its search, and those that SASRec reranks SASRec's search too.
      const searched = personaGrid(await beginPersonaPaper({ ...alone, budget: "hour", seeds: 2, arms: ["pop", "sasrec", "persona"], set: {} }));
      assert.deepEqual(searched.tasks.map(({ id, needs }) => [id, needs]), [
        ["sasrec: search", []],
        ["persona: search", []],
        ["pop, seed 1", []],
        ["sasrec, seed 1", ["sasrec: search"]],
        ["persona, seed 1", ["persona: search", "sasrec: search", "sasrec, seed 1"]],
        ["sasrec, seed 2", ["sasrec: search"]],
        ["persona, seed 2", ["persona: search", "sasrec: search", "sasrec, seed 2"]],
      ]);
      assert.ok(searched.tasks.every((one) => !searched.isDone(one)));
    }));

  it("computes again what depends on a changed option, and nothing else", () =>
    withFolder(async (folder) => {
      const settings = await experimentIn(folder);
      const few = { ...settings, arms: ["sasrec", "persona"], set: { sasrec: small, persona: small } };
      await runPersonaPaper(few);
      const said: string[] = [];
      await runPersonaPaper({ ...few, set: { sasrec: small, persona: { ...small, inject: "gate" } }, onStep: (line) => void said.push(line) });
      assert.ok(said.some((line) => line === "SASRec, seed 1: in results"), said.join("\n"));
      const computed = said.filter((line) => !/in results|cache/.test(line));
      assert.deepEqual(computed.map((line) => line.replace(/:.*/, "")), ["Persona-SASRec, seed 1", "Persona-SASRec, seed 1"], said.join("\n")); // its training and its measurement; personas and SASRec are kept
    }));

  it("opens the sealed cases once, for a frozen experiment that is committed, and never again", () =>
    withFolder(async (folder) => {
      const settings = await experimentIn(folder);
      const { results } = settings;
      await runPersonaPaper(settings);
      await assert.rejects(confirmPersonaPaper(settings), /freeze it, commit the file, then confirm/);
      const frozen = await freezePersonaPaper(settings);
      assert.equal(frozen.proposed.arm, "persona");
      assert.deepEqual(frozen.against.map(({ as }) => as), ["best baseline", "strongest placebo", "same compute without personas"]);
      await assert.rejects(confirmPersonaPaper(settings), /commit it before the sealed cases are read/);
      const git = (...given: string[]): string => execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@example.org", ...given], { cwd: folder, encoding: "utf8" });
      git("init", "-q");
      git("add", "results");
      git("commit", "-qm", "frozen");
      const found = await confirmPersonaPaper(settings);
      assert.equal(readReadings(join(results, "readings.json"))["persona-planted-minute"]!.confirm, 1);
      assert.ok(["reproduced", "not reproduced", "too small to tell"].includes(found.verdict));
      assert.equal(found.comparisons.length, 3);
      assert.deepEqual(await confirmPersonaPaper(settings), JSON.parse(JSON.stringify(found)), "read from its file");
      assert.equal(readReadings(join(results, "readings.json"))["persona-planted-minute"]!.confirm, 1);
      await assert.rejects(freezePersonaPaper(settings), /they are read once/);
      const file = join(results, "confirm", "persona-planted-minute.json");
      const whole = readFileSync(file, "utf8");
      writeFileSync(file, whole.replace(`"verdict": "${found.verdict}"`, '"verdict": "reproduced!"'));
      assert.throws(() => readConfirmation(settings), /found that it was changed/);
      execFileSync("rm", [file]);
      await assert.rejects(confirmPersonaPaper(settings), /found 1 reading/);
    }));

  it("says reproduced only where both decisive comparisons hold, and tells a small gain from none", () => {
    const row = (as: string, difference: number, low: number, high: number, holm: number): PersonaComparison => ({ as, against: as, difference, low, high, p: holm, holm, sd: 1, clusters: 9, detectable: 0.01 });
    const [baseline, placebo] = ["best baseline", "strongest placebo"] as const;
    assert.equal(verdictOf([row(baseline, 0.02, 0.01, 0.03, 0.01), row(placebo, 0.02, 0.01, 0.03, 0.01)], 0.005), "reproduced");
    assert.equal(verdictOf([row(baseline, 0.02, 0.01, 0.03, 0.01), row(placebo, 0, -0.001, 0.001, 0.9)], 0.005), "not reproduced");
    assert.equal(verdictOf([row(baseline, 0.01, -0.01, 0.03, 0.3), row(placebo, 0.01, -0.01, 0.03, 0.3)], 0.005), "too small to tell");
    assert.equal(verdictOf([row(baseline, -0.02, -0.03, -0.01, 0.01), row(placebo, 0.02, 0.01, 0.03, 0.01)], 0.005), "not reproduced");
  });

  it("gives every learnt arm as many settings, and refuses names that are none", async () => {
    const learnt = personaArms.filter(({ model }) => model !== "pop" && model !== "vs-knn");
    assert.deepEqual([...new Set(learnt.map(({ settings }) => settings.length))], [settingsOfArm]);
    const backend = await initBackend();
    await assert.rejects(runPersonaPaper({ source: "ml-100k", budget: "minute", seeds: 1, arms: ["sasrek"], results: "none", backend }), /did you mean "sasrec"/);
    await assert.rejects(runPersonaPaper({ source: "ml-100k", budget: "minute", seeds: 0, results: "none", backend }), /positive number of seeds/);
  });
});
