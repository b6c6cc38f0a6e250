/** What tasks ask for: cores for their threads, and the memory that a plan has of each. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { ConfigError, DataError } from "../../src/core/errors";
import { processesWithRoom, readPlan, requestOf } from "../../src/engine/resources";
import { suiteFolder } from "../scratch";

describe("engine/resources", () => {
  const folder = suiteFolder();
  const written = (content: string): string => {
    const file = join(folder(), "plan.json");
    writeFileSync(file, content);
    return file;
  };

  it("asks for as many cores as operations have threads, a GPU where tensors are on one, and a quarter more memory than was planned", () => {
    const plan = readPlan(written(JSON.stringify({ machine: { threads: 2 }, taskBytes: { "sasrec, seed 1": 8e8, "persona, seed 1": 1.6e9 } })));
    assert.deepEqual(requestOf({ id: "pop, seed 1" }, { threads: 3, device: "CPU" }), { cores: 3, memory: undefined, gpus: 0 });
    assert.deepEqual(requestOf({ id: "pop, seed 1" }, { threads: 1, device: "GPU", memory: 4e9 }), { cores: 1, memory: 4e9, gpus: 1 });
    assert.deepEqual(requestOf({ id: "sasrec, seed 1" }, { threads: 1, device: "CPU", plan }), { cores: 1, memory: 1e9, gpus: 0 });
    assert.throws(() => requestOf({ id: "pop, seed 1" }, { threads: 1, device: "CPU", plan }), (error) => error instanceof ConfigError && /found "pop, seed 1"; plan again/.test(error.message));
    assert.deepEqual([processesWithRoom(plan, 6.5e9), processesWithRoom(plan, 1e9)], [3, 1]);
  });

  it("refuses a file that is no plan, by its name and field", () => {
    for (const [content, words] of [["no JSON", /Expected a plan, found .*npx sessionlab plan --json/], ["null", /memory of each task/], ["{}", /memory of each task/], ['{"taskBytes": {"a": "1 GB"}}', /memory of each task/], ['{"taskBytes": {"a": 1}}', /the machine/]] as const) {
      assert.throws(() => readPlan(written(content)), (error) => error instanceof DataError && words.test(error.message) && error.message.includes("plan.json"), content);
    }
    assert.throws(() => readPlan(join(folder(), "none.json")), DataError);
  });
});
