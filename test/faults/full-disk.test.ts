/** Everything that writes, on a disk that is full: an error that names what has no room, nothing half written, and the same call works once there is room. */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { DataError } from "../../src/core/errors";
import { Rng } from "../../src/core/rng";
import { step } from "../../src/core/step";
import { catalog, type CatalogEntry } from "../../src/data/catalog";
import { loadEntry, preparedFolder } from "../../src/data/datasets";
import { eventsFrom } from "../../src/data/events";
import { countReading, readReadings } from "../../src/evaluation/readings";
import { Markov } from "../../src/models/markov";
import { Pop } from "../../src/models/pop";
import { writeReports } from "../../src/papers/report";
import { readResults, writeResult } from "../../src/papers/results";
import { Adam } from "../../src/tensor/adam";
import { initBackend } from "../../src/tensor/backend";
import { checkpointFile, readCheckpoint } from "../../src/tensor/checkpoint";
import { ParameterSet, type HostTensor } from "../../src/tensor/parameters";
import { train } from "../../src/tensor/training";
import { Laboratory } from "../cli/sessionlab";
import { worlds } from "../contract/worlds";
import { place, sha256, zipOf } from "../data/fixtures";
import { onSmallDisk, type SmallDisk } from "../disk";
import { toyReport, toyResult } from "../papers/toy";
import { freshFolder } from "../scratch";

/** Whether an error says that there is no room for something under a path. */
function noRoom(path: string): (error: Error) => boolean {
  return (error) => {
    assert.ok(error instanceof DataError, error.stack);
    assert.match(error.message, /: Expected room for this on its disk, found a full disk; nothing half written is left: free some space and try again$/);
    assert.ok(error.location.file!.startsWith(path), `${error.location.file} is not under ${path}`);
    return true;
  };
}

/** All files of a disk, but folders. */
function filesOf(disk: SmallDisk): string[] {
  return readdirSync(disk.folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name).slice(disk.folder.length + 1)).sort();
}

/** Fills what is left of a disk. */
function fill(disk: SmallDisk): void {
  try {
    for (let n = 0; ; n++) writeFileSync(join(disk.folder, `filler-${n}`), Buffer.alloc(4096));
  } catch (error) {
    assert.equal((error as NodeJS.ErrnoException).code, "ENOSPC");
  }
}

describe("a full disk", function () {
  this.timeout(240_000);
  const folder = freshFolder();

  it("stops a preparation, whichever of its files has no room", async function () {
    const rng = new Rng(1);
    const rows = Array.from({ length: 20_000 }, () => [String(1 + rng.int(900)), String(1 + rng.int(300)), 1 + rng.int(5), 9e8 + rng.int(1e8)] as const);
    const none = Array.from({ length: 19 }, () => "0").join("|");
    const items = Array.from({ length: 300 }, (_, item) => `${item + 1}|Film ${rng.int(1e9)} ${rng.int(1e9)} (1990)|01-Jan-1990||http://x/|${none}`);
    const archive = zipOf({ "ml/u.data": rows.map((row) => `${row.join("\t")}\n`).join(""), "ml/u.item": `${items.join("\n")}\n` });
    const { hash } = eventsFrom({ name: "ml-100k", user: rows.map((row) => row[0]), item: rows.map((row) => row[1]), rating: rows.map((row) => row[2]), time: rows.map((row) => row[3]) });
    const entry: CatalogEntry = { ...catalog["ml-100k"], sources: [{ kind: "zip", url: "http://127.0.0.1:9/ml.zip", sha256: sha256(archive), folder: "ml" }], contentHash: hash };
    await onSmallDisk(this, folder(), "8m", async (disk) => {
      place(disk.folder, "ml.zip", archive);
      const prepared = join(disk.folder, "prepared");
      const pages = Math.ceil(archive.length / 4096);
      let failed = 0;
      // One page more for lock and meta.json, up to all: the text of the events (0.4 MB), then both Parquet files.
      for (let room = 1; ; room = room < 8 ? room + 1 : room + 9) {
        disk.resize(`${4 * (pages + room)}k`);
        const outcome = await loadEntry(entry, { root: disk.folder }).catch((error: Error) => error);
        if (!(outcome instanceof Error)) {
          assert.equal(outcome.hash, hash);
          break;
        }
        noRoom(preparedFolder(entry, disk.folder))(outcome);
        assert.deepEqual(readdirSync(prepared), []);
        failed++;
      }
      assert.ok(failed > 15, `${failed} sizes were too small`);
      assert.equal((await loadEntry(entry, { root: disk.folder })).hash, hash);
    });
  });

  it("stops a step: no result, no lock and no half of either is left", async function () {
    await onSmallDisk(this, folder(), "64k", async (disk) => {
      const settings = { code: __filename, cache: join(disk.folder, "cache"), checkpoint: true };
      const big = () => step("big", {}, {}, () => Float64Array.from({ length: 20_000 }, (_, n) => n), settings);
      await assert.rejects(big(), noRoom(join(settings.cache, "big")));
      assert.deepEqual(filesOf(disk).filter((file) => !file.includes(".in-use")), []);
      fill(disk);
      await assert.rejects(step("other", {}, {}, () => 1, settings), noRoom(join(settings.cache, "other")));
      disk.resize("1m");
      const { value, cached, damage } = await big();
      assert.deepEqual([value.length, value[19_999], cached, damage], [20_000, 19_999, false, undefined]);
      assert.equal((await big()).cached, true);
    });
  });

  it("stops a training at its checkpoint, keeps the one before, and it goes on from there to the same bits", async function () {
    await initBackend();
    const run = async (checkpoint: string | undefined): Promise<{ weights: Record<string, HostTensor>; steps: number }> => {
      const weights = new ParameterSet({ w: { shape: [10_000], data: new Rng("w").normals(10_000) } });
      const optimiser = new Adam(weights);
      let steps = 0;
      const task = {
        name: "full", identity: "full", weights, optimiser, epochs: 3, patience: 3, metric: "none",
        batches: () => [0.5, 1, 2],
        loss: (values: Record<string, tf.Tensor>, factor: number) => (steps++, values["w"]!.mul(factor).square().mean().asScalar()),
        validate: async () => -weights.toHost()["w"]!.data[0]!,
      };
      try {
        await train(task, { rng: new Rng(1), checkpoint, checkpointSeconds: 0 });
        return { weights: weights.toHost(), steps };
      } finally {
        optimiser.dispose();
        weights.dispose();
      }
    };
    const whole = await run(undefined);
    await onSmallDisk(this, folder(), "256k", async (disk) => {
      const file = checkpointFile(disk.folder);
      await assert.rejects(run(disk.folder), noRoom(file)); // weights and moments take 120 KB; with the best weights 160
      assert.deepEqual(filesOf(disk), ["training.safetensors"]);
      assert.deepEqual(readCheckpoint(disk.folder, "full")!.cursor.epoch, 0);
      disk.resize("1m");
      const resumed = await run(disk.folder);
      assert.deepEqual(resumed.weights, whole.weights);
      assert.ok(resumed.steps < whole.steps);
    });
  });

  it("stops a model that is saved, and leaves the one that was there", async function () {
    const { train: sessions, valid } = worlds.cycle;
    const small = new Pop();
    const large = new Markov();
    await small.fit(sessions, valid, { rng: new Rng(1) });
    await large.fit(sessions, valid, { rng: new Rng(1) });
    await onSmallDisk(this, folder(), "16k", async (disk) => {
      const path = join(disk.folder, "model");
      await small.save(path);
      const before = readdirSync(path).map((file) => readFileSync(join(path, file)));
      await assert.rejects(large.save(path), noRoom(path));
      assert.deepEqual(readdirSync(disk.folder), ["model"]);
      assert.deepEqual(readdirSync(path).map((file) => readFileSync(join(path, file))), before);
      assert.equal((await Pop.load(path)).name, "POP");
      disk.resize("1m");
      await large.save(path);
      assert.equal((await Markov.load(path)).name, "Markov");
    });
  });

  it("stops result files, reports and the count of readings, and leaves whole ones", async function () {
    await onSmallDisk(this, folder(), "64k", async (disk) => {
      writeResult(join(disk.folder, "results"), toyResult(1));
      const readings = join(disk.folder, "readings.json");
      await countReading(readings, "toy", "test");
      mkdirSync(join(disk.folder, "reports"));
      assert.throws(() => writeReports(join(disk.folder, "reports"), toyReport, {}), noRoom(join(disk.folder, "reports")));
      fill(disk);
      assert.throws(() => writeResult(join(disk.folder, "results"), toyResult(2)), noRoom(join(disk.folder, "results", "base-toy-time-sasrec-2.json")));
      await assert.rejects(countReading(readings, "toy", "test"), noRoom(readings));
      assert.deepEqual(filesOf(disk).filter((file) => /\.(tmp|lock)$/.test(file)), []);
      assert.deepEqual(readResults(join(disk.folder, "results")), [toyResult(1)]);
      assert.deepEqual(readReadings(readings), { toy: { test: 1 } });
      disk.resize("4m");
      writeReports(join(disk.folder, "reports"), toyReport, {});
      assert.equal(await countReading(readings, "toy", "test"), 2);
    });
  });

  describe("under the command line", () => {
    const lab = new Laboratory();
    before(() => lab.prepare());

    it("ends reproduce with one line that names the file, and the same command goes on", async function () {
      await onSmallDisk(this, folder(), "48k", async (disk) => {
        const out = join(disk.folder, "out");
        const reproduce = () => lab.call(["reproduce", "--only", "time", "--seeds", "1", "--out", out, ...["dimension=8", "inner=8", "blocks=1", "epochs=1"].flatMap((pair) => ["--set", `sasrec.${pair}`])]);
        const { code, stderr } = await reproduce();
        assert.equal(code, 1);
        const last = stderr.trimEnd().split("\n").at(-1)!;
        assert.ok(last.startsWith(`sessionlab: ${out}`) && last.includes("found a full disk"), stderr);
        assert.deepEqual(filesOf(disk).filter((file) => /\.(tmp|lock)$/.test(file)), []);
        disk.resize("8m");
        assert.equal((await reproduce()).code, 0);
      });
    });
  });
});
