/** The command line on small data made here, as a child process or inside this one: no network, no shared cache. */
import { spawn } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { main } from "../../src/cli/main";
import { writeFolderAtomic } from "../../src/core/files";
import { Rng } from "../../src/core/rng";
import { catalog } from "../../src/data/catalog";
import { preparedFolder } from "../../src/data/datasets";
import { writePrepared } from "../../src/data/store";
import { suiteFolder } from "../scratch";

const root = join(__dirname, "../..");

export interface Finished {
  /** 128 and up: ended by a signal that nobody handled. */
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** A folder for data, caches and outputs of the enclosing suite; gone after it. */
export class Laboratory {
  private readonly made = suiteFolder();

  get folder(): string {
    return this.made();
  }

  /** Prepares, under the name ml-100k, 40 users that walk around a ring of 12 items, one step in five at random. */
  async prepare(): Promise<void> {
    const rng = new Rng(1);
    const events = join(this.folder, "events.tsv");
    const lines: string[] = [];
    for (let user = 1; user <= 40; user++) {
      let item = rng.int(12);
      for (let n = 0; n < 20; n++) {
        lines.push(`${user}\t${item + 1}\t5\t${1e6 + user * 1000 + n * (user % 4 === 0 ? 4000 : 10)}`);
        item = rng.uniform() < 0.2 ? rng.int(12) : (item + 1) % 12;
      }
    }
    writeFileSync(events, `${lines.join("\n")}\n`);
    const items = Array.from({ length: 12 }, (_, item) => ({ item: String(item + 1), title: `Film ${item + 1}`, genres: [] }));
    const raw = { events: { path: events, label: "events.tsv", delimiter: "\t", header: false }, items };
    await writeFolderAtomic(preparedFolder(catalog["ml-100k"], join(this.folder, "home")), async (folder) => {
      await writePrepared("ml-100k", "made by a test", raw, folder);
    });
  }

  path(...parts: readonly string[]): string {
    return join(this.folder, ...parts);
  }

  /**
   * Runs sessionlab in the laboratory's folder.
   * @param interruptOn sends SIGINT when this appears on stderr
   * @param deaf closes the pipes before anything was read from them
   * @param cache name of the step cache
   */
  run(args: readonly string[], { interruptOn, deaf = false, cache = "cache" }: { interruptOn?: RegExp; deaf?: boolean; cache?: string } = {}): Promise<Finished> {
    const env = { ...process.env, ...this.environment(cache) };
    const child = spawn(process.execPath, ["--require", require.resolve("tsx/cjs"), join(root, "src/cli/main.ts"), ...args], { cwd: this.folder, env });
    let stdout = "";
    let stderr = "";
    let interrupted = false;
    child.stdout.on("data", (piece: Buffer) => (stdout += piece.toString()));
    child.stderr.on("data", (piece: Buffer) => {
      stderr += piece.toString();
      if (interruptOn?.test(stderr) === true && !interrupted) interrupted = child.kill("SIGINT");
    });
    if (deaf) for (const pipe of [child.stdout, child.stderr]) pipe.destroy();
    return new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code) => resolve({ code: code ?? 128, stdout, stderr }));
    });
  }

  /** The same inside this process, which is quicker: paths in `args` must be absolute. */
  async call(args: readonly string[], { cache = "cache" }: { cache?: string } = {}): Promise<Finished> {
    const environment = this.environment(cache);
    const before = Object.fromEntries(Object.keys(environment).map((name) => [name, process.env[name]]));
    const written = { stdout: "", stderr: "" };
    const writers = { stdout: process.stdout.write, stderr: process.stderr.write };
    try {
      Object.assign(process.env, environment);
      for (const stream of ["stdout", "stderr"] as const) {
        process[stream].write = (piece: string | Uint8Array) => {
          written[stream] += String(piece);
          return true;
        };
      }
      const code = await main(args);
      return { code, ...written };
    } finally {
      for (const stream of ["stdout", "stderr"] as const) process[stream].write = writers[stream];
      for (const [name, value] of Object.entries(before)) {
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
      }
    }
  }

  private environment(cache: string): Record<string, string> {
    return { SESSIONLAB_HOME: this.path("home"), SESSIONLAB_CACHE: this.path(cache) };
  }
}

/** The one line of JSON that stdout must be. */
export function onlyLine(finished: Finished): Record<string, unknown> {
  const lines = finished.stdout.trimEnd().split("\n");
  if (lines.length !== 1) throw new Error(`Expected one line on stdout, found ${lines.length}:\n${finished.stdout}\n${finished.stderr}`);
  return JSON.parse(lines[0]!) as Record<string, unknown>;
}
