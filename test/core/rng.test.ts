import assert from "node:assert/strict";
import { Rng } from "../../src/core/rng";

describe("core/rng", () => {
  it("is xoshiro128**: the first ten numbers of the state 1, 2, 3, 4", () => {
    // Golden: crate rand_xoshiro 0.8.1, test `reference` of src/xoshiro128starstar.rs (from the authors' C code).
    const rng = Rng.from({ path: "", words: [1, 2, 3, 4] });
    const expected = [11520, 0, 5927040, 70819200, 2031721883, 1637235492, 1287239034, 3734860849, 3729100597, 4258142804];
    assert.deepEqual(expected.map(() => rng.next()), expected);
  });

  it("a child depends on seed and name alone, not on what was drawn", () => {
    const [fresh, used] = [new Rng(1), new Rng(1)];
    used.normals(100);
    assert.equal(fresh.child("a").next(), used.child("a").next());
    const firsts = new Set(Array.from({ length: 1000 }, (_, i) => new Rng(i % 10).child(`epoch ${i}`).next()));
    assert.equal(firsts.size, 1000);
  });

  it("goes on from its saved state, through JSON", () => {
    const rng = new Rng("x");
    rng.mask(7, 0.5);
    const copy = Rng.from(JSON.parse(JSON.stringify(rng.state())) as ReturnType<Rng["state"]>);
    assert.deepEqual([copy.next(), copy.uniform(), copy.int(10)], [rng.next(), rng.uniform(), rng.int(10)]);
  });

  it("uniform, normal and int have their moments", () => {
    const rng = new Rng(42);
    const n = 40000;
    const mean = (f: () => number): number => Array.from({ length: n }, f).reduce((a, b) => a + b, 0) / n;
    assert.ok(Math.abs(mean(() => rng.uniform()) - 0.5) < 4 * Math.sqrt(1 / 12 / n));
    assert.ok(Math.abs(mean(() => rng.normal())) < 4 / Math.sqrt(n));
    assert.ok(Math.abs(mean(() => rng.normal() ** 2) - 1) < 4 * Math.sqrt(2 / n));
    const counts = [0, 0, 0];
    for (let i = 0; i < n; i++) counts[rng.int(3)]!++;
    counts.forEach((count) => assert.ok(Math.abs(count - n / 3) < 4 * Math.sqrt((n * 2) / 9)));
  });

  it("a permutation holds each number once, and each order of three comes up a sixth of the time", () => {
    assert.deepEqual(Array.from(new Rng(3).permutation(50)).sort((a, b) => a - b), Array.from({ length: 50 }, (_, i) => i));
    const rng = new Rng(8);
    const orders = new Map<string, number>();
    for (let i = 0; i < 6000; i++) {
      const key = rng.permutation(3).join("");
      orders.set(key, (orders.get(key) ?? 0) + 1);
    }
    assert.equal(orders.size, 6);
    orders.forEach((count) => assert.ok(Math.abs(count - 1000) < 4 * Math.sqrt((6000 * 5) / 36)));
  });

  it("a mask holds zeros and ones in the share it reports, at every length", () => {
    for (const length of [1, 2, 3, 5, 30001]) {
      const { mask, keep } = new Rng(1).mask(length, 0.9);
      assert.equal(keep, 230 / 256);
      assert.equal(mask.length, length);
      assert.ok(mask.every((bit) => bit === 0 || bit === 1));
    }
    const ones = new Rng(2).mask(30001, 0.9).mask.reduce((a, b) => a + b, 0);
    assert.ok(Math.abs(ones / 30001 - 230 / 256) < 0.01);
  });
});
