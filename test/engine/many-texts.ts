/** A data set with more texts than a task of their encoding has, and an encoder for them that is small. */
import assert from "node:assert/strict";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { decodeSafetensors } from "../../src/core/safetensors";
import { loadPersonaTexts } from "../../src/papers/persona/data";
import type { TextsExperiment } from "../../src/papers/persona/texts";
import { BertEncoder } from "../../src/text/bert";
import { itemVectors } from "../../src/text/item-vectors";
import { writeTinyBert } from "../text/tiny-bert";

const words = ["emma", "dune", "the", "of", "rings", "lord", "star", "wars"];
/** Titles of different words; two tasks, the second one small. */
export const titles = Array.from({ length: 4500 }, (_, n) => [4096, 512, 64, 8, 1].map((place) => words[Math.floor(n / place) % 8]).join(" "));

/** The settings of their encoding, with the files that they name written into `folder`. */
export function manyTexts(folder: string): TextsExperiment & { readonly cache: string } {
  const [events, items, encoder] = ["events.csv", "items.csv", "encoder"].map((name) => join(folder, name)) as [string, string, string];
  mkdirSync(folder, { recursive: true });
  writeFileSync(events, `user_id,item_id,timestamp\n${titles.map((_, n) => `u${Math.floor(n / 9)},i${n},${1e9 + n}\n`).join("")}`);
  writeFileSync(items, `item_id,title\n${titles.map((title, n) => `i${n},${title}\n`).join("")}`);
  return { source: { name: "many", events, items }, world: { encoder: writeTinyBert(encoder), template: "title" }, cache: join(folder, "cache") };
}

/** The titles' vectors, in the experiment's order. @param kept whether a cache, or a store, has to have them all */
export async function vectorsIn(cache: string, { source: files, world }: TextsExperiment, kept: boolean): Promise<Float32Array> {
  const encoder = await BertEncoder.open(world!.encoder!);
  const source = kept ? (Object.create(encoder, { encode: { value: (texts: readonly string[]) => assert.fail(`${texts.length} texts are not kept`) } }) as BertEncoder) : encoder;
  const texts = await loadPersonaTexts(files, world);
  const items = { ids: texts, trained: texts.length, fields: { title: texts.map((text) => [text]) } };
  const { data } = await itemVectors(items, source, { template: "title", normalise: "none", cache }).finally(() => encoder.dispose());
  return data;
}

/** How many rows the files of a cache hold, one that stands in two of them twice. */
export function rowsIn(cache: string): number {
  const files = readdirSync(cache, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".rows"));
  return files.reduce((sum, name) => sum + decodeSafetensors(readFileSync(join(cache, name))).tensors["texts"]!.shape[0]!, 0);
}
