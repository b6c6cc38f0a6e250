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

const values: readonly string[] = ["0", "-1", "99999999999999", "1e999", "NaN", "null", "[]", "{}", "true", '"x"', "", "\0", "\ufffd", "x".repeat(2000)];

/** Damage to records of text lines, or as `mutate`: a value of another kind or none, a field too many or too few, a record twice, broken off, or of 5 MB. */
export function mutateRecords(valid: Buffer, rng: Rng): Buffer {
  if (rng.uniform() < 0.5) return mutate(valid, rng);
  const lines = valid.toString("latin1").split("\n");
  const n = rng.int(lines.length - 1); // the last one is what follows the last line end
  const line = lines[n]!;
  const tokens = [...line.matchAll(/[^,;:\t{}[\]'"|\r]+/g)];
  const token = tokens[rng.int(tokens.length)]!;
  const [before, after] = [line.slice(0, token.index), line.slice(token.index! + token[0].length)];
  const at = rng.int(line.length);
  const changes = [
    () => `${line}\n${line}`,
    () => before + values[rng.int(values.length)]! + after,
    () => before + after.slice(1),
    () => `${before}"${token[0]}"'${after}`,
    () => line.slice(0, at),
    () => `${line.slice(0, at)}\0${line.slice(at)}`,
  ];
  lines[n] = rng.uniform() < 0.02 ? line.slice(0, at) + "x".repeat(5e6) + line.slice(at) : changes[rng.int(changes.length)]!();
  return Buffer.from(lines.join("\n"), "latin1");
}
