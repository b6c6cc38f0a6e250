/**
 * Triples from files, by their ending: N-Triples, N-Quads and Turtle (read by Oxigraph's parser, gzip or plain), Parquet
 * with the columns subject, predicate, object (read by DuckDB), and TSV as `readTriples` takes it.
 */
import { readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { ConfigError, DataError } from "../core/errors";
import { firstBytes } from "../data/lines";
import { quote, withDuckDB } from "../data/store";
import { expandIri, literal, prefixes } from "./rdf-terms";
import { readTriples, triplesFrom, type Triples, type TripleTexts } from "./triples";

const formats: Readonly<Record<string, string>> = { nt: "application/n-triples", nq: "application/n-quads", ttl: "text/turtle" };

/**
 * Reads a file of triples; of quads the graph is left out.
 * @throws ConfigError for an ending that is not known; DataError naming the file for what is no triple
 * @example
 * import { mkdtempSync, writeFileSync } from "node:fs";
 * import { triplesFromFile } from "sessionlab";
 * const file = `${mkdtempSync("/tmp/kg-")}/one.ttl`;
 * writeFileSync(file, '@prefix dbr: <http://dbpedia.org/resource/> . dbr:Emma <urn:title> "Emma"@en .');
 * assert.deepEqual((await triplesFromFile(file)).terms, ['"Emma"@en', "http://dbpedia.org/resource/Emma", "urn:title"]);
 */
export async function triplesFromFile(file: string, { signal }: { readonly signal?: AbortSignal } = {}): Promise<Triples> {
  const ending = /\.([a-z]+)(\.gz)?$/i.exec(file)?.[1]?.toLowerCase() ?? "";
  const source = file.replace(/^.*[/\\]/, "");
  if (ending === "tsv") return readTriples(file, { source, signal });
  if (ending === "parquet") return triplesFrom(await parquetRows(file), source);
  const format = formats[ending];
  if (format === undefined) throw new ConfigError(`Expected a file of triples (.nt, .nq, .ttl, .tsv, each with or without .gz, or .parquet), found "${file}"; name it by its format`);
  const [byte1, byte2] = firstBytes(file, 2);
  const { parse } = await import("oxigraph");
  try {
    const bytes = readFileSync(file);
    const rows: TripleTexts[] = [];
    for (const { subject, predicate, object } of parse([byte1 === 0x1f && byte2 === 0x8b ? gunzipSync(bytes) : bytes], { format })) {
      rows.push([termText(subject), termText(predicate), termText(object)]);
    }
    return triplesFrom(rows, source);
  } catch (cause) {
    throw new DataError(`Expected ${format}, found ${(cause as Error).message}; mend the file, or name it by its format`, { file }, { cause });
  }
}

/** A term of RDF/JS as `Triples` has it. */
function termText(term: { readonly termType: string; readonly value: string; readonly language?: string; readonly datatype?: { readonly value: string } }): string {
  if (term.termType === "BlankNode") return `_:${term.value}`;
  if (term.termType !== "Literal") return term.value;
  if (term.language !== undefined && term.language !== "") return literal(term.value, term.language);
  return term.datatype === undefined || term.datatype.value === `${prefixes["xsd"]!}string` ? literal(term.value) : literal(term.value, term.datatype.value);
}

async function parquetRows(file: string): Promise<TripleTexts[]> {
  firstBytes(file, 4); // says that it is not there
  return withDuckDB(async (connection) => {
    let rows: [unknown, unknown, unknown][];
    try {
      rows = (await connection.runAndReadAll(`select subject, predicate, object from read_parquet(${quote(file)})`)).getRows() as typeof rows;
    } catch (cause) {
      throw new DataError(`Expected Parquet with the columns subject, predicate, object, found ${(cause as Error).message.split("\n")[0]}; look at its columns`, { file }, { cause });
    }
    return rows.map((row, n): TripleTexts => {
      const texts = row.map((term) => (typeof term === "string" ? (/^("|_:)/.test(term) ? term : expandIri(term)) : undefined));
      if (texts.includes(undefined)) throw new DataError(`Expected texts, found ${JSON.stringify(row.map(String))}; leave the row out`, { file, line: n + 1 });
      return texts as unknown as TripleTexts;
    });
  });
}
