/**
 * The one training loop: epochs of batches, early stop on the validation metric, checkpoints, resume.
 * A resumed run gives the bits of an uninterrupted one: every random number is named by its epoch and step, and a
 * checkpoint holds everything else.
 */
import { setImmediate as nextTurn } from "node:timers/promises";
import * as tf from "@tensorflow/tfjs";
import { AbortError, ConfigError, NumericError } from "../core/errors";
import { meter, type Progress } from "../core/progress";
import type { Rng } from "../core/rng";
import { checkpointFile, readCheckpoint, writeCheckpoint, type Cursor } from "./checkpoint";
import type { Optimiser, RowGradient } from "./optimiser";
import { readRows } from "./parameter-rows";
import type { HostTensor, ParameterSet } from "./parameters";

/** What is trained. */
export interface TrainingTask<Batch> {
  /** For progress and errors: "SASRec". */
  readonly name: string;
  /** Hash of model, options, data and seed: a checkpoint of anything else is refused. */
  readonly identity: string;
  readonly weights: ParameterSet;
  readonly optimiser: Optimiser;
  readonly epochs: number;
  /** Epochs without a better metric before it stops. */
  readonly patience: number;
  /** The batches of an epoch, in order; the same `rng` gives the same batches. */
  batches(rng: Rng): readonly Batch[];
  /**
   * The tables of which a batch needs some rows only, and their ids [N] in [-1, V): the loss is given these rows [N, D]
   * in place of the table, and the step costs what they cost. Needs an optimiser by row (`LazyAdam`).
   */
  rows?(batch: Batch): Readonly<Record<string, Int32Array>>;
  /** What a step hands to the next beside the weights (a hidden state): `loss` reads and assigns it, checkpoints hold it. */
  readonly carried?: ParameterSet;
  /** What the learning rate is multiplied by in an epoch, from 0; 1 if not given. */
  rateScale?(epoch: number): number;
  /** The loss of a batch: mean over its targets. `weights` are the values now. */
  loss(weights: Record<string, tf.Tensor>, batch: Batch, rng: Rng): tf.Scalar;
  /** The validation metric, higher is better; without it, nothing stops the training early and the last weights are kept. */
  validate?(): Promise<number>;
  /** Its name, for history and progress. */
  readonly metric: string;
  /** Further numbers of the epoch, for history and progress; read after `validate`. */
  measures?(): Readonly<Record<string, number>>;
}

/** What a training may be given from outside. */
export interface TrainingContext {
  readonly rng: Rng;
  readonly signal?: AbortSignal;
  readonly progress?: Progress;
  /** Folder of the checkpoint: resumed from if one is there. */
  readonly checkpoint?: string;
  /** Seconds between checkpoints. How often never changes a bit of the result. */
  readonly checkpointSeconds?: number;
  /**
   * Epochs after which it stops for now: it writes a checkpoint and leaves the best weights so far; the same training
   * with a larger number goes on from there. Where it stops never changes a bit of what comes.
   */
  readonly until?: number;
}

/** What a training did. The weights are left at those of `bestEpoch`. */
export interface TrainingReport {
  readonly epochs: number;
  readonly bestEpoch: number;
  readonly history: readonly Readonly<Record<string, number>>[];
  /** Seconds of this run, without what an earlier, interrupted run took. */
  readonly seconds: number;
}

/**
 * Trains until the metric stops rising, or for `epochs`, and leaves the best weights in place.
 * @throws NumericError when a loss is not finite, with the last good checkpoint; AbortError when the signal fires,
 * after writing a checkpoint if there is a folder; ConfigError when the folder holds another training's checkpoint
 * @example
 * import { Adam, initBackend, ParameterSet, Rng, tf, train } from "sessionlab";
 * await initBackend();
 * const weights = new ParameterSet({ w: { shape: [1], data: Float32Array.of(0) } });
 * const optimiser = new Adam(weights, { rate: 0.1 });
 * const { bestEpoch } = await train(
 *   {
 *     name: "to three", identity: "demo", weights, optimiser, epochs: 80, patience: 80, metric: "closeness",
 *     batches: () => [3],
 *     loss: (values, target: number) => values["w"]!.sub(target).square().sum().asScalar(),
 *     validate: async () => -Math.abs(weights.toHost()["w"]!.data[0]! - 3),
 *   },
 *   { rng: new Rng(1) },
 * );
 * assert.ok(bestEpoch > 20 && Math.abs(weights.toHost()["w"]!.data[0]! - 3) < 0.1);
 * optimiser.dispose();
 * weights.dispose();
 */
export async function train<Batch>(task: TrainingTask<Batch>, context: TrainingContext): Promise<TrainingReport> {
  const started = performance.now();
  const { weights, optimiser } = task;
  const folder = context.checkpoint;
  let cursor: Cursor = { epoch: 0, step: 0, lossSum: 0, history: [], bestEpoch: 0, done: false };
  let best: Readonly<Record<string, HostTensor>> | undefined;
  const found = folder === undefined ? undefined : readCheckpoint(folder, task.identity);
  if (found !== undefined) {
    ({ cursor, best } = found);
    weights.fromHost(found.weights);
    task.carried?.fromHost(found.carried);
    optimiser.restore(found.optimiser);
  }
  let written = performance.now();
  let good = found !== undefined;
  const save = (): void => {
    if (folder === undefined) return;
    const values = weights.toHost();
    if (Object.values(values).some(({ data }) => !data.every(Number.isFinite))) return; // the next loss will say so
    writeCheckpoint(folder, task.identity, { cursor, weights: values, carried: task.carried?.toHost() ?? {}, best, optimiser: optimiser.state() });
    written = performance.now();
    good = true;
  };
  const report = meter(context.progress, `train ${task.name}`, "epoch", task.epochs);

  const until = context.until ?? Infinity;
  while (!cursor.done && cursor.epoch < until) {
    const epochRng = context.rng.child(`epoch ${cursor.epoch}`);
    const batches = task.batches(epochRng.child("batches"));
    while (cursor.step < batches.length) {
      if (context.signal?.aborted === true) {
        save();
        throw new AbortError(`Training ${task.name}`, folder === undefined ? undefined : checkpointFile(folder));
      }
      const loss = trainStep(task, batches[cursor.step]!, epochRng.child(`step ${cursor.step}`), task.rateScale?.(cursor.epoch));
      if (!Number.isFinite(loss)) {
        const at = { epoch: cursor.epoch + 1, step: cursor.step + 1, checkpoint: folder !== undefined && good ? checkpointFile(folder) : undefined };
        throw new NumericError(`Expected a finite loss of ${task.name}, found ${loss}; lower the learning rate`, at);
      }
      cursor = { ...cursor, step: cursor.step + 1, lossSum: cursor.lossSum + loss };
      report(cursor.epoch + cursor.step / batches.length, { loss });
      if (performance.now() - written > 1000 * (context.checkpointSeconds ?? 20)) save();
      await nextTurn(); // lets signals and timers in
    }
    const metric = await task.validate?.();
    const epoch = cursor.epoch + 1;
    const loss = cursor.lossSum / Math.max(1, batches.length);
    const measured = { loss, ...(metric === undefined ? {} : { [task.metric]: metric }), ...task.measures?.() };
    const better = metric === undefined || cursor.bestEpoch === 0 || metric > cursor.history[cursor.bestEpoch - 1]![task.metric]!;
    const bestEpoch = better ? epoch : cursor.bestEpoch;
    if (better) best = weights.toHost();
    const done = epoch >= task.epochs || epoch - bestEpoch >= task.patience;
    cursor = { epoch, step: 0, lossSum: 0, history: [...cursor.history, { epoch, ...measured }], bestEpoch, done };
    report(epoch, measured);
    if (done || epoch >= until || performance.now() - written > 1000 * (context.checkpointSeconds ?? 20)) save();
  }
  if (best !== undefined) weights.fromHost(best);
  return { epochs: cursor.epoch, bestEpoch: cursor.bestEpoch, history: cursor.history, seconds: (performance.now() - started) / 1000 };
}

/**
 * One step; the weights do not change when the loss is not finite.
 * @param rateScale what the learning rate is multiplied by
 * @returns the loss before the step
 * @throws ConfigError when the task names rows and its optimiser takes whole gradients only
 */
export function trainStep<Batch>(task: Pick<TrainingTask<Batch>, "weights" | "optimiser" | "loss" | "rows">, batch: Batch, rng: Rng, rateScale = 1): number {
  const names = task.weights.names;
  const rows = task.rows?.(batch) ?? {};
  const whole = Object.keys(rows).find(() => task.optimiser.byRow !== true);
  if (whole !== undefined) throw new ConfigError(`Expected an optimiser by row for the rows of "${whole}", found one of whole gradients; use LazyAdam`);
  // The values read for the forward pass die with the tidy: a live read would make the update copy the weights.
  const { value, grads } = tf.tidy(() => {
    const values = names.map((name) => {
      const [one, ids] = [task.weights.byName.get(name)!, rows[name]];
      return ids === undefined ? one.read() : readRows(one, ids);
    });
    const loss = (...xs: tf.Tensor[]): tf.Scalar => task.loss(Object.fromEntries(names.map((name, i) => [name, xs[i]!])), batch, rng);
    return tf.valueAndGrads(loss)(values);
  });
  const loss = value.dataSync()[0]!;
  const gradientOf = (name: string, gradient: tf.Tensor): tf.Tensor | RowGradient => {
    const ids = rows[name];
    return ids === undefined ? gradient : { ids, values: gradient as tf.Tensor2D };
  };
  if (Number.isFinite(loss)) task.optimiser.apply(Object.fromEntries(names.map((name, i) => [name, gradientOf(name, grads[i]!)])), rateScale);
  tf.dispose([value, grads]);
  return loss;
}
