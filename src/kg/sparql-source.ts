/**
 * What answers SPARQL, a store in this process or an endpoint behind HTTP, and asking it for all rows of a query: page by
 * page in a total order, until a page is empty. A page that is shorter than asked for proves nothing: servers cut answers
 * at a number of rows of their own.
 */
import { ConfigError, DataError, throwIfAborted } from "../core/errors";
import type { SparqlRow, SparqlRows } from "./sparql-results";
import { variable } from "./sparql-query";

/** What answers SELECT queries. */
export interface SparqlSource {
  /** In words, for provenance: a file's name, an address. */
  readonly name: string;
  /** @throws PartialAnswer, DataError, AbortError */
  select(query: string, options?: { readonly signal?: AbortSignal }): Promise<SparqlRows>;
  close(): Promise<void>;
}

/**
 * A server said that its answer is a part of the rows, because of its limits of time: a smaller page may be whole.
 * @example
 * import { DataError, PartialAnswer } from "sessionlab";
 * assert.ok(new PartialAnswer("Expected the whole answer, found a part of it") instanceof DataError);
 */
export class PartialAnswer extends DataError {}

/** How pages are asked for. */
export interface PageOptions {
  /** Variables that put all rows in one order: together they must tell any two rows apart. */
  readonly orderBy: readonly string[];
  /** Rows asked for at a time. Default 5,000. */
  readonly pageSize?: number;
  readonly signal?: AbortSignal;
}

/**
 * All rows of a SELECT without ORDER BY, LIMIT and OFFSET, in the order of `orderBy`.
 * @throws ConfigError for wrong options; DataError; AbortError
 * @example
 * import { openStore, selectAll, triplesFrom } from "sessionlab";
 * const store = await openStore(triplesFrom([1, 2, 3, 4, 5].map((n) => ["urn:a", "urn:p", `urn:${n}`] as const), "demo"));
 * const rows = await selectAll(store, "SELECT ?o WHERE { ?s ?p ?o }", { orderBy: ["o"], pageSize: 2 });
 * assert.deepEqual(rows.map(({ o }) => o), ["urn:1", "urn:2", "urn:3", "urn:4", "urn:5"]);
 */
export async function selectAll(source: SparqlSource, query: string, { orderBy, pageSize = 5000, signal }: PageOptions): Promise<SparqlRow[]> {
  if (!Number.isInteger(pageSize) || pageSize < 1) throw new ConfigError(`Expected pageSize to be a positive integer, found ${pageSize}; give rows a page`);
  if (orderBy.length === 0) throw new ConfigError("Expected variables to order by, found none; pages without an order overlap");
  const order = `ORDER BY ${orderBy.map(variable).join(" ")}`;
  const rows: SparqlRow[] = [];
  let size = pageSize;
  for (;;) {
    throwIfAborted(signal, `query ${source.name}`);
    let page: SparqlRows;
    try {
      page = await source.select(`${query}\n${order} LIMIT ${size} OFFSET ${rows.length}`, { signal });
    } catch (error) {
      if (!(error instanceof PartialAnswer) || size === 1) throw error;
      size = Math.ceil(size / 4);
      continue;
    }
    if (page.rows.length > size) throw new DataError(`Expected at most ${size} rows, found ${page.rows.length}; ${source.name} does not heed LIMIT`);
    if (page.rows.length === 0) return rows;
    for (const row of page.rows) rows.push(row);
  }
}
