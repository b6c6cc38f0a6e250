/** The persona experiment, small, in two processes: killed, failing and interrupted, beside the same in one. */
import assert from "node:assert/strict";
import type { ChildProcess } from "node:child_process";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { AbortError } from "../../src/core/errors";
import { portable } from "../../src/engine/experiment";
import { runLocally, TasksError, type LocalOptions } from "../../src/engine/local";
import { readReadings } from "../../src/evaluation/readings";
import { beginPersonaPaper, personaGrid, runPersonaPaper, type PersonaExperiment } from "../../src/papers/persona/persona";
import { suiteFolder } from "../scratch";
import { kept } from "./kept";
import { arms, experimentIn, files, numbers, small, type Experiment } from "../papers/small-persona";

describe("engine/local", function () {
  this.timeout(1_500_000);
  const folder = suiteFolder();
  let one: Experiment;

  before(async () => {
    one = { ...(await experimentIn(folder())), seeds: 2 };
    await runPersonaPaper(one);
  });

  /** In two processes, with as many threads as the one had. */
  async function inTwo(settings: PersonaExperiment, more: Partial<LocalOptions> = {}): Promise<string[]> {
    const said: string[] = [];
    const grid = personaGrid(await beginPersonaPaper(settings));
    const onStep = (line: string): void => {
      said.push(line);
      more.onStep?.(line);
    };
    await runLocally({ paper: "persona", settings: portable(settings) }, grid, { workers: 2, threads: settings.backend.threads, ...more, onStep });
    return said;
  }
  const elsewhere = (name: string): Experiment => ({ ...one, results: join(folder(), name, "results"), cache: join(folder(), name, "cache") });

  it("has the files of one process though a worker is killed, and computes each step once", async () => {
    const settings = elsewhere("killed");
    const processes: ChildProcess[] = [];
    let killed: string | undefined;
    let shown = 0;
    const gpus: (string | undefined)[] = [];
    const said = await inTwo(settings, {
      gpus: ["3", "5"], // TensorFlow for processors does not look
      onWorker: (worker) => {
        processes.push(worker);
        if (process.platform === "linux") gpus.push(/CUDA_VISIBLE_DEVICES=(\w+)/.exec(readFileSync(`/proc/${worker.pid}/environ`, "utf8"))?.[1]);
      },
      onStep: (line) => {
        if (killed !== undefined || !line.startsWith("SASRec, seed 1: train")) return;
        killed = line;
        for (const process of processes.slice(0, 2)) process.kill("SIGKILL"); // one of them is about to measure what it has trained
      },
      progress: ({ total }) => void (shown = total ?? shown),
    });
    assert.ok(killed !== undefined && said.some((line) => line.startsWith("a worker ended by SIGKILL in the middle of ")), said.join("\n"));
    assert.ok(processes.length >= 3, "others took their places");
    if (process.platform === "linux") assert.deepEqual(gpus.slice(0, 2), ["3", "5"]);
    assert.deepEqual(files(settings.results), files(one.results));
    for (const name of files(one.results)) assert.deepEqual(numbers(settings.results, name), numbers(one.results, name), name);
    assert.deepEqual(kept(settings.cache!), kept(one.cache!), "the same steps, no checkpoint and no lock left");
    const computed = said.filter((line) => line.includes(": computed in ")).map((line) => line.replace(/: computed in .*/, ""));
    assert.equal(new Set(computed).size, computed.length, `twice: ${computed.sort().join("; ")}`);
    assert.equal(shown, arms.length * 2 - 1, "POP draws no numbers");
    const test = (results: string): number => readReadings(join(results, "readings.json"))["persona-planted-minute"]!.test!;
    assert.ok(test(settings.results) >= test(one.results) && test(settings.results) <= test(one.results) + 2, "a killed reading counts");
  });

  it("measures in parts that processes share, with the numbers of the whole", async () => {
    const large = join(folder(), "large");
    mkdirSync(large);
    const whole = { ...(await experimentIn(large, 300)), arms: ["sasrec", "persona"], set: { sasrec: small, persona: small } };
    const { split: { valid, test } } = await runPersonaPaper(whole);
    assert.ok(valid.target.length > 256 && test.target.length > 256, "two parts, and an empty third one");
    const settings = { ...whole, parts: 3, results: join(large, "parts"), cache: join(large, "parts cache") };
    const said = await inTwo(settings);
    assert.deepEqual(files(settings.results), files(whole.results));
    for (const name of files(whole.results)) assert.deepEqual(numbers(settings.results, name), numbers(whole.results, name), name);
    assert.deepEqual(said.filter((line) => line.includes(": part ")).map((line) => line.replace(/: computed in .*/, "")).sort(), ["persona", "sasrec"].flatMap((arm) => [1, 2, 3].map((part) => `${arm}, seed 1: part ${part} of 3`)));
    assert.deepEqual(Object.entries(kept(settings.cache)).map(([step, entries]) => [step, entries.length]), [["blend", 1], ["forms", 2], ["forms-part", 6], ["personas", 1], ["train", 2]]);
  });

  it("names the task that failed and what needs it, does all else, and once mended only the rest", async () => {
    const settings = { ...elsewhere("failed"), seeds: 1, arms: ["pop", "sasrec", "sasrec-text", "vs-knn"], set: { sasrec: small, "sasrec-text": { ...small, rate: 1e30 } } };
    const found = await inTwo(settings).then(() => undefined, (error: unknown) => error);
    assert.ok(found instanceof TasksError, String(found));
    assert.deepEqual([found.failures.map(({ id, error }) => [id, error.name]), found.leftOut], [[["sasrec-text, seed 1", "NumericError"]], []]);
    assert.match(found.message, /found one that failed, "sasrec-text, seed 1": NumericError: Expected a finite/);
    assert.deepEqual(files(settings.results), ["pop", "sasrec", "vs-knn"].map((model) => `persona-planted-minute-${model}-1.json`));

    const without = { ...settings, arms: ["pop", "sasrec", "persona"], set: { sasrec: { ...small, rate: 1e30 }, persona: small }, results: join(folder(), "left out"), cache: settings.cache };
    const other = await inTwo(without).then(() => undefined, (error: unknown) => error);
    assert.ok(other instanceof TasksError && other.leftOut.join() === "persona, seed 1", String(other));
  });

  it("stops where it can go on from when it is interrupted, and the same call does the rest", async () => {
    const settings = { ...elsewhere("interrupted"), seeds: 1 };
    const stop = new AbortController();
    const first: string[] = [];
    await assert.rejects(inTwo(settings, { signal: stop.signal, onStep: (line) => void (first.push(line), line.startsWith("SASRec, seed 1") && stop.abort()) }), AbortError);
    const processes: ChildProcess[] = [];
    const rest = await inTwo(settings, { onWorker: (process) => void processes.push(process) });
    assert.ok(processes.length <= 2);
    for (const name of files(settings.results)) assert.deepEqual(numbers(settings.results, name), numbers(one.results, name), name);
    assert.equal(files(settings.results).length, 11);
    const computed = [...first, ...rest].filter((line) => line.includes(": computed in ")).map((line) => line.replace(/: computed in .*/, ""));
    assert.equal(new Set(computed).size, computed.length, "nothing twice");

    const nothing = await inTwo(settings, { onWorker: () => assert.fail("everything is there") });
    assert.deepEqual(nothing, []);
  });
});
