import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { existsSync, readdirSync, readFileSync, utimesSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { AbortError } from "../../src/core/errors";
import { isLocked, withLock } from "../../src/core/lock";
import { stateOf, thisProcess } from "../../src/core/processes";
import { freshFolder } from "../scratch";
import { child, firstOutput, kill, output } from "./children";

/** The mark of a process that is gone. */
function deadMark() {
  const { pid } = spawnSync(process.execPath, ["-e", ""]);
  return { ...thisProcess(), pid: pid!, token: "dead" };
}

describe("stateOf", () => {
  it("tells a running process from a dead one, from a later one of the same number, and from one elsewhere", function () {
    assert.equal(stateOf(deadMark()), "dead");
    assert.equal(stateOf({ ...thisProcess(), place: "00000000" }), "unknown");
    assert.equal(stateOf({ pid: process.pid, place: thisProcess().place }), "unknown");
    if (thisProcess().started === undefined) {
      console.log("    skipped: when a process started is known on Linux only");
      return this.skip();
    }
    assert.equal(stateOf(thisProcess()), "running");
    assert.equal(stateOf({ ...thisProcess(), started: "1" }), "dead");
  });
});

describe("withLock", () => {
  const folder = freshFolder();
  let path: string;
  beforeEach(() => {
    path = join(folder(), "inner", "one.lock");
  });

  it("lets four processes add to one number, and none is lost", async () => {
    const file = join(folder(), "number");
    writeFileSync(file, "0");
    const code = `
      const add = async () => { for (let i = 0; i < 15; i++) await core("lock").withLock(${JSON.stringify(path)}, async () => {
        const value = Number(fs.readFileSync(${JSON.stringify(file)}, "utf8")); await sleep(2); fs.writeFileSync(${JSON.stringify(file)}, String(value + 1)); }, { task: "add" }); };
      add();`;
    await Promise.all([1, 2, 3, 4].map(() => output(child(code))));
    assert.equal(readFileSync(file, "utf8"), "60");
    assert.deepEqual(readdirSync(join(folder(), "inner")), []);
  });

  it("is free again after the work failed", async () => {
    await assert.rejects(withLock(path, () => { throw new Error("work"); }, { task: "x" }), /work/);
    assert.equal(existsSync(path), false);
    assert.equal(await withLock(path, (waited) => waited, { task: "x" }), false);
  });

  it("waits for a living holder, says for whom, and stops at the signal; a killed holder's lock is taken over", async () => {
    const holder = child(`core("lock").withLock(${JSON.stringify(path)}, async () => { process.stdout.write("held"); await sleep(60000); }, { task: "hold" });`);
    assert.equal(await firstOutput(holder), "held");
    assert.equal(isLocked(path), true);
    const stop = new AbortController();
    const seen: (number | undefined)[] = [];
    const waiting = withLock(path, () => 1, { task: "mine", signal: stop.signal, onWait: (mark) => { seen.push(mark?.pid); if (seen.length === 3) stop.abort(); } });
    await assert.rejects(waiting, (error: Error) => error instanceof AbortError && error.message === "mine was interrupted");
    assert.deepEqual(seen, [holder.pid, holder.pid, holder.pid]);
    assert.equal(isLocked(path), true);
    await kill(holder);
    assert.equal(isLocked(path), false);
    assert.equal(await withLock(path, () => 7, { task: "mine" }), 7);
    assert.deepEqual(readdirSync(join(folder(), "inner")), []);
  });

  it("lets exactly one of many at a time take over a stale lock", async () => {
    await withLock(path, () => undefined, { task: "makes the folder" });
    writeFileSync(path, JSON.stringify(deadMark()));
    let inside = 0;
    let most = 0;
    const work = async () => {
      most = Math.max(most, ++inside);
      await new Promise((resolve) => setTimeout(resolve, 2));
      inside--;
    };
    await Promise.all(Array.from({ length: 8 }, () => withLock(path, work, { task: "x" })));
    assert.equal(most, 1);
  });

  it("keeps the lock of an unknown process while it is touched, and takes it over after two minutes of silence", async () => {
    await withLock(path, () => undefined, { task: "makes the folder" });
    for (const content of [JSON.stringify({ pid: 1, place: "elsewhere", token: "x" }), ""]) {
      writeFileSync(path, content);
      const ago = (seconds: number) => utimesSync(path, Date.now() / 1000 - seconds, Date.now() / 1000 - seconds);
      ago(110);
      assert.equal(isLocked(path), true);
      ago(130);
      assert.equal(isLocked(path), false);
      assert.equal(await withLock(path, () => "mine", { task: "x" }), "mine");
    }
  });

  it("takes over although a process died while it took over", async () => {
    await withLock(path, () => undefined, { task: "makes the folder" });
    writeFileSync(path, JSON.stringify(deadMark()));
    writeFileSync(`${path}.guard`, "");
    utimesSync(`${path}.guard`, Date.now() / 1000 - 11, Date.now() / 1000 - 11);
    assert.equal(await withLock(path, () => 3, { task: "x" }), 3);
    assert.deepEqual(readdirSync(join(folder(), "inner")), []);
  });
});
