/** Work in a process of its own, so that its memory is its own. */
import { spawn } from "node:child_process";
import { SessionLabError } from "../src/core/errors";

/** Runs a program. @returns the JSON of its last line */
export function child(program: string, args: readonly string[]): Promise<unknown> {
  const started = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
  let output = "";
  started.stdout.on("data", (piece: Buffer) => (output += piece.toString()));
  return new Promise((resolve, reject) => {
    started.on("error", reject);
    started.on("close", (code, signal) => {
      if (code === 0) resolve(JSON.parse(output.trimEnd().split("\n").at(-1)!));
      else reject(new SessionLabError(`Expected the process of "${args.at(-1)}" to end well, found ${code ?? signal}; its message is above`));
    });
  });
}

/** Runs a TypeScript file. */
export function script(file: string, args: readonly string[]): Promise<unknown> {
  return child(process.execPath, ["--require", require.resolve("tsx/cjs"), file, ...args]);
}
