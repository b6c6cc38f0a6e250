import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { Rng } from "../../src/core/rng";
import { killAndResume, usualKills } from "../kill";
import { Laboratory } from "./sessionlab";

const root = join(__dirname, "../..");

describe("a killed sessionlab train", () => {
  const lab = new Laboratory();
  before(() => lab.prepare());

  it("ends with the bits of an uninterrupted one once it is called again, and leaves nothing else", async function () {
    this.timeout(60_000 + 30_000 * usualKills);
    const options = ["dimension=16", "inner=16", "blocks=1", "epochs=6", "patience=6", "batch=4", "maxLength=10"];
    let resumed = 0;
    const start = (folder: string) => {
      const train = join(folder, "cache", "train");
      if (existsSync(train) && readdirSync(train).some((name) => name.endsWith(".checkpoint") && existsSync(join(train, name, "training.safetensors")))) resumed++;
      const args = ["--require", require.resolve("tsx/cjs"), "--require", join(root, "test/fast-clock.cjs"), join(root, "src/cli/main.ts")];
      const env = { ...process.env, SESSIONLAB_HOME: lab.path("home"), SESSIONLAB_CACHE: join(folder, "cache") };
      return spawn(process.execPath, [...args, "train", "--model", "sasrec", "--options", ...options, "--out", join(folder, "out", "model")], { env });
    };
    const { whole, finished, moments } = await killAndResume({ start, begins: /train SASRec/ }, lab.path("runs"), usualKills, new Rng("train"));
    assert.equal(moments.length, usualKills);
    if (usualKills >= 4) assert.ok(resumed > 0, "some run went on from a checkpoint"); // the first of four comes in the second quarter: amid the training
    const record = (folder: string): object => {
      const { startedAt: _startedAt, seconds: _seconds, ...same } = JSON.parse(readFileSync(join(folder, "out", "model", "training.json"), "utf8")) as Record<string, unknown>;
      return same;
    };
    const metrics = (folder: string): unknown => {
      const [key] = readdirSync(join(folder, "cache", "evaluate"));
      return (JSON.parse(readFileSync(join(folder, "cache", "evaluate", key!, "value.json"), "utf8")) as { metrics: unknown }).metrics;
    };
    for (const { folder } of finished) {
      for (const file of ["weights.safetensors", "model.json", "items.json"]) {
        assert.ok(readFileSync(join(folder, "out", "model", file)).equals(readFileSync(join(whole, "out", "model", file))), `${file} after kills at ${moments.join(", ")} s`);
      }
      assert.deepEqual(record(folder), record(whole));
      assert.deepEqual(metrics(folder), metrics(whole));
      assert.deepEqual(readdirSync(join(folder, "out")), ["model"]);
      for (const step of ["train", "evaluate"]) assert.deepEqual(readdirSync(join(folder, "cache", step)), readdirSync(join(whole, "cache", step)));
    }
  });
});
