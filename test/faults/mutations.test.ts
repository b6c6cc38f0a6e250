/**
 * Every format that is read, damaged by a seeded mutator 100 times: what comes out is either right, with what was
 * dropped counted where rows may be dropped, or an error of ours that names the file. Never another error, a hang, a
 * number that is not one, or a file that was not there. (CSV has its own: test/data/own-files.test.ts.)
 */
import assert from "node:assert/strict";
import { cpSync, readFileSync, readdirSync, rmSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { gzipSync } from "node:zlib";
import { DataError, SessionLabError } from "../../src/core/errors";
import { writeFolderAtomic } from "../../src/core/files";
import { Rng } from "../../src/core/rng";
import { decodeSafetensors, encodeSafetensors } from "../../src/core/safetensors";
import { step } from "../../src/core/step";
import { readBenchmark } from "../../src/data/benchmark";
import { eventsFromFile } from "../../src/data/own-files";
import { readPrepared, withDuckDB, writePrepared } from "../../src/data/store";
import { sessionCount, type Split } from "../../src/data/types";
import { openZip } from "../../src/data/zip";
import { scoresToArray } from "../../src/evaluation/scores";
import { ItemKnn } from "../../src/models/item-knn";
import { readResult, writeResult } from "../../src/papers/results";
import { checkpointFile, readCheckpoint, writeCheckpoint } from "../../src/tensor/checkpoint";
import { columns, worlds } from "../contract/worlds";
import { zipOf } from "../data/fixtures";
import { mutate } from "../mutate";
import { toyResult } from "../papers/toy";
import { freshFolder } from "../scratch";

const times = 100;

describe("mutated files", function () {
  this.timeout(240_000);
  const folder = freshFolder();

  /**
   * Damages a file again and again and reads it.
   * @param read throws an assertion where what it got is not right
   * @returns how often it was read, and how often refused; the file is as it was
   */
  async function survive(file: string, read: () => Promise<unknown> | unknown, names: (error: DataError) => string | undefined = (error) => error.location.file): Promise<{ read: number; refused: number }> {
    const valid = readFileSync(file);
    const rng = new Rng(`mutations of ${basename(file)}`);
    const beside = readdirSync(dirname(file));
    const seen = { read: 0, refused: 0 };
    for (let m = 0; m < times; m++) {
      writeFileSync(file, mutate(valid, rng.child(m)));
      try {
        await read();
        seen.read++;
      } catch (error) {
        assert.ok(error instanceof SessionLabError, `mutation ${m} of ${file}: ${(error as Error).stack}`);
        const named = error instanceof DataError ? names(error) : error.message;
        assert.ok(named !== undefined && (file.startsWith(named) || named.includes(file) || named.startsWith(file)), `mutation ${m} of ${file}: ${error.message}`);
        seen.refused++;
      }
      assert.deepEqual(readdirSync(dirname(file)), beside, `mutation ${m} of ${file}`);
    }
    writeFileSync(file, valid);
    await read();
    return seen;
  }

  const lines = Array.from({ length: 60 }, (_, n) => `u${n % 7},item ${n % 11},${1 + (n % 5)},${1.4e9 + n * 60}`);

  /** A table of events that adds up and has finite numbers only. */
  async function readEvents(file: string): Promise<void> {
    const { report, ...events } = await eventsFromFile(file);
    assert.equal(report.rows, report.kept + report.dropped.reduce((sum, { count }) => sum + count, 0));
    assert.equal(report.kept, events.item.length);
    assert.ok([...events.time, ...(events.rating ?? [])].every(Number.isFinite));
    assert.ok(events.item.every((code) => events.itemIds[code] !== undefined));
  }

  it("gzip: a changed byte never comes through", async () => {
    const file = join(folder(), "clicks.csv.gz");
    writeFileSync(file, gzipSync(`user_id,item_id,rating,timestamp\n${lines.join("\n")}\n`));
    const whole = (await eventsFromFile(file)).hash;
    // What is before and after the packed data, its name or its time of change, may differ; the data may not.
    const seen = await survive(file, async () => {
      await readEvents(file);
      assert.equal((await eventsFromFile(file)).hash, whole);
    });
    assert.ok(seen.refused > 50, JSON.stringify(seen));
  });

  it("Parquet of the user's own", async () => {
    const file = join(folder(), "clicks.parquet");
    await withDuckDB((connection) => connection.run(`copy (select 'u' || (n % 7) as user_id, 'item ' || (n % 11) as item_id, 1.0 + n % 5 as rating, 1400000000 + 60 * n as timestamp from range(400) t(n)) to '${file}' (format parquet)`));
    const seen = await survive(file, () => readEvents(file));
    assert.ok(seen.refused > 20, JSON.stringify(seen));
  });

  it("the benchmark form, plain and gzip", async () => {
    const [train, test] = [join(folder(), "train.txt"), join(folder(), "test.txt")];
    const rng = new Rng("benchmark");
    const session = (): string[] => Array.from({ length: 2 + rng.int(5) }, () => `item-${rng.int(30)}`);
    const cases = Array.from({ length: 20 }, session).flatMap((items) => items.slice(1).map((label, n) => `${items.slice(0, n + 1).join(" ")}\t${label}`));
    const check = ({ items, train: trained, valid, test: tested, confirm }: Split): void => {
      assert.ok(items.ids.every((id) => /^[^ \t\n\r\0]+$/.test(id)) && new Set(items.ids).size === items.ids.length);
      assert.ok(trained.item.every((item) => item >= 0 && item < items.trained));
      for (const { sessions, target, end, session: of } of [valid, tested, confirm!]) {
        assert.ok(target.every((item, n) => items.ids[item] !== undefined && of[n]! < sessionCount(sessions) && end[n]! > 0));
      }
    };
    const text = `${Array.from({ length: 40 }, () => session().join(" ")).join("\n")}\n`;
    for (const pack of [(content: string) => Buffer.from(content), gzipSync]) {
      writeFileSync(train, pack(text));
      writeFileSync(test, pack(`${cases.join("\n")}\n`));
      for (const file of [train, test]) {
        const seen = await survive(file, async () => check(await readBenchmark({ train, test })));
        assert.ok(seen.refused > 10, JSON.stringify(seen));
      }
    }
  });

  it("zip archives", async () => {
    const file = join(folder(), "archive.zip");
    const content = `${lines.join("\n")}\n`;
    writeFileSync(file, zipOf({ "a/packed.csv": content, "a/stored.csv": content }));
    const seen = await survive(file, () => {
      const zip = openZip(file);
      for (const name of ["a/packed.csv", "a/stored.csv"]) assert.equal(zip.read(name).toString(), content);
    });
    assert.ok(seen.refused > 50, JSON.stringify(seen));
  });

  it("safetensors: whatever is read has the shapes that it says", async () => {
    const file = join(folder(), "weights.safetensors");
    writeFileSync(file, encodeSafetensors({ w: { dtype: "F32", shape: [4, 3], data: new Rng(1).normals(12) }, ids: { dtype: "I64", shape: [2], data: BigInt64Array.of(1n, 2n) } }, { model: "Toy" }));
    const seen = await survive(file, () => {
      for (const { shape, data } of Object.values(decodeSafetensors(readFileSync(file), file).tensors)) assert.equal(data.length, shape.reduce((a, b) => a * b, 1));
    });
    assert.ok(seen.refused > 20, JSON.stringify(seen));
  });

  it("a saved model: it scores as it was saved, or is refused", async () => {
    const path = join(folder(), "model");
    const model = new ItemKnn();
    await model.fit(worlds.groups.train, worlds.groups.valid, { rng: new Rng(1) });
    await model.save(path);
    const sessions = columns([[3, 4], [7], []]);
    const scores = scoresToArray(model.score(sessions));
    const refused: number[] = [];
    for (const file of readdirSync(path)) {
      const seen = await survive(join(path, file), async () => {
        const loaded = await ItemKnn.load(path);
        assert.deepEqual(scoresToArray(loaded.score(sessions)), scores);
        assert.deepEqual([loaded.options, loaded.items], [model.options, model.items]);
      });
      refused.push(seen.refused);
    }
    assert.ok(refused.length === 3 && refused.every((count) => count > 80), refused.join());
  });

  it("a checkpoint: it is what was written, or is refused with the way out", async () => {
    const normals = (name: string) => ({ shape: [3, 2], data: new Rng(name).normals(6) });
    const checkpoint = {
      cursor: { epoch: 2, step: 3, lossSum: 1.5, history: [{ epoch: 1, loss: 2 }], bestEpoch: 1, done: false },
      weights: { w: normals("w") },
      carried: { hidden: normals("hidden") },
      best: { w: normals("best") },
      optimiser: { step: 9, tensors: { "w/m": normals("m") } },
    };
    writeCheckpoint(folder(), "toy", checkpoint);
    const seen = await survive(checkpointFile(folder()), () => assert.deepEqual(readCheckpoint(folder(), "toy"), checkpoint));
    assert.ok(seen.refused > 80, JSON.stringify(seen));
    writeFileSync(checkpointFile(folder()), "cut");
    assert.throws(() => readCheckpoint(folder(), "toy"), /training\.safetensors: Expected a whole checkpoint, found it damaged \(Expected at least 8 bytes .*\); remove it, and the training starts afresh/);
  });

  it("a prepared data set: it is what was prepared, or is refused", async () => {
    const events = join(folder(), "events.tsv");
    writeFileSync(events, `${Array.from({ length: 300 }, (_, n) => `${n % 7}\t${n % 11}\t${1 + (n % 5)}\t${1.4e9 + n * 60}`).join("\n")}\n`);
    const items = Array.from({ length: 11 }, (_, item) => ({ item: String(item), title: `Film ${item}`, year: 1990 + item, genres: ["Drama"] }));
    const path = join(folder(), "prepared");
    await writeFolderAtomic(path, async (beside) => void (await writePrepared("toy", "made by a test", { events: { path: events, label: "events.tsv", delimiter: "\t", header: false }, items }, beside)));
    const whole = await readPrepared(path, "toy");
    const refused: number[] = [];
    for (const file of readdirSync(path)) refused.push((await survive(join(path, file), async () => assert.deepEqual(await readPrepared(path, "toy"), whole))).refused);
    assert.ok(refused.length === 3 && refused.every((count) => count > 20), refused.join());
  });

  it("a cached step: it gives the value that was stored, read or computed again, and leaves one whole result", async () => {
    const settings = { code: __filename, cache: join(folder(), "cache") };
    const value = { name: "value", list: [1, 2.5, NaN], table: Float64Array.from({ length: 40 }, (_, n) => n / 7), empty: undefined };
    const run = () => step("toy", { data: "hash" }, { k: 3 }, () => value, settings);
    const { key, seconds } = await run();
    const path = join(settings.cache, "toy", key);
    const copy = join(folder(), "copy");
    cpSync(path, copy, { recursive: true });
    let computed = 0;
    for (const file of readdirSync(copy)) {
      const rng = new Rng(`mutations of ${file}`);
      const valid = readFileSync(join(copy, file));
      for (let m = 0; m < times; m++) {
        rmSync(path, { recursive: true });
        cpSync(copy, path, { recursive: true });
        writeFileSync(join(path, file), mutate(valid, rng.child(m)));
        const result = await run();
        assert.deepEqual(result.value, { name: "value", list: [1, 2.5, NaN], table: value.table });
        if (result.cached) assert.equal(result.seconds, seconds);
        else computed++;
        assert.equal(result.cached, result.damage === undefined);
        assert.deepEqual(readdirSync(join(settings.cache, "toy")), [key]);
        assert.equal((await run()).cached, true);
      }
    }
    assert.ok(computed > 250, `${computed} of 300 computed again`);
  });

  it("a result file: its numbers are those that were written, or it is refused", async () => {
    const result = toyResult(1);
    writeResult(folder(), result);
    const file = join(folder(), readdirSync(folder())[0]!);
    const seen = await survive(file, () => assert.deepEqual(readResult(file), result));
    assert.ok(seen.refused > 80, JSON.stringify(seen));
  });
});
