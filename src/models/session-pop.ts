/**
 * S-POP: the items of the current session first, by how often (or how late) they occur in it; then global popularity.
 *   score(j) = n(j, session) + pop(j) / (max pop + 1)
 * with n the count of j in the session (Hidasi et al. 2016, arXiv 1511.06939, section 4), pop its training count.
 * Departs: by "recency", n is the place of j's last occurrence, counted from the session's start.
 */
import { resolveOptions, rules } from "../core/options";
import type { TrainSessions } from "../data/types";
import { CountingModel, type Tables } from "./counting";
import { loadModel } from "./files";

const defaults = {
  /** What orders the session's own items. */
  by: "count" as "count" | "recency",
};

/** The options, with their defaults at the top of this file. */
export type SessionPopOptions = typeof defaults;

/** Options to try on validation. */
export const sessionPopSpace: readonly Partial<SessionPopOptions>[] = [{ by: "count" }, { by: "recency" }];

interface SessionPopTables extends Tables {
  /** [1] max pop */
  readonly top: Uint32Array;
}

/**
 * Recommends what the session already holds.
 * @example
 * import { Rng, SessionPop } from "sessionlab";
 * const items = { ids: ["a", "b", "c"], trained: 3 };
 * const train = { role: "train", hash: "", items, offsets: Uint32Array.of(0, 3), item: Int32Array.of(1, 1, 0) } as const;
 * const model = new SessionPop();
 * await model.fit(train, undefined as never, { rng: new Rng(1) });
 * assert.deepEqual(model.recommend(["c", "a", "c"], { k: 3 }).map(({ item }) => item), ["c", "a", "b"]);
 */
export class SessionPop extends CountingModel<SessionPopTables> {
  readonly name = "S-POP";
  private readonly by: SessionPopOptions["by"];

  constructor(options: Partial<SessionPopOptions> = {}) {
    const resolved = resolveOptions("SessionPop", defaults, options, { by: rules.oneOf("count", "recency") });
    super(resolved);
    this.by = resolved.by;
  }

  /** Reads what `save` wrote. @throws ConfigError, DataError */
  static async load(folder: string): Promise<SessionPop> {
    const saved = loadModel(folder, "S-POP");
    return new SessionPop(saved.options).restore(saved);
  }

  protected async count(_train: TrainSessions, popularity: Uint32Array): Promise<SessionPopTables> {
    return { popularity, top: Uint32Array.of(popularity.reduce((most, count) => Math.max(most, count), 0)) };
  }

  protected fill({ popularity, top }: SessionPopTables, session: Int32Array, scores: Float32Array): void {
    const above = top[0]! + 1;
    const own = new Map<number, number>();
    session.forEach((item, at) => own.set(item, this.by === "count" ? (own.get(item) ?? 0) + 1 : at + 1));
    for (let item = 0; item < scores.length; item++) scores[item] = popularity[item]! / above;
    for (const [item, first] of own) scores[item] = first + popularity[item]! / above;
  }
}
