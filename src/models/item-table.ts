/**
 * The item table of a neural model: learnt ID embeddings, text vectors through a learnt linear adapter, or their sum:
 *   id: E;   text: T A + b;   both: E + T A + b.
 * Symbols: V items, D dimensions, F dimensions of the text vectors; E [V, D], T [V, F] (never learnt), A [F, D], b [D].
 */
import * as tf from "@tensorflow/tfjs";
import { ConfigError } from "../core/errors";
import { hashOf } from "../core/hash";
import type { Rng } from "../core/rng";
import { linear } from "../tensor/ops/linear";
import { gatherRows } from "../tensor/ops/rows";
import type { HostTensor } from "../tensor/parameters";

/** What an item is to a model: an embedding of its own, its text vector, or both. */
export type ItemInput = "id" | "text" | "both";

/** One vector an item, by inside id: of its text, or of anything else. */
export interface ItemVectors {
  /** [V, F], V the items seen in training. */
  readonly shape: readonly [number, number];
  readonly data: Float32Array;
}

/** The names that the tables have among a model's weights. */
export const itemNames = { ids: "item", vectors: "vectors", adapter: "adapter/weight", bias: "adapter/bias" } as const;

/**
 * The item table, from a model's weights.
 * @param values the learnt weights and, under `itemNames.vectors`, the text vectors; what is absent is not part of the sum
 * @returns [V, D]
 */
export function itemTable(values: Readonly<Record<string, tf.Tensor>>): tf.Tensor2D {
  const ids = values[itemNames.ids] as tf.Tensor2D | undefined;
  const vectors = values[itemNames.vectors] as tf.Tensor2D | undefined;
  if (vectors === undefined || values[itemNames.adapter] === undefined) return ids!;
  const adapted = linear(vectors, values[itemNames.adapter] as tf.Tensor2D, values[itemNames.bias] as tf.Tensor1D);
  return ids === undefined ? adapted : ids.add(adapted);
}

/**
 * Some rows of the item table, where a step reads no others.
 * @param values as for `itemTable`, but the ID embeddings are the rows of `ids` already (`TrainingTask.rows`)
 * @param ids [N] inside ids
 * @returns [N, D]
 */
export function itemRows(values: Readonly<Record<string, tf.Tensor>>, ids: Int32Array): tf.Tensor2D {
  const vectors = values[itemNames.vectors] as tf.Tensor2D | undefined;
  return itemTable(vectors === undefined ? values : { ...values, [itemNames.vectors]: gatherRows(vectors, ids) });
}

/**
 * The first weights of the table.
 * @param draw the first values of an ID embedding: what the model's paper has
 */
export function initialItems(input: ItemInput, items: number, dimension: number, vectors: ItemVectors | undefined, draw: () => Float32Array, rng: Rng): Record<string, HostTensor> {
  const weights: Record<string, HostTensor> = {};
  if (input !== "text") weights[itemNames.ids] = { shape: [items, dimension], data: draw() };
  if (input === "id") return weights;
  const width = vectors!.shape[1];
  // Glorot's normal initialiser, as LLM2Rec has for its adapter.
  const deviation = Math.sqrt(2 / (width + dimension));
  weights[itemNames.adapter] = { shape: [width, dimension], data: rng.child("adapter").normals(width * dimension).map((value) => deviation * value) };
  weights[itemNames.bias] = { shape: [dimension], data: new Float32Array(dimension) };
  return weights;
}

/** Looks at the vectors that a fit was given. @throws ConfigError when they are missing, of another length, not finite, or not asked for */
export function checkVectors(owner: string, { input, beside }: { readonly input: ItemInput; readonly beside: boolean }, vectors: ItemVectors | undefined, items: number): ItemVectors | undefined {
  if (input === "id" && !beside) {
    if (vectors !== undefined) throw new ConfigError(`Expected no item vectors for ${owner} with input "id", found some; set input to "text" or "both"`);
    return undefined;
  }
  if (vectors === undefined) throw new ConfigError(`Expected item vectors for ${owner} with input "${input}", found none; give fit some, or set input to "id"`);
  const { shape, data } = vectors;
  if (shape[0] !== items || data.length !== shape[0] * shape[1]) {
    throw new ConfigError(`Expected item vectors of shape [${items}, F], one row for each item seen in training, found [${shape.join(", ")}] with ${data.length} numbers`);
  }
  const wrong = data.findIndex((value) => !Number.isFinite(value));
  if (wrong >= 0) throw new ConfigError(`Expected finite item vectors, found ${data[wrong]} in row ${Math.floor(wrong / shape[1])}`);
  return vectors;
}

/** The identity of vectors in checkpoints and passports; "none" without any. */
export function vectorsHash(vectors: ItemVectors | undefined): string {
  return vectors === undefined ? "none" : hashOf({ shape: [...vectors.shape], data: vectors.data });
}
