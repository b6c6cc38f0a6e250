/**
 * The guided diffusion model of P2 (arXiv 2410.21892), of the family of DreamRec (arXiv 2310.20453): noise becomes the vector of an
 * item that a session could go on with, under the guidance of the session's state.
 *   fit     x_t = sqrt(a_t) z_target + sqrt(1 - a_t) e;  f(x_t, t, h, p) learns z_target, h and p hidden now and then
 *   sample  from x ~ N(0, 1), towards (1 + w) f(x, t, h, p) - w f(x, t)
 * with z the trained recommender's item vectors, standardised; h its state of the session; p a quantile of popularity.
 * Symbols: V items, D dimensions, B sessions, T times.
 * Departs: nothing of P2's network, schedule or sizes is published; all of it is an option here, and its defaults were tried on validation.
 * Departs: items are frozen by default: learnt jointly under the squared error they collapse (`collapse` shows it).
 * Departs: popularity is hidden in half of the rows, not in a tenth, because most samples ask for none.
 */
import * as tf from "@tensorflow/tfjs";
import { ConfigError, NotFittedError } from "../../core/errors";
import { hashOf, type Hashable } from "../../core/hash";
import { resolveOptions, rules } from "../../core/options";
import type { Rng } from "../../core/rng";
import { sessionCount, type Cases, type Items, type Sessions, type TrainSessions } from "../../data/types";
import { loadModel, saveModel } from "../../models/files";
import { vectorsHash, type ItemVectors } from "../../models/item-table";
import { validation } from "../../models/validation";
import { Adam } from "../../tensor/adam";
import { initBackend } from "../../tensor/backend";
import { ParameterSet, readHost, type HostTensor } from "../../tensor/parameters";
import { train as trainLoop, type TrainingContext, type TrainingReport } from "../../tensor/training";
import { denoise, denoisers, denoiserWeights, type Conditions, type DenoiserShape } from "./denoisers";
import { collapseOf, standardise, type Collapse } from "./item-vectors";
import { diffusionLoss, kept, pairBatches, pairsOf, popularityQuantiles, statesOf, type SessionEncoder } from "./lesson";
import { guided, rowNoise, runSampler, samplers, sharedNoise, type Noise, type Predict, type SampledStep, type SamplerName } from "./samplers";
import { diffusionSchedule, schedules, type Schedule, type ScheduleName } from "./schedules";
import { scoresOf, similarities, type Similarity } from "./similarity";

/** Options of `DiffusionModel`. */
export const diffusionDefaults = {
  denoiser: "adaln" as DenoiserShape["denoiser"],
  /** Of the network's layers. */
  width: 128,
  blocks: 2,
  /** Of "transformer". */
  heads: 2,
  schedule: "cosine" as ScheduleName,
  /** T. */
  times: 1000,
  /** "joint": item vectors are learnt with the rest, from the recommender's on. */
  items: "frozen" as "frozen" | "joint",
  /** Weight of the cross-entropy over the catalogue beside the squared error. */
  crossEntropy: 0,
  /** Whether a popularity can be asked for. */
  popularity: true,
  /** Probability that the state is hidden in training. */
  drop: 0.1,
  /** Probability that the popularity is. */
  popularityDrop: 0.5,
  /** Transitions that it learns from; of more, as many are drawn once. */
  transitions: 200_000,
  /** Learning rate of Adam. */
  rate: 1e-3,
  /** Transitions a batch. */
  batch: 256,
  epochs: 100,
  /** Epochs without a better validation metric before it stops. */
  patience: 10,
  metric: "NDCG@20",
  validationCases: 1000,
  sampler: "ddim" as SamplerName,
  /** Times that the sampler visits, at most T. */
  steps: 20,
  /** w. */
  guidance: 1,
  /** Samples a session whose mean scores the items. */
  draws: 1,
  /** How a sample is held against item vectors. */
  similarity: "dot" as Similarity,
};

/** Options of `DiffusionModel`. */
export type DiffusionOptions = typeof diffusionDefaults;

/** How it samples, over its own options. */
export interface SampleOptions extends Partial<Pick<DiffusionOptions, "sampler" | "steps" | "guidance">> {
  /** Samples a session, 1 if not given. */
  readonly each?: number;
  /** The quantile of popularity to go towards, 0 the rarest item and 1 the most frequent; absent, any. */
  readonly popularity?: number;
  /** Looks on at each step. */
  readonly visit?: (step: SampledStep) => void;
}

interface Fitted {
  readonly base: SessionEncoder;
  readonly weights: ParameterSet;
  /** [V, D] frozen item vectors; what jointly learnt ones began with. */
  readonly vectors: ItemVectors & { readonly tensor: tf.Tensor2D };
  /** [C] each: of the states. */
  readonly mean: Float32Array;
  readonly sd: Float32Array;
}

/** Rows that go through the network together. */
const sampledAtOnce = 8192;

/** The name of jointly learnt item vectors among the weights. */
const jointItems = "item";

/**
 * The model.
 * @example
 * import { DiffusionModel, initBackend, Niser, Rng } from "sessionlab";
 * await initBackend();
 * const items = { ids: ["a", "b", "c"], trained: 3 };
 * const sessions = { offsets: Uint32Array.of(0, 3, 6), item: Int32Array.of(0, 1, 2, 0, 1, 2), items, hash: "demo" };
 * const train = { role: "train", ...sessions } as const;
 * const valid = { role: "valid", items, sessions, session: Int32Array.of(0), end: Int32Array.of(2), target: Int32Array.of(2), hash: "demo" } as const;
 * const base = new Niser({ dimension: 8, epochs: 10, rate: 0.05, rateDecay: 1 });
 * await base.fit(train, valid, { rng: new Rng(1) });
 * const model = new DiffusionModel({ width: 16, epochs: 3, times: 50, steps: 5 });
 * await model.fit(base, train, valid, { rng: new Rng(2) });
 * const samples = model.sample({ offsets: Uint32Array.of(0, 2), item: Int32Array.of(0, 1) }, new Rng(3));
 * assert.equal(samples.length, 8); // one vector of 8 numbers
 * model.dispose();
 * base.dispose();
 */
export class DiffusionModel {
  readonly name = "guided diffusion";
  readonly options: Readonly<DiffusionOptions>;
  readonly schedule: Schedule;
  private fitted: Fitted | undefined;

  constructor(given: Partial<DiffusionOptions> = {}) {
    const { positiveInteger, positive, notNegative, fraction, oneOf } = rules;
    this.options = resolveOptions("DiffusionModel", diffusionDefaults, given, {
      ...{ denoiser: oneOf(...denoisers), width: positiveInteger, blocks: positiveInteger, heads: positiveInteger, schedule: oneOf(...schedules), times: positiveInteger },
      ...{ items: oneOf("frozen", "joint"), crossEntropy: notNegative, popularity: oneOf(true, false), drop: fraction, popularityDrop: fraction, transitions: positiveInteger },
      ...{ rate: positive, batch: positiveInteger, epochs: positiveInteger, patience: positiveInteger, validationCases: positiveInteger },
      ...{ sampler: oneOf(...samplers), steps: positiveInteger, draws: positiveInteger, similarity: oneOf(...similarities) },
      guidance: (value) => (Number.isFinite(value) ? undefined : "a finite number"),
    });
    const { width, heads, denoiser, schedule, times, steps } = this.options;
    if (denoiser === "transformer" && width % heads !== 0) throw new ConfigError(`Expected DiffusionModel.heads to divide the width ${width}, found ${heads}`);
    if (steps > times) throw new ConfigError(`Expected DiffusionModel.steps to be at most the ${times} times, found ${steps}`);
    this.schedule = diffusionSchedule(schedule, times);
  }

  /**
   * Learns from the training sessions as a trained recommender sees them; the recommender stays as it is, and must outlive the model.
   * @param base a neural recommender fitted on the same training sessions
   * @param valid where given, what stops the training; without, all epochs are run
   * @throws ConfigError for a base of other items; NumericError, AbortError as `train`
   */
  async fit(base: SessionEncoder, train: TrainSessions, valid: Cases<"valid"> | undefined, context: TrainingContext): Promise<TrainingReport> {
    await initBackend();
    this.dispose();
    const { options, schedule } = this;
    if (base.items.trained !== train.items.trained || base.items.ids.some((id, at) => at < base.items.trained && id !== train.items.ids[at])) {
      throw new ConfigError(`Expected a recommender fitted on these ${train.items.trained} training items, found ${base.name} of ${base.items.trained} items or others; fit it on the same split`);
    }
    const rng = context.rng.child("diffusion");
    const vectors = standardise(base.outputVectors());
    const pairs = pairsOf(base, train, options.transitions, rng.child("transitions"));
    const [dimension, states] = [vectors.shape[1], pairs.mean.length];
    const joint: Record<string, HostTensor> = options.items === "joint" ? { [jointItems]: { shape: [...vectors.shape], data: vectors.data } } : {};
    const first = { ...joint, ...denoiserWeights(options, { items: dimension, states, popularity: options.popularity }, rng.child("weights")) };
    const weights = new ParameterSet(first);
    this.fitted = { base, weights, vectors: { ...vectors, tensor: kept(vectors) }, mean: pairs.mean, sd: pairs.sd };
    const optimiser = new Adam(weights, { rate: options.rate });
    const setting = { ...options, shape: options, schedule, popularity: options.popularity ? popularityQuantiles(train) : undefined };
    const scorer = (sessions: Sessions): tf.Tensor2D => this.score(sessions);
    try {
      return await trainLoop(
        {
          name: this.name,
          identity: hashOf({
            ...{ model: this.name, options: options as Hashable, train: train.hash, valid: valid?.hash ?? "none", seed: context.rng.state().path, backend: tf.getBackend() },
            ...{ items: vectorsHash(vectors), states: hashOf({ states: pairs.states, targets: pairs.targets }) },
          }),
          ...{ weights, optimiser, epochs: options.epochs, patience: options.patience, metric: options.metric },
          batches: (epochRng) => pairBatches(pairs, options.batch, epochRng),
          loss: (values, batch, stepRng) => diffusionLoss(values, this.tableOf(values), batch(), setting, stepRng),
          validate: valid === undefined || valid.target.length === 0 ? undefined : validation(scorer, train, valid, options.metric, options.validationCases, rng.child("validation")),
          measures: options.items === "joint" ? () => measuresOf(this.collapse()) : undefined,
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

  /** The items it can propose. @throws NotFittedError */
  get items(): Items {
    return this.state().base.items;
  }

  /** The item vectors that samples lie among: standardised, or jointly learnt. @throws NotFittedError */
  vectors(): ItemVectors {
    const { weights, vectors } = this.state();
    const learnt = weights.byName.get(jointItems);
    return learnt === undefined ? vectors : { shape: vectors.shape, data: readHost(learnt).data };
  }

  /** Whether the item vectors have become one. @throws NotFittedError */
  collapse(): Collapse {
    return collapseOf(this.vectors());
  }

  /**
   * Vectors drawn for sessions, independent of each other.
   * @param rng row n draws from its child n: what is drawn first does not hang on how many follow
   * @returns [B * each, D], a session's samples one after another, among `vectors()`
   * @throws NotFittedError; ConfigError for a popularity that the model did not learn, or steps beyond its times
   */
  sample(sessions: Sessions, rng: Rng, options: SampleOptions = {}): Float32Array {
    const dimension = this.state().vectors.shape[1];
    const { each = 1 } = options;
    const states = this.statesFor(sessions);
    const out = new Float32Array(states.known.length * each * dimension);
    const atOnce = Math.max(1, Math.floor(sampledAtOnce / each));
    for (let from = 0; from < states.known.length; from += atOnce) {
      const to = Math.min(states.known.length, from + atOnce);
      const rows = Array.from({ length: (to - from) * each }, (_, row) => from * each + row);
      const samples = this.run(states, { from, to }, rowNoise(rng, rows, dimension), options);
      out.set(samples.dataSync<"float32">(), from * each * dimension);
      samples.dispose();
    }
    return out;
  }

  /**
   * Scores by the mean of `draws` samples of each session, which all sessions draw with the same noise: a session scores the same
   * alone and in any company.
   * @returns [B, V]
   * @throws NotFittedError
   */
  score(sessions: Sessions, options: Omit<SampleOptions, "each"> = {}): tf.Tensor2D {
    const { vectors, weights } = this.state();
    const { draws, similarity } = this.options;
    const states = this.statesFor(sessions);
    const count = states.known.length;
    return tf.tidy(() => {
      const samples = this.run(states, { from: 0, to: count }, sharedNoise(count, draws, vectors.shape[1]), { ...options, each: draws }); // [B * draws, D]
      return scoresOf(samples, this.tableOf(weights.read()), similarity, draws);
    });
  }

  /** Writes a folder that `load` reads; the recommender is not in it. @throws NotFittedError */
  async save(folder: string): Promise<void> {
    const { base, weights, vectors, mean, sd } = this.state();
    const row = (data: Float32Array): HostTensor => ({ shape: [data.length], data });
    const all: Record<string, HostTensor> = { ...weights.toHost(), vectors, "states/mean": row(mean), "states/sd": row(sd) };
    const tensors = Object.fromEntries(Object.entries(all).map(([name, { shape, data }]) => [name, { dtype: "F32" as const, shape, data }]));
    const on = { name: base.name, vectors: vectorsHash(base.outputVectors()) };
    await saveModel(folder, { name: this.name, options: { ...this.options, base: on }, items: base.items, tensors });
  }

  /** What `save` wrote. @param base the recommender that it was fitted on @throws ConfigError for another; DataError when a file is missing or damaged */
  static load(folder: string, base: SessionEncoder): DiffusionModel {
    const { options, tensors } = loadModel(folder, "guided diffusion");
    const { base: on, ...given } = options as unknown as DiffusionOptions & { readonly base: { readonly name: string; readonly vectors: string } };
    if (on.vectors !== vectorsHash(base.outputVectors())) throw new ConfigError(`Expected the ${on.name} that the diffusion model in ${folder} was fitted on, found another ${base.name}; load that one first`);
    const host = Object.fromEntries(Object.entries(tensors).map(([name, { shape, data }]) => [name, { shape, data: data as Float32Array }]));
    const { vectors, "states/mean": mean, "states/sd": sd, ...weights } = host as Record<string, HostTensor>;
    const model = new DiffusionModel(given);
    const own = vectors as ItemVectors;
    model.fitted = { base, weights: new ParameterSet(weights), vectors: { ...own, tensor: kept(own) }, mean: mean!.data, sd: sd!.data };
    return model;
  }

  dispose(): void {
    this.fitted?.weights.dispose();
    this.fitted?.vectors.tensor.dispose();
    this.fitted = undefined;
  }

  /** x0^ of rows under guidance: what the samplers ask. Inside a tidy. @param states [G, C] @param known [G] @param rows [B] */
  private predictor(values: Readonly<Record<string, tf.Tensor>>, states: tf.Tensor2D, known: Float32Array, rows: Int32Array | undefined, { guidance = this.options.guidance, popularity }: SampleOptions): Predict {
    const { options } = this;
    const ask = (of: Pick<Conditions, "states" | "withState" | "rows">, quantile: number): Predict => (x, time) => {
      const whole = (value: number): Float32Array => new Float32Array(of.withState.length).fill(value);
      return denoise(values, x, whole(time), options.times, { ...of, popularity: options.popularity ? whole(quantile) : undefined }, options, false);
    };
    const none = { states: tf.zeros<tf.Rank.R2>([1, states.shape[1]]), withState: Float32Array.of(0), rows: new Int32Array(rows?.length ?? known.length) }; // one for all rows
    return guided(ask({ states, withState: known, rows }, popularity ?? -1), ask(none, -1), guidance);
  }

  /** States as the network takes them, and which sessions have one. */
  private statesFor(sessions: Sessions): { readonly states: Float32Array; readonly known: Float32Array } {
    const { base, mean, sd } = this.state();
    const states = statesOf(base, sessions).map((value, at) => (value - mean[at % mean.length]!) / sd[at % mean.length]!);
    const isKnown = (item: number): boolean => item >= 0 && item < base.items.trained;
    return { states, known: Float32Array.from({ length: sessionCount(sessions) }, (_, s) => (sessions.item.subarray(sessions.offsets[s], sessions.offsets[s + 1]).some(isKnown) ? 1 : 0)) };
  }

  /** Samples of sessions [from, to). @returns [(to - from) * each, D]; the caller disposes it */
  private run(given: { readonly states: Float32Array; readonly known: Float32Array }, { from, to }: { readonly from: number; readonly to: number }, noise: Noise, options: SampleOptions): tf.Tensor2D {
    const { weights, vectors, mean } = this.state();
    const { sampler = this.options.sampler, steps = this.options.steps, each = 1, popularity } = options;
    if (popularity !== undefined && !this.options.popularity) throw new ConfigError("Expected no popularity of a model that learnt none, found one; fit it with popularity: true");
    if (popularity !== undefined && !(popularity >= 0 && popularity <= 1)) throw new ConfigError(`Expected a quantile of popularity in 0..1, found ${popularity}`);
    return tf.tidy(() => {
      const width = mean.length;
      const states = tf.tensor2d(given.states.subarray(from * width, to * width), [to - from, width]);
      const known = given.known.subarray(from, to);
      const session = each === 1 ? undefined : Int32Array.from({ length: (to - from) * each }, (_, row) => Math.floor(row / each));
      const start = tf.tensor2d(noise(), [(to - from) * each, vectors.shape[1]]);
      return runSampler(this.predictor(weights.read(), states, known, session, options), start, this.schedule, { sampler, steps }, noise, options.visit);
    });
  }

  private tableOf(values: Readonly<Record<string, tf.Tensor>>): tf.Tensor2D {
    return (values[jointItems] as tf.Tensor2D | undefined) ?? this.state().vectors.tensor;
  }

  private state(): Fitted {
    if (this.fitted === undefined) throw new NotFittedError("DiffusionModel");
    return this.fitted;
  }
}

function measuresOf({ cosine, variance, leastVariance }: Collapse): Readonly<Record<string, number>> {
  return { cosine, variance, leastVariance };
}
