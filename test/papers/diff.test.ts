import assert from "node:assert/strict";
import { join } from "node:path";
import { ConfigError } from "../../src/core/errors";
import { renderTable } from "../../src/display/formats";
import { diffResults, diffTable, findResult } from "../../src/papers/diff";
import { writeResult, type Result } from "../../src/papers/results";
import { writeSearch } from "../../src/papers/searches";
import { freshFolder } from "../scratch";
import { toyResult } from "./toy";

/** A run with these options, and this metric on test. */
function run(seed: number, value: number, options: Readonly<Record<string, unknown>>, more: Partial<Result["passport"]> = {}): Result {
  const toy = toyResult(seed);
  return { ...toy, passport: { ...toy.passport, options, ...more }, test: { ...toy.test, metrics: { "NDCG@10": value } } };
}

describe("the difference of two results", () => {
  const scratch = freshFolder();

  it("names options, data, protocol, code and environment, whatever decides the numbers, and not when or how long", () => {
    const a = run(1, 0.1, { dropout: 0.2, second: { rate: 1 } });
    const b = run(1, 0.2, { dropout: 0.5, second: { rate: 2 }, heads: 2 }, { data: { name: "toy", hash: "d1" }, ks: [10], version: "0.2.0", threads: 2, seconds: 99, startedAt: "2030-01-01T00:00:00.000Z" });
    assert.deepEqual(
      diffResults(a, b).differences.map(({ kind, key, a: one, b: other }) => [kind, key, one, other]),
      [["data", "data.hash", '"d0"', '"d1"'], ["protocol", "ks", "[10,20]", "[10]"], ["option", "options.dropout", "0.2", "0.5"], ["option", "options.heads", undefined, "2"], ["option", "options.second.rate", "1", "2"], ["code", "version", '"0.0.0"', '"0.2.0"'], ["environment", "threads", "1", "2"]],
    );
    assert.deepEqual(diffResults(a, { ...a, passport: { ...a.passport, seconds: 7 } }).differences, []);
  });

  it("puts first what moved the metric most in pairs of results that differ in it alone", () => {
    const folder = scratch();
    const runs = [run(1, 0.1, { dropout: 0.2, rate: 1 }), run(2, 0.101, { dropout: 0.2, rate: 1 }, { seeds: [1] }), run(3, 0.102, { dropout: 0.5, rate: 1 }, { seeds: [1] }), run(4, 0.15, { dropout: 0.2, rate: 2 }, { seeds: [1] })];
    for (const one of runs) writeResult(folder, one);
    const { differences } = diffResults(run(1, 0.1, { dropout: 0.2, rate: 1 }), run(1, 0.3, { dropout: 0.5, rate: 2, heads: 2 }), folder);
    assert.deepEqual(differences.map(({ key }) => key), ["options.rate", "options.dropout", "options.heads"]);
    const [rate, dropout, heads] = differences;
    assert.deepEqual([rate!.effect!.pairs, dropout!.effect!.pairs, heads!.effect], [2, 2, undefined]); // runs 1 and 2 are alike but for their numbers
    assert.ok(Math.abs(rate!.effect!.mean - (0.05 + 0.049) / 2) < 1e-12 && Math.abs(rate!.effect!.largest - 0.05) < 1e-12);
    assert.ok(Math.abs(dropout!.effect!.mean - (0.002 + 0.001) / 2) < 1e-12);
  });

  it("takes trials of a search where no results tell, each round by itself", () => {
    const folder = scratch();
    const trial = (dropout: number, value: number, round: number) => ({ options: { dropout }, metrics: { "NDCG@10": value }, seconds: 1, round });
    writeSearch(folder, "base-toy-time", "sasrec", { metric: "NDCG@10", options: {}, value: 0.3, settings: 2, trials: [trial(0.2, 0.1, 1), trial(0.5, 0.14, 1), trial(0.2, 0.3, 2)] });
    const [only] = diffResults(run(1, 0.1, { dropout: 0.2 }), run(1, 0.2, { dropout: 0.5 }), folder).differences;
    assert.deepEqual([only!.effect!.pairs, only!.effect!.on, only!.effect!.mean.toFixed(4)], [1, "validation", "0.0400"]);
  });

  it("finds results by name, id and path, and is a table", () => {
    const folder = scratch();
    const one = run(1, 0.1, { dropout: 0.2 });
    writeResult(folder, one);
    for (const name of ["base-toy-time-sasrec-1", join(folder, "base-toy-time-sasrec-1.json"), diffResults(one, one).a]) assert.deepEqual(findResult(name, folder), one, name);
    assert.throws(() => findResult("base-toy-time-sasrec-1@00000000", folder), /under the key 00000000/);
    assert.throws(() => findResult("other", folder), ConfigError);
    assert.throws(() => findResult("base-toy-time-sasrec-7", folder), /did you mean "base-toy-time-sasrec-1"\?/);
    assert.throws(() => findResult("base-toy-time-sasrec-{1,2}@01234567", folder), /the id of several seeds: name one of them, base-toy-time-sasrec-1/);
    const text = renderTable(diffTable(diffResults(one, run(1, 0.2, { dropout: 0.5 }))), "markdown");
    assert.match(text, /\| options\.dropout \| option \| 0\.2 \| 0\.5 \| - \| - \| - \| - \|/);
    assert.match(text, /On test: NDCG@10 0\.1000 and 0\.2000\./);
  });
});
