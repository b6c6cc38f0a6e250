/** On what the tasks of an experiment are run, and texts encoded: this process, several of this machine, or a Ray cluster. */
import { availableParallelism, totalmem } from "node:os";
import type { Command } from "commander";
import { formatBytes } from "../core/bytes";
import { ConfigError } from "../core/errors";
import { stepStore } from "../core/store";
import type { Experiment } from "../engine/experiment";
import { gpusOfMachine } from "../engine/gpus";
import { runLocally } from "../engine/local";
import { runOnRay } from "../engine/ray";
import { rayPython } from "../engine/ray-python";
import { processesWithRoom, readPlan } from "../engine/resources";
import { openStepStore } from "../engine/store";
import { runTasks, type Grid } from "../papers/grid";
import { personaDataDefaults } from "../papers/persona/data";
import { textsGrid, type TextsExperiment } from "../papers/persona/texts";
import { initBackend, type BackendInfo } from "../tensor/backend";
import { whyOneProcess } from "../text/open-encoder";
import type { Terminal } from "./terminal";
import { oneOf, parseAmount, parsePositive } from "./values";

/** What a verb is given for it. */
export interface EngineOptions {
  readonly engine?: string;
  readonly workers?: number;
  readonly rayAddress?: string;
  /** Gigabytes of a task. */
  readonly memory?: number;
  /** File of a plan. */
  readonly plan?: string;
  /** Tasks that the measuring of a run is cut into. */
  readonly parts?: number;
}

const engines = ["one", "local", "ray"] as const;

/** What is said of --parts. */
export const partsHelp = "of a paper's runs, into how many tasks the measuring of each is cut: as many processes can share it, and each holds as much less in memory; the numbers are the same";

/** Adds the options. @param of what is given to the engine */
export function engineOptions(command: Command, of = "of a paper's grid, what its tasks are run on"): Command {
  return command
    .option("--engine <name>", `${of}: one (this process), local (several of this machine) or ray (a Ray cluster)`)
    .option("--workers <n>", "how many processes of --engine local, or tasks at once of a Ray that is started for them; the cores of the machine if not given, or its GPUs where tensors are on them. Each has cores / n threads, or SESSIONLAB_THREADS", parsePositive)
    .option("--ray-address <host:port>", "of --engine ray, the cluster, on a node of which this runs: 10.0.0.1:6379, or auto; RAY_ADDRESS if not given, else one is started here. Tasks have one thread, or SESSIONLAB_THREADS")
    .option("--memory <gigabytes>", "of --engine ray, what Ray counts for a task; not counted if not given", parseAmount);
}

/** Adds what only a paper's grid has: a plan, and parts. */
export function gridOptions(command: Command): Command {
  return command
    .option("--plan <file>", "of --engine local or ray, what sessionlab plan --json said of this experiment: Ray counts each task's own memory, and no more processes are started here than have room")
    .option("--parts <n>", partsHelp, parsePositive);
}

/** What does the work. */
interface Engine {
  readonly name: (typeof engines)[number];
  /** Tasks at once; of a cluster that is there it has its own. */
  readonly workers: number;
  readonly address?: string;
}

/** The engine that is asked for. @throws ConfigError for one that is none, or options that do not go together */
export function engineOf({ engine, workers, rayAddress, memory, plan }: EngineOptions): Engine {
  const name = oneOf("an engine", engines, engine ?? (rayAddress !== undefined ? "ray" : workers !== undefined ? "local" : "one"));
  const address = name === "ray" ? (rayAddress ?? process.env["RAY_ADDRESS"]) : undefined;
  if (name === "one" && workers !== undefined) throw new ConfigError("Expected --workers with --engine local or ray, found it with --engine one; leave one of them out");
  if (name !== "ray" && (rayAddress ?? memory) !== undefined) throw new ConfigError(`Expected --ray-address and --memory with --engine ray, found --engine ${name}; leave them out`);
  if (plan !== undefined && (name === "one" || memory !== undefined)) throw new ConfigError(`Expected --plan with --engine local or ray and without --memory, found it with ${memory === undefined ? "--engine one" : "--memory"}; leave one of them out`);
  if (address !== undefined && workers !== undefined) throw new ConfigError(`Expected --workers where Ray is started for them, found the address ${address}; a cluster does as many tasks at once as it has cores for: leave one of them out`);
  return { name, workers: name === "one" ? 1 : (workers ?? availableParallelism()), address };
}

/** The backend of an experiment: with as many threads as its tasks have, because results name them. Opens the store of the step cache. @throws as `initBackend`, `engineOf` and `openStepStore` */
export async function engineBackend(given: EngineOptions): Promise<BackendInfo> {
  const { name, workers, address } = engineOf(given);
  if (address !== undefined) process.env["SESSIONLAB_THREADS"] ??= "1";
  else if (name !== "one") process.env["SESSIONLAB_THREADS"] ??= String(Math.max(1, Math.floor(availableParallelism() / workers)));
  await openStepStore(true);
  return initBackend();
}

/** Does an experiment's tasks. @throws as `runTasks`, `runLocally` and `runOnRay` */
export async function doTasks(given: EngineOptions, experiment: Experiment, grid: Grid, backend: BackendInfo, { signal, progress, say }: Terminal): Promise<void> {
  const { name, workers, address } = engineOf(given);
  const told = { signal, progress, onStep: say };
  const plan = given.plan === undefined ? undefined : readPlan(given.plan);
  const gpus = backend.device === "GPU" ? gpusOfMachine() : [];
  const wanted = given.workers === undefined && gpus.length > 0 ? Math.min(workers, gpus.length) : workers;
  const room = plan === undefined || name === "ray" ? wanted : Math.min(wanted, processesWithRoom(plan, totalmem()));
  if (room < wanted) say(`${room} of ${wanted} processes: by the plan no more have room in ${formatBytes(totalmem())}`);
  if (name === "ray") await runOnRay(experiment, grid, { ...told, python: rayPython(), address, workers, backend, plan, memory: given.memory === undefined ? undefined : given.memory * 1e9 });
  else if (room === 1) await runTasks(grid, signal);
  else await runLocally(experiment, grid, { ...told, workers: room, threads: backend.threads, gpus });
}

/**
 * Encodes the texts of items that are not kept yet in several processes, so that whoever needs their vectors next finds them; what is
 * one task only is done here. A plan knows nothing of these tasks: no memory is counted for them.
 * @throws as `textsGrid` and `doTasks`
 */
export async function encodeTexts(given: EngineOptions, settings: TextsExperiment, backend: BackendInfo, terminal: Terminal): Promise<void> {
  const { name, workers } = engineOf(given);
  if (name === "one" || (name === "local" && workers === 1)) return;
  const { signal, progress, say } = terminal;
  const why = whyOneProcess(settings.world?.encoder ?? personaDataDefaults.encoder);
  if (why !== undefined) return say(`texts are not encoded on --engine ${name}: ${why}`);
  const grid = await textsGrid(settings, { signal, progress, onStep: say });
  try {
    const kept = grid.tasks.filter((task) => grid.isDone(task));
    const spread = grid.tasks.length - kept.length > 1;
    if (spread) await doTasks({ ...given, plan: undefined }, { paper: "texts", settings }, grid, backend, terminal);
    const here = !spread ? grid.tasks : stepStore() === undefined ? [] : kept; // what is kept on this machine alone, others find in the store
    for (const task of here) await grid.run(task);
  } finally {
    await grid.close();
  }
}
