/** Small generated fixtures for the tests of src/data: zip archives, real data if they are there. */
import { createHash } from "node:crypto";
import { existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { crc32, deflateRawSync, gunzipSync } from "node:zlib";

/** A zip archive: members of even position are deflated, the others stored. */
export function zipOf(members: Readonly<Record<string, Buffer | string>>): Buffer {
  const pieces: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const [position, [name, given]] of Object.entries(members).entries()) {
    const content = Buffer.from(given as string);
    const packed = position % 2 === 0 ? deflateRawSync(content) : content;
    const fields = Buffer.alloc(26); // from "version needed" to "extra length"
    fields.writeUInt16LE(20, 0);
    fields.writeUInt16LE(position % 2 === 0 ? 8 : 0, 4);
    fields.writeUInt32LE(crc32(content), 10);
    fields.writeUInt32LE(packed.length, 14);
    fields.writeUInt32LE(content.length, 18);
    fields.writeUInt16LE(Buffer.byteLength(name), 22);
    const local = Buffer.concat([Buffer.from("PK\x03\x04"), fields, Buffer.from(name), packed]);
    const tail = Buffer.alloc(14); // comment length, disk, attributes, offset
    tail.writeUInt32LE(offset, 10);
    directory.push(Buffer.concat([Buffer.from("PK\x01\x02"), Buffer.from([20, 0]), fields, tail, Buffer.from(name)]));
    pieces.push(local);
    offset += local.length;
  }
  const entries = Buffer.concat(directory);
  const end = Buffer.alloc(18);
  end.writeUInt16LE(directory.length, 4);
  end.writeUInt16LE(directory.length, 6);
  end.writeUInt32LE(entries.length, 8);
  end.writeUInt32LE(offset, 12);
  return Buffer.concat([...pieces, entries, Buffer.from("PK\x05\x06"), end]);
}

export function sha256(content: Buffer | string): string {
  return createHash("sha256").update(content).digest("hex");
}

/** Places a file under `<root>/downloads`. */
export function place(root: string, name: string, content: Buffer): void {
  mkdirSync(join(root, "downloads"), { recursive: true });
  writeFileSync(join(root, "downloads", name), content);
}

/** A file of the shared data (SESSIONLAB_DATA, else ../shared/data), or undefined where it is not. */
export function sharedFile(path: string): string | undefined {
  const file = join(process.env.SESSIONLAB_DATA ?? resolve(__dirname, "../../../shared/data"), path);
  return existsSync(file) ? file : undefined;
}

/** The rows of a gzip TSV of the shared data, or undefined where they are not. */
export function sharedRows(path: string): string[][] | undefined {
  const file = sharedFile(path);
  if (file === undefined) return undefined;
  const lines = gunzipSync(readFileSync(file)).toString("utf8").trimEnd().split("\n");
  return lines.slice(1).map((line) => line.split("\t"));
}

/** Skips a test, and says why. */
export function skipFor(context: Mocha.Context, reason: string): never {
  console.log(`    skipped: ${reason}`);
  return context.skip();
}
