import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { cpSync, existsSync, mkdirSync, readFileSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { gzipSync } from "node:zlib";
import { withLock } from "../../src/core/lock";
import { Rng } from "../../src/core/rng";
import { catalog, type CatalogEntry } from "../../src/data/catalog";
import { loadEntry, preparedFolder } from "../../src/data/datasets";
import { eventsFrom, type EventTable } from "../../src/data/events";
import { output } from "../core/children";
import { killAndResume, tellPlaces, usualKills } from "../kill";
import { suiteFolder } from "../scratch";
import { place, sha256, zipOf } from "./fixtures";

describe("a killed preparation", function () {
  this.timeout(60_000 + 30_000 * usualKills);
  const folder = suiteFolder();
  const rng = new Rng(1);
  const rows = Array.from({ length: 150_000 }, () => [String(1 + rng.int(900)), String(1 + rng.int(1500)), 1 + rng.int(5), 9e8 + rng.int(1e8)] as const);
  const child = (root: string): ChildProcess => spawn(process.execPath, ["--require", require.resolve("tsx/cjs"), join(__dirname, "prepare-child.ts"), root]);
  const preparedIn = (root: string): string[] => {
    const prepared = join(root, "prepared");
    return existsSync(prepared) ? readdirSync(prepared, { recursive: true, encoding: "utf8" }) : [];
  };

  /** Where a job of an entry runs: the entry beside its roots, each of which gets the files. */
  function jobOf(kind: string, entry: CatalogEntry, files: Readonly<Record<string, Buffer>>): { readonly home: string; readonly start: (root: string) => ChildProcess } {
    const home = join(folder(), kind);
    for (const [name, content] of Object.entries(files)) place(join(home, "source"), name, content);
    writeFileSync(join(home, "entry.json"), JSON.stringify(entry));
    const start = (root: string): ChildProcess => {
      if (!existsSync(join(root, "downloads"))) cpSync(join(home, "source"), root, { recursive: true, preserveTimestamps: true });
      return child(root);
    };
    return { home, start };
  }

  async function survives(kind: string, entry: CatalogEntry, files: Readonly<Record<string, Buffer>>): Promise<EventTable> {
    const { home, start } = jobOf(kind, entry, files);
    const where = (_: string, root: string): string => {
      const inside = preparedIn(root).filter((file) => file.includes("/")).map((file) => basename(file));
      return inside.length === 0 ? "before the first file" : `after ${[...new Set(inside)].sort().join(", ")}`;
    };
    const killed = await killAndResume({ start, where, begins: /begins/ }, home, usualKills, new Rng("prepare"));
    tellPlaces(`prepare ${kind}`, killed);
    const { whole, finished, moments } = killed;
    assert.equal(moments.length, usualKills);
    assert.equal(finished.reduce((sum, { kills }) => sum + kills, 0), usualKills);
    const table = await loadEntry(entry, { root: whole });
    for (const one of finished) {
      const made = preparedFolder(entry, one.folder);
      assert.deepEqual(readdirSync(join(one.folder, "prepared")), readdirSync(join(whole, "prepared")));
      assert.deepEqual(readdirSync(made).sort(), ["events.parquet", "items.parquet", "meta.json"]);
      for (const file of readdirSync(made)) {
        const inPlace = readFileSync(join(made, file)).toString("latin1").replaceAll(one.folder, whole); // raw files are named with their places
        assert.ok(inPlace === readFileSync(join(preparedFolder(entry, whole), file)).toString("latin1"), file);
      }
      assert.deepEqual(readdirSync(join(one.folder, "downloads")), Object.keys(files).sort());
      assert.equal((await loadEntry(entry, { root: one.folder })).hash, table.hash);
    }
    return table;
  }

  it("of an archive leaves the bytes of an uninterrupted one once it is called again, and nothing else", async () => {
    const none = Array.from({ length: 19 }, () => "0").join("|");
    const items = Array.from({ length: 1500 }, (_, item) => `${item + 1}|Film ${item + 1} (1990)|01-Jan-1990||http://x/|${none}`);
    const archive = zipOf({ "ml/u.data": rows.map((row) => `${row.join("\t")}\n`).join(""), "ml/u.item": `${items.join("\n")}\n` });
    const expected = eventsFrom({ name: "ml-100k", user: rows.map((row) => row[0]), item: rows.map((row) => row[1]), rating: rows.map((row) => row[2]), time: rows.map((row) => row[3]) });
    const entry: CatalogEntry = {
      ...catalog["ml-100k"],
      sources: [{ kind: "zip", url: "http://127.0.0.1:9/ml.zip", sha256: sha256(archive), folder: "ml" }],
      counts: { users: 900, items: 1500, events: rows.length },
      contentHash: expected.hash,
    };
    await survives("an archive", entry, { "ml.zip": archive });
  });

  const reviews = (some: typeof rows): Buffer => gzipSync(some.map(([user, item, rating, time], n) => `{"reviewerID": "U${user}", "asin": "B${item}", "overall": ${rating}.0, "unixReviewTime": ${time + n / 1e6}}\n`).join("")); // no two of one time
  const metadata = gzipSync(Array.from({ length: 1500 }, (_, item) => `{'asin': 'B${item + 1}', 'title': "Book ${item + 1}", 'categories': [['Books']]}\n`).join(""));
  const books: CatalogEntry = catalog["amazon-books-2014"];

  it("of official files does so too", async () => {
    const table = await survives("official files", books, { "meta_Books.json.gz": metadata, "reviews_Books_5.json.gz": reviews(rows.slice(0, 60_000)) });
    assert.deepEqual([table.item.length, table.users!.length, table.itemIds.length, table.titles![0]], [60_000, 900, 1500, "Book 1"]);
  });

  it("of several at once is one: the others wait for it, and read", async () => {
    const { home, start } = jobOf("at once", books, { "meta_Books.json.gz": metadata, "reviews_Books_5.json.gz": reviews(rows.slice(0, 20_000)) });
    const root = join(home, "root");
    mkdirSync(root);
    const made = preparedFolder(books, root);
    const folders = new Set<number>();
    let ends: Promise<string>[] = [];
    // Held until all three stand at the door, so that none comes when another is through.
    await withLock(`${made}.lock`, async () => {
      const children = [start(root), child(root), child(root)];
      ends = children.map((one) => output(one).then((text) => (folders.add(statSync(made).ino), text)));
      await Promise.all(children.map((one) => new Promise<void>((resolve) => one.stdout!.on("data", (piece: Buffer) => piece.includes("waits") && resolve()))));
      assert.equal(existsSync(made), false);
    }, { task: "test" });
    assert.deepEqual(await Promise.all(ends), Array.from({ length: 3 }, () => "begins\nwaits\n"));
    assert.equal(folders.size, 1); // a second preparation would have put another folder there
    assert.deepEqual(readdirSync(join(root, "prepared")), [basename(preparedFolder(books, root))]);
  });
});
