/**
 * The tensor backend: native (TensorFlow's kernels through tfjs-node's addon), else wasm, else plain cpu,
 * in that order; SESSIONLAB_BACKEND forces one. Everything else asks `tf` and never knows which it is.
 */
import { readFileSync, realpathSync } from "node:fs";
import { availableParallelism, cpus } from "node:os";
import { dirname, join, sep } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { ConfigError } from "../core/errors";
import { rules } from "../core/options";
import { loadKernels } from "./kernel";

/** native: TensorFlow's kernels; wasm and cpu: tfjs's own. */
export type BackendName = "native" | "wasm" | "cpu";

/** What runs the tensors: part of every passport. */
export interface BackendInfo {
  readonly name: BackendName;
  readonly device: "CPU" | "GPU";
  /** Threads of one operation. */
  readonly threads: number;
  /** The processor's model: float results may differ in the last bits between models. */
  readonly cpu: string;
  readonly tfjs: string;
  /** Version of the TensorFlow libraries, on native. */
  readonly tensorflow?: string;
  /** Why a better backend is not used. */
  readonly fallback?: string;
}

const order: readonly BackendName[] = ["native", "wasm", "cpu"];
let started: Promise<BackendInfo> | undefined;

/**
 * Starts the backend once; later calls return the same.
 * SESSIONLAB_BACKEND=native|wasm|cpu forces one, SESSIONLAB_THREADS sets the threads of an operation.
 * @throws ConfigError when the forced backend cannot start, or a variable has a value out of range
 * @example
 * import { initBackend } from "sessionlab";
 * assert.ok(["native", "wasm", "cpu"].includes((await initBackend()).name));
 */
export function initBackend(): Promise<BackendInfo> {
  return (started ??= start());
}

async function start(): Promise<BackendInfo> {
  const forced = process.env["SESSIONLAB_BACKEND"] as BackendName | undefined;
  if (forced !== undefined && !order.includes(forced)) {
    throw new ConfigError(`Expected SESSIONLAB_BACKEND to be one of ${order.join(", ")}, found "${forced}"`);
  }
  const threads = Number(process.env["SESSIONLAB_THREADS"] ?? availableParallelism());
  const wrong = rules.positiveInteger(threads);
  if (wrong !== undefined) throw new ConfigError(`Expected SESSIONLAB_THREADS to be ${wrong}, found "${process.env["SESSIONLAB_THREADS"]}"`);
  const failures: string[] = [];
  for (const name of forced === undefined ? order : [forced]) {
    try {
      const info = await starters[name](threads);
      tf.enableProdMode(); // skips tfjs's per-operation NaN and shape walks; the training loop checks its loss
      return { ...info, cpu: cpus()[0]?.model.trim() ?? process.arch, tfjs: tf.version_core, fallback: failures.length > 0 ? failures.join("; ") : undefined };
    } catch (error) {
      failures.push(`${name}: ${error instanceof Error ? error.message.split("\n")[0] : String(error)}`);
    }
  }
  throw new ConfigError(`Expected a tensor backend that starts, found none (${failures.join("; ")}); run "npm run setup"`);
}

type Started = Pick<BackendInfo, "name" | "device" | "threads" | "tensorflow">;

const starters: Readonly<Record<BackendName, (threads: number) => Promise<Started>>> = {
  async native(threads) {
    process.env["TF_CPP_MIN_LOG_LEVEL"] ??= "3"; // TensorFlow's start-up chatter
    // Its product moves the stack into a small buffer: a signal that comes then (Ctrl-C, an interrupted cell) writes past its end.
    process.env["TENSORFLOW_USE_CUSTOM_CONTRACTION_KERNEL"] ??= "0";
    process.env["TF_NUM_INTRAOP_THREADS"] = String(threads);
    process.env["TF_NUM_INTEROP_THREADS"] = "1";
    // tfjs-node 4.22 still calls what Node 23 removed, and what Node 24 warns of.
    const legacy = require("node:util") as { isNullOrUndefined?: (value: unknown) => boolean; isArray: (value: unknown) => boolean };
    legacy.isNullOrUndefined ??= (value) => value === undefined || value === null;
    legacy.isArray = Array.isArray;
    const restore = quietStart();
    try {
      require("@tensorflow/tfjs-node-gpu");
      await tf.ready();
    } finally {
      restore();
    }
    const backend = tf.backend() as unknown as { isUsingGpuDevice: boolean; binding: { TF_Version: string } };
    if (!backend.isUsingGpuDevice) loadKernels(besideAddon("kernels.node"), threads);
    return { name: "native", device: backend.isUsingGpuDevice ? "GPU" : "CPU", threads, tensorflow: backend.binding.TF_Version };
  },
  async wasm(threads) {
    const wasm = require("@tensorflow/tfjs-backend-wasm") as typeof import("@tensorflow/tfjs-backend-wasm");
    wasm.setWasmPaths(dirname(require.resolve("@tensorflow/tfjs-backend-wasm")) + sep);
    wasm.setThreadsCount(threads);
    if (!(await tf.setBackend("wasm"))) throw new Error("the wasm backend did not start");
    await tf.ready();
    return { name: "wasm", device: "CPU", threads: 1 }; // tfjs's threaded build needs browser workers
  },
  async cpu() {
    await tf.setBackend("cpu");
    await tf.ready();
    return { name: "cpu", device: "CPU", threads: 1 };
  },
};

/**
 * TensorFlow's libraries log while they load, before they read any setting: stderr is muted for that moment by
 * the small addon that is built beside the binding. Without it (an older build) the lines are just seen.
 */
function quietStart(): () => void {
  const { warn } = console;
  console.warn = () => undefined; // tfjs's advertisement for tfjs-node
  let quiet: { mute(): void; unmute(): void } | undefined;
  try {
    quiet = require(besideAddon("quiet.node")) as typeof quiet;
  } catch {
    quiet = undefined;
  }
  quiet?.mute();
  return () => {
    quiet?.unmute();
    console.warn = warn;
  };
}

/** A file that set-up built beside tfjs-node's addon. */
function besideAddon(name: string): string {
  return join(dirname(realpathSync(require.resolve("@tensorflow/tfjs-node-gpu/lib/napi-v8/tfjs_binding.node"))), name);
}

/**
 * The version of this library, from its package.json.
 * @example
 * import { libraryVersion } from "sessionlab";
 * assert.match(libraryVersion(), /^\d+\.\d+\.\d+/);
 */
export function libraryVersion(): string {
  const file = join(__dirname, "..", "..", "package.json");
  return (JSON.parse(readFileSync(file, "utf8")) as { version: string }).version;
}
