/** What the recommenders that look up similar training sessions share: they can show whom they asked. */
import { ConfigError } from "../core/errors";
import { rules } from "../core/options";
import { CountingModel } from "./counting";
import type { Neighbours } from "./neighbours";
import type { SessionSets } from "./session-sets";

/** A training session that a recommender found to be like another one. */
export interface SessionNeighbour {
  /** As the model's file defines it. */
  readonly similarity: number;
  /** Outside ids of its different items, in order of first appearance, and their titles. */
  readonly items: readonly string[];
  readonly titles?: readonly string[];
  /** Outside ids of those that the session has too. */
  readonly shared: readonly string[];
}

/**
 * S-KNN and those that came of it.
 * @example
 * import { Rng, SessionKnn } from "sessionlab";
 * const items = { ids: ["a", "b", "c"], trained: 3 };
 * const train = { role: "train", hash: "", items, offsets: Uint32Array.of(0, 2, 4), item: Int32Array.of(0, 1, 1, 2) } as const;
 * const knn = new SessionKnn();
 * await knn.fit(train, undefined as never, { rng: new Rng(1) });
 * assert.deepEqual(knn.neighbours(["a"]), [{ similarity: 1 / Math.sqrt(2), items: ["a", "b"], titles: undefined, shared: ["a"] }]);
 */
export abstract class NeighbourModel<T extends SessionSets> extends CountingModel<T> {
  /**
   * The neighbours of one session.
   * @param session its known items, at least one, oldest first
   */
  protected abstract find(tables: T, session: Int32Array): Neighbours;

  /**
   * The training sessions that a session's scores come from, the most similar first; of equal ones the more recent.
   * @param session outside ids, unknown ones skipped
   * @param most how many are given
   * @returns none for a session without a known item
   * @throws NotFittedError, ConfigError
   */
  neighbours(session: readonly string[], most = 10): SessionNeighbour[] {
    if (rules.positiveInteger(most) !== undefined) throw new ConfigError(`Expected a positive number of neighbours, found ${most}`);
    const { items, tables } = this.state();
    const known = session.map((id) => items.ids.indexOf(id)).filter((item) => item >= 0 && item < items.trained);
    if (known.length === 0) return [];
    const { sessions, similarities } = this.find(tables, Int32Array.from(known));
    const order = Array.from(sessions.keys()).sort((a, b) => similarities[b]! - similarities[a]! || sessions[b]! - sessions[a]!);
    return order.slice(0, most).map((at) => {
      const own = Array.from(tables.setItems.subarray(tables.sets[sessions[at]!], tables.sets[sessions[at]! + 1]));
      return {
        similarity: similarities[at]!,
        items: own.map((item) => items.ids[item]!),
        titles: items.titles && own.map((item) => items.titles![item]!),
        shared: own.filter((item) => known.includes(item)).map((item) => items.ids[item]!),
      };
    });
  }
}
