/** sha256 of files that may be larger than memory. */
import { createHash, type Hash } from "node:crypto";
import { createReadStream } from "node:fs";

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
