/** Sparse rows in typed arrays (CSR): row i holds columns[offsets[i] .. offsets[i + 1]) with the values beside. */

/** V rows over V items; N cells. */
export interface SparseRows {
  /** [V + 1] */
  readonly offsets: Uint32Array;
  /** [N] items */
  readonly columns: Uint32Array;
  /** [N] */
  readonly values: Float32Array;
}

/** Where rows of the given lengths start. @returns [lengths.length + 1] */
export function offsetsOf(lengths: ArrayLike<number>): Uint32Array {
  const offsets = new Uint32Array(lengths.length + 1);
  for (let row = 0; row < lengths.length; row++) offsets[row + 1] = offsets[row]! + lengths[row]!;
  return offsets;
}

/**
 * Sums rows, one after another. Time is that of the additions, and a sort of each row's cells.
 * @param addRow adds positive amounts to the cells of one row
 * @param keep which cells of a finished row to store, of those with a sum, ascending; it may reweigh their sums; all, if not given
 */
export function sumRows(
  rows: number,
  addRow: (row: number, add: (column: number, amount: number) => void) => void,
  keep: (row: number, columns: readonly number[], sums: Float64Array) => readonly number[] = (_row, columns) => columns,
): SparseRows {
  const sums = new Float64Array(rows); // one row's, back to zeros after it
  let touched: number[] = [];
  const add = (column: number, amount: number): void => {
    if (sums[column] === 0) touched.push(column);
    sums[column]! += amount;
  };
  const lengths = new Uint32Array(rows);
  let columns = new Uint32Array(1024);
  let values = new Float32Array(1024);
  let cells = 0;
  for (let row = 0; row < rows; row++) {
    addRow(row, add);
    const kept = keep(row, touched.sort((a, b) => a - b), sums);
    if (cells + kept.length > columns.length) {
      const room = 2 * (cells + kept.length);
      columns = grown(columns, new Uint32Array(room));
      values = grown(values, new Float32Array(room));
    }
    for (const column of kept) {
      columns[cells] = column;
      values[cells++] = sums[column]!;
    }
    lengths[row] = kept.length;
    for (const column of touched) sums[column] = 0;
    touched = [];
  }
  return { offsets: offsetsOf(lengths), columns: columns.slice(0, cells), values: values.slice(0, cells) };
}

function grown<A extends Uint32Array | Float32Array>(from: A, into: A): A {
  into.set(from);
  return into;
}
