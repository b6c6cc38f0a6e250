/**
 * A made-up world for tests of scale: items of Zipf popularity in categories, users of unequal activity, sessions in
 * which an item is followed by its likes. Of any size: events are written as they are drawn, and memory holds one block.
 * A session has a category of the moment; the next item is one of the session's own again, one of the category, or one
 * of all, each drawn by popularity. So popularity, co-occurrence and repeats all predict something, and none everything.
 * Rows are in the order of the sessions' starts, each session in one piece, as a shop's log has them. Titles of one
 * category share their noun.
 */
import { closeSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { basename, dirname } from "node:path";
import { setImmediate } from "node:timers/promises";
import { throwIfAborted } from "../core/errors";
import { fullDisk, isFull, removeLeftovers, temporaryName } from "../core/files";
import { resolveOptions, rules } from "../core/options";
import { meter, type Progress } from "../core/progress";
import { Rng } from "../core/rng";
import { quote, withDuckDB } from "./store";

const defaults = {
  events: 100_000,
  /** Undefined: one for 20 events. */
  users: undefined as number | undefined,
  /** Undefined: 20 times the root of the events. */
  items: undefined as number | undefined,
  /** Undefined: the root of the items. */
  categories: undefined as number | undefined,
  /** The exponent of Zipf's law: the item of popularity rank r is drawn in proportion to r to the minus this. */
  exponent: 1,
  /** Mean events of a session; lengths are geometric, from 1 on. */
  meanLength: 6,
  /** Chance that an event takes an item of its own session again. */
  repeats: 0.1,
  /** Chance that an event that does not stays in the session's category. */
  focus: 0.7,
  days: 180,
  seed: "1",
};

/** Options of `generateEvents`. */
export type WorldOptions = typeof defaults;

/** What was written. */
export interface GeneratedWorld extends Readonly<WorldOptions> {
  readonly users: number;
  readonly items: number;
  readonly categories: number;
  readonly sessions: number;
}

/** 2014-01-01, the year of the Amazon data. */
const firstSecond = 1388534400;
/** Mean and longest pause within a session, in seconds: any usual gap keeps it in one piece. */
const pause = { mean: 45, longest: 900 };
const blockBytes = 1 << 20;
/** A prime that shuffles ids: an item's id says nothing of its popularity. */
const shuffler = 15485863;

/**
 * Writes a generated log of events: session_id, user_id, item_id, timestamp (unix seconds), as CSV, or as Parquet where
 * the path ends so. The same options give the same bytes. A file is whole or not there.
 * @param metadata where to write the items too: item_id, title, category, year
 * @throws ConfigError for wrong options; DataError for a full disk; AbortError
 * @example
 * import { mkdtempSync } from "node:fs";
 * import { eventsFromFile, generateEvents } from "sessionlab";
 * const file = `${mkdtempSync("/tmp/world-")}/events.csv`;
 * const { sessions } = await generateEvents(file, { events: 1000, seed: "7" });
 * const events = await eventsFromFile(file);
 * assert.deepEqual([events.item.length, events.sessionIds!.length], [1000, sessions]);
 */
export async function generateEvents(
  path: string,
  { metadata, signal, progress, ...given }: Partial<WorldOptions> & { readonly metadata?: string; readonly signal?: AbortSignal; readonly progress?: Progress } = {},
): Promise<GeneratedWorld> {
  const size = (value: unknown): string | undefined => (value === undefined ? undefined : rules.positiveInteger(value));
  const options = resolveOptions("generateEvents", defaults, given, {
    events: rules.positiveInteger, users: size, items: size, categories: size, days: rules.positiveInteger,
    exponent: rules.notNegative, repeats: rules.fraction, focus: rules.fraction,
    meanLength: (length) => (typeof length === "number" && length >= 1 && Number.isFinite(length) ? undefined : "a number of 1 or more"),
  });
  const items = options.items ?? Math.ceil(20 * Math.sqrt(options.events));
  const world = { ...options, users: options.users ?? Math.ceil(options.events / 20), items, categories: Math.min(items, options.categories ?? Math.ceil(Math.sqrt(items))) };
  const tick = meter(progress, `generate ${basename(path)}`, "event", options.events);
  let sessions = 0;
  await writeTable(path, "session_id,user_id,item_id,timestamp\n", async (write) => {
    sessions = await drawEvents(world, write, async (done) => {
      tick(done);
      await setImmediate(); // so that a signal can come
      throwIfAborted(signal, `generate ${basename(path)}`);
    });
  });
  if (metadata !== undefined) await writeTable(metadata, "item_id,title,category,year\n", async (write) => drawItems(world, write));
  return { ...world, sessions };
}

type World = Readonly<WorldOptions> & { readonly users: number; readonly items: number; readonly categories: number };

async function drawEvents(world: World, write: (row: string) => void, pausing: (done: number) => Promise<void>): Promise<number> {
  const { events, users, items, categories, exponent, meanLength, repeats, focus, days } = world;
  const rng = new Rng(world.seed).child("events");
  const ofAll = zipf(items, exponent);
  const perCategory = zipf(Math.floor(items / categories), exponent);
  const ofUsers = zipf(users, 0.5);
  const step = (days * 86400 * meanLength) / events; // mean seconds between the starts of sessions
  const logStay = Math.log(1 - 1 / meanLength);
  const rank: number[] = [];
  let sessions = 0;
  let start = firstSecond;
  for (let done = 0, told = 0; done < events; sessions++) {
    start -= step * Math.log(1 - rng.uniform());
    const length = Math.min(events - done, meanLength === 1 ? 1 : 1 + Math.floor(Math.log(1 - rng.uniform()) / logStay));
    const user = 1 + shuffled(ofUsers(rng.uniform()), users);
    rank.length = 0;
    let time = start;
    let category = 0;
    for (let k = 0; k < length; k++) {
      if (k > 0) time += Math.min(pause.longest, -pause.mean * Math.log(1 - rng.uniform()));
      const draw = rng.uniform();
      if (k > 0 && draw < repeats) rank.push(rank[rng.int(k)]!);
      else if (k > 0 && draw < repeats + (1 - repeats) * focus) rank.push(category + categories * perCategory(rng.uniform()));
      else {
        rank.push(ofAll(rng.uniform()));
        if (k === 0) category = rank[0]! % categories;
      }
      write(`${sessions + 1},${user},${1 + shuffled(rank[k]!, items)},${Math.floor(time)}\n`);
    }
    done += length;
    if (done - told >= 100_000 || done === events) await pausing((told = done));
  }
  return sessions;
}

function drawItems({ items, categories, seed }: World, write: (row: string) => void): void {
  const rng = new Rng(seed).child("items");
  const words = { first: ["Silver", "Quiet", "Northern", "Broken", "Golden", "Distant", "Hidden", "Last"], second: ["Harbour", "Garden", "Winter", "Letter", "Mountain", "Circus", "Orchard", "Engine"] };
  for (let rank = 0; rank < items; rank++) {
    const id = 1 + shuffled(rank, items);
    write(`${id},The ${words.first[rng.int(8)]} ${words.second[(rank % categories) % 8]} ${id},Category ${1 + (rank % categories)},${1970 + rng.int(45)}\n`);
  }
}

/**
 * Ranks 0..size-1 by Zipf's law, from a number in [0, 1): the inverse of the continuous law's distribution on
 * [1, size + 1), rounded down, so a draw costs the same for any size.
 */
export function zipf(size: number, exponent: number): (uniform: number) => number {
  const power = 1 - exponent;
  const top = size + 1;
  if (Math.abs(power) < 1e-9) return (uniform) => Math.min(size - 1, Math.floor(Math.exp(uniform * Math.log(top))) - 1);
  const span = top ** power - 1;
  return (uniform) => Math.min(size - 1, Math.floor((1 + uniform * span) ** (1 / power)) - 1);
}

/** A permutation of 0..size-1. */
function shuffled(value: number, size: number): number {
  return size % shuffler === 0 ? value : ((value + 1) * shuffler) % size;
}

/** Writes rows in blocks beside, and gives the whole file its name; Parquet goes through DuckDB. */
export async function writeTable(path: string, header: string, fill: (write: (row: string) => void) => Promise<void> | void): Promise<void> {
  removeLeftovers(dirname(path), basename(path));
  const text = temporaryName(path);
  const parquet = path.endsWith(".parquet") ? temporaryName(path) : undefined;
  try {
    const file = openSync(text, "wx");
    try {
      let block = header;
      const flush = (): void => {
        const bytes = Buffer.from(block);
        for (let written = 0; written < bytes.length; ) written += writeSync(file, bytes, written);
        block = "";
      };
      await fill((row) => {
        block += row;
        if (block.length >= blockBytes) flush();
      });
      flush();
    } finally {
      closeSync(file);
    }
    if (parquet !== undefined) await withDuckDB((connection) => connection.run(`copy (select * from read_csv(${quote(text)}, header = true, delim = ',')) to ${quote(parquet)} (format parquet)`).then(() => undefined));
    renameSync(parquet ?? text, path);
  } catch (error) {
    if (parquet !== undefined) rmSync(parquet, { force: true });
    throw isFull(error) ? fullDisk(path, error) : error;
  } finally {
    rmSync(text, { force: true });
  }
}
