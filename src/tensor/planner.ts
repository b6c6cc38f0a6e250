/**
 * What a training will take, before it is started: memory from the byte estimate of its step (memory.ts), then minutes and
 * the process's peak from a short run of real steps, a validation and a copy of the weights, all thrown away.
 */
import { readFileSync } from "node:fs";
import { setImmediate as nextTurn } from "node:timers/promises";
import { ConfigError, throwIfAborted } from "../core/errors";
import type { Rng } from "../core/rng";
import type { MemoryEstimate } from "./memory";
import { trainStep, type TrainingTask } from "./training";

/** What a training will take. Plain values; bytes and seconds. */
export interface TrainingPlan {
  /** The model's name. */
  readonly name: string;
  /** The tensors of a step at its widest moment. */
  readonly tensors: MemoryEstimate;
  /** The process's largest resident set, what it holds already included. */
  readonly peakBytes: number;
  /** What the process may hold. */
  readonly limitBytes: number;
  /** At most: early stop may end it sooner. */
  readonly epochs: number;
  readonly steps: number;
  readonly secondsAStep: number;
  /** Batches, steps, validation. */
  readonly secondsAnEpoch: number;
  /** Of all epochs. */
  readonly minutes: number;
}

/** How a plan is made. */
export interface PlanOptions {
  readonly rng: Rng;
  /** Bytes that the process may hold; else what it holds and what is free. */
  readonly limit?: number;
  /** Seconds of steps to measure. Default 4. */
  readonly seconds?: number;
  /** Whether the training will write checkpoints. */
  readonly checkpoints?: boolean;
  readonly signal?: AbortSignal;
}

/** A round number for what grows beside the tensors: batches, garbage, what allocators keep. The short run measures it. */
const processBytes = 150e6;

/** Bytes that this process may hold: what it holds, and what the machine or its container has free. */
export function memoryLimit(): number {
  return process.memoryUsage.rss() + process.availableMemory();
}

/** The largest resident set that this process has had. Linux's own count is of this program alone; getrusage's may be of the one that started it. */
export function peakSoFar(): number {
  try {
    return 1024 * Number(/^VmHWM:\s+(\d+) kB/m.exec(readFileSync("/proc/self/status", "utf8"))![1]);
  } catch {
    return 1024 * process.resourceUsage().maxRSS;
  }
}

/** The peak of the process by the estimate alone. @param scores numbers that a validation batch holds */
export function estimatedPeak(tensors: MemoryEstimate, scores: number): number {
  const step = tensors.total - tensors.parameters - tensors.moments;
  return process.memoryUsage.rss() + processBytes + 3 * tensors.parameters + tensors.moments + Math.max(step, 4 * scores); // the weights, and on the host the first and the best
}

/** Refuses what will not fit. @param wayOut what to do instead @throws ConfigError */
export function refuseAbove(name: string, peak: number, limit: number, wayOut: string): void {
  if (peak > limit) throw new ConfigError(`Expected the training of ${name} to fit in ${gigabytes(limit)}, found that it needs about ${gigabytes(peak)}; ${wayOut}`);
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toPrecision(3)} GB`;
}

/** What a short run of a task shows. */
export interface Calibration {
  readonly steps: number;
  readonly secondsAStep: number;
  readonly secondsAnEpoch: number;
  readonly peakBytes: number;
}

/** Steps that are not timed: the first ones allocate. */
const warmUp = 2;
/** Steps that are timed at least, if an epoch has them. */
const fewest = 6;

/**
 * Runs some steps of a task, spread over an epoch, and its validation. The task's weights are changed: they are to be thrown away.
 * @param validation cases that `task.validate` reads, and those that the training's own validation will
 * @throws NumericError, AbortError
 */
export async function calibrate<Batch>(task: TrainingTask<Batch>, { rng, seconds = 4, checkpoints, signal }: PlanOptions, validation: { readonly read: number; readonly all: number }): Promise<Calibration> {
  const epochRng = rng.child("epoch 0");
  let start = performance.now();
  const lap = (): number => {
    const now = performance.now();
    const passed = (now - start) / 1000;
    start = now;
    return passed;
  };
  const batches = task.batches(epochRng.child("batches"));
  const making = lap();
  const step = async (at: number): Promise<void> => {
    throwIfAborted(signal, `plan of ${task.name}`);
    trainStep(task, batches[at]!, epochRng.child(`step ${at}`), task.rateScale?.(0));
    await nextTurn();
  };
  for (let at = 0; at < Math.min(warmUp, batches.length); at++) await step(at);
  lap();
  let [done, spent] = [0, 0];
  const golden = (Math.sqrt(5) - 1) / 2; // multiples of it, modulo 1, are spread evenly however many are taken
  while (done < batches.length && (done < fewest || spent < seconds)) {
    await step(Math.floor(batches.length * ((done * golden) % 1)));
    done++;
    spent += lap();
  }
  await task.validate?.(); // allocates
  lap();
  await task.validate?.();
  const validating = (lap() * validation.all) / Math.max(1, validation.read);
  const best = task.weights.toHost();
  const copying = lap();
  const bytes = Object.values(best).reduce((sum, { data }) => sum + data.byteLength, 0);
  const secondsAStep = spent / Math.max(1, done);
  // A checkpoint holds weights, best weights and moments once more, and once more as a file.
  const kept = checkpoints === true ? 2 * (2 * bytes + Object.values(task.optimiser.state().tensors).reduce((sum, { data }) => sum + data.byteLength, 0)) : 0;
  const peak = Math.max(peakSoFar(), process.memoryUsage.rss() + kept);
  return { steps: batches.length, secondsAStep, secondsAnEpoch: making + batches.length * secondsAStep + validating + copying, peakBytes: peak };
}
