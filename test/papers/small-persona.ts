/** The persona experiment, small: on generated files with planted personas. */
import { readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { generatePersonas } from "../../src/data/generate-personas";
import { countReading } from "../../src/evaluation/readings";
import type { PersonaExperiment, PersonaPaperResult } from "../../src/papers/persona/persona";
import { readResult } from "../../src/papers/results";
import { initBackend } from "../../src/tensor/backend";

/** Options of its models. */
export const small = { epochs: 2, patience: 2, dimension: 8, inner: 8, blocks: 1, maxLength: 10 };
/** Its arms. */
export const arms = ["pop", "sasrec", "sasrec-text", "persona", "persona-shuffled"];

/** It says its steps into `said`. */
export interface Experiment extends PersonaExperiment {
  readonly said: string[];
}

/** Two groups of items, a few users, vectors that say an item's genre. */
export async function experimentIn(folder: string, users = 40): Promise<Experiment> {
  const [events, items, vectors] = ["events.csv", "items.csv", "vectors.csv"].map((name) => join(folder, name)) as [string, string, string];
  const world = await generatePersonas(events, items, { users, groups: 2, items: 20, generic: 4, sessions: 6, seed: "small" });
  const rows = readFileSync(items, "utf8").trim().split("\n").slice(1).map((line) => line.split(","));
  writeFileSync(vectors, `item_id,a,b\n${rows.map(([item, , genre]) => `${item},${genre === world.genres[0] ? 1 : 0},${genre === world.genres[1] ? 1 : 0}`).join("\n")}\n`);
  const said: string[] = [];
  const results = join(folder, "results");
  return {
    ...{ source: { name: "planted", events, items }, budget: "minute", seeds: 1, arms, results, cache: join(folder, "cache"), said, backend: await initBackend() },
    set: { sasrec: small, "sasrec-text": small, persona: small, "persona-shuffled": small },
    world: { sessions: { by: "day" }, encoder: vectors, normalise: "unit" },
    personas: { hdgi: { epochs: 3, dimension: 8 } },
    onStep: (line) => void said.push(line),
    onReading: (experiment) => countReading(join(results, "readings.json"), experiment, "test"),
    onConfirm: (experiment) => countReading(join(results, "readings.json"), experiment, "confirm"),
  };
}

/** What a result file holds, without times. */
export const numbers = (folder: string, name: string): unknown => {
  const { valid, test, ranks, losses, blend } = readResult(join(folder, name)) as PersonaPaperResult;
  return { valid, test, ranks, losses, blend };
};
/** The result files of a folder. */
export const files = (folder: string): string[] => readdirSync(folder).filter((name) => name.startsWith("persona-")).sort();
