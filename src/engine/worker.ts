/**
 * A worker, as a program: it opens an experiment, does the tasks that it is given on its stdin, and says on its stdout what comes of
 * them (messages.ts). An engine starts it on this machine or on another one that sees the same folders.
 */
import { hostname } from "node:os";
import { createInterface } from "node:readline";
import { ConfigError } from "../core/errors";
import type { ProgressReport } from "../core/progress";
import type { Grid } from "../papers/grid";
import { initBackend } from "../tensor/backend";
import { openGrid } from "./experiment";
import { failureOf, lineOf, type FromWorker, type ToWorker } from "./messages";
import { checkOrigin, originOf, type Origin } from "./origin";
import { openStepStore } from "./store";

/** Milliseconds between two reports of one task. */
const reportEvery = 200;

/** What a worker of this process's code and backend is. @throws as `initBackend` */
export async function workerOrigin(): Promise<Origin> {
  return originOf(__filename, await initBackend());
}

/** @param lines what the engine says @param stop ends a task at the next place to go on from */
async function work(lines: AsyncIterable<string>, say: (message: FromWorker) => void, stop: AbortController): Promise<void> {
  let grid: Grid | undefined;
  let reported = -Infinity;
  const progress = (report: ProgressReport): void => {
    const now = performance.now();
    if (now - reported < reportEvery) return;
    reported = now;
    say({ progress: report });
  };
  const begin = async ({ begin: experiment, origin }: Extract<ToWorker, { readonly begin: unknown }>): Promise<Grid> => {
    const remark = checkOrigin(await workerOrigin(), origin, hostname());
    if (remark !== undefined) say({ said: remark });
    await openStepStore(false);
    return openGrid(experiment, { backend: await initBackend(), signal: stop.signal, progress, onStep: (said) => say({ said }) });
  };
  const act = async (message: ToWorker): Promise<void> => {
    if ("begin" in message) {
      grid = await begin(message);
      say({ ready: true });
      return;
    }
    const { task: id } = message;
    try {
      const task = grid?.tasks.find((one) => one.id === id);
      if (task === undefined) throw new ConfigError(`Expected a task of the experiment, found "${id}"`);
      await grid!.run(task);
      say({ done: id });
    } catch (error) {
      if (!stop.signal.aborted) say({ failed: id, error: failureOf(error) }); // else it was told to end: the task is for another one
    }
  };
  try {
    for await (const line of lines) await act(JSON.parse(line) as ToWorker);
  } catch (error) {
    say({ fault: failureOf(error) });
    process.exitCode = 1;
  } finally {
    await grid?.close();
  }
}

if (require.main === module) {
  const stop = new AbortController();
  const lines = createInterface({ input: process.stdin });
  const end = (): void => {
    stop.abort();
    lines.close();
  };
  process.on("SIGINT", () => undefined); // Ctrl-C reaches the whole group: the engine says what is to be done
  process.on("SIGTERM", end);
  process.stdout.on("error", end); // nobody listens any more
  process.stdin.on("end", end);
  void work(lines, (message) => void process.stdout.write(lineOf(message)), stop).then(() => {
    process.stdin.destroy();
  });
}
