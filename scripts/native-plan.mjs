/**
 * Which TensorFlow fits a machine, and how tfjs-node's addon is compiled against it: pure functions, nothing is run.
 *
 * The libraries come out of the wheels that pip installs, and keep their places: TensorFlow's libraries look for
 * NVIDIA's at $ORIGIN/../nvidia/<part>/lib (their RUNPATH), so both lie side by side in one folder:
 *   .native/<variant>-<version>/tensorflow/{libtensorflow_*, include/, tfjs_binding.node, kernels.node, quiet.node}
 *   .native/<variant>-<version>/nvidia/<part>/lib/*.so*          (variant cuda)
 */
import { join } from "node:path";

export const tensorflowVersion = "2.21.0";

/** pip names a platform exactly; these are the tags that NVIDIA's wheels carry, newest first. */
const nvidiaTags = ["2_28", "2_27", "2_26", "2_25", "2_24", "2_18", "2_17", "2_14", "2_12"].map((version) => `manylinux_${version}_x86_64`);

/** The headers that the addons include, and those that they include. */
const headers = [
  "tensorflow/include/tensorflow/c/",
  "tensorflow/include/xla/tsl/c/",
  "tensorflow/include/tensorflow/core/platform/ctstring",
  "tensorflow/include/tsl/platform/ctstring",
  "tensorflow/include/tsl/platform/platform.h",
  "tensorflow/include/tensorflow/core/common_runtime/next_pluggable_device/c/tf_rendezvous_c_api.h",
];

const linuxLibraries = ["libtensorflow_cc.so.2", "libtensorflow_framework.so.2"];
const macLibraries = ["libtensorflow_cc.2.dylib", "libtensorflow_framework.2.dylib"];

/**
 * @typedef {object} Machine
 * @property {string} platform process.platform
 * @property {string} arch process.arch
 * @property {boolean} gpu is there an NVIDIA GPU?
 * @property {"glibc" | "musl" | undefined} libc on Linux
 *
 * @typedef {object} NativePlan
 * @property {"cpu" | "cuda"} variant
 * @property {string} folder its name below .native/
 * @property {string} requirement what pip fetches
 * @property {readonly string[]} tags the platform tags of that wheel
 * @property {readonly string[]} libraries their names, in the wheel's folder tensorflow/
 * @property {readonly string[]} members what is unpacked of the wheel: names, or beginnings of names
 * @property {readonly string[]} extraTags the platform tags of the wheels of the extra and-cuda; empty: no such wheels
 * @property {readonly string[]} compilers to be tried in this order
 * @property {{fetch: number, disk: number}} gigabytes to be fetched, and kept on the disk
 * @property {string} [remark] what is not used of this machine, and why
 *
 * @typedef {{variant: "none", reason: string}} NoPlan
 */

/**
 * The plans for a machine, best first; the next one is used where the first one fails.
 * @param {Machine} machine
 * @param {string | undefined} wanted "cpu" or "cuda" asks for one variant (SESSIONLAB_NATIVE)
 * @returns {readonly NativePlan[] | NoPlan}
 */
export function planNative({ platform, arch, gpu, libc }, wanted) {
  const none = (reason) => ({ variant: "none", reason });
  if (platform === "win32") return none("the native backend is not built on Windows; WSL 2 (Ubuntu) is Linux and has it");
  if (platform === "linux" && libc === "musl") return none("TensorFlow is not published for musl (Alpine); a glibc system has it");
  if (platform === "darwin" && arch === "x64") return none("TensorFlow ended its wheels for Macs with Intel processors in 2024");

  if (platform === "linux" && arch === "x64") {
    const cuda = {
      ...common(linuxLibraries),
      variant: "cuda",
      folder: `cuda-${tensorflowVersion}`,
      requirement: `tensorflow==${tensorflowVersion}`,
      tags: ["manylinux_2_27_x86_64"],
      extraTags: nvidiaTags,
      gigabytes: { fetch: 3.1, disk: 6 },
    };
    const cpu = {
      ...common(linuxLibraries),
      variant: "cpu",
      folder: `cpu-${tensorflowVersion}`,
      requirement: `tensorflow-cpu==${tensorflowVersion}`,
      tags: ["manylinux_2_27_x86_64"],
      gigabytes: { fetch: 0.3, disk: 1.2 },
    };
    if (wanted === "cpu") return [cpu];
    return wanted === "cuda" ? [cuda] : gpu ? [cuda, cpu] : [cpu];
  }
  if (wanted === "cuda") return none(`TensorFlow publishes no CUDA wheel for ${platform} ${arch}`);
  // The wheels for ARM are CPU builds under the name "tensorflow".
  const arm = {
    variant: "cpu",
    folder: `cpu-${tensorflowVersion}`,
    requirement: `tensorflow==${tensorflowVersion}`,
    gigabytes: { fetch: 0.3, disk: 1.2 },
  };
  if (platform === "linux" && arch === "arm64") {
    const remark = gpu ? "the NVIDIA GPU is not used: TensorFlow publishes no CUDA wheel for ARM" : undefined;
    return [{ ...common(linuxLibraries), ...arm, tags: ["manylinux_2_27_aarch64"], remark }];
  }
  if (platform === "darwin" && arch === "arm64") {
    const remark = "the Mac's GPU is not used: the addon has no Metal device";
    return [{ ...common(macLibraries), ...arm, tags: ["macosx_12_0_arm64"], compilers: ["clang++", "c++"], remark }];
  }
  return none(`TensorFlow publishes no wheel for ${platform} ${arch}`);
}

function common(libraries) {
  return {
    libraries,
    members: [...libraries.map((name) => `tensorflow/${name}`), ...headers],
    extraTags: [],
    compilers: ["g++", "c++", "clang++"],
  };
}

/**
 * The arguments of `pip download` for a wheel as a file: it does not depend on the Python that runs pip.
 * @param {readonly string[]} requirements
 * @param {readonly string[]} tags
 * @param {string} folder where the wheels go
 */
export function downloadArguments(requirements, tags, folder) {
  return [
    ...["-m", "pip", "download", "--no-deps", "--only-binary=:all:", "--disable-pip-version-check", "--progress-bar", "off"],
    ...["--python-version", "311", "--implementation", "cp", "--abi", "cp311"],
    ...tags.flatMap((tag) => ["--platform", tag]),
    ...["-d", folder],
    ...requirements,
  ];
}

/**
 * The requirements of TensorFlow's extra and-cuda.
 * @param {string} metadata the METADATA file of the wheel
 */
export function cudaRequirements(metadata) {
  return metadata
    .split(/\r?\n/)
    .filter((line) => line.startsWith("Requires-Dist:") && /extra == ["']and-cuda["']/.test(line))
    .map((line) => line.slice("Requires-Dist:".length).split(";")[0].replace(/\s/g, ""));
}

/** What is unpacked of NVIDIA's wheels: libraries, and the compiler's programs and bit code, not the headers. */
export function isCudaMember(name) {
  return /^nvidia\/[^/]+\/(lib|bin|nvvm)\/.*[^/]$/.test(name) && !name.endsWith(".py") && !name.endsWith(".h");
}

/**
 * The compiler's arguments for the three addons, one shared library each: tfjs-node's, our own kernels (src/tensor/native),
 * and the one that mutes stderr. tfjs-node's finds TensorFlow beside itself or, where it had to be copied into
 * node_modules, from there.
 * @param {NativePlan} plan
 * @param {{platform: string, root: string, target: string, output: string, kernels: {files: readonly string[], hash: string}}} where target: the folder of the libraries
 */
export function compileArguments(plan, { platform, root, target, output, kernels }) {
  const mac = platform === "darwin";
  const tfjs = join(root, "node_modules", "@tensorflow", "tfjs-node-gpu");
  const origin = mac ? "@loader_path" : "$ORIGIN";
  const shared = [
    ...["-std=c++17", "-O2", "-fPIC"],
    ...(mac ? ["-bundle", "-undefined", "dynamic_lookup"] : ["-shared"]),
    ...["-DNAPI_VERSION=8", "-I", join(root, "node_modules", "node-api-headers", "include")],
  ];
  const link = mac ? plan.libraries.map((name) => join(target, name)) : ["-L", target, ...plan.libraries.map((name) => `-l:${name}`)];
  return {
    binding: [
      ...shared,
      ...["-I", tfjs, "-I", join(target, "include")],
      ...[join(tfjs, "binding", "tfjs_backend.cc"), join(tfjs, "binding", "tfjs_binding.cc")],
      ...["-o", join(output, "tfjs_binding.node")],
      ...link,
      `-Wl,-rpath,${origin}`,
      `-Wl,-rpath,${origin}/../../../../../.native/${plan.folder}/tensorflow`,
    ],
    kernels: [
      ...shared,
      ...["-O3", "-fno-math-errno", "-fno-trapping-math", "-Wno-psabi", "-pthread", `-DSESSIONLAB_SOURCE="${kernels.hash}"`, "-I", join(target, "include")],
      ...kernels.files.filter((file) => file.endsWith(".cc")),
      ...["-o", join(output, "kernels.node")],
      ...link,
      `-Wl,-rpath,${origin}`,
    ],
    quiet: [...shared, join(root, "scripts", "quiet.cc"), "-o", join(output, "quiet.node")],
  };
}
