/**
 * What STAN and VSTAN look neighbours up in: the training sessions as sets (session-sets.ts), where in its session each
 * item stood last, and how old each session is. And their score, in which every factor but the two of STAN can be left out.
 * Ages are in days, from the most recent training session. Sessions without times (benchmark files in date order) are
 * taken as evenly spread over a hundred days, so that an age is the percentage of the training sessions that came later.
 */
import { byRecency, lastTime } from "../data/recent";
import type { TrainSessions } from "../data/types";
import type { SessionRanges } from "./counting";
import { NeighbourSearch, type Neighbours } from "./neighbours";
import { sessionSets, type SessionSets } from "./session-sets";

/** S sessions, N pairs of a session and an item in it. */
export interface PlacedSets extends SessionSets {
  /** [N] the last place, from 1, of each item of `setItems` among the known items of its session. */
  readonly places: Uint32Array;
  /** [S] days. */
  readonly ages: Float32Array;
}

const [secondsADay, daysWithoutTimes] = [86400, 100];

/** The sets, then one more pass for places and ages. @param popularity [V] training counts */
export async function placedSets(train: TrainSessions, popularity: Uint32Array, ranges: SessionRanges): Promise<PlacedSets> {
  const tables = await sessionSets(train, popularity, ranges);
  const { sets, setItems } = tables;
  const order = byRecency(train);
  const places = new Uint32Array(setItems.length);
  const ages = new Float32Array(order.length);
  const pairOf = new Uint32Array(popularity.length); // where the session's pair with an item is
  const newest = order.length - 1;
  for await (const [first, last] of ranges()) {
    for (let s = first; s < last; s++) {
      for (let pair = sets[s]!; pair < sets[s + 1]!; pair++) pairOf[setItems[pair]!] = pair;
      let place = 0;
      for (const item of train.item.subarray(train.offsets[order[s]!], train.offsets[order[s]! + 1])) {
        if (item >= 0 && item < popularity.length) places[pairOf[item]!] = ++place;
      }
      ages[s] = train.time === undefined ? (daysWithoutTimes * (newest - s)) / order.length : (lastTime(train, order[newest]!) - lastTime(train, order[s]!)) / secondsADay;
    }
  }
  return { ...tables, places, ages };
}

/** The factors of a score; what they are is said in stan.ts and vstan.ts. */
export interface PlacedFactors {
  readonly k: number;
  readonly sample: number;
  /** l1, in places. */
  readonly position: number;
  /** l2, in days. */
  readonly recency: number;
  /** l3, in places. */
  readonly distance: number;
  /** l4, in places; Infinity leaves the factor out. */
  readonly meeting: number;
  /** l5; 0 leaves the factor out. */
  readonly idf: number;
}

/** Scores sessions by their neighbours in one set of tables. */
export class PlacedSearch {
  private readonly neighbours: NeighbourSearch;
  private readonly boost: Float64Array; // [V] 1 + l5 idf
  private readonly place: Uint32Array; // [V] zeros between searches: the last place of each of the session's items
  private readonly near: Float64Array; // by distance in places: exp(-distance / l3)

  constructor(
    readonly tables: PlacedSets,
    private readonly factors: PlacedFactors,
  ) {
    const { popularity, sets } = tables;
    this.neighbours = new NeighbourSearch(tables);
    this.boost = Float64Array.from(popularity, (count) => 1 + factors.idf * Math.log((sets.length - 1) / Math.max(1, count)));
    this.place = new Uint32Array(popularity.length);
    const longest = tables.places.reduce((most, place) => Math.max(most, place), 0);
    this.near = Float64Array.from({ length: longest + 1 }, (_, apart) => Math.exp(-apart / factors.distance));
  }

  /**
   * The neighbours alone.
   * @param session known items, oldest first
   */
  find(session: Int32Array): Neighbours {
    const { sets, ages, holders, holderSessions } = this.tables;
    const { k, sample, position, recency } = this.factors;
    const { place } = this;
    const length = session.length;
    session.forEach((item, at) => (place[item] = at + 1)); // a repeated item counts where it was last
    const items = Int32Array.from(new Set(session));
    const weights = Float64Array.from(items, (item) => Math.exp((place[item]! - length) / position));
    const norm = Math.sqrt(weights.reduce((sum, weight) => sum + weight * weight, 0));
    const newest = items.reduce((latest, item) => (holders[item + 1]! > holders[item]! ? Math.max(latest, holderSessions[holders[item + 1]! - 1]!) : latest), 0);
    const similarity = (sum: number, n: number): number => (sum / (norm * Math.sqrt(sets[n + 1]! - sets[n]!))) * Math.exp((ages[newest]! - ages[n]!) / recency);
    for (const item of items) place[item] = 0;
    return this.neighbours.find({ items, weights }, sample, k, similarity);
  }

  /**
   * @param session known items, oldest first
   * @param scores [V] to be filled
   */
  fill(session: Int32Array, scores: Float32Array): void {
    const { sets, setItems, places } = this.tables;
    const { boost, place, near } = this;
    const length = session.length;
    const found = this.find(session);
    session.forEach((item, at) => (place[item] = at + 1));
    found.sessions.forEach((n, at) => {
      let [star, latest] = [0, 0]; // the last place of a shared item in the neighbour, and in the session
      for (let pair = sets[n]!; pair < sets[n + 1]!; pair++) {
        const own = place[setItems[pair]!]!;
        if (own === 0) continue;
        if (places[pair]! > star) star = places[pair]!;
        if (own > latest) latest = own;
      }
      const share = found.similarities[at]! * Math.exp((latest - length) / this.factors.meeting);
      for (let pair = sets[n]!; pair < sets[n + 1]!; pair++) {
        const item = setItems[pair]!;
        scores[item]! += share * boost[item]! * near[Math.abs(places[pair]! - star)]!;
      }
    });
    for (const item of session) place[item] = 0;
  }
}
