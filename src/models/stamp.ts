/**
 * STAMP: short-term attention/memory priority model for session-based recommendation (Liu et al., KDD 2018).
 *   x_i = E[i] cut to length 1;  m_t = x of the last item;  m_s = mean of all x_i                                (Eq. 1)
 *   a_i = w_0 . sigmoid(x_i W_1 + m_t W_2 + m_s W_3 + b);  m_a = sum_i a_i x_i                                   (Eq. 7, 8)
 *   score(j) = (tanh((m_a + m_s) W_s) * tanh(m_t W_t)) . E_j                                                     (Eq. 3, 4)
 * Symbols: V items, D dimensions, B sessions, P positions.
 * Departs: m_s is added to m_a and the last two layers have no bias, as in the released code; the paper has m_a alone.
 */
import * as tf from "@tensorflow/tfjs";
import { resolveOptions, rules } from "../core/options";
import type { Rng } from "../core/rng";
import { lastPositions, sequenceOfPositions, type Sequences } from "../data/sequences";
import { gatherRows } from "../tensor/ops/rows";
import { segmentMean, segmentSum } from "../tensor/ops/segments";
import type { HostTensor } from "../tensor/parameters";
import { NeuralRecommender, neuralDefaults, neuralRules, scheduleRules, type Values } from "./neural";
import { choice, logUniform, type Space } from "./space";

/** STAMP's options, as in the released code. */
export const stampDefaults = {
  ...neuralDefaults,
  rate: 3e-3,
  batch: 512,
  /** The rate is multiplied by `rateDecay` after every `rateEpochs` epochs; 1 keeps it. */
  rateDecay: 1,
  rateEpochs: 1,
  /** The longest that the vector of an item that goes in may be; 0 lets all lengths be. */
  maxNorm: 1,
};

/** Options of `Stamp`. */
export type StampOptions = typeof stampDefaults;

/** What a search draws from, around the published settings; the rest stays as published. */
export const stampRanges: Space<StampOptions> = {
  rate: logUniform(5e-4, 5e-3),
  batch: choice(128, 256, 512),
  maxNorm: choice(0, 1, 1.5),
};

/** Options over the defaults at each budget. */
export const stampBudgets = { minute: { epochs: 5, patience: 2 }, hour: { epochs: 15 }, paper: {} };

/**
 * The recommender.
 * @example
 * import { initBackend, Rng, Stamp } from "sessionlab";
 * await initBackend();
 * const items = { ids: ["a", "b", "c"], trained: 3 };
 * const sessions = { offsets: Uint32Array.of(0, 3, 6), item: Int32Array.of(0, 1, 2, 0, 1, 2), items, hash: "demo" };
 * const valid = { role: "valid" as const, items, sessions, session: Int32Array.of(0), end: Int32Array.of(2), target: Int32Array.of(2), hash: "demo" };
 * const model = new Stamp({ dimension: 16, epochs: 100, patience: 100, rate: 0.1 });
 * await model.fit({ role: "train", ...sessions }, valid, { rng: new Rng(1) });
 * assert.equal(model.recommend(["a", "b"], { k: 1 })[0]!.item, "c");
 * model.dispose();
 */
export class Stamp extends NeuralRecommender<StampOptions> {
  readonly name = "STAMP";

  constructor(options: Partial<StampOptions> = {}) {
    super(resolveOptions("STAMP", stampDefaults, options, { ...neuralRules, ...scheduleRules, maxNorm: rules.notNegative }));
  }

  /** The model that `save` wrote. @throws DataError when a file is missing or damaged */
  static load(folder: string): Promise<Stamp> {
    return NeuralRecommender.read(folder, "STAMP", (options) => new Stamp(options));
  }

  protected initialIds(items: number, rng: Rng): Float32Array {
    return rng.normals(items * this.options.dimension).map((value) => 0.002 * value);
  }

  protected initialWeights(_: number, rng: Rng): Record<string, HostTensor> {
    const { dimension } = this.options;
    const normal = (name: string, to = dimension): HostTensor => ({ shape: [dimension, to], data: rng.child(name).normals(dimension * to).map((value) => 0.05 * value) });
    const names = ["attention/item", "attention/last", "attention/mean", "output/session", "output/last"];
    return {
      ...Object.fromEntries(names.map((name) => [name, normal(name)])),
      "attention/query": normal("attention/query", 1),
      "attention/bias": { shape: [dimension], data: new Float32Array(dimension) },
    };
  }

  protected encode(values: Values, sequences: Sequences): tf.Tensor2D {
    return stampVectors(values, sequences, this.options);
  }
}

/**
 * The network: a vector for each session.
 * @returns [B, D]
 */
export function stampVectors(values: Values, { offsets, item }: Sequences, { maxNorm }: Pick<StampOptions, "maxNorm">): tf.Tensor2D {
  const dense = (x: tf.Tensor2D, name: string): tf.Tensor2D => tf.matMul(x, values[name] as tf.Tensor2D);
  const count = offsets.length - 1;
  const session = sequenceOfPositions(offsets);
  const own = gatherRows(values["item"] as tf.Tensor2D, item); // [P, D]
  const x = maxNorm === 0 ? own : cutRows(own, maxNorm);
  const last = gatherRows(x, lastPositions(offsets)); // [B, D] m_t
  const mean = segmentMean(x, session, count); // [B, D] m_s
  const ofSession = dense(last, "attention/last").add(dense(mean, "attention/mean")) as tf.Tensor2D; // [B, D]
  const energies = tf.sigmoid(dense(x, "attention/item").add(gatherRows(ofSession, session)).add(values["attention/bias"]!)) as tf.Tensor2D; // [P, D]
  const attended = segmentSum(x.mul(dense(energies, "attention/query")) as tf.Tensor2D, session, count); // [B, D] m_a
  return tf.tanh(dense(attended.add(mean) as tf.Tensor2D, "output/session")).mul(tf.tanh(dense(last, "output/last")));
}

/** Rows longer than `length`, cut to it. @returns [N, D] */
function cutRows(x: tf.Tensor2D, length: number): tf.Tensor2D {
  const norm = x.square().sum(1, true).add(1e-12).sqrt(); // never 0, where the root has no gradient
  return x.mul(tf.minimum(tf.div(length, norm), 1)) as tf.Tensor2D;
}
