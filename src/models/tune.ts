/**
 * Chooses a model's options on the validation cases: every setting of a small grid is fitted and scored, none is
 * drawn, and of equal settings the first stays. Test cases cannot be passed: they are of another type.
 */
import { join } from "node:path";
import { ConfigError, throwIfAborted } from "../core/errors";
import { meter } from "../core/progress";
import type { Cases, Split, TrainSessions } from "../data/types";
import { evaluate } from "../evaluation/evaluate";
import { parseMetric } from "../evaluation/metrics";
import { trainingCounts } from "../evaluation/strata";
import type { FitContext, Recommender } from "./recommender";

/** What tuning needs beside models and data. Every setting is fitted with the same random numbers. */
export interface TuneContext extends FitContext {
  /** The validation metric to raise: "NDCG@10". */
  readonly metric: string;
  /** Cases scored at a time. */
  readonly batch?: number;
}

/** One setting that was tried. */
export interface Trial {
  /** As given in the space. */
  readonly options: Readonly<Record<string, unknown>>;
  /** Its metrics on validation. */
  readonly metrics: Readonly<Record<string, number>>;
  /** Epochs it has had, for models that have epochs. */
  readonly epochs?: number;
  /** Of fitting and scoring. */
  readonly seconds: number;
}

/** What was chosen, and the table of what was tried. */
export interface TuneReport {
  readonly metric: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly value: number;
  /** In the order of the space. */
  readonly trials: readonly Trial[];
}

/**
 * Fits and scores every setting, and names the best.
 * @param make a model from options, not fitted
 * @param space the settings to try, in order
 * @throws ConfigError for an empty space or an unknown metric; what fit and evaluate throw
 * @example
 * import { Rng, SessionPop, sessionPopSpace, tune } from "sessionlab";
 * const items = { ids: ["a", "b", "c"], trained: 3 };
 * const train = { role: "train", hash: "", items, offsets: Uint32Array.of(0, 3), item: Int32Array.of(0, 1, 2) } as const;
 * const sessions = { offsets: Uint32Array.of(0, 4), item: Int32Array.of(0, 0, 1, 1) }; // the latest item comes again
 * const valid = { role: "valid", hash: "", items, sessions, session: Int32Array.of(0), end: Int32Array.of(3), target: Int32Array.of(1) } as const;
 * const { options } = await tune((given) => new SessionPop(given), sessionPopSpace, { train, valid }, { metric: "HR@1", rng: new Rng(1) });
 * assert.deepEqual(options, { by: "recency" });
 */
export async function tune<O extends object>(make: (options: O) => Recommender, space: readonly O[], { train, valid }: Pick<Split, "train" | "valid">, context: TuneContext): Promise<TuneReport> {
  const metric = metricKey(context.metric);
  const counts = trainingCounts(train);
  const trials: Trial[] = [];
  let best: Trial | undefined;
  const tick = meter(context.progress, "tune", "setting", space.length);
  for (const [index, options] of space.entries()) {
    throwIfAborted(context.signal, "tune");
    const checkpoint = context.checkpoint === undefined ? undefined : join(context.checkpoint, `setting-${index + 1}`);
    const trial = await trySetting(make, options, { train, valid, counts }, { ...context, checkpoint });
    trials.push(trial);
    if (best === undefined || trial.metrics[metric]! > best.metrics[metric]!) best = trial;
    tick(index + 1, { [metric]: best.metrics[metric]! });
  }
  if (best === undefined) throw new ConfigError("Expected settings to try, found an empty space; give one setting at least");
  return { metric, options: best.options, value: best.metrics[metric]!, trials };
}

/** The name that an evaluation gives a metric: "HR@20" for "Recall@20". @throws ConfigError for an unknown one */
export function metricKey(name: string): string {
  const { metric, k } = parseMetric(name);
  return `${metric}@${k}`;
}

/**
 * Fits and scores one setting, and frees its model.
 * @param data `counts` are the training counts of all training sessions
 * @param context `rng` is the same for all settings: they see the same random numbers
 */
export async function trySetting<O extends object>(
  make: (options: O) => Recommender,
  options: O,
  { train, valid, counts }: { readonly train: TrainSessions; readonly valid: Cases<"valid">; readonly counts: Uint32Array },
  { metric, batch, ...context }: TuneContext,
): Promise<Trial> {
  const start = performance.now();
  const model = make(options);
  try {
    const { epochs } = await model.fit(train, valid, { ...context, rng: context.rng.child("tune") });
    const { metrics } = await evaluate((sessions) => model.score(sessions), valid, { ks: [parseMetric(metric).k], batch, counts, signal: context.signal });
    return { options: { ...(options as Readonly<Record<string, unknown>>) }, metrics, epochs, seconds: (performance.now() - start) / 1000 };
  } finally {
    model.dispose();
  }
}
