/** sessionlab kg link: titles of a small data set against a file of triples and an endpoint on loopback. */
import assert from "node:assert/strict";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { readLinks } from "../../src/kg/links";
import { literal } from "../../src/kg/rdf-terms";
import { ntriplesLine } from "../../src/kg/sparql-store";
import type { TripleTexts } from "../../src/kg/triples";
import { faultProxy, serveTriples } from "../kg/sparql-server";
import { Laboratory, onlyLine } from "./sessionlab";

const dbr = (name: string): string => `http://dbpedia.org/resource/${name}`;
const dbo = (name: string): string => `http://dbpedia.org/ontology/${name}`;
const label = "http://www.w3.org/2000/01/rdf-schema#label";

describe("sessionlab kg link", function () {
  this.timeout(60_000);
  const laboratory = new Laboratory();
  const films = Array.from({ length: 10 }, (_, n) => `Film_${n + 1}`); // of 12 items, titled "Film 1" to "Film 12"
  const rows: TripleTexts[] = [
    ...films.flatMap((name): TripleTexts[] => [[dbr(name), label, literal(name.replace("_", " "), "en")], [dbr(name), dbo("director"), dbr("Somebody")]]),
    [dbr("Film_1"), dbo("subsequentWork"), dbr("Film_2")],
    [dbr("Film_2"), dbo("releaseDate"), '"1986-07-18"^^<http://www.w3.org/2001/XMLSchema#date>'],
    [dbr("Film_3"), dbo("award"), dbr("Palme_d'Or")],
    [dbr("Film_11_(band)"), label, literal("Film 11 (band)", "en")],
  ];
  const ntriples = rows.map(ntriplesLine).join("\n");
  const ids = Array.from({ length: 12 }, (_, n) => String(n + 1));

  before(() => laboratory.prepare());

  it("links against a file of triples, and leaves out relations that came later", async () => {
    const [store, out, triples] = [laboratory.path("store.nt"), laboratory.path("links.tsv"), laboratory.path("triples.tsv")];
    writeFileSync(store, ntriples);
    const call = ["kg", "link", "--dataset", "ml-100k", "--store", store, "--out", out, "--triples", triples, "--until", "1985-12-31", "--json"];
    const finished = await laboratory.call(call);
    const json = onlyLine(finished);
    assert.equal(finished.code, 0, finished.stderr);
    assert.deepEqual([json["domain"], json["items"], json["links"], json["triples"]], ["films", 12, 10, { kept: 10, notAllowed: 1, later: 1, unknown: 0, undated: 0 }]);
    const links = await readLinks(out, ids);
    assert.deepEqual(links.uri, films.map(dbr));
    assert.ok(links.confidence.every((one) => one >= 0.8));
    assert.equal(readFileSync(triples, "utf8").split("\n").filter((line) => line.includes("dbpedia.org/ontology/director")).length, 10);
    assert.ok(!readFileSync(triples, "utf8").includes("subsequentWork"));
  });

  it("links against an endpoint through faults as against the file, and asks nothing twice", async () => {
    const served = await serveTriples(ntriples);
    const proxy = await faultProxy(served.address);
    try {
      proxy.faults.push("truncated", 503, "cut");
      const out = laboratory.path("endpoint.tsv");
      const call = ["kg", "link", "--dataset", "ml-100k", "--endpoint", proxy.address, "--interval", "0", "--cache", laboratory.path("answers"), "--out", out, "--json"];
      const finished = await laboratory.call(call);
      assert.equal(finished.code, 0, finished.stderr);
      assert.equal(readFileSync(out, "utf8"), readFileSync(laboratory.path("links.tsv"), "utf8"));
      const asked = proxy.queries.length;
      assert.equal((await laboratory.call(call)).code, 0);
      assert.equal(proxy.queries.length, asked);
    } finally {
      await proxy.close();
      await served.close();
    }
  });

  it("says what is missing", async () => {
    for (const [args, fault] of [
      [[], /Expected --dataset with one of/],
      [["--dataset", "ml-100"], /did you mean "ml-100k"/],
      [["--dataset", "ml-100k", "--store", "a.nt", "--endpoint", "http://x/"], /found both; leave one out/],
      [["--dataset", "ml-100k", "--store", laboratory.path("none.nt")], /found ENOENT/],
      [["--dataset", "ml-100k", "--store", laboratory.path("none.doc")], /Expected a file of triples/],
      [["--dataset", "ml-100k", "--endpoint", "x"], /Expected the address of a SPARQL endpoint/],
      [["--evaluate", "--dataset", "ml-100k"], /without --dataset/],
    ] as const) {
      const { code, stderr } = await laboratory.call(["kg", "link", ...args, "--out", laboratory.path("never.tsv")]);
      assert.ok(code > 0);
      assert.match(stderr, fault);
    }
    assert.equal(existsSync(laboratory.path("never.tsv")), false);
  });
});
