/** Titles to vectors, in a process of its own: what python/text.py does with sentence-transformers. */
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { initBackend, openMiniLm } from "../src/index";
import { peakSoFar } from "../src/tensor/planner";
import type { TextRun } from "./text";

async function main(folder: string): Promise<void> {
  const titles = JSON.parse(readFileSync(join(folder, "titles.json"), "utf8")) as string[];
  await initBackend();
  const encoder = await openMiniLm();
  await encoder.encode(titles.slice(0, 64)); // warmed up
  const [cpu, wall] = [process.cpuUsage(), performance.now()];
  const vectors = await encoder.encode(titles);
  const [{ user, system }, end] = [process.cpuUsage(cpu), performance.now()];
  writeFileSync(join(folder, "ours.bin"), vectors);
  const run: TextRun = { wallMs: end - wall, cpuMs: (user + system) / 1000, peakBytes: peakSoFar() };
  console.log(JSON.stringify(run));
}

if (require.main === module || process.argv[1]?.endsWith("text-child.ts") === true) void main(process.argv[2]!);
