/** What --engine, --workers, --ray-address and --memory mean together, and what texts they have encoded. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { availableParallelism } from "node:os";
import { encodeTexts, engineOf, type EngineOptions } from "../../src/cli/engine";
import { ConfigError } from "../../src/core/errors";
import { initBackend } from "../../src/tensor/backend";
import { manyTexts, vectorsIn } from "../engine/many-texts";
import { freshFolder } from "../scratch";

describe("cli/engine", () => {
  const folder = freshFolder();
  const before = process.env["RAY_ADDRESS"];
  beforeEach(() => void delete process.env["RAY_ADDRESS"]);
  after(() => {
    if (before !== undefined) process.env["RAY_ADDRESS"] = before;
  });

  it("takes one process, several where workers are given, and Ray where its address is", () => {
    const cores = availableParallelism();
    assert.deepEqual(engineOf({}), { name: "one", workers: 1, address: undefined });
    assert.deepEqual(engineOf({ workers: 3 }), { name: "local", workers: 3, address: undefined });
    assert.deepEqual(engineOf({ engine: "local" }), { name: "local", workers: cores, address: undefined });
    assert.deepEqual(engineOf({ engine: "ray", workers: 2, memory: 4 }), { name: "ray", workers: 2, address: undefined });
    assert.deepEqual(engineOf({ rayAddress: "10.0.0.1:6379" }), { name: "ray", workers: cores, address: "10.0.0.1:6379" });
  });

  it("reads Ray's own variable for --engine ray alone, as a job of Ray's has it", () => {
    process.env["RAY_ADDRESS"] = "10.0.0.2:6379";
    assert.equal(engineOf({ engine: "ray" }).address, "10.0.0.2:6379");
    assert.equal(engineOf({ engine: "ray", rayAddress: "auto" }).address, "auto");
    assert.equal(engineOf({ workers: 2 }).address, undefined);
  });

  it("refuses what does not go together", () => {
    const wrong: readonly (readonly [EngineOptions, RegExp])[] = [
      [{ engine: "slurm" }, /Expected an engine/],
      [{ engine: "one", workers: 2 }, /--workers with --engine local or ray/],
      [{ engine: "local", rayAddress: "auto" }, /--ray-address and --memory with --engine ray, found --engine local/],
      [{ memory: 2 }, /with --engine ray, found --engine one/],
      [{ rayAddress: "auto", workers: 2 }, /found the address auto/],
      [{ plan: "plan.json" }, /Expected --plan with --engine local or ray and without --memory, found it with --engine one/],
      [{ engine: "ray", plan: "plan.json", memory: 2 }, /found it with --memory/],
    ];
    for (const [options, words] of wrong) assert.throws(() => engineOf(options), (error) => error instanceof ConfigError && words.test(error.message), JSON.stringify(options));
  });

  it("has texts encoded by several processes, whatever a plan says of tasks; nothing by one, and nothing twice", async () => {
    const settings = manyTexts(folder());
    const backend = await initBackend();
    const saidOf = async (given: EngineOptions, of = settings): Promise<string[]> => {
      const said: string[] = [];
      await encodeTexts(given, of, backend, { signal: new AbortController().signal, progress: () => undefined, say: (line) => void said.push(line) });
      return said.sort();
    };
    const { events } = settings.source as { readonly events: string };
    assert.deepEqual(await saidOf({ workers: 2 }, { ...settings, world: { encoder: events } }), ["texts are not encoded on --engine local: events.csv has the vectors already"]);
    assert.deepEqual([await saidOf({}), await saidOf({ workers: 1 }), existsSync(settings.cache)], [[], [], false]);
    const spread = { workers: 2, plan: "no such file" };
    assert.deepEqual(await saidOf(spread), ["texts 1 to 4,096 of 4,500: 4,096 encoded, 0 kept before", "texts 4,097 to 4,500 of 4,500: 404 encoded, 0 kept before"]);
    assert.equal((await vectorsIn(settings.cache, settings, true)).length, 4500 * 12);
    assert.deepEqual(await saidOf(spread), []);
  });
});
