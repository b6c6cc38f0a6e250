/**
 * First-order Markov chain: what followed the last item in training.
 *   score(j) = (1 - b) c(i, j) / c(i) + b pop(j) / N
 * with i the session's last known item, c(i, j) how often j followed i directly, c(i) the sum over j, pop(j) the
 * training count and N its sum: linear interpolation (Jelinek and Mercer 1980) with popularity, so that what never
 * followed i is still in order. Where nothing followed i, popularity alone.
 * Self-transitions (an item clicked again) count by default: 16 % of consecutive clicks on YooChoose.
 */
import { resolveOptions, rules } from "../core/options";
import type { TrainSessions } from "../data/types";
import { CountingModel, type SessionRanges, type Tables } from "./counting";
import { loadModel } from "./files";
import { offsetsOf, sumRows, type SparseRows } from "./sparse";

const defaults = {
  /** b: the weight of popularity, [0, 1). */
  backoff: 0.01,
  /** Whether an item that follows itself counts. */
  self: true,
};

/** The options, with their defaults at the top of this file. */
export type MarkovOptions = typeof defaults;

/** Options to try on validation. */
export const markovSpace: readonly Partial<MarkovOptions>[] = [true, false].flatMap((self) => [0.01, 0.1, 0.3].map((backoff) => ({ self, backoff })));

interface MarkovTables extends Tables, SparseRows {
  /** [1] N */
  readonly events: Uint32Array;
}

/**
 * Recommends what followed the last item.
 * @example
 * import { Markov, Rng } from "sessionlab";
 * const items = { ids: ["a", "b", "c"], trained: 3 };
 * const train = { role: "train", hash: "", items, offsets: Uint32Array.of(0, 3, 5), item: Int32Array.of(0, 1, 2, 0, 2) } as const;
 * const markov = new Markov({ backoff: 0 });
 * await markov.fit(train, undefined as never, { rng: new Rng(1) });
 * assert.deepEqual([...markov.score({ offsets: Uint32Array.of(0, 1), item: Int32Array.of(0) })], [0, 0.5, 0.5]);
 */
export class Markov extends CountingModel<MarkovTables> {
  readonly name = "Markov";
  private readonly chosen: Readonly<MarkovOptions>;

  constructor(options: Partial<MarkovOptions> = {}) {
    const chosen = resolveOptions("Markov", defaults, options, { backoff: rules.fraction });
    super(chosen);
    this.chosen = chosen;
  }

  /** Reads what `save` wrote. @throws ConfigError, DataError */
  static async load(folder: string): Promise<Markov> {
    const saved = loadModel(folder, "Markov");
    return new Markov(saved.options).restore(saved);
  }

  protected async count(train: TrainSessions, popularity: Uint32Array, ranges: SessionRanges): Promise<MarkovTables> {
    const known = (item: number): boolean => item >= 0 && item < popularity.length;
    const forEachPair = async (visit: (from: number, to: number) => void): Promise<void> => {
      for await (const [first, last] of ranges()) {
        for (let s = first; s < last; s++) {
          for (let at = train.offsets[s]! + 1; at < train.offsets[s + 1]!; at++) {
            const [from, to] = [train.item[at - 1]!, train.item[at]!];
            if (known(from) && known(to) && (this.chosen.self || from !== to)) visit(from, to);
          }
        }
      }
    };
    const lengths = new Uint32Array(popularity.length);
    await forEachPair((from) => lengths[from]!++);
    const offsets = offsetsOf(lengths);
    const successors = new Uint32Array(offsets[popularity.length]!); // each item's successors, in training order
    const filled = offsets.slice();
    await forEachPair((from, to) => (successors[filled[from]!++] = to));
    const transitions = sumRows(popularity.length, (row, add) => {
      for (let at = offsets[row]!; at < offsets[row + 1]!; at++) add(successors[at]!, 1);
    });
    return { popularity, ...transitions, events: Uint32Array.of(popularity.reduce((sum, count) => sum + count, 0)) };
  }

  protected fill({ popularity, offsets, columns, values, events }: MarkovTables, session: Int32Array, scores: Float32Array): void {
    const last = session[session.length - 1]!;
    const [from, to] = [offsets[last]!, offsets[last + 1]!];
    let followed = 0;
    for (let at = from; at < to; at++) followed += values[at]!;
    const share = (followed === 0 ? 1 : this.chosen.backoff) / events[0]!;
    for (let item = 0; item < scores.length; item++) scores[item] = share * popularity[item]!;
    for (let at = from; at < to; at++) {
      const item = columns[at]!;
      scores[item] = ((1 - this.chosen.backoff) * values[at]!) / followed + share * popularity[item]!;
    }
  }
}
