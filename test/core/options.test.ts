import assert from "node:assert/strict";
import { ConfigError, DataError, NumericError } from "../../src/core/errors";
import { nearest, resolveOptions, rules } from "../../src/core/options";

const defaults = { rate: 0.001, layers: 2, name: "a", flag: true };

describe("core/options", () => {
  it("keeps values that are 0, false or empty: nothing is lost to a default", () => {
    assert.deepEqual(resolveOptions("M", defaults, { rate: 0, flag: false, name: "" }), { rate: 0, layers: 2, name: "", flag: false });
  });

  it("an undefined value keeps the default", () => {
    assert.equal(resolveOptions("M", defaults, { layers: undefined }).layers, 2);
  });

  it("an unknown key names the nearest known one", () => {
    assert.throws(() => resolveOptions("M", defaults, { layer: 3 } as object), (e: unknown) => e instanceof ConfigError && /M, found "layer"; did you mean "layers"/.test(e.message));
  });

  it("a wrong type and a broken rule say what was expected and found", () => {
    assert.throws(() => resolveOptions("M", defaults, { layers: "3" } as never), /M\.layers to be a number, found "3" \(string\)/);
    assert.throws(() => resolveOptions("M", defaults, { layers: 1.5 }, { layers: rules.positiveInteger }), /M\.layers to be a positive integer, found 1\.5/);
    assert.throws(() => resolveOptions("M", defaults, { rate: NaN }, { rate: rules.positive }), /M\.rate to be a number above 0/);
    assert.throws(() => resolveOptions("M", defaults, { name: "x" }, { name: rules.oneOf("a", "b") }), /one of "a", "b", found "x"/);
  });

  it("the resolved options cannot be changed", () => {
    assert.throws(() => {
      (resolveOptions("M", defaults) as { rate: number }).rate = 1;
    }, TypeError);
  });

  it("nearest by edit distance, whatever the case", () => assert.equal(nearest("SASREK", ["stan", "sasrec"]), "sasrec"));
});

describe("core/errors", () => {
  it("a data error opens with file, line and field", () => {
    assert.equal(new DataError("Expected a number, found x", { file: "a.csv", line: 3, field: "time" }).message, "a.csv:3 (time): Expected a number, found x");
    assert.equal(new DataError("Expected rows").message, "Expected rows");
  });

  it("names and causes are kept", () => {
    const cause = new Error("below");
    const error = new DataError("Expected x", { file: "f" }, { cause });
    assert.equal(error.cause, cause);
    assert.equal(error.name, "DataError");
    assert.match(new NumericError("Expected a finite loss", { epoch: 2, step: 5 }).message, /\(epoch 2, step 5\)$/);
  });
});
