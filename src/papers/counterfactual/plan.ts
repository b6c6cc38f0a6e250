/**
 * What is left of the counterfactual experiment. A short run of its own steps stands for the rest: the base's by `plan` of its model;
 * slates, the response model, diffusion and added sessions on the most recent training sessions, in a cache that is thrown away; and
 * some steps of a continued training. All start from a base that has learnt nothing, and no test case is scored. What is cheap and
 * small is done whole; the rest follows by straight lines through two sizes.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { DiffusionModel } from "../../augmentation/diffusion/diffusion-model";
import { hashOf, type Hashable } from "../../core/hash";
import { Rng } from "../../core/rng";
import type { StepResult } from "../../core/step";
import { recentShare } from "../../data/recent";
import { sessionCount, type Split } from "../../data/types";
import type { NeuralOptions, NeuralRecommender } from "../../models/neural";
import { sampleCases } from "../../models/validation";
import { ResponseModel } from "../../response/response-model";
import type { Task } from "../grid";
import { bytesIn, extrapolated, gridPlan, measured, savedBytes, times, together, untrained, type GridPlan, type Measured, type StepPlan } from "../plan";
import { evaluateStep, type Trained, type Workshop } from "../steps";
import { counterfactualPaperDefaults, plainArm, search, sizesOf, type CounterfactualArm, type Setting, type Sizes } from "./arms";
import { CounterfactualBench } from "./bench";
import { counterfactualGrid, decider, experimentName, knownSetting, type CounterfactualUnderway } from "./counterfactual";
import type { CounterfactualData } from "./data";

/** Sessions, transitions, steps and cases that stand for all. */
const few = { sessions: 2000, transitions: 2560, steps: 6, cases: 500 };

/** A bench whose base has learnt nothing. */
class ShortBench extends CounterfactualBench {
  constructor(world: CounterfactualData, shop: Workshop, sizes: Sizes, run: CounterfactualUnderway, private readonly start: StepResult<Trained>) {
    super(world, shop, sizes, run.settings.base ?? counterfactualPaperDefaults.base, (_, result) => result);
  }

  override base(): Promise<StepResult<Trained>> {
    return Promise.resolve(this.start);
  }
}

/** One arm's fit that is left: with which setting and seed, and for what share of the steps. */
interface Left {
  readonly arm: CounterfactualArm;
  readonly setting: Setting;
  readonly seed: number;
  readonly share: number;
  readonly tested: boolean;
}

/** Plans what `results` does not hold yet. @param workers processes that it is planned for @throws what fits throw; ConfigError where a training will not fit in memory */
export async function planCounterfactualPaper(run: CounterfactualUnderway, workers = 1): Promise<GridPlan> {
  const { settings, bench, world: { split } } = run;
  const grid = counterfactualGrid(run);
  const left = grid.tasks.filter((task) => !grid.isDone(task)).flatMap((task) => fitsOf(task, run));
  const folder = mkdtempSync(join(tmpdir(), "sessionlab-plan-"));
  const model = bench.maker.make(bench.baseOptions) as NeuralRecommender<NeuralOptions>;
  try {
    const steps: StepPlan[] = [];
    if (left.length > 0) {
      const base = await ofTraining(model, run, join(folder, "base"));
      const short = new Short(run, untrained(model, "plan"), folder);
      const withSlates = left.filter(({ arm, setting }) => arm.making.by === "slates" && (setting.dose ?? 0) > 0);
      const distinct = (list: readonly Left[], of: (one: Left) => unknown): Left[] => [...new Map(list.map((one) => [hashOf(of(one) as Hashable), one])).values()];
      steps.push({ kind: "train the base", count: distinct(left, ({ seed }) => seed).length, ...base });
      const seeds = distinct(withSlates, ({ seed }) => seed).length;
      if (seeds > 0) steps.push({ kind: "slates and responses", count: seeds, ...(await short.responses()) });
      const byDiffusion = withSlates.filter(({ arm }) => arm.making.by === "slates" && arm.making.proposer === "diffusion");
      for (const one of distinct(byDiffusion, ({ setting }) => setting.diffusion ?? {})) {
        const count = distinct(byDiffusion.filter(({ setting }) => hashOf((setting.diffusion ?? {}) as Hashable) === hashOf((one.setting.diffusion ?? {}) as Hashable)), ({ seed }) => seed).length;
        steps.push({ kind: "train guided diffusion", count, ...(await short.diffusion(one.setting)) });
      }
      const adds = left.filter(({ arm, setting }) => arm.making.by !== "none" && (setting.dose ?? 0) > 0);
      for (const one of distinct(adds, ({ arm: { making }, setting: { train: _, ...own } }) => ({ making, own }))) {
        const same = distinct(adds.filter(({ arm, setting }) => addsSame(one, arm, setting)), ({ seed }) => seed);
        steps.push({ kind: "add sessions", count: same.length, ...(await short.added(one)) });
      }
      const trainings = await Promise.all([...new Set(left.map(({ share }) => share))].map(async (share) => ({ share, count: left.filter((one) => one.share === share).length })));
      const saved = base.diskBytes;
      for (const { share, count } of trainings) steps.push({ kind: "go on training", count, ...(await short.continued(share)), diskBytes: saved });
      const cases = await short.measure();
      const searched = left.filter(({ tested }) => !tested).length;
      steps.push({ kind: "measure", count: left.length - searched, ...cases(split.valid.target.length + split.test.target.length) });
      steps.push({ kind: "measure on validation", count: searched, ...cases(split.valid.target.length) });
    }
    return gridPlan(`counterfactual, ${experimentName(settings)}`, grid, settings.backend, workers, steps);
  } finally {
    model.dispose();
    rmSync(folder, { recursive: true, force: true });
  }
}

/** What a task trains: an arm once, or the settings of its search, and the best of them again. Where a search has to choose yet, its first setting stands for the choice. */
function fitsOf({ kind, arm: id, seed }: Task, { arms, settings }: CounterfactualUnderway): readonly Left[] {
  const arm = arms.find((one) => one.id === id) ?? decider(arms.find((one) => decider(one).id === id)!);
  if (kind === "search") return [...arm.settings.map((setting) => ({ setting, share: search.share })), ...arm.settings.slice(0, search.finalists).map((setting) => ({ setting, share: 1 }))].map((one) => ({ ...one, arm, seed, tested: false }));
  return [{ arm, setting: knownSetting(arm, settings) ?? { ...decider(arm).settings[0]!, ...arm.settings[0]! }, seed, share: 1, tested: true }];
}

function addsSame(one: Left, arm: CounterfactualArm, setting: Setting): boolean {
  const what = (making: object, { train: _, ...own }: Setting): string => hashOf({ making, own } as Hashable);
  return what(one.arm.making, one.setting) === what(arm.making, setting);
}

/** A whole training of the base, which is left with its first weights. */
async function ofTraining(model: NeuralRecommender<NeuralOptions>, { world: { split }, shop: { signal } }: CounterfactualUnderway, folder: string): Promise<Measured> {
  const rng = new Rng(1).child("plan");
  const { value, seconds, cpuSeconds } = await measured(() => model.plan(split.train, split.valid, { rng, signal, checkpoints: true }));
  await model.fit(split.train, split.valid, { rng, signal, until: 0 });
  return { seconds: 60 * value.minutes, cpuSeconds: 60 * value.minutes * (cpuSeconds / seconds), peakBytes: value.peakBytes, diskBytes: await savedBytes(model, folder) };
}

/** Short runs of what the bench does. */
class Short {
  private readonly all: number;
  private readonly split: Split;
  private readonly shop: Workshop;
  private readonly sizes: Sizes;
  /** How many times as much there really is. */
  private readonly factor: number;

  constructor(private readonly run: CounterfactualUnderway, private readonly start: StepResult<Trained>, folder: string) {
    const { world: { split }, shop, settings } = run;
    this.all = sessionCount(split.train);
    const train = recentShare(split.train, Math.min(1, few.sessions / this.all));
    this.split = { ...split, train };
    this.factor = this.all / sessionCount(train);
    this.shop = { ...shop, cache: join(folder, "steps") };
    this.sizes = { ...sizesOf[settings.budget], ...settings.sizes };
  }

  private bench(sizes: Partial<Sizes> = {}, split: Split = this.split): ShortBench {
    return new ShortBench({ ...this.run.world, split }, this.shop, { ...this.sizes, ...sizes }, this.run, this.start);
  }

  /** Does some work of the bench, once. */
  private async once(work: () => Promise<unknown>): Promise<Measured> {
    const before = this.kept();
    const { value: _, ...found } = await measured(work);
    return { ...found, diskBytes: this.kept() - before };
  }

  private kept(): number {
    try {
      return bytesIn(this.shop.cache!);
    } catch {
      return 0;
    }
  }

  async responses(): Promise<Measured> {
    const { response } = this.sizes;
    const { epochs } = new ResponseModel(response).options;
    const fit = (seed: number, count: number): Promise<Measured> => this.once(() => this.bench({ response: { ...response, epochs: count } }).response(seed));
    await this.bench().log(1);
    await fit(1, 1); // allocates
    const slates = await this.once(() => this.bench().log(2));
    const [one, more] = [await fit(2, 1), await fit(2, 3)];
    return times(together([slates, { ...extrapolated(one, 1, more, 3, epochs), diskBytes: more.diskBytes }]), this.factor);
  }

  /** Epochs are alike; what one takes grows with its transitions. */
  async diffusion(setting: Setting): Promise<Measured> {
    const { split } = this.run.world;
    const { options } = new DiffusionModel({ ...this.sizes.diffusion, ...setting.diffusion });
    const there = split.train.item.length - sessionCount(split.train);
    const wanted = Math.min(options.transitions, there);
    const fit = (transitions: number, epochs: number): Promise<Measured> => this.once(() => this.bench({ diffusion: { ...this.sizes.diffusion, transitions, epochs, patience: epochs } }, split).diffusion(1, setting));
    const over = async (transitions: number): Promise<Measured> => {
      const [one, more] = [await fit(transitions, 1), await fit(transitions, 3)];
      return { ...extrapolated(one, 1, more, 3, options.epochs), diskBytes: more.diskBytes };
    };
    const [less, larger] = [Math.min(few.transitions, wanted), Math.min(3 * few.transitions, wanted)];
    await fit(less, 2); // allocates
    const [small, large] = [await over(less), await over(larger)];
    return { ...extrapolated(small, less, large, larger, wanted), diskBytes: large.diskBytes };
  }

  /** A dose of as many sessions as stand for all. */
  async added({ arm, setting }: Left): Promise<Measured> {
    const bench = this.bench({ response: { ...this.sizes.response, epochs: 1 }, diffusion: { ...this.sizes.diffusion, transitions: few.transitions, epochs: 1 } });
    if (arm.making.by === "slates") {
      await bench.response(1);
      if (arm.making.proposer === "diffusion") await bench.diffusion(1, setting);
    }
    return times(await this.once(() => bench.added(arm, setting, 1)), this.factor);
  }

  /** From some steps to all; as often validated as it is. */
  async continued(share: number): Promise<Measured> {
    const arm = this.run.arms.find(({ id }) => id === plainArm) ?? this.run.arms[0]!;
    const { split } = this.run.world;
    const fit = (steps: number): Promise<Measured> => this.once(() => this.bench({ steps, checks: 1 }, split).continued({ ...arm, making: { by: "none" } }, {}, 1));
    const checks = Math.max(1, Math.round(this.sizes.checks * share));
    const steps = Math.ceil(this.sizes.steps * share);
    await fit(2); // allocates
    const [less, more] = [await fit(few.steps), await fit(3 * few.steps)];
    const [check, check1] = [extrapolated(less, few.steps, more, 3 * few.steps, 0), extrapolated(less, few.steps, more, 3 * few.steps, steps)];
    return together([check1, times(check, checks - 1)]);
  }

  /** By the number of cases. */
  async measure(): Promise<(cases: number) => Measured> {
    const { maker } = this.run.bench;
    const { valid } = this.split;
    const over = async (most: number): Promise<Measured & { readonly cases: number }> => {
      const cases = sampleCases(valid, most, new Rng(1).child(`plan ${most}`));
      return { ...(await this.once(() => evaluateStep(maker, this.start, this.split, cases, this.shop))), cases: cases.target.length };
    };
    await over(few.cases / 5);
    const [less, more] = [await over(few.cases), await over(3 * few.cases)];
    return (cases) => extrapolated(less, less.cases, more, more.cases, cases);
  }
}
