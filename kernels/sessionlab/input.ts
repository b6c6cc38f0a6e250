/** `prompt()`: asks the user of the front end and waits; the answer comes through shared memory. */
import type { Runner, RunningCell } from "./running";
import { Interrupted } from "./running";
import { flag } from "./threads";

/** Bytes of an answer, at most. */
export const inputSize = 1 << 18;

export class Input {
  readonly #flags: Int32Array;
  readonly #answer: Buffer;
  readonly #runner: Runner;
  readonly #ask: (cell: RunningCell, prompt: string, password: boolean) => void;

  constructor(flags: SharedArrayBuffer, answer: SharedArrayBuffer, runner: Runner, ask: (cell: RunningCell, prompt: string, password: boolean) => void) {
    this.#flags = new Int32Array(flags);
    this.#answer = Buffer.from(answer);
    this.#runner = runner;
    this.#ask = ask;
  }

  /** @throws Error where the front end cannot ask; Interrupted when the cell is stopped */
  prompt(question: string, { password = false }: { readonly password?: boolean } = {}): string {
    const { cell } = this.#runner;
    if (cell === undefined || !cell.canAsk) throw new Error("Expected a front end that can ask the user, found one that does not allow it; give the value in the cell");
    Atomics.store(this.#flags, flag.input, 0);
    this.#ask(cell, question, password);
    while (Atomics.load(this.#flags, flag.input) === 0) {
      Atomics.wait(this.#flags, flag.input, 0, 100);
      this.#runner.tick();
      if (cell.interrupted) throw new Interrupted();
    }
    return this.#answer.toString("utf8", 4, 4 + this.#answer.readInt32LE(0));
  }
}
