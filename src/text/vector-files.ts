/** Tables of vectors as safetensors: "vectors" [V_all, D] with the card and the items' ids in the metadata; other tools open them. */
import { readFileSync } from "node:fs";
import { DataError } from "../core/errors";
import { writeFileAtomic } from "../core/files";
import { decodeSafetensors, encodeSafetensors } from "../core/safetensors";
import type { RecipeCard, TextVectors } from "./item-vectors";

/**
 * Writes a table whole.
 * @param ids [V_all] outside ids of its rows
 * @throws DataError for another count of ids, or a full disk
 * @example
 * import { writeVectors, type TextVectors } from "sessionlab";
 * const table = { shape: [1, 1], data: Float32Array.of(1), card: {} } as unknown as TextVectors;
 * assert.throws(() => writeVectors("/tmp/never.safetensors", table, ["a", "b"]), /Expected 1 ids, one a row, found 2/);
 */
export function writeVectors(path: string, { data, shape, card }: TextVectors, ids: readonly string[]): void {
  if (ids.length !== shape[0]) throw new DataError(`Expected ${shape[0]} ids, one a row, found ${ids.length}`, { file: path });
  writeFileAtomic(path, encodeSafetensors({ vectors: { dtype: "F32", shape: [...shape], data } }, { ids: JSON.stringify(ids), card: JSON.stringify(card) }));
}

/**
 * Reads a table that `writeVectors` wrote.
 * @throws DataError naming the file if it is damaged, or another kind of file
 * @example
 * import { mkdtempSync } from "node:fs";
 * import { itemVectors, readVectors, writeVectors, type Encoder } from "sessionlab";
 * const folder = mkdtempSync("/tmp/text-");
 * const lengths: Encoder = { id: "lengths", revision: "1", dimension: 1, recipe: {}, encode: async (texts) => Float32Array.from(texts, (text) => text.length), dispose: () => undefined };
 * const items = { ids: ["a"], trained: 1, fields: { title: [["Emma"]] } };
 * const vectors = await itemVectors(items, lengths, { template: "title", normalise: "none", cache: folder });
 * writeVectors(`${folder}/titles.safetensors`, vectors, items.ids);
 * assert.deepEqual(readVectors(`${folder}/titles.safetensors`), { ...vectors, ids: ["a"] });
 */
export function readVectors(path: string): TextVectors & { readonly ids: readonly string[] } {
  const { tensors, metadata } = decodeSafetensors(readFileSync(path), path);
  const vectors = tensors["vectors"];
  if (vectors?.dtype !== "F32" || vectors.shape.length !== 2 || metadata["card"] === undefined || metadata["ids"] === undefined) {
    throw new DataError("Expected a table of vectors with its card, found another file; write it with writeVectors", { file: path });
  }
  return { shape: [vectors.shape[0]!, vectors.shape[1]!], data: vectors.data as Float32Array, card: JSON.parse(metadata["card"]) as RecipeCard, ids: JSON.parse(metadata["ids"]) as string[] };
}
