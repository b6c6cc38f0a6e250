/**
 * From short runs of real work to what all of it will take, by straight lines: a training is a start, epochs (batches, validation)
 * and steps; other work has a part that is always there and one that grows with its amount.
 */
import type { NeuralOptions, NeuralRecommender } from "../models/neural";
import type { FitContext } from "../models/recommender";
import type { Split } from "../data/types";
import type { TrainingPlan } from "../tensor/planner";
import { collectGarbage, meteredSteps, together, type Usage, type MeteredStep } from "./metering";

/** One of a kind, and what the first of the kind takes more in a process, where nothing is warm. */
export interface Cost {
  readonly each: Usage;
  readonly first: Usage;
}

/** Seconds of the processor that a short run of steps lasts: the heap has to come to its usual size. */
const lasting = 1.5;
const fewestSteps = 4;

/** Does some work. @param which of its steps count; all, and what comes after them, if not given */
export type Measure = (work: () => Promise<unknown>, which?: (step: MeteredStep["step"]) => boolean) => Promise<Usage>;

/** Measures from a tidy heap, on which what the process holds now, garbage of loading the data included, comes back: a run does not tidy up. */
export function measurer(): Measure {
  const held = process.memoryUsage.rss();
  return async (work, which) => {
    collectGarbage();
    const tidy = process.memoryUsage.rss();
    const { steps, rest } = await meteredSteps(work);
    const own = together(which === undefined ? [...steps, rest] : steps.filter(({ step }) => which(step)));
    return { ...own, peakBytes: own.peakBytes + Math.max(0, held - tidy) };
  };
}

/** Times and disk by factors, never less than nothing; the largest memory of those that count. */
export function weighted(...terms: readonly (readonly [number, Usage])[]): Usage {
  const sum = (of: (one: Usage) => number): number => Math.max(0, terms.reduce((total, [factor, one]) => total + factor * of(one), 0));
  return { seconds: sum(({ seconds }) => seconds), cpuSeconds: sum(({ cpuSeconds }) => cpuSeconds), peakBytes: Math.max(0, ...terms.map(([, { peakBytes }]) => peakBytes)), diskBytes: Math.round(sum(({ diskBytes }) => diskBytes)) };
}

/** What a training takes, in its parts. */
export interface TrainingCost {
  readonly start: Usage;
  /** Of the start, what is done once for what the training is given. */
  readonly once: Usage;
  readonly epoch: Usage;
  readonly step: Usage;
}

/** A whole training. @param steps of all epochs */
export function training({ start, epoch, step }: Omit<TrainingCost, "once">, epochs: number, steps: number): Usage {
  return together([start, weighted([epochs, epoch]), weighted([steps, step])]);
}

/** How many steps a short run has. @param most those of an epoch */
export function shortSteps(secondsAStep: number, most: number): number {
  return Math.max(1, Math.min(most, Math.max(fewestSteps, Math.ceil(lasting / secondsAStep))));
}

/** Takes a training apart. @param fit a warm run of so many epochs, of so many steps each; the first one does what is done once */
export async function costOfTraining(fit: (epochs: number, stepsAnEpoch: number) => Promise<Usage>, steps: number): Promise<TrainingCost> {
  const once = await fit(1, steps);
  const [one, three, long] = [await fit(1, steps), await fit(3, steps), await fit(1, 3 * steps)];
  const step = weighted([1 / (2 * steps), long], [-1 / (2 * steps), one]);
  const epoch = weighted([1 / 2, three], [-1 / 2, long]);
  const start = weighted([1, once], [-1, epoch], [-steps, step]);
  return { start, once: more(once, one), epoch: { ...epoch, diskBytes: 0 }, step: { ...step, diskBytes: 0 } };
}

/** What the first of a kind takes more than another. */
export function more(first: Usage, other: Usage): Usage {
  return { ...weighted([1, first], [-1, other]), diskBytes: 0 };
}

/** From two amounts of some work to another. @param amounts of `less` and `larger`; alike where all was done */
export function extrapolated(less: Usage, larger: Usage, amounts: readonly [number, number], wanted: number): Usage {
  const [few, many] = amounts;
  if (many <= few) return larger;
  const share = (wanted - few) / (many - few);
  return weighted([1 - share, less], [share, larger]);
}

/**
 * Work whose time grows with its amount: whole where that is small, else by a straight line through two sizes.
 * @param work does so much of it, with a seed; what another seed did is not in the cache
 */
export async function costOfAmount(work: (amount: number, seed: number) => Promise<Usage>, all: number, few: number): Promise<Cost> {
  const small = all <= 3 * few ? all : few;
  const cold = await work(small, 1);
  const warm = await work(small, 2);
  const each = small === all ? warm : extrapolated(warm, await work(3 * few, 2), [few, 3 * few], all);
  return { each, first: more(cold, warm) };
}

/** What is known of a model's training from its own plan. */
export interface Calibrated extends Pick<TrainingPlan, "epochs" | "steps"> {
  /** By the processor. */
  readonly secondsAStep: number;
  /** What the first one takes more: all that is not warm, and what is done once for what it is given. */
  readonly first: Usage;
}

/** A model's own plan, made twice: cold and warm. @param context of a fit @throws ConfigError where the training will not fit in memory */
export async function calibrated(measure: Measure, model: NeuralRecommender<NeuralOptions>, { train, valid }: Split, context: FitContext): Promise<Calibrated> {
  const plan = async (): Promise<{ readonly took: Usage; readonly plan: TrainingPlan }> => {
    let plan: TrainingPlan | undefined;
    const took = await measure(async () => void (plan = await model.plan(train, valid, { ...context, seconds: 0, checkpoints: true })));
    return { took, plan: plan! };
  };
  const [cold, warm] = [await plan(), await plan()];
  const { epochs, steps, secondsAStep } = warm.plan;
  return { epochs, steps, secondsAStep: secondsAStep * (warm.took.cpuSeconds / warm.took.seconds), first: more(cold.took, warm.took) };
}
