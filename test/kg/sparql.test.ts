/** SPARQL: a server on loopback with faults in front answers as the store in this process does; nothing put into a query becomes query. */
import assert from "node:assert/strict";
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { AbortError, ConfigError, DataError } from "../../src/core/errors";
import { fetchAllEntities, fetchEntities, fetchTriples, writingsOf } from "../../src/kg/dbpedia-query";
import { literal } from "../../src/kg/rdf-terms";
import { openEndpoint, type EndpointOptions } from "../../src/kg/sparql-endpoint";
import { boundIri, boundText, boundValues, sparql } from "../../src/kg/sparql-query";
import { parseResults } from "../../src/kg/sparql-results";
import { PartialAnswer, selectAll, type SparqlSource } from "../../src/kg/sparql-source";
import { ntriplesLine, openStore } from "../../src/kg/sparql-store";
import { tripleTexts, triplesFrom, type TripleTexts } from "../../src/kg/triples";
import { sharedFile, skipFor } from "../data/fixtures";
import { freshFolder } from "../scratch";
import { bodyOf, faultProxy, listen, serveTriples, type Fault, type FaultProxy, type Served } from "./sparql-server";

const dbr = (name: string): string => `http://dbpedia.org/resource/${name}`;
const [dbo, rdfs] = ["http://dbpedia.org/ontology/", "http://www.w3.org/2000/01/rdf-schema#"];
const quick: EndpointOptions = { interval: 0, backoff: 1, timeout: 1500, stallTimeout: 300 };

const hostile = ['"', "\\", '\\"', "a\nb\r\tc", "> } ; DROP ALL ; SELECT * {", '" } ; DROP ALL #', "'''", '"""', "?label", "$label", "{{", "Amélie 😀 東京", "\u0000\u0001\u007f", "\\u0022 }", "%22", "<b>&amp;</b>", "'; --", "\u2028\u2029\u202e"];

/** Works with their labels and authors, a redirect, a disambiguation page, hostile labels, numbers and languages. */
const triples = triplesFrom([
  ...Array.from({ length: 57 }, (_, n): TripleTexts[] => [
    [dbr(`Work_${n}`), `${rdfs}label`, literal(`Work ${n}`, "en")],
    [dbr(`Work_${n}`), `${dbo}author`, dbr(`Author_${n % 7}`)],
    [dbr(`Work_${n}`), `${dbo}numberOfPages`, literal(String(n * 10), "http://www.w3.org/2001/XMLSchema#integer")],
  ]).flat(),
  ...hostile.map((text, n): TripleTexts => [dbr(`Hostile_${n}`), `${rdfs}label`, literal(text, "en")]),
  [dbr("Mash_(film)"), `${rdfs}label`, literal("Mash (film)", "en")],
  [dbr("Mash_(film)"), `${dbo}wikiPageRedirects`, dbr("MASH_(film)")],
  [dbr("MASH_(film)"), `${rdfs}label`, literal("MASH (film)", "en")],
  [dbr("MASH_(film)"), `${rdfs}label`, literal("M.A.S.H.", "fr")],
  [dbr("MASH_(film)"), `${dbo}director`, dbr("Robert_Altman")],
  [dbr("Heat_(disambiguation)"), `${rdfs}label`, literal("Heat (disambiguation)", "en")],
  [dbr("Heat_(disambiguation)"), `${dbo}wikiPageDisambiguates`, dbr("Heat_(1995_film)")],
  [dbr("Heat_(1995_film)"), `${rdfs}label`, literal("Heat (1995 film)", "en")],
  ["_:nobody", `${dbo}author`, dbr("Author_1")],
], "made by a test");
const ntriples = [...tripleTexts(triples)].map(ntriplesLine).join("\n");
const everything = "SELECT ?s ?p ?o WHERE { ?s ?p ?o FILTER(isIRI(?s)) }"; // blank nodes have other names everywhere
const order = ["s", "p", "o"];

describe("SPARQL", function () {
  this.timeout(60_000);
  const folder = freshFolder();
  let [server, proxy, store]: [Served?, FaultProxy?, SparqlSource?] = [];

  before(async () => {
    server = await serveTriples(ntriples);
    proxy = await faultProxy(server.address);
    store = await openStore(triples);
  });
  after(async () => {
    await proxy?.close();
    await server?.close();
    await store?.close();
  });
  afterEach(() => {
    proxy!.faults.length = 0;
    proxy!.queries.length = 0;
    proxy!.agents.length = 0;
  });

  const withEndpoint = async <T>(options: EndpointOptions, work: (endpoint: Awaited<ReturnType<typeof openEndpoint>>) => Promise<T>): Promise<T> => {
    const endpoint = await openEndpoint(proxy!.address, { ...quick, ...options });
    try {
      return await work(endpoint);
    } finally {
      await endpoint.close();
    }
  };

  it("gives all rows of the server page by page, as the store in this process does", async () => {
    const expected = await selectAll(store!, everything, { orderBy: order });
    assert.equal(expected.length, triples.subject.length - 1);
    assert.deepEqual(expected.map(({ s, p, o }) => [s, p, o].join(" ")).sort(), [...tripleTexts(triples)].filter(([s]) => !s.startsWith("_:")).map((row) => row.join(" ")).sort());
    for (const pageSize of [7, 50, 5000]) {
      assert.deepEqual(await withEndpoint({}, (endpoint) => selectAll(endpoint, everything, { orderBy: order, pageSize })), expected, String(pageSize));
    }
    assert.match(proxy!.queries.at(-1)!, /ORDER BY \?s \?p \?o LIMIT 5000 OFFSET \d+$/);
    assert.match(proxy!.agents[0]!, /^sessionlab\/\d+\.\d+\.\d+ /);
  });

  it("gives the same through every fault: slow, busy, cut, malformed, a page of HTML, truncated, partial", async () => {
    const expected = await selectAll(store!, everything, { orderBy: order });
    const all: readonly Fault[] = ["slow", 503, "cut", "malformed", "html", "truncated", "partial", 429, "cut before", "stalled", "partial 206", 500, 502, "truncated", "none", "cut"];
    proxy!.faults.push(...all);
    const { rows, counts } = await withEndpoint({}, async (endpoint) => ({ rows: await selectAll(endpoint, everything, { orderBy: order, pageSize: 40 }), counts: endpoint.counts() }));
    assert.deepEqual(rows, expected);
    assert.deepEqual([proxy!.faults.length, counts.retries], [0, 11]); // truncated pages and partial ones are other requests
    // Each alone, in the middle of the pages.
    for (const fault of new Set(all.filter((one) => one !== "slow" && one !== "stalled"))) {
      proxy!.faults.push("none", fault);
      assert.deepEqual(await withEndpoint({}, (endpoint) => selectAll(endpoint, everything, { orderBy: order, pageSize: 60 })), expected, String(fault));
      assert.equal(proxy!.faults.length, 0);
    }
  });

  it("gives the same facts and entities in batches", async () => {
    const works = Array.from({ length: 57 }, (_, n) => dbr(`Work_${n}`));
    const relations = ["dbo:author", "dbo:numberOfPages"];
    const expected = await fetchTriples(store!, works, { relations });
    assert.equal(expected.subject.length, 114);
    proxy!.faults.push("none", "truncated", "cut", "none", 503, "malformed");
    assert.deepEqual({ ...(await withEndpoint({}, (endpoint) => fetchTriples(endpoint, [...works].reverse(), { relations, batch: 10, pageSize: 9 }))), source: expected.source }, expected);
    const titles = [{ title: "Mash (1970)" }, { title: "Heat (1995)" }, { title: "Work 3" }];
    const entities = await withEndpoint({}, (endpoint) => fetchEntities(endpoint, titles, "films", { batch: 5 }));
    assert.deepEqual(entities, await fetchEntities(store!, titles, "films"));
    assert.deepEqual(entities.entities.map(({ label, aliases, listedAs, kinds }) => [label, aliases, listedAs, kinds]), [
      ["Heat (1995 film)", [], ["Heat"], []],
      ["MASH (film)", ["Mash (film)"], [], ["film"]],
      ["Work 3", [], [], ["book"]],
    ]);
    assert.deepEqual((await fetchAllEntities(store!, { pageSize: 13 })).entities.length, 57 + hostile.length + 2);
  });

  it("finds titles of any characters, and changes nothing", async () => {
    const find = (source: SparqlSource, text: string) => source.select(sparql`SELECT ?e WHERE { ${boundValues("label", [boundText(text, "en")])} ?e ${boundIri(`${rdfs}label`)} ?label }`);
    await withEndpoint({}, async (endpoint) => {
      for (const [n, text] of hostile.entries()) {
        for (const source of [store!, endpoint]) assert.deepEqual((await find(source, text)).rows, [{ e: dbr(`Hostile_${n}`) }], `${JSON.stringify(text)} of ${source.name}`);
      }
      const entities = await fetchEntities(endpoint, hostile.map((title) => ({ title })), "books");
      assert.ok(entities.entities.length >= 12); // titles are cleaned before they are asked for
      assert.equal((await selectAll(endpoint, everything, { orderBy: order })).length, triples.subject.length - 1);
    });
  });

  it("takes nothing into a query that was not bound", () => {
    for (const one of hostile.filter((text) => !text.startsWith("%"))) assert.throws(() => boundIri(`http://x/${one}"`), DataError, one);
    assert.throws(() => boundIri("javascript"), DataError);
    const loose = "?s ?p ?o } ; DROP ALL ; {" as unknown as ReturnType<typeof boundIri>;
    assert.throws(() => sparql`SELECT * WHERE { ${loose} }`, /Expected a bound part of a query, found string/);
    assert.throws(() => sparql`SELECT * WHERE { ${{ text: "?s" } as ReturnType<typeof boundIri>} }`, ConfigError);
    assert.throws(() => boundValues("a } DROP", [boundIri("urn:a")]), /Expected the name of a variable/);
    assert.throws(() => boundValues("a", [loose]), ConfigError);
    assert.throws(() => boundText("a", 'en" } DROP'), DataError);
  });

  it("keeps answers, and goes on where it was interrupted", async () => {
    const cache = join(folder(), "answers");
    proxy!.faults.push("none", "none", 503, 503);
    const ask = (options: EndpointOptions = {}) => withEndpoint({ cache, attempts: 2, ...options }, async (endpoint) => ({ rows: await selectAll(endpoint, everything, { orderBy: order, pageSize: 40 }), counts: endpoint.counts() }));
    await assert.rejects(ask(), (error: Error) => error instanceof DataError && /found HTTP status 503 .*The endpoint is busy, 2 times in a row; answers so far are kept/.test(error.message));
    const second = await ask();
    assert.deepEqual([second.counts.kept, second.counts.requests], [2, 4]);
    const third = await ask();
    assert.deepEqual([third.counts, third.rows], [{ requests: 0, retries: 0, kept: 6 }, second.rows]);
    // Another graph is another question; a damaged answer is none.
    const files = readdirSync(cache, { recursive: true }).map((name) => join(cache, String(name))).filter((name) => name.endsWith(".json"));
    assert.equal(files.length, 6);
    for (const file of files) writeFileSync(file, readFileSync(file, "utf8").replace("Work_1", "Work_2"));
    const fourth = await ask();
    assert.deepEqual(fourth.rows, second.rows);
    assert.ok(fourth.counts.requests > 0 && fourth.counts.requests < 6);
  });

  it("heeds Retry-After, and gives up where it is too long", async () => {
    const asked: number[] = [];
    const busy = await listen((request, response) => {
      void bodyOf(request);
      asked.push(1);
      response.writeHead(429, { "retry-after": "3600" }).end("slow down");
    });
    const endpoint = await openEndpoint(busy.address, quick);
    await assert.rejects(endpoint.select("SELECT * {}"), /found HTTP status 429 \(Too Many Requests\): slow down, which asks to come back in 3600 s; try again later/);
    assert.equal(asked.length, 1);
    await endpoint.close();
    await busy.close();
  });

  it("says what is wrong and stays so, at once, in the server's words", async () => {
    await withEndpoint({}, async (endpoint) => {
      proxy!.faults.push(400);
      await assert.rejects(endpoint.select("SELECT"), /found HTTP status 400 \(Bad Request\): The endpoint is puzzled; look at the query/);
      assert.deepEqual(endpoint.counts(), { requests: 1, retries: 0, kept: 0 });
      proxy!.faults.push("partial");
      await assert.rejects(endpoint.select(everything), (error: Error) => error instanceof PartialAnswer && /found a part of it \(S1TAT: Returning incomplete/.test(error.message));
      proxy!.faults.push("html", "html");
      await assert.rejects(withEndpoint({ attempts: 2 }, (other) => other.select(everything)), /found an answer of type text\/html: Please log in, 2 times in a row/);
      proxy!.faults.push("partial", "partial", "partial", "partial");
      await assert.rejects(selectAll(endpoint, everything, { orderBy: order, pageSize: 40 }), PartialAnswer); // a page of one row is partial too
    });
    await assert.rejects(store!.select("SELECT WHERE"), /refuses it/);
    await assert.rejects(store!.select("ASK { ?s ?p ?o }"), DataError);
    const moved = await listen((_, response) => void response.writeHead(301, { location: "https://elsewhere.example/sparql" }).end());
    const endpoint = await openEndpoint(moved.address, quick);
    await assert.rejects(endpoint.select("SELECT * {}"), /it moved to https:\/\/elsewhere\.example\/sparql; give that address/);
    await endpoint.close();
    await moved.close();
    for (const address of ["dbpedia.org", "ftp://x/y", "http://me:secret@x/sparql"]) await assert.rejects(openEndpoint(address), (error: Error) => error instanceof ConfigError && !error.message.includes("secret"));
    await assert.rejects(openEndpoint("http://x/", { graph: "a b" }), ConfigError);
    await assert.rejects(openEndpoint("http://x/", { intervall: 1 } as EndpointOptions), /did you mean "interval"/);
    await assert.rejects(selectAll(store!, everything, { orderBy: [] }), ConfigError);
  });

  it("stops when it is told to, in a request and in a pause", async () => {
    for (const faults of [["slow"], [503, 503, 503, 503]] as const) {
      proxy!.faults.push(...faults);
      const controller = new AbortController();
      setTimeout(() => controller.abort(), 100);
      await assert.rejects(withEndpoint({ timeout: 20_000, backoff: 10_000 }, (endpoint) => endpoint.select(everything, { signal: controller.signal })), AbortError);
      proxy!.faults.length = 0;
    }
  });

  it("asks through the environment's proxy", async () => {
    const seen: string[] = [];
    const between = await listen((request, response) => {
      seen.push(request.url!);
      void bodyOf(request).then(() => response.writeHead(200, { "content-type": "application/json" }).end('{"head":{"vars":[]},"results":{"bindings":[]}}'));
    });
    const before = { HTTP_PROXY: process.env["HTTP_PROXY"], http_proxy: process.env["http_proxy"], NO_PROXY: process.env["NO_PROXY"], no_proxy: process.env["no_proxy"] };
    try {
      for (const name of Object.keys(before)) delete process.env[name];
      process.env["HTTP_PROXY"] = new URL(between.address).origin;
      const endpoint = await openEndpoint("http://dbpedia.example/sparql", quick);
      assert.deepEqual((await endpoint.select("SELECT * {}")).rows, []);
      await endpoint.close();
      assert.deepEqual(seen, ["http://dbpedia.example/sparql"]);
    } finally {
      for (const [name, value] of Object.entries(before)) {
        if (value === undefined) delete process.env[name];
        else process.env[name] = value;
      }
      await between.close();
    }
  });
});

describe("SPARQL results", () => {
  it("reads Virtuoso's sample of the shared data", function () {
    const file = sharedFile("schema-samples/virtuoso_sparql_results_example.json");
    if (file === undefined) skipFor(this, "schema-samples are not in SESSIONLAB_DATA or ../shared/data");
    assert.deepEqual(parseResults(readFileSync(file, "utf8")), {
      variables: ["StationName", "Neighbourhood", "Substance", "Time", "Average"],
      rows: [{
        StationName: '"Casa de Campo"',
        Neighbourhood: "http://www.wikidata.org/entity/Q2017682",
        Substance: "http://dbpedia.org/resource/Toluene",
        Time: '"2017-01-01T00:00:00+01:00"^^<http://www.w3.org/2001/XMLSchema#dateTime>',
        Average: '"1.415014305328899"^^<http://www.w3.org/2001/XMLSchema#decimal>',
      }],
    });
  });

  it("take what the recommendation has, and nothing else", () => {
    const of = (term: object): string => parseResults(JSON.stringify({ head: { vars: ["x"] }, results: { bindings: [{ x: term }] } })).rows[0]!["x"]!;
    assert.equal(of({ type: "literal", value: "Prozess", "xml:lang": "de" }), '"Prozess"@de');
    assert.equal(of({ type: "literal", value: "a", datatype: "http://www.w3.org/2001/XMLSchema#string" }), '"a"');
    assert.equal(of({ type: "bnode", value: "b0" }), "_:b0");
    assert.equal(of({ type: "uri", value: "http://x/a b>" }), "http://x/a%20b%3E"); // DBpedia has such
    assert.deepEqual(parseResults('{"head":{"vars":["a","b"]},"results":{"bindings":[{"b":{"type":"literal","value":""}}]}}').rows, [{ b: '""' }]);
    for (const bad of ["", "{}", "[]", "null", '{"head":{},"results":{"bindings":[]}}', '{"boolean":true,"head":{}}', '{"head":{"vars":["a"]},"results":{}}', '{"head":{"vars":["a"]},"results":{"bindings":[{"b":{"type":"uri","value":"urn:a"}}]}}', '{"head":{"vars":["a"]},"results":{"bindings":[{"a":"urn:a"}]}}', '{"head":{"vars":["a"]},"results":{"bindings":[{"a":{"type":"thing","value":"urn:a"}}]}}', '{"head":{"vars":["a"]},"results":{"bindings":[{"a":{"type":"uri","value":7}}]}}', '{"head":{"vars":["a"]},"results":{"bindings":[{"a":{"type":"uri","value":"relative"}}]}}']) {
      assert.throws(() => parseResults(bad), DataError, bad);
    }
  });

  it("writes titles as labels are written", () => {
    const films = writingsOf({ title: "Shawshank Redemption, The (1994)" }, "films");
    for (const one of ["The Shawshank Redemption", "Shawshank Redemption", "The Shawshank Redemption (film)", "The Shawshank Redemption (1994 film)", "The Shawshank Redemption (disambiguation)"]) assert.ok(films.includes(one), one);
    assert.ok(writingsOf({ title: "water FOR elephants" }, "books").includes("Water for Elephants"));
    assert.ok(writingsOf({ title: "Water For Elephants" }, "books").includes("Water for Elephants"));
  });
});
