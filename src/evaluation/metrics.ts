/**
 * Metrics of one relevant item at rank r (1-based), cut at K:
 *   HR@K = Recall@K = [r <= K];   MRR@K = [r <= K] / r;   NDCG@K = [r <= K] / log2(r + 1)
 * and of the lists: coverage@K = |union of the lists| / V; ARP@K = mean over cases of the mean training count of the
 * K listed items (the raw count, as RecBole and Elliot have it).
 * NDCG is divided by the DCG that the case can reach, which is 1 with one relevant item: as in ranx and RecBole, and in
 * RecTools with divide_by_achievable=True; its default divides by the DCG of K relevant items (4.54 for K = 10).
 * With the tie rule "expected" and e tied items on the ranks g+1..g+e, a case's value is the mean of the metric over
 * these ranks: a model of constant scores gets HR@K = K/V, not 1.
 */
import { ConfigError } from "../core/errors";
import { ranksOf, type RankCounts, type TieRule } from "./ranks";

/** The metrics that are a mean over cases. */
export type MetricName = "HR" | "MRR" | "NDCG";

/** All of them. */
export const metricNames: readonly MetricName[] = ["HR", "MRR", "NDCG"];

const gains: Readonly<Record<MetricName, (rank: number) => number>> = {
  HR: () => 1,
  MRR: (rank) => 1 / rank,
  NDCG: (rank) => 1 / Math.log2(rank + 1),
};

/**
 * A metric case by case.
 * @param k the cut-off, 1 or more
 * @returns [C] in [0, 1]; 0 for a cold target
 * @example
 * import { metricRows } from "sessionlab";
 * const oneOfFourTied = { greater: Int32Array.of(1), equal: Int32Array.of(4), ahead: Int32Array.of(0) }; // ranks 2..5
 * assert.equal(metricRows(oneOfFourTied, "HR", 3, "expected")[0], 2 / 4);
 * assert.equal(metricRows(oneOfFourTied, "MRR", 3, "expected")[0], (1 / 2 + 1 / 3) / 4);
 * assert.equal(metricRows(oneOfFourTied, "HR", 3, "pessimistic")[0], 0);
 */
export function metricRows(counts: RankCounts, metric: MetricName, k: number, ties: TieRule): Float64Array {
  const gain = gains[metric];
  if (ties !== "expected") return ranksOf(counts, ties).map((rank) => (rank <= k ? gain(rank) : 0));
  return Float64Array.from(counts.greater, (greater, row) => {
    const equal = counts.equal[row]!;
    let sum = 0;
    for (let rank = greater + 1; rank <= Math.min(greater + equal, k); rank++) sum += gain(rank);
    return equal === 0 ? 0 : sum / equal;
  });
}

/**
 * The means of HR, MRR and NDCG at every cut-off, over all cases or over those named.
 * @param cases the cases to average over; all, if not given
 * @returns { "HR@10": ..., "MRR@10": ..., "NDCG@10": ... }; empty for no cases: a mean of nothing is no number
 * @example
 * import { meanMetrics } from "sessionlab";
 * const ranks1And2 = { greater: Int32Array.of(0, 1), equal: Int32Array.of(1, 1), ahead: Int32Array.of(0, 0) };
 * assert.equal(meanMetrics(ranks1And2, [5], "expected")["MRR@5"], (1 + 1 / 2) / 2);
 */
export function meanMetrics(counts: RankCounts, ks: readonly number[], ties: TieRule, cases?: Int32Array): Readonly<Record<string, number>> {
  const chosen = cases === undefined ? counts : pick(counts, cases);
  const size = chosen.greater.length;
  if (size === 0) return {};
  const means: Record<string, number> = {};
  for (const k of ks) {
    for (const metric of metricNames) means[`${metric}@${k}`] = metricRows(chosen, metric, k, ties).reduce((sum, value) => sum + value, 0) / size;
  }
  return means;
}

/**
 * The share of the cases with a seen target in which another item has the target's score; 0 where there are none.
 * @example
 * import { tieRateOf } from "sessionlab";
 * const counts = { greater: Int32Array.of(0, 1), equal: Int32Array.of(1, 3), ahead: Int32Array.of(0, 0) };
 * assert.equal(tieRateOf(counts), 1 / 2);
 */
export function tieRateOf(counts: RankCounts): number {
  const seen = counts.equal.reduce((sum, equal) => sum + (equal > 0 ? 1 : 0), 0);
  const tied = counts.equal.reduce((sum, equal) => sum + (equal > 1 ? 1 : 0), 0);
  return seen === 0 ? 0 : tied / seen;
}

/** What coverage and ARP of some cases follow from, by cut-off. */
export interface ListCounts {
  /** [V] each: 1 where one of the lists has the item. */
  readonly listed: readonly Uint8Array[];
  /** [C] each: the mean training count of a case's listed items. */
  readonly popularity: readonly Float64Array[];
}

/** A tally of recommended lists, batch by batch. */
export interface ListTally {
  /** @param items [B * k] lists of k items, best first; k is the largest cut-off, or V if that is smaller */
  add(items: Int32Array, k: number): void;
  readonly counts: ListCounts;
}

/**
 * Begins a tally.
 * @param counts [V] training counts; a cut-off above V takes the whole catalogue
 * @param cases C, of which the lists are
 */
export function listTally(ks: readonly number[], counts: ArrayLike<number>, cases: number): ListTally {
  const listed = ks.map(() => new Uint8Array(counts.length));
  const popularity = ks.map(() => new Float64Array(cases));
  let lists = 0;
  return {
    counts: { listed, popularity },
    add(items, k) {
      for (let start = 0; start < items.length; start += k, lists++) {
        ks.forEach((cut, at) => {
          const length = Math.min(cut, k);
          let sum = 0;
          for (let place = 0; place < length; place++) {
            const item = items[start + place]!;
            listed[at]![item] = 1;
            sum += counts[item]!;
          }
          popularity[at]![lists] = sum / length;
        });
      }
    },
  };
}

/**
 * Coverage and ARP of the lists of all cases.
 * @param parts of the cases, in their order: into how many they are cut changes no bit
 * @returns { "Coverage@10": share of V, "ARP@10": mean training count }
 */
export function listMeans(ks: readonly number[], parts: readonly ListCounts[]): Readonly<Record<string, number>> {
  return Object.fromEntries(
    ks.flatMap((k, at) => {
      const listed = parts.map((part) => part.listed[at]!);
      const popularity = parts.map((part) => part.popularity[at]!);
      const lists = popularity.reduce((sum, { length }) => sum + length, 0);
      const covered = listed[0]!.reduce((sum, _, item) => sum + (listed.some((one) => one[item] === 1) ? 1 : 0), 0);
      return [
        [`Coverage@${k}`, covered / listed[0]!.length],
        [`ARP@${k}`, popularity.reduce((total, part) => part.reduce((sum, one) => sum + one, total), 0) / lists],
      ];
    }),
  );
}

/**
 * The parts of a metric's name.
 * @throws ConfigError if it is not HR, Recall, MRR or NDCG with a cut-off
 * @example
 * import { parseMetric } from "sessionlab";
 * assert.deepEqual(parseMetric("Recall@20"), { metric: "HR", k: 20 });
 */
export function parseMetric(name: string): { readonly metric: MetricName; readonly k: number } {
  const [, letters, k] = /^(HR|Recall|MRR|NDCG)@([1-9]\d*)$/.exec(name) ?? [];
  if (letters === undefined) throw new ConfigError(`Expected a metric such as "NDCG@10" (HR, Recall, MRR or NDCG), found "${name}"`);
  return { metric: letters === "Recall" ? "HR" : (letters as MetricName), k: Number(k) };
}

function pick(counts: RankCounts, cases: Int32Array): RankCounts {
  const { greater, equal, ahead } = counts;
  return { greater: cases.map((index) => greater[index]!), equal: cases.map((index) => equal[index]!), ahead: cases.map((index) => ahead[index]!) };
}
