/**
 * How users answer slates, learnt from logs: the response model M_s of P2 (arXiv 2410.21892; the temporal structural causal
 * model of SCM4SR, SIGIR 2024). As a `Mechanism` it is what `abduct` and `predict` run on.
 *   state     u_t = a + p_user + h_t;  h_{t+1} = GRU([e(y_t); mean of e(R_t); 1[no click]], h_t),  h_0 = 0
 *   value     v(u_t, j, s) = u_t . e_j + b_j + c_s + f [j among the last 8 clicks]
 *   no click  v_0(u_t) = u_t . e_0 + b_0
 *   answer    y_t = argmax(log softmax(v) + Gumbel noise), or each item by itself by logistic noise on v_j - v_0
 * with the same functions at every step. Learnt by maximum likelihood of the logged answers.
 * Symbols: D dimensions, V items, K slots, U users.
 * Departs: neither paper's equations could be read; a GRU over clicks and slates is the state here, and the slate
 *   mechanism is the recommender itself (`predict`'s `later`), not learnt. Gumbel-max is chosen, not implied by data. A log
 *   without an unanswered slate has no v_0: somebody always clicks, which its assumptions say.
 */
import * as tf from "@tensorflow/tfjs";
import { ConfigError, NotFittedError } from "../core/errors";
import { hashOf, type Hashable } from "../core/hash";
import { resolveOptions, rules } from "../core/options";
import { NONE } from "../data/types";
import { loadModel, saveModel } from "../models/files";
import { Adam } from "../tensor/adam";
import { initBackend } from "../tensor/backend";
import { ParameterSet, type HostTensor } from "../tensor/parameters";
import { train, type TrainingContext, type TrainingReport } from "../tensor/training";
import { supportOf, type Support } from "./identify";
import { logLikelihoods, type Mechanism, type Steppers } from "./mechanism";
import { answers, nextHidden, recentClicks, startVectors, valuesOf, type ResponseShape } from "./response-equations";
import { initialWeights, responseBatches, responseLoss } from "./response-lesson";
import { checkLog, type ResponseKind, type SlateLog } from "./slate-log";

/** Options of `ResponseModel`. */
export const responseDefaults = {
  /** "multi" where several items of a slate may be clicked. */
  kind: "single" as ResponseKind,
  /** D. */
  dimension: 16,
  /** Whether each user has a vector of his own, where the log knows users. */
  users: true,
  /** 1 / (2 sd^2) of the normal prior of a user's vector: a user of few sessions stays near the mean. */
  shrink: 1,
  /** Learning rate of Adam. */
  rate: 0.01,
  /** Sessions a batch. */
  batch: 256,
  epochs: 30,
  /** The rate is multiplied by this after each epoch. */
  rateDecay: 0.9,
  /** Epochs without a better likelihood of the validation log before it stops. */
  patience: 4,
};

/** Options of `ResponseModel`. */
export type ResponseOptions = typeof responseDefaults;

interface Fitted {
  readonly weights: ParameterSet;
  readonly support: Support;
}

/** What a training may be given, and the log that it stops by. */
export interface ResponseContext extends TrainingContext {
  /** Without it all epochs are run. */
  readonly valid?: SlateLog;
}

/**
 * The learnt mechanism.
 * @example
 * import { initBackend, logLikelihoods, makeWorld, randomPolicy, ResponseModel, Rng, simulate } from "sessionlab";
 * await initBackend();
 * const world = makeWorld({ users: 20, items: 30, slots: 4, steps: 4 }, new Rng(1));
 * const { log } = simulate(world, randomPolicy(), { sessions: 400 }, new Rng(2));
 * const model = new ResponseModel({ dimension: 8, epochs: 3 });
 * await model.fit(log, { rng: new Rng(3) });
 * const mean = (values: Float64Array) => values.reduce((sum, value) => sum + value, 0) / values.length;
 * assert.ok(mean(logLikelihoods(model.mechanism(), log)) > -Math.log(5)); // better than one of five at random
 * model.dispose();
 */
export class ResponseModel {
  readonly name = "response model";
  readonly options: Readonly<ResponseOptions>;
  private fitted: Fitted | undefined;

  constructor(given: Partial<ResponseOptions> = {}) {
    this.options = resolveOptions("ResponseModel", responseDefaults, given, {
      ...{ kind: rules.oneOf("single", "multi"), dimension: rules.positiveInteger, shrink: rules.notNegative, rate: rules.positive },
      ...{ batch: rules.positiveInteger, epochs: rules.positiveInteger, rateDecay: rules.positive, patience: rules.positiveInteger },
    });
  }

  /**
   * Learns from a log; the same log, options, seed and backend give the same bits, also after an interruption.
   * @throws DataError as `checkLog`; NumericError, AbortError, ConfigError as `train`
   */
  async fit(log: SlateLog, context: ResponseContext): Promise<TrainingReport> {
    await initBackend();
    this.dispose();
    const { options } = this;
    checkLog(log, options.kind);
    const { valid } = context;
    if (valid !== undefined) checkLog(valid, options.kind);
    if (valid !== undefined && (valid.items !== log.items || valid.slots !== log.slots)) throw new ConfigError(`Expected a validation log of ${log.slots} slots over ${log.items} items, found ${valid.slots} over ${valid.items}`);
    const support = supportOf(log);
    const shape = this.shape(support);
    const weights = new ParameterSet(initialWeights(log.items, shape, options.dimension, context.rng.child("weights")));
    this.fitted = { weights, support };
    const optimiser = new Adam(weights, { rate: options.rate });
    try {
      return await train(
        {
          name: "response model",
          identity: hashOf({ model: "response", options: options as Hashable, log: hashOfLog(log), valid: valid === undefined ? "none" : hashOfLog(valid), seed: context.rng.state().path, backend: tf.getBackend() }),
          ...{ weights, optimiser, epochs: options.epochs, patience: options.patience, metric: "log-likelihood" },
          rateScale: (epoch) => options.rateDecay ** epoch,
          batches: (rng) => responseBatches(log, options.batch, shape.users, rng),
          loss: (values, batch) => responseLoss(values, batch(), shape, options.shrink),
          validate: valid === undefined ? undefined : async () => mean(logLikelihoods(this.mechanism(), valid)),
        },
        context,
      );
    } catch (error) {
      this.dispose();
      throw error;
    } finally {
      optimiser.dispose();
    }
  }

  /** What the logs of the fit have shown: for `identify`. @throws NotFittedError */
  get support(): Support {
    return this.state().support;
  }

  /**
   * The learnt structural equations. Users beyond those of the fit have the mean taste.
   * @throws NotFittedError
   */
  mechanism(): Mechanism {
    const { weights, support } = this.state();
    const shape = this.shape();
    const { dimension } = this.options;
    const size = 2 * dimension + recentClicks; // [p_user + a, h, the last clicks]
    const columns = (states: Float32Array, from: number, to: number): tf.Tensor2D => {
      const count = states.length / size;
      const out = new Float32Array(count * (to - from));
      for (let row = 0; row < count; row++) out.set(states.subarray(row * size + from, row * size + to), row * (to - from));
      return tf.tensor2d(out, [count, to - from]);
    };
    return {
      name: this.name,
      kind: shape.kind,
      items: support.shown.length,
      stateSize: size,
      start: ({ session, user }: Steppers) =>
        tf.tidy(() => {
          const states = new Float32Array(session.length * size).fill(NONE);
          const own = Int32Array.from(session, (_, row) => ((user?.[row] ?? NONE) < shape.users ? (user?.[row] ?? NONE) : NONE));
          const first = startVectors(weights.read(), own).dataSync<"float32">(); // [n, D]
          for (let row = 0; row < session.length; row++) {
            states.set(first.subarray(row * dimension, (row + 1) * dimension), row * size);
            states.fill(0, row * size + dimension, row * size + 2 * dimension);
          }
          return states;
        }),
      logits: (states, slates) => {
        const values = tf.tidy(() => {
          const user = columns(states, 0, dimension).add(columns(states, dimension, 2 * dimension)) as tf.Tensor2D;
          const recent = recentMask(states, slates, shape.slots, size);
          return valuesOf(weights.read(), user, slates, recent, shape).dataSync<"float32">();
        });
        return answers(values, shape);
      },
      advance: (states, slates, clicked) => {
        const next = tf.tidy(() => nextHidden(weights.read(), columns(states, dimension, 2 * dimension), slates, clicked, shape.slots).dataSync<"float32">());
        const { slots } = shape;
        for (let row = 0; row * size < states.length; row++) {
          states.set(next.subarray(row * dimension, (row + 1) * dimension), row * size + dimension);
          const last = row * size + 2 * dimension;
          for (let at = row * slots; at < (row + 1) * slots; at++) {
            if (clicked[at] === 0) continue;
            states.copyWithin(last + 1, last, last + recentClicks - 1);
            states[last] = slates[at]!;
          }
        }
      },
    };
  }

  /** Writes a folder that `load` reads. @throws NotFittedError */
  async save(folder: string): Promise<void> {
    const { weights, support } = this.state();
    const tensors = Object.fromEntries(Object.entries(weights.toHost()).map(([name, { shape, data }]) => [name, { dtype: "F32" as const, shape, data }]));
    const { shown, ...counts } = support;
    const items = { ids: Array.from(shown.keys(), String), trained: shown.length };
    const all = { ...tensors, shown: { dtype: "F32" as const, shape: [shown.length], data: Float32Array.from(shown) } };
    await saveModel(folder, { name: this.name, options: { ...this.options, support: counts }, items, tensors: all });
  }

  /** What `save` wrote. @throws ConfigError for another model; DataError if it is damaged */
  static load(folder: string): ResponseModel {
    const { options, tensors } = loadModel(folder, "response model");
    const { support, ...given } = options as unknown as ResponseOptions & { readonly support: Omit<Support, "shown"> };
    const { shown, ...weights } = Object.fromEntries(Object.entries(tensors).map(([name, { shape, data }]) => [name, { shape, data: data as Float32Array }])) as Record<string, HostTensor>;
    const model = new ResponseModel(given);
    model.fitted = { weights: new ParameterSet(weights), support: { ...support, shown: Uint32Array.from(shown!.data) } };
    return model;
  }

  dispose(): void {
    this.fitted?.weights.dispose();
    this.fitted = undefined;
  }

  private shape(support = this.state().support): ResponseShape {
    return { kind: this.options.kind, slots: support.slots, users: this.options.users ? support.users : 0, silent: support.unanswered > 0 };
  }

  private state(): Fitted {
    if (this.fitted === undefined) throw new NotFittedError("ResponseModel");
    return this.fitted;
  }
}

function recentMask(states: Float32Array, slates: Int32Array, slots: number, size: number): Float32Array {
  const mask = new Float32Array(slates.length);
  for (let at = 0; at < mask.length; at++) {
    const end = (Math.floor(at / slots) + 1) * size;
    for (let i = end - recentClicks; i < end; i++) if (states[i] === slates[at]) mask[at] = 1;
  }
  return mask;
}

function hashOfLog({ offsets, slate, clicked, user, slots, items }: SlateLog): string {
  return hashOf({ offsets, slate, clicked, user, slots, items } as unknown as Hashable);
}

function mean(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
