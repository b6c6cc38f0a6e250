/**
 * Softmax cross-entropy over the catalogue, from hidden states: mean_n -log p_n[t_n],  p_n = softmax(h_n E^T).
 * Symbols: N targets, D dimensions, V items; X = h E^T.
 *   dX = (p - onehot(t)) / N;   dL/dh = dX E;   dL/dE = dX^T h
 * The rows are walked in chunks that stay in the processor's cache, and the gradient is made in the same walk:
 * memory is one chunk of [rows, V], and the loss and its gradient together take half the time of the whole matrix.
 */
import * as tf from "@tensorflow/tfjs";
import { ConfigError } from "../../core/errors";
import { withGradient } from "../gradient";
import { hasKernels, kernel } from "../kernel";
import { product } from "./product";

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
 * @throws ConfigError for another number of targets than hidden states, or one that is no row of the table
 * @example
 * import { initBackend, softmaxLoss, tf } from "sessionlab";
 * await initBackend();
 * const loss = softmaxLoss(tf.zeros([2, 3]), tf.zeros([4, 3]), Int32Array.of(0, 3));
 * assert.ok(Math.abs(loss.dataSync()[0]! - Math.log(4)) < 1e-6);
 */
export function softmaxLoss(hidden: tf.Tensor2D, table: tf.Tensor2D, targets: Int32Array): tf.Scalar {
  if (targets.length !== hidden.shape[0]) throw new ConfigError(`Expected a target for each of ${hidden.shape[0]} hidden states, found ${targets.length}`);
  const wrong = targets.findIndex((target) => target < 0 || target >= table.shape[0]);
  if (wrong >= 0) throw new ConfigError(`Expected targets in [0, ${table.shape[0]}), found ${targets[wrong]} at ${wrong}`);
  return hasKernels() ? softmaxLossKernel(hidden, table, targets) : softmaxLossChunked(hidden, table, targets);
}

function softmaxLossKernel(hidden: tf.Tensor2D, table: tf.Tensor2D, targets: Int32Array): tf.Scalar {
  return withGradient(
    [hidden, table],
    (h, e) => {
      const inputs = [h, e, tf.tensor1d(targets, "int32"), tf.scalar(1 / targets.length)];
      const [loss, pull, push] = kernel("SessionlabCatalogueSoftmax", [], inputs, 3) as [tf.Tensor1D, tf.Tensor2D, tf.Tensor2D];
      return { value: loss.mean() as tf.Scalar, keep: [pull, push] };
    },
    // As the root of a training's gradients dy is 1, and a pass over the table is saved.
    (dy, kept) => (dy.dataSync()[0] === 1 ? kept.map((one) => one.clone()) : kept.map((one) => one.mul(dy))),
  );
}

/** The same by tfjs's operations, for the other backends. */
export function softmaxLossChunked(hidden: tf.Tensor2D, table: tf.Tensor2D, targets: Int32Array): tf.Scalar {
  const [count] = hidden.shape;
  const [items] = table.shape;
  const rows = chunkRows(items);
  return withGradient(
    [hidden, table],
    (h, e) => {
      const losses: tf.Tensor[] = [];
      const pulls: tf.Tensor2D[] = []; // [rows, D] = N dX E
      let push: tf.Tensor2D | undefined; // [D, V] = N h^T dX
      const turned = e.transpose() as tf.Tensor2D; // [D, V]
      for (let from = 0; from < count; from += rows) {
        const size = Math.min(rows, count - from);
        const before = push;
        const [loss, pull, sum] = tf.tidy(() => {
          const part = h.slice([from, 0], [size, -1]);
          const places = tf.stack([tf.range(0, size, 1, "int32"), tf.tensor1d(targets.subarray(from, from + size), "int32")], 1); // [rows, 2]
          const p = tf.tidy(() => tf.softmax(tf.matMul(part, turned))); // [rows, V]
          const picked = tf.gatherND(p, places).maximum(smallest); // [rows]
          const gradient = tf.tensorScatterUpdate(p, places, picked.sub(1)) as tf.Tensor2D; // [rows, V]
          p.dispose();
          const own = product(part, gradient, true, false);
          return [picked.log().sum().neg(), tf.matMul(gradient, e), before === undefined ? own : before.add(own)] as [tf.Tensor, tf.Tensor2D, tf.Tensor2D];
        });
        before?.dispose();
        push = sum;
        losses.push(loss);
        pulls.push(pull);
      }
      const pull = pulls.length === 1 ? pulls[0]! : tf.concat(pulls, 0); // [N, D]
      return { value: tf.addN(losses).div(count) as tf.Scalar, keep: [pull.div(count), push!.transpose().div(count)] };
    },
    (dy, [pull, push]) => [pull!.mul(dy), push!.mul(dy)],
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
