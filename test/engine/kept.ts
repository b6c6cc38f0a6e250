/** What a step cache holds. */
import { readdirSync } from "node:fs";
import { join } from "node:path";

/** Entries of a step cache, by step. */
export function kept(cache: string): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(readdirSync(cache).filter((name) => name !== ".in-use").sort().map((name) => [name, readdirSync(join(cache, name)).sort()]));
}
