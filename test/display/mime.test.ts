/** What a notebook is given of a value. */
import assert from "node:assert/strict";
import * as library from "../../src/index";
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

  it("is a method of the library's classes, invisible to comparison and printing", () => {
    const model = library.models.markov.make({});
    const own = (model as unknown as Record<symbol, () => Record<string, string>>)[method]!.call(model);
    assert.deepEqual(own, toBundle(model));
    assert.match(own["text/plain"]!, /^Markov {2}not fitted/);
    assert.deepEqual(Object.getOwnPropertySymbols(model), []);
    for (const one of [library.ConfigError.prototype, library.tf.Tensor.prototype]) assert.equal(typeof (one as unknown as Record<symbol, unknown>)[method], "function");
  });

  it("hands on what a value's method throws", () => {
    assert.throws(() => toBundle({ [method]: () => { throw new RangeError("no"); } }), RangeError);
  });
});
