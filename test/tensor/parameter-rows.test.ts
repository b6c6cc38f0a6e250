import assert from "node:assert/strict";
import { Rng } from "../../src/core/rng";
import { placesOfRows } from "../../src/tensor/parameter-rows";

describe("tensor/parameter-rows", () => {
  it("gives each id once in the order of first appearance, and each its place, padding none", () => {
    assert.deepEqual(placesOfRows(Int32Array.of(7, -1, 2, 7, 0)), { ids: Int32Array.of(7, 2, 0), places: Int32Array.of(0, -1, 1, 0, 2) });
    assert.deepEqual(placesOfRows(new Int32Array(0)), { ids: new Int32Array(0), places: new Int32Array(0) });
  });

  it("does as a Map would, whatever the ids", () => {
    for (const [length, items] of [[1, 1], [50, 3], [5000, 800], [5000, 2 ** 31 - 1]] as const) {
      const rng = new Rng(`${length} of ${items}`);
      const given = Int32Array.from({ length }, () => rng.int(items) - (rng.uniform() < 0.1 ? items : 0)).map((id) => Math.max(-1, id));
      const known = new Map<number, number>();
      for (const id of given) if (id >= 0 && !known.has(id)) known.set(id, known.size);
      assert.deepEqual(placesOfRows(given), { ids: Int32Array.from(known.keys()), places: given.map((id) => known.get(id) ?? -1) });
    }
  });
});
