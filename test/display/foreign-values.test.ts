/** Frames, tensors and errors as a notebook shows them. */
import assert from "node:assert/strict";
import { runInNewContext } from "node:vm";
import * as tf from "@tensorflow/tfjs";
import { ConfigError } from "../../src/core/errors";
import { cleanStack } from "../../src/display/errors";
import { toBundle } from "../../src/display/mime";
import { initBackend } from "../../src/tensor/backend";
import { evilTitle, textOf } from "./values";

const plain = (value: unknown): string[] => textOf(toBundle(value), "text/plain").split("\n");

describe("danfo's frames in a notebook", () => {
  let danfo: typeof import("danfojs-node");
  before(async () => {
    await initBackend();
    danfo = require("danfojs-node") as typeof danfo;
  });

  it("are tables with index, columns and shape", () => {
    const frame = new danfo.DataFrame({ item: [evilTitle, "b"], count: [1234567, 2.5] }, { index: ["x", "y"] });
    assert.deepEqual(plain(frame), ["DataFrame  2 rows  2 columns", "", "   item                                  count", 'x  Heat <script>alert("1")</script>  1,234,567', "y  b                                       2.5"]);
    const html = textOf(toBundle(frame));
    assert.match(html, /<table border="1" class="dataframe">\n<thead><tr><th style="text-align:left"><\/th><th style="text-align:left">item<\/th><th style="text-align:right">count<\/th><\/tr><\/thead>/);
    assert.ok(!html.includes("<script"));
  });

  it("show the first and last rows, and the outer columns, of a large one", () => {
    const wide = Object.fromEntries(Array.from({ length: 40 }, (_, c) => [`c${c}`, Array.from({ length: 1000 }, (_, r) => r * c)]));
    const lines = plain(new danfo.DataFrame(wide));
    assert.equal(lines[0], "DataFrame  1000 rows  40 columns");
    assert.match(lines[2]!, /^ +c0 +c1 +c2 +c3 +c4 +c5 +c6 +c7 +… +c32 +c33 +c34 +c35 +c36 +c37 +c38 +c39$/);
    assert.equal(lines[13], "… 980 more …");
    assert.match(lines[23]!, /^999 +0 +999 +1998 /);
    assert.equal(lines.length, 26);
  });

  it("say what a missing value is", () => {
    const lines = plain(new danfo.DataFrame({ a: [1, NaN], b: ["x", null] }));
    assert.deepEqual(lines.slice(2), ["   a    b", "0  1    x", "1  NaN  null"]);
  });

  it("show a series, and groups that are not computed yet", () => {
    assert.deepEqual(plain(new danfo.Series([1, 2])).slice(0, 4), ["Series  2 rows  int32", "", "   0", "0  1"]);
    const groups = new danfo.DataFrame({ a: [1, 1, 2], b: [1, 2, 3] }).groupby(["a"]);
    assert.equal(plain(groups)[0], "Groups  by a  2 groups");
  });
});

describe("tensors in a notebook", () => {
  before(() => initBackend());

  it("show shape, type and the values where they are few", () => {
    const tensor = tf.tensor2d([[1, 2.5], [3, NaN]]);
    assert.deepEqual(plain(tensor), ["Tensor  [2, 2]  float32", "", "0  1", "1  2.5", "3  NaN"]);
    tensor.dispose();
    assert.equal(plain(tensor)[0], "Tensor  [2, 2]  float32  disposed");
  });

  it("show the range of many values, and how many are not finite", () => {
    const before = tf.memory().numTensors;
    const data = Float32Array.from({ length: 6000 }, (_, at) => at);
    data[10] = Infinity;
    const tensor = tf.tensor(data, [20, 300]);
    assert.deepEqual(plain(tensor), ["Tensor  [20, 300]  float32  6000 values  1 not finite", "", "min  mean   max  first values", "  0  3000  5999  0, 1, 2, 3, 4, 5, …"]);
    tensor.dispose();
    assert.equal(tf.memory().numTensors, before);
  });

  it("show scalars, truth values, texts and empty tensors", () => {
    const tensors = [tf.scalar(3), tf.tensor1d([true, false], "bool"), tf.tensor1d(["<b>", "c"]), tf.zeros([0, 3])];
    const shown = tensors.map((tensor) => plain(tensor).at(-1));
    assert.deepEqual(shown, ["    3", "true  false", "<b>  c", "Tensor  [0, 3]  float32"]);
    assert.ok(textOf(toBundle(tensors[2])).includes("&lt;b&gt;"));
    tf.dispose(tensors);
  });

  it("do not fetch what is too large for a look", () => {
    const large = { shape: [1e9], dtype: "float32", size: 1e9, isDisposed: false, dataId: {}, dataSync: () => assert.fail("the tensor was fetched") };
    assert.match(plain(large)[0]!, /^Tensor {2}\[1000000000\] {2}float32 {2}1,000,000,000 values$/);
  });
});

describe("errors in a notebook", () => {
  it("have name, message, cause and the reader's lines of the stack", () => {
    const error = new ConfigError("Expected <a>, found b", { cause: new RangeError("inner") });
    const [head, place] = plain(error);
    assert.equal(head, "ConfigError: Expected <a>, found b");
    assert.match(place!, /^ {4}at Context\.<anonymous> \(.*foreign-values\.test\.ts:\d+:\d+\)$/);
    assert.ok(plain(error).includes("caused by RangeError: inner"));
    assert.match(textOf(toBundle(error)), /<strong style="color:#b3261e">ConfigError<\/strong><span style="white-space:pre-wrap">: Expected &lt;a&gt;, found b<\/span>/);
  });

  it("lose the lines of what runs the cell", () => {
    const stack = ["Error: x", "    at f (cell:1:2)", "    at run (node:vm:3:4)", "    at g (/p/node_modules/tslab/dist/executor.js:5:6)", "    at <anonymous>", "    at h (/p/src/data/split.ts:7:8)"].join("\n");
    assert.deepEqual(cleanStack({ stack }), ["at f (cell:1:2)", "at h (/p/src/data/split.ts:7:8)"]);
    assert.deepEqual(cleanStack({}), []);
  });

  it("are known from another realm, and bounded", () => {
    const foreign = runInNewContext("new TypeError('x'.repeat(100000))") as Error;
    assert.equal(foreign instanceof Error, false);
    assert.match(plain(foreign)[0]!, /^TypeError: x{2000}…$/);
  });

  it("that cause each other end", () => {
    const error: Error & { cause?: unknown } = new Error("circle");
    error.cause = error;
    assert.equal(plain(error).filter((line) => line.includes("Error: circle")).length, 5);
  });
});
