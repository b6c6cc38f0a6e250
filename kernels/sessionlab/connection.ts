/** The connection file that Jupyter gives a kernel: read once, checked, never trusted to be wider than it says. */
import { readFileSync } from "node:fs";

export interface Connection {
  readonly transport: "tcp" | "ipc";
  /** The address to bind to, and no other. */
  readonly ip: string;
  /** HMAC key; empty: messages are not signed. */
  readonly key: string;
  readonly ports: Readonly<Record<Channel, number>>;
}

export type Channel = "shell" | "iopub" | "stdin" | "control" | "heartbeat";

const portNames: Readonly<Record<Channel, string>> = {
  shell: "shell_port", iopub: "iopub_port", stdin: "stdin_port", control: "control_port", heartbeat: "hb_port",
};

/** @throws Error that says what is wrong with the file */
export function readConnection(file: string): Connection {
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (error) {
    throw new Error(`Expected a readable connection file, found ${(error as NodeJS.ErrnoException).code} at ${file}; Jupyter makes it before it starts a kernel`);
  }
  let given: Record<string, unknown>;
  try {
    given = JSON.parse(text) as Record<string, unknown>;
    if (typeof given !== "object" || given === null) throw new Error("no object");
  } catch {
    throw new Error(`Expected JSON in the connection file ${file}, found ${JSON.stringify(text.slice(0, 40))}; start the kernel through Jupyter`);
  }
  const wrong = (what: string, name: string): Error => new Error(`Expected ${what} in the connection file ${file}, found ${name} ${JSON.stringify(given[name])}`);
  const { transport = "tcp", ip, key = "", signature_scheme: scheme = "hmac-sha256" } = given;
  if (transport !== "tcp" && transport !== "ipc") throw wrong("tcp or ipc", "transport");
  if (typeof ip !== "string" || ip === "") throw wrong("an address", "ip");
  if (typeof key !== "string") throw wrong("a text", "key");
  if (scheme !== "hmac-sha256") throw wrong("hmac-sha256", "signature_scheme");
  const ports = Object.fromEntries(
    Object.entries(portNames).map(([channel, name]) => {
      const port = given[name];
      if (!Number.isInteger(port) || (port as number) < 1 || (port as number) > 65535) throw wrong("a port from 1 to 65535", name);
      return [channel, port];
    }),
  ) as Record<Channel, number>;
  return { transport, ip, key, ports };
}

/** Where ZeroMQ binds a channel: exactly the address given. */
export function endpoint({ transport, ip, ports }: Connection, channel: Channel): string {
  return transport === "ipc" ? `ipc://${ip}-${ports[channel]}` : `tcp://${ip.includes(":") && !ip.startsWith("[") ? `[${ip}]` : ip}:${ports[channel]}`;
}
