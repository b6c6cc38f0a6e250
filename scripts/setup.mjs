/**
 * Sets SessionLab up: npm packages, a Python environment with Jupyter, the native tensor backend, the kernelspec,
 * the TypeScript build. Started by `npm run reproduce` and `npm test`; a call with nothing to do takes a fraction of
 * a second. Plain Node, no dependencies: it runs before there are any.
 *
 *   node scripts/setup.mjs           does what is due, and tries once more what failed before
 *   node scripts/setup.mjs --quiet   does what is due; one line if that is nothing
 *   node scripts/setup.mjs --ray     also a Python that has Ray, for --engine ray
 *   node scripts/setup.mjs --tests   also what only the tests need, Ray among it
 *
 * SESSIONLAB_BACKEND=wasm|cpu: no native backend. SESSIONLAB_NATIVE=cpu|cuda: this variant of it.
 * SESSIONLAB_SETUP=minimal: no Jupyter. PYTHON, CXX: the commands to use.
 */
import { chmodSync, existsSync, readFileSync, renameSync, rmSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { installKernelspec, kernelspecIsCurrent } from "./kernelspec.mjs";
import { atLeast, findPython, howToGet, onPath, pythonNames, thisMachine } from "./machine.mjs";
import { buildNative, findCompiler, nativeReady } from "./native.mjs";
import { planNative } from "./native-plan.mjs";
import { filesBelow, hashOfFiles, lostLine, runSteps, SetupError, writeWhole } from "./steps.mjs";

const root = join(dirname(fileURLToPath(import.meta.url)), "..");
const path = (...parts) => join(root, ...parts);
const windows = process.platform === "win32";
/** The interpreter of a Python environment. */
const pythonOf = (folder) => (windows ? join(folder, "Scripts", "python.exe") : join(folder, "bin", "python"));
const venvPython = pythonOf(path(".venv"));

/** Installs into a Python environment. @param to what to type to try again @param wants what the index must have, beside being reached */
const pipInstall = (exec, python, given, to, wants = "") =>
  exec(python, ["-m", "pip", "install", "--disable-pip-version-check", "--progress-bar", "off", ...given], { how: `see whether pip reaches its index (pip config list)${wants}, then: ${to}` });
const minimal = process.env.SESSIONLAB_SETUP === "minimal";
const backend = process.env.SESSIONLAB_BACKEND ?? "";

const withoutNative = "tensors run on wasm, 4 to 8 times slower";
const withoutJupyter = "notebooks cannot be run";

/** npm packages: node_modules must be what package-lock.json says, however it came about. */
const packages = {
  name: "packages",
  says: "npm ci",
  inputs: () => hashOfFiles([path("package-lock.json"), ...filesBelow(path("shims"))].map(relativeToRoot)),
  ready: () => existsSync(path("node_modules", ".package-lock.json")),
  async run({ exec }) {
    if (agreesWithLock()) return "node_modules was as the lock file says";
    const { npm_execpath: npmScript } = process.env; // the npm that started this script
    const [command, ...first] = npmScript?.endsWith("npm-cli.js") ? [process.execPath, npmScript] : ["npm"];
    const how = "see whether npm reaches its registry (npm ping), then: npm run setup";
    await exec(command, [...first, "ci", "--include=dev", "--prefer-offline", "--no-audit", "--no-fund"], { how });
    return undefined;
  },
};

/** A Python environment: its pip fetches TensorFlow's libraries, and Jupyter lives in it. */
const python = {
  name: "python",
  says: "a Python environment in .venv",
  loses: withoutJupyter,
  inputs: () => root, // an environment cannot be moved
  needs: () => pythonsOnPath().join(),
  ready: () => existsSync(venvPython),
  async run({ exec }) {
    const found = pythonToUse();
    rmSync(path(".venv"), { recursive: true, force: true });
    try {
      await exec(found.command, ["-m", "venv", path(".venv")]);
    } catch (error) {
      rmSync(path(".venv"), { recursive: true, force: true });
      throw /ensurepip|No module named venv/.test(error.output ?? "") ? noVenv(found) : error;
    }
    return `Python ${found.version}`;
  },
};

/** Jupyter, at the versions of requirements.txt. */
const jupyter = {
  name: "jupyter",
  says: "pip install -r requirements.txt",
  loses: withoutJupyter,
  inputs: () => hashOfFiles(["requirements.txt"], root),
  needs: () => [existsSync(venvPython), ...pythonsOnPath()].join(),
  ready: () => existsSync(path(".venv", "share", "jupyter")),
  async run({ exec }) {
    if (!existsSync(venvPython)) throw noVenv(pythonToUse());
    const started = path(".venv", "pip-started"); // pip takes a package that it was stopped in the middle of for a whole one
    const afresh = existsSync(started) ? ["--force-reinstall"] : [];
    writeWhole(started, "");
    await pipInstall(exec, venvPython, [...afresh, "-r", "requirements.txt"], "npm run setup");
    rmSync(started);
    return undefined;
  },
};

/** What the tests run notebooks with. */
const testRequirements = join("test", "kernel", "requirements.txt");
const notebookTools = {
  name: "notebook tools",
  says: `pip install -r ${testRequirements}`,
  loses: "notebooks are not tested",
  inputs: () => hashOfFiles(["requirements.txt", testRequirements], root),
  needs: () => String(existsSync(path(".venv", "share", "jupyter"))),
  ready: () => existsSync(venvPython),
  async run({ exec }) {
    if (!existsSync(path(".venv", "share", "jupyter"))) throw new SetupError("Jupyter is not there");
    await pipInstall(exec, venvPython, ["-r", testRequirements, "-c", "requirements.txt"], "npm run setup -- --tests");
    return undefined;
  },
};

/** A Python that has Ray, of its own because its packages' versions are not Jupyter's. */
const rayRequirements = "requirements-ray.txt";
const rayFolder = path(".cache", "ray-venv");
const rayPython = pythonOf(rayFolder);
const ray = {
  name: "ray",
  says: `pip install -r ${rayRequirements} (90 MB)`,
  loses: "--engine ray has no Ray, and is not tested",
  inputs: () => hashOfFiles([rayRequirements], root),
  needs: () => pythonsOnPath().join(),
  ready: () => existsSync(rayPython),
  async run({ exec }) {
    const found = pythonToUse();
    rmSync(rayFolder, { recursive: true, force: true });
    try {
      await exec(found.command, ["-m", "venv", rayFolder]);
      await pipInstall(exec, rayPython, ["--only-binary", ":all:", "-r", rayRequirements], "npm run setup -- --ray", " and has Ray for this Python");
    } catch (error) {
      rmSync(rayFolder, { recursive: true, force: true });
      throw error;
    }
    return undefined;
  },
};

/** The S3 server that the tests start. */
const serverRequirements = join("test", "engine", "requirements.txt");
const s3server = {
  name: "s3 server",
  says: `pip install -r ${serverRequirements}`,
  loses: "the step cache's store is not tested",
  inputs: () => hashOfFiles([rayRequirements, serverRequirements], root),
  needs: () => String(existsSync(rayPython)),
  ready: () => existsSync(rayPython),
  async run({ exec }) {
    if (!existsSync(rayPython)) throw new SetupError("Ray is not there");
    await pipInstall(exec, rayPython, ["--only-binary", ":all:", "-r", serverRequirements, "-c", rayRequirements], "npm run setup -- --tests");
    return undefined;
  },
};

/** The native tensor backend. */
const plans = backend === "wasm" || backend === "cpu" ? undefined : planNative(thisMachine(), process.env.SESSIONLAB_NATIVE);
const native = {
  name: "native",
  says: "the native tensor backend",
  loses: withoutNative,
  inputs: () => hashOfFiles([], JSON.stringify(plans)),
  needs: () => [existsSync(venvPython), ...pythonsOnPath(), Array.isArray(plans) ? (findCompiler(plans[0]) ?? "no compiler") : ""].join(),
  ready: () => nativeReady(root, plans),
  async run(tools) {
    if (!Array.isArray(plans)) throw new SetupError(plans.reason);
    if (findCompiler(plans[0]) === undefined) throw new SetupError("no C++ compiler was found", { how: howToGet("compiler") });
    return buildNative(root, plans, await pythonWithPip(tools.exec), tools);
  },
};

/** The kernelspec, in the environment's own folder. */
const kernel = {
  name: "kernel",
  says: "the kernelspec, in .venv",
  inputs: () => "",
  ready: () => !existsSync(venvPython) || kernelspecIsCurrent(root),
  async run() {
    if (existsSync(venvPython)) installKernelspec(root);
    return undefined;
  },
};

/** The TypeScript build, of the library and of the kernel: into a folder beside, which then takes the name. */
const kernelConfig = join("kernels", "sessionlab", "tsconfig.json");
const build = {
  name: "build",
  says: "tsc -p tsconfig.build.json, and the kernel's",
  inputs: () => {
    const sources = [...filesBelow(path("src")), ...filesBelow(path("kernels"))].filter((file) => file.endsWith(".ts"));
    return hashOfFiles(["package-lock.json", "tsconfig.json", "tsconfig.build.json", kernelConfig, ...sources.map(relativeToRoot)]);
  },
  ready: () => existsSync(path("dist", "index.js")) && existsSync(path("dist", "kernel", "main.js")),
  async run({ exec }) {
    const beside = path(".cache", "dist.tmp");
    rmSync(beside, { recursive: true, force: true });
    const tsc = join("node_modules", "typescript", "bin", "tsc");
    const how = "mend the errors above, then: npm run setup";
    await exec(process.execPath, [tsc, "-p", "tsconfig.build.json", "--outDir", join(".cache", "dist.tmp")], { how });
    await exec(process.execPath, [tsc, "-p", kernelConfig, "--outDir", join(".cache", "dist.tmp", "kernel")], { how });
    chmodSync(join(beside, "cli", "main.js"), 0o755); // npx made the first build's executable, and takes the next for granted
    rmSync(path("dist"), { recursive: true, force: true });
    renameSync(beside, path("dist"));
    return undefined;
  },
};

/** The data that the notebooks and some tests are about, fetched as the library fetches them. */
const films = {
  name: "films",
  says: "sessionlab data get ml-100k",
  loses: "notebooks and tests on MovieLens-100K are skipped",
  inputs: () => "",
  needs: () => hashOfFiles(["src/data/catalog.ts"]),
  ready: () => existsSync(join(process.env.SESSIONLAB_HOME ?? path("data"), "downloads")),
  async run({ exec }) {
    await exec(process.execPath, [join("dist", "cli", "main.js"), "data", "get", "ml-100k"], { how: "npx sessionlab data get ml-100k" });
    return undefined;
  },
};

/** The default text encoder, fetched as the library fetches it. */
const encoder = {
  name: "encoder",
  says: "sessionlab vectors --fetch (84 MB)",
  loses: "tests on the default text encoder are skipped",
  inputs: () => "",
  needs: () => hashOfFiles(["src/text/default-encoder.ts"]),
  ready: () => existsSync(join(process.env.SESSIONLAB_HOME ?? path("data"), "models")),
  async run({ exec }) {
    await exec(process.execPath, [join("dist", "cli", "main.js"), "vectors", "--fetch"], { how: "npx sessionlab vectors --fetch" });
    return undefined;
  },
};

function relativeToRoot(file) {
  return file.startsWith(root) ? file.slice(root.length + 1) : file;
}

/** Does node_modules hold exactly the packages of the lock file? npm writes its record of them last. */
function agreesWithLock() {
  try {
    const wanted = JSON.parse(readFileSync(path("package-lock.json"), "utf8")).packages;
    const there = JSON.parse(readFileSync(path("node_modules", ".package-lock.json"), "utf8")).packages;
    const same = (name) => JSON.stringify(wanted[name]) === JSON.stringify(there[name]);
    const needed = Object.keys(wanted).filter((name) => name.startsWith("node_modules/") && !(wanted[name].optional && there[name] === undefined));
    return needed.every((name) => same(name) && existsSync(path(name))) && Object.keys(there).every((name) => name in wanted);
  } catch {
    return false; // not there, or half
  }
}

/** Where a Python may be, without starting one; not the environment itself, which may be activated. */
function pythonsOnPath() {
  return [process.env.PYTHON, ...pythonNames.map((name) => onPath(name, pathWithoutVenv()))].filter((file) => file !== undefined && file !== "");
}

function pathWithoutVenv() {
  return (process.env.PATH ?? "").split(delimiter).filter((folder) => !folder.startsWith(path(".venv"))).join(delimiter);
}

function pythonToUse() {
  const found = process.env.PYTHON ? { command: process.env.PYTHON, version: "of $PYTHON" } : findPython(pathWithoutVenv());
  if (found === undefined) throw new SetupError("no Python of version 3.10 or later was found", { how: howToGet("python") });
  return found;
}

function noVenv({ version }) {
  return new SetupError(`Python ${version} has no venv module`, { how: howToGet("python") });
}

/** The environment's Python, else a system's that has pip. */
async function pythonWithPip(exec) {
  if (existsSync(venvPython)) return venvPython;
  const found = pythonToUse();
  try {
    await exec(found.command, ["-m", "pip", "--version"]);
  } catch {
    throw noVenv(found);
  }
  return found.command;
}

/** What was left out: one line for each thing to get. */
function lostLines(losses) {
  return [...new Set(losses.map(({ what }) => what))].map((what) => {
    const same = losses.filter((loss) => loss.what === what);
    return lostLine({ ...same[0], loses: [...new Set(same.map(({ loses }) => loses))].join(" and ") });
  });
}

async function main(args) {
  const unknown = args.find((arg) => !["--quiet", "--tests", "--ray"].includes(arg));
  if (unknown !== undefined) throw new SetupError(`Expected no argument but --quiet, --ray and --tests, found ${unknown}`);
  if (!atLeast(process.versions.node, "20.19.0")) {
    throw new SetupError(`Expected Node 20.19 or later, found ${process.versions.node}`, { how: howToGet("node") });
  }
  process.chdir(root);
  const steps = [packages, python, ...(minimal ? [] : [jupyter]), ...(minimal || !args.includes("--tests") ? [] : [notebookTools]), ...(args.includes("--ray") || (!minimal && args.includes("--tests")) ? [ray] : []), ...(minimal || !args.includes("--tests") ? [] : [s3server]), ...(plans === undefined ? [] : [native]), kernel, build, ...(minimal || !args.includes("--tests") ? [] : [films, encoder])];
  const { ran, state } = await runSteps(root, steps, { again: !args.includes("--quiet") });
  const lost = lostLines(steps.map((step) => state[step.name].lost).filter((one) => one !== undefined));
  const status = ran.length > 0 ? "Set-up is complete" : "Set-up is up to date";
  console.log(lost.length > 0 ? `${status}, but ${lost.join("\n  and ")}` : `${status}${plans === undefined ? "" : ` (native: ${state.native.remark})`}.`);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  if (error.output) console.error(`\n${error.output}\n`);
  console.error(`Set-up failed: ${error.message}.${error.how === undefined ? "" : `\nWhat to do: ${error.how}`}\nIts whole output: .cache/setup.log`);
  process.exitCode = 1;
}
