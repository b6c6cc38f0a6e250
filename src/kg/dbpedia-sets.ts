/**
 * The linked data that the project's experiments use: slices of DBpedia's triples for the books of LibraryThing and the
 * films of MovieLens-1M, tables of links of two data sets, and nine maps from titles or ids to DBpedia that others made.
 * They are looked for where the catalogue's sets are (SESSIONLAB_DATA, ../shared/data, downloads/).
 */
import type { CatalogEntry, FilesSource, SetFile } from "../data/catalog";
import { hasFiles, obtainFiles, type SetFileOptions } from "../data/set-files";
import { DataError } from "../core/errors";
import { readLines } from "../data/lines";
import { isIri } from "./rdf-terms";
import { readTriples, tripleTexts, triplesFrom, type Triples } from "./triples";

const file = (role: string, path: string, sha256: string, unpacked: string): SetFile => ({ role, path: `${path}.tsv.gz`, sha256, unpacked });

const files: readonly SetFile[] = [
  file("book links", "amazon-books/dbpedia_links_librarything", "147a42ecc7611d8f476564c9328620eb6dc02cf9a715ad43f3528a1d0b0ba43a", "b864273df74cc65be0ec4d73295ae99acd7ee75a9f6111a694d756da1c829581"),
  file("book triples", "amazon-books/dbpedia_triples_librarything", "0560116f1b31e04b93c0eb5b75cd0be0b3e8b0bcbb12f035c92fb50fb94ddbbb", "e29b9cecac8d1f947e956bd18c36047c6b78490d9cd15fa94e3cb85abfa45539"),
  file("film links", "amazon-movies/dbpedia_links_ml1m_title_year", "0e7dab7a7b568897f02ad9ce9be3934902ade274733be36b75169bf019153fa5", "3907bb75295b56cc5999032356ea01ef22cfd5e560b54eafa3cd2fd6c73ee3cb"),
  file("film triples", "amazon-movies/dbpedia_triples_movielens1m", "bed0a13390afc455f265af8eab6a78a44cfac8b19af9d1844bfdc9fd38a74a2d", "bfc808a56e90517ed6f9a0ee35d739cca5aad4f5476e65c0371193e888257781"),
  file("film map", "lod-mappings/LODrecsys-MappingMovielens2DBpedia-1.2", "e51e3b38bbadd3576615a7ca3386835f8ff291a468bbffb04780c48beca815a6", "b7ae707e6f34dc7ed25a9a6bce50748190255af1e4fb57a1c38a53a5c8f3aa62"),
  file("book map", "lod-mappings/LODrecsys-MappingLibrarything2DBpedia-1.2", "afde03b06fa9a74448d9d15b95913de6c1a9bce9c2fa344e168190040117699d", "53dca247bd0fe0294cee33b216ff8a23815912db622c158f77f18e8ef7e6dd6f"),
  file("music map", "lod-mappings/LODrecsys-MappingLastfm2DBpedia-1.2", "0df8c9a926abafc0d0c69ff05e23b71fa71bd21c0e98c020c9bd3299dde6de54", "6cf44b554e26d2e1214255b8f280e9d3eb85ac6bf5900a7d75f908aa15e2702b"),
  file("other map 1", "lod-mappings/LinkedDatasets-LibraryThing.mappingLinkedData", "21746779c8ed9cabcd9767e8f566073552cd6dc17995f3ca74b32155baa852b5", "ca73270e98290c83227fe92e9f5040dd430c937a2356cb6bbfe4235ff695d23e"),
  file("other map 2", "lod-mappings/LinkedDatasets-facebook_book.mappingLinkedData", "fd828b258d6441d71dfee15534a7259ac102124fb763229b982946c3151ad00d", "0f3369cce610c01b66ac32ea1e85605e0605e395ce978b8fcd5603c82ad254c3"),
  file("other map 3", "lod-mappings/LinkedDatasets-facebook_movies.mappingLinkedData", "c64f2914d78f23ab9b878264593fdaff4a29568e2f159173bafba2d2118701e6", "92ade2508756108c27bbb87528cf6eccb239ab6b9700b674ebcb449e2057d143"),
  file("other map 4", "lod-mappings/LinkedDatasets-facebook_music.mappingLinkedData", "179ec7566aecc22ef2974f2d5522793b492e627dbdde7fe81810a10b9d67b457", "59b05add92cf763718af40586bac857f7ea9abee9b3d9d28bde7f54684e7ef9d"),
  file("other map 5", "lod-mappings/LinkedDatasets-last_fm.mappingLinkedData", "c7fb2d2e9cce0b6479c16be3754d012091216f93dfb4628490b270055e355869", "5c8557eeecf8b04e15adff77f88f72852461097f7deddf40884a7e6993ec8fa2"),
  file("other map 6", "lod-mappings/LinkedDatasets-yahoo_23MB.mappingLinkedData", "35dddcfca22142d65972802fbe3721d67f2dad0640652ebae1ca01e3b07d8b9b", "33ddcc56312d04ee3f4dc87f7aaa4635722fab0368461fafddccb7ebe75e6fd6"),
];

const source: FilesSource = {
  kind: "files",
  origin: "github.com/D2KLab/entity2rec at 380c1599 (triples), LODrecsys mappings v1.2, github.com/sisinflab/LinkedDatasets at bdfc9fa4 (maps)",
  recipe: [
    "write the edge lists of entity2rec, a relation each, as subject, predicate (dbo:...), object to dbpedia_triples_librarything.tsv.gz and dbpedia_triples_movielens1m.tsv.gz",
    "pack the maps as they are, without a header, to lod-mappings/; for the links join the maps of LibraryThing and MovieLens-1M by normalised title (films: and the year, one more or less)",
  ],
  files,
};

const entry: CatalogEntry = {
  name: "linked-data",
  title: "DBpedia slices and maps",
  licence: "DBpedia CC BY-SA; entity2rec Apache-2.0; LODrecsys MIT; LinkedDatasets: none stated",
  homepage: "https://www.dbpedia.org/",
  citation: "E. Palumbo et al. (2017). entity2rec. RecSys 2017, 32-36; T. Di Noia et al. (2016). SPrank. ACM TIST 8(1).",
  sources: [source],
};

/** Which of the files. */
export type LinkedFile = "book links" | "book triples" | "film links" | "film triples" | "film map" | "book map" | "music map";

function partOf(roles: readonly string[]): FilesSource {
  return { ...source, files: files.filter(({ role }) => roles.includes(role)) };
}

/**
 * Whether these files are here; default: all.
 * @example
 * import { mkdtempSync } from "node:fs";
 * import { hasLinkedFiles } from "sessionlab";
 * assert.equal(hasLinkedFiles(["film map"], { from: mkdtempSync("/tmp/none-") }), false);
 */
export function hasLinkedFiles(roles: readonly LinkedFile[] = files.map(({ role }) => role as LinkedFile), options: SetFileOptions = {}): boolean {
  return hasFiles(partOf(roles), options);
}

/**
 * The paths of some of the files, their sha256 checked.
 * @throws DataError that says how to get one that is not here
 * @example
 * import { mkdtempSync } from "node:fs";
 * import { obtainLinkedFiles } from "sessionlab";
 * await assert.rejects(obtainLinkedFiles(["film map"], { from: mkdtempSync("/tmp/none-") }), /its source is .*LODrecsys/);
 */
export async function obtainLinkedFiles<R extends LinkedFile>(roles: readonly R[], options: SetFileOptions = {}): Promise<Readonly<Record<R, string>>> {
  return (await obtainFiles(entry, partOf(roles), options)) as Readonly<Record<R, string>>;
}

/** A row of a map with titles. */
export interface MapRow {
  readonly id: string;
  readonly title: string;
  readonly uri: string;
}

/**
 * A map of LODrecsys: id, title, IRI, with tabs between and no header.
 * @throws DataError naming file and line
 * @example
 * import { mkdtempSync, writeFileSync } from "node:fs";
 * import { readMap } from "sessionlab";
 * const file = `${mkdtempSync("/tmp/map-")}/map.tsv`;
 * writeFileSync(file, "781\tStealing Beauty (1996)\thttp://dbpedia.org/resource/Stealing_Beauty\n");
 * assert.deepEqual(await readMap(file), [{ id: "781", title: "Stealing Beauty (1996)", uri: "http://dbpedia.org/resource/Stealing_Beauty" }]);
 */
export async function readMap(path: string): Promise<MapRow[]> {
  const rows: MapRow[] = [];
  for await (const { fields, at } of mapRows(path)) {
    if (fields.length !== 3) throw new DataError(`Expected id, title and IRI, found ${fields.length} fields; is it a map of LODrecsys?`, at);
    rows.push({ id: fields[0]!, title: fields[1]!, uri: fields[2]! });
  }
  return rows;
}

async function* mapRows(path: string): AsyncGenerator<{ readonly fields: readonly string[]; readonly at: { readonly file: string; readonly line: number } }> {
  for await (const { first, lines } of readLines(path)) {
    for (const [n, line] of lines.entries()) {
      if (line === "") continue; // the end of the file
      const at = { file: path, line: first + n };
      const fields = line.split("\t");
      if (!isIri(fields.at(-1)!)) throw new DataError(`Expected an IRI at the end of the line, found ${JSON.stringify(fields.at(-1))}; mend the row`, at);
      yield { fields, at };
    }
  }
}

/** The slices of triples together, and the IRIs that they and all nine maps name: a small DBpedia with distractors. */
export interface LinkedSlices {
  readonly triples: Triples;
  readonly iris: readonly string[];
}

/**
 * Reads all of it.
 * @throws DataError that says how to get what is not here
 * @example
 * import { mkdtempSync } from "node:fs";
 * import { loadLinkedSlices } from "sessionlab";
 * await assert.rejects(loadLinkedSlices({ from: mkdtempSync("/tmp/none-") }), /Expected .*dbpedia_links_librarything.* found none/);
 */
export async function loadLinkedSlices(options: SetFileOptions = {}): Promise<LinkedSlices> {
  const paths = (await obtainFiles(entry, source, options)) as Readonly<Record<string, string>>;
  const slices = [await readTriples(paths["book triples"]!), await readTriples(paths["film triples"]!)];
  const triples = triplesFrom(slices.flatMap((slice) => [...tripleTexts(slice)]), slices.map((slice) => slice.source).join(", "));
  const iris = new Set<string>();
  for (const { role } of files) if (role.includes("map")) for await (const { fields } of mapRows(paths[role]!)) iris.add(fields.at(-1)!);
  for (const [, , object] of tripleTexts(triples)) if (object.startsWith("http://dbpedia.org/resource/")) iris.add(object);
  return { triples, iris: [...iris].sort() };
}
