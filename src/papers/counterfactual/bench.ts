/**
 * What the counterfactual experiment is made of, as cached steps of a seed: the trained recommender M_r, slates for the real sessions,
 * the response model M_s, the diffusion model, added sessions, and the training that goes on from M_r's weights with them.
 */
import { join } from "node:path";
import { casrAugmenter } from "../../augmentation/casr";
import { counterfactualAugmenter } from "../../augmentation/counterfactual";
import { cprAugmenter } from "../../augmentation/cpr";
import { DiffusionModel } from "../../augmentation/diffusion/diffusion-model";
import { diffusionProposer } from "../../augmentation/diffusion/slates";
import { duplicateAugmenter } from "../../augmentation/duplicates";
import { editAugmenter } from "../../augmentation/item-edits";
import { permutedAugmenter } from "../../augmentation/permuted";
import { randomProposer, recommenderProposer } from "../../augmentation/proposers";
import type { Augmentation, Augmenter, SlateProposer } from "../../augmentation/types";
import type { Codec } from "../../core/codec";
import type { Hashable } from "../../core/hash";
import { Rng } from "../../core/rng";
import { step, type StepResult } from "../../core/step";
import { sessionCount } from "../../data/types";
import { makerOf, type ModelMaker } from "../../models/index";
import type { NeuralOptions, NeuralRecommender } from "../../models/neural";
import { mixedSessions, type WarmStart } from "../../models/warm-start";
import { imputeSlates, type ImputedLog } from "../../response/impute";
import { ResponseModel } from "../../response/response-model";
import type { CounterfactualData } from "./data";
import type { BaseId, CounterfactualArm, Setting, Sizes } from "./arms";
import type { Note } from "../experiment";
import { bitsOf, trainStep, type Trained, type Workshop } from "../steps";

type Neural = NeuralRecommender<NeuralOptions>;

/** A model in the cache, and how it is opened; the caller disposes it. */
interface Kept<M> {
  open(): Promise<M>;
}

/** Of a data set, a base and sizes. */
export class CounterfactualBench {
  private readonly starts = new Map<number, Promise<WarmStart["weights"]>>();

  constructor(
    private readonly world: CounterfactualData,
    private readonly shop: Workshop,
    private readonly sizes: Sizes,
    private readonly baseId: BaseId,
    private readonly note: Note,
  ) {}

  get maker(): ModelMaker {
    return makerOf(this.baseId);
  }

  /** M_r's options. */
  get baseOptions(): Readonly<Record<string, unknown>> {
    const { sigma, ...shared } = this.sizes.base;
    return { ...shared, ...(this.baseId === "niser" && sigma !== undefined && { sigma }), validationCases: this.sizes.validationCases };
  }

  /** Of the continued training: the base's, for as many steps whatever it learns from, at a rate that does not fall. */
  continuedOptions({ train = {} }: Setting, share = 1): Readonly<Record<string, unknown>> {
    const base = this.maker.make(this.baseOptions);
    const usual = base.options as unknown as NeuralOptions;
    base.dispose();
    const { rate = 1, ...debias } = train;
    const checks = Math.max(1, Math.round(this.sizes.checks * share));
    return { ...this.baseOptions, ...debias, rate: usual.rate * this.sizes.rate * rate, rateDecay: 1, epochs: checks, patience: checks };
  }

  /** What an arm's numbers hang on beside the options of its training: goes into passports. */
  dependencies({ making }: CounterfactualArm, { train: _, ...setting }: Setting): Readonly<Record<string, unknown>> {
    const { base, response, diffusion, slots, steps } = this.sizes;
    const slates = making.by === "slates";
    return {
      from: { model: this.baseId, ...base, steps },
      ...(making.by !== "none" && { making, setting }),
      ...(slates && { slots, response }),
      ...(slates && making.proposer === "diffusion" && { diffusion }),
    };
  }

  base(seed: number): Promise<StepResult<Trained>> {
    return trainStep(this.maker, this.world.split, this.baseOptions, seed, this.shop);
  }

  /** The training that goes on, for a share of the steps, and what it was given beside the real sessions. */
  async continued(arm: CounterfactualArm, setting: Setting, seed: number, share = 1): Promise<{ readonly trained: StepResult<Trained>; readonly added?: Augmentation }> {
    const base = await this.base(seed);
    const made = await this.added(arm, setting, seed);
    const { split } = this.world;
    const train = made === undefined ? split.train : mixedSessions(split.train, made.value.sessions, made.key);
    const steps = Math.ceil(this.sizes.steps * share);
    const weights = await (this.starts.get(seed) ?? this.startOf(base, seed));
    const trained = await trainStep(this.maker, { ...split, train }, this.continuedOptions(setting, share), seed, this.shop, { key: { base: base.key, steps }, context: { start: { weights, steps } } });
    return { trained, added: made?.value };
  }

  private startOf(base: StepResult<Trained>, seed: number): Promise<WarmStart["weights"]> {
    const start = opened(() => base.value.open() as Promise<Neural>, (model) => Promise.resolve(model.learnt));
    this.starts.clear(); // one seed's weights are held
    this.starts.set(seed, start);
    return start;
  }

  /** The sessions that an arm adds; none for an arm of the real ones. */
  async added(arm: CounterfactualArm, setting: Setting, seed: number): Promise<StepResult<Augmentation> | undefined> {
    const { making } = arm;
    const { world: { split }, shop: { signal, progress, cache } } = this;
    const amount = Math.round((setting.dose ?? 0) * sessionCount(split.train));
    if (making.by === "none" || amount === 0) return undefined;
    const base = await this.base(seed);
    const slates = making.by === "slates";
    const log = slates ? await this.log(seed) : undefined;
    const response = slates ? await this.response(seed) : undefined;
    const diffusion = slates && making.proposer === "diffusion" ? await this.diffusion(seed, setting) : undefined;
    const { train: _, diffusion: __, ...own } = setting;
    const inputs = { train: split.train.hash, base: base.key, log: log?.key ?? "none", response: response?.key ?? "none", diffusion: diffusion?.key ?? "none" };
    const work = (): Promise<Augmentation> => opened(() => base.value.open() as Promise<Neural>, async (model) => {
      const run = (augmenter: Augmenter): Promise<Augmentation> => augmenter.augment(split.train, amount, new Rng(seed).child("augment"));
      if (log === undefined || response === undefined) return run(this.augmenterOf(arm, setting, model));
      return opened(() => response.value.open(), (responses) => opened(async () => diffusion && (await diffusion.value.open(model)), (generator) => {
        const { guidance } = setting;
        const proposer = this.proposerOf(making as Slates, setting, model, generator);
        const parts = { mechanism: responses.mechanism(), log: log.value, proposer, ...(generator !== undefined && guidance !== undefined && { guidance }) };
        const augmenter = counterfactualAugmenter(parts, { ...setting.augment, ...((making as Slates).noise && { noise: (making as Slates).noise }) });
        return run((making as Slates).permuted === true ? permutedAugmenter(augmenter) : augmenter);
      }));
    });
    const options = { making: { ...making }, setting: own as Hashable, amount, seed };
    return this.note(`${arm.title}, seed ${seed}: add sessions`, await step("augment", inputs, options, work, { code: [__filename, require.resolve("../../augmentation/counterfactual"), require.resolve("../../augmentation/casr")], signal, progress, cache }));
  }

  private augmenterOf({ making }: CounterfactualArm, { augment = {} }: Setting, model: Neural): Augmenter {
    if (making.by === "edit") return editAugmenter(making.edit, augment as object);
    if (making.by === "casr") return casrAugmenter({ anchor: model, vectors: model.outputVectors() as { readonly shape: readonly [number, number]; readonly data: Float32Array } }, { ...(augment as object), kind: making.kind });
    if (making.by === "cpr") return cprAugmenter({ model }, { slots: this.sizes.slots, ...(augment as object), learnt: making.learnt });
    return duplicateAugmenter();
  }

  private proposerOf({ proposer }: Slates, { guidance, popularity, retrieval, temperature }: Setting, model: Neural, generator: DiffusionModel | undefined): SlateProposer {
    if (generator !== undefined) return diffusionProposer(generator, { guidance, popularity, retrieval });
    return proposer === "random" ? randomProposer(model.items.trained) : recommenderProposer(model, { temperature });
  }

  /** Slates for the real sessions, which none of the data sets has. */
  async log(seed: number): Promise<StepResult<ImputedLog>> {
    const { world: { split }, sizes: { slots }, shop: { signal, progress, cache } } = this;
    const base = await this.base(seed);
    const work = (): Promise<ImputedLog> => opened(() => base.value.open(), (model) => Promise.resolve(imputeSlates(split.train, model, { slots }, new Rng(seed).child("slates"))));
    return step("slates", { train: split.train.hash, base: base.key }, { slots, seed }, work, { code: [__filename, require.resolve("../../response/impute")], signal, progress, cache });
  }

  async response(seed: number): Promise<StepResult<Kept<ResponseModel>>> {
    const { signal, progress, cache } = this.shop;
    const log = await this.log(seed);
    const work = async (context: { readonly checkpoint?: string }): Promise<Kept<ResponseModel>> => {
      const model = new ResponseModel(this.sizes.response);
      await model.fit(log.value, { ...context, rng: new Rng(seed).child("response"), signal, progress });
      return { open: () => Promise.resolve(model) };
    };
    const codec = keptCodec<ResponseModel>((folder) => Promise.resolve(ResponseModel.load(folder)));
    return step("response", { log: log.key, bits: bitsOf(this.maker, this.shop) }, { ...this.sizes.response, seed } as Readonly<Record<string, Hashable>>, work, { code: [__filename, require.resolve("../../response/response-model")], codec, checkpoint: true, signal, progress, cache });
  }

  async diffusion(seed: number, { diffusion }: Setting): Promise<StepResult<{ open(base: Neural): Promise<DiffusionModel> }>> {
    const { world: { split }, shop: { signal, progress, cache } } = this;
    const base = await this.base(seed);
    const options = { ...this.sizes.diffusion, ...diffusion };
    const work = (context: { readonly checkpoint?: string }): Promise<KeptOn> => keptOn(base, async (model) => {
      const generator = new DiffusionModel(options);
      await generator.fit(model, split.train, split.valid, { ...context, rng: new Rng(seed).child("diffusion"), signal, progress });
      return generator;
    });
    const result = await step("diffusion", { base: base.key, train: split.train.hash, valid: split.valid.hash, bits: bitsOf(this.maker, this.shop) }, { ...options, seed } as Readonly<Record<string, Hashable>>, work, { code: [__filename, require.resolve("../../augmentation/diffusion/diffusion-model")], codec: diffusionCodec, checkpoint: true, signal, progress, cache });
    return this.note(`guided diffusion, seed ${seed}: train`, result);
  }
}

type Slates = Extract<CounterfactualArm["making"], { readonly by: "slates" }>;

/** Opens a model, hands it over, and frees it. */
async function opened<M extends { dispose(): void } | undefined, T>(open: () => Promise<M>, use: (model: M) => Promise<T>): Promise<T> {
  const model = await open();
  try {
    return await use(model);
  } finally {
    model?.dispose();
  }
}

/** A fitted model's own folder. */
function keptCodec<M extends { save(folder: string): Promise<void>; dispose(): void }>(load: (folder: string) => Promise<M>): Codec<Kept<M>> {
  const live = new WeakMap<Kept<M>, M>();
  return {
    async write(folder, kept) {
      const model = await kept.open();
      live.set(kept, model);
      await model.save(join(folder, "model"));
    },
    read: (folder) => ({ open: () => load(join(folder, "model")) }),
    release: (kept) => live.get(kept)?.dispose(),
  };
}

/** A diffusion model stands on its base, which is open while it is made. */
interface KeptOn {
  open(base: Neural): Promise<DiffusionModel>;
  readonly live?: { readonly model: DiffusionModel; readonly base: Neural };
}

async function keptOn(base: StepResult<Trained>, fit: (model: Neural) => Promise<DiffusionModel>): Promise<KeptOn> {
  const own = (await base.value.open()) as Neural;
  try {
    const model = await fit(own);
    return { live: { model, base: own }, open: () => Promise.resolve(model) };
  } catch (error) {
    own.dispose();
    throw error;
  }
}

const diffusionCodec: Codec<KeptOn> = {
  write: (folder, { live }) => live!.model.save(join(folder, "model")),
  read: (folder) => ({ open: (base) => Promise.resolve(DiffusionModel.load(join(folder, "model"), base)) }),
  release({ live }) {
    live?.model.dispose();
    live?.base.dispose();
  },
};
