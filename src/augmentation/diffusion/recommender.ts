/**
 * The diffusion model as a recommender by itself, as DreamRec (arXiv 2310.20453) is one: the trained recommender below it gives
 * session states and item vectors, the mean of some samples ranks the items.
 * Departs: DreamRec learns its session encoder under the diffusion loss; here it is a recommender trained by cross-entropy and
 *   then frozen, and validation may choose one step, which ranks by the mean that the network expects, over a full sample.
 */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type * as tf from "@tensorflow/tfjs";
import { readCheckedJson, writeCheckedJson } from "../../core/checked-json";
import { ConfigError, DataError, NotFittedError } from "../../core/errors";
import { writeFolderAtomic } from "../../core/files";
import { resolveOptions, rules } from "../../core/options";
import type { Cases, Items, Sessions, TrainSessions } from "../../data/types";
import { models } from "../../models/index";
import { recommendFrom, type FitContext, type FitReport, type Recommendation, type RecommendQuery, type Recommender } from "../../models/recommender";
import { DiffusionModel, diffusionDefaults } from "./diffusion-model";
import type { SessionEncoder } from "./lesson";

/** What can be below: recommenders whose scores are products of states and item vectors. */
const bases = { sasrec: models.sasrec, niser: models.niser, "sr-gnn": models["sr-gnn"], gru4rec: models.gru4rec } as const;

/** The id of a recommender below. */
export type DiffusionBase = keyof typeof bases;

/** Options of `DiffusionRecommender`. */
export const diffusionRecommenderDefaults = {
  ...diffusionDefaults,
  /** The recommender below. */
  base: "niser" as DiffusionBase,
  /** Its options, over its defaults. */
  baseOptions: {} as Readonly<Record<string, unknown>>,
};

/** Options of `DiffusionRecommender`. */
export type DiffusionRecommenderOptions = typeof diffusionRecommenderDefaults;

type Base = SessionEncoder & Recommender;

/**
 * The recommender. Its fit trains the one below first, unless it is given one that is fitted.
 * @example
 * import { DiffusionRecommender, initBackend, Rng } from "sessionlab";
 * await initBackend();
 * const items = { ids: ["a", "b", "c"], trained: 3 };
 * const sessions = { offsets: Uint32Array.of(0, 3, 6), item: Int32Array.of(0, 1, 2, 0, 1, 2), items, hash: "demo" };
 * const valid = { role: "valid" as const, items, sessions, session: Int32Array.of(0), end: Int32Array.of(2), target: Int32Array.of(2), hash: "demo" };
 * const model = new DiffusionRecommender({ baseOptions: { dimension: 8, epochs: 20, rate: 0.05, rateDecay: 1 }, width: 16, epochs: 40, patience: 40, times: 50, steps: 1, rate: 0.01 });
 * await model.fit({ role: "train", ...sessions }, valid, { rng: new Rng(1) });
 * assert.equal(model.recommend(["a", "b"], { k: 1 })[0]!.item, "c");
 * model.dispose();
 */
export class DiffusionRecommender implements Recommender {
  readonly name = "guided diffusion";
  readonly options: Readonly<DiffusionRecommenderOptions>;
  private own: Base | undefined;
  private fitted: DiffusionModel | undefined;

  /** @param given a fitted recommender to stand on, which is the caller's to dispose */
  constructor(options: Partial<DiffusionRecommenderOptions> = {}, private readonly given?: Base) {
    this.options = resolveOptions("DiffusionRecommender", diffusionRecommenderDefaults, options, { base: rules.oneOf(...Object.keys(bases)) });
    const { base } = this.options;
    if (given !== undefined && given.name !== bases[base].title) throw new ConfigError(`Expected a fitted ${bases[base].title} below, found ${given.name}; name it by the option base`);
    this.makeModel(); // refuses wrong options before anything is trained
  }

  get items(): Items {
    return this.model.items;
  }

  /** The diffusion model itself. @throws NotFittedError */
  get model(): DiffusionModel {
    if (this.fitted === undefined) throw new NotFittedError(this.name);
    return this.fitted;
  }

  async fit(train: TrainSessions, valid: Cases<"valid">, context: FitContext): Promise<FitReport> {
    this.dispose();
    const under = (name: string): string | undefined => {
      if (context.checkpoint === undefined) return undefined;
      const folder = join(context.checkpoint, name);
      mkdirSync(folder, { recursive: true });
      return folder;
    };
    try {
      if (this.given === undefined) {
        this.own = bases[this.options.base].make(this.options.baseOptions);
        await this.own.fit(train, valid, { ...context, rng: context.rng.child("base"), checkpoint: under("base"), until: undefined });
      }
      this.fitted = this.makeModel();
      return await this.fitted.fit(this.given ?? this.own!, train, valid, { ...context, checkpoint: under("diffusion") });
    } catch (error) {
      this.dispose();
      throw error;
    }
  }

  score(sessions: Sessions): tf.Tensor2D {
    return this.model.score(sessions);
  }

  recommend(session: readonly string[], query: RecommendQuery): Recommendation[] {
    return recommendFrom(this, session, query);
  }

  async save(folder: string): Promise<void> {
    const { model } = this;
    await writeFolderAtomic(folder, async (inside) => {
      await (this.given ?? this.own!).save(join(inside, "base"));
      await model.save(join(inside, "diffusion"));
      writeCheckedJson(join(inside, "model.json"), { name: this.name, options: this.options });
    });
  }

  /** The model that `save` wrote, with the recommender below. @throws DataError when a file is missing or damaged */
  static async load(folder: string): Promise<DiffusionRecommender> {
    const file = join(folder, "model.json");
    const saved = readCheckedJson<{ readonly options: DiffusionRecommenderOptions }>(file, "a saved model", "save it again");
    if (saved === undefined) throw new DataError("Expected a saved model, found no such file; save it again", { file });
    const recommender = new DiffusionRecommender(saved.options);
    recommender.own = await bases[saved.options.base].load(join(folder, "base"));
    recommender.fitted = DiffusionModel.load(join(folder, "diffusion"), recommender.own);
    return recommender;
  }

  dispose(): void {
    this.fitted?.dispose();
    this.own?.dispose();
    this.fitted = this.own = undefined;
  }

  private makeModel(): DiffusionModel {
    const { base, baseOptions, ...options } = this.options;
    return new DiffusionModel(options);
  }
}
