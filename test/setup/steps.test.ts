/** Set-up does only what is due, one at a time, and goes on after it was killed. */
import assert from "node:assert/strict";
import { spawn, type ChildProcess } from "node:child_process";
import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freshFolder } from "../scratch";

const fixture = join(__dirname, "fixture.mjs");

interface Outcome {
  readonly ran?: readonly string[];
  readonly lost?: string | null;
  readonly failed?: string;
  readonly how?: string;
  readonly output?: string;
  /** All that was written. */
  readonly text: string;
  readonly code: number | null;
}

/** Does a process run? One that has ended and that nobody waited for does not. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return process.platform !== "linux" || !/^State:\s+Z/m.test(readFileSync(`/proc/${pid}/status`, "utf8"));
  } catch {
    return false;
  }
}

describe("set-up steps", () => {
  const root = freshFolder();
  const begin = (milliseconds: number, how = ""): ChildProcess => spawn(process.execPath, [fixture, root(), String(milliseconds), how], { stdio: ["ignore", "pipe", "inherit"] });
  const end = (child: ChildProcess): Promise<Outcome> =>
    new Promise((resolve) => {
      let text = "";
      child.stdout!.on("data", (chunk: Buffer) => (text += chunk.toString()));
      child.on("close", (code) => {
        const last = text.trimEnd().split("\n").at(-1)!;
        resolve({ ...(last.startsWith("{") ? (JSON.parse(last) as object) : {}), text, code });
      });
    });
  const run = (milliseconds = 0, how = ""): Promise<Outcome> => end(begin(milliseconds, how));
  const trace = (): string[] => readFileSync(join(root(), "trace"), "utf8").trim().split("\n");
  const until = async (condition: () => boolean): Promise<void> => {
    while (!condition()) await sleep(10);
  };
  /** Is the slow step's command at work? Its process is noted in the lock. */
  const atWork = (): boolean => {
    try {
      return (JSON.parse(readFileSync(join(root(), ".cache", "setup.lock"), "utf8")) as { child?: number }).child !== undefined;
    } catch {
      return false;
    }
  };

  it("runs what is due, and nothing the second time", async () => {
    writeFileSync(join(root(), "tool"), "");
    assert.deepEqual((await run()).ran, ["slow", "fragile"]);
    const second = await run();
    assert.deepEqual(second.ran, []);
    assert.equal(second.text.trim().split("\n").length, 1);
    assert.deepEqual(trace(), ["slow begins", "slow ends", "fragile runs"]);
  });

  it("runs a step again when its inputs change or what it made is gone", async () => {
    writeFileSync(join(root(), "tool"), "");
    await run();
    writeFileSync(join(root(), "input"), "2");
    assert.deepEqual((await run()).ran, ["slow"]);
    rmSync(join(root(), "made"));
    assert.deepEqual((await run()).ran, ["slow"]);
  });

  it("goes on without an optional step, says what that costs, and tries again when told to or when the machine changed", async () => {
    const first = await run();
    assert.equal(first.code, 0);
    assert.equal(first.lost, "no tool was found; without it the fragile part is missing. To get it: make a tool");
    assert.deepEqual((await run()).ran, []);
    assert.deepEqual((await run(0, "again")).ran, ["fragile"]);
    writeFileSync(join(root(), "tool"), "");
    const mended = await run();
    assert.deepEqual([mended.ran, mended.lost], [["fragile"], null]);
  });

  it("says what failed, its last lines and what to do, and keeps what was done", async () => {
    const broken = await run(0, "broken");
    assert.equal(broken.code, 1);
    assert.match(broken.failed!, /failed with status 3/);
    assert.deepEqual([broken.how, broken.output], ["mend it", "one\ntwo"]);
    writeFileSync(join(root(), "tool"), "");
    assert.deepEqual((await run()).ran, ["fragile"]);
  });

  it("lets the second of two set-ups wait and find the work done", async () => {
    writeFileSync(join(root(), "tool"), "");
    const first = begin(400);
    await until(atWork);
    const [one, two] = await Promise.all([end(first), run(400)]);
    assert.deepEqual([one.ran, two.ran], [["slow", "fragile"], []]);
    assert.match(two.text, /Another set-up \(process \d+\) is at work/);
    assert.deepEqual(trace(), ["slow begins", "slow ends", "fragile runs"]);
  });

  it("goes on after kill -9, and first ends what the killed one left running", async () => {
    writeFileSync(join(root(), "tool"), "");
    const killed = begin(3000);
    await until(atWork);
    const { child } = JSON.parse(readFileSync(join(root(), ".cache", "setup.lock"), "utf8")) as { child: number };
    killed.kill("SIGKILL");
    await end(killed);
    assert.equal(existsSync(join(root(), "made")), false);
    assert.deepEqual((await run()).ran, ["slow", "fragile"]);
    assert.equal(isRunning(child), false);
    assert.deepEqual(trace(), ["slow begins", "slow begins", "slow ends", "fragile runs"]);
    assert.deepEqual(readdirSync(join(root(), ".cache")).sort(), ["setup.json", "setup.log"]);
  });

  it("stops at Ctrl-C with status 130, and goes on at the next call", async () => {
    writeFileSync(join(root(), "tool"), "");
    const stopped = begin(3000);
    const outcome = end(stopped);
    await until(atWork);
    stopped.kill("SIGINT");
    assert.equal((await outcome).code, 130);
    assert.deepEqual((await run()).ran, ["slow", "fragile"]);
  });

  it("takes a damaged record for no record", async () => {
    writeFileSync(join(root(), "tool"), "");
    await run();
    writeFileSync(join(root(), ".cache", "setup.json"), '{"slow": {"inp');
    assert.deepEqual((await run()).ran, ["slow", "fragile"]);
  });
});
