/**
 * A model's folder as hubs have it: config.json, model.safetensors, tokenizer.json, and sentence-transformers' files
 * (modules.json, 1_Pooling/config.json, sentence_bert_config.json), which say how token vectors become one.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ConfigError, DataError } from "../core/errors";

/** How token vectors become the text's. */
export type Pooling = "mean" | "cls";

/** What a folder says of its model. */
export interface HubFolder {
  readonly path: string;
  readonly config: Readonly<Record<string, unknown>>;
  readonly pooling: Pooling;
  /** Whether the vector is scaled to length 1. */
  readonly unit: boolean;
  /** Tokens of the longest text, its special tokens included; what follows is cut. */
  readonly maxLength: number;
}

/**
 * Reads all of a folder but its weights and vocabulary.
 * @throws ConfigError if it is not there or asks for what is not offered; DataError naming the file if one is damaged
 */
export function openHubFolder(path: string): HubFolder {
  if (!existsSync(join(path, "config.json"))) throw new ConfigError(`Expected a model's folder with config.json, model.safetensors and tokenizer.json, found "${path}" without config.json; give the folder that the hub has`);
  const config = readJson<Record<string, unknown>>(path, "config.json")!;
  const modules = readJson<readonly { readonly type: string; readonly path: string }[]>(path, "modules.json");
  const known = ["Transformer", "Pooling", "Normalize"];
  for (const { type } of modules ?? []) {
    const name = type.split(".").at(-1)!;
    if (!known.includes(name)) throw new ConfigError(`Expected modules ${known.join(", ")} in ${join(path, "modules.json")}, found ${name}; export the model to ONNX for the ONNX encoder`);
  }
  const pooling = readJson<Record<string, unknown>>(path, join(modules?.find(({ type }) => type.endsWith("Pooling"))?.path ?? "1_Pooling", "config.json")) ?? { pooling_mode_mean_tokens: true };
  const modes = Object.entries(pooling).flatMap(([key, value]) => (key.startsWith("pooling_mode_") && value === true ? [key] : []));
  const chosen = ({ pooling_mode_mean_tokens: "mean", pooling_mode_cls_token: "cls" } as Readonly<Record<string, Pooling>>)[modes.join()];
  if (chosen === undefined) throw new ConfigError(`Expected mean or CLS pooling in ${path}, found ${modes.join(" and ")}; export the model to ONNX for the ONNX encoder`);
  const positions = Number(config["max_position_embeddings"]);
  const longest = readJson<{ readonly max_seq_length?: number | null }>(path, "sentence_bert_config.json")?.max_seq_length ?? positions;
  return { path, config, pooling: chosen, unit: modules?.some(({ type }) => type.endsWith("Normalize")) ?? false, maxLength: Math.min(longest, positions) };
}

/** A JSON file of the folder; undefined if it is not there. @throws DataError if it is not JSON */
export function readJson<T>(folder: string, name: string): T | undefined {
  const file = join(folder, name);
  if (!existsSync(file)) return undefined;
  try {
    return JSON.parse(readFileSync(file, "utf8")) as T;
  } catch (error) {
    throw new DataError("Expected JSON, found something else; the file is damaged: fetch it again", { file }, { cause: error });
  }
}
