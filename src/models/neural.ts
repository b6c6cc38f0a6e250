/**
 * What the neural session recommenders share: one training loop, one way to score, save and load. A model adds its first
 * weights and `encode`, from a session to its vector; scores are products with the item table, which input and output share.
 * Symbols: V items, D dimensions, B sessions.
 */
import * as tf from "@tensorflow/tfjs";
import { NotFittedError } from "../core/errors";
import { hashOf, type Hashable } from "../core/hash";
import { rules, type Rule } from "../core/options";
import { Rng } from "../core/rng";
import { knownSequences, prefixBatches, type PrefixBatch, type Sequences } from "../data/sequences";
import { sessionCount, type Cases, type Items, type Sessions, type TrainSessions } from "../data/types";
import { Adam } from "../tensor/adam";
import { initBackend } from "../tensor/backend";
import { memoryEstimate, type MemoryEstimate, type StepPlan } from "../tensor/memory";
import { product } from "../tensor/ops/product";
import { gatherRows } from "../tensor/ops/rows";
import type { Optimiser } from "../tensor/optimiser";
import { ParameterSet, type HostTensor } from "../tensor/parameters";
import { calibrate, estimatedPeak, memoryLimit, refuseAbove, type PlanOptions, type TrainingPlan } from "../tensor/planner";
import { train as trainLoop, type TrainingTask } from "../tensor/training";
import { catalogueLoss, type Debias } from "./debias";
import { loadModel, saveModel } from "./files";
import { checkVectors, initialItems, itemNames, itemTable, vectorsHash, type ItemInput, type ItemVectors } from "./item-table";
import { checkPersonas, personasHash, type PersonaSource } from "./persona-source";
import { recommendFrom, type FitContext, type FitReport, type Recommendation, type RecommendQuery, type Recommender } from "./recommender";
import { sampleCases, validation } from "./validation";
import { countedBatches, startFrom, startHash } from "./warm-start";

/** Options that every neural model has. */
export const neuralDefaults = {
  /** D. */
  dimension: 100,
  /** Of a longer session the last items count. */
  maxLength: 50,
  /** What an item is: its ID embedding, its text vector (`FitContext.vectors`), or both; absent is "id". */
  input: undefined as ItemInput | undefined,
  /** Learning rate of Adam. */
  rate: 1e-3,
  /** Targets a batch. */
  batch: 100,
  epochs: 30,
  /** Epochs without a better validation metric before it stops; without validation cases all epochs are run. */
  patience: 3,
  /** What early stop reads, over at most `validationCases` cases. */
  metric: "MRR@20",
  validationCases: 10_000,
};

/** Options of every neural model. */
export type NeuralOptions = typeof neuralDefaults & Debias & {
  /** L2 penalty, added to the gradient (PyTorch's weight_decay), of the models that have it. */
  readonly l2?: number;
  /** The rate is multiplied by `rateDecay` after every `rateEpochs` epochs, in the models that have it. */
  readonly rateDecay?: number;
  readonly rateEpochs?: number;
};

/** Their rules, for `resolveOptions`. */
export const neuralRules = {
  dimension: rules.positiveInteger,
  maxLength: rules.positiveInteger,
  input: rules.oneOf(undefined, "id", "text", "both"),
  rate: rules.positive,
  batch: rules.positiveInteger,
  epochs: rules.positiveInteger,
  patience: rules.positiveInteger,
  validationCases: rules.positiveInteger,
} as const satisfies { readonly [K in keyof NeuralOptions]?: Rule };

/** Of the options that only some models have. */
export const scheduleRules = { rateDecay: rules.positive, rateEpochs: rules.positiveInteger } as const;

/** Values of a model's weights, and of the text vectors where it reads them. */
export type Values = Readonly<Record<string, tf.Tensor>>;

/** How a model trains: what `TrainingTask` needs beyond what all models share. */
export type Lesson<Batch> = Pick<TrainingTask<Batch>, "batches" | "loss" | "rows" | "carried">;

/** The name of the users' personas in a model's file. */
const savedPersonas = "personas";

/** Cases that validation scores at a time. */
const scoredAtOnce = 256;

interface Fitted {
  readonly weights: ParameterSet;
  readonly items: Items;
  /** Text vectors. */
  readonly vectors?: ItemVectors & { readonly tensor: tf.Tensor2D };
  readonly personas?: PersonaSource;
}

/** The base of the neural recommenders. */
export abstract class NeuralRecommender<O extends NeuralOptions> implements Recommender {
  abstract readonly name: string;
  private fitted: Fitted | undefined;

  protected constructor(readonly options: Readonly<O>) {}

  /** First values of the ID embeddings. @returns [V, D] */
  protected abstract initialIds(items: number, rng: Rng): Float32Array;

  /** First values of the other weights. @param width F of the text vectors, @param personaWidth P of the personas, where it was given some */
  protected abstract initialWeights(items: number, rng: Rng, width?: number, personaWidth?: number): Record<string, HostTensor>;

  /** Whether it reads text vectors beside what `input` says. */
  protected get readsVectors(): boolean {
    return false;
  }

  /** Whether it reads personas. */
  protected get readsPersonas(): boolean {
    return false;
  }

  /** What `encode` reads of the sessions beside their items, by name. @param rows numbers of the sessions that it is given */
  protected beside(_sessions: Sessions, _rows: Int32Array): Values {
    return {};
  }

  /**
   * The vector of each session, whose product with `outputTable` ranks the items.
   * @param values the learnt weights; `item` is the whole item table [V, D], text vectors in it
   * @param rng where given, dropout is on: only inside `fit`
   * @returns [B, D]
   */
  protected abstract encode(values: Values, sequences: Sequences, rng?: Rng): tf.Tensor2D;

  /** What scores are products with. @returns [V, D] */
  protected outputTable(values: Values): tf.Tensor2D {
    return values[itemNames.ids] as tf.Tensor2D;
  }

  /** Expanded prefixes under the exact softmax over the catalogue. */
  protected lesson(train: TrainSessions): Lesson<unknown> {
    const lossOf = catalogueLoss(this.options, train);
    const lesson: Lesson<PrefixBatch> = {
      batches: (rng) => prefixBatches(train, this.options, rng),
      loss: (weights, { sequences, targets }, rng) => {
        const values = this.withItems(weights);
        return lossOf(this.encode(values, sequences, rng), this.outputTable(values), targets);
      },
    };
    return lesson as Lesson<unknown>;
  }

  protected optimiser(weights: ParameterSet): Optimiser {
    const { rate, l2 } = this.options;
    return new Adam(weights, { rate, l2 });
  }

  get items(): Items {
    return this.state().items;
  }

  /** How many weights it has, 0 before a fit. */
  get learntNumbers(): number {
    return [...(this.fitted?.weights.byName.values() ?? [])].reduce((sum, { shape }) => sum + shape.reduce((size, one) => size * one, 1), 0);
  }

  /** Its weights, for a training that starts from them. @throws NotFittedError */
  get learnt(): Readonly<Record<string, HostTensor>> {
    return this.state().weights.toHost();
  }

  async fit(train: TrainSessions, valid: Cases<"valid">, context: FitContext): Promise<FitReport> {
    await initBackend();
    this.dispose();
    const { task, release } = this.prepare(train, valid, context);
    try {
      return await trainLoop<unknown>(task, context);
    } catch (error) {
      this.dispose();
      throw error;
    } finally {
      release();
    }
  }

  /**
   * What `fit` with the same arguments will take; the model stays as it is.
   * @throws ConfigError with the way out when it will not fit in memory; what `fit` throws
   */
  async plan(train: TrainSessions, valid: Cases<"valid">, context: FitContext & PlanOptions): Promise<TrainingPlan> {
    await initBackend();
    const { limit = memoryLimit(), rng } = context;
    const { options } = this;
    const width = context.vectors?.shape[1];
    const estimate = (chosen: Readonly<O>): MemoryEstimate => memoryEstimate(this.stepPlan(train, chosen, width));
    const peak = (chosen: Readonly<O>): number => estimatedPeak(estimate(chosen), scoredAtOnce * train.items.trained);
    const wayOut = (): string => {
      const smaller = (["batch", "dimension"] as const).flatMap((name) => [2, 4, 8, 16, 32].map((divisor) => ({ name, value: Math.floor(options[name] / divisor) })));
      const fits = smaller.find(({ name, value }) => value >= 1 && peak({ ...options, [name]: value }) <= limit);
      return fits === undefined ? "take a machine with more, or items that occur more often" : `${fits.name}: ${fits.value} would fit`;
    };
    refuseAbove(this.name, peak(options), limit, wayOut());
    const kept = this.fitted;
    this.fitted = undefined;
    const cases = Math.min(options.validationCases, valid.target.length);
    try {
      const { task, release } = this.prepare(train, sampleCases(valid, 2 * scoredAtOnce, rng.child("plan")), context);
      try {
        const measured = await calibrate(task, context, { read: Math.min(cases, 2 * scoredAtOnce), all: cases });
        refuseAbove(this.name, measured.peakBytes, limit, wayOut());
        return { name: this.name, tensors: estimate(options), limitBytes: limit, epochs: options.epochs, ...measured, minutes: (options.epochs * measured.secondsAnEpoch) / 60 };
      } finally {
        release();
        this.dispose();
      }
    } finally {
      this.fitted = kept;
    }
  }

  /**
   * A training step as far as its memory goes; a model whose step holds more says so.
   * @param options the model's own, or others to try
   * @param width F of the text vectors
   */
  protected stepPlan({ items: { trained } }: TrainSessions, { dimension, batch, maxLength }: Readonly<O>, width?: number): StepPlan {
    const others = this.initialWeights(trained, new Rng("shapes"), width);
    return {
      parameters: { ...Object.fromEntries(Object.entries(others).map(([name, { shape }]) => [name, shape])), [itemNames.ids]: [trained, dimension] },
      optimiser: "adam",
      loss: { kind: "softmax", table: itemNames.ids, targets: batch },
      activations: 8 * batch * maxLength * dimension,
    };
  }

  /** Puts the first weights in place, and says what the training loop is to do. */
  private prepare(train: TrainSessions, valid: Cases<"valid">, context: FitContext): { readonly task: TrainingTask<unknown>; release(): void } {
    const { options } = this;
    const { trained } = train.items;
    const { input = "id", rateDecay = 1, rateEpochs = 1 } = options;
    const vectors = checkVectors(this.name, { input, beside: this.readsVectors }, context.vectors, trained);
    const personas = checkPersonas(this.name, this.readsPersonas, context.personas);
    const rng = context.rng.child("weights");
    const first = {
      ...initialItems(input, trained, options.dimension, vectors, () => this.initialIds(trained, rng.child(itemNames.ids)), rng),
      ...this.initialWeights(trained, rng, vectors?.shape[1], personas?.users.shape[1]),
    };
    this.fitted = { weights: new ParameterSet(first), items: train.items, vectors: hold(vectors), personas };
    const { weights } = this.fitted;
    const optimiser = this.optimiser(weights);
    if (context.start !== undefined) startFrom(weights, context.start);
    const own = this.lesson(train);
    const lesson = context.start === undefined ? own : { ...own, batches: countedBatches((batchRng) => own.batches(batchRng), context.start, options.epochs) };
    const task: TrainingTask<unknown> = {
      ...lesson,
      name: this.name,
      identity: hashOf({
        ...{ model: this.name, options: options as Hashable, train: train.hash, valid: valid.hash, vectors: vectorsHash(vectors), personas: personasHash(personas) },
        ...{ seed: context.rng.state().path, backend: tf.getBackend(), ...(context.start && { start: startHash(context.start) }) },
      }),
      weights,
      optimiser,
      epochs: options.epochs,
      patience: options.patience,
      metric: options.metric,
      rateScale: (epoch) => rateDecay ** Math.floor(epoch / rateEpochs),
      validate: valid.target.length === 0 ? undefined : validation((sessions) => this.score(sessions), train, valid, options.metric, options.validationCases, context.rng.child("validation")),
    };
    const release = (): void => {
      lesson.carried?.dispose();
      optimiser.dispose();
    };
    return { task, release };
  }

  score(sessions: Sessions): tf.Tensor2D {
    return tf.tidy(() => {
      const values = this.withItems(this.state().weights.read());
      return product(this.statesOf(values, sessions), this.outputTable(values), false, true); // [B, V]
    });
  }

  /** What `score` multiplies with the output vectors; zeros for a session without a known item. @returns [B, D] */
  states(sessions: Sessions): tf.Tensor2D {
    return tf.tidy(() => this.statesOf(this.withItems(this.state().weights.read()), sessions));
  }

  /** What `score` multiplies with the states: a vector for each item. */
  outputVectors(): ItemVectors {
    const table = tf.tidy(() => this.outputTable(this.withItems(this.state().weights.read()))); // [V, D]
    const data = Float32Array.from(table.dataSync<"float32">());
    table.dispose();
    return { shape: table.shape, data };
  }

  private statesOf(values: Values, sessions: Sessions): tf.Tensor2D {
    const { sequences, rows } = knownSequences(sessions, this.items.trained, this.options.maxLength);
    const withKnown = Int32Array.from(rows.keys()).filter((session) => rows[session]! >= 0);
    if (sequences.offsets.length === 1) return tf.zeros([sessionCount(sessions), this.outputTable(values).shape[1]]);
    return gatherRows(this.encode({ ...values, ...this.beside(sessions, withKnown) }, sequences), rows);
  }

  recommend(session: readonly string[], query: RecommendQuery): Recommendation[] {
    return recommendFrom(this, session, query);
  }

  async save(folder: string): Promise<void> {
    const { weights, items, vectors, personas } = this.state();
    const learnt: Record<string, HostTensor> = weights.toHost();
    const all = { ...learnt, ...(vectors && { [itemNames.vectors]: vectors }), ...(personas && { [savedPersonas]: personas.users }) };
    const tensors = Object.fromEntries(Object.entries(all).map(([name, { shape, data }]) => [name, { dtype: "F32" as const, shape, data }]));
    await saveModel(folder, { name: this.name, options: this.options as Readonly<Record<string, unknown>>, items, tensors });
  }

  dispose(): void {
    this.fitted?.weights.dispose();
    this.fitted?.vectors?.tensor.dispose();
    this.fitted = undefined;
  }

  /** Takes the weights of a saved model. @throws ConfigError, DataError */
  protected static async read<M extends NeuralRecommender<NeuralOptions>>(folder: string, name: string, make: (options: object) => M, infer?: PersonaSource["infer"]): Promise<M> {
    await initBackend();
    const { options, items, tensors } = loadModel(folder, name);
    const host = Object.fromEntries(Object.entries(tensors).map(([key, { shape, data }]) => [key, { shape, data: data as Float32Array }]));
    const { [itemNames.vectors]: vectors, [savedPersonas]: users, ...weights } = host;
    const model = make(options);
    const personas = users && { users: users as PersonaSource["users"], infer };
    model.fitted = { weights: new ParameterSet(weights), items, vectors: hold(vectors as ItemVectors | undefined), personas };
    return model;
  }

  protected state(): Fitted {
    if (this.fitted === undefined) throw new NotFittedError(this.name);
    return this.fitted;
  }

  /** The weights with the whole item table as `item`, and the text vectors beside it. */
  protected withItems(weights: Values): Values {
    const vectors = this.vectorTensors();
    return this.state().vectors === undefined ? weights : { ...weights, ...vectors, [itemNames.ids]: itemTable({ ...weights, ...vectors }) };
  }

  /** The text vectors by their name among the weights; nothing without any. */
  protected vectorTensors(): Values {
    const { vectors } = this.state();
    return vectors === undefined ? {} : { [itemNames.vectors]: vectors.tensor };
  }
}

function hold(vectors: ItemVectors | undefined): Fitted["vectors"] {
  return vectors === undefined ? undefined : { ...vectors, tensor: tf.keep(tf.tensor2d(vectors.data, [...vectors.shape])) };
}
