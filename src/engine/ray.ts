/**
 * The tasks of an experiment on a Ray cluster: scripts/ray_driver.py makes one Ray task of each, whose worker runs on whichever
 * node Ray picks, and whose node may die: Ray gives it to another one, where it goes on from its checkpoint. All nodes see the same
 * checkout, cache and results under the same paths. What needs nothing that is not done goes to Ray at once; who waits is Ray's.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { AbortError, SessionLabError } from "../core/errors";
import { projectRoot } from "../data/store";
import type { Grid } from "../papers/grid";
import type { Experiment } from "./experiment";
import { TasksError, workerCommand, type EngineCallbacks } from "./local";
import { heard, type FromWorker } from "./messages";
import { Schedule } from "./schedule";
import { workerCode } from "./worker";

/** How tasks are given out. */
export interface RayOptions extends EngineCallbacks {
  /** A Python that has Ray. */
  readonly python: string;
  /** Of a cluster: "10.0.0.1:6379", "ray://10.0.0.1:10001"; one of this machine alone is started if not given. */
  readonly address?: string;
  /** Of the cluster that is started. */
  readonly cpus: number;
  /** Threads of a task's operations, and what Ray counts for it. */
  readonly threads: number;
  /** Bytes that Ray counts for a task. */
  readonly memory?: number;
}

/** How often Ray starts a task anew whose worker or node died. */
const retries = 3;

/**
 * Does what is not done yet.
 * @param grid the same experiment, opened here: says what is done
 * @throws TasksError where some failed; SessionLabError where there is no cluster, or none any more; AbortError, after which the same call goes on
 */
export async function runOnRay(experiment: Experiment, grid: Grid, options: RayOptions): Promise<void> {
  const { python, address, cpus, threads, memory, signal } = options;
  if (signal?.aborted === true) throw new AbortError("reproduce");
  const schedule = new Schedule(grid.tasks, (task) => grid.isDone(task));
  if (schedule.over) return;
  const driver = spawn(python, [join(projectRoot, "scripts", "ray_driver.py")], { stdio: ["pipe", "pipe", "pipe"], detached: true }); // Ctrl-C is for this process: it ends the driver
  const env = Object.fromEntries(Object.entries(process.env).filter(([name]) => name.startsWith("SESSIONLAB_")));
  const begin = { begin: experiment, code: workerCode() };
  const write = (message: object): void => void driver.stdin.write(`${JSON.stringify(message)}\n`);
  write({ address, localCpus: cpus, command: workerCommand(), cwd: process.cwd(), env: { ...env, SESSIONLAB_THREADS: String(threads) }, begin, cpus: threads, memory, retries });
  const stop = (): void => driver.stdin.end();
  signal?.addEventListener("abort", stop);
  try {
    await converse(driver, schedule, write, options);
  } finally {
    signal?.removeEventListener("abort", stop);
  }
  if (schedule.failures.length > 0) throw new TasksError(schedule.failures, schedule.leftOut);
}

/** Gives out tasks and hears of them, until the driver is gone. */
function converse(driver: ChildProcess, schedule: Schedule, write: (message: object) => void, { signal, progress, onStep, address }: RayOptions): Promise<void> {
  let fault: Error | undefined;
  let complaint = "";
  const where = address ?? "this machine";
  const give = (): void => {
    for (let task = schedule.next(); task !== undefined; task = schedule.next()) write({ task: task.id });
    if (schedule.over) driver.stdin!.end();
  };
  const hear = (message: FromWorker): void => {
    if ("said" in message) onStep?.(message.said);
    else if ("fault" in message) fault ??= new SessionLabError(`Expected a Ray cluster at ${where} that can do the tasks, found ${message.fault.name}: ${message.fault.message}; what is done is kept`);
    else if ("done" in message) schedule.done(message.done);
    else if ("failed" in message && signal?.aborted !== true) schedule.failed(message.failed, message.error);
    if (fault !== undefined) driver.stdin!.end();
    else if (!("progress" in message || "said" in message)) give();
    if ("progress" in message) progress?.({ task: `${schedule.count("running")} tasks on Ray: ${message.progress.task}`, done: schedule.count("done", "failed", "left out"), total: schedule.size, unit: "task" });
  };
  driver.stdin!.on("error", () => undefined); // it died: "close" says so
  driver.stderr!.on("data", (piece: Buffer) => (complaint = (complaint + piece.toString()).slice(-2000)));
  createInterface({ input: driver.stdout! }).on("line", (line) => {
    const message = heard(line);
    if (message !== undefined) hear(message);
  });
  return new Promise((resolve, reject) => {
    driver.on("error", (error) => reject(new SessionLabError(`Expected the driver of Ray to start, found ${error.message}`, { cause: error })));
    driver.on("close", (code, killedBy) => {
      if (fault !== undefined) reject(fault);
      else if (signal?.aborted === true) reject(new AbortError("reproduce"));
      else if (schedule.over) resolve();
      else reject(new SessionLabError(`Expected a Ray cluster at ${where} until all tasks are done, found that its driver ended by ${killedBy ?? `exit code ${code}`}${complaint === "" ? "" : `: ${complaint.trim().split("\n").at(-1)}`}; what is done is kept, the same command goes on`));
    });
  });
}
