/**
 * The tasks of an experiment in several processes of this machine, which share the step cache and its locks: each does a task at a
 * time, with threads of its own. A worker that dies loses nothing but what its task had not kept: another one takes the task, and
 * goes on from its checkpoint. An error ends its task, and what needs it; the others are done.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { createInterface } from "node:readline";
import { AbortError, SessionLabError } from "../core/errors";
import type { Progress, ProgressReport } from "../core/progress";
import type { Grid, Task } from "../papers/grid";
import { workOf, type Experiment } from "./experiment";
import { freestGpu, gpuVariables } from "./gpus";
import { heard, lineOf, type Failure, type FromWorker, type ToWorker } from "./messages";
import type { Origin } from "./origin";
import { Schedule } from "./schedule";
import { workerOrigin } from "./worker";

/** How an engine is stopped, and whom it tells. */
export interface EngineCallbacks {
  readonly signal?: AbortSignal;
  readonly progress?: Progress;
  readonly onStep?: (line: string) => void;
}

/** How tasks are given out. */
export interface LocalOptions extends EngineCallbacks {
  /** Processes. */
  readonly workers: number;
  /** Threads of each one's operations. */
  readonly threads: number;
  /** Each takes one of them, several the same where there are fewer; none if not given. */
  readonly gpus?: readonly string[];
  /** Called with each worker's process, once it is started. */
  readonly onWorker?: (process: ChildProcess) => void;
}

/** Some tasks were not done; everything else was. */
export class TasksError extends SessionLabError {
  constructor(readonly failures: Schedule["failures"], readonly leftOut: readonly string[]) {
    const one = failures.length === 1;
    const causes = failures.map(({ id, error }) => `"${id}": ${error.name}: ${error.message}`).join("; ");
    const others = leftOut.length === 0 ? "" : `; not tried, because they need ${one ? "it" : "these"}: ${leftOut.join("; ")}`;
    super(`Expected every task to be done, found ${one ? "one" : failures.length} that failed, ${causes}${others}; all else is done and kept: the same command tries what is missing`);
  }
}

/** The command that starts a worker. */
export function workerCommand(): readonly [string, ...string[]] {
  const entry = require.resolve("./worker");
  return [process.execPath, ...(entry.endsWith(".ts") ? ["--require", require.resolve("tsx/cjs")] : []), entry];
}

/** What a running task is at: "sasrec, seed 2 (train SASRec 3/10 epoch)". */
export function reportOf(id: string, report: ProgressReport | undefined): string {
  return report === undefined ? id : `${id} (${report.task} ${Math.round(report.done * 10) / 10}${report.total === undefined ? "" : `/${report.total}`} ${report.unit})`;
}

/** How many workers may die over one task, or before they begin. */
const deaths = 3;

/** A process and what it is at. */
interface Worker {
  readonly process: ChildProcess;
  readonly gpu?: string;
  ready: boolean;
  task?: Task;
  report?: ProgressReport;
  /** The end of what it wrote on stderr. */
  complaint: string;
}

/**
 * Does what is not done yet.
 * @param grid the same experiment, opened here: says what is done
 * @throws TasksError where some failed; AbortError, after which the same call goes on; what a worker says that cannot begin
 */
export async function runLocally(experiment: Experiment, grid: Grid, options: LocalOptions): Promise<void> {
  await new LocalRun(experiment, grid, await workerOrigin(), options).run();
}

class LocalRun {
  private readonly schedule: Schedule;
  private readonly workers = new Set<Worker>();
  private readonly killedOver = new Map<string, number>();
  /** Why everything ends. */
  private fault: Error | undefined;
  private settle: () => void = () => undefined;

  constructor(
    private readonly experiment: Experiment,
    grid: Grid,
    private readonly origin: Origin,
    private readonly options: LocalOptions,
  ) {
    this.schedule = new Schedule(grid.tasks, (task) => grid.isDone(task));
  }

  async run(): Promise<void> {
    const { signal } = this.options;
    const stop = (): void => this.end(new AbortError(workOf(this.experiment)));
    signal?.addEventListener("abort", stop);
    try {
      if (signal?.aborted === true) throw new AbortError(workOf(this.experiment));
      const over = new Promise<void>((resolve) => (this.settle = resolve));
      this.fill();
      await over;
    } finally {
      signal?.removeEventListener("abort", stop);
    }
    if (this.fault !== undefined) throw this.fault;
    if (this.schedule.failures.length > 0) throw new TasksError(this.schedule.failures, this.schedule.leftOut);
  }

  /** Gives tasks to whoever has none, starts workers for what is left, and sends the others home where nothing is. */
  private fill(): void {
    if (this.fault === undefined) {
      for (const worker of this.workers) if (worker.ready && worker.task === undefined) this.give(worker);
      const beginning = [...this.workers].filter(({ ready }) => !ready).length;
      const wanted = Math.min(this.options.workers - this.workers.size, this.schedule.count("waiting") - beginning);
      for (let n = 0; n < wanted; n++) this.start();
      if (this.schedule.over) for (const { process } of this.workers) process.stdin!.end();
    }
    if (this.workers.size === 0) this.settle();
  }

  private give(worker: Worker): void {
    worker.task = this.schedule.next();
    worker.report = undefined;
    if (worker.task !== undefined) this.say(worker, { task: worker.task.id });
  }

  private start(): void {
    const { threads, gpus = [], onWorker } = this.options;
    const [program, ...args] = workerCommand();
    const gpu = freestGpu(gpus, [...this.workers].map((one) => one.gpu));
    const child = spawn(program, args, { env: { ...process.env, SESSIONLAB_THREADS: String(threads), ...gpuVariables(gpu) }, stdio: ["pipe", "pipe", "pipe"] });
    const worker: Worker = { process: child, gpu, ready: false, complaint: "" };
    this.workers.add(worker);
    child.stdin.on("error", () => undefined); // it died: "close" says so
    child.stderr.on("data", (piece: Buffer) => (worker.complaint = (worker.complaint + piece.toString()).slice(-2000)));
    createInterface({ input: child.stdout }).on("line", (line) => {
      const message = heard(line);
      if (message === undefined) this.options.onStep?.(line);
      else this.hear(worker, message);
    });
    child.on("error", (error) => this.end(new SessionLabError(`Expected a worker to start, found ${error.message}`, { cause: error })));
    child.on("close", (code, signal) => this.gone(worker, signal ?? `exit code ${code}`));
    this.say(worker, { begin: this.experiment, origin: this.origin });
    onWorker?.(child);
  }

  private say({ process: { stdin } }: Worker, message: ToWorker): void {
    stdin!.write(lineOf(message));
  }

  private hear(worker: Worker, message: FromWorker): void {
    if ("progress" in message) worker.report = message.progress;
    else if ("said" in message) this.options.onStep?.(message.said);
    else if ("fault" in message) this.unable(message.fault);
    else if ("ready" in message) worker.ready = true;
    else if ("done" in message) this.schedule.done(message.done);
    else if (this.fault === undefined) this.schedule.failed(message.failed, message.error);
    if ("done" in message || "failed" in message) worker.task = undefined;
    if (!("progress" in message) && !("said" in message)) this.fill();
    this.show();
  }

  /** A worker that cannot begin; one that was sent home before it had begun is missed by nobody. */
  private unable({ name, message }: Failure): void {
    if (!this.schedule.over) this.end(new SessionLabError(`Expected a worker to begin, found ${name}: ${message}`));
  }

  /** A worker that ended; that it should not have, where it had a task or never began. */
  private gone(worker: Worker, how: string): void {
    this.workers.delete(worker);
    const { task, ready } = worker;
    if (this.fault === undefined && !this.schedule.over && (task !== undefined || !ready)) {
      const at = task?.id ?? "its beginning";
      const times = (this.killedOver.get(at) ?? 0) + 1;
      this.killedOver.set(at, times);
      const error: Failure = { name: "Error", message: `${times} workers ended in the middle of it, the last one by ${how}${worker.complaint === "" ? "" : `: ${worker.complaint.trim()}`}` };
      if (times < deaths) {
        if (task !== undefined) this.schedule.lost(task.id);
        this.options.onStep?.(`a worker ended by ${how} in the middle of ${at}; another one goes on with it`);
      } else if (task !== undefined) this.schedule.failed(task.id, error);
      else this.end(new SessionLabError(`Expected workers to begin, found that ${error.message}`));
    }
    this.fill();
  }

  /** Lets all workers stop at a place to go on from. */
  private end(fault: Error): void {
    this.fault ??= fault;
    for (const { process } of this.workers) process.stdin!.end();
    if (this.workers.size === 0) this.settle();
  }

  private show(): void {
    const at = [...this.workers].flatMap(({ task, report }) => (task === undefined ? [] : [reportOf(task.id, report)]));
    this.options.progress?.({ task: at.join(" | "), done: this.schedule.count("done", "failed", "left out"), total: this.schedule.size, unit: "task" });
  }
}
