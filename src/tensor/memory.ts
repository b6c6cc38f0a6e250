/**
 * What a training step needs in memory, before it is run: float32 tensors that are alive at its widest moment.
 * The losses' shares are counted from their code (test/tensor/memory.test.ts holds them to tfjs's own peak). What the
 * process needs besides, about 0.3 GB for Node and the libraries, is not in it.
 */
import { ConfigError } from "../core/errors";
import { chunkRows } from "./ops/softmax-loss";

/** Tensors of a parameter's size that each optimiser keeps. */
const slots = { adam: 2, "lazy-adam": 2, adagrad: 1, "adagrad-momentum": 2 } as const;

/** The loss of a step, and the table that it ranks. */
export interface LossPlan {
  /** softmax: `softmaxLoss`; sampled: `sampledSoftmaxLoss`; sampled-rows: `sampledSoftmaxRows` with `LazyAdam`. */
  readonly kind: "softmax" | "sampled" | "sampled-rows";
  /** The name of the parameter of shape [V, D]. */
  readonly table: string;
  /** N, in one step. */
  readonly targets: number;
  /** K, of the sampled losses; 0 if none. */
  readonly negatives?: number;
  readonly inBatch?: boolean;
}

/** A training step, as far as its memory goes. */
export interface StepPlan {
  /** The shapes of the parameters, by name. */
  readonly parameters: Readonly<Record<string, readonly number[]>>;
  readonly optimiser: keyof typeof slots;
  readonly loss: LossPlan;
  /** Numbers that the layers keep for their gradients; 0 if none. */
  readonly activations?: number;
}

/** Bytes. */
export interface MemoryEstimate {
  readonly parameters: number;
  /** What the optimiser keeps. */
  readonly moments: number;
  /** Of all parameters but the table, whose gradient is in `loss`. */
  readonly gradients: number;
  /** The loss's logits, and its gradients. */
  readonly loss: number;
  readonly activations: number;
  /** All of these at once: a step stays under it. */
  readonly total: number;
}

/**
 * The memory of a training step.
 * @throws ConfigError when the loss's table is not a parameter of two dimensions
 * @example
 * import { memoryEstimate } from "sessionlab";
 * const parameters = { items: [1_000_000, 64] };
 * const exact = memoryEstimate({ parameters, optimiser: "adam", loss: { kind: "softmax", table: "items", targets: 256 } });
 * const sampled = memoryEstimate({ parameters, optimiser: "lazy-adam", loss: { kind: "sampled-rows", table: "items", targets: 256, negatives: 2048 } });
 * assert.equal(exact.parameters + exact.moments, 3 * 4 * 64e6);
 * assert.ok(exact.total < 4e9 && sampled.loss < 0.05 * exact.loss);
 */
export function memoryEstimate({ parameters, optimiser, loss, activations = 0 }: StepPlan): MemoryEstimate {
  const table = parameters[loss.table];
  if (table?.length !== 2) {
    throw new ConfigError(`Expected the loss's table to be a parameter [V, D], found "${loss.table}" of shape ${JSON.stringify(table)}; name one of ${Object.keys(parameters).join(", ")}`);
  }
  const sizes = Object.values(parameters).map(sizeOf);
  const all = sizes.reduce((a, b) => a + b, 0);
  const numbers = {
    parameters: all,
    moments: all * slots[optimiser],
    gradients: all - sizeOf(table),
    loss: lossSize(loss, table as readonly [number, number]),
    activations,
  };
  const bytes = Object.fromEntries(Object.entries(numbers).map(([part, size]) => [part, 4 * size])) as Record<keyof typeof numbers, number>;
  return { ...bytes, total: Object.values(bytes).reduce((a, b) => a + b, 0) };
}

/** Rows of logits that our kernel holds at least, once; without it there are two matrices of fewer rows. */
const leastRows = 48;

/** Numbers alive at the loss's widest moment, the gradients of table and hidden states included. */
function lossSize({ kind, targets, negatives = 0, inBatch }: LossPlan, [items, width]: readonly [number, number]): number {
  const hidden = targets * width; // each of: pulls, their sum, the targets' rows, the gradient and its scaled forms
  if (kind === "softmax") {
    const chunk = Math.max(leastRows, Math.min(targets, chunkRows(items))) * items;
    return 2 * chunk + 4 * items * width + 6 * hidden; // logits and p, or p and its gradient; two sums over chunks, the mean, the scaled
  }
  const candidates = negatives + (inBatch === true ? targets : 0);
  const chunk = Math.min(targets, chunkRows(candidates)) * (candidates + 1);
  const rows = targets + negatives;
  // Product, mask, masked and p, the mask's bits; the rows, the candidates, their wide form, p^T h twice, the gradient twice.
  const sampled = 4.25 * chunk + 7 * rows * (width + 2) + 9 * hidden;
  return kind === "sampled" ? sampled + items * width : sampled; // the table's gradient
}

function sizeOf(shape: readonly number[]): number {
  return shape.reduce((a, b) => a * b, 1);
}
