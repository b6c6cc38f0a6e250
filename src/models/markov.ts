/**
 * First-order Markov chain: what followed the last item in training.
 *   score(j) = (1 - b) c(i, j) / c(i) + b pop(j) / N
 * with i the session's last known item and c(i, j) how often j followed i directly; the rest is said in transitions.ts.
 * Self-transitions (an item clicked again) count by default: 16 % of consecutive clicks on YooChoose.
 */
import { resolveOptions, rules } from "../core/options";
import type { TrainSessions } from "../data/types";
import { CountingModel, type SessionRanges } from "./counting";
import { loadModel } from "./files";
import { fillFromTransitions, transitionTables, type TransitionTables } from "./transitions";

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
export class Markov extends CountingModel<TransitionTables> {
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

  protected count(train: TrainSessions, popularity: Uint32Array, ranges: SessionRanges): Promise<TransitionTables> {
    return transitionTables(train, popularity, ranges, { steps: 1, self: this.chosen.self, weight: () => 1 });
  }

  protected fill(tables: TransitionTables, session: Int32Array, scores: Float32Array): void {
    fillFromTransitions(tables, this.chosen.backoff, session[session.length - 1]!, scores);
  }
}
