/**
 * Answers of endpoints on disk, a file a query: what was asked is not asked again, and work that was interrupted goes on
 * where it was. Files are written whole; one that was damaged is as good as none.
 */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { writeFileAtomic } from "../core/files";
import { hashOf } from "../core/hash";
import type { SparqlRows } from "./sparql-results";

/** What makes an answer: the address, the graph, the query. */
export interface CacheKey {
  readonly endpoint: string;
  readonly graph?: string;
  readonly query: string;
}

interface Entry extends CacheKey {
  /** When it was answered, ISO 8601: linked data change. */
  readonly answered: string;
  readonly variables: readonly string[];
  readonly rows: SparqlRows["rows"];
  /** sha256 of variables and rows. */
  readonly check: string;
}

function fileOf(folder: string, key: CacheKey): string {
  const name = hashOf({ ...key });
  return join(folder, name.slice(0, 2), `${name}.json`);
}

/** The answer, if it is there whole. */
export function readAnswer(folder: string, key: CacheKey): SparqlRows | undefined {
  const file = fileOf(folder, key);
  if (!existsSync(file)) return undefined;
  try {
    const { query, endpoint, variables, rows, check } = JSON.parse(readFileSync(file, "utf8")) as Entry;
    return query === key.query && endpoint === key.endpoint && hashOf({ variables, rows }) === check ? { variables, rows } : undefined;
  } catch {
    return undefined;
  }
}

/** Keeps an answer. @throws DataError if the disk is full */
export function keepAnswer(folder: string, key: CacheKey, { variables, rows }: SparqlRows, answered: Date): void {
  const entry: Entry = { ...key, answered: answered.toISOString(), variables, rows, check: hashOf({ variables, rows }) };
  writeFileAtomic(fileOf(folder, key), JSON.stringify(entry));
}
