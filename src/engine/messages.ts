/** What an engine and its workers say to one another: a line of JSON each, on a worker's stdin and stdout. */
import type { ProgressReport } from "../core/progress";
import type { Experiment } from "./experiment";
import type { Origin } from "./origin";
import type { TaskRequest } from "./resources";

/** To a worker: first what is run, then tasks, one at a time. The end of its stdin ends it; in a task, at the next place to go on from. */
export type ToWorker = { readonly begin: Experiment; readonly origin: Origin } | { readonly task: string };

/** From a worker. */
export type FromWorker =
  | { readonly ready: true }
  | { readonly progress: ProgressReport }
  | { readonly said: string }
  | { readonly done: string }
  | { readonly failed: string; readonly error: Failure }
  /** It could not begin. */
  | { readonly fault: Failure };

/** To the driver of Ray: first how all tasks are done, then tasks. The end of its stdin ends it, and all workers. */
export type ToDriver = RayStart | { readonly task: string; readonly request: TaskRequest };

/** How the driver of Ray begins. */
export interface RayStart {
  /** Of the cluster; null: one of this machine is started. */
  readonly address: string | null;
  /** Cores of the one that is started. */
  readonly cpus: number;
  /** The code: what is packed of a folder, which also has the packages. */
  readonly ship: { readonly folder: string; readonly parts: readonly string[] };
  /** A worker's module in the packed folder, and Node's options before it. */
  readonly worker: { readonly options: readonly string[]; readonly module: string };
  /** Where relative names of files begin, on the nodes that have this folder. */
  readonly cwd: string;
  /** Node's own path here. */
  readonly node: string;
  readonly env: Readonly<Record<string, string>>;
  /** What all nodes must see. */
  readonly folders: readonly string[];
  readonly begin: ToWorker;
  /** How often a task is begun anew whose worker or node was lost. */
  readonly retries: number;
}

/** From the driver of Ray. */
export type FromDriver =
  | { readonly cluster: { /** Of each node. */ readonly cores: readonly number[] } }
  | { readonly of: string; readonly heard: FromWorker | { readonly started: string } }
  | { readonly fault: Failure };

/** An error, without its class. */
export interface Failure {
  readonly name: string;
  readonly message: string;
}

/** Of any error. */
export function failureOf(error: unknown): Failure {
  return error instanceof Error ? { name: error.name, message: error.message } : { name: "Error", message: String(error) };
}

/** A line. */
export function lineOf(message: ToWorker | FromWorker | ToDriver): string {
  return `${JSON.stringify(message)}\n`;
}

/** What a worker said; undefined for a line that is none of ours, such as a library's remark. */
export function heard(line: string): FromWorker | undefined {
  return parsed<FromWorker>(line, ["ready", "progress", "said", "done", "failed", "fault"]);
}

/** What the driver of Ray said; undefined for a line that is none of ours. */
export function heardDriver(line: string): FromDriver | undefined {
  return parsed<FromDriver>(line, ["cluster", "of", "fault"]);
}

function parsed<T extends object>(line: string, keys: readonly string[]): T | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    const message = JSON.parse(line) as T;
    return keys.some((key) => key in message) ? message : undefined;
  } catch {
    return undefined;
  }
}
