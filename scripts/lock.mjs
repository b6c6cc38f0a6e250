/**
 * One set-up at a time. The lock file names the holder and the command it runs now; a holder that was killed is
 * recognised, and what it left running is ended, so that two commands never write to the same folder.
 */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";

/**
 * Takes the lock, waiting for a living holder.
 * @param {string} file
 * @param {(pid: number) => void} onWait called once if there is somebody to wait for
 * @returns {Promise<{running(pid: number | undefined): void, release(): void}>} `running` notes the child that is at work
 */
export async function takeLock(file, onWait) {
  mkdirSync(dirname(file), { recursive: true });
  for (let waited = false; ; ) {
    if (tryCreate(file, describe(undefined))) {
      return {
        running: (pid) => replace(file, describe(pid)),
        release: () => rmSync(file, { force: true }),
      };
    }
    const holder = read(file);
    if (holder !== undefined && !sameProcess(holder.pid, holder.token)) {
      await recover(file, holder);
    } else {
      if (!waited && holder !== undefined) onWait(holder.pid);
      waited ||= holder !== undefined;
      await sleep(100);
    }
  }
}

/** Ends what a killed holder left running, and removes its lock; only one process at a time does this. */
async function recover(file, holder) {
  const guard = `${file}.recover`;
  if (!tryCreate(guard, String(process.pid))) {
    if (ageOf(guard) > 20_000) rmSync(guard, { force: true }); // the one who recovered was killed too
    return sleep(100);
  }
  try {
    const now = read(file);
    if (now === undefined || now.pid !== holder.pid || now.token !== holder.token) return;
    if (now.child !== undefined) {
      for (let i = 0; i < 100 && sameProcess(now.child, now.childToken); i++) {
        endGroup(now.child, i < 50 ? "SIGTERM" : "SIGKILL");
        await sleep(100);
      }
    }
    rmSync(file, { force: true });
  } finally {
    rmSync(guard, { force: true });
  }
}

/** Ends a process that was started in a group of its own, and the group with it. */
export function endGroup(pid, signal) {
  try {
    process.kill(process.platform === "win32" ? pid : -pid, signal);
  } catch {
    // it has ended by itself
  }
}

function describe(child) {
  return JSON.stringify({ pid: process.pid, token: startOf(process.pid), child, childToken: child === undefined ? undefined : startOf(child) });
}

function tryCreate(file, content) {
  try {
    writeFileSync(file, content, { flag: "wx" });
    return true;
  } catch (error) {
    if (error.code === "EEXIST") return false;
    throw error;
  }
}

function replace(file, content) {
  writeFileSync(`${file}.${process.pid}.tmp`, content);
  renameSync(`${file}.${process.pid}.tmp`, file);
}

/** The holder; undefined where there is none, or it is just being written (an old unreadable file counts as a dead holder). */
function read(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch (error) {
    if (error.code === "ENOENT") return undefined;
    return ageOf(file) > 5_000 ? { pid: 0 } : undefined;
  }
}

function ageOf(file) {
  try {
    return Date.now() - statSync(file).mtimeMs;
  } catch {
    return 0;
  }
}

/** Does `pid` run, and is it the process that was noted (numbers are used again)? */
function sameProcess(pid, token) {
  if (pid === 0) return false;
  try {
    process.kill(pid, 0);
  } catch (error) {
    if (error.code === "ESRCH") return false;
  }
  return startOf(pid) === token;
}

/** When a process started, in the system's own words; undefined where the system does not say or it has ended. */
function startOf(pid) {
  try {
    if (process.platform === "linux") {
      const stat = readFileSync(`/proc/${pid}/stat`, "utf8");
      const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
      return fields[0] === "Z" ? undefined : fields[19]; // a zombie has ended; field 22 is the start time
    }
    if (process.platform === "win32") return undefined;
    return execFileSync("ps", ["-o", "lstart=", "-p", String(pid)], { encoding: "utf8" }).trim();
  } catch {
    return undefined;
  }
}
