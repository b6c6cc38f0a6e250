/**
 * The ledger's rows and the rule of their verdicts. A verdict is computed from results, never typed:
 * - A figure is a published number. d = ours - published; its margin is stated beside it, 5 % of the figure where nothing else is.
 *   "reproduced": d lies within the margin (two one-sided tests at 5 %), or, of a figure that is to be reached, not below it by the margin.
 *   "within noise": not so, and 0 lies in the 95 % interval of d: one more or one less cannot be told. "not reproduced": else.
 *   The standard error of d: over seeds; with the sampling of cases, sqrt(m (1 - m) / C) at most for values in [0, 1], where the figure was
 *   measured on other cases or ours is one run of a model that draws random numbers; with that of the figure, where it is known.
 * - A gain is a sentence that one model is ahead. The primary comparisons decide, with Holm's correction: against the best baseline and against the
 *   strongest placebo, both chosen by validation. "reproduced": ahead in both. "within noise": in each, a gain worth having (5 % of
 *   the baseline) cannot be excluded, and in one, nor can less than it. "not reproduced": else. Where a sealed period was read, it decides; on test a verdict is exploratory.
 * - A goal is what can be held against a known truth: "reproduced" where it is reached, "within noise" where its test cannot tell.
 * - "not attempted": there is nothing of ours to set beside it, and why.
 * Symbols: C cases, m our mean.
 */
import { ConfigError } from "../../core/errors";
import type { Drawn } from "../../evaluation/bootstrap";
import { normalQuantile } from "../../evaluation/compare";
import { equivalence, nonInferiority, type MarginTest } from "../../evaluation/equivalence";
import type { Measured } from "../measure";
import { worthwhile, type Verdict as SealedVerdictName } from "../sealed";

/** What a row of the ledger says. */
export const ledgerVerdicts = ["reproduced", "within noise", "not reproduced", "not attempted"] as const;

/** One of them. */
export type LedgerVerdict = (typeof ledgerVerdicts)[number];

/** What of ours stands beside a published number or sentence. */
export interface Ours {
  /** The model or row. */
  readonly what: string;
  readonly metric: string;
  readonly value: Measured;
  readonly seeds: number;
  readonly budget: string;
  /** Ids of the results. */
  readonly results: readonly string[];
}

/** What a row's verdict hangs on. */
export interface Tested {
  /** In words: "against GRU4Rec ...: +0.0015 [+0.0006, +0.0025], p = 0.004". */
  readonly words: readonly string[];
  /** The test against a margin. */
  readonly margin?: MarginTest;
  /** What the margin test is of: "to the figure", "to the strongest placebo". */
  readonly of?: string;
}

/** What is found of a claim: the verdict and all that it stands on; or why there is none. */
export interface Found {
  readonly verdict: LedgerVerdict;
  readonly ours?: Ours;
  readonly tested?: Tested;
  /** "sealed period", "test, exploratory", "test"; of what was not attempted, why. */
  readonly basis: string;
  /** Whether it is what a paper claims first of its data: headlines have it. */
  readonly primary?: true;
}

/** A row without ours. @param why in words */
export function notAttempted(why: string): Found {
  return { verdict: "not attempted", basis: why };
}

/** How a figure is held against ours. */
export interface FigureTest {
  readonly published: number;
  /** Above 0, in the figure's unit. Default 5 % of it. */
  readonly margin?: number;
  /** Whether ours need only reach it. */
  readonly reach?: boolean;
  /** Of d. */
  readonly standardError: number;
}

/** Quantiles that stand for the draws of a normal distribution. */
const drawCount = 1999;

/**
 * A difference that is normal around its estimate, as the tests against margins take it.
 * @param standardError 0 or more
 */
export function normalDraws(estimate: number, standardError: number, clusters = 1): Drawn {
  if (!(standardError >= 0)) throw new ConfigError(`Expected a standard error of 0 or more, found ${standardError}`);
  return { estimate, statistics: Float64Array.from({ length: drawCount }, (_, at) => estimate + standardError * normalQuantile((at + 0.5) / drawCount)), clusters };
}

/**
 * The verdict on a figure.
 * @param mean ours
 */
export function figureVerdict(mean: number, { published, margin = worthwhile * Math.abs(published), reach = false, standardError }: FigureTest): { readonly verdict: LedgerVerdict; readonly test: MarginTest; readonly low: number; readonly high: number } {
  const drawn = normalDraws(mean - published, standardError);
  const test = reach ? nonInferiority(drawn, margin) : equivalence(drawn, margin);
  const width = normalQuantile(0.975) * standardError;
  const [low, high] = [drawn.estimate - width, drawn.estimate + width];
  return { verdict: test.holds ? "reproduced" : low <= 0 && high >= 0 ? "within noise" : "not reproduced", test, low, high };
}

/** The standard error of ours less a figure. @param sampled whether the cases' sampling counts; @param own the figure's own */
export function standardErrorOf({ mean, sd }: Measured, seeds: number, cases: number, sampled: boolean, own = 0): number {
  const overSeeds = sd === undefined ? 0 : sd ** 2 / seeds;
  const bounded = Math.min(1, Math.max(0, mean));
  return Math.sqrt(overSeeds + (sampled ? (bounded * (1 - bounded)) / cases : 0) + own ** 2);
}

/** A verdict of the experiments in the ledger's words. */
export function gainVerdict(verdict: SealedVerdictName): LedgerVerdict {
  return verdict === "too small to tell" ? "within noise" : verdict;
}

/** The verdict on a goal that a test answers, or that is reached or not. @param undecided whether the test cannot tell */
export function goalVerdict(reached: boolean, undecided = false): LedgerVerdict {
  return reached ? "reproduced" : undecided ? "within noise" : "not reproduced";
}
