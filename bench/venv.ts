/**
 * The peers' Python: a venv of its own under .cache, made on first use with the versions of requirements.txt.
 * On x86-64 Linux PyPI's PyTorch links to CUDA; python/cuda_stubs.py puts stand-ins where a CPU never looks.
 */
import { spawnSync } from "node:child_process";
import { existsSync, readFileSync, rmSync } from "node:fs";
import { join } from "node:path";
import { SessionLabError } from "../src/core/errors";
import { writeFileAtomic } from "../src/core/files";
import { hashOf } from "../src/core/hash";
import { withLock } from "../src/core/lock";

const root = join(__dirname, "..");
const folder = join(root, ".cache", "bench-venv");
const requirements = join(__dirname, "requirements.txt");
const stubs = join(__dirname, "python", "cuda_stubs.py");

/** The venv's interpreter; makes the venv where it is not there or is of other versions (about a minute, 1 GB to fetch). */
export async function peerPython(): Promise<string> {
  const python = join(folder, process.platform === "win32" ? "Scripts/python.exe" : "bin/python");
  const stamp = join(folder, "made-of");
  const wanted = hashOf({ requirements: readFileSync(requirements, "utf8"), stubs: readFileSync(stubs, "utf8") });
  const ready = (): boolean => existsSync(stamp) && readFileSync(stamp, "utf8") === wanted;
  if (ready()) return python;
  await withLock(
    `${folder}.lock`,
    () => {
      if (ready()) return;
      console.error("making .cache/bench-venv with PyTorch and RecBole (about a minute)");
      rmSync(folder, { recursive: true, force: true });
      run(process.env["PYTHON"] ?? "python3", ["-m", "venv", folder]);
      run(python, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:", "-r", requirements]);
      if (process.platform === "linux" && process.arch === "x64") run(python, [stubs]);
      run(python, ["-c", "import torch, recbole.evaluator, recbole.data"]);
      writeFileAtomic(stamp, wanted);
    },
    { task: "bench: making the peers' Python" },
  );
  return python;
}

/** The same interpreter with sentence-transformers beside the others, put there on first use. */
export async function textPython(): Promise<string> {
  const python = await peerPython();
  const list = join(__dirname, "requirements-text.txt");
  const stamp = join(folder, "made-of-text");
  const wanted = hashOf(readFileSync(list, "utf8"));
  await withLock(
    `${folder}.lock`,
    () => {
      if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
      console.error("putting sentence-transformers into .cache/bench-venv");
      run(python, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary", ":all:", "-r", list]);
      run(python, ["-c", "import sentence_transformers"]);
      writeFileAtomic(stamp, wanted);
    },
    { task: "bench: sentence-transformers" },
  );
  return python;
}

/** An interpreter with RecSim and nothing else, in a venv of its own, made on first use (100 MB). */
export async function simulatorPython(): Promise<string> {
  const own = join(root, ".cache", "simulator-venv");
  const python = join(own, process.platform === "win32" ? "Scripts/python.exe" : "bin/python");
  const list = join(__dirname, "requirements-simulator.txt");
  const stamp = join(own, "made-of");
  const wanted = hashOf(readFileSync(list, "utf8"));
  await withLock(
    `${own}.lock`,
    () => {
      if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
      console.error("making .cache/simulator-venv with RecSim");
      rmSync(own, { recursive: true, force: true });
      run(process.env["PYTHON"] ?? "python3", ["-m", "venv", own]);
      run(python, ["-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-deps", "-r", list]);
      writeFileAtomic(stamp, wanted);
    },
    { task: "bench: RecSim" },
  );
  return python;
}

function run(program: string, args: readonly string[]): void {
  const { status, error } = spawnSync(program, args, { stdio: ["ignore", 2, 2] });
  if (status === 0) return;
  throw new SessionLabError(`Expected ${program} ${args.join(" ")} to succeed, found ${error?.message ?? `exit code ${status}`}; Python 3.11 or 3.12, a C compiler and readelf are needed`);
}
