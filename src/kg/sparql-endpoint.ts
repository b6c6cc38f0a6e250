/**
 * A SPARQL 1.1 endpoint behind HTTP (SPARQL 1.1 Protocol, query by POST). Politely: one request at a time, a pause between
 * them, a User-Agent with a name, and the pause that the server asks for (Retry-After) where it is busy. What may pass is
 * tried again with pauses that double; what is wrong stays an error with the server's words. An answer that breaks off, is
 * no JSON, or that the server calls partial (206, Virtuoso's X-SQL-State) is never taken for the whole. Answers are kept
 * on disk, so the same work goes on where it was interrupted. The proxy is the environment's (data/web.ts).
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Response } from "undici";
import { AbortError, ConfigError, DataError, throwIfAborted } from "../core/errors";
import { resolveOptions, rules } from "../core/options";
import { innermost, pauseOf } from "../data/download";
import { openWeb, type Web } from "../data/web";
import { libraryVersion } from "../tensor/backend";
import { isIri } from "./rdf-terms";
import { keepAnswer, readAnswer } from "./sparql-cache";
import { parseResults, type SparqlRows } from "./sparql-results";
import { PartialAnswer, type SparqlSource } from "./sparql-source";

const defaults = {
  /** Folder of kept answers; without it nothing is kept. */
  cache: undefined as string | undefined,
  /** IRI of the graph that is asked, for endpoints with several. */
  graph: undefined as string | undefined,
  /** Milliseconds between the beginnings of two requests. */
  interval: 1000,
  /** How often a request is tried. */
  attempts: 6,
  /** Milliseconds before the second try; doubled each time. */
  backoff: 1000,
  /** Milliseconds until the server must have begun to answer. */
  timeout: 120_000,
  /** Milliseconds without a byte after which an answer counts as cut. */
  stallTimeout: 30_000,
  userAgent: `sessionlab/${libraryVersion()} (recommendation research; SPARQL client)`,
};

/** Options of `openEndpoint`. */
export type EndpointOptions = Partial<typeof defaults>;

/** What an endpoint was asked for so far. */
export interface EndpointCounts {
  /** Requests over HTTP, those that failed included. */
  readonly requests: number;
  /** Requests that failed and were tried again. */
  readonly retries: number;
  /** Queries answered from the disk. */
  readonly kept: number;
}

/** An endpoint: a source that counts. */
export interface SparqlEndpoint extends SparqlSource {
  counts(): EndpointCounts;
}

/** No pause is longer, whatever the server asks for: then the query fails, and says so. */
const longestPause = 120_000;
/** Characters of the longest answer that is read. */
const longestAnswer = 1 << 28;

/** Something that another try may mend, after a pause of so many milliseconds. */
class Interruption extends Error {
  constructor(message: string, readonly pause = 0, options?: ErrorOptions) {
    super(message, options);
  }
}

/**
 * Opens an endpoint; the first query connects.
 * @param address http or https, without a name and password in it
 * @throws ConfigError for another address or wrong options
 * @example
 * import { openEndpoint } from "sessionlab";
 * const endpoint = await openEndpoint("https://dbpedia.org/sparql", { graph: "http://dbpedia.org", interval: 2000 });
 * assert.deepEqual(endpoint.counts(), { requests: 0, retries: 0, kept: 0 });
 * await endpoint.close();
 */
export async function openEndpoint(address: string, given: EndpointOptions = {}): Promise<SparqlEndpoint> {
  const options = resolveOptions("endpoint", defaults, given, { interval: rules.notNegative, attempts: rules.positiveInteger, backoff: rules.notNegative, timeout: rules.positive, stallTimeout: rules.positive });
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) throw new ConfigError(`Expected the address of a SPARQL endpoint such as https://dbpedia.org/sparql, found ${JSON.stringify(address)}; write it whole`);
  if (url.username !== "" || url.password !== "") throw new ConfigError("Expected an address without a name and password in it, found one with; ask an endpoint that is open, or one behind a proxy");
  if (options.graph !== undefined && !isIri(options.graph)) throw new ConfigError(`Expected graph to be an IRI, found ${JSON.stringify(options.graph)}; write it whole`);
  if (/[^\x20-\x7e]/.test(options.userAgent)) throw new ConfigError("Expected userAgent to be printable ASCII, found other characters; leave them out");
  const endpoint = url.href;
  const counts = { requests: 0, retries: 0, kept: 0 };
  let web: Web | undefined;
  let free: Promise<unknown> = Promise.resolve(); // requests stand in line
  let last = -Infinity;

  /** One request. @throws Interruption if another may help */
  async function request(query: string, signal: AbortSignal | undefined): Promise<SparqlRows> {
    await sleep(Math.max(0, last + options.interval - performance.now()), undefined, { signal });
    last = performance.now();
    counts.requests++;
    web ??= await openWeb();
    const silence = new AbortController();
    let timer = setTimeout(() => silence.abort(new Error(`no answer within ${options.timeout} ms`)), options.timeout);
    const body = new URLSearchParams({ query, ...(options.graph === undefined ? {} : { "default-graph-uri": options.graph }) }).toString();
    const headers = { accept: "application/sparql-results+json", "content-type": "application/x-www-form-urlencoded", "user-agent": options.userAgent };
    try {
      const response = await web.fetch(endpoint, { method: "POST", headers, body, redirect: "manual", signal: signal === undefined ? silence.signal : AbortSignal.any([signal, silence.signal]) });
      const pieces: Uint8Array[] = [];
      let size = 0;
      if (response.body !== null) {
        for await (const piece of response.body as AsyncIterable<Uint8Array>) {
          clearTimeout(timer);
          timer = setTimeout(() => silence.abort(new Error(`no byte for ${options.stallTimeout} ms`)), options.stallTimeout);
          pieces.push(piece);
          size += piece.length;
          if (size > longestAnswer) throw new DataError(`Expected an answer of at most ${longestAnswer} bytes, found a longer one; ask for fewer rows a page`);
        }
      }
      return rowsOf(response, Buffer.concat(pieces), endpoint);
    } catch (error) {
      if (signal?.aborted === true) throw new AbortError(`query ${endpoint}`);
      if (error instanceof TypeError || (silence.signal.aborted && error === silence.signal.reason)) throw new Interruption(innermost(error), 0, { cause: error }); // fetch's own
      throw error;
    } finally {
      clearTimeout(timer);
    }
  }

  async function untilAnswered(query: string, signal: AbortSignal | undefined): Promise<SparqlRows> {
    for (let tries = 1; ; tries++) {
      throwIfAborted(signal, `query ${endpoint}`);
      try {
        return await request(query, signal);
      } catch (error) {
        if (!(error instanceof Interruption)) throw error;
        const gaveUp = error.pause > longestPause ? `, which asks to come back in ${Math.ceil(error.pause / 1000)} s` : tries >= options.attempts ? `, ${tries} times in a row` : undefined;
        if (gaveUp !== undefined) {
          const kept = options.cache === undefined ? "try again later" : "answers so far are kept: call again later to go on from there";
          throw new DataError(`Expected an answer of ${endpoint}, found ${error.message}${gaveUp}; ${kept}`, {}, { cause: error });
        }
        counts.retries++;
        await sleep(Math.min(longestPause, Math.max(error.pause, options.backoff * 2 ** (tries - 1))), undefined, { signal }).catch(() => throwIfAborted(signal, `query ${endpoint}`));
      }
    }
  }

  return {
    name: endpoint,
    async select(query, { signal } = {}) {
      const key = { endpoint, graph: options.graph, query };
      const known = options.cache === undefined ? undefined : readAnswer(options.cache, key);
      if (known !== undefined) {
        counts.kept++;
        return known;
      }
      const turn = free.then(() => untilAnswered(query, signal));
      free = turn.catch(() => undefined);
      const rows = await turn;
      if (options.cache !== undefined) keepAnswer(options.cache, key, rows, new Date());
      return rows;
    },
    close: async () => web?.close(),
    counts: () => ({ ...counts }),
  };
}

/** What a response brings. @throws Interruption for what may pass, PartialAnswer, DataError for what stays */
function rowsOf(response: Response, bytes: Buffer, endpoint: string): SparqlRows {
  const { status, headers } = response;
  const text = bytes.toString("utf8");
  const words = `HTTP status ${status}${response.statusText === "" ? "" : ` (${response.statusText})`}`;
  const state = headers.get("x-sql-state");
  if (status === 206 || (status === 200 && state !== null)) {
    throw new PartialAnswer(`Expected the whole answer of ${endpoint}, found a part of it (${state ?? words}${headers.has("x-sql-message") ? `: ${headers.get("x-sql-message")!.slice(0, 200)}` : ""}); ask for fewer rows a page`);
  }
  if (status === 429 || status === 408 || status >= 500) throw new Interruption(`${words}${said(text)}`, pauseOf(headers.get("retry-after")));
  if (status >= 300 && status < 400) throw new DataError(`Expected a SPARQL endpoint at ${endpoint}, found that it moved to ${headers.get("location") ?? "another address"}; give that address`);
  if (status !== 200) throw new DataError(`Expected an answer of ${endpoint}, found ${words}${said(text)}; look at the query and the address`);
  const type = headers.get("content-type") ?? "";
  if (!/json/i.test(type)) throw new Interruption(`an answer of type ${type === "" ? "unknown" : type}${said(text)}`);
  try {
    return parseResults(text);
  } catch (cause) {
    if (!(cause instanceof DataError)) throw cause;
    throw new Interruption(`no SPARQL results (${cause.message})`, 0, { cause });
  }
}

/** The beginning of what a server says, as one line without tags. */
function said(text: string): string {
  const line = text.slice(0, 2000).replace(/<(style|script|title)[^>]*>.*?<\/\1>/gis, " ").replace(/<[^>]*>/g, " ").replace(/[\s\u0000-\u001f\u007f-\u009f]+/g, " ").trim();
  return line === "" ? "" : `: ${line.slice(0, 200)}`;
}
