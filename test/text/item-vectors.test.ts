import assert from "node:assert/strict";
import { createHash } from "node:crypto";
import { readdirSync, readFileSync, truncateSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { initBackend } from "../../src/index";
import { cacheEntries } from "../../src/core/cache";
import { AbortError, ConfigError, DataError } from "../../src/core/errors";
import { Rng } from "../../src/core/rng";
import { eventsFrom } from "../../src/data/events";
import { featureOf } from "../../src/data/item-features";
import { sessionsFrom } from "../../src/data/sessions";
import { splitByTime } from "../../src/data/split";
import { toBundle } from "../../src/display/mime";
import type { Encoder } from "../../src/text/encoder";
import { itemVectors, trainedVectors } from "../../src/text/item-vectors";
import { nearestRows } from "../../src/text/neighbours";
import { normaliseVectors } from "../../src/text/normalise";
import { itemFields, renderTexts, type ItemFields } from "../../src/text/template";
import { readVectors, writeVectors } from "../../src/text/vector-files";
import { freshFolder } from "../scratch";

/** Vectors drawn by the text; remembers what it was asked. */
class Fake implements Encoder {
  readonly id = "fake";
  readonly recipe = { pooling: "none" };
  readonly asked: string[] = [];

  constructor(readonly revision = "1", readonly dimension = 4) {}

  async encode(texts: readonly string[]): Promise<Float32Array> {
    this.asked.push(...texts);
    return Float32Array.from(texts.flatMap((text) => Array.from(new Rng(text).normals(this.dimension), (value) => value + 5)));
  }

  dispose(): void {}
}

const titled = (titles: readonly string[], trained = titles.length): ItemFields => ({ ids: titles.map((_, n) => `i${n}`), trained, fields: { title: titles.map((title) => (title === "" ? [] : [title])) } });
const rowOf = (table: { readonly data: Float32Array; readonly shape: readonly [number, number] }, n: number): number[] => Array.from(table.data.subarray(n * table.shape[1], (n + 1) * table.shape[1]));

describe("templates", () => {
  const events = {
    ...eventsFrom({ name: "demo", user: ["u", "u", "u"], item: ["a", "b", "c"], time: [1, 2, 3], titles: new Map([["a", "Emma"], ["b", "Dune"]]) }),
    years: [1815, undefined, undefined],
    genres: [["Romance", "Satire"], [], []],
    features: [featureOf("author", [["Jane Austen"], ["Frank Herbert"], []])],
  };

  it("render the fields of items, and leave out what is not known", () => {
    const fields = itemFields(events);
    assert.deepEqual(renderTexts(fields, "described"), ["Emma (1815). By Jane Austen. Genre: Romance, Satire", "Dune. By Frank Herbert", ""]);
    assert.deepEqual(renderTexts(fields, "title-year"), ["Emma (1815)", "Dune", ""]);
    assert.deepEqual(renderTexts(fields, "query: {title}"), ["query: Emma", "query: Dune", ""]);
    assert.deepEqual(renderTexts(fields, "{title}[, {series}]"), ["Emma", "Dune", ""]);
  });

  it("follow the items of a split, and name what is wrong", () => {
    assert.deepEqual(itemFields(events, { ids: ["c", "a"], trained: 1 }).fields["title"], [[], ["Emma"]]);
    assert.throws(() => itemFields(events, { ids: ["x"], trained: 1 }), /Expected an item of these events, found "x"/);
    const fields = itemFields(events);
    assert.throws(() => renderTexts(fields, "{titel}"), /found "titel"; did you mean "title"/);
    assert.throws(() => renderTexts(fields, "titles"), /did you mean "title"/);
    assert.throws(() => renderTexts(fields, "{title}[ by {author}"), ConfigError);
    assert.throws(() => renderTexts(fields, "{}"), ConfigError);
  });
});

describe("itemVectors", () => {
  const folder = freshFolder();
  const options = () => ({ template: "title", normalise: "none" as const, cache: folder() });

  it("encodes a text once: a changed title encodes one row, and another process or run none", async () => {
    const first = new Fake();
    const before = await itemVectors(titled(["Emma", "Dune", "Emma", ""]), first, options());
    assert.deepEqual(first.asked, ["Emma", "Dune"]);
    assert.deepEqual(rowOf(before, 0), rowOf(before, 2));
    const second = new Fake();
    const after = await itemVectors(titled(["Emma", "Dune, revised", "Emma", ""]), second, options());
    assert.deepEqual(second.asked, ["Dune, revised"]);
    assert.deepEqual(rowOf(after, 0), rowOf(before, 0));
    assert.notDeepEqual(rowOf(after, 1), rowOf(before, 1));
    const other = new Fake("2");
    await itemVectors(titled(["Emma", "Dune"]), other, options());
    assert.deepEqual(other.asked, ["Emma", "Dune"], "another revision is another encoder");
    assert.deepEqual([...new Set(cacheEntries(folder()).map(({ name, meta }) => `${name} ${(meta?.inputs as { revision: string }).revision}`))].sort(), ["text-vectors 1", "text-vectors 2"]);
  });

  it("keeps what was encoded when it is stopped, and encodes again what was damaged", async () => {
    const titles = Array.from({ length: 2500 }, (_, n) => `title ${n}`);
    const stop = new AbortController();
    const stopped = new Fake();
    const encode = stopped.encode.bind(stopped);
    stopped.encode = async (texts) => {
      const rows = await encode(texts);
      if (stopped.asked.length >= 2048) stop.abort();
      return rows;
    };
    await assert.rejects(itemVectors(titled(titles), stopped, { ...options(), signal: stop.signal }), AbortError);
    const resumed = new Fake();
    const whole = await itemVectors(titled(titles), resumed, options());
    assert.deepEqual(resumed.asked, titles.slice(2048));

    const [key] = readdirSync(join(folder(), "text-vectors"));
    const files = readdirSync(join(folder(), "text-vectors", key!)).filter((file) => file.endsWith(".rows"));
    assert.equal(files.length, 3);
    truncateSync(join(folder(), "text-vectors", key!, files[0]!), 1000);
    const mended = new Fake();
    assert.deepEqual((await itemVectors(titled(titles), mended, options())).data, whole.data);
    assert.ok(mended.asked.length > 0 && mended.asked.length <= 1024);
  });

  it("makes one file of many", async () => {
    const titles = Array.from({ length: 40 }, (_, n) => `title ${n}`);
    for (let n = 1; n <= 40; n++) await itemVectors(titled(titles.slice(0, n)), new Fake(), options());
    const [key] = readdirSync(join(folder(), "text-vectors"));
    assert.ok(readdirSync(join(folder(), "text-vectors", key!)).length < 20);
    const none = new Fake();
    await itemVectors(titled(titles), none, options());
    assert.deepEqual(none.asked, []);
  });

  it("says on the card how the vectors were made", async () => {
    const table = await itemVectors(titled(["Emma", "", "Dune"], 2), new Fake(), { ...options(), normalise: "centred" });
    const { textHash, sha256, ...card } = table.card;
    assert.deepEqual(card, {
      encoder: "fake", revision: "1", recipe: { pooling: "none" }, template: { name: "title", text: "{title}" }, normalisation: "centred", control: "none",
      coverage: { title: 2 / 3 }, empty: 1, missing: "mean", rows: 3, trained: 2, dimension: 4,
    });
    assert.equal(sha256, createHash("sha256").update(new Uint8Array(table.data.buffer)).digest("hex"));
    assert.match(textHash, /^[0-9a-f]{64}$/);
    assert.deepEqual(rowOf(table, 1), [0, 0, 0, 0], "an item without text stands at the training items' mean");
    assert.deepEqual(trainedVectors(table), { shape: [2, 4], data: table.data.slice(0, 8) });
    assert.match((await toBundle(table))!["text/plain"] as string, /Text vectors {2}3 items, 2 items of training {2}4 dimensions[\s\S]*coverage +title 66\.7 %[\s\S]*sha256/);
  });

  it("comes back from its file", async () => {
    const items = titled(["Emma", "Dune"]);
    const table = await itemVectors(items, new Fake(), options());
    const file = join(folder(), "t.safetensors");
    writeVectors(file, table, items.ids);
    assert.deepEqual(readVectors(file), { ...table, ids: items.ids });
    assert.throws(() => writeVectors(file, table, ["a"]), DataError);
    writeFileSync(file, readFileSync(file).subarray(0, 100));
    assert.throws(() => readVectors(file), /t\.safetensors: Expected/);
  });

  it("has controls that draw by a seed, and keep training items apart", async () => {
    const titles = Array.from({ length: 30 }, (_, n) => `title ${n}`);
    const items = titled(titles, 20);
    const plain = await itemVectors(items, new Fake(), options());
    const shuffled = await itemVectors(items, new Fake(), { ...options(), control: "shuffled" });
    const key = (table: typeof plain, n: number): string => rowOf(table, n).join();
    for (const [from, to] of [[0, 20], [20, 30]] as const) {
      const rows = (table: typeof plain): string[] => Array.from({ length: to - from }, (_, n) => key(table, from + n));
      assert.deepEqual(rows(shuffled).sort(), rows(plain).sort());
      assert.notDeepEqual(rows(shuffled), rows(plain));
    }
    const asked = new Fake("never asked");
    const random = await itemVectors(items, asked, { ...options(), control: "random" });
    assert.deepEqual(asked.asked, []);
    assert.deepEqual(random.data, (await itemVectors(items, asked, { ...options(), control: "random" })).data);
    assert.notDeepEqual(random.data, (await itemVectors(items, asked, { ...options(), control: "random", seed: "2" })).data);
    assert.equal(random.card.seed, "text control");
    const alone = await itemVectors({ ids: ["a"], trained: 1, fields: { title: [["Emma"]], author: [["Jane Austen"]] } }, new Fake(), { ...options(), template: "{title} by {author}", control: "title-only" });
    assert.equal(alone.card.template.text, "{title}");
    await assert.rejects(itemVectors(items, new Fake(), { ...options(), control: "shufled" as "shuffled" }), ConfigError);
  });

  it("gives training items the same vectors whatever the events after training are", async () => {
    await initBackend();
    const rng = new Rng("events");
    const count = 600;
    const user = Array.from({ length: count }, () => `u${rng.int(20)}`);
    const item = Array.from({ length: count }, (_, n) => `i${rng.int(20 + Math.floor(n / 10))}`); // new items keep coming
    const time = Array.from({ length: count }, (_, n) => n);
    const titles = new Map(Array.from({ length: 80 }, (_, n) => [`i${n}`, n % 9 === 0 ? "" : `title ${n}`]));
    const cut = 400;
    const at = [cut, 450, 500];
    const tableOf = async (later: readonly string[], more: object): Promise<{ readonly trained: number; readonly data: Float32Array }> => {
      const events = eventsFrom({ name: "demo", user, item: [...item.slice(0, cut), ...later], time, titles });
      const table = await itemVectors(itemFields(events, splitByTime(sessionsFrom(events), { at }).items), new Fake(), { ...options(), ...more });
      return { trained: table.card.trained, data: trainedVectors(table).data };
    };
    for (const more of [{ normalise: "centred" }, { normalise: "centred-unit" }, { normalise: "pca(2)" }, { normalise: "whitened(3)" }, { control: "random" }, { control: "shuffled" }]) {
      const [whole, without] = [await tableOf(item.slice(cut), more), await tableOf(item.slice(cut).fill(item[0]!), more)];
      assert.ok(whole.data.length > 0);
      assert.deepEqual(without, whole, JSON.stringify(more));
    }
  });
});

describe("normaliseVectors", () => {
  before(() => initBackend());

  it("is the named one, with statistics of the given rows", async () => {
    const rows = { data: Float32Array.of(3, 4, 1, 0, 0, 0), dimension: 2 };
    assert.deepEqual(Array.from((await normaliseVectors(rows, [0, 1, 2], "unit")).data, (value) => Number(value.toFixed(6))), [0.6, 0.8, 1, 0, 0, 0]);
    assert.deepEqual(Array.from((await normaliseVectors(rows, [1], "centred")).data), [2, 4, 0, 0, -1, 0]);
    await assert.rejects(normaliseVectors(rows, [0], "centre" as "centred"), /Expected a normalisation/);
    await assert.rejects(normaliseVectors(rows, [0], "pca(3)"), /k of pca\(3\) in 1\.\.2/);
    await assert.rejects(normaliseVectors(rows, [0, 1], "whitened(2)"), /1\.\.1, the directions in which the 2 vectors/);
  });

  it("finds the directions of a known covariance, and whitens them", async () => {
    const rng = new Rng("pca");
    const count = 4000;
    const data = new Float32Array(3 * count);
    for (let n = 0; n < count; n++) {
      const [a, b] = [3 * rng.normal(), rng.normal()];
      data.set([7 + 0.6 * a - 0.8 * b, 0.8 * a + 0.6 * b, -2], 3 * n); // the first direction is (0.6, 0.8, 0)
    }
    const all = Array.from({ length: count }, (_, n) => n);
    const pca = await normaliseVectors({ data, dimension: 3 }, all, "pca(2)");
    const variance = (values: Float32Array, k: number, j: number): number => all.reduce((sum, n) => sum + values[n * k + j]! ** 2, 0) / (count - 1);
    assert.ok(Math.abs(variance(pca.data, 2, 0) - 9) < 0.5 && Math.abs(variance(pca.data, 2, 1) - 1) < 0.1);
    const first = 0.6 * (data[0]! - 7) + 0.8 * data[1]!;
    assert.ok(Math.abs(pca.data[0]! - first) < 0.15, `${pca.data[0]} and ${first}`);
    const white = await normaliseVectors({ data, dimension: 3 }, all, "whitened(2)");
    for (const j of [0, 1]) assert.ok(Math.abs(variance(white.data, 2, j) - 1) < 1e-3);
  });
});

describe("nearestRows", () => {
  it("is the order of cosines, itself left out", () => {
    const table = { shape: [4, 2] as const, data: Float32Array.of(1, 0, -1, 0, 5, 5, 2, 0.1) };
    assert.deepEqual(nearestRows(table, 0).map(({ row, cosine }) => [row, Number(cosine.toFixed(3))]), [[3, 0.999], [2, 0.707], [1, -1]]);
    assert.throws(() => nearestRows(table, 4), ConfigError);
  });
});
