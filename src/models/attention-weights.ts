/**
 * What the neural recommenders look at in one session: the weights by which they sum its positions, for pictures. Each is
 * its paper's equation read once more, in the form of the file that is named; tests build the models' scores from them.
 * - NARM (Eq. 7, 8), STAMP (Eq. 7), SR-GNN and NISER+ (Eq. 6): alpha, one number a position. They need not sum to 1.
 * - SASRec and BERT4Rec: softmax(Q K^T / sqrt(d)) of the first block, the one that looks at the items themselves: a row for
 *   each position. SASRec's rows are 0 after their own position; BERT4Rec has one position more, the hidden one.
 * Symbols: P positions, H heads, D dimensions.
 */
import * as tf from "@tensorflow/tfjs";
import { ConfigError } from "../core/errors";
import { knownSequences, type Sequences } from "../data/sequences";
import { weighComposed } from "../tensor/ops/attention";
import { gruSequence } from "../tensor/ops/gru-sequence";
import { layerNorm } from "../tensor/ops/layer-norm";
import { linear } from "../tensor/ops/linear";
import { normaliseRows } from "../tensor/ops/normalise";
import { gatherRows } from "../tensor/ops/rows";
import { Bert4Rec } from "./bert4rec";
import { gruOf } from "./gru4rec";
import { Narm } from "./narm";
import type { NeuralOptions, NeuralRecommender, Values } from "./neural";
import { Niser } from "./niser";
import { Sasrec } from "./sasrec";
import { sessionGraphs } from "./session-graph";
import { graphStates, SrGnn } from "./sr-gnn";
import { Stamp } from "./stamp";

/** The attention of one model over one session. */
export interface AttentionWeights {
  /** Outside ids of the positions that the model reads, oldest first, and their titles. */
  readonly items: readonly string[];
  readonly titles?: readonly string[];
  /** H x rows x P; one head of one row for alpha. BERT4Rec's hidden position is the last row and the last column. */
  readonly heads: readonly (readonly (readonly number[])[])[];
}

/**
 * What a fitted model gives weight to in a session.
 * @param session outside ids, unknown ones skipped; the model's last `maxLength` count
 * @throws ConfigError for a model without attention (GRU4Rec) or a session without a known item; NotFittedError
 * @example
 * import { attentionWeights, initBackend, Rng, Sasrec } from "sessionlab";
 * await initBackend();
 * const items = { ids: ["a", "b", "c"], trained: 3 };
 * const train = { role: "train" as const, items, offsets: Uint32Array.of(0, 3), item: Int32Array.of(0, 1, 2), hash: "demo" };
 * const none = { role: "valid" as const, items, sessions: train, session: new Int32Array(), end: new Int32Array(), target: new Int32Array(), hash: "none" };
 * const model = new Sasrec({ dimension: 8, inner: 8, epochs: 1 });
 * await model.fit(train, none, { rng: new Rng(1) });
 * const { heads } = attentionWeights(model, ["a", "b"]);
 * assert.deepEqual(heads[0]![0], [1, 0]); // the first position sees itself alone
 * model.dispose();
 */
export function attentionWeights(model: NeuralRecommender<NeuralOptions>, session: readonly string[]): AttentionWeights {
  const { items } = model;
  const item = Int32Array.from(session, (id) => items.ids.indexOf(id)).filter((one) => one >= 0);
  const reads = model.options.maxLength - (model instanceof Bert4Rec ? 1 : 0); // one position is for the hidden item
  const { sequences } = knownSequences({ offsets: Uint32Array.of(0, item.length), item }, items.trained, reads);
  if (sequences.item.length === 0) throw new ConfigError("Expected a session with an item that training saw, found none; name some of model.items.ids");
  const weights = tf.tidy(() => {
    const values = model["withItems"](model["state"]().weights.read()); // protected: what all models read
    return weightsOf(model, values, sequences).arraySync() as number[][][];
  });
  const read = Array.from(sequences.item);
  return { items: read.map((one) => items.ids[one]!), titles: items.titles && read.map((one) => items.titles![one]!), heads: weights };
}

/** @returns [H, rows, P] */
function weightsOf(model: NeuralRecommender<NeuralOptions>, values: Values, sequences: Sequences): tf.Tensor {
  if (model instanceof Narm) return narmWeights(values, sequences, model.options.attention === "softmax");
  if (model instanceof Stamp) return stampWeights(values, sequences, model.options.maxNorm);
  if (model instanceof SrGnn) return graphWeights(values, sequences, model.options.steps);
  if (model instanceof Niser) return graphWeights(values, sequences, model.options.steps, model.options.positions);
  if (model instanceof Sasrec || model instanceof Bert4Rec) return firstBlock(values, sequences.item, model.options.heads, model instanceof Sasrec);
  throw new ConfigError(`Expected a model with attention (NARM, STAMP, SR-GNN, NISER+, SASRec, BERT4Rec), found ${model.name}`);
}

function product(x: tf.Tensor, values: Values, name: string): tf.Tensor2D {
  return tf.matMul(x as tf.Tensor2D, values[name] as tf.Tensor2D);
}

function dense(x: tf.Tensor2D, values: Values, name: string): tf.Tensor2D {
  return linear(x, values[`${name}/weight`] as tf.Tensor2D, values[`${name}/bias`] as tf.Tensor1D);
}

function lastRow(x: tf.Tensor2D): tf.Tensor2D {
  return x.slice([x.shape[0] - 1, 0], [1, -1]);
}

/** alpha_j = v . sigmoid(h_T A_1 + h_j A_2). */
function narmWeights(values: Values, { item, offsets }: Sequences, softmax: boolean): tf.Tensor {
  const states = gruSequence(gatherRows(values["item"] as tf.Tensor2D, item), offsets, gruOf(values)); // [P, H]
  const energies = tf.sigmoid(product(lastRow(states), values, "attention/last").add(product(states, values, "attention/position")));
  const alpha = product(energies, values, "attention/query").reshape([1, 1, item.length]);
  return softmax ? tf.softmax(alpha) : alpha;
}

/** a_i = w_0 . sigmoid(x_i W_1 + m_t W_2 + m_s W_3 + b). */
function stampWeights(values: Values, { item }: Sequences, maxNorm: number): tf.Tensor {
  const own = gatherRows(values["item"] as tf.Tensor2D, item); // [P, D]
  const x = (maxNorm === 0 ? own : own.mul(tf.minimum(tf.div(maxNorm, own.norm(2, 1, true)), 1))) as tf.Tensor2D;
  const ofSession = product(lastRow(x), values, "attention/last").add(product(x.mean(0, true), values, "attention/mean"));
  const energies = tf.sigmoid(product(x, values, "attention/item").add(ofSession).add(values["attention/bias"]!));
  return product(energies, values, "attention/query").reshape([1, 1, item.length]);
}

/** alpha_i = q . sigmoid(s_l W_1 + h_i W_2 + c); with `positions`, NISER+'s. */
function graphWeights(values: Values, sequences: Sequences, steps: number, positions?: "start" | "end" | "none"): tf.Tensor {
  const graphs = sessionGraphs(sequences);
  const own = gatherRows(values["item"] as tf.Tensor2D, graphs.nodes); // [N, D]
  const states = gatherRows(graphStates(values, positions === undefined ? own : normaliseRows(own), graphs, steps), graphs.positions); // [P, D]
  const count = sequences.item.length;
  const places = Int32Array.from({ length: count }, (_, p) => (positions === "end" ? count - 1 - p : p));
  const placed = (positions === undefined || positions === "none" ? states : states.add(gatherRows(values["position"] as tf.Tensor2D, places))) as tf.Tensor2D;
  const energies = tf.sigmoid(dense(lastRow(placed), values, "attention/last").add(dense(placed, values, "attention/position")));
  return product(energies, values, "attention/query").reshape([1, 1, count]);
}

/** softmax(Q K^T / sqrt(d)) of the first block: SASRec's is causal, BERT4Rec's has the hidden item after the last. */
function firstBlock(values: Values, item: Int32Array, heads: number, causal: boolean): tf.Tensor {
  const norm = (x: tf.Tensor2D, name: string): tf.Tensor2D => layerNorm(x, values[`${name}/gain`] as tf.Tensor1D, values[`${name}/bias`] as tf.Tensor1D);
  const rows = gatherRows(values["item"] as tf.Tensor2D, item); // [P, D]
  const inputs = causal ? rows : (tf.concat([rows, values["hidden"] as tf.Tensor2D]) as tf.Tensor2D);
  const [length, width] = inputs.shape;
  const placed = inputs.add((values["position"] as tf.Tensor2D).slice([0, 0], [length, width])) as tf.Tensor2D;
  const x = norm(placed, causal ? "0/attention/norm" : "input/norm");
  const split = (name: string): tf.Tensor3D => dense(x, values, `0/attention/${name}`).reshape([length, heads, width / heads]).transpose([1, 0, 2]); // [H, P, d]
  const logits = tf.matMul(split("query"), split("key"), false, true) as tf.Tensor3D; // [H, P, P]
  const scale = 1 / Math.sqrt(width / heads);
  return causal ? weighComposed(logits, scale, undefined).p : tf.softmax(logits.mul(scale));
}
