import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { Rng } from "../../src/core/rng";
import { initBackend } from "../../src/tensor/backend";
import { attribute, hasKernels, kernel } from "../../src/tensor/kernel";
import { gatherRows } from "../../src/tensor/ops/rows";
import { biasedPrelu, biasedPreluPortable, hiddenMeans, hiddenMeansPortable, weighedSum, weighedSumPortable } from "../../src/tensor/ops/semantic";
import { shuffledFactorProduct, shuffledProduct } from "../../src/tensor/ops/shuffled-product";
import { denseOf } from "../../src/tensor/ops/sparse-product";
import { holdSparse, sparseFrom } from "../../src/tensor/sparse";
import { close, noLeak } from "./helpers";

const rng = new Rng("semantic");
const normal = (name: string, ...shape: number[]): tf.Tensor => tf.tensor(rng.child(`${name} ${shape.join()}`).normals(shape.reduce((a, b) => a * b, 1)), shape);

type Op = (...xs: tf.Tensor[]) => tf.Tensor;

/** Value and every gradient, through a cotangent that no symmetry hides behind. */
function same(ours: Op, theirs: Op, inputs: tf.Tensor[], tolerance = 2e-5): void {
  const weigh = (op: Op) => tf.valueAndGrads((...xs: tf.Tensor[]) => { const y = op(...xs); return y.mul(normal("cotangent", ...y.shape)).sum() as tf.Scalar; })(inputs);
  close(ours(...inputs).dataSync(), theirs(...inputs).dataSync(), tolerance);
  const [a, b] = [weigh(ours), weigh(theirs)];
  assert.equal(a.grads.length, inputs.length);
  a.grads.forEach((one, i) => {
    assert.deepEqual(one.shape, inputs[i]!.shape);
    close(one.dataSync(), b.grads[i]!.dataSync(), tolerance);
  });
}

describe("tensor/semantic", () => {
  before(() => initBackend());

  for (const [rows, columns] of [[1, 1], [6, 20], [200, 48]] as const) {
    it(`PReLU with a bias over [${rows}, ${columns}] equals its plain twin`, () =>
      noLeak(() => same(biasedPrelu as Op, biasedPreluPortable as Op, [normal("x", rows, columns), normal("b", columns), tf.tensor1d([0.25])], 1e-4)));

    it(`means of a hidden layer over groups of [${rows}, ${columns}] equal their plain twin`, () =>
      noLeak(() => {
        for (const groups of [1, 2, 3]) {
          const inputs = [normal("x", groups * rows, columns), normal("w", columns, 9).mul(0.3), normal("b", 9)];
          const [ours, theirs] = [hiddenMeans, hiddenMeansPortable].map((op): Op => (x, w, b) => op(x as tf.Tensor2D, w as tf.Tensor2D, b as tf.Tensor1D, groups));
          same(ours!, theirs!, inputs);
        }
      }));

    it(`weighed sums over groups of [${rows}, ${columns}] equal their plain twin`, () =>
      noLeak(() => {
        for (const [groups, parts] of [[1, 1], [2, 3], [3, 2]] as const) {
          const inputs = [normal("beta", groups, parts), ...Array.from({ length: parts }, (_, p) => normal(`part ${p}`, groups * rows, columns))];
          const [ours, theirs] = [weighedSum, weighedSumPortable].map((op): Op => (beta, ...xs) => op(xs as tf.Tensor2D[], beta as tf.Tensor2D));
          same(ours!, theirs!, inputs, 1e-4);
        }
      }));
  }

  for (const columns of [3, 64, 150]) {
    it(`products with shuffled rows of ${columns} columns equal dense products, by a matrix and by its factor`, () =>
      noLeak(() => {
        const nodes = 70;
        const draw = rng.child("cells");
        const cells = Array.from({ length: 300 }, () => [draw.int(nodes), draw.int(nodes), draw.int(9)] as const);
        const value = cells.map(() => draw.normal());
        const matrix = holdSparse(sparseFrom(nodes, nodes, cells.map(([a]) => a), cells.map(([, b]) => b), value));
        const factor = holdSparse(sparseFrom(nodes, 9, cells.map(([a]) => a), cells.map(([, , k]) => k), value));
        const self = normal("self", nodes, 1) as tf.Tensor2D;
        const shuffles = ["one", "two"].map((name) => Int32Array.from(rng.child(name).permutation(nodes)));
        const dense = (a: tf.Tensor2D, given: readonly Int32Array[]): Op => (x) => tf.concat([x, ...given.map((shuffle) => gatherRows(x as tf.Tensor2D, shuffle))].map((one) => tf.matMul(a, one)));
        const gram = tf.matMul(denseOf(factor.host), denseOf(factor.host), false, true).add(tf.eye(nodes).mul(self)) as tf.Tensor2D;
        for (const given of [[], shuffles]) {
          same((x) => shuffledProduct(matrix, x as tf.Tensor2D, given), dense(denseOf(matrix.host), given), [normal("x", nodes, columns)]);
          same((x) => shuffledFactorProduct({ factor, self }, x as tf.Tensor2D, given), dense(gram, given), [normal("x", nodes, columns)], 1e-4);
        }
        [matrix, factor].forEach((one) => one.dispose());
      }));
  }

  it("refuses a shuffle that is no permutation, and kernels refuse places outside", function () {
    const matrix = holdSparse(sparseFrom(2, 2, [0, 1], [1, 0]));
    assert.throws(() => tf.tidy(() => shuffledProduct(matrix, tf.zeros([2, 3]), [Int32Array.of(0, 0)])), /names each of 2 rows once/);
    assert.throws(() => tf.tidy(() => shuffledProduct(matrix, tf.zeros([3, 3]))), /a matrix of 2 rows/);
    if (hasKernels()) {
      const { offsets, column, value } = matrix;
      const none = [tf.tensor1d([]), tf.tensor1d([])];
      const run = (op: string, order: number[], ...more: tf.Tensor[]) => () => tf.tidy(() => kernel(op, [attribute.float("groups", 1)], [offsets, column, value, tf.zeros([2, 3]), tf.tensor1d(order, "int32"), ...none, ...more]));
      assert.throws(run("SessionlabSparseSpread", [0, 2], tf.tensor1d([], "int32")), /an order of rows of x/);
      assert.throws(run("SessionlabSparseCollect", [0, -1]), /an order of the matrix's rows/);
    }
    matrix.dispose();
  });
});
