/** A model in ONNX, written by hand: a text's token vectors are rows of a table. Beside the tokenizer of tiny-bert.ts. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { decodeSafetensors } from "../../src/core/safetensors";
import { tiny, writeTinyBert } from "./tiny-bert";

/** A field of a protobuf message: a number as a varint, anything else with its length before it. */
function field(number: number, value: number | string | Uint8Array): Buffer {
  const varint = (n: number): number[] => (n < 128 ? [n] : [(n & 127) | 128, ...varint(n >>> 7)]);
  if (typeof value === "number") return Buffer.from([...varint(number << 3), ...varint(value)]);
  const bytes = Buffer.from(value as Uint8Array);
  return Buffer.concat([Buffer.from([...varint((number << 3) | 2), ...varint(bytes.length)]), bytes]);
}
const message = (...fields: readonly Buffer[]): Buffer => Buffer.concat(fields);
const [float, int64] = [1, 7];

/** An input or output of a graph, its sides by name or number. */
function valueInfo(name: string, type: number, sides: readonly (string | number)[]): Buffer {
  const shape = message(...sides.map((side) => field(1, typeof side === "number" ? field(1, side) : field(2, side))));
  return message(field(1, name), field(2, field(1, message(field(1, type), field(2, shape)))));
}

/** Writes the folder. @returns the table, [words, D] */
export function writeTinyOnnx(folder: string): Float32Array {
  writeTinyBert(folder);
  const { shape, data } = decodeSafetensors(readFileSync(join(folder, "model.safetensors"))).tensors["embeddings.word_embeddings.weight"]!;
  rmSync(join(folder, "model.safetensors"));
  const table = data as Float32Array;
  const raw = new Uint8Array(table.buffer, table.byteOffset, table.byteLength);
  const weights = message(field(1, shape[0]!), field(1, shape[1]!), field(2, float), field(8, "table"), field(9, raw));
  const gather = message(field(1, "table"), field(1, "input_ids"), field(2, "last_hidden_state"), field(4, "Gather"));
  const inputs = ["input_ids", "attention_mask", "token_type_ids"].map((name) => field(11, valueInfo(name, int64, ["batch", "length"])));
  const graph = message(field(1, gather), field(2, "tiny"), field(5, weights), ...inputs, field(12, valueInfo("last_hidden_state", float, ["batch", "length", tiny.dimension])));
  const model = message(field(1, 8), field(7, graph), field(8, message(field(1, ""), field(2, 13))));
  mkdirSync(join(folder, "onnx"));
  writeFileSync(join(folder, "onnx", "model.onnx"), model);
  const config = JSON.parse(readFileSync(join(folder, "tokenizer_config.json"), "utf8")) as object;
  writeFileSync(join(folder, "tokenizer_config.json"), JSON.stringify({ ...config, tokenizer_class: "BertTokenizer", model_max_length: tiny.positions, pad_token: "[PAD]" }));
  return table;
}
