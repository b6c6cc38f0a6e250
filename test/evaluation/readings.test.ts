import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DataError } from "../../src/core/errors";
import { thisProcess } from "../../src/core/processes";
import { countReading, readReadings } from "../../src/evaluation/readings";
import { freshFolder } from "../scratch";

describe("readings", () => {
  const folder = freshFolder();
  let file: string;
  beforeEach(() => {
    file = join(folder(), "results", "readings.json");
  });

  it("are counted by experiment and role", async () => {
    assert.deepEqual(readReadings(file), {});
    assert.equal(await countReading(file, "b", "test"), 1);
    assert.equal(await countReading(file, "b", "test"), 2);
    assert.equal(await countReading(file, "a", "confirm"), 1);
    assert.equal(readFileSync(file, "utf8"), '{\n  "a": {\n    "confirm": 1\n  },\n  "b": {\n    "test": 2\n  }\n}\n');
  });

  it("lose nothing when many count at once, and leave no lock", async () => {
    const counts = await Promise.all(Array.from({ length: 20 }, () => countReading(file, "x", "test")));
    assert.deepEqual(counts.sort((a, b) => a - b), Array.from({ length: 20 }, (_, at) => at + 1));
    assert.deepEqual(readdirSync(join(folder(), "results")), ["readings.json"]);
  });

  it("are counted though a process was killed while it counted", async () => {
    await countReading(file, "x", "test");
    const { pid } = spawnSync(process.execPath, ["-e", ""]);
    writeFileSync(`${file}.lock`, JSON.stringify({ ...thisProcess(), pid, token: "dead" }));
    assert.equal(await countReading(file, "x", "test"), 2);
    assert.deepEqual(readdirSync(join(folder(), "results")), ["readings.json"]);
  });

  it("are not overwritten when the file is damaged", async () => {
    await countReading(file, "x", "test");
    for (const damage of ["{", "[]", '{"x":{"test":"two"}}']) {
      writeFileSync(file, damage);
      await assert.rejects(countReading(file, "x", "test"), (error: Error) => error instanceof DataError && error.message.startsWith(file));
      assert.equal(readFileSync(file, "utf8"), damage);
    }
  });
});
