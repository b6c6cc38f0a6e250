/** The kernelspec of tslab for this checkout: Jupyter of .venv finds it, and nothing is looked for on the PATH. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { writeWhole } from "./steps.mjs";

/** @returns the file of the kernelspec in an environment, `.venv` by default */
export function kernelspecFile(root, prefix = join(root, ".venv")) {
  return join(prefix, "share", "jupyter", "kernels", "tslab", "kernel.json");
}

/** What the file says. */
export function kernelspec(root, platform = process.platform) {
  const program = join(root, "node_modules", ".bin", platform === "win32" ? "tslab.cmd" : "tslab");
  const spec = { argv: [program, "kernel", "--config-path", "{connection_file}"], display_name: "TypeScript (tslab)", language: "typescript" };
  return `${JSON.stringify(spec, null, 2)}\n`;
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
  return file;
}
