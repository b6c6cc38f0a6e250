/** What is left of an experiment, before anything starts: how many steps of each kind, and what one takes on this machine. */
import { cpus, totalmem } from "node:os";
import { readFileSync, writeFileSync } from "node:fs";
import { formatBytes } from "../core/bytes";
import { formatSeconds } from "../core/duration";
import type { BackendInfo } from "../tensor/backend";
import { peakSoFar } from "../tensor/planner";
import type { Grid } from "./grid";

/** Steps of one kind. Seconds and bytes. */
export interface KindPlan {
  /** "train SASRec", "personas", "measure". */
  readonly kind: string;
  /** Those that are left. */
  readonly steps: number;
  /** Of all of them, in one process; early stop may end a training sooner. */
  readonly seconds: number;
  /** The largest resident set of a process that does one, its data included. */
  readonly peakBytes: number;
  /** What all of them leave in the cache. */
  readonly diskBytes: number;
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
  /** Of one process. */
  readonly peakBytes: number;
  readonly diskBytes: number;
}

/** What one step was seen to take. */
export interface Measured {
  readonly seconds: number;
  readonly peakBytes: number;
  readonly diskBytes: number;
}

/** A plan out of steps by kind: of one kind, seconds and disk add up, and the largest memory counts. */
export function gridPlan(experiment: string, grid: Grid, backend: BackendInfo, workers: number, steps: readonly (Measured & { readonly kind: string; readonly count: number })[]): GridPlan {
  const kinds = [...new Set(steps.map(({ kind }) => kind))].map((kind): KindPlan => {
    const own = steps.filter((one) => one.kind === kind);
    const sum = (of: (one: (typeof own)[number]) => number): number => own.reduce((total, one) => total + of(one), 0);
    return { kind, steps: sum(({ count }) => count), seconds: sum(({ count, seconds }) => count * seconds), peakBytes: Math.max(...own.map(({ peakBytes }) => peakBytes)), diskBytes: sum(({ count, diskBytes }) => count * diskBytes) };
  });
  const sum = (of: (one: KindPlan) => number): number => kinds.reduce((total, one) => total + of(one), 0);
  return {
    experiment,
    machine: { cpu: backend.cpu, cores: cpus().length, threads: backend.threads, memoryBytes: totalmem(), backend: `${backend.name} ${backend.device}` },
    tasks: { total: grid.tasks.length, left: grid.tasks.filter((task) => !grid.isDone(task)).length },
    workers,
    kinds,
    ...{ seconds: sum(({ seconds }) => seconds), peakBytes: Math.max(0, ...kinds.map(({ peakBytes }) => peakBytes)), diskBytes: sum(({ diskBytes }) => diskBytes) },
  };
}

/** The plan in lines of cells, and what is said under them. */
export function planWords({ experiment, machine, tasks, workers, kinds, seconds, peakBytes, diskBytes }: GridPlan): { readonly title: string; readonly cells: readonly (readonly string[])[]; readonly notes: readonly string[] } {
  const row = (kind: string, steps: string, time: number, memory: number, disk: number): readonly string[] => [kind, steps, formatSeconds(time), formatBytes(Math.round(memory)), formatBytes(Math.round(disk))];
  const each = (seconds / 3600).toFixed(2);
  return {
    title: `${experiment}: ${tasks.left} of ${tasks.total} tasks are left`,
    cells: [["step", "left", "time of all, one process", "memory of a process", "disk"], ...kinds.map((one) => row(one.kind, String(one.steps), one.seconds, one.peakBytes, one.diskBytes)), row("all", "", seconds, peakBytes, diskBytes)],
    notes: [
      `${each} machine-hours at most on ${machine.cpu}, ${machine.backend}, ${machine.threads} of ${machine.cores} threads a process; early stop may end trainings sooner.`,
      workers === 1 ? "One process." : `${workers} processes need up to ${formatBytes(workers * Math.round(peakBytes))} of ${formatBytes(machine.memoryBytes)}.`,
    ],
  };
}

/** Does some work, and says how long it took and what the process held at most meanwhile (Linux; elsewhere since its start). */
export async function measured<T>(work: () => Promise<T>): Promise<{ readonly value: T; readonly seconds: number; readonly peakBytes: number }> {
  forgetPeak();
  const start = performance.now();
  const value = await work();
  return { value, seconds: (performance.now() - start) / 1000, peakBytes: peakSoFar() };
}

/** Linux counts the largest resident set anew from here on. */
export function forgetPeak(): void {
  try {
    readFileSync("/proc/self/status");
    writeFileSync("/proc/self/clear_refs", "5");
  } catch {
    // another system: the peak is since the process began
  }
}
