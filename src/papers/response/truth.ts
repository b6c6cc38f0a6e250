/**
 * Counterfactual click rates against the truth: in a simulated world sessions are run again under other slates, with the
 * noise that they had; a mechanism (learnt from logs, or the world's own) estimates the same from the factual sessions.
 * Abducted noise knows what a session did, noise from the prior only what it did before: so the two are held against the
 * truth where they can differ, among sessions that did the same at the changed step.
 */
import { pairedBootstrap } from "../../evaluation/compare";
import type { Rng } from "../../core/rng";
import { abduct } from "../../response/abduct";
import { act, type Action, type Intervention } from "../../response/act";
import { lessPopularItems } from "../../response/ctr";
import { keyedUniform, noiseKey } from "../../response/keyed-noise";
import type { Mechanism } from "../../response/mechanism";
import { predict } from "../../response/predict";
import { choicesOf, type SlateLog } from "../../response/slate-log";

/** A rate by the truth and by two estimates. */
export interface RateRow {
  /** Which sessions, and what is counted. */
  readonly name: string;
  readonly sessions: number;
  /** With the 95 % interval over sessions. */
  readonly truth: { readonly mean: number; readonly low: number; readonly high: number };
  readonly abducted: Estimated;
  readonly prior: Estimated;
}

/** An estimate of a rate. */
export interface Estimated {
  readonly mean: number;
  /** Whether it lies in the truth's interval. */
  readonly within: boolean;
  /** Mean squared distance of each session's probability from what truly happened (Brier's score), without what the finite number of draws adds. */
  readonly brier: number;
}

/**
 * do(slate) at one step of each session that has it: every second slot, from the first on, shows a less popular item.
 * @param popularity [V]
 */
export function lessPopularSlates(log: SlateLog, popularity: ArrayLike<number>, step: number, rng: Rng): Action {
  const { offsets, slots } = log;
  const key = noiseKey(rng, "less popular slates");
  const marks = lessPopularItems(popularity);
  const rare = Array.from(marks.keys()).filter((item) => marks[item] === 1);
  const interventions: Intervention[] = [];
  for (let s = 0; s < offsets.length - 1; s++) {
    if (offsets[s + 1]! - offsets[s]! <= step) continue;
    const from = (offsets[s]! + step) * slots;
    const slate = log.slate.slice(from, from + slots);
    for (let slot = 0, draw = 0; slot < slots; draw++) {
      const item = rare[Math.floor(rare.length * keyedUniform(key, s, step, draw))]!;
      if (slate.includes(item)) continue;
      slate[slot] = item;
      slot += 2;
    }
    interventions.push({ session: s, step, slate });
  }
  return act(log, interventions);
}

/** What is counted, by session: a number, or undefined where the session is not of the group. */
type Outcome = (s: number, log: SlateLog) => number | undefined;

/**
 * The rates by group.
 * @param truth the sessions as they would have been: `worldCounterfactual`
 * @param draws of the noise
 */
export function rateRows(mechanism: Mechanism, action: Action, truth: SlateLog, step: number, draws: number, rng: Rng): readonly RateRow[] {
  const groups = outcomesOf(action, step);
  const sums = { abducted: groups.map(() => new Map<number, number>()), prior: groups.map(() => new Map<number, number>()) };
  const squares = { abducted: groups.map(() => new Map<number, number>()), prior: groups.map(() => new Map<number, number>()) };
  for (let draw = 0; draw < draws; draw++) {
    const abducted = abduct(mechanism, action.log, rng.child(`draw ${draw}`));
    for (const noise of ["abducted", "prior"] as const) {
      const { log } = predict(mechanism, abducted, action, { noise });
      groups.forEach(({ outcome }, g) => {
        add(sums[noise][g]!, outcome, log);
        add(squares[noise][g]!, (s, one) => square(outcome(s, one)), log);
      });
    }
  }
  return groups.map(({ name, outcome }, g) => {
    const found = new Map<number, number>();
    add(found, outcome, truth);
    const sessions = [...found.keys()];
    const values = Float64Array.from(sessions, (s) => found.get(s)!);
    const { difference: mean, low, high } = pairedBootstrap(values, Int32Array.from(sessions), { resamples: 2000 });
    const estimate = (noise: "abducted" | "prior"): Estimated => {
      const own = Float64Array.from(sessions, (s) => sums[noise][g]!.get(s)! / draws);
      const average = meanOf(own);
      return { mean: average, within: average >= low && average <= high, brier: brierOf(sums[noise][g]!, squares[noise][g]!, found, draws) };
    };
    return { name, sessions: sessions.length, truth: { mean, low, high }, abducted: estimate("abducted"), prior: estimate("prior") };
  });
}

/** The variance of a mean over draws is what it adds to the squared distance; it is known from the draws. */
function brierOf(sums: ReadonlyMap<number, number>, squares: ReadonlyMap<number, number>, truth: ReadonlyMap<number, number>, draws: number): number {
  let total = 0;
  for (const [s, value] of truth) {
    const mean = sums.get(s)! / draws;
    const variance = draws < 2 ? 0 : (squares.get(s)! - draws * mean ** 2) / (draws - 1);
    total += (mean - value) ** 2 - variance / draws;
  }
  return total / truth.size;
}

const square = (value: number | undefined): number | undefined => (value === undefined ? undefined : value ** 2);

function add(sums: Map<number, number>, outcome: Outcome, log: SlateLog): void {
  for (let s = 0; s < log.offsets.length - 1; s++) {
    const value = outcome(s, log);
    if (value !== undefined) sums.set(s, (sums.get(s) ?? 0) + value);
  }
}

function outcomesOf({ log: factual, done, slate }: Action, step: number): readonly { readonly name: string; readonly outcome: Outcome }[] {
  const { offsets, slots } = factual;
  const choices = choicesOf(factual);
  const changed = (s: number): boolean => offsets[s + 1]! - offsets[s]! > step && done[offsets[s]! + step] === 1;
  /** The item that was taken: whether it stays on the slate. */
  const fate = (s: number): "stays" | "goes" | "none" => {
    const row = offsets[s]! + step;
    const slot = choices[row]!;
    return slot === slots ? "none" : slate[row * slots + slot] === factual.slate[row * slots + slot] ? "stays" : "goes";
  };
  const clicksAt = (log: SlateLog, row: number): number => log.clicked.subarray(row * slots, (row + 1) * slots).reduce((sum, one) => sum + one, 0);
  const any: Outcome = (s, log) => Math.min(1, clicksAt(log, offsets[s]! + step));
  const same: Outcome = (s, log) => {
    const row = offsets[s]! + step;
    return log.clicked[row * slots + choices[row]!];
  };
  const fresh: Outcome = (s, log) => {
    const row = offsets[s]! + step;
    let clicks = 0;
    for (let at = row * slots; at < (row + 1) * slots; at++) if (slate[at] !== factual.slate[at]) clicks += log.clicked[at]!;
    return Math.min(1, clicks);
  };
  const later: Outcome = (s, log) => {
    const [from, to] = [offsets[s]! + step + 1, offsets[s + 1]!];
    if (from >= to) return undefined;
    let clicks = 0;
    for (let row = from; row < to; row++) clicks += Math.min(1, clicksAt(log, row));
    return clicks / (to - from);
  };
  const among = (group: (s: number) => boolean, outcome: Outcome): Outcome => (s, log) => (changed(s) && group(s) ? outcome(s, log) : undefined);
  return [
    { name: "all sessions: a click", outcome: among(() => true, any) },
    { name: "all sessions: a click on an item put in", outcome: among(() => true, fresh) },
    { name: "had taken an item that stays: takes it again", outcome: among((s) => fate(s) === "stays", same) },
    { name: "had taken an item that stays: takes one put in", outcome: among((s) => fate(s) === "stays", fresh) },
    { name: "had taken an item that goes: a click", outcome: among((s) => fate(s) === "goes", any) },
    { name: "had taken nothing: a click", outcome: among((s) => fate(s) === "none", any) },
    { name: "had taken nothing: share of clicked slates afterwards", outcome: among((s) => fate(s) === "none", later) },
    { name: "had taken an item: share of clicked slates afterwards", outcome: among((s) => fate(s) !== "none", later) },
  ];
}

function meanOf(values: Float64Array): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}
