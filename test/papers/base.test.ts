import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { writeCheckedJson } from "../../src/core/checked-json";
import { unpackRanks } from "../../src/evaluation/packed-ranks";
import { runBase, type BaseSettings } from "../../src/papers/base/base";
import { writeResult } from "../../src/papers/results";
import { Laboratory } from "../cli/sessionlab";

describe("the base experiment", () => {
  const lab = new Laboratory();
  const sasrec = { dimension: 8, inner: 8, blocks: 1, epochs: 1, maxLength: 10 };
  let settings: BaseSettings;
  before(async () => {
    await lab.prepare();
    settings = { dataset: "ml-100k", budget: "minute", seeds: 2, protocols: ["time"], set: { sasrec }, cache: lab.path("cache"), data: { root: lab.path("home") } };
  });

  it("keeps the ranks of test cases, and reads a run that results have with its ranks: the same tables, no training, no reading", async () => {
    const folder = lab.path("results");
    const first = await runBase(settings);
    for (const result of first.results) assert.equal(writeResult(folder, result), "written");
    const pop = first.results.find(({ model }) => model === "pop")!;
    const { greater } = unpackRanks(pop.ranks!, pop.test.cases);
    const hits = Array.from(greater).filter((ahead) => ahead < 10).length;
    assert.ok(hits >= pop.test.metrics["HR@10"]! * pop.test.cases); // fewer than ten are ahead of every hit; ties and unseen targets count less
    const lines: string[] = [];
    const read = { ...settings, results: folder, cache: lab.path("another"), onStep: (line: string) => void lines.push(line), onReading: () => Promise.reject(new Error("test cases were scored again")) };
    const second = await runBase(read);
    assert.deepEqual(second.report.tables.map(({ rows }) => rows), first.report.tables.map(({ rows }) => rows.map((row, at) => ({ ...row, seconds: second.report.tables[0]!.rows[at]!.seconds }))));
    assert.ok(first.report.tables[0]!.rows.every((row) => row.test["NDCG@10"]!.low !== undefined));
    assert.equal(lines.filter((line) => line.endsWith(": in results")).length, 6);
    assert.deepEqual(readdirSync(lab.path("another")).filter((name) => !name.startsWith(".")), ["tune"]); // nothing was trained or scored
    assert.deepEqual(second.results.map((result) => writeResult(folder, result)), Array(6).fill("kept"));
  });

  it("runs again what has no ranks, or other options", async () => {
    const folder = lab.path("results");
    const readings: string[] = [];
    const again = { ...settings, results: folder, onReading: (experiment: string) => Promise.resolve(void readings.push(experiment)) };
    const file = join(folder, "base-ml-100k-time-sasrec-2.json");
    const { ranks, check: _, ...older } = JSON.parse(readFileSync(file, "utf8")) as Record<string, unknown>;
    writeCheckedJson(file, older);
    const { results } = await runBase(again); // from the step cache of the first run
    assert.deepEqual(readings, []);
    const second = results.find(({ model, seed }) => model === "sasrec" && seed === 2)!;
    assert.equal(second.ranks, ranks);
    assert.equal(writeResult(folder, second), "written");
    await runBase({ ...again, set: { sasrec: { ...sasrec, dropout: 0.1 } } });
    assert.deepEqual(readings, ["base-ml-100k-time", "base-ml-100k-time"]); // both seeds of SASRec
    writeFileSync(file, "{}");
    await assert.rejects(runBase(again), /base-ml-100k-time-sasrec-2\.json/);
  });
});
