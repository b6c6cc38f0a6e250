/**
 * Vectors that were made elsewhere, found by the items' ids: npy, safetensors, Parquet or text. What a file is, is told by
 * its first bytes. Nothing is guessed about a row that is wrong: another dimension, a number that is not finite, an id
 * that stands there twice is an error with file, row and place.
 */
import { basename } from "node:path";
import { hashOf } from "../core/hash";
import { resolveOptions } from "../core/options";
import { firstBytes } from "../data/lines";
import type { VectorSource } from "./encoder";
import { readNpyTable, readParquetTable, readSafetensorsTable, readTextTable } from "./vector-readers";

const defaults = {
  /** File with the ids of the rows, one a line, for npy and for safetensors of others; default the file's name with .ids instead of its ending, or behind it. */
  ids: undefined as string | undefined,
  /** Parquet's column of ids; default the one that is named as such columns usually are. */
  idColumn: undefined as string | undefined,
  /** Parquet's column of vectors; default the only one that holds lists of numbers. */
  vectorColumn: undefined as string | undefined,
};

/** Options of `openPrecomputed`. */
export type PrecomputedOptions = Partial<typeof defaults> & { readonly signal?: AbortSignal };

/** Vectors by item id. */
export interface PrecomputedVectors extends VectorSource {
  /** Outside ids of the rows, in the file's order. */
  readonly ids: readonly string[];
  /** The vector of an item, [D], if it has one. */
  vectorOf(id: string): Float32Array | undefined;
}

/**
 * Opens a file of vectors: `.npy` or safetensors with a file of ids (safetensors of `writeVectors` hold their own),
 * Parquet with a column of ids and one of lists, or text, gzip or plain, a row an item: the id, then the numbers, with
 * tabs, commas or spaces between, with or without a header (word2vec's, RecBole's).
 * @throws ConfigError for wrong options; DataError naming file, row and place of what is wrong; AbortError
 * @example
 * import { mkdtempSync, writeFileSync } from "node:fs";
 * import { openPrecomputed } from "sessionlab";
 * const file = `${mkdtempSync("/tmp/vectors-")}/items.tsv`;
 * writeFileSync(file, "emma\t0.5\t1\ndune\t0\t-1\n");
 * const vectors = await openPrecomputed(file);
 * assert.deepEqual([vectors.dimension, vectors.vectorOf("dune")], [2, Float32Array.of(0, -1)]);
 */
export async function openPrecomputed(file: string, { signal, ...given }: PrecomputedOptions = {}): Promise<PrecomputedVectors> {
  const options = resolveOptions("openPrecomputed", defaults, given);
  const start = firstBytes(file, 9);
  const isSafetensors = start.length === 9 && start[8] === 0x7b && start[7] === 0; // the header's length, then its "{"
  const [format, read] =
    start.subarray(0, 6).equals(Buffer.from("\x93NUMPY", "latin1")) ? (["npy", readNpyTable] as const)
    : start.subarray(0, 4).toString("latin1") === "PAR1" ? (["parquet", readParquetTable] as const)
    : isSafetensors ? (["safetensors", readSafetensorsTable] as const)
    : (["text", readTextTable] as const);
  const { table, made } = await read(file, options, signal);
  const { ids, dimension, data, rows } = table.finish();
  return {
    id: made?.encoder ?? basename(file),
    revision: hashOf([ids, data]).slice(0, 16),
    dimension,
    recipe: { ...made?.recipe, precomputed: basename(file), format, vectors: ids.length },
    ids,
    vectorOf: (id) => {
      const row = rows.get(id);
      return row === undefined ? undefined : data.subarray(row * dimension, (row + 1) * dimension);
    },
    dispose: () => undefined,
  };
}
