/**
 * Texts into the cache of rows: what is kept nowhere is encoded, a block of texts after another. Where the step cache has a store,
 * a block is a step, so that one machine encodes it and the others find it there.
 */
import { throwIfAborted } from "../core/errors";
import { hashOf } from "../core/hash";
import type { Progress } from "../core/progress";
import { step } from "../core/step";
import { stepStore } from "../core/store";
import { checkRows, type Encoder } from "./encoder";
import type { RowCache } from "./row-cache";

/** Texts of a block: what a kill can lose. Whoever cuts texts into parts of so many, or of a multiple, has the blocks of the whole. */
export const blockTexts = 1024;

/** Where rows are kept, and who is told. */
export interface EncodeRowsOptions {
  /** The folder of the step cache. */
  readonly cache: string;
  /** Whether the store, where there is one, gets what is kept here already, too. Default false. */
  readonly share?: boolean;
  readonly signal?: AbortSignal;
  readonly progress?: Progress;
}

/** What there is to encode: each text once, where it first stands; empty ones not at all. */
export function distinctTexts(texts: readonly string[]): string[] {
  return [...new Set(texts)].filter((text) => text !== "");
}

/** The rows of texts, all of them kept; zeros of an empty text. [N, D] */
export function rowsOf(texts: readonly string[], rows: RowCache, dimension: number): Float32Array {
  const table = new Float32Array(texts.length * dimension);
  texts.forEach((text, n) => text !== "" && table.set(rows.get(text)!, n * dimension));
  return table;
}

/**
 * Brings into `rows` what it lacks.
 * @param texts of `distinctTexts`, or a part of them that begins at a block
 * @returns how many were encoded here, and not found in a store
 * @throws AbortError, with the blocks that were encoded kept; what the encoder and the store throw
 */
export async function encodeRows(texts: readonly string[], encoder: Encoder, rows: RowCache, { cache, share = false, signal, progress }: EncodeRowsOptions): Promise<number> {
  const { id, revision, dimension, recipe, code = "" } = encoder;
  const task = `encode with ${id}`;
  const lacking = (some: readonly string[]): string[] => some.filter((text) => rows.get(text) === undefined);
  const missing = lacking(texts);
  const about = missing.length === 0 ? undefined : encoder.begin?.(missing);
  if (about !== undefined) progress?.({ task: `${task} (${about})`, done: 0, total: missing.length, unit: "text" });
  let [done, count] = [0, 0];
  const encode = async (some: readonly string[]): Promise<void> => {
    const onBatch = (finished: readonly string[], table: Float32Array): void => rows.add(finished, checkRows(id, table, finished.length, dimension));
    const table = await encoder.encode(some, { signal, onBatch, progress: progress && ((report) => progress({ ...report, done: done + report.done, total: missing.length })) });
    checkRows(id, table, some.length, dimension);
    if (rows.get(some[0]!) === undefined) rows.add(some, table);
    count += some.length;
  };
  const stored = stepStore() !== undefined;
  const all = stored ? texts : missing;
  for (let from = 0; from < all.length; from += blockTexts) {
    const block = all.slice(from, from + blockTexts);
    const left = lacking(block);
    if (left.length === 0 && !(stored && share)) continue;
    throwIfAborted(signal, task);
    if (!stored) await encode(left);
    else {
      const work = async (): Promise<Float32Array> => {
        if (left.length > 0) await encode(left);
        return rowsOf(block, rows, dimension);
      };
      const { value } = await step("encode", { encoder: id, revision, dimension, code, texts: hashOf(block) }, recipe, work, { code: require.resolve("./encoder"), cache, signal, progress });
      if (lacking(left).length > 0) rows.add(block, checkRows(id, value, block.length, dimension));
    }
    done += left.length;
  }
  return count;
}
