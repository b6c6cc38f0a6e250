/**
 * What every verb shares: what is printed where, Ctrl-C, and exit codes. Results go to stdout, progress and remarks to
 * stderr; with --json, stdout has one line of JSON and nothing else.
 * Exit codes: 0 done; 1 failure; 2 wrong usage or configuration; 130 interrupted.
 */
import { CommanderError, type Command } from "commander";
import { AbortError, ConfigError, SessionLabError } from "../core/errors";
import type { Progress } from "../core/progress";
import { progressBar, type Bar } from "../display/bar";

/** What a verb gives back: for people, and for programs. */
export interface Outcome {
  readonly text: string;
  readonly json: object;
  /** Default 0: a verb such as doctor may have run well and found something wrong. */
  readonly exitCode?: number;
}

/** What a verb is given. */
export interface Terminal {
  readonly signal: AbortSignal;
  readonly progress: Progress;
  /** A remark, on stderr. */
  say(line: string): void;
}

export const exitCodes = { done: 0, failure: 1, usage: 2, interrupted: 130 } as const;

/** Options that every verb has. */
interface Common {
  readonly json?: boolean;
  readonly verbose?: boolean;
}

/** Makes the verbs' actions and remembers the exit code of the one that ran. */
export class Runner {
  exitCode: number = exitCodes.done;

  /** Adds --json and --verbose to a command, and runs `work` when it is called. */
  action<O extends object>(command: Command, work: (options: O, terminal: Terminal) => Promise<Outcome>): Command {
    return command
      .option("--json", "end with one line of JSON")
      .option("--verbose", "show where an error came from")
      .action(async () => {
        const options = command.opts<O & Common>(); // commander passes positional arguments first; those are in command.args
        this.exitCode = await perform(options, (terminal) => work(withoutCommon(options), terminal));
      });
  }
}

function withoutCommon<O extends object>(options: O & Common): O {
  const { json: _json, verbose: _verbose, ...own } = options;
  return own as unknown as O;
}

async function perform({ json, verbose }: Common, work: (terminal: Terminal) => Promise<Outcome>): Promise<number> {
  const bar = progressBar(process.stderr);
  const { signal, release } = abortOnInterrupt(bar);
  try {
    const outcome = await work({ signal, progress: bar.progress, say: (line) => bar.say(line) });
    bar.end();
    process.stdout.write(json === true ? `${JSON.stringify(outcome.json)}\n` : `${outcome.text.trimEnd()}\n`);
    return outcome.exitCode ?? exitCodes.done;
  } catch (error) {
    bar.end();
    process.stderr.write(`${describeError(error, verbose === true)}\n`);
    if (json === true) process.stdout.write(`${JSON.stringify({ error: { name: (error as Error).name, message: (error as Error).message } })}\n`);
    return exitCodeOf(error);
  } finally {
    release();
  }
}

/** The first Ctrl-C (or SIGTERM) asks the work to stop where it can go on later; the second ends the process. */
function abortOnInterrupt(bar: Bar): { readonly signal: AbortSignal; release(): void } {
  const controller = new AbortController();
  const interrupt = () => {
    if (controller.signal.aborted) process.exit(exitCodes.interrupted);
    bar.say("Stopping at a place to go on from; once more ends at once.");
    controller.abort();
  };
  process.on("SIGINT", interrupt).on("SIGTERM", interrupt);
  return { signal: controller.signal, release: () => void process.off("SIGINT", interrupt).off("SIGTERM", interrupt) };
}

/** One readable line for our own errors; a stack for what nobody expected. */
export function describeError(error: unknown, verbose: boolean): string {
  if (verbose || !(error instanceof SessionLabError)) return error instanceof Error ? (error.stack ?? error.message) : String(error);
  const hint = error instanceof AbortError ? (error.checkpoint === undefined ? ". Run the same command again" : ". Run the same command again to go on from there") : "";
  return `sessionlab: ${error.message}${hint}`;
}

export function exitCodeOf(error: unknown): number {
  if (error instanceof AbortError) return exitCodes.interrupted;
  if (error instanceof CommanderError) return error.exitCode === 0 ? exitCodes.done : exitCodes.usage;
  return error instanceof ConfigError ? exitCodes.usage : exitCodes.failure;
}
