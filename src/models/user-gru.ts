/**
 * A GRU over the session with a user embedding of the session's own items: the other of P1's baselines, GRU4Rec's network
 * (Hidasi et al., 2016) trained on whole windows, because an embedding of all items so far has no place in steps of one item.
 *   h_l = gru(E[i_l], h_{l-1});  h'_l = h_l and the user (session-user.ts);  score(j) = h'_l . E_j
 * Symbols: V items, D dimensions of the items and of the state, B windows, L positions, M targets.
 * Departs: every position of a window is a target of the exact softmax, and gradients run through the whole window.
 */
import * as tf from "@tensorflow/tfjs";
import { resolveOptions, rules } from "../core/options";
import type { Rng } from "../core/rng";
import { padSessions, trainingBatches, type TrainingBatch } from "../data/batches";
import type { Sequences } from "../data/sequences";
import type { TrainSessions } from "../data/types";
import { dropout } from "../tensor/ops/dropout";
import { gruStep } from "../tensor/ops/gru";
import { gatherRows } from "../tensor/ops/rows";
import { softmaxLoss } from "../tensor/ops/softmax-loss";
import type { StepPlan } from "../tensor/memory";
import type { HostTensor } from "../tensor/parameters";
import { gruOf, initialGru } from "./gru4rec";
import { NeuralRecommender, neuralDefaults, neuralRules, type Lesson, type Values } from "./neural";
import { initialUser, withUser, type SessionUserKind, type SessionUserSource } from "./session-user";

/** The options. */
export const userGruDefaults = {
  ...neuralDefaults,
  dimension: 64,
  /** A user embedding of the session's own items; absent is none. */
  user: "mean" as SessionUserKind,
  /** Where it comes from; absent is "items". */
  userFrom: undefined as SessionUserSource | undefined,
  /** Dropout of the item vectors that go in, and of the states. */
  dropout: 0.3,
  /** Windows a batch. */
  batch: 32,
};

/** Options of `UserGru`. */
export type UserGruOptions = typeof userGruDefaults;

/** Options over the defaults at each budget. */
export const userGruBudgets = { minute: { epochs: 8, patience: 3 }, hour: { epochs: 60, patience: 8 }, paper: { epochs: 100, patience: 10 } };

/**
 * The recommender.
 * @example
 * import { initBackend, Rng, UserGru } from "sessionlab";
 * await initBackend();
 * const items = { ids: ["a", "b", "c"], trained: 3 };
 * const sessions = { offsets: Uint32Array.of(0, 3, 6), item: Int32Array.of(0, 1, 2, 0, 1, 2), items, hash: "demo" };
 * const valid = { role: "valid" as const, items, sessions, session: Int32Array.of(0), end: Int32Array.of(2), target: Int32Array.of(2), hash: "demo" };
 * const model = new UserGru({ dimension: 8, user: "attention", dropout: 0, epochs: 60, patience: 60, rate: 0.05 });
 * await model.fit({ role: "train", ...sessions }, valid, { rng: new Rng(1) });
 * assert.equal(model.recommend(["a", "b"], { k: 1 })[0]!.item, "c");
 * model.dispose();
 */
export class UserGru extends NeuralRecommender<UserGruOptions> {
  readonly name = "GRU with a session user";

  constructor(options: Partial<UserGruOptions> = {}) {
    const checks = { ...neuralRules, dropout: rules.fraction, user: rules.oneOf(undefined, "mean", "attention"), userFrom: rules.oneOf(undefined, "items", "text") };
    super(resolveOptions("GRU with a session user", userGruDefaults, options, checks));
  }

  /** The model that `save` wrote. @throws DataError when a file is missing or damaged */
  static load(folder: string): Promise<UserGru> {
    return NeuralRecommender.read(folder, "GRU with a session user", (options) => new UserGru(options));
  }

  protected override get readsVectors(): boolean {
    return this.options.userFrom === "text";
  }

  protected initialIds(items: number, rng: Rng): Float32Array {
    return rng.normals(items * this.options.dimension).map((value) => 0.05 * value);
  }

  protected initialWeights(_: number, rng: Rng, width?: number): Record<string, HostTensor> {
    const { dimension } = this.options;
    return { ...initialGru(dimension, dimension, rng), ...initialUser(dimension, this.options, width, rng) };
  }

  protected override stepPlan(train: TrainSessions, options: Readonly<UserGruOptions>, width?: number): StepPlan {
    const { batch, maxLength, dimension } = options;
    const plan = super.stepPlan(train, options, width);
    const places = Math.min(batch * maxLength, train.item.length);
    return { ...plan, loss: { ...plan.loss, targets: places }, activations: 16 * places * dimension };
  }

  protected encode(values: Values, sequences: Sequences): tf.Tensor2D {
    const { input, batch, length, last } = padSessions(sequences, Infinity, this.options.maxLength);
    return gatherRows(userGruStates(values, input, batch, length, this.options), last); // [B, D]
  }

  protected override lesson(train: TrainSessions): Lesson<unknown> {
    const { batch, maxLength } = this.options;
    const lesson: Lesson<TrainingBatch> = {
      batches: (rng) => trainingBatches(train, { batch, length: maxLength, targets: "all" }, rng),
      loss: (weights, one, rng) => {
        const values = this.withItems(weights);
        const states = userGruStates(values, one.input, one.batch, one.length, this.options, rng); // [B*L, D]
        return softmaxLoss(gatherRows(states, one.places), this.outputTable(values), one.targets);
      },
    };
    return lesson as Lesson<unknown>;
  }
}

/**
 * The network: states after every position.
 * @param input [B * L] inside ids, -1 is padding on the right
 * @param rng where given, dropout is on: only inside `fit`
 * @returns [B * L, D]
 */
export function userGruStates(values: Values, input: Int32Array, batch: number, length: number, options: Pick<UserGruOptions, "dropout" | "user" | "userFrom">, rng?: Rng): tf.Tensor2D {
  const drop = (x: tf.Tensor2D, name: string): tf.Tensor2D => (rng === undefined ? x : dropout(x, options.dropout, rng.child(name)));
  // Turned round, so that a step is a slice: [L*B]
  const byStep = Int32Array.from(input.keys(), (at) => input[(at % batch) * length + Math.floor(at / batch)]!);
  const items = drop(gatherRows(values["item"] as tf.Tensor2D, byStep), "input"); // [L*B, D]
  const weights = gruOf(values);
  const steps: tf.Tensor2D[] = [];
  for (let l = 0; l < length; l++) {
    const before = steps[l - 1] ?? (tf.zeros([batch, weights.candidateBias.shape[0]]) as tf.Tensor2D);
    steps.push(gruStep(items.slice([l * batch, 0], [batch, -1]), before, weights));
  }
  const states = drop(tf.stack(steps, 1).reshape([batch * length, -1]) as tf.Tensor2D, "states"); // [B*L, D]
  return withUser(states, values, input, batch, length, options);
}
