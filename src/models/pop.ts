/**
 * POP: every session gets the items that training has most often.
 *   score(j) = number of training events of j
 * The floor of every table; see Hidasi et al. 2016 (arXiv 1511.06939), section 4.
 */
import { resolveOptions } from "../core/options";
import type { TrainSessions } from "../data/types";
import { CountingModel, type Tables } from "./counting";
import { loadModel } from "./files";

const defaults = {};

/** POP has no options. */
export type PopOptions = typeof defaults;

/**
 * Recommends the most popular items.
 * @example
 * import { Pop, Rng } from "sessionlab";
 * const items = { ids: ["a", "b"], trained: 2 };
 * const train = { role: "train", hash: "", items, offsets: Uint32Array.of(0, 3), item: Int32Array.of(1, 1, 0) } as const;
 * const pop = new Pop();
 * await pop.fit(train, undefined as never, { rng: new Rng(1) });
 * assert.deepEqual(pop.recommend([], { k: 1 }).map(({ item, score }) => [item, score]), [["b", 2]]);
 */
export class Pop extends CountingModel<Tables> {
  readonly name = "POP";

  constructor(options: Partial<PopOptions> = {}) {
    super(resolveOptions("Pop", defaults, options));
  }

  /** Reads what `save` wrote. @throws ConfigError, DataError */
  static async load(folder: string): Promise<Pop> {
    const saved = loadModel(folder, "POP");
    return new Pop(saved.options).restore(saved);
  }

  protected async count(_train: TrainSessions, popularity: Uint32Array): Promise<Tables> {
    return { popularity };
  }

  protected fill({ popularity }: Tables, _session: Int32Array, scores: Float32Array): void {
    scores.set(popularity);
  }
}
