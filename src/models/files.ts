/**
 * How a fitted model lies on disk: a folder with model.json (name, options, version), items.json (what it ranks) and
 * weights.safetensors. Written whole or not at all; formats that other tools open.
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { ConfigError, DataError } from "../core/errors";
import { writeFileAtomic, writeFolderAtomic } from "../core/files";
import { decodeSafetensors, encodeSafetensors, type SafetensorsTensor } from "../core/safetensors";
import type { Items } from "../data/types";
import { libraryVersion } from "../tensor/backend";

/** What a model folder holds. */
export interface SavedModel {
  /** The model's name: "Markov". */
  readonly name: string;
  readonly options: Readonly<Record<string, unknown>>;
  readonly items: Items;
  readonly tensors: Readonly<Record<string, SafetensorsTensor>>;
}

/** A model that was read, and where. */
export interface LoadedModel extends SavedModel {
  readonly folder: string;
}

/** Writes a model's folder; one that is there already is replaced whole. */
export async function saveModel(folder: string, { name, options, items, tensors }: SavedModel): Promise<void> {
  await writeFolderAtomic(folder, (inside) => {
    writeFileAtomic(join(inside, "model.json"), `${JSON.stringify({ name, options, version: libraryVersion() }, null, 2)}\n`);
    writeFileAtomic(join(inside, "items.json"), JSON.stringify(items));
    writeFileAtomic(join(inside, "weights.safetensors"), encodeSafetensors(tensors, { model: name }));
  });
}

/**
 * Reads a model's folder.
 * @param name the model that is expected there
 * @throws ConfigError if another model is there; DataError naming the file that is missing or damaged
 */
export function loadModel(folder: string, name: string): LoadedModel {
  const modelFile = join(folder, "model.json");
  const model = readJson(modelFile) as { name?: unknown; options?: unknown };
  if (typeof model.name !== "string" || typeof model.options !== "object" || model.options === null) {
    throw new DataError("Expected a model's name and options, found other values; save the model again", { file: modelFile });
  }
  if (model.name !== name) throw new ConfigError(`Expected a saved ${name} in ${folder}, found ${model.name}; load it with its own class`);
  const itemsFile = join(folder, "items.json");
  const items = readJson(itemsFile) as Items;
  if (!Array.isArray(items.ids) || !Number.isInteger(items.trained) || items.trained > items.ids.length) {
    throw new DataError("Expected items with ids and the number trained, found other values; save the model again", { file: itemsFile });
  }
  const weightsFile = join(folder, "weights.safetensors");
  const { tensors } = decodeSafetensors(readBytes(weightsFile), weightsFile);
  return { name, options: model.options as Readonly<Record<string, unknown>>, items, tensors, folder };
}

function readJson(file: string): object {
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(readBytes(file)).toString("utf8"));
  } catch (error) {
    if (error instanceof DataError) throw error;
    throw new DataError("Expected JSON, found something else; save the model again", { file }, { cause: error });
  }
  if (typeof value !== "object" || value === null) throw new DataError("Expected a JSON object, found another value; save the model again", { file });
  return value;
}

function readBytes(file: string): Uint8Array {
  try {
    return readFileSync(file);
  } catch (error) {
    throw new DataError("Expected a file of a saved model, found none that can be read; save the model again", { file }, { cause: error });
  }
}
