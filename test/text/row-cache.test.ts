import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { Rng } from "../../src/core/rng";
import type { Encoder } from "../../src/text/encoder";
import { itemVectors } from "../../src/text/item-vectors";
import type { ItemFields } from "../../src/text/template";
import { output } from "../core/children";
import { killAndResume, tellPlaces, usualKills } from "../kill";
import { freshFolder } from "../scratch";

const root = join(__dirname, "../..");

/** Vectors by the text's length and its first character, a batch of 8 after another, some milliseconds each; remembers what it was asked. */
const slow = `{ id: "slow", revision: "1", dimension: 2, recipe: {}, dispose() {}, asked: [], async encode(texts, { onBatch }) {
  const row = (text) => [text.length, text.charCodeAt(text.length - 1)];
  for (let from = 0; from < texts.length; from += 8) {
    const some = texts.slice(from, from + 8);
    this.asked.push(...some);
    await new Promise((resolve) => setTimeout(resolve, 5));
    onBatch(some, Float32Array.from(some.flatMap(row)));
  }
  return Float32Array.from(texts.flatMap(row));
} }`;
const rowOf = (text: string): number[] => [text.length, text.charCodeAt(text.length - 1)];
const titles = Array.from({ length: 400 }, (_, n) => `title ${n}`);
const titled = (some: readonly string[]): ItemFields => ({ ids: some, trained: some.length, fields: { title: some.map((title) => [title]) } });

describe("the cache of rows", () => {
  const folder = freshFolder();

  /** Encodes some titles into a cache, in a process of its own; says what it asked for. */
  const encoding = (cache: string, some: readonly string[]): ChildProcess =>
    spawn(process.execPath, ["--require", "tsx/cjs", "-e", `
      const { itemVectors } = require(${JSON.stringify(join(root, "src/text/item-vectors"))});
      const encoder = ${slow};
      const ids = ${JSON.stringify(some)};
      console.log("begins");
      void itemVectors({ ids, trained: ids.length, fields: { title: ids.map((id) => [id]) } }, encoder, { template: "title", normalise: "none", cache: ${JSON.stringify(cache)} })
        .then(({ data }) => console.log(JSON.stringify({ asked: encoder.asked, data: Array.from(data) })));`], { cwd: root, stdio: ["ignore", "pipe", "pipe"] });

  /** What a later process finds there for all titles. */
  const reread = async (cache: string): Promise<{ readonly asked: string[]; readonly data: number[] }> => {
    const asked: string[] = [];
    const reader: Encoder = { id: "slow", revision: "1", dimension: 2, recipe: {}, dispose: () => undefined, encode: async (texts) => (asked.push(...texts), Float32Array.from(texts.flatMap(rowOf))) };
    const { data } = await itemVectors(titled(titles), reader, { template: "title", normalise: "none", cache });
    return { asked, data: Array.from(data) };
  };
  const expected = titles.flatMap(rowOf);
  const leftovers = (cache: string): string[] => readdirSync(cache, { recursive: true, encoding: "utf8" }).filter((name) => name.endsWith(".tmp"));

  it("holds what a killed process had encoded, whenever it is killed", async () => {
    const kills = Math.max(2, Math.floor(usualKills / 2));
    const killed = await killAndResume({ start: (at) => encoding(at, titles), begins: /begins/ }, folder(), kills, new Rng("rows"));
    tellPlaces("rows", killed);
    for (const { folder: cache } of [...killed.finished, { folder: killed.whole }]) {
      assert.deepEqual(await reread(cache), { asked: [], data: expected }, cache);
      assert.deepEqual(leftovers(cache), [], cache);
    }
  });

  it("serves two processes at once: nothing is lost, and nothing half-written", async () => {
    const cache = join(folder(), "shared");
    const runs = await Promise.all([encoding(cache, titles.slice(0, 280)), encoding(cache, titles.slice(120))].map(output));
    for (const [n, text] of runs.entries()) assert.deepEqual((JSON.parse(text.trim().split("\n").at(-1)!) as { data: number[] }).data, (n === 0 ? titles.slice(0, 280) : titles.slice(120)).flatMap(rowOf));
    assert.deepEqual(await reread(cache), { asked: [], data: expected });
    assert.deepEqual(leftovers(cache), []);
  });
});
