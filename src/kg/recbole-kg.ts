/**
 * RecBole's atomic files of a knowledge graph: `.kg` (head, relation, tail) and `.link` (item, entity), tabs between and
 * a header of "name:type". RecBole's graphs are made of Freebase (Zhao et al. 2019, KB4Rec, Data Intelligence 1(2)), so
 * that names such as m.0bln8 and film.film.actor become its IRIs.
 */
import { DataError } from "../core/errors";
import { readLines } from "../data/lines";
import { linksFrom, type EntityLink, type TableLinks } from "./links";
import { prefixes } from "./rdf-terms";
import { triplesFrom, type Triples, type TripleTexts } from "./triples";

const freebase = prefixes["fb"]!;

/** Where names and sources of RecBole's files are looked for. */
export interface RecboleOptions {
  /** What is put before names. Default: Freebase's. */
  readonly namespace?: string;
  /** Default "freebase". */
  readonly source?: string;
  readonly signal?: AbortSignal;
}

/**
 * Reads a `.kg` file.
 * @throws DataError naming file and line for another header or row; AbortError
 * @example
 * import { mkdtempSync, writeFileSync } from "node:fs";
 * import { readRecboleKg } from "sessionlab";
 * const file = `${mkdtempSync("/tmp/kg-")}/demo.kg`;
 * writeFileSync(file, "head_id:token\trelation_id:token\ttail_id:token\nm.0bln8\tfilm.film.genre\tm.05p553\n");
 * assert.ok((await readRecboleKg(file)).terms.includes("http://rdf.freebase.com/ns/m.0bln8"));
 */
export async function readRecboleKg(file: string, { namespace = freebase, source = "freebase", signal }: RecboleOptions = {}): Promise<Triples> {
  const triples: TripleTexts[] = [];
  for await (const [head, relation, tail] of rows(file, ["head_id", "relation_id", "tail_id"], signal)) triples.push([iri(namespace, head!), iri(namespace, relation!), iri(namespace, tail!)]);
  return triplesFrom(triples, source);
}

/**
 * Reads a `.link` file. Each link is certain, as the file says nothing else; an entity of two items is linked to both.
 * @param itemIds outside ids of the items, by dense index
 * @throws DataError naming file and line for another header or row; AbortError
 * @example
 * import { mkdtempSync, writeFileSync } from "node:fs";
 * import { readRecboleLinks } from "sessionlab";
 * const file = `${mkdtempSync("/tmp/kg-")}/demo.link`;
 * writeFileSync(file, "item_id:token\tentity_id:token\n476\tm.08gjyx\n9999\tm.0bln8\n");
 * const links = await readRecboleLinks(file, ["1", "476"]);
 * assert.deepEqual([Array.from(links.item), links.uri, links.elsewhere], [[1], ["http://rdf.freebase.com/ns/m.08gjyx"], 1]);
 */
export async function readRecboleLinks(file: string, itemIds: readonly string[], { namespace = freebase, source = "freebase", signal }: RecboleOptions = {}): Promise<TableLinks> {
  const index = new Map(itemIds.map((id, v) => [id, v]));
  const links: EntityLink[] = [];
  let elsewhere = 0;
  for await (const [id, entity] of rows(file, ["item_id", "entity_id"], signal)) {
    const item = index.get(id!);
    if (item === undefined) elsewhere++;
    else links.push({ item, uri: iri(namespace, entity!), confidence: 1, rule: "as published", candidates: 1 });
  }
  return { ...linksFrom(links, source), elsewhere };
}

async function* rows(file: string, columns: readonly string[], signal: AbortSignal | undefined): AsyncGenerator<string[]> {
  let order: number[] | undefined;
  let width = 0;
  for await (const { first, lines } of readLines(file, signal)) {
    for (const [n, text] of lines.entries()) {
      const line = first + n;
      if (text === "" && line > 1) continue; // the end of the file
      const fields = text.split("\t");
      if (order === undefined) {
        const names = fields.map((field) => field.replace(/:.*$/, ""));
        order = columns.map((column) => names.indexOf(column));
        width = fields.length;
        if (order.includes(-1)) throw new DataError(`Expected a header with ${columns.join(", ")}, found ${JSON.stringify(text.slice(0, 80))}; is it one of RecBole's files?`, { file, line });
        continue;
      }
      if (fields.length !== width) throw new DataError(`Expected ${width} fields with tabs between, found ${fields.length}; mend the row`, { file, line });
      const values = order.map((at) => fields[at]!);
      const empty = values.indexOf("");
      if (empty >= 0) throw new DataError("Expected a name, found none; mend the row", { file, line, field: columns[empty] });
      yield values;
    }
  }
}

/** A name as an IRI: whatever an IRI may not hold is encoded. */
function iri(namespace: string, name: string): string {
  return namespace + encodeURIComponent(name);
}
