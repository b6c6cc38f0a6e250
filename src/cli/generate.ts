/** sessionlab data generate: a made-up log of any size, for tests of scale and for trying things out. */
import type { Command } from "commander";
import { ConfigError } from "../core/errors";
import { generateEvents } from "../data/generate";
import type { Runner } from "./terminal";

interface GenerateOptions {
  readonly events: string;
  readonly out: string;
  readonly items?: string;
  readonly users?: string;
  readonly metadata?: string;
  readonly seed: string;
}

/** Adds the verb to `data`. */
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
  });
}
