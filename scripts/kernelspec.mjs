/**
 * The kernelspec. `kernels/sessionlab/kernel.json` is one as it stands: Jupyter finds it where JUPYTER_PATH names this
 * checkout. Installed elsewhere it names the checkout and this Node, so that nothing is looked for on the PATH.
 */
import { readFileSync, rmSync } from "node:fs";
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
  try {
    return readFileSync(kernelspecFile(root, prefix), "utf8") === kernelspec(root);
  } catch {
    return false;
  }
}

/** Writes the kernelspec. @returns its file */
export function installKernelspec(root, prefix) {
  const file = kernelspecFile(root, prefix);
  writeWhole(file, kernelspec(root));
  rmSync(join(dirname(dirname(file)), "tslab"), { recursive: true, force: true }); // what an earlier version put there
  return file;
}
