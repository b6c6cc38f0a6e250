/**
 * A BERT encoder (Devlin et al., 2019) on the tensor backend, from a hub folder: MiniLM, BGE, E5, GTE and their like.
 *   X = LN(word + position + type);  per block: X = LN(X + A W_o + b_o), A = softmax(Q K^T / sqrt(d)) V;  X = LN(X + gelu(X W_1 + b_1) W_2 + b_2)
 * Texts of one length stand in one batch, so nothing is padded or masked, and no text's vector depends on its neighbours, to
 * the bit: rows of a product are independent, and each batch has one text too many, whose numbers are those that vector
 * units compute apart (the tail of an array).
 * Folded into the weights: 1/sqrt(d) into W_q; gelu(x) = u (1 + erf u) / sqrt(2) with u = x / sqrt(2) into W_1 and W_2.
 * Symbols: B texts, L tokens, D dimensions, H heads, d = D / H.
 */
import { existsSync, readFileSync } from "node:fs";
import { basename, join, resolve } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { codeVersion } from "../core/code-version";
import { ConfigError, throwIfAborted } from "../core/errors";
import { hashOf } from "../core/hash";
import { meter } from "../core/progress";
import { decodeSafetensors } from "../core/safetensors";
import { initBackend } from "../tensor/backend";
import { layerNorm } from "../tensor/ops/layer-norm";
import { linear } from "../tensor/ops/linear";
import { product } from "../tensor/ops/product";
import { gatherRows } from "../tensor/ops/rows";
import { bertWeights, checkBert, tensorsOf, type Affine, type BertShape, type BertWeights, type Block } from "./bert-weights";
import { checkRows, unitRows, type EncodeOptions, type Encoder } from "./encoder";
import { openHubFolder, type HubFolder } from "./hub-folder";
import { openTokenizer, type Tokenise } from "./tokens";

/** Options of `BertEncoder.open`. */
export interface BertOptions {
  /** The name on cards; default the folder's. */
  readonly id?: string;
  /** Default: the first digits of the sha256 of weights, vocabulary and configuration. */
  readonly revision?: string;
  /** Tokens of the longest text; default what the folder says. */
  readonly maxLength?: number;
}

/** Tokens of a batch: enough for the products to be fast, few enough for their results to stay in the processor's caches. */
const batchTokens = 2048;

/**
 * Encodes by a BERT model of a hub folder.
 * @example
 * import { BertEncoder } from "sessionlab";
 * await assert.rejects(BertEncoder.open("/tmp/nowhere"), /without config.json/);
 */
export class BertEncoder implements Encoder {
  readonly recipe: Encoder["recipe"];
  readonly code = codeVersion(__filename);

  private constructor(
    readonly id: string,
    readonly revision: string,
    readonly dimension: number,
    private readonly folder: HubFolder,
    private readonly shape: BertShape,
    private readonly tokenise: Tokenise,
    private readonly weights: BertWeights,
    backend: string,
    maxLength: number,
  ) {
    this.recipe = { pooling: folder.pooling, unit: String(folder.unit), maxLength, backend };
  }

  /**
   * Opens a folder.
   * @throws ConfigError if it is not there or its model is another than BERT; DataError naming the file if one is damaged
   */
  static async open(path: string, { id, revision, maxLength }: BertOptions = {}): Promise<BertEncoder> {
    const folder = openHubFolder(path);
    const shape = checkBert(folder);
    const longest = Math.min(maxLength ?? folder.maxLength, shape.positions);
    const tokenise = await openTokenizer(path, longest);
    const file = join(path, "model.safetensors");
    if (!existsSync(file)) throw new ConfigError(`Expected ${file}, found none; save the model as safetensors`);
    const bytes = readFileSync(file);
    const version = revision ?? hashOf([bytes, readFileSync(join(path, "tokenizer.json")), hashOf(folder.config as never)]).slice(0, 16);
    const backend = await initBackend();
    const weights = bertWeights(decodeSafetensors(bytes, file), shape, file);
    return new BertEncoder(id ?? basename(resolve(path)), version, shape.dimension, folder, shape, tokenise, weights, `${backend.name} ${backend.device}`, longest);
  }

  async encode(texts: readonly string[], { signal, progress }: EncodeOptions = {}): Promise<Float32Array> {
    const task = `encode with ${this.id}`;
    const tick = meter(progress, task, "text", texts.length);
    const rows = new Float32Array(texts.length * this.dimension);
    const tokens = texts.map((text) => this.tokenise(text));
    const byLength = Uint32Array.from(texts.keys()).sort((a, b) => tokens[a]!.length - tokens[b]!.length || a - b);
    for (let from = 0, done = 0; from < byLength.length; ) {
      throwIfAborted(signal, task);
      const length = tokens[byLength[from]!]!.length;
      const most = Math.max(1, Math.floor(batchTokens / length));
      let to = from + 1;
      while (to < byLength.length && to - from < most && tokens[byLength[to]!]!.length === length) to++;
      const ids = new Int32Array((to - from + 1) * length); // the last text is the spare one
      for (let n = from; n < to; n++) ids.set(tokens[byLength[n]!]!, (n - from) * length);
      const pooled = tf.tidy(() => this.forward(ids, length)); // [B + 1, D]
      const values = await pooled.data<"float32">();
      pooled.dispose();
      for (let n = from; n < to; n++) rows.set(values.subarray((n - from) * this.dimension, (n - from + 1) * this.dimension), byLength[n]! * this.dimension);
      tick((done += to - from));
      from = to;
      await new Promise(setImmediate); // a signal is heard between batches
    }
    checkRows(this.id, rows, texts.length, this.dimension);
    return this.folder.unit ? unitRows(rows, this.dimension) : rows;
  }

  dispose(): void {
    tf.dispose(tensorsOf(this.weights));
  }

  /** @param ids [B * L] */
  private forward(ids: Int32Array, length: number): tf.Tensor2D {
    const { words, places, embedded, blocks } = this.weights;
    const [batch, width] = [ids.length / length, this.dimension];
    const places3 = places.slice([0, 0], [length, width]).expandDims(0); // [1, L, D]
    let x = gatherRows(words, ids).reshape([batch, length, width]).add(places3).reshape([batch * length, width]) as tf.Tensor2D;
    x = this.norm(x, embedded);
    for (const block of blocks) {
      const attended = this.attention(x, block, batch, length);
      x = tf.tidy(() => this.norm(x.add(apply(attended, block.out)), block.attended));
      x = tf.tidy(() => {
        const u = apply(x, block.up); // [B*L, 4D]
        return this.norm(x.add(apply(u.mul(u.erf().add(1)), block.down)), block.done);
      });
    }
    const tokens = x.reshape([batch, length, width]);
    return (this.folder.pooling === "mean" ? tokens.mean(1) : tokens.slice([0, 0, 0], [batch, 1, width]).squeeze([1])) as tf.Tensor2D;
  }

  private attention(x: tf.Tensor2D, { qkv }: Block, batch: number, length: number): tf.Tensor2D {
    return tf.tidy(() => {
      const { heads } = this.shape;
      const depth = this.dimension / heads;
      const split = (part: tf.Tensor): tf.Tensor3D => part.reshape([batch, length, heads, depth]).transpose([0, 2, 1, 3]).reshape([batch * heads, length, depth]);
      const [q, k, v] = tf.split(apply(x, qkv), 3, 1).map(split) as [tf.Tensor3D, tf.Tensor3D, tf.Tensor3D]; // [B*H, L, d]
      const logits = product(q, k, false, true); // [B*H, L, L]
      const grown = logits.sub(logits.max(2, true)).exp(); // tf.softmax's last bits depend on where a row lies
      const seen = product(grown.div(grown.sum(2, true)) as tf.Tensor3D, v); // [B*H, L, d]
      return seen.reshape([batch, heads, length, depth]).transpose([0, 2, 1, 3]).reshape([batch * length, this.dimension]) as tf.Tensor2D;
    });
  }

  private norm(x: tf.Tensor, { weight, bias }: Affine): tf.Tensor2D {
    return layerNorm(x as tf.Tensor2D, weight as tf.Tensor1D, bias, this.shape.epsilon);
  }
}

function apply(x: tf.Tensor, { weight, bias }: Affine): tf.Tensor2D {
  return linear(x as tf.Tensor2D, weight as tf.Tensor2D, bias);
}
