import assert from "node:assert/strict";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { initBackend, tf } from "../../src/index";
import { ConfigError, DataError } from "../../src/core/errors";
import { Rng } from "../../src/core/rng";
import { decodeSafetensors, encodeSafetensors } from "../../src/core/safetensors";
import { BertEncoder } from "../../src/text/bert";
import { miniLmFolder, openMiniLm } from "../../src/text/default-encoder";
import { openTokenizer } from "../../src/text/tokens";
import { encoderContract } from "../contract/encoder";
import { suiteFolder, withFolder } from "../scratch";
import { tiny, writeTinyBert } from "./tiny-bert";

interface Golden {
  readonly texts: readonly string[];
  readonly shape: readonly [number, number];
  readonly norms: readonly number[];
  readonly tokens: readonly (readonly number[] | { readonly length: number; readonly last: readonly number[] })[];
  readonly vectors: string;
}

const golden = JSON.parse(readFileSync(join(__dirname, "..", "golden", "text.json"), "utf8")) as Golden;
const goldenValues = new Float32Array(Uint8Array.from(Buffer.from(golden.vectors, "base64")).buffer);

describe("BertEncoder", () => {
  const folder = suiteFolder();
  before(() => initBackend());
  encoderContract(() => BertEncoder.open(writeTinyBert(folder())));

  it("is BERT: the plain computation, text by text, in double precision", async () => {
    for (const pooling of ["mean", "cls"] as const) {
      await withFolder(async (own) => {
        const encoder = await BertEncoder.open(writeTinyBert(own, { pooling: `pooling_mode_${pooling === "mean" ? "mean_tokens" : "cls_token"}`, unit: false }));
        const tokenise = await openTokenizer(own, tiny.positions);
        const { tensors } = decodeSafetensors(readFileSync(join(own, "model.safetensors")));
        const weights = (name: string): Float32Array => tensors[name]!.data as Float32Array;
        const texts = ["Emma", "the lord of the rings (1), dunes", "emma ".repeat(40)];
        const rows = await encoder.encode(texts);
        texts.forEach((text, n) => {
          const expected = plainBert(tokenise(text), weights, pooling);
          expected.forEach((value, i) => assert.ok(Math.abs(value - rows[n * tiny.dimension + i]!) < 2e-5, `${pooling} ${text} ${i}: ${value} and ${rows[n * tiny.dimension + i]}`));
        });
        encoder.dispose();
      });
    }
  });

  it("cuts a text as its model does: special tokens stay", async () => {
    const tokenise = await openTokenizer(folder(), 6);
    assert.deepEqual(Array.from(tokenise("Emma, Dunes of STAR wars")), [2, 4, 22, 5, 12, 3]);
    assert.deepEqual(Array.from(tokenise("")), [2, 3]);
    const encoder = await BertEncoder.open(folder(), { maxLength: 4 });
    assert.deepEqual(await encoder.encode(["emma dune star wars"]), await encoder.encode(["emma dune"]));
    assert.equal(encoder.recipe["maxLength"], 4);
    encoder.dispose();
  });

  it("has the weights in its revision", async () => {
    await withFolder(async (own) => {
      const open = async (): Promise<string> => {
        const encoder = await BertEncoder.open(own);
        encoder.dispose();
        return encoder.revision;
      };
      writeTinyBert(own);
      const before = await open();
      assert.equal(await open(), before);
      const file = join(own, "model.safetensors");
      const { tensors } = decodeSafetensors(readFileSync(file));
      const bias = tensors["embeddings.LayerNorm.bias"]!.data as Float32Array;
      bias[0]! += 1;
      writeFileSync(file, encodeSafetensors(tensors));
      assert.notEqual(await open(), before);
    });
  });

  it("says what is wrong with a folder", async () => {
    const broken: readonly [(own: string) => void, RegExp, typeof ConfigError | typeof DataError][] = [
      [(own) => rmSync(join(own, "config.json")), /without config\.json/, ConfigError],
      [(own) => rmSync(join(own, "tokenizer.json")), /tokenizer\.json, found none/, ConfigError],
      [(own) => writeFileSync(join(own, "tokenizer.json"), "{"), /tokenizer\.json: Expected JSON/, DataError],
      [(own) => writeFileSync(join(own, "tokenizer.json"), "{}"), /tokenizer\.json: Expected a tokenizer/, DataError],
      [(own) => rmSync(join(own, "model.safetensors")), /model\.safetensors, found none/, ConfigError],
      [(own) => writeFileSync(join(own, "model.safetensors"), readFileSync(join(own, "model.safetensors")).subarray(0, 5000)), /cut or damaged/, DataError],
      [(own) => void writeTinyBert(own, { change: { model_type: "mpnet" } }), /Expected model_type "bert".*found "mpnet"/, ConfigError],
      [(own) => void writeTinyBert(own, { change: { hidden_size: 10 } }), /multiple of num_attention_heads/, ConfigError],
      [(own) => void writeTinyBert(own, { change: { intermediate_size: 21 } }), /intermediate\.dense\.weight\): Expected float32 weights of shape \[21, 12\], found F32 \[20, 12\]/, DataError],
      [(own) => void writeTinyBert(own, { pooling: "pooling_mode_max_tokens" }), /mean or CLS pooling/, ConfigError],
    ];
    const tensors = tf.memory().numTensors;
    for (const [breakIt, message, kind] of broken) {
      await withFolder(async (own) => {
        writeTinyBert(own);
        breakIt(own);
        await assert.rejects(BertEncoder.open(own), (error) => error instanceof kind && message.test(error.message), String(message));
      });
    }
    assert.equal(tf.memory().numTensors, tensors);
  });
});

describe("the default encoder", () => {
  let encoder: BertEncoder;
  before(async function () {
    if (!existsSync(miniLmFolder())) {
      console.log("all-MiniLM-L6-v2 is not here (npm run setup -- --tests fetches it): its tests are skipped");
      this.skip();
    }
    await initBackend();
    encoder = await openMiniLm();
  });
  after(() => encoder?.dispose());

  it("gives sentence-transformers' tokens", async () => {
    const tokenise = await openTokenizer(miniLmFolder(), 256);
    golden.texts.forEach((text, n) => {
      const [ours, theirs] = [Array.from(tokenise(text)), golden.tokens[n]!];
      if ("last" in theirs) assert.deepEqual([ours.length, ours.slice(-3)], [theirs.length, theirs.last], text);
      else assert.deepEqual(ours, theirs, text);
    });
  });

  it("gives sentence-transformers' vectors to 1e-4", async () => {
    const rows = await encoder.encode(golden.texts);
    const [count, width] = golden.shape;
    assert.deepEqual([count, encoder.dimension], [100, 384]);
    for (let n = 0; n < count; n++) {
      let square = 0;
      for (let i = 0; i < 384; i++) square += rows[n * 384 + i]! ** 2;
      assert.ok(Math.abs(Math.sqrt(square) - golden.norms[n]!) < 1e-5);
      for (let i = 0; i < width; i++) assert.ok(Math.abs(rows[n * 384 + i]! - goldenValues[n * width + i]!) < 1e-4, `${golden.texts[n]} ${i}`);
    }
    for (const n of [0, new Rng("a row").int(100), 99]) assert.deepEqual(await encoder.encode([golden.texts[n]!]), rows.slice(n * 384, (n + 1) * 384), golden.texts[n]);
  });
});

/** BERT as its paper has it, token by token, on plain numbers. */
function plainBert(ids: Int32Array, weights: (name: string) => Float32Array, pooling: "mean" | "cls"): number[] {
  const { dimension: D, heads, blocks } = tiny;
  const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
  const dense = (x: readonly number[], name: string): number[] => Array.from(weights(`${name}.bias`), (bias, o) => bias + sum(x.map((value, i) => value * weights(`${name}.weight`)[o * x.length + i]!)));
  const norm = (x: readonly number[], name: string): number[] => {
    const mean = sum(x) / D;
    const deviation = Math.sqrt(sum(x.map((value) => (value - mean) ** 2)) / D + 1e-12);
    return x.map((value, i) => ((value - mean) / deviation) * weights(`${name}.weight`)[i]! + weights(`${name}.bias`)[i]!);
  };
  const plus = (a: readonly number[], b: readonly number[]): number[] => a.map((value, i) => value + b[i]!);
  const row = (name: string, n: number): number[] => Array.from(weights(name).subarray(n * D, (n + 1) * D));
  let x = Array.from(ids, (id, at) => norm(plus(plus(row("embeddings.word_embeddings.weight", id), row("embeddings.position_embeddings.weight", at)), row("embeddings.token_type_embeddings.weight", 0)), "embeddings.LayerNorm"));
  for (let n = 0; n < blocks; n++) {
    const name = `encoder.layer.${n}`;
    const [q, k, v] = ["query", "key", "value"].map((part) => x.map((one) => dense(one, `${name}.attention.self.${part}`))) as [number[][], number[][], number[][]];
    const seen = x.map((_, at) => Array.from({ length: D }, (__, i) => {
      const [from, depth] = [Math.floor(i / (D / heads)) * (D / heads), D / heads];
      const grown = k.map((key) => Math.exp(sum(key.slice(from, from + depth).map((value, j) => value * q[at]![from + j]!)) / Math.sqrt(depth)));
      return sum(grown.map((weight, other) => weight * v[other]![i]!)) / sum(grown);
    }));
    x = x.map((one, at) => norm(plus(one, dense(seen[at]!, `${name}.attention.output.dense`)), `${name}.attention.output.LayerNorm`));
    x = x.map((one) => norm(plus(one, dense(dense(one, `${name}.intermediate.dense`).map((value) => value * normalShare(value)), `${name}.output.dense`)), `${name}.output.LayerNorm`));
  }
  return pooling === "cls" ? x[0]! : x[0]!.map((_, i) => sum(x.map((one) => one[i]!)) / x.length);
}

/** The share of a normal distribution below x, by its series. */
function normalShare(x: number): number {
  let [term, total] = [x, x];
  for (let n = 1; n < 80; n++) total += (term *= (x * x) / (2 * n + 1));
  return 0.5 + (total * Math.exp((-x * x) / 2)) / Math.sqrt(2 * Math.PI);
}
