/**
 * Sequential rules: what followed the last item within some steps, the nearer the more (Kamehkhosh, Jannach and Ludewig,
 * TempRec at RecSys 2017; Ludewig and Jannach, UMUAI 2018, section 3.1).
 *   r(i, j) = sum of w(d) over the places of training where j stands d <= `steps` after i
 * with w(d): div 1 / d, linear 1 - d / 10 and never below 0, quadratic 1 / d^2, log 1 / log10(d + 1.7), same 1;
 * the score of j after i is r(i, j), made a share and smoothed by popularity as in transitions.ts.
 * Options and their defaults are those of rn5l/session-rec, algorithms/baselines/sr.py.
 * Departs: session-rec gives 0 to what never followed i; here popularity orders it, with a weight of `backoff`.
 * Departs: of followers that tie at the `prune`-th place those that training met first stay in session-rec, here those
 *   of lower inside id.
 */
import { resolveOptions, rules } from "../core/options";
import type { TrainSessions } from "../data/types";
import { CountingModel, type SessionRanges } from "./counting";
import { loadModel } from "./files";
import { shapes, stepWeight, type Shape } from "./step-weights";
import { fillFromTransitions, transitionTables, type TransitionTables } from "./transitions";

const defaults = {
  /** How far apart the items of a rule may lie. */
  steps: 10,
  /** w. */
  weighting: "div" as Shape,
  /** Whether an item that follows itself makes a rule. */
  self: true,
  /** Rules kept for an item, those of largest weight; 0 keeps all. */
  prune: 20,
  /** b: the weight of popularity, [0, 1). */
  backoff: 0.01,
};

/** The options, with their defaults at the top of this file. */
export type SequentialRulesOptions = typeof defaults;

/** Options to try on validation. */
export const sequentialRulesSpace: readonly Partial<SequentialRulesOptions>[] = [3, 10].flatMap((steps) =>
  (["div", "quadratic"] as const).flatMap((weighting) => [true, false].flatMap((self) => [20, 0].map((prune) => ({ steps, weighting, self, prune })))),
);

/**
 * Recommends what followed the last item within some steps.
 * @example
 * import { Rng, SequentialRules } from "sessionlab";
 * const items = { ids: ["a", "b", "c"], trained: 3 };
 * const train = { role: "train", hash: "", items, offsets: Uint32Array.of(0, 3), item: Int32Array.of(0, 1, 2) } as const;
 * const rules = new SequentialRules({ backoff: 0 });
 * await rules.fit(train, undefined as never, { rng: new Rng(1) });
 * // after a: b one step on, weight 1; c two steps on, weight 1/2
 * assert.deepEqual([...rules.score({ offsets: Uint32Array.of(0, 1), item: Int32Array.of(0) })], [0, 1 / 1.5, 0.5 / 1.5].map(Math.fround));
 */
export class SequentialRules extends CountingModel<TransitionTables> {
  readonly name = "SR";
  private readonly chosen: Readonly<SequentialRulesOptions>;

  constructor(options: Partial<SequentialRulesOptions> = {}) {
    const { positiveInteger, wholeNumber, fraction, oneOf } = rules;
    const chosen = resolveOptions("SequentialRules", defaults, options, { steps: positiveInteger, weighting: oneOf(...shapes), prune: wholeNumber, backoff: fraction });
    super(chosen);
    this.chosen = chosen;
  }

  /** Reads what `save` wrote. @throws ConfigError, DataError */
  static async load(folder: string): Promise<SequentialRules> {
    const saved = loadModel(folder, "SR");
    return new SequentialRules(saved.options as Partial<SequentialRulesOptions>).restore(saved);
  }

  protected count(train: TrainSessions, popularity: Uint32Array, ranges: SessionRanges): Promise<TransitionTables> {
    const { steps, self, weighting, prune } = this.chosen;
    return transitionTables(train, popularity, ranges, { steps, self, weight: stepWeight[weighting], keep: prune === 0 ? undefined : prune });
  }

  protected fill(tables: TransitionTables, session: Int32Array, scores: Float32Array): void {
    fillFromTransitions(tables, this.chosen.backoff, session[session.length - 1]!, scores);
  }
}
