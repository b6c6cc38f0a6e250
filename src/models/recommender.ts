/**
 * The interface of every recommender, no exceptions: fit, score, recommend, save, load.
 * `score` ranks by higher-is-better over the items seen in training; nothing is filtered unless asked.
 */
import { ConfigError } from "../core/errors";
import type { Progress } from "../core/progress";
import type { Rng } from "../core/rng";
import type { Cases, Items, Sessions, TrainSessions } from "../data/types";
import { scoresToArray, type Scores } from "../evaluation/scores";

import type { ItemVectors } from "./item-table";
import type { PersonaSource } from "./persona-source";
import type { WarmStart } from "./warm-start";

export { scoresToArray, type Scores };

/** What a fit needs beside data and options. */
export interface FitContext {
  readonly rng: Rng;
  readonly signal?: AbortSignal;
  readonly progress?: Progress;
  /** A folder for checkpoints; a fit that finds its own checkpoint there resumes from it. */
  readonly checkpoint?: string;
  /** Text vectors of the items, for a neural model whose `input` is "text" or "both". */
  readonly vectors?: ItemVectors;
  /** Personas of the users, for a model that reads them. */
  readonly personas?: PersonaSource;
  /** Weights to start from and steps to take, for a neural model. */
  readonly start?: WarmStart;
  /** Seconds between checkpoints: how often never changes the result. */
  readonly checkpointSeconds?: number;
  /** Epochs after which a fit stops for now, for models that have epochs: the same fit with a larger number and its checkpoint goes on. */
  readonly until?: number;
}

/** What a fit did: goes into the result's passport. */
export interface FitReport {
  /** Epochs run and the one kept, for models that have epochs. */
  readonly epochs?: number;
  readonly bestEpoch?: number;
  /** The validation metric by epoch. */
  readonly history?: readonly Readonly<Record<string, number>>[];
  readonly seconds: number;
}

/** One recommended item. */
export interface Recommendation {
  readonly item: string;
  readonly title?: string;
  readonly score: number;
}

/** What is asked of `recommend`. */
export interface RecommendQuery {
  readonly k: number;
  /** Outside ids that must not be recommended. Seen items are not excluded by themselves. */
  readonly exclude?: Iterable<string>;
}

/** What every recommender can do. */
export interface Recommender {
  /** The name in tables and files: "SASRec". */
  readonly name: string;
  readonly options: Readonly<Record<string, unknown>>;
  /** The items it learnt. @throws NotFittedError */
  readonly items: Items;
  /**
   * Learns from `train`; may choose by `valid`, never by anything else. Fitting twice starts afresh.
   * @throws NumericError when the loss stops being finite; AbortError when the signal fires
   */
  fit(train: TrainSessions, valid: Cases<"valid">, context: FitContext): Promise<FitReport>;
  /** @returns [B, V]; the caller disposes a tensor. @throws NotFittedError */
  score(sessions: Sessions): Scores;
  /** The k best items after `session`, outside ids, unknown ones skipped. @throws NotFittedError, ConfigError */
  recommend(session: readonly string[], query: RecommendQuery): Recommendation[];
  /** Writes a folder that `load` of the same class reads: model.json, items.json, weights.safetensors. */
  save(folder: string): Promise<void>;
  dispose(): void;
}

/** `recommend` for any model with `score`: outside ids in, outside ids and titles out. Ties keep catalogue order. */
export function recommendFrom(model: Pick<Recommender, "items" | "score">, session: readonly string[], query: RecommendQuery): Recommendation[] {
  const { items } = model;
  if (!Number.isInteger(query.k) || query.k < 1) throw new ConfigError(`Expected k to be a positive integer, found ${query.k}`);
  const index = indexOf(items);
  const known = session.map((id) => index.get(id) ?? items.trained).filter((item) => item < items.trained);
  const scores = scoresToArray(model.score({ offsets: Uint32Array.of(0, known.length), item: Int32Array.from(known) }));
  const excluded = new Set(query.exclude ?? []);
  return Array.from(scores.keys())
    .filter((item) => !excluded.has(items.ids[item]!))
    .sort((a, b) => scores[b]! - scores[a]! || a - b)
    .slice(0, query.k)
    .map((item) => ({ item: items.ids[item]!, title: items.titles?.[item], score: scores[item]! }));
}

const indices = new WeakMap<Items, ReadonlyMap<string, number>>();

function indexOf(items: Items): ReadonlyMap<string, number> {
  const known = indices.get(items) ?? new Map(items.ids.map((id, item) => [id, item]));
  indices.set(items, known);
  return known;
}
