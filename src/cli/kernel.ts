/** sessionlab kernel: lets Jupyter find the kernel of this checkout, takes that back, and says whether it works. */
import { existsSync, rmSync } from "node:fs";
import { homedir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Command } from "commander";
import { ConfigError, DataError } from "../core/errors";
import { writeFileAtomic } from "../core/files";
import { projectRoot } from "../data/store";
import type { Outcome, Runner, Terminal } from "./terminal";

interface Place {
  readonly prefix?: string;
  readonly user?: boolean;
}

/** What scripts/kernelspec.mjs exports. */
interface Kernelspec {
  kernelspec(root: string): string;
  kernelspecFile(root: string, prefix?: string): string;
  installKernelspec(root: string, prefix?: string): string;
  uninstallKernelspec(root: string, prefix?: string): boolean;
}

/** What the compiled kernel's client.js exports, as far as the doctor uses it. */
interface KernelClient {
  execute(code: string): Promise<{ readonly reply: Readonly<Record<string, unknown>>; readonly outputs: readonly { readonly content: unknown }[] }>;
  heartbeat(): Promise<number>;
  shutdown(): Promise<number | null>;
}
interface ClientModule {
  readonly KernelClient: { start(options: { readonly onLog: (text: string) => void }): Promise<KernelClient> };
}

export function addKernel(program: Command, runner: Runner): void {
  const kernel = program.command("kernel").description("the Jupyter kernel: install, uninstall, doctor");
  const place = (command: Command): Command =>
    command
      .option("--prefix <folder>", "an environment, such as a Python virtual environment; default: the project's .venv")
      .option("--user", "for this user, whatever the environment");
  const install = place(kernel.command("install").description("write the kernelspec, so that Jupyter offers the kernel"))
    .addHelpText("after", "\nExamples:\n  $ sessionlab kernel install\n  $ sessionlab kernel install --user\n  $ sessionlab kernel install --prefix ~/miniconda3/envs/lab");
  runner.action(install, installSpec);
  const uninstall = place(kernel.command("uninstall").description("remove the kernelspec that install wrote"))
    .addHelpText("after", "\nExamples:\n  $ sessionlab kernel uninstall --user");
  runner.action(uninstall, uninstallSpec);
  const doctor = kernel.command("doctor").description("start the kernel, run cells in it, say how long that takes")
    .addHelpText("after", "\nExamples:\n  $ sessionlab kernel doctor\n  $ sessionlab kernel doctor --json");
  runner.action(doctor, examine);
}

async function specs(): Promise<Kernelspec> {
  return (await import(pathToFileURL(join(projectRoot, "scripts", "kernelspec.mjs")).href)) as Kernelspec;
}

async function fileAt({ prefix, user }: Place): Promise<string> {
  if (prefix !== undefined && user === true) throw new ConfigError("Expected --prefix or --user, found both; give one");
  if (user === true) return join(jupyterFolder(), "kernels", "sessionlab", "kernel.json");
  return (await specs()).kernelspecFile(projectRoot, prefixOf({ prefix }));
}

function prefixOf({ prefix }: Place): string | undefined {
  return prefix === undefined ? undefined : resolve(prefix);
}

async function installSpec(given: Place): Promise<Outcome> {
  const file = await fileAt(given);
  const scripts = await specs();
  if (given.user === true) writeFileAtomic(file, scripts.kernelspec(projectRoot));
  else scripts.installKernelspec(projectRoot, prefixOf(given));
  return { text: `The kernel is installed: ${file}\nStart JupyterLab and choose "TypeScript (SessionLab)".\n`, json: { file } };
}

async function uninstallSpec(given: Place): Promise<Outcome> {
  const file = await fileAt(given);
  const found = given.user === true ? existsSync(file) : (await specs()).uninstallKernelspec(projectRoot, prefixOf(given));
  if (given.user === true) rmSync(dirname(file), { recursive: true, force: true });
  return { text: found ? `The kernel is no longer installed at ${dirname(file)}.\n` : `No kernel was installed at ${dirname(file)}.\n`, json: { file, removed: found } };
}

/** Cells of which the median is taken. */
const trials = 21;

async function examine(_given: object, terminal: Terminal): Promise<Outcome> {
  const compiled = join(projectRoot, "dist", "kernel", "client.js");
  if (!existsSync(compiled)) throw new DataError(`Expected the compiled kernel at ${compiled}, found nothing; run "npm run setup"`);
  const { KernelClient: client } = require(compiled) as ClientModule;
  const began = performance.now();
  const kernel = await client.start({ onLog: (text) => terminal.say(text.trimEnd()) });
  const start = performance.now() - began;
  try {
    const times: number[] = [];
    for (let i = 0; i < trials; i++) {
      terminal.signal.throwIfAborted();
      times.push(await timed(kernel, `1 + ${i}`, String(1 + i)));
    }
    const report = {
      startMilliseconds: Math.round(start),
      firstCellMilliseconds: Math.round(times[0]!),
      cellMilliseconds: Math.round(times.sort((a, b) => a - b)[trials >> 1]!),
      libraryMilliseconds: Math.round(await timed(kernel, "typeof lab.evaluate", "'function'")),
      heartbeatMilliseconds: Math.round(await kernel.heartbeat()),
    };
    const text = [
      "The kernel works.",
      `  it answers after         ${report.startMilliseconds} ms`,
      `  its first cell takes     ${report.firstCellMilliseconds} ms`,
      `  a trivial cell           ${report.cellMilliseconds} ms (median of ${trials})`,
      `  the library's first use  ${report.libraryMilliseconds} ms`,
      `  a heartbeat              ${report.heartbeatMilliseconds} ms`,
    ];
    return { text: `${text.join("\n")}\n`, json: report };
  } finally {
    await kernel.shutdown();
  }
}

/** Milliseconds of a cell. @throws DataError if its result is another one */
async function timed(kernel: KernelClient, code: string, expected: string): Promise<number> {
  const began = performance.now();
  const { outputs } = await kernel.execute(code);
  const took = performance.now() - began;
  const found = (outputs.at(-1)?.content as { data?: Record<string, unknown> } | undefined)?.data?.["text/plain"];
  if (found !== expected) throw new DataError(`Expected ${expected} from the cell ${JSON.stringify(code)}, found ${JSON.stringify(outputs.map(({ content }) => content))}; run "npm run setup"`);
  return took;
}

/** Jupyter's own folder of this user, by its rules. */
function jupyterFolder(): string {
  const named = process.env["JUPYTER_DATA_DIR"];
  if (named !== undefined && named !== "") return named;
  if (process.platform === "darwin") return join(homedir(), "Library", "Jupyter");
  if (process.platform === "win32") return join(process.env["APPDATA"] ?? homedir(), "jupyter");
  return join(process.env["XDG_DATA_HOME"] ?? join(homedir(), ".local", "share"), "jupyter");
}
