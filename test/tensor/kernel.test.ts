/** The kernels of src/tensor/native: that the code knows which sources it runs. Their values are held in ops.test.ts and in evaluation/ranks.test.ts. */
import assert from "node:assert/strict";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { initBackend } from "../../src/tensor/backend";
import { hasKernels, loadKernels } from "../../src/tensor/kernel";
import { freshFolder } from "../scratch";
import { load } from "../setup/load";

const root = join(__dirname, "..", "..");

describe("tensor/kernel", () => {
  const folder = freshFolder();

  it("names the hash of the kernels' sources, so that an edit of them is another version of all that is computed", async () => {
    const { kernelsOf } = await load<{ kernelsOf(root: string): { hash: string } }>("native.mjs");
    const { hash } = kernelsOf(root);
    const code = readFileSync(join(root, "src", "tensor", "kernel.ts"), "utf8");
    assert.ok(code.includes(`const kernelSource = "${hash}"`), `src/tensor/native has changed: write const kernelSource = "${hash}" in src/tensor/kernel.ts`);
  });

  it("has them on a native CPU, and nowhere else", async () => {
    const { name, device } = await initBackend();
    assert.equal(hasKernels(), name === "native" && device === "CPU");
    assert.equal(hasKernels(), tf.getBackend() === "tensorflow" && device === "CPU");
  });

  it("refuses kernels of other sources and kernels that TensorFlow did not take, and says what to do", () => {
    const path = (exports: { readonly source: string; readonly wrong: string }): string => {
      const file = join(folder(), `${exports.wrong.length}.js`);
      writeFileSync(file, `module.exports = ${JSON.stringify(exports)};`);
      return file;
    };
    assert.throws(() => loadKernels(path({ source: "0123", wrong: "" }), 1), /compiled from other sources \(0123, not [0-9a-f]{16}\)/);
    assert.throws(() => loadKernels(path({ source: "0123", wrong: "Op already exists" }), 1), /TensorFlow refused a kernel: Op already exists/);
  });
});
