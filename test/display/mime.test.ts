/** What a notebook is given of a value. */
import assert from "node:assert/strict";
import { toBundle } from "../../src/display/mime";

const method = Symbol.for("Jupyter.display");

describe("toBundle", () => {
  it("asks the value itself first, also where it answers later", async () => {
    class Shown {
      constructor(readonly text: string) {}
      [method]() {
        return { "text/html": `<b>${this.text}</b>` };
      }
    }
    assert.deepEqual(toBundle(new Shown("a")), { "text/html": "<b>a</b>" });
    assert.deepEqual(await toBundle({ [method]: async () => ({ "text/plain": "b" }) }), { "text/plain": "b" });
  });

  it("leaves plain values to be inspected", () => {
    for (const value of [undefined, null, 0, "a", true, 1n, Symbol("a"), {}, [], [1, 2], new Map(), () => 1]) {
      assert.equal(toBundle(value), undefined, String(value as string));
    }
  });

  it("hands on what a value's method throws", () => {
    assert.throws(() => toBundle({ [method]: () => { throw new RangeError("no"); } }), RangeError);
  });
});
