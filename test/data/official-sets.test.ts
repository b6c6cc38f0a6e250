/** The catalogue's official sets, on generated files under their official names: found, read, prepared once, reported. */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, readdirSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { gzipSync } from "node:zlib";
import { DataError } from "../../src/core/errors";
import { catalog, type CatalogEntry } from "../../src/data/catalog";
import { faultsOf, isLocal, loadBenchmark, loadDataset, preparedFolder } from "../../src/data/datasets";
import { officialSets } from "../../src/data/official-sets";
import { sharedSets } from "../../src/data/shared-sets";
import { assertUnchanged, markFiles, type RawMark } from "../../src/data/raw-marks";
import { freshFolder } from "../scratch";
import { place, sha256, zipOf } from "./fixtures";
import { rawFixtures, type RawFixture } from "./raw-files";

/** The fixture that has the form of an entry's files. */
function fixtureOf({ format, sources }: CatalogEntry): RawFixture {
  const [source] = sources;
  assert.ok(source?.kind === "files");
  const [events] = source.files;
  const csv = /\.csv(\.gz)?$/.test(events!.path);
  return rawFixtures.find((one) => one.format === format && (format === "movielens" ? csv === (one.what === "32M") : format === "amazon-2023" ? one.what === "the 5-core CSV" : true))!;
}

describe("official sets", function () {
  this.timeout(120_000);
  const folder = freshFolder();
  const root = (): string => join(folder(), "home");
  const from = (): string => join(folder(), "from");

  function placeFiles(entry: CatalogEntry): RawFixture {
    const fixture = fixtureOf(entry);
    const items = fixture.items ?? rawFixtures.find((one) => one.format === entry.format && one.items !== undefined)?.items;
    mkdirSync(from(), { recursive: true });
    const [source] = entry.sources;
    assert.ok(source?.kind === "files");
    for (const { role, path } of source.files) {
      const content = role === "items" ? items! : fixture.events;
      writeFileSync(join(from(), basename(path)), path.endsWith(".gz") ? gzipSync(content) : content);
    }
    return fixture;
  }

  for (const [name, entry] of Object.entries<CatalogEntry>(officialSets)) {
    it(`${name}: files of its official names become events, and are read without them the next time`, async () => {
      const { count } = placeFiles(entry);
      const events = await loadDataset(name, { root: root(), from: from() });
      assert.deepEqual([events.name, events.item.length], [name, count]);
      rmSync(from(), { recursive: true });
      assert.ok(isLocal(entry, root()));
      assert.deepEqual(await loadDataset(name, { root: root() }), events);
      assert.equal(readdirSync(join(root(), "prepared")).length, 1);
    });
  }

  it("prepares anew what was replaced under its name, and nothing that was only touched, moved or removed", async () => {
    const entry = catalog.retailrocket;
    const rows = Array.from({ length: 9000 }, (_, n) => `${1.43e12 + n * 1000},${n % 50},view,${100 + (n % 90)},`);
    const content = (changed: string): string => ["timestamp,visitorid,event,itemid,transactionid", ...rows.slice(0, 4500), changed, ...rows.slice(4500), ""].join("\n");
    const [first, second] = [content("1430000000000,7,view,1,"), content("1430000000000,7,view,2,")]; // as long, and the same at both ends
    assert.ok(first.length > 3 << 16);
    mkdirSync(from(), { recursive: true });
    const file = join(from(), "events.csv");
    const made = (): unknown[] => {
      const folder = preparedFolder(entry, root());
      return [statSync(folder).ino, JSON.parse(readFileSync(join(folder, "meta.json"), "utf8")).raw.events];
    };
    writeFileSync(file, first);
    utimesSync(file, 1000, 1000);
    const before = await loadDataset("retailrocket", { root: root(), from: from() });
    const [folder0, mark0] = made();
    const { path, bytes, modified, sha256: hash } = mark0 as RawMark;
    assert.deepEqual([path, bytes, modified, hash], [file, first.length, 1e6, sha256(first)]);
    for (const touch of [() => undefined, () => utimesSync(file, 2000, 2000)]) {
      touch();
      assert.equal((await loadDataset("retailrocket", { root: root(), from: from() })).hash, before.hash);
      assert.deepEqual(made(), [folder0, { ...(mark0 as RawMark), modified: statSync(file).mtimeMs }]);
    }
    writeFileSync(file, second);
    const after = await loadDataset("retailrocket", { root: root() }); // by its place then, too
    assert.deepEqual([before.itemIds[0], after.itemIds[0], after.item.length], ["1", "2", before.item.length]);
    assert.notEqual(made()[0], folder0);
    const other = join(folder(), "other");
    mkdirSync(other);
    writeFileSync(join(other, "events.csv"), first);
    assert.equal((await loadDataset("retailrocket", { root: root(), from: other })).hash, before.hash);
    rmSync(other, { recursive: true });
    assert.equal((await loadDataset("retailrocket", { root: root() })).hash, before.hash);
    assert.equal(readdirSync(join(root(), "prepared")).length, 1);
  });

  it("makes a prepared set again whose marks are damaged", async () => {
    placeFiles(catalog.yoochoose);
    const { hash } = await loadDataset("yoochoose", { root: root(), from: from() });
    const file = join(preparedFolder(catalog.yoochoose, root()), "meta.json");
    const whole = readFileSync(file, "utf8");
    for (const raw of ["null", "5", '{ "events": null }', '{ "events": { "path": 5 } }']) {
      writeFileSync(file, JSON.stringify({ ...JSON.parse(whole), raw: JSON.parse(raw) }));
      assert.equal((await loadDataset("yoochoose", { root: root(), from: from() })).hash, hash);
      assert.equal(readFileSync(file, "utf8"), whole, raw);
    }
  });

  it("refuses what changes while it is read", async () => {
    mkdirSync(from());
    const file = join(from(), "a");
    writeFileSync(file, "1");
    const marks = await markFiles({ events: file });
    assertUnchanged(marks);
    writeFileSync(file, "12");
    assert.throws(() => assertUnchanged(marks), (error: Error) => error instanceof DataError && /\/a: Expected a file that stays as it is while it is read/.test(error.message));
  });

  it("says of every set where its files are to be had, where they are not in the folder that was named or in any", async () => {
    mkdirSync(from(), { recursive: true });
    const before = process.env["SESSIONLAB_DATA"];
    process.env["SESSIONLAB_DATA"] = from();
    try {
      for (const [name, entry] of Object.entries<CatalogEntry>({ ...officialSets, ...sharedSets })) {
        const [source] = entry.sources;
        assert.ok(source?.kind === "files");
        const fetched = source.files.some(({ urls }) => urls !== undefined); // without a folder that is named these go to the network
        for (const options of fetched ? [{ from: from() }] : [{ from: from() }, {}]) {
          const load = entry.form === "benchmark" ? loadBenchmark(name, {}, { root: root(), ...options }) : loadDataset(name, { root: root(), ...options });
          await assert.rejects(load, (error: Error) => {
            assert.ok(error instanceof DataError);
            for (const part of [source.files[0]!.path, from(), source.origin, ...source.recipe, "then name the folder: --from DIR"]) assert.ok(error.message.includes(part), `${name}: ${part} in ${error.message}`);
            return true;
          });
        }
        await assert.rejects(entry.form === "benchmark" ? loadBenchmark(name, {}, { from: "/none" }) : loadDataset(name, { root: root(), from: "/none" }), /Expected from to be a folder that is there, found "\/none"/);
      }
    } finally {
      if (before === undefined) delete process.env["SESSIONLAB_DATA"];
      else process.env["SESSIONLAB_DATA"] = before;
    }
  });

  it("has a public source for every set, and a format or tables", () => {
    for (const [name, entry] of Object.entries<CatalogEntry>(catalog)) {
      assert.equal(entry.name, name);
      for (const source of entry.sources) {
        if (source.kind !== "files") continue;
        assert.match(source.origin, /^(https?:\/\/|github\.com\/[\w-]+\/[\w-]+ at [0-9a-f]{7,})/, name);
        assert.ok(source.recipe.length > 0 && source.files.length > 0, name);
        for (const url of source.files.flatMap(({ urls }) => urls ?? [])) assert.equal(new URL(url).href, url);
        assert.ok(entry.contentHash === undefined || source.files.every(({ sha256 }) => /^[0-9a-f]{64}$/.test(sha256!)), name);
      }
    }
  });

  it("reads a zip archive of downloads/ without unpacking it by hand", async () => {
    const { events, items } = fixtureOf(catalog["ml-1m"]);
    place(root(), "ml-1m.zip", zipOf({ "ml-1m/README": "r", "ml-1m/ratings.dat": events, "ml-1m/movies.dat": items! }));
    const table = await loadDataset("ml-1m", { root: root() });
    assert.deepEqual([table.item.length, table.titles![0], table.years![0], table.genres![0]], [40, "Toy Story", 1995, ["Animation", "Children's", "Comedy"]]);
    assert.deepEqual(readdirSync(join(root(), "downloads")), ["ml-1m.zip"]);
    rmSync(join(root(), "prepared"), { recursive: true });
    const broken = zipOf({ "ml-1m/README": "r", "ml-1m/ratings.dat": events, "ml-1m/movies.dat": items! });
    broken[broken.indexOf("::") + 6]! ^= 1; // ratings.dat is stored: its checksum is wrong now
    place(root(), "ml-1m.zip", broken);
    await assert.rejects(loadDataset("ml-1m", { root: root() }), /ml-1m\.zip\/ml-1m\/ratings\.dat: Expected a whole zip archive, found a wrong checksum/);
    assert.deepEqual(readdirSync(join(root(), "prepared")), []);
  });

  it("keeps what was left out beside the prepared data, and holds a caller's share against it", async () => {
    placeFiles(catalog["amazon-books-2014"]);
    const file = join(from(), "reviews_Books_5.json.gz");
    const late = JSON.stringify({ reviewerID: "u", asin: "i", overall: 5, unixReviewTime: 1407000000 }); // after the release
    writeFileSync(file, gzipSync(`${rawFixtures[0]!.events}${late}\n`));
    await assert.rejects(loadDataset("amazon-books-2014", { root: root(), from: from() }), (error: Error) => error instanceof DataError && /found 1: 1 with a time in the future \(first at .*reviews_Books_5\.json\.gz:41\)/.test(error.message));
    assert.deepEqual(readdirSync(join(root(), "prepared")), []);
    const events = await loadDataset("amazon-books-2014", { root: root(), from: from(), maxDropped: 0.1 });
    assert.equal(events.item.length, 40);
    assert.deepEqual(faultsOf(catalog["amazon-books-2014"], root()), [{ reason: "a time in the future", count: 1, file, line: 41 }]);
    await assert.rejects(loadDataset("amazon-books-2014", { root: root(), maxDropped: 0.01 }), DataError);
  });
});
