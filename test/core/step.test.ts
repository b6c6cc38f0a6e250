import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { Codec } from "../../src/core/codec";
import { AbortError, ConfigError } from "../../src/core/errors";
import { thisProcess } from "../../src/core/processes";
import { Rng } from "../../src/core/rng";
import { footer, step, watchSteps, type StepMeta, type StepSettings } from "../../src/core/step";
import { freshFolder } from "../scratch";

describe("step", () => {
  const cache = freshFolder();
  let settings: { code: string; cache: string };
  beforeEach(() => {
    settings = { code: __filename, cache: cache() };
  });

  const bits = (values: Float32Array) => Buffer.from(values.buffer, values.byteOffset, values.byteLength).toString("hex");

  it("computes once and reads the same bits after that, typed arrays and odd numbers too", async () => {
    let runs = 0;
    const compute = () => {
      runs++;
      return { normals: new Rng(3).normals(101), odd: [NaN, -0, Infinity], bytes: Uint8Array.of(1, 2, 3), text: "ü", none: null };
    };
    const cold = await step("numbers", { seed: 3 }, {}, compute, settings);
    const warm = await step("numbers", { seed: 3 }, {}, compute, settings);
    assert.equal(runs, 1);
    assert.deepEqual([cold.cached, warm.cached], [false, true]);
    assert.deepEqual(warm.value, cold.value);
    assert.equal(bits(warm.value.normals), bits(new Rng(3).normals(101)));
    assert.ok(Object.is(warm.value.odd[1], -0) && Number.isNaN(warm.value.odd[0]));
    assert.equal(warm.seconds, cold.seconds);
    assert.equal(warm.key, cold.key);
  });

  it("tells a watcher what is computed and nothing else; what it throws at the beginning is thrown, and nothing is computed", async () => {
    const told: string[] = [];
    const watcher = { begins: ({ name }: { readonly name: string }) => void told.push(`${name} begins`), ends: ({ name }: { readonly name: string }, folder: string) => void told.push(`${name} ends, ${existsSync(join(folder, "meta.json"))}`) };
    const inner = () => step("inner", {}, {}, () => 1, settings);
    const outer = () => step("outer", {}, {}, async () => (await inner()).value + 1, settings);
    const stop = () => {
      throw new ConfigError("not now");
    };
    await assert.rejects(watchSteps({ begins: stop, ends: () => undefined }, outer), /not now/);
    assert.ok(!existsSync(join(cache(), "outer")));
    await watchSteps(watcher, outer);
    await watchSteps(watcher, outer);
    await outer();
    assert.deepEqual(told, ["outer begins", "inner begins", "inner ends, true", "outer ends, true"]);
  });

  it("tidies up after a process that was killed between storing and tidying, and leaves a living one's lock", async () => {
    const { key } = await step("tidy", {}, {}, () => 1, settings);
    const beside = (ending: string) => join(cache(), "tidy", `${key}.${ending}`);
    const mark = (pid: number) => writeFileSync(beside("lock"), JSON.stringify({ ...thisProcess(), pid, started: undefined, token: "other" }));
    mkdirSync(beside("checkpoint"));
    mark(process.pid);
    assert.equal((await step("tidy", {}, {}, () => 2, settings)).value, 1);
    assert.deepEqual(readdirSync(join(cache(), "tidy")).sort(), [key, `${key}.checkpoint`, `${key}.lock`]);
    mark(spawnSync(process.execPath, ["--version"]).pid);
    assert.equal((await step("tidy", {}, {}, () => 2, settings)).value, 1);
    assert.deepEqual(readdirSync(join(cache(), "tidy")), [key]);
  });

  it("returns what was stored, not what was computed", async () => {
    const rounded: Codec<{ x: number }> = {
      write: (folder, value) => writeFileSync(join(folder, "x"), value.x.toFixed(1)),
      read: (folder) => ({ x: Number(readFileSync(join(folder, "x"), "utf8")) }),
    };
    const result = await step("rounded", {}, {}, () => ({ x: 1.2345 }), { ...settings, codec: rounded });
    assert.equal(result.value.x, 1.2);
  });

  it("gives another key for another input, option, name or code, and the same for the same", async () => {
    const key = async (name: string, seed: number, options: object, code = __filename) =>
      (await step(name, { seed }, options, () => 1, { ...settings, code })).key;
    const keys = [
      await key("a", 1, { k: 1 }),
      await key("b", 1, { k: 1 }),
      await key("a", 2, { k: 1 }),
      await key("a", 1, { k: 2 }),
      await key("a", 1, { k: 1 }, join(__dirname, "code-version.test.ts")),
    ];
    assert.equal(new Set(keys).size, 5);
    assert.equal(await key("a", 1, { k: 1 }), keys[0]);
  });

  it("recomputes only what depends on a changed option, and equals a cold run bit for bit", async () => {
    const ran: string[] = [];
    const chain = async (folder: string, shift: number) => {
      const at = { ...settings, cache: folder };
      const data = await step("data", {}, { n: 8 }, () => (ran.push("data"), new Rng(1).normals(8)), at);
      const left = await step("left", { data: data.key }, { shift }, () => (ran.push("left"), data.value.map((x) => x + shift)), at);
      const right = await step("right", { data: data.key }, {}, () => (ran.push("right"), data.value.map((x) => x * 2)), at);
      const both = await step("both", { left: left.key, right: right.key }, {}, () => (ran.push("both"), left.value.map((x, i) => x * right.value[i]!)), at);
      return bits(both.value);
    };
    await chain(cache(), 0);
    ran.length = 0;
    const warm = await chain(cache(), 0.5);
    assert.deepEqual(ran, ["left", "both"]);
    assert.equal(warm, await chain(join(cache(), "cold"), 0.5));
  });

  const damages: Record<string, (folder: string) => void> = {
    "a changed byte": (folder) => writeFileSync(join(folder, "value.json"), readFileSync(join(folder, "value.json"), "utf8").replace("1", "7")),
    "a missing file": (folder) => rmSync(join(folder, "value.json")),
    "no meta.json": (folder) => rmSync(join(folder, "meta.json")),
    "a truncated meta.json": (folder) => writeFileSync(join(folder, "meta.json"), readFileSync(join(folder, "meta.json")).subarray(0, 40)),
    "a truncated array": (folder) => writeFileSync(join(folder, "arrays.bin"), readFileSync(join(folder, "arrays.bin")).subarray(0, 5)),
  };
  for (const [name, damage] of Object.entries(damages)) {
    it(`recomputes and replaces a result with ${name}`, async () => {
      const compute = () => ({ a: 1, b: Float64Array.of(1, 2) });
      const first = await step("fragile", {}, {}, compute, settings);
      damage(join(cache(), "fragile", first.key));
      const second = await step("fragile", {}, {}, compute, settings);
      assert.equal(second.cached, false);
      assert.match(footer(second), /the stored one was damaged/);
      assert.deepEqual(second.value, compute());
      assert.equal((await step("fragile", {}, {}, compute, settings)).cached, true);
      assert.deepEqual(readdirSync(join(cache(), "fragile")), [first.key]);
    });
  }

  it("never reads a half-written result: a process killed while writing leaves nothing under the key", async () => {
    const code = `
      const { step } = require(${JSON.stringify(join(__dirname, "../../src/core/step"))});
      const codec = { write(folder) { require("node:fs").writeFileSync(folder + "/x", "half"); process.kill(process.pid, "SIGKILL"); }, read: () => 1 };
      step("half", {}, {}, () => 1, { code: ${JSON.stringify(__filename)}, cache: ${JSON.stringify(cache())}, codec });`;
    const killed = spawnSync(process.execPath, ["--require", "tsx/cjs", "-e", code], { cwd: join(__dirname, "../..") });
    assert.equal(killed.signal, "SIGKILL");
    const [tmp, lock, ...others] = readdirSync(join(cache(), "half")).sort((a, b) => Number(a.endsWith(".lock")) - Number(b.endsWith(".lock")));
    assert.match(tmp!, /\.tmp$/);
    assert.match(lock!, /\.lock$/);
    assert.deepEqual(others, []);
    const result = await step("half", {}, {}, () => 2, settings);
    assert.deepEqual([result.value, result.cached, result.damage], [2, false, undefined]);
    assert.deepEqual(readdirSync(join(cache(), "half")), [result.key]); // nothing of the killed process is left
  });

  it("keeps the checkpoint folder of a step that failed, gives it again, and removes it after success", async () => {
    const work = async (fail: boolean) =>
      step("long", {}, {}, ({ checkpoint }) => {
        const cursor = join(checkpoint!, "cursor");
        const from = existsSync(cursor) ? Number(readFileSync(cursor, "utf8")) : 0;
        writeFileSync(cursor, "7");
        if (fail) throw new AbortError("long", checkpoint);
        return from;
      }, { ...settings, checkpoint: true });
    await assert.rejects(work(true), AbortError);
    const result = await work(false);
    assert.equal(result.value, 7);
    assert.deepEqual(readdirSync(join(cache(), "long")), [result.key]);
  });

  it("does not keep a failure", async () => {
    let runs = 0;
    const flaky = () => {
      if (++runs === 1) throw new Error("once");
      return runs;
    };
    await assert.rejects(async () => step("flaky", {}, {}, flaky, settings), /once/);
    assert.equal((await step("flaky", {}, {}, flaky, settings)).value, 2);
  });

  it("runs two calls with one key once", async () => {
    let runs = 0;
    const slow = async () => {
      await new Promise((resolve) => setTimeout(resolve, 20));
      return ++runs;
    };
    const both = await Promise.all([step("shared", {}, {}, slow, settings), step("shared", {}, {}, slow, settings)]);
    assert.deepEqual(both.map((one) => one.value), [1, 1]);
    assert.equal(runs, 1);
  });

  it("passes signal and progress through, and does not start when the signal has fired", async () => {
    const controller = new AbortController();
    const seen: number[] = [];
    const observed: StepSettings<boolean> = { ...settings, signal: controller.signal, progress: (report) => seen.push(report.done) };
    const result = await step("passes", {}, {}, ({ signal, progress }) => {
      progress!({ task: "x", done: 4, unit: "step" });
      return signal === controller.signal;
    }, observed);
    assert.equal(result.value, true);
    assert.deepEqual(seen, [4]);
    controller.abort();
    await assert.rejects(async () => step("other", {}, {}, () => true, observed), AbortError);
  });

  it("frees the computed value once it is written, also when writing fails", async () => {
    const freed: number[] = [];
    const codec: Codec<number> = { write: (_, value) => { if (value === 2) throw new Error("disk"); }, read: () => 0, release: (value) => freed.push(value) };
    await step("frees", { n: 1 }, {}, () => 1, { ...settings, codec });
    await assert.rejects(async () => step("frees", { n: 2 }, {}, () => 2, { ...settings, codec }), /disk/);
    assert.deepEqual(freed, [1, 2]);
  });

  it("refuses values that would not come back, and bad names", async () => {
    await assert.rejects(async () => step("map", {}, {}, () => ({ a: [new Map()] }), settings), (error: Error) => {
      assert.ok(error instanceof ConfigError);
      assert.match(error.message, /found Map at result\.a\[0\]; give the step a codec/);
      return true;
    });
    await assert.rejects(async () => step("../x", {}, {}, () => 1, settings), ConfigError);
  });

  it("writes down what went in", async () => {
    const result = await step("meta", { data: Int32Array.of(1) }, { k: 5 }, () => 1, settings);
    const meta = JSON.parse(readFileSync(join(cache(), "meta", result.key, "meta.json"), "utf8")) as StepMeta;
    assert.deepEqual(meta.options, { k: 5 });
    assert.match((meta.inputs as { data: string }).data, /^Int32Array [0-9a-f]{64}$/);
    assert.deepEqual(Object.keys(meta.files), ["value.json"]);
  });

  it("says in the footer what was computed and what was cached", () => {
    assert.equal(footer({ cached: true, seconds: 41 }), "cached (computed in 41 s)");
    assert.equal(footer({ cached: false, seconds: 125 }), "computed in 2 min 5 s");
  });
});
