import assert from "node:assert/strict";
import { rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { initBackend } from "../../src/index";
import { ConfigError } from "../../src/core/errors";
import { OnnxEncoder } from "../../src/text/onnx-encoder";
import { resolveOptional } from "../../src/text/optional-package";
import { openTokenizer } from "../../src/text/tokens";
import { encoderContract } from "../contract/encoder";
import { skipFor } from "../data/fixtures";
import { freshFolder, suiteFolder } from "../scratch";
import { tiny } from "./tiny-bert";
import { writeTinyOnnx } from "./tiny-onnx";

describe("OnnxEncoder", () => {
  const folder = freshFolder();

  it("says how to install transformers.js where it is not", async function () {
    if (process.env["NODE_PATH"] !== undefined) skipFor(this, "NODE_PATH is set: packages may be found from everywhere");
    await assert.rejects(OnnxEncoder.open(folder(), { from: folder() }), (error) => error instanceof ConfigError && /Expected the package @huggingface\/transformers, found none; install it: npm install --no-save @huggingface\/transformers@4\.3\.1/.test(error.message));
  });
});

describe("OnnxEncoder with transformers.js", function () {
  const folder = suiteFolder();
  const fresh = freshFolder();
  before(async function () {
    try {
      resolveOptional("@huggingface/transformers", "npm install --no-save @huggingface/transformers@4.3.1");
    } catch (error) {
      skipFor(this, (error as Error).message);
    }
    await initBackend();
    writeTinyOnnx(folder());
  });

  it("gives the mean of a text's token vectors, of length 1", async () => {
    const table = writeTinyOnnx(fresh());
    const encoder = await OnnxEncoder.open(fresh());
    const tokenise = await openTokenizer(fresh(), tiny.positions);
    const texts = ["Emma", "the lord of the rings (1), dunes", ""];
    const rows = await encoder.encode(texts);
    texts.forEach((text, n) => {
      const ids = Array.from(tokenise(text));
      const mean = Array.from({ length: tiny.dimension }, (_, i) => ids.reduce((sum, id) => sum + table[id * tiny.dimension + i]!, 0) / ids.length);
      const length = Math.hypot(...mean);
      mean.forEach((value, i) => assert.ok(Math.abs(value / length - rows[n * tiny.dimension + i]!) < 1e-5, `${text} ${i}`));
    });
    assert.deepEqual([encoder.dimension, encoder.recipe], [tiny.dimension, { pooling: "mean", unit: "true", dtype: "fp32", runtime: "transformers.js" }]);
    encoder.dispose();
  });

  it("says what is wrong with a folder", async () => {
    writeTinyOnnx(fresh());
    await assert.rejects(OnnxEncoder.open(fresh(), { dtype: "q8" }), /model_quantized\.onnx, found none; export the model to ONNX/);
    writeFileSync(join(fresh(), "onnx", "model.onnx"), "no model");
    await assert.rejects(OnnxEncoder.open(fresh()), /Expected a model in ONNX at .*cannot load/);
    rmSync(join(fresh(), "config.json"));
    await assert.rejects(OnnxEncoder.open(fresh()), /without config\.json/);
  });

  describe("as an encoder", () => {
    encoderContract(() => OnnxEncoder.open(folder()), 1e-6);
  });
});
