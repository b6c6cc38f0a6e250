import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { Rng } from "../../src/core/rng";
import { killAndResume, tellPlaces, usualKills, type Killed } from "../kill";
import { Laboratory } from "./sessionlab";

const root = join(__dirname, "../..");
const small = ["dimension=16", "inner=16", "blocks=1", "epochs=6", "patience=6", "batch=4", "maxLength=10"];

/** "in train SASRec", or "after global time cut, POP: train" where nothing has shown that it is under way. */
function underWay(output: string): string {
  const line = output.trimEnd().split("\n").at(-1)!;
  return / {2}/.test(line) ? `in ${line.split("  ")[0]}` : `after ${line.replace(/: (cached|computed in).*/, "")}`;
}

/** JSON without times, without the check over them, and without what came from the cache. */
function timeless(value: unknown): unknown {
  return JSON.parse(JSON.stringify(value, (key, one: unknown) => (["seconds", "cachedSeconds", "cached", "startedAt", "check"].includes(key) ? undefined : one)));
}

function json(...path: readonly string[]): Record<string, unknown> {
  return JSON.parse(readFileSync(join(...path), "utf8")) as Record<string, unknown>;
}

describe("a killed sessionlab", function () {
  this.timeout(60_000 + 30_000 * usualKills);
  const lab = new Laboratory();
  before(() => lab.prepare());

  /** Kills one command line again and again. Its cache and its outputs lie in the folder of the run. */
  async function killed(args: (folder: string) => readonly string[], begins: RegExp, name: string): Promise<Killed> {
    let resumed = 0;
    const start = (folder: string) => {
      const train = join(folder, "cache", "train");
      if (existsSync(train) && readdirSync(train).some((key) => existsSync(join(train, key, "training.safetensors")))) resumed++;
      const modules = ["--require", require.resolve("tsx/cjs"), "--require", join(root, "test/fast-clock.cjs"), join(root, "src/cli/main.ts")];
      const env = { ...process.env, SESSIONLAB_HOME: lab.path("home"), SESSIONLAB_CACHE: join(folder, "cache") };
      return spawn(process.execPath, [...modules, ...args(folder)], { env });
    };
    const result = await killAndResume({ start, begins, where: underWay }, lab.path(name), usualKills, new Rng(name));
    tellPlaces(name, result);
    assert.equal(result.moments.length, usualKills);
    if (usualKills >= 4) assert.ok(resumed > 0, "some run went on from a checkpoint"); // the first of four comes in the second quarter: amid the training
    // Lists of use of dead processes (.in-use) go when the next result is stored.
    const steps = readdirSync(join(result.whole, "cache")).filter((step) => step !== ".in-use");
    for (const { folder } of result.finished) {
      for (const step of steps) assert.deepEqual(readdirSync(join(folder, "cache", step)), readdirSync(join(result.whole, "cache", step)), step);
    }
    return result;
  }

  it("train ends with the bits of an uninterrupted one once it is called again, and leaves nothing else", async () => {
    const { whole, finished, moments } = await killed((folder) => ["train", "--model", "sasrec", "--options", ...small, "--out", join(folder, "out", "model")], /train SASRec/, "train");
    const metrics = (folder: string): unknown => {
      const [key] = readdirSync(join(folder, "cache", "evaluate"));
      return json(folder, "cache", "evaluate", key!, "value.json")["metrics"];
    };
    for (const { folder } of finished) {
      for (const file of ["weights.safetensors", "model.json", "items.json"]) {
        assert.ok(readFileSync(join(folder, "out", "model", file)).equals(readFileSync(join(whole, "out", "model", file))), `${file} after kills at ${moments.join(", ")} s`);
      }
      assert.deepEqual(timeless(json(folder, "out", "model", "training.json")), timeless(json(whole, "out", "model", "training.json")));
      assert.deepEqual(metrics(folder), metrics(whole));
      assert.deepEqual(readdirSync(join(folder, "out")), ["model"]);
    }
  });

  it("reproduce ends with the results and reports of an uninterrupted one once it is called again, and leaves nothing else", async () => {
    const options = small.flatMap((pair) => ["--set", `sasrec.${pair}`]);
    const args = (folder: string) => ["reproduce", "--only", "time", "--seeds", "1", ...options, "--out", join(folder, "out")];
    const { whole, finished } = await killed(args, /POP: train/, "reproduce");
    const files = (folder: string): string[] => readdirSync(join(folder, "out"), { recursive: true, encoding: "utf8" }).sort();
    assert.equal(files(whole).filter((file) => file.startsWith("results/")).length, 5);
    const readings = (folder: string): number => (json(folder, "out", "readings.json")["base-ml-100k-time"] as { test: number }).test;
    /** A report without times and without the count of readings. */
    const report = (folder: string, file: string): string =>
      readFileSync(join(folder, "out", file), "utf8").replace(/\d+ steps: .*/g, "").replace(/scored \d+ times/g, "scored").replace(/\b[\d.]+ (s|min|h)\b( \d+ (s|min))?/g, "a while");
    for (const { folder, kills } of finished) {
      assert.deepEqual(files(folder), files(whole));
      for (const file of files(whole)) {
        if (file === "readings.json" || file === "results") continue;
        if (file.endsWith(".json")) assert.deepEqual(timeless(json(folder, "out", file)), timeless(json(whole, "out", file)), file);
        else assert.equal(report(folder, file), report(whole, file), file);
      }
      // A scoring of test cases that was killed has been counted, and is counted again.
      assert.ok(readings(folder) >= readings(whole) && readings(folder) <= readings(whole) + kills, `${readings(folder)} readings after ${kills} kills`);
    }
  });
});
