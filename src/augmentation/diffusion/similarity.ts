/**
 * How a sampled vector is held against item vectors: by product (DreamRec), cosine, or distance (the nearest item first).
 * Symbols: B sessions, S samples of each, V items, D dimensions.
 */
import * as tf from "@tensorflow/tfjs";
import { normaliseRows } from "../../tensor/ops/normalise";
import { product } from "../../tensor/ops/product";

/** Their names. */
export const similarities = ["dot", "cosine", "distance"] as const;

/** The name of a similarity. */
export type Similarity = (typeof similarities)[number];

/**
 * Mean similarity of each session's samples to each item; higher is nearer.
 * @param samples [B * S, D], a session's samples one after another
 * @param table [V, D]
 * @returns [B, V]
 */
export function scoresOf(samples: tf.Tensor2D, table: tf.Tensor2D, similarity: Similarity, each = 1): tf.Tensor2D {
  return tf.tidy(() => {
    const compared = similarity === "cosine" ? normaliseRows(samples) : samples;
    const mean = each === 1 ? compared : (compared.reshape([-1, each, table.shape[1]]).mean(1) as tf.Tensor2D); // all three are linear in the sample
    if (similarity === "cosine") return product(mean, normaliseRows(table), false, true);
    const products = product(mean, table, false, true);
    return similarity === "dot" ? products : (products.sub(table.square().sum(1).div(2)) as tf.Tensor2D); // -|x - z|^2 / 2, less what all items share
  });
}
