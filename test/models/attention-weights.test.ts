/** Attention weights for pictures: the models' own scores follow from them. */
import assert from "node:assert/strict";
import * as tf from "@tensorflow/tfjs";
import { Rng } from "../../src/core/rng";
import type { Cases, Items, TrainSessions } from "../../src/data/types";
import { attentionWeights } from "../../src/models/attention-weights";
import { Bert4Rec } from "../../src/models/bert4rec";
import { Gru4Rec, gruOf } from "../../src/models/gru4rec";
import { Narm } from "../../src/models/narm";
import type { NeuralOptions, NeuralRecommender, Values } from "../../src/models/neural";
import { Niser } from "../../src/models/niser";
import { Sasrec } from "../../src/models/sasrec";
import { sessionGraphs } from "../../src/models/session-graph";
import { graphStates, SrGnn } from "../../src/models/sr-gnn";
import { Stamp } from "../../src/models/stamp";
import { initBackend } from "../../src/tensor/backend";
import { gruSequence } from "../../src/tensor/ops/gru-sequence";

const items: Items = { ids: ["a", "b", "c", "d", "e", "f"], titles: ["A", "B", "C", "D", "E", "F"], trained: 5 };
const train: TrainSessions = { role: "train", items, offsets: Uint32Array.of(0, 5, 10), item: Int32Array.of(0, 1, 2, 1, 3, 4, 2, 0, 1, 2), hash: "train" };
const none: Cases<"valid"> = { role: "valid", items, sessions: train, session: new Int32Array(), end: new Int32Array(), target: new Int32Array(), hash: "none" };
const session = ["b", "d", "b", "c"];
const inside = Int32Array.of(1, 3, 1, 2);
const offsets = Uint32Array.of(0, 4);
const small = { dimension: 6, epochs: 3, rate: 0.05, batch: 4 };

type Model = NeuralRecommender<NeuralOptions>;

/** Fits a model; compares its scores with those that `scores` makes of the attention weights [H, R, P]. */
async function assertScores(model: Model, scores: (values: Values, heads: tf.Tensor3D) => tf.Tensor): Promise<void> {
  const before = tf.memory().numTensors;
  await model.fit(train, none, { rng: new Rng(1) });
  const { heads } = attentionWeights(model, session);
  const [own, made] = tf.tidy(() => {
    const values = model["state"]().weights.read();
    return [model.score({ offsets, item: inside }).dataSync(), scores(values, tf.tensor3d(heads as number[][][])).dataSync()];
  });
  assert.equal(made.length, items.trained);
  own.forEach((score, item) => assert.ok(Math.abs(score - made[item]!) < 1e-4 * (1 + Math.abs(score)), `item ${item}: ${score}, from the weights ${made[item]}`));
  model.dispose();
  assert.equal(tf.memory().numTensors, before);
}

const table = (values: Values): tf.Tensor2D => values["item"] as tf.Tensor2D;
const rowsOf = (values: Values, ids: Int32Array = inside): tf.Tensor2D => tf.gather(table(values), tf.tensor1d(ids, "int32")) as tf.Tensor2D;
const dense = (x: tf.Tensor, values: Values, name: string): tf.Tensor2D => tf.matMul(x as tf.Tensor2D, values[`${name}/weight`] as tf.Tensor2D).add(values[`${name}/bias`]!);
const product = (x: tf.Tensor, values: Values, name: string): tf.Tensor2D => tf.matMul(x as tf.Tensor2D, values[name] as tf.Tensor2D);
const last = (x: tf.Tensor2D): tf.Tensor2D => x.slice([x.shape[0] - 1, 0], [1, -1]);
const unit = (x: tf.Tensor): tf.Tensor2D => x.div(x.norm(2, -1, true)) as tf.Tensor2D;
const ranked = (x: tf.Tensor, y: tf.Tensor): tf.Tensor => tf.matMul(x as tf.Tensor2D, y as tf.Tensor2D, false, true);

function norm(x: tf.Tensor, values: Values, name: string): tf.Tensor2D {
  const { mean, variance } = tf.moments(x, 1, true);
  return x.sub(mean).div(variance.add(1e-6).sqrt()).mul(values[`${name}/gain`]!).add(values[`${name}/bias`]!) as tf.Tensor2D;
}

function gelu(x: tf.Tensor): tf.Tensor {
  return x.mul(tf.erf(x.div(Math.SQRT2)).add(1)).mul(0.5);
}

/** H x P x P weights over H parts of the values [P, D]. */
function attended(values: Values, x: tf.Tensor, heads: tf.Tensor3D): tf.Tensor2D {
  const parts = tf.split(dense(x, values, "0/attention/value"), heads.shape[0], 1);
  return dense(tf.concat(parts.map((part, h) => tf.matMul(heads.slice([h, 0, 0], [1, -1, -1]).squeeze([0]) as tf.Tensor2D, part as tf.Tensor2D)), 1), values, "0/attention/output");
}

describe("attention weights", () => {
  before(async () => {
    await initBackend();
  });

  for (const attention of ["plain", "softmax"] as const) {
    it(`of NARM, ${attention}, sum its states to c_l`, () =>
      assertScores(new Narm({ ...small, units: 7, attention }), (values, heads) => {
        const states = gruSequence(rowsOf(values), offsets, gruOf(values));
        const local = tf.matMul(heads.squeeze([0]) as tf.Tensor2D, states);
        return ranked(product(tf.concat([last(states), local], 1), values, "output"), table(values));
      }));
  }

  it("of STAMP sum its items to m_a", () =>
    assertScores(new Stamp({ ...small, maxNorm: 0.5 }), (values, heads) => {
      const own = rowsOf(values);
      const x = own.mul(tf.minimum(tf.div(0.5, own.norm(2, 1, true)), 1)) as tf.Tensor2D;
      const summed = tf.matMul(heads.squeeze([0]) as tf.Tensor2D, x).add(x.mean(0, true));
      return ranked(tf.tanh(product(summed, values, "output/session")).mul(tf.tanh(product(last(x), values, "output/last"))), table(values));
    }));

  const graphs = sessionGraphs({ offsets, item: inside });
  const readout = (values: Values, states: tf.Tensor2D, heads: tf.Tensor3D): tf.Tensor2D =>
    dense(tf.concat([tf.matMul(heads.squeeze([0]) as tf.Tensor2D, states), last(states)], 1), values, "output");

  it("of SR-GNN sum the nodes of its positions", () =>
    assertScores(new SrGnn({ ...small, steps: 2 }), (values, heads) => {
      const nodes = graphStates(values, rowsOf(values, graphs.nodes), graphs, 2);
      return ranked(readout(values, tf.gather(nodes, tf.tensor1d(graphs.positions, "int32")) as tf.Tensor2D, heads), table(values));
    }));

  for (const positions of ["start", "end", "none"] as const) {
    it(`of NISER+ with positions from "${positions}"`, () =>
      assertScores(new Niser({ ...small, positions, maxLength: 6 }), (values, heads) => {
        const nodes = graphStates(values, unit(rowsOf(values, graphs.nodes)), graphs, 1);
        const states = tf.gather(nodes, tf.tensor1d(graphs.positions, "int32")) as tf.Tensor2D;
        const order = { start: [0, 1, 2, 3], end: [3, 2, 1, 0], none: [] }[positions];
        const placed = order.length === 0 ? states : states.add(tf.gather(values["position"]!, tf.tensor1d(order, "int32")));
        return ranked(unit(readout(values, placed as tf.Tensor2D, heads)).mul(16), unit(table(values)));
      }));
  }

  it("of SASRec's block are causal, and pass the values on", () =>
    assertScores(new Sasrec({ ...small, heads: 2, inner: 5, blocks: 1, maxLength: 8 }), (values, heads) => {
      const rows = heads.arraySync();
      rows.forEach((head) => head.forEach((row, l) => assert.ok(row.every((weight, m) => (m > l ? weight === 0 : weight > 0)) && Math.abs(row.reduce((sum, weight) => sum + weight, 0) - 1) < 1e-5)));
      let x: tf.Tensor = rowsOf(values).add((values["position"] as tf.Tensor2D).slice([0, 0], [4, -1]));
      x = x.add(attended(values, norm(x, values, "0/attention/norm"), heads));
      x = x.add(dense(gelu(dense(norm(x, values, "0/feed/norm"), values, "0/feed/inner")), values, "0/feed/outer"));
      return ranked(last(norm(x, values, "norm")), table(values));
    }));

  it("of BERT4Rec's block have the hidden place last", () =>
    assertScores(new Bert4Rec({ ...small, heads: 2, inner: 5, blocks: 1, maxLength: 8 }), (values, heads) => {
      assert.deepEqual(heads.shape, [2, 5, 5]);
      let x: tf.Tensor = tf.concat([rowsOf(values), values["hidden"] as tf.Tensor2D]).add((values["position"] as tf.Tensor2D).slice([0, 0], [5, -1]));
      x = norm(x, values, "input/norm");
      x = norm(x.add(attended(values, x, heads)), values, "0/attention/norm");
      x = norm(x.add(dense(gelu(dense(x, values, "0/feed/inner")), values, "0/feed/outer")), values, "0/feed/norm");
      return ranked(norm(gelu(dense(last(x as tf.Tensor2D), values, "output")), values, "output/norm"), table(values));
    }));

  it("are of the items that the model reads: known ones, the last maxLength", async () => {
    const narm = new Narm({ ...small, units: 4, maxLength: 2, epochs: 1 });
    await narm.fit(train, none, { rng: new Rng(1) });
    const { items: read, titles, heads } = attentionWeights(narm, ["a", "c", "f", "d", "nowhere"]);
    assert.deepEqual([read, titles, heads[0]![0]!.length], [["c", "d"], ["C", "D"], 2]);
    assert.throws(() => attentionWeights(narm, ["f"]), /Expected a session with an item that training saw/);
    narm.dispose();
    assert.throws(() => attentionWeights(narm, ["a"]), { name: "NotFittedError" });
    const gru = new Gru4Rec({ dimension: 4, negatives: 4, batch: 2, epochs: 1 });
    await gru.fit(train, none, { rng: new Rng(1) });
    assert.throws(() => attentionWeights(gru, ["a"]), /Expected a model with attention .* found GRU4Rec/);
    gru.dispose();
  });
});
