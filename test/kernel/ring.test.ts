/** Printed text through shared memory: nothing is lost or split, whatever its length, and neighbours are joined. */
import assert from "node:assert/strict";
import { Worker } from "node:worker_threads";
import { createRing, RingReader, RingWriter } from "../../kernels/sessionlab/ring";

describe("the ring of printed text", () => {
  it("joins neighbours of one cell and stream, and keeps the order", () => {
    const ring = createRing();
    let woken = 0;
    const writer = new RingWriter(ring, () => woken++);
    const reader = new RingReader(ring);
    writer.write("stdout", 1, "a");
    writer.write("stdout", 1, "b");
    writer.write("stderr", 1, "c");
    writer.write("stdout", 2, "d");
    assert.deepEqual(reader.take(), [
      { name: "stdout", parent: 1, text: "ab" },
      { name: "stderr", parent: 1, text: "c" },
      { name: "stdout", parent: 2, text: "d" },
    ]);
    assert.deepEqual(reader.take(), []);
    assert.equal(woken, 1);
    assert.equal(reader.sleep(), true);
    writer.write("stdout", 2, "e");
    assert.equal(woken, 2);
  });

  it("takes only what was written before a position", () => {
    const ring = createRing();
    const writer = new RingWriter(ring, () => undefined);
    const reader = new RingReader(ring);
    writer.write("stdout", 1, "before");
    const { position } = writer;
    writer.write("stdout", 1, "after");
    assert.deepEqual(reader.take(position).map(({ text }) => text), ["before"]);
    assert.deepEqual(reader.take().map(({ text }) => text), ["after"]);
  });

  it("goes around its end many times, and keeps characters whole", () => {
    const ring = createRing();
    const writer = new RingWriter(ring, () => undefined);
    const reader = new RingReader(ring);
    for (let i = 0; i < 40; i++) {
      const text = `${i}:${"aß€😀".repeat(1583 * i)}`; // in the end more than one record
      writer.write("stdout", i, text);
      assert.ok(reader.take().map((one) => one.text).join("") === text, `text ${i} came back changed`);
    }
  });

  it("makes a writer wait that is faster than its reader", async () => {
    const ring = createRing();
    const source = `
      const { workerData, parentPort } = require("node:worker_threads");
      require(${JSON.stringify(require.resolve("tsx/cjs"))});
      const { RingWriter } = require(${JSON.stringify(require.resolve("../../kernels/sessionlab/ring"))});
      const writer = new RingWriter(workerData, () => undefined);
      for (let i = 0; i < 200_000; i++) writer.write("stdout", 1, "line " + i + "\\n");
      parentPort.postMessage("done");`;
    const worker = new Worker(source, { eval: true, workerData: ring });
    const reader = new RingReader(ring);
    let done = false;
    worker.on("message", () => (done = true));
    let text = "";
    for (;;) {
      const last = done;
      for (const one of reader.take()) text += one.text;
      if (last) break;
      await new Promise((resolve) => setTimeout(resolve, 5));
    }
    await worker.terminate();
    assert.ok(text === Array.from({ length: 200_000 }, (_, i) => `line ${i}\n`).join(""), `${text.length} characters came`);
  });
});
