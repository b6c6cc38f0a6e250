/**
 * What work takes: by the clock, by the processor, in memory and on disk; step by step. And whether work is in the cache already.
 * A step has what it takes itself, without the steps that are computed for it.
 */
import { readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { watchSteps, type StepIdentity } from "../core/step";
import { peakSoFar } from "../tensor/planner";

/** What something takes. */
export interface Usage {
  /** By the clock. */
  readonly seconds: number;
  /** The same by the processor, over all threads: other work on the machine disturbs it less. */
  readonly cpuSeconds: number;
  /** The largest resident set of the process meanwhile, its data included (Linux; elsewhere since the process began). */
  readonly peakBytes: number;
  /** What it leaves in the cache. */
  readonly diskBytes: number;
}

/** A step that was computed. */
export interface MeteredStep extends Usage {
  readonly step: StepIdentity;
}

/** Starts to measure this process. @returns what it took since */
export function meter(): () => Usage {
  forgetPeak();
  const [start, used] = [performance.now(), process.cpuUsage()];
  return () => {
    const { user, system } = process.cpuUsage(used);
    return { seconds: (performance.now() - start) / 1000, cpuSeconds: (user + system) / 1e6, peakBytes: peakSoFar(), diskBytes: 0 };
  };
}

/**
 * Does some work.
 * @returns the steps that were computed for it, in the order in which they ended, each with what was made ready for it since
 *   another began or ended; and what came after the last one
 * @throws whatever `work` throws
 */
export async function meteredSteps<T>(work: () => Promise<T>): Promise<{ readonly value: T; readonly steps: readonly MeteredStep[]; readonly rest: Usage }> {
  const steps: MeteredStep[] = [];
  const open: Usage[] = [];
  let read = meter();
  const lap = (): Usage => {
    const took = read();
    read = meter();
    return took;
  };
  const begins = (): void => void open.push(lap());
  const ends = (step: StepIdentity, folder: string): void => void steps.push({ ...together([open.pop()!, lap()]), diskBytes: bytesIn(folder), step });
  const value = await watchSteps({ begins, ends }, work);
  return { value, steps, rest: lap() };
}

/** Nothing at all. */
export const nothing: Usage = { seconds: 0, cpuSeconds: 0, peakBytes: 0, diskBytes: 0 };

/** Several things, one after another in one process: memory is that of the largest. */
export function together(parts: readonly Usage[]): Usage {
  const sum = (of: (one: Usage) => number): number => parts.reduce((total, one) => total + of(one), 0);
  return { seconds: sum(({ seconds }) => seconds), cpuSeconds: sum(({ cpuSeconds }) => cpuSeconds), peakBytes: Math.max(0, ...parts.map(({ peakBytes }) => peakBytes)), diskBytes: sum(({ diskBytes }) => diskBytes) };
}

class NotInCache extends Error {}

/** Something to be made of what is in the cache, where all of it is; undefined where a step would have to be computed, which is left. @throws whatever else `work` throws */
export async function fromCache<T>(work: () => Promise<T>): Promise<T | undefined> {
  const begins = (): never => {
    throw new NotInCache("a step would be computed");
  };
  try {
    return await watchSteps({ begins, ends: () => undefined }, work);
  } catch (error) {
    if (error instanceof NotInCache) return undefined;
    throw error;
  }
}

/** Bytes of all files below a folder. */
export function bytesIn(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

/** Collects garbage, so that what follows is not charged with it; compiled code stays, or what follows would be charged with compiling it again. */
export function collectGarbage(): void {
  for (const flag of ["--expose-gc", "--no-flush-bytecode"]) setFlagsFromString(flag);
  (runInNewContext("gc") as () => void)();
}

/** Linux counts the largest resident set anew from here on. */
function forgetPeak(): void {
  try {
    readFileSync("/proc/self/status");
    writeFileSync("/proc/self/clear_refs", "5");
  } catch {
    // another system: the peak is since the process began
  }
}
