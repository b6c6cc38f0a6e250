/**
 * The training sessions most like a session: of the `sample` most recent that share an item with it, the k of largest
 * similarity, ties to the more recent.
 */
import type { SessionSets } from "./session-sets";

/** What similarity is made of. */
export interface Query {
  /** [L] distinct items. */
  readonly items: Int32Array;
  /** [L] what each adds to the similarity of a session that holds it. */
  readonly weights: Float64Array;
}

/** K neighbours, in no order; the arrays are the searcher's own until its next search. */
export interface Neighbours {
  readonly sessions: Uint32Array;
  readonly similarities: Float64Array;
}

/** Looks neighbours up; its working memory is one number a training session. */
export class NeighbourSearch {
  private readonly sum: Float64Array; // [S] of the sessions that the running search touched
  private readonly searchOf: Uint32Array; // [S] the search that touched it last
  private search = 0;
  private touched: Uint32Array = new Uint32Array(1024);

  constructor(private readonly tables: SessionSets) {
    this.sum = new Float64Array(tables.sets.length - 1);
    this.searchOf = new Uint32Array(this.sum.length);
  }

  /**
   * @param normalise turns the sum of weights of a session into its similarity
   * @param sample how many of the most recent sessions that share an item are looked at
   */
  find({ items, weights }: Query, sample: number, k: number, normalise: (sum: number, session: number) => number = (sum) => sum): Neighbours {
    const { holders, holderSessions } = this.tables;
    const search = ++this.search;
    let count = 0;
    for (let j = 0; j < items.length; j++) {
      const end = holders[items[j]! + 1]!;
      const start = Math.max(holders[items[j]!]!, end - sample); // older ones cannot be among the `sample` most recent
      if (count + end - start > this.touched.length) this.touched = grown(this.touched, 2 * (count + end - start));
      for (let at = start; at < end; at++) {
        const session = holderSessions[at]!;
        if (this.searchOf[session] !== search) {
          this.searchOf[session] = search;
          this.sum[session] = 0;
          this.touched[count++] = session;
        }
        this.sum[session]! += weights[j]!;
      }
    }
    const candidates = this.touched.subarray(0, count).sort().subarray(Math.max(0, count - sample)); // ascending: the most recent last
    const similarities = Float64Array.from(candidates, (session) => normalise(this.sum[session]!, session));
    if (candidates.length <= k) return { sessions: candidates, similarities };

    const bound = similarities.slice().sort()[candidates.length - k]!; // the k-th largest
    const sessions = new Uint32Array(k);
    const kept = new Float64Array(k);
    let level = k - similarities.reduce((above, similarity) => above + (similarity > bound ? 1 : 0), 0); // how many of the tied ones
    for (let at = candidates.length - 1, n = 0; n < k; at--) {
      if (similarities[at]! < bound || (similarities[at] === bound && level-- <= 0)) continue;
      sessions[n] = candidates[at]!;
      kept[n++] = similarities[at]!;
    }
    return { sessions, similarities: kept };
  }
}

function grown(from: Uint32Array, length: number): Uint32Array {
  const into = new Uint32Array(length);
  into.set(from);
  return into;
}
