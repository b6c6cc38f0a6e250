/**
 * Does training grow? Small trainings run for many steps; tensors, their bytes, TensorFlow's resource variables and the
 * process's memory are read on the way. Tensors and variables are counted exactly: one more is a leak. The other
 * numbers move while allocators, caches and compiled code warm up, so growth counts from a fifth of the steps on,
 * against a bound that a leak of one small tensor a step would pass.
 */
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";
import { tf } from "../src/index";
import { liveVariables } from "../src/tensor/parameters";
import type { Check } from "./checks";
import type { Load } from "./loads";

/** What is held after a step; memory in bytes, after a garbage collection. */
export interface Sample {
  readonly step: number;
  readonly tensors: number;
  readonly tensorBytes: number;
  /** Resource variables that TensorFlow holds. */
  readonly variables: number;
  readonly rss: number;
  readonly heap: number;
  /** Outside V8's heap, the buffers of arrays among it. */
  readonly external: number;
}

/** The growth of each number that is allowed after the warm-up, a step. */
const allowed: Readonly<Record<Exclude<keyof Sample, "step">, number>> = { tensors: 0, tensorBytes: 0, variables: 0, rss: 1024, heap: 100, external: 20 };

/** Units that growth may have whatever the steps: a page more or less is no leak. */
const slack: typeof allowed = { tensors: 0, tensorBytes: 0, variables: 0, rss: 4e6, heap: 200_000, external: 50_000 };

/** How much one number grew from the end of the warm-up to the last step. */
export interface Growth {
  readonly what: keyof typeof allowed;
  readonly grown: number;
  readonly bound: number;
  readonly leak: boolean;
}

/** Runs a load and reads what is held: before it, every `every` steps, and after everything was freed. */
export async function watch(load: Load, steps: number, every: number, onSample: (sample: Sample) => void = () => undefined): Promise<{ readonly samples: readonly Sample[]; readonly left: readonly string[] }> {
  const collect = garbageCollector();
  const read = (step: number): Sample => {
    collect();
    collect(); // buffers that the first found dead are freed by the next
    const { rss, heapUsed, external } = process.memoryUsage();
    const { numTensors, numBytes } = tf.memory();
    return { step, tensors: numTensors, tensorBytes: numBytes, variables: liveVariables(), rss, heap: heapUsed, external };
  };
  const before = read(0);
  const samples: Sample[] = [];
  let step = 0;
  await load.run(steps, () => {
    if (++step % every !== 0) return;
    const sample = read(step);
    samples.push(sample);
    onSample(sample);
  });
  const after = read(step);
  const left = (["tensors", "tensorBytes", "variables"] as const).filter((what) => after[what] !== before[what]).map((what) => `${after[what] - before[what]} ${what} left when all was freed`);
  return { samples, left };
}

/** What grew after the first fifth of the steps. */
export function growthOf(samples: readonly Sample[]): readonly Growth[] {
  const last = samples.at(-1)!;
  const first = samples.find(({ step }) => step >= last.step / 5)!;
  return (Object.keys(allowed) as (keyof typeof allowed)[]).map((what) => {
    const grown = last[what] - first[what];
    const bound = allowed[what] * (last.step - first.step) + slack[what];
    return { what, grown, bound, leak: grown > bound };
  });
}

/** V8's garbage collector, without a flag on the command line. */
function garbageCollector(): () => void {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc") as () => void;
}

/** Watches every load; `tell` gets a table line by line. */
export async function memoryChecks(loads: readonly Load[], steps: number, tell: (line: string) => void): Promise<readonly Check[]> {
  const checks: Check[] = [];
  const megabytes = (bytes: number): string => (bytes / 1e6).toFixed(2);
  for (const load of loads) {
    tell(`${load.name}, ${steps} steps; MB`);
    tell(row(["step", "tensors", "MB", "variables", "RSS", "heap", "external"]));
    const { samples, left } = await watch(load, steps, Math.max(1, Math.floor(steps / 10)), ({ step, tensors, tensorBytes, variables, rss, heap, external }) =>
      tell(row([step, tensors, megabytes(tensorBytes), variables, megabytes(rss), megabytes(heap), megabytes(external)])));
    for (const { what, grown, bound, leak } of growthOf(samples)) {
      const unit = what === "tensors" || what === "variables" ? what : "bytes";
      checks.push({ case: `${load.name}: growth of ${what} from step ${Math.ceil(steps / 5)} to ${steps}`, ours: grown, limit: bound, unit, holds: !leak });
    }
    checks.push({ case: `${load.name}: kinds of things left when it was freed`, ours: left.length, limit: 0, unit: "kinds", holds: left.length === 0 });
    tell([...checks.slice(-(Object.keys(allowed).length + 1)).map(({ case: name, ours, limit, holds }) => `${holds ? "ok  " : "GROWS"} ${name.slice(load.name.length + 2)}: ${ours}, at most ${limit}`), ...left, ""].join("\n"));
  }
  return checks;
}

function row(cells: readonly (string | number)[]): string {
  return cells.map((cell) => String(cell).padStart(9)).join(" ");
}
