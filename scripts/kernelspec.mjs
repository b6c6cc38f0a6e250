/**
 * The kernelspec. `kernels/sessionlab/kernel.json` is one as it stands: Jupyter finds it where JUPYTER_PATH names this
 * checkout. Installed elsewhere it names the checkout and this Node, so that nothing is looked for on the PATH.
 */
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { dirname, join } from "node:path";
import { writeWhole } from "./steps.mjs";

/** @returns the file of the kernelspec in an environment, `.venv` by default */
export function kernelspecFile(root, prefix = join(root, ".venv")) {
  return join(prefix, "share", "jupyter", "kernels", "sessionlab", "kernel.json");
}

/** What the file says. */
export function kernelspec(root) {
  const own = JSON.parse(readFileSync(join(root, "kernels", "sessionlab", "kernel.json"), "utf8"));
  const argv = [process.execPath, join(root, "kernels", "sessionlab", "start.cjs"), "{connection_file}"];
  return `${JSON.stringify({ ...own, argv }, null, 2)}\n`;
}

export function kernelspecIsCurrent(root, prefix) {
  const wanted = { [kernelspecFile(root, prefix)]: kernelspec(root), ...translator(root, prefix) };
  try {
    return Object.entries(wanted).every(([file, content]) => readFileSync(file, "utf8") === content);
  } catch {
    return false;
  }
}

/** Writes the kernelspec, and what papermill needs to give TypeScript notebooks parameters. @returns the kernelspec's file */
export function installKernelspec(root, prefix) {
  const file = kernelspecFile(root, prefix);
  writeWhole(file, kernelspec(root));
  for (const [name, content] of Object.entries(translator(root, prefix))) writeWhole(name, content);
  rmSync(join(dirname(dirname(file)), "tslab"), { recursive: true, force: true }); // what an earlier version put there
  return file;
}

/** Removes what installKernelspec wrote. @returns whether it was there */
export function uninstallKernelspec(root, prefix) {
  const file = kernelspecFile(root, prefix);
  const found = existsSync(file);
  rmSync(dirname(file), { recursive: true, force: true });
  for (const name of Object.keys(translator(root, prefix))) rmSync(name.includes(".dist-info") ? dirname(name) : name, { recursive: true, force: true });
  return found;
}

/** The files of a Python package, as pip would have put them into an environment: papermill finds it by its entry point. */
function translator(root, prefix = join(root, ".venv")) {
  const module = "sessionlab_papermill";
  const source = readFileSync(join(root, "kernels", "sessionlab", "papermill", `${module}.py`), "utf8");
  const info = `${module}-1.0.dist-info`;
  const files = {
    [`${module}.py`]: source,
    [join(info, "METADATA")]: `Metadata-Version: 2.1\nName: ${module.replace("_", "-")}\nVersion: 1.0\nSummary: papermill's parameters for the kernel of SessionLab\n`,
    [join(info, "entry_points.txt")]: `[papermill.engine]\nsessionlab = ${module}:Engine\n`,
    [join(info, "RECORD")]: [`${module}.py`, `${info}/METADATA`, `${info}/entry_points.txt`, `${info}/RECORD`].map((name) => `${name},,\n`).join(""),
  };
  return Object.fromEntries(sitePackages(prefix).flatMap((folder) => Object.entries(files).map(([name, content]) => [join(folder, name), content])));
}

/** None where the prefix is no Python environment. */
function sitePackages(prefix) {
  const folders = [join(prefix, "Lib", "site-packages")];
  const lib = join(prefix, "lib");
  if (existsSync(lib)) folders.push(...readdirSync(lib).filter((name) => name.startsWith("python3")).map((name) => join(lib, name, "site-packages")));
  return folders.filter((folder) => existsSync(folder));
}
