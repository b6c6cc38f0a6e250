/**
 * BERT4Rec: sequential recommendation with bidirectional encoder representations from transformers (Sun et al., CIKM 2019).
 *   x = dropout(LN(E[i] + P));  each block:  y = LN(x + dropout(attention(x)));  x = LN(y + dropout(ffn(y)))      (Eq. 1 to 6)
 *   score(j) = LN(gelu(x W + b)) . E_j, the table shared between input and output                               (Eq. 7)
 * trained as a cloze: hidden items are guessed from both sides; a session is scored at a hidden item after its last.
 * Symbols: V items, D dimensions, B sessions, L positions, M targets.
 * Departs: no bias per item in the output.
 * Departs: a share of the windows hides its last item alone (RecBole's ft_ratio); the paper adds such windows to each epoch.
 * Departs: a hidden item is always the hidden vector, never itself or another item; so it is in the released code.
 */
import * as tf from "@tensorflow/tfjs";
import { resolveOptions, rules } from "../core/options";
import type { Rng } from "../core/rng";
import { clozeBatches, type ClozeBatch } from "../data/cloze";
import type { Sequences } from "../data/sequences";
import { NONE, type TrainSessions } from "../data/types";
import { gelu } from "../tensor/ops/activation";
import { sessionAttention } from "../tensor/ops/attention";
import { dropout } from "../tensor/ops/dropout";
import { layerNorm } from "../tensor/ops/layer-norm";
import { linear } from "../tensor/ops/linear";
import { gatherRows } from "../tensor/ops/rows";
import { softmaxLoss } from "../tensor/ops/softmax-loss";
import type { StepPlan } from "../tensor/memory";
import type { HostTensor } from "../tensor/parameters";
import { NeuralRecommender, neuralDefaults, neuralRules, type Lesson, type Values } from "./neural";
import { dividing, transformerWeights } from "./transformer-weights";

/** BERT4Rec's options; blocks, heads, dimension and dropout as in the paper. */
export const bert4RecDefaults = {
  ...neuralDefaults,
  dimension: 64,
  blocks: 2,
  heads: 2,
  /** Width of the feed-forward layer. */
  inner: 256,
  dropout: 0.2,
  /** Share of a window's items that are hidden. */
  mask: 0.2,
  /** Share of the windows that hide their last item alone. */
  lastShare: 0.5,
  /** Windows a batch. */
  batch: 256,
};

/** Options of `Bert4Rec`. */
export type Bert4RecOptions = typeof bert4RecDefaults;

/** Options over the defaults at each budget. */
export const bert4RecBudgets = { minute: { epochs: 10, patience: 4 }, hour: { epochs: 60, patience: 8 }, paper: { epochs: 200, patience: 10 } };

/** The places of a batch, as the network takes them. */
export type ClozeInput = Pick<ClozeBatch, "input" | "batch" | "length" | "lengths">;

/**
 * The recommender.
 * @example
 * import { Bert4Rec, initBackend, Rng } from "sessionlab";
 * await initBackend();
 * const items = { ids: ["a", "b", "c"], trained: 3 };
 * const sessions = { offsets: Uint32Array.of(0, 3, 6), item: Int32Array.of(0, 1, 2, 0, 1, 2), items, hash: "demo" };
 * const valid = { role: "valid" as const, items, sessions, session: Int32Array.of(0), end: Int32Array.of(2), target: Int32Array.of(2), hash: "demo" };
 * const model = new Bert4Rec({ dimension: 8, inner: 8, dropout: 0, epochs: 60, patience: 60, rate: 0.02 });
 * await model.fit({ role: "train", ...sessions }, valid, { rng: new Rng(1) });
 * assert.equal(model.recommend(["a", "b"], { k: 1 })[0]!.item, "c");
 * model.dispose();
 */
export class Bert4Rec extends NeuralRecommender<Bert4RecOptions> {
  readonly name = "BERT4Rec";

  constructor(options: Partial<Bert4RecOptions> = {}) {
    const { positiveInteger, fraction } = rules;
    super(
      resolveOptions("BERT4Rec", bert4RecDefaults, options, {
        ...neuralRules,
        ...{ blocks: positiveInteger, heads: dividing(options.dimension ?? bert4RecDefaults.dimension), inner: positiveInteger },
        ...{ dropout: fraction, mask: fraction, lastShare: (value: unknown) => (typeof value === "number" && value >= 0 && value <= 1 ? undefined : "a number in [0, 1]") },
        maxLength: (value) => (Number.isInteger(value) && (value as number) > 1 ? undefined : "an integer of 2 or more: the last position is the hidden one"),
      }),
    );
  }

  /** The model that `save` wrote. @throws DataError when a file is missing or damaged */
  static load(folder: string): Promise<Bert4Rec> {
    return NeuralRecommender.read(folder, "BERT4Rec", (options) => new Bert4Rec(options));
  }

  protected initialIds(items: number, rng: Rng): Float32Array {
    return rng.normals(items * this.options.dimension).map((value) => 0.02 * value);
  }

  protected initialWeights(_: number, rng: Rng): Record<string, HostTensor> {
    return initialWeights(this.options, rng);
  }

  protected override stepPlan(train: TrainSessions, options: Readonly<Bert4RecOptions>, width?: number): StepPlan {
    const { batch, maxLength, dimension, inner, heads, blocks, mask } = options;
    const plan = super.stepPlan(train, options, width);
    const positions = Math.min(batch * maxLength, train.item.length);
    const block = positions * (14 * dimension + 2 * inner + 3 * heads * maxLength); // parts of attention with its weights; the feed-forward layer
    return { ...plan, loss: { ...plan.loss, targets: Math.ceil(Math.max(batch, mask * positions)) }, activations: 4 * positions * dimension + blocks * block };
  }

  protected encode(values: Values, { offsets, item }: Sequences): tf.Tensor2D {
    const { maxLength } = this.options;
    const count = offsets.length - 1;
    const lengths = Int32Array.from({ length: count }, (_, b) => Math.min(offsets[b + 1]! - offsets[b]!, maxLength - 1) + 1); // one for the hidden item
    const length = lengths.reduce((most, one) => Math.max(most, one), 2);
    const input = new Int32Array(count * length).fill(NONE);
    lengths.forEach((size, b) => input.set(item.subarray(offsets[b + 1]! - size + 1, offsets[b + 1]!), b * length));
    const places = lengths.map((size, b) => b * length + size - 1);
    return bert4RecVectors(values, { input, batch: count, length, lengths }, places, this.options);
  }

  protected override lesson(train: TrainSessions): Lesson<unknown> {
    const lesson: Lesson<ClozeBatch> = {
      batches: (rng) => clozeBatches(train, this.options, rng),
      loss: (weights, batch, rng) => {
        const values = this.withItems(weights);
        return softmaxLoss(bert4RecVectors(values, batch, batch.places, this.options, rng), this.outputTable(values), batch.targets);
      },
    };
    return lesson as Lesson<unknown>;
  }
}

/**
 * The network: the vectors of some places.
 * @param places [M] in the input (b * L + l)
 * @param rng where given, dropout is on: only inside `fit`
 * @returns [M, D]
 */
export function bert4RecVectors(values: Values, { input, batch, length, lengths }: ClozeInput, places: Int32Array, options: Pick<Bert4RecOptions, "dimension" | "blocks" | "heads" | "dropout">, rng?: Rng): tf.Tensor2D {
  const { dimension, heads } = options;
  const drop = (x: tf.Tensor2D, name: string): tf.Tensor2D => (rng === undefined ? x : dropout(x, options.dropout, rng.child(name)));
  const dense = (x: tf.Tensor2D, name: string): tf.Tensor2D => linear(x, values[`${name}/weight`] as tf.Tensor2D, values[`${name}/bias`] as tf.Tensor1D);
  const norm = (x: tf.Tensor2D, name: string): tf.Tensor2D => layerNorm(x, values[`${name}/gain`] as tf.Tensor1D, values[`${name}/bias`] as tf.Tensor1D);
  const sequence = (x: tf.Tensor): tf.Tensor3D => x.reshape([batch, length, dimension]); // [B, L, D]
  const flat = (x: tf.Tensor): tf.Tensor2D => x.reshape([batch * length, dimension]); // [B*L, D]

  const position = (values["position"] as tf.Tensor2D).slice([0, 0], [length, dimension]); // [L, D]
  // What is not an item is hidden, or padding, which no attention sees.
  const hidden = tf.tensor2d(Float32Array.from(input, (id) => (id < 0 ? 1 : 0)), [input.length, 1]).mul(values["hidden"]!); // [B*L, D]
  const items = gatherRows(values["item"] as tf.Tensor2D, input).add(hidden);
  let x = drop(norm(flat(sequence(items).add(position)), "input/norm"), "input");
  for (let b = 0; b < options.blocks; b++) {
    const [query, key, value] = ["query", "key", "value"].map((part) => sequence(dense(x, `${b}/attention/${part}`))) as [tf.Tensor3D, tf.Tensor3D, tf.Tensor3D];
    const attention = rng === undefined ? { heads, dropout: 0 } : { heads, dropout: options.dropout, rng: rng.child(`${b}/weights`) };
    const attended = dense(flat(sessionAttention(query, key, value, lengths, attention)), `${b}/attention/output`);
    const y = norm(x.add(drop(attended, `${b}/attention`)), `${b}/attention/norm`);
    const inner = gelu(dense(y, `${b}/feed/inner`)); // [B*L, inner]
    x = norm(y.add(drop(dense(inner, `${b}/feed/outer`), `${b}/feed`)), `${b}/feed/norm`);
  }
  return norm(gelu(dense(gatherRows(x, places), "output")), "output/norm");
}

/** The first weights, but for the items'. */
function initialWeights({ dimension, inner, maxLength, blocks }: Bert4RecOptions, rng: Rng): Record<string, HostTensor> {
  const { weights, normal, dense, norm } = transformerWeights(rng);
  normal("hidden", 1, dimension);
  normal("position", maxLength, dimension);
  norm("input/norm", dimension);
  for (let b = 0; b < blocks; b++) {
    for (const part of ["query", "key", "value", "output"]) dense(`${b}/attention/${part}`, dimension, dimension);
    norm(`${b}/attention/norm`, dimension);
    dense(`${b}/feed/inner`, dimension, inner);
    dense(`${b}/feed/outer`, inner, dimension);
    norm(`${b}/feed/norm`, dimension);
  }
  dense("output", dimension, dimension);
  norm("output/norm", dimension);
  return weights;
}
