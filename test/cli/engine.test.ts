/** What --engine, --workers, --ray-address and --memory mean together. */
import assert from "node:assert/strict";
import { availableParallelism } from "node:os";
import { engineOf, type EngineOptions } from "../../src/cli/engine";
import { ConfigError } from "../../src/core/errors";

describe("cli/engine", () => {
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
});
