import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { readVectors } from "../../src/text/vector-files";
import { serveEmbeddings, width } from "../text/embeddings-server";
import { writeTinyBert } from "../text/tiny-bert";
import { Laboratory, onlyLine, type Finished } from "./sessionlab";

describe("sessionlab vectors", () => {
  const lab = new Laboratory();
  before(async () => {
    await lab.prepare();
    writeTinyBert(lab.path("encoder"));
  });
  const vectors = (...args: readonly string[]) => lab.call(["vectors", "--dataset", "ml-100k", "--encoder", lab.path("encoder"), ...args]);

  it("writes the vectors of a data set's items with their card, and shows neighbours", async () => {
    const out = lab.path("films.safetensors");
    const child = await vectors("--template", "title", "--out", out, "--near", "film 3", "--k", "2", "--json");
    assert.equal(child.code, 0, child.stderr);
    const { card, near } = onlyLine(child) as { card: { rows: number; dimension: number; sha256: string }; near: { title: string; neighbours: object[] } };
    assert.deepEqual([card.rows, card.dimension, near.title, near.neighbours.length], [12, 12, "Film 3", 2]);
    const table = readVectors(out);
    assert.deepEqual([table.card, table.ids.length], [card, 12]);
    const text = await vectors("--template", "title", "--near", "film 3");
    assert.match(text.stdout, /^12 items, 12 items of training, 12 dimensions\n +encoder +encoder, [0-9a-f]{16}\n[\s\S]*coverage +title 100\.0 %[\s\S]*nearest to Film 3 \(3\):\n/);
  });

  it("has the same vectors where several processes may encode; so few texts are left to this one", async () => {
    const before = process.env["SESSIONLAB_THREADS"];
    const cardOf = (finished: Finished): unknown => (onlyLine(finished) as { readonly card: unknown }).card;
    const made = (cache: string, ...args: readonly string[]) => lab.call(["vectors", "--dataset", "ml-100k", "--encoder", lab.path("encoder"), "--template", "{title}", "--control", "title-only", "--near", "film 3", "--json", ...args], { cache });
    try {
      const spread = await made("several", "--workers", "2");
      assert.match(spread.stderr, /^texts 1 to 12 of 12: 12 encoded, 0 kept before$/m);
      assert.deepEqual(cardOf(spread), cardOf(await made("one")));
    } finally {
      if (before === undefined) delete process.env["SESSIONLAB_THREADS"]; // the verb has set it
    }
  });

  it("takes vectors that were made before, and says how many items have one", async () => {
    const file = lab.path("made.tsv");
    writeFileSync(file, Array.from({ length: 9 }, (_, n) => `${n + 1}\t${Math.cos(n)}\t${Math.sin(n)}\n`).join(""));
    const again = (...args: readonly string[]) => lab.call(["vectors", "--dataset", "ml-100k", "--encoder", file, ...args]);
    const { stdout, code, stderr } = await again("--missing", "zero", "--near", "film 1", "--k", "1");
    assert.equal(code, 0, stderr);
    assert.match(stdout, /encoder +made\.tsv, [0-9a-f]{16}\n[\s\S]*coverage +vector 75\.0 %\n +empty +3 items with zeros\n[\s\S]*nearest to Film 1 \(1\):\n0\.960  7  +Film 7/);
    const refused = await again("--missing", "error", "--near", "film 1");
    assert.deepEqual([refused.code, /found 3 without/.test(refused.stderr)], [1, true], refused.stderr);
  });

  it("asks an endpoint, and nothing where it would cost too much", async () => {
    const server = await serveEmbeddings();
    try {
      const endpoint = (...args: readonly string[]) => lab.call(["vectors", "--dataset", "ml-100k", "--encoder", server.address, "--model", "m", "--dimension", String(width), "--template", "title", "--near", "film 3", ...args]);
      const refused = await endpoint("--price", "1000", "--max-cost", "0.01");
      assert.match(refused.stderr, /Expected a cost of at most 0\.01, found about 27 tokens, cost 0\.027 for 12 texts; nothing was sent/);
      assert.deepEqual([refused.code, server.asked], [2, []]);
      const { code, stdout, stderr } = await endpoint("--price", "1000", "--max-cost", "0.1", "--batch", "5");
      assert.equal(code, 0, stderr);
      assert.match(stdout, /encoder +m, as served\n +endpoint +http:[\s\S]*sent 12 texts in 3 requests, 24 tokens by the server's count/);
      assert.match((await endpoint()).stdout, /sent 0 texts in 0 requests/);
    } finally {
      await server.close();
    }
  });

  for (const [what, args, says] of [
    ["no place for them", [], /Expected --out or --near/],
    ["an encoder that is none", ["--near", "x", "--encoder", "minilm6"], /Expected an encoder .*found "minilm6"/],
    ["a field that is none", ["--near", "x", "--template", "{titel}"], /did you mean "title"/],
    ["a normalisation that is none", ["--near", "x", "--normalise", "pca"], /Expected a normalisation/],
    ["an endpoint for several processes", ["--near", "x", "--encoder", "http://localhost:1/v1", "--model", "m", "--workers", "2"], /Expected an encoder whose work several processes can share with --engine local, found that the cost and the limits of an endpoint hold for one process; leave --engine/],
    ["a title that is none", ["--near", "Emma"], /Expected a part of an item's title, found "Emma"/],
  ] as const) {
    it(`ends with 2 for ${what}`, async () => {
      const { code, stderr } = await vectors(...args);
      assert.match(stderr, says);
      assert.equal(code, 2);
    });
  }
});
