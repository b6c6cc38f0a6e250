/**
 * A Python that has Ray, in a venv of its own: made on first use with the versions of requirements-ray.txt, and by nothing else.
 * Set-up knows nothing of it.
 */
import { execFile } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { SessionLabError } from "../core/errors";
import { writeFileAtomic } from "../core/files";
import { hashOf } from "../core/hash";
import { withLock } from "../core/lock";
import { projectRoot } from "../data/store";

const folder = join(projectRoot, ".cache", "ray-venv");
const list = join(projectRoot, "requirements-ray.txt");

/** Where its interpreter is. */
const python = join(folder, process.platform === "win32" ? "Scripts/python.exe" : "bin/python");

/** Whether it is there, with these versions. */
export function hasRay(): boolean {
  const stamp = join(folder, "made-of");
  return existsSync(stamp) && readFileSync(stamp, "utf8") === hashOf(readFileSync(list, "utf8"));
}

/** The interpreter; makes the venv where it is not there (about a minute, 90 MB to fetch). @throws SessionLabError where pip fails; AbortError */
export async function rayPython({ signal, onStep }: { readonly signal?: AbortSignal; readonly onStep?: (line: string) => void } = {}): Promise<string> {
  if (hasRay()) return python;
  const run = async (program: string, args: readonly string[]): Promise<void> => {
    await promisify(execFile)(program, args, { signal, maxBuffer: 1e8 }).catch((cause: Error & { readonly stderr?: string }) => {
      throw new SessionLabError(`Expected ${program} ${args.slice(0, 3).join(" ")} to succeed, found ${cause.stderr?.trim().split("\n").at(-1) ?? cause.message}; Python 3.10 to 3.13 and a package index are needed`, { cause });
    });
  };
  await withLock(`${folder}.lock`, async () => {
    if (hasRay()) return;
    onStep?.("making .cache/ray-venv with Ray (about a minute)");
    rmSync(folder, { recursive: true, force: true });
    await run(process.env["PYTHON"] ?? "python3", ["-m", "venv", folder]);
    await run(python, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:", "-r", list]);
    await run(python, ["-c", "import ray"]);
    writeFileAtomic(join(folder, "made-of"), hashOf(readFileSync(list, "utf8")));
  }, { task: "making a Python with Ray", signal });
  return python;
}
