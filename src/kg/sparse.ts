/**
 * Sparse matrices in compressed rows, and their product row by row (Gustavson 1978, Two Fast Algorithms for Sparse
 * Matrices, ACM TOMS 4(3)). Columns ascend within a row; every value is above 0, so that a cell is there or is 0.
 */
import { DataError } from "../core/errors";
import { sortRange } from "../core/rows";
import { transpose, type SparseMatrix } from "../tensor/sparse";

export { transpose, type SparseMatrix };

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

/** Cells that are allocated at once; the system gives memory only for those that are written. */
const firstCells = 1 << 26;

/** Rows of a product, growing up to as many cells as it can have. */
class Rows {
  column: Int32Array;
  value: Float32Array;
  cells = 0;

  constructor(private readonly bound: number) {
    this.column = new Int32Array(Math.min(bound, firstCells));
    this.value = new Float32Array(this.column.length);
  }

  room(more: number): void {
    const needed = this.cells + more;
    if (needed > 0xffff_ffff) throw new DataError("Expected at most 4294967295 cells, found more; keep fewer by topK or maxDegree");
    if (needed <= this.column.length) return;
    const size = Math.min(2 * this.column.length, this.bound, 0xffff_ffff);
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

  /** What was written; a copy where much more was made ready. */
  get(): Pick<SparseMatrix, "column" | "value"> {
    const { cells, column, value } = this;
    if (4 * cells >= 3 * column.length) return { column: column.subarray(0, cells), value: value.subarray(0, cells) };
    return { column: column.slice(0, cells), value: value.slice(0, cells) };
  }
}

/** The most cells that rows [from, to) of a product can have. */
function mostCells(a: SparseMatrix, b: SparseMatrix, from: number, to: number): number {
  let most = 0;
  for (let row = from; row < to; row++) {
    let work = 0;
    for (let at = a.offsets[row]!; at < a.offsets[row + 1]!; at++) work += b.offsets[a.column[at]! + 1]! - b.offsets[a.column[at]!]!;
    most += Math.min(work, b.columns);
  }
  return most;
}

function isOnes({ value }: SparseMatrix): boolean {
  for (let at = 0; at < value.length; at++) if (value[at] !== 1) return false;
  return true;
}

/**
 * Rows [from, to) of a product of two matrices of ones. Which columns a row has is a set of bits, in three levels so that
 * those that are there are found in order: it stays in the processor's nearest cache, and no row is sorted.
 */
function countRows(a: SparseMatrix, b: SparseMatrix, diagonal: boolean, from: number, to: number): SparseMatrix {
  const words = (bits: number): Int32Array => new Int32Array((bits + 31) >>> 5);
  const bits = words(b.columns);
  const again = words(b.columns); // columns that came more than once, and in `more` how often more
  const more = new Uint32Array(b.columns);
  const middle = words(bits.length);
  const top = words(middle.length);
  const offsets = new Uint32Array(to - from + 1);
  const kept = new Rows(mostCells(a, b, from, to));
  const [aOffsets, aColumn, bOffsets, bColumn] = [a.offsets, a.column, b.offsets, b.column];
  for (let row = from; row < to; row++) {
    let found = 0;
    for (let at = aOffsets[row]!, last = aOffsets[row + 1]!; at < last; at++) {
      const k = aColumn[at]!;
      for (let cell = bOffsets[k]!, end = bOffsets[k + 1]!; cell < end; cell++) {
        const c = bColumn[cell]!;
        const word = c >>> 5;
        const bit = 1 << (c & 31);
        const before = bits[word]!;
        if ((before & bit) !== 0) {
          again[word]! |= bit;
          more[c]!++;
          continue;
        }
        found++;
        bits[word] = before | bit;
        if (before !== 0) continue;
        middle[word >>> 5]! |= 1 << (word & 31);
        top[word >>> 10]! |= 1 << ((word >>> 5) & 31);
      }
    }
    kept.room(found);
    const { column, value } = kept;
    let next = kept.cells;
    for (let t = 0; t < top.length; t++) {
      for (let high = top[t]!; high !== 0; high &= high - 1) {
        const m = (t << 5) + 31 - Math.clz32(high & -high);
        for (let mid = middle[m]!; mid !== 0; mid &= mid - 1) {
          const word = (m << 5) + 31 - Math.clz32(mid & -mid);
          const repeated = again[word]!;
          for (let low = bits[word]!; low !== 0; low &= low - 1) {
            const bit = low & -low;
            const c = (word << 5) + 31 - Math.clz32(bit);
            let count = 1;
            if ((repeated & bit) !== 0) {
              count += more[c]!;
              more[c] = 0;
            }
            if (!diagonal && c === row) continue;
            column[next] = c;
            value[next++] = count;
          }
          bits[word] = again[word] = 0;
        }
        middle[m] = 0;
      }
      top[t] = 0;
    }
    offsets[row - from + 1] = kept.cells = next;
  }
  return { rows: to - from, columns: b.columns, offsets, ...kept.get() };
}

/** Sorts the first columns, in place; where most are there, by looking which. */
function sortFirst(columns: Int32Array, count: number, there: ArrayLike<number>): void {
  if (count * Math.log2(count) < there.length) sortRange(columns, 0, count);
  else for (let c = 0, at = 0; at < count; c++) if (there[c] !== 0) columns[at++] = c;
}

/**
 * Rows [from, to) of a product. Memory: the rows that are kept, and two rows of numbers as wide as the product.
 * @param score a product of the same pattern whose cells choose what topK keeps; default the product itself
 */
export function productRows(a: SparseMatrix, b: SparseMatrix, { topK, diagonal }: RowRule, from = 0, to = a.rows, score?: { readonly a: SparseMatrix; readonly b: SparseMatrix }): SparseMatrix {
  if (topK === 0 && isOnes(a) && isOnes(b)) return countRows(a, b, diagonal, from, to);
  const sums = new Float64Array(b.columns);
  const scores = score === undefined ? sums : new Float64Array(b.columns);
  const others = new Int32Array(score === undefined ? 0 : b.columns);
  const touched = new Int32Array(b.columns);
  const offsets = new Uint32Array(to - from + 1);
  const kept = new Rows(Math.min(mostCells(a, b, from, to), topK === 0 ? Infinity : topK * (to - from)));
  for (let row = from; row < to; row++) {
    let count = addRow(row, a, b, sums, touched);
    if (!diagonal && row < b.columns && sums[row]! > 0) {
      sums[row] = 0;
      touched[touched.indexOf(row)] = touched[--count]!;
    }
    sortFirst(touched, count, sums);
    let columns: Int32Array = touched.subarray(0, count);
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

/** Blocks of rows, one below the other. */
export function stack(blocks: readonly SparseMatrix[], columns: number): SparseMatrix {
  if (blocks.length === 1) return blocks[0]!;
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

/** A matrix by its own transpose: symmetric to the bit, because both sums of a pair run in one order. */
export function gram(matrix: SparseMatrix, diagonal = true): SparseMatrix {
  return productRows(matrix, transpose(matrix), { topK: 0, diagonal });
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
