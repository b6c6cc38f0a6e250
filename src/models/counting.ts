/**
 * What the recommenders that count share: tables of counts instead of learnt weights, fitted in passes over the
 * training sessions, saved as they are. Items of a prefix that training never saw are passed over; a prefix without a
 * known item, the empty one too, is scored by global popularity (training counts).
 * Symbols: B sessions, V items seen in training.
 */
import { DataError, NotFittedError, throwIfAborted } from "../core/errors";
import { meter, type Progress } from "../core/progress";
import type { SafetensorsTensor } from "../core/safetensors";
import { sessionCount, type Cases, type Items, type Sessions, type TrainSessions } from "../data/types";
import { trainingCounts } from "../evaluation/strata";
import { saveModel, type LoadedModel } from "./files";
import { recommendFrom, type FitContext, type FitReport, type Recommendation, type RecommendQuery, type Recommender } from "./recommender";

/** Columns of counts by name. `popularity` [V] is in every model: how often training has each item. */
export interface Tables {
  readonly popularity: Uint32Array;
  readonly [name: string]: Uint32Array | Float32Array;
}

/** Ranges of sessions that a fit counts at a time. */
export type SessionRanges = () => AsyncIterable<readonly [from: number, to: number]>;

/** Sessions counted between two looks at the signal. */
const sessionsAtOnce = 16384;

export abstract class CountingModel<T extends Tables> implements Recommender {
  abstract readonly name: string;
  private fitted?: { readonly items: Items; readonly tables: T };

  constructor(readonly options: Readonly<Record<string, unknown>>) {}

  /**
   * Counts the training sessions.
   * @param popularity [V] training counts
   * @param ranges one pass over the sessions: `for await (const [from, to] of ranges()) ...`
   */
  protected abstract count(train: TrainSessions, popularity: Uint32Array, ranges: SessionRanges): Promise<T>;

  /**
   * Scores one session.
   * @param session its known items, at least one, oldest first
   * @param scores [V], zeros: to be filled
   */
  protected abstract fill(tables: T, session: Int32Array, scores: Float32Array): void;

  get items(): Items {
    return this.state().items;
  }

  /** How many counts it holds, 0 before a fit. */
  get learntNumbers(): number {
    return Object.values(this.fitted?.tables ?? {}).reduce((sum, column) => sum + column.length, 0);
  }

  async fit(train: TrainSessions, _valid: Cases<"valid">, { signal, progress }: FitContext): Promise<FitReport> {
    const start = performance.now();
    throwIfAborted(signal, `fit of ${this.name}`);
    const tables = await this.count(train, trainingCounts(train), () => sessionRanges(sessionCount(train), this.name, signal, progress));
    this.fitted = { items: train.items, tables };
    return { seconds: (performance.now() - start) / 1000 };
  }

  /** @returns [B, V] */
  score(sessions: Sessions): Float32Array {
    const { items, tables } = this.state();
    const count = sessionCount(sessions);
    const scores = new Float32Array(count * items.trained);
    for (let s = 0; s < count; s++) {
      const known = sessions.item.subarray(sessions.offsets[s], sessions.offsets[s + 1]).filter((item) => item >= 0 && item < items.trained);
      const row = scores.subarray(s * items.trained, (s + 1) * items.trained);
      if (known.length === 0) row.set(tables.popularity);
      else this.fill(tables, known, row);
    }
    return scores;
  }

  recommend(session: readonly string[], query: RecommendQuery): Recommendation[] {
    return recommendFrom(this, session, query);
  }

  async save(folder: string): Promise<void> {
    const { items, tables } = this.state();
    const tensors = Object.entries(tables).map(([name, data]): [string, SafetensorsTensor] => [
      name,
      { dtype: data instanceof Float32Array ? "F32" : "U32", shape: [data.length], data },
    ]);
    await saveModel(folder, { name: this.name, options: this.options, items, tensors: Object.fromEntries(tensors) });
  }

  dispose(): void {
    this.fitted = undefined;
  }

  /** Takes over what `loadModel` read: for the `load` of each class. @throws DataError if the tables are not of these items */
  protected restore({ items, tensors, folder }: LoadedModel): this {
    const tables = Object.fromEntries(Object.entries(tensors).map(([name, tensor]) => [name, tensor.data])) as unknown as T;
    if (tables.popularity?.length !== items.trained) {
      throw new DataError(`Expected the popularity of ${items.trained} items, found ${tables.popularity?.length ?? "none"}; save the model again`, { file: folder });
    }
    this.fitted = { items, tables };
    return this;
  }

  protected state(): { readonly items: Items; readonly tables: T } {
    if (this.fitted === undefined) throw new NotFittedError(this.name);
    return this.fitted;
  }
}

/** Ranges of sessions; between two, the event loop runs, so that a timer or Ctrl-C can fire the signal. */
async function* sessionRanges(count: number, name: string, signal?: AbortSignal, progress?: Progress): AsyncGenerator<readonly [number, number]> {
  const tick = meter(progress, `fit ${name}`, "session", count);
  for (let from = 0; from < count; from += sessionsAtOnce) {
    throwIfAborted(signal, `fit of ${name}`);
    const to = Math.min(from + sessionsAtOnce, count);
    yield [from, to];
    tick(to);
    await new Promise(setImmediate);
  }
}
