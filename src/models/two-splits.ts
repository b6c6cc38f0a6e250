/**
 * One model under two splits of the same data, side by side: how much of a number is the model's, and how much is the
 * way in which the data were cut (Ji et al., 2010.11060: a split that leaks raises some models more than others).
 */
import { join } from "node:path";
import { ConfigError } from "../core/errors";
import { resolveOptions, rules } from "../core/options";
import type { Split } from "../data/types";
import { pairedBootstrap } from "../evaluation/compare";
import { caseRows, evaluate, type Evaluation } from "../evaluation/evaluate";
import { trainingCounts } from "../evaluation/strata";
import type { FitContext, FitReport, Recommender } from "./recommender";

const defaults = {
  /** The cases to score. Those of "test" are read for good: hand `evaluation.reading` to `countReading`. */
  on: "valid" as "valid" | "test",
  ks: [10, 20] as readonly number[],
};

/** What `compareSplits` needs and can be told. */
export type CompareSplitsOptions = Partial<typeof defaults> & FitContext;

/** The model under one of the splits. */
export interface SplitRun {
  readonly name: string;
  readonly fit: FitReport;
  readonly evaluation: Evaluation;
}

/** A model under two splits. */
export interface SplitsComparison {
  readonly model: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly on: "valid" | "test";
  readonly runs: readonly [SplitRun, SplitRun];
  /**
   * A frame: `new dfd.DataFrame(rows)`. A row for each metric: `metric`, its value under each split by the split's name,
   * and `difference`, `low`, `high`: the second less the first with its 95 % interval, as if the sessions of one had
   * nothing to do with those of the other (null for the metrics of lists, which have none).
   */
  readonly rows: readonly Readonly<Record<string, string | number | null>>[];
}

/**
 * Fits a model afresh on each of two splits, with the same random numbers, and scores the cases of each.
 * @param make a model, not fitted
 * @param splits two splits by the names that the table gives them
 * @throws ConfigError for another number of splits or wrong options; what fit and evaluate throw
 * @example
 * import { compareSplits, eventsFrom, Pop, Rng, sessionsFrom, splitByTime, splitLeaveOneOut } from "sessionlab";
 * const table = sessionsFrom(eventsFrom({ name: "demo", user: [..."uuuuvvvv"], item: [..."abbaaaab"], time: [1, 2, 3, 4, 5, 6, 7, 8] }));
 * const { rows } = await compareSplits(() => new Pop(), { "in time": splitByTime(table, { at: [3, 8] }), "leave-one-out": splitLeaveOneOut(table) }, { rng: new Rng(1), ks: [1] });
 * assert.deepEqual([rows[0]!.metric, rows[0]!["in time"], rows[0]!["leave-one-out"]], ["HR@1", 0.5, 0.5]);
 */
export async function compareSplits(make: () => Recommender, splits: Readonly<Record<string, Split>>, { on: role, ks: cutOffs, ...context }: CompareSplitsOptions): Promise<SplitsComparison> {
  const { on, ks } = resolveOptions("compareSplits", defaults, { on: role, ks: cutOffs }, { on: rules.oneOf("valid", "test") });
  const names = Object.keys(splits);
  const taken = names.find((name) => ["metric", "difference", "low", "high"].includes(name));
  if (taken !== undefined) throw new ConfigError(`Expected another name for a split than "${taken}", which is a column of the table; rename it`);
  if (names.length !== 2) throw new ConfigError(`Expected two splits, found ${names.length}; give two, by their names`);
  const runs: SplitRun[] = [];
  let about: Pick<SplitsComparison, "model" | "options"> | undefined;
  for (const [name, split] of Object.entries(splits)) {
    const model = make();
    try {
      about = { model: model.name, options: model.options };
      // A checkpoint is of one training: the two would take each other's.
      const fit = await model.fit(split.train, split.valid, { ...context, checkpoint: context.checkpoint && join(context.checkpoint, name), rng: context.rng.child("fit") });
      const evaluation = await evaluate((sessions) => model.score(sessions), split[on], { ks, counts: trainingCounts(split.train), signal: context.signal, progress: context.progress });
      runs.push({ name, fit, evaluation });
    } finally {
      model.dispose();
    }
  }
  const [first, second] = runs as [SplitRun, SplitRun];
  return { ...about!, on, runs: [first, second], rows: Object.keys(first.evaluation.metrics).map((metric) => rowOf(metric, first, second)) };
}

function rowOf(metric: string, first: SplitRun, second: SplitRun): SplitsComparison["rows"][number] {
  const [a, b] = [first, second].map(({ evaluation }) => evaluation.metrics[metric]!) as [number, number];
  const difference = b - a;
  const values = { metric, [first.name]: a, [second.name]: b, difference };
  if (!/^(HR|MRR|NDCG)@/.test(metric)) return { ...values, low: null, high: null };
  const errors = [first, second].map(({ evaluation }) => pairedBootstrap(caseRows(evaluation, metric), evaluation.rows.session).standardError);
  const half = 1.96 * Math.hypot(...errors);
  return { ...values, low: difference - half, high: difference + half };
}
