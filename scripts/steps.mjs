/**
 * A list of steps, each run only if its inputs have changed. What was done is recorded in one file after each step
 * that succeeded; a step that is optional and failed is recorded as lost, with what that costs and how to get it back.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { appendFileSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { endGroup, takeLock } from "./lock.mjs";

/** A step failed. `how` says what to do, `loses` what an optional step's failure costs. */
export class SetupError extends Error {
  constructor(message, { how, loses, output } = {}) {
    super(message);
    this.how = how;
    this.loses = loses;
    this.output = output;
  }
}

/**
 * @typedef {object} Step
 * @property {string} name
 * @property {string} says what it does, for the progress line
 * @property {() => string} inputs a hash over all that the result depends on
 * @property {() => string} [needs] what it takes from the machine: a lost step is tried again once this changes
 * @property {() => boolean} ready is the result there?
 * @property {(tools: {say(text: string): void, exec: Exec}) => Promise<string | undefined>} run returns a remark for the summary
 * @property {string} [loses] makes the step optional: what is lost without it
 * @typedef {(command: string, args: readonly string[], options?: {cwd?: string, env?: object, how?: string}) => Promise<string>} Exec
 */

/**
 * Runs what has to be run.
 * @param {string} root
 * @param {readonly Step[]} steps
 * @param {{again?: boolean, write?: (line: string) => void}} options again: try what was lost once more even if nothing changed
 * @returns {Promise<{ran: string[], state: object}>} the names of the steps that ran, and the recorded state by step
 * @throws SetupError when a step that is not optional fails
 */
export async function runSteps(root, steps, { again = false, write = (line) => console.log(line) } = {}) {
  const cache = join(root, ".cache");
  const stateFile = join(cache, "setup.json");
  const due = () => steps.filter((step) => !isCurrent(step, readState(stateFile)[step.name], again));
  if (due().length === 0) return { ran: [], state: readState(stateFile) };

  const lock = await takeLock(join(cache, "setup.lock"), (pid) => write(`Another set-up (process ${pid}) is at work; waiting for it.`));
  const log = join(cache, "setup.log");
  let child;
  const stop = (signal) => {
    if (child !== undefined) endGroup(child, "SIGTERM"); // the lock stays: the next call waits for the child's end
    write("Set-up stopped; the next call goes on from here.");
    process.exit(signal === "SIGINT" ? 130 : 143);
  };
  process.on("SIGINT", stop);
  process.on("SIGTERM", stop);
  const exec = (command, args, options = {}) =>
    execute(command, args, { cwd: root, log, ...options }, (pid) => {
      child = pid;
      lock.running(pid);
    });
  try {
    removeLeftovers(cache);
    const todo = due(); // another set-up may have done them while this one waited
    if (todo.length > 0) {
      write("SessionLab set-up");
      writeFileSync(log, "");
    }
    const ran = [];
    for (const step of steps) {
      if (isCurrent(step, readState(stateFile)[step.name], again)) continue;
      forget(stateFile, step.name);
      ran.push(step.name);
      const start = performance.now();
      const seconds = () => (performance.now() - start) / 1000;
      write(`  ${step.name.padEnd(9)} ${step.says}`);
      const say = (text) => write(`${" ".repeat(12)}${text}`);
      try {
        const inputs = step.inputs();
        const remark = await step.run({ say, exec });
        record(stateFile, step.name, { inputs, status: "done", remark, seconds: round(seconds()) });
        say(`done in ${seconds().toFixed(1)} s${remark === undefined ? "" : `: ${remark}`}`);
      } catch (error) {
        if (!(error instanceof SetupError)) throw error;
        if (step.loses === undefined) throw error;
        const lost = { what: error.message, loses: error.loses ?? step.loses, how: error.how };
        record(stateFile, step.name, { inputs: step.inputs(), needs: step.needs?.(), status: "lost", lost, seconds: round(seconds()) });
        if (error.output) say(`last lines of its output:\n${error.output}`);
        say(`left out after ${seconds().toFixed(1)} s: ${lostLine(lost)}`);
      }
    }
    return { ran, state: readState(stateFile) };
  } finally {
    process.off("SIGINT", stop);
    process.off("SIGTERM", stop);
    lock.release();
  }
}

/** One line on something that is missing. */
export function lostLine({ what, loses, how }) {
  return `${what}; without it ${loses}.${how === undefined ? "" : ` To get it: ${how}`}`;
}

/** sha256 over texts and files, in order; an absent file counts as such. */
export function hashOfFiles(files, ...texts) {
  const hash = createHash("sha256");
  for (const text of texts) hash.update(`${text}\0`);
  for (const file of files) {
    hash.update(`${file}\0`);
    try {
      hash.update(readFileSync(file));
    } catch {
      hash.update("absent\0");
    }
  }
  return hash.digest("hex");
}

/** All files below a folder, sorted. */
export function filesBelow(folder) {
  return readdirSync(folder, { withFileTypes: true })
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .flatMap((entry) => (entry.isDirectory() ? filesBelow(join(folder, entry.name)) : [join(folder, entry.name)]));
}

/** Writes a file whole. */
export function writeWhole(file, content) {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(`${file}.${process.pid}.tmp`, content);
  renameSync(`${file}.${process.pid}.tmp`, file);
}

function isCurrent(step, recorded, again) {
  if (recorded === undefined || recorded.inputs !== step.inputs()) return false;
  return recorded.status === "lost" ? !again && recorded.needs === step.needs?.() : step.ready();
}

function readState(file) {
  try {
    return JSON.parse(readFileSync(file, "utf8"));
  } catch {
    return {}; // no set-up so far, or a damaged record: everything is looked at again
  }
}

function record(file, name, entry) {
  writeWhole(file, `${JSON.stringify({ ...readState(file), [name]: entry }, null, 2)}\n`);
}

function forget(file, name) {
  const { [name]: _, ...rest } = readState(file);
  writeWhole(file, `${JSON.stringify(rest, null, 2)}\n`);
}

/** Half-made files of a set-up that was killed; the lock is held, so nobody writes them now. */
function removeLeftovers(cache) {
  for (const name of readdirSync(cache)) {
    if (name.endsWith(".tmp")) rmSync(join(cache, name), { recursive: true, force: true });
  }
}

/** Runs a command in a process group of its own, its output going to the log. @returns its stdout */
function execute(command, args, { cwd, env, log, how }, running) {
  return new Promise((resolve, reject) => {
    appendFileSync(log, `\n$ ${command} ${args.join(" ")}\n`);
    const child = spawn(command, args, {
      cwd,
      env: env ?? process.env,
      detached: process.platform !== "win32",
      stdio: ["ignore", "pipe", "pipe"],
      shell: process.platform === "win32" && !command.endsWith(".exe"), // npm and tsc are .cmd files there
    });
    if (child.pid !== undefined) running(child.pid);
    let stdout = "";
    let all = "";
    const keep = (chunk) => {
      appendFileSync(log, chunk);
      all = (all + chunk).slice(-8000);
    };
    child.stdout.on("data", (chunk) => {
      stdout += chunk;
      keep(chunk);
    });
    child.stderr.on("data", keep);
    child.on("error", (error) => {
      running(undefined);
      reject(new SetupError(`${command} could not be started (${error.code})`, { how }));
    });
    child.on("close", (code, signal) => {
      running(undefined);
      if (code === 0) return resolve(stdout);
      const end = code === null ? `was ended by ${signal}` : `failed with status ${code}`;
      const error = new SetupError(`${command.split(/[\\/]/).pop()} ${args.slice(0, 3).join(" ")} ${end}`, { how, output: lastLines(all, 15) });
      error.signal = signal;
      reject(error);
    });
  });
}

function lastLines(text, count) {
  return text.trimEnd().split("\n").slice(-count).join("\n");
}

function round(seconds) {
  return Math.round(seconds * 10) / 10;
}
