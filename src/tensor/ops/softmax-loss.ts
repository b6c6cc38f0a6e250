/**
 * Softmax cross-entropy over the catalogue, from hidden states: mean_n -log p_n[t_n],  p_n = softmax(h_n E^T).
 * Symbols: N targets, D dimensions, V items; X = h E^T.
 *   dX = (p - onehot(t)) / N;   dL/dh = dX E;   dL/dE = dX^T h
 * The rows are walked in chunks that stay in the processor's cache, and the gradient is made in the same walk:
 * memory is one chunk of [rows, V], and the loss and its gradient together take half the time of the whole matrix.
 */
import * as tf from "@tensorflow/tfjs";
import { withGradient } from "../gradient";
import { hasKernels, kernel } from "../kernel";

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
      const scale = tf.scalar(1 / count);
      const losses: tf.Tensor[] = [];
      const pulls: tf.Tensor2D[] = []; // [rows, D] = dX E
      let push: tf.Tensor2D | undefined; // [V, D] = dX^T h
      for (let from = 0; from < count; from += rows) {
        const size = Math.min(rows, count - from);
        const before = push;
        const [loss, pull, sum] = tf.tidy(() => {
          const part = h.slice([from, 0], [size, -1]);
          const { loss, gradient } = crossEntropy(tf.matMul(part, e, false, true), targets.subarray(from, from + size), scale); // [rows], [rows, V]
          const own = tf.matMul(gradient, part, true, false);
          return [loss.sum(), tf.matMul(gradient, e), before === undefined ? own : before.add(own)] as [tf.Tensor, tf.Tensor2D, tf.Tensor2D];
        });
        before?.dispose();
        push = sum;
        losses.push(loss);
        pulls.push(pull);
      }
      const pull = pulls.length === 1 ? pulls[0]! : tf.concat(pulls, 0); // [N, D]
      return { value: tf.addN(losses).mul(scale) as tf.Scalar, keep: [pull, push!] };
    },
    (dy, [pull, push]) => [pull!.mul(dy), push!.mul(dy)],
  );
}

/** The loss of each row of logits [rows, V], and `scale` times its gradient. */
function crossEntropy(logits: tf.Tensor2D, targets: Int32Array, scale: tf.Scalar): { readonly loss: tf.Tensor1D; readonly gradient: tf.Tensor2D } {
  if (!hasKernels()) return crossEntropyComposed(logits, targets, scale);
  const [loss, gradient] = kernel("SessionlabCrossEntropy", [], [logits, tf.tensor1d(targets, "int32"), scale], 2) as [tf.Tensor1D, tf.Tensor2D];
  return { loss, gradient };
}

/** The same by tfjs's operations, for the other backends. */
export function crossEntropyComposed(logits: tf.Tensor2D, targets: Int32Array, scale: tf.Scalar): { readonly loss: tf.Tensor1D; readonly gradient: tf.Tensor2D } {
  const p = tf.softmax(logits);
  const places = tf.stack([tf.range(0, targets.length, 1, "int32"), tf.tensor1d(targets, "int32")], 1); // [rows, 2]
  const picked = tf.gatherND(p, places).maximum(smallest); // [rows]
  const gradient = tf.tensorScatterUpdate(p, places, picked.sub(1)).mul(scale);
  return { loss: picked.log().neg() as tf.Tensor1D, gradient: gradient as tf.Tensor2D };
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
