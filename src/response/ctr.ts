/**
 * Click-through rates of a log, with the denominators said: by slate, the share of slates that were clicked on; by item,
 * clicks over items shown; and on less popular items, clicks on them over how often they were shown.
 */
import { ConfigError } from "../core/errors";
import { quantileOf } from "../evaluation/strata";
import { choicesOf, stepCount, type SlateLog } from "./slate-log";

/** Rates of a log. */
export interface ClickRates {
  /** Slates with a click, over slates. */
  readonly slate: number;
  /** Clicks, over items shown. */
  readonly item: number;
  /** Clicks on less popular items, over how often such items were shown; NaN where they were not. */
  readonly lessPopular: number;
  /** The share of less popular items among those shown. */
  readonly lessPopularShown: number;
  readonly slates: number;
  readonly clicks: number;
}

/**
 * The rates.
 * @param lessPopular [V] 1 for items that count as less popular: `lessPopularItems`
 * @example
 * import { clickRates } from "sessionlab";
 * const log = { offsets: Uint32Array.of(0, 2), slots: 2, items: 3, slate: Int32Array.of(0, 1, 0, 2), clicked: Uint8Array.of(1, 0, 0, 0) };
 * const rates = clickRates(log, Uint8Array.of(0, 1, 1));
 * assert.deepEqual([rates.slate, rates.item, rates.lessPopular], [0.5, 0.25, 0]);
 */
export function clickRates(log: SlateLog, lessPopular: Uint8Array): ClickRates {
  const { slots, slate, clicked, items } = log;
  if (lessPopular.length !== items) throw new ConfigError(`Expected a mark for each of ${items} items, found ${lessPopular.length}`);
  const slates = stepCount(log);
  let [clicks, rare, rareClicks] = [0, 0, 0];
  for (let at = 0; at < slate.length; at++) {
    const own = lessPopular[slate[at]!]!;
    clicks += clicked[at]!;
    rare += own;
    rareClicks += own * clicked[at]!;
  }
  const answered = choicesOf(log).reduce((count, slot) => count + (slot < slots ? 1 : 0), 0);
  return { slate: answered / slates, item: clicks / slate.length, lessPopular: rareClicks / rare, lessPopularShown: rare / slate.length, slates, clicks };
}

/**
 * The items whose popularity is at or below a quantile.
 * @param popularity [V] counts or shares, of training
 * @param quantile P2's threshold is not published; DiffuRec's analysis takes the 80th percentile
 * @returns [V] 0 or 1
 * @example
 * import { lessPopularItems } from "sessionlab";
 * assert.deepEqual([...lessPopularItems([5, 100, 3, 2, 1], 0.8)], [1, 0, 1, 1, 1]);
 */
export function lessPopularItems(popularity: ArrayLike<number>, quantile = 0.8): Uint8Array {
  if (!(quantile > 0 && quantile < 1)) throw new ConfigError(`Expected a quantile in (0, 1), found ${quantile}`);
  const cut = quantileOf(Float64Array.from(popularity).sort(), quantile);
  return Uint8Array.from(Array.from(popularity), (count) => (count <= cut ? 1 : 0));
}

/**
 * The share of steps with a click, session by session: what a paired test of two policies resamples.
 * @returns clicked steps [S] and steps [S]
 */
export function sessionClicks(log: SlateLog): { readonly clicked: Float64Array; readonly steps: Float64Array } {
  const { offsets, slots } = log;
  const choices = choicesOf(log);
  const clicked = new Float64Array(offsets.length - 1);
  const steps = new Float64Array(offsets.length - 1);
  for (let s = 0; s < clicked.length; s++) {
    steps[s] = offsets[s + 1]! - offsets[s]!;
    for (let row = offsets[s]!; row < offsets[s + 1]!; row++) if (choices[row]! < slots) clicked[s]! += 1;
  }
  return { clicked, steps };
}

/** What is counted in each session: rates are ratios of sums of these. [S] each. */
export interface SessionCounts {
  /** Slates. */
  readonly steps: Float64Array;
  /** Slates with a click. */
  readonly answered: Float64Array;
  /** Slates with a click on a less popular item. */
  readonly rareAnswered: Float64Array;
  /** Clicks. */
  readonly clicks: Float64Array;
  readonly rareClicks: Float64Array;
  /** Less popular items that were shown. */
  readonly rareShown: Float64Array;
}

/**
 * Counts session by session: what paired tests of two policies resample.
 * @param lessPopular [V] 1 for items that count as less popular
 * @throws ConfigError for marks of another number of items
 * @example
 * import { sessionCounts } from "sessionlab";
 * const log = { offsets: Uint32Array.of(0, 2), slots: 2, items: 3, slate: Int32Array.of(0, 1, 0, 2), clicked: Uint8Array.of(1, 0, 0, 1) };
 * const { steps, answered, rareAnswered, rareShown } = sessionCounts(log, Uint8Array.of(0, 1, 1));
 * assert.deepEqual([steps[0], answered[0], rareAnswered[0], rareShown[0]], [2, 2, 1, 2]);
 */
export function sessionCounts(log: SlateLog, lessPopular: Uint8Array): SessionCounts {
  const { offsets, slots, slate, clicked, items } = log;
  if (lessPopular.length !== items) throw new ConfigError(`Expected a mark for each of ${items} items, found ${lessPopular.length}`);
  const column = (): Float64Array => new Float64Array(offsets.length - 1);
  const counts = { steps: column(), answered: column(), rareAnswered: column(), clicks: column(), rareClicks: column(), rareShown: column() };
  for (let s = 0; s < offsets.length - 1; s++) {
    for (let row = offsets[s]!; row < offsets[s + 1]!; row++) {
      let [clicks, rareClicks] = [0, 0];
      for (let at = row * slots; at < (row + 1) * slots; at++) {
        const rare = lessPopular[slate[at]!]!;
        clicks += clicked[at]!;
        rareClicks += rare * clicked[at]!;
        counts.rareShown[s]! += rare;
      }
      counts.steps[s]! += 1;
      counts.answered[s]! += clicks > 0 ? 1 : 0;
      counts.rareAnswered[s]! += rareClicks > 0 ? 1 : 0;
      counts.clicks[s]! += clicks;
      counts.rareClicks[s]! += rareClicks;
    }
  }
  return counts;
}
