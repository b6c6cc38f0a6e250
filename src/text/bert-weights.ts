/** The weights of a BERT model as its encoder wants them: checked, turned to [in, out], Q, K and V in one, constants folded in. */
import * as tf from "@tensorflow/tfjs";
import { ConfigError, DataError } from "../core/errors";
import type { SafetensorsFile } from "../core/safetensors";
import type { HubFolder } from "./hub-folder";

/** What config.json says of the model. */
export interface BertShape {
  /** D */
  readonly dimension: number;
  /** H */
  readonly heads: number;
  readonly blocks: number;
  /** Width of the feed-forward layer. */
  readonly inner: number;
  readonly words: number;
  readonly positions: number;
  readonly epsilon: number;
}

/** A linear map, or the gain and bias of a norm. */
export interface Affine {
  readonly weight: tf.Tensor2D | tf.Tensor1D;
  readonly bias: tf.Tensor1D;
}

/** One block. */
export interface Block {
  readonly qkv: Affine; // [D, 3D]
  readonly out: Affine; // [D, D]
  readonly attended: Affine; // [D]
  readonly up: Affine; // [D, inner]
  readonly down: Affine; // [inner, D]
  readonly done: Affine; // [D]
}

/** All of them. */
export interface BertWeights {
  readonly words: tf.Tensor2D; // [words, D]
  readonly places: tf.Tensor2D; // [positions, D], the first type's vector added
  readonly embedded: Affine; // [D]
  readonly blocks: readonly Block[];
}

/** @throws ConfigError if the folder's model is not a BERT that the encoder computes */
export function checkBert({ config, path }: HubFolder): BertShape {
  const offered: Readonly<Record<string, unknown>> = { model_type: "bert", hidden_act: "gelu", position_embedding_type: "absolute" };
  for (const [key, wanted] of Object.entries(offered)) {
    const found = config[key] ?? wanted;
    if (found !== wanted) throw new ConfigError(`Expected ${key} "${String(wanted)}" in ${path}/config.json, found "${String(found)}"; export the model to ONNX for the ONNX encoder`);
  }
  const number = (key: string): number => {
    const value = config[key];
    if (typeof value !== "number" || !(value > 0)) throw new ConfigError(`Expected ${key} to be a number above 0 in ${path}/config.json, found ${JSON.stringify(value)}; fetch the file again`);
    return value;
  };
  const shape = {
    dimension: number("hidden_size"), heads: number("num_attention_heads"), blocks: number("num_hidden_layers"), inner: number("intermediate_size"),
    words: number("vocab_size"), positions: number("max_position_embeddings"), epsilon: number("layer_norm_eps"),
  };
  if (shape.dimension % shape.heads !== 0) throw new ConfigError(`Expected hidden_size to be a multiple of num_attention_heads in ${path}/config.json, found ${shape.dimension} and ${shape.heads}`);
  return shape;
}

/** Kept tensors. @throws DataError naming the file and the tensor that is missing or of another shape; then none is left */
export function bertWeights(content: SafetensorsFile, shape: BertShape, file: string): BertWeights {
  let weights: BertWeights | undefined;
  tf.tidy(() => {
    weights = read(content, shape, file);
    for (const tensor of tensorsOf(weights)) tf.keep(tensor);
  });
  return weights!;
}

/** All tensors of the weights. */
export function tensorsOf({ words, places, embedded, blocks }: BertWeights): tf.Tensor[] {
  return [words, places, ...[embedded, ...blocks.flatMap((block) => Object.values(block) as Affine[])].flatMap(({ weight, bias }) => [weight, bias])];
}

function read({ tensors }: SafetensorsFile, shape: BertShape, file: string): BertWeights {
  const { dimension: D, inner, heads } = shape;
  const prefix = "bert.embeddings.word_embeddings.weight" in tensors ? "bert." : "";
  const values = (name: string, ...sides: readonly number[]): Float32Array => {
    const found = tensors[prefix + name];
    if (found?.dtype !== "F32" || found.shape.join() !== sides.join()) {
      throw new DataError(`Expected float32 weights of shape [${sides.join(", ")}], found ${found === undefined ? "none" : `${found.dtype} [${found.shape.join(", ")}]`}; save the model again as the BERT that its config.json describes`, { file, field: prefix + name });
    }
    return found.data as Float32Array;
  };
  const norm = (name: string): Affine => ({ weight: tf.tensor1d(values(`${name}.weight`, D)), bias: tf.tensor1d(values(`${name}.bias`, D)) });
  /** Layers side by side, each PyTorch's [out, in] scaled and turned. */
  const layers = (from: number, to: number, parts: readonly { readonly name: string; readonly scale?: number; readonly biasScale?: number }[]): Affine => {
    const weights = parts.map(({ name, scale = 1 }) => values(`${name}.weight`, to, from).map((value) => value * scale));
    const biases = parts.flatMap(({ name, biasScale = 1 }) => Array.from(values(`${name}.bias`, to), (value) => value * biasScale));
    return { weight: tf.tidy(() => tf.concat(weights.map((one) => tf.tensor2d(one, [to, from])), 0).transpose() as tf.Tensor2D), bias: tf.tensor1d(biases) };
  };
  const [cool, half] = [Math.sqrt(heads / D), Math.SQRT1_2];
  const places = values("embeddings.position_embeddings.weight", shape.positions, D).slice();
  const types = tensors[`${prefix}embeddings.token_type_embeddings.weight`]?.data as Float32Array | undefined;
  if (types !== undefined) for (let i = 0; i < places.length; i++) places[i]! += types[i % D]!;
  return {
    words: tf.tensor2d(values("embeddings.word_embeddings.weight", shape.words, D), [shape.words, D]),
    places: tf.tensor2d(places, [shape.positions, D]),
    embedded: norm("embeddings.LayerNorm"),
    blocks: Array.from({ length: shape.blocks }, (_, n) => {
      const name = `encoder.layer.${n}`;
      return {
        qkv: layers(D, D, [{ name: `${name}.attention.self.query`, scale: cool, biasScale: cool }, { name: `${name}.attention.self.key` }, { name: `${name}.attention.self.value` }]),
        out: layers(D, D, [{ name: `${name}.attention.output.dense` }]),
        attended: norm(`${name}.attention.output.LayerNorm`),
        up: layers(D, inner, [{ name: `${name}.intermediate.dense`, scale: half, biasScale: half }]),
        down: layers(inner, D, [{ name: `${name}.output.dense`, scale: half }]),
        done: norm(`${name}.output.LayerNorm`),
      };
    }),
  };
}
