/**
 * Candidates and their reranking (P1, 2604.06928: personalised information utilisation): a first model names the N best items,
 * a second one, in the paper SASRec, puts them in order; or both do:
 *   s(j) = w log softmax_c(first_j / t1) + (1 - w) log softmax_c(second_j / t2)    over the candidates c; w = 0 is reranking alone
 * What is no candidate follows behind, in the first model's order: the hit rate at N is the first model's, a ceiling for all else.
 * Symbols: B sessions, C cases, V items, N candidates, w blend, t temperatures.
 * Departs: the paper reranks; the blend is ours, and named as such wherever it is shown.
 */
import { resolveOptions, rules, type Rule } from "../core/options";
import { meter, type Progress } from "../core/progress";
import { prefixes, type Cases, type Items, type Sessions } from "../data/types";
import { topItems } from "../evaluation/lists";
import { countRanks, ranksOf } from "../evaluation/ranks";
import { scoresToArray } from "../evaluation/scores";
import { recommendFrom, type Recommendation, type RecommendQuery, type Recommender } from "./recommender";

/** How two models work together. */
export const twoStageDefaults = {
  /** N; as many as there are items, if there are fewer. */
  candidates: 100,
  /** w: how much the first model counts in the order of the candidates. */
  blend: 0,
  /** t1 and t2, of the blend: `calibrate` finds them on validation. */
  temperatures: [1, 1] as readonly [number, number],
};

/** Options of `TwoStage`. */
export type TwoStageOptions = typeof twoStageDefaults;

const share: Rule = (value) => (value === 1 ? undefined : rules.fraction(value) && "a number from 0 to 1");

/** What a stage needs to be. */
export type Stage = Pick<Recommender, "items" | "score">;

/** A case on its way: places from 1, of seen targets; Infinity for a target that training never saw. */
export interface CaseTrace {
  /** Number of the case. */
  readonly case: number;
  /** The target's place by the first model, among all items; by the second; and in the end. */
  readonly first: number;
  readonly second: number;
  readonly final: number;
  /** Whether it was a candidate. */
  readonly candidate: boolean;
}

/** Where hits at K are lost, as shares of the cases: the three add up to 1. */
export interface StageLosses {
  readonly k: number;
  readonly hits: number;
  /** The target was no candidate, and is not among the first K. */
  readonly lostByCandidates: number;
  /** It was, and did not stay among the first K. */
  readonly lostByReranking: number;
}

/**
 * Two fitted models as one.
 * @example
 * import { Pop, TwoStage } from "sessionlab";
 * const items = { ids: ["a", "b", "c"], trained: 3 };
 * const fixed = (...scores: number[]) => ({ items, score: () => Float32Array.from(scores) });
 * const model = new TwoStage(fixed(3, 2, 1), fixed(1, 2, 3), { candidates: 2 });
 * assert.deepEqual(model.recommend(["a"], { k: 3 }).map(({ item }) => item), ["b", "a", "c"]); // "c" is no candidate
 */
export class TwoStage implements Stage {
  readonly options: Readonly<TwoStageOptions>;

  constructor(readonly first: Stage, readonly second: Stage, given: Partial<TwoStageOptions> = {}) {
    this.options = resolveOptions("TwoStage", twoStageDefaults, given, {
      candidates: rules.positiveInteger,
      blend: share,
      temperatures: (value) => (Array.isArray(value) && value.length === 2 && value.every((one) => Number.isFinite(one) && one > 0) ? undefined : "two numbers above 0"),
    });
  }

  get items(): Items {
    return this.first.items;
  }

  /** @returns [B, V] */
  score(sessions: Sessions): Float32Array {
    return this.combine(scoresToArray(this.first.score(sessions)), scoresToArray(this.second.score(sessions)));
  }

  /** @param first [B, V], @param second [B, V] @returns [B, V] */
  private combine(first: Float32Array, second: Float32Array): Float32Array {
    const { trained } = this.items;
    const size = Math.min(this.options.candidates, trained);
    const out = new Float32Array(first.length);
    const best = topItems(first, trained, size); // [B * N]
    for (let row = 0; row * trained < first.length; row++) {
      const candidates = best.subarray(row * size, (row + 1) * size);
      const at = row * trained;
      const order = this.orderOf(candidates, first, second, at);
      const lowest = order.reduce((low, value) => Math.min(low, value), Infinity);
      const top = first[at + candidates[0]!]!;
      for (let item = 0; item < trained; item++) out[at + item] = first[at + item]! - top - 1; // below 0
      candidates.forEach((item, c) => (out[at + item] = order[c]! - lowest));
    }
    return out;
  }

  /** What candidates are put in order by. */
  private orderOf(candidates: Int32Array, first: Float32Array, second: Float32Array, at: number): Float64Array {
    const { blend, temperatures } = this.options;
    const [own, other] = [first, second].map((scores) => Float64Array.from(candidates, (item) => scores[at + item]!)) as [Float64Array, Float64Array];
    if (blend === 0) return other;
    const [a, b] = [logSoftmax(own, temperatures[0]), logSoftmax(other, temperatures[1])];
    return a.map((value, c) => blend * value + (1 - blend) * b[c]!);
  }

  recommend(session: readonly string[], query: RecommendQuery): Recommendation[] {
    return recommendFrom(this, session, query);
  }

  /**
   * The way of each case through the stages, or of those in a range.
   * @throws what `score` of the models throws
   */
  trace(cases: Cases, { from: begin = 0, to: end = cases.target.length, batch = 256, progress }: { readonly from?: number; readonly to?: number; readonly batch?: number; readonly progress?: Progress } = {}): CaseTrace[] {
    const { trained } = this.items;
    const size = Math.min(this.options.candidates, trained);
    const byId = Int32Array.from({ length: trained }, (_, item) => item);
    const traces: CaseTrace[] = [];
    const tick = meter(progress, "trace", "case", end - begin);
    for (let from = begin; from < end; from += batch) {
      const to = Math.min(from + batch, end);
      const sessions = prefixes(cases, from, to);
      const [first, second] = [this.first, this.second].map((stage) => scoresToArray(stage.score(sessions))) as [Float32Array, Float32Array];
      const final = this.combine(first, second);
      const best = topItems(first, trained, size);
      // Of tied items the one of the lower id comes first, as in the list of candidates.
      const places = [first, second, final].map((scores) => ranksOf(countRanks(scores, cases.target.subarray(from, to), trained, byId, from), "popularity"));
      for (let c = from; c < to; c++) {
        const [a, b, f] = places.map((ranks) => ranks[c - from]!);
        const target = cases.target[c]!;
        traces.push({ case: c, first: a!, second: b!, final: f!, candidate: best.subarray((c - from) * size, (c - from + 1) * size).includes(target) });
      }
      tick(to - begin);
    }
    return traces;
  }
}

/** log softmax(scores / temperature) */
export function logSoftmax(scores: Float64Array, temperature: number): Float64Array {
  const top = scores.reduce((most, score) => Math.max(most, score), -Infinity);
  const sum = scores.reduce((total, score) => total + Math.exp((score - top) / temperature), 0);
  return scores.map((score) => (score - top) / temperature - Math.log(sum));
}

/**
 * Where hits at K are lost.
 * @example
 * import { stageLosses } from "sessionlab";
 * const found = { case: 0, first: 3, second: 1, final: 1, candidate: true };
 * const reranked = { case: 1, first: 1, second: 30, final: 20, candidate: true };
 * const missed = { case: 2, first: 200, second: 1, final: 200, candidate: false };
 * assert.deepEqual(stageLosses([found, found, reranked, missed], 10), { k: 10, hits: 0.5, lostByCandidates: 0.25, lostByReranking: 0.25 });
 */
export function stageLosses(traces: readonly CaseTrace[], k: number): StageLosses {
  const share = (of: (trace: CaseTrace) => boolean): number => traces.filter(of).length / traces.length;
  return {
    k,
    hits: share(({ final }) => final <= k),
    lostByCandidates: share(({ candidate, final }) => !candidate && final > k),
    lostByReranking: share(({ candidate, final }) => candidate && final > k),
  };
}
