/** Sparse matrices in compressed rows (CSR), on the host and on the device. */
import * as tf from "@tensorflow/tfjs";
import { ConfigError } from "../core/errors";
import { startsOf } from "../core/rows";

/** Rows by columns, N cells; knowledge graphs hand out their meta-paths in this form. */
export interface SparseMatrix {
  readonly rows: number;
  readonly columns: number;
  /** [rows + 1] where rows begin: row r has the cells offsets[r] .. offsets[r + 1). */
  readonly offsets: Uint32Array;
  /** [N] columns, ascending within a row. */
  readonly column: Int32Array;
  /** [N] */
  readonly value: Float32Array;
}

/**
 * A matrix from its cells in any order; cells of one place add up.
 * @param row [N] in [0, rows)
 * @param column [N] in [0, columns)
 * @param value [N]; ones if not given
 * @throws ConfigError for a cell outside the matrix, or arrays of different lengths
 * @example
 * import { sparseFrom } from "sessionlab";
 * const { offsets, column, value } = sparseFrom(2, 3, [1, 0, 1], [2, 1, 2]);
 * assert.deepEqual([Array.from(offsets), Array.from(column), Array.from(value)], [[0, 1, 2], [1, 2], [1, 2]]);
 */
export function sparseFrom(rows: number, columns: number, row: ArrayLike<number>, column: ArrayLike<number>, value?: ArrayLike<number>): SparseMatrix {
  if (column.length !== row.length || (value !== undefined && value.length !== row.length)) {
    throw new ConfigError(`Expected a row, a column and a value for each cell, found ${row.length}, ${column.length} and ${value?.length ?? row.length}`);
  }
  const inside = (index: number, size: number): boolean => Number.isInteger(index) && index >= 0 && index < size;
  for (let at = 0; at < row.length; at++) {
    if (!inside(row[at]!, rows) || !inside(column[at]!, columns)) throw new ConfigError(`Expected cells inside ${rows} x ${columns}, found (${row[at]}, ${column[at]})`);
  }
  // Sorted by column, then (stably) by row.
  const byColumn = placed(Uint32Array.from({ length: row.length }, (_, at) => at), (cell) => column[cell]!, columns);
  const sorted = placed(byColumn, (cell) => row[cell]!, rows);
  const offsets = new Uint32Array(rows + 1);
  const found = new Int32Array(row.length);
  const values = new Float32Array(row.length);
  let cells = 0;
  for (let at = 0; at < sorted.length; at++) {
    const cell = sorted[at]!;
    const before = sorted[at - 1];
    const again = before !== undefined && row[before] === row[cell] && column[before] === column[cell];
    if (!again) {
      found[cells++] = column[cell]!;
      offsets[row[cell]! + 1]!++;
    }
    values[cells - 1]! += value?.[cell] ?? 1;
  }
  return { rows, columns, offsets: startsOf(offsets), column: found.slice(0, cells), value: values.slice(0, cells) };
}

/** Cells in the order of their keys; of equal keys, in the order they came. */
function placed(cells: Uint32Array, key: (cell: number) => number, keys: number): Uint32Array {
  const next = new Uint32Array(keys + 1);
  for (const cell of cells) next[key(cell) + 1]!++;
  startsOf(next);
  const out = new Uint32Array(cells.length);
  for (const cell of cells) out[next[key(cell)]!++] = cell;
  return out;
}

/** The rows of each cell. @returns [N] */
export function cellRows({ rows, offsets, column }: Pick<SparseMatrix, "rows" | "offsets" | "column">): Int32Array {
  const row = new Int32Array(column.length);
  for (let r = 0; r < rows; r++) row.fill(r, offsets[r], offsets[r + 1]);
  return row;
}

/**
 * The same cells by columns.
 * @example
 * import { transpose } from "sessionlab";
 * const matrix = { rows: 1, columns: 2, offsets: Uint32Array.of(0, 1), column: Int32Array.of(1), value: Float32Array.of(5) };
 * assert.deepEqual(Array.from(transpose(matrix).offsets), [0, 0, 1]);
 */
export function transpose({ rows, columns, offsets, column, value }: SparseMatrix): SparseMatrix {
  const starts = new Uint32Array(columns + 1);
  for (const c of column) starts[c + 1]!++;
  const next = startsOf(starts).slice();
  const row = new Int32Array(column.length);
  const values = new Float32Array(column.length);
  for (let r = 0, at = 0; r < rows; r++) {
    for (const end = offsets[r + 1]!; at < end; at++) {
      const place = next[column[at]!]!++;
      row[place] = r;
      values[place] = value[at]!;
    }
  }
  return { rows: columns, columns: rows, offsets: starts, column: row, value: values };
}

/** The sum of each row. @returns [rows] */
export function rowSums({ rows, offsets, value }: SparseMatrix): Float64Array {
  const sums = new Float64Array(rows);
  for (let r = 0; r < rows; r++) for (let at = offsets[r]!; at < offsets[r + 1]!; at++) sums[r]! += value[at]!;
  return sums;
}

/** Some rows of a matrix, in the order given; a row may be there twice. */
export function takeRows({ columns, offsets, column, value }: SparseMatrix, rows: Int32Array): SparseMatrix {
  const starts = new Uint32Array(rows.length + 1);
  rows.forEach((row, at) => (starts[at + 1] = starts[at]! + offsets[row + 1]! - offsets[row]!));
  const cells = starts[rows.length]!;
  const taken = { rows: rows.length, columns, offsets: starts, column: new Int32Array(cells), value: new Float32Array(cells) };
  rows.forEach((row, at) => {
    taken.column.set(column.subarray(offsets[row], offsets[row + 1]), starts[at]);
    taken.value.set(value.subarray(offsets[row], offsets[row + 1]), starts[at]);
  });
  return taken;
}

/** A matrix on the device, both ways round, until it is disposed. */
export interface SparseTensor {
  readonly host: SparseMatrix;
  readonly offsets: tf.Tensor1D;
  readonly column: tf.Tensor1D;
  readonly value: tf.Tensor1D;
  /** The same matrix by columns: what gradients walk along. */
  readonly back: Omit<SparseTensor, "back" | "dispose">;
  dispose(): void;
}

/**
 * Puts a matrix on the device.
 * @throws ConfigError for offsets or columns that are no matrix's: a product would read past an end
 * @example
 * import { holdSparse, initBackend, sparseFrom, sparseProduct, tf } from "sessionlab";
 * await initBackend();
 * const matrix = holdSparse(sparseFrom(2, 2, [0, 1], [1, 1], [2, 3]));
 * assert.deepEqual(Array.from(sparseProduct(matrix, tf.tensor2d([[1], [10]])).dataSync()), [20, 30]);
 * matrix.dispose();
 */
export function holdSparse(matrix: SparseMatrix): SparseTensor {
  check(matrix);
  const [there, back] = [placeOn(matrix), placeOn(transpose(matrix))];
  return {
    ...there,
    back,
    dispose() {
      for (const { offsets, column, value } of [there, back]) tf.dispose([offsets, column, value]);
    },
  };
}

function check({ rows, columns, offsets, column, value }: SparseMatrix): void {
  const rising = offsets.length === rows + 1 && offsets[0] === 0 && offsets.every((offset, r) => r === 0 || offset >= offsets[r - 1]!) && offsets[rows] === column.length;
  if (!rising || value.length !== column.length) throw new ConfigError(`Expected offsets of ${rows} rows that rise from 0 to the number of cells, and a value for each of ${column.length} columns; build the matrix with sparseFrom`);
  const wrong = column.findIndex((c) => c < 0 || c >= columns);
  if (wrong >= 0) throw new ConfigError(`Expected columns in [0, ${columns}), found ${column[wrong]} at cell ${wrong}`);
}

function placeOn(host: SparseMatrix): Omit<SparseTensor, "back" | "dispose"> {
  const { offsets, column, value } = host;
  return {
    host,
    offsets: tf.keep(tf.tensor1d(Int32Array.from(offsets), "int32")),
    column: tf.keep(tf.tensor1d(column, "int32")),
    value: tf.keep(tf.tensor1d(value)),
  };
}
