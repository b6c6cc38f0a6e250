/** Encoders by a word, as a command line or an experiment's options have them. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { ConfigError } from "../core/errors";
import { BertEncoder } from "./bert";
import { openMiniLm, type MiniLmOptions } from "./default-encoder";
import type { Encoder } from "./encoder";

/**
 * Opens an encoder by its name.
 * @param name "minilm", or the folder of a BERT model
 * @throws ConfigError for another name; as the encoder's own `open`
 * @example
 * import { openEncoder } from "sessionlab";
 * await assert.rejects(openEncoder("minilm-l6"), /Expected an encoder/);
 */
export async function openEncoder(name: string, options: MiniLmOptions = {}): Promise<Encoder> {
  if (name === "minilm") return openMiniLm(options);
  if (existsSync(join(name, "config.json"))) return BertEncoder.open(name);
  throw new ConfigError(`Expected an encoder (minilm, or a folder with config.json), found "${name}"; write for example --encoder minilm`);
}
