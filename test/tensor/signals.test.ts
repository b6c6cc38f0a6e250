import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { join } from "node:path";

describe("tensor/signals", () => {
  it("a training stands a shower of signals: no product of TensorFlow's moves the stack to where a handler writes past its end", async function () {
    this.timeout(60_000);
    const child = spawn(process.execPath, ["--require", require.resolve("tsx/cjs"), join(__dirname, "signals-child.ts"), "4"], { stdio: ["ignore", "pipe", "pipe"] });
    let output = "";
    let timer: NodeJS.Timeout | undefined;
    for (const stream of [child.stdout, child.stderr]) stream.on("data", (text: Buffer) => (output += text.toString()));
    child.stdout.on("data", () => (timer ??= setInterval(() => child.kill("SIGWINCH"), 1)));
    const code = await new Promise((resolve) => child.on("close", (status, signal) => resolve(signal ?? status)));
    clearInterval(timer);
    assert.equal(code, 0, output);
    assert.match(output, /[1-9]\d* steps/);
  });
});
