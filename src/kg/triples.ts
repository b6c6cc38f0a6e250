/**
 * Triples of linked data as columns over one dictionary of terms. The same triples in any order, with repeats or without,
 * are the same table with the same hash.
 */
import { DataError } from "../core/errors";
import { hashOf } from "../core/hash";
import { readLines } from "../data/lines";
import { expandIri } from "./rdf-terms";

/** M triples over T terms, ordered by subject, predicate, object; none is there twice. */
export interface Triples {
  /** [T] IRIs; literals in N-Triples syntax ("1995"^^<http://...>), blank nodes as _:name; in order of code units. */
  readonly terms: readonly string[];
  /** [M] positions in `terms`. */
  readonly subject: Int32Array;
  /** [M] */
  readonly predicate: Int32Array;
  /** [M] */
  readonly object: Int32Array;
  /** Where they come from, in words: a file's name, an endpoint. */
  readonly source: string;
  /** sha256 of the triples themselves, wherever they come from. */
  readonly hash: string;
}

/** Subject, predicate, object. */
export type TripleTexts = readonly [subject: string, predicate: string, object: string];

/**
 * Makes the table; terms are taken as they are.
 * @example
 * import { triplesFrom } from "sessionlab";
 * const dune = "http://dbpedia.org/resource/Dune_(novel)";
 * const triples = triplesFrom([[dune, "http://dbpedia.org/ontology/author", "http://dbpedia.org/resource/Frank_Herbert"]], "by hand");
 * assert.equal(triples.terms[triples.subject[0]!], dune);
 */
export function triplesFrom(rows: Iterable<TripleTexts>, source: string): Triples {
  const codes = new Map<string, number>();
  const columns: [number[], number[], number[]] = [[], [], []];
  for (const row of rows) {
    for (const [c, term] of row.entries()) {
      let code = codes.get(term);
      if (code === undefined) codes.set(term, (code = codes.size));
      columns[c]!.push(code);
    }
  }
  const terms = [...codes.keys()].sort();
  const place = new Int32Array(terms.length);
  for (const [position, term] of terms.entries()) place[codes.get(term)!] = position;
  const [s, p, o] = columns.map((column) => Int32Array.from(column, (code) => place[code]!)) as [Int32Array, Int32Array, Int32Array];
  const compare = (a: number, b: number): number => s[a]! - s[b]! || p[a]! - p[b]! || o[a]! - o[b]!;
  const order = Uint32Array.from(s.keys()).sort(compare).filter((row, n, all) => n === 0 || compare(all[n - 1]!, row) !== 0);
  const [subject, predicate, object] = [s, p, o].map((column) => Int32Array.from(order, (row) => column[row]!)) as [Int32Array, Int32Array, Int32Array];
  return { terms, subject, predicate, object, source, hash: hashOf({ terms, subject, predicate, object }) };
}

/**
 * The triples one by one, as texts.
 * @example
 * import { tripleTexts, triplesFrom } from "sessionlab";
 * assert.deepEqual([...tripleTexts(triplesFrom([["urn:b", "urn:p", "urn:c"], ["urn:a", "urn:p", "urn:c"]], "demo"))][0], ["urn:a", "urn:p", "urn:c"]);
 */
export function* tripleTexts({ terms, subject, predicate, object }: Triples): Generator<TripleTexts> {
  for (const row of subject.keys()) yield [terms[subject[row]!]!, terms[predicate[row]!]!, terms[object[row]!]!];
}

/**
 * Some of the triples; the dictionary keeps only what they name.
 * @example
 * import { keepTriples, triplesFrom } from "sessionlab";
 * const all = triplesFrom([["urn:a", "urn:author", "urn:x"], ["urn:a", "urn:award", "urn:y"]], "demo");
 * assert.deepEqual(keepTriples(all, ([, predicate]) => predicate !== "urn:award").terms, ["urn:a", "urn:author", "urn:x"]);
 */
export function keepTriples(triples: Triples, keep: (triple: TripleTexts) => boolean): Triples {
  const kept: TripleTexts[] = [];
  for (const row of tripleTexts(triples)) if (keep(row)) kept.push(row);
  return triplesFrom(kept, triples.source);
}

/** The columns of a table of triples. */
const header = "subject\tpredicate\tobject";

/**
 * Reads a table of triples: TSV, gzip or plain, with the header subject, predicate, object and no quotes; IRIs, or names
 * such as dbo:author.
 * @throws DataError naming file and line for another header or row; AbortError
 * @example
 * import { mkdtempSync, writeFileSync } from "node:fs";
 * import { readTriples } from "sessionlab";
 * const file = `${mkdtempSync("/tmp/kg-")}/triples.tsv`;
 * writeFileSync(file, "subject\tpredicate\tobject\ndbr:Emma\tdbo:author\tdbr:Jane_Austen\n");
 * assert.ok((await readTriples(file)).terms.includes("http://dbpedia.org/resource/Jane_Austen"));
 */
export async function readTriples(file: string, { source = nameOf(file), signal }: { readonly source?: string; readonly signal?: AbortSignal } = {}): Promise<Triples> {
  const rows: TripleTexts[] = [];
  for await (const { first, lines } of readLines(file, signal)) {
    for (const [n, text] of lines.entries()) {
      const line = first + n;
      if (line === 1) {
        if (text !== header) throw new DataError(`Expected the header ${JSON.stringify(header)}, found ${JSON.stringify(text.slice(0, 80))}; is it a table of triples?`, { file, line });
        continue;
      }
      if (text === "") continue; // the end of the file
      const fields = text.split("\t");
      if (fields.length !== 3) throw new DataError(`Expected 3 fields with tabs between, found ${fields.length}; mend the row`, { file, line });
      try {
        rows.push([expandIri(fields[0]!), expandIri(fields[1]!), expandIri(fields[2]!)]);
      } catch (cause) {
        throw new DataError((cause as Error).message, { file, line }, { cause });
      }
    }
  }
  return triplesFrom(rows, source);
}

/** A path's last part without the endings of tables. */
function nameOf(file: string): string {
  return file.replace(/^.*[/\\]/, "").replace(/\.tsv(\.gz)?$/, "");
}
