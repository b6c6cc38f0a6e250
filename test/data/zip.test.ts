import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { DataError } from "../../src/core/errors";
import { openZip } from "../../src/data/zip";
import { freshFolder } from "../scratch";
import { zipOf } from "./fixtures";

describe("zip", () => {
  const folder = freshFolder();
  const write = (bytes: Buffer): string => {
    const path = join(folder(), "a.zip");
    writeFileSync(path, bytes);
    return path;
  };

  it("reads deflated and stored members, whatever follows the archive's end record as a comment", () => {
    const archive = zipOf({ "a/one.txt": "one ".repeat(100), "two.txt": "zwei", "three.txt": "" });
    archive.writeUInt16LE(4, archive.length - 2);
    const zip = openZip(write(Buffer.concat([archive, Buffer.from("note")])));
    assert.deepEqual(zip.names, ["a/one.txt", "two.txt", "three.txt"]);
    assert.equal(zip.read("a/one.txt").toString(), "one ".repeat(100));
    assert.equal(zip.read("two.txt").toString(), "zwei");
    assert.equal(zip.read("three.txt").length, 0);
  });

  it("names the nearest member when one is absent", () => {
    const zip = openZip(write(zipOf({ "ml-100k/u.data": "x" })));
    assert.throws(() => zip.read("ml-100k/u.dat"), (error) => error instanceof DataError && /nearest is "ml-100k\/u\.data"/.test(error.message));
  });

  it("refuses a file that is no archive, a cut one, and a member with flipped bits", () => {
    assert.throws(() => openZip(write(Buffer.from("not a zip"))), /no end of central directory/);
    const archive = zipOf({ "one.txt": "one ".repeat(100), "two.txt": "zwei" });
    assert.throws(() => openZip(write(archive.subarray(0, archive.length - 30))), /Expected a whole zip archive/);
    const damaged = Buffer.from(archive);
    damaged.writeUInt8(damaged.readUInt8(damaged.indexOf("zwei")) ^ 1, damaged.indexOf("zwei"));
    assert.throws(() => openZip(write(damaged)).read("two.txt"), /a wrong checksum/);
  });
});
