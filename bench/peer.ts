/** PyTorch's side: a Python process that stays up and runs the cases that it is told. */
import { spawn, type ChildProcessByStdio } from "node:child_process";
import { join } from "node:path";
import { createInterface } from "node:readline";
import type { Readable, Writable } from "node:stream";
import { SessionLabError } from "../src/core/errors";
import type { Timed } from "./interleave";

/** What the process says when it is up. */
export interface PeerVersions {
  readonly torch: string;
  readonly python: string;
  readonly threads: number;
}

interface Answer {
  readonly ms: readonly number[];
  /** What the case's last run returned, if that is a number. */
  readonly value: number | null;
}

/** The peer. */
export class Peer {
  private constructor(
    private readonly child: ChildProcessByStdio<Writable, Readable, null>,
    private readonly lines: AsyncIterator<string>,
    readonly versions: PeerVersions,
  ) {}

  /** Starts it with as many threads as ours has. */
  static async start(python: string, threads: number): Promise<Peer> {
    const child = spawn(python, [join(__dirname, "python", "peer.py"), String(threads)], { stdio: ["pipe", "pipe", "inherit"], env: peerEnvironment(threads) });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    return new Peer(child, lines, (await nextLine(lines)) as PeerVersions);
  }

  get name(): string {
    return `PyTorch ${this.versions.torch.split("+")[0]}`;
  }

  /** Runs a case of python/peer.py. @param given its arguments */
  async ask(name: string, given: Readonly<Record<string, unknown>>, times: number): Promise<Answer> {
    this.child.stdin.write(`${JSON.stringify({ case: name, given, times })}\n`);
    return (await nextLine(this.lines)) as Answer;
  }

  /** A case as a side to measure. */
  timed(name: string, given: Readonly<Record<string, unknown>>): Timed {
    return async (times) => (await this.ask(name, given, times)).ms;
  }

  stop(): void {
    this.child.stdin.end();
  }
}

/** The variables that set the threads of OpenMP and MKL. */
export function peerEnvironment(threads: number): NodeJS.ProcessEnv {
  return { ...process.env, OMP_NUM_THREADS: String(threads), MKL_NUM_THREADS: String(threads) };
}

async function nextLine(lines: AsyncIterator<string>): Promise<unknown> {
  const { value, done } = await lines.next();
  if (done === true) throw new SessionLabError("Expected an answer of the PyTorch process, found that it ended; its message is above");
  return JSON.parse(value);
}
