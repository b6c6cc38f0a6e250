/** Triples and links as columns: canonical order, one hash for one content, faults with file and line; the shared tables' counts. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { ConfigError, DataError } from "../../src/core/errors";
import { confidentLinks, linkRows, linksFrom, readLinks, writeLinks } from "../../src/kg/links";
import { expandIri, isIri, literal } from "../../src/kg/rdf-terms";
import { keepTriples, readTriples, tripleTexts, triplesFrom, type TripleTexts } from "../../src/kg/triples";
import { sharedFile, sharedRows, skipFor } from "../data/fixtures";
import { freshFolder } from "../scratch";

const dbr = (name: string): string => `http://dbpedia.org/resource/${name}`;
const dbo = (name: string): string => `http://dbpedia.org/ontology/${name}`;

describe("triples", () => {
  const folder = freshFolder();
  const rows: TripleTexts[] = [
    [dbr("Emma"), dbo("author"), dbr("Jane_Austen")],
    [dbr("Dune"), dbo("author"), dbr("Frank_Herbert")],
    [dbr("Dune"), dbo("year"), '"1965"'],
  ];

  it("have one form and one hash for any order and repeats, and no other content's", () => {
    const one = triplesFrom(rows, "a");
    const other = triplesFrom([rows[2]!, rows[0]!, rows[1]!, rows[0]!], "b");
    assert.deepEqual([...tripleTexts(other)], [rows[1], rows[2], rows[0]]);
    assert.deepEqual([other.terms, other.hash, other.source], [one.terms, one.hash, "b"]);
    assert.equal(one.terms[0], '"1965"');
    assert.notEqual(triplesFrom(rows.slice(1), "a").hash, one.hash);
    assert.notEqual(triplesFrom(rows.map(([s, p, o]) => [o, p, s] as const), "a").hash, one.hash);
    assert.deepEqual([...tripleTexts(triplesFrom([], "none"))], []);
  });

  it("are filtered with their dictionary", () => {
    const kept = keepTriples(triplesFrom(rows, "a"), ([, predicate]) => predicate === dbo("year"));
    assert.deepEqual([kept.terms, Array.from(kept.subject)], [['"1965"', dbo("year"), dbr("Dune")], [2]]);
  });

  it("are read from gzip TSV with short names", async () => {
    const file = join(folder(), "some.tsv.gz");
    writeFileSync(file, gzipSync("subject\tpredicate\tobject\ndbr:Emma\tdbo:author\tdbr:Jane_Austen\nhttp://dbpedia.org/resource/Dune\tdbo:author\tdbr:Frank_Herbert\n"));
    const triples = await readTriples(file);
    assert.deepEqual([[...tripleTexts(triples)], triples.source], [[rows[1], rows[0]], "some"]);
  });

  it("name file and line of what is no triple", async () => {
    const file = join(folder(), "bad.tsv");
    for (const [text, fault] of [
      ["a\tb\tc\n", /bad\.tsv:1: Expected the header/],
      ["subject\tpredicate\tobject\ndbr:A\tdbo:b\tdbr:C\ndbr:A\tdbo:b\n", /bad\.tsv:3: Expected 3 fields .* found 2/],
      ["subject\tpredicate\tobject\ndbr:A\tdbo:b\tdbr:C> <urn:x\n", /bad\.tsv:2: Expected an IRI/],
      ["subject\tpredicate\tobject\nA\tdbo:b\tdbr:C\n", /bad\.tsv:2: Expected an IRI/],
    ] as const) {
      writeFileSync(file, text);
      await assert.rejects(readTriples(file), (error: Error) => error instanceof DataError && fault.test(error.message));
    }
  });

  it("of the shared tables have the counts of their README", async function () {
    for (const [path, count, relations] of [["amazon-books/dbpedia_triples_librarything.tsv.gz", 47082, 10], ["amazon-movies/dbpedia_triples_movielens1m.tsv.gz", 34941, 8]] as const) {
      const file = sharedFile(path);
      if (file === undefined) skipFor(this, `${path} is not in SESSIONLAB_DATA or ../shared/data`);
      const triples = await readTriples(file);
      const texts = new Set(sharedRows(path)!.map((row) => row.map(expandIri).join(" ")));
      assert.deepEqual([triples.subject.length, new Set(triples.predicate).size], [count, relations]);
      assert.deepEqual(new Set([...tripleTexts(triples)].map((triple) => triple.join(" "))), texts);
    }
  });
});

describe("links", () => {
  const folder = freshFolder();

  it("keep the most certain of an item, in the items' order, with one hash for one content", () => {
    const link = (item: number, uri: string, confidence: number) => ({ item, uri, confidence, rule: "title", candidates: 2 });
    const rows = [link(7, "urn:c", 0.5), link(2, "urn:b", 0.5), link(2, "urn:a", 0.5), link(2, "urn:z", 0.25)];
    const links = linksFrom(rows, "x");
    assert.deepEqual([Array.from(links.item), links.uri, Array.from(links.confidence)], [[2, 7], ["urn:a", "urn:c"], [0.5, 0.5]]);
    assert.equal(linksFrom([...rows].reverse(), "y").hash, links.hash);
    assert.notEqual(linksFrom(rows.slice(1), "x").hash, links.hash);
    assert.deepEqual(linkRows(links)[1], link(7, "urn:c", 0.5));
    assert.deepEqual(confidentLinks(linksFrom([link(0, "urn:a", 0.6), link(1, "urn:b", 0.5)], "x"), 0.6).uri, ["urn:a"]);
    assert.throws(() => linksFrom([link(1, "urn:a", NaN)], "x"), ConfigError);
    assert.throws(() => linksFrom([link(-1, "urn:a", 0.5)], "x"), ConfigError);
  });

  it("of a table carry what their columns say, and count the items that are elsewhere", async () => {
    const file = join(folder(), "links.tsv");
    const header = "item\tdbpedia_uri\tmatch\tn_candidates\tname_match\tauthor_ok";
    const body = ["a\tdbr:A\tfull\t1\t1\t", "b\tdbr:B\tfull\t2\t1\t1", "b\tdbr:B2\tfull\t2\t0\t0", "c\tdbr:C\thead\t1\t0\t", "x\tdbr:X\tfull\t1\t1\t1"];
    writeFileSync(file, `${[header, ...body].join("\n")}\n`);
    const links = await readLinks(file, ["c", "b", "a"]);
    assert.deepEqual(linkRows(links).map(({ item, uri, rule, candidates }) => [item, uri, rule, candidates]), [
      [0, dbr("C"), "title of another edition", 1],
      [1, dbr("B"), "title, author agrees", 2],
      [2, dbr("A"), "title, name of the entity", 1],
    ]);
    assert.deepEqual([Array.from(links.confidence), links.elsewhere], [Array.from(Float32Array.of(0.13, 0.99, 0.945)), 1]);
    for (const [line, fault] of [["a\tdbr:A\tfull\tmany\t1\t", /links\.tsv:2 \(n_candidates\)/], ["a\tnothing\tfull\t1\t1\t", /links\.tsv:2 \(dbpedia_uri\): Expected an IRI/], ["a\tdbr:A", /links\.tsv:2: Expected 6 fields/]] as const) {
      writeFileSync(file, `${header}\n${line}\n`);
      await assert.rejects(readLinks(file, ["a"]), fault);
    }
    writeFileSync(file, "item\turi\na\tb\n");
    await assert.rejects(readLinks(file, ["a"]), /links\.tsv:1: Expected one of the headers/);
  });

  it("are written and read back to the bit, and say which row is none", async () => {
    const file = join(folder(), "own.tsv");
    const links = linksFrom([{ item: 1, uri: dbr("Dune"), confidence: 1 / 3, rule: "title, same year", candidates: 4 }], "own");
    writeLinks(file, links, ["a", "b"]);
    assert.deepEqual(await readLinks(file, ["a", "b"]), { ...links, elsewhere: 0 });
    writeFileSync(file, "item\tdbpedia_uri\tn_candidates\tconfidence\trule\na\tdbr:A\t1\tmuch\ttitle\n");
    await assert.rejects(readLinks(file, ["a"]), /Expected a confidence in \[0, 1\], found NaN/);
  });

  it("of the shared tables have the counts of their README", async function () {
    for (const [path, count, first] of [["amazon-books/dbpedia_links_librarything.tsv.gz", 5812, dbr("Red_Prophet")], ["amazon-movies/dbpedia_links_ml1m_title_year.tsv.gz", 1670, dbr("And_God_Created_Woman_(1956_film)")]] as const) {
      const file = sharedFile(path);
      if (file === undefined) skipFor(this, `${path} is not in SESSIONLAB_DATA or ../shared/data`);
      const ids = [...new Set(sharedRows(path)!.map(([item]) => item!))];
      const links = await readLinks(file, ids);
      assert.deepEqual([links.item.length, links.uri[0], links.elsewhere], [count, first, 0]);
      assert.equal((await readLinks(file, ids.slice(0, 10))).elsewhere, count - 10);
    }
  });
});

describe("terms", () => {
  it("take what may stand in brackets for an IRI, and nothing else", () => {
    for (const good of ["http://dbpedia.org/resource/Who's_Afraid_of_Virginia_Woolf%3F_(film)", "urn:isbn:1", "http://de.dbpedia.org/resource/Der_Prozeß", "http://x/a;b,c&d=(e)*!'#f"]) assert.equal(isIri(good), true, good);
    for (const bad of ["", "Emma", "http://x/a b", "http://x/a>", "http://x/<a", 'http://x/"', "http://x/{", "http://x/}", "http://x/|", "http://x/^", "http://x/`", "http://x/\\u003e", "http://x/\n", "http://x/\u0000", "http://x/\u0085", "http://x/\ud800", " http://x/a"]) assert.equal(isIri(bad), false, JSON.stringify(bad));
    assert.equal(expandIri("dbr:Dune_(novel)"), dbr("Dune_(novel)"));
    for (const bad of ["Emma", "dbx:author", "dbo:a b", "constructor:x"]) assert.throws(() => expandIri(bad), DataError, bad);
  });

  it("escape what could end a literal", () => {
    assert.equal(literal('a"b\\c\nd\re\tf\u0000'), '"a\\"b\\\\c\\nd\\re\\tf\\u0000"');
    assert.equal(literal("Amélie 😀"), '"Amélie 😀"');
    assert.equal(literal("1995", "http://www.w3.org/2001/XMLSchema#gYear"), '"1995"^^<http://www.w3.org/2001/XMLSchema#gYear>');
    for (const kind of ["en> ", "", 'en" . }', "http://x/>"]) assert.throws(() => literal("a", kind), DataError, kind);
    assert.throws(() => literal("\ud800"), DataError);
  });
});
