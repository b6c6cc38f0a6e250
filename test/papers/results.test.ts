import assert from "node:assert/strict";
import { readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { DataError } from "../../src/core/errors";
import { readResult, readResults, resultId, writeResult, type Result } from "../../src/papers/results";
import { freshFolder } from "../scratch";
import { toyResult } from "./toy";

describe("result files", () => {
  const folder = freshFolder();

  it("are named by paper, data set, model and seed, and read back as they were", () => {
    const result = toyResult(2);
    assert.equal(writeResult(folder(), result), "written");
    assert.deepEqual(readdirSync(folder()), ["base-toy-time-sasrec-2.json"]);
    assert.deepEqual(readResults(folder()), [result]);
    assert.match(resultId(result), /^base-toy-time-sasrec-2@[0-9a-f]{8}$/);
  });

  it("stay as they are when the same run comes again, and change with what decides the numbers", () => {
    const first = toyResult(1);
    writeResult(folder(), first);
    const later: Result = { ...first, passport: { ...first.passport, startedAt: "2030-01-01T00:00:00.000Z", seconds: 9 } };
    assert.equal(resultId(later), resultId(first));
    assert.equal(writeResult(folder(), later), "kept");
    assert.equal(readResults(folder())[0]!.passport.startedAt, first.passport.startedAt);
    const other: Result = { ...first, passport: { ...first.passport, options: { dropout: 0.5 } } };
    assert.notEqual(resultId(other), resultId(first));
    assert.equal(writeResult(folder(), other), "written");
    assert.deepEqual(readResults(folder())[0]!.passport.options, { dropout: 0.5 });
  });

  it("are replaced when other code gave other numbers under the same key", () => {
    const first = toyResult(1);
    writeResult(folder(), first);
    const metrics = { ...first.test.metrics, "NDCG@10": 0.25 };
    const again: Result = { ...first, test: { ...first.test, metrics } };
    assert.equal(resultId(again), resultId(first));
    assert.equal(writeResult(folder(), again), "written");
    assert.deepEqual(readResults(folder())[0]!.test.metrics, metrics);
  });

  it("are refused by name when damaged, and replaced by the next run", () => {
    const result = toyResult(1);
    const file = join(folder(), "base-toy-time-sasrec-1.json");
    for (const damaged of ["{", "null", JSON.stringify({ ...result, test: undefined }), JSON.stringify({ ...result, passport: { ...result.passport, cpu: 3 } })]) {
      writeFileSync(file, damaged);
      assert.throws(() => readResult(file), (error: Error) => error instanceof DataError && error.message.startsWith(file));
      assert.equal(writeResult(folder(), result), "written");
      assert.deepEqual(readResult(file), result);
    }
  });

  it("show a number that was changed in the file, and one without its check", () => {
    const result = toyResult(1);
    const file = join(folder(), "base-toy-time-sasrec-1.json");
    writeResult(folder(), result);
    writeFileSync(file, readFileSync(file, "utf8").replace('"NDCG@10": 0.5', '"NDCG@10": 0.6'));
    assert.throws(() => readResult(file), (error: Error) => error instanceof DataError && error.message.startsWith(`${file} (check): Expected a result as it was written`));
    writeFileSync(file, JSON.stringify(result));
    assert.throws(() => readResult(file), /\(check\): Expected a result as it was written/);
  });
});
