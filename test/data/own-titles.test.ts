/** Titles of the user's own items. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { ConfigError, DataError } from "../../src/core/errors";
import { eventsFrom } from "../../src/data/events";
import { withTitles } from "../../src/data/own-titles";
import { freshFolder } from "../scratch";

const events = eventsFrom({ name: "own", user: ["u", "u", "u", "v"], item: ["1", "2", "3", "1"], time: [1, 2, 3, 4] });

describe("withTitles", () => {
  const folder = freshFolder();
  const write = (text: string | Buffer, name = "items.csv"): string => {
    const file = join(folder(), name);
    writeFileSync(file, text);
    return file;
  };

  it("finds the columns, cleans the titles, and leaves the identity of the events", async () => {
    const titled = await withTitles(events, write('item_id,title,year\n2,"Emma, <b>a novel</b>",1815\n9,Unknown,1\n\n1,R&amp;J,1597\n'));
    assert.deepEqual(titled.titles, ["R&J", "Emma, a novel", ""]);
    assert.equal(titled.hash, events.hash);
    assert.equal(events.titles, undefined);
  });

  it("takes names of columns, tabs and gzip, and of two rows the first with a title", async () => {
    const file = write(gzipSync("sku\twhat\n1\t\n1\tEmma\n1\tDune\n"), "items.tsv.gz");
    assert.deepEqual((await withTitles(events, file, { columns: { item: "sku", title: "what" } })).titles, ["Emma", "", ""]);
  });

  it("says what is wrong with a table, and where", async () => {
    const fails = (file: string, what: RegExp, columns = {}): Promise<void> =>
      assert.rejects(withTitles(events, file, { columns }), (error) => error instanceof DataError && what.test(error.message));
    await fails(write("item,what\n1,Emma\n"), /items\.csv.*Expected a column of titles by a usual name \(title, .*found "item", "what"; name it: columns: \{ title: "\.\.\." \}/s);
    await fails(write("item,title\n1,Emma\n"), /Expected a column "titl", found "item", "title"; did you mean "title"/, { title: "titl" });
    await fails(write("item,title\n1,Emma\n2,Dune,extra\n"), /items\.csv:3.*another number of fields than the header; mend it/s);
    await fails(write("item,title\nx,Emma\n"), /Expected titles of the items of own, such as "1", found none of their ids/);
    await fails(join(folder(), "none.csv"), /none\.csv/);
    await assert.rejects(withTitles(events, write("item,title\n1,Emma\n"), { columns: { titel: "title" } as object }), (error) => error instanceof ConfigError && /Expected an option of columns, found "titel"/.test(error.message));
  });
});
