/** What must be the same in an engine and in all its workers, so that a task has the same bits wherever it is done. */
import { codeVersion } from "../core/code-version";
import { ConfigError } from "../core/errors";
import type { BackendInfo } from "../tensor/backend";

/** Of one process. */
export interface Origin {
  /** Version of the library's code, with its packages: 64 hexadecimal digits. */
  readonly code: string;
  /** "v20.20.2" */
  readonly node: string;
  /** "native CPU" */
  readonly backend: string;
  /** Of the backend's libraries. */
  readonly tensorflow?: string;
  /** Model of the processor: another one is told, not refused. */
  readonly cpu: string;
}

/** This process's. @param code names of the modules that the work starts from */
export function originOf(code: string, { name, device, tensorflow, cpu }: BackendInfo): Origin {
  return { code: codeVersion(code), node: process.version, backend: `${name} ${device}`, tensorflow, cpu };
}

/** Of each thing that must agree: its name, and what to do where it does not. */
const agreed: readonly (readonly [key: "node" | "code" | "backend" | "tensorflow", name: string, remedy: string])[] = [
  ["node", "Node", "give all machines the same Node"],
  ["code", "code", "give all machines the same version of the library and of its packages (npm ci)"],
  ["backend", "tensor backend", "run set-up there (npm run setup), or set SESSIONLAB_BACKEND where the command is started"],
  ["tensorflow", "TensorFlow", "run set-up there (npm run setup)"],
];

/**
 * Holds a worker against its engine.
 * @returns a remark, where results may differ in their last bits
 * @throws ConfigError naming the first thing in which they differ
 */
export function checkOrigin(worker: Origin, engine: Origin, machine: string): string | undefined {
  for (const [key, name, remedy] of agreed) {
    const [here, there] = [worker[key], engine[key]].map((value) => (key === "code" ? value?.slice(0, 8) : value) ?? "none");
    if (worker[key] !== engine[key]) throw new ConfigError(`Expected a worker with the engine's ${name}, ${there}, found ${here} on ${machine}; ${remedy}`);
  }
  return worker.cpu === engine.cpu ? undefined : `the processor of ${machine} is ${worker.cpu}, the engine's ${engine.cpu}: results may differ in their last bits`;
}
