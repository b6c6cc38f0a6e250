/** An interrupt stops the running cell wherever it is, by signal and by message, and leaves everything else as it was. */
import assert from "node:assert/strict";
import type { Execution } from "../../kernels/sessionlab/client";
import { resultOf, suiteKernel } from "./kernels";

const endless: Readonly<Record<string, string>> = {
  "a loop": "while (true) {}",
  "a loop without a block after an await": "await new Promise((resolve) => setTimeout(resolve, 20)); for (let i = 0; ; i++);",
  "a loop in an asynchronous function": "async function work() { await Promise.resolve(); for (;;) Math.sqrt(2); } await work();",
  "a loop in a timer": "await new Promise(() => setTimeout(() => { do { Math.sqrt(2); } while (true); }, 10));",
  "a wait that never ends": "await new Promise(() => {});",
  "a loop that waits": "const pause = () => new Promise((resolve) => setTimeout(resolve, 5)); while (true) await pause();",
  "a timer of node:timers/promises": 'import { setTimeout as sleep } from "node:timers/promises"; await sleep(1e6);',
  "what was given the signal": "await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));",
  "a regular expression": "/^(a+)+$/.test('a'.repeat(40) + 'b')",
  "a call after an await": "await Promise.resolve(); const never = /^(a+)+$/.test('a'.repeat(40) + 'b');",
  "a call in each of several asynchronous functions": "await Promise.all([1, 2].map(async (n) => { await n; if (n > 0) return /^(a+)+$/.test('a'.repeat(40) + 'b'); }));",
  "a call that the cell would catch": "await Promise.resolve(); for (let n = 0; n < 5; n++) { try { await n; /^(a+)+$/.test('a'.repeat(40) + 'b'); } catch {} }",
  "code in asynchronous scopes": 'import { AsyncResource } from "node:async_hooks"; new AsyncResource("outer").runInAsyncScope(() => new AsyncResource("inner").runInAsyncScope(() => { for (;;); }));',
  "code in an asynchronous scope after an await": 'import { AsyncResource } from "node:async_hooks"; await Promise.resolve(); new AsyncResource("x").runInAsyncScope(() => { for (const n of [1]) /^(a+)+$/.test(`${"a".repeat(40)}b${n}`); });',
};

describe("an interrupt", function () {
  before(function () {
    if (process.platform !== "win32") return;
    console.log("skipped: Windows has no SIGINT for a process without a console");
    this.skip();
  });
  const { kernel } = suiteKernel();

  /** Runs a cell and stops it as soon as it prints "running". */
  const stopped = async (code: string, how: "signal" | "message", prints = false): Promise<Execution> => {
    const client = await kernel();
    client.onPublished = ({ header, content }) => {
      if (header.msg_type !== "stream" || content["text"] !== "running\n") return;
      client.onPublished = () => undefined;
      setTimeout(() => {
        if (how === "signal") client.interrupt();
        else void client.request("interrupt_request", {}, "control");
      }, 100);
    };
    return client.execute(prints ? code : `console.log("running");\n${code}`);
  };

  for (const [what, code] of Object.entries(endless)) {
    it(`stops ${what}`, async () => {
      await (await kernel()).execute("const kept = { of: 'an earlier cell' };");
      for (const how of ["signal", "message"] as const) {
        const { reply } = await stopped(code, how);
        assert.equal(reply["ename"], "Interrupted", how);
        assert.equal(resultOf(await (await kernel()).execute("kept.of")), "'an earlier cell'", how);
      }
    });
  }

  it("stops a training, whose model and data are still there", async () => {
    const { reply } = await stopped(
      `let steps = 0;
await lab.initBackend();
const weights = new lab.ParameterSet({ w: { shape: [1], data: Float32Array.of(0) } });
const optimiser = new lab.Adam(weights, { rate: 0.1 });
const rows = [1, 2, 3];
await lab.train({ name: "endless", identity: "demo", weights, optimiser, epochs: 1e9, patience: 1e9, metric: "closeness",
  batches: () => rows, loss: (values, target: number) => { if (++steps === 20) console.log("running"); return values["w"]!.sub(target).square().sum().asScalar(); }, validate: async () => 0 }, { rng: new lab.Rng(1) });`,
      "signal",
      true,
    );
    assert.equal(reply["ename"], "Interrupted");
    const client = await kernel();
    const [first, second] = [await client.execute("[rows.length, steps >= 20, steps]"), await client.execute("await new Promise((resolve) => setTimeout(resolve, 200)); [rows.length, steps >= 20, steps]")];
    assert.match(String(resultOf(first)), /^\[ 3, true, \d+ \]$/);
    assert.equal(resultOf(second), resultOf(first)); // it does not go on in the background
  });

  it("ends what the stopped cell had going, and nothing of other cells", async () => {
    const client = await kernel();
    await client.execute("let ticks = 0; const other = setInterval(() => { for (let i = 0; i < 100; i++) ticks++; }, 5);");
    await stopped("let turns = 0; const rest = () => new Promise((resolve) => setTimeout(resolve, 5)); while (true) { await rest(); turns++; }", "signal");
    const read = async (): Promise<number[]> => JSON.parse(String(resultOf(await client.execute("[ticks, turns]"))).replace(/\s/g, "")) as number[];
    await client.execute("await new Promise((resolve) => setTimeout(resolve, 50))"); // a wait that was under way ends
    const [ticks, turns] = await read();
    await client.execute("await new Promise((resolve) => setTimeout(resolve, 200))");
    const [later, same] = await read();
    assert.equal(same, turns);
    assert.ok(later! > ticks!, "the timer of the earlier cell was stopped too");
    await client.execute("clearInterval(other)");
  });

  it("of an idle kernel stops nothing", async () => {
    const client = await kernel();
    await client.request("interrupt_request", {}, "control");
    assert.equal(resultOf(await client.execute("await Promise.resolve(0)")), "0");
    client.interrupt();
    client.interrupt();
    await new Promise((resolve) => setTimeout(resolve, 500)); // signals arrive when they do
    assert.equal(resultOf(await client.execute("await Promise.resolve(1)")), "1");
  });

  it("may come again and again", async () => {
    for (let i = 0; i < 12; i++) assert.equal((await stopped(Object.values(endless)[i % 12]!, "signal")).reply["ename"], "Interrupted");
  });
});
