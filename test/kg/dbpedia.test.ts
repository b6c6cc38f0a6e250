/** Allowed relations and what came after the split; files of triples in every form. */
import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { ConfigError, DataError } from "../../src/core/errors";
import { quote, withDuckDB } from "../../src/data/store";
import { allowTriples, relationsOf } from "../../src/kg/dbpedia-relations";
import { triplesFromFile } from "../../src/kg/rdf-files";
import { expandIri } from "../../src/kg/rdf-terms";
import { tripleTexts, triplesFrom, type TripleTexts } from "../../src/kg/triples";
import { freshFolder } from "../scratch";

const dbr = (name: string): string => `http://dbpedia.org/resource/${name}`;
const dbo = (name: string): string => `http://dbpedia.org/ontology/${name}`;
const day = (text: string): string => `"${text}"^^<http://www.w3.org/2001/XMLSchema#date>`;

describe("allowed relations", () => {
  const rows: TripleTexts[] = [
    [dbr("A"), dbo("author"), dbr("X")],
    [dbr("A"), dbo("subsequentWork"), dbr("B")], [dbr("B"), dbo("releaseDate"), day("2012-06-30")],
    [dbr("A"), dbo("subsequentWork"), dbr("C")], [dbr("C"), dbo("releaseDate"), day("2012-07-01")], [dbr("C"), dbo("releaseDate"), day("2013-01-01")],
    [dbr("A"), dbo("subsequentWork"), dbr("D_(2011_novel)")], [dbr("A"), dbo("subsequentWork"), dbr("E_(2012_novel)")], [dbr("A"), dbo("subsequentWork"), dbr("F")],
    [dbr("A"), dbo("previousWork"), dbr("F")], [dbr("A"), dbo("award"), dbr("Prize")], [dbr("A"), dbo("abstract"), '"words"'],
  ];
  const kept = (options: Parameters<typeof allowTriples>[1]): string[] => [...tripleTexts(allowTriples(triplesFrom(rows, "test"), options).triples)].map(([, p, o]) => `${p.slice(28)} ${o.slice(28, 36)}`);

  it("keep what is on the list", () => {
    assert.deepEqual(kept({ allow: ["dbo:author", dbo("previousWork")] }), ["author X", "previousWork F"]);
    assert.equal(kept({}).length, rows.length);
    assert.throws(() => kept({ allow: ["author"] }), DataError);
    for (const names of Object.values(relationsOf)) {
      assert.equal(new Set(names.map(expandIri)).size, names.length);
      for (const name of ["dbo:award", "dbo:wikiPageWikiLink", "dbo:wikiPageRedirects"]) assert.ok(!names.includes(name));
    }
  });

  it("leave out what came after the split, and what may have", () => {
    const { triples, report } = allowTriples(triplesFrom(rows, "test"), { allow: relationsOf.books, until: "2012-06-30" });
    assert.deepEqual([...tripleTexts(triples)].map(([, p, o]) => `${p.slice(28)} ${o.slice(28)}`), ["author X", "subsequentWork B", "subsequentWork D_(2011_novel)"]);
    assert.deepEqual(report, { kept: 3, notAllowed: 5, later: 2, unknown: 2, undated: 0 }); // a year may be its end; C counts by its earliest date
    assert.equal(allowTriples(triplesFrom(rows, "test"), { until: "2012-06-30" }).report.undated, 1); // the award
    assert.equal(allowTriples(triplesFrom(rows, "test"), { allow: relationsOf.books, until: "2012-06-30", unknown: "keep" }).report.kept, 5);
    // What names another as its predecessor is a sequel itself: an item of training was there, whatever its date.
    assert.deepEqual(kept({ allow: ["dbo:previousWork", "dbo:subsequentWork"], until: "1990-01-01", known: new Set([dbr("A"), dbr("F")]) }), ["previousWork F", "subsequentWork F"]);
    assert.equal(allowTriples(triplesFrom(rows, "test"), { until: "2012-06-30", undated: ["dbo:abstract"], dated: ["dbo:author"] }).report.undated, 2);
    assert.deepEqual(kept({ until: "2012-06-30", allow: ["dbo:author"], dated: ["dbo:author"] }), []); // of the author no date is known
    assert.throws(() => kept({ until: "soon" }), ConfigError);
  });
});

describe("files of triples", () => {
  const folder = freshFolder();
  const rows: TripleTexts[] = [[dbr("Emma"), dbo("author"), dbr("Jane_Austen")], [dbr("Emma"), "http://www.w3.org/2000/01/rdf-schema#label", '"Emma \\"é\\"\\n"@en'], [dbr("Emma"), dbo("year"), '"1815"^^<http://www.w3.org/2001/XMLSchema#gYear>']];
  const expected = triplesFrom(rows, "any");

  it("are the same triples in every form", async () => {
    const nt = rows.map(([s, p, o]) => `<${s}> <${p}> ${o.startsWith('"') ? o : `<${o}>`} .\n`).join("");
    const ttl = `@prefix dbr: <${dbr("")}> . @prefix dbo: <${dbo("")}> .\ndbr:Emma dbo:author dbr:Jane_Austen ; <http://www.w3.org/2000/01/rdf-schema#label> """Emma "é"\n"""@en ; dbo:year "1815"^^<http://www.w3.org/2001/XMLSchema#gYear> .`;
    const files: Record<string, string | Buffer> = { "a.nt": nt, "a.nt.gz": gzipSync(nt), "a.ttl": ttl, "a.nq": nt.replaceAll(" .\n", " <urn:graph> .\n") };
    for (const [name, content] of Object.entries(files)) {
      writeFileSync(join(folder(), name), content);
      assert.equal((await triplesFromFile(join(folder(), name))).hash, expected.hash, name);
    }
    const parquet = join(folder(), "a.parquet");
    await withDuckDB(async (connection) => {
      const values = rows.map((row) => `(${row.map(quote).join(", ")})`).join(", ");
      await connection.run(`copy (select * from (values ${values}) t(subject, predicate, object)) to ${quote(parquet)} (format parquet)`);
    });
    assert.equal((await triplesFromFile(parquet)).hash, expected.hash);
  });

  it("say what is wrong with them", async () => {
    const file = (name: string, content: string): string => {
      writeFileSync(join(folder(), name), content);
      return join(folder(), name);
    };
    await assert.rejects(triplesFromFile(file("b.nt", "<urn:a> <urn:b> nothing .")), (error: Error) => error instanceof DataError && /b\.nt: Expected application\/n-triples/.test(error.message));
    await assert.rejects(triplesFromFile(file("b.parquet", "not parquet")), /b\.parquet: Expected Parquet/);
    await assert.rejects(triplesFromFile(file("b.doc", "")), ConfigError);
    await assert.rejects(triplesFromFile(join(folder(), "none.ttl")), DataError);
  });
});
