/** From the runs of one model to a row: means over seeds, their deviation, intervals by bootstrap over sessions. */
import { pairedBootstrap, type Run } from "../evaluation/compare";
import { caseRows } from "../evaluation/evaluate";

/** A mean over seeds, its standard deviation over them (left out for one seed), its interval over sessions. */
export interface Measured {
  readonly mean: number;
  readonly sd?: number;
  readonly low?: number;
  readonly high?: number;
}

type Numbers = Readonly<Record<string, number>>;

/** Means and sample standard deviations of each metric over runs. */
export function overSeeds(records: readonly Numbers[]): Record<string, Measured> {
  return Object.fromEntries(
    Object.keys(records[0] ?? {}).map((name) => {
      const values = records.map((record) => record[name]!);
      const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
      const sd = values.length < 2 ? undefined : Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / (values.length - 1));
      return [name, { mean, sd }];
    }),
  );
}

/** Means alone. */
export function meansOf(records: readonly Numbers[]): Record<string, number> {
  return Object.fromEntries(Object.entries(overSeeds(records)).map(([name, measured]) => [name, measured.mean]));
}

/** Adds 95 % percentile intervals to HR, MRR and NDCG: sessions are resampled, a case counts by its mean over seeds. */
export function withIntervals(measured: Readonly<Record<string, Measured>>, runs: readonly Run[]): Record<string, Measured> {
  const evaluations = runs.map((run) => run.evaluation);
  return Object.fromEntries(
    Object.entries(measured).map(([name, one]) => {
      if (!/^(HR|MRR|NDCG)@/.test(name)) return [name, one];
      const perSeed = evaluations.map((evaluation) => caseRows(evaluation, name)); // S x [C]
      const rows = perSeed[0]!.map((_, c) => perSeed.reduce((sum, values) => sum + values[c]!, 0) / perSeed.length); // [C]
      const { low, high } = pairedBootstrap(rows, evaluations[0]!.rows.session);
      return [name, { ...one, low, high }];
    }),
  );
}
