/** Rows of vectors as they are read, by id, in one array: what is wrong with a row is said with its place. */
import { DataError, type DataLocation } from "../core/errors";

/** Where a row is: a line of a file, and for files without lines what names it. */
export type RowPlace = Pick<DataLocation, "line"> & { readonly row?: string };

/** Collects rows of one file. */
export class VectorTable {
  private readonly rows = new Map<string, number>();
  private readonly places: RowPlace[] = [];
  private data = new Float32Array(1 << 12);
  private dimension: number | undefined;

  constructor(private readonly file: string) {}

  /** Adds a row. @throws DataError if its id is empty or there already, its dimension is another, or a number is not finite */
  add(id: string, values: ArrayLike<number>, place: RowPlace): void {
    const fail = (field: string, message: string): never => {
      throw new DataError(message, { file: this.file, line: place.line, field: place.row === undefined ? field : `${place.row}, ${field}` });
    };
    if (id === "") fail("id", "Expected an item's id, found none; write one");
    const before = this.rows.get(id);
    if (before !== undefined) {
      const { line, row } = this.places[before]!;
      fail("id", `Expected each id once, found "${id}" again, which ${row ?? `line ${line}`} has; leave one of them out`);
    }
    this.dimension ??= values.length;
    const { dimension } = this;
    if (values.length !== dimension || dimension === 0) {
      fail("vector", `Expected ${dimension === 0 ? "at least one number" : `${dimension} numbers, as the first row has`}, found ${values.length} for "${id}"; mend the row`);
    }
    const from = this.rows.size * dimension;
    if (from + dimension > this.data.length) {
      const larger = new Float32Array(Math.max(2 * this.data.length, from + dimension));
      larger.set(this.data);
      this.data = larger;
    }
    for (let n = 0; n < dimension; n++) {
      const value = Math.fround(values[n]!);
      if (!Number.isFinite(value)) fail(`number ${n + 1}`, `Expected a finite float32, found ${values[n]} for "${id}"; mend the row, or leave the item out`);
      this.data[from + n] = value;
    }
    this.rows.set(id, this.rows.size);
    this.places.push(place);
  }

  get size(): number {
    return this.rows.size;
  }

  /** The rows. @throws DataError if there is none */
  finish(): { readonly ids: readonly string[]; readonly rows: ReadonlyMap<string, number>; readonly dimension: number; readonly data: Float32Array } {
    if (this.dimension === undefined) throw new DataError("Expected vectors, found none; is it the right file?", { file: this.file });
    return { ids: [...this.rows.keys()], rows: this.rows, dimension: this.dimension, data: this.data.slice(0, this.rows.size * this.dimension) };
  }
}
