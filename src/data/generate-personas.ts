/**
 * A made-up shop whose users have personas, as a stranger would bring it: a file of events and a file of items. Each user
 * prefers one of G groups of items (a genre); a history is many short sessions on days of their own. A session opens with
 * a generic item, of no genre; each further item is of the persona's group with probability `strength`, else of another,
 * all alike. So the first step cannot be told from the session's own items, but from the user's earlier sessions and the
 * graph of users, items and genres; persona-bounds.ts says how well. With `planted: "noise"` each step draws its group anew,
 * persona or not: users have nothing that tells them apart, and a model that gains there gains by something else.
 */
import { ConfigError } from "../core/errors";
import { resolveOptions, rules } from "../core/options";
import { Rng } from "../core/rng";
import { writeTable } from "./generate";
import { personaBounds, zipfShares, type PersonaBounds } from "./persona-bounds";

const defaults = {
  /** As many of each persona: a multiple of the groups. */
  users: 420,
  groups: 6,
  /** Those of the groups, each as many, and the generic ones. */
  items: 120,
  /** Items without a genre, which open sessions. */
  generic: 12,
  /** Sessions of each user: one in each of as many equal parts of the days. */
  sessions: 12,
  /** Events of a session, the opening item among them: each length from the shortest to the longest alike often. */
  shortest: 2,
  longest: 4,
  /** Chance that an item after the first is of the persona's group: from 1 / groups, where personas say nothing, to 1. */
  strength: 0.8,
  /** "noise": a strength of 1 / groups, whatever `strength` says. */
  planted: "persona" as "persona" | "noise",
  /** Of Zipf's law for the popularity within a group: 0 is none. */
  exponent: 0.5,
  days: 180,
  seed: "1",
};

/** Options of `generatePersonas`. */
export type PersonaWorldOptions = typeof defaults;

/** What was written, and what is true of it. */
export interface PersonaWorld extends Readonly<PersonaWorldOptions> {
  /** As it was drawn: 1 / groups in a world of noise. */
  readonly strength: number;
  readonly events: number;
  /** [G] the values of the items' genre, one a persona. */
  readonly genres: readonly string[];
  /** The genre of each user's persona, by the user's id. */
  readonly personas: Readonly<Record<string, string>>;
  /** The best that is possible at 10; `personaBounds(world, k)` for another cut-off. */
  readonly bounds: PersonaBounds;
}

/** 2014-01-01, as in generate.ts. */
const firstSecond = 1388534400;
const daySeconds = 86400;
/** Sessions start between 8 and 20 o'clock UTC and pause for seconds or minutes: gaps of half an hour and days cut them alike. */
const hours = { from: 8, span: 12 };
const pause = { shortest: 20, longest: 300 };
/** Twenty events with the longest pauses end before midnight. */
const longestSession = 20;

/** A persona's genre, and nouns that its titles share. */
const genres: readonly (readonly [string, readonly string[]])[] = [
  ["Mystery", ["Detective", "Murder", "Clue"]],
  ["Cooking", ["Kitchen", "Recipe", "Bakery"]],
  ["Science Fiction", ["Starship", "Android", "Galaxy"]],
  ["Romance", ["Wedding", "Kiss", "Bride"]],
  ["War", ["Soldier", "Battle", "Trench"]],
  ["Travel", ["Island", "Railway", "Voyage"]],
  ["Horror", ["Vampire", "Ghost", "Crypt"]],
  ["Gardening", ["Rose", "Orchard", "Greenhouse"]],
  ["Western", ["Cowboy", "Saloon", "Sheriff"]],
  ["Sports", ["Champion", "Stadium", "Marathon"]],
];
const adjectives = ["Silver", "Quiet", "Northern", "Broken", "Golden", "Distant", "Hidden", "Last", "Second", "Forgotten"];
const genericNouns = ["Calendar", "Notebook", "Gift Card"];
const names = { first: ["Ada", "Ben", "Clara", "David", "Edith", "Felix", "Grace", "Henry", "Iris", "Jonas"], last: ["Marsh", "Okafor", "Lindqvist", "Ferrari", "Novak", "Hayes", "Tanaka", "Moreau", "Silva", "Becker"] };
const itemsOfAuthor = 6;

/**
 * Writes a world of planted personas as CSV: events as user_id, item_id, timestamp (unix seconds) in the order of their
 * times, items as item_id, title, genre, author. Ids say nothing; titles of a genre share their nouns, an author writes in
 * one genre. The same options give the same bytes. Sessions are for `sessionsFrom` to cut, by gap or by day.
 * @param events where to write the events
 * @param items where to write the items
 * @throws ConfigError for wrong options; DataError for a full disk
 * @example
 * import { mkdtempSync } from "node:fs";
 * import { eventsFromFile, generatePersonas, sessionsFrom } from "sessionlab";
 * const folder = mkdtempSync("/tmp/personas-");
 * const world = await generatePersonas(`${folder}/events.csv`, `${folder}/items.csv`, { users: 60, seed: "7" });
 * const { sessions } = sessionsFrom(await eventsFromFile(`${folder}/events.csv`), { by: "day" });
 * assert.deepEqual([sessions.offsets.length - 1, sessions.item.length], [60 * 12, world.events]);
 * assert.ok(world.bounds.persona.hitRate > 0.56 && world.bounds.steps[0]!.session.hitRate < 0.21); // knowing the persona, and not
 */
export async function generatePersonas(events: string, items: string, given: Partial<PersonaWorldOptions> = {}): Promise<PersonaWorld> {
  const { planted, ...options } = resolveOptions("generatePersonas", defaults, given, {
    users: rules.positiveInteger, items: rules.positiveInteger, generic: rules.positiveInteger, sessions: rules.positiveInteger, days: rules.positiveInteger,
    groups: (groups) => (Number.isInteger(groups) && (groups as number) >= 2 ? undefined : "an integer of 2 or more"),
    shortest: (length) => (Number.isInteger(length) && (length as number) >= 2 ? undefined : "an integer of 2 or more"),
    longest: (length) => (Number.isInteger(length) && (length as number) <= longestSession ? undefined : `an integer up to ${longestSession}`),
    planted: rules.oneOf("persona", "noise"),
    exponent: rules.notNegative,
  });
  const world = { ...options, strength: planted === "noise" ? 1 / options.groups : options.strength };
  check(world);
  const shelf = drawItems(world);
  const log = drawEvents(world, shelf.ids);
  await writeTable(items, "item_id,title,genre,author\n", (write) => shelf.rows.forEach(write));
  await writeTable(events, "user_id,item_id,timestamp\n", (write) => log.rows.forEach(write));
  return { ...world, planted, events: log.rows.length, genres: shelf.genres, personas: Object.fromEntries(log.personas.map(([user, group]) => [user, shelf.genres[group]!])), bounds: personaBounds(world, 10) };
}

type World = Readonly<Omit<PersonaWorldOptions, "planted">>;

function check({ users, groups, items, generic, sessions, days, shortest, longest, strength }: World): void {
  if (users % groups !== 0) throw new ConfigError(`Expected as many users of each of the ${groups} personas, found ${users} users; give ${Math.ceil(users / groups) * groups}`);
  const grouped = items - generic;
  if (grouped <= 0 || grouped % groups !== 0) throw new ConfigError(`Expected as many items in each of the ${groups} groups, found ${items} items of which ${generic} are generic; give ${generic + Math.max(1, Math.ceil(grouped / groups)) * groups}`);
  if (sessions > days) throw new ConfigError(`Expected a day for each of a user's ${sessions} sessions, found ${days} days; give more days`);
  if (longest < shortest) throw new ConfigError(`Expected the longest session to have at least the ${shortest} events of the shortest, found ${longest}`);
  if (!(strength >= 1 / groups && strength <= 1)) throw new ConfigError(`Expected generatePersonas.strength in [1 / ${groups}, 1], found ${strength}; at 1 / ${groups} personas say nothing`);
}

/** The items: ids by place, generic ones first, then group by group in the order of popularity; rows in the order of ids. */
function drawItems({ groups, items, generic, seed }: World): { readonly ids: readonly string[]; readonly genres: readonly string[]; readonly rows: readonly string[] } {
  const number = new Rng(seed).child("items").permutation(items);
  const ids = Array.from(number, (id) => `i${id + 1}`);
  const each = (items - generic) / groups;
  const again = (group: number): string => (group < genres.length ? "" : ` ${1 + Math.floor(group / genres.length)}`); // Mystery 2, after ten genres
  const names = Array.from({ length: groups }, (_, group) => `${genres[group % genres.length]![0]}${again(group)}`);
  const authors = Math.ceil(each / itemsOfAuthor);
  const row = (place: number): string => {
    if (place < generic) return `${ids[place]!},${titleOf(place, genericNouns)},,${authorOf(Math.floor(place / itemsOfAuthor))}\n`;
    const [group, rank] = [Math.floor((place - generic) / each), (place - generic) % each];
    return `${ids[place]!},${titleOf(rank, genres[group % genres.length]![1])}${again(group)},${names[group]!},${authorOf(Math.ceil(generic / itemsOfAuthor) + group * authors + (rank % authors))}\n`;
  };
  const placeOf = new Uint32Array(items);
  number.forEach((id, place) => (placeOf[id] = place));
  return { ids, genres: names, rows: Array.from(placeOf, row) };
}

/** "The Silver Clue", each pair once; then again with a number. */
function titleOf(at: number, nouns: readonly string[]): string {
  const pairs = adjectives.length * nouns.length;
  const volume = Math.floor(at / pairs);
  return `The ${adjectives[at % adjectives.length]!} ${nouns[Math.floor(at / adjectives.length) % nouns.length]!}${volume === 0 ? "" : `: Volume ${volume + 1}`}`;
}

function authorOf(at: number): string {
  const [first, last] = [names.first.length, names.last.length];
  const again = Math.floor(at / (first * last));
  return `${names.first[at % first]!} ${names.last[Math.floor(at / first) % last]!}${again === 0 ? "" : ` ${again + 1}`}`;
}

/** The events in the order of time, of one time in the order of users; and each user's group. */
function drawEvents(world: World, ids: readonly string[]): { readonly rows: readonly string[]; readonly personas: readonly (readonly [string, number])[] } {
  const { users, groups, items, generic, sessions, shortest, longest, strength, exponent, days } = world;
  const rng = new Rng(world.seed).child("events");
  const each = (items - generic) / groups;
  const [ofGeneric, ofGroup] = [drawer(zipfShares(generic, exponent)), drawer(zipfShares(each, exponent))];
  const personas = Array.from(rng.child("personas").permutation(users), (at, user) => [`u${user + 1}`, at % groups] as const);
  const log: { readonly time: number; readonly row: string }[] = [];
  for (const [user, persona] of personas) {
    const own = rng.child(user);
    for (let part = 0; part < sessions; part++) {
      const [from, to] = [Math.floor((part * days) / sessions), Math.floor(((part + 1) * days) / sessions)];
      let time = firstSecond + daySeconds * (from + own.int(to - from)) + 3600 * hours.from + own.int(3600 * hours.span);
      const length = shortest + own.int(longest - shortest + 1);
      for (let k = 0; k < length; k++) {
        if (k > 0) time += pause.shortest + own.int(pause.longest - pause.shortest + 1);
        const item = k === 0 ? ofGeneric(own.uniform()) : generic + each * groupOf(own, persona, groups, strength) + ofGroup(own.uniform());
        log.push({ time, row: `${user},${ids[item]!},${time}\n` });
      }
    }
  }
  return { rows: log.sort((a, b) => a.time - b.time).map(({ row }) => row), personas };
}

/** The persona's group, or one of the others. */
function groupOf(rng: Rng, persona: number, groups: number, strength: number): number {
  return rng.uniform() < strength ? persona : (persona + 1 + rng.int(groups - 1)) % groups;
}

/** Draws places by their shares, from a number in [0, 1). */
function drawer(shares: readonly number[]): (uniform: number) => number {
  let sum = 0;
  const upTo = shares.map((share) => (sum += share));
  upTo[upTo.length - 1] = 1; // whatever was rounded
  return (uniform) => upTo.findIndex((bound) => uniform < bound);
}
