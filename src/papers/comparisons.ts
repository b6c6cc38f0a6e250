/** The primary comparisons of a paper's experiment: paired tests of the proposed model, Holm's correction over all of them. */
import type { Cases } from "../data/types";
import { compareOver, holm, smallestDetectable, type Comparison, type Run } from "../evaluation/compare";
import { unpackRanks } from "../evaluation/packed-ranks";
import type { Result, ResultPart } from "./results";

/** The proposed model against another. */
export interface PaperComparison extends Pick<Comparison, "difference" | "low" | "high" | "p" | "sd" | "clusters"> {
  /** The row's name. */
  readonly against: string;
  /** "best baseline", "strongest placebo", the control of the same compute. */
  readonly as: string;
  /** p after Holm's correction over the primary comparisons. */
  readonly holm: number;
  /** The gain that a test of this size finds in four of five cases. */
  readonly detectable: number;
}

/** One that is compared with. */
export interface Rival {
  readonly as: string;
  readonly name: string;
  readonly runs: readonly Run[];
}

/** What tests need of the cases that were ranked. */
export interface RankedCases extends Pick<Cases, "role" | "session"> {
  readonly target: { readonly length: number };
  readonly items: { readonly trained: number };
}

/** What `compareOver` takes, from what a file holds of some cases. */
export function runOf({ passport }: Pick<Result, "passport">, { ranks, ...part }: ResultPart & { readonly ranks: string }, cases: RankedCases): Run {
  const { ks, ties, tieRate } = passport;
  const rows = { ...unpackRanks(ranks, cases.target.length), session: cases.session };
  return { passport, evaluation: { role: cases.role, ...part, strata: [], items: cases.items.trained, ks, ties, tieRate, rows } };
}

/** Tests the proposed runs against each rival. @param cases some of the cases; all if not given */
export function compareAll(proposed: readonly Run[], rivals: readonly Rival[], metric: string, cases?: Int32Array): readonly PaperComparison[] {
  const found = rivals.map(({ runs }) => compareOver(proposed, runs, metric, {}, cases));
  const corrected = holm(found.map(({ p }) => p));
  return found.map(({ difference, low, high, p, sd, clusters }, at) => ({
    against: rivals[at]!.name,
    as: rivals[at]!.as,
    ...{ difference, low, high, p, sd, clusters },
    holm: corrected[at]!,
    detectable: smallestDetectable(sd, clusters),
  }));
}
