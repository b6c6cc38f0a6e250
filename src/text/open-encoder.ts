/** Encoders by a word, as a command line or an experiment's options have them. */
import { existsSync, statSync } from "node:fs";
import { join } from "node:path";
import { ConfigError } from "../core/errors";
import { BertEncoder } from "./bert";
import { openMiniLm, type MiniLmOptions } from "./default-encoder";
import type { Encoder } from "./encoder";
import { openPrecomputed, type PrecomputedVectors } from "./precomputed";

/** Options of `openEncoder`. */
export interface EncoderOptions extends MiniLmOptions {
  /** The file of ids that goes with a file of vectors. */
  readonly ids?: string;
}

/**
 * Opens an encoder by its name, or vectors that were made before.
 * @param name "minilm", the folder of a BERT model, or a file of vectors by item id
 * @throws ConfigError for another name; as the encoder's own `open`, or `openPrecomputed`
 * @example
 * import { openEncoder } from "sessionlab";
 * await assert.rejects(openEncoder("minilm-l6"), /Expected an encoder/);
 */
export async function openEncoder(name: string, options: EncoderOptions = {}): Promise<Encoder | PrecomputedVectors> {
  if (name === "minilm") return openMiniLm(options);
  if (existsSync(join(name, "config.json"))) return BertEncoder.open(name);
  if (statSync(name, { throwIfNoEntry: false })?.isFile() === true) return openPrecomputed(name, { ids: options.ids, signal: options.signal });
  throw new ConfigError(`Expected an encoder (minilm, a folder with config.json, or a file of vectors), found "${name}"; write for example --encoder minilm`);
}
