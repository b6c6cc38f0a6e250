/**
 * What the arms of the online experiment share in one world: the start's training, the response model, the diffusion model; and
 * how an arm trains the start on and meets users. Each is a cached step, and no arm draws a random number that another one has
 * not: the same start, the same order of batches where the sessions are the same, the same users and noise.
 */
import { counterfactualAugmenter } from "../../augmentation/counterfactual";
import { copyRates } from "../../augmentation/copies";
import { DiffusionModel } from "../../augmentation/diffusion/diffusion-model";
import { diffusionProposer } from "../../augmentation/diffusion/slates";
import { duplicateAugmenter } from "../../augmentation/duplicates";
import { randomProposer, recommenderProposer } from "../../augmentation/proposers";
import type { Augmentation, SlateProposer } from "../../augmentation/types";
import type { Budget } from "../../core/budget";
import { throwIfAborted } from "../../core/errors";
import { hashOf, type Hashable } from "../../core/hash";
import { step, type StepResult } from "../../core/step";
import type { Role } from "../../data/types";
import { makerOf } from "../../models/index";
import { Niser } from "../../models/niser";
import type { FitReport, Recommender } from "../../models/recommender";
import { mixedSessions } from "../../models/warm-start";
import { sessionCounts, type SessionCounts } from "../../response/ctr";
import { recommenderPolicy } from "../../response/policies";
import { ResponseModel } from "../../response/response-model";
import { worldMechanism } from "../../response/world-mechanism";
import type { Note } from "../experiment";
import { onlineModel, type OnlineArm, type OnlineSetting } from "./arms";
import { startsOf, type OnlineData, type OnlineStart } from "./world";
import { bitsOf, trainStep, type Trained, type Workshop } from "../steps";

/** What was added to a training. */
export interface AddedReport {
  readonly sessions: number;
  /** Asked for. */
  readonly wanted: number;
  /** The share of them that is a training session again. */
  readonly copies: number;
  readonly assumptions: readonly string[];
}

/** An arm that met its users. */
export interface Met {
  readonly fit: FitReport;
  readonly counts: Partial<Record<Role, Partial<Record<OnlineStart, SessionCounts>>>>;
  readonly added?: AddedReport;
}

/** What the steps are told of the experiment. */
export interface BenchSettings {
  readonly shop: Workshop;
  readonly settings: { readonly budget: Budget; readonly onRole?: (role: "test" | "confirm") => Promise<unknown> };
  readonly note: Note;
}

/** How long the response model and the diffusion model learn. */
const helpers = {
  minute: { response: { epochs: 8 }, diffusion: { width: 32, blocks: 1, epochs: 6, patience: 6, times: 200, steps: 10 } },
  hour: { response: { epochs: 30 }, diffusion: { width: 64, epochs: 40 } },
  paper: { response: { epochs: 40 }, diffusion: {} },
} as const satisfies Readonly<Record<Budget, object>>;

/** A world's shared models, made when they are first asked for. */
export class OnlineBench {
  private trained: Promise<StepResult<Trained>> | undefined;
  private start: Niser | undefined;
  private responding: Promise<StepResult<ResponseModel>> | undefined;
  private diffusing: Promise<StepResult<DiffusionModel>> | undefined;
  private readonly code = [__filename, makerOf("niser").code];

  constructor(
    readonly data: OnlineData,
    private readonly run: BenchSettings,
  ) {}

  /**
   * Lets an arm meet the sessions of some roles.
   * @throws as fits do; AbortError
   */
  async met(arm: OnlineArm, setting: Required<OnlineSetting>, roles: readonly Role[]): Promise<StepResult<Met>> {
    const { shop, settings } = this.run;
    const base = await this.base();
    const response = arm.with === "counterfactuals" && arm.mechanism === "learnt" ? await this.response() : undefined;
    const diffusion = arm.slates === "diffusion" ? await this.diffusion() : undefined;
    const { world, sizes, split, lessPopular } = this.data;
    const { id: _, title: __, role: ___, settings: ____, ...does } = arm;
    const inputs = { base: base.key, response: response?.key ?? "none", diffusion: diffusion?.key ?? "none", world: hashOf({ train: split.train.hash, knobs: world.options, lessPopular } as unknown as Hashable), bits: bitsOf(makerOf("niser"), shop) };
    const work = async (): Promise<Met> => {
      const { model, fit, added } = await this.modelOf(arm, setting);
      try {
        const counts: Met["counts"] = {};
        for (const role of roles) {
          throwIfAborted(shop.signal, "reproduce");
          if (role !== "valid") await settings.onRole?.(role);
          counts[role] = Object.fromEntries(startsOf(this.data.name).map((start) => [start, sessionCounts(this.data.meet(role, (policy) => recommenderPolicy(model, { start: policy }), start), lessPopular)]));
        }
        return { fit, counts, ...(added && { added }) };
      } finally {
        if (model !== this.start) model.dispose();
      }
    };
    const options = { does, setting, epochs: onlineModel[settings.budget].epochs, roles, sizes } as unknown as Readonly<Record<string, Hashable>>;
    return step("online", inputs, options, work, { code: this.code, signal: shop.signal, progress: shop.progress, cache: shop.cache });
  }

  /** The start, trained on by an arm. The caller disposes the model, unless it is the start itself. */
  private async modelOf(arm: OnlineArm, setting: Required<OnlineSetting>): Promise<{ readonly model: Recommender; readonly fit: FitReport; readonly added?: AddedReport }> {
    const { shop, settings } = this.run;
    const { train, valid } = this.data.split;
    const { report, options } = (await this.base()).value;
    const start = await this.opened();
    if (arm.with === "nothing") return { model: start, fit: report };
    const augmentation = await this.augmentation(arm, setting);
    const { epochs } = onlineModel[settings.budget];
    const targets = train.item.length - Array.from(train.offsets).filter((offset, s) => s > 0 && offset > train.offsets[s - 1]!).length; // every click but each session's first
    const steps = epochs * Math.ceil(targets / Number(options["batch"]));
    const model = new Niser({ ...options, logQ: setting.logQ, rate: setting.rate * Number(options["rate"]), epochs, patience: epochs });
    try {
      const all = augmentation === undefined ? train : mixedSessions(train, augmentation.sessions, hashOf({ item: augmentation.sessions.item, offsets: augmentation.sessions.offsets }));
      const fit = await model.fit(all, valid, { rng: this.data.rng.child("trained on"), start: { weights: start.learnt, steps }, signal: shop.signal, progress: shop.progress });
      const added = augmentation && { sessions: augmentation.parent.length, wanted: this.wanted(setting), copies: copyRates(augmentation.sessions, train, valid).ofTraining, assumptions: augmentation.assumptions };
      return { model, fit, ...(added && { added }) };
    } catch (error) {
      model.dispose();
      throw error;
    }
  }

  /** The sessions that an arm adds. */
  private async augmentation(arm: OnlineArm, setting: Required<OnlineSetting>): Promise<Augmentation | undefined> {
    const { split, log, world, rng } = this.data;
    const own = rng.child("added"); // the same for all arms: they try the same sessions and steps
    if (arm.with === "duplicates") return duplicateAugmenter().augment(split.train, this.wanted(setting), own);
    if (arm.with !== "counterfactuals") return undefined;
    const mechanism = arm.mechanism === "true" ? worldMechanism(world) : (await this.response()).value.mechanism();
    const { targeted, rounds, leastConfidence, draws } = setting;
    const augmenter = counterfactualAugmenter({ mechanism, log, proposer: await this.proposer(arm, setting), name: arm.title }, { targeted, rounds, leastConfidence, draws, noise: arm.noise ?? "abducted" });
    return augmenter.augment(split.train, this.wanted(setting), own);
  }

  private wanted({ amount }: Required<OnlineSetting>): number {
    return Math.round(amount * this.data.sizes.logged);
  }

  private async proposer({ slates }: OnlineArm, { guidance, popularity }: Required<OnlineSetting>): Promise<SlateProposer> {
    if (slates === "random") return randomProposer(this.data.world.options.items);
    if (slates === "recommender") return recommenderProposer(await this.opened());
    return diffusionProposer((await this.diffusion()).value, { guidance, popularity: popularity ?? undefined });
  }

  private base(): Promise<StepResult<Trained>> {
    const { shop, settings, note } = this.run;
    return (this.trained ??= trainStep(makerOf("niser"), this.data.split, onlineModel[settings.budget].start, this.data.seed, shop).then((found) => note(`${this.data.name} world ${this.data.seed}, NISER+: train`, found)));
  }

  private async opened(): Promise<Niser> {
    return (this.start ??= (await (await this.base()).value.open()) as Niser);
  }

  private response(): Promise<StepResult<ResponseModel>> {
    return (this.responding ??= this.respond());
  }

  private async respond(): Promise<StepResult<ResponseModel>> {
    const { shop, settings, note } = this.run;
    const { log, held, rng, name, seed } = this.data;
    const options = helpers[settings.budget].response;
    const inputs = { log: hashOf({ log, held } as unknown as Hashable), bits: bitsOf(makerOf("niser"), shop) };
    const work = async (context: { readonly checkpoint?: string }): Promise<ResponseModel> => {
      const model = new ResponseModel(options);
      await model.fit(log, { ...context, rng: rng.child("response"), valid: held, signal: shop.signal, progress: shop.progress });
      return model;
    };
    const codec = { write: (folder: string, model: ResponseModel) => model.save(folder), read: (folder: string) => ResponseModel.load(folder), release: (model: ResponseModel) => model.dispose() };
    return note(`${name} world ${seed}: response model`, await step("online-response", inputs, options, work, { code: require.resolve("../../response/response-model"), codec, checkpoint: true, signal: shop.signal, progress: shop.progress, cache: shop.cache }));
  }

  private diffusion(): Promise<StepResult<DiffusionModel>> {
    return (this.diffusing ??= this.diffuse());
  }

  private async diffuse(): Promise<StepResult<DiffusionModel>> {
    const { shop, settings, note } = this.run;
    const { split, rng, name, seed } = this.data;
    const base = await this.base();
    const start = await this.opened();
    const options = helpers[settings.budget].diffusion;
    const work = async (context: { readonly checkpoint?: string }): Promise<DiffusionModel> => {
      const model = new DiffusionModel(options);
      await model.fit(start, split.train, split.valid, { ...context, rng: rng.child("diffusion"), signal: shop.signal, progress: shop.progress });
      return model;
    };
    const codec = { write: (folder: string, model: DiffusionModel) => model.save(folder), read: (folder: string) => DiffusionModel.load(folder, start), release: (model: DiffusionModel) => model.dispose() };
    return note(`${name} world ${seed}: diffusion model`, await step("online-diffusion", { base: base.key }, options, work, { code: require.resolve("../../augmentation/diffusion/diffusion-model"), codec, checkpoint: true, signal: shop.signal, progress: shop.progress, cache: shop.cache }));
  }

  /** Frees the models. */
  async dispose(): Promise<void> {
    for (const one of [this.responding, this.diffusing]) (await one?.catch(() => undefined))?.value.dispose();
    this.start?.dispose();
    [this.trained, this.start, this.responding, this.diffusing] = [undefined, undefined, undefined, undefined];
  }
}
