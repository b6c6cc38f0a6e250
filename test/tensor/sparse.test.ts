import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { ConfigError } from "../../src/core/errors";
import { Rng } from "../../src/core/rng";
import { initBackend } from "../../src/tensor/backend";
import { edgeAttention, edgeAttentionComposed, edgeAttentionPortable, type EdgeAttentionInput } from "../../src/tensor/ops/edge-attention";
import { sparseComposed, sparsePortable, sparseProduct } from "../../src/tensor/ops/sparse-product";
import { cellRows, holdSparse, rowSums, sparseFrom, transpose, type SparseMatrix } from "../../src/tensor/sparse";
import { close, noLeak } from "./helpers";

const rng = new Rng("sparse");
const normal = (name: string, rows: number, columns: number): tf.Tensor2D => tf.tensor2d(rng.child(name).normals(rows * columns), [rows, columns]);

/** Each row with its own column and about `each` others. */
function graph(rows: number, columns: number, each: number): SparseMatrix {
  const draw = rng.child("graph");
  const cells = Array.from({ length: rows * (each + 1) }, (_, i) => [i % rows, i < rows ? i % columns : draw.int(columns), draw.normal()] as const);
  return sparseFrom(rows, columns, cells.map(([row]) => row), cells.map(([, column]) => column), cells.map(([, , value]) => value));
}

describe("tensor/sparse", () => {
  before(() => initBackend());

  it("cells in any order make a matrix; transpose round twice it is the same", () => {
    const matrix = sparseFrom(3, 4, [2, 0, 2, 0], [1, 3, 1, 0], [5, 7, 6, 8]);
    assert.deepEqual(
      { ...matrix, offsets: Array.from(matrix.offsets), column: Array.from(matrix.column), value: Array.from(matrix.value) },
      { rows: 3, columns: 4, offsets: [0, 2, 2, 3], column: [0, 3, 1], value: [8, 7, 11] },
    );
    assert.deepEqual(Array.from(cellRows(matrix)), [0, 0, 2]);
    assert.deepEqual(Array.from(rowSums(matrix)), [15, 0, 11]);
    assert.deepEqual(transpose(transpose(matrix)), matrix);
  });

  it("says what is no matrix", () => {
    assert.throws(() => sparseFrom(2, 2, [0], [2]), /cells inside 2 x 2, found \(0, 2\)/);
    assert.throws(() => sparseFrom(2, 2, [0, 1], [1]), ConfigError);
    const matrix = sparseFrom(2, 2, [0], [1]);
    assert.throws(() => holdSparse({ ...matrix, column: Int32Array.of(2) }), /columns in \[0, 2\), found 2 at cell 0/);
    assert.throws(() => holdSparse({ ...matrix, offsets: Uint32Array.of(0, 1) }), /offsets of 2 rows/);
    const held = holdSparse(matrix);
    assert.throws(() => tf.tidy(() => sparseProduct(held, tf.zeros([3, 1]))), /a matrix of 2 rows, one for each column, found 3/);
    held.dispose();
  });

  for (const width of [1, 5, 16, 37, 100]) {
    it(`the product equals its plain twin in value and gradient, ${width} columns`, () => {
      const matrix = holdSparse(graph(70, 45, 3));
      noLeak(() => {
        const x = normal("x", 45, width);
        const cotangent = normal("dy", 70, width);
        const gradient = (form: typeof sparseProduct) => tf.grad((one) => form(matrix, one as tf.Tensor2D).mul(cotangent).sum())(x).dataSync();
        close(sparseProduct(matrix, x).dataSync(), sparsePortable(matrix, x).dataSync(), 1e-5);
        close(sparseComposed(matrix, x).dataSync(), sparsePortable(matrix, x).dataSync(), 1e-5);
        close(gradient(sparseProduct), gradient(sparsePortable), 1e-5);
      });
      matrix.dispose();
    });
  }

  const forms = { fused: edgeAttention, composed: edgeAttentionComposed };
  for (const [heads, size] of [[1, 3], [4, 16], [8, 8], [3, 5]] as const) {
    for (const [name, form] of Object.entries(forms)) {
      it(`attention (${name}) equals its plain twin in value and gradient, ${heads} heads of ${size}`, () => {
        const edges = holdSparse(graph(37, 41, 4));
        noLeak(() => {
          const given = [normal("z", 41, heads * size), normal("s", 37, heads), normal("t", 41, heads)];
          const cotangent = normal("cotangent", 37, heads * size);
          const run = (one: typeof edgeAttention) => (z: tf.Tensor, s: tf.Tensor, t: tf.Tensor) => one({ edges, z, s, t, slope: 0.2 } as EdgeAttentionInput);
          const gradients = (one: typeof edgeAttention) => tf.grads((z, s, t) => run(one)(z!, s!, t!).mul(cotangent).sum())(given).map((each) => each.dataSync());
          close(run(form)(...(given as [tf.Tensor, tf.Tensor, tf.Tensor])).dataSync(), run(edgeAttentionPortable)(...(given as [tf.Tensor, tf.Tensor, tf.Tensor])).dataSync(), 1e-5);
          const [ours, theirs] = [gradients(form), gradients(edgeAttentionPortable)];
          ours.forEach((one, i) => close(one, theirs[i]!, 1e-4));
        });
        edges.dispose();
      });
    }
  }

  it("attention does not overflow, and a row without edges is zero, of zero gradient", () => {
    const edges = holdSparse(sparseFrom(3, 2, [0, 0, 2], [0, 1, 1]));
    for (const form of Object.values(forms)) {
      noLeak(() => {
        const call = (t: tf.Tensor) => form({ edges, z: tf.tensor2d([[1], [2]]), s: tf.tensor2d([[1e4], [5], [-1e4]]), t: t as tf.Tensor2D, slope: 0.2 });
        const t = tf.tensor2d([[1e4], [1e4 + 1]]);
        const share = 1 / (1 + Math.E);
        close(call(t).dataSync(), [2 - share, 0, 2], 1e-3);
        const gradient = tf.grad((x) => call(x).sum())(t).dataSync();
        close(gradient, [-share * (1 - share), share * (1 - share)], 1e-3);
      });
    }
    edges.dispose();
  });

  it("the same matrices give the same bits", () => {
    const edges = holdSparse(graph(500, 500, 12));
    const x = normal("bits", 500, 64);
    const run = (): number[] =>
      tf.tidy(() => {
        const [s, t] = [x.slice([0, 0], [-1, 8]), x.slice([0, 8], [-1, 8])] as [tf.Tensor2D, tf.Tensor2D];
        const { grads } = tf.valueAndGrads((z) => sparseProduct(edges, z as tf.Tensor2D).add(edgeAttention({ edges, z: z as tf.Tensor2D, s, t, slope: 0.2 })).square().sum())([x]);
        return Array.from(grads[0]!.dataSync());
      });
    const once = run();
    assert.deepEqual(run(), once);
    x.dispose();
    edges.dispose();
  });
});
