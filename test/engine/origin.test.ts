/** A worker is of the same versions as its engine, or refused. */
import assert from "node:assert/strict";
import { ConfigError } from "../../src/core/errors";
import { checkOrigin, type Origin } from "../../src/engine/origin";
import { requestOf } from "../../src/engine/resources";
import { workerOrigin } from "../../src/engine/worker";

const engine: Origin = { code: "abcdef0123456789", node: "v20.20.2", backend: "native CPU", tensorflow: "2.21.0", cpu: "a CPU" };
const task = { id: "a, seed 1", kind: "run", arm: "a", seed: 1, needs: [] } as const;

describe("engine/origin", () => {
  it("agrees with its like, and names what differs and what to do", async () => {
    assert.equal(checkOrigin(engine, engine, "n1"), undefined);
    const refused = (more: Partial<Origin>, words: RegExp): void => assert.throws(() => checkOrigin({ ...engine, ...more }, engine, "n1"), (error) => error instanceof ConfigError && words.test(error.message));
    refused({ node: "v22.1.0" }, /^Expected a worker with the engine's Node, v20\.20\.2, found v22\.1\.0 on n1; give all machines the same Node$/);
    refused({ code: "0123456789abcdef" }, /the engine's code, abcdef01, found 01234567 on n1; give all machines the same version of the library/);
    refused({ backend: "wasm CPU", tensorflow: undefined }, /tensor backend, native CPU, found wasm CPU on n1; run set-up there/);
    refused({ tensorflow: "2.20.0" }, /TensorFlow, 2\.21\.0, found 2\.20\.0/);
    const own = await workerOrigin();
    assert.equal(checkOrigin(own, await workerOrigin(), "here"), undefined);
  });

  it("remarks another processor", () => {
    assert.equal(checkOrigin({ ...engine, cpu: "another" }, engine, "n1"), "the processor of n1 is another, the engine's a CPU: results may differ in their last bits");
  });

  it("asks for a task's threads as cores, for memory where it is given, and for a GPU where the engine has one", () => {
    assert.deepEqual(requestOf(task, { threads: 2, device: "CPU" }), { cores: 2, memory: undefined, gpus: 0 });
    assert.deepEqual(requestOf(task, { threads: 1, memory: 2e9, device: "GPU" }), { cores: 1, memory: 2e9, gpus: 1 });
  });
});
