/**
 * The tasks of an experiment on a Ray cluster: scripts/ray_driver.py makes one Ray task of each, whose worker runs on whichever
 * node Ray picks. A task whose worker or node dies is begun anew by Ray, and goes on from its checkpoint. The code travels to the
 * nodes; data, step cache and results are in folders that all of them see.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { basename, join, relative, resolve } from "node:path";
import { createInterface } from "node:readline";
import { AbortError, ConfigError, SessionLabError } from "../core/errors";
import { makeFolder } from "../core/files";
import type { ProgressReport } from "../core/progress";
import { defaultCache } from "../core/step";
import { stepStore } from "../core/store";
import { dataRoot, projectRoot, sharedData } from "../data/store";
import type { Grid } from "../papers/grid";
import type { BackendInfo } from "../tensor/backend";
import { workOf, type Experiment } from "./experiment";
import { reportOf, TasksError, workerCommand, type EngineCallbacks } from "./local";
import { heardDriver, lineOf, type FromDriver, type FromWorker, type RayStart, type ToDriver } from "./messages";
import { requestOf, type MemoryPlan } from "./resources";
import { Schedule } from "./schedule";
import { storeVariables } from "./store";
import { workerOrigin } from "./worker";

/** Where and how tasks are given out. */
export interface RayOptions extends EngineCallbacks {
  /** A Python that has Ray, as `rayPython` finds it. */
  readonly python: string;
  /** Of a cluster, as seen from one of its nodes: "10.0.0.1:6379", or "auto" for the one of this machine; not given: one is started here, and ends with the tasks. */
  readonly address?: string;
  /** Tasks at once on the cluster that is started. */
  readonly workers: number;
  /** Of the tasks: their operations' threads are the cores that Ray counts for them. */
  readonly backend: Pick<BackendInfo, "threads" | "device">;
  /** Bytes of memory that Ray counts for a task; not counted if not given. */
  readonly memory?: number;
  /** What it counts of each task, in place of that. */
  readonly plan?: MemoryPlan;
}

/** How often Ray begins a task anew whose worker or node was lost. */
const retries = 3;

/**
 * Does what is not done yet.
 * @param grid the same experiment, opened here: says what is done
 * @throws ConfigError for an address that is none; TasksError where some tasks failed; SessionLabError where there is no cluster, none any
 * more, or one of other versions; AbortError, after which the same call goes on
 */
export async function runOnRay(experiment: Experiment, grid: Grid, options: RayOptions): Promise<void> {
  const { address, signal } = options;
  if (address !== undefined && address !== "auto" && !/^(\[[0-9a-fA-F:.]+\]|[\w.-]+):\d+$/.test(address)) {
    throw new ConfigError(`Expected the address of a Ray cluster, "10.0.0.1:6379" or "auto", found "${address}"; the command runs on a node of the cluster: from elsewhere send it there with "ray job submit"`);
  }
  if (signal?.aborted === true) throw new AbortError(workOf(experiment));
  const schedule = new Schedule(grid.tasks, (task) => grid.isDone(task));
  if (!schedule.over) await new RayRun(workOf(experiment), grid, schedule, options).run(await startOf(experiment, options));
  if (schedule.failures.length > 0) throw new TasksError(schedule.failures, schedule.leftOut);
}

/** What the driver is told first. */
async function startOf(experiment: Experiment, { address, workers, backend: { threads } }: RayOptions): Promise<RayStart> {
  const { settings, settings: { cache } } = experiment;
  const places = { SESSIONLAB_HOME: dataRoot(), SESSIONLAB_CACHE: defaultCache(), SESSIONLAB_DATA: sharedData() };
  const own = Object.entries(process.env).filter((pair): pair is [string, string] => (pair[0].startsWith("SESSIONLAB_") || (storeVariables as readonly string[]).includes(pair[0])) && pair[1] !== undefined);
  const folders = [...("results" in settings ? [settings.results] : []), places.SESSIONLAB_HOME, ...(stepStore() === undefined ? [cache ?? places.SESSIONLAB_CACHE] : [])];
  folders.forEach(makeFolder);
  const [node, ...rest] = workerCommand();
  const code = basename(resolve(__dirname, "..")); // src or dist
  return {
    ...{ address: address ?? null, cpus: workers * threads, node, cwd: process.cwd(), folders, retries },
    ship: { folder: projectRoot, parts: [code, "package.json", "tsconfig.json"] },
    worker: { options: rest.slice(0, -1), module: relative(projectRoot, rest.at(-1)!) },
    env: { ...Object.fromEntries(own), ...places, SESSIONLAB_THREADS: String(threads) },
    begin: { begin: experiment, origin: await workerOrigin() },
  };
}

class RayRun {
  /** Tasks that have begun, and where they are. */
  private readonly begun = new Map<string, ProgressReport | undefined>();
  /** How many tasks the cluster can do at once. */
  private slots = 0;
  /** Why everything ends. */
  private fault: Error | undefined;
  private complaint = "";
  private driver!: ChildProcess;

  constructor(
    private readonly work: string,
    private readonly grid: Grid,
    private readonly schedule: Schedule,
    private readonly options: RayOptions,
  ) {}

  async run(start: RayStart): Promise<void> {
    const { python, address, signal } = this.options;
    // Nobody else is let into a cluster that is started here.
    const guarded = address !== undefined || process.env["RAY_AUTH_MODE"] !== undefined ? {} : { RAY_AUTH_MODE: "token", RAY_AUTH_TOKEN: randomBytes(32).toString("hex") };
    // A group of its own: Ctrl-C is for this process, which ends the driver.
    this.driver = spawn(python, [join(projectRoot, "scripts", "ray_driver.py")], { stdio: ["pipe", "pipe", "pipe"], detached: true, env: { ...process.env, ...guarded } });
    const { stdin, stdout, stderr } = this.driver;
    stdin!.on("error", () => undefined); // it died: "close" says so
    stderr!.on("data", (piece: Buffer) => (this.complaint = (this.complaint + piece.toString()).slice(-2000)));
    createInterface({ input: stdout! }).on("line", (line) => {
      const message = heardDriver(line);
      if (message !== undefined) this.hear(message);
    });
    const stop = (): void => this.end(new AbortError(this.work));
    signal?.addEventListener("abort", stop);
    try {
      this.say(start);
      await new Promise<void>((done) => {
        this.driver.on("error", (error) => {
          this.end(new SessionLabError(`Expected the driver of Ray to start, found ${error.message}`, { cause: error }));
          done();
        });
        this.driver.on("close", (code, killedBy) => {
          if (!this.schedule.over) this.fault ??= this.lost(`its driver ended by ${killedBy ?? `exit code ${code}`}${this.complaint === "" ? "" : `: ${this.complaint.trim().split("\n").at(-1)}`}`);
          done();
        });
      });
    } finally {
      signal?.removeEventListener("abort", stop);
    }
    if (this.fault !== undefined) throw this.fault;
  }

  private say(message: ToDriver): void {
    this.driver.stdin!.write(lineOf(message));
  }

  /** What is thrown where there is no cluster that does the tasks, or none any more. */
  private lost(found: string): SessionLabError {
    const { address = "this machine" } = this.options;
    return new SessionLabError(`Expected a Ray cluster at ${address} that does the tasks, found that ${found}; what is done is kept, and the same command goes on (${this.schedule.count("done")} of ${this.schedule.size} tasks are done)`);
  }

  private hear(message: FromDriver): void {
    if ("fault" in message) this.end(this.lost(`${message.fault.name}: ${message.fault.message}`));
    else if ("cluster" in message) this.size(message.cluster.cores);
    else this.hearWorker(message.of, message.heard);
    if (this.fault === undefined) this.give();
    this.show();
  }

  /** The cluster has these nodes from now on. */
  private size(cores: readonly number[]): void {
    const { threads } = this.options.backend;
    this.slots = cores.reduce((sum, one) => sum + Math.floor(one / threads), 0);
    if (this.slots === 0) this.options.onStep?.(`no node of the cluster has ${threads} core${threads === 1 ? "" : "s"} for a task: Ray waits for one (SESSIONLAB_THREADS sets how many it asks for)`);
  }

  private hearWorker(id: string, message: FromWorker | { readonly started: string }): void {
    if ("started" in message) this.begun.set(id, undefined);
    else if ("progress" in message) this.begun.set(id, message.progress);
    else if ("said" in message) this.options.onStep?.(message.said);
    else if ("done" in message) this.done(id);
    else if ("failed" in message && this.fault === undefined) this.schedule.failed(id, message.error);
    if ("done" in message || "failed" in message) this.begun.delete(id);
  }

  private done(id: string): void {
    const task = this.grid.tasks.find((one) => one.id === id)!;
    // What is in the step cache alone another one may have: in a store, or the run that needs it computes it again.
    const elsewhere = task.of !== undefined || (task.kind === "encode" && stepStore() !== undefined);
    if (elsewhere || this.grid.isDone(task)) this.schedule.done(id);
    else this.end(this.lost(`${id} was done on a node that does not write into the ${task.kind === "encode" ? "step cache" : "results"} of this machine: all nodes must see that folder`));
  }

  /** Gives out what can start; what would wait for a running task's work, only where a node would else be idle. */
  private give(): void {
    const { backend, memory, plan } = this.options;
    for (;;) {
      const task = this.schedule.next(this.schedule.count("running") < this.slots);
      if (task === undefined) break;
      this.say({ task: task.id, request: requestOf(task, { ...backend, memory, plan }) });
    }
    if (this.schedule.over) this.driver.stdin!.end();
  }

  /** Lets all workers stop at a place to go on from. */
  private end(fault: Error): void {
    this.fault ??= fault;
    this.driver.stdin!.end();
  }

  private show(): void {
    const at = [...this.begun].map(([id, report]) => reportOf(id, report));
    const queued = this.schedule.count("running") - at.length;
    this.options.progress?.({ task: [...at, ...(queued > 0 ? [`${queued} queued`] : [])].join(" | "), done: this.schedule.count("done", "failed", "left out"), total: this.schedule.size, unit: "task" });
  }
}
