/**
 * A catalogue of a million items: the exact loss, walked in chunks, and the sampled one train under a limit of memory,
 * each in a process of its own; and the exact loss is the dense one, computed in float64.
 */
import { join } from "node:path";
import { memoryEstimate } from "../src/index";
import type { Check } from "./checks";
import { script } from "./child";
import { median } from "./interleave";
import type { Compared, Trained } from "./large-child";

export const shape = { items: 1_000_000, dimension: 64, batch: 256, negatives: 2048, steps: 4, checked: 64 } as const;

/** Bytes that a training may hold at most, all of the process included. */
const limit = 4e9;
/** Relative difference that float32 may make. */
const tolerance = 1e-5;

/** The checks, one after another; `tell` gets a line for each case as it ends. */
export async function largeChecks(tell: (line: string) => void): Promise<readonly Check[]> {
  const { items, dimension, batch, negatives } = shape;
  const checks: Check[] = [];
  const parameters = { hidden: [batch, dimension], table: [items, dimension] };
  const cases = [
    { kind: "exact", name: "exact softmax in chunks, Adam", plan: { parameters, optimiser: "adam", loss: { kind: "softmax", table: "table", targets: batch } } },
    { kind: "sampled", name: `sampled softmax with ${negatives} negatives, LazyAdam by rows`, plan: { parameters, optimiser: "lazy-adam", loss: { kind: "sampled-rows", table: "table", targets: batch, negatives } } },
  ] as const;
  for (const { kind, name, plan } of cases) {
    const { ms, losses, peakBytes } = (await script(largeChild, [kind])) as Trained;
    const learns = losses.every((loss, step) => Number.isFinite(loss) && (step === 0 || loss < losses[step - 1]!));
    const label = `${name}, ${items.toLocaleString("en")} x ${dimension}, batch ${batch}`;
    tell(`${label}: peak ${gigabytes(peakBytes)} GB (tensors by memoryEstimate ${gigabytes(memoryEstimate(plan).total)} GB), ${Math.round(median(ms.slice(1)))} ms a step, loss ${losses.map((loss) => loss.toFixed(4)).join(", ")}`);
    checks.push({ case: `${label}: peak memory`, ours: gigabytes(peakBytes), limit: limit / 1e9, unit: "GB", holds: peakBytes < limit });
    checks.push({ case: `${label}: steps in which the loss did not fall`, ours: learns ? 0 : 1, limit: 0, unit: "steps", holds: learns });
  }
  for (const [what, distance] of Object.entries((await script(largeChild, ["compare"])) as Compared)) {
    const label = `exact softmax in chunks against float64, ${shape.checked} targets: ${what}`;
    tell(`${label}: ${distance.toExponential(1)}`);
    checks.push({ case: label, ours: Number(distance.toPrecision(2)), limit: tolerance, unit: "relative", holds: distance < tolerance });
  }
  return checks;
}

const largeChild = join(__dirname, "large-child.ts");

const gigabytes = (bytes: number): number => Number((bytes / 1e9).toFixed(2));
