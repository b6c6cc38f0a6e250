/** Code in processes of its own, with the library's sources at hand: for what two processes do to one another. */
import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";

const root = join(__dirname, "../..");

/** Runs JavaScript in which `core("step")` gives src/core/step and `fs` is node:fs, with these variables beside this process's own. */
export function child(code: string, environment: NodeJS.ProcessEnv = {}): ChildProcess {
  const prelude = `const fs = require("node:fs"); const core = (name) => require(${JSON.stringify(join(root, "src/core"))} + "/" + name);\n`;
  const sleep = "const sleep = (ms) => new Promise((resolve) => setTimeout(resolve, ms));\n";
  return spawn(process.execPath, ["--require", "tsx/cjs", "-e", prelude + sleep + code], { cwd: root, env: { ...process.env, ...environment }, stdio: ["ignore", "pipe", "inherit"] });
}

/** All that it prints. @throws if it does not end with 0 */
export async function output(started: ChildProcess): Promise<string> {
  let text = "";
  started.stdout!.on("data", (piece: Buffer) => (text += piece.toString()));
  const [code, signal] = (await once(started, "close")) as [number | null, string | null];
  if (code !== 0) throw new Error(`the child ended with ${code ?? signal}`);
  return text;
}

/** Waits until it has printed something. */
export async function firstOutput(started: ChildProcess): Promise<string> {
  const [piece] = (await once(started.stdout!, "data")) as [Buffer];
  return piece.toString();
}

/** Kills it as nothing can prevent, and waits until it is gone. */
export async function kill(started: ChildProcess): Promise<void> {
  const closed = once(started, "close");
  started.kill("SIGKILL");
  await closed;
}
