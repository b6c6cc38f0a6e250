/** The lists that are recommended: the k best items of each case, ties in catalogue order (inside id ascending). */
import * as tf from "@tensorflow/tfjs";
import { ConfigError } from "../core/errors";
import { attribute, hasKernels, isNative, kernel } from "../tensor/kernel";
import type { Scores } from "./scores";

/**
 * The k best items of each case. A tensor is not disposed.
 * @param scores [B, V]
 * @param k at most V
 * @returns [B * k] inside ids, best first
 * @throws ConfigError for a k that is not in 1..V
 * @example
 * import { topItems } from "sessionlab";
 * assert.deepEqual(topItems(Float32Array.of(1, 3, 3, 2), 4, 3), Int32Array.of(1, 2, 3));
 */
export function topItems(scores: Scores, trained: number, k: number): Int32Array {
  if (!(Number.isInteger(k) && k >= 1 && k <= trained)) throw new ConfigError(`Expected k to be a whole number in 1..${trained}, the items that have a score, found ${k}`);
  if (scores instanceof Float32Array) return topInArray(scores, trained, k);
  // Our kernel and TensorFlow's TopKV2 keep the lower index first on ties; tfjs's own makes an object of every score, and errs on infinities.
  if (!isNative()) return topInArray(scores.dataSync<"float32">(), trained, k);
  const best = hasKernels() ? kernel("SessionlabTopItems", [attribute.float("k", k)], [scores])[0]! : tf.tidy(() => tf.topk(scores, k, true).indices);
  const items = best.dataSync<"int32">();
  best.dispose();
  return items;
}

/** One pass with the best so far in order: after the first k items, few scores get past the last of them. */
function topInArray(scores: Float32Array, trained: number, k: number): Int32Array {
  const rows = scores.length / trained;
  const out = new Int32Array(rows * k);
  const best = new Float32Array(k);
  for (let row = 0; row < rows; row++) {
    const items = out.subarray(row * k, (row + 1) * k);
    let held = 0;
    for (let item = 0; item < trained; item++) {
      const score = scores[row * trained + item]!;
      if (held === k && score <= best[k - 1]!) continue;
      let at = held < k ? held++ : k - 1;
      while (at > 0 && best[at - 1]! < score) {
        best[at] = best[at - 1]!;
        items[at] = items[at - 1]!;
        at--;
      }
      best[at] = score;
      items[at] = item;
    }
  }
  return out;
}
