/** From data to graphs: each kind of edge by hand, nothing of the test period, the sets of the shared data and MovieLens. */
import assert from "node:assert/strict";
import { existsSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { ConfigError, DataError } from "../../src/core/errors";
import { catalog } from "../../src/data/catalog";
import { archivePath, isFetched } from "../../src/data/datasets";
import { eventsFrom, type EventTable } from "../../src/data/events";
import { featureOf } from "../../src/data/item-features";
import { sessionsFrom } from "../../src/data/sessions";
import { splitByTime } from "../../src/data/split";
import type { Split } from "../../src/data/types";
import { buildGraph, type GraphOptions } from "../../src/kg/build";
import { datasetGraph, type DatasetGraph } from "../../src/kg/dataset-graph";
import type { KnowledgeGraph } from "../../src/kg/graph";
import { linksFrom } from "../../src/kg/links";
import { readRecboleKg, readRecboleLinks } from "../../src/kg/recbole-kg";
import { triplesFrom } from "../../src/kg/triples";
import { sharedFile, skipFor } from "../data/fixtures";
import { suiteFolder } from "../scratch";

const dbr = "http://dbpedia.org/resource/";
const dbo = "http://dbpedia.org/ontology/";

/** Chosen before time 100: training; "later" is chosen after it alone. */
const rows: readonly (readonly [user: string, item: string, time: number])[] = [
  ["u", "dune", 1], ["u", "messiah", 2], ["u", "emma", 3], ["u", "dune", 4],
  ["v", "messiah", 1], ["v", "dune", 2], ["v", "persuasion", 3],
  ["w", "emma", 1], ["w", "persuasion", 2],
  ["u", "later", 150], ["v", "emma", 150], ["w", "dune", 250], ["w", "later", 260],
];
const authors: Readonly<Record<string, readonly string[]>> = { dune: ["Frank Herbert"], messiah: ["frank  HERBERT"], emma: ["Jane Austen", "Jane&nbsp;Austen"], persuasion: ["Jane Austen"], later: ["Jane Austen", "Nobody"] };
const shops: Readonly<Record<string, readonly string[]>> = { dune: ["messiah", "dune", "later"], messiah: ["dune"] };

function dataOf(kept: typeof rows): { readonly events: EventTable; readonly split: Split } {
  const events = eventsFrom({ name: "demo", user: kept.map(([user]) => user), item: kept.map(([, item]) => item), time: kept.map(([, , time]) => time), titles: new Map([["dune", "Dune"], ["emma", "Emma"]]) });
  const lists = (table: typeof authors, feature: string) => featureOf(feature, events.itemIds.map((id) => [...(table[id] ?? [])]));
  const whole = { ...events, features: [lists(authors, "author"), lists(shops, "also_bought")] };
  return { events: whole, split: splitByTime(sessionsFrom(whole), { at: [100, 200] }) };
}

const triples = triplesFrom([
  [`${dbr}Dune_(novel)`, `${dbo}author`, `${dbr}Frank_Herbert`],
  [`${dbr}Dune_(novel)`, `${dbo}subsequentWork`, `${dbr}Dune_Messiah`],
  [`${dbr}Dune_(novel)`, `${dbo}series`, `${dbr}Dune_(franchise)`],
  [`${dbr}Dune_Messiah`, `${dbo}series`, `${dbr}Dune_(franchise)`],
  [`${dbr}Dune_Messiah`, `${dbo}previousWork`, `${dbr}Dune_(novel)`],
  [`${dbr}Dune_(novel)`, `${dbo}releaseDate`, '"1965-08"^^<http://www.w3.org/2001/XMLSchema#gYearMonth>'],
  [`${dbr}Dune_(novel)`, "http://www.w3.org/2000/01/rdf-schema#label", '"Dune \\"I\\""@en'],
  [`${dbr}Frank_Herbert`, `${dbo}birthPlace`, `${dbr}Tacoma`],
  [`${dbr}Ubik`, `${dbo}author`, `${dbr}Philip_K._Dick`],
], "dbpedia");

function linksOf({ itemIds }: EventTable) {
  const link = (id: string, name: string, confidence: number) => ({ item: itemIds.indexOf(id), uri: dbr + name, confidence, rule: "title", candidates: 2 });
  return linksFrom([link("dune", "Dune_(novel)", 0.75), link("messiah", "Dune_Messiah", 0.5), link("later", "Ubik", 1)].filter(({ item }) => item >= 0), "linker");
}

const graphOf = (kept: typeof rows, options: Partial<GraphOptions> = {}): KnowledgeGraph => {
  const { events, split } = dataOf(kept);
  return buildGraph({ events, split, links: linksOf(events), triples }, options);
};

/** "from name to" with the outside ids of each statement. */
const told = (graph: KnowledgeGraph, name: string, to?: string): string[] => {
  const relation = graph.relation(name, { to });
  return Array.from(relation.target.keys(), (edge) => graph.statement(relation, edge)).map(({ from, to, count, confidence }) => `${from.id} ${to.id} ${count} ${confidence}`);
};

describe("graphs of data sets", () => {
  it("user-item and item-item: training events only, however often and near", () => {
    const graph = graphOf(rows);
    assert.deepEqual(told(graph, "chose"), ["u dune 2 1", "u messiah 1 1", "u emma 1 1", "v dune 1 1", "v messiah 1 1", "v persuasion 1 1", "w emma 1 1", "w persuasion 1 1"]);
    // Within 1: u has dune-messiah, messiah-emma, emma-dune; v has messiah-dune, dune-persuasion; w has emma-persuasion.
    assert.deepEqual(told(graphOf(rows, { window: 1 }), "near in sessions"), ["dune messiah 2 1", "messiah dune 2 1"]);
    assert.equal(told(graphOf(rows, { window: 1, minCount: 1 }), "near in sessions").length, 10);
    assert.deepEqual(told(graphOf(rows, { window: 3, minCount: 3 }), "near in sessions"), ["dune messiah 3 1", "messiah dune 3 1"]);
    assert.equal(graphOf(rows, { window: 0 }).relations.some(({ name }) => name === "near in sessions"), false);
    assert.deepEqual(graph.table("item"), { type: "item", ids: ["dune", "messiah", "emma", "persuasion"], labels: ["Dune", "", "Emma", ""] });
  });

  it("features: one node for a name in other case, with entities or blanks; rare values and hubs on request", () => {
    const graph = graphOf(rows);
    assert.deepEqual(graph.table("author"), { type: "author", ids: ["frank herbert", "jane austen"], labels: ["Frank Herbert", "Jane Austen"] });
    assert.deepEqual(told(graph, "author"), ["dune frank herbert 1 1", "messiah frank herbert 1 1", "emma jane austen 1 1", "persuasion jane austen 1 1"]);
    assert.deepEqual(graphOf(rows, { coldItems: true }).table("author").ids, ["frank herbert", "jane austen", "nobody"]);
    assert.deepEqual(graphOf(rows, { coldItems: true, minItems: 2, maxShare: 0.4 }).table("author").ids, ["frank herbert"]);
    assert.deepEqual(graph.relations.some(({ name }) => name === "also_bought"), false);
    assert.deepEqual(told(graphOf(rows, { related: true }), "also_bought"), ["dune messiah 1 1", "messiah dune 1 1"]);
    assert.throws(() => graphOf(rows, { features: ["auhtor"] }), /Expected features of demo \(author, also_bought\)/);
    assert.throws(() => graphOf(rows, { maxShare: 0 }), ConfigError);
  });

  it("linked data: links with their confidence, triples near them, sequels and series as certain as both links", () => {
    const graph = graphOf(rows);
    assert.deepEqual(told(graph, "is"), [`dune ${dbr}Dune_(novel) 1 0.75`, `messiah ${dbr}Dune_Messiah 1 0.5`]);
    assert.deepEqual(told(graph, "dbo:author"), [`${dbr}Dune_(novel) ${dbr}Frank_Herbert 1 1`]); // nothing of Ubik, whose item is not in training
    assert.deepEqual(graph.relations.filter(({ name }) => name === "dbo:birthPlace"), []);
    assert.equal(told(graphOf(rows, { hops: 2 }), "dbo:birthPlace").length, 1);
    assert.deepEqual(graph.why("item:dune", "item:messiah").filter(({ relation }) => relation === "continued by").map(({ rule, confidence, through }) => [rule, confidence, through]), [
      ["dbo:previousWork between the entities of both", 0.375, ["linker"]], ["dbo:subsequentWork between the entities of both", 0.375, ["linker"]],
    ]);
    assert.deepEqual(told(graph, "in one series"), ["dune messiah 1 0.375", "messiah dune 1 0.375"]);
    assert.equal(graphOf(rows, { maxSeries: 1 }).relations.some(({ name }) => name === "in one series"), false);
    assert.deepEqual(graph.named("entity", graph.number(`entity:${dbr}Dune_(novel)`)).label, 'Dune "I"');
    assert.deepEqual(graph.named("entity", graph.number(`entity:${dbr}Frank_Herbert`)).label, "Frank Herbert");
    assert.deepEqual(graph.table("value"), { type: "value", ids: ['"1965-08"^^<http://www.w3.org/2001/XMLSchema#gYearMonth>'], labels: ["1965-08"] });
    for (const source of ["dbpedia", "linker"]) {
      const sources = graph.without(source).relations.filter(({ target }) => target.length > 0).map(({ name }) => name);
      assert.deepEqual(sources, source === "dbpedia" ? ["author", "chose", "near in sessions"] : ["author", "chose", "dbo:author", "dbo:previousWork", "dbo:releaseDate", "dbo:series", "dbo:subsequentWork", "near in sessions"]);
    }
    assert.equal(graph.minConfidence(0.6).relation("is").target.length, 1);
  });

  it("is the same graph without the events after training, and another without one of training", () => {
    const { hash } = graphOf(rows);
    assert.equal(graphOf(rows.filter(([, , time]) => time < 200)).hash, hash);
    assert.equal(graphOf(rows.filter(([, , time]) => time < 100)).hash, hash);
    assert.notEqual(graphOf(rows.filter((_, n) => n !== 3)).hash, hash);
    assert.notEqual(graphOf(rows, { coldItems: true }).hash, hash);
    const { events, split } = dataOf(rows);
    assert.throws(() => buildGraph({ events: dataOf(rows.slice(6, 9)).events, split }), /Expected a split of demo, found the item "dune"/);
    assert.throws(() => buildGraph({ events, split }, { hop: 1 } as object), /did you mean "hops"/);
  });
});

describe("RecBole's files of a knowledge graph", () => {
  const folder = suiteFolder();
  const write = (name: string, text: string): string => {
    const file = join(folder(), name);
    writeFileSync(file, text);
    return file;
  };

  it("columns in any order; names that no IRI may hold are encoded; several items of one entity", async () => {
    const kg = await readRecboleKg(write("a.kg", "tail_id:token\thead_id:token\trelation_id:token\n<b> \"c\"\tm.1\tfilm.film.genre\n"));
    assert.deepEqual(kg.terms, ["film.film.genre", "m.1", "%3Cb%3E%20%22c%22"].map((name) => `http://rdf.freebase.com/ns/${name}`).sort());
    const links = await readRecboleLinks(write("a.link", "item_id:token\tentity_id:token\n1\tm.1\n2\tm.1\n7\tm.2\n"), ["2", "1"], { namespace: "urn:kg:" });
    assert.deepEqual([Array.from(links.item), links.uri, links.elsewhere], [[0, 1], ["urn:kg:m.1", "urn:kg:m.1"], 1]);
  });

  it("names the line of what is no row", async () => {
    await assert.rejects(readRecboleKg(write("b.kg", "head_id:token\ttail_id:token\n")), (error: Error) => error instanceof DataError && /b\.kg:1: Expected a header with head_id, relation_id, tail_id/.test(error.message));
    await assert.rejects(readRecboleKg(write("c.kg", "head_id\trelation_id\ttail_id\nm.1\tr\tm.2\nm.1\tr\n")), /c\.kg:3: Expected 3 fields/);
    await assert.rejects(readRecboleLinks(write("d.link", "item_id\tentity_id\n1\t\n"), ["1"]), /d\.link:2 \(entity_id\): Expected a name/);
  });
});

describe("graphs of the catalogue's sets, where they are here", function () {
  this.timeout(300_000);
  const root = suiteFolder();
  const counts = (graph: KnowledgeGraph): Record<string, number> => Object.fromEntries([...graph.nodes.values()].map(({ type, ids }) => [type, ids.length]));

  /** Built again without all events after training the graph is the same to its hash; without one event of training it is not. */
  async function holdsNothingLater({ name, graph, split: { protocol } }: DatasetGraph): Promise<void> {
    const at = protocol["cutSeconds"] as number[];
    const ofEvents = async (keep: (time: number) => boolean): Promise<KnowledgeGraph> => {
      const split = (events: EventTable): Split => {
        const kept = Array.from(events.time.keys()).filter((n) => keep(events.time[n]!));
        assert.ok(kept.length < events.time.length);
        const part = eventsFrom({ name: events.name, user: kept.map((n) => events.users![events.user![n]!]!), item: kept.map((n) => events.itemIds[events.item[n]!]!), time: kept.map((n) => events.time[n]!) });
        return splitByTime(sessionsFrom(part, { by: "user" }), { at });
      };
      return (await datasetGraph(name, { root: name === "ml-100k" ? undefined : root(), split })).graph;
    };
    const chosen = (one: KnowledgeGraph): number => one.relation("chose").count.reduce((sum, count) => sum + count, 0);
    assert.equal((await ofEvents((time) => time < at[0]!)).hash, graph.hash);
    let found = false;
    const fewer = await ofEvents((time) => found || !(found = time < at[0]!));
    assert.equal(chosen(fewer), chosen(graph) - 1);
    assert.notEqual(fewer.hash, graph.hash);
  }

  it("books-linked: authors of the item table, DBpedia with the links' confidence; the same without the test events", async function () {
    if (!isFetched(catalog["books-linked"])) skipFor(this, "books-linked is not in SESSIONLAB_DATA or ../shared/data");
    const built = await datasetGraph("books-linked", { root: root() });
    const { graph, split, notes } = built;
    assert.deepEqual([counts(graph), notes], [{ user: 10503, item: 7367, author: 3304, entity: 6984 }, []]);
    assert.equal(graph.relation("chose").count.reduce((sum, one) => sum + one, 0), split.train.item.length);
    assert.deepEqual(graph.why("item:101", "author:sara gruen").map(({ source }) => source), ["items"]);
    assert.deepEqual(graph.why("item:101", `entity:${dbr}Water_for_Elephants`).map(({ rule, confidence }) => [rule, confidence]), [["title, author agrees, of 1 candidate", Math.fround(0.99)]]);
    // No dates in these triples: of sequels only those between books of training are known to have been there.
    assert.deepEqual(built.relations, { kept: 41568, notAllowed: 0, later: 0, unknown: 5514, undated: 0 });
    await holdsNothingLater(built);
  });

  it("amazon-movies: lists of the item tables and DBpedia's films", async function () {
    if (!isFetched(catalog["amazon-movies"])) skipFor(this, "amazon-movies is not in SESSIONLAB_DATA or ../shared/data");
    const built = await datasetGraph("amazon-movies", { root: root() });
    const { graph } = built;
    const { user, item, director, studio, entity } = counts(graph);
    assert.deepEqual({ user, item, director, studio, entity }, { user: 2007, item: 2694, director: 1569, studio: 258, entity: 5694 });
    const sam = graph.neighbours("director:sam raimi").map(({ label }) => label);
    assert.ok(sam.includes("Evil Dead II") && sam.length > 3, sam.join());
    await holdsNothingLater(built);
  });

  it("ml-100k: genres, and Freebase from the wheel with RecBole's numbers put right", async function () {
    const [, wheel] = catalog["ml-100k"].sources;
    if (!existsSync(archivePath(wheel))) skipFor(this, `${wheel.file} was not fetched`);
    const built = await datasetGraph("ml-100k");
    const { graph, notes } = built;
    await holdsNothingLater(built);
    assert.deepEqual(graph.neighbours("item:50", { relations: ["genre"] }).map(({ label }) => label), ["Action", "Adventure", "Romance", "Sci-Fi", "War"]);
    const { user, item, genre } = counts(graph);
    assert.deepEqual({ user, item, genre }, { user: 673, item: 1573, genre: 18 });
    if (sharedFile("lod-mappings") === undefined) {
      assert.match(notes.join(), /numbers Freebase's films as MovieLens-1M does/);
      skipFor(this, "the titles of MovieLens-1M are not here");
    }
    // Alien, Aliens: by the numbers as they stand Return of the Jedi would be followed by Flirt.
    assert.deepEqual(graph.why("item:183", "item:176").filter(({ relation }) => relation === "continued by").map(({ source, from }) => [source, from.id]), [["freebase", "183"], ["freebase", "183"]]);
    assert.deepEqual([...new Set(graph.neighbours("item:183", { relations: ["is"] }).map(({ label }) => label))], ["Alien"]);
    const relations = graph.relations.map(({ name }) => name);
    assert.ok(relations.includes("fb:film.film.directed_by") && !relations.includes("fb:film.director.film") && !relations.some((name) => name.includes("award")), relations.join());
    const all = (await datasetGraph("ml-100k", { relations: { allow: undefined, until: null } })).graph.relations.map(({ name }) => name);
    assert.ok(all.includes("fb:film.film.award_won") && all.includes("fb:film.director.film"), all.join());
  });
});
