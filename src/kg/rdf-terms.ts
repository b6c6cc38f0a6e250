/**
 * RDF terms as texts, RDF 1.1 N-Triples section 2: an IRI bare, a literal in N-Triples syntax ("1995"^^<...#gYear>,
 * "Der Prozess"@de), a blank node as _:name. The first character tells them apart.
 */
import { DataError } from "../core/errors";

/** What short names of vocabularies stand for. */
export const prefixes: Readonly<Record<string, string>> = {
  dbo: "http://dbpedia.org/ontology/",
  dbp: "http://dbpedia.org/property/",
  dbr: "http://dbpedia.org/resource/",
  dct: "http://purl.org/dc/terms/",
  fb: "http://rdf.freebase.com/ns/",
  foaf: "http://xmlns.com/foaf/0.1/",
  owl: "http://www.w3.org/2002/07/owl#",
  rdf: "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
  rdfs: "http://www.w3.org/2000/01/rdf-schema#",
  xsd: "http://www.w3.org/2001/XMLSchema#",
};

/** Absolute, and without the characters that RFC 3987 and SPARQL's IRIREF keep out: none can end the brackets around it. */
const iriForm = /^[A-Za-z][A-Za-z0-9+.-]*:[^\u0000-\u0020\u007f-\u009f<>"{}|^`\\]*$/;

/** Half of a surrogate pair: no character, and no UTF-8. */
const halfPair = /\p{Surrogate}/u;

/**
 * Whether a text is an absolute IRI that may stand between "<" and ">".
 * @example
 * import { isIri } from "sessionlab";
 * assert.equal(isIri("http://dbpedia.org/resource/Dune_(novel)"), true);
 * assert.equal(isIri("http://x/> } ; DROP ALL ; {"), false);
 */
export function isIri(text: string): boolean {
  return iriForm.test(text) && !halfPair.test(text);
}

/**
 * "dbo:author" or a whole IRI to a whole IRI.
 * @throws DataError for what is neither
 * @example
 * import { expandIri } from "sessionlab";
 * assert.equal(expandIri("dbo:author"), "http://dbpedia.org/ontology/author");
 */
export function expandIri(text: string): string {
  const colon = text.indexOf(":");
  const prefix = text.slice(0, Math.max(colon, 0));
  const whole = Object.hasOwn(prefixes, prefix) ? prefixes[prefix]! + text.slice(colon + 1) : text;
  if (!isIri(whole) || (whole === text && !/^[a-z]+:\/\/|^(urn|mailto):/i.test(text))) throw new DataError(`Expected an IRI or a name such as dbo:author (${Object.keys(prefixes).join(", ")}), found ${JSON.stringify(text)}; write the whole IRI`);
  return whole;
}

const escapes: Readonly<Record<string, string>> = { "\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f" };

/**
 * A text as a literal that both N-Triples and SPARQL read back as the same text: quotes, backslashes and everything below
 * the space are escaped, so that nothing in it can end the literal.
 * @param kind a language such as "en", or the IRI of a datatype
 * @throws DataError for half of a surrogate pair, a kind that is neither
 * @example
 * import { literal } from "sessionlab";
 * assert.equal(literal('a "b"\n'), '"a \\"b\\"\\n"');
 * assert.equal(literal("Der Prozess", "de"), '"Der Prozess"@de');
 */
export function literal(text: string, kind?: string): string {
  if (halfPair.test(text)) throw new DataError(`Expected a text, found half of a surrogate pair in ${JSON.stringify(text)}; decode it anew`);
  const quoted = `"${text.replace(/[\\"\u0000-\u001f\u007f]/g, (one) => escapes[one] ?? `\\u${one.charCodeAt(0).toString(16).padStart(4, "0")}`)}"`;
  if (kind === undefined) return quoted;
  if (/^[A-Za-z]{1,8}(-[A-Za-z0-9]{1,8})*$/.test(kind)) return `${quoted}@${kind.toLowerCase()}`;
  if (isIri(kind)) return `${quoted}^^<${kind}>`;
  throw new DataError(`Expected a language or the IRI of a datatype, found ${JSON.stringify(kind)}; write for example "en"`);
}
