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
  /** A search chooses an arm's options on validation; a run measures an arm with a seed; a training and parts of its measuring may come before it. An encoding leaves its rows in the step cache, not in `results`. */
  readonly kind: "search" | "run" | "training" | "part" | "encode";
  readonly arm: string;
  readonly seed: number;
  /** Ids of the tasks whose files it reads: they come before it. */
  readonly needs: readonly string[];
  /** Names pieces of work that it has in common with others. Whoever comes first does one, and the others find it in the cache. */
  readonly shares?: readonly string[];
  /** Of a training or a part: the id of its run. */
  readonly of?: string;
  /** Which part of a run's measuring it is, from 0. */
  readonly part?: number;
}

/** The tasks of an experiment that is open. */
export interface Grid {
  /** In the order in which one process does them. */
  readonly tasks: readonly Task[];
  /** Whether `results`, or this machine's step cache, holds what it would write. */
  isDone(task: Task): boolean;
  /** Does one, whose needs are done, and says so where `results` has it already. @throws what its fits and evaluations throw */
  run(task: Task): Promise<void>;
  /** Frees what tasks left open for one another. */
  close(): Promise<void>;
}

/** The name of a task. */
export function taskId(kind: "search" | "run", arm: string, seed = 1): string {
  return kind === "search" ? `${arm}: search` : `${arm}, seed ${seed}`;
}

/** A search, with what it has in common with others. */
export function searchTask(arm: string, shares: readonly string[] = []): Task {
  return { id: taskId("search", arm), kind: "search", arm, seed: 1, needs: [], shares };
}

/** A run, behind its training and the parts of its measuring: what these compute, it finds in the cache. @param parts 1: the run does all by itself */
export function inParts(run: Task, parts = 1): readonly Task[] {
  if (parts === 1) return [run];
  const own = { arm: run.arm, seed: run.seed, of: run.id };
  const training: Task = { ...own, id: `${run.id}: training`, kind: "training", needs: run.needs, shares: run.shares };
  const measuring = Array.from({ length: parts }, (_, part): Task => ({ ...own, id: `${run.id}: part ${part + 1} of ${parts}`, kind: "part", needs: [training.id], part }));
  return [training, ...measuring, { ...run, needs: [...run.needs, ...measuring.map(({ id }) => id)] }];
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
