import assert from "node:assert/strict";
import { ConfigError } from "../../src/core/errors";
import { deciles, lengthStrata, popularityStrata, quantileOf, targetStrata, trainingCounts } from "../../src/evaluation/strata";

const counts = [5, 1, 1, 2, 9, 30, 4, 4, 7, 12];

describe("strata", () => {
  it("count training events of training items only", () => {
    const train = {
      role: "train", hash: "", items: { ids: ["a", "b", "c"], trained: 2 },
      offsets: Uint32Array.of(0, 3, 5), item: Int32Array.of(0, 1, 0, 2, -1),
    } as const;
    assert.deepEqual([...trainingCounts(train)], [2, 1]);
  });

  it("take quantiles as numpy does", () => {
    // np.percentile([5,1,1,2,9,30,4,4,7,12], [10, 50, 80, 90])
    const sorted = Float64Array.from(counts).sort();
    const found = [0.1, 0.5, 0.8, 0.9].map((quantile) => quantileOf(sorted, quantile));
    [1.0, 4.5, 9.6, 13.8].forEach((expected, at) => assert.ok(Math.abs(found[at]! - expected) < 1e-12));
  });

  it("cut tail and head at the 80th percentile of counts; cold targets are in none", () => {
    const target = Int32Array.of(5, 4, 9, 0, 10, 99, 9);
    const [tail, head] = popularityStrata({ target }, counts);
    assert.deepEqual([tail!.name, tail!.items, [...tail!.cases]], ["tail", 8, [1, 3]]);
    assert.deepEqual([head!.name, head!.items, [...head!.cases]], ["head", 2, [0, 2, 6]]); // counts 30 and 12
  });

  it("keep items of one count together", () => {
    const [tail, head] = popularityStrata({ target: Int32Array.of(0, 1) }, [3, 3, 3]);
    assert.deepEqual([tail!.items, head!.items, tail!.cases.length, head!.cases.length], [3, 0, 2, 0]);
  });

  it("offer deciles: ten groups that hold every item and every seen target once", () => {
    const many = Array.from({ length: 1000 }, (_, item) => item);
    const groups = popularityStrata({ target: Int32Array.from(many) }, many, deciles);
    assert.deepEqual(groups.map((group) => group.items), new Array(10).fill(100));
    assert.deepEqual(groups.flatMap((group) => [...group.cases]), many);
    assert.equal(groups[9]!.name, "popularity 10 of 10");
  });

  it("group by length and by whether the target was seen", () => {
    const groups = lengthStrata({ end: Int32Array.of(1, 2, 3, 4, 5, 9, 10, 400) });
    assert.deepEqual(groups.map((group) => [group.name, [...group.cases]]), [
      ["length 1", [0]], ["length 2", [1]], ["length 3-4", [2, 3]], ["length 5-9", [4, 5]], ["length 10+", [6, 7]],
    ]);
    assert.deepEqual(targetStrata({ target: Int32Array.of(2, 3, 0) }, 3).map((group) => [group.name, [...group.cases]]), [["warm", [0, 2]], ["cold", [1]]]);
  });

  it("refuse cuts that are out of order", () => {
    assert.throws(() => popularityStrata({ target: Int32Array.of(0) }, counts, [0.8, 0.5]), ConfigError);
    assert.throws(() => popularityStrata({ target: Int32Array.of(0) }, counts, [1]), ConfigError);
    assert.throws(() => lengthStrata({ end: Int32Array.of(1) }, [2, 3]), ConfigError);
  });
});
