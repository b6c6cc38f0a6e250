/**
 * How much each stage of two counts in the order of the candidates, chosen on validation: first a temperature for each model,
 * by the likelihood of the targets among the candidates (Guo et al., ICML 2017), so that their log-probabilities can be added;
 * then the weight, by the metric. Of several numbers of candidates the best is taken with its weight.
 * Symbols: C cases, N candidates.
 */
import { throwIfAborted } from "../core/errors";
import { prefixes, type Cases } from "../data/types";
import { topItems } from "../evaluation/lists";
import { metricRows, parseMetric } from "../evaluation/metrics";
import { scoresToArray } from "../evaluation/scores";
import { logSoftmax, type Stage, type TwoStageOptions } from "./two-stage";

/** What was chosen, and what was tried: plain values. */
export interface BlendChoice extends Pick<TwoStageOptions, "blend" | "temperatures"> {
  /** The metric of the chosen weight on the validation cases. */
  readonly value: number;
  /** N, one of those that were to choose from. */
  readonly candidates: number;
  readonly trials: readonly { readonly candidates: number; readonly blend: number; readonly value: number }[];
}

/** Weights that are tried; 0 is reranking alone, 1 the first model alone. */
export const blends: readonly number[] = [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1];

/** One case whose target is a candidate. */
interface Seen {
  readonly own: Float64Array;
  readonly other: Float64Array;
  readonly target: number;
}

/**
 * Chooses temperatures and weight.
 * @param metric "NDCG@10"
 * @param candidates N, or several to choose from; what is no candidate follows in the first model's order
 * @throws AbortError
 * @example
 * import { chooseBlend } from "sessionlab";
 * const items = { ids: ["a", "b", "c"], trained: 3 };
 * const fixed = (...scores: number[]) => ({ items, score: () => Float32Array.from(scores) });
 * const cases = { role: "valid" as const, items, sessions: { offsets: Uint32Array.of(0, 1), item: Int32Array.of(0) }, session: Int32Array.of(0), end: Int32Array.of(1), target: Int32Array.of(1), hash: "" };
 * const { blend } = await chooseBlend(fixed(3, 2, 1), fixed(1, 3, 2), cases, "NDCG@1", 2); // the second knows better
 * assert.equal(blend, 0);
 */
export async function chooseBlend(first: Stage, second: Stage, valid: Cases<"valid">, metric: string, candidates: number | readonly number[], { signal, batch = 256 }: { readonly signal?: AbortSignal; readonly batch?: number } = {}): Promise<BlendChoice> {
  const { trained } = first.items;
  const sizes = [candidates].flat().map((size) => Math.min(size, trained));
  const most = Math.max(...sizes);
  const seen: Seen[] = [];
  for (let from = 0; from < valid.target.length; from += batch) {
    await new Promise(setImmediate);
    throwIfAborted(signal, "blend");
    const to = Math.min(from + batch, valid.target.length);
    const sessions = prefixes(valid, from, to);
    const [own, other] = [first, second].map((stage) => scoresToArray(stage.score(sessions))) as [Float32Array, Float32Array];
    const best = topItems(own, trained, most);
    for (let c = 0; c < to - from; c++) {
      const row = best.subarray(c * most, (c + 1) * most);
      const target = row.indexOf(valid.target[from + c]!);
      if (target < 0) continue;
      const of = (scores: Float32Array): Float64Array => Float64Array.from(row, (item) => scores[c * trained + item]!);
      seen.push({ own: of(own), other: of(other), target });
    }
  }
  const choices = [...new Set(sizes)].map((size) => weigh(seen, size, metric, valid.target.length));
  const chosen = choices.reduce((best, choice) => (choice.value > best.value ? choice : best));
  return { ...chosen, trials: choices.flatMap(({ trials }) => trials) };
}

/** Temperatures and weight for N candidates; a target beyond them keeps the place that the first model gave it. */
function weigh(all: readonly Seen[], candidates: number, metric: string, cases: number): BlendChoice {
  const seen = all.filter(({ target }) => target < candidates).map(({ own, other, target }) => ({ own: own.subarray(0, candidates), other: other.subarray(0, candidates), target }));
  const behind = all.filter(({ target }) => target >= candidates).map(({ target }) => target);
  const [t1, t2] = (["own", "other"] as const).map((stage) => temperatureOf(seen.map((one) => ({ scores: one[stage], target: one.target })))) as [number, number];
  const placed = seen.map(({ own, other, target }) => ({ own: logSoftmax(own, t1), other: logSoftmax(other, t2), target }));
  const { metric: name, k } = parseMetric(metric);
  const trials = blends.map((blend) => {
    const greater = Int32Array.from([...placed.map((one) => placeOf(one, blend) - 1), ...behind]);
    const gains = metricRows({ greater, equal: greater.map(() => 1), ahead: greater.map(() => 0) }, name, k, "expected");
    return { candidates, blend, value: gains.reduce((sum, gain) => sum + gain, 0) / cases };
  });
  const { blend, value } = trials.reduce((best, trial) => (trial.value > best.value ? trial : best));
  return { candidates, blend, value, temperatures: [t1, t2], trials };
}

/** The target's place from 1; of tied candidates the earlier one comes first. */
function placeOf({ own, other, target }: Seen, blend: number): number {
  const score = (c: number): number => blend * own[c]! + (1 - blend) * other[c]!;
  const wanted = score(target);
  let place = 1;
  for (let c = 0; c < own.length; c++) if (score(c) > wanted || (score(c) === wanted && c < target)) place++;
  return place;
}

/** The temperature of the largest likelihood, by thirds of its logarithm, in which the loss has one valley; 1 where nothing was seen. */
function temperatureOf(rows: readonly { readonly scores: Float64Array; readonly target: number }[]): number {
  if (rows.length === 0) return 1;
  const loss = (log: number): number => rows.reduce((sum, { scores, target }) => sum - logSoftmax(scores, Math.exp(log))[target]!, 0);
  let [low, high] = [Math.log(0.05), Math.log(20)];
  while (high - low > 0.01) {
    const third = (high - low) / 3;
    if (loss(low + third) < loss(high - third)) high -= third;
    else low += third;
  }
  return Math.exp((low + high) / 2);
}
