/** A BERT of made-up weights in a hub folder: small enough for every backend, with a WordPiece tokenizer of a few words. */
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { Rng } from "../../src/core/rng";
import { encodeSafetensors, type SafetensorsTensor } from "../../src/core/safetensors";

export const tiny = { dimension: 12, heads: 3, blocks: 2, inner: 20, positions: 16 };
const words = ["[PAD]", "[UNK]", "[CLS]", "[SEP]", "emma", "dune", "the", "of", "rings", "lord", "star", "wars", "##s", "##ing", "a", "b", "c", "1", "2", "(", ")", ".", ",", "北", "京"];

/** Writes the folder. @param change is laid over config.json */
export function writeTinyBert(folder: string, { change = {}, pooling = "pooling_mode_mean_tokens", unit = true }: { readonly change?: object; readonly pooling?: string; readonly unit?: boolean } = {}): string {
  const { dimension: D, heads, blocks, inner, positions } = tiny;
  const rng = new Rng("tiny bert");
  const tensors: Record<string, SafetensorsTensor> = {};
  const add = (name: string, ...shape: number[]): void => {
    const size = shape.reduce((product, side) => product * side, 1);
    const isGain = /LayerNorm.weight$/.test(name);
    tensors[name] = { dtype: "F32", shape, data: rng.child(name).normals(size).map((value) => 0.3 * value + (isGain ? 1 : 0)) };
  };
  add("embeddings.word_embeddings.weight", words.length, D);
  add("embeddings.position_embeddings.weight", positions, D);
  add("embeddings.token_type_embeddings.weight", 2, D);
  const affine = (name: string, out: number, from?: number): void => {
    add(`${name}.weight`, ...(from === undefined ? [out] : [out, from]));
    add(`${name}.bias`, out);
  };
  affine("embeddings.LayerNorm", D);
  for (let n = 0; n < blocks; n++) {
    const name = `encoder.layer.${n}`;
    for (const part of ["query", "key", "value"]) affine(`${name}.attention.self.${part}`, D, D);
    affine(`${name}.attention.output.dense`, D, D);
    affine(`${name}.attention.output.LayerNorm`, D);
    affine(`${name}.intermediate.dense`, inner, D);
    affine(`${name}.output.dense`, D, inner);
    affine(`${name}.output.LayerNorm`, D);
  }
  const config = {
    model_type: "bert", hidden_act: "gelu", hidden_size: D, num_attention_heads: heads, num_hidden_layers: blocks, intermediate_size: inner,
    vocab_size: words.length, max_position_embeddings: positions, layer_norm_eps: 1e-12, ...change,
  };
  const special = (content: string): object => ({ id: words.indexOf(content), special: true, content, single_word: false, lstrip: false, rstrip: false, normalized: false });
  const template = (...ids: string[]): object[] => ids.map((id) => (id === "A" ? { Sequence: { id, type_id: 0 } } : { SpecialToken: { id, type_id: 0 } }));
  const tokenizer = {
    version: "1.0", truncation: null, padding: null, added_tokens: ["[PAD]", "[UNK]", "[CLS]", "[SEP]"].map(special),
    normalizer: { type: "BertNormalizer", clean_text: true, handle_chinese_chars: true, strip_accents: null, lowercase: true },
    pre_tokenizer: { type: "BertPreTokenizer" },
    post_processor: {
      type: "TemplateProcessing", single: template("[CLS]", "A", "[SEP]"), pair: template("[CLS]", "A", "[SEP]"),
      special_tokens: Object.fromEntries(["[CLS]", "[SEP]"].map((id) => [id, { id, ids: [words.indexOf(id)], tokens: [id] }])),
    },
    decoder: { type: "WordPiece", prefix: "##", cleanup: true },
    model: { type: "WordPiece", unk_token: "[UNK]", continuing_subword_prefix: "##", max_input_chars_per_word: 100, vocab: Object.fromEntries(words.map((word, id) => [word, id])) },
  };
  const modules = ["Transformer", "Pooling", ...(unit ? ["Normalize"] : [])].map((type, idx) => ({ idx, name: String(idx), path: idx === 0 ? "" : `${idx}_${type}`, type: `sentence_transformers.models.${type}` }));
  mkdirSync(join(folder, "1_Pooling"), { recursive: true });
  writeFileSync(join(folder, "model.safetensors"), encodeSafetensors(tensors));
  for (const [name, content] of Object.entries({ "config.json": config, "tokenizer.json": tokenizer, "tokenizer_config.json": {}, "modules.json": modules, "1_Pooling/config.json": { [pooling]: true } })) {
    writeFileSync(join(folder, name), JSON.stringify(content));
  }
  return folder;
}
