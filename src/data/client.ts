/**
 * Asks a server over HTTP by POST. Politely: one request at a time, a pause between them, a User-Agent with a name, and
 * the pause that the server asks for (Retry-After) where it is busy. What may pass is tried again with pauses that double;
 * an answer that breaks off is never taken for the whole. The proxy is the environment's (web.ts).
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Response } from "undici";
import { AbortError, DataError, throwIfAborted } from "../core/errors";
import { rules } from "../core/options";
import { libraryVersion } from "../tensor/backend";
import { innermost, Interruption, mayPass, pauseBefore, pauseOf } from "./retry";
import { openWeb, type Web } from "./web";

/** How patient a client is. */
export interface ClientOptions {
  /** Milliseconds between the beginnings of two requests. */
  readonly interval: number;
  /** How often a request is tried. */
  readonly attempts: number;
  /** Milliseconds before the second try; doubled each time. */
  readonly backoff: number;
  /** Milliseconds until the server must have begun to answer. */
  readonly timeout: number;
  /** Milliseconds without a byte after which an answer counts as cut. */
  readonly stallTimeout: number;
}

/** Rules of patience, for `resolveOptions`. */
export const clientRules = { attempts: rules.positiveInteger, backoff: rules.notNegative, timeout: rules.positive, stallTimeout: rules.positive } as const;

/** Who asks, if the caller has no other name. */
export const userAgentOf = (what: string): string => `sessionlab/${libraryVersion()} (recommendation research; ${what})`;

/** One thing that is asked. */
export interface Call<T> {
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** What the answer is. @throws Interruption for what may pass; an error for what stays */
  read(response: Response, bytes: Buffer): T;
  /** Milliseconds that the next request waits at least, for servers that count what is asked and not how often. */
  readonly room?: number;
  readonly signal?: AbortSignal;
}

/** A way to one server. */
export interface Client {
  /** @throws AbortError; DataError if the server does not answer in so many tries; what `read` throws */
  post<T>(call: Call<T>): Promise<T>;
  /** Requests over HTTP, those that failed included; and those that were tried again. */
  counts(): { readonly requests: number; readonly retries: number };
  close(): Promise<void>;
}

/** No pause is longer, whatever the server asks for: then the call fails, and says so. */
const longestPause = 120_000;
/** Bytes of the longest answer that is read. */
const longestAnswer = 1 << 28;

/**
 * Makes one; the first call connects.
 * @param later what to do when the server does not answer, for the error
 */
export function clientOf(url: string, options: ClientOptions, later: string): Client {
  const counts = { requests: 0, retries: 0 };
  let web: Web | undefined;
  let free: Promise<unknown> = Promise.resolve(); // requests stand in line
  let next = -Infinity;

  async function once<T>({ headers, body, read, room = 0, signal }: Call<T>): Promise<T> {
    await sleep(Math.max(0, next - performance.now()), undefined, { signal });
    next = performance.now() + Math.max(options.interval, room);
    counts.requests++;
    web ??= await openWeb();
    const silence = new AbortController();
    let timer = setTimeout(() => silence.abort(new Error(`no answer within ${options.timeout} ms`)), options.timeout);
    try {
      const response = await web.fetch(url, { method: "POST", headers, body, redirect: "manual", signal: signal === undefined ? silence.signal : AbortSignal.any([signal, silence.signal]) });
      const pieces: Uint8Array[] = [];
      let size = 0;
      if (response.body !== null) {
        for await (const piece of response.body as AsyncIterable<Uint8Array>) {
          clearTimeout(timer);
          timer = setTimeout(() => silence.abort(new Error(`no byte for ${options.stallTimeout} ms`)), options.stallTimeout);
          pieces.push(piece);
          size += piece.length;
          if (size > longestAnswer) throw new DataError(`Expected an answer of at most ${longestAnswer} bytes, found a longer one; ask for less at a time`);
        }
      }
      return read(response, Buffer.concat(pieces));
    } catch (error) {
      if (signal?.aborted === true) throw new AbortError(`asking ${url}`);
      if (error instanceof TypeError || (silence.signal.aborted && error === silence.signal.reason)) throw new Interruption(innermost(error), 0, { cause: error }); // fetch's own
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  async function untilAnswered<T>(call: Call<T>): Promise<T> {
    const { signal } = call;
    const task = `asking ${url}`;
    for (let tries = 1; ; tries++) {
      throwIfAborted(signal, task);
      try {
        return await once(call);
      } catch (error) {
        throwIfAborted(signal, task);
        if (!(error instanceof Interruption)) throw error;
        const gaveUp = error.pause > longestPause ? `, which asks to come back in ${Math.ceil(error.pause / 1000)} s` : tries >= options.attempts ? `, ${tries} times in a row` : undefined;
        if (gaveUp !== undefined) throw new DataError(`Expected an answer of ${url}, found ${error.message}${gaveUp}; ${later}`, {}, { cause: error });
        counts.retries++;
        await sleep(pauseBefore(tries, options.backoff, error.pause, longestPause), undefined, { signal }).catch(() => throwIfAborted(signal, task));
      }
    }
  }

  return {
    post(call) {
      const turn = free.then(() => untilAnswered(call));
      free = turn.catch(() => undefined);
      return turn;
    },
    counts: () => ({ ...counts }),
    close: async () => web?.close(),
  };
}

/**
 * The text of an answer of status 200 and of JSON's type.
 * @param look what to look at where the server refuses
 * @throws Interruption for what may pass; DataError for what stays
 */
export function jsonText(url: string, response: Response, bytes: Buffer, look: string): string {
  const { status, headers } = response;
  const text = bytes.toString("utf8");
  const words = wordsOf(response);
  if (mayPass(status)) throw new Interruption(`${words}${said(text)}`, pauseOf(headers.get("retry-after")));
  if (status >= 300 && status < 400) throw new DataError(`Expected an answer of ${url}, found that it moved to ${headers.get("location") ?? "another address"}; give that address`);
  if (status !== 200) throw new DataError(`Expected an answer of ${url}, found ${words}${said(text)}; look at ${look}`);
  const type = headers.get("content-type") ?? "";
  if (!/json/i.test(type)) throw new Interruption(`an answer of type ${type === "" ? "unknown" : type}${said(text)}`);
  return text;
}

/** The status of an answer in words. */
export function wordsOf({ status, statusText }: Response): string {
  return `HTTP status ${status}${statusText === "" ? "" : ` (${statusText})`}`;
}

/** The beginning of what a server says, as one line without tags. */
function said(text: string): string {
  const line = text.slice(0, 2000).replace(/<(style|script|title)[^>]*>.*?<\/\1>/gis, " ").replace(/<[^>]*>/g, " ").replace(/[\s\u0000-\u001f\u007f-\u009f]+/g, " ").trim();
  return line === "" ? "" : `: ${line.slice(0, 200)}`;
}
