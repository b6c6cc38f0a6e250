/** Texts encoded in two processes, beside the same in one: killed, and for machines with caches of their own. */
import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { mkdirSync, watch } from "node:fs";
import { join } from "node:path";
import { setStepStore } from "../../src/core/store";
import { runLocally } from "../../src/engine/local";
import { runTasks } from "../../src/papers/grid";
import { textsGrid } from "../../src/papers/persona/texts";
import { suiteFolder } from "../scratch";
import { manyTexts, rowsIn, titles, vectorsIn } from "./many-texts";

describe("engine, texts", function () {
  this.timeout(120_000);
  const folder = suiteFolder();
  let settings: ReturnType<typeof manyTexts>;
  let one: Float32Array;

  before(async () => {
    settings = manyTexts(folder());
    one = await vectorsIn(join(folder(), "one"), settings, false);
  });

  it("has the rows of one process though both workers are killed, and encodes no text that was kept", async () => {
    const processes: ChildProcess[] = [];
    const said: string[] = [];
    mkdirSync(settings.cache);
    const watcher = watch(settings.cache, { recursive: true }, (_, name) => {
      if (name?.endsWith(".rows") !== true) return;
      watcher.close();
      for (const process of processes) process.kill("SIGKILL");
    });
    const grid = await textsGrid(settings, {});
    assert.deepEqual(grid.tasks.map(({ id }) => id), ["texts 1 to 4,096 of 4,500", "texts 4,097 to 4,500 of 4,500"]);
    assert.ok(!grid.tasks.some((task) => grid.isDone(task)));
    await runLocally({ paper: "texts", settings }, grid, { workers: 2, threads: 1, onWorker: (process) => void processes.push(process), onStep: (line) => void said.push(line) });
    assert.ok(said.some((line) => line.startsWith("a worker ended by SIGKILL in the middle of texts ")), said.join("\n"));
    assert.ok(grid.tasks.every((task) => grid.isDone(task)), "it sees what others have kept");
    assert.equal(rowsIn(settings.cache), titles.length, "a block each once");
    assert.deepEqual(await vectorsIn(settings.cache, settings, true), one);
    await runLocally({ paper: "texts", settings }, grid, { workers: 2, threads: 1, onWorker: () => assert.fail("everything is there") });
    await grid.close();
  });

  it("gives a store also what a machine had kept before, and another machine encodes nothing", async () => {
    const kept = new Map<string, ReadonlyMap<string, Uint8Array>>();
    setStepStore({ fetch: async (name, key) => kept.get(`${name}/${key}`), keep: async (name, key, files) => void kept.set(`${name}/${key}`, files) });
    try {
      const said: string[] = [];
      for (const cache of ["one", "another"]) await runTasks(await textsGrid({ ...settings, cache: join(folder(), cache) }, { onStep: (line) => void said.push(line) }), undefined);
      assert.deepEqual(said, ["texts 1 to 4,096 of 4,500: 0 encoded, 4,096 kept before", "texts 4,097 to 4,500 of 4,500: 0 encoded, 404 kept before"]);
      assert.equal(kept.size, 5);
      assert.deepEqual(await vectorsIn(join(folder(), "another"), settings, true), one);
      assert.deepEqual(await vectorsIn(join(folder(), "a third"), settings, true), one, "without a grid");
    } finally {
      setStepStore(undefined);
    }
  });
});
