/**
 * What an experiment consists of: tasks, each of which can be done by itself and writes what it found into `results`. One process
 * does them in their order; an engine gives them to several (src/engine). Both have the same files in the end, because a task
 * depends on nothing but the settings, the data and the files of the tasks that it needs.
 */
import { throwIfAborted } from "../core/errors";

/** One of them. */
export interface Task {
  /** Its name in the experiment: "sasrec: search", "sasrec, seed 2". */
  readonly id: string;
  /** A search chooses an arm's options on validation; a run measures an arm with a seed. */
  readonly kind: "search" | "run";
  readonly arm: string;
  readonly seed: number;
  /** Ids of the tasks whose files it reads: they come before it. */
  readonly needs: readonly string[];
  /** Names work that it has in common with others of this name. Whoever comes first does it, and the others find it in the cache. */
  readonly shares?: string;
}

/** The tasks of an experiment that is open. */
export interface Grid {
  /** In the order in which one process does them. */
  readonly tasks: readonly Task[];
  /** Whether `results` holds what it would write. */
  isDone(task: Task): boolean;
  /** Does one, whose needs are done, and says so where it is done already. @throws what its fits and evaluations throw */
  run(task: Task): Promise<void>;
  /** Frees what tasks left open for one another. */
  close(): Promise<void>;
}

/** The name of a task. */
export function taskId(kind: Task["kind"], arm: string, seed = 1): string {
  return kind === "search" ? `${arm}: search` : `${arm}, seed ${seed}`;
}

/** A search, with what it has in common with others. */
export function searchTask(arm: string, shares?: string): Task {
  return { id: taskId("search", arm), kind: "search", arm, seed: 1, needs: [], shares };
}

/** Does all tasks in one process, one after another. @throws AbortError between two of them, after which the rest goes on */
export async function runTasks(grid: Grid, signal: AbortSignal | undefined): Promise<void> {
  try {
    for (const task of grid.tasks) {
      throwIfAborted(signal, "reproduce");
      await grid.run(task);
    }
  } finally {
    await grid.close();
  }
}
