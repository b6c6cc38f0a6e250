import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { Rng } from "../../src/core/rng";
import { initBackend } from "../../src/tensor/backend";
import { attribute, hasKernels, kernel } from "../../src/tensor/kernel";
import { gelu, geluComposed } from "../../src/tensor/ops/activation";
import { causalAttention, causalAttentionPortable, sessionAttention } from "../../src/tensor/ops/attention";
import { dropout, dropoutMask, masked } from "../../src/tensor/ops/dropout";
import { gatherRows, scatterRows, scatterRowsPortable } from "../../src/tensor/ops/rows";
import { layerNorm, layerNormComposed, layerNormPortable } from "../../src/tensor/ops/layer-norm";
import { linear } from "../../src/tensor/ops/linear";
import { normals } from "../../src/tensor/ops/normals";
import { product } from "../../src/tensor/ops/product";
import { softmaxLoss, softmaxLossChunked, softmaxLossPortable } from "../../src/tensor/ops/softmax-loss";
import { binaryLoss } from "../../src/tensor/ops/binary-loss";
import { close, noLeak } from "./helpers";

const rng = new Rng("ops");
const normal = (name: string, shape: number[]): tf.Tensor => tf.tensor(rng.child(name).normals(shape.reduce((a, b) => a * b, 1)), shape);

type Fn = (...xs: tf.Tensor[]) => tf.Tensor;

/** Values and gradients of two forms of one operation, weighted by a random cotangent. */
function assertTwins(fused: Fn, plain: Fn, inputs: tf.Tensor[], tolerance = 1e-4): void {
  const cotangent = normal("cotangent", plain(...inputs).shape);
  const gradients = (f: Fn): Float32Array[] => tf.grads((...xs) => f(...xs).mul(cotangent).sum())(inputs).map((g) => g.dataSync<"float32">());
  close(fused(...inputs).dataSync(), plain(...inputs).dataSync(), tolerance);
  const [ours, theirs] = [gradients(fused), gradients(plain)];
  ours.forEach((one, i) => close(one, theirs[i]!, tolerance));
}

describe("tensor/ops", () => {
  before(() => initBackend());

  it("layer norm equals its plain twin in value and gradient", () =>
    noLeak(() => assertTwins(layerNorm as never, layerNormPortable as never, [normal("x", [5, 8]), normal("g", [8]), normal("b", [8])])));

  for (const [rows, columns] of [[1, 1], [3, 15], [300, 16], [700, 37]] as const) {
    it(`layer norm of [${rows}, ${columns}], by tfjs's operations and by our kernel where there is one, equals its plain twin`, () =>
      noLeak(() => {
        const inputs = [normal("x", [rows, columns]), normal("g", [columns]), normal("b", [columns])];
        for (const form of [layerNorm, layerNormComposed]) assertTwins(form as never, ((x: tf.Tensor2D, g: tf.Tensor1D, b: tf.Tensor1D) => layerNormPortable(x, g, b, 1e-6)) as never, inputs, 2e-4);
      }));
  }

  it("layer norm of [1, 2, 3, 6] by hand: mean 3, variance 3.5", () =>
    noLeak(() => {
      const y = layerNorm(tf.tensor2d([[1, 2, 3, 6]]), tf.ones([4]), tf.zeros([4]), 0).dataSync();
      close(y, [-2, -1, 0, 3].map((x) => x / Math.sqrt(3.5)), 1e-6);
    }));

  for (const heads of [1, 2, 4]) {
    it(`causal attention with ${heads} heads equals its plain twin in value and gradient`, () =>
      noLeak(() => {
        const inputs = ["q", "k", "v"].map((name) => normal(name, [3, 5, 8]));
        const options = { heads, dropout: 0 };
        assertTwins(
          (q, k, v) => causalAttention(q as tf.Tensor3D, k as tf.Tensor3D, v as tf.Tensor3D, options),
          (q, k, v) => causalAttentionPortable(q as tf.Tensor3D, k as tf.Tensor3D, v as tf.Tensor3D, heads),
          inputs,
        );
      }));
  }

  it("attention with dropout has the gradient of the same masked product", () =>
    noLeak(() => {
      const inputs = ["q", "k", "v"].map((name) => normal(name, [2, 4, 6]));
      const { kept, scale } = dropoutMask([2, 4, 4], 0.5, new Rng("mask"));
      const causal = tf.tensor2d(Array.from({ length: 4 }, (_, i) => Array.from({ length: 4 }, (__, j) => (j > i ? -1e9 : 0))));
      assertTwins(
        (q, k, v) => causalAttention(q as tf.Tensor3D, k as tf.Tensor3D, v as tf.Tensor3D, { heads: 1, dropout: 0.5, rng: new Rng("mask") }),
        (q, k, v) => tf.matMul(tf.softmax(tf.matMul(q!, k!, false, true).div(Math.sqrt(6)).add(causal)).mul(kept.toFloat()).mul(scale), v!),
        inputs,
      );
    }));

  it("attention of a whole session, with dropout: padding has no weight; value and gradient of the masked product", () =>
    noLeak(() => {
      const inputs = ["q", "k", "v"].map((name) => normal(name, [2, 4, 6]));
      const { kept, scale } = dropoutMask([2, 4, 4], 0.5, new Rng("mask"));
      const lengths = Int32Array.of(4, 2);
      const mask = tf.tensor3d(Array.from(lengths, (size) => [Array.from({ length: 4 }, (_, j) => (j < size ? 0 : -1e9))]));
      assertTwins(
        (q, k, v) => sessionAttention(q as tf.Tensor3D, k as tf.Tensor3D, v as tf.Tensor3D, lengths, { heads: 1, dropout: 0.5, rng: new Rng("mask") }),
        (q, k, v) => tf.matMul(tf.softmax(tf.matMul(q!, k!, false, true).div(Math.sqrt(6)).add(mask)).mul(kept.toFloat()).mul(scale), v!),
        inputs,
      );
    }));

  it("a position's attention does not change when a later position does", () =>
    noLeak(() => {
      const first = normal("x", [1, 4, 4]);
      const changed = first.add(tf.tensor3d([[[0, 0, 0, 0], [0, 0, 0, 0], [0, 0, 0, 0], [9, 9, 9, 9]]]));
      const [a, b] = [first, changed].map((x) => causalAttention(x as tf.Tensor3D, x as tf.Tensor3D, x as tf.Tensor3D, { heads: 2, dropout: 0 }).dataSync());
      close(a!.subarray(0, 12), b!.subarray(0, 12), 0);
      assert.notDeepEqual(a!.subarray(12), b!.subarray(12));
    }));

  it("a product with turned factors equals tf.matMul, with and without batches", () =>
    noLeak(() => {
      for (const lead of [[], [3]]) {
        for (const [ta, tb] of [[false, false], [true, false], [false, true], [true, true]] as const) {
          const [a, b] = [normal("a", [...lead, ...(ta ? [5, 4] : [4, 5])]), normal("b", [...lead, ...(tb ? [6, 5] : [5, 6])])];
          close(product(a, b, ta, tb).dataSync(), tf.matMul(a, b, ta, tb).dataSync(), 1e-5);
        }
      }
    }));

  it("linear equals matMul plus bias in value and gradient", () =>
    noLeak(() =>
      assertTwins(linear as never, (x, w, b) => tf.matMul(x!, w!).add(b!), [normal("x", [5, 3]), normal("w", [3, 4]), normal("b", [4])])));

  it("gelu has the gradient of its formula", () =>
    noLeak(() => {
      const formula: Fn = (x) => x!.mul(0.5).mul(x!.pow(3).mul(0.044715).add(x!).mul(Math.sqrt(2 / Math.PI)).tanh().add(1));
      for (const form of [gelu, geluComposed]) assertTwins((x) => form(x!), formula, [normal("x", [4, 6]).mul(3)]);
      close(gelu(tf.tensor1d([-50, -9, 9, 50])).dataSync(), [0, 0, 9, 50], 1e-6);
    }));

  for (const [rows, items, width] of [[5, 6, 3], [1, 2, 1], [50, 700, 64], [200, 5000, 100], [70, 50001, 2]] as const) {
    it(`the softmax loss of [${rows}, ${width}] over ${items} items, by tfjs's operations and by our kernel where there is one, equals its plain twin`, () =>
      noLeak(() => {
        const targets = Int32Array.from({ length: rows }, (_, i) => (i * i) % items);
        const inputs = [normal("h", [rows, width]), normal("e", [items, width])];
        for (const form of [softmaxLoss, softmaxLossChunked]) {
          assertTwins((h, e) => form(h as tf.Tensor2D, e as tf.Tensor2D, targets), (h, e) => softmaxLossPortable(h as tf.Tensor2D, e as tf.Tensor2D, targets), inputs, 1e-5);
        }
      }));
  }

  it("the softmax loss refuses targets that are no rows of the table", () =>
    noLeak(() => {
      for (const [targets, message] of [[Int32Array.of(0, 4), /targets in \[0, 4\), found 4 at 1/], [Int32Array.of(-1, 0), /found -1 at 0/], [Int32Array.of(0), /each of 2 hidden states, found 1/]] as const) {
        assert.throws(() => softmaxLoss(tf.zeros([2, 3]), tf.zeros([4, 3]), targets), message);
      }
    }));

  it("our kernels refuse shapes that do not fit", function () {
    if (!hasKernels()) {
      console.log("skipped: our kernels run on a native CPU only");
      this.skip();
    }
    noLeak(() => {
      const [x, one] = [tf.zeros([4, 8]), tf.zeros([1])];
      const mask = tf.zeros([3], "bool");
      assert.throws(() => kernel("SessionlabLayerNorm", [attribute.float("epsilon", 1)], [x, one, one], 3), /a gain and a bias for each column/);
      assert.throws(() => kernel("SessionlabMasked", [attribute.float("scale", 1)], [x, mask]), /a mask of the shape of x/);
      assert.throws(() => kernel("SessionlabTopItems", [attribute.float("k", 9)], [x]), /as many items/);
      assert.throws(() => kernel("SessionlabRanks", [], [x, tf.tensor1d([8, 0, 0, 0], "int32"), tf.tensor1d([], "int32")], 2), /targets that have a score/);
      assert.throws(() => kernel("SessionlabCatalogueSoftmax", [], [x, tf.zeros([5, 8]), tf.tensor1d([5, 0, 0, 0], "int32"), tf.scalar(1)], 3), /rows of the table/);
    });
  });

  it("the softmax loss has the same bits each time", () =>
    noLeak(() => {
      const [h, e] = [normal("h", [150, 20]), normal("e", [9000, 20])];
      const targets = Int32Array.from({ length: 150 }, (_, i) => (i * 61) % 9000);
      const gradients = (): Float32Array[] => tf.grads((a, b) => softmaxLoss(a as tf.Tensor2D, b as tf.Tensor2D, targets))([h, e]).map((g) => g.dataSync<"float32">());
      assert.deepEqual(gradients(), gradients());
    }));

  it("the softmax loss of a target that is all but impossible is finite and pulls towards it", () =>
    noLeak(() => {
      const hidden = tf.tensor2d([[200]]);
      const gradient = tf.grad((h) => softmaxLoss(h as tf.Tensor2D, tf.tensor2d([[1], [-1]]), Int32Array.of(1)))(hidden).dataSync()[0]!;
      assert.ok(Math.abs(gradient - 2) < 1e-5, String(gradient)); // p E - E[t] = 1 - (-1)
const loss = softmaxLoss(hidden, tf.tensor2d([[1], [-1]]), Int32Array.of(1)).dataSync()[0]!; // 400 nats; without our kernel, as far as floats go
      assert.ok(Math.abs(loss - (hasKernels() ? 400 : Math.log(1e30))) < 1e-3, String(loss));
    }));

  it("the binary loss by hand: one positive of logit 2, one negative of logit -1", () =>
    noLeak(() => {
      const loss = binaryLoss(tf.tensor2d([[1, 0]]), tf.tensor2d([[2, 5], [-1, 7]]), Int32Array.of(0), Int32Array.of(1)).dataSync()[0]!;
      assert.ok(Math.abs(loss - (Math.log(1 + Math.exp(-2)) + Math.log(1 + Math.exp(-1)))) < 1e-5, String(loss));
    }));

  it("an item that occurs only as a target gets a gradient, from both losses", () =>
    noLeak(() => {
      const table = normal("e", [5, 3]) as tf.Tensor2D;
      for (const loss of [
        (e: tf.Tensor) => softmaxLoss(gatherRows(e as tf.Tensor2D, Int32Array.of(0)), e as tf.Tensor2D, Int32Array.of(4)),
        (e: tf.Tensor) => binaryLoss(gatherRows(e as tf.Tensor2D, Int32Array.of(0)), e as tf.Tensor2D, Int32Array.of(4), Int32Array.of(1)),
      ]) {
        const row = tf.grad((e) => loss(e))(table).dataSync().subarray(12, 15);
        assert.ok(Math.hypot(...row) > 1e-3);
      }
    }));

  it("an embedding lookup adds the gradients of repeated ids and gives padding none", () =>
    noLeak(() => {
      const table = tf.tensor2d([[1, 2], [3, 4], [5, 6]]);
      const ids = Int32Array.of(2, -1, 2, 0);
      const cotangent = tf.tensor2d([[1, 1], [10, 10], [2, 2], [3, 3]]);
      assert.deepEqual(Array.from(gatherRows(table, ids).dataSync()), [5, 6, 0, 0, 5, 6, 1, 2]);
      const gradient = tf.grad((e) => gatherRows(e as tf.Tensor2D, ids).mul(cotangent).sum())(table);
      assert.deepEqual(Array.from(gradient.dataSync()), [3, 3, 0, 0, 3, 3]);
    }));

  it("scattered rows equal their portable twin, and twice the same gives the same bits", () =>
    noLeak(() => {
      const indices = tf.tensor1d(Int32Array.from({ length: 4000 }, (_, i) => (i * i) % 37), "int32");
      const values = normal("v", [4000, 16]) as tf.Tensor2D;
      const once = scatterRows(values, indices, 37).dataSync();
      close(once, scatterRowsPortable(values, indices, 37).dataSync(), 1e-3);
      assert.deepEqual(scatterRows(values, indices, 37).dataSync(), once);
    }));

  it("what dropout masks is the product with the mask, in value and gradient", () =>
    noLeak(() => {
      const mask = dropoutMask([7, 33], 0.4, new Rng("mask"));
      assertTwins((x) => masked(x!, mask), (x) => x!.mul(mask.kept.toFloat()).mul(mask.scale), [normal("x", [7, 33])], 1e-6);
    }));

  it("normals are the generator's own to the last bits of float32, and leave it where it is", () =>
    noLeak(() => {
      for (const [rows, columns] of [[1, 1], [3, 15], [700, 37]] as const) {
        const from = new Rng(`normals ${rows}`);
        const ours = normals(from, rows, columns).dataSync();
        close(ours, from.normals(rows * columns), 5e-7);
        assert.deepEqual(normals(new Rng(`normals ${rows}`), rows, columns).dataSync(), ours);
      }
    }));

  it("dropout keeps the share it says, scales by it, and repeats with its seed", () =>
    noLeak(() => {
      const x = tf.ones([40000]);
      const once = dropout(x, 0.2, new Rng(3)).dataSync();
      assert.deepEqual(dropout(x, 0.2, new Rng(3)).dataSync(), once);
      const kept = once.filter((value) => value !== 0);
      const keep = 205 / 256;
      assert.ok(Math.abs(kept.length / once.length - keep) < 4 * Math.sqrt((keep * (1 - keep)) / 40000));
      assert.ok(kept.every((value) => Math.abs(value - 1 / keep) < 1e-6));
      assert.equal(dropout(x, 0, new Rng(3)), x);
    }));
});
