/** The validation metric of a model under training: early stop reads it after each epoch. */
import type { Rng } from "../core/rng";
import type { Cases, TrainSessions } from "../data/types";
import { evaluate } from "../evaluation/evaluate";
import { parseMetric } from "../evaluation/metrics";
import type { Scorer } from "../evaluation/scores";
import { trainingCounts } from "../evaluation/strata";

/**
 * A function that scores the validation cases as they stand.
 * @param metric "NDCG@10"
 * @param limit cases read each time; of more, as many are drawn by `rng` once, the same for every epoch
 */
export function validation(score: Scorer, train: TrainSessions, valid: Cases<"valid">, metric: string, limit: number, rng: Rng): () => Promise<number> {
  const cases = sampleCases(valid, limit, rng);
  const counts = trainingCounts(train);
  const { k } = parseMetric(metric);
  return async () => (await evaluate(score, cases, { counts, ks: [k] })).metrics[metric]!;
}

/** At most `limit` of the cases, drawn without replacement, in their order. */
export function sampleCases<R extends Cases>(cases: R, limit: number, rng: Rng): R {
  const count = cases.target.length;
  if (count <= limit) return cases;
  const chosen = rng.permutation(count).subarray(0, limit).sort();
  const take = (column: Int32Array): Int32Array => Int32Array.from(chosen, (at) => column[at]!);
  return { ...cases, session: take(cases.session), end: take(cases.end), target: take(cases.target) };
}
