/**
 * Fetches TensorFlow's libraries, compiles tfjs-node's addon and our kernels against them, and links the addon to where tfjs-node looks.
 * Each part is made beside its place and renamed; what is there already is kept, so a wiped node_modules costs one link.
 */
import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, readlinkSync, renameSync, rmSync, statfsSync, symlinkSync } from "node:fs";
import { dirname, join, relative } from "node:path";
import { howToGet, onPath } from "./machine.mjs";
import { compileArguments, cudaRequirements, downloadArguments, isCudaMember, tensorflowVersion } from "./native-plan.mjs";
import { hashOfFiles, SetupError, writeWhole } from "./steps.mjs";

const pick = `
import os, sys, zipfile
wheel, folder, names = sys.argv[1], sys.argv[2], sys.argv[3:]
with zipfile.ZipFile(wheel) as archive:
    for name in names or archive.namelist():
        path = archive.extract(name, folder)
        if "/bin/" in name: os.chmod(path, 0o755)
`;
const list = `
import sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as archive:
    print("\\n".join(archive.namelist()))
`;
const metadata = `
import sys, zipfile
with zipfile.ZipFile(sys.argv[1]) as archive:
    print(archive.read(next(n for n in archive.namelist() if n.endswith(".dist-info/METADATA"))).decode())
`;

/** Where tfjs-node looks for its addon. */
export function addonPlace(root) {
  return join(root, "node_modules", "@tensorflow", "tfjs-node-gpu", "lib", "napi-v8", "tfjs_binding.node");
}

/** Is one of the plans built, as its inputs ask, and linked? */
export function nativeReady(root, plans) {
  return plans.some((plan) => {
    const addon = addonOf(root, plan);
    return isBuilt(root, plan) && isPlaced(root, addon);
  });
}

/**
 * Builds the first plan that works.
 * @param {string} root
 * @param {readonly import("./native-plan.mjs").NativePlan[]} plans
 * @param {string} python the command of a Python that has pip
 * @returns {Promise<string>} a remark for the summary
 */
export async function buildNative(root, plans, python, { say, exec }) {
  removeHalfMade(join(root, ".native"));
  for (const [i, plan] of plans.entries()) {
    try {
      if (!isFetched(root, plan)) await fetchLibraries(root, plan, python, { say, exec });
      if (!isBuilt(root, plan)) await compile(root, plan, { say, exec });
      place(root, addonOf(root, plan));
      return `TensorFlow ${tensorflowVersion}, ${plan.variant}${plan.remark === undefined ? "" : ` (${plan.remark})`}`;
    } catch (error) {
      const next = plans[i + 1];
      if (!(error instanceof SetupError) || next === undefined) throw error;
      say(`${plan.variant}: ${error.message}; trying ${next.variant}`);
    }
  }
  throw new Error("Expected at least one plan, found none");
}

async function fetchLibraries(root, plan, python, { say, exec }) {
  const folder = join(root, ".native", plan.folder);
  const beside = `${folder}.${process.pid}.tmp`;
  const wheels = join(beside, "wheels");
  mkdirSync(wheels, { recursive: true });
  try {
    checkDisk(beside, plan.gigabytes.fetch + plan.gigabytes.disk);
    const how = "see whether pip reaches its index (pip config list), then: npm run setup";
    say(`fetching ${plan.requirement} (${plan.gigabytes.fetch} GB in all)`);
    await exec(python, downloadArguments([plan.requirement], plan.tags, wheels), { how });
    const wheel = join(wheels, readdirSync(wheels)[0]);
    const requirements = plan.extraTags.length > 0 ? cudaRequirements(await exec(python, ["-c", metadata, wheel])) : [];
    const names = (await exec(python, ["-c", list, wheel])).split("\n");
    say("unpacking its libraries and C headers");
    await exec(python, ["-c", pick, wheel, beside, ...names.filter((name) => plan.members.some((member) => name.startsWith(member)))]);
    rmSync(wheel);
    for (const requirement of requirements) {
      say(`fetching ${requirement}`);
      await exec(python, downloadArguments([requirement], plan.extraTags, wheels), { how });
      const part = join(wheels, readdirSync(wheels)[0]);
      const members = (await exec(python, ["-c", list, part])).split("\n").filter(isCudaMember);
      if (members.length > 0) await exec(python, ["-c", pick, part, beside, ...members]);
      rmSync(part);
    }
    for (const library of plan.libraries) {
      if (!existsSync(join(beside, "tensorflow", library))) throw new SetupError(`the wheel of ${plan.requirement} has no ${library}`);
    }
    rmSync(wheels, { recursive: true });
    writeWhole(join(beside, "fetched.json"), JSON.stringify({ requirements: [plan.requirement, ...requirements], members: plan.members }));
    rmSync(folder, { recursive: true, force: true });
    renameSync(beside, folder);
  } finally {
    rmSync(beside, { recursive: true, force: true });
  }
}

/** What lies beside tfjs-node's addon. */
const companions = ["kernels.node", "quiet.node"];

async function compile(root, plan, { say, exec }) {
  const compiler = findCompiler(plan);
  if (compiler === undefined) throw new SetupError("no C++ compiler was found", { how: howToGet("compiler") });
  const folder = join(root, ".native", plan.folder);
  const target = join(folder, "tensorflow");
  const output = join(folder, `build.${process.pid}.tmp`);
  rmSync(output, { recursive: true, force: true });
  mkdirSync(output, { recursive: true });
  try {
    say(`compiling tfjs-node's addon and our kernels with ${compiler}`);
    const args = compileArguments(plan, { platform: process.platform, root, target, output, kernels: kernelsOf(root) });
    const [command, ...flags] = compiler.split(/\s+/);
    const how = `a C++17 compiler (${howToGet("compiler")}), then: npm run setup`;
    for (const part of [args.binding, args.kernels, args.quiet]) await exec(command, [...flags, ...part], { how });
    for (const name of [...companions, "tfjs_binding.node"]) renameSync(join(output, name), join(target, name));
    await checkThatItLoads(addonOf(root, plan), exec);
    writeWhole(join(folder, "native.json"), `${JSON.stringify({ variant: plan.variant, tensorflow: tensorflowVersion, build: buildHash(root, plan) })}\n`);
  } finally {
    rmSync(output, { recursive: true, force: true });
  }
}

/** Loads the addon in a process of its own: a library that is too new for this system is found here, not in a training. */
async function checkThatItLoads(addon, exec) {
  try {
    await exec(process.execPath, ["-e", "require(process.argv[1])", addon], { env: { ...process.env, TF_CPP_MIN_LOG_LEVEL: "3" } });
  } catch (error) {
    if (error.signal === "SIGILL") throw new SetupError("this processor lacks the AVX instructions that TensorFlow's libraries are made of");
    throw new SetupError("the addon was compiled and does not load", { output: error.output });
  }
}

/** The compiler: $CXX, or the first of the plan's that is there. */
export function findCompiler(plan) {
  const { CXX } = process.env;
  return CXX !== undefined && CXX !== "" ? CXX : plan.compilers.find((name) => onPath(name) !== undefined);
}

function addonOf(root, plan) {
  return join(root, ".native", plan.folder, "tensorflow", "tfjs_binding.node");
}

/** What the addons are made of: sources and arguments, without this machine's paths. */
function buildHash(root, plan) {
  const binding = join(root, "node_modules", "@tensorflow", "tfjs-node-gpu", "binding");
  const sources = existsSync(binding) ? readdirSync(binding).sort().map((name) => join(binding, name)) : [];
  const args = compileArguments(plan, { platform: process.platform, root: "", target: "", output: "", kernels: { files: [], hash: kernelsOf(root).hash } });
  return hashOfContents([...sources, join(root, "scripts", "quiet.cc")], JSON.stringify(args));
}

/** Our own kernels: their files, in one order everywhere, and the hash that src/tensor/kernel.ts expects of them. */
export function kernelsOf(root) {
  const folder = join(root, "src", "tensor", "native");
  const files = readdirSync(folder).sort().map((name) => join(folder, name));
  return { files, hash: hashOfContents(files, "kernels").slice(0, 16) };
}

/** The hash of contents alone: the folder may have moved. */
function hashOfContents(files, text) {
  return hashOfFiles([], text, ...files.map((file) => readFileSync(file, "utf8")));
}

function isFetched(root, plan) {
  try {
    const { members } = JSON.parse(readFileSync(join(root, ".native", plan.folder, "fetched.json"), "utf8"));
    return JSON.stringify(members) === JSON.stringify(plan.members);
  } catch {
    return false; // nothing there
  }
}

function isBuilt(root, plan) {
  if (!isFetched(root, plan) || !existsSync(addonOf(root, plan))) return false;
  try {
    return JSON.parse(readFileSync(join(root, ".native", plan.folder, "native.json"), "utf8")).build === buildHash(root, plan);
  } catch {
    return false; // not compiled so far
  }
}

function isPlaced(root, addon) {
  const place = addonPlace(root);
  try {
    return readlinkSync(place) === relative(dirname(place), addon);
  } catch (error) {
    return error.code === "EINVAL" && readFileSync(place).equals(readFileSync(addon)); // a copy, where links cannot be made
  }
}

/** Puts a link to the addon where tfjs-node looks; copies of all three on file systems without links. */
function place(root, addon) {
  const at = addonPlace(root);
  const beside = `${at}.${process.pid}.tmp`;
  mkdirSync(dirname(at), { recursive: true });
  rmSync(beside, { force: true });
  try {
    symlinkSync(relative(dirname(at), addon), beside);
  } catch {
    for (const name of companions) copyFileSync(join(dirname(addon), name), join(dirname(at), name));
    copyFileSync(addon, beside);
  }
  renameSync(beside, at);
}

function checkDisk(folder, gigabytes) {
  const { bavail, bsize } = statfsSync(folder);
  const free = (bavail * bsize) / 1e9;
  if (free < gigabytes) {
    throw new SetupError(`TensorFlow's libraries need ${gigabytes.toFixed(1)} GB while they are unpacked, found ${free.toFixed(1)} GB free`, {
      how: "free some space, then: npm run setup",
    });
  }
}

function removeHalfMade(folder) {
  if (!existsSync(folder)) return;
  for (const name of readdirSync(folder)) if (name.endsWith(".tmp")) rmSync(join(folder, name), { recursive: true, force: true });
}
