/**
 * Every raw reader on seeded damages of its files, until 100 of them were malformed: what comes out adds up, each line an event or left out under a
 * reason that names a line of the file, with finite times and ids that are there; or it is an error that names the file.
 */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import type { DuckDBConnection } from "@duckdb/node-api";
import { DataError } from "../../src/core/errors";
import { Rng } from "../../src/core/rng";
import { rawFormats } from "../../src/data/formats/index";
import { readRawEvents } from "../../src/data/raw-events";
import { readRawItems } from "../../src/data/raw-items";
import type { RecordFault } from "../../src/data/record-faults";
import { withDuckDB } from "../../src/data/store";
import { mutateRecords } from "../mutate";
import { freshFolder } from "../scratch";
import { rawFixtures } from "./raw-files";

/** Inputs that each reader has to find malformed; damage that hits a text or an id leaves another right file. */
const malformed = 100;
const until = Date.parse("2030-01-01") / 1000;

describe("mutated raw files", function () {
  this.timeout(240_000);
  const folder = freshFolder();

  /** @returns how often the file was read whole, read with faults, and refused */
  function survive(name: string, content: string, read: (connection: DuckDBConnection, file: string) => Promise<{ faults: readonly RecordFault[]; rows: number; kept: number }>): Promise<{ whole: number; faulty: number; refused: number }> {
    const rng = new Rng(`mutations of ${name}`);
    const file = join(folder(), "file");
    const seen = { whole: 0, faulty: 0, refused: 0 };
    return withDuckDB(async (connection) => {
      for (let m = 0; seen.faulty + seen.refused < malformed; m++) {
        assert.ok(m < 4 * malformed, JSON.stringify(seen));
        const mutant = mutateRecords(Buffer.from(content), rng.child(m));
        writeFileSync(file, mutant);
        try {
          const { faults, rows, kept } = await read(connection, file);
          assert.equal(kept + faults.reduce((sum, { count }) => sum + count, 0), rows, `mutation ${m}`);
          const lines = mutant.toString("latin1").split(/\r\n|\n|\r/).length;
          for (const { count, line, file: named } of faults) assert.ok(count > 0 && line >= 1 && line <= lines && named === file, `mutation ${m}: line ${line} of ${lines}`);
          seen[faults.every(({ intended }) => intended) ? "whole" : "faulty"]++;
        } catch (error) {
          assert.ok(error instanceof DataError && error.location.file === file, `mutation ${m}: ${(error as Error).stack}`);
          seen.refused++;
        }
        await connection.run("drop view if exists events; drop table if exists records; drop table if exists items; drop table if exists item_rows");
      }
      return seen;
    });
  }

  for (const { format, what, events, items } of rawFixtures) {
    it(`${format}: ${what}`, async () => {
      const seen = await survive(`${format} ${what}`, events, async (connection, file) => {
        const { faults, rows } = await readRawEvents(connection, rawFormats[format], [file], until);
        const row = await connection.runAndReadAll(`select count(*)::integer, count(*) filter (item is null or trim(item) = '' or contains(item, chr(0)) or "time" is null or not isfinite("time") or "time" <= 0 or "time" > ${until})::integer from events`);
        const [kept, wrong] = row.getRows()[0] as [number, number];
        assert.equal(wrong, 0);
        return { faults, rows, kept };
      });
      assert.ok(seen.faulty >= 20 && seen.whole >= 1, JSON.stringify(seen)); // the damages reach both
      if (items === undefined) return;
      const seenItems = await survive(`${format} ${what} items`, items, async (connection, file) => {
        await connection.run("create view events as select 'B000QQ' as item");
        const { faults, rows } = await readRawItems(connection, rawFormats[format], file);
        const row = await connection.runAndReadAll("select count(*)::integer, count(distinct item)::integer, count(*) filter (item is null or trim(item) = '' or title is null or length(title) > 2000)::integer from items");
        const [kept, distinct, wrong] = row.getRows()[0] as [number, number, number];
        assert.deepEqual([distinct, wrong], [kept, 0]);
        const repeated = format === "lastfm" ? rows - kept - faults.reduce((sum, { count }) => sum + count, 0) : 0;
        return { faults, rows, kept: kept + repeated };
      });
      assert.ok(seenItems.whole >= 1 && seenItems.faulty + seenItems.refused >= 10, JSON.stringify(seenItems));
    });
  }
});
