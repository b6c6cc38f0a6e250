import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { renderTable } from "../../src/display/formats";
import { readResponse, runResponse, writeResponse, type ResponseResult } from "../../src/papers/response/response";
import { responseTables } from "../../src/papers/response/tables";
import { initBackend } from "../../src/tensor/backend";
import { suiteFolder } from "../scratch";

describe("the response experiment", () => {
  const folder = suiteFolder();
  const sizes = { logs: [100, 300], held: 200, draws: 3, epochs: 3, policyLogs: 300, policySessions: 60, sameSessions: 30 };
  const knobs = { users: 10, items: 30, slots: 4, steps: 5 };
  let result: ResponseResult;
  before(async () => {
    const backend = await initBackend();
    result = await runResponse({ budget: "minute", seeds: 2, knobs, sizes, sameRuns: 20, backend });
  });

  it("holds estimates against the truth, and its numbers belong together", () => {
    assert.deepEqual(result.likelihood.map(({ sessions }) => sessions), [100, 300]);
    for (const { learnt, gap } of result.likelihood) assert.ok(Math.abs(gap - (learnt / result.truth - 1)) < 1e-12);
    assert.ok(result.truth > result.bySlot);
    for (const rows of Object.values(result.rates)) {
      for (const { truth, abducted, prior, sessions } of rows) {
        assert.ok(truth.low <= truth.mean && truth.mean <= truth.high && sessions > 0);
        for (const one of [abducted, prior]) assert.equal(one.within, one.mean >= truth.low && one.mean <= truth.high);
      }
      const all = rows.find(({ name }) => name === "all sessions: a click")!.sessions;
      const parts = rows.filter(({ name }) => ["had taken an item that stays: takes it again", "had taken an item that goes: a click", "had taken nothing: a click"].includes(name));
      assert.equal(parts.reduce((sum, { sessions }) => sum + sessions, 0), all);
      const [silent] = rows.filter(({ name }) => name === "had taken nothing: a click");
      assert.ok(silent!.prior.mean > silent!.abducted.mean, "noise from the prior forgets that nothing was taken");
    }
    assert.deepEqual(result.policies.map(({ name }) => name), ["random", "popularity", "SASRec", "oracle"]);
    assert.ok(result.policies.every(({ rates }) => rates.length === 2));
    assert.ok(result.policies[3]!.ctr.low > result.policies[0]!.ctr.high);
    assert.equal(result.same.runs, 20);
  });

  it("is written with a checksum, read back, and makes its tables", () => {
    const file = join(folder(), "simulator.json");
    writeResponse(file, result);
    const read = readResponse(file)!;
    const text = responseTables(read).map((table) => renderTable(table as never, "markdown")).join("\n");
    for (const words of ["| learnt | 300 |", "| the world's own, other coupling |", "| oracle |", "Goal: within 5 %", "of 20 tests at 5 %"]) assert.ok(text.includes(words), words);
    writeFileSync(file, readFileSync(file, "utf8").replace(/"truth": -/, '"truth": -0'));
    assert.throws(() => readResponse(file), /Expected results as it was written, found that it was changed; run sessionlab response --publish|as JSON/);
    assert.equal(readResponse(join(folder(), "none.json")), undefined);
  });
});
