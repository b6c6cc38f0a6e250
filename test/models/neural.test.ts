import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { Rng } from "../../src/core/rng";
import type { Sequences } from "../../src/data/sequences";
import { bert4RecVectors } from "../../src/models/bert4rec";
import { Gru4Rec, gruOf } from "../../src/models/gru4rec";
import { bprMaxLoss, bprMaxLossComposed, bprMaxRowsLoss, crossEntropyLoss } from "../../src/models/gru4rec-losses";
import { Narm, narmVectors } from "../../src/models/narm";
import { Niser, niserVectors } from "../../src/models/niser";
import type { NeuralOptions, NeuralRecommender, Values } from "../../src/models/neural";
import { Sasrec } from "../../src/models/sasrec";
import { graphWeights, SrGnn, srGnnVectors } from "../../src/models/sr-gnn";
import { withUser } from "../../src/models/session-user";
import { Stamp, stampVectors } from "../../src/models/stamp";
import { UserGru } from "../../src/models/user-gru";
import { scoresToArray } from "../../src/evaluation/scores";
import { initBackend } from "../../src/tensor/backend";
import { gruSequence } from "../../src/tensor/ops/gru-sequence";
import { normaliseRows } from "../../src/tensor/ops/normalise";
import { gatherRows } from "../../src/tensor/ops/rows";
import { softmaxLoss } from "../../src/tensor/ops/softmax-loss";
import { columns, items, trained, worlds } from "../contract/worlds";
import { close, noLeak } from "../tensor/helpers";

const [V, D, H, L] = [7, 4, 3, 6];
const sessions: Sequences = columns([[3, 1, 4, 1, 5], [6, 2], [0], [2, 2, 3, 2, 3, 1]]);
const targets = Int32Array.of(2, 0, 6, 4);

/** The weights of test/golden/neural.py: a formula of name and place. */
function weight(name: string, shape: readonly number[]): tf.Tensor {
  const code = Array.from(name).reduce((sum, letter, i) => sum + letter.charCodeAt(0) * (i + 1), 0);
  return tf.tensor(Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, i) => 0.5 * Math.sin(code + 1.7 * i)), [...shape]);
}

function weights(shapes: Readonly<Record<string, readonly number[]>>): Values {
  return Object.fromEntries(Object.entries({ item: [V, D], ...shapes }).map(([name, shape]) => [name, name.endsWith("/gain") ? weight(name, shape).add(1) : weight(name, shape)]));
}

const gru = (units: number): Record<string, number[]> => ({
  "gru/gates/weight": [D + units, 2 * units],
  "gru/gates/bias": [2 * units],
  "gru/candidate/weight": [D + units, units],
  "gru/candidate/bias": [units],
});

const graph = (): Record<string, readonly number[]> => Object.fromEntries(Object.entries(graphWeights(D, new Rng(1))).map(([name, { shape }]) => [name, shape]));

describe("models, neural", () => {
  const golden = JSON.parse(readFileSync(join(__dirname, "..", "golden", "neural.json"), "utf8")) as Record<string, { scores: number[][]; loss: number; crossEntropy: number; bprMax: number }>;
  before(() => initBackend());

  describe("vectors, scores and loss as PyTorch has them (test/golden/neural.py), to 1e-4 on every backend", () => {
    const cases: Record<string, { shapes: () => Record<string, readonly number[]>; vectors: (values: Values) => tf.Tensor2D; table?: (values: Values) => tf.Tensor2D }> = {
      "sr-gnn": { shapes: graph, vectors: (values) => srGnnVectors(values, sessions, { steps: 1 }) },
      niser: {
        shapes: () => ({ ...graph(), position: [L, D] }),
        vectors: (values) => niserVectors(values, sessions, { steps: 1, itemDropout: 0.5, positions: "start" }).mul(16),
        table: (values) => normaliseRows(values["item"] as tf.Tensor2D),
      },
      narm: { shapes: narmShapes, vectors: (values) => narmVectors(values, sessions, { inputDropout: 0.5, outputDropout: 0.5, attention: "plain" }) },
      "narm softmax": { shapes: narmShapes, vectors: (values) => narmVectors(values, sessions, { inputDropout: 0.5, outputDropout: 0.5, attention: "softmax" }) },
      bert4rec: {
        shapes: bertShapes,
        vectors: (values) => {
          const lengths = Int32Array.of(6, 3, 2, 7); // a hidden item after each session's last
          const input = new Int32Array(28).fill(-1);
          lengths.forEach((size, b) => input.set(sessions.item.subarray(sessions.offsets[b], sessions.offsets[b]! + size - 1), 7 * b));
          const places = lengths.map((size, b) => 7 * b + size - 1);
          return bert4RecVectors(values, { input, batch: 4, length: 7, lengths }, places, { dimension: D, blocks: 2, heads: 2, dropout: 0.5 });
        },
      },
      stamp: { shapes: stampShapes, vectors: (values) => stampVectors(values, sessions, { maxNorm: 0.8 }) },
    };
    for (const [name, { shapes, vectors, table }] of Object.entries(cases)) {
      it(name, () =>
        noLeak(() => {
          const values = weights(shapes());
          const [v, e] = [vectors(values), table === undefined ? (values["item"] as tf.Tensor2D) : table(values)];
          close(tf.matMul(v, e, false, true).dataSync(), golden[name]!.scores.flat(), 1e-4);
          close(softmaxLoss(v, e, targets).dataSync(), [golden[name]!.loss], 1e-4);
        }),
      );
    }

    it("gru4rec", () =>
      noLeak(() => {
        const values = weights({ bias: [V, 1], ...gru(D) });
        const states = gruSequence(gatherRows(values["item"] as tf.Tensor2D, sessions.item), sessions.offsets, {
          gates: values["gru/gates/weight"] as tf.Tensor2D,
          candidate: values["gru/candidate/weight"] as tf.Tensor2D,
          gateBias: values["gru/gates/bias"] as tf.Tensor1D,
          candidateBias: values["gru/candidate/bias"] as tf.Tensor1D,
        });
        const last = gatherRows(states, Int32Array.from(sessions.offsets.subarray(1), (stop) => stop - 1));
        const scores = tf.matMul(last, values["item"] as tf.Tensor2D, false, true).add(values["bias"]!.reshape([1, V]));
        close(scores.dataSync(), golden["gru4rec"]!.scores.flat(), 1e-4);
      }));

    it("GRU4Rec's losses, as the official code defines them", () =>
      noLeak(() => {
        const scores = weight("scores", [3, 8]).mul(3) as tf.Tensor2D;
        const logQ = Float32Array.from({ length: 8 }, (_, at) => 0.7 * Math.log(at < 3 ? at + 1 : (at + 1) ** 0.3));
        close(crossEntropyLoss(scores, logQ).dataSync(), [golden["gru4rec"]!.crossEntropy], 1e-4);
        close(bprMaxLoss(scores, { elu: 0.5, penalty: 0.9 }).dataSync(), [golden["gru4rec"]!.bprMax], 1e-4);
      }));
  });

  for (const [elu, penalty] of [[0.5, 0.9], [1, 0], [0, 1.8]] as const) {
    it(`BPR-max has the value and the gradient of its plain twin, elu ${elu}, penalty ${penalty}`, () =>
      noLeak(() => {
        for (const columns of [5, 6, 40]) {
          const scores = tf.tensor2d(new Rng(columns).normals(5 * columns).map((value) => 2 * value), [5, columns]);
          const [ours, theirs] = [bprMaxLoss, bprMaxLossComposed].map((loss) => tf.valueAndGrad((x: tf.Tensor) => loss(x as tf.Tensor2D, { elu, penalty }))(scores));
          close(ours!.value.dataSync(), theirs!.value.dataSync(), 1e-5);
          close(ours!.grad.dataSync(), theirs!.grad.dataSync(), 1e-5);
        }
      }));
  }

  for (const [elu, penalty, scale] of [[0.5, 0.9, undefined], [1, 0, 0.5], [0, 1.8, 0.01]] as const) {
    it(`BPR-max from states and rows has the value and the gradients of its plain twin, elu ${elu}, penalty ${penalty}, scale ${scale}`, () =>
      noLeak(() => {
        for (const [lanes, rows, depth] of [[5, 6, 3], [1, 2, 20], [130, 200, 50]] as const) {
          const normal = (name: string, ...shape: number[]): tf.Tensor => tf.tensor(new Rng(name).normals(shape.reduce((a, b) => a * b, 1)), shape).div(Math.sqrt(shape[1]!));
          const inputs = [normal("states", lanes, depth).mul(2), normal("rows", rows, depth).mul(2), normal("bias", rows, 1)];
          const plain = (h: tf.Tensor, e: tf.Tensor, b: tf.Tensor): tf.Scalar =>
            bprMaxLossComposed(tf.matMul(h, e, false, true).add(b.reshape([1, rows])) as tf.Tensor2D, { elu, penalty }).mul((scale ?? 1 / lanes) * lanes) as tf.Scalar;
          const own = (h: tf.Tensor, e: tf.Tensor, b: tf.Tensor): tf.Scalar => bprMaxRowsLoss(h as tf.Tensor2D, e as tf.Tensor2D, b as tf.Tensor2D, { elu, penalty }, scale);
          const [ours, theirs] = [own, plain].map((loss) => tf.valueAndGrads(loss as (...xs: tf.Tensor[]) => tf.Scalar)(inputs));
          close(ours!.value.dataSync(), theirs!.value.dataSync(), 1e-5);
          ours!.grads.forEach((one, i) => close(one.dataSync(), theirs!.grads[i]!.dataSync(), 2e-5));
          const halved = tf.grads((...xs) => own(xs[0]!, xs[1]!, xs[2]!).mul(0.5))(inputs);
          halved.forEach((one, i) => close(one.mul(2).dataSync(), ours!.grads[i]!.dataSync(), 1e-6));
        }
      }));
  }

  it("an item that occurs only as a target gets a gradient in every model: the table is shared, not detached", () =>
    noLeak(() => {
      const values = weights(narmShapes());
      const table = values["item"] as tf.Tensor2D;
      const loss = (e: tf.Tensor): tf.Scalar => softmaxLoss(narmVectors({ ...values, item: e }, sessions, { inputDropout: 0, outputDropout: 0, attention: "plain" }), e as tf.Tensor2D, Int32Array.of(2, 0, 6, 4));
      const row = tf.grad(loss)(table).slice([6, 0], [1, D]).abs().sum().dataSync()[0]!;
      assert.ok(row > 1e-3, String(row));
    }));

  it("GRU4Rec's lanes carry the state of their own session's prefix, and start from nothing", async () => {
    class Probe extends Gru4Rec {
      get values(): Values {
        return this.state().weights.read();
      }

      /** Each step: the state that the lanes carry after it, and what each lane should have seen. */
      async walk(visit: (carried: Float32Array, prefixes: readonly (readonly number[])[]) => void): Promise<void> {
        const { carried, batches, rows, loss } = this.lesson(worlds.cycle.train);
        let before: number[][] = [];
        for (const step of batches(new Rng(2)).slice(0, 40) as { input: Int32Array; carry: Int32Array }[]) {
          tf.tidy(() => {
            const wanted = rows!(step);
            const values = Object.entries(this.values).map(([name, value]) => [name, wanted[name] === undefined ? value : gatherRows(value as tf.Tensor2D, wanted[name]!)]);
            loss(Object.fromEntries(values) as Record<string, tf.Tensor>, step, new Rng(3));
          });
          before = Array.from(step.carry, (lane, place) => [...(lane < 0 ? [] : before[lane]!), step.input[place]!]);
          visit(carried!.toHost()["hidden"]!.data, before);
        }
        carried!.dispose();
      }
    }
    const model = new Probe({ dimension: 8, batch: 5, negatives: 8, inputDropout: 0, stateDropout: 0, epochs: 1, rate: 0.2, metric: "MRR@10" });
    await model.fit(worlds.cycle.train, worlds.cycle.valid, { rng: new Rng(1) });
    let longest = 0;
    await model.walk((carried, prefixes) =>
      tf.tidy(() => {
        const { values } = model;
        const whole = columns(prefixes);
        const states = gruSequence(gatherRows(values["item"] as tf.Tensor2D, whole.item), whole.offsets, gruOf(values)).dataSync();
        prefixes.forEach((_, lane) => close(carried.subarray(8 * lane, 8 * lane + 8), states.subarray(8 * (whole.offsets[lane + 1]! - 1), 8 * whole.offsets[lane + 1]!), 1e-5));
        longest = Math.max(longest, ...prefixes.map(({ length }) => length));
      }),
    );
    assert.ok(longest >= 6, `a session of ${longest} steps is no test`);
    model.dispose();
  });

  describe("a user embedding of the session's own items", () => {
    const input = Int32Array.of(3, 1, 4, 6, 2, -1);
    const identity = (rows: number, from: number): tf.Tensor => tf.tensor2d(Array.from({ length: rows }, (_, row) => Array.from({ length: D }, (__, column) => (row - from === column ? 1 : 0))));

    it("the mean is of the items so far", () =>
      noLeak(() => {
        const table = weight("item", [V, D]) as tf.Tensor2D;
        const values = { item: table, "user/output/weight": identity(2 * D, D), "user/output/bias": tf.zeros([D]) }; // lets the user through alone
        const users = withUser(tf.zeros([6, D]), values, input, 2, 3, { user: "mean" }).arraySync() as number[][];
        const mean = (...items: number[]): Float32Array => tf.gather(table, tf.tensor1d(items, "int32")).mean(0).dataSync<"float32">();
        close(users[0]!, mean(3), 1e-5);
        close(users[2]!, mean(3, 1, 4), 1e-5);
        close(users[4]!, mean(6, 2), 1e-5);
      }));

    it("attention asks with the state: of two items it takes the one that the state points at", () =>
      noLeak(() => {
        const table = tf.tensor2d([[9, 0], [0, 9]]);
        const values = { item: table, "user/query": tf.tensor2d([[9, 0], [0, 9]]), "user/output/weight": tf.tensor2d([[0, 0], [0, 0], [1, 0], [0, 1]]), "user/output/bias": tf.zeros([2]) };
        const states = tf.tensor2d([[1, 0], [1, 0], [0, 1], [0, 1]]);
        const users = withUser(states, values, Int32Array.of(0, 1, 0, 1), 2, 2, { user: "attention" }).arraySync() as number[][];
        [[9, 0], [9, 0], [9, 0], [0, 9]].forEach((row, at) => close(users[at]!, row, 1e-4));
      }));

    it("comes from text vectors too: models learn a session's group from them", async function () {
      this.timeout(120_000);
      const { train, valid } = worlds.cycle;
      const vectors = { shape: [trained, 4] as const, data: new Rng("vectors").normals(4 * trained) };
      for (const model of [new UserGru({ dimension: 16, batch: 32, maxLength: 8, epochs: 1, metric: "MRR@10", userFrom: "text" }), new Sasrec({ dimension: 16, inner: 16, maxLength: 8, epochs: 1, user: "mean", userFrom: "text" })]) {
        await assert.rejects(model.fit(train, valid, { rng: new Rng(1) }), /Expected item vectors/);
        await model.fit(train, valid, { rng: new Rng(1), vectors });
        const before = scoresToArray(model.score(columns([[3, 4]])));
        await model.fit(train, valid, { rng: new Rng(1), vectors: { ...vectors, data: vectors.data.map((value) => -2 * value) } });
        assert.notDeepEqual(scoresToArray(model.score(columns([[3, 4]]))), before);
        model.dispose();
      }
    });
  });

  describe("text vectors", () => {
    /** The cycle's successor of each item is written into its vector: a model that reads vectors needs no ID. */
    const planted = { shape: [trained, trained] as const, data: Float32Array.from({ length: trained * trained }, (_, at) => (Math.floor(at / trained) === at % trained ? 3 : 0)) };
    const small = { dimension: 32, batch: 64, rate: 0.01, epochs: 5, metric: "MRR@10" };
    const makers: Record<string, (options: object) => NeuralRecommender<NeuralOptions>> = {
      "SR-GNN": (options) => new SrGnn({ ...small, rateDecay: 1, ...options }),
      "NISER+": (options) => new Niser({ ...small, rateDecay: 1, ...options }),
      NARM: (options) => new Narm({ ...small, inputDropout: 0, outputDropout: 0.1, ...options }),
      STAMP: (options) => new Stamp({ ...small, rate: 0.02, epochs: 8, ...options }),
      GRU4Rec: (options) => new Gru4Rec({ ...small, batch: 16, negatives: 30, rate: 0.1, inputDropout: 0, stateDropout: 0, epochs: 8, ...options }),
      SASRec: (options) => new Sasrec({ ...small, inner: 32, blocks: 1, dropout: 0.1, batch: 32, epochs: 8, ...options }),
    };
    for (const [name, make] of Object.entries(makers)) {
      it(`${name} learns the cycle from vectors alone, and beside IDs`, async function () {
        this.timeout(120_000);
        const { train, valid } = worlds.cycle;
        for (const input of ["text", "both"]) {
          const model = make({ input });
          const { history, bestEpoch } = await model.fit(train, valid, { rng: new Rng(1), vectors: planted });
          assert.ok(history![bestEpoch! - 1]!["MRR@10"]! > 0.9, `${input}: ${JSON.stringify(history)}`);
          model.dispose();
        }
      });
    }

    it("vectors that are missing, not asked for, of another length or not finite are refused", async () => {
      const { train, valid } = worlds.cycle;
      const context = { rng: new Rng(1) };
      await assert.rejects(new SrGnn({ input: "text" }).fit(train, valid, context), /Expected item vectors for SR-GNN with input "text", found none; give fit some/);
      await assert.rejects(new SrGnn().fit(train, valid, { ...context, vectors: planted }), /Expected no item vectors for SR-GNN with input "id"/);
      const short = { shape: [trained - 1, 2] as const, data: new Float32Array(2 * trained - 2) };
      await assert.rejects(new SrGnn({ input: "both" }).fit(train, valid, { ...context, vectors: short }), /of shape \[30, F\].*found \[29, 2\]/);
      const wrong = { ...planted, data: planted.data.map((value, at) => (at === 65 ? NaN : value)) };
      await assert.rejects(new SrGnn({ input: "both" }).fit(train, valid, { ...context, vectors: wrong }), /found NaN in row 2/);
      assert.equal(items.trained, trained);
    });
  });
});

function narmShapes(): Record<string, readonly number[]> {
  return { ...gru(H), "attention/last": [H, H], "attention/position": [H, H], "attention/query": [H, 1], output: [2 * H, D] };
}

function stampShapes(): Record<string, readonly number[]> {
  const square = Object.fromEntries(["attention/item", "attention/last", "attention/mean", "output/session", "output/last"].map((name) => [name, [D, D]]));
  return { ...square, "attention/query": [D, 1], "attention/bias": [D] };
}

function bertShapes(): Record<string, readonly number[]> {
  const dense = (name: string, from: number, to: number): Record<string, number[]> => ({ [`${name}/weight`]: [from, to], [`${name}/bias`]: [to] });
  const norm = (name: string): Record<string, number[]> => ({ [`${name}/gain`]: [D], [`${name}/bias`]: [D] });
  const block = (b: number): Record<string, number[]> => ({
    ...dense(`${b}/attention/query`, D, D),
    ...dense(`${b}/attention/key`, D, D),
    ...dense(`${b}/attention/value`, D, D),
    ...dense(`${b}/attention/output`, D, D),
    ...norm(`${b}/attention/norm`),
    ...dense(`${b}/feed/inner`, D, 5),
    ...dense(`${b}/feed/outer`, 5, D),
    ...norm(`${b}/feed/norm`),
  });
  return { hidden: [1, D], position: [7, D], ...norm("input/norm"), ...block(0), ...block(1), ...dense("output", D, D), ...norm("output/norm") };
}
