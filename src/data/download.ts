/**
 * Fetches a file over HTTP, whole or not at all. What came before a connection was cut, the process killed or the caller
 * tired is kept in a part beside (part.ts), and the same call goes on from there: RFC 9110, Range with If-Range, so that
 * two versions of a file are never mixed. Cut connections and 5xx are tried again after a pause that doubles, or that the
 * server names. The proxy is the environment's (web.ts). Of two processes that fetch one file, one does and the other
 * waits. Every failure says what to do.
 */
import { createHash, type Hash } from "node:crypto";
import { closeSync, existsSync, fsyncSync, mkdirSync, openSync, renameSync, writeSync } from "node:fs";
import { basename, dirname } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import type { Response } from "undici";
import { AbortError, ConfigError, DataError, throwIfAborted } from "../core/errors";
import { isFull } from "../core/files";
import { withLock } from "../core/lock";
import { meter, type Progress } from "../core/progress";
import { hashFile, sha256Of } from "./checksum";
import { beginPart, dropPart, partPath, partSize, readNote, validatorOf, type PartNote } from "./part";
import { innermost, Interruption, mayPass, pauseBefore, pauseOf } from "./retry";
import { openWeb, type Web } from "./web";

/** What a download may be told. */
export interface DownloadOptions {
  readonly progress?: Progress;
  readonly signal?: AbortSignal;
  /** Milliseconds until the host must have answered; short, so that a machine without network goes on quickly. */
  readonly connectTimeout?: number;
  /** Milliseconds without a byte after which a transfer counts as cut. */
  readonly stallTimeout?: number;
  /** How often in a row a try may bring nothing new. Default 5. */
  readonly attempts?: number;
  /** Milliseconds before the second try; doubled each time. Default 500. */
  readonly backoff?: number;
}

const defaults = { connectTimeout: 5_000, stallTimeout: 60_000, attempts: 5, backoff: 500 };
/** No pause is longer, whatever the server asks for: then the download fails, and says so. */
const LONGEST_PAUSE = 60_000;

/** Something in words of ours. */
class Failure extends Error {}

/** What is known while one call runs. */
interface Transfer {
  readonly url: string;
  readonly path: string;
  readonly sha256: string | undefined;
  readonly options: DownloadOptions & typeof defaults;
  readonly task: string;
  /** Open while bytes are fetched. */
  web?: Web;
  /** Over the bytes of the part; undefined until they were read. */
  hash?: Hash;
  /** Whether the host has answered at all: one that never did is not asked again. */
  heard: boolean;
  /** Whether the part is of several answers. */
  pieced: boolean;
}

/**
 * Fetches `url` to `path`. A file that is there already and has the right sha256 is left as it is.
 * @param sha256 of the whole file; without it, lengths are checked and a part is resumed only if the server names versions
 * @throws DataError if the host does not answer, refuses, keeps breaking off, or sends other bytes, or the disk is full;
 *   AbortError, which names the part
 */
export async function download(url: string, path: string, sha256: string | undefined, options: DownloadOptions = {}): Promise<void> {
  const { progress, signal } = options;
  const task = `download ${basename(path)}`;
  throwIfAborted(signal, task);
  const given = Object.fromEntries(Object.entries(options).filter(([, value]) => value !== undefined)) as DownloadOptions;
  const transfer: Transfer = { url, path, sha256, options: { ...defaults, ...given }, task, heard: false, pieced: false };
  const onWait = (_: unknown, seconds: number): void => progress?.({ task: `wait for another process to ${task}`, done: seconds, unit: "second" });
  try {
    mkdirSync(dirname(path), { recursive: true });
    await withLock(`${path}.lock`, async (waited) => {
      if (existsSync(path) && (sha256 === undefined ? waited : (await sha256Of(path)) === sha256)) return;
      transfer.web = await openWeb();
      await untilWhole(transfer).finally(() => transfer.web!.close());
      renameSync(partPath(path), path);
      dropPart(path);
    }, { task, signal, onWait });
  } catch (error) {
    const size = partSize(path);
    if (size === 0) dropPart(path);
    if (error instanceof AbortError || signal?.aborted === true) throw new AbortError(task, size === 0 ? undefined : partPath(path));
    const kept = size === 0 ? "" : `the ${size} bytes that came are kept in ${partPath(path)}: call again to go on from there, or `;
    if (isFull(error)) {
      throw new DataError(`Expected room for ${basename(path)} in ${dirname(path)}, found a full disk; free some space; ${kept}fetch it elsewhere and place it at ${path}`, {}, { cause: error });
    }
    if (error instanceof DataError || error instanceof ConfigError) throw error;
    throw new DataError(`Expected the file behind ${url}, found ${error instanceof Failure || error instanceof Interruption ? error.message : innermost(error)}; ${kept}fetch it elsewhere and place it at ${path}`, {}, { cause: error });
  }
}

/** Tries until the part is the whole file. */
async function untilWhole(transfer: Transfer): Promise<void> {
  const { path, sha256, options, url } = transfer;
  let most = partSize(path);
  let again = false;
  for (let failures = 0; ; ) {
    try {
      await fetchRest(transfer);
      const found = transfer.hash!.copy().digest("hex");
      if (sha256 === undefined || found === sha256) return;
      const bytes = partSize(path);
      dropPart(path);
      transfer.hash = undefined;
      if (!transfer.pieced || again) {
        throw new DataError(
          `Expected sha256 ${sha256} of ${url}, found ${found} (${bytes} bytes); the file there is another one, or it was changed on the way; ` +
            `it was removed: fetch it elsewhere and place it at ${path}`,
        );
      }
      again = true; // pieces that do not fit together: once more from the start
    } catch (error) {
      if (!(error instanceof Interruption) || !transfer.heard) throw error;
      const size = partSize(path);
      failures = size > most ? 1 : failures + 1;
      most = Math.max(most, size);
      if (error.pause > LONGEST_PAUSE) throw new Failure(`${error.message} that asks to come back in ${Math.ceil(error.pause / 1000)} s`);
      if (failures >= options.attempts) throw new Failure(`${error.message}, ${failures} tries in a row that brought nothing new`, { cause: error.cause });
      await sleep(pauseBefore(failures, options.backoff, error.pause, LONGEST_PAUSE), undefined, { signal: options.signal });
    }
  }
}

/** One request for what is missing. @throws Interruption if another may help */
async function fetchRest(transfer: Transfer): Promise<void> {
  const { url, path, sha256, task } = transfer;
  const { signal, progress, connectTimeout, stallTimeout } = transfer.options;
  let note = readNote(path, url);
  let size = partSize(path);
  if (size > 0 && (note === undefined || (validatorOf(note) === undefined && sha256 === undefined))) {
    dropPart(path);
    [note, size, transfer.hash] = [undefined, 0, undefined];
  }
  if (transfer.hash === undefined) {
    transfer.hash = size === 0 ? createHash("sha256") : await hashFile(partPath(path));
    transfer.pieced = size > 0;
  }
  if (size > 0 && transfer.hash.copy().digest("hex") === sha256) return; // killed after the last byte
  const silence = new AbortController();
  let timer = setTimeout(() => silence.abort(new Error(`no answer within ${connectTimeout} ms`)), connectTimeout);
  const heard = (): void => {
    clearTimeout(timer);
    timer = setTimeout(() => silence.abort(new Error(`no byte for ${stallTimeout} ms`)), stallTimeout);
  };
  // Packed on the way, ranges would count other bytes.
  const headers: Record<string, string> = { "accept-encoding": "identity" };
  if (size > 0) {
    headers["range"] = `bytes=${size}-`;
    const validator = validatorOf(note!);
    if (validator !== undefined) headers["if-range"] = validator;
  }
  try {
    const response = await transfer.web!.fetch(url, { headers, signal: signal === undefined ? silence.signal : AbortSignal.any([signal, silence.signal]) });
    transfer.heard = true;
    heard();
    const answered = answerOf(response, size, note);
    if (answered.kind !== "bytes") {
      await response.body?.cancel();
      if (answered.kind === "complete" && sha256 === undefined) return;
      restart(transfer);
      throw new Interruption(`other bytes than those after ${size}`);
    }
    const total = answered.total;
    if (answered.from === 0) {
      restart(transfer);
      size = 0;
      beginPart(path, { url, etag: response.headers.get("etag") ?? undefined, lastModified: response.headers.get("last-modified") ?? undefined, total });
    } else {
      transfer.pieced = true;
    }
    const tick = meter(progress, task, "byte", total);
    const file = openSync(partPath(path), "a");
    try {
      for await (const chunk of response.body as AsyncIterable<Uint8Array>) {
        heard();
        for (let written = 0; written < chunk.length; ) written += writeSync(file, chunk, written);
        transfer.hash.update(chunk);
        tick((size += chunk.length));
      }
      fsyncSync(file);
    } catch (error) {
      if (isFull(error) || signal?.aborted === true) throw error;
      if (transfer.hash.copy().digest("hex") === sha256) return; // the length was a lie, the bytes are right
      throw new Interruption(`${innermost(error)} after ${size} of ${total ?? "unknown"} bytes`, 0, { cause: error });
    } finally {
      closeSync(file);
    }
    if (total !== undefined && size !== total && transfer.hash.copy().digest("hex") !== sha256) throw new Interruption(`${size} bytes where ${total} were announced`);
  } catch (error) {
    if (error instanceof TypeError || (silence.signal.aborted && error === silence.signal.reason)) throw new Interruption(innermost(error), 0, { cause: error }); // fetch's own
    throw error;
  } finally {
    clearTimeout(timer);
  }
}

type Answer = { readonly kind: "bytes"; readonly from: number; readonly total: number | undefined } | { readonly kind: "complete" } | { readonly kind: "mismatch" };

/** What a response brings. @throws Interruption for a status that may pass; an error for one that stays */
function answerOf(response: Response, size: number, note: PartNote | undefined): Answer {
  const { status, headers } = response;
  const total = note?.total;
  const range = /^bytes (?:(\d+)-\d+|\*)\/(\d+|\*)$/.exec(headers.get("content-range") ?? "");
  const whole = range === null || range[2] === "*" ? undefined : Number(range[2]);
  if (status === 416 && size > 0) return whole === size ? { kind: "complete" } : { kind: "mismatch" };
  if (status === 206 && size > 0) {
    const same = (one: unknown, other: unknown): boolean => (one ?? undefined) === undefined || other === undefined || one === other;
    const fits = range !== null && Number(range[1]) === size && same(whole, total) && same(headers.get("etag"), note?.etag);
    return fits ? { kind: "bytes", from: size, total: whole ?? total } : { kind: "mismatch" };
  }
  if (status === 200) {
    const length = headers.get("content-length");
    return { kind: "bytes", from: 0, total: length === null || headers.has("content-encoding") ? undefined : Number(length) };
  }
  const words = `HTTP status ${status}${response.statusText === "" ? "" : ` (${response.statusText})`}`;
  if (mayPass(status)) throw new Interruption(words, pauseOf(headers.get("retry-after")));
  throw new Failure(status === 401 || status === 403 ? `${words}: the host does not give it to this machine` : status === 404 || status === 410 ? `${words}: it is not there any more` : words);
}

function restart(transfer: Transfer): void {
  dropPart(transfer.path);
  transfer.hash = createHash("sha256");
  transfer.pieced = false;
}
