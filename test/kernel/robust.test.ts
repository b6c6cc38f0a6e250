/** What goes wrong in cells, in front ends and on the wire leaves the kernel usable, and what has ended leaves nothing behind. */
import assert from "node:assert/strict";
import { spawn, spawnSync } from "node:child_process";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { endpoint } from "../../kernels/sessionlab/connection";
import { Wire } from "../../kernels/sessionlab/wire";
import { freshFolder } from "../scratch";
import { printedBy, resultOf, suiteKernel, typesOf, withKernel } from "./kernels";

const root = join(__dirname, "..", "..");
const start = join(root, "kernels", "sessionlab", "start.cjs");
/** How many kernels are started and ended, and how many cells one of them runs; the full run sets more. */
const kernels = Number(process.env["SESSIONLAB_KERNELS"] ?? 4);
const cells = Number(process.env["SESSIONLAB_CELLS"] ?? 150);

async function until(what: () => boolean, seconds = 20): Promise<void> {
  for (const end = Date.now() + 1000 * seconds; !what(); await new Promise((resolve) => setTimeout(resolve, 50))) {
    if (Date.now() > end) throw new Error("it did not come about");
  }
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^\d+ \(.*\) Z/.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

describe("a kernel in trouble", () => {
  let log = "";
  const { kernel } = suiteKernel({ onLog: (text) => (log += text) });

  it("goes on after cells that throw, reject, exit, print without end, or are no TypeScript", async () => {
    const client = await kernel();
    await client.execute("const before = 'still here'");
    for (const [code, name] of [
      ["throw new Error('x')", "Error"], ["await Promise.reject(new Error('x'))", "Error"], ["Promise.reject(new RangeError('floating')); 1", "RangeError"],
      ["process.exit(1)", "Exit"], ["setTimeout(() => { throw new SyntaxError('timer'); }, 1); await new Promise(() => {})", "SyntaxError"],
      ["const a = ;", "CompileError"], ["throw undefined", "Thrown"], ["const deep = (): number => deep() + 1; deep()", "RangeError"],
      ["throw Object.create(null)", "Thrown"], ["throw new Proxy({}, { get() { throw new Error('trap'); } })", "Thrown"],
    ] as const) {
      assert.equal((await client.execute(code)).reply["ename"], name, code);
    }
    assert.equal(resultOf(await client.execute("before")), "'still here'");
  });

  it("lets a promise be looked after later", async () => {
    const client = await kernel();
    const done = await client.execute("const late = Promise.reject(new Error('x')); await new Promise((resolve) => setTimeout(resolve, 50)); await late.catch(() => 'caught')");
    assert.equal(resultOf(done), "'caught'");
  });

  it("prints what fails after its cell has ended", async () => {
    const client = await kernel();
    const texts: unknown[] = [];
    client.onPublished = ({ header, content }) => {
      if (header.msg_type === "stream") texts.push(content["text"]);
    };
    await client.execute("setTimeout(() => { throw new Error('long after'); }, 200); 1");
    await client.execute("await new Promise((resolve) => setTimeout(resolve, 400)); 2");
    client.onPublished = () => undefined;
    assert.match(texts.join(""), /Uncaught .*Error.*: long after/);
  });

  it("delivers each of a million lines", async () => {
    const client = await kernel();
    const done = await client.execute("for (let i = 0; i < 1_000_000; i++) console.log(i)");
    const lines = printedBy(done)[0]!.text.split("\n");
    assert.equal(lines.length, 1_000_001);
    assert.ok(lines.slice(0, -1).every((line, i) => line === String(i)), "a line is missing or changed");
    assert.equal(resultOf(await client.execute("1")), "1");
  });

  it("drops messages with a wrong signature or no sense, and says so", async () => {
    const client = await kernel();
    const other = new Wire("another key");
    await client.sendFrames("shell", other.frames(client.message("execute_request", { code: "globalThis.broken = 1" })));
    await client.sendFrames("shell", [Buffer.from("nonsense")]);
    await client.sendFrames("control", other.frames(client.message("shutdown_request", { restart: false })));
    await client.send("shell", client.message("no_such_request", {}));
    await client.send("control", client.message("debug_request", {}));
    assert.equal(resultOf(await client.execute("'broken' in globalThis")), "false");
    await until(() => /wrong signature/.test(log) && /without the delimiter/.test(log) && /unknown message on shell: no_such_request/.test(log) && /on control: debug_request/.test(log));
  });

  it("takes requests without sense as errors of theirs", async () => {
    const client = await kernel();
    for (const type of ["complete_request", "inspect_request", "is_complete_request", "history_request"]) {
      const { content } = await client.request(type, { code: 5, cursor_pos: "x", hist_access_type: 7 });
      assert.ok(["ok", "complete"].includes(String(content["status"])), type);
    }
    assert.deepEqual(typesOf(await client.execute(undefined as unknown as string)), ["execute_input"]);
  });

  it("listens at the address it was given and at no other", async function () {
    if (process.platform !== "linux") {
      console.log("skipped: which addresses a process listens at is read from Linux's /proc");
      return this.skip();
    }
    const { connection } = await kernel();
    const listening = readFileSync("/proc/net/tcp", "utf8").split("\n").map((line) => line.trim().split(/\s+/)).filter(([, , , state]) => state === "0A").map(([, local]) => local!);
    for (const port of Object.values(connection.ports)) {
      const hex = port.toString(16).toUpperCase().padStart(4, "0");
      assert.deepEqual(listening.filter((local) => local.endsWith(`:${hex}`)), [`0100007F:${hex}`], endpoint(connection, "shell"));
    }
  });
});

describe("a kernel's end", () => {
  const folder = freshFolder();

  it("is refused a start without a connection file that can be read", () => {
    const broken = join(folder(), "connection.json");
    writeFileSync(broken, '{"ip": "127.0.0.1"}');
    for (const [args, message] of [[[], /the path of a connection file/], [[join(folder(), "none")], /Expected a readable connection file, found ENOENT/], [[broken], /Expected a port/]] as const) {
      const { status, stderr } = spawnSync(process.execPath, [start, ...args], { encoding: "utf8" });
      assert.equal(status, 1);
      assert.match(stderr, message);
    }
  });

  it("leaves no process, after a shutdown of an idle kernel, of one in a loop, and after SIGTERM", async function () {
    this.timeout(60_000 + 15_000 * kernels);
    for (let i = 0; i < kernels; i++) {
      await withKernel({}, async (client) => {
        const { pid } = client.process as { pid: number };
        if (i % 3 === 1) {
          void client.execute("console.log('looping'); for (;;);");
          await new Promise((resolve) => setTimeout(resolve, 500));
        }
        if (i % 3 === 2) {
          client.process.kill("SIGTERM");
          assert.equal(await client.ended(), 0);
        } else assert.equal(await client.shutdown(), i % 3 === 1 ? null : 0); // a loop is ended by force
        assert.equal(isRunning(pid), false);
      });
    }
  });

  it("follows the end of the process that started it", async function () {
    if (process.platform === "win32") {
      console.log("skipped: Windows ends the children of a process with it");
      return this.skip();
    }
    await withKernel({}, async (client) => {
      const file = join(folder(), "connection.json");
      const ports = Object.fromEntries(["shell", "iopub", "stdin", "control", "hb"].map((name, i) => [`${name}_port`, client.connection.ports.shell + 20_000 > 65_000 ? 20_000 + i : client.connection.ports.shell + 11_000 + i]));
      writeFileSync(file, JSON.stringify({ ip: "127.0.0.1", key: "k", transport: "tcp", ...ports }));
      const source = `const child = require("node:child_process").spawn(process.execPath, [${JSON.stringify(start)}, ${JSON.stringify(file)}], { stdio: "ignore", detached: true }); console.log(child.pid); setInterval(() => {}, 1000);`;
      const parent = spawn(process.execPath, ["-e", source], { stdio: ["ignore", "pipe", "ignore"] });
      const pid = Number(await new Promise<string>((resolve) => parent.stdout.once("data", (piece: Buffer) => resolve(piece.toString()))));
      await new Promise((resolve) => setTimeout(resolve, 1000));
      assert.equal(isRunning(pid), true);
      parent.kill("SIGKILL");
      await until(() => !isRunning(pid));
    });
  });
});

describe("a long session", () => {
  it("takes no more memory than its cells hold", async function () {
    this.timeout(60_000 + 500 * cells);
    await withKernel({}, async (client) => {
      await client.execute('import v8 from "node:v8"; import vm from "node:vm"; v8.setFlagsFromString("--expose-gc"); const collect = vm.runInNewContext("gc") as () => void;');
      const memory = async (): Promise<number> => Number(resultOf(await client.execute("collect(); process.memoryUsage().heapUsed + process.memoryUsage().external")));
      const line = "x".repeat(99);
      const cell = (i: number) => `const value${i % 20} = ${i}; console.log(${JSON.stringify(line)}.repeat(100)); value${i % 20}`;
      for (let i = 0; i < 60; i++) await client.execute(cell(i)); // until caches and the heap have their size
      const before = await memory(); // what is in use; how much of the rest V8 gives back is its own affair
      for (let i = 0; i < cells; i++) {
        const done = await client.execute(cell(i));
        assert.equal(resultOf(done), String(i));
      }
      const grown = ((await memory()) - before) / 1e6;
      assert.ok(grown < 4 + (0.012 * cells), `${grown.toFixed(1)} MB more after ${cells} cells`);
    });
  });
});
