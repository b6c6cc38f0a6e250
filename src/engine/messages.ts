/** What an engine and its workers say to one another: a line of JSON each, on a worker's stdin and stdout. */
import type { ProgressReport } from "../core/progress";
import type { Experiment } from "./experiment";

/** To a worker: first what is run, then tasks, one at a time. The end of its stdin ends it; in a task, at the next place to go on from. */
export type ToWorker = { readonly begin: Experiment; /** Version of the code that the tasks were made by. */ readonly code: string } | { readonly task: string };

/** From a worker. */
export type FromWorker =
  | { readonly ready: true }
  | { readonly progress: ProgressReport }
  | { readonly said: string }
  | { readonly done: string }
  | { readonly failed: string; readonly error: Failure }
  /** It could not begin. */
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
export function lineOf(message: ToWorker | FromWorker): string {
  return `${JSON.stringify(message)}\n`;
}

/** What a worker said; undefined for a line that is none of ours, such as a library's remark. */
export function heard(line: string): FromWorker | undefined {
  if (!line.startsWith("{")) return undefined;
  try {
    const message = JSON.parse(line) as FromWorker;
    return ["ready", "progress", "said", "done", "failed", "fault"].some((key) => key in message) ? message : undefined;
  } catch {
    return undefined;
  }
}
