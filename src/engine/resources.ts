/** What a task asks of the machine that it is run on: the one place where an engine asks. */
import { readFileSync } from "node:fs";
import { DataError } from "../core/errors";
import { taskMemory, type GridPlan } from "../papers/plan";
import type { Task } from "../papers/grid";

/** A task's request. */
export interface TaskRequest {
  /** Cores: as many as its operations have threads. */
  readonly cores: number;
  /** Bytes of memory; undefined: not counted. */
  readonly memory?: number;
  readonly gpus: number;
}

/** Of a plan, what engines look at: the memory of each task that was left when it was made. */
export type MemoryPlan = Pick<GridPlan, "machine" | "taskBytes">;

/** What is known of the tasks of an experiment. */
export interface TaskResources {
  /** Of one operation. */
  readonly threads: number;
  readonly device: "CPU" | "GPU";
  /** Bytes of the largest task. */
  readonly memory?: number;
  /** Of each task, in place of the largest. */
  readonly plan?: MemoryPlan;
}

/** The request of one task. @throws ConfigError for a task that the plan does not have */
export function requestOf(task: Pick<Task, "id">, { threads, device, memory, plan }: TaskResources): TaskRequest {
  return { cores: threads, memory: plan === undefined ? memory : taskMemory(plan, task), gpus: device === "GPU" ? 1 : 0 };
}

/** How many processes have room side by side, whichever tasks of a plan they do; one at least. @param bytes of the machine's memory */
export function processesWithRoom(plan: MemoryPlan, bytes: number): number {
  const largest = Math.max(1, ...Object.keys(plan.taskBytes).map((id) => taskMemory(plan, { id })));
  return Math.max(1, Math.floor(bytes / largest));
}

/** What `sessionlab plan --json` wrote into a file. @throws DataError where it is something else */
export function readPlan(file: string): MemoryPlan {
  const wayOut = "write one with: npx sessionlab plan --json > plan.json";
  let read: Partial<MemoryPlan> | null;
  try {
    read = JSON.parse(readFileSync(file, "utf8")) as Partial<MemoryPlan> | null;
  } catch (cause) {
    throw new DataError(`Expected a plan, found ${(cause as Error).message}; ${wayOut}`, { file }, { cause });
  }
  const bytes = Object.values(read?.taskBytes ?? { none: 0 });
  if (!bytes.every((one) => typeof one === "number" && one > 0)) throw new DataError(`Expected the memory of each task, found none; ${wayOut}`, { file, field: "taskBytes" });
  if (typeof read?.machine?.threads !== "number") throw new DataError(`Expected the machine that the plan was made on, found none; ${wayOut}`, { file, field: "machine" });
  return read as MemoryPlan;
}
