/** Which TensorFlow fits which machine, and how the addon is compiled against it. */
import assert from "node:assert/strict";
import { load } from "./load";

interface Plan {
  readonly variant: string;
  readonly folder: string;
  readonly requirement: string;
  readonly tags: readonly string[];
  readonly extraTags: readonly string[];
  readonly libraries: readonly string[];
  readonly members: readonly string[];
  readonly compilers: readonly string[];
  readonly reason?: string;
  readonly remark?: string;
}
interface Module {
  planNative(machine: { platform: string; arch: string; gpu: boolean; libc?: string }, wanted?: string): readonly Plan[] | Plan;
  downloadArguments(requirements: readonly string[], tags: readonly string[], folder: string): string[];
  cudaRequirements(metadata: string): string[];
  isCudaMember(name: string): boolean;
  compileArguments(plan: Plan, where: { platform: string; root: string; target: string; output: string; kernels: { files: readonly string[]; hash: string } }): { binding: string[]; kernels: string[]; quiet: string[] };
}

describe("native plan", () => {
  let plan: Module;
  const linux = { platform: "linux", arch: "x64", gpu: false, libc: "glibc" };
  const plansFor = (machine: Parameters<Module["planNative"]>[0], wanted?: string): readonly Plan[] => {
    const plans = plan.planNative(machine, wanted);
    assert.ok(Array.isArray(plans), JSON.stringify(plans));
    return plans as readonly Plan[];
  };
  const reasonFor = (machine: Parameters<Module["planNative"]>[0], wanted?: string): string => {
    const none = plan.planNative(machine, wanted) as Plan;
    assert.equal(none.variant, "none");
    return none.reason!;
  };

  before(async () => {
    plan = await load<Module>("native-plan.mjs");
  });

  it("takes the small CPU wheel on Linux x86-64", () => {
    const [cpu, ...rest] = plansFor(linux);
    assert.deepEqual(rest, []);
    assert.equal(cpu!.requirement, "tensorflow-cpu==2.21.0");
    assert.deepEqual(cpu!.tags, ["manylinux_2_27_x86_64"]);
    assert.equal(cpu!.folder, "cpu-2.21.0");
    assert.deepEqual(cpu!.libraries, ["libtensorflow_cc.so.2", "libtensorflow_framework.so.2"]);
    assert.ok(cpu!.members.includes("tensorflow/libtensorflow_cc.so.2") && cpu!.members.includes("tensorflow/include/tensorflow/c/"));
    assert.deepEqual(cpu!.extraTags, []);
  });

  it("takes the CUDA wheel and NVIDIA's where there is an NVIDIA GPU, and the CPU wheel if that fails", () => {
    const plans = plansFor({ ...linux, gpu: true });
    assert.deepEqual(plans.map(({ folder, requirement }) => [folder, requirement]), [
      ["cuda-2.21.0", "tensorflow==2.21.0"],
      ["cpu-2.21.0", "tensorflow-cpu==2.21.0"],
    ]);
    assert.ok(plans[0]!.extraTags.includes("manylinux_2_17_x86_64"));
  });

  it("takes the variant that is asked for", () => {
    assert.deepEqual(plansFor({ ...linux, gpu: true }, "cpu").map(({ variant }) => variant), ["cpu"]);
    assert.deepEqual(plansFor(linux, "cuda").map(({ variant }) => variant), ["cuda"]);
    assert.match(reasonFor({ platform: "darwin", arch: "arm64", gpu: false }, "cuda"), /no CUDA wheel for darwin arm64/);
  });

  it("takes the wheels for ARM, and says what they leave unused", () => {
    const [arm] = plansFor({ platform: "linux", arch: "arm64", gpu: true, libc: "glibc" });
    assert.deepEqual([arm!.variant, arm!.requirement, arm!.tags], ["cpu", "tensorflow==2.21.0", ["manylinux_2_27_aarch64"]]);
    assert.match(arm!.remark!, /GPU is not used/);
    const [mac] = plansFor({ platform: "darwin", arch: "arm64", gpu: false });
    assert.deepEqual([mac!.requirement, mac!.tags], ["tensorflow==2.21.0", ["macosx_12_0_arm64"]]);
    assert.deepEqual(mac!.libraries, ["libtensorflow_cc.2.dylib", "libtensorflow_framework.2.dylib"]);
    assert.equal(mac!.compilers[0], "clang++");
  });

  it("says why there is none", () => {
    assert.match(reasonFor({ platform: "win32", arch: "x64", gpu: true }), /WSL 2/);
    assert.match(reasonFor({ ...linux, libc: "musl" }), /musl/);
    assert.match(reasonFor({ platform: "darwin", arch: "x64", gpu: false }), /Intel/);
    assert.match(reasonFor({ platform: "freebsd", arch: "x64", gpu: false }), /no wheel for freebsd x64/);
  });

  it("fetches a wheel as a file, whatever Python runs pip", () => {
    const args = plan.downloadArguments(["tensorflow-cpu==2.21.0"], ["tag_a", "tag_b"], "folder").join(" ");
    for (const part of ["--no-deps", "--only-binary=:all:", "--python-version 311", "--abi cp311", "--platform tag_a --platform tag_b", "-d folder tensorflow-cpu==2.21.0"]) {
      assert.ok(args.includes(part), `${part} in ${args}`);
    }
  });

  it("reads the CUDA packages out of the wheel's metadata", () => {
    // lines of tensorflow-2.21.0's METADATA
    const metadata = [
      "Requires-Dist: numpy>=1.26.0",
      "Provides-Extra: and-cuda",
      'Requires-Dist: nvidia-cublas-cu12<13.0,>=12.5.3.2; extra == "and-cuda"',
      'Requires-Dist: nvidia-nccl-cu12<3.0,>=2.27.7; extra == "and-cuda"',
      'Requires-Dist: tensorflow-io-gcs-filesystem>=0.23.1; (sys_platform != "win32" and python_version < "3.13") and extra == "gcs-filesystem"',
    ].join("\n");
    assert.deepEqual(plan.cudaRequirements(metadata), ["nvidia-cublas-cu12<13.0,>=12.5.3.2", "nvidia-nccl-cu12<3.0,>=2.27.7"]);
  });

  it("unpacks NVIDIA's libraries to where TensorFlow's RUNPATH looks, $ORIGIN/../nvidia/<part>/lib", () => {
    const names = ["nvidia/cublas/lib/libcublas.so.12", "nvidia/cublas/include/cublas.h", "nvidia/cuda_nvcc/bin/ptxas", "nvidia/cuda_nvcc/nvvm/libdevice/libdevice.10.bc", "nvidia/cublas/lib/__init__.py", "nvidia/cublas/lib/", "nvidia_cublas_cu12-12.9.dist-info/METADATA"];
    assert.deepEqual(names.filter(plan.isCudaMember), ["nvidia/cublas/lib/libcublas.so.12", "nvidia/cuda_nvcc/bin/ptxas", "nvidia/cuda_nvcc/nvvm/libdevice/libdevice.10.bc"]);
  });

  it("links the addon to the libraries beside it, and to the same from node_modules", () => {
    const where = { root: "R", target: "R/.native/cpu-2.21.0/tensorflow", output: "O", kernels: { files: ["R/a.cc", "R/a.h"], hash: "abc" } };
    const linuxArgs = plan.compileArguments(plansFor(linux)[0]!, { platform: "linux", ...where });
    assert.ok(linuxArgs.binding.includes("-Wl,-rpath,$ORIGIN"));
    assert.ok(linuxArgs.binding.includes("-Wl,-rpath,$ORIGIN/../../../../../.native/cpu-2.21.0/tensorflow"));
    assert.deepEqual(linuxArgs.binding.filter((one) => one.startsWith("-l")), ["-l:libtensorflow_cc.so.2", "-l:libtensorflow_framework.so.2"]);
    assert.ok(linuxArgs.binding.includes("-shared") && linuxArgs.quiet.includes("-shared"));
    assert.ok(linuxArgs.kernels.includes("R/a.cc") && !linuxArgs.kernels.includes("R/a.h") && linuxArgs.kernels.includes('-DSESSIONLAB_SOURCE="abc"'));
    const mac = plan.compileArguments(plansFor({ platform: "darwin", arch: "arm64", gpu: false })[0]!, { platform: "darwin", ...where });
    assert.ok(mac.binding.includes("-Wl,-rpath,@loader_path"));
    assert.ok(mac.binding.join(" ").includes("-bundle -undefined dynamic_lookup"));
    assert.ok(mac.binding.some((one) => one.endsWith("tensorflow/libtensorflow_cc.2.dylib")));
  });
});
