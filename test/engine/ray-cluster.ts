/** A Ray cluster on loopback: raylets with ports and folders of their own. */
import { spawn, type ChildProcess } from "node:child_process";
import { readdirSync, readFileSync, readlinkSync } from "node:fs";
import { createServer } from "node:net";
import { dirname, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/** A port that nobody uses now. */
export function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const server = createServer().on("error", reject);
    server.listen(0, "127.0.0.1", () => {
      const { port } = server.address() as { readonly port: number };
      server.close(() => resolve(port));
    });
  });
}

/** Other processes whose command line names a folder, or that have a file open in it: Ray's agents hide the first. */
function processesOf(folder: string): { readonly pid: number; readonly command: string }[] {
  return readdirSync("/proc").filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid).flatMap((name) => {
    try {
      const command = readFileSync(join("/proc", name, "cmdline"), "utf8").replaceAll("\0", " ");
      const open = (): string[] => readdirSync(join("/proc", name, "fd")).map((fd) => readlinkSync(join("/proc", name, "fd", fd)));
      return command.includes(folder) || open().some((file) => file.startsWith(`${folder}/`)) ? [{ pid: Number(name), command }] : [];
    } catch {
      return []; // it has ended, or is another user's
    }
  });
}

function kill(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal);
  } catch {
    // it has ended
  }
}

/** Who may use it. */
export const auth = { RAY_AUTH_MODE: "token", RAY_AUTH_TOKEN: "a-token-of-the-tests-that-is-no-secret" };

/** One node of it. */
export class RayNode {
  private constructor(readonly name: string, private readonly folder: string, private readonly command: ChildProcess, readonly said: () => string) {}

  /** @param cpus what it offers @param head the cluster's address; not given: it is the head, at `port` */
  static async start(python: string, folder: string, cpus: number, address: { readonly port: number } | { readonly head: string }, more: NodeJS.ProcessEnv = {}): Promise<RayNode> {
    const at = "port" in address ? ["--head", "--port", String(address.port), "--include-dashboard", "false"] : ["--address", address.head];
    const args = ["start", ...at, "--num-cpus", String(cpus), "--object-store-memory", "100000000", "--temp-dir", folder, "--node-ip-address", "127.0.0.1", "--disable-usage-stats", "--block"];
    const env = { ...process.env, RAY_health_check_period_ms: "500", RAY_health_check_timeout_ms: "1000", RAY_health_check_initial_delay_ms: "1000", RAY_enable_metrics_collection: "0", RAY_worker_niceness: "0", ...auth, ...more };
    const command = spawn(join(dirname(python), "ray"), args, { stdio: ["ignore", "pipe", "pipe"], env });
    let said = "";
    for (const stream of [command.stdout, command.stderr]) stream.on("data", (piece: Buffer) => (said += piece.toString()));
    const node = new RayNode("port" in address ? "head" : "node", folder, command, () => said);
    for (let tries = 0; !/Ray runtime started/.test(said); tries++) {
      if (tries > 600 || command.exitCode !== null) {
        await node.stop();
        throw new Error(`Expected a Ray ${node.name}, found ${said}`);
      }
      await sleep(100);
    }
    return node;
  }

  /** Its raylet, at once and without a word. */
  killRaylet(): void {
    for (const { pid, command } of processesOf(this.folder)) if (/\/raylet\/raylet /.test(command)) kill(pid, "SIGKILL");
  }

  /** All of it. */
  async stop(): Promise<void> {
    this.command.kill("SIGKILL");
    for (let left = processesOf(this.folder), tries = 0; left.length > 0 && tries < 100; left = processesOf(this.folder), tries++) {
      for (const { pid } of left) kill(pid, "SIGKILL");
      await sleep(50);
    }
  }
}
