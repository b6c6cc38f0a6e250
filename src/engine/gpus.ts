/** The GPUs of this machine, for processes that each take one. */
import { readdirSync } from "node:fs";

/** What CUDA_VISIBLE_DEVICES names, else the numbers of all that NVIDIA's driver lists; none where there is no driver. */
export function gpusOfMachine(visible = process.env["CUDA_VISIBLE_DEVICES"], driver = "/proc/driver/nvidia/gpus"): readonly string[] {
  if (visible !== undefined) return visible.split(",").map((one) => one.trim()).filter((one) => one !== "" && one !== "-1");
  try {
    return readdirSync(driver).map((_, at) => String(at));
  } catch {
    return [];
  }
}

/** The first of those that the fewest processes have. @param taken by each process */
export function freestGpu(gpus: readonly string[], taken: readonly (string | undefined)[]): string | undefined {
  const load = (gpu: string): number => taken.filter((one) => one === gpu).length;
  return gpus.reduce<string | undefined>((best, gpu) => (best === undefined || load(gpu) < load(best) ? gpu : best), undefined);
}

/** A process's variables, so that it sees its GPU alone, and takes of its memory what it needs: others may have the same. */
export function gpuVariables(gpu: string | undefined): Readonly<Record<string, string>> {
  return gpu === undefined ? {} : { CUDA_VISIBLE_DEVICES: gpu, TF_FORCE_GPU_ALLOW_GROWTH: "true" };
}
