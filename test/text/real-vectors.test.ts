/** The default encoder on real titles: neighbours that a reader would name, rows that are themselves, nothing of the test period. */
import assert from "node:assert/strict";
import { existsSync } from "node:fs";
import { hashOf } from "../../src/core/hash";
import { Rng } from "../../src/core/rng";
import { catalog } from "../../src/data/catalog";
import { isFetched, loadDataset } from "../../src/data/datasets";
import { eventsFrom, type EventTable } from "../../src/data/events";
import { sessionsFrom } from "../../src/data/sessions";
import { splitByTime } from "../../src/data/split";
import { initBackend } from "../../src/index";
import { buildGraph } from "../../src/kg/build";
import { personaGraphOf } from "../../src/personas/from-graph";
import type { BertEncoder } from "../../src/text/bert";
import { miniLmFolder, openMiniLm } from "../../src/text/default-encoder";
import { itemVectors, trainedVectors, type TextVectors } from "../../src/text/item-vectors";
import { nearestRows } from "../../src/text/neighbours";
import { itemFields, renderTexts } from "../../src/text/template";
import { skipFor } from "../data/fixtures";
import { suiteFolder } from "../scratch";

/** Of the 1,000 items that are chosen most, by their titles alone: the nearest ones, in their order. */
const neighbours: Readonly<Record<"books-linked" | "amazon-movies", Readonly<Record<string, readonly string[]>>>> = {
  "books-linked": {
    "Harry Potter and the Sorcerer's Stone": ["Harry Potter And The Prisoner Of Azkaban", "Harry Potter and the Half-Blood Prince", "Harry Potter And The Goblet Of Fire (Book 4)"],
    "A Game of Thrones: A Song of Ice and Fire: Book One": ["A Clash of Kings: A Song of Ice and Fire: Book Two (Game of Thrones)", "A Storm of Swords (HBO Tie-in Edition): A Song of Ice and Fire: Book Three"],
  },
  "amazon-movies": {
    "Star Wars: Episode II - Attack of the Clones": [
      "Star Wars: Episode I - The Phantom Menace", "Star Wars: Episode IV - A New Hope", "Star Wars: Episode III - Revenge of the Sith", "Star Wars: The Complete Saga",
    ],
    "The Lord of the Rings: The Fellowship of the Ring": ["The Lord of the Rings: The Return of the King", "The Lord of the Rings: The Motion Picture Trilogy"],
    "Toy Story 3": ["Toy Story 2", "Toy Story"],
    "Batman Begins": ["Batman", "Batman Forever", "Batman & Robin", "The Dark Knight Rises"],
    "Shrek": ["Shrek 2"],
  },
};

describe("the default encoder on real titles", function () {
  this.timeout(300_000);
  const folder = suiteFolder();
  let encoder: BertEncoder;
  before(async function () {
    if (!existsSync(miniLmFolder())) skipFor(this, "all-MiniLM-L6-v2 is not here (npm run setup -- --tests fetches it)");
    await initBackend();
    encoder = await openMiniLm();
  });
  after(() => encoder?.dispose());

  const load = async (context: Mocha.Context, name: keyof typeof neighbours): Promise<EventTable> => {
    if (!isFetched(catalog[name])) skipFor(context, `${name} is not in SESSIONLAB_DATA or ../shared/data`);
    return loadDataset(name, { root: folder() });
  };

  for (const name of ["books-linked", "amazon-movies"] as const) {
    it(`${name}: finds the books or films that belong together, and first, last and a random row are what they are alone`, async function () {
      const events = await load(this, name);
      const fields = itemFields(events);
      const chosen = new Int32Array(fields.ids.length);
      for (const item of events.item) chosen[item]!++;
      const titled = Array.from(fields.ids.keys()).filter((row) => fields.fields["title"]![row]!.length > 0);
      const most = titled.sort((a, b) => chosen[b]! - chosen[a]! || (fields.ids[a]! < fields.ids[b]! ? -1 : 1)).slice(0, 1000);
      const items = { ids: most.map((row) => fields.ids[row]!), trained: most.length, fields: { title: most.map((row) => fields.fields["title"]![row]!) } };
      const table = await itemVectors(items, encoder, { template: "title", cache: folder() });
      const titles = renderTexts(items, "title");
      for (const [title, expected] of Object.entries(neighbours[name])) {
        assert.deepEqual(nearestRows(table, titles.indexOf(title), expected.length).map(({ row }) => titles[row]), expected, title);
      }
      for (const row of [0, new Rng(name).int(titles.length), titles.length - 1]) assert.deepEqual(await encoder.encode([titles[row]!]), rowOf(table, row), titles[row]);
    });
  }

  it("gives items and users of training the same vectors to the bit where the test events are deleted", async function () {
    const events = await load(this, "amazon-movies");
    const { cutSeconds } = splitByTime(sessionsFrom(events)).protocol;
    const at = cutSeconds as number[];
    const users = 60; // of some 2,500: encoded twice
    const vectorsOf = async (keep: (time: number) => boolean, cache: string): Promise<{ items: string; users: string; counts: number[] }> => {
      const kept = Array.from(events.time.keys()).filter((n) => events.user![n]! < users && keep(events.time[n]!));
      const titles = new Map(events.itemIds.map((id, n) => [id, events.titles![n]!]));
      const part = eventsFrom({ name: "part", user: kept.map((n) => events.users![events.user![n]!]!), item: kept.map((n) => events.itemIds[events.item[n]!]!), time: kept.map((n) => events.time[n]!), titles });
      const split = splitByTime(sessionsFrom(part, { by: "user" }), { at });
      const table = await itemVectors(itemFields(part, split.items), encoder, { template: "title", normalise: "centred-unit", cache: `${folder()}/${cache}` });
      const graph = buildGraph({ events: part, split });
      const { shape, data } = trainedVectors(table);
      assert.deepEqual(graph.table("item").ids, split.items.ids.slice(0, shape[0]));
      const { features } = personaGraphOf(graph, "user", { shape, data }, { paths: [["user", "item", "user"]] });
      assert.ok("data" in features);
      return { items: hashOf(data), users: hashOf(features.data), counts: [table.shape[0], shape[0], features.shape[0]] };
    };
    const whole = await vectorsOf(() => true, "whole");
    const without = await vectorsOf((time) => time < at[0]!, "without");
    assert.ok(whole.counts[0]! > without.counts[0]! && without.counts[1]! > 200, `${whole.counts} ${without.counts}`);
    assert.deepEqual([without.items, without.users, without.counts.slice(1)], [whole.items, whole.users, whole.counts.slice(1)]);
    let found = false;
    assert.notEqual((await vectorsOf((time) => time < at[0]! && (found || !(found = true)), "without")).users, whole.users, "without an event of training they differ");
  });
});

function rowOf({ data, shape: [, dimension] }: TextVectors, row: number): Float32Array {
  return data.slice(row * dimension, (row + 1) * dimension);
}
