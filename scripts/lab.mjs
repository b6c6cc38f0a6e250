/**
 * npm run lab: JupyterLab with this checkout's kernel, which needs no installation: Jupyter looks for kernels where
 * JUPYTER_PATH says. What follows `--` goes to JupyterLab.
 */
import { spawn, spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const setup = spawnSync(process.execPath, [join(root, "scripts", "setup.mjs"), "--quiet"], { stdio: "inherit" });
if (setup.status !== 0) process.exit(setup.status ?? 1);

const jupyter = [join(root, ".venv", "bin", "jupyter-lab"), join(root, ".venv", "Scripts", "jupyter-lab.exe")].find((file) => existsSync(file));
if (jupyter === undefined) {
  console.error('JupyterLab is not there; "npm run setup" says why');
  process.exit(1);
}
const notebooks = join(root, "notebooks");
const folder = existsSync(notebooks) ? ["--notebook-dir", root, "--LabApp.default_url=/lab/tree/notebooks"] : ["--notebook-dir", root];
// The server drops output of more than 1 MB or 1,000 messages a second unless it is told otherwise.
const limits = ["--ZMQChannelsWebsocketConnection.iopub_data_rate_limit=1e9", "--ZMQChannelsWebsocketConnection.iopub_msg_rate_limit=1e5"];
const env = {
  ...process.env,
  JUPYTER_PATH: [root, process.env.JUPYTER_PATH].filter((one) => one !== undefined && one !== "").join(delimiter),
  PATH: [dirname(process.execPath), process.env.PATH].join(delimiter), // the kernelspec says "node"
};
const lab = spawn(jupyter, [...folder, ...limits, ...process.argv.slice(2)], { stdio: "inherit", env });
for (const signal of ["SIGINT", "SIGTERM"]) process.on(signal, () => lab.kill(signal)); // it asks, and ends its kernels
lab.on("exit", (code) => process.exit(code ?? 1));
