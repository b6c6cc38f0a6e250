/** Encoders by a word, as a command line or an experiment's options have them. */
import { existsSync, statSync } from "node:fs";
import { basename, join } from "node:path";
import { ConfigError } from "../core/errors";
import { BertEncoder } from "./bert";
import { openMiniLm, type MiniLmOptions } from "./default-encoder";
import type { Encoder } from "./encoder";
import { openEndpointEncoder, type EndpointEncoderOptions } from "./endpoint-encoder";
import { OnnxEncoder } from "./onnx-encoder";
import { openPrecomputed, type PrecomputedVectors } from "./precomputed";
import { UseEncoder } from "./use-encoder";

/** Options of `openEncoder`. */
export interface EncoderOptions extends MiniLmOptions {
  /** The file of ids that goes with a file of vectors. */
  readonly ids?: string;
  /** What is asked of an endpoint, and how. */
  readonly endpoint?: EndpointEncoderOptions;
}

/**
 * Opens an encoder by its name, or vectors that were made before.
 * @param name "minilm", "use-lite" (its weights come with npm), the folder of a BERT model, "onnx:" and a
 *   folder or a name on the hub, a file of vectors by item id, or the http address of an
 *   endpoint as OpenAI defined it
 * @throws ConfigError for another name; as the encoder's own `open`, `openPrecomputed`, or `openEndpointEncoder`
 * @example
 * import { openEncoder } from "sessionlab";
 * await assert.rejects(openEncoder("minilm-l6"), /Expected an encoder/);
 */
export async function openEncoder(name: string, options: EncoderOptions = {}): Promise<Encoder | PrecomputedVectors> {
  if (name === "minilm") return openMiniLm(options);
  if (name.startsWith("onnx:")) return OnnxEncoder.open(name.slice("onnx:".length));
  if (name === "use-lite") return UseEncoder.open();
  if (isEndpoint(name)) return openEndpointEncoder(name, { signal: options.signal, ...options.endpoint });
  if (existsSync(join(name, "config.json"))) return BertEncoder.open(name);
  if (isFile(name)) return openPrecomputed(name, { ids: options.ids, signal: options.signal });
  throw new ConfigError(`Expected an encoder (minilm, use-lite, a folder with config.json, onnx:FOLDER, a file of vectors, or an http address), found "${name}"; write for example --encoder minilm`);
}

/** Why the work of an encoder is not for several processes; undefined where it may be shared. @param name as for `openEncoder` */
export function whyOneProcess(name: string): string | undefined {
  if (isEndpoint(name)) return "the cost and the limits of an endpoint hold for one process";
  return isFile(name) ? `${basename(name)} has the vectors already` : undefined;
}

function isEndpoint(name: string): boolean {
  return /^https?:/i.test(name);
}

function isFile(name: string): boolean {
  return statSync(name, { throwIfNoEntry: false })?.isFile() === true;
}
