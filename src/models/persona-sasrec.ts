/**
 * The personalised recommender of the persona paper (P1, 2604.06928: personalised information utilisation): SASRec with item
 * vectors from IDs, texts or both, and the user's persona worked into it (persona-injection.ts).
 *   z = SASRec(x_1 .. x_l ; p_u);   score(j) = z . E_j
 * Symbols: V items, D dimensions, B windows, L positions, U users, P dimensions of a persona.
 * Departs: the paper does not say how a persona enters; `inject` has four ways.
 * Departs: a user's persona is made of all of their training events, so while training it has seen the targets, and at test time
 *   it has not. `personaDropout` hides it from a share of the windows; with `persona: "session"` it is inferred from the items so
 *   far instead, in training as in use.
 */
import * as tf from "@tensorflow/tfjs";
import { ConfigError } from "../core/errors";
import { rules, resolveOptions } from "../core/options";
import type { Rng } from "../core/rng";
import { padSessions, trainingBatches, type TrainingBatch } from "../data/batches";
import { sequenceOfPositions, sessionsOf, type Sequences } from "../data/sequences";
import type { Sessions, TrainSessions } from "../data/types";
import type { HostMatrix } from "../evaluation/logistic-regression";
import { gatherRows } from "../tensor/ops/rows";
import { softmaxLoss } from "../tensor/ops/softmax-loss";
import type { HostTensor } from "../tensor/parameters";
import { NeuralRecommender, type Lesson, type Values } from "./neural";
import { initialInjection, injectionOf, injections, type PersonaInjection } from "./persona-injection";
import { chosenSessions, gathered, type PersonaSource } from "./persona-source";
import { hiddenStates, Sasrec, sasrecChecks, sasrecDefaults, type SasrecOptions } from "./sasrec";

/** SASRec's options, and what is done with personas. */
export const personaSasrecDefaults = {
  ...sasrecDefaults,
  /** Where it enters. */
  inject: "concat" as PersonaInjection,
  /** "user": the user's, of all their training events; "session": inferred from the session's items so far, for everybody. */
  persona: "user" as "user" | "session",
  /** With "user", whose persona a session without a known user has: one inferred from its items, or none. */
  unknown: "infer" as "infer" | "none",
  /** Share of the training windows that see no persona. */
  personaDropout: 0,
};

/** Options of `PersonaSasrec`. */
export type PersonaSasrecOptions = typeof personaSasrecDefaults;

/** The name of the personas of a batch among the values. */
const batchPersonas = "persona of the batch";

/**
 * The recommender. `fit` takes personas beside the data.
 * @example
 * import { initBackend, PersonaSasrec, Rng } from "sessionlab";
 * await initBackend();
 * // After "a" comes what the user likes: "b" or "c".
 * const items = { ids: ["a", "b", "c"], trained: 3 };
 * const user = Int32Array.of(0, 1, 0, 1);
 * const sessions = { offsets: Uint32Array.of(0, 2, 4, 6, 8), item: Int32Array.of(0, 1, 0, 2, 0, 1, 0, 2), user, items, hash: "demo" };
 * const valid = { role: "valid" as const, items, sessions, session: Int32Array.of(0), end: Int32Array.of(1), target: Int32Array.of(1), hash: "demo" };
 * const model = new PersonaSasrec({ dimension: 8, inner: 8, epochs: 80, patience: 80, dropout: 0, rate: 0.02, unknown: "none" });
 * const personas = { users: { shape: [2, 2] as [number, number], data: Float32Array.of(1, -1, -1, 1) } };
 * await model.fit({ role: "train", ...sessions }, valid, { rng: new Rng(1), personas });
 * const scores = await model.score({ offsets: Uint32Array.of(0, 1, 2), item: Int32Array.of(0, 0), user: Int32Array.of(0, 1) }).array();
 * assert.ok(scores[0]![1]! > scores[0]![2]! && scores[1]![2]! > scores[1]![1]!);
 * model.dispose();
 */
export class PersonaSasrec extends NeuralRecommender<PersonaSasrecOptions> {
  readonly name = "Persona-SASRec";

  constructor(options: Partial<PersonaSasrecOptions> = {}) {
    super(
      resolveOptions("Persona-SASRec", personaSasrecDefaults, options, {
        ...sasrecChecks(options),
        ...{ inject: rules.oneOf(...injections), persona: rules.oneOf("user", "session"), unknown: rules.oneOf("infer", "none"), personaDropout: rules.fraction },
        loss: rules.oneOf("softmax"),
      }),
    );
    const { inject, persona } = this.options;
    if (inject === "prefix" && persona === "session") throw new ConfigError('Expected inject "bias", "gate" or "concat" with persona "session", found "prefix": a token before the first item would know the items after it; take another');
  }

  /**
   * The model that `save` wrote.
   * @param infer gives personas to sessions without a known user, as in the fit; without it they have none
   * @throws DataError when a file is missing or damaged
   */
  static load(folder: string, infer?: PersonaSource["infer"]): Promise<PersonaSasrec> {
    return NeuralRecommender.read(folder, "Persona-SASRec", (options) => new PersonaSasrec(options), infer);
  }

  protected override get readsPersonas(): boolean {
    return true;
  }

  protected initialIds(items: number, rng: Rng): Float32Array {
    return rng.normals(items * this.options.dimension).map((value) => 0.02 * value);
  }

  protected initialWeights(items: number, rng: Rng, width?: number, personaWidth = 1): Record<string, HostTensor> {
    const { inject, dimension } = this.options;
    return { ...new Sasrec(this.sasrecOptions()).firstWeights(items, rng, width), ...initialInjection(inject, dimension, personaWidth, rng) };
  }

  protected override get readsVectors(): boolean {
    return this.options.userFrom === "text";
  }

  /** This one's options without those that SASRec does not have. */
  private sasrecOptions(): SasrecOptions {
    return Object.fromEntries(Object.entries(this.options).filter(([name]) => name in sasrecDefaults)) as SasrecOptions;
  }

  protected override beside(sessions: Sessions, rows: Int32Array): Values {
    const { shape, data } = this.personasOf(sessions, rows);
    return { [batchPersonas]: tf.tensor2d(data, [...shape]) };
  }

  protected encode(values: Values, sequences: Sequences): tf.Tensor2D {
    const { input, batch, length, last } = padSessions(sequences, Infinity, this.options.maxLength);
    const persona = values[batchPersonas] as tf.Tensor2D; // [B, P]
    const injection = injectionOf(this.options.inject, values, persona, batch);
    return gatherRows(hiddenStates(values, input, batch, length, this.options, undefined, injection), last); // [B, D]
  }

  protected override lesson(train: TrainSessions): Lesson<unknown> {
    const { batch: size, maxLength, targets, inject, personaDropout } = this.options;
    const personas = this.trainingPersonas(train);
    const lesson: Lesson<TrainingBatch> = {
      batches: (rng) => trainingBatches(train, { batch: size, length: maxLength, targets }, rng),
      loss: (weights, { input, batch, length, starts, places, targets: next }, rng) => {
        const values = this.withItems(weights);
        const { shape, data } = personas(starts, batch, length);
        if (personaDropout > 0) hide(data, batch, personaDropout, rng.child("persona"));
        const injection = injectionOf(inject, values, tf.tensor2d(data, [...shape]), batch);
        const states = hiddenStates(values, input, batch, length, this.options, rng, injection); // [B*L, D]
        return softmaxLoss(gatherRows(states, places), this.outputTable(values), next);
      },
    };
    return lesson as Lesson<unknown>;
  }

  /** The personas of a batch of training windows: [B, P], or [B * L, P] of the items so far. */
  private trainingPersonas(train: TrainSessions): (starts: Int32Array, batch: number, length: number) => HostMatrix {
    const { users } = this.personas();
    const sessionOf = sequenceOfPositions(train.offsets);
    if (this.options.persona === "user") return (starts) => gathered(users, Array.from(starts, (start) => this.rowOf(train, sessionOf[start]!)));
    const soFar = this.inferred(prefixesOf(train, sessionOf)); // [N, P]
    return (starts, batch, length) => {
      const rows = Int32Array.from({ length: batch * length }, (_, at) => {
        const start = starts[Math.floor(at / length)]!;
        const place = start + (at % length);
        return place < train.item.length && sessionOf[place] === sessionOf[start] ? place : -1; // padding, where nothing is read
      });
      return gathered(soFar, rows);
    };
  }

  /** The personas of some of the sessions: [R, P]. */
  private personasOf(sessions: Sessions, rows: Int32Array): HostMatrix {
    const { users, infer } = this.personas();
    const { persona, unknown } = this.options;
    if (persona === "session") return this.inferred(chosenSessions(sessions, rows));
    const known = Int32Array.from(rows, (session) => this.rowOf(sessions, session));
    const found = gathered(users, known);
    const newcomers = rows.filter((_, at) => known[at]! < 0);
    if (unknown === "none" || infer === undefined || newcomers.length === 0) return found;
    const width = found.shape[1];
    const theirs = this.inferred(chosenSessions(sessions, newcomers)).data;
    let next = 0;
    known.forEach((row, at) => {
      if (row < 0) found.data.set(theirs.subarray(next * width, ++next * width), at * width);
    });
    return found;
  }

  /** A session's row among the users' personas; -1 without a known user. */
  private rowOf({ user }: Sessions, session: number): number {
    const row = user?.[session] ?? -1;
    return row < this.personas().users.shape[0] ? row : -1;
  }

  private inferred(sessions: Sessions): HostMatrix {
    const { infer } = this.personas();
    if (infer === undefined) throw new ConfigError('Expected personas that can be inferred from items for persona "session", found users\' rows alone; give the source an infer, and load the model with it');
    return infer(sessions);
  }

  private personas(): PersonaSource {
    return this.state().personas!;
  }
}

/** Zeroes the personas of a share of the windows, all positions of one together. */
function hide(data: Float32Array, batch: number, share: number, rng: Rng): void {
  const size = data.length / batch;
  for (let b = 0; b < batch; b++) if (rng.uniform() < share) data.fill(0, b * size, (b + 1) * size);
}

/** For each position of the sessions, the items of its session up to it. */
function prefixesOf(sessions: Sessions, sessionOf: Int32Array): Sessions {
  return sessionsOf(Array.from({ length: sessions.item.length }, (_, at) => sessions.item.subarray(sessions.offsets[sessionOf[at]!], at + 1)));
}
