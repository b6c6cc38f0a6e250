/**
 * The step cache. An expensive piece of work is `step(name, inputs, options, fn, settings)`: its result is kept
 * under a key made of its name, its inputs, its options and the version of its code, so it is computed again when
 * one of these changed and never otherwise. What is returned after computing is what was stored, read back: a cold
 * run and a warm one give the same bits. Of several processes that want one result, one computes it; cache.ts keeps the
 * whole under its limit.
 *
 * <cache>/<name>/<key>/            the codec's files and meta.json with their checksums; whole, or not there
 * <cache>/<name>/<key>.checkpoint/ what an interrupted step left to resume from; removed when it succeeds
 * <cache>/<name>/<key>.lock        while a process computes
 */
import { AsyncLocalStorage } from "node:async_hooks";
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { join, relative, resolve, sep } from "node:path";
import { cacheLimit, markUse, tidyCache, touchEntry } from "./cache";
import { type Codec, plainCodec } from "./codec";
import { codeVersion, projectFolder } from "./code-version";
import { formatSeconds } from "./duration";
import { ConfigError, throwIfAborted } from "./errors";
import { makeFolder, writeFileAtomic, writeFolderAtomic } from "./files";
import { hashOf, hashOfJson, type Hashable } from "./hash";
import { releaseDead, withLock, type LockSettings } from "./lock";
import type { Progress } from "./progress";
import { stepStore } from "./store";

/** What a step's function is given. */
export interface StepContext {
  readonly signal?: AbortSignal;
  readonly progress?: Progress;
  /** A folder that outlives an interruption, if the step asked for one: write checkpoints there, look there first. */
  readonly checkpoint?: string;
}

/** How and where a step is kept. */
export interface StepSettings<T> {
  /** The modules that the work is written in, `__filename` or several: with all they import, they are the code version. */
  readonly code: string | readonly string[];
  /** Default: `defaultCache()`. */
  readonly cache?: string;
  /** Default: plain values and typed arrays. */
  readonly codec?: Codec<T>;
  /** Whether the function gets a checkpoint folder. Default false. */
  readonly checkpoint?: boolean;
  readonly signal?: AbortSignal;
  readonly progress?: Progress;
}

/** A value and where it came from. */
export interface StepResult<T> {
  readonly value: T;
  /** Whether the value was there already. */
  readonly cached: boolean;
  /** Of the computation, whenever it was. */
  readonly seconds: number;
  /** 64 hexadecimal digits: an input for the steps that use this result. */
  readonly key: string;
  /** Why a stored result was not used, if one was there and damaged. */
  readonly damage?: string;
}

/** meta.json of a stored result; in the file, `check` beside it is the hash of all this. */
export interface StepMeta {
  readonly name: string;
  readonly key: string;
  readonly seconds: number;
  readonly inputs: unknown;
  readonly options: unknown;
  readonly code: string;
  /** sha256 of every file of the result. */
  readonly files: Readonly<Record<string, string>>;
}

/**
 * The folder of stored results: SESSIONLAB_CACHE, else .cache/steps in the project.
 * @example
 * import { isAbsolute } from "node:path";
 * import { defaultCache } from "sessionlab";
 * assert.ok(isAbsolute(defaultCache()));
 */
export function defaultCache(): string {
  return resolve(process.env["SESSIONLAB_CACHE"] ?? join(projectFolder(__filename), ".cache", "steps"));
}

/** A step, as whoever watches it is told of it. */
export type StepIdentity = Omit<StepMeta, "seconds" | "files">;

/** Told of steps that are not in the cache. */
export interface StepWatcher {
  /** One is about to be computed; what this throws, the step throws, and nothing is computed. */
  begins(step: StepIdentity): void;
  /** It is there. @param folder holds it */
  ends(step: StepIdentity, folder: string): void;
}

const watchers = new AsyncLocalStorage<StepWatcher>();

/**
 * Does some work, and tells of the steps that are computed for it, also of steps within steps.
 * @throws whatever `work` and `watcher` throw
 * @example
 * import { mkdtempSync } from "node:fs";
 * import { step, watchSteps } from "sessionlab";
 * const computed: string[] = [];
 * const watcher = { begins: () => undefined, ends: ({ name }: { readonly name: string }) => void computed.push(name) };
 * const work = () => step("double", { x: 4 }, {}, () => 8, { code: __filename, cache: mkdtempSync("/tmp/step-") });
 * await watchSteps(watcher, work);
 * assert.deepEqual(computed, ["double"]);
 */
export function watchSteps<T>(watcher: StepWatcher, work: () => Promise<T>): Promise<T> {
  return watchers.run(watcher, work);
}

const inFlight = new Map<string, Promise<StepResult<unknown>>>();

/**
 * The result of `fn`, from the cache if it is there whole, else computed and stored. Two calls with one key in one
 * process share one computation (and the signal of the first); of two processes the second waits and reads.
 * @param name of the kind of work: letters, digits, dashes
 * @param inputs hashes of the data and keys of the steps that went in (or the data themselves)
 * @param options every setting that the result depends on, resolved; the backend too, where its bits matter
 * @param fn computes the value; may be run again later, so it must not depend on anything else
 * @throws ConfigError for a bad name, a value that the codec cannot hold, or a bad SESSIONLAB_CACHE_GB; AbortError; whatever `fn` throws
 * @example
 * import { mkdtempSync } from "node:fs";
 * import { step } from "sessionlab";
 * const settings = { code: __filename, cache: mkdtempSync("/tmp/step-") };
 * const double = (x: number) => step("double", { x }, {}, () => ({ twice: 2 * x }), settings);
 * assert.deepEqual((await double(4)).value, { twice: 8 });
 * assert.equal((await double(4)).cached, true);
 */
export async function step<T>(
  name: string,
  inputs: Readonly<Record<string, Hashable>>,
  options: object,
  fn: (context: StepContext) => Promise<T> | T,
  settings: StepSettings<T>,
): Promise<StepResult<T>> {
  if (!/^[A-Za-z0-9][A-Za-z0-9-]*$/.test(name)) throw new ConfigError(`Expected a step name of letters, digits and dashes, found "${name}"`);
  throwIfAborted(settings.signal, name);
  const code = codeVersion(settings.code);
  const key = hashOf({ name, inputs, options: options as Hashable, code });
  const cache = resolve(settings.cache ?? defaultCache());
  const folder = join(cache, name, key);
  const running = inFlight.get(folder) as Promise<StepResult<T>> | undefined;
  if (running !== undefined) return running;
  const result = readOrCompute<T>(cache, folder, { name, key, inputs: brief(inputs), options: brief(options as Hashable), code }, fn, settings);
  inFlight.set(folder, result);
  try {
    return await result;
  } finally {
    inFlight.delete(folder);
  }
}

async function readOrCompute<T>(
  cache: string,
  folder: string,
  identity: StepIdentity,
  fn: (context: StepContext) => Promise<T> | T,
  settings: StepSettings<T>,
): Promise<StepResult<T>> {
  const codec = settings.codec ?? plainCodec<T>();
  const { name, key } = identity;
  const { signal, progress } = settings;
  let damage: string | undefined;
  const read = async (): Promise<StepResult<T> | undefined> => {
    markUse(cache, name, key);
    if (!existsSync(folder)) return undefined;
    try {
      const meta = readMeta(folder, key);
      const value = await codec.read(folder);
      touchEntry(folder);
      return { value, cached: true, seconds: meta.seconds, key };
    } catch (error) {
      damage = (error as Error).message;
      return undefined;
    }
  };
  const store = stepStore();
  const fetched = async (): Promise<StepResult<T> | undefined> => {
    const files = await store?.fetch(name, key, signal);
    if (files === undefined) return undefined;
    await writeFolderAtomic(folder, (beside) => {
      for (const [file, bytes] of files) writeFileAtomic(join(beside, file), bytes);
    });
    tidyCache(cache, cacheLimit());
    return read();
  };
  const compute = async (): Promise<StepResult<T>> => {
    const limit = cacheLimit();
    const checkpoint = settings.checkpoint === true ? `${folder}.checkpoint` : undefined;
    if (checkpoint !== undefined) makeFolder(checkpoint);
    const start = performance.now();
    const computed = await fn({ signal, progress, checkpoint });
    const seconds = (performance.now() - start) / 1000;
    try {
      await writeFolderAtomic(folder, async (beside) => {
        await codec.write(beside, computed);
        const files = Object.fromEntries(filesIn(beside).map((file) => [file, checksum(join(beside, file))]));
        const meta: StepMeta = { ...identity, seconds, files };
        writeFileAtomic(join(beside, "meta.json"), `${JSON.stringify({ ...meta, check: checkOf(meta) }, null, 2)}\n`);
      });
    } finally {
      codec.release?.(computed);
    }
    if (checkpoint !== undefined) rmSync(checkpoint, { recursive: true, force: true });
    tidyCache(cache, limit);
    await store?.keep(name, key, new Map(filesIn(folder).map((file) => [file, readFileSync(join(folder, file))])), signal);
    return { value: await codec.read(folder), cached: false, seconds, key, damage };
  };
  const stored = await read();
  if (stored !== undefined) {
    // A process that was killed between storing and tidying leaves its lock and its checkpoint.
    if (releaseDead(`${folder}.lock`)) rmSync(`${folder}.checkpoint`, { recursive: true, force: true });
    return stored;
  }
  const onWait: LockSettings["onWait"] = (holder, seconds) =>
    progress?.({ task: `wait for ${name}${holder === undefined ? "" : ` in process ${holder.pid}`}`, done: seconds, unit: "second" });
  const watcher = watchers.getStore();
  watcher?.begins(identity);
  // What was missing or damaged may be there by the time that the lock is ours.
  const result = await withLock(`${folder}.lock`, async () => (await read()) ?? (await fetched()) ?? (await compute()), { task: name, signal, onWait });
  watcher?.ends(identity, folder);
  return result;
}

/**
 * "cached (computed in 41 s)" or "computed in 41 s": the line under whatever came out of a step.
 * @example
 * import { footer } from "sessionlab";
 * assert.equal(footer({ cached: true, seconds: 41 }), "cached (computed in 41 s)");
 */
export function footer(result: Pick<StepResult<unknown>, "cached" | "seconds" | "damage">): string {
  const took = `computed in ${formatSeconds(result.seconds)}`;
  if (result.cached) return `cached (${took})`;
  return result.damage === undefined ? took : `${took}; the stored one was damaged: ${result.damage}`;
}

/** Reads meta.json and checks every file against it. Throws if anything is not as it was written. */
function readMeta(folder: string, key: string): StepMeta {
  const { check, ...meta } = JSON.parse(readFileSync(join(folder, "meta.json"), "utf8")) as StepMeta & { readonly check?: string };
  if (check !== checkOf(meta)) throw new Error("meta.json is not as it was written");
  if (meta.key !== key) throw new Error(`meta.json is of another key, ${meta.key}`);
  for (const [file, expected] of Object.entries(meta.files)) {
    if (checksum(join(folder, file)) !== expected) throw new Error(`the checksum of ${file} is wrong`);
  }
  return meta;
}

/** Over what JSON keeps of it: an undefined value is left out there. */
function checkOf(meta: StepMeta): string {
  return hashOfJson(meta);
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)).split(sep).join("/"))
    .sort();
}

function checksum(file: string): string {
  return createHash("sha256").update(readFileSync(file)).digest("hex");
}

/** Inputs and options as meta.json keeps them, for people: a typed array by its type and hash. */
function brief(value: Hashable): unknown {
  if (ArrayBuffer.isView(value)) return `${value.constructor.name} ${hashOf(value)}`;
  if (Array.isArray(value)) return (value as readonly Hashable[]).map(brief);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value as { readonly [key: string]: Hashable }).map(([name, one]) => [name, brief(one)]));
}
