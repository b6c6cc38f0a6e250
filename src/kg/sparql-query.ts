/**
 * SPARQL queries in which nothing that is put in can become query: terms are bound by functions that validate or escape
 * them, and the template takes nothing else.
 */
import { ConfigError, DataError } from "../core/errors";
import { isIri, literal } from "./rdf-terms";

/**
 * A piece of a query that is safe as it stands; only the functions of this file make one.
 * @example
 * import { boundText, type SparqlPart } from "sessionlab";
 * const part: SparqlPart = boundText("Emma", "en");
 * assert.equal(part.text, '"Emma"@en');
 */
export class SparqlPart {
  /** @internal */
  constructor(readonly text: string) {}
}

/**
 * An IRI in its brackets.
 * @throws DataError if it is none
 * @example
 * import { boundIri } from "sessionlab";
 * assert.equal(boundIri("http://dbpedia.org/resource/Emma").text, "<http://dbpedia.org/resource/Emma>");
 * assert.throws(() => boundIri("http://x/> } ; DROP ALL ; {"), /Expected an IRI/);
 */
export function boundIri(iri: string): SparqlPart {
  if (!isIri(iri)) throw new DataError(`Expected an IRI, found ${JSON.stringify(iri)}; percent-encode what may not stand in one`);
  return new SparqlPart(`<${iri}>`);
}

/**
 * A text as a literal, with a language or a datatype.
 * @throws DataError for half of a surrogate pair
 * @example
 * import { boundText } from "sessionlab";
 * assert.equal(boundText('" } ; DROP ALL', "en").text, '"\\" } ; DROP ALL"@en');
 */
export function boundText(text: string, kind?: string): SparqlPart {
  return new SparqlPart(literal(text, kind));
}

/**
 * A VALUES block: `?name` is one of these.
 * @throws ConfigError for a name that is no variable, or no values
 * @example
 * import { boundIri, boundValues } from "sessionlab";
 * assert.equal(boundValues("work", [boundIri("urn:a"), boundIri("urn:b")]).text, "VALUES ?work { <urn:a> <urn:b> }");
 */
export function boundValues(name: string, parts: readonly SparqlPart[]): SparqlPart {
  if (parts.length === 0) throw new ConfigError(`Expected values of ?${name}, found none; leave the query out`);
  return new SparqlPart(`VALUES ${variable(name)} { ${parts.map(partText).join(" ")} }`);
}

/** "work" -> "?work". @throws ConfigError for another form */
export function variable(name: string): string {
  if (!/^[A-Za-z][A-Za-z0-9_]*$/.test(name)) throw new ConfigError(`Expected the name of a variable, found ${JSON.stringify(name)}; use letters, digits and _`);
  return `?${name}`;
}

function partText(part: unknown): string {
  if (!(part instanceof SparqlPart)) throw new ConfigError(`Expected a bound part of a query, found ${typeof part}; bind it by boundIri, boundText or boundValues`);
  return part.text;
}

/**
 * A query with bound parts.
 * @throws ConfigError for a part that was not bound
 * @example
 * import { boundText, sparql } from "sessionlab";
 * const query = sparql`SELECT ?e WHERE { ?e <http://www.w3.org/2000/01/rdf-schema#label> ${boundText("Emma", "en")} }`;
 * assert.ok(query.endsWith('"Emma"@en }'));
 */
export function sparql(strings: TemplateStringsArray, ...parts: readonly SparqlPart[]): string {
  return strings.reduce((text, string, n) => text + (n === 0 ? "" : partText(parts[n - 1])) + string, "");
}
