/** Seeded damage to files: what a reader must answer with a right result or with an error that names the file. */
import type { Rng } from "../src/core/rng";

const pieces: readonly string[] = ['"', ",", "\n", "\r", "\0", "NaN", "\t", "\ufeff", "-", "1e999", ";", '""', "\n\n", "9".repeat(400), "null", "{", "]"];

/** One to three random changes: bytes set, removed, put in or doubled, a piece cut out, the end cut off. */
export function mutate(valid: Buffer, rng: Rng): Buffer {
  let bytes = valid;
  for (let change = 1 + rng.int(3); change > 0; change--) {
    const at = rng.uniform() < 0.2 ? rng.int(Math.min(40, bytes.length)) : rng.int(bytes.length); // a header is hit more than its share
    const [head, tail] = [bytes.subarray(0, at), bytes.subarray(at)];
    const size = 1 + rng.int(30);
    const changes = [
      () => [head, Buffer.of(rng.int(256)), tail.subarray(1)],
      () => [head, tail.subarray(size)],
      () => [head, Buffer.from(pieces[rng.int(pieces.length)]!), tail],
      () => [head, tail.subarray(0, size), tail],
      () => [head, Buffer.from(pieces[rng.int(pieces.length)]!), tail.subarray(1)],
      () => [bytes.subarray(0, Math.max(at, 1))],
    ];
    bytes = Buffer.concat(changes[rng.uniform() < 0.1 ? 5 : rng.int(5)]!());
  }
  return bytes;
}
