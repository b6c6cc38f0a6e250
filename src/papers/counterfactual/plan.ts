/**
 * What is left of the counterfactual experiment. Short runs of its own steps stand for the rest, in a cache that is thrown away: some
 * steps of the base's training, and of one that goes on; slates, responses, diffusion and added sessions over the most recent
 * sessions; some validation cases. All start from a base that has learnt little, and no test case is scored. What a search has to
 * choose yet its first settings stand for; added sessions are measured once for those that differ in nothing but dose and targets.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DiffusionModel } from "../../augmentation/diffusion/diffusion-model";
import { hashOf, type Hashable } from "../../core/hash";
import { Rng } from "../../core/rng";
import type { StepIdentity, StepResult } from "../../core/step";
import { recentShare } from "../../data/recent";
import { sessionCount, type Split } from "../../data/types";
import type { NeuralOptions, NeuralRecommender } from "../../models/neural";
import { sampleCases } from "../../models/validation";
import { ResponseModel } from "../../response/response-model";
import type { Usage } from "../metering";
import { gridPlan, type GridPlan, type StepPlan } from "../plan";
import { calibrated, costOfAmount, costOfTraining, extrapolated, measurer, more, shortSteps, training, weighted, type Cost, type Measure, type TrainingCost } from "../short-runs";
import { evaluateStep, trainStep, type Trained, type Workshop } from "../steps";
import { counterfactualPaperDefaults, duplicatesArm, plainArm, counterfactualArms, sizesOf, type Setting, type Sizes } from "./arms";
import { CounterfactualBench } from "./bench";
import { counterfactualGrid, experimentName, type CounterfactualUnderway } from "./counterfactual";
import type { CounterfactualData } from "./data";
import { leftOf, type Left } from "./left";

/** Sessions, transitions and cases that stand for all. */
const few = { sessions: 2000, transitions: 2560, cases: 1000 };

/** The kind of a step, as a plan names it; undefined for one that a plan does not count by itself. */
export function counterfactualKind({ name, inputs }: Pick<StepIdentity, "name" | "inputs">): string | undefined {
  if (name === "train") return (inputs as { readonly beside?: unknown }).beside === undefined ? "train the base" : "go on training";
  return ({ slates: "slates", response: "train responses", diffusion: "train guided diffusion", augment: "add sessions", evaluate: "measure" } as Readonly<Record<string, string>>)[name];
}

/** Plans what neither `results` nor the step cache holds. @param workers processes that it is planned for @throws what fits throw; ConfigError where a training will not fit in memory */
export async function planCounterfactualPaper(run: CounterfactualUnderway, workers = 1): Promise<GridPlan> {
  const { settings, world: { split } } = run;
  const left = await leftOf(run);
  const folder = mkdtempSync(join(tmpdir(), "sessionlab-plan-"));
  const steps: StepPlan[] = [];
  const of = (does: Left["does"]): Left[] => left.filter((one) => one.does === does);
  const add = (kind: string, own: readonly Left[], { each, first }: Cost): void => void steps.push({ kind, count: own.length, tasks: own.flatMap(({ tasks }) => tasks), each, first });
  try {
    if (left.length > 0) {
      const short = await Short.begin(run, folder);
      add("train the base", of("base"), short.base);
      if (of("slates").length > 0) add("slates", of("slates"), await short.slates());
      if (of("responses").length > 0) add("train responses", of("responses"), await short.responses());
      for (const own of alike(of("diffusion"), ({ setting: { diffusion = {} } }) => diffusion)) add("train guided diffusion", own, await short.diffusion(own[0].setting));
      for (const own of alike(of("add"), ({ arm: { making }, setting: { augment = {} } }) => ({ making, augment }))) {
        const cost = await short.added(own[0]);
        for (const same of alike(own, ({ setting: { dose = 0 } }) => ({ dose }))) add("add sessions", same, { ...cost, each: weighted([(same[0].setting.dose ?? 0) / (own[0].setting.dose ?? 1), cost.each]) });
      }
      for (const own of alike(of("go on"), ({ share, setting: { dose = 0 } }) => ({ share, dose }))) add("go on training", own, await short.continued(own[0].share, own[0].setting.dose ?? 0));
      for (const role of ["valid", "test"] as const) add("measure", of("measure").filter((one) => one.role === role), await short.measure(split[role].target.length));
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return gridPlan(`counterfactual, ${experimentName(settings)}`, counterfactualGrid(run), settings.backend, workers, steps);
}

/** Those of which `by` says the same. */
function alike(steps: readonly Left[], by: (one: Left) => object): readonly (readonly [Left, ...Left[]])[] {
  const groups = new Map<string, [Left, ...Left[]]>();
  for (const one of steps) {
    const key = hashOf(by(one) as Hashable);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [one]);
    else group.push(one);
  }
  return [...groups.values()];
}

/** A bench whose base has learnt little. */
class ShortBench extends CounterfactualBench {
  constructor(world: CounterfactualData, shop: Workshop, sizes: Sizes, run: CounterfactualUnderway, private readonly start: StepResult<Trained>) {
    super(world, shop, sizes, run.settings.base ?? counterfactualPaperDefaults.base, (_, result) => result);
  }

  override base(): Promise<StepResult<Trained>> {
    return Promise.resolve(this.start);
  }
}

/** Short runs of what the bench does. */
class Short {
  private readonly sizes: Sizes;
  /** Trainings that go on, by the dose that was added. */
  private readonly goingOn = new Map<number, { readonly cost: TrainingCost; readonly first: Usage }>();
  private evaluation: ((cases: number) => Cost) | undefined;

  private constructor(
    private readonly meter: Measure,
    private readonly run: CounterfactualUnderway,
    private readonly shop: Workshop,
    /** Of the base. */
    readonly base: Cost,
    private readonly start: StepResult<Trained>,
    private readonly steps: number,
  ) {
    this.sizes = { ...sizesOf[run.settings.budget], ...run.settings.sizes };
  }

  /** Measures the base's training first: the rest starts from what it has learnt. */
  static async begin(run: CounterfactualUnderway, folder: string): Promise<Short> {
    const { bench: { maker, baseOptions }, world: { split } } = run;
    const shop = { ...run.shop, cache: join(folder, "steps") };
    const meter = measurer();
    const model = maker.make(baseOptions) as NeuralRecommender<NeuralOptions>;
    try {
      const context = { rng: new Rng(1).child("plan"), signal: shop.signal };
      const { first, epochs, steps, secondsAStep } = await calibrated(meter, model, split, context);
      await model.fit(split.train, split.valid, { ...context, until: 0 });
      const weights = model.learnt;
      const several = shortSteps(secondsAStep, steps);
      let [seed, last] = [0, undefined as StepResult<Trained> | undefined];
      const fit = (count: number, each: number): Promise<Usage> => meter(async () => {
        last = await trainStep(maker, split, { ...baseOptions, epochs: count, patience: count }, ++seed, shop, { key: seed, context: { start: { weights, steps: count * each } } });
      }, ({ name }) => name === "train");
      const cost = await costOfTraining(fit, several);
      return new Short(meter, run, shop, { each: training(cost, epochs, epochs * steps), first }, last!, several);
    } finally {
      model.dispose();
    }
  }

  private bench(split: Split, sizes: Partial<Sizes> = {}): ShortBench {
    return new ShortBench({ ...this.run.world, split }, this.shop, { ...this.sizes, ...sizes }, this.run, this.start);
  }

  /** What grows with the training sessions: over so many of the most recent. */
  private overSessions(work: (split: Split, seed: number) => Promise<Usage>): Promise<Cost> {
    const { split } = this.run.world;
    const all = sessionCount(split.train);
    return costOfAmount((amount, seed) => work(amount === all ? split : { ...split, train: recentShare(split.train, amount / all) }, seed), all, few.sessions);
  }

  slates(): Promise<Cost> {
    return this.overSessions((split, seed) => this.meter(() => this.bench(split).log(seed), ({ name }) => name === "slates"));
  }

  responses(): Promise<Cost> {
    const { response } = this.sizes;
    const { epochs } = new ResponseModel(response).options;
    const fit = (split: Split, seed: number, count: number): Promise<Usage> => this.meter(() => this.bench(split, { response: { ...response, epochs: count } }).response(seed), ({ name }) => name === "response");
    return this.overSessions((split, seed) => overEpochs((count) => fit(split, seed, count), epochs));
  }

  /** Epochs are alike; what one takes grows with its transitions. */
  diffusion(setting: Setting): Promise<Cost> {
    const { split } = this.run.world;
    const { options } = new DiffusionModel({ ...this.sizes.diffusion, ...setting.diffusion });
    const wanted = Math.min(options.transitions, split.train.item.length - sessionCount(split.train));
    const fit = (transitions: number, seed: number, epochs: number): Promise<Usage> => this.meter(() => this.bench(split, { diffusion: { ...this.sizes.diffusion, transitions, epochs, patience: epochs } }).diffusion(seed, setting), ({ name }) => name === "diffusion");
    return costOfAmount((transitions, seed) => overEpochs((count) => fit(transitions, seed, count), options.epochs), wanted, few.transitions);
  }

  /** By models that have learnt for all their epochs, of fewer sessions: how sure they are decides how often something is tried. */
  added({ arm, setting }: Left): Promise<Cost> {
    const sizes = { diffusion: { ...this.sizes.diffusion, transitions: 3 * few.transitions } };
    return this.overSessions((split, seed) => this.meter(() => this.bench(split, sizes).added(arm, setting, seed), ({ name }) => name === "augment"));
  }

  /** From some steps to a share of all, as often validated as it is. Batches are made of what was added too. */
  async continued(share: number, dose: number): Promise<Cost> {
    const checks = Math.max(1, Math.round(this.sizes.checks * share));
    const steps = Math.ceil(this.sizes.steps * share);
    const plain = await this.going(0);
    if (dose === 0) return { each: training(plain.cost, checks, steps), first: plain.first };
    const { cost } = await this.going(1);
    return { each: weighted([1 - dose, training(plain.cost, checks, steps)], [dose, training(cost, checks, steps)]), first: plain.first };
  }

  private async going(dose: number): Promise<{ readonly cost: TrainingCost; readonly first: Usage }> {
    const known = this.goingOn.get(dose);
    if (known !== undefined) return known;
    const { split } = this.run.world;
    const arm = counterfactualArms.find(({ id }) => id === (dose === 0 ? plainArm : duplicatesArm))!;
    let seed = 0;
    const fit = (checks: number, each: number): Promise<Usage> => this.meter(() => this.bench(split, { steps: checks * each, checks }).continued(arm, { dose }, ++seed), ({ name }) => name === "train");
    const steps = Math.max(1, Math.min(this.steps, Math.floor(this.sizes.steps / this.sizes.checks)));
    const cold = await fit(1, steps);
    const cost = await costOfTraining(fit, steps);
    const found = { cost, first: more(cold, training(cost, 1, steps)) };
    this.goingOn.set(dose, found);
    return found;
  }

  /** By the number of cases. */
  async measure(cases: number): Promise<Cost> {
    this.evaluation ??= await this.overCases();
    return this.evaluation(cases);
  }

  private async overCases(): Promise<(cases: number) => Cost> {
    const { bench: { maker }, world: { split } } = this.run;
    const over = (most: number, seed: number): Promise<Usage> => this.meter(() => {
      const some = sampleCases(split.valid, most, new Rng(seed).child("plan"));
      return evaluateStep({ maker, trained: this.start, split, cases: { ...some, hash: hashOf({ most, seed }) } }, this.shop);
    }, ({ name }) => name === "evaluate");
    const less = Math.ceil(Math.min(3 * few.cases, split.valid.target.length) / 3);
    const [cold, warm, larger] = [await over(less, 1), await over(less, 2), await over(3 * less, 2)];
    const there = Math.min(3 * less, split.valid.target.length);
    return (cases) => ({ each: extrapolated(warm, larger, [less, there], cases), first: more(cold, warm) });
  }
}

/** From one epoch and some to all. */
async function overEpochs(fit: (epochs: number) => Promise<Usage>, epochs: number): Promise<Usage> {
  const some = Math.min(3, epochs);
  const one = await fit(1);
  if (some === 1) return one;
  const several = await fit(some);
  return { ...extrapolated(one, several, [1, some], epochs), diskBytes: several.diskBytes };
}
