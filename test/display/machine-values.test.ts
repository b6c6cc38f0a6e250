/** The memory of a training step and what the cache keeps, as a notebook shows them. */
import assert from "node:assert/strict";
import { formatBytes } from "../../src/core/bytes";
import type { CacheDifference, CacheEntry } from "../../src/core/cache";
import { toBundle } from "../../src/display/mime";
import { memoryEstimate } from "../../src/tensor/memory";
import { textOf } from "./values";

const plain = (value: unknown): string[] => textOf(toBundle(value), "text/plain").split("\n");

describe("what runs cost, in a notebook", () => {
  it("shows the parts of a step's memory", () => {
    const estimate = memoryEstimate({ parameters: { items: [1000, 10] }, optimiser: "adam", loss: { kind: "softmax", table: "items", targets: 2 }, activations: 250 });
    const lines = plain(estimate);
    assert.equal(lines[0], `Memory of a training step  at most ${formatBytes(estimate.total)}`);
    assert.deepEqual(lines.slice(2, 5).map((line) => line.trim().split(/ {2,}/).slice(0, 2)), [["part", "size"], ["the parameters", "40.0 kB"], ["what the optimiser keeps", "80.0 kB"]]);
    assert.match(lines.at(-1)!, /^what the layers keep +1\.00 kB +0\.\d %$/);
    assert.match(textOf(toBundle(estimate)), /<td style="text-align:left;white-space:nowrap">the parameters<\/td>/);
  });

  it("shows entries of the cache, one or many, and bounds them", () => {
    const entry = (n: number): CacheEntry => ({
      kind: n === 1 ? "checkpoint" : "result", name: n === 0 ? "<fit>" : "prepare", key: `${n}`.padStart(64, "abcdef"), folder: "/x", bytes: 1500, madeAt: 0, usedAt: 86_400_000, inUse: n === 1,
    });
    assert.deepEqual(plain([entry(0), entry(1)]), [
      "Cache of results  2 entries  3.00 kB", "", "step     key           size     made, UTC         last used",
      "<fit>    abcdefabcdef  1.50 kB  1970-01-01 00:00  1970-01-02 00:00  damaged",
      "prepare  abcdefabcdef  1.50 kB  1970-01-01 00:00  1970-01-02 00:00  a checkpoint to go on from, in use",
    ]);
    assert.ok(!textOf(toBundle([entry(0)])).includes("<fit>"));
    assert.equal(plain(entry(2))[0], "Cache of results  1 entry  1.50 kB");
    const many = plain(Array.from({ length: 100 }, (_, n) => entry(n)));
    assert.equal(many.length, 3 + 31);
    assert.equal(many[18], "… 70 more …");
  });

  it("shows in what two entries differ", () => {
    const differences: CacheDifference[] = [{ path: "options.dropout", here: 0.1, there: undefined }, { path: "data", here: "a", there: "b" }];
    assert.deepEqual(plain(differences), ["Why two results are not the same  2 differences", "", "what             here  there", "options.dropout  0.1   absent", 'data             "a"   "b"']);
  });

  it("writes bytes in words", () => {
    assert.deepEqual([0, 999, 1000, 999_499, 999_600, 1.5e9].map(formatBytes), ["0 B", "999 B", "1.00 kB", "999 kB", "1.00 MB", "1.50 GB"]);
  });
});
