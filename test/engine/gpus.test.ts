/** Processes and their GPUs. That a GPU computes is not seen here. */
import assert from "node:assert/strict";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { freestGpu, gpusOfMachine, gpuVariables } from "../../src/engine/gpus";
import { suiteFolder } from "../scratch";

describe("engine/gpus", () => {
  const folder = suiteFolder();

  it("are those that are visible, else all that the driver lists", () => {
    for (const name of ["0000:01:00.0", "0000:41:00.0"]) mkdirSync(join(folder(), "gpus", name), { recursive: true });
    const driver = join(folder(), "gpus");
    assert.deepEqual(gpusOfMachine(undefined, driver), ["0", "1"]);
    assert.deepEqual(gpusOfMachine("3, GPU-5ab1", driver), ["3", "GPU-5ab1"]);
    assert.deepEqual([gpusOfMachine("", driver), gpusOfMachine("-1", driver), gpusOfMachine(undefined, join(folder(), "none"))], [[], [], []]);
  });

  it("go round among processes, and a dead one's is the next one's", () => {
    const taken: (string | undefined)[] = [];
    for (let worker = 0; worker < 5; worker++) taken.push(freestGpu(["3", "7"], taken));
    assert.deepEqual(taken, ["3", "7", "3", "7", "3"]);
    assert.equal(freestGpu(["3", "7"], ["3", "3", "7"]), "7");
    assert.deepEqual([freestGpu([], []), gpuVariables(undefined), gpuVariables("7")["CUDA_VISIBLE_DEVICES"]], [undefined, {}, "7"]);
  });
});
