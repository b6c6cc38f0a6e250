/** The persona experiment, small, on a Ray cluster of two nodes on loopback: one killed, the head killed, no room, other versions. */
import assert from "node:assert/strict";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { AbortError, ConfigError } from "../../src/core/errors";
import { setStepStore } from "../../src/core/store";
import { portable } from "../../src/engine/experiment";
import { runLocally, TasksError } from "../../src/engine/local";
import { runOnRay, type RayOptions } from "../../src/engine/ray";
import { findRayPython, howToGetRay } from "../../src/engine/ray-python";
import { openStepStore } from "../../src/engine/store";
import { beginPersonaPaper, personaGrid, runPersonaPaper, type PersonaExperiment } from "../../src/papers/persona/persona";
import { textsGrid } from "../../src/papers/persona/texts";
import { onSmallDisk } from "../disk";
import { experimentIn, files, numbers, small, type Experiment } from "../papers/small-persona";
import { suiteFolder } from "../scratch";
import { kept } from "./kept";
import { manyTexts, vectorsIn } from "./many-texts";
import { auth, freePort, RayNode } from "./ray-cluster";
import { startS3 } from "./s3-server";

/** Sets variables of this process for as long as `work` lasts. */
async function having<T>(variables: Readonly<Record<string, string>>, work: () => Promise<T>): Promise<T> {
  const before = Object.keys(variables).map((name) => [name, process.env[name]] as const);
  Object.assign(process.env, variables);
  try {
    return await work();
  } finally {
    for (const [name, value] of before) {
      if (value === undefined) delete process.env[name];
      else process.env[name] = value;
    }
  }
}

/** What was computed, and not read from the cache. */
function computed(said: readonly string[]): string[] {
  return said.filter((line) => line.includes(": computed in ")).map((line) => line.replace(/: computed in .*/, "")).sort();
}

/** A training of seconds, so that it can be lost in the middle. */
const long = { ...small, epochs: 200, patience: 200 };

describe("engine/ray", function () {
  this.timeout(600_000);
  const folder = suiteFolder();
  const python = findRayPython();
  let one: Experiment;
  let head: RayNode;
  let node: RayNode;
  let address: string;

  before(async function () {
    if (python === undefined || process.platform !== "linux") {
      console.log(`    skipped: no Ray is installed here (${howToGetRay})`);
      this.skip();
    }
    one = { ...(await experimentIn(folder())), seeds: 2, arms: ["pop", "sasrec", "sasrec-text", "persona"], set: { sasrec: small, "sasrec-text": long, persona: small } };
    await runPersonaPaper(one);
    address = `127.0.0.1:${await freePort()}`;
    head = await RayNode.start(python, join(folder(), "h"), one.backend.threads, { port: Number(address.split(":")[1]) });
    node = await RayNode.start(python, join(folder(), "n"), one.backend.threads, { head: address });
  });
  after(async () => {
    await node?.stop();
    await head?.stop();
  });

  /** On the cluster, with as many threads as one process had. */
  async function onRay(settings: PersonaExperiment, more: Partial<RayOptions> = {}, variables: Readonly<Record<string, string>> = auth): Promise<string[]> {
    const said: string[] = [];
    const grid = personaGrid(await beginPersonaPaper(settings));
    const onStep = (line: string): void => {
      said.push(line);
      more.onStep?.(line);
    };
    await having(variables, () => runOnRay({ paper: "persona", settings: portable(settings) }, grid, { python: python!, address, workers: 1, backend: settings.backend, ...more, onStep }));
    return said;
  }
  const elsewhere = (name: string): Experiment => ({ ...one, results: join(folder(), name, "results"), cache: join(folder(), name, "cache") });
  const message = (work: Promise<unknown>): Promise<string> => work.then(() => "", (error: unknown) => (error as Error).message);

  it("names what an address must be", async () => {
    for (const wrong of ["ray://10.0.0.1:10001", "http://10.0.0.1:8265", "10.0.0.1"]) await assert.rejects(onRay(elsewhere("nowhere"), { address: wrong }), ConfigError);
  });

  it("has the files of one process though a node is killed, and computes each step once", async () => {
    const settings = elsewhere("killed");
    let killed = false;
    let shown = 0;
    const said = await onRay(settings, {
      progress: ({ task, total }) => {
        shown = total ?? shown;
        if (killed || !/^sasrec-text.*\(train .*sasrec-text.*\(train /.test(task)) return; // each node trains
        killed = true;
        node.killRaylet();
      },
    });
    assert.ok(killed, "both nodes were never training at once");
    assert.ok(said.some((line) => / was lost on .*; it goes on on /.test(line)), said.join("\n"));
    assert.equal(shown, 7, "POP draws no numbers");
    assert.deepEqual(files(settings.results), files(one.results));
    for (const name of files(one.results)) assert.deepEqual(numbers(settings.results, name), numbers(one.results, name), name);
    assert.deepEqual(kept(settings.cache!), kept(one.cache!), "the same steps, no checkpoint and no lock left");
    assert.equal(new Set(computed(said)).size, computed(said).length, `twice: ${computed(said).join("; ")}`);
  });

  it("stops on an interruption where it can go on from, and the same call does the rest; runs are measured in parts", async () => {
    const settings = { ...elsewhere("interrupted"), parts: 2, arms: ["pop", "sasrec", "sasrec-text"], set: { sasrec: small, "sasrec-text": long }, seeds: 1 };
    const stop = new AbortController();
    const first: string[] = [];
    await assert.rejects(onRay(settings, { signal: stop.signal, onStep: (line) => void first.push(line), progress: ({ task }) => void (task.includes("sasrec-text, seed 1: training (train ") && stop.abort()) }), AbortError);
    assert.ok(kept(settings.cache!)["train"]?.some((name) => name.endsWith(".checkpoint")), "a checkpoint is kept");
    const rest = await onRay(settings);
    for (const name of files(settings.results)) assert.deepEqual(numbers(settings.results, name), numbers(one.results, name), name);
    assert.equal(files(settings.results).length, 5);
    assert.equal(computed(rest).filter((line) => line.startsWith("sasrec-text, seed 1: part ")).length, 2);
    assert.equal(new Set(computed([...first, ...rest])).size, computed([...first, ...rest]).length, "nothing twice");
  });

  it("refuses a node with another tensor backend, and names what differs", async () => {
    const threads = one.backend.threads + 1; // only the second node has as many cores
    const other = await RayNode.start(python!, join(folder(), "o"), threads, { head: address }, { SESSIONLAB_BACKEND: one.backend.name === "cpu" ? "wasm" : "cpu" });
    try {
      assert.match(await message(onRay({ ...elsewhere("other"), backend: { ...one.backend, threads } })), /Expected a worker with the engine's tensor backend, .*; run set-up there.*; what is done is kept/);
    } finally {
      await other.stop();
    }
  });

  it("refuses a node without the packages, and one that writes into other results", async () => {
    const settings = { ...elsewhere("unseen"), arms: ["pop"], set: {} };
    const there = personaGrid(await beginPersonaPaper(elsewhere("there")));
    const options = { python: python!, address, workers: 1, backend: one.backend };
    assert.match(await message(having(auth, () => runOnRay({ paper: "persona", settings: portable(settings) }, { ...there, tasks: there.tasks.slice(0, 1) }, options))), /pop, seed 1 was done on a node that does not write into the results of this machine/);
    const nowhere = join(folder(), "nowhere");
    assert.match(await message(onRay({ ...settings, results: nowhere }, { address: undefined }, { SESSIONLAB_INSTALL: nowhere })), /Expected the library's packages in .*nowhere.node_modules, found no such folder; run set-up there/);
  });

  it("encodes texts on nodes with a step cache of their own, whose store gives this machine the rows", async () => {
    const texts = manyTexts(join(folder(), "texts"));
    const alone = await vectorsIn(join(folder(), "alone"), texts, false);
    const store = await startS3();
    const here = { ...texts, cache: store === undefined ? texts.cache : join(folder(), "here") };
    if (store === undefined) console.log("    in a step cache that all see: no S3 server is installed here (npm run setup -- --tests)");
    const grid = await textsGrid(here, {});
    try {
      await having({ ...auth, ...store?.variables }, async () => {
        await openStepStore(true);
        await runOnRay({ paper: "texts", settings: texts }, grid, { python: python!, address, workers: 1, backend: one.backend });
        assert.deepEqual(await vectorsIn(here.cache, texts, true), alone);
      });
    } finally {
      await grid.close();
      setStepStore(undefined);
      store?.stop();
    }
  });

  it("ends with a full disk's error, keeps the rest, and goes on once there is room", async function () {
    await onSmallDisk(this, folder(), "64k", async (disk) => {
      const settings = { ...elsewhere("full"), arms: ["pop", "sasrec"], set: { sasrec: small }, seeds: 1, cache: join(disk.folder, "cache") };
      const found = await onRay(settings).then(() => undefined, (error: unknown) => error);
      assert.ok(found instanceof TasksError, String(found));
      assert.match(found.message, /found a full disk; nothing half written is left/);
      disk.resize("64m");
      await onRay(settings);
      for (const name of files(settings.results)) assert.deepEqual(numbers(settings.results, name), numbers(one.results, name), name);
      assert.equal(files(settings.results).length, 2);
    });
  });

  it("says what is wrong where nobody listens, the token is another one, or Ray is of another version", async () => {
    const settings = elsewhere("wrong");
    assert.match(await message(onRay(settings, { address: `127.0.0.1:${await freePort()}` })), /Expected a Ray cluster at 127\.0\.0\.1:\d+ that does the tasks, found that .*refused.*the same command goes on \(0 of 7 tasks are done\)/);
    assert.match(await message(onRay(settings, {}, { ...auth, RAY_AUTH_TOKEN: "another" })), /Authentication token is missing or incorrect/);
    mkdirSync(join(folder(), "python"));
    writeFileSync(join(folder(), "python", "sitecustomize.py"), 'import ray\nray.__version__ = "2.1.0"\n');
    assert.match(await message(onRay(settings, {}, { ...auth, PYTHONPATH: join(folder(), "python") })), /[Vv]ersion mismatch.*2\.1\.0/);
  });

  it("keeps what is done when the head dies, and several processes do the rest", async () => {
    const settings = elsewhere("headless");
    const first: string[] = [];
    let killed: Promise<void> | undefined;
    const found = await message(onRay(settings, { onStep: (line) => void (first.push(line), line.startsWith("SASRec, seed 1: measure") && (killed ??= head.stop())) }, { ...auth, RAY_gcs_rpc_server_reconnect_timeout_s: "3" }));
    await killed;
    assert.match(found, /Expected a Ray cluster at 127\.0\.0\.1:\d+ that does the tasks, found that .*what is done is kept, and the same command goes on \([1-6] of 7 tasks are done\)/);
    await runLocally({ paper: "persona", settings: portable(settings) }, personaGrid(await beginPersonaPaper(settings)), { workers: 1, threads: one.backend.threads, onStep: (line) => void first.push(line) });
    for (const name of files(one.results)) assert.deepEqual(numbers(settings.results, name), numbers(one.results, name), name);
    assert.equal(new Set(computed(first)).size, computed(first).length, `twice: ${computed(first).join("; ")}`);
  });

  it("starts a cluster where none is named, and nothing where all is done; a store gives others what it computed", async () => {
    const settings = { ...elsewhere("here"), arms: ["pop", "sasrec"], set: { sasrec: small } };
    const here = { address: undefined, workers: 1 };
    const store = await startS3();
    if (store === undefined) console.log("    without a store: no S3 server is installed here (npm run setup -- --tests)");
    try {
      await having(store?.variables ?? {}, async () => {
        await openStepStore(true);
        await onRay(settings, here, {});
        for (const name of files(settings.results)) assert.deepEqual(numbers(settings.results, name), numbers(one.results, name), name);
        assert.equal(files(settings.results).length, 3);
        assert.deepEqual(await onRay(settings, { ...here, python: "no such program" }), []);
        if (store === undefined) return;
        const other = { ...settings, results: join(folder(), "other", "results"), cache: join(folder(), "other", "cache") };
        const said: string[] = [];
        await runLocally({ paper: "persona", settings: portable(other) }, personaGrid(await beginPersonaPaper(other)), { workers: 1, threads: one.backend.threads, onStep: (line) => void said.push(line) });
        assert.deepEqual([computed(said), files(other.results)], [[], files(settings.results)]);
      });
    } finally {
      setStepStore(undefined);
      store?.stop();
    }
  });
});
