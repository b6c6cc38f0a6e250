/** The counterfactual experiment, small: planted sessions, from settings to the sealed verdict. */
import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { meanMetrics } from "../../src/evaluation/metrics";
import { unpackRanks } from "../../src/evaluation/packed-ranks";
import { readReadings } from "../../src/evaluation/readings";
import { renderTable } from "../../src/display/formats";
import { counterfactualArms, settingsOfArm } from "../../src/papers/counterfactual/arms";
import { confirmCounterfactualPaper, freezeCounterfactualPaper, readCounterfactualConfirmation, withSealed } from "../../src/papers/counterfactual/confirm";
import { beginCounterfactualPaper, counterfactualGrid, runCounterfactualPaper, tailOf, type CounterfactualExperiment, type CounterfactualResult } from "../../src/papers/counterfactual/counterfactual";
import { worth } from "../../src/papers/experiment";
import { counterfactualReport } from "../../src/papers/counterfactual/report";
import { counterfactualFindings, counterfactualTable } from "../../src/papers/counterfactual/tables";
import { readResult } from "../../src/papers/results";
import { readSearch } from "../../src/papers/searches";
import { initBackend } from "../../src/tensor/backend";
import { withFolder } from "../scratch";
import { arms, experimentIn, sizes } from "./small-counterfactual";

const fileOf = (arm: string): string => `counterfactual-planted-minute-${arm}-1.json`;
const files = (folder: string): string[] => readdirSync(folder).filter((name) => name.startsWith("counterfactual-")).sort();
const numbers = (folder: string, name: string): unknown => {
  const { valid, test, ranks, added, validTail } = readResult(join(folder, name)) as CounterfactualResult;
  return { valid, test, ranks, added, validTail };
};

describe("papers/counterfactual", function () {
  this.timeout(240_000);

  it("measures every arm, and runs nothing again; a broken-off run goes on to the same numbers; tables show what the files hold", () =>
    withFolder(async (folder) => {
      const settings = await experimentIn(folder);
      const { results } = settings;
      const world = await runCounterfactualPaper(settings);
      assert.deepEqual(files(results), arms.map(fileOf).sort());
      assert.equal(readReadings(join(results, "readings.json"))["counterfactual-planted-minute"]!.test, arms.length);

      const said: string[] = [];
      await runCounterfactualPaper({ ...settings, cache: join(folder, "other cache"), onStep: (line) => void said.push(line) });
      assert.ok(said.length === arms.length && said.every((line) => line.endsWith("in results")), said.join("\n"));

      const stopped = { ...settings, results: join(folder, "again"), cache: join(folder, "third cache"), onReading: undefined };
      const stop = new AbortController();
      let steps = 0;
      await assert.rejects(runCounterfactualPaper({ ...stopped, signal: stop.signal, onStep: () => void (++steps === 5 && stop.abort()) }));
      await runCounterfactualPaper(stopped);
      assert.deepEqual(files(stopped.results), files(results));
      for (const name of files(results)) assert.deepEqual(numbers(stopped.results, name), numbers(results, name), name);

      // The dose is exact; every run has the same number of epochs and steps; duplicates are copies, counterfactuals are not.
      const kept = (arm: string): CounterfactualResult => readResult(join(results, fileOf(arm))) as CounterfactualResult;
      const real = world.split.train.offsets.length - 1;
      assert.deepEqual(["duplicates", "diffusion", "random"].map((arm) => [kept(arm).added!.real, kept(arm).added!.sessions <= real]), [[real, true], [real, true], [real, true]]);
      assert.equal(kept("duplicates").added!.sessions, real);
      assert.equal(kept("duplicates").added!.ofTraining, 1);
      assert.ok(kept("diffusion").added!.ofTraining < 0.5 && kept("none").added === undefined);
      assert.deepEqual(arms.map((arm) => kept(arm).fit.epochs), [2, 2, 2, 2]);
      assert.match(kept("diffusion").added!.assumptions.join(), /slates were not logged: the 4 best of NISER\+/);

      const report = counterfactualReport(world, settings);
      const tail = tailOf(world, world.split.test, settings);
      for (const row of report.rows) {
        const { ranks, test } = kept(row.arm);
        assert.equal(row.test["HR@20"]!.mean, test.metrics["HR@20"]);
        assert.ok(Math.abs(row.tail["HR@20"]!.mean - meanMetrics(unpackRanks(ranks, world.split.test.target.length), [20], "expected", tail)["HR@20"]!) < 1e-12);
        // Both strata and the unknown targets, which are misses, make up the whole.
        const whole = (row.tail["HR@20"]!.mean * report.cases.tail + row.head["HR@20"]!.mean * report.cases.head) / test.cases;
        assert.ok(Math.abs(whole - test.metrics["HR@20"]!) < 1e-12);
        assert.ok(Math.abs(test.strata.find(({ name }) => name === "tail")!.metrics["HR@20"]! - row.tail["HR@20"]!.mean) < 1e-12);
      }
      assert.deepEqual(report.comparisons.map(({ as, against }) => [as, against]), [["best baseline", "none"], ["strongest placebo", "random"], ["same compute, duplicated sessions", "duplicates"]]);
      const difference = (arm: string): number => report.rows.find((row) => row.arm === arm)!.tail["HR@20"]!.mean;
      for (const one of report.comparisons) assert.ok(Math.abs(one.difference - (difference("diffusion") - difference(one.against))) < 1e-9);
      for (const format of ["text", "markdown", "latex", "html"] as const) assert.match(renderTable(counterfactualTable(report), format), /slates by guided diffusion/);
    }));

  it("computes again what depends on a changed setting or size, and nothing else", () =>
    withFolder(async (folder) => {
      const settings = { ...(await experimentIn(folder)), arms: ["none", "diffusion", "random"] };
      await runCounterfactualPaper(settings);
      const again = async (changed: Partial<CounterfactualExperiment>): Promise<string[]> => {
        const said: string[] = [];
        await runCounterfactualPaper({ ...settings, ...changed, onStep: (line) => void said.push(line) });
        return said;
      };
      const dose = await again({ set: { random: { dose: 0.5 } } });
      assert.deepEqual(dose.filter((line) => line.endsWith("in results")).map((line) => line.split(",")[0]), ["no augmentation", "slates by guided diffusion"]);
      assert.deepEqual(dose.filter((line) => /: computed/.test(line)).map((line) => line.replace(/: computed.*/, "")), ["random slates, seed 1: add sessions", "random slates, seed 1: train", "random slates, seed 1: validation", "random slates, seed 1: test"]);
      const width = await again({ set: { random: { dose: 0.5 } }, sizes: { ...sizes, diffusion: { ...sizes.diffusion, width: 12 } } });
      assert.deepEqual(width.filter((line) => line.endsWith("in results")).map((line) => line.split(",")[0]), ["no augmentation", "random slates"]);
      assert.ok(width.some((line) => line.startsWith("guided diffusion, seed 1: train: computed")));
    }));

  it("measures in parts, in tasks of their own, with the numbers of the whole and as many readings", () =>
    withFolder(async (folder) => {
      const whole = { ...(await experimentIn(folder, 2000)), arms: ["none", "duplicates"] };
      const { split } = await runCounterfactualPaper(whole);
      assert.ok(split.test.target.length > 512, "three parts");
      const settings = { ...whole, parts: 3, results: join(folder, "parts"), cache: join(folder, "other cache") };
      const grid = counterfactualGrid(await beginCounterfactualPaper(settings));
      const [training, first, , last, run] = grid.tasks;
      assert.deepEqual([training!.id, first!.id, last!.id, run!.id], ["none, seed 1: training", "none, seed 1: part 1 of 3", "none, seed 1: part 3 of 3", "none, seed 1"]);
      assert.deepEqual([first!.needs, run!.needs.length], [[training!.id], 3]);
      let counted = 0;
      await runCounterfactualPaper({ ...settings, onReading: async () => void counted++ });
      assert.equal(counted, 2);
      for (const name of files(whole.results)) assert.deepEqual(numbers(settings.results, name), numbers(whole.results, name), name);
      assert.ok(grid.tasks.every((task) => grid.isDone(task)));
    }));

  it("takes what the search on a share of the sessions chose for all of them, and says so", () =>
    withFolder(async (folder) => {
      const settings = { ...(await experimentIn(folder)), budget: "hour" as const, arms: ["none"] };
      await runCounterfactualPaper(settings);
      const all = { ...settings, full: true };
      const tried = readdirSync(join(settings.results, "searches"));
      const world = await runCounterfactualPaper(all);
      assert.deepEqual(readdirSync(join(settings.results, "searches")), tried);
      const chosen = readSearch(settings.results, "counterfactual-planted-hour", "none")!;
      assert.deepEqual((readResult(join(settings.results, "counterfactual-planted-full-hour-none-1.json")) as CounterfactualResult).setting, chosen.options);
      const borrowed = (one: CounterfactualExperiment): boolean => counterfactualReport(world, one).notes.some((line) => line.startsWith("Settings are those"));
      assert.deepEqual([borrowed(all), borrowed(settings)], [true, false]);
    }));

  it("searches on validation where the budget lets it, records every trial, and lays sweeps over what was chosen", () =>
    withFolder(async (folder) => {
      const settings = { ...(await experimentIn(folder)), budget: "hour" as const, arms: ["none", "dose-50"], set: { "dose-50": { train: { rate: 0.3 } } } };
      rmSync(join(folder, "cache"), { recursive: true, force: true });
      await assert.rejects(runCounterfactualPaper({ ...settings, arms: ["none"] }), /options of an arm that is run \(none\), found some of "dose-50"/);
      await runCounterfactualPaper({ ...settings, arms: ["none"], set: {} });
      const search = readSearch(settings.results, "counterfactual-planted-hour", "none")!;
      const trials = search.trials as readonly ((typeof search.trials)[number] & { readonly share: number })[];
      const [short, whole] = [trials.slice(0, settingsOfArm), trials.slice(settingsOfArm)];
      assert.deepEqual([short.length, whole.length, search.settings, search.metric], [12, 4, 12, "tail HR@20"]);
      assert.deepEqual([...short, ...whole].map(({ share, epochs }) => [share, epochs]), [...short.map(() => [1 / 3, 1]), ...whole.map(() => [1, 2])]);
      assert.ok(whole.every(({ options }) => short.some((one) => JSON.stringify(one.options) === JSON.stringify(options))));
      assert.ok(whole.some(({ options }) => JSON.stringify(options) === JSON.stringify(search.options)));
      assert.ok(search.trials.every(({ metrics }) => "HR@20" in metrics && "tail HR@20" in metrics));
      const { setting } = readResult(join(settings.results, "counterfactual-planted-hour-none-1.json")) as CounterfactualResult;
      assert.deepEqual(setting, search.options);
      assert.equal(readReadings(join(settings.results, "readings.json"))["counterfactual-planted-hour"]!.test, 1, "trials do not read test cases");
    }));

  it("prefers less popular targets among what keeps the overall Recall, and else what lacks least", () => {
    assert.equal(worth(0.1, 0.5, 0.5), 0.1);
    assert.equal(worth(0.2, 0.491, 0.98 * 0.5), 0.2); // within 2 %
    assert.ok(worth(0.4, 0.48, 0.49) < worth(0.3, 0.485, 0.49) && worth(0.3, 0.485, 0.49) < 0);
  });

  it("opens the sealed cases once, for a frozen experiment that is committed, and never again", () =>
    withFolder(async (folder) => {
      const settings = await experimentIn(folder);
      const { results } = settings;
      const world = await runCounterfactualPaper(settings);
      await assert.rejects(confirmCounterfactualPaper(settings), /freeze it, commit the file, then confirm/);
      await assert.rejects(freezeCounterfactualPaper({ ...settings, seeds: 2 }), /Expected 2 seeds of each, found 1/);
      const frozen = await freezeCounterfactualPaper(settings);
      assert.deepEqual([frozen.proposed.arm, frozen.guard.arm, ...frozen.against.map(({ arm }) => arm)], ["diffusion", "none", "none", "random", "duplicates"]);
      await assert.rejects(confirmCounterfactualPaper(settings), /commit it before the sealed cases are read/);
      const git = (...given: string[]): string => execFileSync("git", ["-c", "user.name=t", "-c", "user.email=t@example.org", ...given], { cwd: folder, encoding: "utf8" });
      git("init", "-q");
      git("add", "results");
      git("commit", "-qm", "frozen");
      const found = await confirmCounterfactualPaper(settings);
      assert.equal(readReadings(join(results, "readings.json"))["counterfactual-planted-minute"]!.confirm, 1);
      assert.ok(["reproduced", "not reproduced", "too small to tell"].includes(found.verdict));
      assert.equal(found.cases, tailOf(world, world.split.confirm!, {}).length);
      assert.equal(found.overall.kept, found.overall.proposed >= 0.98 * found.overall.plain);
      if (!found.overall.kept) assert.equal(found.verdict, "not reproduced");
      const findings = counterfactualFindings(withSealed(counterfactualReport(world, settings), found));
      assert.ok(findings.some(({ text }) => text.includes(`says: ${found.verdict}.`)));
      assert.deepEqual(await confirmCounterfactualPaper(settings), JSON.parse(JSON.stringify(found)), "read from its file");
      assert.equal(readReadings(join(results, "readings.json"))["counterfactual-planted-minute"]!.confirm, 1);
      await assert.rejects(freezeCounterfactualPaper(settings), /they are read once/);
      const file = join(results, "confirm", "counterfactual-planted-minute.json");
      writeFileSync(file, readFileSync(file, "utf8").replace(`"verdict": "${found.verdict}"`, '"verdict": "reproduced!"'));
      assert.throws(() => readCounterfactualConfirmation(settings), /found that it was changed/);
      rmSync(file);
      await assert.rejects(confirmCounterfactualPaper(settings), /found 1 reading/);
    }));

  it("gives every arm as many settings, all different, and refuses names that are none", async () => {
    const searched = counterfactualArms.filter(({ role }) => role !== "sweep");
    assert.deepEqual([...new Set(searched.map(({ settings }) => settings.length))], [settingsOfArm]);
    for (const { id, settings } of searched) assert.equal(new Set(settings.map((one) => JSON.stringify(one))).size, settingsOfArm, id);
    const backend = await initBackend();
    await assert.rejects(runCounterfactualPaper({ source: "ml-100k", budget: "minute", seeds: 1, arms: ["difusion"], results: "none", backend }), /did you mean "diffusion"/);
    await assert.rejects(runCounterfactualPaper({ source: "ml-10k" as "ml-100k", budget: "minute", seeds: 1, results: "none", backend }), /did you mean "ml-100k"/);
  });
});
