import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { Rng } from "../src/core/rng";
import { killAndResume, type Job } from "./kill";
import { suiteFolder } from "./scratch";

describe("killAndResume", () => {
  const folder = suiteFolder();

  /** Adds ten letters to a file, one each 20 ms; goes on at `from`, given how many letters are there. */
  const letters = (from: string): Job => ({
    begins: /begins/,
    start: (at) =>
      spawn(process.execPath, ["-e", `
        const fs = require("node:fs"), file = process.argv[1] + "/letters";
        const there = fs.existsSync(file) ? fs.readFileSync(file, "utf8").length : 0;
        console.log("begins");
        let n = ${from};
        const next = () => { if (n < 10) { fs.appendFileSync(file, "abcdefghij"[n++]); setTimeout(next, 20); } };
        next();`, at]),
  });
  const read = (at: string): string => readFileSync(join(at, "letters"), "utf8");

  it("kills as often as asked, at moments spread over the run, and finds a job that goes on well to be equal", async () => {
    const { seconds, whole, finished, moments, places } = await killAndResume({ ...letters("there"), where: (output, at) => `${output.trim()} ${existsSync(join(at, "letters"))}` }, join(folder(), "good"), 4, new Rng(1));
    assert.equal(read(whole), "abcdefghij");
    assert.ok(seconds >= 0.18, `${seconds} s for ten pauses of 20 ms`);
    assert.deepEqual(finished.map((one) => read(one.folder)), finished.map(() => "abcdefghij"));
    assert.equal(moments.length, 4);
    assert.ok(places.length === 4 && places.every((place) => place.startsWith("begins ")), places.join());
    assert.equal(finished.reduce((sum, { kills }) => sum + kills, 0), 4);
    assert.ok(moments.every((moment) => moment > 0 && moment <= seconds));
  });

  it("shows a job that forgets what it had done", async () => {
    const { finished } = await killAndResume(letters("0"), join(folder(), "bad"), 3, new Rng(2));
    assert.ok(finished.some((one) => read(one.folder) !== "abcdefghij"));
  });

  it("fails with the output of a run that fails", async () => {
    const start = (): ReturnType<Job["start"]> => spawn(process.execPath, ["-e", `console.error("no luck"); process.exit(3)`]);
    await assert.rejects(killAndResume({ start }, join(folder(), "fails"), 1, new Rng(3)), /found 3:\nno luck/);
  });
});
