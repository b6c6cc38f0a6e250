/**
 * Which test sessions training has too: item for item in their order, or nearly, by the Jaccard similarity of their sets
 * of items. Copies reach both sides where exports overlap, where one visitor is counted twice, or where bots click.
 * Prefix filter (Chaudhuri et al. 2006, Bayardo et al. 2007): with items from the rarest on, two sets of Jaccard t or more
 * share one of the first n - ceil(t n) + 1 of each, so only these are indexed and looked up.
 * Cost: N log N for N events in all, then at most `mostCandidates` training sessions for each test session, however large
 * training is; a test session that has more and none alike among those looked at is counted as unfinished.
 */
import { resolveOptions, rules } from "../core/options";
import { sessionCount, type Sessions } from "../data/types";

const defaults = {
  /** From which Jaccard similarity on two sessions are nearly the same. */
  jaccard: 0.8,
  /** Test sessions of fewer different items are left out: the shortest are alike by chance. */
  minItems: 3,
  /** How many training sessions are looked at for one test session. */
  mostCandidates: 1000,
};

/** Options of `nearDuplicates`. */
export type DuplicateOptions = typeof defaults;

/** A test session and the training session that is most like it. */
export interface DuplicatePair {
  readonly test: number;
  readonly train: number;
  /** 1 for the same items; in any order, any number of times. */
  readonly jaccard: number;
}

/** What `nearDuplicates` finds. */
export interface Duplicates extends Readonly<DuplicateOptions> {
  /** Test sessions of `minItems` different items or more: all that is counted here is of them. */
  readonly sessions: number;
  /** Test sessions that are also in training, item for item. */
  readonly identical: number;
  /** Test sessions with a training session of Jaccard `jaccard` or more; the identical ones are among them. */
  readonly near: number;
  /** Test sessions with more candidates than were looked at, none of them alike: `near` may be too low by as many. */
  readonly unfinished: number;
  /** The first few pairs, the most alike first. */
  readonly examples: readonly DuplicatePair[];
}

const mostExamples = 5;

/**
 * Looks for test sessions in training.
 * @param own [S_test] the training session that is a test session's own beginning, which is no copy of it; -1 for none
 * @throws ConfigError for wrong options
 * @example
 * import { nearDuplicates } from "sessionlab";
 * const train = { offsets: Uint32Array.of(0, 3, 7), item: Int32Array.of(0, 1, 2, 3, 4, 5, 6) };
 * const test = { offsets: Uint32Array.of(0, 3, 8), item: Int32Array.of(0, 1, 2, 6, 5, 4, 3, 7) };
 * const { identical, near, examples } = nearDuplicates(train, test);
 * assert.deepEqual([identical, near], [1, 2]);
 * assert.deepEqual(examples[1], { test: 1, train: 1, jaccard: 4 / 5 });
 */
export function nearDuplicates(train: Sessions, test: Sessions, given: Partial<DuplicateOptions> = {}, own?: Int32Array): Duplicates {
  const options = resolveOptions("nearDuplicates", defaults, given, {
    jaccard: (value) => (typeof value === "number" && value > 0 && value <= 1 ? undefined : "a number in (0, 1]"),
    minItems: rules.positiveInteger,
    mostCandidates: rules.positiveInteger,
  });
  const rank = rarestFirst(train.item, test.item);
  const [trained, tested] = [setsOf(train, rank), setsOf(test, rank)];
  const index = prefixIndex(trained, rank.length, options.jaccard);
  const sequences = new SequenceIndex(train);
  const stamp = new Int32Array(sessionCount(train)).fill(-1);
  const pairs: DuplicatePair[] = [];
  let [sessions, identical, unfinished] = [0, 0, 0];
  for (let s = 0; s < sessionCount(test); s++) {
    if (tested.offsets[s + 1]! - tested.offsets[s]! < options.minItems) continue;
    sessions++;
    const same = sequences.find(test, s, own?.[s]);
    if (same !== undefined) {
      identical++;
      pairs.push({ test: s, train: same, jaccard: 1 });
      continue;
    }
    const { best, all } = mostAlike(tested, s, trained, index, options, stamp, own?.[s]);
    if (best !== undefined) pairs.push(best);
    else if (!all) unfinished++;
  }
  const examples = pairs.slice().sort((a, b) => b.jaccard - a.jaccard || a.test - b.test).slice(0, mostExamples);
  return { ...options, sessions, identical, near: pairs.length, unfinished, examples };
}

/** [items] the place of each item among all, from the rarest in training on: those that it never saw come first. */
function rarestFirst(trained: Int32Array, tested: Int32Array): Int32Array {
  let most = -1;
  for (const items of [trained, tested]) for (const item of items) most = Math.max(most, item);
  const counts = new Uint32Array(most + 1);
  for (const item of trained) counts[item]!++;
  const order = Uint32Array.from(counts.keys()).sort((a, b) => counts[a]! - counts[b]! || a - b);
  const rank = new Int32Array(order.length);
  for (let at = 0; at < order.length; at++) rank[order[at]!] = at;
  return rank;
}

/** The different items of each session by their rank, ascending, in one column. */
interface Sets {
  readonly offsets: Uint32Array;
  readonly rank: Int32Array;
}

function setsOf(sessions: Sessions, rank: Int32Array): Sets {
  const ranks = sessions.item.map((item) => rank[item]!);
  const offsets = new Uint32Array(sessions.offsets.length);
  let end = 0;
  for (let s = 0; s < sessionCount(sessions); s++) {
    const sorted = ranks.subarray(sessions.offsets[s]!, sessions.offsets[s + 1]!).sort();
    // Different ones move to the front of the column, which is never ahead of what is read.
    for (let k = 0; k < sorted.length; k++) if (k === 0 || sorted[k] !== ranks[end - 1]) ranks[end++] = sorted[k]!;
    offsets[s + 1] = end;
  }
  return { offsets, rank: ranks.subarray(0, end) };
}

/** The smallest whole number that is `value` or more; 0.8 * 5 counts as 4. */
function atLeast(value: number): number {
  return Math.ceil(value - 1e-9);
}

/** Training sessions by the items of their prefixes; those of one item from the smallest set to the largest. */
interface PrefixIndex {
  readonly offsets: Uint32Array;
  readonly session: Int32Array;
}

function prefixIndex({ offsets, rank }: Sets, items: number, jaccard: number): PrefixIndex {
  const sizes = Int32Array.from({ length: offsets.length - 1 }, (_, s) => offsets[s + 1]! - offsets[s]!);
  const bySize = Int32Array.from(sizes.keys()).sort((a, b) => sizes[a]! - sizes[b]! || a - b);
  const prefix = (s: number): Int32Array => rank.subarray(offsets[s]!, offsets[s + 1]! - atLeast(jaccard * sizes[s]!) + 1);
  const ends = new Uint32Array(items + 1);
  for (const s of bySize) for (const one of prefix(s)) ends[one + 1]!++;
  for (let one = 0; one < items; one++) ends[one + 1]! += ends[one]!;
  const session = new Int32Array(ends[items]!);
  const next = ends.slice();
  for (const s of bySize) for (const one of prefix(s)) session[next[one]!++] = s;
  return { offsets: ends, session };
}

/** The training set most like test set s, as far as its candidates were looked at, and whether all of them were. */
function mostAlike(tested: Sets, s: number, trained: Sets, index: PrefixIndex, options: DuplicateOptions, stamp: Int32Array, own: number | undefined): { readonly best?: DuplicatePair; readonly all: boolean } {
  const { jaccard, mostCandidates } = options;
  const set = tested.rank.subarray(tested.offsets[s]!, tested.offsets[s + 1]!);
  const sizeOf = (t: number): number => trained.offsets[t + 1]! - trained.offsets[t]!;
  const [smallest, largest] = [atLeast(jaccard * set.length), Math.floor(set.length / jaccard + 1e-9)];
  let best: DuplicatePair | undefined;
  let looked = 0;
  for (const one of set.subarray(0, set.length - smallest + 1)) {
    const end = index.offsets[one + 1]!;
    let from = index.offsets[one]!;
    for (let to = end; from < to; ) {
      const middle = (from + to) >>> 1;
      if (sizeOf(index.session[middle]!) < smallest) from = middle + 1;
      else to = middle;
    }
    for (let k = from; k < end && sizeOf(index.session[k]!) <= largest; k++) {
      const t = index.session[k]!;
      if (stamp[t] === s || t === own) continue;
      if (looked++ === mostCandidates) return { best, all: false };
      stamp[t] = s;
      const both = shared(set, trained.rank.subarray(trained.offsets[t]!, trained.offsets[t + 1]!));
      const alike = both / (set.length + sizeOf(t) - both);
      if (alike >= jaccard - 1e-9 && alike > (best?.jaccard ?? 0)) best = { test: s, train: t, jaccard: alike };
    }
  }
  return { best, all: true };
}

/** How many values two ascending columns share. */
function shared(a: Int32Array, b: Int32Array): number {
  let count = 0;
  for (let i = 0, j = 0; i < a.length && j < b.length; ) {
    if (a[i] === b[j]) {
      count++;
      i++;
      j++;
    } else if (a[i]! < b[j]!) i++;
    else j++;
  }
  return count;
}

/** Training sessions by a hash of their items in order; what the hash finds is compared item by item. */
class SequenceIndex {
  private readonly heads: Int32Array;
  private readonly next: Int32Array;

  constructor(private readonly train: Sessions) {
    const count = sessionCount(train);
    this.heads = new Int32Array(2 ** Math.ceil(Math.log2(count + 1))).fill(-1);
    this.next = new Int32Array(count);
    for (let s = count - 1; s >= 0; s--) {
      const bucket = this.bucketOf(train, s);
      this.next[s] = this.heads[bucket]!;
      this.heads[bucket] = s;
    }
  }

  /** The first training session with the items of session s in their order, other than `own`. */
  find(sessions: Sessions, s: number, own: number | undefined): number | undefined {
    const { offsets, item } = this.train;
    const [start, length] = [sessions.offsets[s]!, sessions.offsets[s + 1]! - sessions.offsets[s]!];
    for (let t = this.heads[this.bucketOf(sessions, s)]!; t >= 0; t = this.next[t]!) {
      if (t === own || offsets[t + 1]! - offsets[t]! !== length) continue;
      let k = 0;
      while (k < length && item[offsets[t]! + k] === sessions.item[start + k]) k++;
      if (k === length) return t;
    }
    return undefined;
  }

  private bucketOf({ offsets, item }: Sessions, s: number): number {
    let hash = 0x811c9dc5; // FNV-1a, an item at a time
    for (let k = offsets[s]!; k < offsets[s + 1]!; k++) hash = Math.imul(hash ^ item[k]!, 0x01000193);
    return (hash ^ (hash >>> 15)) & (this.heads.length - 1);
  }
}
