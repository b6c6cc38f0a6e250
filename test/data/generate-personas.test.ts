import assert from "node:assert/strict";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { ConfigError } from "../../src/core/errors";
import { generatePersonas, type PersonaWorld, type PersonaWorldOptions } from "../../src/data/generate-personas";
import { eventsFromFile } from "../../src/data/own-files";
import { withTitles } from "../../src/data/own-titles";
import { personaBounds, zipfShares } from "../../src/data/persona-bounds";
import { sessionsFrom } from "../../src/data/sessions";
import { freshFolder } from "../scratch";

/** A world as its reader sees it: sessions of items by their outside ids, and the table of items. */
interface ReadWorld {
  readonly world: PersonaWorld;
  readonly sessions: readonly { readonly user: string; readonly items: readonly string[]; readonly day: number }[];
  readonly shelf: ReadonlyMap<string, { readonly title: string; readonly genre: string; readonly author: string }>;
}

/** HR and NDCG at 10 of the best lists, counted on the events of `read` as a recommender would be. */
function counted(read: ReadWorld, chances: (read: ReadWorld, session: ReadWorld["sessions"][number], seen: readonly string[]) => readonly number[], k: number) {
  const { world, sessions, shelf } = read;
  const counts = new Map<string, number>(); // of group items: their popularity, as training would count it
  for (const { items } of sessions) for (const item of items.slice(1)) counts.set(item, (counts.get(item) ?? 0) + 1);
  const perGenre = world.genres.map((genre) => {
    const own = [...shelf].filter(([, one]) => one.genre === genre).map(([item]) => item);
    const total = own.reduce((sum, item) => sum + (counts.get(item) ?? 0), 0);
    return own.map((item) => ({ item, share: (counts.get(item) ?? 0) / total }));
  });
  const lists = new Map<string, readonly string[]>();
  let [hits, gain, cases] = [0, 0, 0];
  for (const session of sessions) {
    for (let end = 1; end < session.items.length; end++, cases++) {
      const seen = session.items.slice(1, end).map((item) => shelf.get(item)!.genre);
      const key = chances(read, session, seen);
      const list = lists.get(key.join()) ?? perGenre.flatMap((items, group) => items.map(({ item, share }) => ({ item, p: key[group]! * share }))).sort((a, b) => b.p - a.p).slice(0, k).map(({ item }) => item);
      lists.set(key.join(), list);
      const place = list.indexOf(session.items[end]!);
      if (place >= 0) [hits, gain] = [hits + 1, gain + 1 / Math.log2(place + 2)];
    }
  }
  return { hitRate: hits / cases, ndcg: gain / cases, cases };
}

/** Chances of the groups for one that knows the persona, by the definition of the world. */
const knowing = ({ world: { genres, strength, personas } }: ReadWorld, { user }: { readonly user: string }): number[] =>
  genres.map((genre) => (genre === personas[user] ? strength : (1 - strength) / (genres.length - 1)));

/** By Bayes' rule over the steps that the session shows, one at a time. */
const watching = ({ world: { genres, strength } }: ReadWorld, _: unknown, seen: readonly string[]): number[] => {
  const other = (1 - strength) / (genres.length - 1);
  let belief = genres.map(() => 1 / genres.length);
  for (const one of seen) {
    const joint = belief.map((chance, group) => chance * (genres[group] === one ? strength : other));
    belief = joint.map((chance) => chance / joint.reduce((a, b) => a + b, 0));
  }
  return genres.map((_, group) => Number(belief.reduce((sum, chance, persona) => sum + chance * (persona === group ? strength : other), 0).toFixed(12)));
};

describe("generatePersonas", () => {
  const folder = freshFolder();

  async function read(given: Partial<PersonaWorldOptions> = {}): Promise<ReadWorld> {
    const [events, items] = [join(folder(), "events.csv"), join(folder(), "items.csv")];
    const world = await generatePersonas(events, items, given);
    const table = sessionsFrom(await eventsFromFile(events), { by: "day", minLength: 1 });
    const shelf = new Map(readFileSync(items, "utf8").trimEnd().split("\n").slice(1).map((line) => line.split(",")).map(([item, title, genre, author]) => [item!, { title: title!, genre: genre!, author: author! }]));
    const { offsets, item, time, user } = table.sessions;
    const sessions = Array.from({ length: offsets.length - 1 }, (_, s) => ({
      user: table.users![user![s]!]!,
      items: Array.from(item.subarray(offsets[s], offsets[s + 1]), (one) => table.itemIds[one]!),
      day: Math.floor(time[offsets[s]!]! / 86400),
    }));
    return { world, sessions, shelf };
  }

  it("writes users, items, days and sessions as asked: generic openings, one genre a group, an author of one genre", async () => {
    const { world, sessions, shelf } = await read();
    assert.deepEqual([world.users, world.groups, world.items, world.generic, world.sessions, world.strength], [420, 6, 120, 12, 12, 0.8]);
    assert.equal(sessions.length, 420 * 12);
    assert.equal(sessions.reduce((sum, { items }) => sum + items.length, 0), world.events);
    assert.equal(new Set(sessions.map(({ user, day }) => `${user} ${day}`)).size, 420 * 12); // days of their own
    assert.deepEqual([2, 3, 4].map((length) => sessions.filter(({ items }) => items.length === length).length / sessions.length).map((share) => Math.abs(share - 1 / 3) < 0.02), [true, true, true]);
    const ofGenre = (genre: string): number => [...shelf.values()].filter((one) => one.genre === genre).length;
    assert.deepEqual([ofGenre(""), ...world.genres.map(ofGenre)], [12, 18, 18, 18, 18, 18, 18]);
    assert.ok(sessions.every(({ items }) => items.every((item, place) => (shelf.get(item)!.genre === "") === (place === 0))));
    assert.deepEqual(world.genres.map((genre) => Object.values(world.personas).filter((one) => one === genre).length), [70, 70, 70, 70, 70, 70]);
    const authors = new Map<string, Set<string>>();
    for (const { author, genre } of shelf.values()) authors.set(author, (authors.get(author) ?? new Set()).add(genre));
    assert.deepEqual([authors.size, [...authors.values()].every(({ size }) => size === 1)], [2 + 6 * 3, true]);
    assert.equal(new Set([...shelf.values()].map(({ title }) => title)).size, 120);
  });

  it("is read as a stranger's files: gaps and days cut it alike, titles are found", async () => {
    const file = join(folder(), "events.csv");
    await generatePersonas(file, join(folder(), "items.csv"), { users: 60 });
    const events = await withTitles(await eventsFromFile(file), join(folder(), "items.csv"));
    assert.deepEqual([events.report.dropped, events.report.columns, events.users!.length, events.titles.includes("")], [[], { user: "user_id", item: "item_id", time: "timestamp" }, 60, false]);
    assert.equal(sessionsFrom(events, { by: "gap" }).hash, sessionsFrom(events, { by: "day" }).hash);
    const times = readFileSync(file, "utf8").trimEnd().split("\n").slice(1).map((line) => Number(line.split(",")[2]));
    assert.ok(times.every((time, at) => at === 0 || time >= times[at - 1]!));
  });

  it("gives the same bytes for a seed, others for another, and refuses what cannot be", async () => {
    const write = async (name: string, given: Partial<PersonaWorldOptions>): Promise<string> => {
      await generatePersonas(join(folder(), name), join(folder(), `items-${name}`), given);
      return readFileSync(join(folder(), name), "utf8") + readFileSync(join(folder(), `items-${name}`), "utf8");
    };
    const [a, b, c] = [await write("a", { users: 12 }), await write("b", { users: 12 }), await write("c", { users: 12, seed: "2" })];
    assert.ok(a === b && a !== c);
    const refused = async (given: Partial<PersonaWorldOptions>, message: RegExp): Promise<void> => {
      await assert.rejects(generatePersonas(join(folder(), "no"), join(folder(), "none"), given), (error) => error instanceof ConfigError && message.test(error.message));
    };
    await refused({ users: 400 }, /found 400 users; give 402/);
    await refused({ items: 121 }, /found 121 items of which 12 are generic; give 126/);
    await refused({ items: 12 }, /give 18/);
    await refused({ strength: 0.1 }, /strength in \[1 \/ 6, 1\], found 0.1/);
    await refused({ sessions: 200 }, /give more days/);
    await refused({ shortest: 5 }, /at least the 5 events/);
    await refused({ longest: 21 }, /an integer up to 20/);
    assert.deepEqual(readdirSync(folder()).sort(), ["a", "b", "c", "items-a", "items-b", "items-c"]);
  });

  it("draws the persona's group with the strength, the others alike, and ranks by Zipf's law", async () => {
    const { world, sessions, shelf } = await read({ strength: 0.7, users: 600 });
    const steps = sessions.flatMap(({ user, items }) => items.slice(1).map((item) => ({ own: world.personas[user]!, item, genre: shelf.get(item)!.genre })));
    const spread = 4 * Math.sqrt(0.7 * 0.3 / steps.length); // four standard deviations
    const share = steps.filter(({ own, genre }) => own === genre).length / steps.length;
    assert.ok(Math.abs(share - 0.7) < spread, `${share} of ${steps.length} steps`);
    for (let away = 1; away < 6; away++) {
      const other = steps.filter(({ own, genre }) => world.genres[(world.genres.indexOf(own) + away) % 6] === genre).length / steps.length;
      assert.ok(Math.abs(other - 0.06) < spread, `${other} go ${away} groups on`);
    }
    const counts = new Map<string, number>();
    for (const { item } of steps) counts.set(item, (counts.get(item) ?? 0) + 1);
    const byRank = world.genres.map((genre) => [...shelf].filter(([, one]) => one.genre === genre).map(([item]) => counts.get(item)!).sort((a, b) => b - a));
    const top = byRank.reduce((sum, ranks) => sum + ranks[0]!, 0) / steps.length;
    assert.ok(Math.abs(top - zipfShares(18, 0.5)[0]!) < 0.01, `${top} of the steps take the first of a group`); // .1401
  });

  it("has the bounds that counting finds, at several strengths", async () => {
    for (const strength of [0.5, 0.8, 1]) {
      const one = await read({ strength, users: 1200 });
      const [persona, session] = [counted(one, knowing, 10), counted(one, watching, 10)];
      for (const of of ["hitRate", "ndcg"] as const) {
        assert.ok(Math.abs(persona[of] - one.world.bounds.persona[of]) < 0.015, `strength ${strength}, persona known: ${of} ${persona[of]}, bound ${one.world.bounds.persona[of]}`);
        assert.ok(Math.abs(session[of] - one.world.bounds.session[of]) < 0.015, `strength ${strength}, session alone: ${of} ${session[of]}, bound ${one.world.bounds.session[of]}`);
      }
      assert.ok(persona.hitRate - session.hitRate > 0.1);
    }
  });

  it("lets a user's earlier sessions tell the persona: counting genres comes near the bound", async () => {
    const one = await read({ users: 1200 });
    const last = Math.max(...one.sessions.map(({ day }) => day)) - 45; // the last quarter is asked for
    const history = new Map<string, number[]>();
    for (const { user, items, day } of one.sessions) {
      const counts = history.get(user) ?? one.world.genres.map(() => 0);
      if (day < last) for (const item of items.slice(1)) counts[one.world.genres.indexOf(one.shelf.get(item)!.genre)]!++;
      history.set(user, counts);
    }
    const guess = new Map([...history].map(([user, counts]) => [user, one.world.genres[counts.indexOf(Math.max(...counts))]!]));
    const right = [...guess].filter(([user, genre]) => one.world.personas[user] === genre).length / guess.size;
    assert.ok(right > 0.98, `${right} of the users are known by their genres`);
    const late = { ...one, sessions: one.sessions.filter(({ day }) => day >= last) };
    const { hitRate, cases } = counted(late, (read, { user }) => read.world.genres.map((genre) => (genre === guess.get(user) ? 0.8 : 0.04)), 10);
    assert.ok(cases > 5000 && Math.abs(hitRate - one.world.bounds.persona.hitRate) < 0.02, `${hitRate} on ${cases} later cases, bound ${one.world.bounds.persona.hitRate}`);
  });

  it("plants noise that the persona says nothing of: both bounds are one, and the oracle gains nothing", async () => {
    const noise = await read({ planted: "noise", users: 1200 });
    const { bounds, strength, personas, genres } = noise.world;
    assert.equal(strength, 1 / 6);
    assert.ok(Math.abs(bounds.persona.hitRate - bounds.session.hitRate) < 1e-12 && Math.abs(bounds.persona.ndcg - bounds.session.ndcg) < 1e-12);
    const blind = counted(noise, () => genres.map(() => 1 / 6), 10);
    assert.ok(Math.abs(blind.hitRate - bounds.session.hitRate) < 0.015, `${blind.hitRate}, bound ${bounds.session.hitRate}`);
    const believing = counted(noise, (read, { user }) => read.world.genres.map((genre) => (genre === personas[user] ? 0.8 : 0.04)), 10);
    const ofGroup = zipfShares(18, 0.5).slice(0, 10).reduce((sum, share) => sum + share, 0) / 6;
    assert.ok(Math.abs(believing.hitRate - ofGroup) < 0.015, `one that believes in personas hits ${believing.hitRate}, by chance ${ofGroup}`);
    assert.ok(believing.hitRate < blind.hitRate);
  });
});

describe("personaBounds", () => {
  const round = (value: number): number => Number(value.toFixed(12));

  it("is the sum of probabilities that a hand can add up", () => {
    // Two groups of two items, alike popular; K = 1.
    const two = personaBounds({ groups: 2, items: 5, generic: 1, strength: 0.9, exponent: 0, shortest: 2, longest: 3 }, 1);
    assert.deepEqual(two.steps.map(({ step, share, persona, session }) => [step, share, persona.hitRate, session.hitRate].map(round)), [[1, round(2 / 3), 0.45, 0.25], [2, round(1 / 3), 0.45, 0.41]]); // (.9² + .1²) / 2
    assert.deepEqual([two.persona.hitRate, two.session.hitRate].map(round), [0.45, round((2 * 0.25 + 0.41) / 3)]);
    // Popularity 2/3 and 1/3 (ranks 1 and 2, exponent 1); K = 2 takes both of the persona's group, or the first of each.
    const skewed = personaBounds({ groups: 2, items: 4, generic: 0, strength: 0.8, exponent: 1, shortest: 2, longest: 2 }, 2);
    assert.deepEqual([skewed.persona.hitRate, skewed.persona.ndcg, skewed.session.hitRate, skewed.session.ndcg].map(round), [0.8, 1.6 / 3 + 0.8 / 3 / Math.log2(3), 2 / 3, 1 / 3 + 1 / 3 / Math.log2(3)].map(round));
  });

  it("sums over what a session may show: after two steps of three groups, by all nine sequences", () => {
    const [s, q] = [0.6, 0.2];
    const sequences = [0, 1, 2].flatMap((a) => [0, 1, 2].map((b) => [a, b]));
    const best = sequences.map((sequence) => {
      const joint = [0, 1, 2].map((persona) => sequence.reduce((chance, group) => chance * (group === persona ? s : q), 1 / 3));
      return Math.max(...[0, 1, 2].map((group) => joint.reduce((sum, chance, persona) => sum + chance * (persona === group ? s : q), 0)));
    });
    const { steps } = personaBounds({ groups: 3, items: 3, generic: 0, strength: s, exponent: 0, shortest: 4, longest: 4 }, 1);
    assert.equal(round(steps[2]!.session.hitRate), round(best.reduce((a, b) => a + b, 0)));
    assert.deepEqual(steps.map(({ share }) => round(share)), [1, 1, 1].map((n) => round(n / 3)));
  });

  it("rises with each step that the session shows, never past the persona, and is 1 where the list holds all", () => {
    const world = { groups: 6, items: 120, generic: 12, strength: 0.7, exponent: 0.5, shortest: 2, longest: 12 };
    const { steps } = personaBounds(world, 10);
    for (const [n, { session, persona }] of steps.entries()) assert.ok(session.hitRate < persona.hitRate && (n === 0 || session.hitRate > steps[n - 1]!.session.hitRate - 1e-12), `step ${n + 1}: ${session.hitRate}`);
    assert.equal(round(personaBounds(world, 108).session.hitRate), 1);
    const certain = personaBounds({ ...world, strength: 1 }, 10).steps[1]!;
    assert.equal(round(certain.session.hitRate), round(certain.persona.hitRate)); // one step of a group tells all
  });
});
