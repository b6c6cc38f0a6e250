/**
 * A sparse matrix by a dense one, y = A x; the gradient of x is the product with the transpose, dx = A' dy. The sparse
 * matrix itself is not learnt. A fixed order of addition: the same matrices give the same bits.
 * Symbols: R rows, C columns, N cells, D columns of the dense matrix.
 */
import * as tf from "@tensorflow/tfjs";
import { ConfigError } from "../../core/errors";
import { withGradient } from "../gradient";
import { hasKernels, kernel } from "../kernel";
import { cellRows, type SparseTensor } from "../sparse";
import { scatterRows } from "./rows";

/** Cells of one chunk, where tfjs's operations hold a row of the dense matrix for each. */
const chunk = 1 << 16;

/**
 * The product.
 * @param matrix [R, C] of N cells
 * @param x [C, D]
 * @returns [R, D]
 * @throws ConfigError when x has another number of rows
 * @example
 * import { holdSparse, initBackend, sparseFrom, sparseProduct, tf } from "sessionlab";
 * await initBackend();
 * const matrix = holdSparse(sparseFrom(1, 3, [0, 0], [0, 2], [1, 2]));
 * assert.deepEqual(Array.from(sparseProduct(matrix, tf.tensor2d([[1, 2], [3, 4], [5, 6]])).dataSync()), [11, 14]);
 * matrix.dispose();
 */
export function sparseProduct(matrix: SparseTensor, x: tf.Tensor2D): tf.Tensor2D {
  const { columns } = matrix.host;
  if (x.shape[0] !== columns) throw new ConfigError(`Expected a matrix of ${columns} rows, one for each column, found ${x.shape[0]}`);
  const multiply = hasKernels() ? sparseKernel : sparseComposed;
  return withGradient(
    [x],
    (input) => ({ value: multiply(matrix, input), keep: [] }),
    (dy) => [multiply(matrix.back, dy)],
  );
}

type Held = Omit<SparseTensor, "back" | "dispose">;

function sparseKernel({ offsets, column, value }: Held, x: tf.Tensor2D): tf.Tensor2D {
  return kernel("SessionlabSparseProduct", [], [offsets, column, value, x])[0] as tf.Tensor2D;
}

/** The same by tfjs's operations, for the other backends: chunks of cells, each gathered, weighed and added up. */
export function sparseComposed({ host }: Held, x: tf.Tensor2D): tf.Tensor2D {
  const row = cellRows(host);
  return tf.tidy(() => {
    let y: tf.Tensor2D = tf.zeros([host.rows, x.shape[1]]);
    for (let from = 0; from < row.length; from += chunk) {
      const to = Math.min(row.length, from + chunk);
      const held = y;
      y = tf.tidy(() => {
        const weights = tf.tensor2d(host.value.subarray(from, to), [to - from, 1]);
        const parts = tf.gather(x, tf.tensor1d(host.column.subarray(from, to), "int32")).mul(weights) as tf.Tensor2D; // [chunk, D]
        return held.add(scatterRows(parts, tf.tensor1d(row.subarray(from, to), "int32"), host.rows)) as tf.Tensor2D;
      });
      held.dispose();
    }
    return y;
  });
}

/** The plain twin: the dense product, with automatic gradients. */
export function sparsePortable({ host }: Held, x: tf.Tensor2D): tf.Tensor2D {
  return tf.matMul(denseOf(host), x) as tf.Tensor2D;
}

/** A small matrix as a dense tensor. @returns [R, C] */
export function denseOf(host: Held["host"]): tf.Tensor2D {
  const dense = new Float32Array(host.rows * host.columns);
  cellRows(host).forEach((row, cell) => {
    dense[row * host.columns + host.column[cell]!] = host.value[cell]!;
  });
  return tf.tensor2d(dense, [host.rows, host.columns]);
}
