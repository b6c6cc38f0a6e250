/**
 * One process at a time: a lock file that is made by its holder alone (O_EXCL), says who that is, and is touched while
 * it is held. A lock whose holder is dead is taken over at once; where that cannot be known (another machine), after it
 * was not touched for a while. Work under a lock must stand being done twice: a machine that sleeps loses its locks.
 */
import { randomBytes } from "node:crypto";
import { closeSync, existsSync, openSync, readFileSync, rmSync, statSync, utimesSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { AbortError, throwIfAborted } from "./errors";
import { fullDisk, isFull, makeFolder } from "./files";
import { stateOf, thisProcess, type ProcessMark } from "./processes";

/** How a lock is waited for. */
export interface LockSettings {
  /** What waits, for the error of an interruption. */
  readonly task: string;
  readonly signal?: AbortSignal;
  /** Called now and then while another process holds the lock. @param seconds waited so far */
  readonly onWait?: (holder: ProcessMark | undefined, seconds: number) => void;
}

interface Holder extends ProcessMark {
  readonly token: string;
}

const BEAT = 10_000;
/** Milliseconds without a touch after which a lock of an unknown process is stale. */
const STALE = 120_000;
/** Taking over is a matter of microseconds: a guard older than this is of a process that died in them. */
const GUARD_STALE = 10_000;

/**
 * Does `work` while no other process holds the lock.
 * @param path of the lock file; its folder is made; removed afterwards
 * @param work told whether somebody else held the lock before
 * @throws AbortError while it waits; whatever `work` throws
 * @example
 * import { mkdtempSync } from "node:fs";
 * import { withLock } from "sessionlab";
 * const path = `${mkdtempSync("/tmp/lock-")}/one.lock`;
 * const order: string[] = [];
 * const one = (name: string) => withLock(path, async () => void order.push(`${name} in`, `${name} out`), { task: "demo" });
 * await Promise.all([one("a"), one("b")]);
 * assert.deepEqual(order.map((line) => line.slice(2)), ["in", "out", "in", "out"]);
 */
export async function withLock<T>(path: string, work: (waited: boolean) => Promise<T> | T, settings: LockSettings): Promise<T> {
  const { task, signal, onWait } = settings;
  const holder: Holder = { ...thisProcess(), token: randomBytes(8).toString("hex") };
  makeFolder(dirname(path));
  const start = performance.now();
  let waited = false;
  for (let pause = 20; !take(path, holder); pause = Math.min(500, pause * 1.5)) {
    throwIfAborted(signal, task);
    const other = readHolder(path);
    if (isStale(path, other)) {
      removeStale(path);
      continue;
    }
    waited = true;
    onWait?.(other, (performance.now() - start) / 1000);
    await sleep(pause, undefined, { signal }).catch(() => {
      throw new AbortError(task);
    });
  }
  const beat = setInterval(() => touch(path), BEAT).unref();
  try {
    return await work(waited);
  } finally {
    clearInterval(beat);
    if (readHolder(path)?.token === holder.token) rmSync(path, { force: true });
  }
}

/** Whether a living process holds the lock. */
export function isLocked(path: string): boolean {
  try {
    statSync(path);
  } catch {
    return false;
  }
  return !isStale(path, readHolder(path));
}

/** Removes the lock of a process that died while it held it. @returns whether nobody holds the lock now */
export function releaseDead(path: string): boolean {
  if (isLocked(path)) return false;
  if (existsSync(path)) removeStale(path);
  return true;
}

function take(path: string, holder: Holder): boolean {
  let file: number;
  try {
    file = openSync(path, "wx");
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") return false;
    throw isFull(error) ? fullDisk(path, error) : error;
  }
  try {
    writeSync(file, JSON.stringify(holder));
  } catch (error) {
    rmSync(path, { force: true });
    throw isFull(error) ? fullDisk(path, error) : error;
  } finally {
    closeSync(file);
  }
  return true;
}

/** @returns undefined if the lock is gone, or is being written */
function readHolder(path: string): Holder | undefined {
  try {
    return JSON.parse(readFileSync(path, "utf8")) as Holder;
  } catch {
    return undefined;
  }
}

function isStale(path: string, holder: Holder | undefined): boolean {
  const state = holder === undefined ? "unknown" : stateOf(holder);
  return state === "dead" || (state === "unknown" && silentFor(path) > STALE);
}

/** Removes a stale lock. Two that want to are told apart by a guard: the later one looks again and finds a fresh lock. */
function removeStale(path: string): void {
  const guard = `${path}.guard`;
  try {
    closeSync(openSync(guard, "wx"));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
    if (silentFor(guard) > GUARD_STALE) rmSync(guard, { force: true });
    return;
  }
  try {
    if (isStale(path, readHolder(path))) rmSync(path, { force: true });
  } finally {
    rmSync(guard, { force: true });
  }
}

/** Milliseconds since a file was touched; 0 if it is gone. */
function silentFor(path: string): number {
  try {
    return Date.now() - statSync(path).mtimeMs;
  } catch {
    return 0;
  }
}

function touch(path: string): void {
  try {
    utimesSync(path, new Date(), new Date());
  } catch {
    // taken over after a long sleep of the machine: the work goes on, and stands being done twice
  }
}
