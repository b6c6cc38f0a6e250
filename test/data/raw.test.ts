/** Official files in all their forms: true records, generated ones, every trap that is known of them, and every kind of malformed record. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { ConfigError, DataError } from "../../src/core/errors";
import { thisProcess } from "../../src/core/processes";
import { featuresOfItem, relatedFeatures } from "../../src/data/item-features";
import { eventsFromRaw, type RawEventTable } from "../../src/data/raw";
import { freshFolder } from "../scratch";
import { skipFor } from "./fixtures";
import { rawFixtures } from "./raw-files";

const samples = join(process.env.SESSIONLAB_DATA ?? join(__dirname, "../../../shared/data"), "schema-samples");

describe("raw files", function () {
  this.timeout(120_000);
  const folder = freshFolder();

  function write(name: string, content: Buffer | string): string {
    writeFileSync(join(folder(), name), content);
    return join(folder(), name);
  }

  const known = ({ itemIds, titles, years, genres, features }: RawEventTable, id: string): unknown[] => {
    const v = itemIds.indexOf(id);
    return [titles?.[v], years?.[v], genres?.[v], ...(features ?? []).filter(({ name }) => !relatedFeatures.includes(name)).map((one) => featuresOfItem(one, v))].filter((one) => one !== undefined);
  };

  for (const { format, what, events, count, items } of rawFixtures) {
    it(`reads ${format}: ${what}, gzip and plain alike`, async () => {
      const plain = await eventsFromRaw(format, { events: write("events", events), items: items && write("items", items) });
      const packed = await eventsFromRaw(format, { events: write("events", gzipSync(events)), items: items && write("items", gzipSync(items)) });
      assert.deepEqual({ ...packed, report: undefined }, { ...plain, report: undefined });
      assert.equal(plain.item.length, count);
      assert.equal((plain.users ?? plain.sessionIds)!.length > 1, true);
      assert.deepEqual(plain.report.faults.filter(({ intended }) => intended === undefined), []);
    });
  }

  it("reads every true record of the schema samples", async function () {
    if (!existsSync(samples)) skipFor(this, "no schema-samples in SESSIONLAB_DATA or ../shared/data");
    const sample = (name: string): string => join(samples, name);
    const old = await eventsFromRaw("amazon-2014", { events: sample("amazon2014_review_1record.jsonl") });
    assert.deepEqual([old.users, old.itemIds, [...old.rating!], [...old.time], old.report.faults], [["A2SUAM1J3GNN3B"], ["0000013714"], [5], [1252800000], []]);
    const meta = sample("amazon2014_meta_Movies_and_TV_python-literal_1record.txt");
    const movie = await eventsFromRaw("amazon-2014", { events: write("ratings.csv", "A1,0000143561,5.0,1400000000\n"), items: meta });
    assert.deepEqual(known(movie, "0000143561"), ["Everyday Italian (with Giada de Laurentiis), Volume 1 (3 Pack): Italian Classics, Parties, Holidays", [], ["Movies & TV", "Movies"]]);
    const two = await eventsFromRaw("amazon-2014", { events: write("ratings.csv", "A1,0000143561,5.0,1400000000\nA1,B0036FO6SI,4.0,1400000000\n"), items: meta });
    assert.deepEqual(two.features!.map((one) => [one.name, one.values]).slice(2), [["also_bought", []], ["also_viewed", ["B0036FO6SI"]], ["bought_together", []], ["buy_after_viewing", ["B0036FO6SI"]]]);
    const books = await eventsFromRaw("amazon-2018", { events: sample("amazon2018_Books_reviews.jsonl") });
    const lines = readFileSync(sample("amazon2018_Books_reviews.jsonl"), "utf8").trim().split("\n").map((line) => JSON.parse(line) as { reviewerID: string; unixReviewTime: number });
    assert.deepEqual([...books.users!].sort(), [...new Set(lines.map(({ reviewerID }) => reviewerID))].sort());
    assert.deepEqual([...books.time].sort(), lines.map(({ unixReviewTime }) => unixReviewTime).sort());
    const records = readFileSync(sample("amazon2018_Books_meta.jsonl"), "utf8").trim().split("\n").map((line) => JSON.parse(line) as { asin: string });
    const ratings = write("ratings.csv", records.map(({ asin }) => `${asin},A1,5.0,1400000000\n`).join(""));
    const named = await eventsFromRaw("amazon-2018", { events: ratings, items: sample("amazon2018_Books_meta.jsonl") });
    assert.deepEqual(known(named, "0847806227"), ["Art Deco Jewelry", ["Sylvie Raulet"], ["Books", "Crafts, Hobbies & Home", "Antiques & Collectibles"]]);
    assert.deepEqual(known(named, "0847805913")[2], ["Books", "Engineering & Transportation", "Engineering"]);
    assert.deepEqual([named.itemIds.length, named.report.faults], [records.length, []]);
    const core = await eventsFromRaw("amazon-2023", { events: sample("amazon2023_5core_rating_only_head.csv") });
    assert.deepEqual([core.item.length, core.time[0], core.itemIds[core.item[0]!]], [5, 1452647382, "B006GBITXC"]);
  });

  it("reads what shops show beside an item, as far as the events have it", async () => {
    const beside = ({ itemIds, features }: RawEventTable, id: string): Record<string, string[]> => Object.fromEntries((features ?? []).filter(({ name }) => relatedFeatures.includes(name)).map((one) => [one.name, featuresOfItem(one, itemIds.indexOf(id))]));
    const events = write("r.json", ["a", "b", "c"].map((asin) => review({ asin })).join("\n"));
    const old = await eventsFromRaw("amazon-2014", { events, items: write("m.json", "{'asin': 'a', 'related': {'also_bought': ['c', 'x', 'b', 'c'], 'also_viewed': ['x'], 'bought_together': ['b']}}\n{'asin': 'b', 'related': None}\n{'asin': 'x', 'related': {'also_bought': ['a']}}\n") });
    assert.deepEqual(beside(old, "a"), { also_bought: ["c", "b"], also_viewed: [], bought_together: ["b"], buy_after_viewing: [] });
    assert.deepEqual(Object.values(beside(old, "b")).flat(), []);
    const later = await eventsFromRaw("amazon-2018", { events, items: write("m.json", '{"asin": "b", "also_buy": ["x", "a"], "also_view": ["c"]}\n') });
    assert.deepEqual(beside(later, "b"), { also_bought: ["a"], also_viewed: ["c"] });
  });

  it("knows the traps: milliseconds, the item first, order inside a day, a title in quotes, a track without an id", async () => {
    const first = { ...(await eventsFromRaw("amazon-2018", { events: write("r.csv", "B1,U1,5.0,1400000000\nB0,U1,4.0,1400000000\n") })) };
    assert.deepEqual([first.users, [...first.item].map((v) => first.itemIds[v])], [["U1"], ["B1", "B0"]]); // one day: the file's order
    const jsonl = await eventsFromRaw("amazon-2023", { events: write("r.jsonl", '{"user_id":"u","parent_asin":"p","asin":"a","rating":4.0,"timestamp":1452647382007}\n') });
    assert.deepEqual([jsonl.itemIds, [...jsonl.time]], [["p"], [1452647382.007]]);
    const views = await eventsFromRaw("diginetica", { events: write("v.csv", "sessionId;userId;itemId;timeframe;eventdate\n1;NA;7;9000;2016-05-09\n1;NA;8;500;2016-05-09\n2;;7;;2016-05-08\n") });
    assert.deepEqual([[...views.item].map((v) => views.itemIds[v]), [...views.time], views.users], [["7", "8", "7"], [1462665600, 1462752000.5, 1462752009], undefined]);
    const clicks = await eventsFromRaw("yoochoose", { events: write("c.dat", "1,2014-04-07T10:51:09.277Z,214536502,0\n") });
    assert.deepEqual([...clicks.time], [1396867869.277]);
    const films = rawFixtures.find(({ what }) => what === "32M")!;
    const big = await eventsFromRaw("movielens", { events: write("e", films.events), items: write("i", films.items!) });
    assert.deepEqual([known(big, "2"), known(big, "3")], [['American "President", The', 1995, ["Comedy", "Romance"]], ["Nameless", []]]);
    const small = rawFixtures.find(({ what }) => what === "1M")!;
    const latin = await eventsFromRaw("movielens", { events: write("e", small.events), items: write("i", Buffer.from("1::Mis\xe9rables, Les (1995)::Drama\n2::A::B (1990)::War\n", "latin1")) });
    assert.deepEqual([known(latin, "1"), known(latin, "2")], [["Misérables, Les", 1995, ["Drama"]], ["A::B", 1990, ["War"]]]);
    const tracks = rawFixtures.find(({ format }) => format === "lastfm")!;
    const heard = await eventsFromRaw("lastfm", { events: write("e", tracks.events), items: write("i", tracks.items!) });
    assert.deepEqual([known(heard, "tr1"), known(heard, "Artist 0 / Track 4")], [["Track 1", ["Artist 1"]], ["Track 4", ["Artist 0"]]]);
    assert.deepEqual((await eventsFromRaw("retailrocket", { events: write("e", rawFixtures.find(({ format }) => format === "retailrocket")!.events) })).report.faults, [
      { reason: "another event than a view", count: 6, file: join(folder(), "e"), line: 5, intended: true },
    ]);
  });

  const review = (change: object = {}): string => JSON.stringify({ reviewerID: "u", asin: "i", overall: 5, unixReviewTime: 1400000000, ...change });
  const literal = (change = ""): string => `{'asin': 'i${change.length}', 'title': 'T'${change}}`;

  it("counts each kind of malformed event, with the file and line of the first", async () => {
    const bad: readonly (readonly [line: string, reason: string])[] = [
      ['{"reviewerID": "u", "asin": ', "a broken JSON line"],
      [`{"reviewerID": "u\0", "asin": "i"}`, "a broken JSON line"],
      ["[1, 2]", "a broken JSON line"],
      ["", "an empty line"],
      [review({ asin: undefined }), "no item"],
      [review({ reviewerID: null }), "no user"],
      [review({ asin: ["i"] }), "an item of a wrong type"],
      [review({ reviewerID: { a: 1 } }), "a user of a wrong type"],
      [review({ asin: "i\0" }), "a NUL byte in the item"],
      [review({ asin: "i".repeat(1001) }), "an item of more than 1000 letters"],
      [review({ unixReviewTime: undefined }), "no time"],
      [review({ unixReviewTime: "noon" }), "a time that is no number"],
      [review({ unixReviewTime: "NaN" }), "a time that is no number"],
      [review({ unixReviewTime: [1] }), "a time of a wrong type"],
      [review({ unixReviewTime: 0 }), "time 0"],
      [review({ unixReviewTime: -5 }), "a time before 1970"],
      [review({ unixReviewTime: 1400000000000 }), "a time in the future"],
      [review({ unixReviewTime: 1407000000 }), "a time in the future"], // after the release
      [review({ overall: undefined }), "no rating"],
      [review({ overall: "five" }), "a rating that is no number"],
      [review({ overall: { stars: 5 } }), "a rating of a wrong type"],
      [review(), "a duplicate of an earlier record"],
      [review(), "a duplicate of an earlier record"],
      [`${"x".repeat((1 << 23) + 1)}`, "more than 8388608 bytes in a line"],
      ["b\xff", "bytes that are not UTF-8"],
      ["last, after what is no line", "a broken JSON line"],
    ];
    const file = write("reviews.json", Buffer.concat([Buffer.from(`${review()}\n${review({ asin: "j", reviewText: "x".repeat(5e6) })}\n`), ...bad.map(([line]) => Buffer.from(`${line}\n`, "latin1"))]));
    const { report, ...events } = await eventsFromRaw("amazon-2014", { events: file }, { maxDropped: 0.99, until: "2014-08-01" });
    assert.deepEqual([events.item.length, events.itemIds], [2, ["i", "j"]]); // 5 MB of text are no fault
    for (const reason of new Set(bad.map(([, one]) => one))) {
      const at = bad.flatMap(([, one], n) => (one === reason ? [n + 3] : []));
      assert.deepEqual(report.faults.find((one) => one.reason === reason), { reason, count: at.length, file, line: at[0] }, reason);
    }
    assert.equal(report.faults.reduce((sum, { count }) => sum + count, 0), bad.length);
  });

  it("counts each kind of malformed item", async () => {
    const bad: readonly (readonly [line: string, reason: string])[] = [
      ["{'asin': 'x', 'title': 'It's'}", "a broken Python literal"],
      ["{'asin': 'x', 'title': \"He said \"no\"\"}", "a broken Python literal"],
      ["['asin']", "a literal that is no record"],
      ["{'title': 'T'}", "no item"],
      ["{'asin': 5}", "an item of a wrong type"],
      ["{'asin': 'y', 'title': ['T']}", "a title of a wrong type"],
      [`{'asin': 'y', 'title': '${"T".repeat(5e6)}'}`, "a title of more than 2000 letters"],
      ["{'asin': 'a\\x00'}", "a NUL byte in the item"],
      [literal(), "an item of an earlier line"],
      ["", "an empty line"],
    ];
    const good = [literal(), literal(", 'a': \"it's \\\"so\\\"\""), "{'asin': 'bare'}"];
    const items = write("meta.json", `${[...good, ...bad.map(([line]) => line)].join("\n")}\n`);
    const { report } = await eventsFromRaw("amazon-2014", { events: write("r.csv", "u,i0,5.0,1400000000\nu,bare,5.0,1400000000\n"), items }, { maxDropped: 0.99 });
    for (const reason of new Set(bad.map(([, one]) => one))) {
      const at = bad.flatMap(([, one], n) => (one === reason ? [n + 4] : []));
      assert.deepEqual(report.faults.find((one) => one.reason === reason), { reason, count: at.length, file: items, line: at[0] }, reason);
    }
  });

  it("is an error above the share that the caller sets, with every reason and place", async () => {
    const file = write("r.csv", "u,i,5.0,1400000000\nu,j,5.0,1400000000\nu,k,5.0,0\nu,l\n");
    await assert.rejects(eventsFromRaw("amazon-2014", { events: file }), (error: Error) => {
      assert.ok(error instanceof DataError);
      assert.equal(error.message, `${file}:3: Expected at most 1 % of 4 records of events to be malformed, found 2: 1 with time 0 (first at ${file}:3), 1 with another number of fields than 4 (first at ${file}:4); fetch the file again, or raise maxDropped`);
      return true;
    });
    assert.equal((await eventsFromRaw("amazon-2014", { events: file }, { maxDropped: 0.5 })).item.length, 2);
    await assert.rejects(eventsFromRaw("amazon-2014", { events: file }, { maxDropped: 0.49 }), DataError);
  });

  it("reads files that follow each other, and names the one that a fault is in", async () => {
    const parts = [write("a.csv", "u,i,5.0,1400000000\n"), write("b.csv", "u,j,5.0,1400000001\nu,j,x,1400000002\n")];
    const { report, itemIds } = await eventsFromRaw("amazon-2014", { events: parts }, { maxDropped: 0.5 });
    assert.deepEqual([itemIds, report.faults], [["i", "j"], [{ reason: "a rating that is no number", count: 1, file: parts[1], line: 2 }]]);
  });

  it("stops in the middle of a file when it is told to, and leaves nothing", async () => {
    const file = write("r.csv", Array.from({ length: 300_000 }, (_, n) => `u${n % 999},i${n % 777},5.0,${1400000000 + n}\n`).join(""));
    const controller = new AbortController();
    const reading = eventsFromRaw("amazon-2014", { events: file }, { signal: controller.signal });
    setTimeout(() => controller.abort(), 1);
    await assert.rejects(reading, { name: "AbortError" });
  });

  it("removes what a killed process left, and leaves nothing itself", async () => {
    const before = process.env["TMPDIR"];
    process.env["TMPDIR"] = folder();
    try {
      const dead = { ...thisProcess(), pid: spawnSync(process.execPath, ["--version"]).pid };
      mkdirSync(join(folder(), `sessionlab-raw.${dead.pid}-${dead.place}-00000001.tmp`));
      assert.equal((await eventsFromRaw("amazon-2014", { events: write("f", "u,i,5.0,1400000000\n") })).item.length, 1);
      assert.deepEqual(readdirSync(folder()), ["f"]);
    } finally {
      if (before === undefined) delete process.env["TMPDIR"];
      else process.env["TMPDIR"] = before;
    }
  });

  it("names files that are not there, empty, broken, or of another format, and wrong options", async () => {
    const read = (content: Buffer | string, options = {}): Promise<RawEventTable> => eventsFromRaw("amazon-2014", { events: write("f", content) }, options);
    const file = join(folder(), "f");
    for (const [content, says] of [
      ["", /f: Expected records, found an empty file/],
      ["a;b\n", /f:1: Expected Amazon 2014: .* found another first line/],
      [gzipSync(rawFixtures[0]!.events).subarray(0, 300), /f: Expected a whole file of lines, found unexpected end of file/],
      [Buffer.concat([gzipSync("u,i,5.0,1400000000\n").subarray(0, -8), Buffer.alloc(8)]), /f: Expected a whole gzip file, found incorrect data check/],
      [gzipSync("x").subarray(0, 5), /f: Expected records, found an empty file/],
      ["u,i,5.0,0\n", /f: Expected events, found none in 1 records: 1 with time 0/],
    ] as const) {
      await assert.rejects(read(content, { maxDropped: 0.99 }), (error: Error) => {
        assert.match(error.message, says);
        return error instanceof DataError && error.location.file === file;
      });
    }
    await assert.rejects(eventsFromRaw("amazon-2014", { events: join(folder(), "none") }), /none: Expected a file that can be read, found ENOENT/);
    await assert.rejects(eventsFromRaw("amazon-2013" as "amazon-2014", { events: file }), (error: Error) => error instanceof ConfigError && /did you mean "amazon-201/.test(error.message));
    await assert.rejects(read("u,i,5.0,1\n", { until: "soon" }), ConfigError);
    await assert.rejects(read("u,i,5.0,1\n", { signal: AbortSignal.abort() }), { name: "AbortError" });
  });
});
