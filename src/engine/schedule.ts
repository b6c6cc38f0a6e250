/**
 * Which task comes next: the first whose needs are done, and rather one that would not wait for work that a running task has in
 * common with it. What needs a task that failed is left out; everything else is done.
 */
import type { Task } from "../papers/grid";
import type { Failure } from "./messages";

type State = "waiting" | "running" | "done" | "failed" | "left out";

/** A task that was not done, and why. */
export interface Undone {
  readonly id: string;
  readonly error: Failure;
}

/** The states of all tasks of an experiment. */
export class Schedule {
  private readonly states: Map<string, State>;
  private readonly faults: Undone[] = [];
  /** Work that some task has left in the cache. */
  private readonly kept = new Set<string>();

  constructor(private readonly tasks: readonly Task[], isDone: (task: Task) => boolean) {
    this.states = new Map(tasks.map((task): [string, State] => [task.id, isDone(task) ? "done" : "waiting"]));
  }

  /**
   * The next task to start, from now on running; undefined where none can start now.
   * @param idle whether somebody has nothing to do: then also one that would wait
   */
  next(idle = true): Task | undefined {
    const ready = this.tasks.filter((task) => this.states.get(task.id) === "waiting" && task.needs.every((id) => (this.states.get(id) ?? "done") === "done"));
    const busy = new Set(this.tasks.filter(({ id }) => this.states.get(id) === "running").flatMap(({ shares = [] }) => shares));
    const free = ({ shares = [] }: Task): boolean => shares.every((one) => this.kept.has(one) || !busy.has(one));
    const task = ready.find(free) ?? (idle ? ready[0] : undefined);
    if (task !== undefined) this.states.set(task.id, "running");
    return task;
  }

  done(id: string): void {
    this.states.set(id, "done");
    for (const one of this.tasks.find((task) => task.id === id)!.shares ?? []) this.kept.add(one);
  }

  /** It goes to whoever comes next. */
  lost(id: string): void {
    this.states.set(id, "waiting");
  }

  failed(id: string, error: Failure): void {
    this.states.set(id, "failed");
    this.faults.push({ id, error });
    const out = new Set([id]);
    for (const task of this.tasks) { // needs stand before
      if (task.needs.some((need) => out.has(need)) && this.states.get(task.id) === "waiting") {
        this.states.set(task.id, "left out");
        out.add(task.id);
      }
    }
  }

  /** All tasks. */
  get size(): number {
    return this.tasks.length;
  }

  /** Tasks in a state. */
  count(...states: readonly State[]): number {
    return [...this.states.values()].filter((state) => states.includes(state)).length;
  }

  /** Whether every task has come to its end. */
  get over(): boolean {
    return this.count("waiting", "running") === 0;
  }

  get failures(): readonly Undone[] {
    return this.faults;
  }

  /** Ids of what was not tried because it needs a task that failed. */
  get leftOut(): readonly string[] {
    return [...this.states].filter(([, state]) => state === "left out").map(([id]) => id);
  }
}
