/** What every encoder of texts does, whatever makes its vectors. */
import assert from "node:assert/strict";
import { tf } from "../../src/index";
import { AbortError } from "../../src/core/errors";
import type { Encoder } from "../../src/text/encoder";

const texts = ["Emma", "Star Wars (1977)", "", "The Lord of the Rings", "北京", "naïve café 🎬", "Dune", "star wars"];

/**
 * Registers the contract's tests.
 * @param open a fresh encoder, or undefined where it cannot run (the caller prints why)
 * @param same how far two encodings of one text may lie apart
 */
export function encoderContract(open: () => Promise<Encoder>, same = 0): void {
  let encoder: Encoder;
  const rowOf = (rows: Float32Array, n: number): Float32Array => rows.slice(n * encoder.dimension, (n + 1) * encoder.dimension);
  const assertNear = (a: Float32Array, b: Float32Array, what: string): void => {
    assert.equal(a.length, b.length, what);
    a.forEach((value, i) => assert.ok(Math.abs(value - b[i]!) <= same, `${what}: ${value} and ${b[i]} at ${i}`));
  };
  before(async () => void (encoder = await open()));
  after(() => encoder.dispose());

  it("gives one finite row a text, in their order, and the same whoever stands beside it", async () => {
    const rows = await encoder.encode(texts);
    assert.equal(rows.length, texts.length * encoder.dimension);
    assert.ok(rows.every(Number.isFinite));
    for (const [n, text] of texts.entries()) assertNear(await encoder.encode([text]), rowOf(rows, n), `"${text}" alone`);
    const back = await encoder.encode([...texts].reverse());
    for (const n of texts.keys()) assertNear(rowOf(back, texts.length - 1 - n), rowOf(rows, n), `"${texts[n]}" the other way round`);
    assert.notDeepEqual(rowOf(rows, 0), rowOf(rows, 6));
  });

  it("gives many copies of one text one vector, and no text no row", async () => {
    const rows = await encoder.encode(Array.from({ length: 400 }, (_, n) => (n % 7 === 3 ? "Dune" : "Emma")));
    for (let n = 1; n < 400; n++) assertNear(rowOf(rows, n), rowOf(rows, n % 7 === 3 ? 3 : 0), `copy ${n}`);
    assert.equal((await encoder.encode([])).length, 0);
  });

  it("cuts a very long text, and takes any characters", async () => {
    const rows = await encoder.encode(["a b c ".repeat(5000), "\u0000\ud800\u200b", "x".repeat(3000)]);
    assert.ok(rows.every(Number.isFinite));
  });

  it("stops at a signal, reports its progress, and leaves no tensors", async () => {
    const tensors = tf.memory().numTensors;
    await assert.rejects(encoder.encode(texts, { signal: AbortSignal.abort() }), AbortError);
    const seen: number[] = [];
    await encoder.encode(texts, { progress: ({ done }) => seen.push(done) });
    assert.equal(seen.at(-1), texts.length);
    assert.equal(tf.memory().numTensors, tensors);
  });
}
