/** Which process wrote a file, and whether it still runs: what lock files and temporary names are judged by. */
import { createHash } from "node:crypto";
import { readFileSync, readlinkSync } from "node:fs";
import { hostname } from "node:os";

/** A process, told apart from others that get its number later or have it on another machine. */
export interface ProcessMark {
  readonly pid: number;
  /** Machine and pid namespace, hashed: 8 hexadecimal digits. */
  readonly place: string;
  /** When it started, in the system's own unit; known on Linux. */
  readonly started?: string;
}

/** Where this process runs. */
export const place: string = createHash("sha256").update(`${hostname()} ${namespace()}`).digest("hex").slice(0, 8);

/** The mark of this process. */
export function thisProcess(): ProcessMark {
  return { pid: process.pid, place, started: status(process.pid)?.started };
}

/**
 * Whether a marked process runs.
 * @returns "unknown" where it is on another machine, or another process may have taken its number
 */
export function stateOf(mark: ProcessMark): "running" | "dead" | "unknown" {
  if (mark.place !== place) return "unknown";
  try {
    process.kill(mark.pid, 0);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ESRCH") return "dead"; // EPERM: it runs, as another user
  }
  const now = status(mark.pid);
  if (now?.zombie === true) return "dead";
  if (now === undefined || mark.started === undefined) return "unknown";
  return now.started === mark.started ? "running" : "dead";
}

/** Linux: /proc/<pid>/stat, whose second field is a name in brackets that may hold anything. */
function status(pid: number): { readonly zombie: boolean; readonly started: string } | undefined {
  try {
    const text = readFileSync(`/proc/${pid}/stat`, "utf8");
    const fields = text.slice(text.lastIndexOf(")") + 2).split(" ");
    return { zombie: fields[0] === "Z", started: fields[19]! };
  } catch {
    return undefined;
  }
}

/** Containers share a host's name more often than they share its processes. */
function namespace(): string {
  try {
    return readlinkSync("/proc/self/ns/pid");
  } catch {
    return "";
  }
}
