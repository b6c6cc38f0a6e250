/**
 * Generated logs of 1 to 30 million events from CSV to split sessions: the peak of memory against a limit, time against
 * linear growth, and against pandas on 5 million, each in a process of its own. Generating is not counted.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { generateEvents } from "../src/index";
import type { Check } from "./checks";
import { child, script } from "./child";
import type { Prepared } from "./prepare-child";
import { peerPython } from "./venv";

const sizes = [1e6, 3e6, 10e6, 30e6];
const peerSize = 5e6;
/** Bytes that a preparation may hold at most, all of the process included. */
const limit = 4e9;
/** The most that a size's time may be, in times of the smallest size's time by event. */
const linear = 1.5;

/** The checks, one after another; `tell` gets a line for each size as it ends. */
export async function prepareChecks(largest: number, tell: (line: string) => void): Promise<readonly Check[]> {
  const python = await peerPython();
  const folder = mkdtempSync(join(tmpdir(), "sessionlab-bench-"));
  const checks: Check[] = [];
  const made = async <T>(events: number, work: (file: string) => Promise<T>): Promise<T> => {
    const file = join(folder, `${events}.csv`);
    await generateEvents(file, { events });
    return work(file).finally(() => rmSync(file));
  };
  const ours = (file: string): Promise<Prepared> => script(join(__dirname, "prepare-child.ts"), [file]) as Promise<Prepared>;
  try {
    let smallest: number | undefined; // ms an event
    for (const events of sizes.filter((size) => size <= largest)) {
      const { ms, peakBytes, counts } = await made(events, ours);
      const total = sum(ms);
      smallest ??= total / events;
      const ratio = Number((total / events / smallest).toFixed(2));
      const label = `${events / 1e6} million events from CSV to split sessions`;
      tell(`${label}: ${total} ms (read ${ms[0]}, sessions ${ms[1]}, split ${ms[2]}), ${ratio} of linear, peak ${gigabytes(peakBytes)} GB; ${counts[0]} events to train on, ${sum(counts.slice(1))} cases`);
      checks.push({ case: `${label}: peak memory`, ours: gigabytes(peakBytes), limit: limit / 1e9, unit: "GB", holds: peakBytes < limit });
      checks.push({ case: `${label}: time by event, in that of ${sizes[0]! / 1e6} million`, ours: ratio, limit: linear, unit: "times", holds: ratio <= linear });
    }
    const events = Math.min(peerSize, largest);
    const label = `${events / 1e6} million events, beside pandas 2.2.3`;
    // In turns, and the shorter of two: the first to read a file pays for the disk.
    const [a, b] = await made(events, async (file) => {
      const runs: Prepared[][] = [[], []];
      for (let turn = 0; turn < 2; turn++) {
        runs[0]!.push(await ours(file));
        runs[1]!.push((await child(python, [join(__dirname, "python", "prepare.py"), file])) as Prepared);
      }
      return runs.map((side) => side.reduce((best, one) => (sum(one.ms) < sum(best.ms) ? one : best))) as [Prepared, Prepared];
    });
    for (const [name, { ms, peakBytes }] of [["ours", a], ["pandas", b]] as const) tell(`${label}: ${name} ${sum(ms)} ms (read ${ms[0]}, sessions ${ms[1]}, split ${ms[2]}), peak ${gigabytes(peakBytes)} GB`);
    tell(`${label}: ratio ${Number((sum(a.ms) / sum(b.ms)).toFixed(2))}, the same ${b.counts[0]} events to train on and ${sum(b.counts.slice(1))} cases`);
    checks.push({ case: `${label}: ours, at most pandas' time`, ours: sum(a.ms), limit: sum(b.ms), unit: "ms", holds: sum(a.ms) < sum(b.ms) });
    const differ = a.counts.filter((count, part) => count !== b.counts[part]).length;
    checks.push({ case: `${label}: parts of the split whose size differs`, ours: differ, limit: 0, unit: "parts", holds: differ === 0 });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return checks;
}

const sum = (values: readonly number[]): number => values.reduce((total, one) => total + one, 0);

const gigabytes = (bytes: number): number => Number((bytes / 1e9).toFixed(2));
