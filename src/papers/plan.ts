/** What is left of an experiment, before anything starts: how many steps of each kind, and what one takes on this machine. */
import { cpus, totalmem } from "node:os";
import { formatBytes } from "../core/bytes";
import { formatSeconds } from "../core/duration";
import { ConfigError } from "../core/errors";
import type { StepResult } from "../core/step";
import type { Recommender } from "../models/recommender";
import type { BackendInfo } from "../tensor/backend";
import type { Grid, Task } from "./grid";
import { nothing, together, type Usage } from "./metering";
import { weighted, type Cost } from "./short-runs";
import type { Trained } from "./steps";

/** Steps of one kind. */
export interface KindPlan extends Usage {
  /** "train SASRec", "personas", "measure". */
  readonly kind: string;
  /** Those that are left: neither done nor in the step cache. */
  readonly steps: number;
}

/** Where a plan was made. */
export interface PlanMachine {
  readonly cpu: string;
  readonly cores: number;
  readonly threads: number;
  readonly memoryBytes: number;
  readonly backend: string;
  readonly platform: string;
}

/** What is left of an experiment. JSON. */
export interface GridPlan extends Usage {
  readonly experiment: string;
  readonly machine: PlanMachine;
  readonly tasks: { readonly total: number; readonly left: number };
  readonly workers: number;
  readonly kinds: readonly KindPlan[];
  /** The largest resident set that each task that is left needs, by its id. */
  readonly taskBytes: Readonly<Record<string, number>>;
}

/** Steps of a kind that cost the same. */
export interface StepPlan extends Cost {
  readonly kind: string;
  readonly count: number;
  /** Ids of the tasks that do one of them, or may. */
  readonly tasks: readonly string[];
}

/** A plan out of steps by kind: of one kind, time and disk add up, and the largest memory counts. */
export function gridPlan(experiment: string, grid: Grid, backend: BackendInfo, workers: number, steps: readonly StepPlan[]): GridPlan {
  const left = steps.filter(({ count }) => count > 0);
  const kinds = [...new Set(left.map(({ kind }) => kind))].map((kind): KindPlan => {
    const own = left.filter((one) => one.kind === kind);
    const warmth = own.map(({ first }) => first).reduce((most, one) => (one.cpuSeconds > most.cpuSeconds ? one : most), nothing);
    return { kind, steps: own.reduce((total, { count }) => total + count, 0), ...together([warmth, ...own.map(({ each, count }) => weighted([count, each]))]) };
  });
  const tasks = grid.tasks.filter((task) => !grid.isDone(task));
  const { cpu, threads, name, device } = backend;
  return {
    experiment,
    machine: { cpu, cores: cpus().length, threads, memoryBytes: totalmem(), backend: `${name} ${device}`, platform: `${process.platform} ${process.arch}` },
    tasks: { total: grid.tasks.length, left: tasks.length },
    ...{ workers, kinds, ...together(kinds) },
    taskBytes: Object.fromEntries(tasks.map(({ id, of = id }) => [id, Math.max(0, ...left.filter((one) => one.tasks.includes(of)).map(({ each }) => each.peakBytes))])),
  };
}

/**
 * The memory that a task asks of an engine, which gives it to a machine that has as much: the plan's, with some to spare.
 * @param spare share on top, for what a plan does not see
 * @returns bytes
 * @throws ConfigError for a task that is not left
 */
export function taskMemory({ taskBytes }: Pick<GridPlan, "taskBytes">, { id }: Pick<Task, "id">, spare = 0.25): number {
  const bytes = taskBytes[id];
  if (bytes === undefined) throw new ConfigError(`Expected a task that is left (${Object.keys(taskBytes).join("; ")}), found "${id}"; plan again`);
  return Math.ceil(bytes * (1 + spare));
}

/** The plan in lines of cells, and what is said under them. */
export function planWords({ experiment, machine, tasks, workers, kinds, ...all }: GridPlan): { readonly title: string; readonly cells: readonly (readonly string[])[]; readonly notes: readonly string[] } {
  const row = (kind: string, steps: string, one: Usage): readonly string[] => [kind, steps, formatSeconds(one.seconds), formatSeconds(one.cpuSeconds), formatBytes(Math.round(one.peakBytes)), formatBytes(Math.round(one.diskBytes))];
  const hours = (seconds: number): string => (seconds / 3600).toPrecision(2);
  return {
    title: `${experiment}: ${tasks.left} of ${tasks.total} tasks are left`,
    cells: [["step", "left", "time of all, one process", "of processors", "memory of a process", "disk"], ...kinds.map((one) => row(one.kind, String(one.steps), one)), row("all", "", all)],
    notes: [
      `${hours(all.seconds)} machine-hours by the clock, ${hours(all.cpuSeconds)} by the processor, at most: early stop may end trainings sooner. What the step cache holds is not counted, nor is the loading of data.`,
      `On ${machine.cpu}, ${machine.cores} cores, ${formatBytes(machine.memoryBytes)}, ${machine.platform}; ${machine.backend}, ${machine.threads} ${machine.threads === 1 ? "thread" : "threads"} a process. The clock went as the machine was busy while it was planned.`,
      workers === 1 ? "One process." : `${workers} processes need up to ${formatBytes(workers * Math.round(all.peakBytes))} of ${formatBytes(machine.memoryBytes)}.`,
    ],
  };
}

/** A training that did not happen, of a model that its borrowers do not free. */
export function untrained(model: Recommender, key: string): StepResult<Trained> {
  const lent = Object.create(model, { dispose: { value: () => undefined } }) as Recommender;
  return { key, cached: true, seconds: 0, value: { report: { seconds: 0 }, options: {}, startedAt: "", open: () => Promise.resolve(lent) } };
}
