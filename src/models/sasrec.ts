/**
 * SASRec: self-attentive sequential recommendation (Kang and McAuley, ICDM 2018).
 *   x_l = dropout(E[i_l] + P[l])                                                      (section III-A)
 *   each block:  y = x + dropout(attention(LN(x)));  x = y + dropout(ffn(LN(y)))      (III-B, III-C)
 *   score(j) = LN(x)_l . E_j, the table shared between input and output               (III-D)
 * Symbols: V items, D dimensions, B sessions, L positions, M targets, E item table, P position table.
 * Departs: exact softmax cross-entropy over the catalogue by default; the paper's binary cross-entropy with one
 *   negative a position is `loss: "binary"`: on sparse data it scores half as much.
 * Departs: every position of a window of `maxLength` is a target, as in the paper; a longer session is cut into
 *   windows at another place each epoch, where the released code keeps its last `maxLength` items only.
 * Departs: GELU in the feed-forward layer and an output projection after attention, as in RecBole; the paper has ReLU and none.
 * Departs: sessions are padded on the right and position 0 is the first item; the released code pads on the left.
 */
import * as tf from "@tensorflow/tfjs";
import { resolveOptions, rules } from "../core/options";
import type { Rng } from "../core/rng";
import { padSessions, trainingBatches, type TrainingBatch } from "../data/batches";
import type { Sequences } from "../data/sequences";
import type { TrainSessions } from "../data/types";
import { Adam } from "../tensor/adam";
import { gelu } from "../tensor/ops/activation";
import { causalAttention } from "../tensor/ops/attention";
import { binaryLoss } from "../tensor/ops/binary-loss";
import { dropout } from "../tensor/ops/dropout";
import { layerNorm } from "../tensor/ops/layer-norm";
import { linear } from "../tensor/ops/linear";
import { gatherRows } from "../tensor/ops/rows";
import { softmaxLoss } from "../tensor/ops/softmax-loss";
import type { StepPlan } from "../tensor/memory";
import { ParameterSet, type HostTensor } from "../tensor/parameters";
import type { Optimiser } from "../tensor/optimiser";
import { NeuralRecommender, neuralDefaults, neuralRules, scheduleRules, type Lesson, type Values } from "./neural";
import { initialUser, withUser, type SessionUserKind, type SessionUserSource } from "./session-user";
import { choice, logUniform, type Space } from "./space";
import { dividing, transformerWeights } from "./transformer-weights";

/** SASRec's options; D, blocks, heads and maxLength as in the paper's experiments but for D (50). */
export const sasrecDefaults = {
  ...neuralDefaults,
  /** D. */
  dimension: 64,
  blocks: 2,
  heads: 1,
  /** Width of the feed-forward layer. */
  inner: 64,
  dropout: 0.5,
  /** "softmax": exact, over the catalogue; "binary": the paper's, with sampled negatives. */
  loss: "softmax" as "softmax" | "binary",
  /** Negatives a target of the binary loss. */
  negatives: 1,
  /** "all": every position of a window is a target; "last": expanded prefixes, L times the work. */
  targets: "all" as "all" | "last",
  /** A user embedding of the session's own items beside the state: P1's baseline; absent is none. */
  user: undefined as SessionUserKind,
  /** Where it comes from; absent is "items". */
  userFrom: undefined as SessionUserSource | undefined,
  /** Decoupled weight decay. */
  decay: 0,
  /** The rate is multiplied by `rateDecay` after every `rateEpochs` epochs; absent keeps it. */
  rateDecay: undefined as number | undefined,
  rateEpochs: undefined as number | undefined,
  /** Windows a batch. */
  batch: 32,
  epochs: 200,
  patience: 10,
  metric: "NDCG@10",
  validationCases: 2000,
};

/** Options of `Sasrec`. */
export type SasrecOptions = typeof sasrecDefaults;

/** What a search draws from, around the published settings; the rest stays as published. */
export const sasrecRanges: Space<SasrecOptions> = {
  rate: logUniform(5e-4, 4e-3),
  dropout: choice(0.2, 0.35, 0.5),
  dimension: choice(64, 100),
  blocks: choice(1, 2),
  maxLength: choice(20),
  batch: choice(64, 128),
};

/** Options over the defaults at each budget: on 2 cores "minute" takes about a minute on 100,000 events, "hour" about three. Chosen on validation cases of MovieLens-100K. */
export const sasrecBudgets = { minute: { rate: 2e-3, epochs: 16, patience: 6 }, hour: { epochs: 100, patience: 10 }, paper: {} };

/**
 * The recommender.
 * @example
 * import { initBackend, Rng, Sasrec } from "sessionlab";
 * await initBackend();
 * const items = { ids: ["a", "b", "c"], trained: 3 };
 * const sessions = { offsets: Uint32Array.of(0, 3, 6), item: Int32Array.of(0, 1, 2, 0, 1, 2), items, hash: "demo" };
 * const valid = { role: "valid" as const, items, sessions, session: Int32Array.of(0), end: Int32Array.of(1), target: Int32Array.of(1), hash: "demo" };
 * const model = new Sasrec({ dimension: 8, inner: 8, epochs: 60, patience: 60, dropout: 0, rate: 0.02 });
 * await model.fit({ role: "train", ...sessions }, valid, { rng: new Rng(1) });
 * assert.equal(model.recommend(["a", "b"], { k: 1 })[0]!.item, "c");
 * model.dispose();
 */
export class Sasrec extends NeuralRecommender<SasrecOptions> {
  readonly name = "SASRec";

  constructor(options: Partial<SasrecOptions> = {}) {
    super(resolveOptions("SASRec", sasrecDefaults, options, sasrecChecks(options)));
  }

  /** The model that `save` wrote. @throws DataError when a file is missing or damaged */
  static load(folder: string): Promise<Sasrec> {
    return NeuralRecommender.read(folder, "SASRec", (options) => new Sasrec(options));
  }

  protected initialIds(items: number, rng: Rng): Float32Array {
    return rng.normals(items * this.options.dimension).map((value) => 0.02 * value);
  }

  /** The first weights, for a model built on this one. */
  firstWeights(items: number, rng: Rng, width?: number): Record<string, HostTensor> {
    return this.initialWeights(items, rng, width);
  }

  protected initialWeights(_: number, rng: Rng, width?: number): Record<string, HostTensor> {
    return { ...initialWeights(this.options, rng), ...initialUser(this.options.dimension, this.options, width, rng) };
  }

  protected override get readsVectors(): boolean {
    return this.options.userFrom === "text";
  }

  protected override optimiser(weights: ParameterSet): Optimiser {
    const { rate, decay } = this.options;
    return new Adam(weights, { rate, decay });
  }

  /** A batch holds as many windows as fill `batch` full ones: their places, most of them targets; what a place keeps for its gradients. */
  protected override stepPlan(train: TrainSessions, options: Readonly<SasrecOptions>, width?: number): StepPlan {
    const { batch, maxLength, dimension, inner, heads, blocks, targets } = options;
    const places = Math.min(batch * maxLength, train.item.length);
    const inBlock = 13 * dimension + 3 * inner + 2 * heads * maxLength; // norms, projections, attention's weights and mask, feed-forward, dropout, sums
    const plan = super.stepPlan(train, options, width);
    return { ...plan, loss: { ...plan.loss, targets: targets === "all" ? places : batch }, activations: places * (4 * dimension + blocks * inBlock) };
  }

  protected encode(values: Values, sequences: Sequences): tf.Tensor2D {
    const { input, batch, length, last } = padSessions(sequences, Infinity, this.options.maxLength);
    return gatherRows(hiddenStates(values, input, batch, length, this.options), last); // [B, D]
  }

  /** Mean loss over the batch's targets; only places with a target reach the catalogue. */
  protected override lesson(train: TrainSessions): Lesson<unknown> {
    const windows = { batch: this.options.batch, length: this.options.maxLength, targets: this.options.targets };
    const lesson: Lesson<TrainingBatch> = {
      batches: (rng) => trainingBatches(train, windows, rng),
      loss: (weights, { input, batch, length, places, targets }, rng) => {
        const values = this.withItems(weights);
        const table = values["item"] as tf.Tensor2D;
        const states = hiddenStates(values, input, batch, length, this.options, rng); // [B*L, D]
        const hidden = gatherRows(states, places); // [M, D]
        if (this.options.loss === "softmax") return softmaxLoss(hidden, table, targets);
        const draw = rng.child("negatives");
        const negatives = Int32Array.from({ length: targets.length * this.options.negatives }, () => draw.int(table.shape[0]));
        return binaryLoss(hidden, table, targets, negatives);
      },
    };
    return lesson as Lesson<unknown>;
  }
}

/** The rules of its options. */
export function sasrecChecks({ dimension = sasrecDefaults.dimension }: Partial<SasrecOptions>) {
  const { positiveInteger, notNegative, fraction, oneOf, orAbsent } = rules;
  return {
    ...neuralRules,
    rateDecay: orAbsent(scheduleRules.rateDecay),
    rateEpochs: orAbsent(scheduleRules.rateEpochs),
    blocks: positiveInteger,
    heads: dividing(dimension),
    inner: positiveInteger,
    dropout: fraction,
    loss: oneOf("softmax", "binary"),
    negatives: positiveInteger,
    targets: oneOf("all", "last"),
    decay: notNegative,
    user: oneOf(undefined, "mean", "attention"),
    userFrom: oneOf(undefined, "items", "text"),
  };
}

/** What a model built on this one works into the network. */
export interface Injection {
  /** The vectors that go in, with as many before them as it likes: [B, L, D] -> [B, L' >= L, D]. */
  input?(x: tf.Tensor3D): tf.Tensor3D;
  /** The states that come out. [B, L, D] -> [B, L, D] */
  output?(states: tf.Tensor3D): tf.Tensor3D;
}

/**
 * The network: hidden states after every position.
 * @param input [B * L] inside ids, -1 is padding
 * @param rng where given, dropout is on: only inside `fit`
 * @returns [B * L, D]
 */
export function hiddenStates(values: Values, input: Int32Array, batch: number, length: number, options: SasrecOptions, rng?: Rng, injection: Injection = {}): tf.Tensor2D {
  const { dimension, heads } = options;
  const drop = (x: tf.Tensor2D, name: string): tf.Tensor2D => (rng === undefined ? x : dropout(x, options.dropout, rng.child(name)));
  const dense = (x: tf.Tensor2D, name: string): tf.Tensor2D => linear(x, values[`${name}/weight`] as tf.Tensor2D, values[`${name}/bias`] as tf.Tensor1D);
  const norm = (x: tf.Tensor2D, name: string): tf.Tensor2D => layerNorm(x, values[`${name}/gain`] as tf.Tensor1D, values[`${name}/bias`] as tf.Tensor1D);
  const position = (values["position"] as tf.Tensor2D).slice([0, 0], [length, dimension]); // [L, D]
  const items = gatherRows(values["item"] as tf.Tensor2D, input).reshape([batch, length, dimension]).add(position) as tf.Tensor3D; // [B, L, D]
  const entering = injection.input?.(items) ?? items; // [B, L', D]
  const width = entering.shape[1];
  const sequence = (x: tf.Tensor): tf.Tensor3D => x.reshape([batch, width, dimension]); // [B, L', D]
  const flat = (x: tf.Tensor): tf.Tensor2D => x.reshape([-1, dimension]); // [B*L', D]
  let x = drop(flat(entering), "input");
  for (let b = 0; b < options.blocks; b++) {
    const normal = norm(x, `${b}/attention/norm`);
    const [query, key, value] = ["query", "key", "value"].map((part) => sequence(dense(normal, `${b}/attention/${part}`))) as [tf.Tensor3D, tf.Tensor3D, tf.Tensor3D];
    const attention = rng === undefined ? { heads, dropout: 0 } : { heads, dropout: options.dropout, rng: rng.child(`${b}/weights`) };
    const attended = flat(causalAttention(query, key, value, attention));
    x = x.add(drop(dense(attended, `${b}/attention/output`), `${b}/attention`));
    const inner = gelu(dense(norm(x, `${b}/feed/norm`), `${b}/feed/inner`)); // [B*L, inner]
    x = x.add(drop(dense(inner, `${b}/feed/outer`), `${b}/feed`));
  }
  const states = norm(x, "norm");
  const own = width === length ? states : flat(sequence(states).slice([0, width - length, 0], [batch, length, dimension]));
  const withOwnUser = withUser(own, values, input, batch, length, options);
  return injection.output === undefined ? withOwnUser : flat(injection.output(withOwnUser.reshape([batch, length, dimension])));
}

/** The first weights, but for the items'. */
function initialWeights({ dimension, inner, maxLength, blocks }: SasrecOptions, rng: Rng): Record<string, HostTensor> {
  const { weights, normal, dense, norm } = transformerWeights(rng);
  normal("position", maxLength, dimension);
  for (let b = 0; b < blocks; b++) {
    norm(`${b}/attention/norm`, dimension);
    for (const part of ["query", "key", "value", "output"]) dense(`${b}/attention/${part}`, dimension, dimension);
    norm(`${b}/feed/norm`, dimension);
    dense(`${b}/feed/inner`, dimension, inner);
    dense(`${b}/feed/outer`, inner, dimension);
  }
  norm("norm", dimension);
  return weights;
}
