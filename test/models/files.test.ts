import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ConfigError, DataError } from "../../src/core/errors";
import { Rng } from "../../src/core/rng";
import { loadModel, saveModel } from "../../src/models/files";
import { ItemKnn } from "../../src/models/item-knn";
import { Markov } from "../../src/models/markov";
import { worlds } from "../contract/worlds";
import { freshFolder } from "../scratch";

describe("a saved model", () => {
  const parent = freshFolder();
  let folder: string;
  beforeEach(async () => {
    folder = join(parent(), "markov");
    const model = new Markov({ backoff: 0.1 });
    await model.fit(worlds.cycle.train, worlds.cycle.valid, { rng: new Rng(1) });
    await model.save(folder);
  });

  it("is model.json, items.json and weights.safetensors", () => {
    assert.deepEqual(readdirSync(folder).sort(), ["items.json", "model.json", "weights.safetensors"]);
    const sha256 = (file: string): string => createHash("sha256").update(readFileSync(join(folder, file))).digest("hex");
    const { check } = JSON.parse(readFileSync(join(folder, "model.json"), "utf8")) as { check: string };
    assert.match(check, /^[0-9a-f]{64}$/);
    const { version } = JSON.parse(readFileSync(join(__dirname, "../../package.json"), "utf8")) as { version: string };
    assert.deepEqual(JSON.parse(readFileSync(join(folder, "model.json"), "utf8")), { name: "Markov", options: { backoff: 0.1, self: true }, version, files: { "items.json": sha256("items.json"), "weights.safetensors": sha256("weights.safetensors") }, check });
    assert.deepEqual(readdirSync(parent()), ["markov"]); // nothing left beside it
  });

  it("is refused by another class", async () => {
    await assert.rejects(ItemKnn.load(folder), (error: Error) => error instanceof ConfigError && /Expected a saved Item-kNN in .*, found Markov/.test(error.message));
  });

  const damages: readonly (readonly [string, string, string])[] = [
    ["model.json", "{", "Expected JSON"],
    ["model.json", "{}", "a model's name and options"],
    ["items.json", '{"ids":["a"],"trained":3}', "the file that model.json speaks of, found other bytes"],
    ["weights.safetensors", "cut", "the file that model.json speaks of, found other bytes"],
  ];
  for (const [file, content, message] of damages) {
    it(`names the damaged file: ${file} is ${content}`, async () => {
      writeFileSync(join(folder, file), content);
      await assert.rejects(Markov.load(folder), (error: Error) => error instanceof DataError && error.message.startsWith(join(folder, file)) && error.message.includes(message));
    });
  }

  it("names the missing file, and items that are not the model's", async () => {
    const saved = loadModel(folder, "Markov");
    await saveModel(folder, { ...saved, items: { ids: ["a"], trained: 1 } });
    await assert.rejects(Markov.load(folder), (error: Error) => error instanceof DataError && /popularity of 1 items, found 30/.test(error.message));
    await saveModel(folder, { ...saved, items: { ids: ["a"], trained: 3 } });
    await assert.rejects(Markov.load(folder), (error: Error) => error instanceof DataError && /items\.json: Expected items with ids and the number trained/.test(error.message));
    rmSync(join(folder, "items.json"));
    await assert.rejects(Markov.load(folder), (error: Error) => error instanceof DataError && error.message.startsWith(join(folder, "items.json")));
  });
});
