/** sha256 of files that may be larger than memory. */
import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { pipeline } from "node:stream/promises";
import { createGunzip } from "node:zlib";
import { firstBytes } from "./lines";

/** sha256 of a file, read in pieces. @returns 64 hexadecimal digits */
export async function sha256Of(path: string): Promise<string> {
  return (await hashFile(path)).digest("hex");
}

/** The same, to go on with. */
export async function hashFile(path: string): Promise<Hash> {
  const hash = createHash("sha256");
  for await (const piece of createReadStream(path)) hash.update(piece as Buffer);
  return hash;
}

/** sha256 of what a file holds: of a gzip file, of what is packed. @returns undefined for one that breaks off */
export async function sha256OfContent(path: string): Promise<string | undefined> {
  const [byte1, byte2] = firstBytes(path, 2);
  if (byte1 !== 0x1f || byte2 !== 0x8b) return sha256Of(path);
  const hash = createHash("sha256");
  try {
    await pipeline(createReadStream(path), createGunzip(), async (pieces: AsyncIterable<Buffer>) => {
      for await (const piece of pieces) hash.update(piece);
    });
  } catch {
    return undefined;
  }
  return hash.digest("hex");
}
