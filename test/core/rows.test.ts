/** Rows of compressed tables: where they start, and sorted, short ones and long ones. */
import assert from "node:assert/strict";
import { Rng } from "../../src/core/rng";
import { sortRange, startsOf } from "../../src/core/rows";

describe("compressed rows", () => {
  it("start where those before them end", () => {
    const counts = Uint32Array.of(0, 2, 0, 3);
    assert.equal(startsOf(counts), counts);
    assert.deepEqual(Array.from(counts), [0, 2, 2, 5]);
    assert.deepEqual(Array.from(startsOf(new Uint32Array(1))), [0]);
  });

  it("are sorted in place, and nothing beside them", () => {
    const rng = new Rng(4);
    for (const length of [0, 1, 2, 47, 48, 49, 500]) {
      const values = Int32Array.from({ length: length + 4 }, () => rng.int(60) - 30);
      const expected = [...values.subarray(0, 2), ...Array.from(values.subarray(2, length + 2)).sort((a, b) => a - b), ...values.subarray(length + 2)];
      sortRange(values, 2, length + 2);
      assert.deepEqual(Array.from(values), expected);
    }
  });
});
