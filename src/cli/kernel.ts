/** sessionlab kernel install: lets Jupyter find the kernel of this checkout. */
import { homedir } from "node:os";
import { join, resolve } from "node:path";
import { pathToFileURL } from "node:url";
import type { Command } from "commander";
import { ConfigError } from "../core/errors";
import { writeFileAtomic } from "../core/files";
import { projectRoot } from "../data/store";
import type { Outcome, Runner } from "./terminal";

interface InstallOptions {
  readonly prefix?: string;
  readonly user?: boolean;
}

/** What scripts/kernelspec.mjs exports. */
interface Kernelspec {
  kernelspec(root: string): string;
  installKernelspec(root: string, prefix?: string): string;
}

export function addKernel(program: Command, runner: Runner): void {
  const command = program
    .command("kernel")
    .description("the Jupyter kernel")
    .command("install")
    .description("write the kernelspec, so that Jupyter offers the kernel")
    .option("--prefix <folder>", "an environment, such as a Python virtual environment; default: the project's .venv")
    .option("--user", "for this user, whatever the environment")
    .addHelpText("after", "\nExamples:\n  $ sessionlab kernel install\n  $ sessionlab kernel install --user\n  $ sessionlab kernel install --prefix ~/miniconda3/envs/lab");
  runner.action(command, install);
}

async function install(given: InstallOptions): Promise<Outcome> {
  if (given.prefix !== undefined && given.user === true) throw new ConfigError("Expected --prefix or --user, found both; give one");
  const scripts = (await import(pathToFileURL(join(projectRoot, "scripts", "kernelspec.mjs")).href)) as Kernelspec;
  let file: string;
  if (given.user === true) {
    file = join(jupyterFolder(), "kernels", "tslab", "kernel.json");
    writeFileAtomic(file, scripts.kernelspec(projectRoot));
  } else {
    file = scripts.installKernelspec(projectRoot, given.prefix === undefined ? undefined : resolve(given.prefix));
  }
  return { text: `The kernel is installed: ${file}\nStart JupyterLab and choose "TypeScript".\n`, json: { file } };
}

/** Jupyter's own folder of this user, by its rules. */
function jupyterFolder(): string {
  const named = process.env["JUPYTER_DATA_DIR"];
  if (named !== undefined && named !== "") return named;
  if (process.platform === "darwin") return join(homedir(), "Library", "Jupyter");
  if (process.platform === "win32") return join(process.env["APPDATA"] ?? homedir(), "jupyter");
  return join(process.env["XDG_DATA_HOME"] ?? join(homedir(), ".local", "share"), "jupyter");
}
