/**
 * NARM: neural attentive session-based recommendation (Li et al., CIKM 2017).
 *   h_t = gru(E[i_t], h_{t-1});  c_g = h_T                                                             (Eq. 4)
 *   alpha_j = v . sigmoid(h_T A_1 + h_j A_2);  c_l = sum_j alpha_j h_j                                  (Eq. 5, 7, 8)
 *   score(i) = E_i . ([c_g ; c_l] B), dropout on the items that go in and on [c_g ; c_l]                (Eq. 9, 10)
 * Symbols: V items, D dimensions, H units, B sessions, P positions.
 * Departs: alpha is not normalised, as in the paper; the released code has a softmax there: `attention: "softmax"`.
 * Departs: the last `maxLength` items count; the released code cuts after the first 19.
 * Departs: the GRU has biases and resets before the product.
 */
import * as tf from "@tensorflow/tfjs";
import { resolveOptions, rules } from "../core/options";
import type { Rng } from "../core/rng";
import { lastPositions, sequenceOfPositions, type Sequences } from "../data/sequences";
import { dropout } from "../tensor/ops/dropout";
import { gruSequence } from "../tensor/ops/gru-sequence";
import { product } from "../tensor/ops/product";
import { gatherRows } from "../tensor/ops/rows";
import { segmentSoftmax, segmentSum } from "../tensor/ops/segments";
import type { HostTensor } from "../tensor/parameters";
import { gruOf, initialGru } from "./gru4rec";
import { NeuralRecommender, neuralDefaults, neuralRules, scheduleRules, type Values } from "./neural";
import { choice, logUniform, type Space } from "./space";

/** NARM's options, as in the paper's experiments. */
export const narmDefaults = {
  ...neuralDefaults,
  dimension: 50,
  /** H: units of the GRU. */
  units: 100,
  batch: 512,
  /** Dropout of the item vectors that go in. */
  inputDropout: 0.25,
  /** Dropout of [c_g ; c_l]. */
  outputDropout: 0.5,
  /** The rate is multiplied by `rateDecay` after every `rateEpochs` epochs; 1 keeps it. */
  rateDecay: 1,
  rateEpochs: 1,
  attention: "plain" as "plain" | "softmax",
};

/** Options of `Narm`. */
export type NarmOptions = typeof narmDefaults;

/** What a search draws from, around the published settings; the rest stays as published. */
export const narmRanges: Space<NarmOptions> = {
  rate: logUniform(5e-4, 4e-3),
  batch: choice(128, 256, 512),
  dimension: choice(50, 100),
  inputDropout: choice(0.25, 0.5),
  outputDropout: choice(0.25, 0.5),
  attention: choice("plain", "softmax"),
};

/** Options over the defaults at each budget. */
export const narmBudgets = { minute: { epochs: 5, patience: 2 }, hour: { epochs: 15 }, paper: {} };

/**
 * The recommender.
 * @example
 * import { initBackend, Narm, Rng } from "sessionlab";
 * await initBackend();
 * const items = { ids: ["a", "b", "c"], trained: 3 };
 * const sessions = { offsets: Uint32Array.of(0, 3, 6), item: Int32Array.of(0, 1, 2, 0, 1, 2), items, hash: "demo" };
 * const valid = { role: "valid" as const, items, sessions, session: Int32Array.of(0), end: Int32Array.of(2), target: Int32Array.of(2), hash: "demo" };
 * const model = new Narm({ dimension: 8, units: 8, inputDropout: 0, outputDropout: 0, epochs: 60, patience: 60, rate: 0.05 });
 * await model.fit({ role: "train", ...sessions }, valid, { rng: new Rng(1) });
 * assert.equal(model.recommend(["a", "b"], { k: 1 })[0]!.item, "c");
 * model.dispose();
 */
export class Narm extends NeuralRecommender<NarmOptions> {
  readonly name = "NARM";

  constructor(options: Partial<NarmOptions> = {}) {
    const { positiveInteger, fraction, oneOf } = rules;
    const checks = { ...neuralRules, ...scheduleRules, units: positiveInteger, inputDropout: fraction, outputDropout: fraction, attention: oneOf("plain", "softmax") };
    super(resolveOptions("NARM", narmDefaults, options, checks));
  }

  /** The model that `save` wrote. @throws DataError when a file is missing or damaged */
  static load(folder: string): Promise<Narm> {
    return NeuralRecommender.read(folder, "NARM", (options) => new Narm(options));
  }

  protected initialIds(items: number, rng: Rng): Float32Array {
    return rng.normals(items * this.options.dimension).map((value) => 0.05 * value);
  }

  protected initialWeights(_: number, rng: Rng): Record<string, HostTensor> {
    const { dimension, units } = this.options;
    const normal = (name: string, from: number, to: number): HostTensor => {
      const deviation = Math.sqrt(2 / (from + to)); // Glorot's normal initialiser
      return { shape: [from, to], data: rng.child(name).normals(from * to).map((value) => deviation * value) };
    };
    return {
      ...initialGru(dimension, units, rng),
      "attention/last": normal("attention/last", units, units),
      "attention/position": normal("attention/position", units, units),
      "attention/query": normal("attention/query", units, 1),
      output: normal("output", 2 * units, dimension),
    };
  }

  protected encode(values: Values, sequences: Sequences, rng?: Rng): tf.Tensor2D {
    return narmVectors(values, sequences, this.options, rng);
  }
}

/**
 * The network: a vector for each session.
 * @param rng where given, dropout is on: only inside `fit`
 * @returns [B, D]
 */
export function narmVectors(
  values: Values,
  { offsets, item }: Sequences,
  { inputDropout, outputDropout, attention }: Pick<NarmOptions, "inputDropout" | "outputDropout" | "attention">,
  rng?: Rng,
): tf.Tensor2D {
  const drop = (x: tf.Tensor2D, rate: number, name: string): tf.Tensor2D => (rng === undefined ? x : dropout(x, rate, rng.child(name)));
  const dense = (x: tf.Tensor2D, name: string): tf.Tensor2D => tf.matMul(x, values[name] as tf.Tensor2D);
  const count = offsets.length - 1;
  const session = sequenceOfPositions(offsets);
  const states = gruSequence(drop(gatherRows(values["item"] as tf.Tensor2D, item), inputDropout, "input"), offsets, gruOf(values)); // [P, H]
  const last = gatherRows(states, lastPositions(offsets)); // [B, H] c_g
  const energies = tf.sigmoid(gatherRows(dense(last, "attention/last"), session).add(dense(states, "attention/position"))) as tf.Tensor2D; // [P, H]
  const plain = dense(energies, "attention/query"); // [P, 1]
  const alpha = attention === "softmax" ? segmentSoftmax(plain, session, count) : plain;
  const local = segmentSum(states.mul(alpha) as tf.Tensor2D, session, count); // [B, H] c_l
  return product(drop(tf.concat([last, local], 1) as tf.Tensor2D, outputDropout, "output"), values["output"] as tf.Tensor2D);
}
