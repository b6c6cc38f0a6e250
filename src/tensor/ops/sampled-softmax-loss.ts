/**
 * Sampled softmax: cross-entropy of each target against negatives that the whole batch shares (Bengio and Senecal, 2008).
 *   mean_n -log( exp(s_n) / (exp(s_n) + sum_j exp(h_n e_j - logQ_j)) ),  s_n = h_n e_t(n),  over the negatives j that are not t(n).
 * logQ_j is the log of how often j is expected among the negatives; with it the sum is an unbiased estimate of the
 * catalogue's, without it frequently drawn items are held down too much.
 * Symbols: N targets, K negatives, D dimensions, V items, M candidates (K, and N more where the batch's targets serve too).
 * The rows are walked in chunks as in softmaxLoss, with the gradient made in the same walk.
 */
import * as tf from "@tensorflow/tfjs";
import { ConfigError } from "../../core/errors";
import { withGradient } from "../gradient";
import { gatherRows } from "./rows";
import { product } from "./product";
import { chunkRows } from "./softmax-loss";

/** Below this a target's probability counts as this. */
const smallest = 1e-30;
/** The logit of a candidate that is the target itself: its probability is 0. */
const hidden = -1e9;

/** How the negatives were come by. */
export interface SampledSoftmaxOptions {
  /** [K] log of each negative's expected count in the sample (`NegativeSampler.logQ`); none: the logits are taken as they are. */
  readonly logQ?: Float32Array;
  /** The batch's other targets are negatives too. */
  readonly inBatch?: boolean;
  /** [N] the same of each target as a negative of the others; needed with both `inBatch` and `logQ`. */
  readonly targetLogQ?: Float32Array;
  /** Subtracts `targetLogQ` from the target's own logit too, as GRU4Rec and TensorFlow do; the sum is then no longer unbiased. */
  readonly correctTarget?: boolean;
}

/**
 * The sampled softmax loss. Gradients reach the hidden states and, of the table, only the rows of targets and negatives.
 * @param hiddenStates [N, D]
 * @param table [V, D]
 * @param targets [N] inside ids in [0, V)
 * @param negatives [K] inside ids in [0, V), repeats allowed; one that is a target is no negative of that target
 * @returns scalar, nats per target
 * @throws ConfigError when there is nothing to compare with, or a correction is missing, of another length or not finite
 * @example
 * import { initBackend, sampledSoftmaxLoss, tf } from "sessionlab";
 * await initBackend();
 * const loss = sampledSoftmaxLoss(tf.zeros([1, 3]), tf.zeros([4, 3]), Int32Array.of(0), Int32Array.of(2, 0)); // the target among the negatives does not count
 * assert.ok(Math.abs(loss.dataSync()[0]! - Math.log(2)) < 1e-6);
 */
export function sampledSoftmaxLoss(
  hiddenStates: tf.Tensor2D,
  table: tf.Tensor2D,
  targets: Int32Array,
  negatives: Int32Array,
  options: SampledSoftmaxOptions = {},
): tf.Scalar {
  return sampledSoftmaxRows(hiddenStates, gatherRows(table, sampledIds(targets, negatives)), targets, negatives, options);
}

/**
 * The ids whose rows a sampled loss reads: the targets, then the negatives.
 * @returns [N + K]
 * @example
 * import { sampledIds } from "sessionlab";
 * assert.deepEqual(sampledIds(Int32Array.of(3), Int32Array.of(1, 1)), Int32Array.of(3, 1, 1));
 */
export function sampledIds(targets: Int32Array, negatives: Int32Array): Int32Array {
  const ids = new Int32Array(targets.length + negatives.length);
  ids.set(targets);
  ids.set(negatives, targets.length);
  return ids;
}

/**
 * The same loss from rows that were looked up before: nothing in it, and nothing in its gradient, grows with the catalogue.
 * @param hiddenStates [N, D]
 * @param rows [N + K, D] the table's rows of `sampledIds(targets, negatives)`
 * @returns scalar, nats per target
 * @throws ConfigError as `sampledSoftmaxLoss` does
 * @example
 * import { initBackend, sampledSoftmaxRows, tf } from "sessionlab";
 * await initBackend();
 * const rows = tf.tensor2d([[1], [-1]]); // of target 7 and negative 2
 * const loss = sampledSoftmaxRows(tf.ones([1, 1]), rows, Int32Array.of(7), Int32Array.of(2)).dataSync()[0]!;
 * assert.ok(Math.abs(loss - Math.log(1 + Math.exp(-2))) < 1e-6);
 */
export function sampledSoftmaxRows(
  hiddenStates: tf.Tensor2D,
  rows: tf.Tensor2D,
  targets: Int32Array,
  negatives: Int32Array,
  options: SampledSoftmaxOptions = {},
): tf.Scalar {
  const { candidates, correction, own } = prepare(targets, negatives, options);
  const [count, width] = hiddenStates.shape;
  const first = options.inBatch === true ? 0 : count; // the candidates are the last rows, or all of them
  const chunk = chunkRows(candidates.length);
  const known = new Set(candidates);
  const hits = targets.some((target) => known.has(target));
  return withGradient(
    [hiddenStates, rows],
    (h, e) => {
      // One product makes all logits: [h s 1] with [0 1 0] for the target's own, and with [e 0 -logQ] for each candidate.
      const others = e.slice([first, 0], [-1, -1]); // [M, D]
      const shift = tf.tensor2d(correction.map((value) => -value), [candidates.length, 1]);
      const sides = tf.concat([tf.tensor2d([[1, 0]]), tf.concat([tf.zerosLike(shift), shift], 1)], 0); // [1 + M, 2]
      const wide = tf.concat([others.pad([[1, 0], [0, 0]]), sides], 1) as tf.Tensor2D; // [1 + M, D + 2]
      const ids = tf.tensor1d(sampledIds(Int32Array.of(-1), candidates), "int32"); // [1 + M]
      const losses: tf.Tensor[] = [];
      const pulls: tf.Tensor2D[] = []; // [size, D]: of the hidden states
      const pushes: tf.Tensor2D[] = []; // [size, D]: of the targets' rows
      let push = tf.zeros([ids.size, width]); // [1 + M, D]
      for (let from = 0; from < count; from += chunk) {
        const size = Math.min(chunk, count - from);
        const before = push;
        const [loss, pull, positive, sum] = tf.tidy(() => {
          const part = h.slice([from, 0], [size, -1]);
          const target = e.slice([from, 0], [size, -1]);
          const wanted = part.mul(target).sum(1, true).sub(tf.tensor2d(own.subarray(from, from + size), [size, 1])); // [size, 1]
          const plain = product(tf.concat([part, wanted, tf.onesLike(wanted)], 1) as tf.Tensor2D, wide, false, true); // [size, 1 + M]
          const places = tf.tensor2d(targets.subarray(from, from + size), [size, 1], "int32");
          const all = tf.softmax(hits ? tf.where(tf.equal(places, ids), hidden, plain) : plain) as tf.Tensor2D;
          const p = all.slice([0, 0], [size, 1]);
          const missing = p.sub(1); // [size, 1]
          return [
            p.maximum(smallest).log().sum().neg(),
            tf.matMul(all, wide).slice([0, 0], [size, width]).add(target.mul(missing)),
            part.mul(missing),
            before.add(product(all, part, true, false)),
          ] as [tf.Tensor, tf.Tensor2D, tf.Tensor2D, tf.Tensor2D];
        });
        before.dispose();
        push = sum as typeof push;
        losses.push(loss);
        pulls.push(pull);
        pushes.push(positive);
      }
      const pushed = push.slice([1, 0], [-1, -1]); // [M, D]
      const positive = tf.concat(pushes, 0) as tf.Tensor2D; // [N, D]
      const rowGradient = first === 0 ? pushed.add(positive.pad([[0, negatives.length], [0, 0]])) : tf.concat([positive, pushed], 0);
      return { value: tf.addN(losses).div(count) as tf.Scalar, keep: [tf.concat(pulls, 0).div(count), rowGradient.div(count)] };
    },
    (dy, [hiddenGradient, rowGradient]) => [hiddenGradient!.mul(dy), rowGradient!.mul(dy)],
  );
}

/** The plain twin: the whole matrix of logits, automatic gradients. */
export function sampledSoftmaxRowsPortable(
  hiddenStates: tf.Tensor2D,
  rows: tf.Tensor2D,
  targets: Int32Array,
  negatives: Int32Array,
  options: SampledSoftmaxOptions = {},
): tf.Scalar {
  const { candidates, correction, own } = prepare(targets, negatives, options);
  const [count] = hiddenStates.shape;
  const others = rows.slice([options.inBatch === true ? 0 : count, 0], [-1, -1]);
  const wanted = hiddenStates.mul(rows.slice([0, 0], [count, -1])).sum(1, true).sub(tf.tensor2d(own, [count, 1]));
  const mask = tf.equal(tf.tensor2d(targets, [count, 1], "int32"), tf.tensor1d(candidates, "int32")).toFloat().mul(hidden);
  const logits = tf.concat([wanted, tf.matMul(hiddenStates, others, false, true).sub(correction).add(mask)], 1);
  return tf.logSoftmax(logits).slice([0, 0], [count, 1]).mean().neg() as tf.Scalar;
}

interface Prepared {
  /** [M] */
  readonly candidates: Int32Array;
  /** [M] subtracted from the candidates' logits. */
  readonly correction: Float32Array;
  /** [N] subtracted from the targets' own. */
  readonly own: Float32Array;
}

function prepare(targets: Int32Array, negatives: Int32Array, { logQ, inBatch, targetLogQ, correctTarget }: SampledSoftmaxOptions): Prepared {
  const candidates = inBatch === true ? sampledIds(targets, negatives) : negatives;
  if (candidates.length === 0) throw new ConfigError("Expected negatives, found none; give some or set inBatch");
  const needsTargets = correctTarget === true || (inBatch === true && logQ !== undefined);
  if (needsTargets && targetLogQ === undefined) throw new ConfigError("Expected targetLogQ beside logQ, found none; inBatch and correctTarget need it");
  check("logQ", logQ, negatives.length);
  check("targetLogQ", targetLogQ, targets.length);
  const correction = new Float32Array(candidates.length);
  if (inBatch === true && targetLogQ !== undefined) correction.set(targetLogQ);
  if (logQ !== undefined) correction.set(logQ, candidates.length - negatives.length);
  return { candidates, correction, own: correctTarget === true ? targetLogQ! : new Float32Array(targets.length) };
}

function check(name: string, values: Float32Array | undefined, length: number): void {
  if (values === undefined) return;
  if (values.length !== length) throw new ConfigError(`Expected ${name} of length ${length}, found ${values.length}; it goes with the ids, one by one`);
  const wrong = values.findIndex((value) => !Number.isFinite(value));
  if (wrong >= 0) throw new ConfigError(`Expected a finite ${name}, found ${values[wrong]} at ${wrong}; an item that is never drawn has no correction`);
}
