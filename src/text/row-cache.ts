/**
 * Vectors kept by the text that they are of: a title that changed encodes one row, a killed run keeps what it had.
 * <cache>/text-vectors/<key>/  one an encoder with its revision, recipe and code version; meta.json as the step cache has
 *   it, so that `sessionlab cache` lists and evicts it
 *   <hash>.rows               some rows: safetensors with sha256 of the texts [N, 32] and vectors [N, D]; written whole,
 *                             never changed, so several processes may write at once; the name is the content's hash
 * Of many small files one is made. A damaged file counts as none.
 */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { cacheLimit, markUse, tidyCache, touchEntry } from "../core/cache";
import { makeFolder, removeLeftovers, writeFileAtomic } from "../core/files";
import { hashOf, hashOfJson } from "../core/hash";
import { decodeSafetensors, encodeSafetensors } from "../core/safetensors";
import type { StepMeta } from "../core/step";
import type { Encoder } from "./encoder";

const name = "text-vectors";
/** Files of an encoder from which one is made. */
const manyFiles = 32;
const digest = 32;

/** The rows of one encoder. */
export interface RowCache {
  /** The vector of a text, if it is kept. */
  get(text: string): Float32Array | undefined;
  /** Keeps some. @param rows [N, D] */
  add(texts: readonly string[], rows: Float32Array): void;
  /** Reads what other processes have kept meanwhile. */
  refresh(): void;
}

/** Opens the rows that are kept for an encoder. @param cache the folder of the step cache */
export function openRowCache(cache: string, encoder: Encoder): RowCache {
  const { id, revision, dimension, recipe, code = "" } = encoder;
  const inputs = { encoder: id, revision, dimension };
  const key = hashOf({ name, inputs, recipe, code });
  const folder = join(cache, name, key);
  markUse(cache, name, key);
  removeLeftovers(folder);
  const rows = new Map<string, Float32Array>();
  /** Names of the files whose rows are here. */
  const known = new Set<string>();
  const refresh = (): void => {
    let gone: boolean;
    do {
      const files = rowFiles(folder).filter((file) => !known.has(file));
      const found = files.map((file) => readRows(join(folder, file), dimension, rows));
      files.forEach((file, n) => (found[n] === "damaged" ? rmSync(join(folder, file), { force: true }) : found[n] === "read" && known.add(file)));
      gone = found.includes("gone"); // another process made one of many meanwhile: that one is read
    } while (gone);
  };
  refresh();
  touchEntry(folder);

  const write = (keys: readonly string[], values: Float32Array): string => {
    makeFolder(folder);
    const meta: StepMeta = { name, key, seconds: 0, inputs, options: recipe, code, files: {} };
    if (!existsSync(join(folder, "meta.json"))) writeFileAtomic(join(folder, "meta.json"), `${JSON.stringify({ ...meta, check: hashOfJson(meta) }, null, 2)}\n`);
    const texts = Uint8Array.from(Buffer.from(keys.join(""), "hex"));
    const tensors = { texts: { dtype: "U8", shape: [keys.length, digest], data: texts }, vectors: { dtype: "F32", shape: [keys.length, dimension], data: values } } as const;
    const check = hashOf([texts, values]);
    writeFileAtomic(join(folder, `${check}.rows`), encodeSafetensors(tensors, { check }));
    known.add(`${check}.rows`);
    return `${check}.rows`;
  };
  if (known.size >= manyFiles) {
    const parts = [...known];
    const merged = write([...rows.keys()], joined([...rows.values()], dimension));
    for (const file of parts) if (file !== merged) rmSync(join(folder, file), { force: true });
  }
  tidyCache(cache, cacheLimit());
  return {
    get: (text) => rows.get(keyOf(text)),
    add(texts, values) {
      const keys = texts.map(keyOf);
      write(keys, values);
      keys.forEach((one, n) => rows.set(one, values.slice(n * dimension, (n + 1) * dimension)));
    },
    refresh,
  };
}

function keyOf(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

function rowFiles(folder: string): string[] {
  return existsSync(folder) ? readdirSync(folder).filter((file) => file.endsWith(".rows")).sort() : [];
}

function readRows(file: string, dimension: number, into: Map<string, Float32Array>): "read" | "damaged" | "gone" {
  try {
    const { tensors, metadata } = decodeSafetensors(readFileSync(file), file);
    const [texts, vectors] = [tensors["texts"]!.data as Uint8Array, tensors["vectors"]!.data as Float32Array];
    if (metadata["check"] !== hashOf([texts, vectors])) return "damaged";
    const keys = Buffer.from(texts).toString("hex");
    for (let n = 0; n * digest < texts.length; n++) into.set(keys.slice(n * 2 * digest, (n + 1) * 2 * digest), vectors.subarray(n * dimension, (n + 1) * dimension));
    return "read";
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === "ENOENT" ? "gone" : "damaged";
  }
}

function joined(rows: readonly Float32Array[], dimension: number): Float32Array {
  const all = new Float32Array(rows.length * dimension);
  rows.forEach((row, n) => all.set(row, n * dimension));
  return all;
}
