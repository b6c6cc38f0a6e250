/** A side in a process of its own that stays up and runs the cases that it is told: PyTorch, or ours on another backend. */
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

/** Lines of JSON to a process and back. */
export class Side<Hello> {
  protected constructor(
    private readonly child: ChildProcessByStdio<Writable, Readable, null>,
    private readonly lines: AsyncIterator<string>,
    /** What it said when it was up. */
    readonly versions: Hello,
  ) {}

  protected static async open(command: string, args: readonly string[], env: NodeJS.ProcessEnv): Promise<[ChildProcessByStdio<Writable, Readable, null>, AsyncIterator<string>, unknown]> {
    const child = spawn(command, args, { stdio: ["pipe", "pipe", "inherit"], env });
    const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
    return [child, lines, await nextLine(lines, command)];
  }

  /** Runs a case. @param given its arguments */
  async ask(name: string, given: Readonly<Record<string, unknown>>, times: number): Promise<Answer> {
    this.child.stdin.write(`${JSON.stringify({ case: name, given, times })}\n`);
    return (await nextLine(this.lines, name)) as Answer;
  }

  /** A case as a side to measure. */
  timed(name: string, given: Readonly<Record<string, unknown>>): Timed {
    return async (times) => (await this.ask(name, given, times)).ms;
  }

  stop(): void {
    this.child.stdin.end();
  }
}

/** PyTorch, which runs the cases of python/peer.py. */
export class Peer extends Side<PeerVersions> {
  /** Starts it with as many threads as ours has. */
  static async start(python: string, threads: number): Promise<Peer> {
    const [child, lines, hello] = await Side.open(python, [join(__dirname, "python", "peer.py"), String(threads)], peerEnvironment(threads));
    return new Peer(child, lines, hello as PeerVersions);
  }

  get name(): string {
    return `PyTorch ${this.versions.torch.split("+")[0]}`;
  }
}

/** Ours on another backend, which runs the cases of elsewhere.ts. */
export class Elsewhere extends Side<unknown> {
  static async start(backend: "wasm" | "cpu"): Promise<Elsewhere> {
    const [child, lines, hello] = await Side.open(process.execPath, ["-r", "tsx/cjs", join(__dirname, "elsewhere.ts")], { ...process.env, SESSIONLAB_BACKEND: backend });
    return new Elsewhere(child, lines, hello);
  }
}

/** The variables that set the threads of OpenMP and MKL. */
export function peerEnvironment(threads: number): NodeJS.ProcessEnv {
  return { ...process.env, OMP_NUM_THREADS: String(threads), MKL_NUM_THREADS: String(threads) };
}

async function nextLine(lines: AsyncIterator<string>, of: string): Promise<unknown> {
  const { value, done } = await lines.next();
  if (done === true) throw new SessionLabError(`Expected an answer of the other process (${of}), found that it ended; its message is above`);
  return JSON.parse(value);
}
