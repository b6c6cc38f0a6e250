/** sessionlab data generate|generate-personas: made-up data, of any size for tests of scale, or with personas that are known. */
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import type { Command } from "commander";
import { ConfigError } from "../core/errors";
import { generateEvents } from "../data/generate";
import { generatePersonas } from "../data/generate-personas";
import type { Runner } from "./terminal";
import { collect, parsePairs } from "./values";

interface GenerateOptions {
  readonly events: string;
  readonly out: string;
  readonly items?: string;
  readonly users?: string;
  readonly metadata?: string;
  readonly seed: string;
}

interface PersonasOptions {
  readonly out: string;
  readonly noise?: boolean;
  readonly set?: readonly string[];
  readonly seed: string;
}

/** Adds the verbs to `data`. */
export function addGenerate(data: Command, runner: Runner): void {
  const generate = data
    .command("generate")
    .description("write a made-up log of events, of any size: Zipf popularity, sessions with structure; the same seed gives the same bytes")
    .requiredOption("--events <n>", "how many events")
    .requiredOption("--out <file>", "where to; CSV, or Parquet if the name ends in .parquet")
    .option("--items <n>", "how many items; default: 20 times the root of the events")
    .option("--users <n>", "how many users; default: one for 20 events")
    .option("--metadata <file>", "write the items' titles, categories and years too")
    .option("--seed <seed>", "another seed is another world", "1")
    .addHelpText("after", "\nExamples:\n  $ sessionlab data generate --events 1000000 --out world.csv\n  $ sessionlab data generate --events 50000 --out world.parquet --metadata items.csv --seed 7");
  runner.action(generate, async ({ out, metadata, ...given }: GenerateOptions, { signal, progress }) => {
    const whole = (name: "events" | "items" | "users"): number | undefined => {
      const text = given[name];
      if (text === undefined) return undefined;
      if (!/^\d{1,12}$/.test(text)) throw new ConfigError(`Expected --${name} to be a positive integer, found "${text}"`);
      return Number(text);
    };
    const world = await generateEvents(out, { events: whole("events"), items: whole("items"), users: whole("users"), seed: given.seed, metadata, signal, progress });
    return { text: `${out}: ${world.events} events of ${world.users} users with ${world.items} items in ${world.sessions} sessions`, json: { file: out, metadata, ...world } };
  });  const planted = data
    .command("generate-personas")
    .description("write a made-up shop whose users have personas (events.csv, items.csv), and say how well they can be known; the same seed gives the same bytes")
    .requiredOption("--out <folder>", "where to")
    .option("--noise", "personas that say nothing: a model that gains here gains by something else")
    .option("--set <key=value>", "users, groups, items, generic, sessions, shortest, longest, strength, exponent, days; may be given more than once", collect)
    .option("--seed <seed>", "another seed is another world", "1")
    .addHelpText("after", "\nExamples:\n  $ sessionlab data generate-personas --out shop\n  $ sessionlab data generate-personas --out shop --set strength=0.6 --set users=1200\n  $ sessionlab data generate-personas --out shop-of-noise --noise");
  runner.action(planted, async ({ out, noise, set = [], seed }: PersonasOptions) => {
    const files = { events: join(out, "events.csv"), items: join(out, "items.csv") };
    mkdirSync(out, { recursive: true });
    const { personas, ...world } = await generatePersonas(files.events, files.items, { ...parsePairs(set), seed, ...(noise === true ? { planted: "noise" as const } : {}) });
    const best = ({ persona, session }: typeof world.bounds): string => `with the persona known ${persona.hitRate.toFixed(3)}, from the session alone ${session.hitRate.toFixed(3)}`;
    const lines = [`${files.events}: ${world.events} events of ${world.users} users in ${world.groups} personas; ${files.items}: ${world.items} items`, `the best HR@${world.bounds.k} that is possible: ${best(world.bounds)}`];
    return { text: lines.join("\n"), json: { files, ...world, personas } };
  });
}
