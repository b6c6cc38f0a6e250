import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { ConfigError } from "../../src/core/errors";
import { Rng } from "../../src/core/rng";
import { generateEvents, zipf } from "../../src/data/generate";
import { eventsFromFile } from "../../src/data/own-files";
import { sessionsFrom } from "../../src/data/sessions";
import { freshFolder } from "../scratch";

describe("generateEvents", () => {
  const folder = freshFolder();

  it("writes as many events as asked, of the items of its metadata, the same bytes for a seed and others for another", async () => {
    const [a, b, c] = ["a.csv", "b.csv", "c.csv"].map((name) => join(folder(), name)) as [string, string, string];
    const items = join(folder(), "items.csv");
    const world = await generateEvents(a, { events: 20_000, metadata: items });
    assert.deepEqual([world.users, world.items, world.categories], [1000, 2829, 54]);
    await generateEvents(b, { events: 20_000 });
    await generateEvents(c, { events: 20_000, seed: "2" });
    assert.ok(readFileSync(a).equals(readFileSync(b)) && !readFileSync(a).equals(readFileSync(c)));
    const events = await eventsFromFile(a);
    assert.deepEqual([events.item.length, events.sessionIds!.length, events.report.dropped], [20_000, world.sessions, []]);
    const lines = readFileSync(items, "utf8").trimEnd().split("\n").slice(1);
    const known = new Map(lines.map((line) => line.split(",")).map(([id, ...rest]) => [id!, rest]));
    assert.equal(known.size, world.items);
    assert.ok(events.itemIds.every((id) => known.has(id)));
    const nouns = new Map<string, Set<string>>();
    for (const [title, category] of known.values()) nouns.set(category!, (nouns.get(category!) ?? new Set()).add(title!.split(" ")[2]!));
    assert.deepEqual([...nouns.values()].map(({ size }) => size), new Array(54).fill(1)); // titles of a category share their noun
    assert.deepEqual(readdirSync(folder()).sort(), ["a.csv", "b.csv", "c.csv", "items.csv"]);
  });

  it("has Zipf popularity, the mean length, sessions that keep to a category, and starts in time order", async () => {
    const [file, items] = [join(folder(), "log.csv"), join(folder(), "items.csv")];
    const { sessions: count } = await generateEvents(file, { events: 60_000, items: 1000, categories: 10, focus: 0.8, repeats: 0, meanLength: 5, metadata: items });
    assert.ok(Math.abs(60_000 / count - 5) < 0.15, `${60_000 / count} events a session`);
    const category = new Map(readFileSync(items, "utf8").split("\n").map((line) => line.split(",")).map(([id, , name]) => [id!, name!]));
    const { sessions, itemIds } = sessionsFrom(await eventsFromFile(file), { by: "given" });
    let [same, pairs, starts] = [0, 0, true];
    const counts = new Uint32Array(itemIds.length);
    for (const item of sessions.item) counts[item]!++;
    for (let s = 0; s + 1 < sessions.offsets.length; s++) {
      if (s > 0) starts &&= sessions.time[sessions.offsets[s]!]! >= sessions.time[sessions.offsets[s - 1]!]!;
      for (let k = sessions.offsets[s]! + 1; k < sessions.offsets[s + 1]!; k++, pairs++) {
        same += category.get(itemIds[sessions.item[k]!]!) === category.get(itemIds[sessions.item[sessions.offsets[s]!]!]!) ? 1 : 0;
      }
    }
    assert.ok(starts);
    assert.ok(same / pairs > 0.8 && same / pairs < 0.9, `${same / pairs} of a session in its first item's category`);
    const share = counts.sort().subarray(-200).reduce((sum, one) => sum + one, 0) / sessions.item.length;
    assert.ok(share > 0.65 && share < 0.77, `the top fifth has ${share} of the events`); // of all items alone: ln 201 / ln 1001, which is .77
  });

  it("draws ranks by Zipf's law: the share of each as the law has it", () => {
    for (const exponent of [0, 0.8, 1, 1.5]) {
      const [draw, rng] = [zipf(4, exponent), new Rng(exponent)];
      const counts = [0, 0, 0, 0];
      for (let n = 0; n < 20_000; n++) counts[draw(rng.uniform())]!++;
      const upTo = (x: number): number => (exponent === 1 ? Math.log(x) : (x ** (1 - exponent) - 1) / (1 - exponent));
      for (const [rank, count] of counts.entries()) assert.ok(Math.abs(count / 20_000 - (upTo(rank + 2) - upTo(rank + 1)) / upTo(5)) < 0.015, `${exponent}: ${counts.join()}`);
    }
  });

  it("writes the same events as Parquet, and leaves nothing of a run that was stopped or refused", async () => {
    const [csv, parquet] = [join(folder(), "log.csv"), join(folder(), "log.parquet")];
    await generateEvents(csv, { events: 3000 });
    await generateEvents(parquet, { events: 3000 });
    assert.equal((await eventsFromFile(parquet)).hash, (await eventsFromFile(csv)).hash);
    await assert.rejects(generateEvents(join(folder(), "none.csv"), { events: 300_000, signal: AbortSignal.abort() }), { name: "AbortError" });
    await assert.rejects(generateEvents(join(folder(), "none.csv"), { events: 0 }), ConfigError);
    assert.deepEqual(readdirSync(folder()).sort(), ["log.csv", "log.parquet"]);
  });
});
