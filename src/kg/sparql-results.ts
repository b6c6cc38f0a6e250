/**
 * SPARQL 1.1 Query Results JSON (W3C, 2013), strictly: what is not of that form throws, so that a page of a proxy or half
 * an answer is never taken for no rows. Also Virtuoso's: "typed-literal", more members in head and results.
 */
import { DataError } from "../core/errors";
import { isIri, literal, prefixes } from "./rdf-terms";

/** A row: the bound variables' terms, as in `Triples` (IRIs bare, literals in N-Triples syntax). */
export type SparqlRow = Readonly<Record<string, string>>;

/** What a SELECT gives. */
export interface SparqlRows {
  readonly variables: readonly string[];
  readonly rows: readonly SparqlRow[];
}

/**
 * Reads the results of a SELECT.
 * @throws DataError for JSON or members of another form
 * @example
 * import { parseResults } from "sessionlab";
 * const { rows } = parseResults('{"head":{"vars":["n"]},"results":{"bindings":[{"n":{"type":"typed-literal","datatype":"http://www.w3.org/2001/XMLSchema#integer","value":"7"}}]}}');
 * assert.deepEqual(rows, [{ n: '"7"^^<http://www.w3.org/2001/XMLSchema#integer>' }]);
 */
export function parseResults(text: string): SparqlRows {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new DataError(`Expected SPARQL results as JSON, found ${JSON.stringify(text.slice(0, 80))} (${text.length} characters); is it a SPARQL endpoint?`, {}, { cause });
  }
  const { head, results } = asObject(value, "results");
  const variables = asArray(asObject(head, "head")["vars"], "head.vars").map((name) => asText(name, "head.vars"));
  const rows = asArray(asObject(results, "results")["bindings"], "results.bindings").map((binding): SparqlRow =>
    Object.fromEntries(Object.entries(asObject(binding, "a binding")).map(([name, term]) => {
      if (!variables.includes(name)) throw misformed("variables of head.vars", name);
      return [name, termOf(asObject(term, `?${name}`))];
    })),
  );
  return { variables, rows };
}

function termOf({ type, value, datatype, "xml:lang": language }: Readonly<Record<string, unknown>>): string {
  const text = asText(value, "value");
  if (type === "uri") return encoded(text);
  if (type === "bnode") return `_:${text}`;
  if (type !== "literal" && type !== "typed-literal") throw misformed("a term of type uri, bnode or literal", type);
  if (language !== undefined && language !== "") return literal(text, asText(language, "xml:lang"));
  return datatype === undefined || datatype === `${prefixes["xsd"]!}string` ? literal(text) : literal(text, encoded(asText(datatype, "datatype")));
}

/** Endpoints have IRIs with characters that none may have: they are percent-encoded. */
function encoded(iri: string): string {
  const whole = isIri(iri) ? iri : iri.replace(/[\u0000-\u0020\u007f-\u009f<>"{}|^`\\]/g, (one) => encodeURIComponent(one));
  if (!isIri(whole)) throw misformed("an absolute IRI", iri);
  return whole;
}

function asObject(value: unknown, what: string): Readonly<Record<string, unknown>> {
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw misformed(`an object as ${what}`, value);
  return value as Readonly<Record<string, unknown>>;
}

function asArray(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw misformed(`a list as ${what}`, value);
  return value;
}

function asText(value: unknown, what: string): string {
  if (typeof value !== "string") throw misformed(`a text as ${what}`, value);
  return value;
}

function misformed(expected: string, found: unknown): DataError {
  return new DataError(`Expected ${expected} in SPARQL results, found ${(JSON.stringify(found) ?? "nothing").slice(0, 80)}; is it a SPARQL endpoint?`);
}
