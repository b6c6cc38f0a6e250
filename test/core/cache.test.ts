import assert from "node:assert/strict";
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { cacheEntries, cacheLimit, findEntry, nearestEntry, removeEntry, tidyCache } from "../../src/core/cache";
import { AbortError, ConfigError } from "../../src/core/errors";
import { step } from "../../src/core/step";
import { freshFolder } from "../scratch";
import { child, firstOutput, kill, output } from "./children";

describe("the step cache, shared", () => {
  const cache = freshFolder();

  /** A step in a process of its own, which prints whether it computed. */
  const stepChild = (name: string, body: string, options = "{}") =>
    child(`core("step").step(${JSON.stringify(name)}, {}, ${options}, async ({ checkpoint }) => { ${body} }, { code: ${JSON.stringify(__filename)}, cache: ${JSON.stringify(cache())}, checkpoint: true })
      .then((result) => process.stdout.write(JSON.stringify({ value: result.value, cached: result.cached }) + "\\n"));`);

  it("computes once for three processes that want the same, and the others read it", async () => {
    const log = join(cache(), "log");
    const body = `fs.appendFileSync(${JSON.stringify(log)}, "computed "); await sleep(300); return process.pid;`;
    const results = (await Promise.all([1, 2, 3].map(() => output(stepChild("shared", body))))).map((text) => JSON.parse(text) as { value: number; cached: boolean });
    assert.equal(readFileSync(log, "utf8"), "computed ");
    assert.equal(new Set(results.map(({ value }) => value)).size, 1);
    assert.deepEqual(results.map(({ cached }) => cached).sort(), [false, true, true]);
    assert.match(readdirSync(join(cache(), "shared")).join(), /^[0-9a-f]{64}$/);
    assert.deepEqual(readdirSync(join(cache(), ".in-use")), []); // each took its list away
  });

  it("takes over from a killed process, with its checkpoint", async () => {
    const first = stepChild("long", `fs.writeFileSync(checkpoint + "/cursor", "7"); process.stdout.write("there"); await sleep(60000); return 1;`);
    await firstOutput(first);
    const [entry, ...others] = cacheEntries(cache());
    assert.deepEqual([entry!.kind, entry!.name, entry!.inUse, entry!.bytes, others], ["checkpoint", "long", true, 1, []]);
    assert.equal(removeEntry(cache(), entry!), false);
    const stop = new AbortController();
    const settings = { code: __filename, cache: cache(), checkpoint: true };
    const waiting = step("long", {}, {}, () => 0, { ...settings, signal: stop.signal, progress: ({ task }) => { if (task === `wait for long in process ${first.pid}`) stop.abort(); } });
    await assert.rejects(waiting, AbortError);
    await kill(first);
    const result = await step("long", {}, {}, ({ checkpoint }) => readFileSync(join(checkpoint!, "cursor"), "utf8"), settings);
    assert.deepEqual([result.value, result.cached], ["7", false]);
    assert.deepEqual(readdirSync(join(cache(), "long")), [result.key]);
  });

  it("evicts what was not used for the longest time, never what a living process has used, nor a checkpoint", async () => {
    const kept = stepChild("big", `return "in use".padEnd(1000);`, "{ n: 0 }");
    await firstOutput(kept);
    // The process above has ended or will soon: another one stays and holds what it read.
    const reader = child(`core("step").step("big", {}, { n: 0 }, () => "never", { code: ${JSON.stringify(__filename)}, cache: ${JSON.stringify(cache())} }).then(() => { process.stdout.write("read"); return sleep(60000); });`);
    await firstOutput(reader);
    for (const n of [1, 2, 3]) await output(stepChild("big", `return "x".padEnd(1000);`, `{ n: ${n} }`));
    const byNumber = () => new Map(cacheEntries(cache()).map((entry) => [(entry.meta!.options as { n: number }).n, entry]));
    const before = byNumber();
    const one = before.get(1)!;
    for (const [n, entry] of before) utimesSync(join(entry.folder, "meta.json"), 1000 + n, 1000 + n);
    const stop = `${join(cache(), "big", "f".repeat(64))}.checkpoint`;
    mkdirSync(stop);
    writeFileSync(join(stop, "state"), "x".repeat(5000));
    utimesSync(join(stop, "state"), 1, 1);

    const all = [...before.values()].reduce((sum, entry) => sum + entry.bytes, 5000);
    await output(child(`core("step").step("big", {}, { n: 1 }, () => "never", { code: ${JSON.stringify(__filename)}, cache: ${JSON.stringify(cache())} });`)); // touched: now the last used
    assert.ok(statSync(join(one.folder, "meta.json")).mtimeMs > 1e12);
    tidyCache(cache(), all);
    assert.equal(cacheEntries(cache()).length, 5);
    tidyCache(cache(), all - 1);
    assert.deepEqual(cacheEntries(cache()).map((entry) => (entry.meta?.options as { n: number } | undefined)?.n), [1, 3, 0, undefined]); // 2 was the oldest that nobody uses
    tidyCache(cache(), 0);
    assert.deepEqual(cacheEntries(cache()).map(({ kind, inUse }) => [kind, inUse]), [["result", true], ["checkpoint", false]]);
    assert.ok(existsSync(before.get(0)!.folder));
    await kill(reader);
    tidyCache(cache(), 0);
    assert.deepEqual(cacheEntries(cache()).map(({ kind }) => kind), ["checkpoint"]);
    assert.deepEqual(readdirSync(join(cache(), "big")), [`${"f".repeat(64)}.checkpoint`]);
  });

  it("keeps its limit by itself, after each result", async () => {
    const script = `process.env.SESSIONLAB_CACHE_GB = "0.000004"; // 4,000 bytes
      const run = (n) => core("step").step("big", {}, { n }, () => String(n).padEnd(1000), { code: ${JSON.stringify(__filename)}, cache: ${JSON.stringify(cache())} });
      (async () => { for (const n of process.env.WHICH.split(",")) await run(Number(n)); })();`;
    for (const n of [1, 2, 3, 4, 5, 6]) await output(child(`process.env.WHICH = "${n}"; ${script}`));
    const left = cacheEntries(cache());
    assert.ok(left.reduce((sum, { bytes }) => sum + bytes, 0) <= 4000);
    assert.deepEqual(left.map(({ meta }) => (meta!.options as { n: number }).n), [6, 5]);
  });

  it("refuses a limit that is none before anything is computed", async () => {
    for (const text of ["much", "-1", ""]) assert.throws(() => cacheLimit({ SESSIONLAB_CACHE_GB: text }), ConfigError);
    assert.equal(cacheLimit({}), 20e9);
    assert.equal(cacheLimit({ SESSIONLAB_CACHE_GB: "0" }), 0);
  });

  it("finds an entry by digits, and names the nearest one with what differs", async () => {
    const settings = { code: __filename, cache: cache() };
    const run = (name: string, inputs: Record<string, string>, options: object) => step(name, inputs, options, () => 1, settings);
    const asked = await run("train", { data: "a" }, { epochs: 5, rate: 0.1, sizes: [1, 2] });
    const near = await run("train", { data: "a" }, { epochs: 5, rate: 0.2, sizes: [1, 3] });
    await run("train", { data: "b" }, { epochs: 6, rate: 0.3, extra: true });
    await run("tune", { data: "a" }, { epochs: 5, rate: 0.1, sizes: [1, 2] });
    const entries = cacheEntries(cache());
    const entry = findEntry(entries, asked.key.slice(0, 8));
    assert.equal(entry.key, asked.key);
    const found = nearestEntry(entries, entry)!;
    assert.equal(found.entry.key, near.key);
    assert.deepEqual(found.differences, [{ path: "options.rate", here: 0.1, there: 0.2 }, { path: "options.sizes.1", here: 2, there: 3 }]);
    assert.equal(nearestEntry(entries, entries.find(({ name }) => name === "tune")!), undefined);
    assert.throws(() => findEntry(entries, ""), /Expected the first digits of a key in the cache, found ""/);
    const twins = ["a", "b"].map((end) => ({ ...entry, key: `123${end}${entry.key.slice(4)}` }));
    assert.throws(() => findEntry(twins, "123"), /found 2 that start with "123": train 123a.*, train 123b.*; give more digits/);
  });
});
