/**
 * Any sentence encoder as ONNX, by transformers.js (https://huggingface.co/docs/transformers.js), where that is installed: it
 * brings 474 MB, so it is no dependency. A local folder as hubs have it (config.json, tokenizer.json, onnx/model.onnx), or
 * a model's name on the hub, which transformers.js fetches.
 * Texts of one length in tokens make a batch, so nothing is padded; a long one is cut as transformers.js cuts it.
 */
import { existsSync } from "node:fs";
import { basename, dirname, join, resolve } from "node:path";
import { ConfigError, DataError, throwIfAborted } from "../core/errors";
import { meter } from "../core/progress";
import { resolveOptions, rules } from "../core/options";
import { sha256Of } from "../data/checksum";
import { innermost } from "../data/retry";
import { checkRows, type EncodeOptions, type Encoder } from "./encoder";
import { openHubFolder, type Pooling } from "./hub-folder";
import { resolveOptional } from "./optional-package";

/** The package, and the version that was tried. */
export const transformersPackage = { name: "@huggingface/transformers", version: "4.3.1" } as const;

const defaults = {
  /** How token vectors become one, and whether that has length 1; default what a local folder says, else mean and yes. */
  pooling: undefined as Pooling | undefined,
  unit: undefined as boolean | undefined,
  /** Which of the model's files: fp32, fp16, q8, q4. */
  dtype: "fp32",
  /** Of a model on the hub: a branch or a commit. */
  revision: "main",
  /** The folder in whose node_modules transformers.js is looked for; default this package's, then the working directory's. */
  from: undefined as string | undefined,
};

/** Options of `OnnxEncoder.open`. */
export type OnnxOptions = Partial<typeof defaults>;

/** What is used of transformers.js. */
interface Transformers {
  readonly env: { localModelPath: string; allowRemoteModels: boolean };
  pipeline(task: "feature-extraction", model: string, options: object): Promise<Extractor>;
}
interface Extractor {
  (texts: readonly string[], options: { readonly pooling: Pooling; readonly normalize: boolean }): Promise<{ readonly dims: readonly number[]; readonly data: Float32Array }>;
  tokenizer(text: string, options: { readonly truncation: boolean }): { readonly input_ids: { readonly dims: readonly number[] } };
  dispose(): Promise<unknown>;
}

/** Tokens of a batch. */
const batchTokens = 2048;

/**
 * Encodes by a model in ONNX.
 * @example
 * import { OnnxEncoder } from "sessionlab";
 * await assert.rejects(OnnxEncoder.open("Xenova/bge-small-en-v1.5", { from: "/tmp/nowhere" }), /Expected the package @huggingface\/transformers, found none; install it/);
 */
export class OnnxEncoder implements Encoder {
  private constructor(
    readonly id: string,
    readonly revision: string,
    readonly dimension: number,
    readonly recipe: Encoder["recipe"],
    private readonly extractor: Extractor,
    private readonly how: { readonly pooling: Pooling; readonly normalize: boolean },
  ) {}

  /**
   * Opens a model.
   * @param model a local folder, or a name on the hub
   * @throws ConfigError if transformers.js is not installed, the folder has no ONNX file, or the model cannot be loaded
   */
  static async open(model: string, given: OnnxOptions = {}): Promise<OnnxEncoder> {
    const options = resolveOptions("OnnxEncoder", defaults, given, { dtype: rules.oneOf("fp32", "fp16", "q8", "q4"), pooling: rules.orAbsent(rules.oneOf("mean", "cls")) });
    const file = resolveOptional(transformersPackage.name, `npm install --no-save ${transformersPackage.name}@${transformersPackage.version} (474 MB)`, options.from);
    const local = existsSync(model) ? resolve(model) : undefined;
    const folder = local === undefined ? undefined : openHubFolder(local);
    const weights = local === undefined ? undefined : onnxFile(local, options.dtype);
    const { env, pipeline } = require(file) as Transformers;
    let extractor: Extractor;
    try {
      if (local !== undefined) [env.localModelPath, env.allowRemoteModels] = [dirname(local), false];
      extractor = await pipeline("feature-extraction", local === undefined ? model : basename(local), { dtype: options.dtype, revision: options.revision, device: "cpu", local_files_only: local !== undefined });
    } catch (cause) {
      throw new ConfigError(`Expected a model in ONNX at ${model}, found one that transformers.js cannot load: ${innermost(cause).slice(0, 200)}; look at the name or the folder, and at the network`, { cause });
    } finally {
      env.allowRemoteModels = true;
    }
    const how = { pooling: options.pooling ?? folder?.pooling ?? "mean", normalize: options.unit ?? folder?.unit ?? true };
    const probe = await extractor(["dimension"], how);
    const recipe = { pooling: how.pooling, unit: String(how.normalize), dtype: options.dtype, runtime: "transformers.js" };
    return new OnnxEncoder(basename(model), weights === undefined ? options.revision : (await sha256Of(weights)).slice(0, 16), probe.dims.at(-1)!, recipe, extractor, how);
  }

  async encode(texts: readonly string[], { signal, progress }: EncodeOptions = {}): Promise<Float32Array> {
    const task = `encode with ${this.id}`;
    throwIfAborted(signal, task);
    const tick = meter(progress, task, "text", texts.length);
    const rows = new Float32Array(texts.length * this.dimension);
    const lengths = texts.map((text) => this.extractor.tokenizer(text, { truncation: true }).input_ids.dims.at(-1)!);
    const byLength = Uint32Array.from(texts.keys()).sort((a, b) => lengths[a]! - lengths[b]! || a - b);
    for (let from = 0; from < byLength.length; ) {
      throwIfAborted(signal, task);
      const length = lengths[byLength[from]!]!;
      const most = Math.max(1, Math.floor(batchTokens / length));
      let to = from + 1;
      while (to < byLength.length && to - from < most && lengths[byLength[to]!]! === length) to++;
      const batch = byLength.subarray(from, to);
      const { data, dims } = await this.extractor(Array.from(batch, (n) => texts[n]!), this.how); // [B, D]
      if (dims[0] !== batch.length || dims[1] !== this.dimension) throw new DataError(`Expected ${batch.length} vectors of ${this.dimension} numbers from ${this.id}, found the shape [${dims.join(", ")}]`);
      batch.forEach((n, place) => rows.set(data.subarray(place * this.dimension, (place + 1) * this.dimension), n * this.dimension));
      tick((from = to));
    }
    return checkRows(this.id, rows, texts.length, this.dimension);
  }

  dispose(): void {
    void this.extractor.dispose();
  }
}

/** The ONNX file of a folder. */
function onnxFile(folder: string, dtype: string): string {
  const ending = { fp32: "", fp16: "_fp16", q8: "_quantized", q4: "_q4" }[dtype]!;
  const file = join(folder, "onnx", `model${ending}.onnx`);
  if (!existsSync(file)) throw new ConfigError(`Expected ${file}, found none; export the model to ONNX, or choose another dtype`);
  return file;
}
