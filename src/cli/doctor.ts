/**
 * sessionlab doctor: what runs the tensors and how fast, which versions are there, what is missing and how to get it.
 * What set-up had to leave out is read from its record, .cache/setup.json.
 */
import { execFile } from "node:child_process";
import { existsSync, readFileSync, realpathSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { promisify } from "node:util";
import * as tf from "@tensorflow/tfjs";
import type { Command } from "commander";
import { writeFileAtomic } from "../core/files";
import { pythonIn } from "../core/python";
import { Rng } from "../core/rng";
import { findRayPython, howToGetRay } from "../engine/ray-python";
import { initBackend, libraryVersion, type BackendInfo } from "../tensor/backend";
import { projectRoot } from "../data/store";
import type { Outcome, Runner } from "./terminal";

/** Something that is not there. */
export interface Missing {
  readonly what: string;
  /** What it costs. */
  readonly loses: string;
  /** What to type to get it, where there is a way. */
  readonly how?: string;
}

/** The native backend on disk. */
export interface NativeState {
  readonly variant: "cpu" | "cuda" | "none";
  /** Are the libraries fetched and the addon compiled and linked? */
  readonly built: boolean;
  /** Did this build ever run on a GPU here? */
  readonly everRunOnGpu: boolean;
}

/** All that doctor finds out. */
export interface DoctorReport {
  readonly sessionlab: string;
  readonly node: string;
  readonly npm?: string;
  /** Of .venv if it is there, else of the PATH. */
  readonly python?: string;
  readonly compiler?: string;
  /** Of --engine ray. */
  readonly ray?: string;
  readonly platform: string;
  readonly cpu: string;
  readonly backend: BackendInfo["name"];
  readonly device: BackendInfo["device"];
  readonly threads: number;
  readonly tensorflow?: string;
  /** Measured: a product of two [matmulSize, matmulSize] float32 matrices, the median of five; 1e9 operations a second. */
  readonly gflops: number;
  readonly matmulSize: number;
  /** Versions of the npm packages that this one depends on. */
  readonly packages: Readonly<Record<string, string>>;
  readonly native: NativeState;
  readonly missing: readonly Missing[];
}

/**
 * Looks at this machine and this checkout. Takes a second or two.
 * @throws ConfigError if no tensor backend starts
 */
export async function doctor(root = projectRoot): Promise<DoctorReport> {
  const backend = await initBackend();
  const python = pythonIn(join(root, ".venv")) ?? "python3";
  const rayPython = findRayPython();
  const [npm, pythonVersion, compiler, ray] = await Promise.all([
    firstLine("npm", ["--version"]),
    firstLine(python, ["--version"]),
    firstLine(process.env["CXX"] ?? "c++", ["--version"]),
    rayPython === undefined ? undefined : firstLine(rayPython, ["-c", "from importlib.metadata import version; print(version('ray'))"]),
  ]);
  const native = nativeState(root, backend);
  return {
    sessionlab: libraryVersion(),
    node: process.versions.node,
    npm,
    python: pythonVersion?.replace(/^Python /, ""),
    compiler,
    ray,
    platform: `${process.platform} ${process.arch}`,
    cpu: backend.cpu,
    backend: backend.name,
    device: backend.device,
    threads: backend.threads,
    tensorflow: backend.tensorflow,
    ...measureMatmul(backend.name === "cpu" ? 256 : 1024),
    packages: packageVersions(root),
    native,
    missing: missingParts(setupRecord(root), backend, native, existsSync("/proc/driver/nvidia/version")),
  };
}

/** One step of set-up's record, as far as it matters here. */
export interface SetupEntry {
  readonly status?: string;
  readonly lost?: Missing;
}

/**
 * What is missing, each thing once.
 * @param record set-up's record by step; undefined where set-up never ran
 * @param gpu is there an NVIDIA GPU?
 */
export function missingParts(
  record: Readonly<Record<string, SetupEntry>> | undefined,
  backend: Pick<BackendInfo, "name" | "device" | "fallback">,
  native: NativeState,
  gpu: boolean,
): Missing[] {
  const missing: Missing[] = Object.values(record ?? {}).flatMap(({ lost }) => (lost === undefined ? [] : [lost]));
  if (record === undefined) missing.push({ what: "set-up was not run in this folder", loses: "parts may be missing", how: "npm run setup" });
  if (backend.fallback !== undefined && record?.["native"]?.lost === undefined) {
    missing.push({ what: backend.fallback, loses: `tensors run on ${backend.name}`, how: "npm run setup" });
  }
  if (gpu && backend.name === "native" && backend.device === "CPU") {
    const how = native.variant === "cuda" ? "see whether nvidia-smi finds the GPU and its driver is recent" : "SESSIONLAB_NATIVE=cuda npm run setup";
    missing.push({ what: `the NVIDIA GPU is not used (the ${native.variant} libraries are linked)`, loses: "tensors run on the CPU", how });
  }
  return missing.filter((one, i) => missing.findIndex(({ what, loses }) => what === one.what && loses === one.loses) === i);
}

/** The report as lines for a terminal. */
export function renderDoctor(report: DoctorReport): string {
  const { native } = report;
  const gpuRemark = native.everRunOnGpu ? ", has run on a GPU here" : ", never run on a GPU here";
  const rows: readonly (readonly [string, string])[] = [
    ["sessionlab", report.sessionlab],
    ["backend", `${report.backend} on ${report.device}, ${report.threads} thread${report.threads === 1 ? "" : "s"}`],
    ["speed", `${report.gflops.toFixed(report.gflops < 10 ? 1 : 0)} GFLOPS (matmul ${report.matmulSize}^3)`],
    ["tensorflow", report.tensorflow ?? "not loaded"],
    ["native", native.built ? `${native.variant} build${gpuRemark}` : "not built"],
    ["machine", `${report.platform}, ${report.cpu}`],
    ["node", report.node],
    ["npm", report.npm ?? "not found"],
    ["python", report.python ?? "not found"],
    ["compiler", report.compiler ?? "not found"],
    ["ray", report.ray ?? `not installed; for --engine ray: ${howToGetRay}`],
    ["packages", Object.entries(report.packages).map(([name, version]) => `${name} ${version}`).join(", ")],
  ];
  const missing = report.missing.map(({ what, loses, how }) => `  - ${what}; without it ${loses}.${how === undefined ? "" : ` To get it: ${how}`}`);
  return [
    ...rows.map(([name, value]) => `${name.padEnd(11)} ${value}`),
    missing.length === 0 ? "Nothing is missing." : `Missing:\n${missing.join("\n")}`,
    "",
  ].join("\n");
}

/** Adds the verb to the command line. */
export function addDoctor(program: Command, runner: Runner): void {
  const command = program
    .command("doctor")
    .description("what runs the tensors and how fast; what is missing and how to get it")
    .addHelpText("after", "\nExamples:\n  $ sessionlab doctor\n  $ sessionlab doctor --json\n  $ SESSIONLAB_BACKEND=wasm sessionlab doctor");
  runner.action(command, async (): Promise<Outcome> => {
    const report = await doctor();
    return { text: renderDoctor(report), json: report };
  });
}

/** The median speed of five products, after one to warm up; one element is read, so that a GPU has to finish. */
function measureMatmul(n: number): { gflops: number; matmulSize: number } {
  const values = new Rng("doctor").normals(n * n);
  const seconds = tf.tidy(() => {
    const matrix = tf.tensor2d(values, [n, n]);
    return Array.from({ length: 6 }, () => {
      const start = performance.now();
      tf.tidy(() => tf.matMul(matrix, matrix).slice([0, 0], [1, 1]).dataSync());
      return (performance.now() - start) / 1000;
    });
  });
  const median = seconds.slice(1).sort((a, b) => a - b)[2]!;
  return { gflops: (2 * n ** 3) / median / 1e9, matmulSize: n };
}

/** What is linked, by the folder that the addon's link leads to; notes a first run on a GPU beside it. */
function nativeState(root: string, backend: BackendInfo): NativeState {
  let folder: string;
  try {
    const addon = realpathSync(join(root, "node_modules", "@tensorflow", "tfjs-node-gpu", "lib", "napi-v8", "tfjs_binding.node"));
    folder = dirname(dirname(addon)); // .native/<variant>-<version>/tensorflow/tfjs_binding.node
  } catch {
    return { variant: "none", built: false, everRunOnGpu: false };
  }
  const note = join(folder, "ran-on-gpu.json");
  if (backend.device === "GPU" && !existsSync(note)) writeFileAtomic(note, JSON.stringify({ at: new Date().toISOString() }));
  return { variant: basename(folder).startsWith("cuda") ? "cuda" : "cpu", built: true, everRunOnGpu: existsSync(note) };
}

function setupRecord(root: string): Record<string, SetupEntry> | undefined {
  try {
    return JSON.parse(readFileSync(join(root, ".cache", "setup.json"), "utf8")) as Record<string, SetupEntry>;
  } catch {
    return undefined;
  }
}

function packageVersions(root: string): Record<string, string> {
  const read = (file: string): { version: string; dependencies: object } => JSON.parse(readFileSync(file, "utf8")) as { version: string; dependencies: object };
  const names = Object.keys(read(join(root, "package.json")).dependencies);
  return Object.fromEntries(names.flatMap((name) => {
    const file = join(root, "node_modules", name, "package.json");
    return existsSync(file) ? [[name, read(file).version]] : [];
  }));
}

/** The first line that a program prints, or undefined if it does not start. */
async function firstLine(command: string, args: readonly string[]): Promise<string | undefined> {
  try {
    const { stdout } = await promisify(execFile)(command, [...args], { timeout: 20_000, shell: process.platform === "win32" });
    return stdout.trim().split("\n")[0];
  } catch {
    return undefined;
  }
}
