/**
 * What lies in the step cache: listing, explaining, removing, and keeping it under its limit. Results that were not used
 * for the longest time go first; what a living process has read or computes, and checkpoints, are never evicted.
 *
 * <cache>/.in-use/<pid>-<place>   one a living process: its mark, then "<name>/<key>" of all that it has read or written
 * <cache>/<name>/<key>/meta.json  touched whenever the result is read
 */
import { appendFileSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { ConfigError } from "./errors";
import { removeLeftovers, temporaryName } from "./files";
import { isLocked } from "./lock";
import { stateOf, thisProcess, type ProcessMark } from "./processes";
import type { StepMeta } from "./step";

/** One result, or the checkpoint of an interrupted step. */
export interface CacheEntry {
  readonly kind: "result" | "checkpoint";
  /** Name of the step. */
  readonly name: string;
  /** 64 hexadecimal digits. */
  readonly key: string;
  readonly folder: string;
  readonly bytes: number;
  /** When it was computed, and last used; milliseconds since 1970. */
  readonly madeAt: number;
  readonly usedAt: number;
  /** Read or computed by a process that runs now. */
  readonly inUse: boolean;
  /** What went in and how long it took; undefined for a checkpoint, and for a damaged result. */
  readonly meta?: StepMeta;
}

/** One thing in which two entries differ. */
export interface CacheDifference {
  /** "options.dropout" */
  readonly path: string;
  /** undefined where it is absent. */
  readonly here: unknown;
  readonly there: unknown;
}

const GIGABYTE = 1e9;

/**
 * The size limit of the cache in bytes: SESSIONLAB_CACHE_GB (1e9 bytes each), by default 20.
 * @throws ConfigError if the variable is no number of 0 or more
 * @example
 * import { cacheLimit } from "sessionlab";
 * assert.equal(cacheLimit({ SESSIONLAB_CACHE_GB: "0.5" }), 500_000_000);
 */
export function cacheLimit(environment: Readonly<Record<string, string | undefined>> = process.env): number {
  const text = environment["SESSIONLAB_CACHE_GB"] ?? "20";
  const value = Number(text);
  if (text.trim() === "" || !(value >= 0)) throw new ConfigError(`Expected SESSIONLAB_CACHE_GB to be a number of 0 or more, found "${text}"; set it to 20, or unset it`);
  return value * GIGABYTE;
}

/**
 * All entries of a cache, the last used first.
 * @example
 * import { mkdtempSync } from "node:fs";
 * import { cacheEntries, step } from "sessionlab";
 * const cache = mkdtempSync("/tmp/cache-");
 * await step("double", { x: 4 }, {}, () => 8, { code: __filename, cache });
 * assert.deepEqual(cacheEntries(cache).map(({ name, kind, inUse }) => [name, kind, inUse]), [["double", "result", true]]);
 */
export function cacheEntries(cache: string): CacheEntry[] {
  const used = usedNow(cache);
  const entries = stepNames(cache).flatMap((name) =>
    namesIn(join(cache, name)).flatMap((file): CacheEntry[] => {
      const match = /^([0-9a-f]{64})(\.checkpoint)?$/.exec(file);
      if (match === null) return [];
      const key = match[1]!;
      const folder = join(cache, name, file);
      const kind = match[2] === undefined ? "result" : "checkpoint";
      const inUse = isLocked(join(cache, name, `${key}.lock`)) || (kind === "result" && used.has(`${name}/${key}`));
      try {
        const madeAt = statSync(folder).mtimeMs;
        const touched = kind === "result" ? timeOf(join(folder, "meta.json")) : newest(folder);
        return [{ kind, name, key, folder, bytes: bytesIn(folder), madeAt, usedAt: touched ?? madeAt, inUse, meta: kind === "result" ? readMeta(folder) : undefined }];
      } catch {
        return []; // another process removed it
      }
    }),
  );
  return entries.sort((a, b) => b.usedAt - a.usedAt);
}

/**
 * Finds an entry by the first digits of its key.
 * @throws ConfigError if there is none, or several
 * @example
 * import { findEntry } from "sessionlab";
 * assert.throws(() => findEntry([], "3f"), /Expected the first digits of a key/);
 */
export function findEntry(entries: readonly CacheEntry[], prefix: string): CacheEntry {
  const found = entries.filter(({ key }) => prefix !== "" && key.startsWith(prefix.toLowerCase()));
  const keys = new Set(found.map(({ name, key }) => `${name} ${key.slice(0, prefix.length + 4)}`));
  if (keys.size === 0) throw new ConfigError(`Expected the first digits of a key in the cache, found "${prefix}"; "sessionlab cache list" shows the keys`);
  if (keys.size > 1) throw new ConfigError(`Expected the first digits of one key, found ${keys.size} that start with "${prefix}": ${[...keys].join(", ")}; give more digits`);
  return found.find(({ kind }) => kind === "result") ?? found[0]!;
}

/**
 * Why an entry is not another: the result of the same step with the fewest differences in inputs, options and code
 * (of several the last used), and what differs.
 * @returns undefined if the step has no other result
 * @example
 * import { mkdtempSync } from "node:fs";
 * import { cacheEntries, nearestEntry, step } from "sessionlab";
 * const cache = mkdtempSync("/tmp/cache-");
 * for (const k of [5, 10]) await step("top", {}, { k }, () => k, { code: __filename, cache });
 * const entries = cacheEntries(cache);
 * const five = entries.find(({ meta }) => (meta!.options as { k: number }).k === 5)!;
 * assert.deepEqual(nearestEntry(entries, five)!.differences, [{ path: "options.k", here: 5, there: 10 }]);
 */
export function nearestEntry(entries: readonly CacheEntry[], entry: CacheEntry): { readonly entry: CacheEntry; readonly differences: readonly CacheDifference[] } | undefined {
  const here = leavesOf(entry.meta);
  let best: { entry: CacheEntry; differences: CacheDifference[] } | undefined;
  for (const other of entries) {
    if (other.name !== entry.name || other.key === entry.key || other.meta === undefined) continue;
    const there = leavesOf(other.meta);
    const paths = [...new Set([...here.keys(), ...there.keys()])].filter((path) => JSON.stringify(here.get(path)) !== JSON.stringify(there.get(path)));
    if (best === undefined || paths.length < best.differences.length) {
      best = { entry: other, differences: paths.map((path) => ({ path, here: here.get(path), there: there.get(path) })) };
    }
  }
  return best;
}

/**
 * Removes an entry, unless it is in use.
 * @returns whether it is gone
 * @example
 * import { mkdtempSync } from "node:fs";
 * import { cacheEntries, removeEntry, step } from "sessionlab";
 * const cache = mkdtempSync("/tmp/cache-");
 * await step("double", { x: 4 }, {}, () => 8, { code: __filename, cache });
 * assert.equal(removeEntry(cache, cacheEntries(cache)[0]!), false); // this process has used it
 */
export function removeEntry(cache: string, entry: CacheEntry): boolean {
  const busy = (): boolean => isLocked(join(cache, entry.name, `${entry.key}.lock`)) || (entry.kind === "result" && usedNow(cache).has(`${entry.name}/${entry.key}`));
  if (busy()) return false;
  const aside = temporaryName(entry.folder);
  try {
    renameSync(entry.folder, aside);
  } catch {
    return false; // gone already, or another user's
  }
  if (busy()) {
    // a process came for it meanwhile: it gets it back, unless it has begun its own
    try {
      renameSync(aside, entry.folder);
      return false;
    } catch {
      // the other one's stays
    }
  }
  rmSync(aside, { recursive: true, force: true });
  return true;
}

/** Removes what killed writers left, then the results that were not used for the longest time until `limit` bytes are kept. */
export function tidyCache(cache: string, limit: number): void {
  for (const name of stepNames(cache)) removeLeftovers(join(cache, name));
  const entries = cacheEntries(cache);
  let bytes = entries.reduce((sum, entry) => sum + entry.bytes, 0);
  for (const entry of entries.reverse()) {
    if (bytes <= limit) return;
    if (entry.kind === "result" && !entry.inUse && removeEntry(cache, entry)) bytes -= entry.bytes;
  }
}

/** Notes that this process uses a result from now on: called before it is looked for. */
export function markUse(cache: string, name: string, key: string): void {
  let uses = usesOfThisProcess.get(cache);
  if (uses === undefined) {
    if (usesOfThisProcess.size === 0) process.once("exit", forgetUses);
    usesOfThisProcess.set(cache, (uses = new Set()));
  }
  const id = `${name}/${key}`;
  const file = useFile(cache);
  const known = uses.has(id);
  uses.add(id);
  try {
    if (uses.size > 1 && statSync(file, { throwIfNoEntry: false }) !== undefined) {
      if (!known) appendFileSync(file, `${id}\n`);
    } else {
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, [JSON.stringify(thisProcess()), ...uses, ""].join("\n"));
    }
  } catch {
    // a cache that may only be read: nobody else can evict from it either
  }
}

/** Makes a result the last used one. */
export function touchEntry(folder: string): void {
  try {
    utimesSync(join(folder, "meta.json"), new Date(), new Date());
  } catch {
    // a cache that may only be read
  }
}

const usesOfThisProcess = new Map<string, Set<string>>();

function useFile(cache: string): string {
  const { pid, place } = thisProcess();
  return join(cache, ".in-use", `${pid}-${place}`);
}

function forgetUses(): void {
  for (const cache of usesOfThisProcess.keys()) rmSync(useFile(cache), { force: true });
}

/** "<name>/<key>" of everything that a process which may be alive has used. Lists of dead processes are removed. */
function usedNow(cache: string): Set<string> {
  const folder = join(cache, ".in-use");
  const used = new Set<string>();
  for (const name of namesIn(folder)) {
    const file = join(folder, name);
    try {
      const [mark, ...ids] = readFileSync(file, "utf8").trimEnd().split("\n");
      const state = stateOf(JSON.parse(mark!) as ProcessMark);
      if (state === "dead" || (state === "unknown" && Date.now() - statSync(file).mtimeMs > WEEK)) rmSync(file, { force: true });
      else for (const id of ids) used.add(id);
    } catch {
      // being written, or gone
    }
  }
  return used;
}

const WEEK = 7 * 86_400_000;

/** The values in inputs, options and code by path. */
function leavesOf(meta: StepMeta | undefined): Map<string, unknown> {
  const leaves = new Map<string, unknown>();
  const walk = (value: unknown, path: string): void => {
    if (typeof value !== "object" || value === null) leaves.set(path, value);
    else for (const [key, one] of Object.entries(value)) walk(one, `${path}.${key}`);
  };
  for (const part of ["inputs", "options", "code"] as const) walk(meta?.[part], part);
  return leaves;
}

function stepNames(cache: string): string[] {
  return namesIn(cache).filter((name) => /^[A-Za-z0-9]/.test(name));
}

function namesIn(folder: string): string[] {
  try {
    return readdirSync(folder).sort();
  } catch {
    return [];
  }
}

function readMeta(folder: string): StepMeta | undefined {
  try {
    const meta = JSON.parse(readFileSync(join(folder, "meta.json"), "utf8")) as StepMeta;
    return meta.key === basename(folder) ? meta : undefined;
  } catch {
    return undefined;
  }
}

function timeOf(file: string): number | undefined {
  return statSync(file, { throwIfNoEntry: false })?.mtimeMs;
}

function filesIn(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
}

function bytesIn(folder: string): number {
  return filesIn(folder).reduce((sum, file) => sum + (statSync(file, { throwIfNoEntry: false })?.size ?? 0), 0);
}

function newest(folder: string): number | undefined {
  const times = filesIn(folder).flatMap((file) => timeOf(file) ?? []);
  return times.length === 0 ? undefined : Math.max(...times);
}
