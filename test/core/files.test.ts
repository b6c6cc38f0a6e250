import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { removeLeftovers, writeFileAtomic, writeFolderAtomic } from "../../src/core/files";
import { place } from "../../src/core/processes";
import { freshFolder } from "../scratch";
import { child, output } from "./children";

describe("writeFolderAtomic", () => {
  const folder = freshFolder();

  it("stays whole when three processes write it again and again: all parts are of one writer", async () => {
    const path = join(folder(), "model");
    const writer = (name: string) => `
      const write = async () => { for (let i = 0; i < 40; i++) await core("files").writeFolderAtomic(${JSON.stringify(path)}, async (folder) => {
        for (const part of ["a", "b", "c"]) { fs.writeFileSync(folder + "/" + part, "${name}" + i); await sleep(0); } }); };
      write();`;
    await Promise.all(["x", "y", "z"].map((name) => output(child(writer(name)))));
    assert.deepEqual(readdirSync(folder()), ["model"]);
    assert.deepEqual(readdirSync(path), ["a", "b", "c"]);
    const [a, b, c] = ["a", "b", "c"].map((part) => readFileSync(join(path, part), "utf8"));
    assert.match(a!, /^[xyz]39$/);
    assert.deepEqual([b, c], [a, a]);
  });

  it("replaces a folder and a file, and keeps the old one when filling fails", async () => {
    const path = join(folder(), "model");
    writeFileSync(path, "a file");
    await writeFolderAtomic(path, (beside) => writeFileSync(join(beside, "one"), "1"));
    await assert.rejects(writeFolderAtomic(path, () => { throw new Error("full"); }), /full/);
    assert.deepEqual(readdirSync(path), ["one"]);
    await writeFolderAtomic(path, (beside) => writeFileSync(join(beside, "two"), "2"));
    assert.deepEqual(readdirSync(path), ["two"]);
    assert.deepEqual(readdirSync(folder()), ["model"]);
  });

  it("removes what dead writers of the same name left, and no more", async () => {
    const dead = spawnSync(process.execPath, ["-e", ""]).pid!;
    const names = [`model.${dead}-${place}-00000001.tmp`, `model.${process.pid}-${place}-00000002.tmp`, `other.${dead}-${place}-00000003.tmp`, `model.${dead}-elsewher-00000004.tmp`];
    const nested = `model.${dead}-${place}-00000005.tmp.${dead}-${place}-00000006.tmp`; // a model was saved into what was to become a model's folder
    for (const name of [...names, nested]) writeFileSync(join(folder(), name), "half");
    await writeFolderAtomic(join(folder(), "model"), (beside) => writeFileSync(join(beside, "one"), "1"));
    assert.deepEqual(readdirSync(folder()).sort(), ["model", ...names.slice(1)].sort());
    writeFileAtomic(join(folder(), "other"), "2");
    assert.deepEqual(readdirSync(folder()).sort(), ["model", "other", names[1]!, names[3]!].sort());
  });

  it("removes leftovers of anybody after a day, and leaves what others named .tmp", () => {
    const old = [`m.1-00000000-00000001.tmp`, `m.1-00000002.tmp`, `mine.tmp`, `m.1-0.tmp`];
    for (const name of [...old, `young.1-00000000-00000005.tmp`]) writeFileSync(join(folder(), name), "half");
    for (const name of old) utimesSync(join(folder(), name), Date.now() / 1000 - 90_000, Date.now() / 1000 - 90_000);
    removeLeftovers(folder());
    assert.deepEqual(readdirSync(folder()).sort(), ["m.1-0.tmp", "mine.tmp", "young.1-00000000-00000005.tmp"]);
    removeLeftovers(join(folder(), "absent"));
    assert.equal(existsSync(join(folder(), "absent")), false);
  });
});
