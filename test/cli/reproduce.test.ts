import assert from "node:assert/strict";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { Laboratory, onlyLine, type Finished } from "./sessionlab";
import type { BaseReport } from "../../src/papers/base/base";

const small = ["dimension=8", "inner=8", "blocks=1", "epochs=2", "maxLength=10"].flatMap((pair) => ["--set", `sasrec.${pair}`]);

/** What must not differ between a warm and a cold run: everything but times and what was cached. */
function numbers(report: BaseReport): unknown {
  return report.tables.map((table) => table.rows.map(({ seconds: _, ...row }) => row));
}

describe("sessionlab reproduce", () => {
  const lab = new Laboratory();
  const reproduce = (cache: string, out: string, ...more: readonly string[]) => lab.call(["reproduce", "--paper", "base", "--seeds", "2", ...small, "--out", lab.path(out), "--json", ...more], { cache });
  const reportOf = (finished: Finished) => onlyLine(finished) as unknown as BaseReport & { files: readonly string[] };
  before(() => lab.prepare());

  it("computes once, then reads; recomputes what an option touches, and that equals a cold run bit for bit", async () => {
    const cold = reportOf(await reproduce("cache", "reports"));
    assert.equal(cold.steps.cached, 0);
    assert.deepEqual(cold.tables.map((table) => table.protocol), ["time", "loo"]);
    assert.deepEqual(readdirSync(lab.path("reports")).sort(), ["base-loo.svg", "base-time.svg", "base.json", "base.md", "base.tex", "index.html", "readings.json", "results"]);
    // 4 models without randomness and 2 seeds of SASRec, scored once under each protocol
    assert.deepEqual(JSON.parse(readFileSync(lab.path("reports", "readings.json"), "utf8")), { "base-ml-100k-loo": { test: 6 }, "base-ml-100k-time": { test: 6 } });
    assert.equal(readdirSync(lab.path("reports", "results")).length, 12);

    const warm = await reproduce("cache", "reports");
    const { steps } = reportOf(warm);
    assert.equal(steps.cached, steps.total);
    assert.deepEqual(numbers(reportOf(warm)), numbers(cold));
    assert.match(warm.stderr, /SASRec, seed 2: train: cached \(computed in /);
    assert.deepEqual((JSON.parse(readFileSync(lab.path("reports", "readings.json"), "utf8")) as Record<string, object>)["base-ml-100k-time"], { test: 6 });

    const changed = await reproduce("cache", "changed", "--set", "markov.backoff=0.3", "--only", "time");
    const computed = changed.stderr.split("\n").filter((line) => line.includes(": computed in "));
    assert.ok(computed.length > 0 && computed.every((line) => line.startsWith("global time cut, Markov: ")), computed.join("\n"));
    const fresh = await reproduce("fresh", "fresh", "--set", "markov.backoff=0.3", "--only", "time");
    assert.equal(reportOf(fresh).steps.cached, 0);
    assert.deepEqual(numbers(reportOf(changed)), numbers(reportOf(fresh)));
  });

  it("stops on Ctrl-C with a checkpoint, says so, and goes on to the bits of an uninterrupted training", async () => {
    const train = ["train", "--model", "sasrec", "--options", "dimension=16", "inner=16", "epochs=12", "patience=12", "batch=8", "--out", lab.path("sasrec"), "--json"];
    const stopped = await lab.run(train, { interruptOn: /train SASRec/, cache: "interrupted" });
    assert.equal(stopped.code, 130, stopped.stderr);
    assert.match(stopped.stderr, /Run the same command again to go on from there/);
    assert.ok(!existsSync(lab.path("sasrec")));
    const [checkpoint, ...others] = readdirSync(lab.path("interrupted", "train"));
    assert.match(checkpoint!, /\.checkpoint$/);
    assert.deepEqual(others, []);
    assert.equal(readdirSync(lab.path("interrupted", "train", checkpoint!)).length, 1);

    const resumed = onlyLine(await lab.call(train, { cache: "interrupted" }));
    const weights = readFileSync(join(lab.path("sasrec"), "weights.safetensors"));
    const whole = onlyLine(await lab.call(train, { cache: "uninterrupted" }));
    assert.deepEqual(readFileSync(join(lab.path("sasrec"), "weights.safetensors")), weights);
    assert.deepEqual(resumed["valid"], whole["valid"]);
    assert.equal((resumed["report"] as { epochs: number }).epochs, 12);
    assert.ok(!existsSync(lab.path("interrupted", "train", checkpoint!)));
  });
});
