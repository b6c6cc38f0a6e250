import assert from "node:assert/strict";
import { readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { ConfigError, DataError } from "../../src/core/errors";
import { Rng } from "../../src/core/rng";
import { eventsFrom } from "../../src/data/events";
import { eventsFromFile, type FileEvents, type FileOptions } from "../../src/data/own-files";
import { sessionsFrom } from "../../src/data/sessions";
import { quote, withDuckDB } from "../../src/data/store";
import { mutateRecords } from "../mutate";
import { freshFolder } from "../scratch";

const csv = "user_id,item_id,rating,timestamp\nu1,b,5,1400000300\nu2,a,3,1400000200\nu1,a,4,1400000100\n";
const expected = eventsFrom({ name: "log", user: ["u1", "u2", "u1"], item: ["b", "a", "a"], rating: [5, 3, 4], time: [1400000300, 1400000200, 1400000100] });

describe("eventsFromFile", () => {
  const folder = freshFolder();
  const write = (name: string, content: string | Buffer): string => {
    writeFileSync(join(folder(), name), content);
    return join(folder(), name);
  };
  const read = (content: string | Buffer, options?: FileOptions): Promise<FileEvents> => eventsFromFile(write("log.csv", content), options);

  it("reads a table of events with a report that says how", async () => {
    const { report, ...events } = await read(csv);
    assert.deepEqual(events, expected);
    assert.deepEqual(report, {
      rows: 3, kept: 3, dropped: [], time: { unit: "s", guessed: true },
      columns: { user: "user_id", item: "item_id", time: "timestamp", rating: "rating" },
    });
    assert.deepEqual(Array.from(sessionsFrom(events).sessions.offsets), [0, 2]); // what the library goes on with
  });

  const same: readonly (readonly [what: string, content: string | Buffer])[] = [
    ["gzip", gzipSync(csv)],
    ["TSV", csv.replaceAll(",", "\t")],
    ["semicolons", csv.replaceAll(",", ";")],
    ["CR LF", csv.replaceAll("\n", "\r\n")],
    ["a byte order mark", `\ufeff${csv}`],
    ["no last line end", csv.trimEnd()],
    ["quotes", csv.replace(/[^,\n]+/g, '"$&"')],
    ["RecBole's types", csv.replace("user_id,item_id,rating,timestamp", "user_id:token,item_id:token,rating:float,timestamp:float")],
    ["Amazon's names", csv.replace("user_id,item_id,rating,timestamp", "reviewerID,asin,overall,unixReviewTime")],
    ["a column between that holds line ends, delimiters and doubled quotes", csv.replace("rating,", "rating,text,").replace(/,([345]),/g, ',$1,"so, ""good""\n\nindeed",')],
    ["milliseconds", csv.replace(/(\d{10})/g, "$1000")],
    ["microseconds", csv.replace(/(\d{10})/g, "$1000000")],
    ["ISO dates", csv.replace(/\d{10}/g, (time) => new Date(Number(time) * 1000).toISOString())],
    ["dates in another zone", csv.replace(/\d{10}/g, (time) => `${new Date((Number(time) + 7200) * 1000).toISOString().slice(0, 19)}+02:00`)],
    ["dates without a zone", csv.replace(/\d{10}/g, (time) => new Date(Number(time) * 1000).toISOString().slice(0, 19).replace("T", " "))],
  ];
  for (const [what, content] of same) {
    it(`reads the same events from ${what}`, async () => {
      const { report, ...events } = await read(content);
      assert.deepEqual(events, expected);
      assert.deepEqual([report.rows, report.kept], [3, 3]);
    });
  }

  it("reads the same events from Parquet, whatever the types of its columns", async () => {
    for (const time of ["epoch", "epoch::bigint * 1000", "to_timestamp(epoch)", "make_timestamp(epoch::bigint * 1000000)", "epoch::double", "epoch::varchar"]) {
      const file = join(folder(), "log.parquet");
      await withDuckDB((connection) =>
        connection.run(`copy (select userId, asin, rating, ${time} as ts from (values ('u1', 'b', 5, 1400000300), ('u2', 'a', 3, 1400000200), ('u1', 'a', 4, 1400000100), (null, 'a', 1, 1))
          t(userId, asin, rating, epoch)) to '${file}' (format parquet)`),
      );
      const { report, ...events } = await eventsFromFile(file);
      assert.deepEqual(events, expected, time);
      assert.deepEqual(report.dropped, [{ reason: "no user", count: 1, firstLine: 4 }]);
    }
  });

  it("takes columns that are named, prefers parent_asin, reads sessions, and leaves a column of null unread", async () => {
    const text = "who,asin,parent_asin,session_id,when,rating\nx,i1,p1,s1,5,\ny,i2,p1,s2,7,\n";
    const { report, ...events } = await read(text, { columns: { user: "who", time: "when", rating: null }, name: "mine", timeUnit: "ms" });
    assert.deepEqual(events, eventsFrom({ name: "mine", user: ["x", "y"], item: ["p1", "p1"], session: ["s1", "s2"], time: [0.005, 0.007] }));
    assert.deepEqual(report.columns, { user: "who", item: "parent_asin", time: "when", session: "session_id" });
    assert.deepEqual(report.time, { unit: "ms", guessed: false });
    const anonymous = await read("SessionId,ItemId,Time\n1,2,2014-04-07T10:51:09.277Z\n");
    assert.deepEqual([anonymous.users, anonymous.sessionIds, Array.from(anonymous.time)], [undefined, ["1"], [1396867869.277]]);
  });

  it("drops what is no event, each with its reason, count and first line; or names it as an error", async () => {
    const bad: readonly (readonly [row: string, reason: string])[] = [
      ["u1,a,5,", "no time"],
      ["u1,a,5,NaN", "no time"],
      ["u1,a,5,noon", "a time that is no number"],
      ["u1,a,5,2014-04-07", "a time that is no number"],
      ["u1,a,5,Infinity", "a time that is no number"],
      ["u1,a,5,1e300", "a time out of range"],
      ["u1,a,five,1400000000", "a rating that is no number"],
      ["u1,a,1e300,1400000000", "a rating that is no number"],
      ["u1,a,,1400000000", "no rating"],
      [",a,5,1400000000", "no user"],
      ['u1," ",5,1400000000', "no item"],
      ["u\0,a,5,1400000000", "a NUL byte in the user"],
      ["u1,a,5", "another number of fields than the header"],
      ["u1,a,5,1,2", "another number of fields than the header"],
      ["", "an empty line"],
      ['"u1"x,a,5,1400000000', "a quote that does not fit"],
      ["user_id,item_id,rating,timestamp", "the header again"],
    ];
    const { report, ...events } = await read(`${csv}${bad.map(([row]) => `${row}\n`).join("")}`);
    assert.deepEqual(events, expected);
    assert.deepEqual([report.rows, report.kept], [3 + bad.length, 3]);
    for (const reason of new Set(bad.map(([, one]) => one))) {
      const lines = bad.flatMap(([, one], n) => (one === reason ? [5 + n] : []));
      assert.deepEqual(report.dropped.find((one) => one.reason === reason), { reason, count: lines.length, firstLine: lines[0] });
    }
    for (const [row, reason] of bad) {
      const file = write("one.csv", `${csv}${row}\n`);
      await assert.rejects(eventsFromFile(file, { badRows: "error" }), (error: Error) => error instanceof DataError && error.message.startsWith(`${file}:5`) && error.message.includes(reason), row);
    }
  });

  it("counts lines and not rows where a quoted field goes over line ends", async () => {
    const { report } = await read('user,item,time,text\na,b,1,"x\ny\nz"\na,b,,\n');
    assert.deepEqual(report.dropped, [{ reason: "no time", count: 1, firstLine: 5 }]);
  });

  const wrong: readonly (readonly [what: string, content: string | Buffer, says: RegExp])[] = [
    ["an empty file", "", /csv: Expected a header and rows, found an empty file/],
    ["a file that is a byte order mark", "\ufeff", /csv:1: Expected a header, found an empty line/],
    ["a first line of 10 MB", `${"x,".repeat(5e6)}\n${csv}`, /csv:1: Expected lines of at most 1048576 bytes/],
    ["a NUL in the name of a column", csv.replace("item_id", "item_\0id\0"), /csv:1: Expected the names of columns, found a NUL byte in "item_\\u0000id/],
    ["the columns of another table", "genre,title,year\na,b,1\n", /csv:1 \(item\): Expected a column of items .* found "genre", "title", "year"/],
    ["an empty first line", `\n${csv}`, /csv:1: Expected a header, found an empty line/],
    ["a header alone", csv.slice(0, csv.indexOf("\n")), /csv: Expected events, found no row under the header/],
    ["no event among the rows", "user,item,time\na,b,\na,,1\n", /csv: Expected events, found none in 2 rows: 1 with no time \(first on line 2\), 1 with no item \(first on line 3\)/],
    ["no column of items", "user,thing,time\na,b,1\n", /csv:1 \(item\): Expected a column of items .* found "user", "thing", "time"; name it: columns: \{ item/],
    ["neither users nor sessions", "item,time\nb,1\n", /csv:1 \(user\): Expected a column of users or of sessions/],
    ["a name that comes twice", "user,item,time,item\na,b,1,c\n", /csv:1 \(item\): Expected one column of items, found "item" and "item"; rename one/],
    ["two columns by one name", "user_id,userId,item,time\na,b,c,1\n", /csv:1 \(user\): .*found "user_id" and "userId"; name the right one: columns: \{ user: "user_id" \}/],
    ["a quote that never ends", `${csv}u1,"a,5,1\n${"u1,a,5,1\n".repeat(50)}`, /csv:5: Expected a field in quotes to end and to fit its row, found no end of it/],
    ["a quote that swallows rows", `${csv}u1,"a,5,1\nu1,"b",5,1\n`, /csv:5: Expected a field in quotes to end and to fit its row/],
    ["a line of 10 MB", `${csv}${"x".repeat(1e7)}\n`, /csv:5: Expected lines of at most 1048576 bytes/],
    ["a quoted field of 10 MB", `${csv}u1,"${`${"x".repeat(1e5)}\n`.repeat(100)}",5,1\n`, /csv:5: Expected a field in quotes to end/],
    ["bytes that are not UTF-8", Buffer.from(`${csv}caf\xe9,a,5,1\n`, "latin1"), /csv:5: Expected UTF-8/],
    ["UTF-16", Buffer.from(`\ufeff${csv}`, "utf16le"), /csv:1: Expected UTF-8/],
    ["a gzip that breaks off", gzipSync(csv).subarray(0, 40), /csv:1: Expected a whole file, found that it breaks off/],
    ["a Parquet file that breaks off", "PAR1abcdefgh", /csv: Expected a whole Parquet file/],
  ];
  for (const [what, content, says] of wrong) {
    it(`names file, line and the way out for ${what}`, async () => {
      const file = write("log.csv", content);
      await assert.rejects(eventsFromFile(file), (error: Error) => {
        assert.ok(error instanceof DataError, error.stack);
        assert.match(error.message, says);
        return error.message.startsWith(file);
      });
      assert.deepEqual(readdirSync(folder()), ["log.csv"]); // nothing is written
    });
  }

  it("names wrong options", async () => {
    await assert.rejects(read(csv, { columns: { user: "user_ids" } }), /csv:1 \(user\): Expected a column "user_ids".*did you mean "user_id"\?/);
    await assert.rejects(read(csv, { columns: { usr: "user_id" } as object }), (error: Error) => error instanceof ConfigError && /did you mean "user"/.test(error.message));
    await assert.rejects(read(csv, { columns: { user: 0 } as object }), ConfigError);
    await assert.rejects(read(csv, { columns: { user: "item_id" } }), /Expected a column of its own for user and item/);
    await assert.rejects(read(csv, { timeUnit: "h" as "s" }), ConfigError);
    await assert.rejects(eventsFromFile(join(folder(), "none.csv")), (error: Error) => error instanceof DataError && /none\.csv: Expected a file that can be read, found ENOENT/.test(error.message));
    await assert.rejects(read(csv, { signal: AbortSignal.abort() }), { name: "AbortError" });
  });

  it("is an error above the share that the caller sets, with every reason and place", async () => {
    const text = `${csv}u1,a,5,\nu1,a,five,1400000000\nu1,b,5,\n`;
    assert.deepEqual((await read(text, { maxDropped: 0.5 })).report.dropped.map(({ count }) => count), [2, 1]);
    const file = join(folder(), "log.csv");
    await assert.rejects(read(text, { maxDropped: 0.49 }), (error: Error) => {
      assert.ok(error instanceof DataError);
      assert.equal(error.message, `${file}:5: Expected at most 49 % of 6 rows to be no events, found 3: 2 with no time (first on line 5), 1 with a rating that is no number (first on line 6); mend the file, or raise maxDropped`);
      return true;
    });
    assert.equal((await read(csv, { maxDropped: 0 })).item.length, 3);
    await assert.rejects(read(csv, { maxDropped: 2 }), ConfigError);
  });

  const mutated: readonly (readonly [what: string, delimiter: string, name: string])[] = [["CSV", ",", "mutant.csv"], ["TSV", "\t", "mutant.tsv"], ["Parquet", ",", "mutant.parquet"]];
  for (const [what, delimiter, name] of mutated) {
    it(`survives seeded damage to ${what} until 100 were malformed: a report that adds up and finite numbers, or a DataError that names the file`, async function () {
      this.timeout(120_000);
      const rng = new Rng("mutations of a table");
      const quoted = what === "Parquet" ? "more" : '"a, ""b""\nc"';
      const lines = Array.from({ length: 60 }, (_, n) => [`u${n % 7}`, `item ${n % 11}`, 1 + (n % 5), 1.4e9 + n * 60, n % 6 === 0 ? quoted : "none"].join(delimiter));
      const valid = Buffer.from(`${["user_id", "item_id", "rating", "timestamp", "note"].join(delimiter)}\n${lines.join("\n")}\n`);
      const file = join(folder(), name);
      const seen = { table: 0, dropped: 0, error: 0 };
      await withDuckDB(async (connection) => {
        for (let m = 0; seen.dropped + seen.error < 100; m++) {
          assert.ok(m < 600, JSON.stringify(seen));
          const mutant = mutateRecords(valid, rng.child(m));
          if (what === "Parquet") {
            // Its values are damaged, and not its bytes: those are tried with the other packed formats.
            const rows = mutant.toString("latin1").split("\n").slice(1).map((line) => line.split(",").slice(0, 4)).filter((fields) => fields.length === 4);
            if (rows.length === 0) continue; // broken off in the header
            const cells = rows.map((fields) => `(${fields.map((field) => (field === "" ? "null" : quote(field.replaceAll("\0", "")))).join()})`).join();
            await connection.run(`copy (select * from (values ${cells}) t(user_id, item_id, rating, timestamp)) to ${quote(file)} (format parquet)`);
          } else write(name, mutant);
          try {
            const { report, ...events } = await eventsFromFile(file);
            assert.equal(report.rows, report.kept + report.dropped.reduce((sum, { count }) => sum + count, 0));
            assert.equal(report.kept, events.item.length);
            assert.ok(report.dropped.every(({ count, firstLine }) => count > 0 && firstLine >= (what === "Parquet" ? 1 : 2)));
            assert.ok([...events.time, ...(events.rating ?? [])].every(Number.isFinite));
            for (const [codes, ids] of [[events.item, events.itemIds], [events.user, events.users]] as const) {
              assert.ok(codes === undefined || codes.every((code) => ids![code] !== undefined && ids![code] !== ""));
            }
            seen[report.dropped.length > 0 ? "dropped" : "table"]++;
          } catch (error) {
            assert.ok(error instanceof DataError && error.location.file === file, `mutation ${m}: ${(error as Error).stack}`);
            seen.error++;
          }
          assert.deepEqual(readdirSync(folder()), [name]);
        }
      });
      assert.ok(seen.table >= 10 && seen.dropped >= 10 && (what === "Parquet" || seen.error >= 10), JSON.stringify(seen)); // the damages reach all outcomes
    });
  }
});

describe("the fast path of eventsFromFile", () => {
  const folder = freshFolder();

  it("is the plain path: the same rows in quotes, which only that one takes, give the same events and report", async () => {
    const rng = new Rng("both paths");
    const odd = ["", " ", "é", "\u00a0", "NaN", "1e9", "-5", " 7", "noon", "0", "1400000000.25", "a\0", "2014-04-07", "2014-04-07T10:51:09.277Z"];
    for (let round = 0; round < 40; round++) {
      const times = round % 2 === 0 ? (n: number) => String(1.4e9 + n) : (n: number) => new Date((1.4e9 + n) * 1000).toISOString();
      const rows = Array.from({ length: 80 }, (_, n) => {
        const row = [`u${rng.int(9)}`, `i${rng.int(9)}`, String(rng.int(50) / 10), times(rng.int(1000))];
        if (rng.int(4) === 0) row[rng.int(4)] = odd[rng.int(odd.length)]!;
        if (rng.int(30) === 0) row.push("more");
        return n === 40 ? ["user", "item", "rating", "time"] : row;
      });
      const read = async (name: string, field: (text: string) => string): Promise<FileEvents> => {
        writeFileSync(join(folder(), name), `user,item,rating,time\n${rows.map((row) => `${row.map(field).join()}\n`).join("")}`);
        return eventsFromFile(join(folder(), name), { name: "both" });
      };
      const [fast, plain] = [await read("fast.csv", (text) => text), await read("plain.csv", (text) => `"${text}"`)];
      assert.deepEqual(fast, plain, `round ${round}`);
      assert.ok(fast.report.kept > 30 && fast.report.dropped.length > 2);
    }
  });
});
