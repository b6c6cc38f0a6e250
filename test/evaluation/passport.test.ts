import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { DataError } from "../../src/core/errors";
import type { TrainSessions } from "../../src/data/types";
import { parsePassport, passportDifference, passportKey, passportOf, type Passport } from "../../src/evaluation/passport";

const passport: Passport = passportOf({
  model: "Markov",
  options: { backoff: 0.01, self: true },
  seeds: [1, 2],
  budget: "minute",
  seconds: 12.5,
  startedAt: new Date(0),
  split: { name: "demo", protocol: { by: "time", valid: 0.1 }, train: { hash: "abc" } as TrainSessions },
  evaluation: { items: 43097, ties: "expected", tieRate: 0.02, ks: [10, 20] },
  backend: { name: "cpu", device: "CPU", threads: 1, cpu: "a processor" },
});

describe("passport", () => {
  it("records what a number depends on", () => {
    const { version } = JSON.parse(readFileSync(join(__dirname, "../../package.json"), "utf8")) as { version: string };
    assert.deepEqual(passport, {
      model: "Markov", options: { backoff: 0.01, self: true }, seeds: [1, 2], budget: "minute", seconds: 12.5,
      data: { name: "demo", hash: "abc" }, split: { by: "time", valid: 0.1 }, candidates: "full ranking over 43097 training items",
      ties: "expected", tieRate: 0.02, ks: [10, 20], version, backend: "cpu CPU", threads: 1, cpu: "a processor",
      node: process.version, startedAt: "1970-01-01T00:00:00.000Z",
    });
  });

  it("comes back from JSON as it was", () => {
    assert.deepEqual(parsePassport(JSON.stringify(passport)), passport);
  });

  it("has a key that follows what decides the numbers and nothing else", () => {
    const key = passportKey(passport);
    const same: Partial<Passport>[] = [{ seconds: 1 }, { startedAt: "later" }, { node: "v24" }, { tieRate: 0.5 }, { options: { self: true, backoff: 0.01 } }];
    for (const change of same) assert.equal(passportKey({ ...passport, ...change }), key, JSON.stringify(change));
    const other: Partial<Passport>[] = [
      { model: "Pop" }, { data: { name: "demo", hash: "x" } }, { split: {} }, { ties: "mean" }, { ks: [10] }, { seeds: [1] }, { options: {} },
      { budget: "paper" }, { version: "9" }, { backend: "native CPU" }, { threads: 2 }, { cpu: "another" }, { candidates: "100 sampled" },
    ];
    const keys = new Set(other.map((change) => passportKey({ ...passport, ...change })));
    assert.equal(keys.size, other.length);
    assert.ok(!keys.has(key));
  });

  it("names what two protocols differ in; options, seeds and machine are no part of the protocol", () => {
    assert.equal(passportDifference(passport, { ...passport, options: {}, seeds: [9], cpu: "another", backend: "native GPU" }), undefined);
    assert.equal(passportDifference(passport, { ...passport, candidates: "100 sampled" }), "candidates");
  });

  it("names the part that is missing or wrong", () => {
    const { data, ...without } = passport;
    assert.throws(() => parsePassport(JSON.stringify(without), "a.json"), (error: Error) => error instanceof DataError && /^a\.json \(data\): Expected a passport's data, found nothing/.test(error.message));
    assert.throws(() => parsePassport(JSON.stringify({ ...passport, data: { name: data.name } })), /passport's data/);
    assert.throws(() => parsePassport(JSON.stringify({ ...passport, seeds: ["1"] })), /passport's seeds, found \["1"\]/);
    assert.throws(() => parsePassport("null"), DataError);
    assert.throws(() => parsePassport("{"), DataError);
  });
});
