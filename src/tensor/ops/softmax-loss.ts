/**
 * Softmax cross-entropy over the catalogue, from hidden states: mean_n -log p_n[t_n],  p_n = softmax(h_n E^T).
 * Symbols: N targets, D dimensions, V items.
 *   dL/dh_n = (p_n E - E[t_n]) / N;   dL/dE = (p^T h - sum_n onehot(t_n) h_n) / N
 * The rows are walked in chunks that stay in the processor's cache, and the gradient is made in the same walk:
 * memory is one chunk of [rows, V], and the loss and its gradient together take half the time of the whole matrix.
 */
import * as tf from "@tensorflow/tfjs";
import { withGradient } from "../gradient";
import { gatherRows, scatterRows } from "./rows";

/** Logits held at a time: 5 MB. The fastest of 0.2 to 2.6 million on a 2-core CPU. */
const chunkSize = 1.3e6;
/** Below this a target's probability counts as this: a loss of 69 nats, with the gradient that it has. */
const smallest = 1e-30;

/**
 * The exact softmax loss. Gradients reach both the hidden states and the table.
 * @param hidden [N, D]
 * @param table [V, D]
 * @param targets [N] inside ids in [0, V)
 * @returns scalar, nats per target
 * @example
 * import { initBackend, softmaxLoss, tf } from "sessionlab";
 * await initBackend();
 * const loss = softmaxLoss(tf.zeros([2, 3]), tf.zeros([4, 3]), Int32Array.of(0, 3));
 * assert.ok(Math.abs(loss.dataSync()[0]! - Math.log(4)) < 1e-6);
 */
export function softmaxLoss(hidden: tf.Tensor2D, table: tf.Tensor2D, targets: Int32Array): tf.Scalar {
  const [count] = hidden.shape;
  const [items] = table.shape;
  const rows = chunkRows(items);
  return withGradient(
    [hidden, table],
    (h, e) => {
      const chunks: { readonly loss: tf.Tensor; readonly pull: tf.Tensor2D }[] = []; // [], [rows, D] = p E
      let push = tf.zerosLike(e); // [V, D] = p^T h
      for (let from = 0; from < count; from += rows) {
        const size = Math.min(rows, count - from);
        const before = push;
        const [loss, pull, sum] = tf.tidy(() => {
          const part = h.slice([from, 0], [size, -1]);
          const p = tf.softmax(tf.matMul(part, e, false, true)); // [rows, V]
          const places = tf.stack([tf.range(0, size, 1, "int32"), tf.tensor1d(targets.subarray(from, from + size), "int32")], 1);
          const picked = tf.gatherND(p, places).maximum(smallest); // [rows]
          return [picked.log().sum().neg(), tf.matMul(p, e), before.add(tf.matMul(p, part, true, false))] as [tf.Tensor, tf.Tensor2D, tf.Tensor2D];
        });
        before.dispose();
        push = sum;
        chunks.push({ loss, pull });
      }
      const pulls = chunks.map(({ pull }) => pull);
      const pull = pulls.length === 1 ? pulls[0]! : tf.concat(pulls, 0); // [N, D]
      const hiddenGradient = pull.sub(gatherRows(e, targets)).div(count);
      const tableGradient = push.sub(scatterRows(h, tf.tensor1d(targets, "int32"), items)).div(count);
      const loss = tf.addN(chunks.map((chunk) => chunk.loss)).div(count) as tf.Scalar;
      return { value: loss, keep: [hiddenGradient, tableGradient] };
    },
    (dy, [hiddenGradient, tableGradient]) => [hiddenGradient!.mul(dy), tableGradient!.mul(dy)],
  );
}

/** Rows of logits that are held at a time. */
export function chunkRows(items: number): number {
  return Math.max(32, Math.floor(chunkSize / items));
}

/** The plain twin: the whole matrix of logits, automatic gradients. */
export function softmaxLossPortable(hidden: tf.Tensor2D, table: tf.Tensor2D, targets: Int32Array): tf.Scalar {
  const logProbabilities = tf.logSoftmax(tf.matMul(hidden, table, false, true));
  const onehot = tf.oneHot(tf.tensor1d(targets, "int32"), table.shape[0]);
  return logProbabilities.mul(onehot).sum(1).mean().neg() as tf.Scalar;
}
