/** The sets of the shared data, where they are: counts of their README, rows checked by hand, the order of ties. */
import assert from "node:assert/strict";
import { copyFileSync, mkdirSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ConfigError, DataError } from "../../src/core/errors";
import { catalog } from "../../src/data/catalog";
import { isFetched, loadBenchmark, loadDataset } from "../../src/data/datasets";
import { eventsFrom, type EventTable } from "../../src/data/events";
import { coverage, featuresOfItem } from "../../src/data/item-features";
import { sessionCount } from "../../src/data/types";
import { freshFolder, suiteFolder } from "../scratch";
import { sharedRows, skipFor } from "./fixtures";

describe("sets of the shared data", function () {
  this.timeout(120_000);
  const root = suiteFolder();

  const load = (context: Mocha.Context, name: keyof typeof catalog): Promise<EventTable> => {
    if (!isFetched(catalog[name])) skipFor(context, `${name} is not in SESSIONLAB_DATA or ../shared/data`);
    return loadDataset(name, { root: root() });
  };

  /** What is known of an item, by outside id. */
  function known({ itemIds, titles, years, genres, features }: EventTable, id: string): Record<string, unknown> {
    const v = itemIds.indexOf(id);
    return { title: titles?.[v], year: years?.[v], genres: genres?.[v], ...Object.fromEntries((features ?? []).map((one) => [one.name, featuresOfItem(one, v)])) };
  }

  it("amazon-books: its counts, ties in the order of the file, entities decoded, authors where a title names one book", async function () {
    const events = await load(this, "amazon-books");
    assert.deepEqual([events.item.length, events.users!.length, events.itemIds.length, events.rating], [517167, 38234, 38519, undefined]);
    // The first rows of the file: two of one day, the item of the higher number second.
    assert.deepEqual(Array.from(events.item.subarray(0, 4), (v) => events.itemIds[v]), ["24686", "30219", "29863", "26780"]);
    assert.deepEqual(Array.from(events.time.subarray(0, 3)), [1376870400, 1376870400, 1378252800]);
    assert.deepEqual(known(events, "101"), { title: "Water For Elephants", year: 2006, genres: undefined, author: ["Sara Gruen"] });
    assert.deepEqual(known(events, "100")["author"], []); // goodbooks has two books of that title
    assert.ok(events.titles!.includes("The Trouble with Witches (Ophelia & Abby Mysteries, No. 3)"));
    assert.deepEqual(events.titles!.filter((title) => /&#?\w+;/.test(title)), []);
    assert.deepEqual(coverage(events).map(({ field, items }) => [field, items]), [["title", 38519], ["year", 7721], ["author", 7728]]);
  });

  it("books-linked: the 5-core over certainly linked items", async function () {
    const events = await load(this, "books-linked");
    assert.deepEqual([events.item.length, events.users!.length, events.itemIds.length], [152770, 13010, 7924]);
    for (const codes of [events.item, events.user!]) {
      const counts = new Map<number, number>();
      for (const code of codes) counts.set(code, (counts.get(code) ?? 0) + 1);
      assert.ok(Math.min(...counts.values()) >= 5);
    }
    assert.deepEqual(known(events, "102"), { title: "For Whom the Bell Tolls", year: 1940, genres: undefined, author: ["Ernest Hemingway"] });
    assert.equal(events.itemIds.includes("100"), false); // its author is in doubt, and it has no precise link
  });

  it("amazon-movies: what a plain reader makes of the file, with what three tables know of the items", async function () {
    const events = await load(this, "amazon-movies");
    assert.deepEqual([events.item.length, events.users!.length, events.itemIds.length], [57019, 2579, 3107]);
    const rows = sharedRows("amazon-movies/interactions.tsv.gz")!;
    const plain = eventsFrom({ name: "plain", user: rows.map((row) => row[0]!), item: rows.map((row) => row[1]!), rating: rows.map((row) => Number(row[2])), time: rows.map((row) => Number(row[3])) });
    assert.equal(plain.hash, events.hash);
    assert.deepEqual(known(events, "B00K2CHVJ4"), {
      title: "Godzilla", year: 2014, genres: ["Action", "Adventure", "Sci-Fi"], director: ["Gareth Edwards"],
      actor: ["Aaron Taylor-Johnson", "CJ Adams", "Ken Watanabe", "Bryan Cranston"],
      writer: ["Max Borenstein", "Dave Callaham", "Ishirô Honda", "Takeo Murata", "Shigeru Kayama"], country: ["USA", "Japan"], language: ["English", "Japanese"],
      company: ["Warner Bros.", "Legendary Entertainment", "Disruption Entertainment", "Dune Entertainment", "Toho Company"], studio: ["WarnerBrothers"], binding: ["Blu-ray"],
    });
    assert.deepEqual(coverage(events).slice(0, 4).map(({ field, items }) => [field, items]), [["title", 3084], ["year", 2977], ["genre", 2966], ["director", 3032]]);
  });

  it("yoochoose-clicks: sessions with real milliseconds, repeats kept", async function () {
    const events = await load(this, "yoochoose-clicks");
    assert.deepEqual([events.item.length, events.sessionIds!.length, events.itemIds.length, events.users, events.titles], [145716, 17744, 5630, undefined, undefined]);
    const rows = sharedRows("sessions/yoochoose-clicks/clicks.tsv.gz")!;
    const plain = eventsFrom({ name: "plain", session: rows.map((row) => row[0]!), item: rows.map((row) => row[1]!), time: rows.map((row) => Number(row[2]) / 1000) });
    assert.equal(plain.hash, events.hash);
    assert.deepEqual([rows[0], rows[1]], [["100", "3246", "1396720544263"], ["100", "3246", "1396720552647"]]);
    const first = Array.from(events.session!.keys()).filter((n) => events.session![n] === events.sessionIds!.indexOf("100"));
    assert.deepEqual(first.slice(0, 2).map((n) => [events.itemIds[events.item[n]!], events.time[n]]), [["3246", 1396720544.263], ["3246", 1396720552.647]]);
  });

  it("diginetica-benchmark: prefixes, cases, items", async function () {
    if (!isFetched(catalog["diginetica-benchmark"])) skipFor(this, "diginetica-benchmark is not in SESSIONLAB_DATA or ../shared/data");
    const { name, train, test, items } = await loadBenchmark("diginetica-benchmark", { validShare: 0, confirm: false });
    assert.deepEqual([name, sessionCount(train), train.item.length - sessionCount(train), test.target.length, items.ids.length, items.trained], ["diginetica-benchmark", 186670, 719470, 60858, 43097, 43097]);
    const ids = (codes: Int32Array): string[] => Array.from(codes, (v) => items.ids[v]!);
    assert.deepEqual(ids(train.item.subarray(0, 5)), ["1", "2", "3", "4", "5"]);
    assert.deepEqual([test.end[0], ids(test.target.subarray(0, 3))], [5, ["21566", "6381", "21566"]]);
  });

  it("counts what the catalogue says", async function () {
    for (const name of ["amazon-books", "books-linked", "amazon-movies", "yoochoose-clicks"] as const) {
      const { users, sessionIds, itemIds, item } = await load(this, name);
      assert.deepEqual({ users: users?.length, sessions: sessionIds?.length, items: itemIds.length, events: item.length }, { users: undefined, sessions: undefined, ...catalog[name].counts });
    }
  });
});

describe("files of a set", () => {
  const folder = freshFolder();

  it("names the folder, the source with its commit and the recipe when a file is missing", async () => {
    await assert.rejects(loadDataset("amazon-movies", { root: folder(), from: folder() }), (error: Error) => {
      assert.ok(error instanceof DataError);
      for (const part of [folder(), "amazon-movies/interactions.tsv.gz", "zhao1701/amazon-movie-recommendation at 948df48", "reviews_sample_25.csv", "--from DIR"]) assert.ok(error.message.includes(part), part);
      return true;
    });
    await assert.rejects(loadDataset("retailrocket", { root: folder(), from: folder() }), /events\.csv of RetailRocket.*kaggle\.com\/datasets\/retailrocket\/ecommerce-dataset: log in to Kaggle/);
    await assert.rejects(loadDataset("retailrocket", { root: folder(), from: join(folder(), "none") }), (error: Error) => error instanceof ConfigError && /Expected from to be a folder/.test(error.message));
  });

  it("refuses another version of a file, and takes files without their folder's name", async function () {
    writeFileSync(join(folder(), "clicks.tsv.gz"), "another");
    await assert.rejects(loadDataset("yoochoose-clicks", { root: join(folder(), "home"), from: folder() }), /clicks\.tsv\.gz: Expected sha256 a4995460.*another version of YooChoose clicks/);
    const file = join(process.env.SESSIONLAB_DATA ?? join(__dirname, "../../../shared/data"), "sessions/yoochoose-clicks/clicks.tsv.gz");
    if (!isFetched(catalog["yoochoose-clicks"])) skipFor(this, "yoochoose-clicks is not in SESSIONLAB_DATA or ../shared/data");
    mkdirSync(join(folder(), "mine"));
    copyFileSync(file, join(folder(), "mine", "clicks.tsv.gz"));
    const events = await loadDataset("yoochoose-clicks", { root: join(folder(), "home"), from: join(folder(), "mine") });
    assert.equal(events.item.length, 145716);
    assert.equal(readdirSync(join(folder(), "home", "prepared")).length, 1);
  });

  it("tells events and benchmarks apart", async () => {
    await assert.rejects(loadDataset("diginetica-benchmark"), /found the benchmark "diginetica-benchmark", which has no times; loadBenchmark/);
    await assert.rejects(loadBenchmark("amazon-books"), /loadDataset\("amazon-books"\) reads it/);
    await assert.rejects(loadDataset("books-link"), /did you mean "books-linked"/);
  });
});
