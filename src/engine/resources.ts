/** What a task asks of the machine that it is run on: the one place where an engine asks. */
import type { Task } from "../papers/grid";

/** A task's request. */
export interface TaskRequest {
  /** Cores: as many as its operations have threads. */
  readonly cores: number;
  /** Bytes of memory; undefined: not counted. */
  readonly memory?: number;
  readonly gpus: number;
}

/** What is known of all tasks of an experiment. */
export interface TaskNeeds {
  /** Of one operation. */
  readonly threads: number;
  /** Bytes of the largest task. */
  readonly memory?: number;
  readonly device: "CPU" | "GPU";
}

/** The request of one task. So far all tasks of an experiment ask for the same. */
export function requestOf(_task: Task, { threads, memory, device }: TaskNeeds): TaskRequest {
  return { cores: threads, memory, gpus: device === "GPU" ? 1 : 0 };
}
