/**
 * Sparse matrices in compressed rows, and their product row by row (Gustavson 1978, Two Fast Algorithms for Sparse
 * Matrices, ACM TOMS 4(3)). Columns ascend within a row; every value is above 0, so that a cell is there or is 0.
 */
import { DataError } from "../core/errors";

/** Rows by columns, N cells. */
export interface SparseMatrix {
  readonly rows: number;
  readonly columns: number;
  /** [rows + 1]: row r has the cells offsets[r] .. offsets[r + 1). */
  readonly offsets: Uint32Array;
  /** [N] columns, ascending within a row. */
  readonly column: Int32Array;
  /** [N] above 0. Sums are made in 64 bits; whole numbers are exact up to 16,777,216. */
  readonly value: Float32Array;
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
  for (let c = 0; c < columns; c++) starts[c + 1]! += starts[c]!;
  const next = starts.slice();
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

/** The k largest cells of a row; of equals, those of lower columns. */
function largest(columns: Int32Array, scores: Float64Array, k: number): Int32Array {
  if (columns.length <= k) return columns;
  const bound = Float64Array.from(columns, (c) => scores[c]!).sort()[columns.length - k]!;
  let ties = k;
  for (const c of columns) if (scores[c]! > bound) ties--;
  return columns.filter((c) => scores[c]! > bound || (scores[c] === bound && ties-- > 0));
}

/** What of a row is kept. */
export interface RowRule {
  /** Only the k cells of the largest score; 0 keeps all. */
  readonly topK: number;
  /** Whether the cells on the diagonal stay. */
  readonly diagonal: boolean;
}

const tooMany = (): DataError => new DataError("Expected at most 4294967295 cells, found more; keep fewer by topK or maxDegree");

/** Rows of a product, growing. */
class Rows {
  private column = new Int32Array(1 << 12);
  private value = new Float32Array(1 << 12);
  private cells = 0;

  room(more: number): void {
    const needed = this.cells + more;
    if (needed > 0xffff_ffff) throw tooMany();
    if (needed <= this.column.length) return;
    const size = Math.max(needed, Math.min(2 * this.column.length, 0xffff_ffff));
    const [column, value] = [new Int32Array(size), new Float32Array(size)];
    column.set(this.column.subarray(0, this.cells));
    value.set(this.value.subarray(0, this.cells));
    [this.column, this.value] = [column, value];
  }

  /** Appends cells of one row. @returns how many cells there are now */
  add(columns: Int32Array, sums: Float64Array): number {
    this.room(columns.length);
    const { column, value } = this;
    let at = this.cells;
    for (const c of columns) {
      column[at] = c;
      value[at++] = sums[c]!;
    }
    return (this.cells = at);
  }

  get(): Pick<SparseMatrix, "column" | "value"> {
    return { column: this.column.slice(0, this.cells), value: this.value.slice(0, this.cells) };
  }
}

/**
 * Rows [from, to) of a product. Memory: the rows that are kept, and two rows of numbers as wide as the product.
 * @param score a product of the same pattern whose cells choose what topK keeps; default the product itself
 */
export function productRows(a: SparseMatrix, b: SparseMatrix, { topK, diagonal }: RowRule, from = 0, to = a.rows, score?: { readonly a: SparseMatrix; readonly b: SparseMatrix }): SparseMatrix {
  const sums = new Float64Array(b.columns);
  const scores = score === undefined ? sums : new Float64Array(b.columns);
  const others = new Int32Array(score === undefined ? 0 : b.columns);
  const touched = new Int32Array(b.columns);
  const offsets = new Uint32Array(to - from + 1);
  const kept = new Rows();
  for (let row = from; row < to; row++) {
    let count = addRow(row, a, b, sums, touched);
    if (!diagonal && row < b.columns && sums[row]! > 0) {
      sums[row] = 0;
      touched[touched.indexOf(row)] = touched[--count]!;
    }
    let columns = ascending(touched.subarray(0, count), sums);
    if (score !== undefined && topK > 0 && topK < count) {
      const all = addRow(row, score.a, score.b, scores, others);
      columns = largest(columns, scores, topK);
      for (const c of others.subarray(0, all)) scores[c] = 0;
    } else if (topK > 0) columns = largest(columns, sums, topK);
    offsets[row - from + 1] = kept.add(columns, sums);
    for (const c of touched.subarray(0, count)) sums[c] = 0;
  }
  return { rows: to - from, columns: b.columns, offsets, ...kept.get() };
}

/** Adds row `row` of a b to `sums`. @returns how many cells it has; they are in `touched`, in no order */
function addRow(row: number, a: SparseMatrix, b: SparseMatrix, sums: Float64Array, touched: Int32Array): number {
  const { offsets, column, value } = b;
  let count = 0;
  for (let at = a.offsets[row]!; at < a.offsets[row + 1]!; at++) {
    const k = a.column[at]!;
    const weight = a.value[at]!;
    for (let cell = offsets[k]!, end = offsets[k + 1]!; cell < end; cell++) {
      const c = column[cell]!;
      const before = sums[c]!;
      if (before === 0) touched[count++] = c;
      sums[c] = before + weight * value[cell]!;
    }
  }
  return count;
}

/** The columns that were touched, ascending: sorted where they are few, looked for where they are many. In place. */
function ascending(touched: Int32Array, sums: Float64Array, from = 0): Int32Array {
  if (touched.length * Math.log2(touched.length + 1) < sums.length - from) return touched.sort();
  for (let c = from, at = 0; at < touched.length; c++) if (sums[c] !== 0) touched[at++] = c;
  return touched;
}

/**
 * A matrix by its own transpose: only the cells on the diagonal and above are summed, the others are those mirrored. The
 * result is symmetric to the bit and costs half the products.
 */
export function gram(a: SparseMatrix, weighted: SparseMatrix = a, diagonal = true): SparseMatrix {
  const { offsets, column, value } = transpose(a);
  const next = offsets.slice(); // in column k of `a`, the first cell of this row or a later one
  const sums = new Float64Array(a.rows);
  const touched = new Int32Array(a.rows);
  const starts = new Uint32Array(a.rows + 1); // of the upper cells
  const sizes = new Uint32Array(a.rows + 1); // of whole rows, one on
  const upper = new Rows();
  for (let row = 0; row < a.rows; row++) {
    let count = 0;
    for (let at = a.offsets[row]!; at < a.offsets[row + 1]!; at++) {
      const k = a.column[at]!;
      const weight = weighted.value[at]!;
      const first = next[k]!++;
      for (let cell = diagonal ? first : first + 1, end = offsets[k + 1]!; cell < end; cell++) {
        const c = column[cell]!;
        const before = sums[c]!;
        if (before === 0) touched[count++] = c;
        sums[c] = before + weight * value[cell]!;
      }
    }
    const columns = ascending(touched.subarray(0, count), sums, row);
    starts[row + 1] = upper.add(columns, sums);
    for (const c of columns) {
      sums[c] = 0;
      sizes[row + 1]!++;
      if (c !== row) sizes[c + 1]!++;
    }
  }
  return mirrored(starts, upper.get(), sizes);
}

/** The whole of a symmetric matrix from the cells on the diagonal and above. */
function mirrored(starts: Uint32Array, upper: Pick<SparseMatrix, "column" | "value">, sizes: Uint32Array): SparseMatrix {
  const rows = starts.length - 1;
  let cells = 0;
  for (let row = 0; row < rows; row++) sizes[row + 1] = cells += sizes[row + 1]!;
  if (cells > 0xffff_ffff) throw tooMany();
  const column = new Int32Array(cells);
  const value = new Float32Array(cells);
  const next = sizes.slice();
  for (let row = 0; row < rows; row++) {
    // What is left of the diagonal came from the rows before, in their order.
    for (let at = starts[row]!; at < starts[row + 1]!; at++) {
      const c = upper.column[at]!;
      const here = next[row]!++;
      column[here] = c;
      value[here] = upper.value[at]!;
      if (c === row) continue;
      const there = next[c]!++;
      column[there] = row;
      value[there] = upper.value[at]!;
    }
  }
  return { rows, columns: rows, offsets: sizes, column, value };
}

/** Blocks of rows, one below the other. */
export function stack(blocks: readonly SparseMatrix[], columns: number): SparseMatrix {
  const rows = blocks.reduce((sum, block) => sum + block.rows, 0);
  const cells = blocks.reduce((sum, block) => sum + block.column.length, 0);
  const offsets = new Uint32Array(rows + 1);
  const column = new Int32Array(cells);
  const value = new Float32Array(cells);
  let [row, cell] = [0, 0];
  for (const block of blocks) {
    for (let r = 1; r <= block.rows; r++) offsets[row + r] = cell + block.offsets[r]!;
    column.set(block.column, cell);
    value.set(block.value, cell);
    row += block.rows;
    cell += block.column.length;
  }
  return { rows, columns, offsets, column, value };
}

/**
 * The product of two sparse matrices, with sums in 64 bits.
 * @throws DataError if the columns of `a` are not as many as the rows of `b`
 * @example
 * import { multiply } from "sessionlab";
 * const a = { rows: 1, columns: 2, offsets: Uint32Array.of(0, 2), column: Int32Array.of(0, 1), value: Float32Array.of(2, 3) };
 * const b = { rows: 2, columns: 1, offsets: Uint32Array.of(0, 1, 2), column: Int32Array.of(0, 0), value: Float32Array.of(5, 7) };
 * assert.deepEqual(Array.from(multiply(a, b).value), [31]);
 */
export function multiply(a: SparseMatrix, b: SparseMatrix): SparseMatrix {
  if (a.columns !== b.rows) throw new DataError(`Expected ${a.columns} rows, as many as the columns of the matrix before, found ${b.rows}`);
  return productRows(a, b, { topK: 0, diagonal: true });
}

/** Cells of a square matrix or of its transpose: the larger where both have one. */
export function symmetricClosure(matrix: SparseMatrix): SparseMatrix {
  const other = transpose(matrix);
  const size = matrix.rows;
  const offsets = new Uint32Array(size + 1);
  const column = new Int32Array(2 * matrix.column.length);
  const value = new Float32Array(2 * matrix.column.length);
  let cells = 0;
  for (let row = 0; row < size; row++) {
    let [i, j] = [matrix.offsets[row]!, other.offsets[row]!];
    const [endI, endJ] = [matrix.offsets[row + 1]!, other.offsets[row + 1]!];
    while (i < endI || j < endJ) {
      const [left, right] = [i < endI ? matrix.column[i]! : Infinity, j < endJ ? other.column[j]! : Infinity];
      column[cells] = Math.min(left, right);
      value[cells++] = Math.max(left <= right ? matrix.value[i]! : 0, right <= left ? other.value[j]! : 0);
      if (left <= right) i++;
      if (right <= left) j++;
    }
    offsets[row + 1] = cells;
  }
  return { rows: size, columns: size, offsets, column: column.slice(0, cells), value: value.slice(0, cells) };
}
