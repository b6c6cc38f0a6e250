/** Prepares the data set that <root>/entry.json speaks of: a process for killed.test.ts to kill. */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { CatalogEntry } from "../../src/data/catalog";
import { loadEntry } from "../../src/data/datasets";

async function main(root: string): Promise<void> {
  const entry = JSON.parse(readFileSync(join(root, "..", "entry.json"), "utf8")) as CatalogEntry;
  process.stdout.write("begins\n");
  let waits = false;
  await loadEntry(entry, {
    root,
    progress: ({ task }) => {
      if (!waits && task.startsWith("wait for another process")) process.stdout.write("waits\n");
      waits ||= task.startsWith("wait for another process");
    },
  });
}

void main(process.argv[2]!);
