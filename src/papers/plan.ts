/** What is left of an experiment, before anything starts: how many steps of each kind, and what one takes on this machine. */
import { cpus, totalmem } from "node:os";
import { readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { formatBytes } from "../core/bytes";
import { formatSeconds } from "../core/duration";
import type { StepResult } from "../core/step";
import type { Recommender } from "../models/recommender";
import type { BackendInfo } from "../tensor/backend";
import { peakSoFar } from "../tensor/planner";
import type { Grid } from "./grid";
import type { Trained } from "./steps";

/** Steps of one kind. Seconds and bytes. */
export interface KindPlan extends Measured {
  /** "train SASRec", "personas", "measure". */
  readonly kind: string;
  /** Those that are left. */
  readonly steps: number;
}

/** What is left of an experiment. JSON. */
export interface GridPlan {
  readonly experiment: string;
  readonly machine: { readonly cpu: string; readonly cores: number; readonly threads: number; readonly memoryBytes: number; readonly backend: string };
  readonly tasks: { readonly total: number; readonly left: number };
  readonly workers: number;
  readonly kinds: readonly KindPlan[];
  /** Of all steps in one process. */
  readonly seconds: number;
  readonly cpuSeconds: number;
  /** Of one process. */
  readonly peakBytes: number;
  readonly diskBytes: number;
}

/** What steps take; early stop may end a training sooner. */
export interface Measured {
  /** In one process, by the clock. */
  readonly seconds: number;
  /** The same by the processor, over all threads: other work on the machine disturbs it less. */
  readonly cpuSeconds: number;
  /** The largest resident set of a process that does one, its data included. */
  readonly peakBytes: number;
  /** What they leave in the cache. */
  readonly diskBytes: number;
}

/** One of so many steps of a kind. */
export type StepPlan = Measured & { readonly kind: string; readonly count: number };

/** A plan out of steps by kind: of one kind, time and disk add up, and the largest memory counts. */
export function gridPlan(experiment: string, grid: Grid, backend: BackendInfo, workers: number, steps: readonly StepPlan[]): GridPlan {
  const left = steps.filter(({ count }) => count > 0);
  const kinds = [...new Set(left.map(({ kind }) => kind))].map((kind): KindPlan => {
    const own = left.filter((one) => one.kind === kind);
    return { kind, steps: own.reduce((total, { count }) => total + count, 0), ...together(own.map((one) => times(one, one.count))) };
  });
  return {
    experiment,
    machine: { cpu: backend.cpu, cores: cpus().length, threads: backend.threads, memoryBytes: totalmem(), backend: `${backend.name} ${backend.device}` },
    tasks: { total: grid.tasks.length, left: grid.tasks.filter((task) => !grid.isDone(task)).length },
    ...{ workers, kinds, ...together(kinds) },
  };
}

/** Several things, one after another in one process. */
export function together(parts: readonly Measured[]): Measured {
  const sum = (of: (one: Measured) => number): number => parts.reduce((total, one) => total + of(one), 0);
  return { seconds: sum(({ seconds }) => seconds), cpuSeconds: sum(({ cpuSeconds }) => cpuSeconds), peakBytes: Math.max(0, ...parts.map(({ peakBytes }) => peakBytes)), diskBytes: sum(({ diskBytes }) => diskBytes) };
}

/** The same thing some times. */
export function times({ seconds, cpuSeconds, peakBytes, diskBytes }: Measured, factor: number): Measured {
  return { seconds: factor * seconds, cpuSeconds: factor * cpuSeconds, peakBytes, diskBytes: Math.round(factor * diskBytes) };
}

/** What a larger amount of the same work takes, by the straight line through two smaller ones. Never less than nothing. */
export function extrapolated(less: Measured, amount: number, more: Measured, larger: number, wanted: number): Measured {
  const on = (of: (one: Measured) => number): number => (larger === amount ? of(more) : Math.max(0, of(less) + ((of(more) - of(less)) * (wanted - amount)) / (larger - amount)));
  return { seconds: on(({ seconds }) => seconds), cpuSeconds: on(({ cpuSeconds }) => cpuSeconds), peakBytes: Math.max(less.peakBytes, more.peakBytes), diskBytes: Math.round(on(({ diskBytes }) => diskBytes)) };
}

/** The plan in lines of cells, and what is said under them. */
export function planWords({ experiment, machine, tasks, workers, kinds, seconds, cpuSeconds, peakBytes, diskBytes }: GridPlan): { readonly title: string; readonly cells: readonly (readonly string[])[]; readonly notes: readonly string[] } {
  const row = (kind: string, steps: string, one: Measured): readonly string[] => [kind, steps, formatSeconds(one.seconds), formatSeconds(one.cpuSeconds), formatBytes(Math.round(one.peakBytes)), formatBytes(Math.round(one.diskBytes))];
  return {
    title: `${experiment}: ${tasks.left} of ${tasks.total} tasks are left`,
    cells: [["step", "left", "time of all, one process", "of processors", "memory of a process", "disk"], ...kinds.map((one) => row(one.kind, String(one.steps), one)), row("all", "", { seconds, cpuSeconds, peakBytes, diskBytes })],
    notes: [
      `${(seconds / 3600).toFixed(2)} machine-hours at most on ${machine.cpu}, ${machine.backend}, ${machine.threads} of ${machine.cores} threads a process; early stop may end trainings sooner, and what the step cache holds already takes none.`,
      workers === 1 ? "One process." : `${workers} processes need up to ${formatBytes(workers * Math.round(peakBytes))} of ${formatBytes(machine.memoryBytes)}.`,
    ],
  };
}

/** Does some work, and says how long it took and what the process held at most meanwhile (Linux; elsewhere since its start). */
export async function measured<T>(work: () => Promise<T> | T): Promise<Measured & { readonly value: T }> {
  const read = meter();
  const value = await work();
  return { value, ...read() };
}

/** Starts to measure this process. @returns what it took since */
export function meter(): () => Measured {
  forgetPeak();
  const [start, used] = [performance.now(), process.cpuUsage()];
  return () => {
    const { user, system } = process.cpuUsage(used);
    return { seconds: (performance.now() - start) / 1000, cpuSeconds: (user + system) / 1e6, peakBytes: peakSoFar(), diskBytes: 0 };
  };
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

/** A training that did not happen, of a model that its borrowers do not free. */
export function untrained(model: Recommender, key: string): StepResult<Trained> {
  const lent = Object.create(model, { dispose: { value: () => undefined } }) as Recommender;
  return { key, cached: true, seconds: 0, value: { report: { seconds: 0 }, options: {}, startedAt: "", open: () => Promise.resolve(lent) } };
}

/** All files below a folder. */
export function bytesIn(folder: string): number {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).reduce((sum, entry) => sum + statSync(join(entry.parentPath, entry.name)).size, 0);
}

/** Bytes of a saved model. @param folder is made, and holds it */
export async function savedBytes(model: { save(folder: string): Promise<void> | void }, folder: string): Promise<number> {
  await model.save(folder);
  return bytesIn(folder);
}
