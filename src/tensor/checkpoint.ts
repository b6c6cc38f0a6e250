/**
 * Training checkpoints: one safetensors file with weights, moments, the best weights so far, and the cursor; `check` in
 * its metadata is the hash of all that, because a changed bit of a weight shows in no other way.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ConfigError, DataError } from "../core/errors";
import { writeFileAtomic } from "../core/files";
import { hashOf, type Hashable } from "../core/hash";
import { decodeSafetensors, encodeSafetensors, type SafetensorsFile, type SafetensorsTensor } from "../core/safetensors";
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
  /** What a step hands to the next beside the weights. */
  readonly carried: Readonly<Record<string, HostTensor>>;
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
  add("carried", checkpoint.carried);
  add("optimiser", checkpoint.optimiser.tensors);
  if (checkpoint.best !== undefined) add("best", checkpoint.best);
  const metadata = { identity, cursor: JSON.stringify(checkpoint.cursor), optimiserStep: String(checkpoint.optimiser.step) };
  writeFileAtomic(checkpointFile(folder), encodeSafetensors(tensors, { ...metadata, check: checkOf(tensors, metadata) }));
}

/**
 * Reads the checkpoint of a folder, if there is one.
 * @throws ConfigError when it belongs to another training; DataError when it is damaged
 */
export function readCheckpoint(folder: string, identity: string): Checkpoint | undefined {
  const file = checkpointFile(folder);
  if (!existsSync(file)) return undefined;
  const { tensors, metadata: { check, ...metadata } } = decode(file);
  if (check !== checkOf(tensors, metadata)) throw damaged(file, "other values than were written");
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
    carried: under("carried"),
    best: Object.keys(best).length > 0 ? best : undefined,
    optimiser: { step: Number(metadata["optimiserStep"]), tensors: under("optimiser") },
  };
}

function decode(file: string): SafetensorsFile {
  try {
    return decodeSafetensors(readFileSync(file), file);
  } catch (error) {
    if (!(error instanceof DataError)) throw error;
    throw damaged(file, error.message.slice(file.length + 2), error);
  }
}

function damaged(file: string, found: string, cause?: unknown): DataError {
  return new DataError(`Expected a whole checkpoint, found it damaged (${found}); remove it, and the training starts afresh`, { file }, { cause });
}

function checkOf(tensors: Readonly<Record<string, SafetensorsTensor>>, metadata: Readonly<Record<string, string>>): string {
  const columns = Object.entries(tensors).map(([name, { shape, data }]) => [name, { shape, data }] as const);
  return hashOf({ tensors: Object.fromEntries(columns), metadata } as unknown as Hashable);
}
