/**
 * Links from items to entities, each with what speaks for it: the rule that made it, how many entities could have been
 * meant, and how certain it is. Also the reader of tables of links that come with a data set.
 */
import { ConfigError, DataError } from "../core/errors";
import { writeFileAtomic } from "../core/files";
import { hashOf } from "../core/hash";
import { readLines } from "../data/lines";
import { expandIri } from "./rdf-terms";

/** L links, at most one an item, in the order of the items. */
export interface EntityLinks {
  /** [L] dense item index, ascending. */
  readonly item: Int32Array;
  /** [L] the entity's IRI. */
  readonly uri: readonly string[];
  /** [L] 0..1: the estimated share of links like it that are right. */
  readonly confidence: Float32Array;
  /** [L] what made it: "title+year", "author agrees". */
  readonly rule: readonly string[];
  /** [L] how many entities could have been meant. */
  readonly candidates: Int32Array;
  /** Where they come from, in words. */
  readonly source: string;
  /** sha256 of the links themselves, wherever they come from. */
  readonly hash: string;
}

/** One link. */
export interface EntityLink {
  readonly item: number;
  readonly uri: string;
  readonly confidence: number;
  readonly rule: string;
  readonly candidates: number;
}

/**
 * Makes the columns. Of several links of one item the most certain stays, of equals the one whose IRI comes first.
 * @throws ConfigError for an item that is no index, a confidence outside [0, 1]
 * @example
 * import { linksFrom } from "sessionlab";
 * const dbr = "http://dbpedia.org/resource/";
 * const links = linksFrom([{ item: 3, uri: `${dbr}Emma`, confidence: 0.4, rule: "title", candidates: 2 }, { item: 3, uri: `${dbr}Emma_(novel)`, confidence: 0.9, rule: "title", candidates: 2 }], "demo");
 * assert.deepEqual(links.uri, [`${dbr}Emma_(novel)`]);
 */
export function linksFrom(rows: Iterable<EntityLink>, source: string): EntityLinks {
  const best = new Map<number, EntityLink>();
  for (const row of rows) {
    if (!Number.isInteger(row.item) || row.item < 0) throw new ConfigError(`Expected the index of an item, found ${row.item}; give dense indices from 0`);
    if (!(row.confidence >= 0 && row.confidence <= 1)) throw new ConfigError(`Expected a confidence in [0, 1], found ${row.confidence} for ${row.uri}; scale it`);
    const known = best.get(row.item);
    const better = known === undefined || row.confidence > known.confidence || (row.confidence === known.confidence && row.uri < known.uri);
    if (better) best.set(row.item, row);
  }
  const rest = [...best.values()].sort((a, b) => a.item - b.item);
  const item = Int32Array.from(rest, (row) => row.item);
  const uri = rest.map((row) => row.uri);
  const confidence = Float32Array.from(rest, (row) => row.confidence);
  const rule = rest.map((row) => row.rule);
  const candidates = Int32Array.from(rest, (row) => row.candidates);
  return { item, uri, confidence, rule, candidates, source, hash: hashOf({ item, uri, confidence, rule, candidates }) };
}

/**
 * The links whose confidence is at least `least`.
 * @example
 * import { confidentLinks, linksFrom } from "sessionlab";
 * const links = linksFrom([{ item: 0, uri: "urn:a", confidence: 0.4, rule: "title", candidates: 2 }], "demo");
 * assert.equal(confidentLinks(links, 0.8).item.length, 0);
 */
export function confidentLinks(links: EntityLinks, least: number): EntityLinks {
  return linksFrom(linkRows(links).filter((row) => row.confidence >= Math.fround(least)), links.source);
}

/**
 * The links as rows.
 * @example
 * import { linkRows, linksFrom } from "sessionlab";
 * const row = { item: 0, uri: "urn:a", confidence: 0.5, rule: "title", candidates: 2 };
 * assert.deepEqual(linkRows(linksFrom([row], "demo")), [row]);
 */
export function linkRows({ item, uri, confidence, rule, candidates }: EntityLinks): EntityLink[] {
  return Array.from(item, (one, n) => ({ item: one, uri: uri[n]!, confidence: confidence[n]!, rule: rule[n]!, candidates: candidates[n]! }));
}

/** Links of a table, and how many items it links that the data set does not have. */
export interface TableLinks extends EntityLinks {
  readonly elsewhere: number;
}

/** What a row of a table says of its link. */
type RowReader = (row: Readonly<Record<string, string>>) => Omit<EntityLink, "item" | "uri">;

/**
 * The tables of links by their columns: two of the shared data, and that of `writeLinks`. Confidences of the first two are
 * shares that were counted there. Books: of the links whose author is known on both sides, 94.5 % agree where the names
 * match and 13 % where they do not (the only candidate), 73 % and 3 % of several. Films: 91.9 % of 1,571 links agree with
 * OMDb's director.
 */
const tables: readonly { readonly columns: readonly string[]; readonly read: RowReader }[] = [
  {
    columns: ["item", "dbpedia_uri", "match", "n_candidates", "name_match", "author_ok"],
    read: (row) => {
      const [candidates, named] = [Number(row["n_candidates"]), row["name_match"] === "1"];
      if (row["author_ok"] === "1") return { confidence: 0.99, rule: "title, author agrees", candidates };
      if (row["author_ok"] === "0") return { confidence: 0.05, rule: "title, author differs", candidates };
      const confidence = candidates === 1 ? (named ? 0.945 : 0.13) : named ? 0.73 : 0.03;
      return { confidence, rule: named ? "title, name of the entity" : "title of another edition", candidates };
    },
  },
  {
    columns: ["item", "dbpedia_uri", "movielens_id", "n_candidates"],
    read: (row) => ({ confidence: 0.919 / Number(row["n_candidates"]), rule: "title and year", candidates: Number(row["n_candidates"]) }),
  },
  {
    columns: ["item", "dbpedia_uri", "n_candidates", "confidence", "rule"],
    read: (row) => ({ confidence: row["confidence"] === "" ? NaN : Number(row["confidence"]), rule: row["rule"]!, candidates: Number(row["n_candidates"]) }),
  },
];

/**
 * Links as a table that `readLinks` takes: TSV with the columns item, dbpedia_uri, n_candidates, confidence, rule.
 * @param itemIds outside ids of the items, by dense index
 * @throws DataError if the disk is full
 * @example
 * import { mkdtempSync } from "node:fs";
 * import { linksFrom, readLinks, writeLinks } from "sessionlab";
 * const file = `${mkdtempSync("/tmp/kg-")}/links.tsv`;
 * const links = linksFrom([{ item: 1, uri: "http://dbpedia.org/resource/Emma", confidence: 0.75, rule: "title", candidates: 2 }], "demo");
 * writeLinks(file, links, ["B00", "B01"]);
 * assert.equal((await readLinks(file, ["B00", "B01"])).hash, links.hash);
 */
export function writeLinks(file: string, links: EntityLinks, itemIds: readonly string[]): void {
  const rows = linkRows(links).map(({ item, uri, candidates, confidence, rule }) => [itemIds[item]!, uri, candidates, confidence, rule].join("\t"));
  writeFileAtomic(file, `${["item\tdbpedia_uri\tn_candidates\tconfidence\trule", ...rows].join("\n")}\n`);
}

/**
 * Reads a table of links of the shared data (`dbpedia_links_*`) or of `writeLinks`: TSV, gzip or plain, with a header and no quotes. Of
 * several rows of one item the most certain is taken.
 * @param itemIds outside ids of the items, by dense index
 * @throws DataError naming file and line for other columns or a row that is none; AbortError
 * @example
 * import { mkdtempSync, writeFileSync } from "node:fs";
 * import { readLinks } from "sessionlab";
 * const file = `${mkdtempSync("/tmp/kg-")}/links.tsv`;
 * writeFileSync(file, "item\tdbpedia_uri\tmovielens_id\tn_candidates\nB01\tdbr:Alien_(film)\t1214\t1\nB09\tdbr:Aliens_(film)\t1200\t1\n");
 * const links = await readLinks(file, ["B00", "B01"]);
 * assert.deepEqual([Array.from(links.item), links.uri, links.elsewhere], [[1], ["http://dbpedia.org/resource/Alien_(film)"], 1]);
 */
export async function readLinks(file: string, itemIds: readonly string[], { source, signal }: { readonly source?: string; readonly signal?: AbortSignal } = {}): Promise<TableLinks> {
  const index = new Map(itemIds.map((id, v) => [id, v]));
  const rows: EntityLink[] = [];
  const elsewhere = new Set<string>();
  let table: (typeof tables)[number] | undefined;
  for await (const { first, lines } of readLines(file, signal)) {
    for (const [n, text] of lines.entries()) {
      const line = first + n;
      const fields = text.split("\t");
      if (line === 1) {
        table = tables.find(({ columns }) => columns.join("\t") === text);
        if (table === undefined) throw new DataError(`Expected one of the headers ${tables.map(({ columns }) => columns.join(" ")).join(" or ")}, found ${JSON.stringify(text.slice(0, 80))}; is it a table of links?`, { file, line });
        continue;
      }
      if (text === "") continue; // the end of the file
      const { columns, read } = table!;
      if (fields.length !== columns.length) throw new DataError(`Expected ${columns.length} fields with tabs between, found ${fields.length}; mend the row`, { file, line });
      const row = Object.fromEntries(columns.map((name, c) => [name, fields[c]!]));
      if (!/^[1-9]\d*$/.test(row["n_candidates"]!)) throw new DataError(`Expected a number of candidates, found ${JSON.stringify(row["n_candidates"])}; mend the row`, { file, line, field: "n_candidates" });
      try {
        const uri = expandIri(row["dbpedia_uri"]!);
        const item = index.get(row["item"]!);
        if (item === undefined) elsewhere.add(row["item"]!);
        else rows.push({ item, uri, ...read(row) });
      } catch (cause) {
        throw new DataError((cause as Error).message, { file, line, field: "dbpedia_uri" }, { cause });
      }
    }
  }
  return { ...linksFrom(rows, source ?? file.replace(/^.*[/\\]/, "").replace(/\.tsv(\.gz)?$/, "")), elsewhere: elsewhere.size };
}
