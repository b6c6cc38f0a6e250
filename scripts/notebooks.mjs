/**
 * Executes the notebooks through the project's kernel, as the tests and whoever changes one does:
 *
 *   npm run notebooks                     executes all; fails on an error, a missing figure, or saved output that is older
 *                                         than the cells above it
 *   npm run notebooks -- --save [NAME]    executes, and saves the outputs in the form that differs only where it must:
 *                                         no times of execution, no durations of bars, ids that stay, one order of keys
 *
 * A cell tagged `figure` must show a figure: plotly's JSON for front ends that draw it, a picture for all others.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { existsSync, mkdtempSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const folder = join(root, "notebooks");
const python = process.platform === "win32" ? join(root, ".venv", "Scripts", "python.exe") : join(root, ".venv", "bin", "python");
const plotlyMime = "application/vnd.plotly.v1+json";
const pictures = ["image/svg+xml", "image/png"];
const secondsPerCell = 600;
/** What GitHub still shows in a moment. */
const largestOutput = 400_000;

/** The paths of the notebooks, in reading order. */
export function notebookPaths(names = []) {
  const all = readdirSync(folder).filter((name) => name.endsWith(".ipynb")).sort();
  const asked = names.map((name) => all.find((one) => one === name || one === `${name}.ipynb` || one.startsWith(`${name}-`)) ?? name);
  const unknown = asked.find((name) => !all.includes(name));
  if (unknown !== undefined) throw new Error(`Expected a notebook of notebooks/, found "${unknown}"; there are: ${all.join(", ")}`);
  return (asked.length === 0 ? all : asked).map((name) => join(folder, name));
}

/** Why notebooks cannot be executed here, if they cannot. */
export function missingForNotebooks() {
  if (!existsSync(python)) return "there is no .venv (npm run setup says what it needs)";
  return existsSync(join(root, "dist", "kernel", "main.js")) ? undefined : "the kernel is not built (npm run setup)";
}

const text = (source) => (Array.isArray(source) ? source.join("") : source ?? "");
const tagsOf = (cell) => cell.metadata?.tags ?? [];

/** The identity of the cells that were executed: what changes it makes saved output old. */
export function sourceHash(notebook) {
  const cells = notebook.cells.filter((cell) => cell.cell_type === "code").map((cell) => [text(cell.source), tagsOf(cell)]);
  return createHash("sha256").update(JSON.stringify(cells)).digest("hex").slice(0, 16);
}

/** What is wrong with the outputs of a notebook, saved or fresh. */
export function outputFaults(notebook) {
  return notebook.cells.flatMap((cell, at) => {
    if (cell.cell_type !== "code") return [];
    const where = `cell ${at + 1} (${text(cell.source).split("\n")[0].slice(0, 60)})`;
    const bundles = cell.outputs.flatMap((output) => (output.data === undefined ? [] : [output.data]));
    const faults = [];
    for (const { output_type: type, ename, evalue } of cell.outputs) {
      if (type === "error" && !tagsOf(cell).includes("raises-exception")) faults.push(`${where}: ${ename}: ${evalue}`);
    }
    const whole = (data) => plotlyMime in data && pictures.some((mime) => text(data[mime]).length > 0);
    if (tagsOf(cell).includes("figure") && !bundles.some(whole)) faults.push(`${where}: no figure with a picture`);
    for (const data of bundles) {
      if (plotlyMime in data && !whole(data)) faults.push(`${where}: a figure without a picture: ${text(data["text/plain"]).split("\n").at(-1)}`);
      if (plotlyMime in data && "text/html" in data) faults.push(`${where}: a figure with text/html, which hides its picture`);
    }
    const size = JSON.stringify(cell.outputs).length;
    if (size > largestOutput) faults.push(`${where}: ${size} characters of output, more than ${largestOutput}`);
    return faults;
  });
}

/** Whether the saved outputs are those of the cells as they are. */
export function staleness(notebook) {
  const never = notebook.cells.some((cell) => cell.cell_type === "code" && cell.execution_count === null);
  if (never) return "a cell was never executed";
  return notebook.metadata.sessionlab?.sources === sourceHash(notebook) ? undefined : "the saved output is older than the cells";
}

/** The form that is saved: outputs of `executed`, and nothing that changes from run to run without need. */
export function saved(executed) {
  const lines = (source) => text(source).split(/(?<=\n)/);
  const cells = executed.cells.map((cell, at) => {
    const tags = tagsOf(cell);
    const kept = { cell_type: cell.cell_type, id: `cell-${String(at + 1).padStart(2, "0")}`, metadata: tags.length === 0 ? {} : { tags }, source: lines(cell.source) };
    return cell.cell_type === "code" ? { ...kept, execution_count: cell.execution_count, outputs: cell.outputs.map(savedOutput) } : kept;
  });
  const { name, display_name: title } = executed.metadata.kernelspec ?? {};
  const metadata = {
    kernelspec: { name, display_name: title, language: "typescript" },
    language_info: { name: "typescript", file_extension: ".ts", mimetype: "text/typescript" },
    sessionlab: { sources: sourceHash(executed) },
  };
  return `${JSON.stringify(sorted({ cells, metadata, nbformat: 4, nbformat_minor: 5 }), undefined, 1)}\n`;
}

function savedOutput(output) {
  const lines = (value) => (typeof value === "string" || Array.isArray(value) ? text(value).split(/(?<=\n)/) : value);
  if (output.output_type === "stream") return { output_type: "stream", name: output.name, text: lines(output.text) };
  if (output.data === undefined) return output;
  // Pictures stay in one line, as they are.
  const form = (mime, value) => (mime.startsWith("image/") ? text(value) : mime.startsWith("text/") ? lines(withoutDuration(text(value))) : value);
  const data = Object.fromEntries(Object.entries(output.data).map(([mime, value]) => [mime, form(mime, value)]));
  return { ...output, data, metadata: output.metadata ?? {} };
}

/** The line that a bar has become ("✓ train SASRec  8/8 epoch  20 s  loss 5.875"), without how long it took. */
function withoutDuration(shown) {
  if (!/^(<div>)?[✓■] /.test(shown)) return shown;
  return shown.replace(/( {2}| · )(\d+ h \d+ min|\d+ min \d+ s|[\d.]+ s)(?= {2}| · |$|<\/div>)/, "");
}

/** Keys in one order, as nbformat writes them. */
function sorted(value) {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)).map(([key, one]) => [key, sorted(one)]));
}

/**
 * Executes a notebook through the kernel.
 * @returns the notebook with its fresh outputs, and how long it took
 */
export async function execute(path) {
  const scratch = mkdtempSync(join(tmpdir(), "sessionlab-notebook-"));
  const start = performance.now();
  try {
    const target = join(scratch, "out.ipynb");
    const search = [root, ...(process.env.JUPYTER_PATH === undefined ? [] : [process.env.JUPYTER_PATH])].join(delimiter);
    const child = spawn(python, [join(root, "scripts", "execute_notebook.py"), path, target, String(secondsPerCell)], {
      env: { ...process.env, JUPYTER_PATH: search, PYDEVD_DISABLE_FILE_VALIDATION: "1" },
      stdio: ["ignore", "ignore", "pipe"],
    });
    let said = "";
    child.stderr.setEncoding("utf8").on("data", (more) => (said += more));
    const [code, signal] = await new Promise((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (...how) => resolve(how));
    });
    if (code !== 0) throw new Error(said.trim() === "" ? `it ended with ${signal ?? code}` : said.trim());
    return { notebook: JSON.parse(readFileSync(target, "utf8")), seconds: (performance.now() - start) / 1000 };
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

async function main(given) {
  const missing = missingForNotebooks();
  if (missing !== undefined) throw new Error(`Expected Jupyter and the kernel, found that ${missing}`);
  const save = given.includes("--save");
  let failed = 0;
  for (const path of notebookPaths(given.filter((one) => !one.startsWith("--")))) {
    const name = path.slice(folder.length + 1);
    const faults = [];
    let seconds = 0;
    try {
      const before = JSON.parse(readFileSync(path, "utf8"));
      const old = staleness(before);
      if (!save && old !== undefined) faults.push(`${old}: npm run notebooks -- --save ${name}`);
      if (!save && old === undefined) faults.push(...outputFaults(before).map((fault) => `saved: ${fault}`));
      const fresh = await execute(path);
      seconds = fresh.seconds;
      faults.push(...outputFaults(fresh.notebook));
      if (save && faults.length === 0) {
        writeFileSync(`${path}.new`, saved(fresh.notebook));
        renameSync(`${path}.new`, path);
      }
    } catch (error) {
      faults.push(error.message);
    }
    failed += faults.length > 0 ? 1 : 0;
    console.log(`${faults.length > 0 ? "failed" : save ? "saved " : "passed"}  ${name}  ${seconds.toFixed(0)} s`);
    for (const fault of faults) console.log(`  ${fault.replaceAll("\n", "\n  ")}`);
  }
  if (failed > 0) process.exitCode = 1;
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  main(process.argv.slice(2)).catch((error) => {
    console.error(error.message);
    process.exitCode = 1;
  });
}
