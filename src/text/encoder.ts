/** What every encoder of texts is: texts in, one vector each out, and all that the vectors depend on by name. */
import { DataError } from "../core/errors";
import type { Progress } from "../core/progress";

/** What encoding may be told. */
export interface EncodeOptions {
  readonly signal?: AbortSignal;
  readonly progress?: Progress;
  /** Called with finished texts and their rows as they come, for encoders where these are dear; rows may change afterwards. */
  readonly onBatch?: (texts: readonly string[], rows: Float32Array) => void;
}

/** Where the vectors of items come from: an encoder of texts, or vectors that were made before. */
export interface VectorSource {
  /** The model's name: "all-MiniLM-L6-v2". */
  readonly id: string;
  /** The version of its weights: a commit, a date, or the first digits of their sha256. */
  readonly revision: string;
  /** D, numbers of a vector. */
  readonly dimension: number;
  /** What else the vectors depend on: pooling, longest text, backend. Two sources of one id, revision and recipe give the same vectors. */
  readonly recipe: Readonly<Record<string, string | number>>;
  /** Frees what it holds. */
  dispose(): void;
}

/** Makes vectors of texts. */
export interface Encoder extends VectorSource {
  /** The version of the code that computes them here, if any does: kept vectors of another version are not used. */
  readonly code?: string;
  /**
   * Told all texts before the first is encoded: may refuse them.
   * @returns what they will take, for whoever watches
   */
  begin?(texts: readonly string[]): string;
  /**
   * The vectors of texts, in their order. A text's vector does not depend on the others beside it.
   * @returns [N, D], row-major
   * @throws AbortError; what the encoder cannot do
   */
  encode(texts: readonly string[], options?: EncodeOptions): Promise<Float32Array>;
}

/** Looks at vectors that came from outside. @throws DataError for another count or a number that is not finite */
export function checkRows(owner: string, rows: Float32Array, count: number, dimension: number): Float32Array {
  if (rows.length !== count * dimension) {
    throw new DataError(`Expected ${count} vectors of ${dimension} numbers from ${owner}, found ${rows.length} numbers; look at the dimension`);
  }
  const wrong = rows.findIndex((value) => !Number.isFinite(value));
  if (wrong >= 0) throw new DataError(`Expected finite numbers from ${owner}, found ${rows[wrong]} in row ${Math.floor(wrong / dimension)}; this text breaks the model`);
  return rows;
}

/** Rows of length 1, in place; a row of zeros stays. */
export function unitRows(rows: Float32Array, dimension: number): Float32Array {
  for (let from = 0; from < rows.length; from += dimension) {
    let sum = 0;
    for (let i = from; i < from + dimension; i++) sum += rows[i]! * rows[i]!;
    const scale = sum > 0 ? 1 / Math.sqrt(sum) : 0;
    for (let i = from; i < from + dimension; i++) rows[i] = rows[i]! * scale;
  }
  return rows;
}
