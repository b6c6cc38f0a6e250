import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { cpSync, existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { basename, join } from "node:path";
import { Rng } from "../../src/core/rng";
import { catalog, type CatalogEntry } from "../../src/data/catalog";
import { loadEntry, preparedFolder } from "../../src/data/datasets";
import { eventsFrom } from "../../src/data/events";
import { killAndResume, tellPlaces, usualKills } from "../kill";
import { suiteFolder } from "../scratch";
import { place, sha256, zipOf } from "./fixtures";

describe("a killed preparation", () => {
  const folder = suiteFolder();

  it("leaves the bytes of an uninterrupted one once it is called again, and nothing else", async function () {
    this.timeout(60_000 + 30_000 * usualKills);
    const rng = new Rng(1);
    const rows = Array.from({ length: 150_000 }, () => [String(1 + rng.int(900)), String(1 + rng.int(1500)), 1 + rng.int(5), 9e8 + rng.int(1e8)] as const);
    const none = Array.from({ length: 19 }, () => "0").join("|");
    const items = Array.from({ length: 1500 }, (_, item) => `${item + 1}|Film ${item + 1} (1990)|01-Jan-1990||http://x/|${none}`);
    const archive = zipOf({ "ml/u.data": rows.map((row) => `${row.join("\t")}\n`).join(""), "ml/u.item": `${items.join("\n")}\n` });
    const table = eventsFrom({ name: "ml-100k", user: rows.map((row) => row[0]), item: rows.map((row) => row[1]), rating: rows.map((row) => row[2]), time: rows.map((row) => row[3]) });
    const entry: CatalogEntry = {
      ...catalog["ml-100k"],
      sources: [{ kind: "zip", url: "http://127.0.0.1:9/ml.zip", sha256: sha256(archive), folder: "ml" }],
      counts: { users: 900, items: 1500, events: rows.length },
      contentHash: table.hash,
    };
    writeFileSync(join(folder(), "entry.json"), JSON.stringify(entry));
    place(join(folder(), "source"), "ml.zip", archive);
    const start = (root: string) => {
      if (!existsSync(join(root, "downloads"))) cpSync(join(folder(), "source"), root, { recursive: true });
      return spawn(process.execPath, ["--require", require.resolve("tsx/cjs"), join(__dirname, "prepare-child.ts"), root]);
    };
    const where = (_: string, root: string): string => {
      const prepared = join(root, "prepared");
      const files = !existsSync(prepared) ? [] : readdirSync(prepared, { recursive: true, encoding: "utf8" }).filter((file) => file.includes("/")).map((file) => basename(file));
      return files.length === 0 ? "before the first file" : `after ${[...new Set(files)].sort().join(", ")}`;
    };
    const killed = await killAndResume({ start, where, begins: /begins/ }, folder(), usualKills, new Rng("prepare"));
    tellPlaces("prepare", killed);
    const { whole, finished, moments } = killed;
    assert.equal(moments.length, usualKills);
    assert.equal(finished.reduce((sum, { kills }) => sum + kills, 0), usualKills);
    for (const one of finished) {
      const made = preparedFolder(entry, one.folder);
      assert.deepEqual(readdirSync(join(one.folder, "prepared")), readdirSync(join(whole, "prepared")));
      assert.deepEqual(readdirSync(made).sort(), ["events.parquet", "items.parquet", "meta.json"]);
      for (const file of readdirSync(made)) assert.ok(readFileSync(join(made, file)).equals(readFileSync(join(preparedFolder(entry, whole), file))), file);
      assert.equal((await loadEntry(entry, { root: one.folder })).hash, table.hash);
    }
  });
});
