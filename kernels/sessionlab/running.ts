/**
 * The cell that runs, and how it is stopped. Code is told apart by the cell that it belongs to, through everything that it
 * awaits: output goes where it belongs, and an interrupt stops what one cell started and nothing else.
 */
import { AsyncLocalStorage, executionAsyncId } from "node:async_hooks";
import { setMaxListeners } from "node:events";
import { Script } from "node:vm";
import { flag } from "./threads";
import type { Header } from "./wire";

/** Thrown in a cell that is stopped. */
export class Interrupted extends Error {
  override readonly name = "Interrupted";
  constructor() {
    super("the cell was stopped; what earlier cells made is still there");
  }
}

/** One execution of code. */
export class RunningCell {
  readonly #controller = new AbortController();
  interrupted = false;
  /** An error outside of what the cell awaits: in a timer, in a promise that nobody looks at. */
  failure: { readonly error: unknown } | undefined;
  readonly rejected = new Map<Promise<unknown>, unknown>();
  /** Displays that are still being drawn. */
  readonly pending = new Set<Promise<unknown>>();
  /** Its bars, if it has any: they become lines when it ends. */
  progress: { end(): void } | undefined;

  /**
   * @param id of the cell, for what it prints
   * @param silent whether what it shows is thrown away
   * @param canAsk whether it may ask the user something
   */
  constructor(
    readonly id: number,
    readonly request: { readonly header: Header | object; readonly identities: readonly Uint8Array[] },
    readonly silent: boolean,
    readonly canAsk: boolean,
  ) {
    setMaxListeners(0, this.#controller.signal);
  }

  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  interrupt(): void {
    this.interrupted = true;
    this.#controller.abort(new Interrupted());
  }
}

/** Not an error: by it Node forgets asynchronous scopes that code was in when it was ended. */
export class LeftScopes extends Error {}

/**
 * Code that is ended leaves no asynchronous scope that it had entered, for which Node would end the process. Node forgets
 * such scopes after an uncaught exception.
 * @param outer executionAsyncId before the code began
 */
export function leaveScopes(outer: number): void {
  if (executionAsyncId() === outer) return;
  (process as unknown as { _fatalException?(error: Error, fromPromise: boolean): boolean })._fatalException?.(new LeftScopes(), false);
}

const storage = new AsyncLocalStorage<RunningCell>();

/** Milliseconds, and calls in them that can be stopped: many short ones shall not cost more than a few percent. */
const callsWindow = 10;
const mostCalls = 100;
/** What the script calls. Its frame, and the one above it, are left out of tracebacks. */
const stoppableWork: { now: () => unknown } = { now: () => undefined };
const workKey = "sessionlab.work";
export const stoppableFile = "node:sessionlab";
const callIt = new Script(`globalThis[Symbol.for(${JSON.stringify(workKey)})].now()`, { filename: stoppableFile });
Object.defineProperty(globalThis, Symbol.for(workKey), { value: stoppableWork });

/** Knows which cell runs, and takes interrupts. */
export class Runner {
  readonly #flags: Int32Array;
  #current: RunningCell | undefined;
  #latest: RunningCell | undefined;
  /** How many calls were made stoppable in this window of time. */
  #calls = 0;
  #callsSince = 0;
  /** Ends the wait for the current cell. */
  onInterrupt: () => void = () => undefined;

  constructor(flags: SharedArrayBuffer) {
    this.#flags = new Int32Array(flags);
  }

  /** The cell that the calling code belongs to; what belongs to none counts as the latest cell's. */
  get cell(): RunningCell | undefined {
    return storage.getStore() ?? this.#current ?? this.#latest;
  }

  get current(): RunningCell | undefined {
    return this.#current;
  }

  async run<T>(cell: RunningCell, work: () => Promise<T>): Promise<T> {
    this.#current = cell;
    this.#latest = cell;
    this.#take(); // what was asked for before it began is not for this cell
    try {
      return await storage.run(cell, work);
    } finally {
      this.#current = undefined;
    }
  }

  /** While this is on, the running code is ended by SIGINT itself. */
  set interruptible(on: boolean) {
    Atomics.store(this.#flags, flag.interruptible, on ? 1 : 0);
  }

  /**
   * Calls a function of the running cell so that SIGINT ends it, whatever it does.
   * @throws Interrupted when it was ended
   */
  call<T>(work: () => T): T {
    const cell = storage.getStore();
    if (cell?.interrupted === true) throw new Interrupted();
    if (Atomics.load(this.#flags, flag.interruptible) === 1 || cell === undefined || cell !== this.#current) return work();
    const time = performance.now();
    if (time - this.#callsSince > callsWindow) [this.#callsSince, this.#calls] = [time, 0];
    if (++this.#calls > mostCalls) return work();
    stoppableWork.now = work;
    const outer = executionAsyncId();
    this.interruptible = true;
    try {
      return callIt.runInThisContext({ breakOnSigint: true, displayErrors: false }) as T;
    } catch (error) {
      if ((error as NodeJS.ErrnoException | undefined)?.code !== "ERR_SCRIPT_EXECUTION_INTERRUPTED") throw error;
      leaveScopes(outer);
      this.#take();
      cell.interrupt();
      this.onInterrupt();
      throw new Interrupted();
    } finally {
      this.interruptible = false;
    }
  }

  /** Somebody asked for the current cell to stop; a loop may have noticed before this was called. */
  interrupt(): void {
    if (this.#take()) this.#stop();
  }

  /** The same where no other thread notices signals. */
  requestInterrupt(): void {
    Atomics.store(this.#flags, flag.interrupt, 1);
    this.interrupt();
  }

  #stop(): void {
    if (this.#current === undefined || this.#current.interrupted) return;
    this.#current.interrupt();
    this.onInterrupt();
  }

  /** Called by loops. @throws Interrupted in a cell that was stopped */
  tick(): void {
    const state = Atomics.load(this.#flags, flag.interrupt);
    if (state === 0) return;
    if (this.#take()) this.#stop();
    if (storage.getStore()?.interrupted === true) throw new Interrupted();
  }

  /** 0: never asked, 1: asked just now, 2: asked at some time, so that loops look whose they are. */
  #take(): boolean {
    return Atomics.compareExchange(this.#flags, flag.interrupt, 1, 2) === 1;
  }
}
