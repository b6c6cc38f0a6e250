/** Training checkpoints: one safetensors file with weights, moments, the best weights so far, and the cursor. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ConfigError } from "../core/errors";
import { writeFileAtomic } from "../core/files";
import { decodeSafetensors, encodeSafetensors, type SafetensorsTensor } from "../core/safetensors";
import type { OptimiserState } from "./optimiser";
import type { HostTensor } from "./parameters";

/** Where a training stands. With the seed this is all: random numbers are named by epoch and step. */
export interface Cursor {
  /** Epochs that are finished, and steps done in the next one. */
  readonly epoch: number;
  readonly step: number;
  /** Sum of the losses of the steps done in the epoch under way. */
  readonly lossSum: number;
  readonly history: readonly Readonly<Record<string, number>>[];
  /** The epoch (from 1) whose weights are kept; 0 before the first validation. */
  readonly bestEpoch: number;
  readonly done: boolean;
}

/** A training's whole state. */
export interface Checkpoint {
  readonly cursor: Cursor;
  readonly weights: Readonly<Record<string, HostTensor>>;
  readonly best: Readonly<Record<string, HostTensor>> | undefined;
  readonly optimiser: OptimiserState;
}

/** The checkpoint file of a folder. */
export function checkpointFile(folder: string): string {
  return join(folder, "training.safetensors");
}

/** Writes the checkpoint whole. @param identity hash of what is trained on what: another training is refused at resume */
export function writeCheckpoint(folder: string, identity: string, checkpoint: Checkpoint): void {
  const tensors: Record<string, SafetensorsTensor> = {};
  const add = (prefix: string, values: Readonly<Record<string, HostTensor>>): void => {
    for (const [name, { shape, data }] of Object.entries(values)) tensors[`${prefix}/${name}`] = { dtype: "F32", shape, data };
  };
  add("weights", checkpoint.weights);
  add("optimiser", checkpoint.optimiser.tensors);
  if (checkpoint.best !== undefined) add("best", checkpoint.best);
  const metadata = { identity, cursor: JSON.stringify(checkpoint.cursor), optimiserStep: String(checkpoint.optimiser.step) };
  writeFileAtomic(checkpointFile(folder), encodeSafetensors(tensors, metadata));
}

/**
 * Reads the checkpoint of a folder, if there is one.
 * @throws ConfigError when it belongs to another training; DataError when it is damaged
 */
export function readCheckpoint(folder: string, identity: string): Checkpoint | undefined {
  const file = checkpointFile(folder);
  if (!existsSync(file)) return undefined;
  const { tensors, metadata } = decodeSafetensors(readFileSync(file), file);
  if (metadata["identity"] !== identity) {
    throw new ConfigError(`Expected ${file} to be a checkpoint of this training, found one of other options, data or seed; name another folder or remove it`);
  }
  const under = (prefix: string): Record<string, HostTensor> =>
    Object.fromEntries(
      Object.entries(tensors)
        .filter(([name]) => name.startsWith(`${prefix}/`))
        .map(([name, { shape, data }]) => [name.slice(prefix.length + 1), { shape, data: data as Float32Array }]),
    );
  const best = under("best");
  return {
    cursor: JSON.parse(metadata["cursor"]!) as Cursor,
    weights: under("weights"),
    best: Object.keys(best).length > 0 ? best : undefined,
    optimiser: { step: Number(metadata["optimiserStep"]), tensors: under("optimiser") },
  };
}
