/**
 * A SPARQL store in this process: Oxigraph, in memory, filled from triples. Nothing leaves the machine.
 */
import { DataError, throwIfAborted } from "../core/errors";
import { parseResults } from "./sparql-results";
import type { SparqlSource } from "./sparql-source";
import { tripleTexts, type Triples } from "./triples";

/** Lines of N-Triples that are handed over at a time. */
const chunkLines = 10_000;

/**
 * Opens a store with these triples. `close` frees its memory for the garbage collector.
 * @throws DataError if a term is none, or for a query that is none
 * @example
 * import { openStore, triplesFrom } from "sessionlab";
 * const store = await openStore(triplesFrom([["urn:emma", "urn:author", "urn:austen"]], "demo"));
 * assert.deepEqual((await store.select("SELECT ?who WHERE { <urn:emma> <urn:author> ?who }")).rows, [{ who: "urn:austen" }]);
 */
export async function openStore(triples: Triples): Promise<SparqlSource> {
  const { Store } = await import("oxigraph");
  let store: InstanceType<typeof Store> | undefined = new Store();
  let lines: string[] = [];
  const load = (): void => {
    try {
      store!.load(lines.join(""), { format: "application/n-triples" });
    } catch (cause) {
      throw new DataError(`Expected triples of ${triples.source} in N-Triples' syntax, found ${(cause as Error).message}; look at its terms`, {}, { cause });
    }
    lines = [];
  };
  for (const triple of tripleTexts(triples)) {
    lines.push(`${ntriplesLine(triple)}\n`);
    if (lines.length >= chunkLines) load();
  }
  load();
  const { source: name } = triples;
  return {
    name,
    async select(query, { signal } = {}) {
      throwIfAborted(signal, `query ${name}`);
      if (store === undefined) throw new DataError(`Expected an open store, found that ${name} is closed; open it again`);
      let answer: unknown;
      try {
        answer = store.query(query, { results_format: "json" });
      } catch (cause) {
        throw new DataError(`Expected a SPARQL query, found that ${name} refuses it: ${(cause as Error).message}; look at the query`, {}, { cause });
      }
      if (typeof answer !== "string") throw new DataError("Expected a SELECT, found another query; ask for rows");
      return parseResults(answer);
    },
    async close() {
      store = undefined;
    },
  };
}

/** A triple as a line of N-Triples, without the line's end. */
export function ntriplesLine(triple: readonly [string, string, string]): string {
  return `${triple.map((term) => (term.startsWith('"') || term.startsWith("_:") ? term : `<${term}>`)).join(" ")} .`;
}
