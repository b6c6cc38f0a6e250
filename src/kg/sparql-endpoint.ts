/**
 * A SPARQL 1.1 endpoint behind HTTP (SPARQL 1.1 Protocol, query by POST), asked politely (data/client.ts). What may pass is
 * tried again; what is wrong stays an error with the server's words. An answer that breaks off, is no JSON, or that the
 * server calls partial (206, Virtuoso's X-SQL-State) is never taken for the whole. Answers are kept on disk, so the same
 * work goes on where it was interrupted.
 */
import type { Response } from "undici";
import { ConfigError, DataError } from "../core/errors";
import { resolveOptions, rules } from "../core/options";
import { clientOf, clientRules, jsonText, userAgentOf, wordsOf } from "../data/client";
import { Interruption } from "../data/retry";
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
  userAgent: userAgentOf("SPARQL client"),
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
  const options = resolveOptions("endpoint", defaults, given, { ...clientRules, interval: rules.notNegative });
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol)) throw new ConfigError(`Expected the address of a SPARQL endpoint such as https://dbpedia.org/sparql, found ${JSON.stringify(address)}; write it whole`);
  if (url.username !== "" || url.password !== "") throw new ConfigError("Expected an address without a name and password in it, found one with; ask an endpoint that is open, or one behind a proxy");
  if (options.graph !== undefined && !isIri(options.graph)) throw new ConfigError(`Expected graph to be an IRI, found ${JSON.stringify(options.graph)}; write it whole`);
  if (/[^\x20-\x7e]/.test(options.userAgent)) throw new ConfigError("Expected userAgent to be printable ASCII, found other characters; leave them out");
  const endpoint = url.href;
  let kept = 0;
  const client = clientOf(endpoint, options, options.cache === undefined ? "try again later" : "answers so far are kept: call again later to go on from there");
  const headers = { accept: "application/sparql-results+json", "content-type": "application/x-www-form-urlencoded", "user-agent": options.userAgent };

  return {
    name: endpoint,
    async select(query, { signal } = {}) {
      const key = { endpoint, graph: options.graph, query };
      const known = options.cache === undefined ? undefined : readAnswer(options.cache, key);
      if (known !== undefined) {
        kept++;
        return known;
      }
      const body = new URLSearchParams({ query, ...(options.graph === undefined ? {} : { "default-graph-uri": options.graph }) }).toString();
      const rows = await client.post({ headers, body, read: (response, bytes) => rowsOf(response, bytes, endpoint), signal });
      if (options.cache !== undefined) keepAnswer(options.cache, key, rows, new Date());
      return rows;
    },
    close: () => client.close(),
    counts: () => ({ ...client.counts(), kept }),
  };
}

/** What a response brings. @throws Interruption for what may pass, PartialAnswer, DataError for what stays */
function rowsOf(response: Response, bytes: Buffer, endpoint: string): SparqlRows {
  const { status, headers } = response;
  const state = headers.get("x-sql-state");
  if (status === 206 || (status === 200 && state !== null)) {
    throw new PartialAnswer(`Expected the whole answer of ${endpoint}, found a part of it (${state ?? wordsOf(response)}${headers.has("x-sql-message") ? `: ${headers.get("x-sql-message")!.slice(0, 200)}` : ""}); ask for fewer rows a page`);
  }
  const text = jsonText(endpoint, response, bytes, "the query and the address");
  try {
    return parseResults(text);
  } catch (cause) {
    if (!(cause instanceof DataError)) throw cause;
    throw new Interruption(`no SPARQL results (${cause.message})`, 0, { cause });
  }
}
