/** On what the tasks of an experiment are run: this process, or several of this machine (`--engine local`, `--workers`). */
import { availableParallelism } from "node:os";
import type { Command } from "commander";
import { ConfigError } from "../core/errors";
import type { Experiment } from "../engine/experiment";
import { runLocally } from "../engine/local";
import { runTasks, type Grid } from "../papers/grid";
import { initBackend, type BackendInfo } from "../tensor/backend";
import type { Terminal } from "./terminal";
import { oneOf, parsePositive } from "./values";

/** What a verb is given for it. */
export interface EngineOptions {
  readonly engine?: string;
  readonly workers?: number;
}

const engines = ["one", "local"] as const;

/** Adds the options. */
export function engineOptions(command: Command): Command {
  return command
    .option("--engine <name>", "of a paper's grid, what its tasks are run on: one (this process) or local (several of this machine)")
    .option("--workers <n>", "of --engine local, how many processes; the cores of the machine if not given. Each has cores / n threads, or SESSIONLAB_THREADS", parsePositive);
}

/** How many processes do the work; 1: this one. @throws ConfigError for an engine that is none */
export function workersOf({ engine, workers }: EngineOptions): number {
  const name = oneOf("an engine", engines, engine ?? (workers === undefined ? "one" : "local"));
  if (name === "one" && workers !== undefined) throw new ConfigError("Expected --workers with --engine local, found it with --engine one; leave one of them out");
  return name === "one" ? 1 : (workers ?? availableParallelism());
}

/** The backend of an experiment: with as many threads as its workers have, because results name them. @throws as `initBackend` */
export function engineBackend(given: EngineOptions): Promise<BackendInfo> {
  const workers = workersOf(given);
  if (workers > 1) process.env["SESSIONLAB_THREADS"] ??= String(Math.max(1, Math.floor(availableParallelism() / workers)));
  return initBackend();
}

/** Does an experiment's tasks. @throws as `runTasks` and `runLocally` */
export async function doTasks(given: EngineOptions, experiment: Experiment, grid: Grid, { threads }: BackendInfo, { signal, progress, say }: Terminal): Promise<void> {
  const workers = workersOf(given);
  if (workers === 1) await runTasks(grid, signal);
  else await runLocally(experiment, grid, { workers, threads, signal, progress, onStep: say });
}
